
/*
 * GET LOCATION/ID: the state of a sync as Server-Sent Events, until it ends.
 *
 * A client that is slow misses states, never the newest: nothing is queued for
 * it, and when it has taken what was sent it gets what is newest then.
 */


#include <http/amzsync_http_events.h>
#include <base/amzsync_time.h>


#define AMZSYNC_HTTP_STREAM_BEAT  15000         /* milliseconds */
#define AMZSYNC_HTTP_STREAM_RETRY "retry: 2000\n"


static ngx_int_t amzsync_http_events(amzsync_http_ctx_t *ctx);
static ngx_int_t amzsync_http_events_answer(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);
static ngx_int_t amzsync_http_stream_begin(amzsync_http_ctx_t *ctx,
    amzsync_store_sync_t *sync);
static ngx_int_t amzsync_http_stream_first(amzsync_http_ctx_t *ctx,
    amzsync_http_stream_t *stream, amzsync_store_sync_t *sync);
static ngx_int_t amzsync_http_stream_header(ngx_http_request_t *r);
static int64_t amzsync_http_stream_seen(ngx_http_request_t *r);
static ngx_int_t amzsync_http_stream_no_content(ngx_http_request_t *r);
static void amzsync_http_stream_cleanup(void *data);
static void amzsync_http_stream_write(ngx_http_request_t *r);
static ngx_int_t amzsync_http_stream_newest(amzsync_http_stream_t *stream);
static ngx_int_t amzsync_http_stream_send(amzsync_http_stream_t *stream,
    const u_char *p, size_t len, ngx_uint_t last);
static ngx_int_t amzsync_http_stream_wait(ngx_http_request_t *r);
static ngx_uint_t amzsync_http_stream_busy(amzsync_http_stream_t *stream);
static void amzsync_http_stream_done(amzsync_http_stream_t *stream,
    ngx_int_t rc);


static const amzsync_http_method_t  amzsync_http_events_methods[] = {
    { NGX_HTTP_GET, amzsync_http_events, amzsync_http_events_answer },
    { 0, NULL, NULL }
};


static const amzsync_http_location_t  amzsync_http_events_location = {
    "events", "GET, HEAD", AMZSYNC_HTTP_FAILURE, amzsync_http_events_methods
};


ngx_int_t
amzsync_http_events_handler(ngx_http_request_t *r)
{
    return amzsync_http_handle(r, &amzsync_http_events_location);
}


static ngx_int_t
amzsync_http_events(amzsync_http_ctx_t *ctx)
{
    if (ctx->request != ctx->request->main) {
        return amzsync_http_invalid(ctx->request, "An event stream cannot be "
                                    "a part of another answer.");
    }

    return amzsync_http_sync_ask(ctx, amzsync_store_status, 0);
}


static ngx_int_t
amzsync_http_events_answer(amzsync_http_ctx_t *ctx, amzsync_store_call_t *call)
{
    ngx_http_request_t    *r;
    amzsync_store_sync_t   sync;

    r = ctx->request;

    if (call->status == AMZSYNC_STORE_NONE
        || amzsync_store_status_sync(call, &sync) != NGX_OK)
    {
        return amzsync_http_sync_not_found(r);
    }

    /* Only this tells an EventSource not to come again. */

    if (sync.completed_at != AMZSYNC_TIME_BAD
        && amzsync_http_stream_seen(r) == sync.version)
    {
        return amzsync_http_stream_no_content(r);
    }

    if (r->method == NGX_HTTP_HEAD) {
        return amzsync_http_stream_header(r);
    }

    return amzsync_http_stream_begin(ctx, &sync);
}


/* The request lives on with its stream; its first event is sent at once. */

static ngx_int_t
amzsync_http_stream_begin(amzsync_http_ctx_t *ctx,
    amzsync_store_sync_t *sync)
{
    ngx_int_t               rc;
    ngx_http_cleanup_t     *cln;
    ngx_http_request_t     *r;
    amzsync_http_stream_t  *stream;

    r = ctx->request;

    stream = ngx_pcalloc(r->pool, sizeof(amzsync_http_stream_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (stream == NULL || cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    stream->request = r;
    cln->handler = amzsync_http_stream_cleanup;
    cln->data = stream;

    rc = amzsync_http_watch(ctx->conf->events, stream, &ctx->user, ctx->no);

    if (rc == NGX_DECLINED) {
        return amzsync_http_error(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                  "too_many_streams", "There are too many "
                                  "event streams. Please try again later.");
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = amzsync_http_stream_first(ctx, stream, sync);

    if (rc == NGX_DONE && ctx->conf->events->stopped) {

        /* a client does not come again unless this one ends well */

        rc = ngx_http_send_special(r, NGX_HTTP_LAST);
    }

    if (rc != NGX_DONE) {

        /* the request may outlive its answer */

        amzsync_http_unwatch(stream);
        return rc;
    }

    r->main->count++;

    return NGX_DONE;
}


/* NGX_DONE: there is more to come. */

static ngx_int_t
amzsync_http_stream_first(amzsync_http_ctx_t *ctx,
    amzsync_http_stream_t *stream, amzsync_store_sync_t *sync)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (amzsync_http_watch_update(stream->watch, sync) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = amzsync_http_stream_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    ctx->stream = stream;
    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = amzsync_http_stream_write;

    rc = amzsync_http_stream_newest(stream);

    if (rc == NGX_OK) {
        return NGX_DONE;
    }

    return (rc == NGX_DONE) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
amzsync_http_stream_header(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = amzsync_http_discard_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    /* Events are few and small; a rate would hold back the last one. */

    r->limit_rate = 0;
    r->limit_rate_set = 1;

    r->disable_not_modified = 1;
    r->headers_out.status = NGX_HTTP_OK;

    ngx_str_set(&r->headers_out.content_type, "text/event-stream");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    /* nginx before this one shall not gather the events. */

    if (amzsync_http_add_header(r, "Cache-Control", "no-cache") != NGX_OK
        || amzsync_http_add_header(r, "X-Accel-Buffering", "no") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_header(r);
}


/* The version in Last-Event-ID, or -1. */

static int64_t
amzsync_http_stream_seen(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    static const ngx_str_t  name = ngx_string("last-event-id");

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return -1;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == name.len
            && ngx_strncmp(h[i].lowcase_key, name.data, name.len) == 0)
        {
            return ngx_atoi(h[i].value.data, h[i].value.len);
        }
    }
}


static ngx_int_t
amzsync_http_stream_no_content(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = amzsync_http_discard_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    return ngx_http_send_header(r);
}


static void
amzsync_http_stream_cleanup(void *data)
{
    amzsync_http_stream_t *stream = data;

    amzsync_http_unwatch(stream);

    if (stream->text) {
        ngx_free(stream->text);
        stream->text = NULL;
    }
}


/* The client takes more, or has not for too long. */

static void
amzsync_http_stream_write(ngx_http_request_t *r)
{
    ngx_connection_t       *c;
    amzsync_http_ctx_t     *ctx;
    amzsync_http_stream_t  *stream;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_amzsync_module);
    stream = ctx->stream;

    if (c->write->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client of an event stream does not read");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    /* without anything to send the filters would complain */

    if ((c->buffered && ngx_http_output_filter(r, NULL) == NGX_ERROR)
        || amzsync_http_stream_wait(r) != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    amzsync_http_stream_push(stream);
}


void
amzsync_http_stream_push(amzsync_http_stream_t *stream)
{
    ngx_int_t  rc;

    rc = amzsync_http_stream_newest(stream);

    if (rc != NGX_OK) {
        amzsync_http_stream_done(stream, (rc == NGX_DONE) ? NGX_OK : rc);
    }
}


/* NGX_DONE: that was the last event. */

static ngx_int_t
amzsync_http_stream_newest(amzsync_http_stream_t *stream)
{
    ngx_int_t              rc;
    amzsync_http_watch_t  *watch;

    watch = stream->watch;

    if (watch == NULL
        || stream->version == watch->version
        || amzsync_http_stream_busy(stream))
    {
        return NGX_OK;
    }

    rc = amzsync_http_stream_send(stream, watch->text, watch->len,
                                  watch->final);
    if (rc != NGX_OK) {
        return rc;
    }

    stream->version = watch->version;

    return watch->final ? NGX_DONE : NGX_OK;
}


void
amzsync_http_stream_beat(amzsync_http_stream_t *stream)
{
    static const u_char  comment[] = ":\n\n";

    if (stream->version != stream->watch->version) {

        /* it was busy, or another one brought the news */

        amzsync_http_stream_push(stream);
        return;
    }

    if (amzsync_http_stream_busy(stream)
        || ngx_current_msec - stream->since < AMZSYNC_HTTP_STREAM_BEAT)
    {
        return;
    }

    if (amzsync_http_stream_send(stream, comment, sizeof(comment) - 1, 0)
        != NGX_OK)
    {
        amzsync_http_stream_done(stream, NGX_ERROR);
    }
}


void
amzsync_http_stream_end(amzsync_http_stream_t *stream)
{
    ngx_int_t  rc;

    rc = ngx_http_send_special(stream->request, NGX_HTTP_LAST);

    amzsync_http_stream_done(stream, (rc == NGX_AGAIN) ? NGX_OK : rc);
}


/* Nothing is sent before the last was taken: its memory is used again. */

static ngx_uint_t
amzsync_http_stream_busy(amzsync_http_stream_t *stream)
{
    return stream->request->connection->buffered
           || stream->buf.pos != stream->buf.last;
}


static ngx_int_t
amzsync_http_stream_send(amzsync_http_stream_t *stream, const u_char *p,
    size_t len, ngx_uint_t last)
{
    size_t        size;
    u_char       *text;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    static const size_t  retry = sizeof(AMZSYNC_HTTP_STREAM_RETRY) - 1;

    size = len + retry;

    if (size > stream->size) {
        text = ngx_alloc(size + size / 4, stream->request->connection->log);
        if (text == NULL) {
            return NGX_ERROR;
        }

        if (stream->text) {
            ngx_free(stream->text);
        }

        stream->text = text;
        stream->size = size + size / 4;
    }

    b = &stream->buf;
    ngx_memzero(b, sizeof(ngx_buf_t));

    b->start = stream->text;
    b->pos = stream->text;
    b->last = stream->text;
    b->end = stream->text + stream->size;

    if (stream->since == 0) {
        b->last = ngx_cpymem(b->last, AMZSYNC_HTTP_STREAM_RETRY, retry);
    }

    b->last = ngx_cpymem(b->last, p, len);
    b->temporary = 1;
    b->flush = 1;
    b->last_buf = last;
    b->last_in_chain = 1;

    stream->since = ngx_current_msec;

    out.buf = b;
    out.next = NULL;

    if (ngx_http_output_filter(stream->request, &out) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return last ? NGX_OK : amzsync_http_stream_wait(stream->request);
}


/* While something is on its way, the client has its time to take it. */

static ngx_int_t
amzsync_http_stream_wait(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!r->connection->buffered) {

        if (wev->timer_set && !wev->delayed) {
            ngx_del_timer(wev);
        }

    } else if (!wev->timer_set) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    return ngx_handle_write_event(wev, clcf->send_lowat);
}


static void
amzsync_http_stream_done(amzsync_http_stream_t *stream, ngx_int_t rc)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = stream->request;
    c = r->connection;

    amzsync_http_unwatch(stream);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}
