
/*
 * Committing: what a set has fetched, or decided, becomes the database's.
 *
 * A step is sent until it is known to be applied once, or until the lease is
 * known to be lost: whatever happens to connections meanwhile.
 */


#include <sync/amzsync_sync_private.h>
#include <base/amzsync_metrics.h>


static void amzsync_sync_commit_report_step(amzsync_sync_set_t *set,
    char *place, const char *state);
static void amzsync_sync_commit_load(amzsync_sync_set_t *set,
    const char *state);
static ngx_int_t amzsync_sync_commit_error(amzsync_sync_set_t *set,
    const amzsync_error_t *error);
static void amzsync_sync_commit_next_window(amzsync_sync_set_t *set);
static void amzsync_sync_commit_ready(amzsync_sync_set_t *set);
static void amzsync_sync_committed(amzsync_store_call_t *call);
static void amzsync_sync_commit_known(amzsync_sync_set_t *set,
    amzsync_store_call_t *call);
static void amzsync_sync_commit_check(amzsync_sync_set_t *set);
static void amzsync_sync_commit_checked(amzsync_store_call_t *call);
static void amzsync_sync_commit_fenced(amzsync_sync_set_t *set);
static void amzsync_sync_commit_refused(amzsync_sync_set_t *set);
static void amzsync_sync_commit_applied(amzsync_sync_set_t *set);
static void amzsync_sync_commit_stored(amzsync_sync_set_t *set);
static void amzsync_sync_commit_grow(amzsync_sync_set_t *set);
static void amzsync_sync_commit_begin(amzsync_sync_set_t *set);


static const char  *amzsync_sync_status_names[] = {
    "pending", "in_progress", "completed", "failed"
};


/*
 * The step stands at the set's checkpoint; what changes is set after this.  A
 * page that the database refused may still be there.
 */

static void
amzsync_sync_commit_begin(amzsync_sync_set_t *set)
{
    amzsync_store_page_t  *step;

    step = &set->step;

    amzsync_rows_free(step->rows);
    ngx_free((char *) step->next_token);

    ngx_memzero(step, sizeof(amzsync_store_page_t));

    step->dataset = set->source;
    step->page = set->page;
    step->unit = set->unit;
    step->window_page = set->window_page;
    step->window_from = set->window_from;
    step->window_to = set->window_to;

    step->marketplaces = set->units ? amzsync_sync_unit(set)->marketplaces
                                    : "";
    step->parent_id = set->units ? amzsync_sync_unit(set)->parent_id : "";
    step->covered_to = AMZSYNC_TIME_BAD;
    step->scan_page = set->page - set->window_page;
    step->range_from = set->units ? set->window_from : AMZSYNC_TIME_BAD;
    step->range_to = set->units ? set->window_to : AMZSYNC_TIME_BAD;

    set->step_status = AMZSYNC_SYNC_IN_PROGRESS;
}


void
amzsync_sync_commit_page(amzsync_sync_set_t *set, amzsync_spapi_page_t *call)
{
    size_t                 size;
    amzsync_store_page_t  *step;

    if (call->answer_token
        && amzsync_sync_commit_loop(set, call->answer_token))
    {
        return;
    }

    amzsync_sync_commit_begin(set);

    step = &set->step;

    if (call->answer_token) {

        /* A copy: what a thread allocated would keep the thread's heap. */

        size = ngx_strlen(call->answer_token) + 1;

        step->next_token = ngx_alloc(size, set->job->sync->log);
        if (step->next_token == NULL) {
            amzsync_sync_set_again(set, amzsync_sync_set_next);
            return;
        }

        ngx_memcpy((char *) step->next_token, call->answer_token, size);
    }

    step->rows = call->rows;
    call->rows = NULL;

    step->fresh = set->fresh;
    step->window_page++;

    if (step->next_token == NULL) {
        amzsync_sync_commit_next_window(set);
    }

    amzsync_sync_commit_ready(set);
}


ngx_uint_t
amzsync_sync_commit_loop(amzsync_sync_set_t *set, const char *token)
{
    amzsync_error_t  error;

    if (amzsync_sync_progress_token(set, token) == NGX_OK) {
        return 0;
    }

    amzsync_error_set(&error, "token_loop",
                      amzsync_sync_text("Amazon answered the same page token "
                                        "again."), NULL);
    amzsync_sync_set_fail(set, &error);

    return 1;
}


void
amzsync_sync_commit_report(amzsync_sync_set_t *set, amzsync_rows_t *rows,
    char *place, const char *state)
{
    amzsync_sync_commit_begin(set);

    set->step.rows = rows;

    amzsync_sync_commit_report_step(set, place, state);
}


void
amzsync_sync_commit_failed(amzsync_sync_set_t *set, char *place,
    const amzsync_error_t *error)
{
    amzsync_sync_log_set_error(NGX_LOG_ERR, set, "a window failed", error, 0);

    if (!set->spoilt && amzsync_sync_commit_error(set, error) != NGX_OK) {
        ngx_free(place);
        return;
    }

    amzsync_sync_commit_begin(set);

    /* the first one is told */

    if (!set->spoilt) {
        set->spoilt = 1;
        set->step.error = set->error;
    }

    set->failures = 0;
    set->restarts = 0;
    set->refreshed = 0;

    amzsync_sync_commit_report_step(set, place, "failed");
}


static void
amzsync_sync_commit_report_step(amzsync_sync_set_t *set, char *place,
    const char *state)
{
    amzsync_store_page_t  *step;

    step = &set->step;

    step->next_token = place;
    step->window_page++;

    if (state) {
        amzsync_sync_commit_load(set, state);
    }

    if (place && place[0] == 'n') {

        /* the next report is another load */

        step->window_page = 0;
        step->window_from = step->window_to;
    }

    if (place == NULL) {
        amzsync_sync_commit_next_window(set);
    }

    amzsync_sync_commit_ready(set);
}


/* What the step makes of the load of its window. */

static void
amzsync_sync_commit_load(amzsync_sync_set_t *set, const char *state)
{
    amzsync_store_load_t  *load;

    load = &set->report->load;

    load->report_id = set->report->report_id;
    load->state = state;

    set->step.load = load;
}


void
amzsync_sync_commit_completed(amzsync_sync_set_t *set)
{
    amzsync_sync_commit_begin(set);

    set->step_status = set->spoilt ? AMZSYNC_SYNC_FAILED
                                   : AMZSYNC_SYNC_COMPLETED;

    amzsync_sync_commit_ready(set);
}


/*
 * The window was read whole, or cannot be: the next one, of the next unit
 * perhaps.  A report that was taken, not made, may end a little before its
 * window, which is the newest one then.  What is listed has no windows that are
 * asked for again: the cursor stays before a report that failed.
 */

static void
amzsync_sync_commit_next_window(amzsync_sync_set_t *set)
{
    int64_t                end;
    amzsync_sync_unit_t   *unit;
    amzsync_store_page_t  *step;

    step = &set->step;
    unit = amzsync_sync_unit(set);

    step->last = 1;

    if (!(set->dataset->flags & AMZSYNC_DATASET_SNAPSHOT)
        && !(set->spoilt && set->source->report
             && set->source->report->listed))
    {
        step->covered_to = step->window_to;
    }

    end = unit->to;

    if (set->report && end == unit->newest
        && amzsync_sync_plan_window(set, unit, step->window_from) == end)
    {
        end = step->window_to;
    }

    if (step->window_to < end) {
        step->window_from = step->window_to;

    } else if (step->unit < set->nunits) {
        step->unit++;
        unit = amzsync_sync_unit_at(set, step->unit);
        step->window_from = unit ? unit->from : AMZSYNC_TIME_BAD;

    } else if (set->dataset->report) {
        amzsync_sync_report_last(set);
        return;

    } else {
        set->step_status = AMZSYNC_SYNC_COMPLETED;
        return;
    }

    step->window_page = 0;
    step->window_to = unit ? amzsync_sync_plan_window(set, unit,
                                                      step->window_from)
                           : AMZSYNC_TIME_BAD;
}


void
amzsync_sync_commit_gone(amzsync_sync_set_t *set)
{
    amzsync_sync_log_set(NGX_LOG_NOTICE, set, "nothing is known of \"%s\"",
                         amzsync_sync_unit(set)->parent_id);

    amzsync_sync_commit_begin(set);

    set->step.window_page++;
    amzsync_sync_commit_next_window(set);

    amzsync_sync_commit_ready(set);
}


void
amzsync_sync_commit_restart(amzsync_sync_set_t *set)
{
    amzsync_sync_log_set(NGX_LOG_NOTICE, set, "the window begins anew");

    amzsync_sync_commit_begin(set);

    set->step.window_page = 0;
    set->loop_limit = 0;

    if (set->report) {
        set->step.next_token = amzsync_sync_report_again(set);
    }

    amzsync_sync_commit_ready(set);
}


void
amzsync_sync_commit_choice(amzsync_sync_set_t *set)
{
    amzsync_sync_unit_t  unit;

    amzsync_sync_commit_begin(set);

    unit = *amzsync_sync_unit(set);
    unit.by_report = 1;
    unit.calls_to = set->choice.calls_to;

    if (set->choice.tail != AMZSYNC_TIME_BAD) {
        unit.to = set->choice.tail;
    }

    set->step.window_page = 0;
    set->step.window_to = amzsync_sync_plan_window(set, &unit,
                                                   set->window_from);
    set->step.choice = &set->choice;

    set->loop_limit = 0;
    set->failures = 0;
    set->restarts = 0;
    set->halvings = 0;
    set->refreshed = 0;

    amzsync_sync_commit_ready(set);
}


static ngx_int_t
amzsync_sync_commit_error(amzsync_sync_set_t *set,
    const amzsync_error_t *error)
{
    if (set->error == NULL) {
        set->error = ngx_alloc(sizeof(amzsync_error_t), set->job->sync->log);

        if (set->error == NULL) {

            /* The page is asked for again, and fails again with memory. */

            amzsync_sync_set_later(set, AMZSYNC_SYNC_BACKOFF_MAX,
                                   amzsync_sync_set_next);
            return NGX_ERROR;
        }
    }

    *set->error = *error;

    return NGX_OK;
}


void
amzsync_sync_set_fail(amzsync_sync_set_t *set, const amzsync_error_t *error)
{
    if (amzsync_sync_commit_error(set, error) != NGX_OK) {
        return;
    }

    amzsync_sync_log_set_error(NGX_LOG_ERR, set, "failed", error, 0);

    amzsync_sync_commit_begin(set);

    if (set->report && amzsync_sync_report_loading(set)) {
        amzsync_sync_commit_load(set, "failed");
    }

    set->step.error = set->error;
    set->step.next_token = set->next_token;
    set->next_token = NULL;
    set->step_status = AMZSYNC_SYNC_FAILED;

    amzsync_sync_commit_ready(set);
}


static void
amzsync_sync_commit_ready(amzsync_sync_set_t *set)
{
    amzsync_store_page_t  *step;

    step = &set->step;

    step->status = amzsync_sync_status_names[set->step_status];
    step->dataset_progress = set->progress;

    if (set->step_status != AMZSYNC_SYNC_FAILED) {
        step->dataset_progress =
             ngx_max(set->progress,
                     amzsync_sync_progress_set(set, step, set->step_status));
    }

    step->progress = amzsync_sync_progress_job(set,
                           set->step_status == AMZSYNC_SYNC_FAILED
                           ? 100 : (ngx_uint_t) step->dataset_progress);

    amzsync_sync_estimate_step(set);

    amzsync_sync_commit(set);
}


void
amzsync_sync_commit(amzsync_sync_set_t *set)
{
    amzsync_sync_job_t  *job;

    job = set->job;
    set->asked = ngx_current_msec;

    set->call = amzsync_store_page(job->sync->store, &job->lease, &set->step,
                                   job->sync->conf->lease,
                                   amzsync_sync_committed, set);

    if (set->call == NULL) {
        amzsync_sync_set_again(set, amzsync_sync_commit);
    }
}


static void
amzsync_sync_committed(amzsync_store_call_t *call)
{
    amzsync_sync_set_t  *set;

    set = call->data;
    set->call = NULL;

    switch (call->status) {

    case AMZSYNC_STORE_OK:
        amzsync_sync_commit_known(set, call);
        amzsync_sync_commit_applied(set);
        return;

    case AMZSYNC_STORE_NONE:
        set->refused = 1;
        amzsync_sync_commit_check(set);
        return;

    case AMZSYNC_STORE_LOST:
        set->refused = 0;
        amzsync_sync_set_again(set, amzsync_sync_commit_check);
        return;

    case AMZSYNC_STORE_UNAVAILABLE:
        amzsync_sync_set_again(set, amzsync_sync_commit);
        return;

    case AMZSYNC_STORE_FAILED:
        amzsync_sync_commit_refused(set);
        return;
    }
}


/*
 * What the answer tells.  Lost with it, a report is read once more, and rows
 * are thought to be what they were.  A set that has met one row is not taken
 * for new again: each time would cost a statement, and a line in PostgreSQL's
 * log.
 */

static void
amzsync_sync_commit_known(amzsync_sync_set_t *set, amzsync_store_call_t *call)
{
    if (set->step.rows && set->source->report == NULL) {
        set->met |= (amzsync_store_page_met(call) != 0);
        set->fresh = !set->met;
    }

    if (set->step.load && set->step.rows == NULL
        && set->source->report->listed)
    {
        set->report->known = amzsync_store_page_known(call);
    }
}


/* Was it applied?  A new statement sees what the old one could not tell. */

static void
amzsync_sync_commit_check(amzsync_sync_set_t *set)
{
    amzsync_sync_job_t  *job;

    job = set->job;

    set->call = amzsync_store_page_check(job->sync->store, &job->lease,
                                         set->dataset,
                                         amzsync_sync_commit_checked, set);

    if (set->call == NULL) {
        amzsync_sync_set_again(set, amzsync_sync_commit_check);
    }
}


static void
amzsync_sync_commit_checked(amzsync_store_call_t *call)
{
    int64_t              page;
    amzsync_sync_set_t  *set;

    set = call->data;
    set->call = NULL;

    if (call->status == AMZSYNC_STORE_NONE) {
        amzsync_sync_commit_fenced(set);
        return;
    }

    if (call->status != AMZSYNC_STORE_OK) {
        amzsync_sync_set_again(set, amzsync_sync_commit_check);
        return;
    }

    page = amzsync_store_page_check_page(call);

    if (page == set->step.page + 1) {
        amzsync_sync_commit_applied(set);
        return;
    }

    if (page == set->step.page) {
        amzsync_sync_set_again(set, amzsync_sync_commit);
        return;
    }

    amzsync_sync_commit_fenced(set);
}


/* A step whose answer was lost may have been applied while the lease stood. */

static void
amzsync_sync_commit_fenced(amzsync_sync_set_t *set)
{
    amzsync_metrics_add(fenced, set->refused);

    amzsync_sync_job_lost(set->job);
}


/* Rows can be given up; how a dataset ends, or begins anew, cannot. */

static void
amzsync_sync_commit_refused(amzsync_sync_set_t *set)
{
    if (set->step.rows == NULL) {
        amzsync_sync_set_again(set, amzsync_sync_commit);
        return;
    }

    amzsync_sync_set_refused(set, amzsync_sync_commit);
}


static void
amzsync_sync_commit_applied(amzsync_sync_set_t *set)
{
    amzsync_sync_job_t    *job;
    amzsync_store_page_t  *step;

    job = set->job;
    step = &set->step;

    if (step->rows) {
        amzsync_sync_commit_stored(set);
    }

    if (step->last) {
        set->loop_limit = 0;
        set->restarts = 0;
    }

    if (set->next_token) {
        ngx_free(set->next_token);
    }

    set->next_token = (char *) step->next_token;
    step->next_token = NULL;

    if (set->report && (step->last || step->window_page == 0)) {
        amzsync_sync_report_reset(set);
    }

    if (step->window_page == 0) {
        set->seen = 0;
    }

    set->page = step->page + 1;
    set->unit = step->unit;
    set->window_page = step->window_page;
    set->window_from = step->window_from;
    set->window_to = step->window_to;
    set->progress = step->dataset_progress;
    set->status = set->step_status;
    set->db_failures = 0;
    set->refusals = 0;

    if (set->units && (set->unit == set->end || step->choice)) {
        ngx_free(set->units);
        set->units = NULL;
    }

    if (set->units) {
        amzsync_sync_plan_source(set);
    }

    job->progress = step->progress;
    job->renewed = set->asked;

    amzsync_sync_changed(job);

    if (set->status == AMZSYNC_SYNC_IN_PROGRESS) {
        amzsync_sync_set_next(set);
        return;
    }

    amzsync_sync_plan_wake(job);
    amzsync_sync_job_check(job);
}


/* The step's page is stored. */

static void
amzsync_sync_commit_stored(amzsync_sync_set_t *set)
{
    ngx_uint_t       dataset;
    amzsync_rows_t  *rows;

    rows = set->step.rows;
    dataset = amzsync_dataset_index(set->dataset);

    amzsync_metrics_add(datasets[dataset].pages, 1);
    amzsync_metrics_add(datasets[dataset].rows,
                        set->source == set->dataset ? rows->nrows
                                                    : rows->ngroups);

    amzsync_sync_instead_page(set, rows);

    amzsync_rows_free(rows);
    set->step.rows = NULL;

    amzsync_sync_estimate_page(set);

    set->failures = 0;
    set->halvings = 0;
    set->refreshed = 0;

    amzsync_sync_commit_grow(set);
}


/* Pages that were halved are tried larger again, after some good ones. */

static void
amzsync_sync_commit_grow(amzsync_sync_set_t *set)
{
    ngx_uint_t  most;

    most = set->dataset->page_size;
    set->grown = 0;

    if (set->page_size == most || ++set->good < set->patience) {
        return;
    }

    set->page_size = ngx_min(2 * set->page_size, most);
    set->good = 0;
    set->grown = 1;
}
