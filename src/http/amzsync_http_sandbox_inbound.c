
/*
 * getShipments, getShipmentItems and getShipmentItemsByShipmentId, and the
 * truth about shipments and their items.
 */


#include <base/amzsync_base.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>
#include <sandbox/amzsync_sandbox_inbound.h>


#define AMZSYNC_HTTP_SANDBOX_INBOUND_TTL  86400         /* of tokens */


ngx_int_t
amzsync_http_sandbox_inbound(amzsync_http_sandbox_ctx_t *ctx, u_char *buf,
    const char **details)
{
    ngx_int_t                        rc;
    amzsync_sandbox_inbound_page_t  *page;

    page = ngx_pcalloc(ctx->request->pool,
                       sizeof(amzsync_sandbox_inbound_page_t));
    if (page == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->inbound = page;

    amzsync_http_sandbox_view(ctx, &ctx->access.seller, &page->view);

    page->ask.items = (ctx->route->op == AMZSYNC_SANDBOX_OP_ITEMS);

    if (ctx->route->op == AMZSYNC_SANDBOX_OP_SHIPMENT_ITEMS) {
        rc = amzsync_sandbox_inbound_parse_path(&page->ask, &page->view,
                                                &ctx->rest, details);

    } else {
        rc = amzsync_sandbox_inbound_parse(&page->ask, &page->view,
                                           &ctx->request->args, buf, details);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    page->keys = &ctx->conf->keys;
    page->size = ctx->conf->shipments_page;
    page->expires = ngx_time() + AMZSYNC_HTTP_SANDBOX_INBOUND_TTL;
    page->duplicates = ctx->conf->duplicates;
    page->same_token = (ctx->fault == AMZSYNC_SANDBOX_FAULT_SAME_TOKEN);
    page->spoil = amzsync_http_sandbox_spoil(ctx);

    if (amzsync_sandbox_inbound_start(page, ngx_time()) != NGX_OK) {
        *details = "The NextToken is invalid, has expired, or belongs to "
                   "another list.";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
amzsync_http_sandbox_fill_inbound(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_inbound_run(ctx->inbound, out);
}


ngx_int_t
amzsync_http_sandbox_fill_inbound_csv(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_inbound_csv(ctx->csv, out);
}


ngx_int_t
amzsync_http_sandbox_fill_inbound_items_csv(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_inbound_items_csv(ctx->csv, out);
}
