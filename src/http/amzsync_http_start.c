
/*
 * POST: starts a sync, or tells which one is running.
 */


#include <http/amzsync_http_request.h>


static ngx_int_t amzsync_http_start(amzsync_http_ctx_t *ctx);
static ngx_int_t amzsync_http_start_answer(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);
static ngx_int_t amzsync_http_started(amzsync_http_ctx_t *ctx,
    amzsync_store_start_t *row, ngx_str_t *id);
static ngx_int_t amzsync_http_started_before(amzsync_http_ctx_t *ctx,
    ngx_str_t *id);
static u_char *amzsync_http_start_estimate(u_char *p, u_char *last,
    ngx_int_t duration);


static const amzsync_http_method_t  amzsync_http_start_methods[] = {
    { NGX_HTTP_POST, amzsync_http_start, amzsync_http_start_answer },
    { 0, NULL, NULL }
};


static const amzsync_http_location_t  amzsync_http_start_location = {
    "start", "POST", "Failed to start sync. Please try again later.",
    amzsync_http_start_methods
};


ngx_int_t
amzsync_http_start_handler(ngx_http_request_t *r)
{
    return amzsync_http_handle(r, &amzsync_http_start_location);
}


static ngx_int_t
amzsync_http_start(amzsync_http_ctx_t *ctx)
{
    int64_t                       choice;
    amzsync_error_t               error;
    amzsync_store_call_t         *call;
    ngx_http_amzsync_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(ctx->request, ngx_http_amzsync_module);

    choice = 0;

    if (ctx->body.len
        && amzsync_http_parse_start(&ctx->body, alcf->datasets, &choice,
                                    &error)
           != NGX_OK)
    {
        return amzsync_http_refused(ctx, &error);
    }

    call = amzsync_store_start(ctx->conf->store, &ctx->user, alcf->datasets,
                               choice, amzsync_http_resume, ctx);

    return amzsync_http_wait(ctx, call);
}


static ngx_int_t
amzsync_http_start_answer(amzsync_http_ctx_t *ctx, amzsync_store_call_t *call)
{
    ngx_str_t              id;
    u_char                 buf[AMZSYNC_SYNC_ID_MAX];
    amzsync_store_start_t  row;

    if (call->status == AMZSYNC_STORE_NONE) {
        return amzsync_http_error(ctx->request, NGX_HTTP_BAD_REQUEST,
                                  "amazon_not_connected",
                                  "Amazon account not connected. Please "
                                  "connect your Amazon account first.");
    }

    amzsync_store_start_row(call, &row);

    ctx->no = row.no;

    id.data = buf;
    id.len = amzsync_store_sync_id(buf, &ctx->user, row.no) - buf;

    if (!row.created) {
        return amzsync_http_started_before(ctx, &id);
    }

    amzsync_sync_wake(ctx->conf->runner);

    return amzsync_http_started(ctx, &row, &id);
}


static ngx_int_t
amzsync_http_started(amzsync_http_ctx_t *ctx, amzsync_store_start_t *row,
    ngx_str_t *id)
{
    u_char          *last;
    u_char           buf[64];
    u_char           text[AMZSYNC_HTTP_TEXT_SIZE];
    amzsync_json_t   w;

    last = amzsync_http_start_estimate(buf, buf + sizeof(buf),
                                       row->last_duration);

    amzsync_json_init(&w, text, sizeof(text));

    amzsync_json_open(&w, NULL, '{');
    amzsync_json_bool(&w, "success", 1);
    amzsync_json_str(&w, "syncId", id->data, id->len);
    amzsync_json_cstr(&w, "message", "Sync started successfully");
    amzsync_json_cstr(&w, "status", "in_progress");
    amzsync_json_str(&w, "estimatedDuration", buf, last - buf);
    amzsync_json_close(&w, '}');

    return amzsync_http_send(ctx->request, NGX_HTTP_OK, &w);
}


static ngx_int_t
amzsync_http_started_before(amzsync_http_ctx_t *ctx, ngx_str_t *id)
{
    u_char          *last;
    u_char           buf[AMZSYNC_SYNC_ID_MAX + 128];
    u_char           text[AMZSYNC_HTTP_TEXT_SIZE];
    amzsync_json_t   w;

    last = ngx_slprintf(buf, buf + sizeof(buf),
                        "Sync already in progress (%V). Please wait for it "
                        "to complete or cancel it first.", id);

    ctx->error = "sync_in_progress";

    amzsync_json_init(&w, text, sizeof(text));

    amzsync_json_open(&w, NULL, '{');
    amzsync_json_bool(&w, "success", 0);
    amzsync_json_cstr(&w, "error", ctx->error);
    amzsync_json_str(&w, "message", buf, last - buf);
    amzsync_json_str(&w, "existingSyncId", id->data, id->len);
    amzsync_json_close(&w, '}');

    return amzsync_http_send(ctx->request, NGX_HTTP_CONFLICT, &w);
}


/*
 * A quarter less and a quarter more than the seller's last sync took: the
 * quotas make most of that time, and they stay the same.
 */

static u_char *
amzsync_http_start_estimate(u_char *p, u_char *last, ngx_int_t duration)
{
    ngx_int_t    from, to, unit;
    const char  *name;

    if (duration < 0) {
        return ngx_slprintf(p, last, "30-60 seconds");
    }

    if (duration < 120) {
        unit = 1;
        name = "seconds";

    } else if (duration < 7200) {
        unit = 60;
        name = "minutes";

    } else {
        unit = 3600;
        name = "hours";
    }

    from = ngx_max(duration * 3 / 4 / unit, 1);
    to = ngx_max((duration * 5 / 4 + unit - 1) / unit, from + 1);

    return ngx_slprintf(p, last, "%i-%i %s", from, to, name);
}
