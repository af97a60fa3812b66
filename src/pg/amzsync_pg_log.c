
/*
 * Messages of libpq and of the server, as lines of nginx's log.  Only primary
 * messages: details and contexts quote rows and parameters.
 */


#include <pg/amzsync_pg_private.h>


const char  *amzsync_pg_class_names[AMZSYNC_PG_CLASSES] = {
    "read",
    "write",
    "work"
};


const char *
amzsync_pg_log_text(u_char buf[AMZSYNC_PG_TEXT_MAX], const char *message)
{
    u_char      ch, *p, *last;
    ngx_uint_t  hint;

    hint = 0;
    p = buf;
    last = buf + AMZSYNC_PG_TEXT_MAX - 1;

    for ( /* void */ ; *message != '\0' && p < last; message++) {
        ch = (u_char) *message;

        /* libpq's advice to people at a terminal: lines that begin with TAB */

        if (ch == '\n') {
            hint = (message[1] == '\t');
        }

        if (hint) {
            continue;
        }

        if (ch > 0x20 && ch != 0x7f) {
            *p++ = ch;

        } else if (p > buf && p[-1] != ' ') {
            *p++ = ' ';
        }
    }

    if (p > buf && p[-1] == ' ') {
        p--;
    }

    *p = '\0';

    return (char *) buf;
}


static ngx_uint_t
amzsync_pg_log_level(const char *sqlstate)
{
    /* a row that was thought to be new: the statement is sent once more */

    if (ngx_strcmp(sqlstate, "23505") == 0) {
        return NGX_LOG_INFO;
    }

    /* conflicts with other sessions, and timeouts: these come and go */

    if (ngx_strncmp(sqlstate, "40", 2) == 0
        || ngx_strcmp(sqlstate, "55P03") == 0
        || ngx_strcmp(sqlstate, "57014") == 0)
    {
        return NGX_LOG_WARN;
    }

    /* out of resources, a failure of its system, an internal error */

    if (ngx_strncmp(sqlstate, "53", 2) == 0
        || ngx_strncmp(sqlstate, "58", 2) == 0
        || ngx_strncmp(sqlstate, "XX", 2) == 0)
    {
        return NGX_LOG_CRIT;
    }

    return NGX_LOG_ERR;
}


void
amzsync_pg_log_error(amzsync_pg_conn_t *conn, amzsync_pg_query_t *query,
    PGresult *result)
{
    u_char       buf[AMZSYNC_PG_TEXT_MAX];
    const char  *sqlstate, *message;

    sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (sqlstate == NULL) {
        sqlstate = "";
    }

    if (message == NULL) {
        message = PQresultErrorMessage(result);
    }

    ngx_log_error(amzsync_pg_log_level(sqlstate), conn->pool->log, 0,
                  "PostgreSQL refused \"%s\": %s (%s)", query->stmt->name,
                  amzsync_pg_log_text(buf, message), sqlstate);
}


void
amzsync_pg_log_notice(void *data, const PGresult *result)
{
    amzsync_pg_conn_t *conn = data;

    u_char       buf[AMZSYNC_PG_TEXT_MAX];
    const char  *severity, *message;

    severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    /* PgBouncer's own messages have only this one, never translated */

    if (severity == NULL) {
        severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
    }

    if (message == NULL) {
        message = PQresultErrorMessage(result);
    }

    /* an idle connection hears in this way that it is ended */

    if (severity != NULL && ngx_strcmp(severity, "FATAL") == 0) {
        conn->why = amzsync_pg_log_text(conn->text, message);
        return;
    }

    ngx_log_error(NGX_LOG_INFO, conn->pool->log, 0,
                  "PostgreSQL says on %s connection %ui: %s",
                  amzsync_pg_class_names[conn->class], conn->index,
                  amzsync_pg_log_text(buf, message));
}
