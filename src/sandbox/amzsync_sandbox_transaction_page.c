
/*
 * One page of transactions, written buffer by buffer.
 *
 * The token stands before the rows: a page is measured first, then written.
 * One page in seven is empty, with a token that goes on where it stands.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_cursor.h>
#include <sandbox/amzsync_sandbox_transaction.h>


#define AMZSYNC_SANDBOX_EMPTY_PAGES  7


typedef enum {
    AMZSYNC_SANDBOX_PAGE_OPEN = 0,
    AMZSYNC_SANDBOX_PAGE_MEASURE,
    AMZSYNC_SANDBOX_PAGE_ROWS,
    AMZSYNC_SANDBOX_PAGE_DONE
} amzsync_sandbox_page_state_e;


static ngx_int_t amzsync_sandbox_transaction_open(
    amzsync_sandbox_transaction_page_t *page, time_t now);
static void amzsync_sandbox_transaction_repeat(
    amzsync_sandbox_transaction_page_t *page);
static void amzsync_sandbox_transaction_range(
    amzsync_sandbox_transaction_page_t *page);
static void amzsync_sandbox_transaction_of_order(
    amzsync_sandbox_transaction_page_t *page, uint64_t from, uint64_t to);
static void amzsync_sandbox_transaction_of_group(
    amzsync_sandbox_transaction_page_t *page);
static ngx_uint_t amzsync_sandbox_transaction_empty(
    const amzsync_sandbox_transaction_page_t *page);
static ngx_int_t amzsync_sandbox_transaction_measure(
    amzsync_sandbox_transaction_page_t *page, ngx_uint_t *scanned);
static ngx_uint_t amzsync_sandbox_transaction_match(
    const amzsync_sandbox_transaction_page_t *page,
    const amzsync_sandbox_transaction_t *transaction);
static ngx_int_t amzsync_sandbox_transaction_begin(
    amzsync_sandbox_transaction_page_t *page, amzsync_sandbox_out_t *out);
static ngx_int_t amzsync_sandbox_transaction_fill(
    amzsync_sandbox_transaction_page_t *page, amzsync_sandbox_out_t *out,
    ngx_uint_t *scanned);
static void amzsync_sandbox_transaction_write(
    amzsync_sandbox_transaction_page_t *page, amzsync_sandbox_out_t *out,
    amzsync_sandbox_transaction_t *transaction);


ngx_int_t
amzsync_sandbox_transaction_start(amzsync_sandbox_transaction_page_t *page,
    time_t now)
{
    page->page = 1;
    page->stride = 1;

    if (page->ask.token.len
        && amzsync_sandbox_transaction_open(page, now) != NGX_OK)
    {
        return NGX_ERROR;
    }

    amzsync_sandbox_transaction_range(page);
    amzsync_sandbox_transaction_repeat(page);

    page->probe = page->pos;
    page->stop = page->pos;

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_transaction_open(amzsync_sandbox_transaction_page_t *page,
    time_t now)
{
    amzsync_sandbox_cursor_t  cursor;

    cursor.seller = page->view.key;
    cursor.hash = page->ask.hash;

    if (amzsync_sandbox_cursor_open(page->keys,
                                    AMZSYNC_SANDBOX_CURSOR_TRANSACTIONS,
                                    &page->ask.token, now, &cursor)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    page->page = cursor.page;
    page->pos = cursor.pos;
    page->last = cursor.last;
    page->ask.before = cursor.before;

    return NGX_OK;
}


/* Whether the last row of the page before comes again, as a fault. */

static void
amzsync_sandbox_transaction_repeat(amzsync_sandbox_transaction_page_t *page)
{
    amzsync_sandbox_transaction_t  t;

    if (!page->duplicates || page->size == 1 || page->last == 0
        || page->last > amzsync_sandbox_ledger_rows(&page->view)
        || amzsync_sandbox_transaction_empty(page))
    {
        return;
    }

    page->repeated = page->last - 1;
    amzsync_sandbox_transaction_head(&page->view, page->repeated, &t);

    /* without an id nobody could tell it from a copy */

    page->repeat = t.identified
                   && amzsync_sandbox_transaction_match(page, &t)
                   && amzsync_sandbox_hash(page->view.key, t.row, 7) % 3 == 0;
}


/* Positions, from page->pos or later to page->end, and their rows. */

static void
amzsync_sandbox_transaction_range(amzsync_sandbox_transaction_page_t *page)
{
    uint64_t                            from, to;
    amzsync_sandbox_transaction_ask_t  *ask;

    ask = &page->ask;

    from = amzsync_sandbox_ledger_seek(&page->view, ask->after);
    to = amzsync_sandbox_ledger_seek(&page->view, ask->before);

    if (ask->empty
        || (ask->marketplace_id.len && ask->marketplace == NGX_DECLINED))
    {
        to = from;
    }

    page->end = to;

    if (ask->order_id.len) {
        amzsync_sandbox_transaction_of_order(page, from, to);
        return;
    }

    page->pos = ngx_max(page->pos, from);

    if (ask->group_id.len) {
        amzsync_sandbox_transaction_of_group(page);
    }
}


/* The rows of an order are as far from each other as there are orders. */

static void
amzsync_sandbox_transaction_of_order(amzsync_sandbox_transaction_page_t *page,
    uint64_t from, uint64_t to)
{
    uint64_t  n, order;

    if (amzsync_sandbox_order_find(&page->view, &page->ask.order_id, &order)
        != NGX_OK)
    {
        page->end = page->pos;
        return;
    }

    page->first = order;
    page->stride = page->view.orders;

    /* the first position whose row is not before "from"; so for "to" */

    n = page->stride - 1;
    from = (from > order) ? (from - order + n) / page->stride : 0;

    page->pos = ngx_max(page->pos, from);
    page->end = (to > order) ? (to - order + n) / page->stride : 0;
}


static void
amzsync_sandbox_transaction_of_group(amzsync_sandbox_transaction_page_t *page)
{
    uint64_t  from, to;

    if (amzsync_sandbox_group_find(&page->view, &page->ask.group_id,
                                   &page->group)
        != NGX_OK)
    {
        page->end = page->pos;
        return;
    }

    amzsync_sandbox_ledger_bounds(&page->view, page->group, &from, &to);

    page->pos = ngx_max(page->pos, from);
    page->end = ngx_min(page->end, to);
}


static ngx_uint_t
amzsync_sandbox_transaction_empty(
    const amzsync_sandbox_transaction_page_t *page)
{
    uint64_t  first;

    if (page->ask.empty) {
        return 0;
    }

    first = amzsync_sandbox_hash(page->view.key, page->ask.hash, 8);

    return (first + page->page) % AMZSYNC_SANDBOX_EMPTY_PAGES == 0;
}


ngx_int_t
amzsync_sandbox_transaction_run(amzsync_sandbox_transaction_page_t *page,
    amzsync_sandbox_out_t *out)
{
    ngx_int_t   rc;
    ngx_uint_t  scanned;

    scanned = 0;

    if (page->state == AMZSYNC_SANDBOX_PAGE_OPEN) {
        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_open(out, "payload", '{');
        page->state = AMZSYNC_SANDBOX_PAGE_MEASURE;
    }

    if (page->state == AMZSYNC_SANDBOX_PAGE_MEASURE) {
        rc = amzsync_sandbox_transaction_measure(page, &scanned);

        if (rc != NGX_OK) {
            return rc;
        }

        if (amzsync_sandbox_transaction_begin(page, out) != NGX_OK) {
            return NGX_ERROR;
        }

        page->state = AMZSYNC_SANDBOX_PAGE_ROWS;
    }

    if (page->state == AMZSYNC_SANDBOX_PAGE_ROWS) {
        rc = amzsync_sandbox_transaction_fill(page, out, &scanned);

        if (rc != NGX_OK) {
            return rc;
        }

        amzsync_sandbox_close(out, ']');
        amzsync_sandbox_close(out, '}');
        amzsync_sandbox_close(out, '}');
        page->state = AMZSYNC_SANDBOX_PAGE_DONE;
    }

    return out->failed ? NGX_ERROR : NGX_DONE;
}


/* Looks ahead for the rows of this page, and for the first of the next. */

static ngx_int_t
amzsync_sandbox_transaction_measure(amzsync_sandbox_transaction_page_t *page,
    ngx_uint_t *scanned)
{
    ngx_uint_t                     size;
    amzsync_sandbox_transaction_t  t;

    if (amzsync_sandbox_transaction_empty(page)) {
        return NGX_OK;
    }

    size = page->size - page->repeat;

    for ( /* void */ ; page->probe < page->end; page->probe++) {

        if (*scanned == AMZSYNC_SANDBOX_SCAN) {
            return NGX_AGAIN;
        }

        *scanned += 1;

        amzsync_sandbox_transaction_head(&page->view,
                                  page->first + page->probe * page->stride,
                                  &t);

        if (!amzsync_sandbox_transaction_match(page, &t)) {
            continue;
        }

        if (page->found == size) {
            return NGX_OK;
        }

        page->found++;
        page->stop = page->probe + 1;
        page->last = t.row + 1;
    }

    return NGX_OK;
}


static ngx_uint_t
amzsync_sandbox_transaction_match(
    const amzsync_sandbox_transaction_page_t *page,
    const amzsync_sandbox_transaction_t *t)
{
    const amzsync_sandbox_transaction_ask_t  *ask;

    ask = &page->ask;

    if (ask->statuses && !(ask->statuses & t->status)) {
        return 0;
    }

    /* what a seller ships in the US is there only without a marketplace */

    if (ask->marketplace_id.len
        && (t->marketplaced != AMZSYNC_SANDBOX_THERE
            || (ngx_int_t) t->marketplace != ask->marketplace
            || (t->marketplace == 0 && t->merchant)))
    {
        return 0;
    }

    if (ask->order_id.len && !t->ordered) {
        return 0;
    }

    return ask->group_id.len == 0
           || (t->grouped && t->group == page->group);
}


static ngx_int_t
amzsync_sandbox_transaction_begin(amzsync_sandbox_transaction_page_t *page,
    amzsync_sandbox_out_t *out)
{
    size_t                    len;
    u_char                    token[AMZSYNC_SANDBOX_TOKEN_MAX];
    amzsync_sandbox_cursor_t  cursor;

    if (page->same_token && page->ask.token.len) {
        amzsync_sandbox_str(out, "nextToken", page->ask.token.data,
                            page->ask.token.len);

    } else if (page->probe < page->end || page->same_token
               || amzsync_sandbox_transaction_empty(page))
    {
        ngx_memzero(&cursor, sizeof(amzsync_sandbox_cursor_t));

        cursor.seller = page->view.key;
        cursor.hash = page->ask.hash;
        cursor.expires = page->expires;
        cursor.page = page->page + 1;
        cursor.pos = page->stop;
        cursor.last = page->last;
        cursor.before = page->ask.before;

        len = amzsync_sandbox_cursor_make(page->keys,
                                          AMZSYNC_SANDBOX_CURSOR_TRANSACTIONS,
                                          &cursor, token);
        if (len == 0) {
            return NGX_ERROR;
        }

        amzsync_sandbox_str(out, "nextToken", token, len);

    } else if (page->ask.hash & 1) {
        amzsync_sandbox_null(out, "nextToken");
    }

    amzsync_sandbox_open(out, "transactions", '[');

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_transaction_fill(amzsync_sandbox_transaction_page_t *page,
    amzsync_sandbox_out_t *out, ngx_uint_t *scanned)
{
    amzsync_sandbox_transaction_t  t;

    if (page->repeat) {
        page->repeat = 0;
        amzsync_sandbox_transaction_head(&page->view, page->repeated, &t);
        amzsync_sandbox_transaction_write(page, out, &t);
    }

    for ( /* void */ ; page->pos < page->stop; page->pos++) {

        if (out->end - out->last < AMZSYNC_SANDBOX_TRANSACTION_ROOM
            || *scanned == AMZSYNC_SANDBOX_SCAN)
        {
            return NGX_AGAIN;
        }

        *scanned += 1;

        amzsync_sandbox_transaction_head(&page->view,
                                    page->first + page->pos * page->stride,
                                    &t);

        if (amzsync_sandbox_transaction_match(page, &t)) {
            amzsync_sandbox_transaction_write(page, out, &t);
        }
    }

    return NGX_OK;
}


static void
amzsync_sandbox_transaction_write(amzsync_sandbox_transaction_page_t *page,
    amzsync_sandbox_out_t *out, amzsync_sandbox_transaction_t *t)
{
    amzsync_sandbox_transaction_body(t);

    if (page->count) {
        out->comma = 1;
    }

    amzsync_sandbox_transaction_json(out, &page->view, t,
                                     page->count ? 0 : page->spoil);
    page->count++;
}
