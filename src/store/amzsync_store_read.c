
/*
 * Reads of syncs, shared and batched: requests for one sync that are in flight
 * share a read, and the reads of a turn of the event loop, or of the time that
 * a few batches are under way, share a statement.  A statement costs
 * PostgreSQL several times what one more row of it does.
 */


#include <store/amzsync_store_private.h>


#define AMZSYNC_STORE_BATCH      32     /* reads in a statement */
#define AMZSYNC_STORE_BATCHES    1      /* under way, a connection */


/* One sync that somebody wants to know of. */

struct amzsync_store_read_s {
    ngx_queue_t              link;      /* in the store's hash, or alone */
    ngx_queue_t              queue;     /* in reads->waiting, or a batch */
    ngx_queue_t              calls;
    ngx_msec_t               since;
    uint32_t                 hash;
    ngx_uint_t               waiting;   /* not in a batch yet */
    ngx_str_t                user;      /* follows the structure */
    int64_t                  no;
};


/* A statement; in its query's pool. */

typedef struct {
    amzsync_store_t         *store;
    ngx_queue_t              reads;
    ngx_uint_t               nreads;
} amzsync_store_batch_t;


static amzsync_store_read_t *amzsync_store_read_find(amzsync_store_t *store,
    ngx_str_t *user, int64_t no);
static amzsync_store_read_t *amzsync_store_read_create(amzsync_store_t *store,
    ngx_str_t *user, int64_t no);
static void amzsync_store_read_free(amzsync_store_read_t *read);
static void amzsync_store_read_event(ngx_event_t *ev);
static void amzsync_store_read_send(amzsync_store_t *store);
static ngx_int_t amzsync_store_read_batch(amzsync_store_t *store,
    ngx_queue_t *reads, ngx_uint_t n);
static ngx_int_t amzsync_store_read_params(amzsync_pg_query_t *query,
    ngx_queue_t *reads, ngx_uint_t n);
static void amzsync_store_read_answered(amzsync_pg_query_t *query);
static void amzsync_store_read_answer(amzsync_store_read_t *read,
    amzsync_store_status_e status, PGresult *result, ngx_uint_t first,
    ngx_uint_t nrows);


void
amzsync_store_reads_init(amzsync_store_t *store, amzsync_pg_conf_t *conf)
{
    ngx_uint_t              i;
    amzsync_store_reads_t  *reads;

    reads = &store->reads;

    for (i = 0; i < AMZSYNC_STORE_READS_SIZE; i++) {
        ngx_queue_init(&reads->hash[i]);
    }

    ngx_queue_init(&reads->waiting);

    reads->max = conf->queue_max;
    reads->timeout = conf->timeout;
    reads->batches_max = AMZSYNC_STORE_BATCHES
                         * ngx_max(conf->sizes[AMZSYNC_PG_READ], 1);

    reads->event.handler = amzsync_store_read_event;
    reads->event.data = store;
    reads->event.log = store->log;
}


void
amzsync_store_reads_destroy(amzsync_store_t *store)
{
    ngx_queue_t            *q;
    amzsync_store_reads_t  *reads;

    reads = &store->reads;

    if (reads->event.posted) {
        ngx_delete_posted_event(&reads->event);
    }

    while (!ngx_queue_empty(&reads->waiting)) {
        q = ngx_queue_head(&reads->waiting);
        ngx_queue_remove(q);
        amzsync_store_read_free(ngx_queue_data(q, amzsync_store_read_t,
                                               queue));
    }
}


amzsync_store_call_t *
amzsync_store_read(amzsync_store_t *store, ngx_str_t *user, int64_t no,
    amzsync_store_handler_pt handler, void *data)
{
    amzsync_store_call_t  *call;
    amzsync_store_read_t  *read;

    call = ngx_calloc(sizeof(amzsync_store_call_t), store->log);
    if (call == NULL) {
        return NULL;
    }

    read = amzsync_store_read_find(store, user, no);

    if (read == NULL) {
        read = amzsync_store_read_create(store, user, no);
        if (read == NULL) {
            ngx_free(call);
            return NULL;
        }
    }

    call->handler = handler;
    call->data = data;
    call->store = store;
    call->read = read;

    ngx_queue_insert_tail(&read->calls, &call->queue);

    return call;
}


/* A read of this sync that is not answered yet, or NULL. */

static amzsync_store_read_t *
amzsync_store_read_find(amzsync_store_t *store, ngx_str_t *user, int64_t no)
{
    uint32_t               hash;
    ngx_queue_t           *q, *bucket;
    amzsync_store_read_t  *read;

    hash = ngx_crc32_short(user->data, user->len) ^ (uint32_t) no;
    bucket = &store->reads.hash[hash % AMZSYNC_STORE_READS_SIZE];

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        read = ngx_queue_data(q, amzsync_store_read_t, link);

        if (read->hash == hash
            && read->no == no
            && read->user.len == user->len
            && ngx_memcmp(read->user.data, user->data, user->len) == 0)
        {
            return read;
        }
    }

    return NULL;
}


static amzsync_store_read_t *
amzsync_store_read_create(amzsync_store_t *store, ngx_str_t *user, int64_t no)
{
    amzsync_store_read_t   *read;
    amzsync_store_reads_t  *reads;

    reads = &store->reads;

    read = ngx_alloc(sizeof(amzsync_store_read_t) + user->len, store->log);
    if (read == NULL) {
        return NULL;
    }

    read->hash = ngx_crc32_short(user->data, user->len) ^ (uint32_t) no;
    read->no = no;
    read->since = ngx_current_msec;
    read->waiting = 1;

    read->user.len = user->len;
    read->user.data = (u_char *) (read + 1);
    ngx_memcpy(read->user.data, user->data, user->len);

    ngx_queue_init(&read->calls);
    ngx_queue_insert_head(&reads->hash[read->hash % AMZSYNC_STORE_READS_SIZE],
                          &read->link);
    ngx_queue_insert_tail(&reads->waiting, &read->queue);
    reads->nwaiting++;

    if (!reads->event.posted) {
        ngx_post_event(&reads->event, &ngx_posted_events);
    }

    return read;
}


static void
amzsync_store_read_free(amzsync_store_read_t *read)
{
    ngx_queue_remove(&read->link);
    ngx_free(read);
}


void
amzsync_store_read_detach(amzsync_store_call_t *call)
{
    amzsync_store_read_t  *read;

    read = call->read;

    ngx_queue_remove(&call->queue);

    if (read->waiting && ngx_queue_empty(&read->calls)) {
        ngx_queue_remove(&read->queue);
        call->store->reads.nwaiting--;
        amzsync_store_read_free(read);
    }

    ngx_free(call);
}


static void
amzsync_store_read_event(ngx_event_t *ev)
{
    amzsync_store_read_send(ev->data);
}


/*
 * Without a connection nothing is held back here: each statement waits for its
 * own time then, and is answered.
 */

static void
amzsync_store_read_send(amzsync_store_t *store)
{
    ngx_uint_t              n;
    ngx_queue_t            *q, batch;
    amzsync_store_read_t   *read;
    amzsync_store_reads_t  *reads;

    reads = &store->reads;

    while (!ngx_queue_empty(&reads->waiting)
           && (reads->nbatches < reads->batches_max
               || reads->nwaiting > reads->max
               || !amzsync_store_ready(store)))
    {
        ngx_queue_init(&batch);

        for (n = 0; n < AMZSYNC_STORE_BATCH; n++) {

            if (ngx_queue_empty(&reads->waiting)) {
                break;
            }

            q = ngx_queue_head(&reads->waiting);
            read = ngx_queue_data(q, amzsync_store_read_t, queue);

            ngx_queue_remove(q);
            ngx_queue_insert_tail(&batch, q);
            reads->nwaiting--;
            read->waiting = 0;
        }

        if (amzsync_store_read_batch(store, &batch, n) == NGX_OK) {
            continue;
        }

        while (!ngx_queue_empty(&batch)) {
            q = ngx_queue_head(&batch);
            ngx_queue_remove(q);
            amzsync_store_read_answer(ngx_queue_data(q, amzsync_store_read_t,
                                                     queue),
                                      AMZSYNC_STORE_FAILED, NULL, 0, 0);
        }
    }
}


/* The first of them has waited longest, and for no longer than the rest. */

static ngx_int_t
amzsync_store_read_batch(amzsync_store_t *store, ngx_queue_t *reads,
    ngx_uint_t n)
{
    ngx_msec_t              waited;
    ngx_queue_t            *q;
    amzsync_pg_query_t     *query;
    amzsync_store_read_t   *read;
    amzsync_store_batch_t  *batch;

    query = amzsync_store_query(store, n == 1 ? &amzsync_store_status_stmt
                                              : &amzsync_store_statuses_stmt,
                                AMZSYNC_PG_READ);
    if (query == NULL) {
        return NGX_ERROR;
    }

    batch = ngx_palloc(query->pool, sizeof(amzsync_store_batch_t));

    if (batch == NULL
        || amzsync_store_read_params(query, reads, n) != NGX_OK)
    {
        amzsync_pg_query_free(query);
        return NGX_ERROR;
    }

    q = ngx_queue_head(reads);
    read = ngx_queue_data(q, amzsync_store_read_t, queue);
    waited = ngx_current_msec - read->since;

    query->timeout = (waited < store->reads.timeout)
                     ? store->reads.timeout - waited : 1;
    query->handler = amzsync_store_read_answered;
    query->data = batch;

    batch->store = store;
    batch->nreads = n;

    ngx_queue_init(&batch->reads);
    ngx_queue_add(&batch->reads, reads);
    ngx_queue_init(reads);

    store->reads.nbatches++;

    amzsync_pg_send(store->pg, query);

    return NGX_OK;
}


static ngx_int_t
amzsync_store_read_params(amzsync_pg_query_t *query, ngx_queue_t *reads,
    ngx_uint_t n)
{
    ngx_uint_t             i;
    ngx_queue_t           *q;
    amzsync_store_read_t  *read;

    struct {
        ngx_str_t          user;
        int64_t            no;
    } *key;

    if (n == 1) {
        q = ngx_queue_head(reads);
        read = ngx_queue_data(q, amzsync_store_read_t, queue);

        if (amzsync_pg_query_text(query, read->user.data, read->user.len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        return amzsync_pg_query_int(query, read->no);
    }

    key = ngx_palloc(query->pool, n * sizeof(*key));
    if (key == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, q = ngx_queue_head(reads); i < n; i++, q = ngx_queue_next(q)) {
        read = ngx_queue_data(q, amzsync_store_read_t, queue);
        key[i].user = read->user;
        key[i].no = read->no;
    }

    if (amzsync_store_param_texts(query, &key->user, n, sizeof(*key))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return amzsync_store_param_ints(query, &key->no, n, sizeof(*key));
}


/* The rows of one read stand together, in the order of the reads. */

static void
amzsync_store_read_answered(amzsync_pg_query_t *query)
{
    ngx_uint_t               i, row, first, nrows;
    ngx_queue_t             *q;
    amzsync_store_call_t     all;
    amzsync_store_batch_t   *batch;
    amzsync_store_status_e   status;

    batch = query->data;
    status = amzsync_store_status_of(query);

    nrows = 0;
    ngx_memzero(&all, sizeof(amzsync_store_call_t));

    if (status == AMZSYNC_STORE_OK) {
        all.result = query->result;
        nrows = PQntuples(query->result);
    }

    for (i = 1, row = 0; !ngx_queue_empty(&batch->reads); i++) {

        q = ngx_queue_head(&batch->reads);
        ngx_queue_remove(q);

        first = row;

        while (row < nrows
               && (batch->nreads == 1
                   || amzsync_store_int(&all, row,
                                        AMZSYNC_STORE_STATUS_ORDINAL, 0)
                      == (int64_t) i))
        {
            row++;
        }

        if (status == AMZSYNC_STORE_OK || status == AMZSYNC_STORE_NONE) {
            status = (row > first) ? AMZSYNC_STORE_OK : AMZSYNC_STORE_NONE;
        }

        amzsync_store_read_answer(ngx_queue_data(q, amzsync_store_read_t,
                                                 queue),
                                  status, query->result, first, row - first);
    }

    batch->store->reads.nbatches--;

    amzsync_store_read_send(batch->store);
}


/*
 * A handler may detach other calls of this read, or make new ones: those start
 * a read of their own.
 */

static void
amzsync_store_read_answer(amzsync_store_read_t *read,
    amzsync_store_status_e status, PGresult *result, ngx_uint_t first,
    ngx_uint_t nrows)
{
    ngx_queue_t           *q;
    amzsync_store_call_t  *call;

    ngx_queue_remove(&read->link);
    ngx_queue_init(&read->link);

    while (!ngx_queue_empty(&read->calls)) {
        q = ngx_queue_head(&read->calls);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, amzsync_store_call_t, queue);

        call->status = status;

        if (status == AMZSYNC_STORE_OK) {
            call->result = result;
            call->first = first;
            call->nrows = nrows;
        }

        call->handler(call);
        ngx_free(call);
    }

    ngx_free(read);
}
