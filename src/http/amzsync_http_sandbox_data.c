
/*
 * The sandbox's data operations: who may ask, how often, and what goes wrong.
 */


#include <base/amzsync_base.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>


#define AMZSYNC_HTTP_SANDBOX_SLOW    3000               /* milliseconds */
#define AMZSYNC_HTTP_SANDBOX_HUGE    (65 * 1024 * 1024)


static ngx_int_t amzsync_http_sandbox_access(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_rights_t *rights);
static ngx_int_t amzsync_http_sandbox_denied(amzsync_http_sandbox_ctx_t *ctx,
    const char *details);
static ngx_int_t amzsync_http_sandbox_take(amzsync_http_sandbox_ctx_t *ctx);
static ngx_int_t amzsync_http_sandbox_throttled(
    amzsync_http_sandbox_ctx_t *ctx);
static ngx_int_t amzsync_http_sandbox_fault(amzsync_http_sandbox_ctx_t *ctx);
static void amzsync_http_sandbox_fault_find(amzsync_http_sandbox_ctx_t *ctx,
    ngx_uint_t n);
static void amzsync_http_sandbox_slow(ngx_event_t *ev);
static ngx_int_t amzsync_http_sandbox_answer(amzsync_http_sandbox_ctx_t *ctx);
static ngx_int_t amzsync_http_sandbox_fill_huge(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);


ngx_int_t
amzsync_http_sandbox_data(amzsync_http_sandbox_ctx_t *ctx)
{
    ngx_int_t                 rc;
    amzsync_sandbox_rights_t  rights;

    rc = amzsync_http_sandbox_access(ctx, &rights);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (rights.denied & ((uint64_t) 1 << ctx->route->op)) {
        return amzsync_http_sandbox_denied(ctx, "");
    }

    if (amzsync_http_sandbox_take(ctx) != NGX_OK) {
        return amzsync_http_sandbox_throttled(ctx);
    }

    rc = amzsync_http_sandbox_fault(ctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return amzsync_http_sandbox_answer(ctx);
}


/* NGX_DECLINED: may go on. */

static ngx_int_t
amzsync_http_sandbox_access(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_rights_t *rights)
{
    ngx_int_t         rc;
    ngx_table_elt_t  *token;

    token = amzsync_http_sandbox_access_token(ctx->request);

    if (token == NULL) {
        return amzsync_http_sandbox_denied(ctx,
                            "Access token is missing in the request header.");
    }

    rc = amzsync_sandbox_access_open(&ctx->conf->keys, &token->value,
                                     ngx_time(), &ctx->access);

    if (rc == NGX_DECLINED) {
        return amzsync_http_sandbox_denied(ctx,
                            "The access token you provided has expired.");
    }

    if (rc == NGX_OK) {
        amzsync_sandbox_zone_rights(ctx->zone, ctx->slab,
                                    &ctx->access.seller, rights);
    }

    if (rc == NGX_ERROR || rights->grant == AMZSYNC_SANDBOX_REVOKED_ALL) {
        return amzsync_http_sandbox_denied(ctx,
                            "The access token you provided is revoked, "
                            "malformed or invalid.");
    }

    return NGX_DECLINED;
}


ngx_table_elt_t *
amzsync_http_sandbox_access_token(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *token;

    static ngx_str_t  name = ngx_string("x-amz-access-token");

    token = NULL;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == name.len
                && ngx_strncasecmp(h[i].key.data, name.data, name.len) == 0)
            {
                token = &h[i];
            }
        }
    }

    return token;
}


static ngx_int_t
amzsync_http_sandbox_denied(amzsync_http_sandbox_ctx_t *ctx,
    const char *details)
{
    return amzsync_http_sandbox_error(ctx, NGX_HTTP_FORBIDDEN, "Unauthorized",
                                      "Access to requested resource is "
                                      "denied.", details);
}


static ngx_int_t
amzsync_http_sandbox_take(amzsync_http_sandbox_ctx_t *ctx)
{
    uint64_t  bucket;

    if (ctx->conf->quota == 0) {
        return NGX_OK;
    }

    bucket = amzsync_sandbox_hash(ctx->access.client,
                                  amzsync_sandbox_seller_key(0,
                                                      &ctx->access.seller),
                                  ctx->route->op);

    return amzsync_sandbox_zone_take(ctx->zone, ctx->slab, bucket,
                                     ctx->route->rate * ctx->conf->quota,
                                     ctx->route->burst,
                                     amzsync_http_sandbox_now());
}


static ngx_int_t
amzsync_http_sandbox_throttled(amzsync_http_sandbox_ctx_t *ctx)
{
    return amzsync_http_sandbox_error(ctx, NGX_HTTP_TOO_MANY_REQUESTS,
                                      "QuotaExceeded",
                                      "You exceeded your quota for the "
                                      "requested resource.", "");
}


/* NGX_DECLINED: goes on, with ctx->fault to spoil what is generated. */

static ngx_int_t
amzsync_http_sandbox_fault(amzsync_http_sandbox_ctx_t *ctx)
{
    amzsync_http_sandbox_fault_find(ctx,
                                    amzsync_sandbox_zone_tick(ctx->zone, 0));

    switch (ctx->fault) {

    case AMZSYNC_SANDBOX_FAULT_HTTP_500:
        return amzsync_http_sandbox_error(ctx, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                          "InternalFailure",
                                          "We encountered an internal error. "
                                          "Please try again.", "");

    case AMZSYNC_SANDBOX_FAULT_HTTP_503:
        return amzsync_http_sandbox_error(ctx, NGX_HTTP_SERVICE_UNAVAILABLE,
                                          "ServiceUnavailable",
                                          "Service is temporarily "
                                          "unavailable. Please try again.",
                                          "");

    case AMZSYNC_SANDBOX_FAULT_EXPIRED:
        return amzsync_http_sandbox_denied(ctx,
                                           "The access token you provided has "
                                           "expired.");

    case AMZSYNC_SANDBOX_FAULT_DENIED:
        return amzsync_http_sandbox_denied(ctx, "");

    case AMZSYNC_SANDBOX_FAULT_THROTTLE:
        return amzsync_http_sandbox_throttled(ctx);

    case AMZSYNC_SANDBOX_FAULT_SLOW:
        if (amzsync_http_sandbox_later(ctx, AMZSYNC_HTTP_SANDBOX_SLOW,
                                       amzsync_http_sandbox_slow)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_DONE;

    default:
        return NGX_DECLINED;
    }
}


void
amzsync_http_sandbox_fault_aimed(amzsync_http_sandbox_ctx_t *ctx)
{
    amzsync_http_sandbox_fault_find(ctx, 0);
}


/* "n" is the number of the request among all; 0: does not count there. */

static void
amzsync_http_sandbox_fault_find(amzsync_http_sandbox_ctx_t *ctx, ngx_uint_t n)
{
    ngx_uint_t  i, op, every, aimed;

    op = amzsync_sandbox_zone_tick_op(ctx->zone, ctx->route->op);

    for (i = 0; !AMZSYNC_SANDBOX_LWA_FAULT(i); i++) {
        every = n ? ctx->conf->faults[i] : 0;
        aimed = ctx->conf->aimed[ctx->route->op][i];

        if ((every && n % every == 0) || (aimed && op % aimed == 0)) {
            ctx->fault = i;
            amzsync_sandbox_zone_faulted(ctx->zone, i);
            return;
        }
    }
}


static void
amzsync_http_sandbox_slow(ngx_event_t *ev)
{
    ngx_connection_t            *c;
    ngx_http_request_t          *r;
    amzsync_http_sandbox_ctx_t  *ctx;

    r = ev->data;
    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_amzsync_module);

    ngx_http_set_log_request(c->log, r);

    ngx_http_finalize_request(r, amzsync_http_sandbox_answer(ctx));

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
amzsync_http_sandbox_answer(amzsync_http_sandbox_ctx_t *ctx)
{
    u_char                       *buf;
    ngx_int_t                     rc;
    const char                   *details;
    amzsync_http_sandbox_fill_pt  fill;

    buf = ngx_pnalloc(ctx->request->pool, ctx->request->args.len + 1);
    if (buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    details = "";
    rc = ctx->route->ask(ctx, buf, &details);

    if (rc == NGX_DECLINED) {
        return amzsync_http_sandbox_error(ctx, NGX_HTTP_NOT_FOUND, "NotFound",
                                          "The resource specified does not "
                                          "exist.", details);
    }

    if (rc == NGX_ERROR) {
        return amzsync_http_sandbox_error(ctx, NGX_HTTP_BAD_REQUEST,
                                          "InvalidInput", "Invalid Input",
                                          details);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    fill = (ctx->fault == AMZSYNC_SANDBOX_FAULT_HUGE)
           ? amzsync_http_sandbox_fill_huge : ctx->route->fill;

    return amzsync_http_sandbox_stream(ctx, "application/json", fill);
}


ngx_uint_t
amzsync_http_sandbox_spoil(amzsync_http_sandbox_ctx_t *ctx)
{
    switch (ctx->fault) {

    case AMZSYNC_SANDBOX_FAULT_WRONG_TYPE:
        return AMZSYNC_SANDBOX_WRONG_TYPE;

    case AMZSYNC_SANDBOX_FAULT_BAD_UTF8:
        return AMZSYNC_SANDBOX_BAD_UTF8;

    default:
        return 0;
    }
}


/* Well-formed, and larger than any client should take. */

static ngx_int_t
amzsync_http_sandbox_fill_huge(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    size_t  size;

    static const char  orders[] = "{\"orders\":[],\"filler\":\"";
    static const char  others[] = "{\"payload\":null,\"filler\":\"";

    if (ctx->filler == 0) {

        if (ctx->route->op == AMZSYNC_SANDBOX_OP_SEARCH_ORDERS
            || ctx->route->op == AMZSYNC_SANDBOX_OP_GET_ORDER)
        {
            amzsync_sandbox_raw(out, orders, sizeof(orders) - 1);

        } else {
            amzsync_sandbox_raw(out, others, sizeof(others) - 1);
        }
    }

    if (ctx->filler >= AMZSYNC_HTTP_SANDBOX_HUGE) {
        amzsync_sandbox_raw(out, "\"}", 2);
        return NGX_DONE;
    }

    size = out->end - out->last;
    ngx_memset(out->last, 'x', size);
    out->last += size;
    ctx->filler += size;

    return NGX_AGAIN;
}
