
/*
 * A window of a dataset whose rows come in reports: what an answer of Amazon's
 * means for it, and what becomes of it if one is missing.
 */


#include <sync/amzsync_sync_private.h>


static void amzsync_sync_report_found(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call);
static void amzsync_sync_report_listed(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call);
static void amzsync_sync_report_known(amzsync_sync_set_t *set,
    const char *report_id);
static void amzsync_sync_report_polled(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call);
static void amzsync_sync_report_fatal(amzsync_sync_set_t *set);
static void amzsync_sync_report_overdue(amzsync_sync_set_t *set);
static void amzsync_sync_report_fetched(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call);
static void amzsync_sync_report_read(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call);
static void amzsync_sync_report_commit(amzsync_sync_set_t *set,
    amzsync_rows_t *rows, const char *fmt, ...);
static ngx_uint_t amzsync_sync_report_alone(amzsync_report_step_e step,
    const char *code);
static void amzsync_sync_report_message(amzsync_sync_set_t *set,
    const char *text);


void
amzsync_sync_report_done(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call)
{
    /* to find none does not mean that one can be made */

    if (call->step != AMZSYNC_REPORT_FIND) {
        set->failures = 0;
    }

    set->refreshed = 0;

    switch (call->step) {

    case AMZSYNC_REPORT_FIND:
        amzsync_sync_report_found(set, call);
        return;

    case AMZSYNC_REPORT_LIST:
        amzsync_sync_report_listed(set, call);
        return;

    case AMZSYNC_REPORT_CREATE:
        amzsync_sync_report_known(set, call->report_id);
        return;

    case AMZSYNC_REPORT_POLL:
        amzsync_sync_report_polled(set, call);
        return;

    case AMZSYNC_REPORT_READ:
        amzsync_sync_report_read(set, call);
        return;

    default: /* FETCH; REASON never goes well */
        amzsync_sync_report_fetched(set, call);
        return;
    }
}


/*
 * Nothing that may be taken instead of a report that Amazon has cancelled:
 * there are no data, it seems; the next sync asks once more.  Rows that were
 * there before stay.
 */

static void
amzsync_sync_report_found(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call)
{
    amzsync_error_t         error;
    amzsync_sync_report_t  *report;

    report = set->report;

    report->listed = 1;
    report->uncertain = 0;

    if (call->report_id[0] && call->report_to < set->window_to
        && set->window_to != amzsync_sync_unit(set)->newest)
    {
        /* to take it would leave a gap that looks as if it were read */

        amzsync_error_set(&error, "report_too_soon",
                          amzsync_sync_text("Amazon has made this report a "
                                            "short time ago, and does not yet "
                                            "make it again; the next sync asks "
                                            "for it."), NULL);
        amzsync_sync_fetch_fail(set, &error);
        return;
    }

    if (call->report_id[0]) {
        amzsync_sync_log_set(NGX_LOG_INFO, set, "report %s is taken",
                             call->report_id);

        report->cancelled = 0;
        set->window_to = call->report_to;

        amzsync_sync_report_known(set, call->report_id);
        return;
    }

    if (report->cancelled) {
        amzsync_sync_log_set(NGX_LOG_NOTICE, set, "report %s was cancelled",
                             report->report_id);

        amzsync_sync_commit_report(set, NULL, NULL, "cancelled");
        return;
    }

    amzsync_sync_set_next(set);
}


/* A page of the listing; after the last one it is known which comes next. */

static void
amzsync_sync_report_listed(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call)
{
    amzsync_sync_report_t  *report;

    report = set->report;

    free(report->list_token);

    report->best = call->best;
    report->list_token = call->list_token;
    call->list_token = NULL;

    if (report->list_token) {

        if (!amzsync_sync_commit_loop(set, report->list_token)) {
            amzsync_sync_set_next(set);
        }

        return;
    }

    if (report->best.id[0] == '\0') {

        /* no load: the whole unit has been read */

        report->report_id[0] = '\0';
        report->message[0] = '\0';

        set->window_from = amzsync_sync_unit(set)->from;
        set->window_to = amzsync_sync_unit(set)->to;

        amzsync_sync_commit_report(set, NULL, NULL, "done");
        return;
    }

    report->created = report->best.created;

    set->window_from = (report->best.from != AMZSYNC_TIME_BAD)
                       ? report->best.from : report->best.created;
    set->window_to = ngx_max(report->best.to, set->window_from + 1000);

    amzsync_sync_report_known(set, report->best.id);
}


static void
amzsync_sync_report_known(amzsync_sync_set_t *set, const char *report_id)
{
    amzsync_text_copy(set->report->report_id, AMZSYNC_REPORT_ID_MAX,
                      report_id, ngx_strlen(report_id));

    amzsync_sync_report_message(set, "Waiting for Amazon's report");
    amzsync_sync_report_commit(set, NULL, "r %ld %s",
                               (long) set->report->created, report_id);
}


static void
amzsync_sync_report_polled(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call)
{
    amzsync_sync_report_t  *report;

    report = set->report;

    ngx_memcpy(report->document_id, call->document_id,
               sizeof(report->document_id));

    switch (call->status) {

    case AMZSYNC_REPORT_WAITING:

        if (report->polls == AMZSYNC_SYNC_POLLS) {
            amzsync_sync_report_overdue(set);
            return;
        }

        report->document_id[0] = '\0';
        report->wait = set->job->sync->conf->report_poll
                       << ngx_min(report->polls, 3);
        report->polls++;

        /* a step that changes nothing: the sync is alive, and calls nobody */

        amzsync_sync_report_commit(set, NULL, "%s", set->next_token);
        return;

    case AMZSYNC_REPORT_CANCELLED:

        if (amzsync_sync_instead_failed(set, NULL)) {
            return;
        }

        report->document_id[0] = '\0';
        report->cancelled = 1;
        break;

    case AMZSYNC_REPORT_FATAL:

        if (report->document_id[0] == '\0') {
            amzsync_sync_report_fatal(set);
            return;
        }

        report->fatal = 1;
        break;

    case AMZSYNC_REPORT_DONE:
        break;
    }

    amzsync_sync_set_next(set);
}


static void
amzsync_sync_report_fatal(amzsync_sync_set_t *set)
{
    amzsync_error_t  error;

    amzsync_error_set(&error, "report_failed",
                      amzsync_sync_text(AMZSYNC_REPORT_UNTOLD), NULL);
    amzsync_sync_fetch_fail(set, &error);
}


static void
amzsync_sync_report_overdue(amzsync_sync_set_t *set)
{
    amzsync_error_t  error;

    amzsync_error_set(&error, "report_overdue",
                      amzsync_sync_text("Amazon has not made the report in "
                                        "hours; the next sync asks for it."),
                      NULL);
    amzsync_sync_fetch_fail(set, &error);
}


static void
amzsync_sync_report_fetched(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call)
{
    amzsync_sync_report_t  *report;

    report = set->report;

    report->spool = call->spool;
    call->spool = NULL;

    if (report->offset > report->spool->size) {

        /* not the document that rows were stored of */

        amzsync_sync_commit_restart(set);
        return;
    }

    amzsync_sync_set_next(set);
}


static void
amzsync_sync_report_read(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call)
{
    amzsync_rows_t         *rows;
    amzsync_sync_report_t  *report;

    report = set->report;

    rows = call->rows;
    call->rows = NULL;

    report->offset = call->offset;
    report->lines = call->lines;
    report->message[0] = '\0';

    if (call->last && !set->source->report->listed) {
        amzsync_sync_commit_report(set, rows, NULL, "done");
        return;
    }

    amzsync_sync_report_commit(set, rows, "%c %ld %s %ld %ld",
                               call->last ? 'n' : 's', (long) report->created,
                               report->report_id, (long) call->offset,
                               (long) call->lines);
}


/* A step to another checkpoint of this report. */

static void
amzsync_sync_report_commit(amzsync_sync_set_t *set, amzsync_rows_t *rows,
    const char *fmt, ...)
{
    int      n;
    char    *place;
    va_list  args;

    place = ngx_alloc(AMZSYNC_REPORT_ID_MAX + 3 * NGX_INT64_LEN + 8,
                      set->job->sync->log);
    if (place == NULL) {
        amzsync_rows_free(rows);
        amzsync_sync_set_again(set, amzsync_sync_set_next);
        return;
    }

    va_start(args, fmt);
    n = vsprintf(place, fmt, args);
    va_end(args);

    place[n] = '\0';

    amzsync_sync_commit_report(set, rows, place,
                               place[0] == 'n' ? "done" : "loading");
}


static void
amzsync_sync_report_message(amzsync_sync_set_t *set, const char *text)
{
    (void) snprintf(set->report->message, sizeof(set->report->message),
                    "%s: %s", text, set->dataset->name);
}


/*
 * A report or document that Amazon no longer knows is asked for anew; one that
 * may have been made although no answer came is looked for.
 */

ngx_int_t
amzsync_sync_report_failed(amzsync_sync_set_t *set,
    amzsync_spapi_outcome_t *outcome)
{
    amzsync_sync_report_t  *report;

    report = set->report;

    switch (outcome->verdict) {

    case AMZSYNC_SPAPI_RETRY:

        if (report->step == AMZSYNC_REPORT_CREATE) {
            report->uncertain = 1;
            report->listed = 0;
        }

        return NGX_DECLINED;

    case AMZSYNC_SPAPI_INVALID:
    case AMZSYNC_SPAPI_FAILED:

        if (outcome->status == 413) {

            /* half a window would end where no other sync begins one */

            amzsync_sync_fetch_fail(set, &outcome->error);
            return NGX_OK;
        }

        if (outcome->status != 400 && outcome->status != 404) {
            return NGX_DECLINED;
        }

        if (report->step == AMZSYNC_REPORT_LIST
            && set->restarts < set->job->sync->conf->retries)
        {
            /* the token of its page has expired */

            set->restarts++;
            ngx_memzero(&report->best, sizeof(amzsync_report_best_t));

            free(report->list_token);
            report->list_token = NULL;

            amzsync_sync_set_later(set, set->job->sync->conf->retry_delay,
                                   amzsync_sync_set_next);
            return NGX_OK;
        }

        if (report->report_id[0]
            && report->step != AMZSYNC_REPORT_FIND
            && set->restarts < set->job->sync->conf->retries)
        {
            set->restarts++;
            amzsync_sync_commit_restart(set);

        } else {
            amzsync_sync_fetch_fail(set, &outcome->error);
        }

        return NGX_OK;

    case AMZSYNC_SPAPI_TOO_LARGE:
        amzsync_sync_fetch_fail(set, &outcome->error);
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}


/*
 * What goes wrong with one window or document may go well with the next one,
 * which must not wait until somebody has mended it.  All the rest is not of the
 * window: rights, quotas, Amazon's or the disk's bad days.
 */

ngx_uint_t
amzsync_sync_report_skip(amzsync_sync_set_t *set, const amzsync_error_t *error)
{
    char  *place;

    if (set->report == NULL || set->source->report == NULL
        || !amzsync_sync_report_alone(set->report->step, error->code))
    {
        return 0;
    }

    if (!set->source->report->listed) {
        amzsync_sync_commit_failed(set, NULL, error);
        return 1;
    }

    place = amzsync_sync_report_place_at(set, set->report->created);

    if (place == NULL) {
        return 0;
    }

    amzsync_sync_commit_failed(set, place, error);

    return 1;
}


static ngx_uint_t
amzsync_sync_report_alone(amzsync_report_step_e step, const char *code)
{
    ngx_uint_t  i;

    static const char *const  codes[] = {
        "report_failed", "report_overdue", "report_too_soon",
        "report_too_large", "malformed_report", "malformed_document",
        "unknown_charset", "document_refused", "document_expired"
    };

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (ngx_strcmp(codes[i], code) == 0) {
            return 1;
        }
    }

    switch (step) {

    case AMZSYNC_REPORT_FIND:
    case AMZSYNC_REPORT_LIST:
        return 0;

    case AMZSYNC_REPORT_CREATE:
        return ngx_strcmp(code, "invalid_input") == 0;

    case AMZSYNC_REPORT_FETCH:
    case AMZSYNC_REPORT_REASON:

        /* a document that never comes whole */

        if (ngx_strcmp(code, "malformed_answer") == 0
            || ngx_strcmp(code, "amazon_timeout") == 0)
        {
            return 1;
        }

        break;

    default:
        break;
    }

    return ngx_strcmp(code, "invalid_input") == 0
           || ngx_strcmp(code, "amazon_refused") == 0;
}
