
/*
 * A window of a dataset whose rows come in reports: a chain of small steps.
 *
 *   purge    what earlier loads have left behind
 *   find     a report that may be taken, if there may be one
 *   create   one; its id is stored before anything else
 *   poll     until it is done
 *   fetch    its document, into a file of this worker
 *   read     some rows of it, which are a page; until there are no more
 *
 * The checkpoint, next_token, is "r CREATED ID" once the report has an id, "s
 * CREATED ID OFFSET LINES" once some of its rows are stored, and "p" when all
 * windows are read; whoever takes the sync up later fetches the document again,
 * and goes on behind the rows that are stored.
 *
 * Reports that Amazon makes by itself are not asked for, but listed, and read
 * one after the other by when they were created, which is 0 for others; "n
 * CREATED ID" between two of them.
 */


#include <sync/amzsync_sync_private.h>


static ngx_int_t amzsync_sync_report_init(amzsync_sync_set_t *set);
static ngx_uint_t amzsync_sync_report_place(amzsync_sync_set_t *set);
static void amzsync_sync_report_ask(amzsync_sync_set_t *set);
static void amzsync_sync_report_list(amzsync_sync_set_t *set);
static void amzsync_sync_report_purge(amzsync_sync_set_t *set);
static void amzsync_sync_report_purged(amzsync_store_call_t *call);
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
static void amzsync_sync_report_pass(amzsync_sync_set_t *set);
static char *amzsync_sync_report_place_at(amzsync_sync_set_t *set,
    int64_t created);
static ngx_uint_t amzsync_sync_report_alone(amzsync_report_step_e step,
    const char *code);
static void amzsync_sync_report_message(amzsync_sync_set_t *set,
    const char *text);


void
amzsync_sync_report_next(amzsync_sync_set_t *set)
{
    ngx_msec_t              wait;
    amzsync_operation_e     operation;
    amzsync_sync_report_t  *report;

    if (amzsync_sync_report_init(set) != NGX_OK) {
        amzsync_sync_set_again(set, amzsync_sync_set_next);
        return;
    }

    report = set->report;

    if (report->wait) {
        wait = report->wait;
        report->wait = 0;

        amzsync_sync_set_later(set, wait, amzsync_sync_set_next);
        return;
    }

    if (!amzsync_sync_report_place(set)) {
        amzsync_sync_report_ask(set);
        return;
    }

    if (report->known) {
        amzsync_sync_report_pass(set);
        return;
    }

    if (report->spool) {

        /* no call to Amazon: no slot of a quota */

        report->step = AMZSYNC_REPORT_READ;
        amzsync_sync_fetch(set);
        return;
    }

    if (report->cancelled) {
        report->step = AMZSYNC_REPORT_FIND;
        operation = AMZSYNC_GET_REPORTS;

    } else if (report->document_id[0]) {
        report->step = report->fatal ? AMZSYNC_REPORT_REASON
                                     : AMZSYNC_REPORT_FETCH;
        operation = AMZSYNC_GET_REPORT_DOCUMENT;

    } else {
        report->step = AMZSYNC_REPORT_POLL;
        operation = AMZSYNC_GET_REPORT;
    }

    amzsync_sync_set_quota(set, operation);
}


static ngx_int_t
amzsync_sync_report_init(amzsync_sync_set_t *set)
{
    if (set->report) {
        return NGX_OK;
    }

    set->report = ngx_calloc(sizeof(amzsync_sync_report_t),
                             set->job->sync->log);
    if (set->report == NULL) {
        return NGX_ERROR;
    }

    /* an earlier worker may have died between its call and its commit */

    set->report->uncertain = (set->page > 0 || set->job->stolen);

    return NGX_OK;
}


/* Reads the checkpoint.  0: there is no report now; report_id is then that of
 * the one before, if they are listed. */

static ngx_uint_t
amzsync_sync_report_place(amzsync_sync_set_t *set)
{
    char                    kind;
    long                    created, offset, lines;
    amzsync_sync_report_t  *report;

    report = set->report;

    kind = '\0';
    created = 0;
    offset = 0;
    lines = 0;

    report->report_id[0] = '\0';

    if (set->next_token) {
        (void) sscanf(set->next_token, "%c %ld %127s %ld %ld", &kind,
                      &created, report->report_id, &offset, &lines);
    }

    report->created = created;
    report->offset = offset;
    report->lines = lines;

    return kind == 'r' || kind == 's';
}


static void
amzsync_sync_report_ask(amzsync_sync_set_t *set)
{
    amzsync_sync_report_t  *report;

    report = set->report;

    if (!report->purged && set->source == set->dataset) {
        amzsync_sync_report_purge(set);
        return;
    }

    if (set->next_token && set->next_token[0] == 'p') {
        report->message[0] = '\0';
        amzsync_sync_commit_completed(set);
        return;
    }

    if (set->source->report->listed) {
        amzsync_sync_report_list(set);
        return;
    }

    /* only the newest window can have a report that is fresh */

    if (!report->listed
        && (report->uncertain
            || (set->window_to == amzsync_sync_unit(set)->newest
                && set->source->report->cooldown)))
    {
        report->step = AMZSYNC_REPORT_FIND;
        amzsync_sync_set_quota(set, AMZSYNC_GET_REPORTS);
        return;
    }

    report->step = AMZSYNC_REPORT_CREATE;
    amzsync_sync_set_quota(set, AMZSYNC_CREATE_REPORT);
}


static void
amzsync_sync_report_list(amzsync_sync_set_t *set)
{
    set->report->step = AMZSYNC_REPORT_LIST;

    amzsync_sync_set_quota(set, AMZSYNC_GET_REPORTS);
}


static void
amzsync_sync_report_purge(amzsync_sync_set_t *set)
{
    set->call = amzsync_store_purge(set->job->sync->store, &set->job->lease,
                                    set->dataset, AMZSYNC_SYNC_PURGE,
                                    amzsync_sync_report_purged, set);
    if (set->call == NULL) {
        amzsync_sync_set_again(set, amzsync_sync_set_next);
    }
}


static void
amzsync_sync_report_purged(amzsync_store_call_t *call)
{
    amzsync_sync_set_t  *set;

    set = call->data;

    if (call->status == AMZSYNC_STORE_FAILED) {

        /* it can wait for the next sync, what is to be read cannot */

        set->call = NULL;
        set->report->purged = 1;

        amzsync_sync_set_next(set);
        return;
    }

    if (!amzsync_sync_set_done(set, call)) {
        return;
    }

    set->report->purged = !amzsync_store_purge_more(call);

    amzsync_sync_set_next(set);
}


ngx_int_t
amzsync_sync_report_call(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call)
{
    amzsync_sync_t         *sync;
    amzsync_sync_token_t   *token;
    amzsync_sync_report_t  *report;

    sync = set->job->sync;
    token = set->job->token;
    report = set->report;

    call->conf = &sync->conf->spapi;
    call->dataset = set->source;
    call->region = set->job->region;
    call->step = report->step;
    call->from = set->window_from;
    call->to = set->window_to;
    call->planned = amzsync_sync_unit(set)->newest;

    /* the newest window ends now, and did so a moment ago; a report that was
     * cancelled, because there is one that Amazon would not tell from it */

    if (set->window_to == call->planned || report->cancelled) {
        call->slack = (int64_t) set->source->report->cooldown * 1000;
    }

    ngx_memcpy(call->report_id, report->report_id, sizeof(call->report_id));
    ngx_memcpy(call->document_id, report->document_id,
               sizeof(call->document_id));

    if (report->step == AMZSYNC_REPORT_READ) {
        call->offset = report->offset;
        call->lines = report->lines;
        call->max_rows = AMZSYNC_SYNC_SLICE;
        call->spool = report->spool;
        call->spool->refs++;

        return NGX_OK;
    }

    amzsync_text_copy(call->access_token, sizeof(call->access_token),
                      token->access_token, token->access_len);

    call->curl = amzsync_sync_curl_get(sync);
    call->marketplaces = strdup(amzsync_sync_unit(set)->marketplaces);

    if (report->step == AMZSYNC_REPORT_LIST) {
        call->from = ngx_max(amzsync_sync_unit(set)->from, report->created);
        call->created = report->created;
        call->best = report->best;

        if (report->list_token) {

            /* a copy: a page that does not come is asked for again */

            call->list_token = strdup(report->list_token);

        } else {
            set->loop_limit = 0;
        }
    }

    if (call->curl == NULL || call->marketplaces == NULL
        || (report->list_token && call->list_token == NULL))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


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


/* To the report behind one that was stored by another sync. */

static void
amzsync_sync_report_pass(amzsync_sync_set_t *set)
{
    char  *place;

    place = amzsync_sync_report_place_at(set, set->report->created);

    if (place == NULL) {
        amzsync_sync_set_again(set, amzsync_sync_set_next);
        return;
    }

    set->report->message[0] = '\0';

    amzsync_sync_commit_report(set, NULL, place, NULL);
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


/* Whether a load of the window is, or may be, under way: not between two, nor
 * behind the last one. */

ngx_uint_t
amzsync_sync_report_loading(amzsync_sync_set_t *set)
{
    return set->next_token == NULL
           || set->next_token[0] == 'r' || set->next_token[0] == 's';
}


/* Of reports that are listed the one that was begun is taken again, and none
 * before it; of others the window begins anew.  NULL: so, too. */

char *
amzsync_sync_report_again(amzsync_sync_set_t *set)
{
    if (!set->source->report->listed || set->report->created == 0) {
        return NULL;
    }

    return amzsync_sync_report_place_at(set, set->report->created - 1);
}


/* The checkpoint between two reports that are listed. */

static char *
amzsync_sync_report_place_at(amzsync_sync_set_t *set, int64_t created)
{
    char  *place;

    place = ngx_alloc(AMZSYNC_REPORT_ID_MAX + NGX_INT64_LEN + 8,
                      set->job->sync->log);

    if (place) {
        (void) sprintf(place, "n %ld %s", (long) created,
                       set->report->report_id);
    }

    return place;
}


/* What the last loads have replaced is deleted before the dataset ends. */

void
amzsync_sync_report_last(amzsync_sync_set_t *set)
{
    set->step.next_token = ngx_alloc(sizeof("p"), set->job->sync->log);

    if (set->step.next_token == NULL) {
        set->step_status = set->spoilt ? AMZSYNC_SYNC_FAILED
                                       : AMZSYNC_SYNC_COMPLETED;
        return;
    }

    ngx_memcpy((char *) set->step.next_token, "p", sizeof("p"));
}


double
amzsync_sync_report_part(amzsync_sync_set_t *set)
{
    amzsync_sync_report_t  *report;

    report = set->report;

    if (report->spool && report->spool->size) {
        return 0.3 + 0.7 * report->offset / report->spool->size;
    }

    return report->polls ? 0.2 : 0.1;
}


void
amzsync_sync_report_reset(amzsync_sync_set_t *set)
{
    amzsync_sync_report_t  *report;

    report = set->report;

    amzsync_sync_spool_close(set->job->sync, report->spool);
    free(report->list_token);

    ngx_memzero(report, sizeof(amzsync_sync_report_t));
}


void
amzsync_sync_report_free(amzsync_sync_set_t *set)
{
    amzsync_sync_spool_close(set->job->sync, set->report->spool);
    free(set->report->list_token);
    ngx_free(set->report);
}
