
/*
 * Directives that need more than a standard slot.
 */


#ifndef _AMZSYNC_HTTP_CONF_H_INCLUDED_
#define _AMZSYNC_HTTP_CONF_H_INCLUDED_


#include <http/amzsync_http.h>


/* Setters. */
char *amzsync_http_conf_postgres(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *amzsync_http_conf_thread_pool(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *amzsync_http_conf_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *amzsync_http_conf_lwa(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *amzsync_http_conf_token_keys(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *amzsync_http_conf_user_agent(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *amzsync_http_conf_certificate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *amzsync_http_conf_datasets(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *amzsync_http_conf_consent(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* What follows the names of directives that make a location answer. */
char *amzsync_http_conf_authorize(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *amzsync_http_conf_callback(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Those that are synced if none are named: all but what comes in reports; or
 * NULL. */
ngx_array_t *amzsync_http_conf_datasets_all(ngx_conf_t *cf);


/*
 * Reads a file of at most "max" bytes into cf->temp_pool; what is missing,
 * empty or too large is logged.  "name" becomes absolute.
 */
ngx_int_t amzsync_http_conf_file(ngx_conf_t *cf, ngx_str_t *name, size_t max,
    ngx_str_t *text);

/* A secret's file, without the newline at its end; NULL: logged. */
const char *amzsync_http_conf_secret(ngx_conf_t *cf, ngx_str_t *name);

/*
 * Checks the URL of a service, without a trailing slash afterwards: https, or
 * http to this host.  NULL: the mistake is logged.
 */
const char *amzsync_http_conf_url(ngx_conf_t *cf, ngx_str_t *url);

/* A copy that ends with NUL. */
const char *amzsync_http_conf_text(ngx_conf_t *cf, ngx_str_t *value);

/* Whether it is printable ASCII, and not empty. */
ngx_uint_t amzsync_http_conf_printable(ngx_str_t *value);

/* A region by its name; NGX_ERROR: the mistake is logged. */
ngx_int_t amzsync_http_conf_region(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *value);


/* Whether all is there that locations need; the mistake is logged. */
ngx_int_t amzsync_http_conf_check(ngx_conf_t *cf,
    ngx_http_amzsync_main_conf_t *amcf);

/* The same of a location that sends sellers to Amazon, or takes them back. */
ngx_int_t amzsync_http_conf_consent_check(ngx_conf_t *cf,
    ngx_http_amzsync_main_conf_t *amcf, ngx_http_amzsync_loc_conf_t *alcf);


#endif /* _AMZSYNC_HTTP_CONF_H_INCLUDED_ */
