
/*
 * What tests ask of the sandbox beside Amazon's back: the ground truth, a
 * seller's revision, what a seller allows, statistics.  Answers only to this
 * host.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_text.h>
#include <base/amzsync_time.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>


/*
 * A revision happened a little ago: late enough for a sync that began earlier
 * not to have seen it, early enough for one that begins now.
 */

#define AMZSYNC_HTTP_SANDBOX_AGO  (150 * 1000)


typedef struct {
    ngx_str_t                seller;
    ngx_str_t                marketplaces;
    ngx_str_t                set;
    ngx_str_t                at;
    ngx_str_t                from;
    ngx_str_t                to;
    ngx_str_t                deny;
    ngx_str_t                access;
} amzsync_http_sandbox_ask_t;


static ngx_uint_t amzsync_http_sandbox_local(ngx_http_request_t *r);
static ngx_int_t amzsync_http_sandbox_report_table(const ngx_str_t *name,
    amzsync_sandbox_report_lines_t *lines);
static ngx_int_t amzsync_http_sandbox_ask(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_ask_t *ask);
static ngx_int_t amzsync_http_sandbox_refuse(amzsync_http_sandbox_ctx_t *ctx,
    const char *details);


ngx_int_t
amzsync_http_sandbox_truth(amzsync_http_sandbox_ctx_t *ctx)
{
    amzsync_sandbox_csv_t       *csv;
    amzsync_http_sandbox_ask_t   ask;

    if (!amzsync_http_sandbox_local(ctx->request)) {
        return NGX_HTTP_FORBIDDEN;
    }

    csv = ngx_pcalloc(ctx->request->pool, sizeof(amzsync_sandbox_csv_t));
    if (csv == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (amzsync_http_sandbox_ask(ctx, &ask) != NGX_OK) {
        return amzsync_http_sandbox_refuse(ctx, "seller is missing or wrong.");
    }

    if (ask.marketplaces.len
        && amzsync_sandbox_marketplaces_parse(&csv->search, &ask.marketplaces)
           != NGX_OK)
    {
        return amzsync_http_sandbox_refuse(ctx, "marketplaceIds is wrong.");
    }

    amzsync_http_sandbox_view(ctx, &ask.seller, &csv->view);

    csv->items = (ctx->route->path.len
                  == sizeof("_sandbox/order_items.csv") - 1);
    ctx->csv = csv;

    return amzsync_http_sandbox_stream(ctx, "text/csv; charset=utf-8",
                                       ctx->route->fill);
}


/* The tables of reports: TABLE.csv. */

ngx_int_t
amzsync_http_sandbox_report_truth(amzsync_http_sandbox_ctx_t *ctx)
{
    amzsync_sandbox_search_t         search;
    amzsync_http_sandbox_ask_t       ask;
    amzsync_sandbox_report_lines_t  *lines;

    if (!amzsync_http_sandbox_local(ctx->request)) {
        return NGX_HTTP_FORBIDDEN;
    }

    lines = ngx_pcalloc(ctx->request->pool,
                        sizeof(amzsync_sandbox_report_lines_t));
    if (lines == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->lines = lines;

    if (amzsync_http_sandbox_report_table(&ctx->rest, lines) != NGX_OK) {
        return amzsync_http_sandbox_error(ctx, NGX_HTTP_NOT_FOUND, "NotFound",
                                          "The resource specified does not "
                                          "exist.", "");
    }

    if (amzsync_http_sandbox_ask(ctx, &ask) != NGX_OK) {
        return amzsync_http_sandbox_refuse(ctx, "seller is missing or wrong.");
    }

    ngx_memzero(&search, sizeof(amzsync_sandbox_search_t));

    if (ask.marketplaces.len
        && amzsync_sandbox_marketplaces_parse(&search, &ask.marketplaces)
           != NGX_OK)
    {
        return amzsync_http_sandbox_refuse(ctx, "marketplaceIds is wrong.");
    }

    lines->from = ask.from.len
                  ? amzsync_time_parse(ask.from.data, ask.from.len) : 0;
    lines->to = ask.to.len ? amzsync_time_parse(ask.to.data, ask.to.len)
                           : INT64_MAX - 1;

    if (lines->from == AMZSYNC_TIME_BAD || lines->to == AMZSYNC_TIME_BAD) {
        return amzsync_http_sandbox_refuse(ctx, "from and to must be times.");
    }

    amzsync_http_sandbox_view(ctx, &ask.seller, &lines->view);

    lines->marketplaces = search.nmarketplaces ? search.marketplaces
                                               : NGX_MAX_UINT32_VALUE;
    lines->charset = ctx->conf->report_charset;
    lines->truth = 1;

    amzsync_sandbox_report_start(lines);

    return amzsync_http_sandbox_stream(ctx, "text/csv; charset=utf-8",
                                       ctx->route->fill);
}


static ngx_int_t
amzsync_http_sandbox_report_table(const ngx_str_t *name,
    amzsync_sandbox_report_lines_t *lines)
{
    size_t       len;
    const char  *table;

    for (lines->report = 0;
         lines->report < AMZSYNC_SANDBOX_REPORTS;
         lines->report++)
    {
        table = amzsync_sandbox_reports[lines->report]->table;
        len = ngx_strlen(table);

        if (name->len == len + sizeof(".csv") - 1
            && ngx_memcmp(name->data, table, len) == 0
            && ngx_memcmp(name->data + len, ".csv", sizeof(".csv") - 1) == 0)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
amzsync_http_sandbox_fill_report_csv(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out)
{
    return amzsync_sandbox_report_run(ctx->lines, out);
}


ngx_int_t
amzsync_http_sandbox_revision(amzsync_http_sandbox_ctx_t *ctx)
{
    u_char                      buf[512];
    int64_t                     at;
    ngx_int_t                   rc, revision;
    amzsync_sandbox_out_t       out;
    amzsync_sandbox_view_t      view;
    amzsync_http_sandbox_ask_t  ask;

    if (!amzsync_http_sandbox_local(ctx->request)) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (amzsync_http_sandbox_ask(ctx, &ask) != NGX_OK) {
        return amzsync_http_sandbox_refuse(ctx, "seller is missing or wrong.");
    }

    revision = ngx_atoi(ask.set.data, ask.set.len);

    if (revision == NGX_ERROR || revision > AMZSYNC_SANDBOX_REVISIONS) {
        return amzsync_http_sandbox_refuse(ctx, "set must be a number from 0 "
                                           "to 64.");
    }

    amzsync_http_sandbox_view(ctx, &ask.seller, &view);

    at = amzsync_http_sandbox_now() - AMZSYNC_HTTP_SANDBOX_AGO;
    at = ngx_max(at, view.until);

    if (ask.at.len) {
        at = amzsync_time_parse(ask.at.data, ask.at.len);
    }

    if (at == AMZSYNC_TIME_BAD || at < view.until) {
        return amzsync_http_sandbox_refuse(ctx, "at must be a time, and not "
                                           "before \"until\".");
    }

    rc = amzsync_sandbox_zone_revise(ctx->zone, ctx->slab, &ask.seller,
                                     revision, at);

    if (rc == NGX_DECLINED) {
        return amzsync_http_sandbox_refuse(ctx, "at must not be before the "
                                           "revision that stands.");
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    amzsync_sandbox_out(&out, buf, sizeof(buf));

    amzsync_sandbox_open(&out, NULL, '{');
    amzsync_sandbox_str(&out, "seller", ask.seller.data, ask.seller.len);
    amzsync_sandbox_int(&out, "revision", revision);
    amzsync_sandbox_close(&out, '}');

    return amzsync_http_sandbox_reply(ctx, NGX_HTTP_OK, &out);
}


ngx_int_t
amzsync_http_sandbox_revoke(amzsync_http_sandbox_ctx_t *ctx)
{
    u_char                      buf[512];
    amzsync_sandbox_out_t       out;
    amzsync_sandbox_grant_e     grant;
    amzsync_http_sandbox_ask_t  ask;

    if (!amzsync_http_sandbox_local(ctx->request)) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (amzsync_http_sandbox_ask(ctx, &ask) != NGX_OK) {
        return amzsync_http_sandbox_refuse(ctx, "seller is missing or wrong.");
    }

    grant = AMZSYNC_SANDBOX_REVOKED;

    if (ask.access.data != NULL) {

        if (ask.access.len != sizeof("off") - 1
            || ngx_memcmp(ask.access.data, "off", sizeof("off") - 1) != 0)
        {
            return amzsync_http_sandbox_refuse(ctx, "access must be \"off\".");
        }

        grant = AMZSYNC_SANDBOX_REVOKED_ALL;
    }

    if (amzsync_sandbox_zone_grant(ctx->zone, ctx->slab, &ask.seller, grant)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    amzsync_sandbox_out(&out, buf, sizeof(buf));

    amzsync_sandbox_open(&out, NULL, '{');
    amzsync_sandbox_str(&out, "seller", ask.seller.data, ask.seller.len);
    amzsync_sandbox_bool(&out, "revoked", 1);
    amzsync_sandbox_close(&out, '}');

    return amzsync_http_sandbox_reply(ctx, NGX_HTTP_OK, &out);
}


ngx_int_t
amzsync_http_sandbox_roles(amzsync_http_sandbox_ctx_t *ctx)
{
    u_char                      buf[2048];
    uint64_t                    denied;
    ngx_int_t                   op;
    ngx_str_t                   name;
    amzsync_sandbox_out_t       out;
    amzsync_http_sandbox_ask_t  ask;

    if (!amzsync_http_sandbox_local(ctx->request)) {
        return NGX_HTTP_FORBIDDEN;
    }

    if (amzsync_http_sandbox_ask(ctx, &ask) != NGX_OK) {
        return amzsync_http_sandbox_refuse(ctx, "seller is missing or wrong.");
    }

    if (ask.deny.data == NULL) {
        return amzsync_http_sandbox_refuse(ctx, "deny is missing.");
    }

    denied = 0;

    while (ask.deny.len
           && amzsync_sandbox_query_element(&ask.deny, &name))
    {
        op = amzsync_http_sandbox_op(name.data, name.len);

        if (op == NGX_ERROR) {
            return amzsync_http_sandbox_refuse(ctx, "deny has an unknown "
                                               "operation.");
        }

        denied |= (uint64_t) 1 << op;
    }

    if (amzsync_sandbox_zone_deny(ctx->zone, ctx->slab, &ask.seller, denied)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    amzsync_sandbox_out(&out, buf, sizeof(buf));

    amzsync_sandbox_open(&out, NULL, '{');
    amzsync_sandbox_str(&out, "seller", ask.seller.data, ask.seller.len);
    amzsync_sandbox_open(&out, "denied", '[');

    for (op = 0; op < AMZSYNC_SANDBOX_OPS; op++) {
        if (denied & ((uint64_t) 1 << op)) {
            amzsync_sandbox_cstr(&out, NULL, amzsync_sandbox_ops[op]);
        }
    }

    amzsync_sandbox_close(&out, ']');
    amzsync_sandbox_close(&out, '}');

    return amzsync_http_sandbox_reply(ctx, NGX_HTTP_OK, &out);
}


ngx_int_t
amzsync_http_sandbox_stats(amzsync_http_sandbox_ctx_t *ctx)
{
    u_char                 buf[4096];
    amzsync_sandbox_out_t  out;

    if (!amzsync_http_sandbox_local(ctx->request)) {
        return NGX_HTTP_FORBIDDEN;
    }

    amzsync_sandbox_out(&out, buf, sizeof(buf));
    amzsync_sandbox_zone_stats(ctx->zone, &out);

    return amzsync_http_sandbox_reply(ctx, NGX_HTTP_OK, &out);
}


static ngx_uint_t
amzsync_http_sandbox_local(ngx_http_request_t *r)
{
    struct sockaddr      *sa;
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    u_char               *p;
    struct sockaddr_in6  *sin6;
#endif

    sa = r->connection->sockaddr;

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        return (ntohl(sin->sin_addr.s_addr) >> 24) == 127;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        p = sin6->sin6_addr.s6_addr;

        return IN6_IS_ADDR_LOOPBACK(&sin6->sin6_addr)
               || (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr) && p[12] == 127);
#endif

#if (NGX_HAVE_UNIX_DOMAIN)
    case AF_UNIX:
        return 1;
#endif

    default:
        return 0;
    }
}


static ngx_int_t
amzsync_http_sandbox_ask(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_http_sandbox_ask_t *ask)
{
    u_char                   *buf;
    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_http_request_t       *r;
    amzsync_sandbox_query_t   query;

    struct {
        ngx_str_t            name;
        ngx_str_t           *value;
    } fields[] = {
        { ngx_string("seller"), &ask->seller },
        { ngx_string("marketplaceIds"), &ask->marketplaces },
        { ngx_string("set"), &ask->set },
        { ngx_string("at"), &ask->at },
        { ngx_string("from"), &ask->from },
        { ngx_string("to"), &ask->to },
        { ngx_string("deny"), &ask->deny },
        { ngx_string("access"), &ask->access }
    };

    ngx_memzero(ask, sizeof(amzsync_http_sandbox_ask_t));

    r = ctx->request;

    buf = ngx_pnalloc(r->pool, r->args.len + 1);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    amzsync_sandbox_query(&query, &r->args, buf);

    while ((rc = amzsync_sandbox_query_next(&query)) == NGX_OK) {
        for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            if (query.name.len == fields[i].name.len
                && ngx_memcmp(query.name.data, fields[i].name.data,
                              query.name.len)
                   == 0)
            {
                *fields[i].value = query.value;
            }
        }
    }

    if (rc == NGX_ERROR || !amzsync_http_sandbox_seller(&ask->seller)) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_http_sandbox_refuse(amzsync_http_sandbox_ctx_t *ctx,
    const char *details)
{
    return amzsync_http_sandbox_error(ctx, NGX_HTTP_BAD_REQUEST,
                                      "InvalidInput", "Invalid Input",
                                      details);
}
