
/*
 * A password from a file in the form of ~/.pgpass, by libpq's rules: lines of
 * host:port:database:user:password, "*" for any, "\" before ":" and "\".
 *
 * Read once, with the configuration: libpq would read it at every connect.
 */


#include <pg/amzsync_pg_private.h>


#define AMZSYNC_PG_PASSFILE_MAX  65536


static ngx_int_t amzsync_pg_passfile_load(ngx_pool_t *pool, const char *name,
    ngx_str_t *text, ngx_str_t *err);
static ngx_int_t amzsync_pg_passfile_host(ngx_pool_t *pool, ngx_str_t *text,
    amzsync_pg_host_t *host, ngx_str_t fields[4], ngx_str_t *password);
static ngx_int_t amzsync_pg_passfile_find(ngx_pool_t *pool, ngx_str_t *text,
    ngx_str_t fields[4], ngx_str_t *password);
static u_char *amzsync_pg_passfile_match(u_char *p, u_char *last,
    ngx_str_t *field);


ngx_int_t
amzsync_pg_passfile_read(ngx_pool_t *pool, const char *name,
    PQconninfoOption *options, ngx_array_t *hosts, ngx_str_t *password,
    ngx_str_t *err)
{
    ngx_str_t           text, found, fields[4];
    ngx_uint_t          i;
    const char         *user, *dbname;
    amzsync_pg_host_t  *host;

    user = amzsync_pg_conf_option(options, "user");
    dbname = amzsync_pg_conf_option(options, "dbname");

    if (user == NULL) {
        /* the default is a worker's user, who is not known here */
        ngx_str_set(err, "\"user\" is required with a password file");
        return NGX_ERROR;
    }

    if (dbname == NULL) {
        dbname = user;
    }

    fields[2].data = (u_char *) dbname;
    fields[2].len = ngx_strlen(dbname);
    fields[3].data = (u_char *) user;
    fields[3].len = ngx_strlen(user);

    if (amzsync_pg_passfile_load(pool, name, &text, err) != NGX_OK) {
        return NGX_ERROR;
    }

    host = hosts->elts;

    for (i = 0; i < hosts->nelts; i++) {
        if (amzsync_pg_passfile_host(pool, &text, &host[i], fields, &found)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        /* libpq takes one for all, and none may see another's */

        if (i > 0
            && (found.len != password->len
                || ngx_memcmp(found.data, password->data, found.len) != 0))
        {
            ngx_str_set(err, "the hosts have different passwords");
            return NGX_ERROR;
        }

        *password = found;
    }

    return password->len ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
amzsync_pg_passfile_load(ngx_pool_t *pool, const char *name, ngx_str_t *text,
    ngx_str_t *err)
{
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_file_info_t  fi;

    fd = ngx_open_file(name, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK, NGX_FILE_OPEN,
                       0);
    if (fd == NGX_INVALID_FILE) {
        return amzsync_pg_conf_error(pool, err, "cannot open \"%s\"", name);
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR
        || !ngx_is_file(&fi)
        || ngx_file_size(&fi) > AMZSYNC_PG_PASSFILE_MAX)
    {
        (void) ngx_close_file(fd);
        return amzsync_pg_conf_error(pool, err, "\"%s\" is not a plain file, "
                                     "or too large", name);
    }

    if (fi.st_mode & (S_IRWXG|S_IRWXO)) {
        (void) ngx_close_file(fd);
        return amzsync_pg_conf_error(pool, err, "\"%s\" is open to group or "
                                     "others, its mode should be 0600", name);
    }

    text->len = (size_t) ngx_file_size(&fi);
    text->data = ngx_pnalloc(pool, text->len + 1);
    if (text->data == NULL) {
        (void) ngx_close_file(fd);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, text->data, text->len);

    (void) ngx_close_file(fd);

    if (n == -1) {
        return amzsync_pg_conf_error(pool, err, "cannot read \"%s\"", name);
    }

    text->len = n;

    return NGX_OK;
}


/*
 * The password of one host, empty if the file has none.  libpq knows the
 * default folder of sockets as "localhost"; here every folder may be called by
 * that name.
 */

static ngx_int_t
amzsync_pg_passfile_host(ngx_pool_t *pool, ngx_str_t *text,
    amzsync_pg_host_t *host, ngx_str_t fields[4], ngx_str_t *password)
{
    ngx_int_t   rc;
    ngx_uint_t  tcp;

    fields[0] = host->host.len ? host->host : host->addr;
    fields[1] = host->port;

    tcp = host->addr.len;

    if (fields[1].len == 0) {
        ngx_str_set(&fields[1], "5432");
    }

    rc = amzsync_pg_passfile_find(pool, text, fields, password);

    if (rc == NGX_OK && password->len == 0 && !tcp) {
        ngx_str_set(&fields[0], "localhost");
        rc = amzsync_pg_passfile_find(pool, text, fields, password);
    }

    return rc;
}


static ngx_int_t
amzsync_pg_passfile_find(ngx_pool_t *pool, ngx_str_t *text,
    ngx_str_t fields[4], ngx_str_t *password)
{
    u_char      *p, *last, *next, *end, *dst;
    ngx_uint_t   i;

    ngx_str_null(password);

    end = text->data + text->len;

    for (p = text->data; p < end; p = next) {

        last = ngx_strlchr(p, end, '\n');
        last = (last == NULL) ? end : last;
        next = last + 1;

        if (last > p && last[-1] == '\r') {
            last--;
        }

        if (*p == '#') {
            continue;
        }

        for (i = 0; i < 4 && p != NULL; i++) {
            p = amzsync_pg_passfile_match(p, last, &fields[i]);
        }

        if (p == NULL) {
            continue;
        }

        dst = ngx_pnalloc(pool, last - p + 1);
        if (dst == NULL) {
            return NGX_ERROR;
        }

        password->data = dst;

        while (p < last && *p != ':') {
            if (*p == '\\' && p + 1 < last) {
                p++;
            }

            *dst++ = *p++;
        }

        password->len = dst - password->data;

        return NGX_OK;
    }

    return NGX_OK;
}


/* Where the next field begins, or NULL if this one is not ours. */

static u_char *
amzsync_pg_passfile_match(u_char *p, u_char *last, ngx_str_t *field)
{
    size_t  n;

    if (last - p >= 2 && p[0] == '*' && p[1] == ':') {
        return p + 2;
    }

    for (n = 0; p < last; n++) {

        if (*p == ':') {
            return (n == field->len) ? p + 1 : NULL;
        }

        if (*p == '\\' && p + 1 < last) {
            p++;
        }

        if (n == field->len || *p++ != field->data[n]) {
            return NULL;
        }
    }

    return NULL;
}
