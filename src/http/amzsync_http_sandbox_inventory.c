
/*
 * getMarketplaceParticipations and getInventorySummaries, and the truth about
 * both.
 */


#include <base/amzsync_base.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>
#include <sandbox/amzsync_sandbox_inventory.h>
#include <sandbox/amzsync_sandbox_marketplace.h>


/* It has no parameters. */

ngx_int_t
amzsync_http_sandbox_participations(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details)
{
    return NGX_OK;
}


ngx_int_t
amzsync_http_sandbox_fill_participations(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    amzsync_sandbox_view_t  view;

    amzsync_http_sandbox_view(ctx, &ctx->access.seller, &view);
    amzsync_sandbox_participations(out, &view,
                                   amzsync_http_sandbox_spoil(ctx));

    return out->failed ? NGX_ERROR : NGX_DONE;
}


ngx_int_t
amzsync_http_sandbox_fill_participations_csv(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_participations_csv(ctx->csv, out);
}


ngx_int_t
amzsync_http_sandbox_inventory(amzsync_http_sandbox_ctx_t *ctx, u_char *buf,
    const char **details)
{
    amzsync_sandbox_inventory_page_t  *page;

    page = ngx_pcalloc(ctx->request->pool,
                       sizeof(amzsync_sandbox_inventory_page_t));
    if (page == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->inventory = page;

    if (amzsync_sandbox_inventory_parse(&page->ask, &ctx->request->args, buf,
                                        amzsync_http_sandbox_now(), details)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    amzsync_http_sandbox_view(ctx, &ctx->access.seller, &page->view);

    page->keys = &ctx->conf->keys;
    page->size = ctx->conf->inventory_page;
    page->expires = ngx_time() + ctx->conf->inventory_ttl;
    page->duplicates = ctx->conf->duplicates;
    page->same_token = (ctx->fault == AMZSYNC_SANDBOX_FAULT_SAME_TOKEN);
    page->spoil = amzsync_http_sandbox_spoil(ctx);

    if (amzsync_sandbox_inventory_start(page, ngx_time()) != NGX_OK) {
        *details = "The nextToken is invalid, has expired, or belongs to "
                   "other parameters.";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
amzsync_http_sandbox_fill_inventory(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_inventory_run(ctx->inventory, out);
}


ngx_int_t
amzsync_http_sandbox_fill_inventory_csv(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_inventory_csv(ctx->csv, out);
}
