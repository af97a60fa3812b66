
/*
 * The end of a sync by its user.  It needs no worker: the row is ended, and
 * the fence refuses whatever a worker still writes.
 */


#include <store/amzsync_store_private.h>


/*
 * The lock comes first: the state is what it is when the row is ours, after a
 * page that was being committed.
 */

static const amzsync_pg_stmt_t  amzsync_store_cancel_stmt = {
    AMZSYNC_STORE_CANCEL, "cancel",

    "WITH was AS MATERIALIZED ("
        "SELECT state FROM amzsync.sync_progress "
         "WHERE user_id = $1 AND sync_no = $2 FOR UPDATE"
    "), ended AS ("
        "UPDATE amzsync.sync_progress "
           "SET state = 'cancelled', message = 'Sync cancelled', "
               "completed_at = now(), updated_at = now(), "
               "version = version + 1, "
               "estimated_completion = NULL, in_flight = '{}', "
               "lease = NULL, lease_until = NULL "
         "WHERE user_id = $1 AND sync_no = $2 "
           "AND (SELECT state FROM was) IN ('queued', 'running')"
    ") "
    "SELECT state IN ('queued', 'running', 'cancelled') FROM was",
    2
};


amzsync_store_call_t *
amzsync_store_cancel(amzsync_store_t *store, ngx_str_t *user,
    amzsync_sync_no_t no, amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_cancel_stmt,
                                AMZSYNC_PG_WRITE);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_pg_query_text(query, user->data, user->len);

    if (rc == NGX_OK) {
        rc = amzsync_pg_query_int(query, no);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


ngx_uint_t
amzsync_store_cancelled(amzsync_store_call_t *call)
{
    ngx_str_t  cancelled;

    cancelled = amzsync_store_text(call, 0, 0);

    return cancelled.data[0] == 't';
}
