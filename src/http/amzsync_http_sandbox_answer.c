
/*
 * The answers of the sandbox: short ones at once, long ones buffer by buffer.
 */


#include <base/amzsync_base.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>


#define AMZSYNC_HTTP_SANDBOX_NO_LIMIT  1000     /* requests a second */
#define AMZSYNC_HTTP_SANDBOX_MISSING   1024     /* bytes of a cut answer */


static ngx_int_t amzsync_http_sandbox_request_id(ngx_http_request_t *r);
static ngx_int_t amzsync_http_sandbox_rate(amzsync_http_sandbox_ctx_t *ctx);
static ngx_table_elt_t *amzsync_http_sandbox_push(ngx_http_request_t *r);
static void amzsync_http_sandbox_writer(ngx_http_request_t *r);
static ngx_int_t amzsync_http_sandbox_next(amzsync_http_sandbox_ctx_t *ctx,
    ngx_chain_t **out);
static void amzsync_http_sandbox_blocked(ngx_http_request_t *r);
static void amzsync_http_sandbox_wake(ngx_event_t *ev);
static void amzsync_http_sandbox_cleanup(void *data);


ngx_int_t
amzsync_http_sandbox_header(amzsync_http_sandbox_ctx_t *ctx, ngx_uint_t status,
    off_t len, const char *type)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    amzsync_sandbox_zone_answered(ctx->zone, ctx->route->op, status);

    r->headers_out.status = status;
    r->headers_out.content_length_n = len;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (amzsync_http_sandbox_request_id(r) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ctx->route->rate > 0
        && status != NGX_HTTP_TOO_MANY_REQUESTS
        && status != NGX_HTTP_FORBIDDEN
        && amzsync_http_sandbox_rate(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_send_header(r);
}


static ngx_int_t
amzsync_http_sandbox_request_id(ngx_http_request_t *r)
{
    u_char           *p;
    ngx_table_elt_t  *h;

    h = amzsync_http_sandbox_push(r);
    p = ngx_pnalloc(r->pool, sizeof("00000000-0000-4000-8000-000000000000"));

    if (h == NULL || p == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_str_set(&h->key, "x-amzn-RequestId");
    h->value.data = p;

    p = ngx_sprintf(p, "%08xD-%04xD-4%03xD-8%03xD-%08xD%04xD",
                    (uint32_t) ngx_random(), (uint32_t) ngx_random() & 0xffff,
                    (uint32_t) ngx_random() & 0xfff,
                    (uint32_t) ngx_random() & 0xfff,
                    (uint32_t) ngx_random(), (uint32_t) ngx_random() & 0xffff);

    h->value.len = p - h->value.data;

    return NGX_OK;
}


static ngx_int_t
amzsync_http_sandbox_rate(amzsync_http_sandbox_ctx_t *ctx)
{
    double            rate;
    u_char           *p;
    ngx_table_elt_t  *h;

    /* clients follow this header: no limit is a high one */

    rate = ctx->route->rate * ctx->conf->quota;

    if (ctx->conf->quota == 0) {
        rate = AMZSYNC_HTTP_SANDBOX_NO_LIMIT;
    }

    h = amzsync_http_sandbox_push(ctx->request);
    p = ngx_pnalloc(ctx->request->pool, NGX_INT64_LEN + sizeof(".0000000"));

    if (h == NULL || p == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_str_set(&h->key, "x-amzn-RateLimit-Limit");
    h->value.data = p;
    h->value.len = ngx_sprintf(p, "%.7f", rate) - p;

    while (h->value.data[h->value.len - 1] == '0'
           && h->value.data[h->value.len - 2] != '.')
    {
        h->value.len--;
    }

    return NGX_OK;
}


static ngx_table_elt_t *
amzsync_http_sandbox_push(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);

    if (h) {
        /* until it is complete, no header */
        h->hash = 0;
#if (nginx_version >= 1023000)
        h->next = NULL;
#endif
    }

    return h;
}


ngx_int_t
amzsync_http_sandbox_reply(amzsync_http_sandbox_ctx_t *ctx, ngx_uint_t status,
    amzsync_sandbox_out_t *out)
{
    return amzsync_http_sandbox_send(ctx, status, out, "application/json");
}


ngx_int_t
amzsync_http_sandbox_send(amzsync_http_sandbox_ctx_t *ctx, ngx_uint_t status,
    amzsync_sandbox_out_t *out, const char *type)
{
    size_t               len;
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_chain_t          cl;
    ngx_http_request_t  *r;

    if (out->failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r = ctx->request;
    len = out->last - out->start;

    b = ngx_create_temp_buf(r->pool, len + 1);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, out->start, len);
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    cl.buf = b;
    cl.next = NULL;

    rc = amzsync_http_sandbox_header(ctx, status, len, type);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, &cl);
}


ngx_int_t
amzsync_http_sandbox_error(amzsync_http_sandbox_ctx_t *ctx, ngx_uint_t status,
    const char *code, const char *message, const char *details)
{
    u_char                 buf[1024];
    amzsync_sandbox_out_t  out;

    amzsync_sandbox_out(&out, buf, sizeof(buf));

    amzsync_sandbox_open(&out, NULL, '{');
    amzsync_sandbox_open(&out, "errors", '[');
    amzsync_sandbox_open(&out, NULL, '{');
    amzsync_sandbox_cstr(&out, "code", code);
    amzsync_sandbox_cstr(&out, "message", message);
    amzsync_sandbox_cstr(&out, "details", details);
    amzsync_sandbox_close(&out, '}');
    amzsync_sandbox_close(&out, ']');
    amzsync_sandbox_close(&out, '}');

    return amzsync_http_sandbox_reply(ctx, status, &out);
}


ngx_int_t
amzsync_http_sandbox_stream(amzsync_http_sandbox_ctx_t *ctx, const char *type,
    amzsync_http_sandbox_fill_pt fill)
{
    off_t                len;
    ngx_int_t            rc;
    ngx_chain_t         *first;
    ngx_http_request_t  *r;

    r = ctx->request;
    ctx->fill = fill;
    first = NULL;
    len = -1;

    if (ctx->fault == AMZSYNC_SANDBOX_FAULT_CUT) {

        /* one buffer, and a length that promises more */

        if (amzsync_http_sandbox_next(ctx, &first) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        len = ngx_buf_size(first->buf) + AMZSYNC_HTTP_SANDBOX_MISSING;
        first->buf->last_buf = 0;
        ctx->last = 1;
        ctx->cut = 1;
    }

    rc = amzsync_http_sandbox_header(ctx, ctx->status, len, type);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (ctx->cut) {
        (void) ngx_http_output_filter(r, first);
        return NGX_ERROR;
    }

    if (amzsync_http_sandbox_later(ctx, 0, amzsync_http_sandbox_wake)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->write_event_handler = amzsync_http_sandbox_writer;

    return NGX_DONE;
}


/* The request lives until the event comes, or goes together with it. */

ngx_int_t
amzsync_http_sandbox_later(amzsync_http_sandbox_ctx_t *ctx, ngx_msec_t delay,
    ngx_event_handler_pt handler)
{
    ngx_event_t         *ev;
    ngx_http_request_t  *r;
    ngx_http_cleanup_t  *cln;

    r = ctx->request;
    ev = &ctx->wake;

    if (ev->data == NULL) {
        cln = ngx_http_cleanup_add(r, 0);
        if (cln == NULL) {
            return NGX_ERROR;
        }

        cln->handler = amzsync_http_sandbox_cleanup;
        cln->data = ctx;
    }

    ev->data = r;
    ev->log = r->connection->log;
    ev->handler = handler;

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    if (delay) {
        ngx_add_timer(ev, delay);

    } else {
        ngx_post_event(ev, &ngx_posted_next_events);
    }

    return NGX_OK;
}


static void
amzsync_http_sandbox_wake(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ev->data;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    r->write_event_handler(r);

    ngx_http_run_posted_requests(c);
}


static void
amzsync_http_sandbox_cleanup(void *data)
{
    amzsync_http_sandbox_ctx_t *ctx = data;

    if (ctx->wake.timer_set) {
        ngx_del_timer(&ctx->wake);
    }

    if (ctx->wake.posted) {
        ngx_delete_posted_event(&ctx->wake);
    }
}


static void
amzsync_http_sandbox_writer(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_event_t                 *wev;
    ngx_chain_t                 *out;
    ngx_connection_t            *c;
    amzsync_http_sandbox_ctx_t  *ctx;

    c = r->connection;
    wev = c->write;
    ctx = ngx_http_get_module_ctx(r, ngx_http_amzsync_module);

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client timed out");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    /* one buffer a turn: the rest of it belongs to others */

    if (ctx->wake.posted) {
        return;
    }

    out = NULL;

    if (ctx->busy == NULL && !ctx->last
        && amzsync_http_sandbox_next(ctx, &out) != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    rc = ngx_http_output_filter(r, out);

    if (rc == NGX_ERROR || ctx->last) {
        ngx_http_finalize_request(r, (rc == NGX_ERROR) ? rc : NGX_OK);
        return;
    }

    ngx_chain_update_chains(r->pool, &ctx->free, &ctx->busy, &out,
                            (ngx_buf_tag_t) &amzsync_http_sandbox_writer);

    if (ctx->busy || r->buffered || c->buffered || r->postponed) {
        amzsync_http_sandbox_blocked(r);
        return;
    }

    if (wev->timer_set && !wev->delayed) {
        ngx_del_timer(wev);
    }

    ngx_post_event(&ctx->wake, &ngx_posted_next_events);
}


/* Generates one buffer. */

static ngx_int_t
amzsync_http_sandbox_next(amzsync_http_sandbox_ctx_t *ctx, ngx_chain_t **out)
{
    ngx_int_t               rc;
    ngx_buf_t              *b;
    ngx_chain_t            *cl;
    amzsync_sandbox_out_t   text;

    cl = ngx_chain_get_free_buf(ctx->request->pool, &ctx->free);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    b = cl->buf;

    if (b->start == NULL) {
        b->start = ngx_palloc(ctx->request->pool, AMZSYNC_SANDBOX_BUFFER);
        if (b->start == NULL) {
            return NGX_ERROR;
        }

        b->end = b->start + AMZSYNC_SANDBOX_BUFFER;
        b->temporary = 1;
        b->tag = (ngx_buf_tag_t) &amzsync_http_sandbox_writer;
    }

    amzsync_sandbox_out(&text, b->start, b->end - b->start);

    rc = ctx->fill(ctx, &text);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, ctx->request->connection->log, 0,
                      "amzsync sandbox: cannot write what it generates");
        return NGX_ERROR;
    }

    b->pos = b->start;
    b->last = text.last;
    b->flush = 1;

    if (ctx->fault == AMZSYNC_SANDBOX_FAULT_MALFORMED && b->last > b->pos) {
        b->last = b->pos + (b->last - b->pos) / 2;
        rc = NGX_DONE;
    }

    if (rc == NGX_DONE) {
        ctx->last = 1;
        b->last_buf = (ctx->request == ctx->request->main);
        b->last_in_chain = 1;

        /* an empty end is a sign, no text */
        b->temporary = (b->pos < b->last);
    }

    /* nothing found yet: let others have their turn */

    *out = (b->pos == b->last && !ctx->last) ? NULL : cl;

    if (*out == NULL) {
        cl->next = ctx->free;
        ctx->free = cl;
    }

    return NGX_OK;
}


static void
amzsync_http_sandbox_blocked(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}
