
/*
 * Rows of reports: which there are, and their dates.  Arithmetic alone, so
 * that a window costs what is in it.
 *
 * A revision changes rows of the last days before "until" only, as reports are
 * read again for some days: of ten rows there it touches one, and one in 16 of
 * them is not there before one of the first revisions.  Where rows move, every
 * third of them is taken away by a revision, and added by it at its end.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report.h>


#define AMZSYNC_SANDBOX_CLASSES      10
#define AMZSYNC_SANDBOX_SPAN                                                  \
    (AMZSYNC_SANDBOX_REPORT_DAYS * AMZSYNC_SANDBOX_REPORT_DAY)

#define AMZSYNC_SANDBOX_RECENT       20         /* a part in as many: 27 days */
#define AMZSYNC_SANDBOX_NEWS         50         /* and so many new rows */
#define AMZSYNC_SANDBOX_MOVED        3
#define AMZSYNC_SANDBOX_LATE         16
#define AMZSYNC_SANDBOX_LATE_WHICH   5
#define AMZSYNC_SANDBOX_LATE_WAVES   8
#define AMZSYNC_SANDBOX_COPIES       40
#define AMZSYNC_SANDBOX_COPIES_WHICH 17

#define AMZSYNC_SANDBOX_R_DATE       110        /* fields; the row, and */
#define AMZSYNC_SANDBOX_R_ROW        120        /* + number of the report */
#define AMZSYNC_SANDBOX_R_PRODUCT    111
#define AMZSYNC_SANDBOX_R_PLACE      112

#define AMZSYNC_SANDBOX_PRODUCTS     200
#define AMZSYNC_SANDBOX_PAIRS_WHICH  2

#define AMZSYNC_SANDBOX_PUBLISHING   ((int64_t) 6 * 3600 * 1000)


static uint64_t amzsync_sandbox_report_added(
    const amzsync_sandbox_view_t *view, ngx_uint_t report);
static ngx_uint_t amzsync_sandbox_report_recent(
    const amzsync_sandbox_view_t *view, ngx_uint_t report, uint64_t row);
static uint64_t amzsync_sandbox_report_content(
    const amzsync_sandbox_view_t *view, ngx_uint_t report, uint64_t row);
static ngx_uint_t amzsync_sandbox_report_moved(
    const amzsync_sandbox_view_t *view, ngx_uint_t report, uint64_t row);
static uint64_t amzsync_sandbox_report_hash(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, uint64_t content);
static uint64_t amzsync_sandbox_report_product(uint64_t hash);
static ngx_uint_t amzsync_sandbox_report_old(
    const amzsync_sandbox_view_t *view, ngx_uint_t report,
    amzsync_sandbox_report_row_t *row);
static void amzsync_sandbox_report_new(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, amzsync_sandbox_report_row_t *row);
static ngx_uint_t amzsync_sandbox_report_touches(
    const amzsync_sandbox_view_t *view, uint64_t row);
static int64_t amzsync_sandbox_report_date(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, uint64_t row, uint64_t content, ngx_uint_t touches);


const amzsync_sandbox_report_t
    *const amzsync_sandbox_reports[AMZSYNC_SANDBOX_REPORTS] =
{
    &amzsync_sandbox_returns,
    &amzsync_sandbox_reimbursements,
    &amzsync_sandbox_ledger_detail,
    &amzsync_sandbox_ledger_summary,
    &amzsync_sandbox_removal_orders,
    &amzsync_sandbox_removal_shipments,
    &amzsync_sandbox_replacements,
    &amzsync_sandbox_settlements,
    &amzsync_sandbox_report_orders
};


ngx_int_t
amzsync_sandbox_report_find(const ngx_str_t *type)
{
    ngx_int_t  n;

    for (n = 0; n < AMZSYNC_SANDBOX_REPORTS; n++) {
        if (ngx_strlen(amzsync_sandbox_reports[n]->type) == type->len
            && ngx_memcmp(amzsync_sandbox_reports[n]->type, type->data,
                          type->len)
               == 0)
        {
            return n;
        }
    }

    return NGX_DECLINED;
}


/* Rows that a revision adds. */

static uint64_t
amzsync_sandbox_report_added(const amzsync_sandbox_view_t *view,
    ngx_uint_t report)
{
    int64_t  size;

    size = view->reports[report];

    return size ? ngx_max(size / AMZSYNC_SANDBOX_NEWS, 4) : 0;
}


uint64_t
amzsync_sandbox_report_rows(const amzsync_sandbox_view_t *view,
    ngx_uint_t report)
{
    return view->reports[report]
           + view->revision * amzsync_sandbox_report_added(view, report);
}


/* Whether a revision may change a row of revision 0. */

static ngx_uint_t
amzsync_sandbox_report_recent(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, uint64_t row)
{
    int64_t  size;

    size = view->reports[report];

    return row >= (uint64_t) (size - size / AMZSYNC_SANDBOX_RECENT);
}


/* Rows that were there twice keep clear of those that change. */

static uint64_t
amzsync_sandbox_report_content(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, uint64_t row)
{
    if ((amzsync_sandbox_reports[report]->flags
         & AMZSYNC_SANDBOX_REPORT_COPIES)
        && row % AMZSYNC_SANDBOX_COPIES == AMZSYNC_SANDBOX_COPIES_WHICH
        && !amzsync_sandbox_report_recent(view, report, row))
    {
        return row - 1;
    }

    return row;
}


/* The revision that moves a row of revision 0, or 0. */

static ngx_uint_t
amzsync_sandbox_report_moved(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, uint64_t row)
{
    uint64_t  n;

    if (!(amzsync_sandbox_reports[report]->flags & AMZSYNC_SANDBOX_REPORT_MOVES)
        || !amzsync_sandbox_report_recent(view, report, row))
    {
        return 0;
    }

    n = view->reports[report] - 1 - row;

    if (n % AMZSYNC_SANDBOX_MOVED) {
        return 0;
    }

    return n / AMZSYNC_SANDBOX_MOVED
           / (amzsync_sandbox_report_added(view, report) / 2) + 1;
}


ngx_uint_t
amzsync_sandbox_report_head(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, uint64_t number, amzsync_sandbox_report_row_t *row)
{
    uint64_t  n;

    if (number >= amzsync_sandbox_report_rows(view, report)) {
        return 0;
    }

    ngx_memzero(row, sizeof(amzsync_sandbox_report_row_t));

    row->report = amzsync_sandbox_reports[report];
    row->view = view;
    row->row = number;
    row->content = number;

    if (number < (uint64_t) view->reports[report]) {
        if (!amzsync_sandbox_report_old(view, report, row)) {
            return 0;
        }

    } else {
        amzsync_sandbox_report_new(view, report, row);
    }

    row->hash = amzsync_sandbox_report_hash(view, report, row->content);
    row->parent = row->content;
    row->product = amzsync_sandbox_report_product(row->hash);

    /* two rows of one id have two products */

    n = row->report->pairs;

    if (n && row->content % n == AMZSYNC_SANDBOX_PAIRS_WHICH) {
        row->parent--;
        n = amzsync_sandbox_report_hash(view, report, row->parent);
        row->product = (amzsync_sandbox_report_product(n) + 1)
                       % AMZSYNC_SANDBOX_PRODUCTS;
    }

    n = (amzsync_sandbox_hash(row->hash, 0, AMZSYNC_SANDBOX_R_PLACE) >> 8) % 10;
    row->marketplace = (n < 7) ? 0 : (n < 9) ? 1 : 2;

    return 1;
}


static uint64_t
amzsync_sandbox_report_hash(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, uint64_t content)
{
    return amzsync_sandbox_hash(view->key, content,
                                AMZSYNC_SANDBOX_R_ROW + report);
}


static uint64_t
amzsync_sandbox_report_product(uint64_t hash)
{
    return (amzsync_sandbox_hash(hash, 0, AMZSYNC_SANDBOX_R_PRODUCT) >> 8)
           % AMZSYNC_SANDBOX_PRODUCTS;
}


static ngx_uint_t
amzsync_sandbox_report_old(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, amzsync_sandbox_report_row_t *row)
{
    uint64_t    n;
    ngx_uint_t  moved;

    n = row->row;
    row->content = amzsync_sandbox_report_content(view, report, n);

    if (amzsync_sandbox_report_recent(view, report, n)
        && !(row->report->flags & AMZSYNC_SANDBOX_REPORT_LISTED))
    {
        moved = amzsync_sandbox_report_moved(view, report, n);

        if (moved && moved <= view->revision) {
            return 0;
        }

        /* what moves is there from the beginning */

        if (moved == 0
            && n % AMZSYNC_SANDBOX_LATE == AMZSYNC_SANDBOX_LATE_WHICH
            && view->revision <= n / AMZSYNC_SANDBOX_LATE
                                 % AMZSYNC_SANDBOX_LATE_WAVES)
        {
            return 0;
        }

        if (!(row->report->flags & AMZSYNC_SANDBOX_REPORT_MOVES)) {
            row->touches = amzsync_sandbox_report_touches(view, n);
        }
    }

    row->date = amzsync_sandbox_report_date(view, report, n, row->content,
                                            row->touches);

    return 1;
}


static void
amzsync_sandbox_report_new(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, amzsync_sandbox_report_row_t *row)
{
    uint64_t  n, added, moves, old;

    added = amzsync_sandbox_report_added(view, report);
    n = row->row - view->reports[report];

    row->revision = n / added + 1;
    row->date = amzsync_sandbox_report_date(view, report, row->row, row->row,
                                            0);

    if (!(row->report->flags & AMZSYNC_SANDBOX_REPORT_MOVES)) {
        return;
    }

    n %= added;
    moves = added / 2;

    if (n >= moves) {
        return;
    }

    n = ((row->revision - 1) * moves + n) * AMZSYNC_SANDBOX_MOVED;

    if (n >= (uint64_t) view->reports[report]) {
        return;
    }

    old = view->reports[report] - 1 - n;

    if (amzsync_sandbox_report_recent(view, report, old)) {
        row->content = old;
        row->touches = 1;
    }
}


/* Revisions that touch a row of revision 0. */

static ngx_uint_t
amzsync_sandbox_report_touches(const amzsync_sandbox_view_t *view,
    uint64_t row)
{
    uint64_t  first;

    first = (row + view->key % AMZSYNC_SANDBOX_CLASSES)
            % AMZSYNC_SANDBOX_CLASSES + 1;

    if (view->revision < first) {
        return 0;
    }

    return (view->revision - first) / AMZSYNC_SANDBOX_CLASSES + 1;
}


/*
 * The order of rows is that of their dates, for a step is 4665 ms or more.
 * What is told of whole days has Amazon's date: a day begins there later, and
 * none that has not begun is told.
 */

static int64_t
amzsync_sandbox_report_date(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, uint64_t row, uint64_t content, ngx_uint_t touches)
{
    int64_t     step, time;
    uint64_t    size, wobble;
    ngx_uint_t  flags;

    size = view->reports[report];
    flags = amzsync_sandbox_reports[report]->flags;

    if (row >= size) {
        row = (row - size) / amzsync_sandbox_report_added(view, report) + 1;
        time = view->at[row];

        if (flags & AMZSYNC_SANDBOX_REPORT_WHOLE) {
            time = ngx_max(time - AMZSYNC_SANDBOX_REPORT_ZONE, view->until);
        }

    } else {
        step = AMZSYNC_SANDBOX_SPAN / size;
        wobble = (flags & AMZSYNC_SANDBOX_REPORT_DRIFTS) ? touches : 0;
        wobble = amzsync_sandbox_hash(view->key, content,
                                      AMZSYNC_SANDBOX_R_DATE
                                      + (wobble << 8) + (report << 32));

        time = view->until - AMZSYNC_SANDBOX_SPAN + (int64_t) content * step
               + (int64_t) (wobble % (uint64_t) (step - 999));
    }

    if (flags & AMZSYNC_SANDBOX_REPORT_DAILY) {
        return time - time % AMZSYNC_SANDBOX_REPORT_DAY;
    }

    return time - time % 1000;
}


uint64_t
amzsync_sandbox_report_seek(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, int64_t time)
{
    int64_t     date;
    uint64_t    low, high, middle;
    ngx_uint_t  touches;

    low = 0;
    high = amzsync_sandbox_report_rows(view, report);

    while (low < high) {
        middle = low + (high - low) / 2;

        touches = amzsync_sandbox_report_recent(view, report, middle)
                  ? amzsync_sandbox_report_touches(view, middle) : 0;
        date = amzsync_sandbox_report_date(view, report, middle,
                   amzsync_sandbox_report_content(view, report, middle),
                   touches);

        if (date < time) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


ngx_uint_t
amzsync_sandbox_settlement_count(const amzsync_sandbox_view_t *view)
{
    if (view->reports[AMZSYNC_SANDBOX_REPORT_SETTLEMENTS] == 0) {
        return 0;
    }

    return AMZSYNC_SANDBOX_REPORT_DAYS / AMZSYNC_SANDBOX_REPORT_PERIOD
           + view->revision;
}


int64_t
amzsync_sandbox_settlement_begin(const amzsync_sandbox_view_t *view,
    ngx_uint_t n)
{
    return amzsync_sandbox_settlement_end(view, n)
           - AMZSYNC_SANDBOX_REPORT_PERIOD * AMZSYNC_SANDBOX_REPORT_DAY;
}


int64_t
amzsync_sandbox_settlement_end(const amzsync_sandbox_view_t *view,
    ngx_uint_t n)
{
    int64_t     time;
    ngx_uint_t  old;

    old = AMZSYNC_SANDBOX_REPORT_DAYS / AMZSYNC_SANDBOX_REPORT_PERIOD;

    if (n < old) {
        time = view->until - AMZSYNC_SANDBOX_SPAN
               + (int64_t) (n + 1) * AMZSYNC_SANDBOX_REPORT_PERIOD
                 * AMZSYNC_SANDBOX_REPORT_DAY;

    } else {
        time = view->at[n - old + 1];
    }

    return time - time % 1000;
}


int64_t
amzsync_sandbox_settlement_published(const amzsync_sandbox_view_t *view,
    ngx_uint_t n)
{
    ngx_uint_t  old;

    old = AMZSYNC_SANDBOX_REPORT_DAYS / AMZSYNC_SANDBOX_REPORT_PERIOD;

    return amzsync_sandbox_settlement_end(view, n)
           + ((n < old) ? AMZSYNC_SANDBOX_PUBLISHING : 0);
}


void
amzsync_sandbox_settlement_rows(const amzsync_sandbox_view_t *view,
    ngx_uint_t n, uint64_t *from, uint64_t *to)
{
    uint64_t    added;
    ngx_uint_t  old, report;

    report = AMZSYNC_SANDBOX_REPORT_SETTLEMENTS;
    old = AMZSYNC_SANDBOX_REPORT_DAYS / AMZSYNC_SANDBOX_REPORT_PERIOD;

    if (n < old) {
        *from = amzsync_sandbox_report_seek(view, report,
                                  amzsync_sandbox_settlement_begin(view, n));
        *to = amzsync_sandbox_report_seek(view, report,
                                  amzsync_sandbox_settlement_end(view, n));
        return;
    }

    added = amzsync_sandbox_report_added(view, report);

    *from = view->reports[report] + (n - old) * added;
    *to = *from + added;
}
