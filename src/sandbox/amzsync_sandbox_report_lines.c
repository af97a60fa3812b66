
/*
 * Lines of reports, tab separated, and of their truth, buffer by buffer.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report.h>


static void amzsync_sandbox_report_header(
    amzsync_sandbox_report_lines_t *lines, amzsync_sandbox_out_t *out);
static ngx_int_t amzsync_sandbox_report_next(
    amzsync_sandbox_report_lines_t *lines, amzsync_sandbox_report_row_t *row,
    ngx_uint_t *scanned);
static ngx_int_t amzsync_sandbox_report_next_item(
    amzsync_sandbox_report_lines_t *lines, amzsync_sandbox_report_row_t *row,
    ngx_uint_t *scanned);
static ngx_uint_t amzsync_sandbox_report_published(
    amzsync_sandbox_report_lines_t *lines, uint64_t number);
static void amzsync_sandbox_report_line(amzsync_sandbox_report_lines_t *lines,
    amzsync_sandbox_out_t *out, amzsync_sandbox_report_row_t *row);
static ngx_uint_t amzsync_sandbox_report_spoil(
    amzsync_sandbox_report_lines_t *lines, amzsync_sandbox_out_t *out,
    const amzsync_sandbox_report_column_t *column);
static void amzsync_sandbox_report_tsv(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_report_column_t *column,
    amzsync_sandbox_report_cell_t *cell, amzsync_sandbox_charset_e charset);
static void amzsync_sandbox_report_csv(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_report_column_t *column,
    amzsync_sandbox_report_cell_t *cell, amzsync_sandbox_charset_e charset);
static void amzsync_sandbox_report_moment(amzsync_sandbox_out_t *out,
    amzsync_sandbox_form_e form, int64_t time);
static int64_t amzsync_sandbox_report_day(int64_t time);


void
amzsync_sandbox_report_start(amzsync_sandbox_report_lines_t *lines)
{
    const amzsync_sandbox_view_t  *view;

    view = &lines->view;

    if (!lines->truth
        && (amzsync_sandbox_reports[lines->report]->flags
            & AMZSYNC_SANDBOX_REPORT_WHOLE))
    {
        lines->from = amzsync_sandbox_report_day(lines->from);
        lines->to = amzsync_sandbox_report_day(lines->to - 1)
                    + AMZSYNC_SANDBOX_REPORT_DAY;
    }

    if (lines->report == AMZSYNC_SANDBOX_REPORT_ORDER_ITEMS) {
        lines->pos = amzsync_sandbox_seek(view, AMZSYNC_SANDBOX_UPDATED,
                                          lines->from);
        lines->end = amzsync_sandbox_seek(view, AMZSYNC_SANDBOX_UPDATED,
                                          lines->to);

        /* the items of an order come after its own place was passed */

        lines->at = 0;
        lines->order.nitems = 0;

    } else if (lines->settled) {
        amzsync_sandbox_settlement_rows(view, lines->settlement, &lines->pos,
                                        &lines->end);

    } else if (lines->report == AMZSYNC_SANDBOX_REPORT_SETTLEMENTS) {

        /* all of them; which of them are in time is seen by each */

        lines->pos = 0;
        lines->end = amzsync_sandbox_report_rows(view, lines->report);

    } else {
        lines->pos = amzsync_sandbox_report_seek(view, lines->report,
                                                 lines->from);
        lines->end = amzsync_sandbox_report_seek(view, lines->report,
                                                 lines->to);
    }
}


/* The begin of the day, as rows have it, that a time is of for Amazon. */

static int64_t
amzsync_sandbox_report_day(int64_t time)
{
    time -= AMZSYNC_SANDBOX_REPORT_ZONE;

    return time - time % AMZSYNC_SANDBOX_REPORT_DAY;
}


ngx_int_t
amzsync_sandbox_report_run(amzsync_sandbox_report_lines_t *lines,
    amzsync_sandbox_out_t *out)
{
    ngx_int_t                     rc;
    ngx_uint_t                    scanned;
    amzsync_sandbox_report_row_t  row;

    if (!lines->started) {
        lines->started = 1;
        amzsync_sandbox_report_header(lines, out);
    }

    scanned = 0;

    for ( ;; ) {

        if (out->end - out->last < AMZSYNC_SANDBOX_REPORT_ROOM) {
            return NGX_AGAIN;
        }

        rc = amzsync_sandbox_report_next(lines, &row, &scanned);

        if (rc == NGX_AGAIN) {
            return out->failed ? NGX_ERROR : NGX_AGAIN;
        }

        if (rc == NGX_DONE) {
            return out->failed ? NGX_ERROR : NGX_DONE;
        }

        amzsync_sandbox_report_line(lines, out, &row);
    }
}


ngx_uint_t
amzsync_sandbox_report_any(amzsync_sandbox_report_lines_t *lines)
{
    ngx_uint_t                    scanned;
    amzsync_sandbox_report_row_t  row;

    scanned = 0;

    /* that none of so many rows matches does not happen */

    return amzsync_sandbox_report_next(lines, &row, &scanned) != NGX_DONE;
}


static void
amzsync_sandbox_report_header(amzsync_sandbox_report_lines_t *lines,
    amzsync_sandbox_out_t *out)
{
    const char                      *name;
    ngx_uint_t                       i;
    const amzsync_sandbox_report_t  *report;

    report = amzsync_sandbox_reports[lines->report];

    for (i = 0; i < report->ncolumns; i++) {

        name = lines->truth ? report->columns[i].name
                            : report->columns[i].header;

        if (name == NULL) {
            continue;
        }

        if (i) {
            amzsync_sandbox_raw(out, lines->truth ? "," : "\t", 1);
        }

        amzsync_sandbox_raw(out, name, ngx_strlen(name));
    }

    amzsync_sandbox_raw(out, "\n", 1);
}


/* The next row; NGX_DONE after the last, NGX_AGAIN if many were passed. */

static ngx_int_t
amzsync_sandbox_report_next(amzsync_sandbox_report_lines_t *lines,
    amzsync_sandbox_report_row_t *row, ngx_uint_t *scanned)
{
    uint64_t                         number;
    const amzsync_sandbox_report_t  *report;

    report = amzsync_sandbox_reports[lines->report];

    if (report->flags & AMZSYNC_SANDBOX_REPORT_ORDERS) {
        return amzsync_sandbox_report_next_item(lines, row, scanned);
    }

    while (lines->pos < lines->end) {

        if (*scanned == AMZSYNC_SANDBOX_SCAN) {
            return NGX_AGAIN;
        }

        *scanned += 1;
        number = lines->pos++;

        if ((report->flags & AMZSYNC_SANDBOX_REPORT_LISTED)
            && !lines->settled
            && !amzsync_sandbox_report_published(lines, number))
        {
            continue;
        }

        if (!amzsync_sandbox_report_head(&lines->view, lines->report, number,
                                         row))
        {
            continue;
        }

        if ((report->flags & AMZSYNC_SANDBOX_REPORT_REGIONAL)
            || (lines->marketplaces & ((ngx_uint_t) 1 << row->marketplace)))
        {
            return NGX_OK;
        }
    }

    return NGX_DONE;
}


/* Orders are one row after another, and a line has one item. */

static ngx_int_t
amzsync_sandbox_report_next_item(amzsync_sandbox_report_lines_t *lines,
    amzsync_sandbox_report_row_t *row, ngx_uint_t *scanned)
{
    uint64_t                        number;
    amzsync_sandbox_order_t        *order;
    const amzsync_sandbox_view_t   *view;

    view = &lines->view;
    order = &lines->order;

    while (lines->at == order->nitems) {

        if (lines->pos == lines->end) {
            return NGX_DONE;
        }

        if (*scanned == AMZSYNC_SANDBOX_SCAN) {
            return NGX_AGAIN;
        }

        *scanned += 1;
        lines->at = 0;

        number = amzsync_sandbox_row(view, AMZSYNC_SANDBOX_UPDATED,
                                     lines->pos++);
        amzsync_sandbox_order_head(view, number, order);

        if (lines->marketplaces & ((ngx_uint_t) 1 << order->marketplace)) {
            amzsync_sandbox_order_body(view, order);
        }
    }

    ngx_memzero(row, sizeof(amzsync_sandbox_report_row_t));

    row->report = &amzsync_sandbox_report_orders;
    row->view = view;
    row->row = order->row;
    row->date = order->updated;
    row->marketplace = order->marketplace;
    row->order = order;
    row->item = &order->items[lines->at++];

    return NGX_OK;
}


/* The truth about settlements goes by the time at which each was published. */

static ngx_uint_t
amzsync_sandbox_report_published(amzsync_sandbox_report_lines_t *lines,
    uint64_t number)
{
    int64_t     time;
    uint64_t    from, to;
    ngx_uint_t  n, count;

    count = amzsync_sandbox_settlement_count(&lines->view);

    for (n = lines->settlement; n < count; n++) {
        amzsync_sandbox_settlement_rows(&lines->view, n, &from, &to);

        if (number < from) {
            return 0;
        }

        if (number < to) {
            lines->settlement = n;
            time = amzsync_sandbox_settlement_published(&lines->view, n);
            return time >= lines->from && time < lines->to;
        }
    }

    return 0;
}


static void
amzsync_sandbox_report_line(amzsync_sandbox_report_lines_t *lines,
    amzsync_sandbox_out_t *out, amzsync_sandbox_report_row_t *row)
{
    ngx_uint_t                              i;
    amzsync_sandbox_report_cell_t           cell;
    const amzsync_sandbox_report_t         *report;
    const amzsync_sandbox_report_column_t  *column;

    report = row->report;

    for (i = 0; i < AMZSYNC_SANDBOX_REPORT_NUMBERS; i++) {
        row->n[i] = AMZSYNC_SANDBOX_REPORT_NONE;
    }

    if (report->fill) {
        report->fill(row);
    }

    for (i = 0; i < report->ncolumns; i++) {
        column = &report->columns[i];

        if (lines->truth && column->name == NULL) {
            continue;
        }

        cell.there = 0;
        column->get(row, column, &cell);

        if (lines->truth) {
            amzsync_sandbox_report_csv(out, column, &cell, lines->charset);
            continue;
        }

        if (i) {
            amzsync_sandbox_raw(out, "\t", 1);
        }

        if (cell.there && !amzsync_sandbox_report_spoil(lines, out, column)) {
            amzsync_sandbox_report_tsv(out, column, &cell, lines->charset);
        }
    }

    amzsync_sandbox_line(out);
}


/* One cell that no charset has, or that is no number. */

static ngx_uint_t
amzsync_sandbox_report_spoil(amzsync_sandbox_report_lines_t *lines,
    amzsync_sandbox_out_t *out, const amzsync_sandbox_report_column_t *column)
{
    if ((lines->spoil & AMZSYNC_SANDBOX_BAD_UTF8)
        && column->form == AMZSYNC_SANDBOX_FORM_TEXT)
    {
        amzsync_sandbox_raw(out, "Caf\201 \377", 6);

    } else if ((lines->spoil & AMZSYNC_SANDBOX_WRONG_TYPE)
               && column->form == AMZSYNC_SANDBOX_FORM_INT)
    {
        amzsync_sandbox_raw(out, "many", 4);

    } else {
        return 0;
    }

    lines->spoil = 0;

    return 1;
}


static void
amzsync_sandbox_report_tsv(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_report_column_t *column,
    amzsync_sandbox_report_cell_t *cell, amzsync_sandbox_charset_e charset)
{
    size_t  len;
    u_char  buf[NGX_INT64_LEN + sizeof("-.0000")];

    switch (column->form) {

    case AMZSYNC_SANDBOX_FORM_TEXT:
    case AMZSYNC_SANDBOX_FORM_EXTRA:
        amzsync_sandbox_charset_text(out, &cell->text, charset, 0);
        break;

    case AMZSYNC_SANDBOX_FORM_INT:
        len = ngx_sprintf(buf, "%L", cell->n) - buf;
        amzsync_sandbox_raw(out, buf, len);
        break;

    case AMZSYNC_SANDBOX_FORM_AMOUNT:
        len = amzsync_sandbox_amount(buf, cell->n, (cell->n % 100) ? 4 : 2);
        amzsync_sandbox_raw(out, buf, len);
        break;

    default:
        amzsync_sandbox_report_moment(out, column->form, cell->n);
    }
}


static void
amzsync_sandbox_report_moment(amzsync_sandbox_out_t *out,
    amzsync_sandbox_form_e form, int64_t time)
{
    u_char  iso[AMZSYNC_TIME_LEN];

    /* 2026-01-31T10:00:00.000Z */

    amzsync_time_print(iso, time);

    switch (form) {

    case AMZSYNC_SANDBOX_FORM_US_DAY:
        amzsync_sandbox_raw(out, iso + 5, 2);
        amzsync_sandbox_raw(out, "/", 1);
        amzsync_sandbox_raw(out, iso + 8, 2);
        amzsync_sandbox_raw(out, "/", 1);
        amzsync_sandbox_raw(out, iso, 4);
        break;

    case AMZSYNC_SANDBOX_FORM_DAY:
        amzsync_sandbox_raw(out, iso, 10);
        break;

    case AMZSYNC_SANDBOX_FORM_UTC:
        amzsync_sandbox_raw(out, iso, 10);
        amzsync_sandbox_raw(out, " ", 1);
        amzsync_sandbox_raw(out, iso + 11, 8);
        amzsync_sandbox_raw(out, " UTC", 4);
        break;

    case AMZSYNC_SANDBOX_FORM_ZONED:
        amzsync_sandbox_raw(out, iso, 19);
        amzsync_sandbox_raw(out, "+0000", 5);
        break;

    default: /* AMZSYNC_SANDBOX_FORM_TIME */
        amzsync_sandbox_raw(out, iso, 19);
        amzsync_sandbox_raw(out, "+00:00", 6);
    }
}


static void
amzsync_sandbox_report_csv(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_report_column_t *column,
    amzsync_sandbox_report_cell_t *cell, amzsync_sandbox_charset_e charset)
{
    size_t                 len;
    u_char                 buf[2 * AMZSYNC_SANDBOX_REPORT_CELL];
    u_char                 json[4 * AMZSYNC_SANDBOX_REPORT_CELL];
    amzsync_sandbox_out_t  text, object;

    if (!cell->there) {
        amzsync_sandbox_cell_null(out);
        return;
    }

    amzsync_sandbox_out(&text, buf, sizeof(buf));

    switch (column->form) {

    case AMZSYNC_SANDBOX_FORM_TEXT:
        amzsync_sandbox_charset_text(&text, &cell->text, charset, 1);
        amzsync_sandbox_cell(out, text.start, text.last - text.start);
        break;

    case AMZSYNC_SANDBOX_FORM_EXTRA:
        amzsync_sandbox_charset_text(&text, &cell->text, charset, 1);
        amzsync_sandbox_out(&object, json, sizeof(json));
        amzsync_sandbox_open(&object, NULL, '{');
        amzsync_sandbox_str(&object, column->header, text.start,
                            text.last - text.start);
        amzsync_sandbox_close(&object, '}');
        amzsync_sandbox_cell_json(out, &object);
        break;

    case AMZSYNC_SANDBOX_FORM_INT:
        amzsync_sandbox_cell_int(out, cell->n);
        break;

    case AMZSYNC_SANDBOX_FORM_AMOUNT:
        len = amzsync_sandbox_amount(buf, cell->n, (cell->n % 100) ? 4 : 2);
        amzsync_sandbox_cell_null(out);
        amzsync_sandbox_raw(out, buf, len);
        break;

    case AMZSYNC_SANDBOX_FORM_DAY:
    case AMZSYNC_SANDBOX_FORM_US_DAY:
        amzsync_sandbox_cell_null(out);
        amzsync_sandbox_report_moment(out, AMZSYNC_SANDBOX_FORM_DAY, cell->n);
        break;

    default:
        amzsync_sandbox_cell_time(out, cell->n - cell->n % 1000);
    }

    if (text.failed) {
        out->failed = 1;
    }
}
