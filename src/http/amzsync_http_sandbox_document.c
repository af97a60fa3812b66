
/*
 * Documents of reports, as Amazon keeps them in S3: whoever has the address
 * gets them for a time, and the access token is nothing to send there.
 */


#include <base/amzsync_base.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>
#include <sandbox/amzsync_sandbox_gzip.h>
#include <sandbox/amzsync_sandbox_report_life.h>


#define AMZSYNC_HTTP_SANDBOX_WAIT  3000                 /* milliseconds */


struct amzsync_http_sandbox_document_s {
    amzsync_sandbox_address_t        address;
    amzsync_sandbox_report_lines_t   lines;
    amzsync_sandbox_gzip_t           gzip;
};


static ngx_int_t amzsync_http_sandbox_document_fault(
    amzsync_http_sandbox_ctx_t *ctx);
static void amzsync_http_sandbox_document_slow(ngx_event_t *ev);
static ngx_int_t amzsync_http_sandbox_document_send(
    amzsync_http_sandbox_ctx_t *ctx);
static ngx_int_t amzsync_http_sandbox_document_open(
    amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_document_t *document);
static ngx_int_t amzsync_http_sandbox_document_start(
    amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_document_t *document);
static ngx_int_t amzsync_http_sandbox_document_text(void *data,
    amzsync_sandbox_out_t *out);
static ngx_int_t amzsync_http_sandbox_expired(amzsync_http_sandbox_ctx_t *ctx);
static ngx_int_t amzsync_http_sandbox_xml(amzsync_http_sandbox_ctx_t *ctx,
    ngx_uint_t status, const char *code, const char *message);


static const char *const  amzsync_http_sandbox_types[] = {
    "text/plain;charset=UTF-8",
    "text/plain;charset=Cp1252",
    "text/plain;charset=Windows-31J"
};


ngx_int_t
amzsync_http_sandbox_document(amzsync_http_sandbox_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (amzsync_http_sandbox_access_token(ctx->request)
        || ctx->request->headers_in.authorization)
    {
        return amzsync_http_sandbox_xml(ctx, NGX_HTTP_BAD_REQUEST,
                                        "InvalidArgument",
                                        "Only one auth mechanism allowed");
    }

    rc = amzsync_http_sandbox_document_fault(ctx);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    return amzsync_http_sandbox_document_send(ctx);
}


/* NGX_DECLINED: goes on. */

static ngx_int_t
amzsync_http_sandbox_document_fault(amzsync_http_sandbox_ctx_t *ctx)
{
    amzsync_http_sandbox_fault_aimed(ctx);

    switch (ctx->fault) {

    case AMZSYNC_SANDBOX_FAULT_HTTP_500:
        return amzsync_http_sandbox_xml(ctx, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                        "InternalError",
                                        "We encountered an internal error. "
                                        "Please try again.");

    case AMZSYNC_SANDBOX_FAULT_HTTP_503:
        return amzsync_http_sandbox_xml(ctx, NGX_HTTP_SERVICE_UNAVAILABLE,
                                        "SlowDown",
                                        "Please reduce your request rate.");

    case AMZSYNC_SANDBOX_FAULT_DENIED:
        return amzsync_http_sandbox_xml(ctx, NGX_HTTP_FORBIDDEN,
                                        "AccessDenied", "Access Denied");

    case AMZSYNC_SANDBOX_FAULT_EXPIRED:
    case AMZSYNC_SANDBOX_FAULT_EXPIRED_ADDRESS:
        return amzsync_http_sandbox_expired(ctx);

    case AMZSYNC_SANDBOX_FAULT_SLOW:
        if (amzsync_http_sandbox_later(ctx, AMZSYNC_HTTP_SANDBOX_WAIT,
                                       amzsync_http_sandbox_document_slow)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_DONE;

    default:
        return NGX_DECLINED;
    }
}


static void
amzsync_http_sandbox_document_slow(ngx_event_t *ev)
{
    ngx_connection_t            *c;
    ngx_http_request_t          *r;
    amzsync_http_sandbox_ctx_t  *ctx;

    r = ev->data;
    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_amzsync_module);

    ngx_http_set_log_request(c->log, r);

    ngx_http_finalize_request(r, amzsync_http_sandbox_document_send(ctx));

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
amzsync_http_sandbox_document_send(amzsync_http_sandbox_ctx_t *ctx)
{
    ngx_int_t                         rc;
    amzsync_http_sandbox_document_t  *document;

    document = ngx_pcalloc(ctx->request->pool,
                           sizeof(amzsync_http_sandbox_document_t));
    if (document == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->document = document;

    rc = amzsync_http_sandbox_document_open(ctx, document);

    if (rc == NGX_DECLINED) {
        return amzsync_http_sandbox_expired(ctx);
    }

    if (rc == NGX_ERROR) {
        return amzsync_http_sandbox_xml(ctx, NGX_HTTP_FORBIDDEN,
                                        "SignatureDoesNotMatch",
                                        "The request signature we calculated "
                                        "does not match the signature you "
                                        "provided.");
    }

    if (amzsync_http_sandbox_document_start(ctx, document) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return amzsync_http_sandbox_stream(ctx,
               amzsync_http_sandbox_types[ctx->conf->report_charset],
               ctx->route->fill);
}


/* As amzsync_sandbox_address_open(). */

static ngx_int_t
amzsync_http_sandbox_document_open(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_document_t *document)
{
    char                     id[AMZSYNC_SANDBOX_DOCUMENT_ID];
    ngx_int_t                rc;
    ngx_str_t                token;
    ngx_http_request_t      *r;

    r = ctx->request;

    /* the text of a signature needs no escapes */

    if (ngx_http_arg(r, (u_char *) "X-Amz-Signature",
                     sizeof("X-Amz-Signature") - 1, &token)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = amzsync_sandbox_address_open(&ctx->conf->keys, &token, ngx_time(),
                                      &document->address);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    amzsync_sandbox_document_id(&document->address.request, id);

    if (ngx_strlen(id) != ctx->rest.len
        || ngx_memcmp(id, ctx->rest.data, ctx->rest.len) != 0)
    {
        return NGX_ERROR;
    }

    return rc;
}


static ngx_int_t
amzsync_http_sandbox_document_start(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_document_t *document)
{
    ngx_str_t                        seller;
    ngx_table_elt_t                 *h;
    amzsync_sandbox_request_t       *request;
    amzsync_sandbox_report_lines_t  *lines;

    lines = &document->lines;
    request = &document->address.request;

    seller.data = document->address.seller;
    seller.len = document->address.len;

    amzsync_http_sandbox_view(ctx, &seller, &lines->view);

    /* a document is what it was when it was asked for */

    lines->view.revision = request->revision;
    lines->report = request->report;
    lines->marketplaces = request->marketplaces;
    lines->from = request->from;
    lines->to = request->to;
    lines->settled = request->settled;
    lines->settlement = request->settled ? request->number : 0;
    lines->charset = ctx->conf->report_charset;
    lines->spoil = amzsync_http_sandbox_spoil(ctx);

    amzsync_sandbox_report_start(lines);

    if (!document->address.gzip) {
        return NGX_OK;
    }

    if (document->address.encoded) {
        h = ngx_list_push(&ctx->request->headers_out.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        h->hash = 1;
#if (nginx_version >= 1023000)
        h->next = NULL;
#endif
        ngx_str_set(&h->key, "Content-Encoding");
        ngx_str_set(&h->value, "gzip");
        ctx->request->headers_out.content_encoding = h;
    }

    if (amzsync_sandbox_gzip_init(&document->gzip, ctx->request->pool,
                                  amzsync_http_sandbox_document_text, document)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* what is cut has a beginning */

    document->gzip.prompt = (ctx->fault == AMZSYNC_SANDBOX_FAULT_CUT
                             || ctx->fault == AMZSYNC_SANDBOX_FAULT_MALFORMED);

    return NGX_OK;
}


ngx_int_t
amzsync_http_sandbox_fill_document(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    amzsync_http_sandbox_document_t  *document;

    document = ctx->document;

    if (document->address.gzip) {
        return amzsync_sandbox_gzip_run(&document->gzip, out);
    }

    return amzsync_http_sandbox_document_text(document, out);
}


static ngx_int_t
amzsync_http_sandbox_document_text(void *data, amzsync_sandbox_out_t *out)
{
    amzsync_http_sandbox_document_t *document = data;

    size_t  len;
    u_char  buf[AMZSYNC_SANDBOX_REASON];

    if (document->address.request.end == AMZSYNC_SANDBOX_END_DONE) {
        return amzsync_sandbox_report_run(&document->lines, out);
    }

    len = amzsync_sandbox_reason(&document->address.request, buf);
    amzsync_sandbox_raw(out, buf, len);

    return out->failed ? NGX_ERROR : NGX_DONE;
}


static ngx_int_t
amzsync_http_sandbox_expired(amzsync_http_sandbox_ctx_t *ctx)
{
    return amzsync_http_sandbox_xml(ctx, NGX_HTTP_FORBIDDEN, "AccessDenied",
                                    "Request has expired");
}


/* What S3 says has no other form. */

static ngx_int_t
amzsync_http_sandbox_xml(amzsync_http_sandbox_ctx_t *ctx, ngx_uint_t status,
    const char *code, const char *message)
{
    u_char                 buf[1024];
    amzsync_sandbox_out_t  out;

    amzsync_sandbox_out(&out, buf, sizeof(buf));

    out.last = ngx_snprintf(buf, sizeof(buf),
                            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                            "<Error><Code>%s</Code><Message>%s</Message>"
                            "</Error>", code, message);

    return amzsync_http_sandbox_send(ctx, status, &out, "application/xml");
}
