
/*
 * Login with Amazon: a refresh token, or the code of a consent, for an access
 * token.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_json.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>
#include <sandbox/amzsync_sandbox_code.h>


#define AMZSYNC_HTTP_SANDBOX_GRANT_MAX  16384


typedef enum {
    AMZSYNC_HTTP_SANDBOX_GRANT_TYPE = 0,
    AMZSYNC_HTTP_SANDBOX_REFRESH_TOKEN,
    AMZSYNC_HTTP_SANDBOX_CLIENT_ID,
    AMZSYNC_HTTP_SANDBOX_CLIENT_SECRET,
    AMZSYNC_HTTP_SANDBOX_CODE,
    AMZSYNC_HTTP_SANDBOX_REDIRECT_URI,
    AMZSYNC_HTTP_SANDBOX_GRANT_FIELDS
} amzsync_http_sandbox_grant_e;


typedef struct {
    ngx_str_t                fields[AMZSYNC_HTTP_SANDBOX_GRANT_FIELDS];
    amzsync_sandbox_code_t   code;
} amzsync_http_sandbox_grant_t;


typedef struct {
    ngx_uint_t               status;
    const char              *error;
    const char              *description;
} amzsync_http_sandbox_lwa_t;


static const amzsync_http_sandbox_lwa_t *amzsync_http_sandbox_grant_check(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_http_sandbox_grant_t *grant,
    ngx_str_t *seller);
static const amzsync_http_sandbox_lwa_t *amzsync_http_sandbox_grant_refresh(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_http_sandbox_grant_t *grant,
    ngx_str_t *seller);
static const amzsync_http_sandbox_lwa_t *amzsync_http_sandbox_grant_code(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_http_sandbox_grant_t *grant,
    ngx_str_t *seller);
static ngx_uint_t amzsync_http_sandbox_revoked(
    amzsync_http_sandbox_ctx_t *ctx, const ngx_str_t *seller);
static ngx_uint_t amzsync_http_sandbox_same(const ngx_str_t *one,
    const ngx_str_t *two);
static ngx_int_t amzsync_http_sandbox_grant(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_grant_t *grant);
static ngx_int_t amzsync_http_sandbox_grant_json(ngx_pool_t *pool,
    ngx_str_t *body, amzsync_http_sandbox_grant_t *grant);
static ngx_int_t amzsync_http_sandbox_grant_form(ngx_pool_t *pool,
    ngx_str_t *body, amzsync_http_sandbox_grant_t *grant);
static ngx_int_t amzsync_http_sandbox_grant_copy(ngx_pool_t *pool, json_t *json,
    amzsync_http_sandbox_grant_t *grant);
static ngx_int_t amzsync_http_sandbox_grant_seller(ngx_str_t *token,
    ngx_str_t *seller);
static ngx_int_t amzsync_http_sandbox_granted(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_grant_t *grant, ngx_str_t *seller);
static const amzsync_http_sandbox_lwa_t *amzsync_http_sandbox_lwa_fault(
    amzsync_http_sandbox_ctx_t *ctx);
static ngx_int_t amzsync_http_sandbox_lwa_error(
    amzsync_http_sandbox_ctx_t *ctx,
    const amzsync_http_sandbox_lwa_t *error);


static const char *const
    amzsync_http_sandbox_fields[AMZSYNC_HTTP_SANDBOX_GRANT_FIELDS] =
{
    "grant_type", "refresh_token", "client_id", "client_secret", "code",
    "redirect_uri"
};


static const amzsync_http_sandbox_lwa_t
    amzsync_http_sandbox_missing[AMZSYNC_HTTP_SANDBOX_GRANT_FIELDS] =
{
    { NGX_HTTP_BAD_REQUEST, "invalid_request",
      "The request is missing a required parameter : grant_type" },

    { NGX_HTTP_BAD_REQUEST, "invalid_request",
      "The request is missing a required parameter : refresh_token" },

    { NGX_HTTP_BAD_REQUEST, "invalid_request",
      "The request is missing a required parameter : client_id" },

    { NGX_HTTP_BAD_REQUEST, "invalid_request",
      "The request is missing a required parameter : client_secret" },

    { NGX_HTTP_BAD_REQUEST, "invalid_request",
      "The request is missing a required parameter : code" },

    { NGX_HTTP_BAD_REQUEST, "invalid_request",
      "The request is missing a required parameter : redirect_uri" }
};


static const amzsync_http_sandbox_lwa_t  amzsync_http_sandbox_malformed = {
    NGX_HTTP_BAD_REQUEST, "invalid_request", "The request body is malformed"
};


static const amzsync_http_sandbox_lwa_t  amzsync_http_sandbox_unsupported = {
    NGX_HTTP_BAD_REQUEST, "unsupported_grant_type",
    "The authorization grant type is not supported by the authorization server"
};


static const amzsync_http_sandbox_lwa_t
    amzsync_http_sandbox_invalid_client =
{
    NGX_HTTP_UNAUTHORIZED, "invalid_client", "Client authentication failed"
};


static const amzsync_http_sandbox_lwa_t  amzsync_http_sandbox_invalid_grant = {
    NGX_HTTP_BAD_REQUEST, "invalid_grant",
    "The request has an invalid grant parameter : refresh_token"
};


static const amzsync_http_sandbox_lwa_t  amzsync_http_sandbox_invalid_code = {
    NGX_HTTP_BAD_REQUEST, "invalid_grant",
    "The request has an invalid grant parameter : code"
};


/* In the order of the kinds of faults, from LWA_500 on. */

static const amzsync_http_sandbox_lwa_t
    amzsync_http_sandbox_lwa_faults[AMZSYNC_SANDBOX_FAULTS
                                    - AMZSYNC_SANDBOX_FAULT_LWA_500] =
{
    { NGX_HTTP_INTERNAL_SERVER_ERROR, "server_error",
      "The authorization server encountered an unexpected condition" },

    { NGX_HTTP_SERVICE_UNAVAILABLE, "temporarily_unavailable",
      "The authorization server is currently unable to handle the request" },

    { NGX_HTTP_UNAUTHORIZED, "invalid_client",
      "Client authentication failed" },

    { NGX_HTTP_BAD_REQUEST, "unauthorized_client",
      "Not authorized for requested operation" },

    { NGX_HTTP_BAD_REQUEST, "access_denied", "The request was denied" },

    { NGX_HTTP_BAD_REQUEST, "invalid_scope",
      "The request has an unknown scope parameter" }
};


static ngx_str_t  amzsync_http_sandbox_refresh =
    ngx_string("Atzr|sandbox-");


ngx_int_t
amzsync_http_sandbox_token(amzsync_http_sandbox_ctx_t *ctx)
{
    ngx_int_t                           rc;
    ngx_str_t                           seller;
    amzsync_http_sandbox_grant_t        grant;
    const amzsync_http_sandbox_lwa_t   *error;

    error = amzsync_http_sandbox_lwa_fault(ctx);

    if (error == NULL) {
        rc = amzsync_http_sandbox_grant(ctx, &grant);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        error = (rc == NGX_DECLINED)
                ? &amzsync_http_sandbox_malformed
                : amzsync_http_sandbox_grant_check(ctx, &grant, &seller);
    }

    if (error) {
        return amzsync_http_sandbox_lwa_error(ctx, error);
    }

    return amzsync_http_sandbox_granted(ctx, &grant, &seller);
}


/* NULL: the grant is good, and of the seller. */

static const amzsync_http_sandbox_lwa_t *
amzsync_http_sandbox_grant_check(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_grant_t *grant, ngx_str_t *seller)
{
    ngx_str_t                    *f, *type;
    ngx_uint_t                    i, needed[3];
    amzsync_http_sandbox_conf_t  *scf;

    static ngx_str_t  refresh = ngx_string("refresh_token");
    static ngx_str_t  code = ngx_string("authorization_code");

    f = grant->fields;
    type = &f[AMZSYNC_HTTP_SANDBOX_GRANT_TYPE];

    if (type->len == 0) {
        return &amzsync_http_sandbox_missing[AMZSYNC_HTTP_SANDBOX_GRANT_TYPE];
    }

    if (amzsync_http_sandbox_same(type, &refresh)) {
        needed[0] = AMZSYNC_HTTP_SANDBOX_REFRESH_TOKEN;

    } else if (amzsync_http_sandbox_same(type, &code)) {
        needed[0] = AMZSYNC_HTTP_SANDBOX_CODE;

    } else {
        return &amzsync_http_sandbox_unsupported;
    }

    needed[1] = AMZSYNC_HTTP_SANDBOX_CLIENT_ID;
    needed[2] = AMZSYNC_HTTP_SANDBOX_CLIENT_SECRET;

    for (i = 0; i < 3; i++) {
        if (f[needed[i]].len == 0) {
            return &amzsync_http_sandbox_missing[needed[i]];
        }
    }

    scf = ctx->conf;

    if ((scf->client_id.len
         && !amzsync_http_sandbox_same(&scf->client_id,
                                  &f[AMZSYNC_HTTP_SANDBOX_CLIENT_ID]))
        || (scf->client_secret.len
            && !amzsync_http_sandbox_same(&scf->client_secret,
                                  &f[AMZSYNC_HTTP_SANDBOX_CLIENT_SECRET])))
    {
        return &amzsync_http_sandbox_invalid_client;
    }

    return (needed[0] == AMZSYNC_HTTP_SANDBOX_CODE)
           ? amzsync_http_sandbox_grant_code(ctx, grant, seller)
           : amzsync_http_sandbox_grant_refresh(ctx, grant, seller);
}


static const amzsync_http_sandbox_lwa_t *
amzsync_http_sandbox_grant_refresh(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_grant_t *grant, ngx_str_t *seller)
{
    ngx_str_t  *token;

    token = &grant->fields[AMZSYNC_HTTP_SANDBOX_REFRESH_TOKEN];

    if (amzsync_http_sandbox_grant_seller(token, seller) != NGX_OK
        || amzsync_http_sandbox_revoked(ctx, seller))
    {
        return &amzsync_http_sandbox_invalid_grant;
    }

    return NULL;
}


/* A code is spent only if all else is right. */

static const amzsync_http_sandbox_lwa_t *
amzsync_http_sandbox_grant_code(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_grant_t *grant, ngx_str_t *seller)
{
    ngx_str_t               *uri;
    amzsync_sandbox_code_t  *code;

    uri = &grant->fields[AMZSYNC_HTTP_SANDBOX_REDIRECT_URI];
    code = &grant->code;

    if (amzsync_sandbox_code_open(&ctx->conf->keys,
                                  &grant->fields[AMZSYNC_HTTP_SANDBOX_CODE],
                                  amzsync_http_sandbox_now(), code)
        != NGX_OK
        || (uri->len
            && !amzsync_http_sandbox_same(uri, &ctx->conf->redirect_uri))
        || amzsync_http_sandbox_revoked(ctx, &code->seller)
        || amzsync_sandbox_zone_spend(ctx->zone, ctx->slab, code->nonce,
                                      code->expires)
           != NGX_OK)
    {
        return &amzsync_http_sandbox_invalid_code;
    }

    *seller = code->seller;

    return NULL;
}


static ngx_uint_t
amzsync_http_sandbox_revoked(amzsync_http_sandbox_ctx_t *ctx,
    const ngx_str_t *seller)
{
    amzsync_sandbox_rights_t  rights;

    amzsync_sandbox_zone_rights(ctx->zone, ctx->slab, seller, &rights);

    return rights.grant != AMZSYNC_SANDBOX_GRANTED;
}


static ngx_uint_t
amzsync_http_sandbox_same(const ngx_str_t *one, const ngx_str_t *two)
{
    return one->len == two->len
           && ngx_memcmp(one->data, two->data, one->len) == 0;
}


/* NGX_DECLINED: not a body that LWA understands. */

static ngx_int_t
amzsync_http_sandbox_grant(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_grant_t *grant)
{
    ngx_int_t    rc;
    ngx_str_t    body, *type;
    ngx_pool_t  *pool;

    ngx_memzero(grant, sizeof(amzsync_http_sandbox_grant_t));

    rc = amzsync_http_sandbox_read(ctx, &body, AMZSYNC_HTTP_SANDBOX_GRANT_MAX);

    if (rc != NGX_OK) {
        return rc;
    }

    pool = ctx->request->pool;
    type = ctx->request->headers_in.content_type
           ? &ctx->request->headers_in.content_type->value : NULL;

    if (type && ngx_strlcasestrn(type->data, type->data + type->len,
                                 (u_char *) "json", sizeof("json") - 2))
    {
        return amzsync_http_sandbox_grant_json(pool, &body, grant);
    }

    return amzsync_http_sandbox_grant_form(pool, &body, grant);
}


ngx_int_t
amzsync_http_sandbox_read(amzsync_http_sandbox_ctx_t *ctx, ngx_str_t *body,
    off_t max)
{
    off_t                     size;
    u_char                   *p;
    ssize_t                   n;
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_http_request_body_t  *rb;

    ngx_str_null(body);

    rb = ctx->request->request_body;

    if (rb == NULL || rb->bufs == NULL) {
        return NGX_OK;
    }

    size = 0;

    for (cl = rb->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    if (size > max) {
        return NGX_DECLINED;
    }

    p = ngx_pnalloc(ctx->request->pool, size + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    body->data = p;
    body->len = size;

    for (cl = rb->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (ngx_buf_in_memory(b)) {
            p = ngx_cpymem(p, b->pos, b->last - b->pos);
            continue;
        }

        if (!b->in_file) {
            continue;
        }

        size = b->file_last - b->file_pos;
        n = ngx_read_file(b->file, p, size, b->file_pos);

        if (n != size) {
            return NGX_ERROR;
        }

        p += n;
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_http_sandbox_grant_json(ngx_pool_t *pool, ngx_str_t *body,
    amzsync_http_sandbox_grant_t *grant)
{
    json_t        *json;
    ngx_int_t      rc;
    json_error_t   error;

    json = amzsync_json_load(body->data, body->len, &error);

    if (json == NULL) {
        return NGX_DECLINED;
    }

    rc = amzsync_http_sandbox_grant_copy(pool, json, grant);

    json_decref(json);

    return rc;
}


static ngx_int_t
amzsync_http_sandbox_grant_copy(ngx_pool_t *pool, json_t *json,
    amzsync_http_sandbox_grant_t *grant)
{
    json_t      *value;
    ngx_str_t    s;
    ngx_uint_t   i;

    for (i = 0; i < AMZSYNC_HTTP_SANDBOX_GRANT_FIELDS; i++) {
        value = json_object_get(json, amzsync_http_sandbox_fields[i]);

        if (!json_is_string(value)) {
            continue;
        }

        s.data = (u_char *) json_string_value(value);
        s.len = json_string_length(value);

        grant->fields[i].len = s.len;
        grant->fields[i].data = ngx_pstrdup(pool, &s);

        if (grant->fields[i].data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_http_sandbox_grant_form(ngx_pool_t *pool, ngx_str_t *body,
    amzsync_http_sandbox_grant_t *grant)
{
    u_char                   *buf;
    ngx_int_t                 rc;
    ngx_uint_t                i;
    amzsync_sandbox_query_t   query;

    buf = ngx_pnalloc(pool, body->len + 1);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    amzsync_sandbox_query(&query, body, buf);

    while ((rc = amzsync_sandbox_query_next(&query)) == NGX_OK) {

        for (i = 0; i < AMZSYNC_HTTP_SANDBOX_GRANT_FIELDS; i++) {
            if (ngx_strlen(amzsync_http_sandbox_fields[i]) == query.name.len
                && ngx_memcmp(amzsync_http_sandbox_fields[i], query.name.data,
                              query.name.len)
                   == 0)
            {
                grant->fields[i] = query.value;
            }
        }
    }

    return (rc == NGX_ERROR) ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
amzsync_http_sandbox_grant_seller(ngx_str_t *token, ngx_str_t *seller)
{
    size_t  len;

    len = amzsync_http_sandbox_refresh.len;

    if (token->len <= len
        || ngx_memcmp(token->data, amzsync_http_sandbox_refresh.data, len))
    {
        return NGX_DECLINED;
    }

    seller->data = token->data + len;
    seller->len = token->len - len;

    /* "-revoked" behind it is no seller's name either */

    return amzsync_http_sandbox_seller(seller) ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
amzsync_http_sandbox_granted(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_grant_t *grant, ngx_str_t *seller)
{
    size_t                 len;
    u_char                 buf[2048], token[AMZSYNC_SANDBOX_TOKEN_MAX];
    u_char                *last, refresh[AMZSYNC_SELLER_MAX + 16];
    time_t                 ttl;
    uint64_t               client;
    amzsync_sandbox_out_t  out;

    ttl = ctx->conf->token_ttl;
    last = ngx_sprintf(refresh, "%V%V", &amzsync_http_sandbox_refresh, seller);

    client = amzsync_sandbox_seller_key(ctx->conf->seed,
                             &grant->fields[AMZSYNC_HTTP_SANDBOX_CLIENT_ID]);

    len = amzsync_sandbox_access_make(&ctx->conf->keys, seller, client,
                                      ngx_time() + ttl, token);
    if (len == 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    amzsync_sandbox_out(&out, buf, sizeof(buf));

    amzsync_sandbox_open(&out, NULL, '{');
    amzsync_sandbox_str(&out, "access_token", token, len);
    amzsync_sandbox_str(&out, "refresh_token", refresh, last - refresh);
    amzsync_sandbox_cstr(&out, "token_type", "bearer");
    amzsync_sandbox_int(&out, "expires_in", ttl);
    amzsync_sandbox_close(&out, '}');

    return amzsync_http_sandbox_reply(ctx, NGX_HTTP_OK, &out);
}


static const amzsync_http_sandbox_lwa_t *
amzsync_http_sandbox_lwa_fault(amzsync_http_sandbox_ctx_t *ctx)
{
    ngx_uint_t  i, n, every;

    n = amzsync_sandbox_zone_tick(ctx->zone, 1);

    for (i = AMZSYNC_SANDBOX_FAULT_LWA_500; i < AMZSYNC_SANDBOX_FAULTS; i++) {
        every = ctx->conf->faults[i];

        if (every && n % every == 0) {
            amzsync_sandbox_zone_faulted(ctx->zone, i);

            i -= AMZSYNC_SANDBOX_FAULT_LWA_500;

            return &amzsync_http_sandbox_lwa_faults[i];
        }
    }

    return NULL;
}


static ngx_int_t
amzsync_http_sandbox_lwa_error(amzsync_http_sandbox_ctx_t *ctx,
    const amzsync_http_sandbox_lwa_t *error)
{
    u_char                 buf[512];
    amzsync_sandbox_out_t  out;

    amzsync_sandbox_out(&out, buf, sizeof(buf));

    amzsync_sandbox_open(&out, NULL, '{');
    amzsync_sandbox_cstr(&out, "error_description", error->description);
    amzsync_sandbox_cstr(&out, "error", error->error);
    amzsync_sandbox_close(&out, '}');

    return amzsync_http_sandbox_reply(ctx, error->status, &out);
}
