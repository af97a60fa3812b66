
/*
 * The directive amzsync_sandbox, and the ways through its location.
 */


#include <base/amzsync_base.h>
#include <http/amzsync_http_request.h>
#include <http/amzsync_http_sandbox.h>


static ngx_int_t amzsync_http_sandbox_handler(ngx_http_request_t *r);
static ngx_int_t amzsync_http_sandbox_route(amzsync_http_sandbox_ctx_t *ctx);
static void amzsync_http_sandbox_body(ngx_http_request_t *r);
static ngx_int_t amzsync_http_sandbox_not_allowed(
    amzsync_http_sandbox_ctx_t *ctx);
static void amzsync_http_sandbox_defaults(amzsync_http_sandbox_conf_t *scf);


#define AMZSYNC_HTTP_READ  (NGX_HTTP_GET|NGX_HTTP_HEAD)


/* Rates and bursts are those of the models. */

static const amzsync_http_sandbox_route_t  amzsync_http_sandbox_routes[] = {

    { ngx_string("auth/o2/token"), 0, NGX_HTTP_POST,
      AMZSYNC_SANDBOX_OP_TOKEN, amzsync_http_sandbox_token, 0, 0, NULL, NULL },

    { ngx_string("apps/authorize/consent"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONSENT, amzsync_http_sandbox_consent, 0, 0, NULL,
      NULL },

    { ngx_string("orders/2026-01-01/orders"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_SEARCH_ORDERS, amzsync_http_sandbox_data,
      0.0056, 20, amzsync_http_sandbox_orders,
      amzsync_http_sandbox_fill_orders },

    { ngx_string("orders/2026-01-01/orders/"), 1, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_GET_ORDER, amzsync_http_sandbox_data, 0.5, 30,
      amzsync_http_sandbox_order, amzsync_http_sandbox_fill_order },

    { ngx_string("sellers/v1/marketplaceParticipations"), 0,
      AMZSYNC_HTTP_READ, AMZSYNC_SANDBOX_OP_PARTICIPATIONS,
      amzsync_http_sandbox_data, 0.016, 15,
      amzsync_http_sandbox_participations,
      amzsync_http_sandbox_fill_participations },

    { ngx_string("fba/inventory/v1/summaries"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_INVENTORY, amzsync_http_sandbox_data, 2, 2,
      amzsync_http_sandbox_inventory, amzsync_http_sandbox_fill_inventory },

    { ngx_string("finances/2024-06-19/transactions"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_TRANSACTIONS, amzsync_http_sandbox_data, 0.5, 10,
      amzsync_http_sandbox_transactions,
      amzsync_http_sandbox_fill_transactions },

    { ngx_string("reports/2021-06-30/reports"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_GET_REPORTS, amzsync_http_sandbox_data, 0.0222, 10,
      amzsync_http_sandbox_reports, amzsync_http_sandbox_fill_reports },

    { ngx_string("reports/2021-06-30/reports"), 0, NGX_HTTP_POST,
      AMZSYNC_SANDBOX_OP_CREATE_REPORT, amzsync_http_sandbox_data, 0.0167, 15,
      amzsync_http_sandbox_create_report, amzsync_http_sandbox_fill_created },

    { ngx_string("reports/2021-06-30/reports/"), 1, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_GET_REPORT, amzsync_http_sandbox_data, 2, 15,
      amzsync_http_sandbox_report, amzsync_http_sandbox_fill_report },

    { ngx_string("reports/2021-06-30/reports/"), 1, NGX_HTTP_DELETE,
      AMZSYNC_SANDBOX_OP_CANCEL_REPORT, amzsync_http_sandbox_data, 0.0222, 10,
      amzsync_http_sandbox_cancel_report, amzsync_http_sandbox_fill_nothing },

    { ngx_string("reports/2021-06-30/documents/"), 1, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_GET_REPORT_DOCUMENT, amzsync_http_sandbox_data,
      0.0167, 15, amzsync_http_sandbox_report_document,
      amzsync_http_sandbox_fill_report_document },

    { ngx_string("_document/"), 1, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_DOCUMENT, amzsync_http_sandbox_document, 0, 0, NULL,
      amzsync_http_sandbox_fill_document },
    { ngx_string("fba/inbound/v0/shipments"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_SHIPMENTS, amzsync_http_sandbox_data, 2, 30,
      amzsync_http_sandbox_inbound, amzsync_http_sandbox_fill_inbound },

    { ngx_string("fba/inbound/v0/shipments/"), 1, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_SHIPMENT_ITEMS, amzsync_http_sandbox_data, 2, 30,
      amzsync_http_sandbox_inbound, amzsync_http_sandbox_fill_inbound },

    { ngx_string("fba/inbound/v0/shipmentItems"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_ITEMS, amzsync_http_sandbox_data, 2, 30,
      amzsync_http_sandbox_inbound, amzsync_http_sandbox_fill_inbound },

    { ngx_string("_sandbox/orders.csv"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_truth, 0, 0, NULL,
      amzsync_http_sandbox_fill_orders_csv },

    { ngx_string("_sandbox/order_items.csv"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_truth, 0, 0, NULL,
      amzsync_http_sandbox_fill_orders_csv },

    { ngx_string("_sandbox/marketplaces.csv"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_truth, 0, 0, NULL,
      amzsync_http_sandbox_fill_participations_csv },

    { ngx_string("_sandbox/inventory.csv"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_truth, 0, 0, NULL,
      amzsync_http_sandbox_fill_inventory_csv },

    { ngx_string("_sandbox/financial_transactions.csv"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_truth, 0, 0, NULL,
      amzsync_http_sandbox_fill_transactions_csv },

    { ngx_string("_sandbox/inbound_shipments.csv"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_truth, 0, 0, NULL,
      amzsync_http_sandbox_fill_inbound_csv },

    { ngx_string("_sandbox/inbound_items.csv"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_truth, 0, 0, NULL,
      amzsync_http_sandbox_fill_inbound_items_csv },

    { ngx_string("_sandbox/revision"), 0, NGX_HTTP_POST,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_revision, 0, 0, NULL,
      NULL },

    { ngx_string("_sandbox/revoke"), 0, NGX_HTTP_POST,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_revoke, 0, 0, NULL,
      NULL },

    { ngx_string("_sandbox/roles"), 0, NGX_HTTP_POST,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_roles, 0, 0, NULL,
      NULL },

    { ngx_string("_sandbox/stats"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_stats, 0, 0, NULL,
      NULL },

    { ngx_string("_sandbox/"), 1, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_report_truth, 0, 0,
      NULL, amzsync_http_sandbox_fill_report_csv },

    { ngx_null_string, 1, 0, AMZSYNC_SANDBOX_OP_OTHER, NULL, 0, 0, NULL, NULL }
};


static ngx_int_t
amzsync_http_sandbox_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc, discarded;
    ngx_http_amzsync_loc_conf_t  *alcf;
    amzsync_http_sandbox_ctx_t   *ctx;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "amzsync sandbox: \"%V\"", &r->uri);

    ctx = ngx_pcalloc(r->pool, sizeof(amzsync_http_sandbox_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_amzsync_module);

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_amzsync_module);

    ctx->request = r;
    ctx->conf = alcf->sandbox;
    ctx->zone = ctx->conf->shm_zone->data;
    ctx->slab = (ngx_slab_pool_t *) ctx->conf->shm_zone->shm.addr;
    ctx->fault = NGX_DECLINED;
    ctx->status = NGX_HTTP_OK;

    rc = amzsync_http_sandbox_route(ctx);

    if (rc == NGX_OK
        && (ctx->route->op == AMZSYNC_SANDBOX_OP_TOKEN
            || ctx->route->op == AMZSYNC_SANDBOX_OP_CREATE_REPORT))
    {
        rc = ngx_http_read_client_request_body(r, amzsync_http_sandbox_body);

        return (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? rc : NGX_DONE;
    }

    discarded = ngx_http_discard_request_body(r);

    if (discarded != NGX_OK) {
        return discarded;
    }

    if (rc == NGX_DECLINED) {
        return amzsync_http_sandbox_error(ctx, NGX_HTTP_NOT_FOUND, "NotFound",
                                          "The resource specified does not "
                                          "exist.", "");
    }

    if (rc == NGX_ERROR) {
        return amzsync_http_sandbox_not_allowed(ctx);
    }

    return ctx->route->handler(ctx);
}


/* NGX_DECLINED: no such way, NGX_ERROR: another method. */

static ngx_int_t
amzsync_http_sandbox_route(amzsync_http_sandbox_ctx_t *ctx)
{
    ngx_str_t                            path;
    ngx_http_request_t                  *r;
    ngx_http_core_loc_conf_t            *clcf;
    const amzsync_http_sandbox_route_t  *route, *other;

    r = ctx->request;
    other = NULL;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* an internal redirect may bring a URI from elsewhere */

    path.len = ngx_min(clcf->name.len, r->uri.len);
    path.data = r->uri.data + path.len;
    path.len = r->uri.len - path.len;

    if (path.len && path.data[0] == '/') {
        path.data++;
        path.len--;
    }

    for (route = amzsync_http_sandbox_routes; route->path.len; route++) {

        if (path.len < route->path.len
            || ngx_memcmp(path.data, route->path.data, route->path.len) != 0)
        {
            continue;
        }

        if (route->more ? path.len <= route->path.len
                        : path.len != route->path.len)
        {
            continue;
        }

        if (other && (route->path.len != other->path.len)) {
            break;
        }

        ctx->methods |= route->methods;
        other = route;

        if (r->method & route->methods) {
            break;
        }
    }

    /* a way, or one with other methods */

    route = other ? other : route;

    ctx->route = route;
    ctx->rest.data = path.data + route->path.len;
    ctx->rest.len = path.len - route->path.len;

    if (route->handler == NULL) {
        return NGX_DECLINED;
    }

    return (r->method & route->methods) ? NGX_OK : NGX_ERROR;
}


static void
amzsync_http_sandbox_body(ngx_http_request_t *r)
{
    amzsync_http_sandbox_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_amzsync_module);

    ngx_http_finalize_request(r, ctx->route->handler(ctx));
}


static ngx_int_t
amzsync_http_sandbox_not_allowed(amzsync_http_sandbox_ctx_t *ctx)
{
    u_char      *p, allow[sizeof("GET, HEAD, POST, DELETE, ")];
    ngx_uint_t   i;

    static const struct {
        ngx_uint_t    method;
        const char   *name;
    } methods[] = {
        { NGX_HTTP_GET, "GET, " },
        { NGX_HTTP_HEAD, "HEAD, " },
        { NGX_HTTP_POST, "POST, " },
        { NGX_HTTP_DELETE, "DELETE, " }
    };

    p = allow;

    for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (ctx->methods & methods[i].method) {
            p = ngx_cpymem(p, methods[i].name, ngx_strlen(methods[i].name));
        }
    }

    p[-2] = '\0';

    if (amzsync_http_add_header(ctx->request, "Allow", (char *) allow)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return amzsync_http_sandbox_error(ctx, NGX_HTTP_NOT_ALLOWED,
                                      "InvalidInput", "Method not allowed.",
                                      "");
}


void
amzsync_http_sandbox_view(amzsync_http_sandbox_ctx_t *ctx,
    const ngx_str_t *seller, amzsync_sandbox_view_t *view)
{
    amzsync_http_sandbox_conf_t  *scf;

    scf = ctx->conf;

    view->key = amzsync_sandbox_seller_key(scf->seed, seller);
    view->orders = scf->orders;
    view->inventory = scf->inventory;
    view->transactions = scf->transactions;
    ngx_memcpy(view->reports, scf->reports, sizeof(view->reports));
    view->shipments = scf->shipments;
    view->until = scf->until ? scf->until
                             : amzsync_sandbox_zone_midnight(ctx->zone);

    amzsync_sandbox_zone_view(ctx->zone, ctx->slab, seller, view);
}


/* A seller's name: letters, digits and '_'. */

ngx_uint_t
amzsync_http_sandbox_seller(const ngx_str_t *seller)
{
    size_t  i;
    u_char  c;

    if (seller->len == 0 || seller->len > AMZSYNC_SELLER_MAX) {
        return 0;
    }

    for (i = 0; i < seller->len; i++) {
        c = ngx_tolower(seller->data[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') {
            return 0;
        }
    }

    return 1;
}


int64_t
amzsync_http_sandbox_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}


char *
amzsync_http_sandbox(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_loc_conf_t  *alcf = conf;

    ngx_http_core_loc_conf_t     *clcf;
    amzsync_http_sandbox_conf_t  *scf;

    if (alcf->sandbox) {
        return "is duplicate";
    }

    if (alcf->handler) {
        return "conflicts with another directive of this location";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->exact_match || clcf->named || clcf->name.len == 0
#if (NGX_PCRE)
        || clcf->regex
#endif
       )
    {
        return "needs a location given by a prefix";
    }

    scf = ngx_pcalloc(cf->pool, sizeof(amzsync_http_sandbox_conf_t));
    if (scf == NULL) {
        return NGX_CONF_ERROR;
    }

    amzsync_http_sandbox_defaults(scf);

    if (amzsync_http_sandbox_parse(cf, scf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (scf->shm_zone == NULL) {
        return "has no \"zone=NAME:SIZE\"";
    }

    amzsync_sandbox_keys(&scf->keys, scf->seed);

    alcf->sandbox = scf;
    clcf->handler = amzsync_http_sandbox_handler;

    return NGX_CONF_OK;
}


static void
amzsync_http_sandbox_defaults(amzsync_http_sandbox_conf_t *scf)
{
    scf->seed = 1;
    scf->orders = 2000;
    scf->inventory = 300;
    scf->transactions = 1000;
    scf->shipments = 60;
    scf->page = 100;
    scf->inventory_page = 50;
    scf->transactions_page = 100;
    scf->shipments_page = 50;
    scf->quota = 1;
    scf->token_ttl = 3600;
    scf->inventory_ttl = 30;
    scf->transactions_ttl = 180;
    scf->code_ttl = 300;

    scf->reports[AMZSYNC_SANDBOX_REPORT_RETURNS] = 400;
    scf->reports[AMZSYNC_SANDBOX_REPORT_REIMBURSEMENTS] = 300;
    scf->reports[AMZSYNC_SANDBOX_REPORT_LEDGER_DETAIL] = 2000;
    scf->reports[AMZSYNC_SANDBOX_REPORT_LEDGER_SUMMARY] = 1000;
    scf->reports[AMZSYNC_SANDBOX_REPORT_REMOVAL_ORDERS] = 200;
    scf->reports[AMZSYNC_SANDBOX_REPORT_REMOVAL_SHIPMENTS] = 200;
    scf->reports[AMZSYNC_SANDBOX_REPORT_REPLACEMENTS] = 100;
    scf->reports[AMZSYNC_SANDBOX_REPORT_SETTLEMENTS] = 1000;

    scf->report_time = 2000;
    scf->report_span = 30 * 86400;
    scf->report_cooldown = 1;
    scf->report_charset = AMZSYNC_SANDBOX_UTF8;
    scf->report_gzip = 1;
    scf->document_ttl = 300;
}


ngx_int_t
amzsync_http_sandbox_op(const u_char *p, size_t len)
{
    const char                          *name;
    const amzsync_http_sandbox_route_t  *route;

    for (route = amzsync_http_sandbox_routes; route->path.len; route++) {
        name = amzsync_sandbox_ops[route->op];

        if ((route->ask || route->op == AMZSYNC_SANDBOX_OP_DOCUMENT)
            && ngx_strlen(name) == len
            && ngx_memcmp(name, p, len) == 0)
        {
            return route->op;
        }
    }

    return NGX_ERROR;
}
