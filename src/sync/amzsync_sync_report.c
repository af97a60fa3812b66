
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
static void amzsync_sync_report_pass(amzsync_sync_set_t *set);
static void amzsync_sync_report_purge(amzsync_sync_set_t *set);
static void amzsync_sync_report_purged(amzsync_store_call_t *call);


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


/* The checkpoint between two reports that are listed. */

char *
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
