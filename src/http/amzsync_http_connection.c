
/*
 * The user's Amazon account: GET shows it, PUT connects or changes it, DELETE
 * disconnects it.
 */


#include <http/amzsync_http_request.h>
#include <http/amzsync_http_connect.h>
#include <base/amzsync_time.h>


static ngx_int_t amzsync_http_connection_get(amzsync_http_ctx_t *ctx);
static ngx_int_t amzsync_http_connection_delete(amzsync_http_ctx_t *ctx);
static ngx_int_t amzsync_http_connection_got(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);
static ngx_int_t amzsync_http_connection_put(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);
static ngx_int_t amzsync_http_connection_deleted(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);
static void amzsync_http_connection_text(amzsync_json_t *w, const char *key,
    ngx_str_t *value);


static const amzsync_http_method_t  amzsync_http_connection_methods[] = {
    { NGX_HTTP_GET, amzsync_http_connection_get,
      amzsync_http_connection_got },
    { NGX_HTTP_PUT, amzsync_http_connect,
      amzsync_http_connection_put },
    { NGX_HTTP_DELETE, amzsync_http_connection_delete,
      amzsync_http_connection_deleted },
    { 0, NULL, NULL }
};


static const amzsync_http_location_t  amzsync_http_connection_location = {
    "connection", "GET, HEAD, PUT, DELETE", AMZSYNC_HTTP_FAILURE,
    amzsync_http_connection_methods
};


ngx_int_t
amzsync_http_connection_handler(ngx_http_request_t *r)
{
    return amzsync_http_handle(r, &amzsync_http_connection_location);
}


static ngx_int_t
amzsync_http_connection_get(amzsync_http_ctx_t *ctx)
{
    amzsync_store_call_t  *call;

    call = amzsync_store_connection_get(ctx->conf->store, &ctx->user,
                                        amzsync_http_resume, ctx);

    return amzsync_http_wait(ctx, call);
}


static ngx_int_t
amzsync_http_connection_delete(amzsync_http_ctx_t *ctx)
{
    amzsync_store_call_t  *call;

    call = amzsync_store_connection_delete(ctx->conf->store, &ctx->user,
                                           amzsync_http_resume, ctx);

    return amzsync_http_wait(ctx, call);
}


static ngx_int_t
amzsync_http_connection_got(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call)
{
    u_char                      time[AMZSYNC_TIME_LEN];
    ngx_uint_t                  connected;
    u_char                      text[AMZSYNC_HTTP_TEXT_SIZE];
    amzsync_json_t              w;
    amzsync_store_connection_t  row;

    if (call->status == AMZSYNC_STORE_NONE) {
        ngx_memzero(&row, sizeof(amzsync_store_connection_t));
        ngx_str_set(&row.status, "disconnected");
        row.connected_at = AMZSYNC_TIME_BAD;

    } else {
        amzsync_store_connection_row(call, &row);
    }

    connected = (ngx_strcmp(row.status.data, "connected") == 0);

    amzsync_json_init(&w, text, sizeof(text));

    amzsync_json_open(&w, NULL, '{');
    amzsync_json_bool(&w, "success", 1);
    amzsync_json_bool(&w, "connected", connected);
    amzsync_http_connection_text(&w, "status", &row.status);
    amzsync_http_connection_text(&w, "sellingPartnerId",
                                 &row.selling_partner_id);
    amzsync_http_connection_text(&w, "region", &row.region);

    if (row.marketplace_ids.data) {
        amzsync_json_raw(&w, "marketplaceIds", row.marketplace_ids.data,
                         row.marketplace_ids.len);

    } else {
        amzsync_json_null(&w, "marketplaceIds");
    }

    if (row.connected_at != AMZSYNC_TIME_BAD) {
        (void) amzsync_time_print(time, row.connected_at);
        amzsync_json_str(&w, "connectedAt", time, AMZSYNC_TIME_LEN);

    } else {
        amzsync_json_null(&w, "connectedAt");
    }

    if (row.sync_interval) {
        amzsync_json_int(&w, "syncIntervalMinutes", row.sync_interval);

    } else {
        amzsync_json_null(&w, "syncIntervalMinutes");
    }

    if (row.datasets.data) {
        amzsync_json_raw(&w, "datasets", row.datasets.data, row.datasets.len);

    } else {
        amzsync_json_null(&w, "datasets");
    }

    amzsync_json_close(&w, '}');

    return amzsync_http_send(ctx->request, NGX_HTTP_OK, &w);
}


static ngx_int_t
amzsync_http_connection_put(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call)
{
    amzsync_store_status_anew(ctx->conf->store, &ctx->user);

    return amzsync_http_success(ctx->request, "Amazon account connected");
}


/* Also when there was none. */

static ngx_int_t
amzsync_http_connection_deleted(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call)
{
    amzsync_store_status_anew(ctx->conf->store, &ctx->user);

    return amzsync_http_success(ctx->request, "Amazon account disconnected");
}


static void
amzsync_http_connection_text(amzsync_json_t *w, const char *key,
    ngx_str_t *value)
{
    if (value->data) {
        amzsync_json_str(w, key, value->data, value->len);

    } else {
        amzsync_json_null(w, key);
    }
}
