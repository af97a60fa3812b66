
/*
 * Seller Central's page on which a seller agrees to an application.  Here all
 * sellers do, at once: the answer is the way back.
 */


#include <base/amzsync_base.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>
#include <sandbox/amzsync_sandbox_code.h>
#include <sandbox/amzsync_sandbox_param.h>


typedef enum {
    AMZSYNC_HTTP_SANDBOX_APPLICATION = 0,
    AMZSYNC_HTTP_SANDBOX_STATE,
    AMZSYNC_HTTP_SANDBOX_REDIRECT,
    AMZSYNC_HTTP_SANDBOX_SELLER,
    AMZSYNC_HTTP_SANDBOX_ASKED
} amzsync_http_sandbox_asked_e;


static ngx_int_t amzsync_http_sandbox_consent_set(void *data, ngx_uint_t n,
    ngx_str_t *value);
static const char *amzsync_http_sandbox_consent_check(
    amzsync_http_sandbox_ctx_t *ctx, const ngx_str_t *asked);
static ngx_int_t amzsync_http_sandbox_consent_back(
    amzsync_http_sandbox_ctx_t *ctx, const ngx_str_t *asked,
    ngx_str_t *location);
static ngx_int_t amzsync_http_sandbox_consent_answer(
    amzsync_http_sandbox_ctx_t *ctx, ngx_str_t *location);


/* In the order of the enumeration above. */

static const amzsync_sandbox_param_t  amzsync_http_sandbox_consent_params[] = {
    { ngx_string("application_id"), amzsync_http_sandbox_consent_set,
      "application_id is empty.", 0 },
    { ngx_string("state"), amzsync_http_sandbox_consent_set,
      "state is empty.", 0 },
    { ngx_string("redirect_uri"), amzsync_http_sandbox_consent_set,
      "redirect_uri is empty.", 0 },
    { ngx_string("seller"), amzsync_http_sandbox_consent_set,
      "seller is empty.", 0 },
    { ngx_null_string, NULL, NULL, 0 }
};


ngx_int_t
amzsync_http_sandbox_consent(amzsync_http_sandbox_ctx_t *ctx)
{
    u_char      *buf;
    ngx_str_t    asked[AMZSYNC_HTTP_SANDBOX_ASKED], location;
    ngx_uint_t   given;
    const char  *details;

    buf = ngx_pnalloc(ctx->request->pool, ctx->request->args.len + 1);
    if (buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(asked, sizeof(asked));
    ngx_str_set(&asked[AMZSYNC_HTTP_SANDBOX_SELLER], "DEMO");

    given = 0;
    details = NULL;

    if (amzsync_sandbox_params(amzsync_http_sandbox_consent_params, asked,
                               &given, &ctx->request->args, buf, &details)
        == NGX_OK)
    {
        details = amzsync_http_sandbox_consent_check(ctx, asked);
    }

    if (details) {
        return amzsync_http_sandbox_error(ctx, NGX_HTTP_BAD_REQUEST,
                                          "InvalidInput", "Invalid Input",
                                          details);
    }

    if (amzsync_http_sandbox_consent_back(ctx, asked, &location) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return amzsync_http_sandbox_consent_answer(ctx, &location);
}


/* What is wrong, or NULL. */

static const char *
amzsync_http_sandbox_consent_check(amzsync_http_sandbox_ctx_t *ctx,
    const ngx_str_t *asked)
{
    const ngx_str_t  *own, *uri;

    if (asked[AMZSYNC_HTTP_SANDBOX_APPLICATION].len == 0) {
        return "application_id is missing.";
    }

    if (asked[AMZSYNC_HTTP_SANDBOX_STATE].len == 0) {
        return "state is missing.";
    }

    if (!amzsync_http_sandbox_seller(&asked[AMZSYNC_HTTP_SANDBOX_SELLER])) {
        return "seller is wrong.";
    }

    own = &ctx->conf->redirect_uri;
    uri = &asked[AMZSYNC_HTTP_SANDBOX_REDIRECT];

    if (own->len == 0) {
        return "The sandbox has no redirect_uri.";
    }

    if (uri->len
        && (uri->len != own->len
            || ngx_memcmp(uri->data, own->data, own->len) != 0))
    {
        return "MD5101: redirect_uri is none of the application's.";
    }

    return NULL;
}


static ngx_int_t
amzsync_http_sandbox_consent_set(void *data, ngx_uint_t n, ngx_str_t *value)
{
    ngx_str_t *asked = data;

    asked[n] = *value;

    return value->len ? NGX_OK : NGX_ERROR;
}


/* Agrees, and makes the address that the seller goes back to. */

static ngx_int_t
amzsync_http_sandbox_consent_back(amzsync_http_sandbox_ctx_t *ctx,
    const ngx_str_t *asked, ngx_str_t *location)
{
    size_t            len, id_len;
    u_char           *p, id[32], code[AMZSYNC_SANDBOX_TOKEN_MAX];
    uint64_t          nonce, key;
    const ngx_str_t  *uri, *state, *seller;

    uri = &ctx->conf->redirect_uri;
    state = &asked[AMZSYNC_HTTP_SANDBOX_STATE];
    seller = &asked[AMZSYNC_HTTP_SANDBOX_SELLER];

    key = amzsync_sandbox_seller_key(ctx->conf->seed, seller);
    id_len = amzsync_sandbox_partner_id(key, id);

    nonce = (uint64_t) ngx_random() << 32 ^ (uint64_t) ngx_random();

    len = amzsync_sandbox_code_make(&ctx->conf->keys, seller, nonce,
                                    amzsync_http_sandbox_now()
                                    + (int64_t) ctx->conf->code_ttl * 1000,
                                    code);
    if (len == 0) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(ctx->request->pool,
                    uri->len + 3 * state->len + id_len + len
                    + sizeof("?state=&selling_partner_id="
                             "&spapi_oauth_code="));
    if (p == NULL) {
        return NGX_ERROR;
    }

    location->data = p;

    p = ngx_cpymem(p, uri->data, uri->len);
    *p++ = ngx_strlchr(uri->data, uri->data + uri->len, '?') ? '&' : '?';
    p = ngx_cpymem(p, "state=", sizeof("state=") - 1);
    p = (u_char *) ngx_escape_uri(p, state->data, state->len,
                                  NGX_ESCAPE_URI_COMPONENT);
    p = ngx_cpymem(p, "&selling_partner_id=",
                   sizeof("&selling_partner_id=") - 1);
    p = ngx_cpymem(p, id, id_len);
    p = ngx_cpymem(p, "&spapi_oauth_code=", sizeof("&spapi_oauth_code=") - 1);
    p = ngx_cpymem(p, code, len);

    location->len = p - location->data;

    return amzsync_sandbox_zone_grant(ctx->zone, ctx->slab, seller,
                                      AMZSYNC_SANDBOX_GRANTED);
}


static ngx_int_t
amzsync_http_sandbox_consent_answer(amzsync_http_sandbox_ctx_t *ctx,
    ngx_str_t *location)
{
    u_char                  buf[8];
    ngx_table_elt_t        *h;
    ngx_http_request_t     *r;
    amzsync_sandbox_out_t   out;

    r = ctx->request;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    ngx_str_set(&h->key, "Location");
    h->value = *location;
    r->headers_out.location = h;

    amzsync_sandbox_out(&out, buf, sizeof(buf));
    amzsync_sandbox_open(&out, NULL, '{');
    amzsync_sandbox_close(&out, '}');

    return amzsync_http_sandbox_reply(ctx, NGX_HTTP_MOVED_TEMPORARILY, &out);
}
