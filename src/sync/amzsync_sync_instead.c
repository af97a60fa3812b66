
/*
 * Reports in place of calls, where these take too long: chosen by arithmetic.
 *
 * searchOrders gives a page each three minutes, once its burst is spent; a
 * month of orders in a report takes about as long, however many they are.  So
 * the choice is made when a set would wait for a slot, once it has seen pages
 * enough to tell how many are to come.  What has been read is read again:
 * nothing but the estimate depends on the order of pages.  As a report tells
 * less, it must save half of the time.
 *
 * The youngest orders are left to calls: nobody promises that a report has
 * what was changed a moment ago.  So is, in a full sync, what has changed since
 * the sync before, which a sync that is not full would read by calls; what they
 * have told stays, unless it has changed.  And so are orders of a report that
 * failed; or was cancelled, as Amazon does that if there are none, but not only
 * then.
 */


#include <sync/amzsync_sync_private.h>


static double amzsync_sync_instead_calls(amzsync_sync_set_t *set,
    int64_t tail);
static void amzsync_sync_instead_why(amzsync_sync_set_t *set, double calls,
    ngx_uint_t reports);


ngx_uint_t
amzsync_sync_instead(amzsync_sync_set_t *set)
{
    double                    calls;
    int64_t                   tail;
    ngx_uint_t                reports;
    amzsync_sync_conf_t      *conf;
    amzsync_sync_unit_t      *unit;
    const amzsync_dataset_t  *instead;

    conf = set->job->sync->conf;
    unit = amzsync_sync_unit(set);
    instead = set->dataset->instead;

    if (instead == NULL || unit->decided || !conf->order_reports
        || conf->spapi.temp_path == NULL
        || set->seen < AMZSYNC_SYNC_SAMPLE || set->rate <= 0)
    {
        return 0;
    }

    tail = unit->to - (int64_t) instead->report->tail * 1000;

    if (unit->read_to != AMZSYNC_TIME_BAD) {
        tail = ngx_min(tail, unit->read_to);
    }

    if (tail <= set->window_from || tail <= set->reached) {
        return 0;
    }

    reports = amzsync_sync_instead_reports(set, tail);
    calls = amzsync_sync_instead_calls(set, tail);

    if (calls * 1000 / set->rate <= 2.0 * reports * AMZSYNC_SYNC_REPORT) {
        return 0;
    }

    amzsync_sync_instead_why(set, calls, reports);

    set->choice.tail = tail;
    set->choice.calls_to = AMZSYNC_TIME_BAD;

    amzsync_sync_commit_choice(set);

    return 1;
}


ngx_uint_t
amzsync_sync_instead_reports(amzsync_sync_set_t *set, int64_t to)
{
    int64_t  span;

    span = (int64_t) set->dataset->instead->window * 1000;

    return (to - set->window_from + span - 1) / span;
}


/* How many calls it takes up to the tail, if orders are as dense there as on
 * the pages that were seen: these come by the time of the last update. */

static double
amzsync_sync_instead_calls(amzsync_sync_set_t *set, int64_t tail)
{
    if (set->reached <= set->began) {
        return 0;
    }

    return (double) set->seen * (double) (tail - set->reached)
           / (double) (set->reached - set->began);
}


/* For people: in the status, as long as this worker has the sync; and in the
 * log. */

static void
amzsync_sync_instead_why(amzsync_sync_set_t *set, double calls,
    ngx_uint_t reports)
{
    ngx_uint_t  minutes;

    minutes = (ngx_uint_t) ngx_min(calls / set->rate / 60, 1e6);

    (void) snprintf(set->why, sizeof(set->why), "Fetching %s by %lu report%s: "
                    "%.0f calls would take %lu %s",
                    set->dataset->name, (unsigned long) reports,
                    reports == 1 ? "" : "s", ngx_min(calls, 1e9),
                    (unsigned long) (minutes < 120 ? minutes : minutes / 60),
                    minutes < 120 ? "minutes" : "hours");

    amzsync_sync_log_set(NGX_LOG_NOTICE, set, "%s", set->why);
}


ngx_uint_t
amzsync_sync_instead_failed(amzsync_sync_set_t *set,
    const amzsync_error_t *error)
{
    if (set->source == set->dataset) {
        return 0;
    }

    if (error) {
        amzsync_sync_log_set_error(NGX_LOG_ERR, set, "calls take the place of "
                                   "a report", error, 0);

    } else {
        amzsync_sync_log_set(NGX_LOG_NOTICE, set, "calls take the place of "
                             "report %s, which was cancelled",
                             set->report->report_id);
    }

    set->choice.tail = AMZSYNC_TIME_BAD;
    set->choice.calls_to = set->window_to;

    amzsync_sync_commit_choice(set);

    return 1;
}


void
amzsync_sync_instead_page(amzsync_sync_set_t *set, const amzsync_rows_t *rows)
{
    int64_t     least, most;
    ngx_uint_t  i;

    if (set->source->instead == NULL || rows->nrows == 0) {
        return;
    }

    for (i = 0; !(rows->rowset->columns[i].flags & AMZSYNC_COLUMN_NEWEST);
         i++)
    {
        /* void */
    }

    amzsync_array_times(&rows->columns[i], rows->nrows, &least, &most);

    set->began = set->seen ? ngx_min(set->began, least) : least;
    set->reached = set->seen ? ngx_max(set->reached, most) : most;

    set->seen++;
}
