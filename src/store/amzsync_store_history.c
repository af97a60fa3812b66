
/*
 * History: a page of a user's syncs, newest first, and how many there are.
 */


#include <store/amzsync_store_private.h>


/* $2 limit, $3 offset.  There is a row in any case, for the total. */

static const amzsync_pg_stmt_t  amzsync_store_history_stmt = {
    AMZSYNC_STORE_HISTORY, "history",

    "SELECT t.total, p.sync_no, "
           "CASE WHEN p.state IN ('queued', 'running') THEN 'in_progress' "
                "ELSE p.state END, "
           AMZSYNC_STORE_MS("p.started_at") ", "
           AMZSYNC_STORE_MS("p.completed_at") ", "
           "p.orders_processed, p.rows_processed, "
           "p.error_code, p.error_message, p.error_request_id "
      "FROM (SELECT count(*) AS total FROM amzsync.sync_progress "
             "WHERE user_id = $1) t "
      "LEFT JOIN LATERAL ("
           "SELECT * FROM amzsync.sync_progress WHERE user_id = $1 "
            "ORDER BY sync_no DESC LIMIT $2 OFFSET $3) p ON true "
     "ORDER BY p.sync_no DESC",
    3
};


amzsync_store_call_t *
amzsync_store_history(amzsync_store_t *store, ngx_str_t *user, int64_t limit,
    int64_t offset, amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_history_stmt,
                                AMZSYNC_PG_READ);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_pg_query_text(query, user->data, user->len);

    if (rc == NGX_OK) {
        rc = amzsync_pg_query_int(query, limit);
    }

    if (rc == NGX_OK) {
        rc = amzsync_pg_query_int(query, offset);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


int64_t
amzsync_store_history_total(amzsync_store_call_t *call)
{
    return amzsync_store_int(call, 0, 0, 0);
}


ngx_int_t
amzsync_store_history_row(amzsync_store_call_t *call, ngx_uint_t n,
    amzsync_store_past_t *past)
{
    past->no = amzsync_store_int(call, n, 1, 0);

    if (past->no == 0) {
        return NGX_DECLINED;
    }

    past->status = amzsync_store_text(call, n, 2);
    past->started_at = amzsync_store_int(call, n, 3, AMZSYNC_TIME_BAD);
    past->completed_at = amzsync_store_int(call, n, 4, AMZSYNC_TIME_BAD);
    past->orders = amzsync_store_int(call, n, 5, 0);
    past->rows = amzsync_store_int(call, n, 6, 0);
    past->error.code = amzsync_store_text(call, n, 7);
    past->error.message = amzsync_store_text(call, n, 8);
    past->error.request_id = amzsync_store_text(call, n, 9);

    return NGX_OK;
}
