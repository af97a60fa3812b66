
/*
 * Who waits for a batch: calls, those for the same thing in one entry.
 *
 * A call has its own time, from when it was made, whatever becomes of the
 * statement that its entry is in.
 */


#include <store/amzsync_store_private.h>


static amzsync_store_entry_t *amzsync_store_entry_find(
    amzsync_store_batcher_t *batcher, ngx_str_t *user, amzsync_sync_no_t no,
    const void *param);
static amzsync_store_entry_t *amzsync_store_entry_create(
    amzsync_store_batcher_t *batcher, ngx_str_t *user, amzsync_sync_no_t no,
    const void *param);
static uint32_t amzsync_store_entry_hash(ngx_str_t *user,
    amzsync_sync_no_t no);
static void amzsync_store_call_leave(amzsync_store_call_t *call);


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

    if (entry && !entry->waiting
        && ngx_current_msec - entry->newest > batcher->moment)
    {
        /* its statement may end before the time of this call is over */

        amzsync_store_entry_unlink(entry);
        entry = NULL;
    }

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
    call->since = ngx_current_msec;

    if (entry->waiting) {
        entry->newest = ngx_current_msec;
    }

    ngx_queue_insert_tail(&entry->calls, &call->queue);
    ngx_queue_insert_tail(&batcher->calls, &call->order);

    if (!batcher->timer.timer_set) {
        ngx_add_timer(&batcher->timer, batcher->timeout);
    }

    return call;
}


/* One for the same thing, or NULL. */

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

    entry = ngx_calloc(sizeof(amzsync_store_entry_t) + user->len,
                       batcher->store->log);
    if (entry == NULL) {
        return NULL;
    }

    entry->batcher = batcher;
    entry->no = no;
    entry->param = param;
    entry->waiting = 1;
    entry->linked = 1;

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


void
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
    amzsync_store_call_leave(call);
    ngx_free(call);
}


/* An entry that nobody waits for is not sent; one that is sent drains. */

static void
amzsync_store_call_leave(amzsync_store_call_t *call)
{
    amzsync_store_entry_t  *entry;

    entry = call->entry;

    ngx_queue_remove(&call->queue);
    ngx_queue_remove(&call->order);

    if (entry->waiting && ngx_queue_empty(&entry->calls)) {
        ngx_queue_remove(&entry->queue);
        entry->batcher->nwaiting--;

        amzsync_store_entry_unlink(entry);
        ngx_free(entry);
    }
}


/* The time of the first calls is over; what was sent may be done or not. */

void
amzsync_store_batch_overdue(ngx_event_t *ev)
{
    ngx_msec_t                waited;
    ngx_queue_t              *q;
    amzsync_store_call_t     *call;
    amzsync_store_entry_t    *entry;
    amzsync_store_batcher_t  *batcher;

    batcher = ev->data;

    while (!ngx_queue_empty(&batcher->calls)) {
        q = ngx_queue_head(&batcher->calls);
        call = ngx_queue_data(q, amzsync_store_call_t, order);
        entry = call->entry;

        waited = ngx_current_msec - call->since;

        if (waited < batcher->timeout) {
            ngx_add_timer(&batcher->timer, batcher->timeout - waited);
            return;
        }

        call->status = (entry->query && amzsync_pg_sent(entry->query)
                        && batcher->kind->class != AMZSYNC_PG_READ)
                       ? AMZSYNC_STORE_LOST : AMZSYNC_STORE_UNAVAILABLE;

        amzsync_store_call_leave(call);
        call->handler(call);
        ngx_free(call);
    }
}


/*
 * A handler may detach other calls of this entry, or make new ones: those make
 * an entry of their own.
 */

void
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
        call = ngx_queue_data(q, amzsync_store_call_t, queue);

        ngx_queue_remove(&call->queue);
        ngx_queue_remove(&call->order);

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


void
amzsync_store_entries_answer(ngx_queue_t *entries,
    amzsync_store_status_e status)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(entries)) {
        q = ngx_queue_head(entries);
        ngx_queue_remove(q);

        amzsync_store_entry_answer(ngx_queue_data(q, amzsync_store_entry_t,
                                                  queue),
                                   status, NULL, 0, 0);
    }
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
