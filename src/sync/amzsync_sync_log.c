
/*
 * Lines of the error log about a sync.  They all begin alike, and name the sync
 * by the id that its user knows:
 *
 *     amzsync: user "u1", sync sync_u1_1764000000000, orders: ...
 *
 * Errors go on with what they are about, then code, message, status and
 * Amazon's request id.  Secrets are not in them: see amzsync_spapi_http.h.
 */


#include <sync/amzsync_sync_private.h>


#define AMZSYNC_SYNC_LOG_MAX  1536


static void amzsync_sync_log_line(ngx_uint_t level, amzsync_sync_job_t *job,
    const char *dataset, u_char *text, u_char *last);
static u_char *amzsync_sync_log_failure(u_char *p, u_char *end,
    const amzsync_error_t *error, ngx_uint_t status);


void
amzsync_sync_log(ngx_uint_t level, amzsync_sync_job_t *job, const char *fmt,
    ...)
{
    u_char   *last;
    va_list   args;
    u_char    text[AMZSYNC_SYNC_LOG_MAX];

    va_start(args, fmt);
    last = ngx_vslprintf(text, text + sizeof(text), fmt, args);
    va_end(args);

    amzsync_sync_log_line(level, job, NULL, text, last);
}


void
amzsync_sync_log_set(ngx_uint_t level, amzsync_sync_set_t *set,
    const char *fmt, ...)
{
    u_char   *last;
    va_list   args;
    u_char    text[AMZSYNC_SYNC_LOG_MAX];

    va_start(args, fmt);
    last = ngx_vslprintf(text, text + sizeof(text), fmt, args);
    va_end(args);

    amzsync_sync_log_line(level, set->job, set->dataset->name, text, last);
}


void
amzsync_sync_log_set_error(ngx_uint_t level, amzsync_sync_set_t *set,
    const char *what, const amzsync_error_t *error, ngx_uint_t status)
{
    u_char  *p, *end;
    u_char   text[AMZSYNC_SYNC_LOG_MAX];

    end = text + sizeof(text);

    p = ngx_slprintf(text, end, "%s, page %L", what, set->page);
    p = amzsync_sync_log_failure(p, end, error, status);

    amzsync_sync_log_line(level, set->job, set->dataset->name, text, p);
}


void
amzsync_sync_log_error(ngx_uint_t level, amzsync_sync_job_t *job,
    const char *what, const amzsync_error_t *error, ngx_uint_t status)
{
    u_char  *p, *end;
    u_char   text[AMZSYNC_SYNC_LOG_MAX];

    end = text + sizeof(text);

    p = ngx_slprintf(text, end, "%s", what);
    p = amzsync_sync_log_failure(p, end, error, status);

    amzsync_sync_log_line(level, job, NULL, text, p);
}


static u_char *
amzsync_sync_log_failure(u_char *p, u_char *end, const amzsync_error_t *error,
    ngx_uint_t status)
{
    p = ngx_slprintf(p, end, ": %s: %s", error->code, error->message);

    if (status) {
        p = ngx_slprintf(p, end, ", status %ui", status);
    }

    return ngx_slprintf(p, end, ", request id \"%s\"", error->request_id);
}


static void
amzsync_sync_log_line(ngx_uint_t level, amzsync_sync_job_t *job,
    const char *dataset, u_char *text, u_char *last)
{
    u_char     *p;
    ngx_str_t   id;
    u_char      buf[AMZSYNC_SYNC_ID_MAX];

    /* What Amazon says is one line here, whatever it is there. */

    for (p = text; p < last; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }

    id.data = buf;
    id.len = amzsync_store_sync_id(buf, &job->lease.user, job->lease.no) - buf;

    ngx_log_error(level, job->sync->log, 0,
                  "amzsync: user \"%V\", sync %V%s%s: %*s",
                  &job->lease.user, &id, dataset ? ", " : "",
                  dataset ? dataset : "", (size_t) (last - text), text);
}
