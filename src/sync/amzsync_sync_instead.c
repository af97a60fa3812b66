
/*
 * Reports in place of calls, where these take too long: chosen by arithmetic.
 *
 * searchOrders gives a page each three minutes, once its burst is spent; a
 * month of orders in a report takes about as long, however many they are.  So
 * the choice is made when a set would wait for a slot: by then it has read
 * pages enough to tell how many there are.  What has been read is read again,
 * and so nothing depends on the order of pages but the estimate.
 *
 * The youngest orders are left to calls: nobody promises that a report has
 * what was changed a moment ago.
 */


#include <sync/amzsync_sync_private.h>


static double amzsync_sync_instead_calls(amzsync_sync_set_t *set);
static void amzsync_sync_instead_why(amzsync_sync_set_t *set, double calls,
    ngx_uint_t reports);


ngx_uint_t
amzsync_sync_instead(amzsync_sync_set_t *set)
{
    double                     calls;
    int64_t                    tail, span;
    ngx_uint_t                 reports;
    amzsync_sync_conf_t       *conf;
    amzsync_sync_unit_t       *unit;
    const amzsync_dataset_t   *instead;

    conf = set->job->sync->conf;
    unit = amzsync_sync_unit(set);
    instead = set->dataset->instead;

    if (instead == NULL || unit->decided || !conf->order_reports
        || conf->spapi.temp_path == NULL
        || set->seen < AMZSYNC_SYNC_SAMPLE)
    {
        return 0;
    }

    tail = unit->to - (int64_t) instead->report->tail * 1000;
    span = (int64_t) instead->window * 1000;

    if (tail <= set->window_from) {
        return 0;
    }

    reports = (tail - set->window_from + span - 1) / span;
    calls = amzsync_sync_instead_calls(set);

    if (calls * 1000 / set->rate <= (double) reports * AMZSYNC_SYNC_REPORT) {
        return 0;
    }

    amzsync_sync_instead_why(set, calls, reports);

    set->choice.by_report = 1;
    set->choice.tail = tail;

    amzsync_sync_commit_choice(set);

    return 1;
}


/*
 * How many calls the window takes yet, if its orders are as dense as on the
 * pages that were seen: they come by the time of their last update.
 */

static double
amzsync_sync_instead_calls(amzsync_sync_set_t *set)
{
    double  seen, left;

    seen = (double) (set->reached - set->began);
    left = (double) (set->window_to - set->reached);

    if (seen <= 0 || left <= 0 || set->rate <= 0) {
        return 0;
    }

    return set->seen * left / seen;
}


/* For people: in the status, as long as this worker has the sync; and in the
 * log. */

static void
amzsync_sync_instead_why(amzsync_sync_set_t *set, double calls,
    ngx_uint_t reports)
{
    ngx_uint_t  minutes;

    minutes = (ngx_uint_t) ngx_min(calls / set->rate / 60, 1e6);

    (void) snprintf(set->why, sizeof(set->why), "Fetching %s by %lu reports: "
                    "%.0f calls would take %lu %s",
                    set->dataset->name, (unsigned long) reports,
                    ngx_min(calls, 1e9),
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

    amzsync_sync_log_set_error(NGX_LOG_ERR, set, "goes on by calls, as a "
                               "report failed", error, 0);

    set->why[0] = '\0';

    set->choice.by_report = 0;
    set->choice.tail = AMZSYNC_TIME_BAD;

    amzsync_sync_commit_choice(set);

    return 1;
}


/* Times of the page's first row and of its last: "{FIRST,…,LAST}". */

void
amzsync_sync_instead_page(amzsync_sync_set_t *set, const amzsync_rows_t *rows)
{
    int64_t        first, last;
    ngx_uint_t     i;
    const u_char  *start, *end, *p;

    if (set->source->instead == NULL || rows->nrows == 0) {
        return;
    }

    for (i = 0; !(rows->rowset->columns[i].flags & AMZSYNC_COLUMN_NEWEST);
         i++)
    {
        /* void */
    }

    start = rows->columns[i].start + 1;
    end = start + strcspn((char *) start, "}");

    for (p = end; p > start && p[-1] != ','; p--) { /* void */ }

    first = amzsync_time_parse(start, strcspn((char *) start, ",}"));
    last = amzsync_time_parse(p, end - p);

    if (first == AMZSYNC_TIME_BAD || last == AMZSYNC_TIME_BAD) {
        return;
    }

    if (set->seen++ == 0) {
        set->began = first;
    }

    set->reached = last;
}
