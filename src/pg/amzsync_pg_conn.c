
/*
 * A connection's life: connecting, its events, its end and its next try.
 *
 * Events are level-triggered, always: PQconsumeInput() receives about once,
 * and an edge would be missed.  libpq owns the descriptor, and while it
 * connects it may close it and open another one under the same number: so
 * nothing is registered while PQconnectPoll() runs, and afterwards it is with a
 * new nginx connection: an event left of the old socket is stale for it.
 */


#include <pg/amzsync_pg_private.h>
#include <base/amzsync_metrics.h>
#include <openssl/err.h>
#include <openssl/ssl.h>


static void amzsync_pg_conn_timer(ngx_event_t *ev);
static void amzsync_pg_conn_start(amzsync_pg_conn_t *conn);
static void amzsync_pg_conn_poll(amzsync_pg_conn_t *conn);
static void amzsync_pg_conn_made(amzsync_pg_conn_t *conn);
static ngx_int_t amzsync_pg_conn_check(amzsync_pg_conn_t *conn);
static void amzsync_pg_conn_up(amzsync_pg_conn_t *conn);
static void amzsync_pg_conn_backoff(amzsync_pg_conn_t *conn);

static ngx_int_t amzsync_pg_conn_watch(ngx_event_t *ev, ngx_int_t event);
static ngx_int_t amzsync_pg_conn_attach(amzsync_pg_conn_t *conn);
static void amzsync_pg_conn_detach(amzsync_pg_conn_t *conn);

static void amzsync_pg_conn_read_handler(ngx_event_t *rev);
static void amzsync_pg_conn_write_handler(ngx_event_t *wev);
static ngx_uint_t amzsync_pg_conn_tls_pending(amzsync_pg_conn_t *conn);


void
amzsync_pg_conn_init(amzsync_pg_conn_t *conn, amzsync_pg_pool_t *pool,
    amzsync_pg_class_e class, ngx_uint_t index)
{
    /*
     * set by ngx_pcalloc():
     *
     *     conn->pg = NULL;
     *     conn->c = NULL;
     *     conn->state = AMZSYNC_PG_DOWN;
     *     conn->check = NULL;
     */

    conn->pool = pool;
    conn->class = class;
    conn->index = index;

    ngx_queue_init(&conn->sent);
    ngx_queue_init(&conn->waiting);

    conn->timer.handler = amzsync_pg_conn_timer;
    conn->timer.data = conn;
    conn->timer.log = pool->log;

    /* a worker that is exiting does not stay for this */
    conn->timer.cancelable = 1;

    ngx_add_timer(&conn->timer, 1);
}


static void
amzsync_pg_conn_timer(ngx_event_t *ev)
{
    amzsync_pg_conn_t *conn = ev->data;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, ev->log, 0,
                   "amzsync pg timer, %s connection %ui",
                   amzsync_pg_class_names[conn->class], conn->index);

    if (conn->state == AMZSYNC_PG_DOWN) {
        amzsync_pg_conn_start(conn);
        return;
    }

    amzsync_pg_conn_fail(conn, "timed out while connecting");
}


static void
amzsync_pg_conn_start(amzsync_pg_conn_t *conn)
{
    char              **params;
    amzsync_pg_conf_t  *conf;

    conf = conn->pool->conf;
    params = conf->params[conn->host];

    conn->state = AMZSYNC_PG_CONNECTING;

    conn->pg = PQconnectStartParams((const char **) conf->keywords,
                                    (const char **) params, 0);
    if (conn->pg == NULL) {
        amzsync_pg_conn_fail(conn, "no memory");
        return;
    }

    if (PQstatus(conn->pg) == CONNECTION_BAD) {
        amzsync_pg_conn_fail(conn, NULL);
        return;
    }

    (void) PQsetNoticeReceiver(conn->pg, amzsync_pg_log_notice, conn);

    if (amzsync_pg_conn_attach(conn) != NGX_OK
        || amzsync_pg_conn_watch(conn->c->write, NGX_WRITE_EVENT) != NGX_OK)
    {
        amzsync_pg_conn_fail(conn, "cannot be watched");
        return;
    }

    ngx_add_timer(&conn->timer, conf->connect_timeout);
}


static void
amzsync_pg_conn_poll(amzsync_pg_conn_t *conn)
{
    ngx_int_t                  rc;
    PostgresPollingStatusType  status;

    amzsync_pg_conn_detach(conn);

    status = PQconnectPoll(conn->pg);

    if (status == PGRES_POLLING_FAILED) {
        amzsync_pg_conn_fail(conn, NULL);
        return;
    }

    rc = amzsync_pg_conn_attach(conn);

    if (rc == NGX_OK) {
        if (status == PGRES_POLLING_WRITING) {
            rc = amzsync_pg_conn_watch(conn->c->write, NGX_WRITE_EVENT);

        } else {
            rc = amzsync_pg_conn_watch(conn->c->read, NGX_READ_EVENT);
        }
    }

    if (rc != NGX_OK) {
        amzsync_pg_conn_fail(conn, "cannot be watched");
        return;
    }

    if (status == PGRES_POLLING_OK) {
        amzsync_pg_conn_made(conn);
    }
}


static void
amzsync_pg_conn_made(amzsync_pg_conn_t *conn)
{
    ngx_del_timer(&conn->timer);

    if (PQsetnonblocking(conn->pg, 1) != 0
        || PQenterPipelineMode(conn->pg) != 1)
    {
        amzsync_pg_conn_fail(conn, NULL);
        return;
    }

    if (conn->pool->check_stmt != NULL) {
        if (amzsync_pg_conn_check(conn) != NGX_OK) {
            amzsync_pg_conn_fail(conn, NULL);
        }

        return;
    }

    amzsync_pg_conn_up(conn);
}


static ngx_int_t
amzsync_pg_conn_check(amzsync_pg_conn_t *conn)
{
    amzsync_pg_pool_t   *pool;
    amzsync_pg_query_t  *query;

    pool = conn->pool;

    query = amzsync_pg_query_create(pool->check_stmt, conn->class, pool->log);
    if (query == NULL) {
        return NGX_ERROR;
    }

    conn->state = AMZSYNC_PG_CHECKING;
    conn->check = query;

    if (amzsync_pg_pipe_send(conn, query) != NGX_OK) {
        conn->check = NULL;
        amzsync_pg_query_free(query);
        return NGX_ERROR;
    }

    ngx_add_timer(&conn->timer, pool->conf->timeout);

    return amzsync_pg_pipe_sync(conn);
}


void
amzsync_pg_conn_checked(amzsync_pg_conn_t *conn, amzsync_pg_query_t *query)
{
    ngx_int_t           rc;
    amzsync_pg_pool_t  *pool;

    pool = conn->pool;

    ngx_del_timer(&conn->timer);

    conn->check = NULL;

    rc = pool->check(query->result, pool->log);

    amzsync_pg_query_free(query);

    if (rc != NGX_OK) {
        conn->retiring = 1;
        conn->why = "did not pass its check";
        return;
    }

    amzsync_pg_conn_up(conn);
}


static void
amzsync_pg_conn_up(amzsync_pg_conn_t *conn)
{
    ngx_log_error(NGX_LOG_INFO, conn->pool->log, 0,
                  "PostgreSQL %s connection %ui is up, process %d",
                  amzsync_pg_class_names[conn->class], conn->index,
                  PQbackendPID(conn->pg));

    conn->state = AMZSYNC_PG_UP;
    conn->since = ngx_current_msec;
    amzsync_metrics_worker->connections[conn->class]++;

    amzsync_pg_pool_wakeup(conn->pool);
}


static void
amzsync_pg_conn_read_handler(ngx_event_t *rev)
{
    int                 received;
    ngx_int_t           rc;
    ngx_connection_t   *c;
    amzsync_pg_conn_t  *conn;

    c = rev->data;
    conn = c->data;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, rev->log, 0,
                   "amzsync pg read, %s connection %ui",
                   amzsync_pg_class_names[conn->class], conn->index);

    if (c->close) {
        /* worker_shutdown_timeout */
        amzsync_pg_pool_shutdown(conn->pool);
        return;
    }

    if (conn->state == AMZSYNC_PG_CONNECTING) {
        amzsync_pg_conn_poll(conn);
        return;
    }

    do {
        received = PQconsumeInput(conn->pg);

        if (!received && conn->why == NULL) {
            conn->why = amzsync_pg_log_text(conn->text,
                                            PQerrorMessage(conn->pg));
        }

        /* what has come before the end is still good */

        rc = amzsync_pg_pipe_results(conn);

        if (!received
            || rc != NGX_OK
            || (conn->retiring && conn->nsent == 0))
        {
            amzsync_pg_conn_fail(conn, conn->why);
            return;
        }

    } while (amzsync_pg_conn_tls_pending(conn));
}


static void
amzsync_pg_conn_write_handler(ngx_event_t *wev)
{
    ngx_connection_t   *c;
    amzsync_pg_conn_t  *conn;

    c = wev->data;
    conn = c->data;

    ngx_log_debug2(NGX_LOG_DEBUG_EVENT, wev->log, 0,
                   "amzsync pg write, %s connection %ui",
                   amzsync_pg_class_names[conn->class], conn->index);

    if (conn->state == AMZSYNC_PG_CONNECTING) {
        amzsync_pg_conn_poll(conn);
        return;
    }

    if (amzsync_pg_conn_flush(conn) != NGX_OK) {
        amzsync_pg_conn_fail(conn, NULL);
    }
}


/* The socket may be silent while bytes wait, decrypted, inside of OpenSSL. */

static ngx_uint_t
amzsync_pg_conn_tls_pending(amzsync_pg_conn_t *conn)
{
    SSL  *ssl;

    ssl = PQsslStruct(conn->pg, "OpenSSL");

    return ssl != NULL && SSL_pending(ssl) > 0;
}


ngx_int_t
amzsync_pg_conn_flush(amzsync_pg_conn_t *conn)
{
    ngx_event_t  *wev;

    wev = conn->c->write;

    switch (PQflush(conn->pg)) {

    case 0:
        if (wev->active) {
            return ngx_del_event(wev, NGX_WRITE_EVENT, 0);
        }

        return NGX_OK;

    case 1:
        return amzsync_pg_conn_watch(wev, NGX_WRITE_EVENT);

    default:
        return NGX_ERROR;
    }
}


/*
 * Ends the connection and all that is in flight on it, and tries again later.
 * "why" is NULL if libpq knows.
 *
 * libpq goes on to the next host only from one that refuses to be connected or
 * is not what target_session_attrs wants.  One that is silent, hangs up, has no
 * room, or cannot prove who it is shall not hide the others either.
 */

void
amzsync_pg_conn_fail(amzsync_pg_conn_t *conn, const char *why)
{
    ngx_uint_t  level, host;

    if (why == NULL) {
        why = amzsync_pg_log_text(conn->text, PQerrorMessage(conn->pg));
    }

    amzsync_pg_pipe_lost(conn);

    if (conn->state == AMZSYNC_PG_UP
        && ngx_current_msec - conn->since > AMZSYNC_PG_BACKOFF_MAX)
    {
        conn->failures = 0;
    }

    conn->failures++;

    /* while the server is away, not every attempt is news */

    level = (conn->failures & (conn->failures - 1)) ? NGX_LOG_INFO
                                                    : NGX_LOG_ERR;

    ngx_log_error(level, conn->pool->log, 0,
                  "PostgreSQL %s connection %ui, failure %ui: %s",
                  amzsync_pg_class_names[conn->class], conn->index,
                  conn->failures, why);

    host = 0;

    if (conn->state != AMZSYNC_PG_UP || conn->elsewhere) {
        host = (conn->host + 1) % conn->pool->conf->nhosts;
    }

    amzsync_pg_conn_close(conn);

    conn->host = host;

    amzsync_pg_conn_backoff(conn);
}


static void
amzsync_pg_conn_backoff(amzsync_pg_conn_t *conn)
{
    ngx_msec_t  delay;

    delay = AMZSYNC_PG_BACKOFF_MIN << ngx_min(conn->failures - 1, 7);
    delay = ngx_min(delay, AMZSYNC_PG_BACKOFF_MAX);

    /* the workers of all hosts must not come back in one moment */

    delay = delay / 2 + ngx_random() % (delay / 2 + 1);

    ngx_add_timer(&conn->timer, delay);
}


/* The order matters: PQfinish() closes the descriptor. */

void
amzsync_pg_conn_close(amzsync_pg_conn_t *conn)
{
    if (conn->timer.timer_set) {
        ngx_del_timer(&conn->timer);
    }

    amzsync_pg_conn_detach(conn);

    if (conn->pg != NULL) {
        PQfinish(conn->pg);
        conn->pg = NULL;

        /* nginx takes what is left in this queue for its own */
        ERR_clear_error();
    }

    if (conn->state == AMZSYNC_PG_UP) {
        amzsync_metrics_worker->connections[conn->class]--;
    }

    conn->state = AMZSYNC_PG_DOWN;
    conn->why = NULL;
    conn->retiring = 0;
    conn->elsewhere = 0;
    ngx_memzero(conn->prepared, sizeof(conn->prepared));
    ngx_memzero(conn->preparing, sizeof(conn->preparing));
    ngx_memzero(conn->unit, sizeof(conn->unit));
}


static ngx_int_t
amzsync_pg_conn_watch(ngx_event_t *ev, ngx_int_t event)
{
    if (ev->active) {
        return NGX_OK;
    }

    return ngx_add_event(ev, event, NGX_LEVEL_EVENT);
}


/* Gives libpq's descriptor an nginx connection. */

static ngx_int_t
amzsync_pg_conn_attach(amzsync_pg_conn_t *conn)
{
    int                s;
    ngx_connection_t  *c;

    s = PQsocket(conn->pg);

    if (s == -1) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(s, conn->pool->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->data = conn;
    c->log = conn->pool->log;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);

    c->read->handler = amzsync_pg_conn_read_handler;
    c->read->log = c->log;
    c->write->handler = amzsync_pg_conn_write_handler;
    c->write->log = c->log;

    conn->c = c;

    return NGX_OK;
}


static void
amzsync_pg_conn_detach(amzsync_pg_conn_t *conn)
{
    ngx_uint_t         flags;
    ngx_connection_t  *c;

    c = conn->c;

    if (c == NULL) {
        return;
    }

    conn->c = NULL;

    /*
     * If libpq has closed it already, the number may belong to a thread's
     * socket by now.
     */

    flags = (PQsocket(conn->pg) == -1) ? NGX_CLOSE_EVENT : 0;

    if (ngx_del_conn) {
        if (c->read->active || c->write->active) {
            (void) ngx_del_conn(c, flags);
        }

    } else {
        if (c->read->active) {
            (void) ngx_del_event(c->read, NGX_READ_EVENT, flags);
        }

        if (c->write->active) {
            (void) ngx_del_event(c->write, NGX_WRITE_EVENT, flags);
        }
    }

    /* the descriptor stays open */
    c->shared = 1;

    ngx_close_connection(c);
}
