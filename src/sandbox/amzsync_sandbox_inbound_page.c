
/*
 * One page of shipments or of their items, written buffer by buffer.
 *
 * Positions of shipments are row numbers, or, where ids were asked for, places
 * in their list, which is one page.  Positions of items count as many for each
 * shipment as it might have.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_cursor.h>
#include <sandbox/amzsync_sandbox_inbound.h>


/* What a token's filter says, above the bits of statuses. */
#define AMZSYNC_SANDBOX_FILTER_STATUSES     0xffff
#define AMZSYNC_SANDBOX_FILTER_MARKETPLACE  16
#define AMZSYNC_SANDBOX_FILTER_SHIPMENT     ((uint64_t) 1 << 24)


typedef enum {
    AMZSYNC_SANDBOX_PAGE_OPEN = 0,
    AMZSYNC_SANDBOX_PAGE_ROWS,
    AMZSYNC_SANDBOX_PAGE_REST,
    AMZSYNC_SANDBOX_PAGE_CLOSE,
    AMZSYNC_SANDBOX_PAGE_DONE
} amzsync_sandbox_page_state_e;


static amzsync_sandbox_cursor_e amzsync_sandbox_inbound_kind(
    const amzsync_sandbox_inbound_page_t *page);
static ngx_int_t amzsync_sandbox_inbound_open(
    amzsync_sandbox_inbound_page_t *page, time_t now);
static void amzsync_sandbox_inbound_range(
    amzsync_sandbox_inbound_page_t *page);
static ngx_int_t amzsync_sandbox_inbound_fill(
    amzsync_sandbox_inbound_page_t *page, amzsync_sandbox_out_t *out,
    ngx_uint_t *scanned);
static ngx_int_t amzsync_sandbox_inbound_next(
    amzsync_sandbox_inbound_page_t *page, ngx_uint_t *scanned);
static void amzsync_sandbox_inbound_load(amzsync_sandbox_inbound_page_t *page,
    uint64_t pos);
static ngx_uint_t amzsync_sandbox_inbound_match(
    const amzsync_sandbox_inbound_page_t *page);
static void amzsync_sandbox_inbound_write(amzsync_sandbox_inbound_page_t *page,
    amzsync_sandbox_out_t *out, uint64_t pos);
static ngx_int_t amzsync_sandbox_inbound_close(
    amzsync_sandbox_inbound_page_t *page, amzsync_sandbox_out_t *out);


static amzsync_sandbox_cursor_e
amzsync_sandbox_inbound_kind(const amzsync_sandbox_inbound_page_t *page)
{
    return page->ask.items ? AMZSYNC_SANDBOX_CURSOR_ITEMS
                           : AMZSYNC_SANDBOX_CURSOR_SHIPMENTS;
}


ngx_int_t
amzsync_sandbox_inbound_start(amzsync_sandbox_inbound_page_t *page, time_t now)
{
    if (page->ask.token.len
        && amzsync_sandbox_inbound_open(page, now) != NGX_OK)
    {
        return NGX_ERROR;
    }

    amzsync_sandbox_inbound_range(page);

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_inbound_open(amzsync_sandbox_inbound_page_t *page, time_t now)
{
    amzsync_sandbox_cursor_t        cursor;
    amzsync_sandbox_inbound_ask_t  *ask;

    ask = &page->ask;
    cursor.seller = page->view.key;
    cursor.hash = 0;

    if (amzsync_sandbox_cursor_open(page->keys,
                                    amzsync_sandbox_inbound_kind(page),
                                    &ask->token, now, &cursor)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (cursor.filter & AMZSYNC_SANDBOX_FILTER_SHIPMENT) {
        ask->by = AMZSYNC_SANDBOX_INBOUND_BY_SHIPMENT;
        ask->row = cursor.pos / AMZSYNC_SANDBOX_INBOUND_ITEMS;

    } else if (ask->marketplace
               != (ngx_int_t) (cursor.filter
                               >> AMZSYNC_SANDBOX_FILTER_MARKETPLACE))
    {
        return NGX_ERROR;
    }

    ask->statuses = cursor.filter & AMZSYNC_SANDBOX_FILTER_STATUSES;
    ask->after = cursor.after;
    ask->before = cursor.before;

    page->pos = cursor.pos;
    page->last = cursor.last;
    page->repeat = page->duplicates && page->size > 1 && cursor.last
                   && amzsync_sandbox_hash(page->view.key, cursor.last, 9) % 3
                      == 0;

    return NGX_OK;
}


/* Positions, from page->pos or later to page->end. */

static void
amzsync_sandbox_inbound_range(amzsync_sandbox_inbound_page_t *page)
{
    uint64_t                        from, to, each;
    amzsync_sandbox_inbound_ask_t  *ask;

    ask = &page->ask;

    if (ask->ids) {
        page->end = ask->nrows;
        return;
    }

    each = ask->items ? AMZSYNC_SANDBOX_INBOUND_ITEMS : 1;

    if (ask->by == AMZSYNC_SANDBOX_INBOUND_BY_SHIPMENT) {
        from = ask->row;
        to = ask->row + 1;

    } else if (ask->marketplace == NGX_DECLINED) {
        from = 0;
        to = 0;

    } else {
        from = 0;
        to = amzsync_sandbox_inbound_rows(&page->view);

        if (ask->after != INT64_MIN) {
            amzsync_sandbox_inbound_bounds(&page->view, ask->after,
                                           ask->before, &from, &to);
        }
    }

    page->pos = ngx_max(page->pos, from * each);
    page->end = to * each;
}


ngx_int_t
amzsync_sandbox_inbound_run(amzsync_sandbox_inbound_page_t *page,
    amzsync_sandbox_out_t *out)
{
    ngx_int_t   rc;
    ngx_uint_t  scanned;

    scanned = 0;

    if (page->state == AMZSYNC_SANDBOX_PAGE_OPEN) {
        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_open(out, "payload", '{');
        amzsync_sandbox_open(out, page->ask.items ? "ItemData"
                                                  : "ShipmentData", '[');
        page->state = AMZSYNC_SANDBOX_PAGE_ROWS;
    }

    if (page->state == AMZSYNC_SANDBOX_PAGE_ROWS) {
        rc = amzsync_sandbox_inbound_fill(page, out, &scanned);

        if (rc != NGX_OK) {
            return rc;
        }

        page->state = AMZSYNC_SANDBOX_PAGE_REST;
    }

    if (page->state == AMZSYNC_SANDBOX_PAGE_REST) {

        /* there is a next page only if there is a row for it */

        if (amzsync_sandbox_inbound_next(page, &scanned) == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        page->state = AMZSYNC_SANDBOX_PAGE_CLOSE;
    }

    if (page->state == AMZSYNC_SANDBOX_PAGE_CLOSE) {

        if (amzsync_sandbox_inbound_close(page, out) != NGX_OK) {
            return NGX_ERROR;
        }

        page->state = AMZSYNC_SANDBOX_PAGE_DONE;
    }

    return out->failed ? NGX_ERROR : NGX_DONE;
}


static ngx_int_t
amzsync_sandbox_inbound_fill(amzsync_sandbox_inbound_page_t *page,
    amzsync_sandbox_out_t *out, ngx_uint_t *scanned)
{
    ngx_int_t  rc;

    if (page->repeat) {
        page->repeat = 0;
        amzsync_sandbox_inbound_load(page, page->last - 1);
        amzsync_sandbox_inbound_write(page, out, page->last - 1);
    }

    while (page->count < page->size || page->ask.ids) {

        if (out->end - out->last < AMZSYNC_SANDBOX_INBOUND_ROOM) {
            return NGX_AGAIN;
        }

        rc = amzsync_sandbox_inbound_next(page, scanned);

        if (rc != NGX_OK) {
            return (rc == NGX_DONE) ? NGX_OK : rc;
        }

        amzsync_sandbox_inbound_write(page, out, page->pos++);
    }

    return NGX_OK;
}


/* Goes to the next row that there is, and that was asked for. */

static ngx_int_t
amzsync_sandbox_inbound_next(amzsync_sandbox_inbound_page_t *page,
    ngx_uint_t *scanned)
{
    while (page->pos < page->end) {

        if (*scanned == AMZSYNC_SANDBOX_SCAN) {
            return NGX_AGAIN;
        }

        *scanned += 1;
        amzsync_sandbox_inbound_load(page, page->pos);

        if (amzsync_sandbox_inbound_match(page)) {
            return NGX_OK;
        }

        page->pos++;

        /* no other item of this shipment either */

        if (page->ask.items) {
            page->pos = ngx_align(page->pos, AMZSYNC_SANDBOX_INBOUND_ITEMS);
        }
    }

    return NGX_DONE;
}


static void
amzsync_sandbox_inbound_load(amzsync_sandbox_inbound_page_t *page,
    uint64_t pos)
{
    uint64_t  row;

    row = page->ask.ids ? page->ask.rows[pos]
          : page->ask.items ? pos / AMZSYNC_SANDBOX_INBOUND_ITEMS : pos;

    amzsync_sandbox_inbound_head(&page->view, row, &page->shipment);
}


static ngx_uint_t
amzsync_sandbox_inbound_match(const amzsync_sandbox_inbound_page_t *page)
{
    const amzsync_sandbox_inbound_t      *shipment;
    const amzsync_sandbox_inbound_ask_t  *ask;

    ask = &page->ask;
    shipment = &page->shipment;

    if (ask->items
        && page->pos % AMZSYNC_SANDBOX_INBOUND_ITEMS >= shipment->nitems)
    {
        return 0;
    }

    if (ask->by == AMZSYNC_SANDBOX_INBOUND_BY_SHIPMENT) {
        return 1;
    }

    return (ngx_int_t) shipment->marketplace == ask->marketplace
           && (ask->statuses == 0
               || (ask->statuses & ((ngx_uint_t) 1 << shipment->status)))
           && shipment->updated >= ask->after
           && shipment->updated <= ask->before;
}


static void
amzsync_sandbox_inbound_write(amzsync_sandbox_inbound_page_t *page,
    amzsync_sandbox_out_t *out, uint64_t pos)
{
    ngx_uint_t                      spoil;
    amzsync_sandbox_inbound_item_t  item;

    if (page->count) {
        out->comma = 1;
    }

    spoil = page->count ? 0 : page->spoil;

    amzsync_sandbox_inbound_body(&page->view, &page->shipment);

    if (page->ask.items) {
        amzsync_sandbox_inbound_item(&page->view, &page->shipment,
                                     pos % AMZSYNC_SANDBOX_INBOUND_ITEMS,
                                     &item);
        amzsync_sandbox_inbound_item_json(out, &page->shipment, &item, spoil);

    } else {
        amzsync_sandbox_inbound_json(out, &page->shipment, spoil);
    }

    page->count++;
    page->last = pos + 1;
}


static ngx_int_t
amzsync_sandbox_inbound_close(amzsync_sandbox_inbound_page_t *page,
    amzsync_sandbox_out_t *out)
{
    size_t                          len;
    u_char                          token[AMZSYNC_SANDBOX_TOKEN_MAX];
    amzsync_sandbox_cursor_t        cursor;
    amzsync_sandbox_inbound_ask_t  *ask;

    ask = &page->ask;

    amzsync_sandbox_close(out, ']');

    if (page->same_token && ask->token.len) {
        amzsync_sandbox_str(out, "NextToken", ask->token.data, ask->token.len);

    } else if (!ask->ids
               && (page->pos < page->end || (page->same_token && page->count)))
    {
        ngx_memzero(&cursor, sizeof(amzsync_sandbox_cursor_t));

        cursor.seller = page->view.key;
        cursor.expires = page->expires;
        cursor.pos = page->pos;
        cursor.last = page->last;
        cursor.before = ask->before;
        cursor.after = ask->after;
        cursor.filter = ask->statuses;

        if (ask->by == AMZSYNC_SANDBOX_INBOUND_BY_SHIPMENT) {
            cursor.filter |= AMZSYNC_SANDBOX_FILTER_SHIPMENT;

        } else {
            cursor.filter |= (uint64_t) ask->marketplace
                             << AMZSYNC_SANDBOX_FILTER_MARKETPLACE;
        }

        len = amzsync_sandbox_cursor_make(page->keys,
                                          amzsync_sandbox_inbound_kind(page),
                                          &cursor, token);
        if (len == 0) {
            return NGX_ERROR;
        }

        amzsync_sandbox_str(out, "NextToken", token, len);

    } else if (page->last % 3 == 1) {
        amzsync_sandbox_cstr(out, "NextToken", "");

    } else if (page->last % 3 == 2) {
        amzsync_sandbox_null(out, "NextToken");
    }

    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, '}');

    return NGX_OK;
}
