
/*
 * Status: one read, a row a dataset.  Identical reads of one sync that are in
 * flight share one query.
 */


#include <store/amzsync_store_private.h>


static void amzsync_store_status_answer(amzsync_pg_query_t *query);


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
    "d.error_code, d.error_message, d.error_request_id "


static const amzsync_pg_stmt_t  amzsync_store_status_stmt = {
    AMZSYNC_STORE_STATUS, "status",

    "SELECT " AMZSYNC_STORE_STATUS_COLUMNS
      "FROM amzsync.sync_progress p "
      "JOIN amzsync.sync_datasets d USING (user_id, sync_no) "
     "WHERE p.user_id = $1 AND p.sync_no = $2 "
     "ORDER BY d.position",
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


static uint32_t
amzsync_store_status_hash(ngx_str_t *user, amzsync_sync_no_t no)
{
    return ngx_crc32_short(user->data, user->len) ^ (uint32_t) no;
}


/* A query for this sync that is in flight already, or NULL. */

static amzsync_store_shared_t *
amzsync_store_status_find(amzsync_store_t *store, ngx_str_t *user,
    amzsync_sync_no_t no)
{
    uint32_t                 hash;
    ngx_queue_t             *q, *bucket;
    amzsync_store_shared_t  *shared;

    hash = amzsync_store_status_hash(user, no);
    bucket = &store->shared[hash % AMZSYNC_STORE_SHARED_SIZE];

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        shared = ngx_queue_data(q, amzsync_store_shared_t, link);

        if (shared->hash == hash
            && shared->no == no
            && shared->user.len == user->len
            && ngx_memcmp(shared->user.data, user->data, user->len) == 0)
        {
            return shared;
        }
    }

    return NULL;
}


/*
 * A query of its own.  The newest sync (no == 0) is never shared: who started
 * a sync a moment ago must see it.
 */

static amzsync_store_shared_t *
amzsync_store_status_query(amzsync_store_t *store, ngx_str_t *user,
    amzsync_sync_no_t no)
{
    amzsync_pg_query_t      *query;
    amzsync_store_shared_t  *shared;

    query = amzsync_store_query(store,
                                no ? &amzsync_store_status_stmt
                                   : &amzsync_store_status_last_stmt,
                                AMZSYNC_PG_READ);
    if (query == NULL) {
        return NULL;
    }

    shared = ngx_pcalloc(query->pool, sizeof(amzsync_store_shared_t));

    if (shared == NULL
        || amzsync_pg_query_text(query, user->data, user->len) != NGX_OK
        || (no && amzsync_pg_query_int(query, no) != NGX_OK))
    {
        amzsync_pg_query_free(query);
        return NULL;
    }

    shared->query = query;
    shared->no = no;
    shared->hash = amzsync_store_status_hash(user, no);
    shared->user.data = (u_char *) query->values[0];
    shared->user.len = user->len;

    ngx_queue_init(&shared->calls);
    ngx_queue_init(&shared->link);

    query->handler = amzsync_store_status_answer;
    query->data = shared;

    return shared;
}


amzsync_store_call_t *
amzsync_store_status(amzsync_store_t *store, ngx_str_t *user,
    amzsync_sync_no_t no, amzsync_store_handler_pt handler, void *data)
{
    amzsync_store_call_t    *call;
    amzsync_store_shared_t  *shared;

    call = ngx_calloc(sizeof(amzsync_store_call_t), store->log);
    if (call == NULL) {
        return NULL;
    }

    call->handler = handler;
    call->data = data;
    call->store = store;

    shared = no ? amzsync_store_status_find(store, user, no) : NULL;

    if (shared == NULL) {
        shared = amzsync_store_status_query(store, user, no);
        if (shared == NULL) {
            ngx_free(call);
            return NULL;
        }

        if (no) {
            ngx_queue_insert_head(
                &store->shared[shared->hash % AMZSYNC_STORE_SHARED_SIZE],
                &shared->link);
        }

        amzsync_pg_send(store->pg, shared->query);
    }

    call->shared = shared;
    ngx_queue_insert_tail(&shared->calls, &call->queue);

    return call;
}


static void
amzsync_store_status_answer(amzsync_pg_query_t *query)
{
    ngx_queue_t             *q;
    amzsync_store_call_t    *call;
    amzsync_store_shared_t  *shared;

    shared = query->data;

    /*
     * A handler may detach other calls of this query, or make new ones: those
     * start a query of their own.
     */

    ngx_queue_remove(&shared->link);
    shared->query = NULL;

    while (!ngx_queue_empty(&shared->calls)) {
        q = ngx_queue_head(&shared->calls);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, amzsync_store_call_t, queue);

        call->status = amzsync_store_status_of(query);

        if (call->status == AMZSYNC_STORE_OK) {
            call->result = query->result;
            call->nrows = PQntuples(query->result);
        }

        call->handler(call);
        ngx_free(call);
    }
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
