
/*
 * listTransactions, and the truth about transactions.
 */


#include <base/amzsync_base.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>
#include <sandbox/amzsync_sandbox_transaction.h>


ngx_int_t
amzsync_http_sandbox_transactions(amzsync_http_sandbox_ctx_t *ctx, u_char *buf,
    const char **details)
{
    amzsync_sandbox_transaction_page_t  *page;

    page = ngx_pcalloc(ctx->request->pool,
                       sizeof(amzsync_sandbox_transaction_page_t));
    if (page == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->transactions = page;

    if (amzsync_sandbox_transaction_parse(&page->ask, &ctx->request->args, buf,
                                          amzsync_http_sandbox_now(), details)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    amzsync_http_sandbox_view(ctx, &ctx->access.seller, &page->view);

    page->keys = &ctx->conf->keys;
    page->size = ctx->conf->transactions_page;
    page->expires = ngx_time() + ctx->conf->transactions_ttl;
    page->duplicates = ctx->conf->duplicates;
    page->same_token = (ctx->fault == AMZSYNC_SANDBOX_FAULT_SAME_TOKEN);
    page->spoil = amzsync_http_sandbox_spoil(ctx);

    if (amzsync_sandbox_transaction_start(page, ngx_time()) != NGX_OK) {
        *details = "The nextToken is invalid, has expired, or belongs to "
                   "other parameters.";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
amzsync_http_sandbox_fill_transactions(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_transaction_run(ctx->transactions, out);
}


ngx_int_t
amzsync_http_sandbox_fill_transactions_csv(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_transactions_csv(ctx->csv, out);
}
