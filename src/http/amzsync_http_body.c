
/*
 * Request bodies: at most AMZSYNC_HTTP_BODY_MAX bytes, in memory.
 *
 * They are read unbuffered, so that the bound holds while a body of unknown
 * length comes in, and nothing, least of all a secret, ends in a temporary
 * file.  Another module may have read the body before in its own way; then it
 * is taken as it is and left untouched.
 */


#include <http/amzsync_http_request.h>


static void amzsync_http_body_event(ngx_http_request_t *r);
static ngx_int_t amzsync_http_body_take(amzsync_http_ctx_t *ctx);
static ngx_int_t amzsync_http_body_room(amzsync_http_ctx_t *ctx, off_t size);
static ngx_int_t amzsync_http_body_copy(amzsync_http_ctx_t *ctx,
    ngx_buf_t *b);
static ngx_int_t amzsync_http_body_too_large(amzsync_http_ctx_t *ctx);


ngx_int_t
amzsync_http_body_read(amzsync_http_ctx_t *ctx)
{
    off_t                len;
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;

    /* While a chunked body is read, this grows with it. */

    len = r->headers_in.content_length_n;

    if (len > AMZSYNC_HTTP_BODY_MAX) {
        return amzsync_http_body_too_large(ctx);
    }

    ctx->body_max = (len < 0) ? AMZSYNC_HTTP_BODY_MAX : (size_t) len;

    ctx->body_ours = (r == r->main && r->request_body == NULL);

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, amzsync_http_body_event);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


void
amzsync_http_body_cleanse(amzsync_http_ctx_t *ctx)
{
    if (ctx->body.len) {
        ngx_explicit_memzero(ctx->body.data, ctx->body.len);
    }
}


/* Called by nginx with the first part, and then for each further one. */

static void
amzsync_http_body_event(ngx_http_request_t *r)
{
    ngx_int_t            rc;
    amzsync_http_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_amzsync_module);

    for ( ;; ) {

        rc = amzsync_http_body_take(ctx);

        if (rc == NGX_DECLINED) {
            rc = amzsync_http_body_too_large(ctx);
            break;
        }

        if (rc != NGX_OK) {
            rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
            break;
        }

        if (!r->reading_body) {
            r->read_event_handler = ngx_http_block_reading;
            rc = amzsync_http_begin(ctx);
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            break;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            r->read_event_handler = amzsync_http_body_event;
            return;
        }
    }

    ngx_http_finalize_request(r, rc);
}


/* Takes what has come; NGX_DECLINED: too large. */

static ngx_int_t
amzsync_http_body_take(amzsync_http_ctx_t *ctx)
{
    off_t                size;
    ngx_buf_t           *b;
    ngx_int_t            rc;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        b = cl->buf;
        size = ngx_buf_size(b);

        if (size == 0) {
            continue;
        }

        rc = amzsync_http_body_room(ctx, size);

        if (rc == NGX_OK) {
            rc = amzsync_http_body_copy(ctx, b);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ctx->body_ours) {
        r->request_body->bufs = NULL;
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_http_body_room(amzsync_http_ctx_t *ctx, off_t size)
{
    if (size > (off_t) (ctx->body_max - ctx->body.len)) {
        return NGX_DECLINED;
    }

    if (ctx->body.data == NULL) {
        ctx->body.data = ngx_pnalloc(ctx->request->pool, ctx->body_max);
        if (ctx->body.data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_http_body_copy(amzsync_http_ctx_t *ctx, ngx_buf_t *b)
{
    size_t    size;
    u_char   *dst;
    ssize_t   n;

    dst = ctx->body.data + ctx->body.len;
    size = (size_t) ngx_buf_size(b);

    if (ngx_buf_in_memory(b)) {
        ngx_memcpy(dst, b->pos, size);

        if (ctx->body_ours) {

            /* What stands at "pos" counts as read once it is at "last". */

            ngx_explicit_memzero(b->pos, size);
            b->pos = b->last;
        }

    } else {
        n = ngx_read_file(b->file, dst, size, b->file_pos);

        if (n != (ssize_t) size) {
            return NGX_ERROR;
        }
    }

    ctx->body.len += size;

    return NGX_OK;
}


/* Whoever may not ask at all is told that. */

static ngx_int_t
amzsync_http_body_too_large(amzsync_http_ctx_t *ctx)
{
    ctx->body_large = 1;

    return amzsync_http_begin(ctx);
}
