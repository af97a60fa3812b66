
/*
 * Requests of many users in one statement.
 *
 * A statement costs PostgreSQL several times what one more user in it does, and
 * a write its commit, too.  So what is asked for in one turn of the event loop,
 * or while others of its kind are under way, is one statement; and requests for
 * the same thing are one entry of it.  If a statement is refused, its entries
 * are sent again, each alone: nobody pays for a neighbour.
 */


#include <store/amzsync_store_private.h>


#define AMZSYNC_STORE_BATCH      64     /* entries in a statement */


/* A statement; in its query's pool. */

typedef struct {
    amzsync_store_batcher_t  *batcher;
    ngx_queue_t               entries;
    ngx_uint_t                nentries;
    ngx_uint_t                counted;  /* in batcher->nbatches */
} amzsync_store_batch_t;


static amzsync_store_entry_t *amzsync_store_entry_find(
    amzsync_store_batcher_t *batcher, ngx_str_t *user, amzsync_sync_no_t no,
    const void *param);
static amzsync_store_entry_t *amzsync_store_entry_create(
    amzsync_store_batcher_t *batcher, ngx_str_t *user, amzsync_sync_no_t no,
    const void *param);
static uint32_t amzsync_store_entry_hash(ngx_str_t *user,
    amzsync_sync_no_t no);
static void amzsync_store_entry_unlink(amzsync_store_entry_t *entry);
static void amzsync_store_entry_answer(amzsync_store_entry_t *entry,
    amzsync_store_status_e status, PGresult *result, ngx_uint_t first,
    ngx_uint_t nrows);
static void amzsync_store_batch_event(ngx_event_t *ev);
static void amzsync_store_batch_send(amzsync_store_batcher_t *batcher);
static ngx_uint_t amzsync_store_batch_fill(amzsync_store_batcher_t *batcher,
    ngx_queue_t *entries);
static ngx_int_t amzsync_store_batch_create(amzsync_store_batcher_t *batcher,
    ngx_queue_t *entries, ngx_uint_t n, ngx_uint_t counted);
static ngx_int_t amzsync_store_batch_users(amzsync_pg_query_t *query,
    ngx_queue_t *entries, ngx_uint_t n);
static void amzsync_store_batch_answered(amzsync_pg_query_t *query);
static void amzsync_store_batch_rows(amzsync_store_batch_t *batch,
    PGresult *result);
static void amzsync_store_batch_end(amzsync_store_batch_t *batch,
    amzsync_store_status_e status);
static void amzsync_store_batch_split(amzsync_store_batch_t *batch);


void
amzsync_store_batcher_init(amzsync_store_t *store,
    amzsync_store_batcher_t *batcher, const amzsync_store_batch_kind_t *kind,
    amzsync_pg_conf_t *conf)
{
    ngx_uint_t  i;

    batcher->store = store;
    batcher->kind = kind;

    for (i = 0; i < AMZSYNC_STORE_BATCH_HASH; i++) {
        ngx_queue_init(&batcher->hash[i]);
    }

    ngx_queue_init(&batcher->waiting);

    batcher->max = conf->queue_max;
    batcher->timeout = conf->timeout;
    batcher->batches_max = ngx_max(conf->sizes[kind->class], 1);

    batcher->event.handler = amzsync_store_batch_event;
    batcher->event.data = batcher;
    batcher->event.log = store->log;
}


void
amzsync_store_batcher_destroy(amzsync_store_batcher_t *batcher)
{
    ngx_queue_t            *q;
    amzsync_store_entry_t  *entry;

    if (batcher->event.posted) {
        ngx_delete_posted_event(&batcher->event);
    }

    while (!ngx_queue_empty(&batcher->waiting)) {
        q = ngx_queue_head(&batcher->waiting);
        entry = ngx_queue_data(q, amzsync_store_entry_t, queue);

        ngx_queue_remove(q);
        amzsync_store_entry_unlink(entry);
        ngx_free(entry);
    }
}


amzsync_store_call_t *
amzsync_store_batch(amzsync_store_batcher_t *batcher, ngx_str_t *user,
    amzsync_sync_no_t no, const void *param, amzsync_store_handler_pt handler,
    void *data)
{
    amzsync_store_call_t   *call;
    amzsync_store_entry_t  *entry;

    call = ngx_calloc(sizeof(amzsync_store_call_t), batcher->store->log);
    if (call == NULL) {
        return NULL;
    }

    entry = amzsync_store_entry_find(batcher, user, no, param);

    if (entry == NULL) {
        entry = amzsync_store_entry_create(batcher, user, no, param);
        if (entry == NULL) {
            ngx_free(call);
            return NULL;
        }
    }

    call->handler = handler;
    call->data = data;
    call->store = batcher->store;
    call->entry = entry;

    ngx_queue_insert_tail(&entry->calls, &call->queue);

    return call;
}


/* One that this request may join, or NULL. */

static amzsync_store_entry_t *
amzsync_store_entry_find(amzsync_store_batcher_t *batcher, ngx_str_t *user,
    amzsync_sync_no_t no, const void *param)
{
    uint32_t                hash;
    ngx_queue_t            *q, *bucket;
    amzsync_store_entry_t  *entry;

    hash = amzsync_store_entry_hash(user, no);
    bucket = &batcher->hash[hash % AMZSYNC_STORE_BATCH_HASH];

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        entry = ngx_queue_data(q, amzsync_store_entry_t, link);

        if (entry->no == no
            && entry->param == param
            && entry->user.len == user->len
            && ngx_memcmp(entry->user.data, user->data, user->len) == 0)
        {
            return entry;
        }
    }

    return NULL;
}


static amzsync_store_entry_t *
amzsync_store_entry_create(amzsync_store_batcher_t *batcher, ngx_str_t *user,
    amzsync_sync_no_t no, const void *param)
{
    uint32_t                hash;
    amzsync_store_entry_t  *entry;

    entry = ngx_alloc(sizeof(amzsync_store_entry_t) + user->len,
                      batcher->store->log);
    if (entry == NULL) {
        return NULL;
    }

    entry->batcher = batcher;
    entry->no = no;
    entry->param = param;
    entry->since = ngx_current_msec;
    entry->waiting = 1;
    entry->linked = 1;
    ngx_str_null(&entry->shared);

    entry->user.len = user->len;
    entry->user.data = (u_char *) (entry + 1);
    ngx_memcpy(entry->user.data, user->data, user->len);

    ngx_queue_init(&entry->calls);

    hash = amzsync_store_entry_hash(user, no);

    ngx_queue_insert_head(&batcher->hash[hash % AMZSYNC_STORE_BATCH_HASH],
                          &entry->link);
    ngx_queue_insert_tail(&batcher->waiting, &entry->queue);
    batcher->nwaiting++;

    if (!batcher->event.posted) {
        ngx_post_event(&batcher->event, &ngx_posted_events);
    }

    return entry;
}


static uint32_t
amzsync_store_entry_hash(ngx_str_t *user, amzsync_sync_no_t no)
{
    return ngx_crc32_short(user->data, user->len) ^ (uint32_t) no;
}


/* Nobody joins it any more. */

static void
amzsync_store_entry_unlink(amzsync_store_entry_t *entry)
{
    if (entry->linked) {
        ngx_queue_remove(&entry->link);
        entry->linked = 0;
    }
}


void
amzsync_store_batch_forget(amzsync_store_batcher_t *batcher, ngx_str_t *user)
{
    ngx_uint_t              i;
    ngx_queue_t            *q, *next;
    amzsync_store_entry_t  *entry;

    for (i = 0; i < AMZSYNC_STORE_BATCH_HASH; i++) {

        for (q = ngx_queue_head(&batcher->hash[i]);
             q != ngx_queue_sentinel(&batcher->hash[i]);
             q = next)
        {
            next = ngx_queue_next(q);
            entry = ngx_queue_data(q, amzsync_store_entry_t, link);

            if (entry->user.len == user->len
                && ngx_memcmp(entry->user.data, user->data, user->len) == 0)
            {
                amzsync_store_entry_unlink(entry);
            }
        }
    }
}


void
amzsync_store_batch_detach(amzsync_store_call_t *call)
{
    amzsync_store_entry_t  *entry;

    entry = call->entry;

    ngx_queue_remove(&call->queue);

    if (entry->waiting && ngx_queue_empty(&entry->calls)) {
        ngx_queue_remove(&entry->queue);
        entry->batcher->nwaiting--;

        amzsync_store_entry_unlink(entry);
        ngx_free(entry);
    }

    ngx_free(call);
}


static void
amzsync_store_batch_event(ngx_event_t *ev)
{
    amzsync_store_batch_send(ev->data);
}


/*
 * Without a connection nothing is held back here: each statement waits for its
 * own time then, and is answered.
 */

static void
amzsync_store_batch_send(amzsync_store_batcher_t *batcher)
{
    ngx_uint_t              n;
    ngx_queue_t            *q, entries;
    amzsync_store_entry_t  *entry;

    while (!ngx_queue_empty(&batcher->waiting)
           && (batcher->nbatches < batcher->batches_max
               || batcher->nwaiting > batcher->max
               || !amzsync_store_ready(batcher->store)))
    {
        n = amzsync_store_batch_fill(batcher, &entries);

        if (amzsync_store_batch_create(batcher, &entries, n, 1) == NGX_OK) {
            continue;
        }

        while (!ngx_queue_empty(&entries)) {
            q = ngx_queue_head(&entries);
            entry = ngx_queue_data(q, amzsync_store_entry_t, queue);

            ngx_queue_remove(q);
            amzsync_store_entry_answer(entry, AMZSYNC_STORE_FAILED, NULL, 0,
                                       0);
        }
    }
}


/* Those that have waited longest, and ask for the same. */

static ngx_uint_t
amzsync_store_batch_fill(amzsync_store_batcher_t *batcher,
    ngx_queue_t *entries)
{
    ngx_uint_t              n;
    const void             *param;
    ngx_queue_t            *q;
    amzsync_store_entry_t  *entry;

    ngx_queue_init(entries);
    param = NULL;

    for (n = 0; n < AMZSYNC_STORE_BATCH; n++) {

        if (ngx_queue_empty(&batcher->waiting)) {
            break;
        }

        q = ngx_queue_head(&batcher->waiting);
        entry = ngx_queue_data(q, amzsync_store_entry_t, queue);

        if (n == 0) {
            param = entry->param;

        } else if (entry->param != param) {
            break;
        }

        ngx_queue_remove(q);
        ngx_queue_insert_tail(entries, q);
        batcher->nwaiting--;
        entry->waiting = 0;

        if (!batcher->kind->joined) {
            amzsync_store_entry_unlink(entry);
        }
    }

    return n;
}


/* All have the time that is left to the first, who has waited longest. */

static ngx_int_t
amzsync_store_batch_create(amzsync_store_batcher_t *batcher,
    ngx_queue_t *entries, ngx_uint_t n, ngx_uint_t counted)
{
    ngx_msec_t                         waited;
    ngx_queue_t                       *q;
    amzsync_pg_query_t                *query;
    amzsync_store_batch_t             *batch;
    amzsync_store_entry_t             *entry;
    const amzsync_store_batch_kind_t  *kind;

    kind = batcher->kind;

    query = amzsync_store_query(batcher->store, kind->stmt, kind->class);
    if (query == NULL) {
        return NGX_ERROR;
    }

    q = ngx_queue_head(entries);
    entry = ngx_queue_data(q, amzsync_store_entry_t, queue);

    batch = ngx_palloc(query->pool, sizeof(amzsync_store_batch_t));

    if (batch == NULL
        || amzsync_store_batch_users(query, entries, n) != NGX_OK
        || kind->params(query, entries, n) != NGX_OK)
    {
        amzsync_pg_query_free(query);
        return NGX_ERROR;
    }

    waited = ngx_current_msec - entry->since;

    query->timeout = (waited < batcher->timeout) ? batcher->timeout - waited
                                                 : 1;
    query->handler = amzsync_store_batch_answered;
    query->data = batch;

    batch->batcher = batcher;
    batch->nentries = n;
    batch->counted = counted;

    ngx_queue_init(&batch->entries);
    ngx_queue_add(&batch->entries, entries);
    ngx_queue_init(entries);

    batcher->nbatches += counted;

    amzsync_pg_send(batcher->store->pg, query);

    return NGX_OK;
}


/* $1: the users. */

static ngx_int_t
amzsync_store_batch_users(amzsync_pg_query_t *query, ngx_queue_t *entries,
    ngx_uint_t n)
{
    ngx_str_t              *users;
    ngx_uint_t              i;
    ngx_queue_t            *q;
    amzsync_store_entry_t  *entry;

    users = ngx_palloc(query->pool, n * sizeof(ngx_str_t));
    if (users == NULL) {
        return NGX_ERROR;
    }

    q = ngx_queue_head(entries);

    for (i = 0; i < n; i++) {
        entry = ngx_queue_data(q, amzsync_store_entry_t, queue);
        users[i] = entry->user;
        q = ngx_queue_next(q);
    }

    return amzsync_store_param_texts(query, users, n, sizeof(ngx_str_t));
}


/* PostgreSQL works on the next ones while these are answered. */

static void
amzsync_store_batch_answered(amzsync_pg_query_t *query)
{
    amzsync_store_batch_t    *batch;
    amzsync_store_batcher_t  *batcher;

    batch = query->data;
    batcher = batch->batcher;

    batcher->nbatches -= batch->counted;
    batch->counted = 0;

    amzsync_store_batch_send(batcher);
    amzsync_pg_flush(batcher->store->pg);

    if (query->status == AMZSYNC_PG_OK) {
        amzsync_store_batch_rows(batch, query->result);

    } else if (query->status != AMZSYNC_PG_ERROR) {
        amzsync_store_batch_end(batch, amzsync_store_status_of(query));

    } else if (batch->nentries > 1) {
        amzsync_store_batch_split(batch);

    } else if (!amzsync_store_again(query)) {
        amzsync_store_batch_end(batch, amzsync_store_status_of(query));
    }
}


/* The rows of one entry stand together, in the order of the entries. */

static void
amzsync_store_batch_rows(amzsync_store_batch_t *batch, PGresult *result)
{
    int                     column;
    ngx_uint_t              i, row, first, nrows;
    ngx_queue_t            *q;
    amzsync_store_call_t    all;
    amzsync_store_entry_t  *entry;

    ngx_memzero(&all, sizeof(amzsync_store_call_t));
    all.result = result;

    nrows = PQntuples(result);
    column = PQnfields(result) - 1;
    row = 0;

    for (i = 1; !ngx_queue_empty(&batch->entries); i++) {

        q = ngx_queue_head(&batch->entries);
        entry = ngx_queue_data(q, amzsync_store_entry_t, queue);
        ngx_queue_remove(q);

        first = row;

        while (row < nrows
               && amzsync_store_int(&all, row, column, 0) == (int64_t) i)
        {
            row++;
        }

        amzsync_store_entry_answer(entry,
                                   (row > first) ? AMZSYNC_STORE_OK
                                                 : AMZSYNC_STORE_NONE,
                                   result, first, row - first);
    }
}


static void
amzsync_store_batch_end(amzsync_store_batch_t *batch,
    amzsync_store_status_e status)
{
    ngx_queue_t            *q;
    amzsync_store_entry_t  *entry;

    while (!ngx_queue_empty(&batch->entries)) {
        q = ngx_queue_head(&batch->entries);
        entry = ngx_queue_data(q, amzsync_store_entry_t, queue);

        ngx_queue_remove(q);
        amzsync_store_entry_answer(entry, status, NULL, 0, 0);
    }
}


/* None was done; one of them may have to wait long, and keeps no place. */

static void
amzsync_store_batch_split(amzsync_store_batch_t *batch)
{
    ngx_queue_t            *q, alone;
    amzsync_store_entry_t  *entry;

    while (!ngx_queue_empty(&batch->entries)) {
        q = ngx_queue_head(&batch->entries);
        entry = ngx_queue_data(q, amzsync_store_entry_t, queue);
        ngx_queue_remove(q);

        ngx_queue_init(&alone);
        ngx_queue_insert_tail(&alone, q);

        if (amzsync_store_batch_create(batch->batcher, &alone, 1, 0)
            != NGX_OK)
        {
            ngx_queue_remove(q);
            amzsync_store_entry_answer(entry, AMZSYNC_STORE_FAILED, NULL, 0,
                                       0);
        }
    }
}


/*
 * A handler may detach other calls of this entry, or make new ones: those make
 * an entry of their own.
 */

static void
amzsync_store_entry_answer(amzsync_store_entry_t *entry,
    amzsync_store_status_e status, PGresult *result, ngx_uint_t first,
    ngx_uint_t nrows)
{
    ngx_uint_t             i;
    ngx_queue_t           *q;
    amzsync_store_call_t  *call;

    amzsync_store_entry_unlink(entry);

    for (i = 0; !ngx_queue_empty(&entry->calls); i++) {
        q = ngx_queue_head(&entry->calls);
        ngx_queue_remove(q);

        call = ngx_queue_data(q, amzsync_store_call_t, queue);

        call->status = status;
        call->joined = i;

        if (status == AMZSYNC_STORE_OK) {
            call->result = result;
            call->first = first;
            call->nrows = nrows;
        }

        call->handler(call);
        ngx_free(call);
    }

    if (entry->shared.data) {
        ngx_free(entry->shared.data);
    }

    ngx_free(entry);
}


ngx_str_t *
amzsync_store_shared(amzsync_store_call_t *call)
{
    amzsync_store_entry_t  *entry;

    entry = call->entry;

    return (entry && entry->shared.data) ? &entry->shared : NULL;
}


void
amzsync_store_share(amzsync_store_call_t *call, const u_char *p, size_t len)
{
    amzsync_store_entry_t  *entry;

    entry = call->entry;

    if (entry == NULL || ngx_queue_empty(&entry->calls)) {
        return;
    }

    /* without memory each makes its own */

    entry->shared.data = ngx_alloc(len, call->store->log);

    if (entry->shared.data) {
        ngx_memcpy(entry->shared.data, p, len);
        entry->shared.len = len;
    }
}
