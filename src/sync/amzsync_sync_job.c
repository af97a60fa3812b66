
/*
 * A job: one claimed sync, from the claim to its end.
 */


#include <sync/amzsync_sync_private.h>
#include <base/amzsync_metrics.h>


static amzsync_sync_job_t *amzsync_sync_job_alloc(amzsync_sync_t *sync,
    amzsync_store_claim_t *claim, ngx_uint_t n);
static ngx_int_t amzsync_sync_job_set(amzsync_sync_job_t *job,
    amzsync_store_claim_t *claim);
static amzsync_sync_status_e amzsync_sync_job_status(ngx_str_t *name);
static void amzsync_sync_job_finish(amzsync_sync_job_t *job);
static void amzsync_sync_job_finished(amzsync_store_call_t *call);
static ngx_uint_t amzsync_sync_job_end(amzsync_sync_job_t *job,
    const amzsync_error_t **error);
static void amzsync_sync_job_ended(amzsync_sync_job_t *job);
static void amzsync_sync_job_timer(ngx_event_t *ev);


ngx_int_t
amzsync_sync_job_create(amzsync_sync_t *sync, amzsync_store_call_t *call,
    ngx_uint_t first, ngx_uint_t n, int64_t lease, ngx_msec_t sent)
{
    ngx_uint_t              i;
    amzsync_sync_job_t     *job;
    amzsync_store_claim_t   claim;

    amzsync_store_claim_row(call, first, &claim);

    job = amzsync_sync_job_alloc(sync, &claim, n);
    if (job == NULL) {
        return NGX_ERROR;
    }

    job->lease.lease = lease;
    job->renewed = sent;

    for (i = 0; i < n; i++) {
        amzsync_store_claim_row(call, first + i, &claim);

        if (amzsync_sync_job_set(job, &claim) != NGX_OK) {
            amzsync_sync_job_free(job);
            return NGX_ERROR;
        }
    }

    amzsync_sync_log(NGX_LOG_INFO, job, "claimed at progress %ui",
                     job->progress);

    for (i = 0; i < job->nsets; i++) {
        if (job->sets[i].status <= AMZSYNC_SYNC_IN_PROGRESS) {
            amzsync_sync_set_next(&job->sets[i]);
        }
    }

    amzsync_sync_job_check(job);

    return NGX_OK;
}


static amzsync_sync_job_t *
amzsync_sync_job_alloc(amzsync_sync_t *sync, amzsync_store_claim_t *claim,
    ngx_uint_t n)
{
    size_t               size;
    u_char              *p;
    amzsync_sync_job_t  *job;

    size = offsetof(amzsync_sync_job_t, sets)
           + n * sizeof(amzsync_sync_set_t);

    job = ngx_calloc(size + claim->user.len, sync->log);
    if (job == NULL) {
        return NULL;
    }

    job->token = amzsync_sync_token_get(sync, claim);
    if (job->token == NULL) {
        ngx_free(job);
        return NULL;
    }

    p = (u_char *) job + size;

    job->lease.user.data = p;
    job->lease.user.len = claim->user.len;
    ngx_memcpy(p, claim->user.data, claim->user.len);

    job->lease.no = claim->no;
    job->region = claim->region;
    job->progress = claim->progress;
    job->stolen = claim->stolen;
    job->sync = sync;
    job->beat = -1;

    job->timer.handler = amzsync_sync_job_timer;
    job->timer.data = job;
    job->timer.log = sync->log;
    job->timer.cancelable = 1;

    ngx_queue_insert_tail(&sync->jobs, &job->queue);
    sync->njobs++;

    return job;
}


static ngx_int_t
amzsync_sync_job_set(amzsync_sync_job_t *job, amzsync_store_claim_t *claim)
{
    ngx_str_t           *token;
    amzsync_sync_set_t  *set;

    set = &job->sets[job->nsets];

    set->job = job;
    set->dataset = amzsync_dataset_find(claim->dataset.data,
                                        claim->dataset.len);
    set->status = amzsync_sync_job_status(&claim->status);

    if (set->dataset == NULL) {

        /* A newer module asked for it: such a one will claim it. */

        amzsync_sync_log(NGX_LOG_ERR, job, "unknown dataset \"%V\"",
                         &claim->dataset);
        return NGX_ERROR;
    }

    set->page = claim->page;
    set->unit = claim->unit;
    set->window_page = claim->window_page;
    set->window_from = claim->window_from;
    set->window_to = claim->window_to;
    set->progress = claim->dataset_progress;
    set->spoilt = claim->spoilt;
    set->source = set->dataset;
    set->page_size = set->dataset->page_size;
    set->patience = AMZSYNC_SYNC_GROW;

    token = &claim->next_token;

    if (token->len) {
        set->next_token = ngx_alloc(token->len + 1, job->sync->log);
        if (set->next_token == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(set->next_token, token->data, token->len);
        set->next_token[token->len] = '\0';
    }

    job->nsets++;

    return NGX_OK;
}


static amzsync_sync_status_e
amzsync_sync_job_status(ngx_str_t *name)
{
    switch (name->data[0]) {

    case 'c':
        return AMZSYNC_SYNC_COMPLETED;

    case 'f':
        return AMZSYNC_SYNC_FAILED;

    case 'i':
        return AMZSYNC_SYNC_IN_PROGRESS;

    default:
        return AMZSYNC_SYNC_PENDING;
    }
}


void
amzsync_sync_job_free(amzsync_sync_job_t *job)
{
    ngx_uint_t       i;
    amzsync_sync_t  *sync;

    sync = job->sync;

    for (i = 0; i < job->nsets; i++) {
        amzsync_sync_set_stop(&job->sets[i]);
    }

    if (job->call) {
        amzsync_store_detach(job->call);
    }

    if (job->timer.timer_set) {
        ngx_del_timer(&job->timer);
    }

    if (job->beat >= 0) {
        sync->beat_jobs[job->beat] = NULL;
    }

    amzsync_sync_token_free(job->token);

    ngx_queue_remove(&job->queue);

    if (sync->njobs-- == sync->conf->max_syncs) {
        amzsync_sync_wake(sync);
    }

    ngx_free(job);
}


void
amzsync_sync_job_lost(amzsync_sync_job_t *job)
{
    amzsync_sync_log(NGX_LOG_NOTICE, job, "no longer this worker's");

    amzsync_sync_changed(job);
    amzsync_sync_job_free(job);
}


void
amzsync_sync_job_release(amzsync_sync_job_t *job)
{
    ngx_array_t   leases;

    leases.elts = &job->lease;
    leases.nelts = 1;

    /* If this fails, its lease ends. */

    (void) amzsync_store_release(job->sync->store, &leases,
                                 amzsync_sync_ignore, NULL);

    amzsync_sync_job_free(job);
}


void
amzsync_sync_job_check(amzsync_sync_job_t *job)
{
    ngx_uint_t  i;

    for (i = 0; i < job->nsets; i++) {
        if (job->sets[i].status <= AMZSYNC_SYNC_IN_PROGRESS) {
            return;
        }
    }

    amzsync_sync_job_finish(job);
}


static void
amzsync_sync_job_finish(amzsync_sync_job_t *job)
{
    ngx_uint_t              failed;
    const char             *status, *message;
    const amzsync_error_t  *error;

    failed = amzsync_sync_job_end(job, &error);

    if (error == NULL) {
        status = "completed";
        message = failed ? "Sync completed, but not all data could be fetched"
                         : "Sync completed";

    } else {
        status = "failed";
        message = "Sync failed";
    }

    job->call = amzsync_store_finish(job->sync->store, &job->lease, status,
                                     message, error, amzsync_sync_job_finished,
                                     job);
    if (job->call == NULL) {
        ngx_add_timer(&job->timer,
                      amzsync_sync_backoff(AMZSYNC_SYNC_DB_DELAY,
                                           job->db_failures++));
    }
}


/*
 * A sync fails if none of its datasets was completed, or if the user must
 * connect anew before another one can go well; else it is completed, and the
 * datasets that failed say why.  After a crash the errors of datasets are in
 * the database only: then the sync names no other.  Answers how many have
 * failed; the error is NULL if the sync is completed.
 */

static ngx_uint_t
amzsync_sync_job_end(amzsync_sync_job_t *job, const amzsync_error_t **error)
{
    ngx_uint_t           i, failed;
    amzsync_sync_set_t  *set;

    static const amzsync_error_t  unknown = {
        "sync_failed", "No data could be fetched; see the datasets.", ""
    };

    failed = 0;
    *error = NULL;

    for (i = 0; i < job->nsets; i++) {
        set = &job->sets[i];

        if (set->status == AMZSYNC_SYNC_COMPLETED) {
            continue;
        }

        failed++;

        if (*error == NULL) {
            *error = set->error;
        }
    }

    if (failed && job->token->revoked) {
        *error = job->token->error;

    } else if (failed < job->nsets) {
        *error = NULL;

    } else if (*error == NULL) {
        *error = &unknown;
    }

    return failed;
}


static void
amzsync_sync_job_finished(amzsync_store_call_t *call)
{
    amzsync_sync_job_t  *job;

    job = call->data;
    job->call = NULL;

    switch (call->status) {

    case AMZSYNC_STORE_OK:
        amzsync_sync_job_ended(job);
        amzsync_sync_changed(job);
        amzsync_sync_job_free(job);
        return;

    case AMZSYNC_STORE_NONE:

        /*
         * Also an end that was applied, but whose answer was lost: only at
         * the first time it was the fence for sure.
         */

        amzsync_metrics_add(fenced, job->db_failures == 0);
        amzsync_sync_job_lost(job);
        return;

    default:
        ngx_add_timer(&job->timer,
                      amzsync_sync_backoff(AMZSYNC_SYNC_DB_DELAY,
                                           job->db_failures++));
    }
}


static void
amzsync_sync_job_ended(amzsync_sync_job_t *job)
{
    ngx_uint_t              failed;
    const amzsync_error_t  *error;

    failed = amzsync_sync_job_end(job, &error);

    if (error) {
        amzsync_metrics_add(failed, 1);
        amzsync_sync_log_error(NGX_LOG_ERR, job, "ended as failed", error, 0);
        return;
    }

    amzsync_metrics_add(completed, 1);
    amzsync_sync_log(NGX_LOG_INFO, job,
                     "ended as completed, %ui of %ui datasets failed",
                     failed, job->nsets);
}


static void
amzsync_sync_job_timer(ngx_event_t *ev)
{
    amzsync_sync_job_t  *job;

    job = ev->data;

    if (!job->sync->stopped) {
        amzsync_sync_job_finish(job);
    }
}
