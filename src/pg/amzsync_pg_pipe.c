
/*
 * Statements and results on a connection in pipeline mode.
 *
 * A unit is what stands between two Syncs: some reads, or one write.  It is a
 * transaction, so nothing of it is settled before its Sync has come back; and
 * an error aborts all that follows in it.
 */


#include <pg/amzsync_pg_private.h>


static int amzsync_pg_pipe_execute(amzsync_pg_conn_t *conn,
    amzsync_pg_query_t *query);
static ngx_int_t amzsync_pg_pipe_result(amzsync_pg_conn_t *conn,
    PGresult *result);
static ngx_int_t amzsync_pg_pipe_end(amzsync_pg_conn_t *conn);
static void amzsync_pg_pipe_store(amzsync_pg_query_t *query, PGresult *result);
static void amzsync_pg_pipe_prepared(amzsync_pg_conn_t *conn,
    amzsync_pg_query_t *query, PGresult *result);
static ngx_int_t amzsync_pg_pipe_unit(amzsync_pg_conn_t *conn);
static void amzsync_pg_pipe_settle(amzsync_pg_conn_t *conn,
    amzsync_pg_query_t *query);
static void amzsync_pg_pipe_refused(amzsync_pg_conn_t *conn,
    amzsync_pg_query_t *query);
static ngx_uint_t amzsync_pg_pipe_stale(amzsync_pg_conn_t *conn,
    amzsync_pg_query_t *query);
static ngx_uint_t amzsync_pg_pipe_known(amzsync_pg_conn_t *conn,
    amzsync_pg_query_t *query);
static ngx_uint_t amzsync_pg_pipe_ok(amzsync_pg_query_t *query);
static ngx_uint_t amzsync_pg_pipe_fatal(amzsync_pg_conn_t *conn,
    PGresult *result);
static void amzsync_pg_pipe_take(amzsync_pg_conn_t *conn,
    amzsync_pg_query_t *query);


/* How many statements the connection may take now. */

ngx_uint_t
amzsync_pg_pipe_room(amzsync_pg_conn_t *conn)
{
    ngx_uint_t  max;

    if (conn->state != AMZSYNC_PG_UP || conn->retiring) {
        return 0;
    }

    /*
     * A pooler gives the server to others when a Sync comes back: a unit that
     * is on its way by then, perhaps one half of a message, goes with it.
     */

    if (conn->nsent > 0 && !conn->pool->conf->prepared) {
        return 0;
    }

    max = (conn->class == AMZSYNC_PG_READ) ? AMZSYNC_PG_READS_MAX
                                           : AMZSYNC_PG_WRITES_MAX;

    return (conn->nsent < max) ? max - conn->nsent : 0;
}


/*
 * Adds the query to the open unit.  If this fails, the query is as it was, and
 * the connection is of no use any more.
 */

ngx_int_t
amzsync_pg_pipe_send(amzsync_pg_conn_t *conn, amzsync_pg_query_t *query)
{
    if (!amzsync_pg_pipe_execute(conn, query)) {
        return NGX_ERROR;
    }

    query->state = AMZSYNC_PG_SENT;
    query->conn = conn;
    query->answered = 0;
    query->sync = 0;

    ngx_queue_insert_tail(&conn->sent, &query->queue);
    conn->nsent++;

    if (conn->current == NULL) {
        conn->current = query;
    }

    return NGX_OK;
}


static int
amzsync_pg_pipe_execute(amzsync_pg_conn_t *conn, amzsync_pg_query_t *query)
{
    char                      name[sizeof("amzsync_") + NGX_INT_T_LEN];
    uint64_t                  bit;
    ngx_uint_t                word;
    const amzsync_pg_stmt_t  *stmt;

    stmt = query->stmt;
    bit = amzsync_pg_stmt_bit(stmt);
    word = amzsync_pg_stmt_word(stmt);

    query->preparing = 0;
    query->reused = 0;

    /*
     * While another unit is preparing the statement, nobody knows whether it
     * will: then this one goes without.
     */

    if (!conn->pool->conf->prepared
        || (conn->preparing[word] & ~conn->unit[word] & bit))
    {
        return PQsendQueryParams(conn->pg, stmt->sql, (int) query->nparams,
                                 NULL, query->values, query->lengths,
                                 query->formats, 0);
    }

    *ngx_sprintf((u_char *) name, "amzsync_%ui", stmt->index) = '\0';

    if (conn->prepared[word] & bit) {
        query->reused = 1;

    } else if (!(conn->unit[word] & bit)) {
        if (!PQsendPrepare(conn->pg, name, stmt->sql, 0, NULL)) {
            return 0;
        }

        query->preparing = 1;
        conn->preparing[word] |= bit;
        conn->unit[word] |= bit;
    }

    return PQsendQueryPrepared(conn->pg, name, (int) query->nparams,
                               query->values, query->lengths, query->formats,
                               0);
}


/* Ends the open unit; the last query sent is the last in it. */

ngx_int_t
amzsync_pg_pipe_sync(amzsync_pg_conn_t *conn)
{
    amzsync_pg_query_t  *query;

    query = ngx_queue_data(ngx_queue_last(&conn->sent), amzsync_pg_query_t,
                           queue);
    query->sync = 1;
    ngx_memzero(conn->unit, sizeof(conn->unit));

    if (!PQpipelineSync(conn->pg)) {
        return NGX_ERROR;
    }

    return amzsync_pg_conn_flush(conn);
}


/*
 * Takes what has arrived.  An idle pipeline is never busy and answers NULL for
 * ever, so "current" bounds the loop.
 */

ngx_int_t
amzsync_pg_pipe_results(amzsync_pg_conn_t *conn)
{
    ngx_int_t  rc;
    PGresult  *result;

    while (!PQisBusy(conn->pg) && conn->current != NULL) {

        result = PQgetResult(conn->pg);

        if (result == NULL) {
            rc = amzsync_pg_pipe_end(conn);

        } else {
            rc = amzsync_pg_pipe_result(conn, result);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* One result of the current query; it belongs to this function. */

static ngx_int_t
amzsync_pg_pipe_result(amzsync_pg_conn_t *conn, PGresult *result)
{
    amzsync_pg_query_t  *query;

    query = conn->current;

    switch (PQresultStatus(result)) {

    case PGRES_PIPELINE_SYNC:
        PQclear(result);

        if (query->answered && query->sync) {
            return amzsync_pg_pipe_unit(conn);
        }

        conn->why = "sent an unexpected Sync";
        return NGX_ERROR;

    case PGRES_FATAL_ERROR:
        if (amzsync_pg_pipe_fatal(conn, result)) {
            PQclear(result);
            return NGX_ERROR;
        }

        /* after the rows: the commit has failed */
        query->answered = 0;
        break;

    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_PIPELINE_ABORTED:
        if (!query->answered) {
            break;
        }

        /* fall through */

    default:
        PQclear(result);
        conn->why = "sent an unexpected result";
        return NGX_ERROR;
    }

    if (query->preparing) {
        amzsync_pg_pipe_prepared(conn, query, result);

    } else {
        amzsync_pg_pipe_store(query, result);
    }

    return NGX_OK;
}


/* The current query, or its preparation, has no more results. */

static ngx_int_t
amzsync_pg_pipe_end(amzsync_pg_conn_t *conn)
{
    ngx_queue_t         *q;
    amzsync_pg_query_t  *query;

    query = conn->current;

    if (query->preparing) {
        query->preparing = 0;
        return NGX_OK;
    }

    if (query->answered || query->result == NULL) {
        conn->why = "sent an unexpected end of results";
        return NGX_ERROR;
    }

    query->answered = 1;

    if (!query->sync) {
        q = ngx_queue_next(&query->queue);
        conn->current = ngx_queue_data(q, amzsync_pg_query_t, queue);
    }

    return NGX_OK;
}


/* The first error stands, also against rows that came before it. */

static void
amzsync_pg_pipe_store(amzsync_pg_query_t *query, PGresult *result)
{
    if (query->result != NULL && !amzsync_pg_pipe_ok(query)) {
        PQclear(result);
        return;
    }

    amzsync_pg_query_clear(query);
    query->result = result;
}


static void
amzsync_pg_pipe_prepared(amzsync_pg_conn_t *conn, amzsync_pg_query_t *query,
    PGresult *result)
{
    uint64_t    bit;
    ngx_uint_t  word;

    bit = amzsync_pg_stmt_bit(query->stmt);
    word = amzsync_pg_stmt_word(query->stmt);

    conn->preparing[word] &= ~bit;

    if (PQresultStatus(result) == PGRES_COMMAND_OK) {
        conn->prepared[word] |= bit;
        PQclear(result);
        return;
    }

    /* the query itself will only hear that it was aborted */

    amzsync_pg_pipe_store(query, result);
}


/* A Sync came back: what stands before it is committed, or rolled back. */

static ngx_int_t
amzsync_pg_pipe_unit(amzsync_pg_conn_t *conn)
{
    ngx_uint_t           last;
    ngx_queue_t         *q;
    amzsync_pg_query_t  *query;

    do {
        q = ngx_queue_head(&conn->sent);
        query = ngx_queue_data(q, amzsync_pg_query_t, queue);
        last = query->sync;

        amzsync_pg_pipe_take(conn, query);
        amzsync_pg_pipe_settle(conn, query);

    } while (!last);

    if (!ngx_queue_empty(&conn->sent)) {
        q = ngx_queue_head(&conn->sent);
        conn->current = ngx_queue_data(q, amzsync_pg_query_t, queue);

    } else if (PQtransactionStatus(conn->pg) != PQTRANS_IDLE) {
        conn->why = "was left inside of a transaction";
        return NGX_ERROR;
    }

    amzsync_pg_pool_wakeup(conn->pool);

    return NGX_OK;
}


static void
amzsync_pg_pipe_settle(amzsync_pg_conn_t *conn, amzsync_pg_query_t *query)
{
    if (query == conn->check) {
        if (!amzsync_pg_pipe_ok(query)) {
            amzsync_pg_log_error(conn, query, query->result);
        }

        amzsync_pg_conn_checked(conn, query);
        return;
    }

    if (amzsync_pg_pipe_ok(query)) {
        conn->failures = 0;
        amzsync_pg_pool_done(query, AMZSYNC_PG_OK);
        return;
    }

    /* a neighbour's error: next time this one has no neighbours */

    if (PQresultStatus(query->result) == PGRES_PIPELINE_ABORTED
        && conn->class == AMZSYNC_PG_READ)
    {
        query->alone = 1;
        amzsync_pg_pool_again(query);
        return;
    }

    amzsync_pg_pipe_refused(conn, query);
}


static void
amzsync_pg_pipe_refused(amzsync_pg_conn_t *conn, amzsync_pg_query_t *query)
{
    const char  *sqlstate;

    amzsync_pg_log_error(conn, query, query->result);

    sqlstate = PQresultErrorField(query->result, PG_DIAG_SQLSTATE);

    if (sqlstate != NULL) {
        (void) ngx_cpystrn((u_char *) query->sqlstate, (u_char *) sqlstate,
                           sizeof(query->sqlstate));
    }

    if (!amzsync_pg_pipe_stale(conn, query)) {
        conn->failures = 0;

    } else if (conn->class != AMZSYNC_PG_WORK
               && query->tries < AMZSYNC_PG_TRIES_MAX)
    {
        /* work keeps its order, so its owner has to decide */
        query->tries++;
        amzsync_pg_pool_again(query);
        return;
    }

    amzsync_pg_pool_done(query, AMZSYNC_PG_ERROR);
}


/* The fault is the connection's: another one may do better. */

static ngx_uint_t
amzsync_pg_pipe_stale(amzsync_pg_conn_t *conn, amzsync_pg_query_t *query)
{
    if (ngx_strcmp(query->sqlstate, "25006") == 0) {
        conn->why = "is read-only";
        conn->elsewhere = 1;

    } else if (query->reused
               && (ngx_strcmp(query->sqlstate, "26000") == 0
                   || ngx_strcmp(query->sqlstate, "0A000") == 0))
    {
        /* deallocated by somebody, or the shape of its tables has changed */
        conn->why = "has a stale statement";

    } else {
        return 0;
    }

    conn->retiring = 1;

    return 1;
}


/*
 * The connection is gone.  From the last to the first, so that what is taken
 * back keeps its order.  Only the statement that was being executed may be the
 * cause, and must not be tried for ever.
 */

void
amzsync_pg_pipe_lost(amzsync_pg_conn_t *conn)
{
    ngx_queue_t         *q;
    amzsync_pg_query_t  *query;

    if (conn->current != NULL) {
        conn->current->tries++;
    }

    while (!ngx_queue_empty(&conn->sent)) {
        q = ngx_queue_last(&conn->sent);
        query = ngx_queue_data(q, amzsync_pg_query_t, queue);

        amzsync_pg_pipe_take(conn, query);

        if (query == conn->check) {
            conn->check = NULL;
            amzsync_pg_query_free(query);

        } else if (amzsync_pg_pipe_known(conn, query)) {
            amzsync_pg_pipe_settle(conn, query);

        } else if (conn->class == AMZSYNC_PG_READ) {
            amzsync_pg_pool_again(query);

        } else {
            amzsync_pg_pool_done(query, AMZSYNC_PG_LOST);
        }
    }
}


/* Whether a query's end is certain without its Sync. */

static ngx_uint_t
amzsync_pg_pipe_known(amzsync_pg_conn_t *conn, amzsync_pg_query_t *query)
{
    if (query->result == NULL) {
        return 0;
    }

    if (amzsync_pg_pipe_ok(query)) {
        return query->answered && conn->class == AMZSYNC_PG_READ;
    }

    return 1;
}


static void
amzsync_pg_pipe_take(amzsync_pg_conn_t *conn, amzsync_pg_query_t *query)
{
    ngx_queue_remove(&query->queue);
    conn->nsent--;
    conn->current = NULL;

    query->conn = NULL;
}


static ngx_uint_t
amzsync_pg_pipe_ok(amzsync_pg_query_t *query)
{
    ExecStatusType  status;

    status = PQresultStatus(query->result);

    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}


/*
 * An error of the connection, not of the statement that it was reported to:
 * either the server says so, or libpq made the result itself.
 */

static ngx_uint_t
amzsync_pg_pipe_fatal(amzsync_pg_conn_t *conn, PGresult *result)
{
    const char  *severity, *message;

    if (PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL) {
        message = PQresultErrorMessage(result);

        if (conn->why == NULL) {
            conn->why = amzsync_pg_log_text(conn->text, message);
        }

        return 1;
    }

    severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity != NULL && ngx_strcmp(severity, "ERROR") == 0) {
        return 0;
    }

    message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    conn->why = amzsync_pg_log_text(conn->text, message ? message : "FATAL");

    return 1;
}
