
/*
 * GET: a user comes back from Seller Central.  The state is checked, and spent,
 * before anything else is looked at; then the code is exchanged, the connection
 * stored, and the user sent to the application's page, which the configuration
 * alone knows.
 */


#include <http/amzsync_http_consent.h>
#include <base/amzsync_state.h>
#include <base/amzsync_text.h>


typedef struct {
    ngx_str_t                 args;         /* of the request, which has them
                                               no more */
    amzsync_state_t           state;
    ngx_str_t                 code;         /* of length 0: none */
    ngx_str_t                 seller;       /* the same */
    ngx_uint_t                denied;
    amzsync_sync_consent_t   *exchange;     /* under way */
} amzsync_http_callback_t;


static ngx_int_t amzsync_http_callback(amzsync_http_ctx_t *ctx);
static ngx_int_t amzsync_http_callback_hide(ngx_http_request_t *r,
    ngx_str_t *args);
static void amzsync_http_callback_blot(ngx_http_request_t *r, ngx_str_t *text);
static ngx_int_t amzsync_http_callback_read(amzsync_http_ctx_t *ctx,
    amzsync_http_callback_t *back);
static ngx_int_t amzsync_http_callback_arg(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);
static ngx_uint_t amzsync_http_callback_code(ngx_str_t *code);
static ngx_uint_t amzsync_http_callback_seller(ngx_str_t *seller);
static ngx_int_t amzsync_http_callback_refuse(ngx_http_request_t *r);
static ngx_int_t amzsync_http_callback_answer(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);
static ngx_int_t amzsync_http_callback_exchange(amzsync_http_ctx_t *ctx,
    amzsync_http_callback_t *back);
static void amzsync_http_callback_cleanup(void *data);
static void amzsync_http_callback_done(void *data,
    amzsync_sync_consent_e result, const amzsync_error_t *error);
static ngx_int_t amzsync_http_callback_result(amzsync_http_ctx_t *ctx,
    amzsync_sync_consent_e result, const amzsync_error_t *error);
static ngx_int_t amzsync_http_callback_page(amzsync_http_ctx_t *ctx,
    const char *error);


static const amzsync_http_method_t  amzsync_http_callback_methods[] = {
    { NGX_HTTP_GET, amzsync_http_callback, amzsync_http_callback_answer },
    { 0, NULL, NULL }
};


static const amzsync_http_location_t  amzsync_http_callback_where = {
    "callback", "GET", AMZSYNC_HTTP_FAILURE, amzsync_http_callback_methods
};


ngx_int_t
amzsync_http_callback_handler(ngx_http_request_t *r)
{
    ngx_str_t                 args;
    amzsync_http_ctx_t       *ctx;
    amzsync_http_callback_t  *back;

    if (amzsync_http_callback_hide(r, &args) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = amzsync_http_create_ctx(r);
    back = ngx_pcalloc(r->pool, sizeof(amzsync_http_callback_t));

    if (ctx == NULL || back == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    back->args = args;
    ctx->consent = back;

    return amzsync_http_run(ctx, &amzsync_http_callback_where);
}


/*
 * The query has the code, and lines of the error log and of most access logs
 * repeat the request's.  So it is taken away before anything is answered.
 */

static ngx_int_t
amzsync_http_callback_hide(ngx_http_request_t *r, ngx_str_t *args)
{
    args->len = r->args.len;
    args->data = r->args.len ? ngx_pstrdup(r->pool, &r->args) : NULL;

    ngx_str_null(&r->args);

    amzsync_http_callback_blot(r, &r->request_line);
    amzsync_http_callback_blot(r, &r->unparsed_uri);

    return (args->len && args->data == NULL) ? NGX_ERROR : NGX_OK;
}


/* A variable that was asked for before still points to it. */

static void
amzsync_http_callback_blot(ngx_http_request_t *r, ngx_str_t *text)
{
    u_char  *p, *last;

    last = text->data + text->len;
    p = ngx_strlchr(text->data, last, '?');

    if (p == NULL) {
        return;
    }

    text->len = p - text->data;

    if (r != r->main) {
        return;
    }

    for (p++; p < last && *p != ' '; p++) {
        *p = '*';
    }
}


static ngx_int_t
amzsync_http_callback(amzsync_http_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_str_t                 nonce;
    ngx_http_request_t       *r;
    amzsync_store_call_t     *call;
    amzsync_http_callback_t  *back;

    r = ctx->request;

    /* Whoever only looks must not spend the state. */

    if (r->method == NGX_HTTP_HEAD) {
        return amzsync_http_not_allowed(r, ctx->location->allow);
    }

    back = ctx->consent;

    /* nginx looks for an argument here only */

    r->args = back->args;

    rc = amzsync_http_callback_read(ctx, back);

    ngx_str_null(&r->args);

    if (rc == NGX_DECLINED) {
        return amzsync_http_callback_refuse(r);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    nonce.data = back->state.nonce;
    nonce.len = AMZSYNC_STATE_NONCE;

    call = amzsync_store_consent_take(ctx->conf->store, &ctx->user, &nonce,
                                      amzsync_http_resume, ctx);

    return amzsync_http_wait(ctx, call);
}


/* NGX_DECLINED: the state is none that went out with this user. */

static ngx_int_t
amzsync_http_callback_read(amzsync_http_ctx_t *ctx,
    amzsync_http_callback_t *back)
{
    ngx_str_t            state, error;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (amzsync_http_callback_arg(r, "state", &state) != NGX_OK) {
        return NGX_ERROR;
    }

    if (amzsync_state_open(&ctx->conf->sync.spapi.keys, &ctx->user, &state,
                           &back->state)
        != NGX_OK
        || ctx->conf->consents[back->state.region].address.len == 0)
    {
        return NGX_DECLINED;
    }

    back->denied = (ngx_http_arg(r, (u_char *) "error", sizeof("error") - 1,
                                 &error)
                    == NGX_OK);

    if (amzsync_http_callback_arg(r, "spapi_oauth_code", &back->code)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return amzsync_http_callback_arg(r, "selling_partner_id", &back->seller);
}


/* An argument, unescaped; of length 0 if there is none. */

static ngx_int_t
amzsync_http_callback_arg(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    u_char     *src, *dst;
    ngx_str_t   arg;

    ngx_str_null(value);

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &arg) != NGX_OK
        || arg.len == 0)
    {
        return NGX_OK;
    }

    value->data = ngx_pnalloc(r->pool, arg.len);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    src = arg.data;
    dst = value->data;

    ngx_unescape_uri(&dst, &src, arg.len, 0);

    value->len = dst - value->data;

    return NGX_OK;
}


static ngx_uint_t
amzsync_http_callback_code(ngx_str_t *code)
{
    size_t  i;

    for (i = 0; i < code->len; i++) {
        if (code->data[i] <= 0x20 || code->data[i] > 0x7e) {
            return 0;
        }
    }

    return code->len > 0 && code->len <= AMZSYNC_SPAPI_CODE_MAX;
}


static ngx_uint_t
amzsync_http_callback_seller(ngx_str_t *seller)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < seller->len; i++) {
        ch = ngx_tolower(seller->data[i]);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9')) {
            return 0;
        }
    }

    return seller->len > 0 && seller->len <= AMZSYNC_SELLER_MAX;
}


static ngx_int_t
amzsync_http_callback_refuse(ngx_http_request_t *r)
{
    return amzsync_http_error(r, NGX_HTTP_BAD_REQUEST, "invalid_state",
                              "This authorization is not valid, has expired, "
                              "or was used before. Please start again.");
}


static ngx_int_t
amzsync_http_callback_answer(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call)
{
    amzsync_http_callback_t  *back;

    back = ctx->consent;

    if (call->status == AMZSYNC_STORE_NONE) {
        return amzsync_http_callback_refuse(ctx->request);
    }

    if (back->denied) {
        return amzsync_http_callback_page(ctx, "access_denied");
    }

    if (!amzsync_http_callback_code(&back->code)
        || !amzsync_http_callback_seller(&back->seller))
    {
        return amzsync_http_callback_page(ctx, "invalid_request");
    }

    return amzsync_http_callback_exchange(ctx, back);
}


static ngx_int_t
amzsync_http_callback_exchange(amzsync_http_ctx_t *ctx,
    amzsync_http_callback_t *back)
{
    ngx_http_request_t        *r;
    ngx_http_cleanup_t        *cln;
    amzsync_sync_consented_t   by;

    r = ctx->request;

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    by.user = ctx->user;
    by.seller = back->seller;
    by.code = back->code;
    by.region = back->state.region;
    by.redirect_uri = ctx->conf->consents[by.region].redirect_uri;

    back->exchange = amzsync_sync_consent(ctx->conf->runner, &by,
                                          amzsync_http_callback_done, ctx);
    if (back->exchange == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = amzsync_http_callback_cleanup;
    cln->data = back;

    r->main->count++;

    return NGX_DONE;
}


/* The client has gone; what was begun goes on. */

static void
amzsync_http_callback_cleanup(void *data)
{
    amzsync_http_callback_t  *back = data;

    if (back->exchange) {
        amzsync_sync_consent_detach(back->exchange);
        back->exchange = NULL;
    }
}


static void
amzsync_http_callback_done(void *data, amzsync_sync_consent_e result,
    const amzsync_error_t *error)
{
    amzsync_http_ctx_t *ctx = data;

    ngx_int_t                 rc;
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    amzsync_http_callback_t  *back;

    r = ctx->request;
    c = r->connection;

    back = ctx->consent;
    back->exchange = NULL;

    ngx_http_set_log_request(c->log, r);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, c->log, 0,
                   "amzsync callback exchanged: %d", result);

    rc = amzsync_http_callback_result(ctx, result, error);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static ngx_int_t
amzsync_http_callback_result(amzsync_http_ctx_t *ctx,
    amzsync_sync_consent_e result, const amzsync_error_t *error)
{
    u_char  *code;

    switch (result) {

    case AMZSYNC_SYNC_CONSENT_OK:
        return amzsync_http_callback_page(ctx, NULL);

    case AMZSYNC_SYNC_CONSENT_INVALID:
        return amzsync_http_callback_page(ctx, "invalid_grant");

    case AMZSYNC_SYNC_CONSENT_FAILED:

        /* The access log may still ask for it. */

        code = ngx_pnalloc(ctx->request->pool, AMZSYNC_ERROR_CODE_MAX);
        if (code == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        (void) ngx_cpystrn(code, (u_char *) error->code,
                           AMZSYNC_ERROR_CODE_MAX);

        return amzsync_http_callback_page(ctx, (char *) code);

    default: /* AMZSYNC_SYNC_CONSENT_LOST */
        return amzsync_http_error(ctx->request,
                                  NGX_HTTP_INTERNAL_SERVER_ERROR,
                                  "internal_server_error",
                                  ctx->location->failure);
    }
}


/* Sends the user to the application's page; "error" is NULL if connected. */

static ngx_int_t
amzsync_http_callback_page(amzsync_http_ctx_t *ctx, const char *error)
{
    u_char                       *p, *last;
    size_t                        len;
    ngx_str_t                     location, *page;
    ngx_http_amzsync_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(ctx->request, ngx_http_amzsync_module);

    page = &alcf->page;
    len = page->len + sizeof("?amzsync=connected&error=")
          + AMZSYNC_ERROR_CODE_MAX;

    p = ngx_pnalloc(ctx->request->pool, len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    location.data = p;
    last = p + len;

    p = ngx_cpymem(p, page->data, page->len);
    *p++ = ngx_strlchr(page->data, page->data + page->len, '?') ? '&' : '?';

    if (error) {
        ctx->error = error;
        p = ngx_slprintf(p, last, "amzsync=error&error=%s", error);

    } else {
        p = ngx_slprintf(p, last, "amzsync=connected");
    }

    location.len = p - location.data;

    return amzsync_http_redirect(ctx->request, &location);
}
