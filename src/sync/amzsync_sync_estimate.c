
/*
 * What a sync waits for, and when it will be done, as far as its quotas and
 * the last sync's pages tell.
 *
 * Nothing here costs a statement: what is to be told goes with the step that is
 * committed, or with the question for a slot of the quota.
 */


#include <sync/amzsync_sync_private.h>


static amzsync_sync_set_t *amzsync_sync_estimate_longest(
    amzsync_sync_set_t *but);
static const char *amzsync_sync_estimate_text(amzsync_sync_set_t *set,
    amzsync_sync_set_t *teller);
static int64_t amzsync_sync_estimate_rest(amzsync_sync_job_t *job,
    amzsync_sync_set_t *but);
static int64_t amzsync_sync_estimate_set(amzsync_sync_set_t *set);
static ngx_msec_t amzsync_sync_estimate_wait(amzsync_sync_set_t *set);
static double amzsync_sync_estimate_pace(amzsync_sync_set_t *set);


void
amzsync_sync_estimate_step(amzsync_sync_set_t *set)
{
    int64_t              page, left, rest;
    amzsync_sync_job_t  *job;

    job = set->job;

    set->free_at = 0;

    job->teller = amzsync_sync_estimate_longest(set);
    set->step.message = amzsync_sync_estimate_text(set, job->teller);

    rest = amzsync_sync_estimate_rest(job, set);
    left = 0;

    if (set->step_status <= AMZSYNC_SYNC_IN_PROGRESS) {

        /* the set as the step leaves it */

        page = set->page;
        set->page = set->step.page + 1;

        left = amzsync_sync_estimate_set(set);

        set->page = page;
    }

    set->step.left = ngx_max(left, ngx_abs(rest));

    if (left < 0 || rest < 0) {
        set->step.left = -set->step.left;
    }
}


/*
 * The end of a wait that was told is told, too, unless another one is to be
 * told instead.
 */

void
amzsync_sync_estimate_ask(amzsync_sync_set_t *set, amzsync_store_wait_t *wait)
{
    int64_t              pages;
    amzsync_sync_job_t  *job;
    amzsync_sync_set_t  *longest;

    job = set->job;

    longest = amzsync_sync_estimate_longest(set);

    wait->longer = longest ? amzsync_sync_estimate_wait(longest)
                           : AMZSYNC_SYNC_WAIT_TOLD - 1;
    wait->message = NULL;

    if (job->teller == set) {
        wait->message = amzsync_sync_estimate_text(set, longest);
    }

    pages = set->expected_pages - set->page;

    wait->pages = (set->source->report || pages < 0) ? 0 : pages;
    wait->pace = amzsync_sync_estimate_pace(set);
    wait->rest = amzsync_sync_estimate_rest(job, set);
}


void
amzsync_sync_estimate_answer(amzsync_sync_set_t *set,
    amzsync_store_wait_t *asked, amzsync_store_call_t *call)
{
    ngx_msec_t           wait;
    ngx_uint_t           told;
    amzsync_sync_job_t  *job;

    job = set->job;

    wait = amzsync_store_quota_wait(call);

    set->rate = amzsync_store_quota_rate(call);
    set->slots = amzsync_store_quota_slots(call);
    set->free_at = wait ? ngx_current_msec + wait : 0;
    set->fetched_at = ngx_current_msec;

    told = (job->teller == set);

    if (wait > asked->longer) {
        job->teller = set;
        told = 1;

    } else if (told) {
        job->teller = amzsync_sync_estimate_longest(set);
    }

    if (told) {
        amzsync_sync_changed(job);
    }
}


void
amzsync_sync_estimate_page(amzsync_sync_set_t *set)
{
    set->fetches++;
    set->fetch_time += ngx_current_msec - set->fetched_at;
}


/* Which of the others waits longest, for so long that it is told; or NULL. */

static amzsync_sync_set_t *
amzsync_sync_estimate_longest(amzsync_sync_set_t *but)
{
    ngx_uint_t           i;
    ngx_msec_t           wait, longest;
    amzsync_sync_job_t  *job;
    amzsync_sync_set_t  *set, *found;

    job = but->job;
    found = NULL;
    longest = AMZSYNC_SYNC_WAIT_TOLD - 1;

    for (i = 0; i < job->nsets; i++) {
        set = &job->sets[i];

        if (set == but) {
            continue;
        }

        wait = amzsync_sync_estimate_wait(set);

        if (wait > longest) {
            longest = wait;
            found = set;
        }
    }

    return found;
}


/* For people: what the teller waits for, or without one what the set does. */

static const char *
amzsync_sync_estimate_text(amzsync_sync_set_t *set, amzsync_sync_set_t *teller)
{
    if (teller == NULL) {

        if (set->why[0]) {
            return set->why;
        }

        return (set->report && set->report->message[0])
               ? set->report->message : set->source->message;
    }

    (void) snprintf(set->message, sizeof(set->message),
                    "%s" AMZSYNC_STORE_WAITING "%lu s", teller->dataset->name,
                    (unsigned long)
                    (amzsync_sync_estimate_wait(teller) + 500) / 1000);

    return set->message;
}


/*
 * Milliseconds that all sets but this one take, side by side; negative if some
 * of them may take longer, as nobody knows how much they have to read.
 */

static int64_t
amzsync_sync_estimate_rest(amzsync_sync_job_t *job, amzsync_sync_set_t *but)
{
    int64_t              left, rest;
    ngx_uint_t           i, unknown;
    amzsync_sync_set_t  *set;

    rest = 0;
    unknown = 0;

    for (i = 0; i < job->nsets; i++) {
        set = &job->sets[i];

        if (set == but || set->status > AMZSYNC_SYNC_IN_PROGRESS) {
            continue;
        }

        left = amzsync_sync_estimate_set(set);

        if (left < 0) {
            unknown = 1;
            left = amzsync_sync_estimate_wait(set);
        }

        rest = ngx_max(rest, left);
    }

    return unknown ? -ngx_max(rest, 1) : rest;
}


/* -1: unknown. */

static int64_t
amzsync_sync_estimate_set(amzsync_sync_set_t *set)
{
    double   quota, fetches;
    int64_t  pages;

    if (set->units && set->source != set->dataset) {
        return AMZSYNC_SYNC_REPORT
               * amzsync_sync_instead_reports(set, amzsync_sync_unit(set)->to);
    }

    pages = set->expected_pages - set->page;

    if (set->units == NULL || set->source->report || pages <= 0
        || set->rate <= 0)
    {
        return -1;
    }

    /* what there is a slot for waits for none */

    quota = ngx_max(0, pages - 1 - set->slots) * 1000 / set->rate
            + amzsync_sync_estimate_wait(set);
    fetches = pages * amzsync_sync_estimate_pace(set);

    return 1 + ngx_max(quota, fetches);
}


static ngx_msec_t
amzsync_sync_estimate_wait(amzsync_sync_set_t *set)
{
    ngx_msec_int_t  wait;

    if (set->free_at == 0) {
        return 0;
    }

    wait = set->free_at - ngx_current_msec;

    return ngx_max(wait, 0);
}


/* Milliseconds of a page, without waits for the quota; 0: unknown. */

static double
amzsync_sync_estimate_pace(amzsync_sync_set_t *set)
{
    return set->fetches ? (double) set->fetch_time / set->fetches : 0;
}
