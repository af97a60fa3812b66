
/*
 * Directives that need more than a standard slot.
 */


#include <http/amzsync_http_conf.h>
#include <base/amzsync_text.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>


#define AMZSYNC_HTTP_KEYS_MAX        65536
#define AMZSYNC_HTTP_USER_AGENT_MAX  500
#define AMZSYNC_HTTP_HOUR            3600000


/* An argument "name=number" of a directive. */

typedef enum {
    AMZSYNC_HTTP_NUMBER = 0,
    AMZSYNC_HTTP_TIME,
    AMZSYNC_HTTP_FLAG
} amzsync_http_number_e;


typedef struct {
    ngx_str_t               name;       /* with its "=" */
    amzsync_http_number_e   type;
    ngx_int_t               min;
    ngx_int_t               max;
} amzsync_http_number_t;


static ngx_int_t amzsync_http_conf_numbers(ngx_conf_t *cf, ngx_uint_t first,
    const amzsync_http_number_t *numbers, ngx_int_t *values);
static ngx_int_t amzsync_http_conf_number(ngx_conf_t *cf, ngx_str_t *arg,
    const amzsync_http_number_t *number, ngx_int_t *value);
static ngx_int_t amzsync_http_conf_lwa_arg(ngx_conf_t *cf, ngx_str_t *arg,
    amzsync_spapi_conf_t *spapi);


/* The order of these is the order of the values. */

enum {
    AMZSYNC_HTTP_READS = 0,
    AMZSYNC_HTTP_WRITES,
    AMZSYNC_HTTP_WORK,
    AMZSYNC_HTTP_QUEUE,
    AMZSYNC_HTTP_TIMEOUT,
    AMZSYNC_HTTP_CONNECT_TIMEOUT,
    AMZSYNC_HTTP_PREPARED
};


static const amzsync_http_number_t  amzsync_http_postgres_numbers[] = {
    { ngx_string("reads="), AMZSYNC_HTTP_NUMBER, 1, 100 },
    { ngx_string("writes="), AMZSYNC_HTTP_NUMBER, 1, 100 },
    { ngx_string("work="), AMZSYNC_HTTP_NUMBER, 1, 100 },
    { ngx_string("queue="), AMZSYNC_HTTP_NUMBER, 1, 1000000 },
    { ngx_string("timeout="), AMZSYNC_HTTP_TIME, 1, AMZSYNC_HTTP_HOUR },
    { ngx_string("connect_timeout="), AMZSYNC_HTTP_TIME, 1,
      AMZSYNC_HTTP_HOUR },
    { ngx_string("prepared="), AMZSYNC_HTTP_FLAG, 0, 1 },
    { ngx_null_string, AMZSYNC_HTTP_NUMBER, 0, 0 }
};


static const amzsync_http_number_t  amzsync_http_thread_pool_numbers[] = {
    { ngx_string("tasks="), AMZSYNC_HTTP_NUMBER, 1, 1024 },
    { ngx_null_string, AMZSYNC_HTTP_NUMBER, 0, 0 }
};


char *
amzsync_http_conf_postgres(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_main_conf_t  *amcf = conf;

    ngx_str_t          *value, err;
    amzsync_pg_conf_t  *pg;

    /* What is set if no argument tells otherwise. */

    ngx_int_t           n[] = { 2, 1, 2, 10000, 5000, 5000, 1 };

    pg = &amcf->pg;
    value = cf->args->elts;

    if (pg->conninfo.data) {
        return "is duplicate";
    }

    if (amzsync_pg_conf_parse(cf->pool, &value[1], pg, &err) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid conninfo in \"%V\": %V", &cmd->name, &err);
        return NGX_CONF_ERROR;
    }

    if (pg->connect_timeout) {

        /* The conninfo has one; the argument, if any, goes before it. */

        n[AMZSYNC_HTTP_CONNECT_TIMEOUT] = pg->connect_timeout;
    }

    if (amzsync_http_conf_numbers(cf, 2, amzsync_http_postgres_numbers, n)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    pg->sizes[AMZSYNC_PG_READ] = n[AMZSYNC_HTTP_READS];
    pg->sizes[AMZSYNC_PG_WRITE] = n[AMZSYNC_HTTP_WRITES];
    pg->sizes[AMZSYNC_PG_WORK] = n[AMZSYNC_HTTP_WORK];
    pg->queue_max = n[AMZSYNC_HTTP_QUEUE];
    pg->timeout = n[AMZSYNC_HTTP_TIMEOUT];
    pg->connect_timeout = n[AMZSYNC_HTTP_CONNECT_TIMEOUT];
    pg->prepared = n[AMZSYNC_HTTP_PREPARED];

    return NGX_CONF_OK;
}


char *
amzsync_http_conf_thread_pool(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_main_conf_t  *amcf = conf;

    ngx_int_t   tasks;
    ngx_str_t  *value;

    if (amcf->sync.pool) {
        return "is duplicate";
    }

    value = cf->args->elts;
    tasks = amcf->sync.tasks;

    if (amzsync_http_conf_numbers(cf, 2, amzsync_http_thread_pool_numbers,
                                  &tasks)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    /* nginx itself refuses a name without a "thread_pool" directive. */

    amcf->sync.pool = ngx_thread_pool_add(cf, &value[1]);
    if (amcf->sync.pool == NULL) {
        return NGX_CONF_ERROR;
    }

    amcf->sync.tasks = tasks;

    return NGX_CONF_OK;
}


char *
amzsync_http_conf_endpoint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_main_conf_t  *amcf = conf;

    ngx_int_t     region;
    ngx_str_t    *value;
    const char  **endpoint;

    value = cf->args->elts;

    region = amzsync_http_conf_region(cf, cmd, &value[1]);
    if (region == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    endpoint = &amcf->sync.spapi.endpoints[region];

    if (*endpoint) {
        return "is duplicate";
    }

    *endpoint = amzsync_http_conf_url(cf, &value[2]);

    return *endpoint ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
amzsync_http_conf_lwa(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_main_conf_t  *amcf = conf;

    ngx_str_t             *value;
    ngx_uint_t             i;
    amzsync_spapi_conf_t  *spapi;

    spapi = &amcf->sync.spapi;

    if (spapi->lwa_url) {
        return "is duplicate";
    }

    value = cf->args->elts;

    spapi->lwa_url = amzsync_http_conf_url(cf, &value[1]);
    if (spapi->lwa_url == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (amzsync_http_conf_lwa_arg(cf, &value[i], spapi) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if (spapi->client_id == NULL) {
        return "has no \"client_id\"";
    }

    if (spapi->client_secret == NULL) {
        return "has no \"client_secret\" and no \"client_secret_file\"";
    }

    return NGX_CONF_OK;
}


char *
amzsync_http_conf_token_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_main_conf_t  *amcf = conf;

    ngx_int_t             rc;
    ngx_str_t            *value, text;
    ngx_uint_t            line;
    const char           *err;
    amzsync_seal_keys_t  *keys;

    keys = &amcf->sync.spapi.keys;

    if (keys->nelts) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (amzsync_http_conf_file(cf, &value[1], AMZSYNC_HTTP_KEYS_MAX, &text)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rc = amzsync_seal_parse_keys(cf->pool, text.data, text.len, keys, &err,
                                 &line);

    OPENSSL_cleanse(text.data, text.len);

    if (rc != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in \"%V\", line %ui",
                           err, &value[1], line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
amzsync_http_conf_user_agent(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_main_conf_t  *amcf = conf;

    ngx_str_t    *value;
    const char  **agent;

    agent = &amcf->sync.spapi.user_agent;

    if (*agent) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len > AMZSYNC_HTTP_USER_AGENT_MAX
        || !amzsync_http_conf_printable(&value[1]))
    {
        return "must be 1 to 500 printable ASCII characters";
    }

    *agent = amzsync_http_conf_text(cf, &value[1]);

    return *agent ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
amzsync_http_conf_certificate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_main_conf_t  *amcf = conf;

    BIO          *bio;
    X509         *x509;
    ngx_str_t    *value;
    const char  **file;

    file = &amcf->sync.spapi.ca_file;

    if (*file) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    *file = (const char *) value[1].data;

    bio = BIO_new_file(*file, "r");
    x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    if (x509 == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, bio ? 0 : ngx_errno,
                           "cannot read a certificate from \"%V\"", &value[1]);
    }

    X509_free(x509);
    BIO_free(bio);
    ERR_clear_error();

    return x509 ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_int_t
amzsync_http_conf_check(ngx_conf_t *cf, ngx_http_amzsync_main_conf_t *amcf)
{
    ngx_uint_t             i;
    const char            *missing;
    amzsync_spapi_conf_t  *spapi;

    spapi = &amcf->sync.spapi;
    missing = "amzsync_endpoint";

    for (i = 0; i < AMZSYNC_REGIONS; i++) {
        if (spapi->endpoints[i]) {
            missing = NULL;
        }
    }

    if (spapi->keys.nelts == 0) {
        missing = "amzsync_token_keys";
    }

    if (spapi->lwa_url == NULL) {
        missing = "amzsync_lwa";
    }

    if (amcf->pg.conninfo.data == NULL) {
        missing = "amzsync_postgres";
    }

    if (missing == NULL) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"%V\" in %s:%ui needs \"%s\", which is not set",
                  amcf->used.name, amcf->used.file, amcf->used.line, missing);

    return NGX_ERROR;
}


/* Arguments from "first" on; "values" has the defaults and takes the rest. */

static ngx_int_t
amzsync_http_conf_numbers(ngx_conf_t *cf, ngx_uint_t first,
    const amzsync_http_number_t *numbers, ngx_int_t *values)
{
    u_char      *p;
    uint32_t     seen;
    ngx_str_t   *arg;
    ngx_uint_t   i, k;

    arg = cf->args->elts;
    seen = 0;

    for (i = first; i < cf->args->nelts; i++) {

        for (k = 0; numbers[k].name.len; k++) {
            if (arg[i].len > numbers[k].name.len
                && ngx_strncmp(arg[i].data, numbers[k].name.data,
                               numbers[k].name.len)
                   == 0)
            {
                break;
            }
        }

        if (numbers[k].name.len == 0) {

            /* A conninfo without quotes: the value may be a password. */

            p = ngx_strlchr(arg[i].data, arg[i].data + arg[i].len, '=');

            if (p) {
                arg[i].len = p + 1 - arg[i].data;
            }

            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &arg[i]);
            return NGX_ERROR;
        }

        if (seen & (1u << k)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate parameter \"%V\"", &arg[i]);
            return NGX_ERROR;
        }

        seen |= 1u << k;

        if (amzsync_http_conf_number(cf, &arg[i], &numbers[k], &values[k])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_http_conf_number(ngx_conf_t *cf, ngx_str_t *arg,
    const amzsync_http_number_t *number, ngx_int_t *value)
{
    ngx_int_t  n;
    ngx_str_t  text;

    text.data = arg->data + number->name.len;
    text.len = arg->len - number->name.len;

    switch (number->type) {

    case AMZSYNC_HTTP_NUMBER:
        n = ngx_atoi(text.data, text.len);
        break;

    case AMZSYNC_HTTP_TIME:
        n = ngx_parse_time(&text, 0);
        break;

    default: /* AMZSYNC_HTTP_FLAG */
        n = (text.len == 2 && ngx_strncmp(text.data, "on", 2) == 0) ? 1
            : (text.len == 3 && ngx_strncmp(text.data, "off", 3) == 0) ? 0
            : NGX_ERROR;
        break;
    }

    if (n >= number->min && n <= number->max) {
        *value = n;
        return NGX_OK;
    }

    if (number->type == AMZSYNC_HTTP_FLAG) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value in \"%V\", "
                           "must be \"on\" or \"off\"", arg);

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value in \"%V\", "
                           "must be between %i%s and %i%s", arg,
                           number->min,
                           number->type == AMZSYNC_HTTP_TIME ? "ms" : "",
                           number->max,
                           number->type == AMZSYNC_HTTP_TIME ? "ms" : "");
    }

    return NGX_ERROR;
}


static ngx_int_t
amzsync_http_conf_lwa_arg(ngx_conf_t *cf, ngx_str_t *arg,
    amzsync_spapi_conf_t *spapi)
{
    ngx_str_t     value;
    const char  **dst;

    value = *arg;
    dst = NULL;

    while (value.len) {
        value.len--;

        if (*value.data++ == '=') {
            break;
        }
    }

    if (ngx_strncmp(arg->data, "client_id=", 10) == 0) {
        dst = &spapi->client_id;

    } else if (ngx_strncmp(arg->data, "client_secret=", 14) == 0
               || ngx_strncmp(arg->data, "client_secret_file=", 19) == 0)
    {
        dst = &spapi->client_secret;
    }

    /* The value may be a secret: the log gets the name only. */

    arg->len -= value.len;

    if (dst == NULL || !amzsync_http_conf_printable(&value)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\"", arg);
        return NGX_ERROR;
    }

    if (*dst) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate parameter \"%V\"", arg);
        return NGX_ERROR;
    }

    *dst = (arg->len == 19) ? amzsync_http_conf_secret(cf, &value)
                            : amzsync_http_conf_text(cf, &value);

    return *dst ? NGX_OK : NGX_ERROR;
}


char *
amzsync_http_conf_datasets(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t                 *value;
    ngx_uint_t                 i, n;
    ngx_array_t              **datasets;
    const amzsync_dataset_t   *dataset, **slot;

    ngx_http_amzsync_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_amzsync_module);
    datasets = (ngx_array_t **) (p + cmd->offset);

    if (*datasets != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    *datasets = ngx_array_create(cf->pool, amzsync_ndatasets,
                                 sizeof(amzsync_dataset_t *));
    if (*datasets == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        dataset = amzsync_dataset_find(value[i].data, value[i].len);

        if (dataset == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown dataset \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        slot = (*datasets)->elts;

        for (n = 0; n < (*datasets)->nelts; n++) {
            if (slot[n] == dataset) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate dataset \"%V\"", &value[i]);
                return NGX_CONF_ERROR;
            }
        }

        slot = ngx_array_push(*datasets);
        *slot = dataset;

        amcf->reports |= (dataset->report != NULL);
    }

    return NGX_CONF_OK;
}


ngx_array_t *
amzsync_http_conf_datasets_all(ngx_conf_t *cf)
{
    ngx_array_t               *datasets;
    ngx_uint_t                 i;
    const amzsync_dataset_t  **slot;

    datasets = ngx_array_create(cf->pool, amzsync_ndatasets,
                                sizeof(amzsync_dataset_t *));
    if (datasets == NULL) {
        return NULL;
    }

    for (i = 0; i < amzsync_ndatasets; i++) {
        if (!(amzsync_datasets[i]->flags & AMZSYNC_DATASET_NAMED)) {
            slot = ngx_array_push(datasets);
            *slot = amzsync_datasets[i];
        }
    }

    return datasets;
}
