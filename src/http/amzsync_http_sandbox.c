
/*
 * The directive amzsync_sandbox, and the ways through its location.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>


typedef char *(*amzsync_http_sandbox_arg_pt)(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);


typedef struct {
    ngx_str_t                      name;
    amzsync_http_sandbox_arg_pt    set;
} amzsync_http_sandbox_arg_t;


static ngx_int_t amzsync_http_sandbox_handler(ngx_http_request_t *r);
static ngx_int_t amzsync_http_sandbox_route(amzsync_http_sandbox_ctx_t *ctx);
static void amzsync_http_sandbox_body(ngx_http_request_t *r);
static ngx_int_t amzsync_http_sandbox_not_allowed(
    amzsync_http_sandbox_ctx_t *ctx);

static ngx_int_t amzsync_http_sandbox_parse(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf);
static ngx_int_t amzsync_http_sandbox_init_zone(ngx_shm_zone_t *shm_zone,
    void *data);
static char *amzsync_http_sandbox_size(ngx_str_t *value, ngx_uint_t *size);
static ngx_int_t amzsync_http_sandbox_fault_op(u_char *p, size_t len);
static char *amzsync_http_sandbox_arg_zone(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_seed(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_orders(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_page(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_inventory(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_inventory_page(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_inventory_ttl(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_transactions(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_transactions_page(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_transactions_ttl(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_quota(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_ttl(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_until(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_client_id(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_client_secret(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_duplicates(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);
static char *amzsync_http_sandbox_arg_fault(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value);


#define AMZSYNC_HTTP_READ               (NGX_HTTP_GET|NGX_HTTP_HEAD)
#define AMZSYNC_HTTP_SANDBOX_UNTIL_MIN  ((int64_t) 2 * 365 * 86400 * 1000)
#define AMZSYNC_HTTP_SANDBOX_TTL_MAX    (365 * 86400)


/* Rates and bursts are those of the models. */

static const amzsync_http_sandbox_route_t  amzsync_http_sandbox_routes[] = {

    { ngx_string("auth/o2/token"), 0, NGX_HTTP_POST,
      AMZSYNC_SANDBOX_OP_TOKEN, amzsync_http_sandbox_token, 0, 0, NULL, NULL },

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

    { ngx_string("_sandbox/revision"), 0, NGX_HTTP_POST,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_revision, 0, 0, NULL,
      NULL },

    { ngx_string("_sandbox/stats"), 0, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_stats, 0, 0, NULL,
      NULL },

    { ngx_string("_sandbox/"), 1, AMZSYNC_HTTP_READ,
      AMZSYNC_SANDBOX_OP_CONTROL, amzsync_http_sandbox_report_truth, 0, 0,
      NULL, amzsync_http_sandbox_fill_report_csv },

    { ngx_null_string, 1, 0, AMZSYNC_SANDBOX_OP_OTHER, NULL, 0, 0, NULL, NULL }
};


static const amzsync_http_sandbox_arg_t  amzsync_http_sandbox_args[] = {
    { ngx_string("zone="), amzsync_http_sandbox_arg_zone },
    { ngx_string("seed="), amzsync_http_sandbox_arg_seed },
    { ngx_string("orders="), amzsync_http_sandbox_arg_orders },
    { ngx_string("page="), amzsync_http_sandbox_arg_page },
    { ngx_string("inventory="), amzsync_http_sandbox_arg_inventory },
    { ngx_string("inventory_page="), amzsync_http_sandbox_arg_inventory_page },
    { ngx_string("inventory_ttl="), amzsync_http_sandbox_arg_inventory_ttl },
    { ngx_string("transactions="), amzsync_http_sandbox_arg_transactions },
    { ngx_string("transactions_page="),
      amzsync_http_sandbox_arg_transactions_page },
    { ngx_string("transactions_ttl="),
      amzsync_http_sandbox_arg_transactions_ttl },
    { ngx_string("quota="), amzsync_http_sandbox_arg_quota },
    { ngx_string("token_ttl="), amzsync_http_sandbox_arg_ttl },
    { ngx_string("until="), amzsync_http_sandbox_arg_until },
    { ngx_string("client_id="), amzsync_http_sandbox_arg_client_id },
    { ngx_string("client_secret="), amzsync_http_sandbox_arg_client_secret },
    { ngx_string("duplicates="), amzsync_http_sandbox_arg_duplicates },
    { ngx_string("fault="), amzsync_http_sandbox_arg_fault },
    { ngx_null_string, NULL }
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
    size_t            len;
    u_char           *p;
    ngx_uint_t        i;
    ngx_table_elt_t  *h;

    static const struct {
        ngx_uint_t    method;
        const char   *name;
    } methods[] = {
        { NGX_HTTP_GET, "GET, " },
        { NGX_HTTP_HEAD, "HEAD, " },
        { NGX_HTTP_POST, "POST, " },
        { NGX_HTTP_DELETE, "DELETE, " }
    };

    h = ngx_list_push(&ctx->request->headers_out.headers);
    if (h == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    ngx_str_set(&h->key, "Allow");

    p = ngx_pnalloc(ctx->request->pool,
                    sizeof("GET, HEAD, POST, DELETE, "));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    h->value.data = p;

    for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (ctx->methods & methods[i].method) {
            len = ngx_strlen(methods[i].name);
            p = ngx_cpymem(p, methods[i].name, len);
        }
    }

    h->value.len = p - h->value.data - (sizeof(", ") - 1);

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

    scf->seed = 1;
    scf->orders = 2000;
    scf->inventory = 300;
    scf->transactions = 1000;
    scf->page = 100;
    scf->inventory_page = 50;
    scf->transactions_page = 100;
    scf->quota = 1;
    scf->token_ttl = 3600;
    scf->inventory_ttl = 30;
    scf->transactions_ttl = 180;

    amzsync_http_sandbox_report_defaults(scf);

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


static ngx_int_t
amzsync_http_sandbox_parse(ngx_conf_t *cf, amzsync_http_sandbox_conf_t *scf)
{
    char                              *rv;
    ngx_str_t                         *value, arg;
    ngx_uint_t                         i;
    const amzsync_http_sandbox_arg_t  *a;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        for (a = amzsync_http_sandbox_args; a->name.len; a++) {
            if (value[i].len >= a->name.len
                && ngx_memcmp(value[i].data, a->name.data, a->name.len) == 0)
            {
                break;
            }
        }

        if (a->name.len) {
            arg.data = value[i].data + a->name.len;
            arg.len = value[i].len - a->name.len;
            rv = a->set(cf, scf, &arg);

        } else {
            rv = amzsync_http_sandbox_report_arg(scf, &value[i]);
        }

        if (rv != NGX_CONF_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" %s \"%V\"",
                               &value[0], rv, &value[i]);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_http_sandbox_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_slab_pool_t  *slab;

    slab = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (data == NULL && !shm_zone->shm.exists) {
        shm_zone->data = amzsync_sandbox_zone_init(slab, ngx_time());
        return shm_zone->data ? NGX_OK : NGX_ERROR;
    }

    shm_zone->data = amzsync_sandbox_zone_check(slab);

    if (shm_zone->data == NULL) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "zone \"%V\" was made by another version of "
                      "amzsync_sandbox: give it another name or size",
                      &shm_zone->shm.name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static char *
amzsync_http_sandbox_arg_zone(ngx_conf_t *cf, amzsync_http_sandbox_conf_t *scf,
    ngx_str_t *value)
{
    u_char     *colon;
    ssize_t     size;
    ngx_str_t   name, s;

    colon = ngx_strlchr(value->data, value->data + value->len, ':');

    if (colon == NULL || colon == value->data) {
        return "needs NAME:SIZE in";
    }

    name.data = value->data;
    name.len = colon - value->data;
    s.data = colon + 1;
    s.len = value->data + value->len - s.data;

    size = ngx_parse_size(&s);

    if (size == NGX_ERROR || size < (ssize_t) (8 * ngx_pagesize)) {
        return "needs a size of 8 pages or more in";
    }

    scf->shm_zone = ngx_shared_memory_add(cf, &name, size,
                                          &ngx_http_amzsync_module);
    if (scf->shm_zone == NULL) {
        return "cannot use the zone of";
    }

    scf->shm_zone->init = amzsync_http_sandbox_init_zone;

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_arg_seed(ngx_conf_t *cf, amzsync_http_sandbox_conf_t *scf,
    ngx_str_t *value)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);
    scf->seed = n;

    return (n == NGX_ERROR) ? "needs a number in" : NGX_CONF_OK;
}


char *
amzsync_http_sandbox_rows(ngx_str_t *value, int64_t *rows)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n == NGX_ERROR || n > AMZSYNC_SANDBOX_ORDERS) {
        return "needs a number from 0 to 10000000 in";
    }

    *rows = n;

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_size(ngx_str_t *value, ngx_uint_t *size)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n < 1 || n > 100) {
        return "needs a number from 1 to 100 in";
    }

    *size = n;

    return NGX_CONF_OK;
}


char *
amzsync_http_sandbox_life(ngx_str_t *value, time_t *life)
{
    *life = ngx_parse_time(value, 1);

    if (*life == (time_t) NGX_ERROR || *life > AMZSYNC_HTTP_SANDBOX_TTL_MAX) {
        return "needs a time of at most a year in";
    }

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_arg_orders(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    return amzsync_http_sandbox_rows(value, &scf->orders);
}


static char *
amzsync_http_sandbox_arg_page(ngx_conf_t *cf, amzsync_http_sandbox_conf_t *scf,
    ngx_str_t *value)
{
    return amzsync_http_sandbox_size(value, &scf->page);
}


static char *
amzsync_http_sandbox_arg_inventory(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    return amzsync_http_sandbox_rows(value, &scf->inventory);
}


static char *
amzsync_http_sandbox_arg_inventory_page(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    return amzsync_http_sandbox_size(value, &scf->inventory_page);
}


static char *
amzsync_http_sandbox_arg_inventory_ttl(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    return amzsync_http_sandbox_life(value, &scf->inventory_ttl);
}


static char *
amzsync_http_sandbox_arg_transactions(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    return amzsync_http_sandbox_rows(value, &scf->transactions);
}


static char *
amzsync_http_sandbox_arg_transactions_page(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    return amzsync_http_sandbox_size(value, &scf->transactions_page);
}


static char *
amzsync_http_sandbox_arg_transactions_ttl(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    return amzsync_http_sandbox_life(value, &scf->transactions_ttl);
}


static char *
amzsync_http_sandbox_arg_quota(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    return amzsync_http_sandbox_decimal(value, &scf->quota);
}


char *
amzsync_http_sandbox_decimal(ngx_str_t *value, double *decimal)
{
    ngx_int_t  n;

    n = ngx_atofp(value->data, value->len, 3);

    if (n == NGX_ERROR) {
        return "needs a decimal number in";
    }

    *decimal = (double) n / 1000;

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_arg_ttl(ngx_conf_t *cf, amzsync_http_sandbox_conf_t *scf,
    ngx_str_t *value)
{
    return amzsync_http_sandbox_life(value, &scf->token_ttl);
}


static char *
amzsync_http_sandbox_arg_until(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    scf->until = amzsync_time_parse(value->data, value->len);

    /* 300 days of orders come before it; AMZSYNC_TIME_BAD is less, too */

    return (scf->until < AMZSYNC_HTTP_SANDBOX_UNTIL_MIN)
           ? "needs a time of ISO 8601, of 1972 or later, in" : NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_arg_client_id(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    scf->client_id = *value;

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_arg_client_secret(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    scf->client_secret = *value;

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_arg_duplicates(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    return amzsync_http_sandbox_flag(value, &scf->duplicates);
}


char *
amzsync_http_sandbox_flag(ngx_str_t *value, ngx_uint_t *flag)
{
    if (value->len == 2 && ngx_strncmp(value->data, "on", 2) == 0) {
        *flag = 1;
        return NGX_CONF_OK;
    }

    if (value->len == 3 && ngx_strncmp(value->data, "off", 3) == 0) {
        *flag = 0;
        return NGX_CONF_OK;
    }

    return "needs \"on\" or \"off\" in";
}


/* KIND:N, or KIND:N:OPERATION. */

static char *
amzsync_http_sandbox_arg_fault(ngx_conf_t *cf,
    amzsync_http_sandbox_conf_t *scf, ngx_str_t *value)
{
    size_t       len;
    u_char      *colon, *last, *end;
    ngx_int_t    n, op;
    ngx_uint_t   i, *faults;

    end = value->data + value->len;
    colon = ngx_strlchr(value->data, end, ':');

    if (colon == NULL) {
        return "needs KIND:N in";
    }

    last = ngx_strlchr(colon + 1, end, ':');
    n = ngx_atoi(colon + 1, (last ? last : end) - colon - 1);

    if (n < 1) {
        return "needs a number of 1 or more in";
    }

    faults = scf->faults;

    if (last) {
        op = amzsync_http_sandbox_fault_op(last + 1, end - last - 1);

        if (op == NGX_ERROR) {
            return "does not know the operation of";
        }

        faults = scf->aimed[op];
    }

    len = colon - value->data;

    for (i = 0; i < AMZSYNC_SANDBOX_FAULTS; i++) {
        if (ngx_strlen(amzsync_sandbox_faults[i]) != len
            || ngx_memcmp(amzsync_sandbox_faults[i], value->data, len) != 0)
        {
            continue;
        }

        if (last && AMZSYNC_SANDBOX_LWA_FAULT(i)) {
            return "is for tokens, and has an operation in";
        }

        if (AMZSYNC_SANDBOX_REPORT_FAULT(i)) {
            op = (i == AMZSYNC_SANDBOX_FAULT_EXPIRED_ADDRESS)
                 ? AMZSYNC_SANDBOX_OP_DOCUMENT
                 : AMZSYNC_SANDBOX_OP_CREATE_REPORT;

            if (last && faults != scf->aimed[op]) {
                return "is of another operation than that in";
            }

            faults = scf->aimed[op];
        }

        faults[i] = n;

        return NGX_CONF_OK;
    }

    return "does not know the fault";
}


/* An operation that has data, or a document. */

static ngx_int_t
amzsync_http_sandbox_fault_op(u_char *p, size_t len)
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
