
/*
 * GET: sends a user to the page of Seller Central on which a seller agrees to
 * the application, by ?region=REGION.
 */


#include <http/amzsync_http_consent.h>
#include <base/amzsync_state.h>
#include <base/amzsync_text.h>


static ngx_int_t amzsync_http_authorize(amzsync_http_ctx_t *ctx);
static ngx_int_t amzsync_http_authorize_answer(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);
static ngx_int_t amzsync_http_authorize_region(ngx_http_request_t *r);
static ngx_int_t amzsync_http_authorize_location(amzsync_http_ctx_t *ctx,
    amzsync_state_t *state);


static const amzsync_http_method_t  amzsync_http_authorize_methods[] = {
    { NGX_HTTP_GET, amzsync_http_authorize, amzsync_http_authorize_answer },
    { 0, NULL, NULL }
};


static const amzsync_http_location_t  amzsync_http_authorize_where = {
    "authorize", "GET, HEAD", AMZSYNC_HTTP_FAILURE,
    amzsync_http_authorize_methods
};


ngx_int_t
amzsync_http_authorize_handler(ngx_http_request_t *r)
{
    return amzsync_http_handle(r, &amzsync_http_authorize_where);
}


static ngx_int_t
amzsync_http_authorize(amzsync_http_ctx_t *ctx)
{
    ngx_int_t                region;
    ngx_str_t                nonce;
    amzsync_state_t          state;
    amzsync_store_call_t    *call;
    amzsync_http_consent_t  *consent;

    region = amzsync_http_authorize_region(ctx->request);

    if (region == NGX_ERROR) {
        return amzsync_http_invalid(ctx->request, "region must be \"na\", "
                                    "\"eu\" or \"fe\".");
    }

    consent = &ctx->conf->consents[region];

    if (consent->address.len == 0) {
        return amzsync_http_invalid(ctx->request, "region \"%s\" is not "
                                    "served here.",
                                    amzsync_region_names[region]);
    }

    state.region = region;

    if (amzsync_http_authorize_location(ctx, &state) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    nonce.data = state.nonce;
    nonce.len = AMZSYNC_STATE_NONCE;

    call = amzsync_store_consent_ask(ctx->conf->store, &ctx->user, &nonce,
                                     consent->ttl, amzsync_http_resume, ctx);

    return amzsync_http_wait(ctx, call);
}


/* Of the query, or else of the directive. */

static ngx_int_t
amzsync_http_authorize_region(ngx_http_request_t *r)
{
    ngx_str_t                     arg;
    ngx_http_amzsync_loc_conf_t  *alcf;

    if (ngx_http_arg(r, (u_char *) "region", sizeof("region") - 1, &arg)
        == NGX_OK)
    {
        return amzsync_text_region(arg.data, arg.len);
    }

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_amzsync_module);

    return alcf->region;
}


static ngx_int_t
amzsync_http_authorize_location(amzsync_http_ctx_t *ctx,
    amzsync_state_t *state)
{
    u_char     *p;
    ngx_str_t  *location, *address;

    address = &ctx->conf->consents[state->region].address;

    location = ngx_palloc(ctx->request->pool, sizeof(ngx_str_t));
    if (location == NULL) {
        return NGX_ERROR;
    }

    location->len = address->len + AMZSYNC_STATE_LEN;
    location->data = ngx_pnalloc(ctx->request->pool, location->len);
    if (location->data == NULL) {
        return NGX_ERROR;
    }

    ctx->consent = location;

    p = ngx_cpymem(location->data, address->data, address->len);

    return amzsync_state_make(&ctx->conf->sync.spapi.keys, &ctx->user, state,
                              p);
}


static ngx_int_t
amzsync_http_authorize_answer(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call)
{
    return amzsync_http_redirect(ctx->request, ctx->consent);
}
