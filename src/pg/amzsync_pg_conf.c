
/*
 * The conninfo of the directive, made into parameters for the event loop:
 * nothing that libpq would have to look up, ask for or read at run time.
 *
 * An error never quotes the conninfo, nor libpq about it: either may show a
 * part of the password.
 */


#include <pg/amzsync_pg_private.h>


static ngx_int_t amzsync_pg_conf_build(ngx_pool_t *pool, const char *text,
    PQconninfoOption *options, amzsync_pg_conf_t *conf, ngx_str_t *err);
static ngx_int_t amzsync_pg_conf_params(ngx_pool_t *pool,
    PQconninfoOption *options, ngx_array_t *hosts, ngx_str_t *password,
    amzsync_pg_conf_t *conf);
static void amzsync_pg_conf_rotate(ngx_array_t *hosts);
static void amzsync_pg_conf_syntax(const char *message, ngx_str_t *err);
static ngx_int_t amzsync_pg_conf_check(ngx_pool_t *pool,
    PQconninfoOption *options, ngx_str_t *err);
static ngx_int_t amzsync_pg_conf_files(ngx_pool_t *pool,
    PQconninfoOption *options, ngx_str_t *err);
static ngx_int_t amzsync_pg_conf_timeout(PQconninfoOption *options,
    amzsync_pg_conf_t *conf, ngx_str_t *err);
static ngx_int_t amzsync_pg_conf_password(ngx_pool_t *pool,
    PQconninfoOption *options, ngx_array_t *hosts, ngx_str_t *password,
    ngx_str_t *err);
static ngx_int_t amzsync_pg_conf_options(ngx_pool_t *pool,
    PQconninfoOption *options, ngx_array_t *params);
static ngx_uint_t amzsync_pg_conf_own(const char *keyword);
static ngx_int_t amzsync_pg_conf_hosts(ngx_pool_t *pool, ngx_array_t *hosts,
    ngx_array_t *params);
static ngx_int_t amzsync_pg_conf_list(ngx_pool_t *pool, ngx_array_t *hosts,
    size_t offset, const char *keyword, ngx_array_t *params);
static ngx_int_t amzsync_pg_conf_add(ngx_pool_t *pool, ngx_array_t *params,
    const char *keyword, const char *value, size_t len);
static ngx_int_t amzsync_pg_conf_finish(ngx_pool_t *pool, ngx_array_t *params,
    amzsync_pg_conf_t *conf, ngx_uint_t first);


typedef struct {
    char         *keyword;
    char         *value;
} amzsync_pg_param_t;


typedef struct {
    const char   *keyword;
    const char   *values[5];    /* allowed; none: the keyword is refused */
    const char   *reason;
} amzsync_pg_rule_t;


static const amzsync_pg_rule_t  amzsync_pg_rules[] = {

    { "options", { NULL },
      "set it for the role or the database with ALTER ROLE or ALTER DATABASE" },

    { "service", { NULL },
      "its file would be read at each connect" },

    { "replication", { NULL },
      "statements need an ordinary session" },

    { "sslmode", { "disable", "require", "verify-ca", "verify-full", NULL },
      "it must be disable, require, verify-ca or verify-full" },

    { "gssencmode", { "disable", NULL },
      "GSSAPI would block the event loop" },

    { "client_encoding", { "UTF8", "utf8", "UTF-8", "utf-8", NULL },
      "it is always UTF8" }
};


typedef struct {
    const char   *keyword;
    const char   *value;        /* NULL: added elsewhere, or used up */
    ngx_uint_t    own;          /* a given value is not passed on */
} amzsync_pg_fixed_t;


static const amzsync_pg_fixed_t  amzsync_pg_fixed[] = {
    { "host", NULL, 1 },
    { "hostaddr", NULL, 1 },
    { "port", NULL, 1 },
    { "password", NULL, 1 },
    { "connect_timeout", NULL, 1 },
    { "gssencmode", "disable", 1 },
    { "client_encoding", "UTF8", 1 },

    /* cannot exist: or libpq would look for a ~/.pgpass */
    { "passfile", "/dev/null/", 1 },

    { "fallback_application_name", "amzsync", 0 },
    { "sslmode", "disable", 0 },
    { NULL, NULL, 0 }
};


/* The beginnings of libpq's messages, and what may be told of them. */

static const char  *amzsync_pg_syntax_errors[][2] = {
    { "missing \"=\"", "a \"=\" is missing; values with spaces need quotes" },
    { "unterminated quoted", "a quoted value has no end" },
    { "invalid connection option", "an unknown option" },
    { "invalid URI query parameter", "an unknown parameter of the URI" },
    { "invalid percent-encoded", "a bad percent-encoded character" },
    { NULL, "bad syntax" }
};


ngx_int_t
amzsync_pg_conf_parse(ngx_pool_t *pool, ngx_str_t *conninfo,
    amzsync_pg_conf_t *conf, ngx_str_t *err)
{
    char              *text, *message;
    ngx_int_t          rc;
    PQconninfoOption  *options;

    ngx_str_set(err, "no memory");

    conf->conninfo = *conninfo;

    text = ngx_pnalloc(pool, conninfo->len + 1);
    if (text == NULL) {
        return NGX_ERROR;
    }

    *ngx_cpymem(text, conninfo->data, conninfo->len) = '\0';

    message = NULL;
    options = PQconninfoParse(text, &message);

    if (options == NULL) {
        amzsync_pg_conf_syntax(message, err);
        PQfreemem(message);
        return NGX_ERROR;
    }

    rc = amzsync_pg_conf_build(pool, text, options, conf, err);

    PQconninfoFree(options);

    return rc;
}


static ngx_int_t
amzsync_pg_conf_build(ngx_pool_t *pool, const char *text,
    PQconninfoOption *options, amzsync_pg_conf_t *conf, ngx_str_t *err)
{
    ngx_str_t    password;
    ngx_array_t  hosts;

    if (amzsync_pg_conf_check(pool, options, err) != NGX_OK
        || amzsync_pg_conf_files(pool, options, err) != NGX_OK
        || amzsync_pg_conf_timeout(options, conf, err) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_array_init(&hosts, pool, 4, sizeof(amzsync_pg_host_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    if (amzsync_pg_hosts_resolve(pool, options, &hosts, err) != NGX_OK) {

        /* one that was cut at the wrong "@" or "/" may be a password's end */

        if (ngx_strstr(text, "://") != NULL) {
            ngx_str_set(err, "a host or port of the URI cannot be used; does "
                             "the password need percent-encoding?");
        }

        return NGX_ERROR;
    }

    ngx_str_null(&password);

    if (amzsync_pg_conf_password(pool, options, &hosts, &password, err)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return amzsync_pg_conf_params(pool, options, &hosts, &password, conf);
}


/*
 * libpq begins with the first host at each connect, and knows no time-out: one
 * that is silent would hide all the others.
 */

static ngx_int_t
amzsync_pg_conf_params(ngx_pool_t *pool, PQconninfoOption *options,
    ngx_array_t *hosts, ngx_str_t *password, amzsync_pg_conf_t *conf)
{
    ngx_uint_t   first;
    ngx_array_t  params;

    if (ngx_array_init(&params, pool, 16, sizeof(amzsync_pg_param_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    conf->nhosts = hosts->nelts;
    conf->params = ngx_palloc(pool, conf->nhosts * sizeof(char **));
    if (conf->params == NULL) {
        return NGX_ERROR;
    }

    for (first = 0; first < conf->nhosts; first++) {
        params.nelts = 0;

        if (amzsync_pg_conf_options(pool, options, &params) != NGX_OK
            || amzsync_pg_conf_hosts(pool, hosts, &params) != NGX_OK
            || amzsync_pg_conf_add(pool, &params, "password",
                                   (char *) password->data, password->len)
               != NGX_OK
            || amzsync_pg_conf_finish(pool, &params, conf, first) != NGX_OK)
        {
            return NGX_ERROR;
        }

        amzsync_pg_conf_rotate(hosts);
    }

    return NGX_OK;
}


static void
amzsync_pg_conf_rotate(ngx_array_t *hosts)
{
    amzsync_pg_host_t  first, *host;

    host = hosts->elts;
    first = host[0];

    ngx_memmove(host, host + 1,
                (hosts->nelts - 1) * sizeof(amzsync_pg_host_t));

    host[hosts->nelts - 1] = first;
}


static void
amzsync_pg_conf_syntax(const char *message, ngx_str_t *err)
{
    ngx_uint_t   i;
    const char  *start;

    for (i = 0; /* void */ ; i++) {
        start = amzsync_pg_syntax_errors[i][0];

        if (start == NULL
            || (message != NULL
                && ngx_strncmp(message, start, ngx_strlen(start)) == 0))
        {
            break;
        }
    }

    err->data = (u_char *) amzsync_pg_syntax_errors[i][1];
    err->len = ngx_strlen(err->data);
}


ngx_int_t
amzsync_pg_conf_error(ngx_pool_t *pool, ngx_str_t *err, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    p = ngx_pnalloc(pool, NGX_MAX_CONF_ERRSTR);
    if (p == NULL) {
        return NGX_ERROR;
    }

    va_start(args, fmt);
    err->len = ngx_vslprintf(p, p + NGX_MAX_CONF_ERRSTR, fmt, args) - p;
    va_end(args);

    err->data = p;

    return NGX_ERROR;
}


/* The option's value, NULL if it is not set. */

const char *
amzsync_pg_conf_option(PQconninfoOption *options, const char *name)
{
    PQconninfoOption  *option;

    for (option = options; option->keyword != NULL; option++) {

        if (ngx_strcmp(option->keyword, name) == 0) {

            if (option->val == NULL || option->val[0] == '\0') {
                return NULL;
            }

            return option->val;
        }
    }

    return NULL;
}


static ngx_int_t
amzsync_pg_conf_check(ngx_pool_t *pool, PQconninfoOption *options,
    ngx_str_t *err)
{
    ngx_uint_t                i, n;
    const char               *value;
    const amzsync_pg_rule_t  *rule;

    for (i = 0; i < sizeof(amzsync_pg_rules) / sizeof(rule[0]); i++) {
        rule = &amzsync_pg_rules[i];

        value = amzsync_pg_conf_option(options, rule->keyword);
        if (value == NULL) {
            continue;
        }

        for (n = 0; rule->values[n] != NULL; n++) {
            if (ngx_strcmp(value, rule->values[n]) == 0) {
                break;
            }
        }

        if (rule->values[n] == NULL) {
            return amzsync_pg_conf_error(pool, err,
                                         "\"%s\" cannot be used: %s",
                                         rule->keyword, rule->reason);
        }
    }

    return NGX_OK;
}


/* libpq opens them at each connect, and has no others to verify with. */

static ngx_int_t
amzsync_pg_conf_files(ngx_pool_t *pool, PQconninfoOption *options,
    ngx_str_t *err)
{
    ngx_uint_t   i;
    const char  *mode, *value;

    static const char  *names[] = {
        "sslrootcert", "sslcert", "sslkey", "sslcrl"
    };

    mode = amzsync_pg_conf_option(options, "sslmode");
    value = amzsync_pg_conf_option(options, "sslrootcert");

    if (mode != NULL && ngx_strncmp(mode, "verify-", 7) == 0 && value == NULL) {
        return amzsync_pg_conf_error(pool, err,
                                     "\"sslmode=%s\" needs \"sslrootcert\"",
                                     mode);
    }

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        value = amzsync_pg_conf_option(options, names[i]);

        if (value == NULL || access(value, R_OK) == 0) {
            continue;
        }

        /* the system's own, from libpq 16 on; an engine's key */

        if ((i == 0 && ngx_strcmp(value, "system") == 0)
            || (ngx_strcmp(names[i], "sslkey") == 0
                && ngx_strchr(value, ':') != NULL))
        {
            continue;
        }

        return amzsync_pg_conf_error(pool, err, "cannot read %s \"%s\"",
                                     names[i], value);
    }

    return NGX_OK;
}


/* PQconnectPoll() leaves this to its caller. */

static ngx_int_t
amzsync_pg_conf_timeout(PQconninfoOption *options, amzsync_pg_conf_t *conf,
    ngx_str_t *err)
{
    ngx_int_t    seconds;
    const char  *value;

    value = amzsync_pg_conf_option(options, "connect_timeout");
    if (value == NULL) {
        return NGX_OK;
    }

    seconds = ngx_atoi((u_char *) value, ngx_strlen(value));

    if (seconds < 1 || seconds > 3600) {
        ngx_str_set(err, "\"connect_timeout\" must be 1 to 3600 seconds");
        return NGX_ERROR;
    }

    conf->connect_timeout = (ngx_msec_t) seconds * 1000;

    return NGX_OK;
}


/*
 * As libpq looks for it, but now: workers have neither this environment nor
 * the time to read a file.  The ~/.pgpass of whoever starts nginx is not
 * meant for it.
 */

static ngx_int_t
amzsync_pg_conf_password(ngx_pool_t *pool, PQconninfoOption *options,
    ngx_array_t *hosts, ngx_str_t *password, ngx_str_t *err)
{
    ngx_int_t    rc;
    const char  *value;

    value = amzsync_pg_conf_option(options, "password");

    if (value == NULL) {
        value = getenv("PGPASSWORD");
    }

    if (value != NULL && value[0] != '\0') {
        password->len = ngx_strlen(value);
        password->data = ngx_pnalloc(pool, password->len);
        if (password->data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(password->data, value, password->len);

        return NGX_OK;
    }

    value = amzsync_pg_conf_option(options, "passfile");

    if (value != NULL) {
        rc = amzsync_pg_passfile_read(pool, value, options, hosts, password,
                                      err);
        if (rc == NGX_DECLINED) {
            return amzsync_pg_conf_error(pool, err,
                                         "no password for this host, port, "
                                         "database and user in \"%s\"", value);
        }

        return rc;
    }

    value = getenv("PGPASSFILE");

    if (value == NULL
        || access(value, F_OK) == -1
        || amzsync_pg_conf_option(options, "user") == NULL)
    {
        return NGX_DECLINED;
    }

    return amzsync_pg_passfile_read(pool, value, options, hosts, password, err);
}


/* What was given, then our own, then what is still missing. */

static ngx_int_t
amzsync_pg_conf_options(ngx_pool_t *pool, PQconninfoOption *options,
    ngx_array_t *params)
{
    const char                *value;
    PQconninfoOption          *option;
    const amzsync_pg_fixed_t  *fixed;

    for (option = options; option->keyword != NULL; option++) {
        value = amzsync_pg_conf_option(options, option->keyword);

        if (value == NULL || amzsync_pg_conf_own(option->keyword)) {
            continue;
        }

        if (amzsync_pg_conf_add(pool, params, option->keyword, value,
                                ngx_strlen(value))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (fixed = amzsync_pg_fixed; fixed->keyword != NULL; fixed++) {

        if (fixed->value == NULL
            || (!amzsync_pg_conf_own(fixed->keyword)
                && amzsync_pg_conf_option(options, fixed->keyword) != NULL))
        {
            continue;
        }

        if (amzsync_pg_conf_add(pool, params, fixed->keyword, fixed->value,
                                ngx_strlen(fixed->value))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
amzsync_pg_conf_own(const char *keyword)
{
    const amzsync_pg_fixed_t  *fixed;

    for (fixed = amzsync_pg_fixed; fixed->keyword != NULL; fixed++) {
        if (ngx_strcmp(fixed->keyword, keyword) == 0) {
            return fixed->own;
        }
    }

    return 0;
}


static ngx_int_t
amzsync_pg_conf_hosts(ngx_pool_t *pool, ngx_array_t *hosts,
    ngx_array_t *params)
{
    if (amzsync_pg_conf_list(pool, hosts, offsetof(amzsync_pg_host_t, host),
                             "host", params)
        != NGX_OK
        || amzsync_pg_conf_list(pool, hosts, offsetof(amzsync_pg_host_t, addr),
                                "hostaddr", params)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return amzsync_pg_conf_list(pool, hosts, offsetof(amzsync_pg_host_t, port),
                                "port", params);
}


/* One member of all hosts, with commas between; left out if all are empty. */

static ngx_int_t
amzsync_pg_conf_list(ngx_pool_t *pool, ngx_array_t *hosts, size_t offset,
    const char *keyword, ngx_array_t *params)
{
    size_t              len, size;
    u_char             *list, *p;
    ngx_str_t          *value;
    ngx_uint_t          i;
    amzsync_pg_host_t  *host;

    host = hosts->elts;
    size = 0;

    for (i = 0; i < hosts->nelts; i++) {
        value = (ngx_str_t *) ((u_char *) &host[i] + offset);
        size += value->len;
    }

    if (size == 0) {
        return NGX_OK;
    }

    list = ngx_pnalloc(pool, size + hosts->nelts);
    if (list == NULL) {
        return NGX_ERROR;
    }

    p = list;

    for (i = 0; i < hosts->nelts; i++) {
        value = (ngx_str_t *) ((u_char *) &host[i] + offset);

        if (i > 0) {
            *p++ = ',';
        }

        if (value->len) {
            p = ngx_cpymem(p, value->data, value->len);
        }
    }

    len = p - list;

    return amzsync_pg_conf_add(pool, params, keyword, (char *) list, len);
}


static ngx_int_t
amzsync_pg_conf_add(ngx_pool_t *pool, ngx_array_t *params, const char *keyword,
    const char *value, size_t len)
{
    u_char              *p;
    size_t               size;
    amzsync_pg_param_t  *param;

    if (len == 0) {
        return NGX_OK;
    }

    param = ngx_array_push(params);
    if (param == NULL) {
        return NGX_ERROR;
    }

    size = ngx_strlen(keyword) + 1;

    p = ngx_pnalloc(pool, size + len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    param->keyword = (char *) p;
    p = ngx_cpymem(p, keyword, size);

    param->value = (char *) p;
    *ngx_cpymem(p, value, len) = '\0';

    return NGX_OK;
}


static ngx_int_t
amzsync_pg_conf_finish(ngx_pool_t *pool, ngx_array_t *params,
    amzsync_pg_conf_t *conf, ngx_uint_t first)
{
    char               **values;
    ngx_uint_t           i;
    amzsync_pg_param_t  *param;

    conf->keywords = ngx_palloc(pool, (params->nelts + 1) * sizeof(char *));
    values = ngx_palloc(pool, (params->nelts + 1) * sizeof(char *));

    if (conf->keywords == NULL || values == NULL) {
        return NGX_ERROR;
    }

    param = params->elts;

    for (i = 0; i < params->nelts; i++) {
        conf->keywords[i] = param[i].keyword;
        values[i] = param[i].value;
    }

    conf->keywords[i] = NULL;
    values[i] = NULL;

    conf->params[first] = values;

    return NGX_OK;
}
