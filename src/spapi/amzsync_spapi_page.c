
/*
 * One page of a dataset.
 */


#include <spapi/amzsync_spapi_http.h>
#include <spapi/amzsync_spapi_reader.h>
#include <spapi/amzsync_spapi_rows.h>
#include <base/amzsync_time.h>
#include <openssl/crypto.h>


static char *amzsync_page_url(const amzsync_spapi_page_t *call);
static char *amzsync_page_path(const amzsync_spapi_page_t *call);
static const char *amzsync_page_param(const amzsync_spapi_page_t *call,
    const amzsync_param_t *param, char *buf, size_t size);
static void amzsync_page_answer(amzsync_spapi_page_t *call,
    amzsync_spapi_http_t *h);


void
amzsync_spapi_page(amzsync_spapi_page_t *call)
{
    char                  *url;
    amzsync_spapi_http_t   h;

    ngx_memzero(&call->outcome, sizeof(amzsync_spapi_outcome_t));
    ngx_memzero(&h, sizeof(amzsync_spapi_http_t));

    call->rows = NULL;
    call->answer_token = NULL;

    h.conf = call->conf;
    h.curl = call->curl;
    h.outcome = &call->outcome;
    h.access_token = call->access_token;
    h.max = ngx_min(call->conf->max_page, AMZSYNC_READER_SIZE);
    h.secrets[0] = call->access_token;
    h.secrets[1] = call->next_token;

    if (call->conf->endpoints[call->region] == NULL) {
        amzsync_spapi_http_verdict(&h, AMZSYNC_SPAPI_FAILED,
                                   "region_not_configured",
                                   AMZSYNC_SPAPI_NO_ENDPOINT);
        return;
    }

    url = amzsync_page_url(call);

    h.url = url;

    if (url == NULL) {
        amzsync_spapi_http_verdict(&h, AMZSYNC_SPAPI_RETRY, "internal_error",
                                   "Out of memory");

    } else if (amzsync_spapi_http(&h) == NGX_OK) {
        amzsync_page_answer(call, &h);
    }

    amzsync_spapi_http_free(&h);
    amzsync_spapi_wipe(url);
}


void
amzsync_spapi_page_free(amzsync_spapi_page_t *call)
{
    OPENSSL_cleanse(call->access_token, sizeof(call->access_token));

    free(call->marketplaces);
    free(call->parent_id);
    amzsync_spapi_wipe(call->next_token);
    amzsync_spapi_wipe(call->answer_token);
    amzsync_rows_free(call->rows);

    call->marketplaces = NULL;
    call->parent_id = NULL;
    call->next_token = NULL;
    call->answer_token = NULL;
    call->rows = NULL;
}


static char *
amzsync_page_url(const amzsync_spapi_page_t *call)
{
    char                   *path, buf[AMZSYNC_TIME_LEN + 1];
    size_t                  size;
    u_char                 *url, *p;
    ngx_uint_t              i;
    const char             *value, *endpoint;
    const amzsync_param_t  *params;

    endpoint = call->conf->endpoints[call->region];
    params = call->dataset->params;

    path = amzsync_page_path(call);
    if (path == NULL) {
        return NULL;
    }

    size = ngx_strlen(endpoint) + ngx_strlen(path) + 1;

    for (i = 0; i < call->dataset->nparams; i++) {
        value = amzsync_page_param(call, &params[i], buf, sizeof(buf));

        if (value != NULL) {
            size += ngx_strlen(params[i].name) + 3 * ngx_strlen(value) + 2;
        }
    }

    url = malloc(size);
    if (url == NULL) {
        free(path);
        return NULL;
    }

    p = ngx_cpymem(url, endpoint, ngx_strlen(endpoint));
    p = ngx_cpymem(p, path, ngx_strlen(path));

    free(path);

    for (i = 0; i < call->dataset->nparams; i++) {
        value = amzsync_page_param(call, &params[i], buf, sizeof(buf));

        if (value != NULL) {
            *p = (memchr(url, '?', p - url) == NULL) ? '?' : '&';
            p = ngx_cpymem(p + 1, params[i].name, ngx_strlen(params[i].name));
            *p++ = '=';
            p = (u_char *) ngx_escape_uri(p, (u_char *) value,
                                          ngx_strlen(value),
                                          NGX_ESCAPE_URI_COMPONENT);
        }
    }

    *p = '\0';

    return (char *) url;
}


/* malloc()ed, with the unit's row in its place. */

static char *
amzsync_page_path(const amzsync_spapi_page_t *call)
{
    size_t       len;
    u_char      *path, *p;
    const char  *from, *id;

    from = call->dataset->path;

    if (call->next_token && call->dataset->each) {
        from = call->dataset->each->next_path;
    }

    id = strstr(from, "{id}");
    len = id ? ngx_strlen(call->parent_id) : 0;

    path = malloc(ngx_strlen(from) + 3 * len + 1);
    if (path == NULL) {
        return NULL;
    }

    p = path;

    if (id) {
        p = ngx_cpymem(p, from, id - from);
        p = (u_char *) ngx_escape_uri(p, (u_char *) call->parent_id, len,
                                      NGX_ESCAPE_URI_COMPONENT);
        from = id + sizeof("{id}") - 1;
    }

    p = ngx_cpymem(p, from, ngx_strlen(from));
    *p = '\0';

    return (char *) path;
}


/* A parameter's value, in "buf" or where it stands; NULL: left out. */

static const char *
amzsync_page_param(const amzsync_spapi_page_t *call,
    const amzsync_param_t *param, char *buf, size_t size)
{
    if (param->kind & (call->next_token ? AMZSYNC_PARAM_FIRST
                                        : AMZSYNC_PARAM_NEXT))
    {
        return NULL;
    }

    switch (param->kind & AMZSYNC_PARAM_KIND) {

    case AMZSYNC_PARAM_CONST:
        return param->value;

    case AMZSYNC_PARAM_FROM:
        *amzsync_time_print((u_char *) buf, call->from) = '\0';
        return buf;

    case AMZSYNC_PARAM_TO:
        *amzsync_time_print((u_char *) buf, call->to) = '\0';
        return buf;

    case AMZSYNC_PARAM_TOKEN:
        return call->next_token;

    case AMZSYNC_PARAM_MARKETPLACES:
        return call->marketplaces;

    case AMZSYNC_PARAM_PAGE_SIZE:
        (void) snprintf(buf, size, "%lu",
                        (unsigned long) call->page_size);
        return buf;
    }

    return NULL;
}


static void
amzsync_page_answer(amzsync_spapi_page_t *call, amzsync_spapi_http_t *h)
{
    ngx_int_t        rc;
    amzsync_error_t  error;

    if (call->outcome.status != 200) {
        amzsync_spapi_error(h);
        return;
    }

    rc = amzsync_spapi_rows(call->dataset, h->start, h->last - h->start,
                            &call->rows, &call->answer_token, &error);

    if (rc == NGX_OK) {
        call->outcome.verdict = AMZSYNC_SPAPI_OK;
        return;
    }

    if (rc == NGX_DECLINED) {
        amzsync_spapi_http_verdict(h, AMZSYNC_SPAPI_RETRY, error.code,
                                   error.message);
        return;
    }

    amzsync_spapi_http_verdict(h, AMZSYNC_SPAPI_RETRY, "internal_error",
                               "Out of memory");
}
