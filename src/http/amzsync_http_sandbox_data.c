
/*
 * The sandbox's data operations: who may ask, how often, and what goes wrong.
 */


#include <base/amzsync_base.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>


#define AMZSYNC_HTTP_SANDBOX_SLOW    3000               /* milliseconds */
#define AMZSYNC_HTTP_SANDBOX_HUGE    (65 * 1024 * 1024)
#define AMZSYNC_HTTP_SANDBOX_NEXT    (24 * 3600)        /* life of a token */


static ngx_int_t amzsync_http_sandbox_access(amzsync_http_sandbox_ctx_t *ctx);
static ngx_int_t amzsync_http_sandbox_denied(amzsync_http_sandbox_ctx_t *ctx,
    const char *details);
static ngx_int_t amzsync_http_sandbox_take(amzsync_http_sandbox_ctx_t *ctx);
static ngx_int_t amzsync_http_sandbox_throttled(
    amzsync_http_sandbox_ctx_t *ctx);
static ngx_int_t amzsync_http_sandbox_fault(amzsync_http_sandbox_ctx_t *ctx);
static void amzsync_http_sandbox_slow(ngx_event_t *ev);
static ngx_int_t amzsync_http_sandbox_answer(amzsync_http_sandbox_ctx_t *ctx);
static ngx_int_t amzsync_http_sandbox_search(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_page_t *page, u_char *buf, const char **details);
static ngx_int_t amzsync_http_sandbox_order(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_page_t *page, u_char *buf, const char **details);
static ngx_int_t amzsync_http_sandbox_fill_page(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);
static ngx_int_t amzsync_http_sandbox_fill_order(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);
static ngx_int_t amzsync_http_sandbox_fill_huge(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);


ngx_int_t
amzsync_http_sandbox_data(amzsync_http_sandbox_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = amzsync_http_sandbox_access(ctx);

    if (rc != NGX_DECLINED) {
        return rc;
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
amzsync_http_sandbox_access(amzsync_http_sandbox_ctx_t *ctx)
{
    ngx_int_t         rc;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *token;

    static ngx_str_t  name = ngx_string("x-amz-access-token");

    token = NULL;
    part = &ctx->request->headers_in.headers.part;

    for ( /* void */ ; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == name.len
                && ngx_strncasecmp(h[i].key.data, name.data, name.len) == 0)
            {
                token = &h[i];
            }
        }
    }

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

    if (rc == NGX_ERROR) {
        return amzsync_http_sandbox_denied(ctx,
                            "The access token you provided is revoked, "
                            "malformed or invalid.");
    }

    return NGX_DECLINED;
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
    ngx_uint_t  i, n, every;

    n = amzsync_sandbox_zone_tick(ctx->zone, 0);

    for (i = 0; !AMZSYNC_SANDBOX_LWA_FAULT(i); i++) {
        every = ctx->conf->faults[i];

        if (every && n % every == 0) {
            ctx->fault = i;
            amzsync_sandbox_zone_faulted(ctx->zone, i);
            break;
        }
    }

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
    ngx_http_request_t           *r;
    amzsync_sandbox_page_t       *page;
    amzsync_http_sandbox_fill_pt  fill;

    r = ctx->request;

    page = ngx_pcalloc(r->pool, sizeof(amzsync_sandbox_page_t));
    buf = ngx_pnalloc(r->pool, r->args.len + 1);

    if (page == NULL || buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    amzsync_http_sandbox_view(ctx, &ctx->access.seller, &page->view);
    ctx->page = page;

    if (ctx->route->op == AMZSYNC_SANDBOX_OP_SEARCH_ORDERS) {
        rc = amzsync_http_sandbox_search(ctx, page, buf, &details);
        fill = amzsync_http_sandbox_fill_page;

    } else {
        rc = amzsync_http_sandbox_order(ctx, page, buf, &details);
        fill = amzsync_http_sandbox_fill_order;
    }

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

    if (ctx->fault == AMZSYNC_SANDBOX_FAULT_WRONG_TYPE) {
        page->spoil = AMZSYNC_SANDBOX_WRONG_TYPE;
    }

    if (ctx->fault == AMZSYNC_SANDBOX_FAULT_BAD_UTF8) {
        page->spoil = AMZSYNC_SANDBOX_BAD_UTF8;
    }

    if (ctx->fault == AMZSYNC_SANDBOX_FAULT_HUGE) {
        fill = amzsync_http_sandbox_fill_huge;
    }

    return amzsync_http_sandbox_stream(ctx, "application/json", fill);
}


static ngx_int_t
amzsync_http_sandbox_search(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_page_t *page, u_char *buf, const char **details)
{
    amzsync_sandbox_place_t  place;

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


static ngx_int_t
amzsync_http_sandbox_order(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_page_t *page, u_char *buf, const char **details)
{
    if (amzsync_sandbox_included_parse(&page->search.included,
                                       &ctx->request->args, buf, details)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    *details = "The seller has no such order.";

    return amzsync_sandbox_order_find(&page->view, &ctx->rest, &page->pos);
}


static ngx_int_t
amzsync_http_sandbox_fill_page(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_page_run(ctx->page, out);
}


static ngx_int_t
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


/* Well-formed, and larger than any client should take. */

static ngx_int_t
amzsync_http_sandbox_fill_huge(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    size_t  size;

    static const char  head[] = "{\"orders\":[],\"filler\":\"";

    if (ctx->filler == 0) {
        amzsync_sandbox_raw(out, head, sizeof(head) - 1);
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
