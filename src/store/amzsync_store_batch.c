
/*
 * Requests of many users in one statement.
 *
 * A statement costs PostgreSQL several times what one more user in it does, and
 * a write its commit, too.  So what is asked for in one turn of the event loop,
 * or while others of its kind are under way, is one statement; and requests for
 * the same thing are one entry of it.  If a statement is refused for what one
 * of them may be to blame for, they are sent again, each alone: nobody pays for
 * a neighbour.
 */


#include <store/amzsync_store_private.h>


#define AMZSYNC_STORE_BATCH      64     /* entries in a statement */
#define AMZSYNC_STORE_HELD       5      /* ms that few of them are held back */


/* A statement; in its query's pool. */

typedef struct {
    amzsync_store_batcher_t  *batcher;
    ngx_queue_t               entries;
    ngx_uint_t                nentries;
    ngx_uint_t                counted;  /* in batcher->nbatches */
} amzsync_store_batch_t;


static void amzsync_store_batch_event(ngx_event_t *ev);
static void amzsync_store_batch_next(amzsync_store_batcher_t *batcher);
static void amzsync_store_batch_held(ngx_event_t *ev);
static void amzsync_store_batch_send(amzsync_store_batcher_t *batcher);
static ngx_uint_t amzsync_store_batch_fill(amzsync_store_batcher_t *batcher,
    ngx_queue_t *entries);
static ngx_int_t amzsync_store_batch_create(amzsync_store_batcher_t *batcher,
    ngx_queue_t *entries, ngx_uint_t n, ngx_uint_t counted);
static ngx_msec_t amzsync_store_batch_left(amzsync_store_batcher_t *batcher,
    ngx_queue_t *entries);
static ngx_int_t amzsync_store_batch_users(amzsync_pg_query_t *query,
    ngx_queue_t *entries, ngx_uint_t n);
static void amzsync_store_batch_answered(amzsync_pg_query_t *query);
static ngx_uint_t amzsync_store_batch_blame(const char *sqlstate);
static void amzsync_store_batch_rows(amzsync_store_batch_t *batch,
    PGresult *result);
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
    ngx_queue_init(&batcher->calls);

    batcher->max = conf->queue_max;
    batcher->timeout = conf->timeout;
    batcher->moment = kind->joined ? conf->timeout / 8 : 0;
    batcher->batches_max = ngx_max(conf->sizes[kind->class], 1);

    batcher->event.handler = amzsync_store_batch_event;
    batcher->event.data = batcher;
    batcher->event.log = store->log;

    batcher->timer.handler = amzsync_store_batch_overdue;
    batcher->timer.data = batcher;
    batcher->timer.log = store->log;
    batcher->timer.cancelable = 1;

    batcher->held.handler = amzsync_store_batch_held;
    batcher->held.data = batcher;
    batcher->held.log = store->log;
    batcher->held.cancelable = 1;
}


void
amzsync_store_batcher_destroy(amzsync_store_batcher_t *batcher)
{
    ngx_queue_t            *q;
    amzsync_store_entry_t  *entry;

    if (batcher->event.posted) {
        ngx_delete_posted_event(&batcher->event);
    }

    if (batcher->timer.timer_set) {
        ngx_del_timer(&batcher->timer);
    }

    if (batcher->held.timer_set) {
        ngx_del_timer(&batcher->held);
    }

    while (!ngx_queue_empty(&batcher->waiting)) {
        q = ngx_queue_head(&batcher->waiting);
        entry = ngx_queue_data(q, amzsync_store_entry_t, queue);

        ngx_queue_remove(q);
        amzsync_store_entry_unlink(entry);
        ngx_free(entry);
    }
}


static void
amzsync_store_batch_event(ngx_event_t *ev)
{
    amzsync_store_batch_next(ev->data);
}


/*
 * A statement costs as much as several entries in it, and one that takes what
 * is there in a single turn of the event loop leaves as little to the next.
 * Until one under way comes back, another takes no fewer entries than that has.
 */

static void
amzsync_store_batch_next(amzsync_store_batcher_t *batcher)
{
    if (batcher->nwaiting * batcher->nbatches >= batcher->nentries) {
        amzsync_store_batch_send(batcher);

    } else if (batcher->nwaiting && !batcher->held.timer_set) {
        ngx_add_timer(&batcher->held, AMZSYNC_STORE_HELD);
    }
}


/* Those under way take long. */

static void
amzsync_store_batch_held(ngx_event_t *ev)
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
    ngx_uint_t   n;
    ngx_queue_t  entries;

    while (!ngx_queue_empty(&batcher->waiting)
           && (batcher->nbatches < batcher->batches_max
               || batcher->nwaiting > batcher->max
               || !amzsync_store_ready(batcher->store)))
    {
        n = amzsync_store_batch_fill(batcher, &entries);

        if (amzsync_store_batch_create(batcher, &entries, n, 1) != NGX_OK) {
            amzsync_store_entries_answer(&entries, AMZSYNC_STORE_FAILED);
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


/*
 * The statement has the time that is left to the newest of those who wait, and
 * the moment in which others may join it still: what is given up costs all that
 * is under way on its connection.  Everybody is told when his own is over.
 */

static ngx_int_t
amzsync_store_batch_create(amzsync_store_batcher_t *batcher,
    ngx_queue_t *entries, ngx_uint_t n, ngx_uint_t counted)
{
    amzsync_pg_query_t                *query;
    amzsync_store_batch_t             *batch;
    const amzsync_store_batch_kind_t  *kind;

    kind = batcher->kind;

    query = amzsync_store_query(batcher->store, kind->stmt, kind->class);
    if (query == NULL) {
        return NGX_ERROR;
    }

    batch = ngx_palloc(query->pool, sizeof(amzsync_store_batch_t));

    if (batch == NULL
        || amzsync_store_batch_users(query, entries, n) != NGX_OK
        || (kind->params && kind->params(query, entries, n) != NGX_OK))
    {
        amzsync_pg_query_free(query);
        return NGX_ERROR;
    }

    query->timeout = amzsync_store_batch_left(batcher, entries)
                     + batcher->moment;
    query->handler = amzsync_store_batch_answered;
    query->data = batch;

    batch->batcher = batcher;
    batch->nentries = n;
    batch->counted = counted;

    ngx_queue_init(&batch->entries);
    ngx_queue_add(&batch->entries, entries);
    ngx_queue_init(entries);

    if (counted) {
        batcher->nbatches++;
        batcher->nentries += n;
    }

    amzsync_pg_send(batcher->store->pg, query);

    return NGX_OK;
}


/* The time that is left to the newest call. */

static ngx_msec_t
amzsync_store_batch_left(amzsync_store_batcher_t *batcher,
    ngx_queue_t *entries)
{
    ngx_msec_t              waited;
    ngx_queue_t            *q;
    amzsync_store_entry_t  *entry;

    waited = batcher->timeout - 1;

    for (q = ngx_queue_head(entries);
         q != ngx_queue_sentinel(entries);
         q = ngx_queue_next(q))
    {
        entry = ngx_queue_data(q, amzsync_store_entry_t, queue);
        waited = ngx_min(waited, ngx_current_msec - entry->newest);
    }

    return batcher->timeout - waited;
}


/* $1: the users, who wait for this query from here on. */

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
        entry->query = query;
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

    if (batch->counted) {
        batch->counted = 0;
        batcher->nbatches--;
        batcher->nentries -= batch->nentries;
    }

    amzsync_store_batch_next(batcher);
    amzsync_pg_flush(batcher->store->pg);

    if (query->status == AMZSYNC_PG_OK) {
        amzsync_store_batch_rows(batch, query->result);

    } else if (query->status != AMZSYNC_PG_ERROR) {
        amzsync_store_entries_answer(&batch->entries,
                                     amzsync_store_status_of(query));

    } else if (batch->nentries > 1
               && amzsync_store_batch_blame(query->sqlstate))
    {
        amzsync_store_batch_split(batch);

    } else if (batch->nentries > 1 || !amzsync_store_again(query)) {
        amzsync_store_entries_answer(&batch->entries,
                                     amzsync_store_status_of(query));
    }
}


/*
 * Whether one entry may be the cause: its values, a row of it that is locked or
 * damaged, a constraint or a trigger.  A standby, a missing right, a full disk
 * are everybody's, and so is a server too slow for statement_timeout.
 */

static ngx_uint_t
amzsync_store_batch_blame(const char *sqlstate)
{
    const char  **class;

    static const char  *classes[] = {
        "21", "22", "23", "27", "40", "44", "54", "55", "P0", "XX", NULL
    };

    for (class = classes; *class; class++) {
        if (ngx_strncmp(sqlstate, *class, 2) == 0) {
            return 1;
        }
    }

    return 0;
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


/*
 * None was done; one of them may have to wait long, and keeps no place.  What
 * nobody waits for any more is left.
 */

static void
amzsync_store_batch_split(amzsync_store_batch_t *batch)
{
    ngx_queue_t            *q, alone;
    amzsync_store_entry_t  *entry;

    while (!ngx_queue_empty(&batch->entries)) {
        q = ngx_queue_head(&batch->entries);
        ngx_queue_remove(q);

        ngx_queue_init(&alone);
        ngx_queue_insert_tail(&alone, q);

        entry = ngx_queue_data(q, amzsync_store_entry_t, queue);

        if (ngx_queue_empty(&entry->calls)
            || amzsync_store_batch_create(batch->batcher, &alone, 1, 0)
               != NGX_OK)
        {
            amzsync_store_entries_answer(&alone, AMZSYNC_STORE_FAILED);
        }
    }
}
