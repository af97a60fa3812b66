
/*
 * The request that connects an Amazon account.
 *
 * The refresh token in its body is sealed before anything else sees it, and
 * every copy of its text that can be reached is wiped at once.
 */


#include <http/amzsync_http_connect.h>
#include <base/amzsync_text.h>


#define AMZSYNC_HTTP_MARKETS_MAX  50


static ngx_int_t amzsync_http_connect_body(amzsync_http_ctx_t *ctx,
    json_t *json);
static ngx_int_t amzsync_http_connect_region(json_t *value);
static ngx_uint_t amzsync_http_connect_markets(json_t *value,
    ngx_array_t *markets);
static ngx_uint_t amzsync_http_connect_unique(ngx_array_t *markets);
static ngx_uint_t amzsync_http_connect_interval(json_t *value,
    ngx_uint_t *interval);
static ngx_int_t amzsync_http_connect_put(amzsync_http_ctx_t *ctx,
    amzsync_store_connect_t *connect, ngx_str_t *token);
static ngx_uint_t amzsync_http_connect_id(json_t *value, size_t max,
    ngx_uint_t lower, ngx_str_t *id);
static ngx_uint_t amzsync_http_connect_token(json_t *value, ngx_str_t *token);
static ngx_uint_t amzsync_http_connect_text(json_t *value, size_t max,
    ngx_str_t *text);


static const char *const  amzsync_http_connect_members[] = {
    "sellingPartnerId",
    "region",
    "marketplaceIds",
    "refreshToken",
    "syncIntervalMinutes",
    "datasets",
    NULL
};


ngx_int_t
amzsync_http_connect(amzsync_http_ctx_t *ctx)
{
    json_t     *json;
    ngx_int_t   rc;

    json = amzsync_http_body_object(ctx, amzsync_http_connect_members, &rc);

    if (json != NULL) {
        rc = amzsync_http_connect_body(ctx, json);
        amzsync_http_body_free(json);
    }

    return rc;
}


static ngx_int_t
amzsync_http_connect_body(amzsync_http_ctx_t *ctx, json_t *json)
{
    ngx_int_t                 rc, region;
    ngx_str_t                 token;
    ngx_array_t              *markets;
    ngx_http_request_t       *r;
    amzsync_store_connect_t   connect;

    r = ctx->request;

    markets = ngx_array_create(r->pool, AMZSYNC_HTTP_MARKETS_MAX,
                               sizeof(ngx_str_t));
    if (markets == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!amzsync_http_connect_id(json_object_get(json, "sellingPartnerId"),
                                 AMZSYNC_SELLER_MAX, 1,
                                 &connect.selling_partner_id))
    {
        return amzsync_http_invalid(r, "sellingPartnerId must be a string of "
                                    "1 to %d letters and digits.",
                                    AMZSYNC_SELLER_MAX);
    }

    region = amzsync_http_connect_region(json_object_get(json, "region"));

    if (region == NGX_ERROR) {
        return amzsync_http_invalid(r, "region must be \"na\", \"eu\" or "
                                    "\"fe\".");
    }

    if (ctx->conf->sync.spapi.endpoints[region] == NULL) {
        return amzsync_http_invalid(r, "region \"%s\" is not served here.",
                                    amzsync_region_names[region]);
    }

    if (!amzsync_http_connect_markets(json_object_get(json, "marketplaceIds"),
                                      markets))
    {
        return amzsync_http_invalid(r, "marketplaceIds must be null or an "
                                    "array of 1 to %d strings of 1 to %d "
                                    "capital letters and digits.",
                                    AMZSYNC_HTTP_MARKETS_MAX,
                                    AMZSYNC_MARKETPLACE_MAX);
    }

    if (!amzsync_http_connect_unique(markets)) {
        return amzsync_http_invalid(r, "marketplaceIds must not have "
                                    "duplicates.");
    }

    if (!amzsync_http_connect_token(json_object_get(json, "refreshToken"),
                                    &token))
    {
        return amzsync_http_invalid(r, "refreshToken must be a string of 1 to "
                                    "%d printable ASCII characters.",
                                    AMZSYNC_TOKEN_MAX);
    }

    if (!amzsync_http_connect_interval(json_object_get(json,
                                                       "syncIntervalMinutes"),
                                       &connect.sync_interval))
    {
        return amzsync_http_invalid(r, "syncIntervalMinutes must be null or a "
                                    "whole number, at least %d and at most "
                                    "%d.", AMZSYNC_STORE_INTERVAL_MIN,
                                    AMZSYNC_STORE_INTERVAL_MAX);
    }

    if (amzsync_http_choice(ctx, json, &connect.choice, &rc) != NGX_OK) {
        return rc;
    }

    connect.region = region;
    connect.marketplaces = markets;

    return amzsync_http_connect_put(ctx, &connect, &token);
}


static ngx_int_t
amzsync_http_connect_region(json_t *value)
{
    ngx_str_t  text;

    if (!amzsync_http_connect_text(value, sizeof("na") - 1, &text)) {
        return NGX_ERROR;
    }

    return amzsync_text_region(text.data, text.len);
}


static ngx_uint_t
amzsync_http_connect_markets(json_t *value, ngx_array_t *markets)
{
    size_t      i, n;
    ngx_str_t  *id;

    if (value == NULL || json_is_null(value)) {

        /* All that the seller takes part in, as Amazon tells. */

        return 1;
    }

    n = json_array_size(value);

    if (n == 0 || n > AMZSYNC_HTTP_MARKETS_MAX) {
        return 0;
    }

    id = ngx_array_push_n(markets, n);
    if (id == NULL) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (!amzsync_http_connect_id(json_array_get(value, i),
                                     AMZSYNC_MARKETPLACE_MAX, 0, &id[i]))
        {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
amzsync_http_connect_unique(ngx_array_t *markets)
{
    ngx_str_t   *id;
    ngx_uint_t   i, j;

    id = markets->elts;

    for (i = 1; i < markets->nelts; i++) {
        for (j = 0; j < i; j++) {

            if (id[i].len == id[j].len
                && ngx_memcmp(id[i].data, id[j].data, id[i].len) == 0)
            {
                return 0;
            }
        }
    }

    return 1;
}


static ngx_uint_t
amzsync_http_connect_interval(json_t *value, ngx_uint_t *interval)
{
    json_int_t  n;

    *interval = 0;

    if (value == NULL || json_is_null(value)) {
        return 1;
    }

    if (!json_is_integer(value)) {
        return 0;
    }

    n = json_integer_value(value);

    if (n < AMZSYNC_STORE_INTERVAL_MIN || n > AMZSYNC_STORE_INTERVAL_MAX) {
        return 0;
    }

    *interval = n;

    return 1;
}


static ngx_int_t
amzsync_http_connect_put(amzsync_http_ctx_t *ctx,
    amzsync_store_connect_t *connect, ngx_str_t *token)
{
    amzsync_seal_keys_t           *keys;
    amzsync_store_call_t          *call;
    ngx_http_amzsync_loc_conf_t   *alcf;
    ngx_http_amzsync_main_conf_t  *amcf;

    amcf = ctx->conf;
    alcf = ngx_http_get_module_loc_conf(ctx->request, ngx_http_amzsync_module);

    connect->datasets = alcf->datasets;
    keys = &amcf->sync.spapi.keys;

    connect->key_id = keys->elts[0].id;
    connect->sealed.len = token->len + AMZSYNC_SEAL_OVERHEAD;
    connect->sealed.data = ngx_pnalloc(ctx->request->pool,
                                       connect->sealed.len);

    if (connect->sealed.data == NULL
        || amzsync_seal(keys, ctx->user.data, ctx->user.len, token->data,
                        token->len, connect->sealed.data)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call = amzsync_store_connection_put(amcf->store, &ctx->user, connect,
                                        amzsync_http_resume, ctx);

    return amzsync_http_wait(ctx, call);
}


/* Capital letters and digits, and with "lower" other letters, too. */

static ngx_uint_t
amzsync_http_connect_id(json_t *value, size_t max, ngx_uint_t lower,
    ngx_str_t *id)
{
    u_char  ch;
    size_t  i;

    if (!amzsync_http_connect_text(value, max, id)) {
        return 0;
    }

    for (i = 0; i < id->len; i++) {
        ch = id->data[i];

        if ((ch >= 'A' && ch <= 'Z')
            || (ch >= '0' && ch <= '9')
            || (lower && ch >= 'a' && ch <= 'z'))
        {
            continue;
        }

        return 0;
    }

    return 1;
}


static ngx_uint_t
amzsync_http_connect_token(json_t *value, ngx_str_t *token)
{
    size_t  i;

    if (!amzsync_http_connect_text(value, AMZSYNC_TOKEN_MAX, token)) {
        return 0;
    }

    for (i = 0; i < token->len; i++) {
        if (token->data[i] < 0x20 || token->data[i] > 0x7e) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
amzsync_http_connect_text(json_t *value, size_t max, ngx_str_t *text)
{
    if (!json_is_string(value)) {
        return 0;
    }

    text->data = (u_char *) json_string_value(value);
    text->len = json_string_length(value);

    return text->len > 0 && text->len <= max;
}
