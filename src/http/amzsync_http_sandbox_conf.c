
/*
 * The arguments of the directive amzsync_sandbox.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>


#define AMZSYNC_HTTP_SANDBOX_UNTIL_MIN  ((int64_t) 2 * 365 * 86400 * 1000)
#define AMZSYNC_HTTP_SANDBOX_TTL_MAX    (365 * 86400)
#define AMZSYNC_HTTP_SANDBOX_SPAN_MAX   (10 * 365 * 86400)


/* Puts a value into its field; what is wrong with it, or NGX_CONF_OK. */
typedef char *(*amzsync_http_sandbox_arg_pt)(ngx_conf_t *cf, ngx_str_t *value,
    void *field);


typedef struct {
    ngx_str_t                      name;
    amzsync_http_sandbox_arg_pt    set;
    size_t                         offset;
} amzsync_http_sandbox_arg_t;


static char *amzsync_http_sandbox_zone(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_number(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_rows(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_size(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_life(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_decimal(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_until(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_text(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_flag(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_address(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_msec(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_span(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_charset(ngx_conf_t *cf, ngx_str_t *value,
    void *field);
static char *amzsync_http_sandbox_fault(ngx_conf_t *cf, ngx_str_t *value,
    void *conf);
static ngx_int_t amzsync_http_sandbox_init_zone(ngx_shm_zone_t *shm_zone,
    void *data);


static const amzsync_http_sandbox_arg_t  amzsync_http_sandbox_args[] = {

    { ngx_string("zone="), amzsync_http_sandbox_zone,
      offsetof(amzsync_http_sandbox_conf_t, shm_zone) },

    { ngx_string("seed="), amzsync_http_sandbox_number,
      offsetof(amzsync_http_sandbox_conf_t, seed) },

    { ngx_string("orders="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t, orders) },

    { ngx_string("page="), amzsync_http_sandbox_size,
      offsetof(amzsync_http_sandbox_conf_t, page) },

    { ngx_string("inventory="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t, inventory) },

    { ngx_string("inventory_page="), amzsync_http_sandbox_size,
      offsetof(amzsync_http_sandbox_conf_t, inventory_page) },

    { ngx_string("inventory_ttl="), amzsync_http_sandbox_life,
      offsetof(amzsync_http_sandbox_conf_t, inventory_ttl) },

    { ngx_string("transactions="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t, transactions) },

    { ngx_string("transactions_page="), amzsync_http_sandbox_size,
      offsetof(amzsync_http_sandbox_conf_t, transactions_page) },

    { ngx_string("transactions_ttl="), amzsync_http_sandbox_life,
      offsetof(amzsync_http_sandbox_conf_t, transactions_ttl) },

    { ngx_string("quota="), amzsync_http_sandbox_decimal,
      offsetof(amzsync_http_sandbox_conf_t, quota) },

    { ngx_string("token_ttl="), amzsync_http_sandbox_life,
      offsetof(amzsync_http_sandbox_conf_t, token_ttl) },

    { ngx_string("until="), amzsync_http_sandbox_until,
      offsetof(amzsync_http_sandbox_conf_t, until) },

    { ngx_string("client_id="), amzsync_http_sandbox_text,
      offsetof(amzsync_http_sandbox_conf_t, client_id) },

    { ngx_string("client_secret="), amzsync_http_sandbox_text,
      offsetof(amzsync_http_sandbox_conf_t, client_secret) },

    { ngx_string("duplicates="), amzsync_http_sandbox_flag,
      offsetof(amzsync_http_sandbox_conf_t, duplicates) },

    { ngx_string("shipments="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t, shipments) },

    { ngx_string("shipments_page="), amzsync_http_sandbox_size,
      offsetof(amzsync_http_sandbox_conf_t, shipments_page) },

    { ngx_string("code_ttl="), amzsync_http_sandbox_life,
      offsetof(amzsync_http_sandbox_conf_t, code_ttl) },

    { ngx_string("redirect_uri="), amzsync_http_sandbox_address,
      offsetof(amzsync_http_sandbox_conf_t, redirect_uri) },

    { ngx_string("returns="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t,
               reports[AMZSYNC_SANDBOX_REPORT_RETURNS]) },

    { ngx_string("reimbursements="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t,
               reports[AMZSYNC_SANDBOX_REPORT_REIMBURSEMENTS]) },

    { ngx_string("ledger="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t,
               reports[AMZSYNC_SANDBOX_REPORT_LEDGER_DETAIL]) },

    { ngx_string("ledger_summary="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t,
               reports[AMZSYNC_SANDBOX_REPORT_LEDGER_SUMMARY]) },

    { ngx_string("removals="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t,
               reports[AMZSYNC_SANDBOX_REPORT_REMOVAL_ORDERS]) },

    { ngx_string("removal_shipments="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t,
               reports[AMZSYNC_SANDBOX_REPORT_REMOVAL_SHIPMENTS]) },

    { ngx_string("replacements="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t,
               reports[AMZSYNC_SANDBOX_REPORT_REPLACEMENTS]) },

    { ngx_string("settlements="), amzsync_http_sandbox_rows,
      offsetof(amzsync_http_sandbox_conf_t,
               reports[AMZSYNC_SANDBOX_REPORT_SETTLEMENTS]) },

    { ngx_string("report_time="), amzsync_http_sandbox_msec,
      offsetof(amzsync_http_sandbox_conf_t, report_time) },

    { ngx_string("report_span="), amzsync_http_sandbox_span,
      offsetof(amzsync_http_sandbox_conf_t, report_span) },

    { ngx_string("report_cooldown="), amzsync_http_sandbox_decimal,
      offsetof(amzsync_http_sandbox_conf_t, report_cooldown) },

    { ngx_string("report_charset="), amzsync_http_sandbox_charset,
      offsetof(amzsync_http_sandbox_conf_t, report_charset) },

    { ngx_string("report_gzip="), amzsync_http_sandbox_flag,
      offsetof(amzsync_http_sandbox_conf_t, report_gzip) },

    { ngx_string("document_ttl="), amzsync_http_sandbox_life,
      offsetof(amzsync_http_sandbox_conf_t, document_ttl) },

    { ngx_string("fault="), amzsync_http_sandbox_fault, 0 },

    { ngx_null_string, NULL, 0 }
};


ngx_int_t
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

        rv = "has an unknown argument";

        if (a->name.len) {
            arg.data = value[i].data + a->name.len;
            arg.len = value[i].len - a->name.len;
            rv = a->set(cf, &arg, (u_char *) scf + a->offset);
        }

        if (rv != NGX_CONF_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" %s \"%V\"",
                               &value[0], rv, &value[i]);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static char *
amzsync_http_sandbox_zone(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    ngx_shm_zone_t **zone = field;

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

    *zone = ngx_shared_memory_add(cf, &name, size, &ngx_http_amzsync_module);
    if (*zone == NULL) {
        return "cannot use the zone of";
    }

    (*zone)->init = amzsync_http_sandbox_init_zone;

    return NGX_CONF_OK;
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
amzsync_http_sandbox_number(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    uint64_t *number = field;

    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);
    *number = n;

    return (n == NGX_ERROR) ? "needs a number in" : NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_rows(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    int64_t *rows = field;

    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n == NGX_ERROR || n > AMZSYNC_SANDBOX_ORDERS) {
        return "needs a number from 0 to 10000000 in";
    }

    *rows = n;

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_size(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    ngx_uint_t *size = field;

    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n < 1 || n > 100) {
        return "needs a number from 1 to 100 in";
    }

    *size = n;

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_life(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    time_t *life = field;

    *life = ngx_parse_time(value, 1);

    if (*life == (time_t) NGX_ERROR || *life > AMZSYNC_HTTP_SANDBOX_TTL_MAX) {
        return "needs a time of at most a year in";
    }

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_decimal(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    double *decimal = field;

    ngx_int_t  n;

    n = ngx_atofp(value->data, value->len, 3);

    if (n == NGX_ERROR) {
        return "needs a decimal number in";
    }

    *decimal = (double) n / 1000;

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_until(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    int64_t *until = field;

    *until = amzsync_time_parse(value->data, value->len);

    /* 300 days of orders come before it; AMZSYNC_TIME_BAD is less, too */

    return (*until < AMZSYNC_HTTP_SANDBOX_UNTIL_MIN)
           ? "needs a time of ISO 8601, of 1972 or later, in" : NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_text(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    ngx_str_t *text = field;

    *text = *value;

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_flag(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    ngx_uint_t *flag = field;

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


static char *
amzsync_http_sandbox_address(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    ngx_str_t *address = field;

    *address = *value;

    if ((ngx_strncmp(value->data, "http://", 7) != 0
         && ngx_strncmp(value->data, "https://", 8) != 0)
        || ngx_strlchr(value->data, value->data + value->len, '#'))
    {
        return "needs an address of http or https, without a fragment, in";
    }

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_msec(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    ngx_msec_t *msec = field;

    ngx_int_t  n;

    n = ngx_parse_time(value, 0);

    if (n == NGX_ERROR || n > 86400 * 1000) {
        return "needs a time of at most a day in";
    }

    *msec = n;

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_span(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    time_t *span = field;

    *span = ngx_parse_time(value, 1);

    if (*span == (time_t) NGX_ERROR || *span > AMZSYNC_HTTP_SANDBOX_SPAN_MAX) {
        return "needs a time of at most ten years in";
    }

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_charset(ngx_conf_t *cf, ngx_str_t *value, void *field)
{
    amzsync_sandbox_charset_e *charset = field;

    ngx_uint_t  i;

    static ngx_str_t  names[] = {
        ngx_string("utf-8"),
        ngx_string("cp1252"),
        ngx_string("cp932")
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (value->len == names[i].len
            && ngx_memcmp(value->data, names[i].data, value->len) == 0)
        {
            *charset = i;
            return NGX_CONF_OK;
        }
    }

    return "needs \"utf-8\", \"cp1252\" or \"cp932\" in";
}


/* KIND:N, or KIND:N:OPERATION. */

static char *
amzsync_http_sandbox_fault(ngx_conf_t *cf, ngx_str_t *value, void *conf)
{
    amzsync_http_sandbox_conf_t *scf = conf;

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
        op = amzsync_http_sandbox_op(last + 1, end - last - 1);

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
