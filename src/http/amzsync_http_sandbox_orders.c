
/*
 * searchOrders and getOrder, and the truth about orders.
 */


#include <base/amzsync_base.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>


#define AMZSYNC_HTTP_SANDBOX_NEXT  (24 * 3600)          /* life of a token */


static amzsync_sandbox_page_t *amzsync_http_sandbox_page(
    amzsync_http_sandbox_ctx_t *ctx);


ngx_int_t
amzsync_http_sandbox_orders(amzsync_http_sandbox_ctx_t *ctx, u_char *buf,
    const char **details)
{
    amzsync_sandbox_page_t   *page;
    amzsync_sandbox_place_t   place;

    page = amzsync_http_sandbox_page(ctx);
    if (page == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (amzsync_sandbox_search_parse(&page->search, &ctx->request->args, buf,
                                     amzsync_http_sandbox_now(), details)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    page->keys = &ctx->conf->keys;
    page->expires = ngx_time() + AMZSYNC_HTTP_SANDBOX_NEXT;
    page->same_token = (ctx->fault == AMZSYNC_SANDBOX_FAULT_SAME_TOKEN);
    page->search.page = ngx_min(page->search.page, ctx->conf->page);

    if (page->search.token.len == 0) {
        amzsync_sandbox_page_start(page, NULL, 0);
        return NGX_OK;
    }

    if (amzsync_sandbox_next_open(&ctx->conf->keys, &page->view,
                                  &page->search, ngx_time(), &place)
        != NGX_OK)
    {
        *details = "The paginationToken is invalid, has expired, or belongs "
                   "to other parameters.";
        return NGX_ERROR;
    }

    amzsync_sandbox_page_start(page, &place, ctx->conf->duplicates);

    return NGX_OK;
}


ngx_int_t
amzsync_http_sandbox_order(amzsync_http_sandbox_ctx_t *ctx, u_char *buf,
    const char **details)
{
    amzsync_sandbox_page_t  *page;

    page = amzsync_http_sandbox_page(ctx);
    if (page == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (amzsync_sandbox_included_parse(&page->search.included,
                                       &ctx->request->args, buf, details)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    *details = "The seller has no such order.";

    return amzsync_sandbox_order_find(&page->view, &ctx->rest, &page->pos);
}


static amzsync_sandbox_page_t *
amzsync_http_sandbox_page(amzsync_http_sandbox_ctx_t *ctx)
{
    amzsync_sandbox_page_t  *page;

    page = ngx_pcalloc(ctx->request->pool, sizeof(amzsync_sandbox_page_t));

    if (page) {
        amzsync_http_sandbox_view(ctx, &ctx->access.seller, &page->view);
        page->spoil = amzsync_http_sandbox_spoil(ctx);
    }

    ctx->page = page;

    return page;
}


ngx_int_t
amzsync_http_sandbox_fill_orders(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_page_run(ctx->page, out);
}


ngx_int_t
amzsync_http_sandbox_fill_order(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    amzsync_sandbox_page_t   *page;
    amzsync_sandbox_order_t   order;

    page = ctx->page;

    amzsync_sandbox_order_head(&page->view, page->pos, &order);
    amzsync_sandbox_order_body(&page->view, &order);

    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_order_json(out, "order", &order, page->search.included,
                               page->spoil);
    amzsync_sandbox_close(out, '}');

    return out->failed ? NGX_ERROR : NGX_DONE;
}


ngx_int_t
amzsync_http_sandbox_fill_orders_csv(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_csv_run(ctx->csv, out);
}
