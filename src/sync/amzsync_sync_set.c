
/*
 * A dataset of a job, from page to page: access token, plan, slot of the
 * quota, fetch, commit.  It waits without a thread and without a connection.
 */


#include <sync/amzsync_sync_private.h>
#include <base/amzsync_metrics.h>


static void amzsync_sync_set_tokenless(amzsync_sync_set_t *set);
static void amzsync_sync_set_revoked(amzsync_store_call_t *call);
static void amzsync_sync_set_slot(amzsync_store_call_t *call);
static void amzsync_sync_set_wait(amzsync_sync_set_t *set, ngx_msec_t wait);
static void amzsync_sync_set_timer(ngx_event_t *ev);


void
amzsync_sync_set_next(amzsync_sync_set_t *set)
{
    ngx_int_t            rc;
    amzsync_operation_e  op;

    if (set->job->sync->stopped) {
        return;
    }

    rc = amzsync_sync_token_ready(set);

    if (rc == NGX_AGAIN) {
        return;
    }

    if (rc == NGX_ERROR) {
        amzsync_sync_set_tokenless(set);
        return;
    }

    if (set->units == NULL) {
        amzsync_sync_plan(set);
        return;
    }

    if (set->source->report) {
        amzsync_sync_report_next(set);
        return;
    }

    op = set->dataset->operation;

    if (set->next_token && set->dataset->each) {
        op = set->dataset->each->next_operation;
    }

    amzsync_sync_set_quota(set, op);
}


void
amzsync_sync_set_quota(amzsync_sync_set_t *set, amzsync_operation_e op)
{
    amzsync_sync_job_t  *job;

    job = set->job;

    set->operation = op;
    set->asked = ngx_current_msec;

    amzsync_sync_estimate_ask(set, &set->wait);

    set->call = amzsync_store_quota_take(job->sync->store, &job->lease,
                                         set->dataset, op,
                                         job->sync->conf->spapi.client_id,
                                         job->sync->conf->lease, &set->wait,
                                         amzsync_sync_set_slot, set);

    if (set->call == NULL) {
        amzsync_sync_set_again(set, amzsync_sync_set_next);
    }
}


static void
amzsync_sync_set_tokenless(amzsync_sync_set_t *set)
{
    amzsync_sync_job_t  *job;

    job = set->job;

    if (!job->token->revoked) {
        amzsync_sync_set_fail(set, job->token->error);
        return;
    }

    set->call = amzsync_store_connection_revoked(job->sync->store,
                                                 &job->lease,
                                                 job->token->version,
                                                 amzsync_sync_set_revoked,
                                                 set);
    if (set->call == NULL) {
        amzsync_sync_set_again(set, amzsync_sync_set_next);
    }
}


/* A user who has connected anew meanwhile has given us another token. */

static void
amzsync_sync_set_revoked(amzsync_store_call_t *call)
{
    amzsync_sync_set_t  *set;

    set = call->data;

    if (!amzsync_sync_set_done(set, call)) {
        return;
    }

    if (amzsync_store_connection_renewed(call)) {
        amzsync_sync_job_release(set->job);
        return;
    }

    amzsync_sync_set_fail(set, set->job->token->error);
}


void
amzsync_sync_set_recall(amzsync_sync_set_t *set)
{
    if (set->timer.timer_set && set->resume == amzsync_sync_set_next) {
        amzsync_sync_set_later(set, 0, amzsync_sync_set_next);
    }

    if (set->fetch) {
        amzsync_sync_fetch_recall(set);
    }
}


static void
amzsync_sync_set_slot(amzsync_store_call_t *call)
{
    ngx_msec_t           wait;
    amzsync_sync_set_t  *set;

    set = call->data;

    if (!amzsync_sync_set_done(set, call)) {
        return;
    }

    set->job->renewed = set->asked;

    amzsync_sync_estimate_answer(set, &set->wait, call);

    if (set->job->token->error) {
        amzsync_sync_set_next(set);
        return;
    }

    wait = amzsync_store_quota_wait(call);

    if (wait) {

        if (!amzsync_sync_instead(set)) {
            amzsync_sync_set_wait(set, wait);
        }

        return;
    }

    /* The slot may have been long in coming: is the lease still sure? */

    if (ngx_current_msec - set->asked > amzsync_sync_stale(set->job->sync)) {
        amzsync_sync_set_next(set);
        return;
    }

    amzsync_sync_fetch(set);
}


static void
amzsync_sync_set_wait(amzsync_sync_set_t *set, ngx_msec_t wait)
{
    /* A little later than free: who else waits shall not collide. */

    wait += ngx_random() % (wait / 50 + 5);

    amzsync_metrics_add(operations[set->operation].waits, 1);
    amzsync_metrics_add(operations[set->operation].waited, wait);

    amzsync_sync_set_later(set, wait, amzsync_sync_set_next);
}


ngx_uint_t
amzsync_sync_set_done(amzsync_sync_set_t *set, amzsync_store_call_t *call)
{
    set->call = NULL;

    switch (call->status) {

    case AMZSYNC_STORE_OK:
        set->db_failures = 0;
        set->refusals = 0;
        return 1;

    case AMZSYNC_STORE_NONE:
        amzsync_sync_job_lost(set->job);
        return 0;

    case AMZSYNC_STORE_FAILED:
        amzsync_sync_set_refused(set, amzsync_sync_set_next);
        return 0;

    default:
        amzsync_sync_set_again(set, amzsync_sync_set_next);
        return 0;
    }
}


void
amzsync_sync_set_later(amzsync_sync_set_t *set, ngx_msec_t delay,
    amzsync_sync_set_pt resume)
{
    set->resume = resume;
    set->timer.handler = amzsync_sync_set_timer;
    set->timer.data = set;
    set->timer.log = set->job->sync->log;
    set->timer.cancelable = 1;

    ngx_add_timer(&set->timer, delay);
}


void
amzsync_sync_set_again(amzsync_sync_set_t *set, amzsync_sync_set_pt resume)
{
    amzsync_sync_set_later(set, amzsync_sync_backoff(AMZSYNC_SYNC_DB_DELAY,
                                                     set->db_failures),
                           resume);
    set->db_failures++;
}


/*
 * The database takes the statement, but not what it says: a missing right, a
 * constraint of somebody else's.
 */

void
amzsync_sync_set_refused(amzsync_sync_set_t *set, amzsync_sync_set_pt resume)
{
    amzsync_error_t  error;

    if (set->refusals++ < set->job->sync->conf->retries) {
        amzsync_sync_set_again(set, resume);
        return;
    }

    amzsync_error_set(&error, "database_error",
                      amzsync_sync_text("The database refused the statement; "
                                        "its log says why."), NULL);
    amzsync_sync_fetch_fail(set, &error);
}


static void
amzsync_sync_set_timer(ngx_event_t *ev)
{
    amzsync_sync_set_t  *set;

    set = ev->data;

    if (set->job->sync->stopped) {
        return;
    }

    set->resume(set);
}


void
amzsync_sync_set_stop(amzsync_sync_set_t *set)
{
    if (set->call) {
        amzsync_store_detach(set->call);
        set->call = NULL;
    }

    if (set->fetch) {
        amzsync_sync_fetch_cancel(set);
    }

    if (set->token_waiting) {
        ngx_queue_remove(&set->waiting);
        set->token_waiting = 0;
    }

    if (set->timer.timer_set) {
        ngx_del_timer(&set->timer);
    }

    amzsync_rows_free(set->step.rows);
    ngx_free((char *) set->step.next_token);

    if (set->next_token) {
        ngx_free(set->next_token);
    }

    if (set->units) {
        ngx_free(set->units);
    }

    if (set->report) {
        amzsync_sync_report_free(set);
    }

    if (set->error) {
        ngx_free(set->error);
    }
}
