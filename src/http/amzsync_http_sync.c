
/*
 * What locations about one sync share: its id in the request, and the sync in
 * an answer.
 */


#include <http/amzsync_http_sync.h>
#include <base/amzsync_time.h>


static ngx_int_t amzsync_http_sync_named(ngx_http_request_t *r, ngx_str_t *id);
static ngx_int_t amzsync_http_sync_path(ngx_http_request_t *r, ngx_str_t *id);
static ngx_int_t amzsync_http_sync_arg(ngx_http_request_t *r, ngx_str_t *id);


ngx_int_t
amzsync_http_sync_ask(amzsync_http_ctx_t *ctx, amzsync_http_sync_pt ask,
    ngx_uint_t unnamed)
{
    ngx_int_t              rc;
    ngx_str_t              id;
    amzsync_store_call_t  *call;

    rc = amzsync_http_sync_named(ctx->request, &id);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* What is no id of this user needs no query. */

    if ((rc == NGX_DECLINED && !unnamed)
        || (rc == NGX_OK
            && amzsync_store_sync_no(&ctx->user, &id, &ctx->no) != NGX_OK))
    {
        return amzsync_http_sync_not_found(ctx->request);
    }

    call = ask(ctx->conf->store, &ctx->user, ctx->no, amzsync_http_resume,
               ctx);

    return amzsync_http_wait(ctx, call);
}


ngx_int_t
amzsync_http_sync_not_found(ngx_http_request_t *r)
{
    return amzsync_http_error(r, NGX_HTTP_NOT_FOUND, "sync_not_found",
                              "Sync not found.");
}


/* NGX_DECLINED: the request names no sync.  NGX_ERROR: no memory. */

static ngx_int_t
amzsync_http_sync_named(ngx_http_request_t *r, ngx_str_t *id)
{
    ngx_int_t  rc;

    rc = amzsync_http_sync_path(r, id);

    if (rc == NGX_DECLINED) {
        rc = amzsync_http_sync_arg(r, id);
    }

    return rc;
}


/* What follows the location's own name in the path. */

static ngx_int_t
amzsync_http_sync_path(ngx_http_request_t *r, ngx_str_t *id)
{
    size_t                     len;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    len = clcf->name.len;

    if (r->uri.len <= len) {
        return NGX_DECLINED;
    }

    if (len && clcf->name.data[len - 1] == '/') {
        len--;
    }

    /* LOCATIONmore is another path, with no id in it. */

    if (r->uri.data[len] != '/') {
        ngx_str_null(id);
        return NGX_OK;
    }

    id->data = r->uri.data + len + 1;
    id->len = r->uri.len - len - 1;

    return NGX_OK;
}


static ngx_int_t
amzsync_http_sync_arg(ngx_http_request_t *r, ngx_str_t *id)
{
    u_char     *p, *src, *dst;
    ngx_str_t   value;

    if (ngx_http_arg(r, (u_char *) "syncId", sizeof("syncId") - 1, &value)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (value.len > AMZSYNC_SYNC_ID_MAX * 3) {

        /* Too long for an id even with each byte as %XX. */

        ngx_str_null(id);
        return NGX_OK;
    }

    src = ngx_pstrdup(r->pool, &value);
    if (src == NULL) {
        return NGX_ERROR;
    }

    for (p = src; p < src + value.len; p++) {
        if (*p == '+') {
            *p = ' ';
        }
    }

    id->data = src;
    dst = src;

    ngx_unescape_uri(&dst, &src, value.len, 0);

    id->len = dst - id->data;

    return NGX_OK;
}


void
amzsync_http_sync_write(amzsync_json_t *w, ngx_str_t *user,
    amzsync_store_sync_t *sync)
{
    u_char  *last;
    u_char   id[AMZSYNC_SYNC_ID_MAX];

    last = amzsync_store_sync_id(id, user, sync->no);

    amzsync_json_str(w, "syncId", id, last - id);
    amzsync_json_str(w, "status", sync->status.data, sync->status.len);
    amzsync_json_int(w, "progress", sync->progress);
    amzsync_json_str(w, "message", sync->message.data, sync->message.len);

    amzsync_http_sync_time(w, "startedAt", sync->started_at);
    amzsync_http_sync_time(w, "updatedAt", sync->updated_at);
    amzsync_http_sync_time(w, "completedAt", sync->completed_at);
    amzsync_http_sync_time(w, "estimatedCompletion",
                             sync->estimated_completion);

    amzsync_json_int(w, "ordersProcessed", sync->orders_processed);

    if (sync->total_orders < 0) {
        amzsync_json_null(w, "totalOrders");

    } else {
        amzsync_json_int(w, "totalOrders", sync->total_orders);
    }

    amzsync_http_sync_error(w, &sync->error);

    amzsync_json_raw(w, "datasets", sync->datasets.data, sync->datasets.len);
}


void
amzsync_http_sync_error(amzsync_json_t *w, amzsync_store_error_t *error)
{
    if (error->code.data == NULL) {
        amzsync_json_null(w, "error");
        return;
    }

    amzsync_json_open(w, "error", '{');
    amzsync_json_str(w, "code", error->code.data, error->code.len);
    amzsync_json_str(w, "message", error->message.data, error->message.len);

    if (error->request_id.len) {
        amzsync_json_str(w, "requestId", error->request_id.data,
                         error->request_id.len);

    } else {
        amzsync_json_null(w, "requestId");
    }

    amzsync_json_close(w, '}');
}


void
amzsync_http_sync_time(amzsync_json_t *w, const char *key, int64_t ms)
{
    u_char  text[AMZSYNC_TIME_LEN];

    if (ms == AMZSYNC_TIME_BAD) {
        amzsync_json_null(w, key);
        return;
    }

    (void) amzsync_time_print(text, ms);

    amzsync_json_str(w, key, text, AMZSYNC_TIME_LEN);
}
