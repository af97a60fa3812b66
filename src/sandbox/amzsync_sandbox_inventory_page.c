
/*
 * One page of inventory summaries, written buffer by buffer.
 *
 * Positions are row numbers; where SKUs were asked for, they count the rows
 * that each of these may have.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_cursor.h>
#include <sandbox/amzsync_sandbox_inventory.h>


typedef enum {
    AMZSYNC_SANDBOX_PAGE_OPEN = 0,
    AMZSYNC_SANDBOX_PAGE_ROWS,
    AMZSYNC_SANDBOX_PAGE_REST,
    AMZSYNC_SANDBOX_PAGE_CLOSE,
    AMZSYNC_SANDBOX_PAGE_DONE
} amzsync_sandbox_page_state_e;


static ngx_int_t amzsync_sandbox_inventory_open(
    amzsync_sandbox_inventory_page_t *page, time_t now);
static ngx_int_t amzsync_sandbox_inventory_fill(
    amzsync_sandbox_inventory_page_t *page, amzsync_sandbox_out_t *out,
    ngx_uint_t *scanned);
static ngx_int_t amzsync_sandbox_inventory_find(
    amzsync_sandbox_inventory_page_t *page,
    amzsync_sandbox_summary_t *summary, ngx_uint_t *scanned);
static ngx_uint_t amzsync_sandbox_inventory_match(
    amzsync_sandbox_inventory_page_t *page, const ngx_str_t *sku,
    amzsync_sandbox_summary_t *summary);
static uint64_t amzsync_sandbox_inventory_row(const ngx_str_t *sku,
    uint64_t slot);
static void amzsync_sandbox_inventory_write(
    amzsync_sandbox_inventory_page_t *page, amzsync_sandbox_out_t *out,
    amzsync_sandbox_summary_t *summary);
static ngx_int_t amzsync_sandbox_inventory_close(
    amzsync_sandbox_inventory_page_t *page, amzsync_sandbox_out_t *out);


ngx_int_t
amzsync_sandbox_inventory_start(amzsync_sandbox_inventory_page_t *page,
    time_t now)
{
    uint64_t                         seek;
    amzsync_sandbox_inventory_ask_t  *ask;

    ask = &page->ask;
    page->page = 1;

    if (ask->token.len
        && amzsync_sandbox_inventory_open(page, now) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ask->marketplace == NGX_DECLINED) {
        page->end = 0;

    } else if (ask->nskus) {
        page->end = ask->nskus * AMZSYNC_SANDBOX_SKU_SLOTS;

    } else {
        page->end = amzsync_sandbox_inventory_rows(&page->view);
    }

    if (ask->start != AMZSYNC_TIME_BAD) {
        seek = amzsync_sandbox_inventory_seek(&page->view, ask->start);
        page->pos = ngx_max(page->pos, seek);
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_inventory_open(amzsync_sandbox_inventory_page_t *page,
    time_t now)
{
    amzsync_sandbox_cursor_t  cursor;

    cursor.seller = page->view.key;
    cursor.hash = page->ask.hash;

    if (amzsync_sandbox_cursor_open(page->keys,
                                    AMZSYNC_SANDBOX_CURSOR_INVENTORY,
                                    &page->ask.token, now, &cursor)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    page->page = cursor.page;
    page->pos = cursor.pos;
    page->last = cursor.last;
    page->repeat = page->duplicates && page->size > 1 && cursor.last
                   && amzsync_sandbox_hash(page->view.key, cursor.last, 6) % 3
                      == 0;

    return NGX_OK;
}


ngx_int_t
amzsync_sandbox_inventory_run(amzsync_sandbox_inventory_page_t *page,
    amzsync_sandbox_out_t *out)
{
    ngx_int_t                         rc;
    ngx_uint_t                        scanned;
    amzsync_sandbox_summary_t         summary;
    amzsync_sandbox_inventory_ask_t  *ask;

    scanned = 0;
    ask = &page->ask;

    if (page->state == AMZSYNC_SANDBOX_PAGE_OPEN) {
        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_open(out, "payload", '{');
        amzsync_sandbox_open(out, "granularity", '{');
        amzsync_sandbox_cstr(out, "granularityType", "Marketplace");
        amzsync_sandbox_str(out, "granularityId", ask->granularity_id.data,
                            ask->granularity_id.len);
        amzsync_sandbox_close(out, '}');
        amzsync_sandbox_open(out, "inventorySummaries", '[');
        page->state = AMZSYNC_SANDBOX_PAGE_ROWS;
    }

    if (page->state == AMZSYNC_SANDBOX_PAGE_ROWS) {
        rc = amzsync_sandbox_inventory_fill(page, out, &scanned);

        if (rc != NGX_OK) {
            return rc;
        }

        page->state = AMZSYNC_SANDBOX_PAGE_REST;
    }

    if (page->state == AMZSYNC_SANDBOX_PAGE_REST) {

        /* there is a next page only if there is a row for it */

        if (amzsync_sandbox_inventory_find(page, &summary, &scanned)
            == NGX_AGAIN)
        {
            return NGX_AGAIN;
        }

        page->state = AMZSYNC_SANDBOX_PAGE_CLOSE;
    }

    if (page->state == AMZSYNC_SANDBOX_PAGE_CLOSE) {

        if (amzsync_sandbox_inventory_close(page, out) != NGX_OK) {
            return NGX_ERROR;
        }

        page->state = AMZSYNC_SANDBOX_PAGE_DONE;
    }

    return out->failed ? NGX_ERROR : NGX_DONE;
}


static ngx_int_t
amzsync_sandbox_inventory_fill(amzsync_sandbox_inventory_page_t *page,
    amzsync_sandbox_out_t *out, ngx_uint_t *scanned)
{
    ngx_int_t                  rc;
    amzsync_sandbox_summary_t  summary;

    if (page->repeat) {
        page->repeat = 0;

        if (amzsync_sandbox_summary_head(&page->view, page->ask.marketplace,
                                         page->last - 1, &summary))
        {
            amzsync_sandbox_summary_body(&page->view, &summary);
            amzsync_sandbox_inventory_write(page, out, &summary);
        }
    }

    while (page->count < page->size) {

        if (out->end - out->last < AMZSYNC_SANDBOX_INVENTORY_ROOM) {
            return NGX_AGAIN;
        }

        rc = amzsync_sandbox_inventory_find(page, &summary, scanned);

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (rc == NGX_DONE) {
            break;
        }

        amzsync_sandbox_inventory_write(page, out, &summary);
        page->pos++;
    }

    return NGX_OK;
}


/* As amzsync_sandbox_page_find(), and the row is complete. */

static ngx_int_t
amzsync_sandbox_inventory_find(amzsync_sandbox_inventory_page_t *page,
    amzsync_sandbox_summary_t *summary, ngx_uint_t *scanned)
{
    uint64_t                          row;
    ngx_str_t                        *sku;
    amzsync_sandbox_inventory_ask_t  *ask;

    ask = &page->ask;
    sku = NULL;

    for ( /* void */ ; page->pos < page->end; page->pos++) {

        if (*scanned == AMZSYNC_SANDBOX_SCAN) {
            return NGX_AGAIN;
        }

        *scanned += 1;
        row = page->pos;

        if (ask->nskus) {
            sku = &ask->skus[page->pos / AMZSYNC_SANDBOX_SKU_SLOTS];
            row = amzsync_sandbox_inventory_row(sku,
                                       page->pos % AMZSYNC_SANDBOX_SKU_SLOTS);
        }

        if (amzsync_sandbox_summary_head(&page->view, ask->marketplace, row,
                                         summary)
            && amzsync_sandbox_inventory_match(page, sku, summary))
        {
            return NGX_OK;
        }
    }

    return NGX_DONE;
}


static ngx_uint_t
amzsync_sandbox_inventory_match(amzsync_sandbox_inventory_page_t *page,
    const ngx_str_t *sku, amzsync_sandbox_summary_t *summary)
{
    if (page->ask.start != AMZSYNC_TIME_BAD
        && summary->updated < page->ask.start)
    {
        return 0;
    }

    amzsync_sandbox_summary_body(&page->view, summary);

    return sku == NULL
           || (sku->len == summary->sku.text.len
               && ngx_memcmp(sku->data, summary->sku.text.data, sku->len)
                  == 0);
}


/* One of the rows that a SKU may have: its number leads there. */

static uint64_t
amzsync_sandbox_inventory_row(const ngx_str_t *sku, uint64_t slot)
{
    size_t    i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < sku->len && n < AMZSYNC_SANDBOX_ROWS; i++) {
        if (sku->data[i] >= '0' && sku->data[i] <= '9') {
            n = n * 10 + sku->data[i] - '0';
        }
    }

    return n * AMZSYNC_SANDBOX_SKU_SLOTS + slot;
}


static void
amzsync_sandbox_inventory_write(amzsync_sandbox_inventory_page_t *page,
    amzsync_sandbox_out_t *out, amzsync_sandbox_summary_t *summary)
{
    if (page->count) {
        out->comma = 1;
    }

    amzsync_sandbox_summary_json(out, summary, page->ask.details,
                                 page->count ? 0 : page->spoil);

    page->count++;
    page->last = summary->row + 1;
}


static ngx_int_t
amzsync_sandbox_inventory_close(amzsync_sandbox_inventory_page_t *page,
    amzsync_sandbox_out_t *out)
{
    size_t                    len;
    u_char                    token[AMZSYNC_SANDBOX_TOKEN_MAX];
    amzsync_sandbox_cursor_t  cursor;

    amzsync_sandbox_close(out, ']');
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_open(out, "pagination", '{');

    if (page->same_token && page->ask.token.len) {
        amzsync_sandbox_str(out, "nextToken", page->ask.token.data,
                            page->ask.token.len);

    } else if (page->pos < page->end || (page->same_token && page->count)) {

        ngx_memzero(&cursor, sizeof(amzsync_sandbox_cursor_t));

        cursor.seller = page->view.key;
        cursor.hash = page->ask.hash;
        cursor.expires = page->expires;
        cursor.page = page->page + 1;
        cursor.pos = page->pos;
        cursor.last = page->last;
        cursor.before = 0;

        len = amzsync_sandbox_cursor_make(page->keys,
                                          AMZSYNC_SANDBOX_CURSOR_INVENTORY,
                                          &cursor, token);
        if (len == 0) {
            return NGX_ERROR;
        }

        amzsync_sandbox_str(out, "nextToken", token, len);
    }

    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, '}');

    return NGX_OK;
}
