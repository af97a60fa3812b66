
/*
 * GET: the state of one sync, by ?syncId=ID or LOCATION/ID, or of the user's
 * last one.
 */


#include <http/amzsync_http_sync.h>


static ngx_int_t amzsync_http_status(amzsync_http_ctx_t *ctx);
static ngx_uint_t amzsync_http_status_coverage(amzsync_http_ctx_t *ctx);
static ngx_int_t amzsync_http_status_answer(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);


static const amzsync_http_method_t  amzsync_http_status_methods[] = {
    { NGX_HTTP_GET, amzsync_http_status, amzsync_http_status_answer },
    { 0, NULL, NULL }
};


static const amzsync_http_location_t  amzsync_http_status_location = {
    "status", "GET, HEAD", AMZSYNC_HTTP_FAILURE, amzsync_http_status_methods
};


ngx_int_t
amzsync_http_status_handler(ngx_http_request_t *r)
{
    return amzsync_http_handle(r, &amzsync_http_status_location);
}


static ngx_int_t
amzsync_http_status(amzsync_http_ctx_t *ctx)
{
    return amzsync_http_sync_ask(ctx, amzsync_http_status_coverage(ctx)
                                      ? amzsync_store_status_coverage
                                      : amzsync_store_status, 1);
}


/* It costs more: who does not ask for it does not pay for it. */

static ngx_uint_t
amzsync_http_status_coverage(amzsync_http_ctx_t *ctx)
{
    ngx_str_t  value;

    return ngx_http_arg(ctx->request, (u_char *) "coverage",
                        sizeof("coverage") - 1, &value)
           == NGX_OK
           && value.len == 1 && value.data[0] == '1';
}


static ngx_int_t
amzsync_http_status_answer(amzsync_http_ctx_t *ctx, amzsync_store_call_t *call)
{
    ngx_str_t            *shared;
    ngx_uint_t            last, none, active;
    u_char                text[AMZSYNC_HTTP_TEXT_SIZE];
    amzsync_json_t        w;
    amzsync_store_sync_t  sync;

    shared = amzsync_store_shared(call);

    if (shared) {
        return amzsync_http_send_text(ctx->request, NGX_HTTP_OK, shared->data,
                                      shared->len);
    }

    last = (ctx->no == 0);

    none = (call->status == AMZSYNC_STORE_NONE
            || amzsync_store_status_sync(call, &sync) != NGX_OK);

    if (none && !last) {
        return amzsync_http_sync_not_found(ctx->request);
    }

    amzsync_json_init(&w, text, sizeof(text));

    amzsync_json_open(&w, NULL, '{');
    amzsync_json_bool(&w, "success", 1);

    if (!last) {
        amzsync_http_sync_write(&w, &ctx->user, &sync);

    } else {
        active = (!none
                  && ngx_strcmp(sync.status.data, "in_progress") == 0);

        amzsync_json_bool(&w, "hasActiveSync", active);

        if (none) {
            amzsync_json_null(&w, "lastSync");

        } else {
            ctx->no = sync.no;

            amzsync_json_open(&w, "lastSync", '{');
            amzsync_http_sync_write(&w, &ctx->user, &sync);
            amzsync_json_close(&w, '}');
        }

        amzsync_http_sync_time(&w, "nextScheduledSync",
                               amzsync_store_status_next(call));
    }

    amzsync_json_close(&w, '}');

    if (!w.failed) {
        amzsync_store_share(call, w.start, w.last - w.start);
    }

    return amzsync_http_send(ctx->request, NGX_HTTP_OK, &w);
}
