
/*
 * Status: one read, a row a dataset.
 */


#include <store/amzsync_store_private.h>


#define AMZSYNC_STORE_STATUS_COLUMNS                                          \
    "p.sync_no, "                                                             \
    "CASE WHEN p.state IN ('queued', 'running') THEN 'in_progress' "          \
         "ELSE p.state END, "                                                 \
    "p.progress, p.message, "                                                 \
    AMZSYNC_STORE_MS("p.started_at") ", "                                     \
    AMZSYNC_STORE_MS("p.updated_at") ", "                                     \
    AMZSYNC_STORE_MS("p.completed_at") ", "                                   \
    AMZSYNC_STORE_MS("p.estimated_completion") ", "                           \
    "p.error_code, p.error_message, p.error_request_id, "                     \
    "d.dataset, d.status, d.progress, d.rows, "                               \
    "d.error_code AS set_code, d.error_message AS set_message, "              \
    "d.error_request_id AS set_request_id, d.position "


const amzsync_pg_stmt_t  amzsync_store_status_stmt = {
    AMZSYNC_STORE_STATUS, "status",

    "SELECT " AMZSYNC_STORE_STATUS_COLUMNS
      "FROM amzsync.sync_progress p "
      "JOIN amzsync.sync_datasets d USING (user_id, sync_no) "
     "WHERE p.user_id = $1 AND p.sync_no = $2 "
     "ORDER BY d.position",
    2
};


/* $1 users, $2 numbers; the last column is which of them, from 1. */

const amzsync_pg_stmt_t  amzsync_store_statuses_stmt = {
    AMZSYNC_STORE_STATUSES, "statuses",

    "SELECT s.*, r.ord "
      "FROM unnest($1::text[], $2::bigint[]) "
           "WITH ORDINALITY AS r (user_id, sync_no, ord) "
           "CROSS JOIN LATERAL ("
               "SELECT " AMZSYNC_STORE_STATUS_COLUMNS
                 "FROM amzsync.sync_progress p "
                 "JOIN amzsync.sync_datasets d USING (user_id, sync_no) "
                "WHERE p.user_id = r.user_id AND p.sync_no = r.sync_no "
                "ORDER BY d.position OFFSET 0) s "
     "ORDER BY r.ord, s.position",
    2
};


static const amzsync_pg_stmt_t  amzsync_store_status_last_stmt = {
    AMZSYNC_STORE_STATUS_LAST, "status_last",

    "SELECT " AMZSYNC_STORE_STATUS_COLUMNS
      "FROM amzsync.sync_progress p "
      "JOIN amzsync.sync_datasets d USING (user_id, sync_no) "
     "WHERE p.user_id = $1 "
       "AND p.sync_no = (SELECT max(sync_no) FROM amzsync.sync_progress "
                         "WHERE user_id = $1) "
     "ORDER BY d.position",
    1
};


/*
 * The newest sync (no == 0) is asked for alone and never shared: who started a
 * sync a moment ago must see it.
 */

amzsync_store_call_t *
amzsync_store_status(amzsync_store_t *store, ngx_str_t *user,
    amzsync_sync_no_t no, amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    if (no) {
        return amzsync_store_read(store, user, no, handler, data);
    }

    query = amzsync_store_query(store, &amzsync_store_status_last_stmt,
                                AMZSYNC_PG_READ);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_pg_query_text(query, user->data, user->len);

    return amzsync_store_send(store, query, rc, handler, data);
}


static void
amzsync_store_status_error(amzsync_store_call_t *call, ngx_uint_t row,
    int column, amzsync_store_error_t *error)
{
    error->code = amzsync_store_text(call, row, column);
    error->message = amzsync_store_text(call, row, column + 1);
    error->request_id = amzsync_store_text(call, row, column + 2);
}


void
amzsync_store_status_sync(amzsync_store_call_t *call,
    amzsync_store_sync_t *sync)
{
    ngx_uint_t                i;
    amzsync_store_dataset_t   dataset;

    sync->no = amzsync_store_int(call, 0, 0, 0);
    sync->status = amzsync_store_text(call, 0, 1);
    sync->progress = amzsync_store_int(call, 0, 2, 0);
    sync->message = amzsync_store_text(call, 0, 3);
    sync->started_at = amzsync_store_int(call, 0, 4, AMZSYNC_TIME_BAD);
    sync->updated_at = amzsync_store_int(call, 0, 5, AMZSYNC_TIME_BAD);
    sync->completed_at = amzsync_store_int(call, 0, 6, AMZSYNC_TIME_BAD);
    sync->estimated_completion = amzsync_store_int(call, 0, 7,
                                                   AMZSYNC_TIME_BAD);

    amzsync_store_status_error(call, 0, 8, &sync->error);

    /* The count of orders is known once all of them were seen. */

    sync->orders_processed = 0;
    sync->total_orders = -1;

    for (i = 0; i < call->nrows; i++) {
        amzsync_store_status_dataset(call, i, &dataset);

        if (ngx_strcmp(dataset.name.data, "orders") == 0) {
            sync->orders_processed = dataset.rows;

            if (ngx_strcmp(dataset.status.data, "completed") == 0) {
                sync->total_orders = dataset.rows;
            }
        }
    }
}


void
amzsync_store_status_dataset(amzsync_store_call_t *call, ngx_uint_t n,
    amzsync_store_dataset_t *dataset)
{
    dataset->name = amzsync_store_text(call, n, 11);
    dataset->status = amzsync_store_text(call, n, 12);
    dataset->progress = amzsync_store_int(call, n, 13, 0);
    dataset->rows = amzsync_store_int(call, n, 14, 0);

    amzsync_store_status_error(call, n, 15, &dataset->error);
}
