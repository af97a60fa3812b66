
/*
 * The directives of a seller's consent.
 */


#include <http/amzsync_http_conf.h>
#include <base/amzsync_text.h>


#define AMZSYNC_HTTP_CONSENT_PATH     "/apps/authorize/consent"
#define AMZSYNC_HTTP_CONSENT_TTL      600000
#define AMZSYNC_HTTP_CONSENT_TTL_MAX  3600000


/* The arguments of "amzsync_consent" behind its address. */

typedef struct {
    ngx_str_t    application;
    ngx_str_t    redirect_uri;
    ngx_uint_t   beta;
    ngx_msec_t   ttl;
} amzsync_http_consent_args_t;


static ngx_int_t amzsync_http_conf_consent_arg(ngx_conf_t *cf, ngx_str_t *arg,
    amzsync_http_consent_args_t *args);
static ngx_uint_t amzsync_http_conf_consent_take(ngx_str_t *arg,
    const char *name, ngx_str_t *value);
static ngx_int_t amzsync_http_conf_consent_address(ngx_conf_t *cf,
    ngx_str_t *url, amzsync_http_consent_args_t *args, ngx_str_t *address);
static ngx_int_t amzsync_http_conf_page(ngx_conf_t *cf, ngx_str_t *page);


char *
amzsync_http_conf_consent(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_main_conf_t  *amcf = conf;

    ngx_int_t                     region;
    ngx_str_t                    *value;
    ngx_uint_t                    i;
    amzsync_http_consent_t       *consent;
    amzsync_http_consent_args_t   args;

    value = cf->args->elts;

    region = amzsync_http_conf_region(cf, cmd, &value[1]);
    if (region == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    consent = &amcf->consents[region];

    if (consent->address.len) {
        return "is duplicate";
    }

    if (amzsync_http_conf_url(cf, &value[2]) == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&args, sizeof(amzsync_http_consent_args_t));

    for (i = 3; i < cf->args->nelts; i++) {
        if (amzsync_http_conf_consent_arg(cf, &value[i], &args) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (args.application.len == 0) {
        return "has no \"application_id\"";
    }

    if (args.redirect_uri.len) {
        consent->redirect_uri = amzsync_http_conf_text(cf,
                                                       &args.redirect_uri);
        if (consent->redirect_uri == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    consent->ttl = args.ttl ? args.ttl : AMZSYNC_HTTP_CONSENT_TTL;

    return amzsync_http_conf_consent_address(cf, &value[2], &args,
                                             &consent->address)
           == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
amzsync_http_conf_consent_arg(ngx_conf_t *cf, ngx_str_t *arg,
    amzsync_http_consent_args_t *args)
{
    ngx_int_t    n;
    ngx_str_t    value, copy, *dst;
    const char  *wrong;

    dst = NULL;
    wrong = NULL;

    if (amzsync_http_conf_consent_take(arg, "application_id=", &value)) {
        dst = &args->application;

        if (!amzsync_http_conf_printable(&value)) {
            wrong = "must be printable ASCII";
        }

    } else if (amzsync_http_conf_consent_take(arg, "redirect_uri=", &value)) {
        dst = &args->redirect_uri;
        copy = value;

        if (amzsync_http_conf_url(cf, &copy) == NULL) {
            return NGX_ERROR;
        }

    } else if (amzsync_http_conf_consent_take(arg, "version=", &value)) {

        if (args->beta) {
            wrong = "is duplicate";

        } else if (value.len != 4 || ngx_strncmp(value.data, "beta", 4) != 0) {
            wrong = "must be \"beta\"";
        }

        args->beta = 1;

    } else if (amzsync_http_conf_consent_take(arg, "state_ttl=", &value)) {
        n = ngx_parse_time(&value, 0);

        if (args->ttl) {
            wrong = "is duplicate";

        } else if (n < 1 || n > AMZSYNC_HTTP_CONSENT_TTL_MAX) {
            wrong = "must be between 1ms and 1h";

        } else {
            args->ttl = n;
        }

    } else {
        wrong = "is not known";
    }

    if (wrong == NULL && dst && dst->len) {
        wrong = "is duplicate";
    }

    if (wrong) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\": %s", arg, wrong);
        return NGX_ERROR;
    }

    if (dst) {
        *dst = value;
    }

    return NGX_OK;
}


static ngx_uint_t
amzsync_http_conf_consent_take(ngx_str_t *arg, const char *name,
    ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (arg->len < len || ngx_strncmp(arg->data, name, len) != 0) {
        return 0;
    }

    value->data = arg->data + len;
    value->len = arg->len - len;

    return 1;
}


/* All of the address but the state, which is its end. */

static ngx_int_t
amzsync_http_conf_consent_address(ngx_conf_t *cf, ngx_str_t *url,
    amzsync_http_consent_args_t *args, ngx_str_t *address)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, url->len
                    + sizeof(AMZSYNC_HTTP_CONSENT_PATH
                             "?application_id=&version=beta&redirect_uri="
                             "&state=")
                    + 3 * args->application.len + 3 * args->redirect_uri.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    address->data = p;

    p = ngx_sprintf(p, "%V" AMZSYNC_HTTP_CONSENT_PATH "?application_id=", url);
    p = (u_char *) ngx_escape_uri(p, args->application.data,
                                  args->application.len,
                                  NGX_ESCAPE_URI_COMPONENT);

    if (args->beta) {
        p = ngx_sprintf(p, "&version=beta");
    }

    if (args->redirect_uri.len) {
        p = ngx_sprintf(p, "&redirect_uri=");
        p = (u_char *) ngx_escape_uri(p, args->redirect_uri.data,
                                      args->redirect_uri.len,
                                      NGX_ESCAPE_URI_COMPONENT);
    }

    p = ngx_sprintf(p, "&state=");

    address->len = p - address->data;

    return NGX_OK;
}


char *
amzsync_http_conf_authorize(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_loc_conf_t  *alcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (cf->args->nelts == 1) {
        return NGX_CONF_OK;
    }

    alcf->region = amzsync_http_conf_region(cf, cmd, &value[1]);

    return alcf->region == NGX_ERROR ? NGX_CONF_ERROR : NGX_CONF_OK;
}


char *
amzsync_http_conf_callback(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_loc_conf_t  *alcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (amzsync_http_conf_page(cf, &value[1]) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    alcf->page = value[1];

    return NGX_CONF_OK;
}


/* A URL, which may have arguments. */

static ngx_int_t
amzsync_http_conf_page(ngx_conf_t *cf, ngx_str_t *page)
{
    size_t       i;
    u_char      *args;
    ngx_str_t    url;
    const char  *wrong;

    url = *page;
    args = ngx_strlchr(page->data, page->data + page->len, '?');

    if (args) {
        url.len = args - page->data;
    }

    if (amzsync_http_conf_url(cf, &url) == NULL) {
        return NGX_ERROR;
    }

    wrong = NULL;

    for (i = 0; i < page->len; i++) {

        if (page->data[i] == '$') {
            wrong = "must have no variables";

        } else if (page->data[i] == '#') {
            wrong = "must have no fragment";

        } else if (page->data[i] <= 0x20 || page->data[i] > 0x7e) {
            wrong = "has an invalid character";
        }
    }

    if (wrong) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid URL \"%V\": %s",
                           page, wrong);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
amzsync_http_conf_consent_check(ngx_conf_t *cf,
    ngx_http_amzsync_main_conf_t *amcf, ngx_http_amzsync_loc_conf_t *alcf)
{
    ngx_uint_t   i, found;
    const char  *missing, *region;

    found = 0;
    region = "";
    missing = NULL;

    for (i = 0; i < AMZSYNC_REGIONS; i++) {

        if (amcf->consents[i].address.len == 0) {
            continue;
        }

        found = 1;

        if (amcf->sync.spapi.endpoints[i] == NULL) {
            missing = "amzsync_endpoint ";
            region = amzsync_region_names[i];
        }
    }

    if (!found) {
        missing = "amzsync_consent";

    } else if (alcf->region != NGX_ERROR
               && amcf->consents[alcf->region].address.len == 0)
    {
        missing = "amzsync_consent ";
        region = amzsync_region_names[alcf->region];
    }

    if (missing == NULL) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"%V\" in %s:%ui needs \"%s%s\", which is not set",
                  alcf->place.name, alcf->place.file, alcf->place.line,
                  missing, region);

    return NGX_ERROR;
}
