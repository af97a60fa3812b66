
/*
 * How far along a sync is, and whether it goes in circles.
 */


#include <sync/amzsync_sync_private.h>


/*
 * Progress measures work: units, windows of one, and pages of one.  How many
 * pages there are is not known; the last sync's number is taken, and beyond
 * it, or without it, p pages count as p/(p+1) of the window.
 */

ngx_uint_t
amzsync_sync_progress_set(amzsync_sync_set_t *set, amzsync_store_page_t *step,
    amzsync_sync_status_e status)
{
    double                part, done, range;
    int64_t               pages;
    amzsync_sync_unit_t  *unit;

    if (status == AMZSYNC_SYNC_COMPLETED) {
        return 100;
    }

    pages = step->page + 1;

    if (set->report == NULL && pages < set->expected_pages) {
        return 100 * pages / set->expected_pages;
    }

    pages = step->window_page;
    unit = amzsync_sync_unit_at(set, step->unit);

    if (unit == NULL) {
        return 100 * (step->unit - 1) / set->nunits;
    }

    range = (double) (unit->to - unit->from);

    part = (double) pages / (pages + 1);

    if (set->report) {
        part = pages ? amzsync_sync_report_part(set) : 0;

    } else if (pages && set->seen && step->window_to > step->window_from) {

        /* rows come by time */

        part = (double) (set->reached - step->window_from)
               / (double) (step->window_to - step->window_from);
        part = ngx_max(0, ngx_min(part, 1));
    }

    if (set->report && set->source->report->listed) {
        done = (double) (set->report->created - unit->from) / range;
        done = ngx_max(done, 0);

    } else {
        done = ((double) (step->window_from - unit->from)
                + (double) (step->window_to - step->window_from) * part)
               / range;
    }

    done = (step->unit - 1 + done) / set->nunits;

    return ngx_min(99, (ngx_uint_t) (100 * done));
}


ngx_uint_t
amzsync_sync_progress_job(amzsync_sync_set_t *set, ngx_uint_t progress)
{
    ngx_uint_t           i, sum;
    amzsync_sync_job_t  *job;
    amzsync_sync_set_t  *other;

    job = set->job;
    sum = 0;

    for (i = 0; i < job->nsets; i++) {
        other = &job->sets[i];

        if (other == set) {
            sum += progress;

        } else if (other->status == AMZSYNC_SYNC_FAILED) {
            sum += 100;

        } else {
            sum += other->progress;
        }
    }

    return ngx_max(job->progress, ngx_min(99, sum / job->nsets));
}


/*
 * Brent's algorithm on 64-bit hashes of tokens: one token is remembered, for
 * twice as many pages each time.  A circle of any length is seen soon after
 * it was gone round once.
 */

ngx_int_t
amzsync_sync_progress_token(amzsync_sync_set_t *set, const char *token)
{
    size_t    len;
    u_char   *p;
    uint64_t  hash;

    p = (u_char *) token;
    len = ngx_strlen(token);

    /* ngx_murmur_hash2() is undefined for bytes beyond ASCII */

    hash = (uint64_t) ngx_crc32_long(p, len) << 32 ^ ngx_hash_key(p, len);

    if (set->loop_limit && hash == set->loop_hash) {
        return NGX_ERROR;
    }

    if (set->loop_limit == 0 || ++set->loop_steps == set->loop_limit) {
        set->loop_hash = hash;
        set->loop_steps = 0;
        set->loop_limit = set->loop_limit ? 2 * set->loop_limit : 1;
    }

    return NGX_OK;
}
