
/*
 * Rows of the ledger: which there are, when they were posted, which are copies
 * of each other, which were deferred.  Arithmetic alone, so that any page
 * costs the same.
 *
 * Of 500 rows 120 were posted at one moment, as in a settlement.  A copy has
 * no id and is like its row in everything: some come right after it, some 113
 * rows later, which is another page in any case.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_transaction.h>


#define AMZSYNC_SANDBOX_DAY        ((int64_t) 24 * 3600 * 1000)
#define AMZSYNC_SANDBOX_SPAN_DAYS  500
#define AMZSYNC_SANDBOX_GROUP_DAYS 14

#define AMZSYNC_SANDBOX_PERIOD     500
#define AMZSYNC_SANDBOX_FROM       120          /* of the moment */
#define AMZSYNC_SANDBOX_TO         240
#define AMZSYNC_SANDBOX_COPIES     3            /* of its first rows */
#define AMZSYNC_SANDBOX_SHIFT      113
#define AMZSYNC_SANDBOX_PAIRS      50           /* a pair in as many */

/* One row in 10 of the last tenth, the last 50 days, was deferred; 16 revisions
 * release them all.  Which they are keeps clear of the copies. */
#define AMZSYNC_SANDBOX_EVERY      10
#define AMZSYNC_SANDBOX_WHICH      7
#define AMZSYNC_SANDBOX_WAVES      16

/* So many rows that a revision adds are like the next ones. */
#define AMZSYNC_SANDBOX_NEWS       20


static uint64_t amzsync_sandbox_recent(const amzsync_sandbox_view_t *view);
static uint64_t amzsync_sandbox_waiting(const amzsync_sandbox_view_t *view);
static uint64_t amzsync_sandbox_releases(const amzsync_sandbox_view_t *view,
    ngx_uint_t revision);
static uint64_t amzsync_sandbox_news(const amzsync_sandbox_view_t *view,
    ngx_uint_t revision);
static uint64_t amzsync_sandbox_starts(const amzsync_sandbox_view_t *view,
    ngx_uint_t revision);
static ngx_uint_t amzsync_sandbox_moment(uint64_t row);
static void amzsync_sandbox_ledger_old(const amzsync_sandbox_view_t *view,
    uint64_t row, amzsync_sandbox_ledger_t *ledger);
static void amzsync_sandbox_ledger_new(const amzsync_sandbox_view_t *view,
    uint64_t row, amzsync_sandbox_ledger_t *ledger);


/* The first row of revision 0 that may be deferred, a multiple of EVERY. */

static uint64_t
amzsync_sandbox_recent(const amzsync_sandbox_view_t *view)
{
    uint64_t  row;

    row = view->transactions - view->transactions / 10;

    return row - row % AMZSYNC_SANDBOX_EVERY;
}


/* Rows of revision 0 that were deferred. */

static uint64_t
amzsync_sandbox_waiting(const amzsync_sandbox_view_t *view)
{
    return (view->transactions - amzsync_sandbox_recent(view)
            + AMZSYNC_SANDBOX_EVERY
            - AMZSYNC_SANDBOX_WHICH - 1) / AMZSYNC_SANDBOX_EVERY;
}


static uint64_t
amzsync_sandbox_releases(const amzsync_sandbox_view_t *view,
    ngx_uint_t revision)
{
    uint64_t  n;

    n = amzsync_sandbox_waiting(view);

    if (revision > AMZSYNC_SANDBOX_WAVES || n < revision) {
        return 0;
    }

    return (n - revision) / AMZSYNC_SANDBOX_WAVES + 1;
}


/* Rows that a revision adds: releases, and others. */

static uint64_t
amzsync_sandbox_news(const amzsync_sandbox_view_t *view, ngx_uint_t revision)
{
    if (view->transactions == 0) {
        return 0;
    }

    return amzsync_sandbox_releases(view, revision)
           + ngx_max(view->transactions / 50, 3);
}


/* The first row of a revision. */

static uint64_t
amzsync_sandbox_starts(const amzsync_sandbox_view_t *view, ngx_uint_t revision)
{
    uint64_t    row;
    ngx_uint_t  r;

    row = view->transactions;

    for (r = 1; r < revision; r++) {
        row += amzsync_sandbox_news(view, r);
    }

    return row;
}


uint64_t
amzsync_sandbox_ledger_rows(const amzsync_sandbox_view_t *view)
{
    return amzsync_sandbox_starts(view, view->revision + 1);
}


/* Whether a row of revision 0 was posted together with others. */

static ngx_uint_t
amzsync_sandbox_moment(uint64_t row)
{
    row %= AMZSYNC_SANDBOX_PERIOD;

    return row >= AMZSYNC_SANDBOX_FROM && row < AMZSYNC_SANDBOX_TO;
}


void
amzsync_sandbox_ledger(const amzsync_sandbox_view_t *view, uint64_t row,
    amzsync_sandbox_ledger_t *ledger)
{
    ngx_memzero(ledger, sizeof(amzsync_sandbox_ledger_t));

    ledger->content = row;

    if (row < (uint64_t) view->transactions) {
        amzsync_sandbox_ledger_old(view, row, ledger);

    } else {
        amzsync_sandbox_ledger_new(view, row, ledger);
    }
}


static void
amzsync_sandbox_ledger_old(const amzsync_sandbox_view_t *view, uint64_t row,
    amzsync_sandbox_ledger_t *ledger)
{
    uint64_t  n;

    ledger->index = row;

    if (row >= amzsync_sandbox_recent(view)
        && row % AMZSYNC_SANDBOX_EVERY == AMZSYNC_SANDBOX_WHICH)
    {
        n = (row - amzsync_sandbox_recent(view)) / AMZSYNC_SANDBOX_EVERY
            % AMZSYNC_SANDBOX_WAVES + 1;
        ledger->deferrable = 1;
        ledger->released = (view->revision >= n);
        return;
    }

    n = row % AMZSYNC_SANDBOX_PERIOD - AMZSYNC_SANDBOX_FROM;

    if (amzsync_sandbox_moment(row)) {
        ledger->fee = (n % AMZSYNC_SANDBOX_SHIFT < AMZSYNC_SANDBOX_COPIES);
        ledger->content -= (ledger->fee && n >= AMZSYNC_SANDBOX_SHIFT)
                           ? AMZSYNC_SANDBOX_SHIFT : 0;
        return;
    }

    n = row % AMZSYNC_SANDBOX_PAIRS;

    if (n == 0 && row > 0) {
        ledger->fee = 1;
        ledger->content--;
    }

    if (n == AMZSYNC_SANDBOX_PAIRS - 1) {
        ledger->fee = 1;
    }
}


static void
amzsync_sandbox_ledger_new(const amzsync_sandbox_view_t *view, uint64_t row,
    amzsync_sandbox_ledger_t *ledger)
{
    uint64_t    from, n, releases;
    ngx_uint_t  r;

    from = view->transactions;

    for (r = 1; r < view->revision; r++) {
        n = amzsync_sandbox_news(view, r);

        if (row < from + n) {
            break;
        }

        from += n;
    }

    n = row - from;
    releases = amzsync_sandbox_releases(view, r);

    ledger->revision = r;
    ledger->index = n;

    if (n < releases) {
        ledger->release = 1;
        ledger->deferred = amzsync_sandbox_recent(view)
                           + (r - 1 + n * AMZSYNC_SANDBOX_WAVES)
                             * AMZSYNC_SANDBOX_EVERY + AMZSYNC_SANDBOX_WHICH;
        return;
    }

    /* the second is a copy of the first, the third is deferred, and so on */

    n = (n - releases) % AMZSYNC_SANDBOX_NEWS;

    ledger->fee = (n < 2);
    ledger->content -= (n == 1);
    ledger->deferrable = (n == 2);
}


int64_t
amzsync_sandbox_ledger_posted(const amzsync_sandbox_view_t *view, uint64_t row)
{
    int64_t                   step, time;
    uint64_t                  n;
    amzsync_sandbox_ledger_t  ledger;

    amzsync_sandbox_ledger(view, row, &ledger);

    if (ledger.revision) {
        return view->at[ledger.revision];
    }

    row = ledger.content;

    if (amzsync_sandbox_moment(row)) {
        n = row % AMZSYNC_SANDBOX_PERIOD;
        row = row - n + AMZSYNC_SANDBOX_FROM;
    }

    step = AMZSYNC_SANDBOX_SPAN_DAYS * AMZSYNC_SANDBOX_DAY
           / ngx_max(view->transactions, 1);
    n = amzsync_sandbox_hash(view->key, row, 90);

    /* a step is more than four seconds: whole seconds keep the order */

    time = view->until - AMZSYNC_SANDBOX_SPAN_DAYS * AMZSYNC_SANDBOX_DAY
           + (int64_t) row * step + 1000
           + (int64_t) (n % (uint64_t) (step - 1000));

    return (n >> 60) ? time - time % 1000 : time;
}


uint64_t
amzsync_sandbox_ledger_seek(const amzsync_sandbox_view_t *view, int64_t time)
{
    uint64_t  low, high, middle;

    low = 0;
    high = amzsync_sandbox_ledger_rows(view);

    while (low < high) {
        middle = low + (high - low) / 2;

        if (amzsync_sandbox_ledger_posted(view, middle) < time) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


/* Fourteen days of revision 0, or a revision. */

uint64_t
amzsync_sandbox_ledger_group(const amzsync_sandbox_view_t *view, uint64_t row)
{
    uint64_t                  size;
    amzsync_sandbox_ledger_t  ledger;

    size = view->transactions * AMZSYNC_SANDBOX_GROUP_DAYS
           / AMZSYNC_SANDBOX_SPAN_DAYS;
    size = ngx_max(size, 1);

    amzsync_sandbox_ledger(view, row, &ledger);

    if (ledger.revision) {
        return view->transactions / size + ledger.revision;
    }

    return ledger.content / size;
}


/* A group of revision 0 has copies behind its end. */

void
amzsync_sandbox_ledger_bounds(const amzsync_sandbox_view_t *view,
    uint64_t group, uint64_t *from, uint64_t *to)
{
    uint64_t  size, old, rows;

    size = view->transactions * AMZSYNC_SANDBOX_GROUP_DAYS
           / AMZSYNC_SANDBOX_SPAN_DAYS;
    size = ngx_max(size, 1);
    old = view->transactions / size;
    rows = amzsync_sandbox_ledger_rows(view);

    if (group <= old) {
        *from = group * size;
        *to = ngx_min((group + 1) * size + AMZSYNC_SANDBOX_SHIFT, rows);
        return;
    }

    *from = rows;
    *to = rows;

    if (group - old <= view->revision) {
        *from = amzsync_sandbox_starts(view, group - old);
        *to = amzsync_sandbox_starts(view, group - old + 1);
    }
}
