
/*
 * Fetching: one thread task a page.  What the answer came to decides what the
 * set does next.
 */


#include <sync/amzsync_sync_private.h>
#include <base/amzsync_metrics.h>


static amzsync_sync_fetch_t *amzsync_sync_fetch_create(
    amzsync_sync_set_t *set);
static ngx_int_t amzsync_sync_fetch_page(amzsync_sync_set_t *set,
    amzsync_spapi_page_t *call);
static void amzsync_sync_fetch_free(amzsync_sync_fetch_t *fetch);
static void amzsync_sync_fetch_run(amzsync_task_t *task);
static void amzsync_sync_fetch_done(amzsync_task_t *task);
static void amzsync_sync_fetch_count(amzsync_sync_fetch_t *fetch);
static void amzsync_sync_fetch_verdict(amzsync_sync_set_t *set,
    amzsync_sync_fetch_t *fetch);
static void amzsync_sync_fetch_log(amzsync_sync_set_t *set,
    amzsync_spapi_outcome_t *outcome);
static void amzsync_sync_fetch_invalid(amzsync_sync_set_t *set,
    const amzsync_error_t *error);
static void amzsync_sync_fetch_halve(amzsync_sync_set_t *set,
    const amzsync_error_t *error);
static void amzsync_sync_fetch_retry(amzsync_sync_set_t *set,
    const amzsync_error_t *error);
static void amzsync_sync_fetch_learn(amzsync_sync_set_t *set,
    amzsync_spapi_outcome_t *outcome);


void
amzsync_sync_fetch(amzsync_sync_set_t *set)
{
    amzsync_sync_fetch_t  *fetch;

    fetch = amzsync_sync_fetch_create(set);

    if (fetch == NULL) {
        amzsync_sync_set_again(set, amzsync_sync_set_next);
        return;
    }

    fetch->task.run = amzsync_sync_fetch_run;
    fetch->task.done = amzsync_sync_fetch_done;
    fetch->task.data = set;

    set->fetch = fetch;

    amzsync_task_post(&fetch->sync->tasks, &fetch->task);
}


static amzsync_sync_fetch_t *
amzsync_sync_fetch_create(amzsync_sync_set_t *set)
{
    ngx_int_t              rc;
    amzsync_sync_t        *sync;
    amzsync_sync_fetch_t  *fetch;

    sync = set->job->sync;

    fetch = ngx_calloc(sizeof(amzsync_sync_fetch_t), sync->log);
    if (fetch == NULL) {
        return NULL;
    }

    fetch->sync = sync;
    fetch->dataset = set->source;
    fetch->operation = set->operation;

    if (set->source->report) {
        fetch->outcome = &fetch->call.report.outcome;
        rc = amzsync_sync_report_call(set, &fetch->call.report);

    } else {
        fetch->outcome = &fetch->call.page.outcome;
        rc = amzsync_sync_fetch_page(set, &fetch->call.page);
    }

    if (rc != NGX_OK) {
        amzsync_sync_fetch_free(fetch);
        return NULL;
    }

    return fetch;
}


/* Strings are malloc()ed, as amzsync_spapi_page_free() expects them. */

static ngx_int_t
amzsync_sync_fetch_page(amzsync_sync_set_t *set, amzsync_spapi_page_t *call)
{
    amzsync_sync_t        *sync;
    amzsync_sync_token_t  *token;

    sync = set->job->sync;
    token = set->job->token;

    call->conf = &sync->conf->spapi;
    call->dataset = set->dataset;
    call->region = set->job->region;
    call->from = set->window_from;
    call->to = set->window_to;
    call->page_size = set->page_size;

    amzsync_text_copy(call->access_token, sizeof(call->access_token),
                      token->access_token, token->access_len);

    call->curl = amzsync_sync_curl_get(sync);
    call->marketplaces = strdup(amzsync_sync_unit(set)->marketplaces);
    call->parent_id = strdup(amzsync_sync_unit(set)->parent_id);

    if (set->next_token) {
        call->next_token = strdup(set->next_token);
    }

    if (call->curl == NULL
        || call->marketplaces == NULL
        || call->parent_id == NULL
        || (set->next_token && call->next_token == NULL))
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
amzsync_sync_fetch_free(amzsync_sync_fetch_t *fetch)
{
    CURL  *curl;

    if (fetch->dataset->report) {
        curl = fetch->call.report.curl;

        amzsync_sync_spool_close(fetch->sync, fetch->call.report.spool);
        fetch->call.report.spool = NULL;

        amzsync_spapi_report_free(&fetch->call.report);

    } else {
        curl = fetch->call.page.curl;
        amzsync_spapi_page_free(&fetch->call.page);
    }

    if (curl) {
        amzsync_sync_curl_put(fetch->sync, curl);
    }

    ngx_free(fetch);
}


void
amzsync_sync_fetch_cancel(amzsync_sync_set_t *set)
{
    amzsync_sync_fetch_t  *fetch;

    fetch = set->fetch;
    set->fetch = NULL;

    if (amzsync_task_cancel(&fetch->task) == NGX_OK) {
        amzsync_sync_fetch_free(fetch);

    } else {
        fetch->task.data = NULL;
    }
}


void
amzsync_sync_fetch_recall(amzsync_sync_set_t *set)
{
    amzsync_sync_fetch_t  *fetch;

    fetch = set->fetch;

    if (amzsync_task_cancel(&fetch->task) != NGX_OK) {
        return;
    }

    set->fetch = NULL;
    amzsync_sync_fetch_free(fetch);

    amzsync_sync_set_next(set);
}


static void
amzsync_sync_fetch_run(amzsync_task_t *task)
{
    amzsync_sync_fetch_t  *fetch;

    fetch = (amzsync_sync_fetch_t *) task;

    if (fetch->dataset->report) {
        amzsync_spapi_report(&fetch->call.report);
        return;
    }

    amzsync_spapi_page(&fetch->call.page);
}


static void
amzsync_sync_fetch_done(amzsync_task_t *task)
{
    amzsync_sync_set_t    *set;
    amzsync_sync_fetch_t  *fetch;

    fetch = (amzsync_sync_fetch_t *) task;
    set = task->data;

    fetch->sync->trim = 1;

    amzsync_sync_fetch_count(fetch);

    if (set) {
        set->fetch = NULL;
        amzsync_sync_fetch_verdict(set, fetch);
    }

    amzsync_sync_fetch_free(fetch);
}


/* Also for a job that is gone: Amazon was called.  What we cut is no error. */

static void
amzsync_sync_fetch_count(amzsync_sync_fetch_t *fetch)
{
    amzsync_spapi_outcome_t  *outcome;

    outcome = fetch->outcome;

    if (outcome->called && outcome->verdict != AMZSYNC_SPAPI_STOPPED) {
        amzsync_metrics_call(fetch->operation,
                             outcome->answered ? outcome->status : 0);
    }
}


static void
amzsync_sync_fetch_verdict(amzsync_sync_set_t *set,
    amzsync_sync_fetch_t *fetch)
{
    amzsync_error_t          *error;
    amzsync_spapi_outcome_t  *outcome;

    outcome = fetch->outcome;
    error = &outcome->error;

    amzsync_sync_fetch_log(set, outcome);
    amzsync_sync_fetch_learn(set, outcome);

    if (set->report && amzsync_sync_report_failed(set, outcome) == NGX_OK) {
        return;
    }

    switch (outcome->verdict) {

    case AMZSYNC_SPAPI_OK:

        if (set->report) {
            amzsync_sync_report_done(set, &fetch->call.report);

        } else {
            amzsync_sync_commit_page(set, &fetch->call.page);
        }

        return;

    case AMZSYNC_SPAPI_STOPPED:
        return;

    case AMZSYNC_SPAPI_THROTTLED:
        amzsync_sync_set_next(set);
        return;

    case AMZSYNC_SPAPI_RETRY:
        amzsync_sync_fetch_retry(set, error);
        return;

    case AMZSYNC_SPAPI_EXPIRED:
        if (!set->refreshed) {
            set->refreshed = 1;
            amzsync_sync_token_expired(set->job->token);
            amzsync_sync_set_next(set);
            return;
        }

        break;

    case AMZSYNC_SPAPI_INVALID:
        amzsync_sync_fetch_invalid(set, error);
        return;

    case AMZSYNC_SPAPI_TOO_LARGE:
        amzsync_sync_fetch_halve(set, error);
        return;

    default:
        if (set->dataset->each && outcome->status == 404) {
            amzsync_sync_commit_gone(set);
            return;
        }

        break;
    }

    amzsync_sync_fetch_fail(set, error);
}


void
amzsync_sync_fetch_fail(amzsync_sync_set_t *set, const amzsync_error_t *error)
{
    if (amzsync_sync_instead_failed(set, error)
        || amzsync_sync_report_skip(set, error))
    {
        return;
    }

    amzsync_sync_set_fail(set, error);
}


static void
amzsync_sync_fetch_log(amzsync_sync_set_t *set,
    amzsync_spapi_outcome_t *outcome)
{
    ngx_uint_t  level;

    switch (outcome->verdict) {

    case AMZSYNC_SPAPI_OK:
    case AMZSYNC_SPAPI_STOPPED:
        return;

    case AMZSYNC_SPAPI_THROTTLED:
        level = NGX_LOG_INFO;
        break;

    default:
        level = NGX_LOG_ERR;
    }

    amzsync_sync_log_set_error(level, set, "no answer to use",
                               &outcome->error, outcome->status);
}


/*
 * A token that Amazon no longer knows is no reason to fail: begin again.  But
 * a page that is larger than Amazon can make is refused in the same way, and
 * that is more likely where a larger one is asked for than ever before.
 */

static void
amzsync_sync_fetch_invalid(amzsync_sync_set_t *set,
    const amzsync_error_t *error)
{
    if (set->next_token
        && !set->grown
        && set->restarts < set->job->sync->conf->retries)
    {
        set->restarts++;
        amzsync_sync_commit_restart(set);
        return;
    }

    amzsync_sync_fetch_halve(set, error);
}


/*
 * Half as many rows a page where we have a say in it, else half the window.  A
 * token is good for pages of any size, but for no other window: begin again.
 */

static void
amzsync_sync_fetch_halve(amzsync_sync_set_t *set, const amzsync_error_t *error)
{
    int64_t  half;

    half = (set->window_to - set->window_from) / 2000 * 1000;

    if (set->halvings++ == AMZSYNC_SYNC_HALVINGS) {
        amzsync_sync_set_fail(set, error);
        return;
    }

    if (set->page_size > 1) {
        set->page_size /= 2;
        set->good = 0;
        set->patience <<= set->grown;
        set->grown = 0;

        amzsync_sync_set_next(set);
        return;
    }

    if (set->dataset->page_size
        || (set->dataset->flags & AMZSYNC_DATASET_SNAPSHOT)
        || half == 0)
    {
        amzsync_sync_set_fail(set, error);
        return;
    }

    set->window_to = set->window_from + half;

    if (set->next_token) {
        amzsync_sync_commit_restart(set);
        return;
    }

    amzsync_sync_set_next(set);
}


static void
amzsync_sync_fetch_retry(amzsync_sync_set_t *set, const amzsync_error_t *error)
{
    amzsync_sync_conf_t  *conf;

    conf = set->job->sync->conf;

    if (set->failures == conf->retries) {
        amzsync_sync_fetch_fail(set, error);
        return;
    }

    amzsync_sync_set_later(set, amzsync_sync_backoff(conf->retry_delay,
                                                     set->failures),
                           amzsync_sync_set_next);
    set->failures++;
}


/*
 * Teaches the bucket.  Nobody waits for this: it goes over the connection of
 * the sync, before whatever the set asks next.  If it is lost, the next slot
 * has the old rate still, and the next answer tells again.
 */

static void
amzsync_sync_fetch_learn(amzsync_sync_set_t *set,
    amzsync_spapi_outcome_t *outcome)
{
    ngx_uint_t           throttled;
    amzsync_sync_job_t  *job;

    job = set->job;
    throttled = (outcome->verdict == AMZSYNC_SPAPI_THROTTLED);

    if (!throttled && (outcome->rate <= 0 || outcome->rate == set->rate)) {
        return;
    }

    (void) amzsync_store_quota_learn(job->sync->store, &job->lease,
                                     set->operation,
                                     job->sync->conf->spapi.client_id,
                                     outcome->rate, throttled,
                                     outcome->retry_after,
                                     amzsync_sync_ignore, NULL);
}


void
amzsync_sync_ignore(amzsync_store_call_t *call)
{
    ngx_log_debug1(NGX_LOG_DEBUG_CORE, ngx_cycle->log, 0,
                   "amzsync statement ended: %ui", call->status);
}
