
/*
 * The runner of a worker: claims syncs, keeps their leases, and gives them
 * back when the worker shuts down.
 */


#include <sync/amzsync_sync_private.h>
#include <base/amzsync_exit.h>
#include <base/amzsync_metrics.h>
#include <openssl/rand.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif


/* Milliseconds until the next look for a database that is not there. */
#define AMZSYNC_SYNC_NOT_READY  500


static void amzsync_sync_sweep(ngx_event_t *ev);
static void amzsync_sync_away(amzsync_sync_t *sync);
static ngx_uint_t amzsync_sync_may_steal(amzsync_sync_t *sync);
static void amzsync_sync_claim(ngx_event_t *ev);
static void amzsync_sync_claimed(amzsync_store_call_t *call);
static void amzsync_sync_claim_jobs(amzsync_sync_t *sync,
    amzsync_store_call_t *call);
static void amzsync_sync_claim_vain(amzsync_sync_t *sync,
    amzsync_store_claim_t *claim);
static ngx_uint_t amzsync_sync_beat_due(amzsync_sync_job_t *job);
static void amzsync_sync_beat(ngx_event_t *ev);
static void amzsync_sync_trim(amzsync_sync_t *sync);
static void amzsync_sync_trim_run(amzsync_task_t *task);
static void amzsync_sync_trim_done(amzsync_task_t *task);
static void amzsync_sync_beat_stale(amzsync_sync_job_t *job);
static void amzsync_sync_heartbeat(amzsync_sync_t *sync, ngx_uint_t n);
static void amzsync_sync_beaten(amzsync_store_call_t *call);
static void amzsync_sync_release(void *data);
static void amzsync_sync_released(amzsync_store_call_t *call);


amzsync_sync_t *
amzsync_sync_create(ngx_cycle_t *cycle, amzsync_sync_conf_t *conf,
    amzsync_store_t *store)
{
    amzsync_sync_t  *sync;

    sync = ngx_pcalloc(cycle->pool, sizeof(amzsync_sync_t));
    if (sync == NULL) {
        return NULL;
    }

    sync->conf = conf;
    sync->store = store;
    sync->log = cycle->log;

    ngx_queue_init(&sync->jobs);
    ngx_queue_init(&sync->tokens);

    amzsync_tasks_init(&sync->tasks, conf->pool, conf->tasks, cycle->log);

    sync->curls = ngx_palloc(cycle->pool, conf->tasks * sizeof(CURL *));
    if (sync->curls == NULL
        || amzsync_exit_watch(cycle, amzsync_sync_release, sync) != NGX_OK)
    {
        return NULL;
    }

    amzsync_sync_event_init(sync, &sync->wake, amzsync_sync_claim);
    amzsync_sync_event_init(sync, &sync->sweep, amzsync_sync_sweep);
    amzsync_sync_event_init(sync, &sync->beat, amzsync_sync_beat);

    ngx_add_timer(&sync->sweep, 1 + ngx_random() % 50);
    ngx_add_timer(&sync->beat, conf->lease / 6);

    amzsync_sync_schedule_init(sync);
    amzsync_sync_prune_init(sync);

    return sync;
}


void
amzsync_sync_event_init(amzsync_sync_t *sync, ngx_event_t *ev,
    ngx_event_handler_pt handler)
{
    ev->handler = handler;
    ev->data = sync;
    ev->log = sync->log;
    ev->cancelable = 1;
}


void
amzsync_sync_destroy(amzsync_sync_t *sync)
{
    ngx_queue_t  *q;

    sync->stopped = 1;

    while (!ngx_queue_empty(&sync->jobs)) {
        q = ngx_queue_head(&sync->jobs);
        amzsync_sync_job_free(ngx_queue_data(q, amzsync_sync_job_t, queue));
    }

    if (sync->beat_jobs) {
        ngx_free(sync->beat_jobs);
    }

    while (sync->ncurls) {
        curl_easy_cleanup(sync->curls[--sync->ncurls]);
    }
}


CURL *
amzsync_sync_curl_get(amzsync_sync_t *sync)
{
    return sync->ncurls ? sync->curls[--sync->ncurls] : curl_easy_init();
}


void
amzsync_sync_curl_put(amzsync_sync_t *sync, CURL *curl)
{
    /* Tasks that wait have handles too: keep as many as can run. */

    if (sync->ncurls == sync->conf->tasks || sync->stopped) {
        curl_easy_cleanup(curl);
        return;
    }

    sync->curls[sync->ncurls++] = curl;
}


ngx_msec_t
amzsync_sync_jitter(ngx_msec_t delay)
{
    return delay / 2 + ngx_random() % (delay + 1);
}


ngx_msec_t
amzsync_sync_backoff(ngx_msec_t delay, ngx_uint_t failures)
{
    delay <<= ngx_min(failures, 16);
    delay = ngx_min(delay, AMZSYNC_SYNC_BACKOFF_MAX);

    return delay / 2 + ngx_random() % (delay / 2 + 1);
}


void
amzsync_sync_wake(amzsync_sync_t *sync)
{
    if (!sync->wake.posted) {
        ngx_post_event(&sync->wake, &ngx_posted_events);
    }
}


void
amzsync_sync_listen(amzsync_sync_t *sync, amzsync_sync_listener_pt listener,
    void *data)
{
    sync->listener = listener;
    sync->listener_data = data;
}


void
amzsync_sync_changed(amzsync_sync_job_t *job)
{
    amzsync_sync_t  *sync;

    sync = job->sync;

    if (sync->listener && !sync->stopped) {
        sync->listener(sync->listener_data, &job->lease.user, job->lease.no);
    }
}


/* So rare that nothing is kept to find one among the jobs. */

void
amzsync_sync_cancelled(amzsync_sync_t *sync, ngx_str_t *user,
    amzsync_sync_no_t no)
{
    ngx_queue_t         *q;
    amzsync_sync_job_t  *job;

    for (q = ngx_queue_head(&sync->jobs);
         q != ngx_queue_sentinel(&sync->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, amzsync_sync_job_t, queue);

        if (job->lease.no == no
            && job->lease.user.len == user->len
            && ngx_memcmp(job->lease.user.data, user->data, user->len) == 0)
        {
            amzsync_sync_job_lost(job);
            return;
        }
    }
}


static void
amzsync_sync_sweep(ngx_event_t *ev)
{
    ngx_msec_t       delay;
    amzsync_sync_t  *sync;

    sync = ev->data;

    if (sync->stopped || ngx_exiting) {
        return;
    }

    delay = AMZSYNC_SYNC_NOT_READY;

    if (amzsync_store_ready_work(sync->store)) {
        sync->seen = 1;

        amzsync_sync_claim(&sync->wake);

        delay = amzsync_sync_jitter(AMZSYNC_SYNC_SWEEP);

    } else if (sync->seen) {
        amzsync_sync_away(sync);
    }

    ngx_add_timer(&sync->sweep, delay);
}


static void
amzsync_sync_away(amzsync_sync_t *sync)
{
    sync->outage = 1;
    sync->away = ngx_current_msec;
}


/*
 * What is queued is cheap to see, what to steal is not.
 *
 * After an outage of the database leases have run out that nobody could renew:
 * owners who are alive come first, or the outage would count as their death.
 */

static ngx_uint_t
amzsync_sync_may_steal(amzsync_sync_t *sync)
{
    ngx_msec_t  beat;

    beat = sync->conf->lease / 6;

    if (sync->outage
        && ngx_current_msec - sync->away <= AMZSYNC_SYNC_COMEBACK + beat)
    {
        return 0;
    }

    sync->outage = 0;

    return ngx_current_msec - sync->stolen > beat;
}


static void
amzsync_sync_claim(ngx_event_t *ev)
{
    int64_t          lease;
    ngx_uint_t       limit;
    amzsync_sync_t  *sync;

    sync = ev->data;

    if (sync->stopped || ngx_exiting || sync->njobs >= sync->conf->max_syncs) {
        return;
    }

    if (sync->claim) {
        sync->again = 1;
        return;
    }

    if (RAND_bytes((u_char *) &lease, sizeof(int64_t)) != 1) {
        ngx_log_error(NGX_LOG_CRIT, sync->log, 0,
                      "amzsync: RAND_bytes() failed");
        return;
    }

    sync->lease = lease & INT64_MAX;
    sync->claim_sent = ngx_current_msec;

    sync->steal = amzsync_sync_may_steal(sync);

    limit = ngx_min(sync->conf->max_syncs - sync->njobs,
                    AMZSYNC_SYNC_CLAIM_MAX);

    sync->claim = amzsync_store_claim(sync->store, limit, sync->lease,
                                      sync->conf->lease, AMZSYNC_SYNC_TRIES,
                                      sync->steal, amzsync_sync_claimed, sync);
}


static void
amzsync_sync_claimed(amzsync_store_call_t *call)
{
    amzsync_sync_t  *sync;

    sync = call->data;
    sync->claim = NULL;

    if (call->status == AMZSYNC_STORE_OK) {
        amzsync_sync_claim_jobs(sync, call);

        /* Perhaps there are more. */
        sync->again = 1;

    } else if (call->status == AMZSYNC_STORE_NONE && sync->steal) {
        sync->stolen = sync->claim_sent;

    } else if (call->status == AMZSYNC_STORE_LOST
               || call->status == AMZSYNC_STORE_UNAVAILABLE)
    {
        amzsync_sync_away(sync);
    }

    if (sync->stopped) {

        /* The shutdown did not know of these yet. */

        amzsync_sync_release(sync);
        return;
    }

    if (sync->again) {
        sync->again = 0;
        amzsync_sync_wake(sync);
    }
}


/* The rows of one sync stand together. */

static void
amzsync_sync_claim_jobs(amzsync_sync_t *sync, amzsync_store_call_t *call)
{
    ngx_uint_t             first, next;
    amzsync_store_claim_t  claim, other;

    for (first = 0; first < call->nrows; first = next) {

        amzsync_store_claim_row(call, first, &claim);

        for (next = first + 1; next < call->nrows; next++) {
            amzsync_store_claim_row(call, next, &other);

            if (other.no != claim.no
                || other.user.len != claim.user.len
                || ngx_memcmp(other.user.data, claim.user.data,
                              claim.user.len)
                   != 0)
            {
                break;
            }
        }

        amzsync_metrics_add(claims, 1);
        amzsync_metrics_add(steals, claim.stolen);

        if (amzsync_sync_job_create(sync, call, first, next - first,
                                    sync->lease, sync->claim_sent)
            != NGX_OK)
        {
            amzsync_sync_claim_vain(sync, &claim);
        }
    }
}


static void
amzsync_sync_claim_vain(amzsync_sync_t *sync, amzsync_store_claim_t *claim)
{
    ngx_str_t  id;
    u_char     buf[AMZSYNC_SYNC_ID_MAX];

    id.data = buf;
    id.len = amzsync_store_sync_id(buf, &claim->user, claim->no) - buf;

    ngx_log_error(NGX_LOG_ERR, sync->log, 0,
                  "amzsync: user \"%V\", sync %V: claimed in vain, it is free "
                  "again when its lease ends", &claim->user, &id);
}


/* A third of the lease has passed, or will have before the next look. */

static ngx_uint_t
amzsync_sync_beat_due(amzsync_sync_job_t *job)
{
    return ngx_current_msec - job->renewed > job->sync->conf->lease / 6;
}


static void
amzsync_sync_beat(ngx_event_t *ev)
{
    ngx_uint_t           n;
    ngx_queue_t         *q;
    amzsync_sync_t      *sync;
    amzsync_sync_job_t  *job;

    sync = ev->data;

    if (sync->stopped || ngx_exiting) {
        return;
    }

    n = 0;

    for (q = ngx_queue_head(&sync->jobs);
         q != ngx_queue_sentinel(&sync->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, amzsync_sync_job_t, queue);

        n += amzsync_sync_beat_due(job);
        amzsync_sync_beat_stale(job);
    }

    if (n && sync->heartbeat == NULL) {
        amzsync_sync_heartbeat(sync, n);
    }

    if (sync->trim && amzsync_tasks_idle(&sync->tasks)) {
        amzsync_sync_trim(sync);
    }

    ngx_add_timer(&sync->beat, sync->conf->lease / 6);
}


/*
 * While syncs wait, the worker keeps no memory of the pages that have passed:
 * the allocator would, in the heap of each thread.
 */

static void
amzsync_sync_trim(amzsync_sync_t *sync)
{
    amzsync_task_t  *task;

    task = ngx_calloc(sizeof(amzsync_task_t), sync->log);
    if (task == NULL) {
        return;
    }

    task->run = amzsync_sync_trim_run;
    task->done = amzsync_sync_trim_done;

    sync->trim = 0;

    amzsync_task_post(&sync->tasks, task);
}


static void
amzsync_sync_trim_run(amzsync_task_t *task)
{
#ifdef __GLIBC__
    (void) malloc_trim(0);
#endif
}


static void
amzsync_sync_trim_done(amzsync_task_t *task)
{
    ngx_free(task);
}


/* Renewals have failed for too long: somebody else may have the sync. */

static void
amzsync_sync_beat_stale(amzsync_sync_job_t *job)
{
    ngx_uint_t  i;

    if (ngx_current_msec - job->renewed <= amzsync_sync_stale(job->sync)) {
        return;
    }

    for (i = 0; i < job->nsets; i++) {
        if (job->sets[i].fetch) {
            amzsync_sync_fetch_recall(&job->sets[i]);
        }
    }
}


static void
amzsync_sync_heartbeat(amzsync_sync_t *sync, ngx_uint_t n)
{
    ngx_pool_t             *pool;
    ngx_array_t             leases;
    ngx_queue_t            *q;
    amzsync_sync_job_t     *job;
    amzsync_store_lease_t  *lease;

    pool = ngx_create_pool(4096, sync->log);
    if (pool == NULL) {
        return;
    }

    sync->beat_jobs = ngx_alloc(n * sizeof(amzsync_sync_job_t *), sync->log);

    if (sync->beat_jobs == NULL
        || ngx_array_init(&leases, pool, n, sizeof(amzsync_store_lease_t))
           != NGX_OK)
    {
        goto failed;
    }

    for (q = ngx_queue_head(&sync->jobs);
         q != ngx_queue_sentinel(&sync->jobs) && leases.nelts < n;
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, amzsync_sync_job_t, queue);

        if (amzsync_sync_beat_due(job)) {
            job->beat = leases.nelts;
            sync->beat_jobs[leases.nelts] = job;

            lease = ngx_array_push(&leases);
            *lease = job->lease;
        }
    }

    sync->beat_njobs = leases.nelts;
    sync->beat_sent = ngx_current_msec;

    sync->heartbeat = amzsync_store_heartbeat(sync->store, &leases,
                                              sync->conf->lease,
                                              amzsync_sync_beaten, sync);
    if (sync->heartbeat) {
        ngx_destroy_pool(pool);
        return;
    }

    for (n = 0; n < sync->beat_njobs; n++) {
        sync->beat_jobs[n]->beat = -1;
    }

failed:

    if (sync->beat_jobs) {
        ngx_free(sync->beat_jobs);
        sync->beat_jobs = NULL;
    }

    ngx_destroy_pool(pool);
}


/* Jobs that did not come back are lost; if none could, they stay. */

static void
amzsync_sync_beaten(amzsync_store_call_t *call)
{
    ngx_uint_t            i, n, renewed;
    amzsync_sync_t       *sync;
    amzsync_sync_job_t  **jobs;

    sync = call->data;
    jobs = sync->beat_jobs;

    sync->heartbeat = NULL;
    sync->beat_jobs = NULL;

    for (i = 0; i < sync->beat_njobs; i++) {
        if (jobs[i]) {
            jobs[i]->beat = -1;
        }
    }

    if (call->status == AMZSYNC_STORE_OK
        || call->status == AMZSYNC_STORE_NONE)
    {
        for (i = 0; i < call->nrows; i++) {
            n = amzsync_store_heartbeat_row(call, i, &renewed);

            if (n >= sync->beat_njobs || jobs[n] == NULL) {
                continue;
            }

            if (renewed) {
                jobs[n]->renewed = sync->beat_sent;
            }

            jobs[n] = NULL;
        }

        for (i = 0; i < sync->beat_njobs; i++) {
            if (jobs[i]) {
                amzsync_sync_job_lost(jobs[i]);
            }
        }
    }

    ngx_free(jobs);
}


/*
 * Leases are given back, so that another worker goes on at once.  A page that
 * is being committed meanwhile is either in before, or refused.
 */

static void
amzsync_sync_release(void *data)
{
    amzsync_sync_t *sync = data;

    ngx_pool_t             *pool;
    ngx_array_t             leases;
    ngx_queue_t            *q;
    amzsync_sync_job_t     *job;
    amzsync_store_lease_t  *lease;

    sync->stopped = 1;

    if (sync->njobs == 0) {
        return;
    }

    pool = ngx_create_pool(4096, sync->log);

    if (pool == NULL
        || ngx_array_init(&leases, pool, sync->njobs,
                          sizeof(amzsync_store_lease_t))
           != NGX_OK)
    {
        goto done;
    }

    for (q = ngx_queue_head(&sync->jobs);
         q != ngx_queue_sentinel(&sync->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, amzsync_sync_job_t, queue);

        lease = ngx_array_push(&leases);
        *lease = job->lease;
    }

    (void) amzsync_store_release(sync->store, &leases, amzsync_sync_released,
                                 sync);

done:

    while (!ngx_queue_empty(&sync->jobs)) {
        q = ngx_queue_head(&sync->jobs);
        amzsync_sync_job_free(ngx_queue_data(q, amzsync_sync_job_t, queue));
    }

    if (pool) {
        ngx_destroy_pool(pool);
    }
}


static void
amzsync_sync_released(amzsync_store_call_t *call)
{
    amzsync_sync_t  *sync;

    sync = call->data;

    ngx_log_error(NGX_LOG_NOTICE, sync->log, 0,
                  "amzsync: %ui syncs released", call->nrows);
}
