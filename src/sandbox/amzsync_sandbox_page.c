
/*
 * One page of a search, written buffer by buffer.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>


typedef enum {
    AMZSYNC_SANDBOX_PAGE_OPEN = 0,
    AMZSYNC_SANDBOX_PAGE_ORDERS,
    AMZSYNC_SANDBOX_PAGE_REST,
    AMZSYNC_SANDBOX_PAGE_CLOSE,
    AMZSYNC_SANDBOX_PAGE_DONE
} amzsync_sandbox_page_state_e;


static ngx_int_t amzsync_sandbox_page_find(amzsync_sandbox_page_t *page,
    amzsync_sandbox_order_t *order, ngx_uint_t *scanned);
static ngx_int_t amzsync_sandbox_page_orders(amzsync_sandbox_page_t *page,
    amzsync_sandbox_out_t *out, ngx_uint_t *scanned);
static void amzsync_sandbox_page_write(amzsync_sandbox_page_t *page,
    amzsync_sandbox_out_t *out, amzsync_sandbox_order_t *order);
static ngx_int_t amzsync_sandbox_page_close(amzsync_sandbox_page_t *page,
    amzsync_sandbox_out_t *out);


void
amzsync_sandbox_page_start(amzsync_sandbox_page_t *page,
    const amzsync_sandbox_place_t *place, ngx_uint_t duplicates)
{
    uint64_t                         pos;
    const amzsync_sandbox_view_t    *view;
    const amzsync_sandbox_search_t  *search;

    view = &page->view;
    search = &page->search;

    page->pos = amzsync_sandbox_seek(view, search->by, search->after);
    page->end = amzsync_sandbox_seek(view, search->by, search->before + 1);

    if (place == NULL) {
        return;
    }

    pos = amzsync_sandbox_after(view, search->by, place);
    page->pos = ngx_max(page->pos, pos);
    page->last = *place;

    page->repeat = duplicates && search->page > 1
                   && amzsync_sandbox_hash(view->key, place->row, 5) % 3 == 0;
}


ngx_int_t
amzsync_sandbox_page_run(amzsync_sandbox_page_t *page,
    amzsync_sandbox_out_t *out)
{
    ngx_int_t                rc;
    ngx_uint_t               scanned;
    amzsync_sandbox_order_t  order;

    scanned = 0;

    if (page->state == AMZSYNC_SANDBOX_PAGE_OPEN) {
        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_open(out, "orders", '[');
        page->state = AMZSYNC_SANDBOX_PAGE_ORDERS;
    }

    if (page->state == AMZSYNC_SANDBOX_PAGE_ORDERS) {
        rc = amzsync_sandbox_page_orders(page, out, &scanned);

        if (rc != NGX_OK) {
            return rc;
        }

        page->state = AMZSYNC_SANDBOX_PAGE_REST;
    }

    if (page->state == AMZSYNC_SANDBOX_PAGE_REST) {

        /* there is a next page only if there is an order for it */

        rc = amzsync_sandbox_page_find(page, &order, &scanned);

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        page->state = AMZSYNC_SANDBOX_PAGE_CLOSE;
    }

    if (page->state == AMZSYNC_SANDBOX_PAGE_CLOSE) {

        if (amzsync_sandbox_page_close(page, out) != NGX_OK) {
            return NGX_ERROR;
        }

        page->state = AMZSYNC_SANDBOX_PAGE_DONE;
    }

    return out->failed ? NGX_ERROR : NGX_DONE;
}


/*
 * The next order that matches, at page->pos; NGX_DONE if there is none, and
 * NGX_AGAIN if too many were looked at for one turn.
 */

static ngx_int_t
amzsync_sandbox_page_find(amzsync_sandbox_page_t *page,
    amzsync_sandbox_order_t *order, ngx_uint_t *scanned)
{
    uint64_t  row;

    for ( /* void */ ; page->pos < page->end; page->pos++) {

        if (*scanned == AMZSYNC_SANDBOX_SCAN) {
            return NGX_AGAIN;
        }

        *scanned += 1;

        row = amzsync_sandbox_row(&page->view, page->search.by, page->pos);
        amzsync_sandbox_order_head(&page->view, row, order);

        if (amzsync_sandbox_search_match(&page->search, order)) {
            return NGX_OK;
        }
    }

    return NGX_DONE;
}


static ngx_int_t
amzsync_sandbox_page_orders(amzsync_sandbox_page_t *page,
    amzsync_sandbox_out_t *out, ngx_uint_t *scanned)
{
    ngx_int_t                rc;
    amzsync_sandbox_order_t  order;

    if (page->repeat) {
        page->repeat = 0;
        amzsync_sandbox_order_head(&page->view, page->last.row, &order);

        if (page->last.revision == order.latest
            && amzsync_sandbox_search_match(&page->search, &order))
        {
            amzsync_sandbox_page_write(page, out, &order);
        }
    }

    while (page->count < page->search.page) {

        if (out->end - out->last < AMZSYNC_SANDBOX_ROOM) {
            return NGX_AGAIN;
        }

        rc = amzsync_sandbox_page_find(page, &order, scanned);

        if (rc == NGX_AGAIN) {
            return NGX_AGAIN;
        }

        if (rc == NGX_DONE) {
            break;
        }

        amzsync_sandbox_page_write(page, out, &order);
        page->pos++;
    }

    return NGX_OK;
}


static void
amzsync_sandbox_page_write(amzsync_sandbox_page_t *page,
    amzsync_sandbox_out_t *out, amzsync_sandbox_order_t *order)
{
    amzsync_sandbox_order_body(&page->view, order);

    if (page->count) {
        out->comma = 1;
    }

    amzsync_sandbox_order_json(out, NULL, order, page->search.included,
                               page->count ? 0 : page->spoil);

    page->count++;
    page->last.row = order->row;
    page->last.revision = order->latest;
}


static ngx_int_t
amzsync_sandbox_page_close(amzsync_sandbox_page_t *page,
    amzsync_sandbox_out_t *out)
{
    size_t  len;
    u_char  token[AMZSYNC_SANDBOX_TOKEN_MAX];

    amzsync_sandbox_close(out, ']');

    if (page->same_token && page->search.token.len) {
        amzsync_sandbox_open(out, "pagination", '{');
        amzsync_sandbox_str(out, "nextToken", page->search.token.data,
                            page->search.token.len);
        amzsync_sandbox_close(out, '}');

    } else if (page->pos < page->end || (page->same_token && page->count)) {

        len = amzsync_sandbox_next_make(page->keys, &page->view,
                                        &page->search, &page->last,
                                        page->expires, token);
        if (len == 0) {
            return NGX_ERROR;
        }

        amzsync_sandbox_open(out, "pagination", '{');
        amzsync_sandbox_str(out, "nextToken", token, len);
        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_time(out, (page->search.by == AMZSYNC_SANDBOX_CREATED)
                              ? "createdBefore" : "lastUpdatedBefore",
                         page->search.before);

    amzsync_sandbox_close(out, '}');

    return NGX_OK;
}
