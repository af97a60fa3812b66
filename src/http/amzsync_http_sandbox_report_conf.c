
/*
 * Arguments of amzsync_sandbox that are about reports.
 */


#include <base/amzsync_base.h>
#include <http/amzsync_http.h>
#include <http/amzsync_http_sandbox.h>


#define AMZSYNC_HTTP_SANDBOX_SPAN_MAX  (10 * 365 * 86400)


typedef enum {
    AMZSYNC_HTTP_SANDBOX_ROWS = 0,
    AMZSYNC_HTTP_SANDBOX_MSEC,
    AMZSYNC_HTTP_SANDBOX_SPAN,
    AMZSYNC_HTTP_SANDBOX_LIFE,
    AMZSYNC_HTTP_SANDBOX_DECIMAL,
    AMZSYNC_HTTP_SANDBOX_FLAG,
    AMZSYNC_HTTP_SANDBOX_CHARSET
} amzsync_http_sandbox_arg_e;


typedef struct {
    ngx_str_t                      name;
    amzsync_http_sandbox_arg_e     type;
    size_t                         offset;
} amzsync_http_sandbox_report_arg_t;


static char *amzsync_http_sandbox_msec(ngx_str_t *value, ngx_msec_t *msec);
static char *amzsync_http_sandbox_span(ngx_str_t *value, time_t *span);
static char *amzsync_http_sandbox_charset(ngx_str_t *value,
    amzsync_sandbox_charset_e *charset);


#define amzsync_http_sandbox_report_rows(name, report)                        \
    { ngx_string(name), AMZSYNC_HTTP_SANDBOX_ROWS,                            \
      offsetof(amzsync_http_sandbox_conf_t, reports)                          \
      + (report) * sizeof(int64_t) }

#define amzsync_http_sandbox_report_is(name, type, field)                     \
    { ngx_string(name), type, offsetof(amzsync_http_sandbox_conf_t, field) }


static const amzsync_http_sandbox_report_arg_t
    amzsync_http_sandbox_report_args[] =
{
    amzsync_http_sandbox_report_rows("returns=",
                                     AMZSYNC_SANDBOX_REPORT_RETURNS),
    amzsync_http_sandbox_report_rows("reimbursements=",
                                     AMZSYNC_SANDBOX_REPORT_REIMBURSEMENTS),
    amzsync_http_sandbox_report_rows("ledger=",
                                     AMZSYNC_SANDBOX_REPORT_LEDGER_DETAIL),
    amzsync_http_sandbox_report_rows("ledger_summary=",
                                     AMZSYNC_SANDBOX_REPORT_LEDGER_SUMMARY),
    amzsync_http_sandbox_report_rows("removals=",
                                     AMZSYNC_SANDBOX_REPORT_REMOVAL_ORDERS),
    amzsync_http_sandbox_report_rows("removal_shipments=",
                                     AMZSYNC_SANDBOX_REPORT_REMOVAL_SHIPMENTS),
    amzsync_http_sandbox_report_rows("replacements=",
                                     AMZSYNC_SANDBOX_REPORT_REPLACEMENTS),
    amzsync_http_sandbox_report_rows("settlements=",
                                     AMZSYNC_SANDBOX_REPORT_SETTLEMENTS),
    amzsync_http_sandbox_report_is("report_time=", AMZSYNC_HTTP_SANDBOX_MSEC,
                                   report_time),
    amzsync_http_sandbox_report_is("report_span=", AMZSYNC_HTTP_SANDBOX_SPAN,
                                   report_span),
    amzsync_http_sandbox_report_is("report_cooldown=",
                                   AMZSYNC_HTTP_SANDBOX_DECIMAL,
                                   report_cooldown),
    amzsync_http_sandbox_report_is("report_charset=",
                                   AMZSYNC_HTTP_SANDBOX_CHARSET,
                                   report_charset),
    amzsync_http_sandbox_report_is("report_gzip=", AMZSYNC_HTTP_SANDBOX_FLAG,
                                   report_gzip),
    amzsync_http_sandbox_report_is("document_ttl=", AMZSYNC_HTTP_SANDBOX_LIFE,
                                   document_ttl),
    { ngx_null_string, 0, 0 }
};


void
amzsync_http_sandbox_report_defaults(amzsync_http_sandbox_conf_t *scf)
{
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


char *
amzsync_http_sandbox_report_arg(amzsync_http_sandbox_conf_t *scf,
    const ngx_str_t *arg)
{
    void                                     *field;
    ngx_str_t                                 value;
    const amzsync_http_sandbox_report_arg_t  *a;

    for (a = amzsync_http_sandbox_report_args; a->name.len; a++) {
        if (arg->len >= a->name.len
            && ngx_memcmp(arg->data, a->name.data, a->name.len) == 0)
        {
            break;
        }
    }

    value.data = arg->data + a->name.len;
    value.len = arg->len - a->name.len;
    field = (u_char *) scf + a->offset;

    if (a->name.len == 0) {
        return "has an unknown argument";
    }

    switch (a->type) {

    case AMZSYNC_HTTP_SANDBOX_ROWS:
        return amzsync_http_sandbox_rows(&value, field);

    case AMZSYNC_HTTP_SANDBOX_MSEC:
        return amzsync_http_sandbox_msec(&value, field);

    case AMZSYNC_HTTP_SANDBOX_SPAN:
        return amzsync_http_sandbox_span(&value, field);

    case AMZSYNC_HTTP_SANDBOX_LIFE:
        return amzsync_http_sandbox_life(&value, field);

    case AMZSYNC_HTTP_SANDBOX_DECIMAL:
        return amzsync_http_sandbox_decimal(&value, field);

    case AMZSYNC_HTTP_SANDBOX_FLAG:
        return amzsync_http_sandbox_flag(&value, field);

    default: /* AMZSYNC_HTTP_SANDBOX_CHARSET */
        return amzsync_http_sandbox_charset(&value, field);
    }
}


static char *
amzsync_http_sandbox_msec(ngx_str_t *value, ngx_msec_t *msec)
{
    ngx_int_t  n;

    n = ngx_parse_time(value, 0);

    if (n == NGX_ERROR || n > 86400 * 1000) {
        return "needs a time of at most a day in";
    }

    *msec = n;

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_span(ngx_str_t *value, time_t *span)
{
    *span = ngx_parse_time(value, 1);

    if (*span == (time_t) NGX_ERROR || *span > AMZSYNC_HTTP_SANDBOX_SPAN_MAX) {
        return "needs a time of at most ten years in";
    }

    return NGX_CONF_OK;
}


static char *
amzsync_http_sandbox_charset(ngx_str_t *value,
    amzsync_sandbox_charset_e *charset)
{
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
