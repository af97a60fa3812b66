
/*
 * The Reports API 2021-06-30: createReport, getReports, getReport, cancelReport
 * and getReportDocument.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_json.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>
#include <sandbox/amzsync_sandbox_marketplace.h>
#include <sandbox/amzsync_sandbox_report_life.h>


#define AMZSYNC_HTTP_SANDBOX_CREATE_MAX    16384
#define AMZSYNC_HTTP_SANDBOX_MARKETPLACES  25
#define AMZSYNC_HTTP_SANDBOX_LATE          10


static ngx_int_t amzsync_http_sandbox_create_body(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_create_t *create,
    const char **details);
static ngx_int_t amzsync_http_sandbox_create_json(json_t *json,
    amzsync_sandbox_create_t *create, const char **details);
static ngx_int_t amzsync_http_sandbox_create_marketplaces(json_t *json,
    amzsync_sandbox_create_t *create, const char **details);
static ngx_int_t amzsync_http_sandbox_create_options(json_t *json,
    const char **details);
static ngx_int_t amzsync_http_sandbox_string(json_t *json, const char *name,
    ngx_str_t *value);
static ngx_int_t amzsync_http_sandbox_request(amzsync_http_sandbox_ctx_t *ctx,
    const amzsync_sandbox_create_t *create);
static ngx_uint_t amzsync_http_sandbox_end(amzsync_http_sandbox_ctx_t *ctx,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_request_t *request);
static ngx_int_t amzsync_http_sandbox_url(amzsync_http_sandbox_ctx_t *ctx,
    const char *id, const u_char *token, size_t len, ngx_str_t *url);


ngx_int_t
amzsync_http_sandbox_create_report(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details)
{
    ngx_int_t                 rc;
    amzsync_sandbox_create_t  create;

    rc = amzsync_http_sandbox_create_body(ctx, &create, details);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->status = NGX_HTTP_ACCEPTED;

    return amzsync_http_sandbox_request(ctx, &create);
}


static ngx_int_t
amzsync_http_sandbox_create_body(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_create_t *create, const char **details)
{
    json_t        *json;
    ngx_int_t      rc;
    ngx_str_t      body;
    json_error_t   error;

    rc = amzsync_http_sandbox_read(ctx, &body,
                                   AMZSYNC_HTTP_SANDBOX_CREATE_MAX);
    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    json = (rc == NGX_OK && body.len)
           ? amzsync_json_load(body.data, body.len, &error) : NULL;

    if (!json_is_object(json)) {
        json_decref(json);
        *details = "The body must be a JSON object.";
        return NGX_ERROR;
    }

    rc = amzsync_http_sandbox_create_json(json, create, details);

    json_decref(json);

    return rc;
}


static ngx_int_t
amzsync_http_sandbox_create_json(json_t *json,
    amzsync_sandbox_create_t *create, const char **details)
{
    ngx_int_t  rc;
    ngx_str_t  type, from, to;

    ngx_memzero(create, sizeof(amzsync_sandbox_create_t));

    if (amzsync_http_sandbox_string(json, "reportType", &type) != NGX_OK
        || type.data == NULL)
    {
        *details = "reportType is missing, or no string.";
        return NGX_ERROR;
    }

    rc = amzsync_sandbox_create_type(create, &type, details);

    if (rc == NGX_OK) {
        rc = amzsync_http_sandbox_create_marketplaces(json, create, details);
    }

    if (rc == NGX_OK) {
        rc = amzsync_http_sandbox_create_options(json, details);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (amzsync_http_sandbox_string(json, "dataStartTime", &from) != NGX_OK
        || amzsync_http_sandbox_string(json, "dataEndTime", &to) != NGX_OK)
    {
        *details = "dataStartTime and dataEndTime must be strings.";
        return NGX_ERROR;
    }

    return amzsync_sandbox_create_times(create, from.data ? &from : NULL,
                                        to.data ? &to : NULL,
                                        amzsync_http_sandbox_now(), details);
}


static ngx_int_t
amzsync_http_sandbox_create_marketplaces(json_t *json,
    amzsync_sandbox_create_t *create, const char **details)
{
    size_t      i, n;
    json_t     *list, *element;
    ngx_int_t   bit;
    ngx_str_t   id;

    list = json_object_get(json, "marketplaceIds");
    n = json_array_size(list);

    if (n == 0 || n > AMZSYNC_HTTP_SANDBOX_MARKETPLACES) {
        *details = "marketplaceIds must be a list of 1 to 25 marketplaces.";
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        element = json_array_get(list, i);
        bit = NGX_DECLINED;

        if (json_is_string(element)) {
            id.data = (u_char *) json_string_value(element);
            id.len = json_string_length(element);
            bit = amzsync_sandbox_participation_find(&id);
        }

        if (bit == NGX_DECLINED) {
            *details = "marketplaceIds has an unknown marketplace.";
            return NGX_ERROR;
        }

        create->marketplaces |= (ngx_uint_t) 1 << bit;
    }

    return NGX_OK;
}


/* What they say is not heeded; that they are texts is. */

static ngx_int_t
amzsync_http_sandbox_create_options(json_t *json, const char **details)
{
    json_t      *options, *value;
    const char  *name;

    options = json_object_get(json, "reportOptions");

    if (options && !json_is_object(options)) {
        *details = "reportOptions must be an object.";
        return NGX_ERROR;
    }

    json_object_foreach(options, name, value) {
        if (!json_is_string(value)) {
            *details = "The values of reportOptions must be strings.";
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* NULL data: no such member. */

static ngx_int_t
amzsync_http_sandbox_string(json_t *json, const char *name, ngx_str_t *value)
{
    json_t  *member;

    ngx_str_null(value);

    member = json_object_get(json, name);

    if (member == NULL) {
        return NGX_OK;
    }

    if (!json_is_string(member)) {
        return NGX_ERROR;
    }

    value->data = (u_char *) json_string_value(member);
    value->len = json_string_length(member);

    return NGX_OK;
}


static ngx_int_t
amzsync_http_sandbox_request(amzsync_http_sandbox_ctx_t *ctx,
    const amzsync_sandbox_create_t *create)
{
    int64_t                       cooldown;
    amzsync_sandbox_view_t        view;
    amzsync_sandbox_request_t    *request;
    amzsync_http_sandbox_conf_t  *scf;

    request = ngx_pcalloc(ctx->request->pool,
                          sizeof(amzsync_sandbox_request_t));
    if (request == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    scf = ctx->conf;
    ctx->report = request;

    amzsync_http_sandbox_view(ctx, &ctx->access.seller, &view);

    request->seller = view.key;
    request->created = amzsync_http_sandbox_now();
    request->from = create->from;
    request->to = create->to;
    request->span = (int64_t) scf->report_span * 1000;
    request->takes = scf->report_time;
    request->revision = view.revision;
    request->report = create->report;
    request->marketplaces = create->marketplaces;

    if (ctx->fault == AMZSYNC_SANDBOX_FAULT_SLOW_REPORT) {
        request->takes = (request->takes + 1000) * AMZSYNC_HTTP_SANDBOX_LATE;
    }

    request->end = amzsync_http_sandbox_end(ctx, &view, request);

    cooldown = (int64_t) (amzsync_sandbox_reports[create->report]->cooldown
                          * 1000 * scf->report_cooldown);

    amzsync_sandbox_ring_add(ctx->zone, ctx->slab, request, cooldown);

    return NGX_OK;
}


static ngx_uint_t
amzsync_http_sandbox_end(amzsync_http_sandbox_ctx_t *ctx,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_request_t *request)
{
    amzsync_sandbox_report_lines_t  lines;

    switch (ctx->fault) {

    case AMZSYNC_SANDBOX_FAULT_CANCELLED:
        return AMZSYNC_SANDBOX_END_CANCELLED;

    case AMZSYNC_SANDBOX_FAULT_FATAL:
        return AMZSYNC_SANDBOX_END_FATAL;

    case AMZSYNC_SANDBOX_FAULT_FATAL_BARE:
        return AMZSYNC_SANDBOX_END_BARE;

    default:
        break;
    }

    if (request->to - request->from > request->span) {
        return AMZSYNC_SANDBOX_END_SPAN;
    }

    ngx_memzero(&lines, sizeof(amzsync_sandbox_report_lines_t));

    lines.view = *view;
    lines.report = request->report;
    lines.marketplaces = request->marketplaces;
    lines.from = request->from;
    lines.to = request->to;

    amzsync_sandbox_report_start(&lines);

    return amzsync_sandbox_report_any(&lines) ? AMZSYNC_SANDBOX_END_DONE
                                              : AMZSYNC_SANDBOX_END_EMPTY;
}


ngx_int_t
amzsync_http_sandbox_fill_created(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    char  id[AMZSYNC_SANDBOX_DOCUMENT_ID];

    amzsync_sandbox_request_id(ctx->report, id);

    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_spoilt(out, "reportId", id,
                           amzsync_http_sandbox_spoil(ctx));
    amzsync_sandbox_close(out, '}');

    return out->failed ? NGX_ERROR : NGX_DONE;
}


ngx_int_t
amzsync_http_sandbox_reports(amzsync_http_sandbox_ctx_t *ctx, u_char *buf,
    const char **details)
{
    amzsync_sandbox_view_t      view;
    amzsync_sandbox_reports_t  *reports;

    reports = ngx_pcalloc(ctx->request->pool,
                          sizeof(amzsync_sandbox_reports_t));
    if (reports == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->reports = reports;
    reports->now = amzsync_http_sandbox_now();
    reports->spoil = amzsync_http_sandbox_spoil(ctx);
    reports->same_token = (ctx->fault == AMZSYNC_SANDBOX_FAULT_SAME_TOKEN);

    amzsync_http_sandbox_view(ctx, &ctx->access.seller, &view);

    if (amzsync_sandbox_listing_parse(&reports->listing, &ctx->conf->keys,
                                      view.key, &ctx->request->args, buf,
                                      reports->now, details)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (amzsync_sandbox_reports_list(reports, ctx->zone, ctx->slab,
                                     &ctx->conf->keys, &view)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
amzsync_http_sandbox_fill_reports(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    amzsync_sandbox_reports_json(out, ctx->reports);

    return out->failed ? NGX_ERROR : NGX_DONE;
}


ngx_int_t
amzsync_http_sandbox_report(amzsync_http_sandbox_ctx_t *ctx, u_char *buf,
    const char **details)
{
    amzsync_sandbox_view_t  view;

    ctx->report = ngx_pcalloc(ctx->request->pool,
                              sizeof(amzsync_sandbox_request_t));
    if (ctx->report == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    amzsync_http_sandbox_view(ctx, &ctx->access.seller, &view);

    *details = "The seller has no such report.";

    return amzsync_sandbox_request_find(ctx->zone, ctx->slab, &view,
                                        &ctx->rest, amzsync_http_sandbox_now(),
                                        ctx->report);
}


ngx_int_t
amzsync_http_sandbox_fill_report(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    amzsync_sandbox_request_json(out, NULL, ctx->report,
                                 amzsync_http_sandbox_now(),
                                 amzsync_http_sandbox_spoil(ctx));

    return out->failed ? NGX_ERROR : NGX_DONE;
}


ngx_int_t
amzsync_http_sandbox_cancel_report(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details)
{
    ngx_int_t  rc;

    rc = amzsync_http_sandbox_report(ctx, buf, details);

    if (rc != NGX_OK) {
        return rc;
    }

    if (!ctx->report->settled) {
        rc = amzsync_sandbox_ring_cancel(ctx->zone, ctx->slab,
                                         ctx->report->seller,
                                         ctx->report->number,
                                         amzsync_http_sandbox_now());
    }

    if (ctx->report->settled || rc == NGX_ERROR) {
        *details = "Only reports whose processingStatus is IN_QUEUE can be "
                   "cancelled.";
        return NGX_ERROR;
    }

    return rc;
}


/* The model has no answer but the status. */

ngx_int_t
amzsync_http_sandbox_fill_nothing(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return NGX_DONE;
}


ngx_int_t
amzsync_http_sandbox_report_document(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details)
{
    ngx_int_t                rc;
    amzsync_sandbox_view_t   view;
    amzsync_sandbox_query_t  query;

    ctx->report = ngx_pcalloc(ctx->request->pool,
                              sizeof(amzsync_sandbox_request_t));
    if (ctx->report == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    amzsync_sandbox_query(&query, &ctx->request->args, buf);

    while ((rc = amzsync_sandbox_query_next(&query)) == NGX_OK) {

        if (query.name.len != sizeof("enableContentEncodingUrlHeader") - 1
            || ngx_memcmp(query.name.data, "enableContentEncodingUrlHeader",
                          query.name.len)
               != 0)
        {
            continue;
        }

        ctx->encoded = (query.value.len == 4
                        && ngx_memcmp(query.value.data, "true", 4) == 0);

        if (!ctx->encoded
            && (query.value.len != 5
                || ngx_memcmp(query.value.data, "false", 5) != 0))
        {
            *details = "enableContentEncodingUrlHeader must be true or "
                       "false.";
            return NGX_ERROR;
        }
    }

    if (rc == NGX_ERROR) {
        *details = "The query string is not well-formed.";
        return NGX_ERROR;
    }

    amzsync_http_sandbox_view(ctx, &ctx->access.seller, &view);

    *details = "The seller has no such report document.";

    return amzsync_sandbox_document_find(ctx->zone, ctx->slab, &view,
                                         &ctx->rest,
                                         amzsync_http_sandbox_now(),
                                         ctx->report);
}


ngx_int_t
amzsync_http_sandbox_fill_report_document(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    char                         id[AMZSYNC_SANDBOX_DOCUMENT_ID];
    size_t                       len;
    u_char                       token[AMZSYNC_SANDBOX_TOKEN_MAX];
    ngx_str_t                    url;
    amzsync_sandbox_address_t    address;

    ngx_memzero(&address, sizeof(amzsync_sandbox_address_t));

    address.request = *ctx->report;
    address.expires = ngx_time() + ctx->conf->document_ttl;
    address.gzip = ctx->conf->report_gzip;
    address.encoded = ctx->encoded;
    address.len = ctx->access.seller.len;
    ngx_memcpy(address.seller, ctx->access.seller.data, address.len);

    len = amzsync_sandbox_address_make(&ctx->conf->keys, &address, token);
    amzsync_sandbox_document_id(ctx->report, id);

    if (len == 0
        || amzsync_http_sandbox_url(ctx, id, token, len, &url) != NGX_OK)
    {
        return NGX_ERROR;
    }

    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_spoilt(out, "reportDocumentId", id,
                           amzsync_http_sandbox_spoil(ctx));

    if (address.gzip) {
        amzsync_sandbox_cstr(out, "compressionAlgorithm", "GZIP");
    }

    amzsync_sandbox_str(out, "url", url.data, url.len);
    amzsync_sandbox_close(out, '}');

    return out->failed ? NGX_ERROR : NGX_DONE;
}


/* A place of this location, by the name that the client has for it. */

static ngx_int_t
amzsync_http_sandbox_url(amzsync_http_sandbox_ctx_t *ctx, const char *id,
    const u_char *token, size_t len, ngx_str_t *url)
{
    size_t                     n;
    u_char                    *p;
    ngx_str_t                  scheme, host, expires;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = ctx->request;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ngx_str_set(&scheme, "http");

#if (NGX_HTTP_SSL)
    if (r->connection->ssl) {
        ngx_str_set(&scheme, "https");
    }
#endif

    host = r->headers_in.host ? r->headers_in.host->value
                              : r->headers_in.server;
    ngx_str_set(&expires, "?X-Amz-Algorithm=SANDBOX&X-Amz-Expires=");

    n = scheme.len + sizeof("://") + host.len + clcf->name.len
        + sizeof("/_document/") + ngx_strlen(id) + expires.len
        + NGX_TIME_T_LEN + sizeof("&X-Amz-Signature=") + len;

    p = ngx_pnalloc(r->pool, n);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;

    p = ngx_sprintf(p, "%V://%V%V", &scheme, &host, &clcf->name);

    if (p[-1] != '/') {
        *p++ = '/';
    }

    p = ngx_sprintf(p, "_document/%s%V%T&X-Amz-Signature=", id, &expires,
                    ctx->conf->document_ttl);
    p = ngx_cpymem(p, token, len);

    url->len = p - url->data;

    return NGX_OK;
}
