
/*
 * GET: a user's syncs, newest first, by ?limit=N&offset=N.
 */


#include <http/amzsync_http_sync.h>
#include <base/amzsync_time.h>


#define AMZSYNC_HTTP_HISTORY_LIMIT      20
#define AMZSYNC_HTTP_HISTORY_LIMIT_MAX  100
#define AMZSYNC_HTTP_HISTORY_OFFSET_MAX 1000000000


static ngx_int_t amzsync_http_history(amzsync_http_ctx_t *ctx);
static ngx_int_t amzsync_http_history_answer(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);
static void amzsync_http_history_past(amzsync_json_t *w, ngx_str_t *user,
    amzsync_store_past_t *past);
static ngx_int_t amzsync_http_history_arg(ngx_http_request_t *r,
    const char *name, ngx_int_t min, ngx_int_t max, ngx_int_t absent);


static const amzsync_http_method_t  amzsync_http_history_methods[] = {
    { NGX_HTTP_GET, amzsync_http_history, amzsync_http_history_answer },
    { 0, NULL, NULL }
};


static const amzsync_http_location_t  amzsync_http_history_location = {
    "history", "GET, HEAD", AMZSYNC_HTTP_FAILURE, amzsync_http_history_methods
};


ngx_int_t
amzsync_http_history_handler(ngx_http_request_t *r)
{
    return amzsync_http_handle(r, &amzsync_http_history_location);
}


static ngx_int_t
amzsync_http_history(amzsync_http_ctx_t *ctx)
{
    ngx_int_t              limit, offset;
    amzsync_store_call_t  *call;

    limit = amzsync_http_history_arg(ctx->request, "limit", 1,
                                     AMZSYNC_HTTP_HISTORY_LIMIT_MAX,
                                     AMZSYNC_HTTP_HISTORY_LIMIT);

    if (limit == NGX_ERROR) {
        return amzsync_http_invalid(ctx->request, "limit must be an integer "
                                    "from 1 to %d.",
                                    AMZSYNC_HTTP_HISTORY_LIMIT_MAX);
    }

    offset = amzsync_http_history_arg(ctx->request, "offset", 0,
                                      AMZSYNC_HTTP_HISTORY_OFFSET_MAX, 0);

    if (offset == NGX_ERROR) {
        return amzsync_http_invalid(ctx->request, "offset must be an integer "
                                    "from 0 to %d.",
                                    AMZSYNC_HTTP_HISTORY_OFFSET_MAX);
    }

    call = amzsync_store_history(ctx->conf->store, &ctx->user, limit, offset,
                                 amzsync_http_resume, ctx);

    return amzsync_http_wait(ctx, call);
}


/* Digits and nothing else: NGX_ERROR for what is no number in the bounds. */

static ngx_int_t
amzsync_http_history_arg(ngx_http_request_t *r, const char *name,
    ngx_int_t min, ngx_int_t max, ngx_int_t absent)
{
    ngx_int_t  n;
    ngx_str_t  value;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &value) != NGX_OK) {
        return absent;
    }

    n = ngx_atoi(value.data, value.len);

    return (n < min || n > max) ? NGX_ERROR : n;
}


static ngx_int_t
amzsync_http_history_answer(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call)
{
    u_char                text[AMZSYNC_HTTP_TEXT_SIZE];
    ngx_uint_t            i;
    amzsync_json_t        w;
    amzsync_store_past_t  past;

    amzsync_json_init(&w, text, sizeof(text));

    amzsync_json_open(&w, NULL, '{');
    amzsync_json_bool(&w, "success", 1);
    amzsync_json_open(&w, "history", '[');

    for (i = 0; i < call->nrows; i++) {
        if (amzsync_store_history_row(call, i, &past) == NGX_OK) {
            amzsync_http_history_past(&w, &ctx->user, &past);
        }
    }

    amzsync_json_close(&w, ']');
    amzsync_json_int(&w, "total", amzsync_store_history_total(call));
    amzsync_json_close(&w, '}');

    return amzsync_http_send(ctx->request, NGX_HTTP_OK, &w);
}


static void
amzsync_http_history_past(amzsync_json_t *w, ngx_str_t *user,
    amzsync_store_past_t *past)
{
    u_char  *last;
    u_char   id[AMZSYNC_SYNC_ID_MAX];

    last = amzsync_store_sync_id(id, user, past->no);

    amzsync_json_open(w, NULL, '{');
    amzsync_json_str(w, "syncId", id, last - id);
    amzsync_json_str(w, "status", past->status.data, past->status.len);
    amzsync_http_sync_time(w, "startedAt", past->started_at);
    amzsync_http_sync_time(w, "completedAt", past->completed_at);

    if (past->completed_at == AMZSYNC_TIME_BAD) {
        amzsync_json_null(w, "duration");

    } else {
        amzsync_json_int(w, "duration",
                         (past->completed_at - past->started_at + 500) / 1000);
    }

    amzsync_json_int(w, "ordersProcessed", past->orders);
    amzsync_json_int(w, "rowsProcessed", past->rows);
    amzsync_http_sync_error(w, &past->error);
    amzsync_json_close(w, '}');
}
