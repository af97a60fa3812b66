
/*
 * What all locations share: method, user, waiting for the database, and the
 * client that goes away meanwhile.
 */


#include <http/amzsync_http_request.h>
#include <base/amzsync_text.h>


static const amzsync_http_method_t *amzsync_http_method(ngx_http_request_t *r,
    const amzsync_http_location_t *location);
static const char *amzsync_http_user_mistake(ngx_str_t *user);
static ngx_int_t amzsync_http_failed(amzsync_http_ctx_t *ctx,
    const char *reason);
static void amzsync_http_cleanup(void *data);


ngx_int_t
amzsync_http_handle(ngx_http_request_t *r,
    const amzsync_http_location_t *location)
{
    amzsync_http_ctx_t  *ctx;

    ctx = amzsync_http_create_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return amzsync_http_run(ctx, location);
}


ngx_int_t
amzsync_http_run(amzsync_http_ctx_t *ctx,
    const amzsync_http_location_t *location)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "amzsync %s handler", location->name);

    ctx->location = location;

    /*
     * A body is read before anything is refused: an answer that overtakes it
     * resets the stream in HTTP/2, and some clients then drop the answer.
     */

    if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
        return amzsync_http_body_read(ctx);
    }

    return amzsync_http_begin(ctx);
}


ngx_int_t
amzsync_http_begin(amzsync_http_ctx_t *ctx)
{
    const char                   *mistake;
    ngx_http_request_t           *r;
    ngx_http_amzsync_loc_conf_t  *alcf;

    r = ctx->request;

    ctx->method = amzsync_http_method(r, ctx->location);
    if (ctx->method == NULL) {
        return amzsync_http_not_allowed(r, ctx->location->allow);
    }

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_amzsync_module);

    if (ngx_http_complex_value(r, alcf->user, &ctx->user) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->user.len == 0) {
        return amzsync_http_error(r, NGX_HTTP_UNAUTHORIZED, "unauthorized",
                                  "Unauthorized. Please log in.");
    }

    mistake = amzsync_http_user_mistake(&ctx->user);
    if (mistake) {
        return amzsync_http_invalid(r, "%s", mistake);
    }

    if (ctx->body_large) {
        return amzsync_http_invalid(r, "Request body is larger than %d bytes.",
                                    AMZSYNC_HTTP_BODY_MAX);
    }

    if (ctx->conf->store == NULL) {

        /* "master_process off" starts no new worker on a reload. */

        return amzsync_http_failed(ctx, "nginx must be restarted");
    }

    return ctx->method->action(ctx);
}


ngx_int_t
amzsync_http_wait(amzsync_http_ctx_t *ctx, amzsync_store_call_t *call)
{
    ngx_http_request_t  *r;

    if (call == NULL) {
        return amzsync_http_failed(ctx, "no memory");
    }

    r = ctx->request;

    ctx->call = call;
    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;

    return NGX_DONE;
}


void
amzsync_http_resume(amzsync_store_call_t *call)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    amzsync_http_ctx_t  *ctx;
    ngx_http_request_t  *r;

    ctx = call->data;
    r = ctx->request;
    c = r->connection;

    ctx->call = NULL;

    ngx_http_set_log_request(c->log, r);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "amzsync %s answered: %d", ctx->location->name,
                   call->status);

    switch (call->status) {

    case AMZSYNC_STORE_OK:
    case AMZSYNC_STORE_NONE:
        rc = ctx->method->answer(ctx, call);
        break;

    case AMZSYNC_STORE_UNAVAILABLE:
        rc = amzsync_http_failed(ctx, amzsync_store_ready(ctx->conf->store)
                                      ? "the database did not answer in time"
                                      : "no usable connection to the "
                                        "database");
        break;

    case AMZSYNC_STORE_LOST:
        rc = amzsync_http_failed(ctx, "the database did not tell whether it "
                                      "was done");
        break;

    default: /* AMZSYNC_STORE_FAILED */
        rc = amzsync_http_failed(ctx, "the database refused it");
        break;
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


ngx_int_t
amzsync_http_send(ngx_http_request_t *r, ngx_uint_t status, amzsync_json_t *w)
{
    ngx_int_t  rc;

    if (w->failed) {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;

    } else {
        rc = amzsync_http_send_text(r, status, w->start, w->last - w->start);
    }

    amzsync_json_free(w);

    return rc;
}


ngx_int_t
amzsync_http_send_text(ngx_http_request_t *r, ngx_uint_t status,
    const u_char *text, size_t len)
{
    ngx_buf_t    *b;
    ngx_chain_t   out;

    static ngx_str_t  json = ngx_string("application/json");

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, text, len);
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return amzsync_http_send_chain(r, status, &json, &out, len);
}


ngx_int_t
amzsync_http_send_chain(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_chain_t *out, size_t len)
{
    ngx_int_t  rc;

    rc = amzsync_http_discard_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    /* It is done already: no If-Match may make a 412 or a 304 of it. */

    r->disable_not_modified = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = len;

    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, out);
}


ngx_int_t
amzsync_http_discard_body(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(r);

    if (r->reading_body) {
        r->keepalive = 0;
    }

    return rc;
}


ngx_int_t
amzsync_http_add_header(ngx_http_request_t *r, const char *key,
    const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) key;
    h->key.len = ngx_strlen(key);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}


ngx_int_t
amzsync_http_success(ngx_http_request_t *r, const char *message)
{
    u_char          text[AMZSYNC_HTTP_TEXT_SIZE];
    amzsync_json_t  w;

    amzsync_json_init(&w, text, sizeof(text));

    amzsync_json_open(&w, NULL, '{');
    amzsync_json_bool(&w, "success", 1);
    amzsync_json_cstr(&w, "message", message);
    amzsync_json_close(&w, '}');

    return amzsync_http_send(r, NGX_HTTP_OK, &w);
}


ngx_int_t
amzsync_http_error(ngx_http_request_t *r, ngx_uint_t status, const char *code,
    const char *message)
{
    u_char               text[AMZSYNC_HTTP_TEXT_SIZE];
    amzsync_json_t       w;
    amzsync_http_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_amzsync_module);
    ctx->error = code;

    amzsync_json_init(&w, text, sizeof(text));

    amzsync_json_open(&w, NULL, '{');
    amzsync_json_bool(&w, "success", 0);
    amzsync_json_cstr(&w, "error", code);
    amzsync_json_cstr(&w, "message", message);
    amzsync_json_close(&w, '}');

    return amzsync_http_send(r, status, &w);
}


ngx_int_t
amzsync_http_invalid(ngx_http_request_t *r, const char *fmt, ...)
{
    u_char           *last;
    va_list           args;
    amzsync_error_t   error;
    u_char            text[AMZSYNC_ERROR_TEXT_MAX];

    va_start(args, fmt);
    last = ngx_vslprintf(text, text + sizeof(text), fmt, args);
    va_end(args);

    /* Mends a character that was cut in two at the end. */

    amzsync_error_set(&error, "invalid_request", (char *) text, last - text,
                      NULL);

    return amzsync_http_error(r, NGX_HTTP_BAD_REQUEST, "invalid_request",
                              error.message);
}


ngx_int_t
amzsync_http_refused(amzsync_http_ctx_t *ctx, const amzsync_error_t *error)
{
    amzsync_http_body_cleanse(ctx);

    return amzsync_http_error(ctx->request, NGX_HTTP_BAD_REQUEST,
                              "invalid_request", error->message);
}


static const amzsync_http_method_t *
amzsync_http_method(ngx_http_request_t *r,
    const amzsync_http_location_t *location)
{
    ngx_uint_t                    wanted;
    const amzsync_http_method_t  *method;

    wanted = (r->method == NGX_HTTP_HEAD) ? NGX_HTTP_GET : r->method;

    for (method = location->methods; method->method; method++) {
        if (method->method == wanted) {
            return method;
        }
    }

    return NULL;
}


amzsync_http_ctx_t *
amzsync_http_create_ctx(ngx_http_request_t *r)
{
    amzsync_http_ctx_t  *ctx;
    ngx_http_cleanup_t  *cln;

    ctx = ngx_pcalloc(r->pool, sizeof(amzsync_http_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NULL;
    }

    cln->handler = amzsync_http_cleanup;
    cln->data = ctx;

    ctx->request = r;
    ctx->conf = ngx_http_get_module_main_conf(r, ngx_http_amzsync_module);

    ngx_http_set_ctx(r, ctx, ngx_http_amzsync_module);

    return ctx;
}


ngx_int_t
amzsync_http_not_allowed(ngx_http_request_t *r, const char *allow)
{
    if (amzsync_http_add_header(r, "Allow", allow) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return amzsync_http_error(r, NGX_HTTP_NOT_ALLOWED, "method_not_allowed",
                              "Method not allowed.");
}


/* What is wrong with a user id that is there, or NULL. */

static const char *
amzsync_http_user_mistake(ngx_str_t *user)
{
    size_t  i;

    if (user->len > AMZSYNC_USER_MAX) {
        return "User id is longer than 128 bytes.";
    }

    if (!amzsync_text_utf8(user->data, user->len)) {
        return "User id is not valid UTF-8.";
    }

    for (i = 0; i < user->len; i++) {

        /* It is going to stand in lines of the log. */

        if (user->data[i] < 0x20 || user->data[i] == 0x7f) {
            return "User id has a control character.";
        }
    }

    return NULL;
}


/* The reason is for the log; the client learns no more than that it failed. */

static ngx_int_t
amzsync_http_failed(amzsync_http_ctx_t *ctx, const char *reason)
{
    ngx_log_error(NGX_LOG_ERR, ctx->request->connection->log, 0,
                  "amzsync %s failed for user \"%V\": %s",
                  ctx->location->name, &ctx->user, reason);

    return amzsync_http_error(ctx->request, NGX_HTTP_INTERNAL_SERVER_ERROR,
                              "internal_server_error",
                              ctx->location->failure);
}


/* The request ends before its answer: the client has gone. */

static void
amzsync_http_cleanup(void *data)
{
    amzsync_http_ctx_t  *ctx = data;

    if (ctx->call) {
        amzsync_store_detach(ctx->call);
        ctx->call = NULL;
    }

    amzsync_http_body_cleanse(ctx);
}
