
/*
 * POST LOCATION/ID: ends a sync.
 */


#include <http/amzsync_http_sync.h>


static ngx_int_t amzsync_http_cancel(amzsync_http_ctx_t *ctx);
static ngx_int_t amzsync_http_cancel_answer(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);


static const amzsync_http_method_t  amzsync_http_cancel_methods[] = {
    { NGX_HTTP_POST, amzsync_http_cancel, amzsync_http_cancel_answer },
    { 0, NULL, NULL }
};


static const amzsync_http_location_t  amzsync_http_cancel_location = {
    "cancel", "POST", AMZSYNC_HTTP_FAILURE, amzsync_http_cancel_methods
};


static const char *const  amzsync_http_cancel_members[] = { NULL };


ngx_int_t
amzsync_http_cancel_handler(ngx_http_request_t *r)
{
    return amzsync_http_handle(r, &amzsync_http_cancel_location);
}


static ngx_int_t
amzsync_http_cancel(amzsync_http_ctx_t *ctx)
{
    json_t           *json;
    amzsync_error_t   error;

    if (ctx->body.len) {
        json = amzsync_http_parse(&ctx->body, amzsync_http_cancel_members,
                                  &error);
        if (json == NULL) {
            return amzsync_http_refused(ctx, &error);
        }

        amzsync_http_parse_free(json);
    }

    return amzsync_http_sync_ask(ctx, amzsync_store_cancel, 0);
}


/* A second time is a success, too: it is what was asked for. */

static ngx_int_t
amzsync_http_cancel_answer(amzsync_http_ctx_t *ctx, amzsync_store_call_t *call)
{
    if (call->status == AMZSYNC_STORE_NONE) {
        return amzsync_http_sync_not_found(ctx->request);
    }

    if (!amzsync_store_cancelled(call)) {
        return amzsync_http_error(ctx->request, NGX_HTTP_BAD_REQUEST,
                                  "sync_not_running",
                                  "Sync is not running any more.");
    }

    amzsync_store_status_anew(ctx->conf->store, &ctx->user);

    /* Other workers are stopped by the fence, at their next statement. */

    amzsync_sync_cancelled(ctx->conf->runner, &ctx->user, ctx->no);
    amzsync_http_events_changed(ctx->conf->events, &ctx->user, ctx->no);

    return amzsync_http_success(ctx->request, "Sync cancelled successfully");
}
