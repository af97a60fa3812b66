
/*
 * The request that connects an Amazon account.
 *
 * The refresh token in its body is sealed before anything else sees it, and
 * every copy of its text that can be reached is wiped at once.
 */


#include <http/amzsync_http_connect.h>


static ngx_int_t amzsync_http_connect_put(amzsync_http_ctx_t *ctx,
    amzsync_http_account_t *account, const ngx_array_t *datasets);


ngx_int_t
amzsync_http_connect(amzsync_http_ctx_t *ctx)
{
    json_t                       *json;
    ngx_int_t                     rc;
    amzsync_error_t               error;
    amzsync_http_account_t        account;
    ngx_http_amzsync_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(ctx->request, ngx_http_amzsync_module);

    json = amzsync_http_parse_account(&ctx->body,
                                      ctx->conf->sync.spapi.endpoints,
                                      alcf->datasets, &account, &error);
    if (json == NULL) {
        return amzsync_http_refused(ctx, &error);
    }

    amzsync_http_body_cleanse(ctx);

    rc = amzsync_http_connect_put(ctx, &account, alcf->datasets);

    amzsync_http_parse_free(json);

    return rc;
}


static ngx_int_t
amzsync_http_connect_put(amzsync_http_ctx_t *ctx,
    amzsync_http_account_t *account, const ngx_array_t *datasets)
{
    ngx_array_t                    markets;
    amzsync_seal_keys_t           *keys;
    amzsync_store_call_t          *call;
    amzsync_store_connect_t        connect;
    ngx_http_amzsync_main_conf_t  *amcf;

    amcf = ctx->conf;
    keys = &amcf->sync.spapi.keys;

    markets.elts = account->markets;
    markets.nelts = account->nmarkets;

    connect.selling_partner_id = account->seller;
    connect.region = account->region;
    connect.marketplaces = &markets;
    connect.sync_interval = account->interval;
    connect.datasets = datasets;
    connect.choice = account->choice;

    connect.key_id = keys->elts[0].id;
    connect.sealed.len = account->token.len + AMZSYNC_SEAL_OVERHEAD;
    connect.sealed.data = ngx_pnalloc(ctx->request->pool, connect.sealed.len);

    if (connect.sealed.data == NULL
        || amzsync_seal(keys, ctx->user.data, ctx->user.len,
                        account->token.data, account->token.len,
                        connect.sealed.data)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call = amzsync_store_connection_put(amcf->store, &ctx->user, &connect,
                                        amzsync_http_resume, ctx);

    return amzsync_http_wait(ctx, call);
}
