
/*
 * The connections of a worker, the statements that wait for them, and the
 * statements that are done.
 *
 * Handlers run from the event loop only, by an event of their own: so they may
 * send and detach queries as they like, while no connection is half way
 * through something.
 */


#include <pg/amzsync_pg_private.h>
#include <base/amzsync_metrics.h>


static ngx_int_t amzsync_pg_pool_line(amzsync_pg_pool_t *pool,
    ngx_pool_t *memory, amzsync_pg_class_e class);
static ngx_queue_t *amzsync_pg_pool_queue(amzsync_pg_query_t *query);
static void amzsync_pg_pool_timeout(ngx_event_t *ev);
static void amzsync_pg_pool_count(amzsync_pg_query_t *query);
static ngx_uint_t amzsync_pg_pool_level(amzsync_pg_pool_t *pool);

static void amzsync_pg_pool_dispatch(ngx_event_t *ev);
static void amzsync_pg_pool_feed(amzsync_pg_conn_t *conn, ngx_queue_t *queue);
static amzsync_pg_query_t *amzsync_pg_pool_head(ngx_queue_t *queue);
static void amzsync_pg_pool_unit(amzsync_pg_conn_t *conn, ngx_queue_t *unit);
static amzsync_pg_conn_t *amzsync_pg_pool_pick(amzsync_pg_line_t *line);
static void amzsync_pg_pool_deliver(ngx_event_t *ev);

static void amzsync_pg_pool_retry(ngx_event_t *ev);
static void amzsync_pg_pool_abandon(ngx_queue_t *queue);
static void amzsync_pg_pool_drop(ngx_queue_t *queue);


amzsync_pg_pool_t *
amzsync_pg_pool_create(ngx_cycle_t *cycle, amzsync_pg_conf_t *conf)
{
    ngx_uint_t          class;
    amzsync_pg_pool_t  *pool;

    pool = ngx_pcalloc(cycle->pool, sizeof(amzsync_pg_pool_t));
    if (pool == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     pool->check_stmt = NULL;
     *     pool->check = NULL;
     *     pool->seq = 0;
     *     pool->closing = 0;
     */

    pool->conf = conf;
    pool->log = cycle->log;

    ngx_queue_init(&pool->refused);
    ngx_queue_init(&pool->done);

    pool->dispatch.handler = amzsync_pg_pool_dispatch;
    pool->dispatch.data = pool;
    pool->dispatch.log = pool->log;

    pool->deliver.handler = amzsync_pg_pool_deliver;
    pool->deliver.data = pool;
    pool->deliver.log = pool->log;

    for (class = 0; class < AMZSYNC_PG_CLASSES; class++) {
        if (amzsync_pg_pool_line(pool, cycle->pool, class) != NGX_OK) {
            return NULL;
        }
    }

    return pool;
}


static ngx_int_t
amzsync_pg_pool_line(amzsync_pg_pool_t *pool, ngx_pool_t *memory,
    amzsync_pg_class_e class)
{
    ngx_uint_t          i;
    amzsync_pg_line_t  *line;

    line = &pool->lines[class];

    ngx_queue_init(&line->waiting);

    line->nconns = ngx_max(pool->conf->sizes[class], 1);

    line->conns = ngx_pcalloc(memory,
                              line->nconns * sizeof(amzsync_pg_conn_t));
    if (line->conns == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < line->nconns; i++) {
        amzsync_pg_conn_init(&line->conns[i], pool, class, i);
    }

    return NGX_OK;
}


void
amzsync_pg_pool_set_check(amzsync_pg_pool_t *pool,
    const amzsync_pg_stmt_t *stmt, amzsync_pg_check_pt check)
{
    pool->check_stmt = stmt;
    pool->check = check;
}


ngx_uint_t
amzsync_pg_ready(amzsync_pg_pool_t *pool)
{
    ngx_uint_t  class;

    for (class = 0; class < AMZSYNC_PG_CLASSES; class++) {
        if (amzsync_pg_class_ready(pool, class)) {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
amzsync_pg_class_ready(amzsync_pg_pool_t *pool, amzsync_pg_class_e class)
{
    ngx_uint_t          i;
    amzsync_pg_line_t  *line;

    line = &pool->lines[class];

    for (i = 0; i < line->nconns; i++) {
        if (line->conns[i].state == AMZSYNC_PG_UP) {
            return 1;
        }
    }

    return 0;
}


void
amzsync_pg_send(amzsync_pg_pool_t *pool, amzsync_pg_query_t *query)
{
    amzsync_pg_line_t  *line;

    query->owner = pool;
    query->seq = pool->seq++;
    query->since = ngx_current_msec;

    query->timer.handler = amzsync_pg_pool_timeout;
    query->timer.data = query;
    query->timer.log = pool->log;

    /* nginx leaves it set when the timer of a retry has fired */
    query->timer.timedout = 0;

    line = &pool->lines[query->class];

    if (pool->closing || line->nwaiting >= pool->conf->queue_max) {
        ngx_log_error(amzsync_pg_pool_level(pool), pool->log, 0,
                      "PostgreSQL is overloaded or away, %ui statements wait: "
                      "\"%s\" is not sent", line->nwaiting, query->stmt->name);

        /* its handler must not be called from here */

        query->state = AMZSYNC_PG_REFUSED;
        ngx_queue_insert_tail(&pool->refused, &query->queue);
        ngx_add_timer(&query->timer, 1);
        return;
    }

    query->state = AMZSYNC_PG_WAITING;
    ngx_queue_insert_tail(amzsync_pg_pool_queue(query), &query->queue);
    line->nwaiting++;

    ngx_add_timer(&query->timer,
                  query->timeout ? query->timeout : pool->conf->timeout);

    amzsync_pg_pool_wakeup(pool);
}


void
amzsync_pg_detach(amzsync_pg_query_t *query)
{
    query->handler = NULL;
    query->data = NULL;

    if (query->state == AMZSYNC_PG_WAITING
        || query->state == AMZSYNC_PG_REFUSED)
    {
        amzsync_pg_pool_unqueue(query);
        amzsync_pg_query_free(query);
    }
}


ngx_uint_t
amzsync_pg_sent(amzsync_pg_query_t *query)
{
    return query->state != AMZSYNC_PG_WAITING
           && query->state != AMZSYNC_PG_REFUSED;
}


/* Where a query waits: all work of one affinity for the same connection. */

static ngx_queue_t *
amzsync_pg_pool_queue(amzsync_pg_query_t *query)
{
    amzsync_pg_line_t  *line;

    line = &query->owner->lines[query->class];

    if (query->class == AMZSYNC_PG_WORK) {
        return &line->conns[query->affinity % line->nconns].waiting;
    }

    return &line->waiting;
}


void
amzsync_pg_pool_unqueue(amzsync_pg_query_t *query)
{
    ngx_queue_remove(&query->queue);

    if (query->state == AMZSYNC_PG_WAITING) {
        query->owner->lines[query->class].nwaiting--;
    }
}


static void
amzsync_pg_pool_timeout(ngx_event_t *ev)
{
    amzsync_pg_query_t *query = ev->data;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, ev->log, 0,
                   "amzsync pg timeout of \"%s\", state %ui",
                   query->stmt->name, query->state);

    switch (query->state) {

    case AMZSYNC_PG_WAITING:
        ngx_log_error(amzsync_pg_pool_level(query->owner), ev->log,
                      NGX_ETIMEDOUT, "\"%s\" waited for PostgreSQL in vain",
                      query->stmt->name);

        /* fall through */

    case AMZSYNC_PG_REFUSED:
        amzsync_pg_pool_unqueue(query);
        amzsync_pg_pool_done(query, AMZSYNC_PG_UNAVAILABLE);
        break;

    case AMZSYNC_PG_SENT:
        ngx_log_error(NGX_LOG_ERR, ev->log, NGX_ETIMEDOUT,
                      "PostgreSQL did not answer \"%s\"", query->stmt->name);

        amzsync_pg_conn_fail(query->conn, "hangs");
        break;

    default:
        /* done, and about to be delivered */
        break;
    }
}


/* Without a server every statement fails: one a second is news. */

static ngx_uint_t
amzsync_pg_pool_level(amzsync_pg_pool_t *pool)
{
    if (pool->reported == ngx_time()) {
        return NGX_LOG_INFO;
    }

    pool->reported = ngx_time();

    return NGX_LOG_ERR;
}


/* Takes a query that has left all other queues. */

void
amzsync_pg_pool_done(amzsync_pg_query_t *query, amzsync_pg_status_e status)
{
    amzsync_pg_pool_t  *pool;

    pool = query->owner;

    if (status != AMZSYNC_PG_OK) {
        amzsync_pg_query_clear(query);
    }

    query->status = status;
    query->state = AMZSYNC_PG_DONE;

    amzsync_pg_pool_count(query);

    ngx_queue_insert_tail(&pool->done, &query->queue);

    if (!pool->deliver.posted) {
        ngx_post_event(&pool->deliver, &ngx_posted_events);
    }
}


/*
 * From the moment that it was asked for, so with its wait, by the clock of the
 * event loop: one that took less than a millisecond counts as 0 or 1, in the
 * mean as what it took.  What the server never answered is no latency.
 */

static void
amzsync_pg_pool_count(amzsync_pg_query_t *query)
{
    amzsync_metrics_class_t  *class;

    class = &amzsync_metrics->classes[query->class];

    if (query->status == AMZSYNC_PG_OK || query->status == AMZSYNC_PG_ERROR) {
        amzsync_metrics_time(&class->times, ngx_current_msec - query->since);
        return;
    }

    (void) ngx_atomic_fetch_add(&class->failed, 1);
}


/* A query that was sent, but has changed nothing, waits once more. */

void
amzsync_pg_pool_again(amzsync_pg_query_t *query)
{
    ngx_queue_t         *q, *queue;
    amzsync_pg_pool_t   *pool;
    amzsync_pg_query_t  *other;

    pool = query->owner;

    amzsync_pg_query_clear(query);
    query->sqlstate[0] = '\0';

    if (query->handler == NULL
        || query->timer.timedout
        || query->tries > AMZSYNC_PG_TRIES_MAX
        || pool->closing)
    {
        amzsync_pg_pool_done(query, AMZSYNC_PG_UNAVAILABLE);
        return;
    }

    /* before all that came after it */

    queue = amzsync_pg_pool_queue(query);

    for (q = ngx_queue_head(queue);
         q != ngx_queue_sentinel(queue);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, amzsync_pg_query_t, queue);

        if (other->seq > query->seq) {
            break;
        }
    }

    query->state = AMZSYNC_PG_WAITING;
    ngx_queue_insert_tail(q, &query->queue);
    pool->lines[query->class].nwaiting++;

    amzsync_pg_pool_wakeup(pool);
}


/*
 * Statements are sent when all events of this turn have been seen: the reads
 * among them share a Sync.
 */

void
amzsync_pg_pool_wakeup(amzsync_pg_pool_t *pool)
{
    if (!pool->dispatch.posted) {
        ngx_post_event(&pool->dispatch, &ngx_posted_events);
    }
}


void
amzsync_pg_flush(amzsync_pg_pool_t *pool)
{
    if (pool->dispatch.posted) {
        ngx_delete_posted_event(&pool->dispatch);
        amzsync_pg_pool_dispatch(&pool->dispatch);
    }
}


static void
amzsync_pg_pool_dispatch(ngx_event_t *ev)
{
    amzsync_pg_pool_t *pool = ev->data;

    ngx_uint_t          class, i;
    amzsync_pg_line_t  *line;
    amzsync_pg_conn_t  *conn;

    ngx_log_debug0(NGX_LOG_DEBUG_EVENT, ev->log, 0, "amzsync pg dispatch");

    for (class = 0; class < AMZSYNC_PG_CLASSES; class++) {
        line = &pool->lines[class];

        while (!ngx_queue_empty(&line->waiting)) {
            conn = amzsync_pg_pool_pick(line);

            if (conn == NULL) {
                break;
            }

            amzsync_pg_pool_feed(conn, &line->waiting);
        }
    }

    line = &pool->lines[AMZSYNC_PG_WORK];

    for (i = 0; i < line->nconns; i++) {
        conn = &line->conns[i];

        while (!ngx_queue_empty(&conn->waiting)
               && amzsync_pg_pipe_room(conn))
        {
            amzsync_pg_pool_feed(conn, &conn->waiting);
        }
    }
}


static amzsync_pg_query_t *
amzsync_pg_pool_head(ngx_queue_t *queue)
{
    ngx_queue_t  *q;

    q = ngx_queue_head(queue);

    return ngx_queue_data(q, amzsync_pg_query_t, queue);
}


/* The least busy connection. */

static amzsync_pg_conn_t *
amzsync_pg_pool_pick(amzsync_pg_line_t *line)
{
    ngx_uint_t          i, room, best;
    amzsync_pg_conn_t  *conn;

    best = 0;
    conn = NULL;

    for (i = 0; i < line->nconns; i++) {
        room = amzsync_pg_pipe_room(&line->conns[i]);

        if (room > best) {
            best = room;
            conn = &line->conns[i];
        }
    }

    return conn;
}


/* Sends one unit: what may share it, from the head of the queue on. */

static void
amzsync_pg_pool_feed(amzsync_pg_conn_t *conn, ngx_queue_t *queue)
{
    ngx_uint_t           n, max;
    ngx_queue_t          unit;
    amzsync_pg_query_t  *query;

    max = 1;

    if (conn->class == AMZSYNC_PG_READ && !amzsync_pg_pool_head(queue)->alone)
    {
        max = ngx_min(amzsync_pg_pipe_room(conn), AMZSYNC_PG_UNIT_MAX);
    }

    ngx_queue_init(&unit);

    for (n = 0; n < max && !ngx_queue_empty(queue); n++) {
        query = amzsync_pg_pool_head(queue);

        if (n > 0 && query->alone) {
            break;
        }

        amzsync_pg_pool_unqueue(query);
        ngx_queue_insert_tail(&unit, &query->queue);
    }

    amzsync_pg_pool_unit(conn, &unit);
}


static void
amzsync_pg_pool_unit(amzsync_pg_conn_t *conn, ngx_queue_t *unit)
{
    ngx_queue_t         *q;
    amzsync_pg_query_t  *query;

    while (!ngx_queue_empty(unit)) {
        query = amzsync_pg_pool_head(unit);
        ngx_queue_remove(&query->queue);

        if (amzsync_pg_pipe_send(conn, query) == NGX_OK) {
            continue;
        }

        query->tries++;
        ngx_queue_insert_head(unit, &query->queue);

        while (!ngx_queue_empty(unit)) {
            q = ngx_queue_last(unit);
            ngx_queue_remove(q);
            amzsync_pg_pool_again(ngx_queue_data(q, amzsync_pg_query_t,
                                                 queue));
        }

        amzsync_pg_conn_fail(conn, NULL);
        return;
    }

    if (amzsync_pg_pipe_sync(conn) != NGX_OK) {
        amzsync_pg_conn_fail(conn, NULL);
    }
}


static void
amzsync_pg_pool_deliver(ngx_event_t *ev)
{
    amzsync_pg_pool_t *pool = ev->data;

    ngx_queue_t            *q;
    amzsync_pg_query_t     *query;
    amzsync_pg_handler_pt   handler;

    ngx_log_debug0(NGX_LOG_DEBUG_EVENT, ev->log, 0, "amzsync pg deliver");

    while (!ngx_queue_empty(&pool->done)) {
        q = ngx_queue_head(&pool->done);
        query = ngx_queue_data(q, amzsync_pg_query_t, queue);

        ngx_queue_remove(q);

        if (query->timer.timer_set) {
            ngx_del_timer(&query->timer);
        }

        handler = query->handler;

        if (handler != NULL) {
            handler(query);
        }

        if (query->state == AMZSYNC_PG_DONE) {
            amzsync_pg_query_free(query);
        }
    }
}


/* Until then it is where a refused query is: nobody has it, but a timer. */

void
amzsync_pg_retry(amzsync_pg_query_t *query, ngx_msec_t delay)
{
    amzsync_pg_query_clear(query);

    query->sqlstate[0] = '\0';
    query->tries = 0;
    query->retries++;

    query->state = AMZSYNC_PG_REFUSED;
    ngx_queue_insert_tail(&query->owner->refused, &query->queue);

    query->timer.handler = amzsync_pg_pool_retry;
    ngx_add_timer(&query->timer, delay / 2 + ngx_random() % (delay / 2 + 1));
}


static void
amzsync_pg_pool_retry(ngx_event_t *ev)
{
    amzsync_pg_query_t *query = ev->data;

    ngx_queue_remove(&query->queue);
    amzsync_pg_send(query->owner, query);
}


/* No statement is sent any more, and those that are there end now. */

void
amzsync_pg_pool_shutdown(amzsync_pg_pool_t *pool)
{
    ngx_uint_t          class, i;
    amzsync_pg_line_t  *line;
    amzsync_pg_conn_t  *conn;

    pool->closing = 1;

    for (class = 0; class < AMZSYNC_PG_CLASSES; class++) {
        line = &pool->lines[class];

        for (i = 0; i < line->nconns; i++) {
            conn = &line->conns[i];

            amzsync_pg_pipe_lost(conn);
            amzsync_pg_conn_close(conn);
            amzsync_pg_pool_abandon(&conn->waiting);
        }

        amzsync_pg_pool_abandon(&line->waiting);
    }
}


static void
amzsync_pg_pool_abandon(ngx_queue_t *queue)
{
    ngx_queue_t         *q;
    amzsync_pg_query_t  *query;

    while (!ngx_queue_empty(queue)) {
        q = ngx_queue_head(queue);
        query = ngx_queue_data(q, amzsync_pg_query_t, queue);

        amzsync_pg_pool_unqueue(query);
        amzsync_pg_pool_done(query, AMZSYNC_PG_UNAVAILABLE);
    }
}


void
amzsync_pg_pool_destroy(amzsync_pg_pool_t *pool)
{
    amzsync_pg_pool_shutdown(pool);

    amzsync_pg_pool_drop(&pool->refused);
    amzsync_pg_pool_drop(&pool->done);

    if (pool->dispatch.posted) {
        ngx_delete_posted_event(&pool->dispatch);
    }

    if (pool->deliver.posted) {
        ngx_delete_posted_event(&pool->deliver);
    }
}


static void
amzsync_pg_pool_drop(ngx_queue_t *queue)
{
    ngx_queue_t         *q;
    amzsync_pg_query_t  *query;

    while (!ngx_queue_empty(queue)) {
        q = ngx_queue_head(queue);
        query = ngx_queue_data(q, amzsync_pg_query_t, queue);

        ngx_queue_remove(q);
        amzsync_pg_query_free(query);
    }
}
