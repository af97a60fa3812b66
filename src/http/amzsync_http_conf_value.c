
/*
 * Values of directives: URLs, files, texts and regions.
 */


#include <http/amzsync_http_conf.h>
#include <base/amzsync_text.h>
#include <openssl/crypto.h>


#define AMZSYNC_HTTP_SECRET_MAX  4096


static ngx_int_t amzsync_http_conf_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_fd_t fd, size_t max, ngx_str_t *text);
static const char *amzsync_http_conf_url_check(ngx_conf_t *cf, ngx_str_t *url,
    size_t scheme);
static ngx_uint_t amzsync_http_conf_loopback(ngx_str_t *host);


ngx_int_t
amzsync_http_conf_file(ngx_conf_t *cf, ngx_str_t *name, size_t max,
    ngx_str_t *text)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    rc = amzsync_http_conf_read(cf, name, fd, max, text);

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", name);
    }

    return rc;
}


const char *
amzsync_http_conf_secret(ngx_conf_t *cf, ngx_str_t *name)
{
    size_t       i;
    ngx_str_t    text;
    const char  *secret;

    if (amzsync_http_conf_file(cf, name, AMZSYNC_HTTP_SECRET_MAX, &text)
        != NGX_OK)
    {
        return NULL;
    }

    secret = NULL;

    while (text.len
           && (text.data[text.len - 1] == LF || text.data[text.len - 1] == CR))
    {
        text.len--;
    }

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            break;
        }
    }

    if (text.len && i == text.len) {
        secret = amzsync_http_conf_text(cf, &text);

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must be one line of printable ASCII",
                           name);
    }

    OPENSSL_cleanse(text.data, text.len);

    return secret;
}


const char *
amzsync_http_conf_url(ngx_conf_t *cf, ngx_str_t *url)
{
    size_t       scheme;
    const char  *err;

    if (url->len && url->data[url->len - 1] == '/') {
        url->len--;
    }

    if (ngx_strncasecmp(url->data, (u_char *) "https://", 8) == 0) {
        scheme = 8;

    } else if (ngx_strncasecmp(url->data, (u_char *) "http://", 7) == 0) {
        scheme = 7;

    } else {
        scheme = 0;
    }

    if (scheme == 0 || url->len <= scheme) {
        err = "not an https URL";

    } else {
        err = amzsync_http_conf_url_check(cf, url, scheme);
    }

    if (err == NULL) {
        return amzsync_http_conf_text(cf, url);
    }

    /* What stands before an "@" may be a password. */

    if (ngx_strlchr(url->data, url->data + url->len, '@')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid URL: %s", err);

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid URL \"%V\": %s",
                           url, err);
    }

    return NULL;
}


const char *
amzsync_http_conf_text(ngx_conf_t *cf, ngx_str_t *value)
{
    u_char  *p;

    p = ngx_pnalloc(cf->pool, value->len + 1);
    if (p == NULL) {
        return NULL;
    }

    *ngx_cpymem(p, value->data, value->len) = '\0';

    return (const char *) p;
}


ngx_uint_t
amzsync_http_conf_printable(ngx_str_t *value)
{
    size_t  i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 0x20 || value->data[i] > 0x7e) {
            return 0;
        }
    }

    return value->len > 0;
}


ngx_int_t
amzsync_http_conf_region(ngx_conf_t *cf, ngx_command_t *cmd, ngx_str_t *value)
{
    ngx_int_t  region;

    region = amzsync_text_region(value->data, value->len);

    if (region == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid region \"%V\" in \"%V\", must be \"na\", "
                           "\"eu\" or \"fe\"", value, &cmd->name);
    }

    return region;
}


/* By reading only: it may be a pipe, which has no size. */

static ngx_int_t
amzsync_http_conf_read(ngx_conf_t *cf, ngx_str_t *name, ngx_fd_t fd,
    size_t max, ngx_str_t *text)
{
    ssize_t  n;

    text->len = 0;
    text->data = ngx_pnalloc(cf->temp_pool, max + 1);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    do {
        n = ngx_read_fd(fd, text->data + text->len, max + 1 - text->len);

        if (n == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               ngx_read_fd_n " \"%V\" failed", name);
            return NGX_ERROR;
        }

        text->len += n;

    } while (n > 0 && text->len <= max);

    if (text->len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" is empty", name);
        return NGX_ERROR;
    }

    if (text->len > max) {
        OPENSSL_cleanse(text->data, text->len);
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is larger than %uz bytes", name, max);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static const char *
amzsync_http_conf_url_check(ngx_conf_t *cf, ngx_str_t *url, size_t scheme)
{
    size_t     i;
    ngx_url_t  u;

    for (i = scheme; i < url->len; i++) {

        switch (url->data[i]) {

        case '?':
            return "must have no arguments";

        case '#':
            return "must have no fragment";

        case '@':
            return "must have no user";

        default:
            if (url->data[i] <= 0x20 || url->data[i] > 0x7e) {
                return "has an invalid character";
            }
        }
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url.data = url->data + scheme;
    u.url.len = url->len - scheme;
    u.default_port = 443;
    u.uri_part = 1;
    u.no_resolve = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
        return u.err ? u.err : "no memory";
    }

    if (u.family == AF_UNIX) {
        return "must have a host";
    }

    if (scheme == 7 && !amzsync_http_conf_loopback(&u.host)) {
        return "must begin with https:// unless the host is this one, "
               "127.0.0.1, [::1] or localhost";
    }

    return NULL;
}


static ngx_uint_t
amzsync_http_conf_loopback(ngx_str_t *host)
{
    in_addr_t  addr;

    if ((host->len == 9
         && ngx_strncasecmp(host->data, (u_char *) "localhost", 9) == 0)
        || (host->len == 5 && ngx_strncmp(host->data, "[::1]", 5) == 0))
    {
        return 1;
    }

    addr = ngx_inet_addr(host->data, host->len);

    return addr != INADDR_NONE && (ntohl(addr) >> 24) == 127;
}
