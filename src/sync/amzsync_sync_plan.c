
/*
 * The plan of a set: its units, and their windows.
 */


#include <sync/amzsync_sync_private.h>


static ngx_uint_t amzsync_sync_plan_wait(amzsync_sync_set_t *set);
static amzsync_sync_set_t *amzsync_sync_plan_teller(amzsync_sync_set_t *set);
static void amzsync_sync_planned(amzsync_store_call_t *call);
static ngx_int_t amzsync_sync_plan_units(amzsync_sync_set_t *set,
    amzsync_store_call_t *call);
static void amzsync_sync_plan_begin(amzsync_sync_set_t *set);
static void amzsync_sync_plan_none(amzsync_sync_set_t *set);
static void amzsync_sync_plan_no_rows(amzsync_sync_set_t *set);


void
amzsync_sync_plan(amzsync_sync_set_t *set)
{
    time_t               history;
    amzsync_sync_job_t  *job;

    if (set->dataset->each && amzsync_sync_plan_wait(set)) {
        return;
    }

    job = set->job;
    history = set->dataset->history;

    if (history && job->sync->conf->backfill) {
        history = job->sync->conf->backfill;
    }

    set->call = amzsync_store_plan(job->sync->store, &job->lease,
                                   set->dataset, history, set->unit,
                                   amzsync_sync_planned, set);
    if (set->call == NULL) {
        amzsync_sync_set_again(set, amzsync_sync_set_next);
    }
}


static void
amzsync_sync_planned(amzsync_store_call_t *call)
{
    amzsync_sync_set_t    *set;
    amzsync_store_unit_t   row;

    set = call->data;

    if (!amzsync_sync_set_done(set, call)) {
        return;
    }

    amzsync_store_plan_row(call, 0, &row);

    if (row.range_from == AMZSYNC_TIME_BAD) {
        amzsync_sync_plan_none(set);
        return;
    }

    if (amzsync_sync_plan_units(set, call) != NGX_OK) {
        amzsync_sync_set_again(set, amzsync_sync_set_next);
        return;
    }

    amzsync_sync_plan_begin(set);
}


static ngx_int_t
amzsync_sync_plan_units(amzsync_sync_set_t *set, amzsync_store_call_t *call)
{
    size_t                size;
    char                 *p;
    ngx_uint_t            i;
    amzsync_sync_unit_t  *unit;
    amzsync_store_unit_t  row;

    size = 0;

    for (i = 0; i < call->nrows; i++) {
        amzsync_store_plan_row(call, i, &row);
        size += sizeof(amzsync_sync_unit_t) + row.marketplaces.len + 1
                + row.parent_id.len + 1;
    }

    unit = ngx_alloc(size, set->job->sync->log);
    if (unit == NULL) {
        return NGX_ERROR;
    }

    set->units = unit;
    set->first = set->unit;
    set->end = set->unit + call->nrows;
    set->nunits = row.units;
    set->expected_pages = row.expected_pages;

    p = (char *) (unit + call->nrows);

    for (i = 0; i < call->nrows; i++, unit++) {
        amzsync_store_plan_row(call, i, &row);

        unit->from = row.range_from;
        unit->to = row.range_to;
        unit->calls_to = row.calls_to;
        unit->newest = row.newest;
        unit->read_to = row.read_to;
        unit->by_report = row.by_report;
        unit->decided = row.decided;
        unit->marketplaces = p;

        p = (char *) ngx_cpymem(p, row.marketplaces.data,
                                row.marketplaces.len);
        *p++ = '\0';

        unit->parent_id = p;

        p = (char *) ngx_cpymem(p, row.parent_id.data, row.parent_id.len);
        *p++ = '\0';
    }

    return NGX_OK;
}


/* From the checkpoint, or from the first window of the unit. */

static void
amzsync_sync_plan_begin(amzsync_sync_set_t *set)
{
    if (set->window_from == AMZSYNC_TIME_BAD) {
        set->window_from = set->units[0].from;
        set->window_to = amzsync_sync_plan_window(set, set->units,
                                                  set->window_from);
    }

    amzsync_sync_plan_source(set);

    if (set->next_token && set->source->token_ttl) {

        /* It died with the worker that got it, or soon after. */

        amzsync_sync_commit_restart(set);
        return;
    }

    amzsync_sync_set_next(set);
}


/* Whether a dataset of the job comes yet that tells what there is to read. */

static ngx_uint_t
amzsync_sync_plan_wait(amzsync_sync_set_t *set)
{
    amzsync_sync_set_t  *teller;

    teller = amzsync_sync_plan_teller(set);

    if (teller && teller->status <= AMZSYNC_SYNC_IN_PROGRESS) {
        set->plan_waiting = 1;
        return 1;
    }

    return 0;
}


/* That dataset, or NULL: the job has none. */

static amzsync_sync_set_t *
amzsync_sync_plan_teller(amzsync_sync_set_t *set)
{
    ngx_uint_t             i, tells;
    amzsync_sync_job_t    *job;
    amzsync_sync_set_t    *other;
    const amzsync_each_t  *each;

    job = set->job;
    each = set->dataset->each;

    for (i = 0; i < job->nsets; i++) {
        other = &job->sets[i];

        tells = each ? ngx_strcmp(other->dataset->name, each->dataset) == 0
                     : (other->dataset->flags & AMZSYNC_DATASET_MARKETS);

        if (tells) {
            return other;
        }
    }

    return NULL;
}


/* Nothing is to be read, or no marketplace is known. */

static void
amzsync_sync_plan_none(amzsync_sync_set_t *set)
{
    amzsync_error_t  error;

    if (set->dataset->each) {
        amzsync_sync_plan_no_rows(set);
        return;
    }

    if (amzsync_sync_plan_wait(set)) {
        return;
    }

    amzsync_error_set(&error, "marketplaces_unknown",
                      amzsync_sync_text("The seller's marketplaces are not "
                                        "known. Name them in marketplaceIds, "
                                        "or sync the dataset marketplaces."),
                      NULL);
    amzsync_sync_set_fail(set, &error);
}


/* Whether there are any is known only if the dataset that tells has not
 * failed; after a crash its error is in the database only. */

static void
amzsync_sync_plan_no_rows(amzsync_sync_set_t *set)
{
    amzsync_sync_set_t  *teller;

    static const amzsync_error_t  unknown = {
        "dataset_failed", "What there is to read is told by another dataset, "
        "which has failed.", ""
    };

    teller = amzsync_sync_plan_teller(set);

    if (teller == NULL || teller->status != AMZSYNC_SYNC_FAILED) {
        amzsync_sync_commit_completed(set);
        return;
    }

    amzsync_sync_set_fail(set, teller->error ? teller->error : &unknown);
}


void
amzsync_sync_plan_wake(amzsync_sync_job_t *job)
{
    ngx_uint_t           i;
    amzsync_sync_set_t  *set;

    for (i = 0; i < job->nsets; i++) {
        set = &job->sets[i];

        if (set->plan_waiting) {
            set->plan_waiting = 0;
            amzsync_sync_set_later(set, 0, amzsync_sync_set_next);
        }
    }
}


int64_t
amzsync_sync_plan_window(amzsync_sync_set_t *set,
    const amzsync_sync_unit_t *unit, int64_t from)
{
    int64_t  to, span;

    to = unit->to;
    span = set->dataset->window;

    if (unit->by_report) {
        span = set->dataset->instead->window;

        if (from < unit->calls_to) {
            return ngx_min(to, unit->calls_to);
        }
    }

    span *= 1000;

    return (span && to - from > span) ? from + span : to;
}


void
amzsync_sync_plan_source(amzsync_sync_set_t *set)
{
    amzsync_sync_unit_t  *unit;

    unit = amzsync_sync_unit(set);

    set->source = set->dataset;

    if (unit->by_report && set->window_from >= unit->calls_to) {
        set->source = set->dataset->instead;
    }

    if (!unit->by_report) {
        set->why[0] = '\0';
    }

    if (set->report && set->source->report == NULL) {
        amzsync_sync_report_free(set);
        set->report = NULL;
    }
}
