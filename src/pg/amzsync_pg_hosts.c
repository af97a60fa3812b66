
/*
 * The hosts of a conninfo.  getaddrinfo() blocks, so names are resolved while
 * nginx reads its configuration; each address becomes a host of its own, with
 * the name kept beside for the verification of certificates.
 */


#include <pg/amzsync_pg_private.h>


static ngx_uint_t amzsync_pg_hosts_count(const char *list);
static void amzsync_pg_hosts_item(const char **list, ngx_str_t *item);
static ngx_int_t amzsync_pg_hosts_port(ngx_pool_t *pool, ngx_str_t *port,
    ngx_str_t *err);
static ngx_int_t amzsync_pg_hosts_add(ngx_pool_t *pool, ngx_array_t *hosts,
    amzsync_pg_host_t *host, ngx_str_t *err);
static ngx_int_t amzsync_pg_hosts_lookup(ngx_pool_t *pool, ngx_array_t *hosts,
    amzsync_pg_host_t *host, ngx_str_t *err);


ngx_int_t
amzsync_pg_hosts_resolve(ngx_pool_t *pool, PQconninfoOption *options,
    ngx_array_t *hosts, ngx_str_t *err)
{
    ngx_uint_t          i, n, nports;
    const char         *names, *addrs, *ports;
    amzsync_pg_host_t   host;

    names = amzsync_pg_conf_option(options, "host");
    addrs = amzsync_pg_conf_option(options, "hostaddr");
    ports = amzsync_pg_conf_option(options, "port");

    n = amzsync_pg_hosts_count(addrs ? addrs : names);
    nports = amzsync_pg_hosts_count(ports);

    if (addrs && names && amzsync_pg_hosts_count(names) != n) {
        ngx_str_set(err, "\"host\" and \"hostaddr\" differ in number");
        return NGX_ERROR;
    }

    if (nports != 1 && nports != n) {
        ngx_str_set(err, "\"port\" and \"host\" differ in number");
        return NGX_ERROR;
    }

    ngx_str_null(&host.port);

    for (i = 0; i < n; i++) {
        amzsync_pg_hosts_item(&names, &host.host);
        amzsync_pg_hosts_item(&addrs, &host.addr);

        /* one port is for all of them */

        if (i == 0 || nports > 1) {
            amzsync_pg_hosts_item(&ports, &host.port);
        }

        if (amzsync_pg_hosts_port(pool, &host.port, err) != NGX_OK
            || amzsync_pg_hosts_add(pool, hosts, &host, err) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* An absent list counts as one empty item. */

static ngx_uint_t
amzsync_pg_hosts_count(const char *list)
{
    ngx_uint_t  n;

    n = 1;

    while (list != NULL && *list != '\0') {
        if (*list++ == ',') {
            n++;
        }
    }

    return n;
}


/* Takes the first item off the list. */

static void
amzsync_pg_hosts_item(const char **list, ngx_str_t *item)
{
    const char  *p;

    ngx_str_null(item);

    p = *list;

    if (p == NULL) {
        return;
    }

    item->data = (u_char *) p;

    while (*p != '\0' && *p != ',') {
        p++;
    }

    item->len = (u_char *) p - item->data;

    *list = (*p == ',') ? p + 1 : p;
}


static ngx_int_t
amzsync_pg_hosts_port(ngx_pool_t *pool, ngx_str_t *port, ngx_str_t *err)
{
    ngx_int_t  n;

    if (port->len == 0) {
        return NGX_OK;
    }

    n = ngx_atoi(port->data, port->len);

    if (n < 1 || n > 65535) {
        return amzsync_pg_conf_error(pool, err, "invalid port \"%V\"", port);
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_pg_hosts_add(ngx_pool_t *pool, ngx_array_t *hosts,
    amzsync_pg_host_t *host, ngx_str_t *err)
{
    ngx_addr_t          addr;
    amzsync_pg_host_t  *new;

    if (host->addr.len) {
        if (ngx_parse_addr(pool, &addr, host->addr.data, host->addr.len)
            != NGX_OK)
        {
            return amzsync_pg_conf_error(pool, err, "invalid hostaddr \"%V\"",
                                         &host->addr);
        }

    } else if (host->host.len
               && host->host.data[0] != '/'
               && host->host.data[0] != '@')
    {
        return amzsync_pg_hosts_lookup(pool, hosts, host, err);
    }

    /* an address, or a socket's folder */

    new = ngx_array_push(hosts);
    if (new == NULL) {
        return NGX_ERROR;
    }

    *new = *host;

    return NGX_OK;
}


static ngx_int_t
amzsync_pg_hosts_lookup(ngx_pool_t *pool, ngx_array_t *hosts,
    amzsync_pg_host_t *host, ngx_str_t *err)
{
    ngx_url_t           u;
    ngx_uint_t          i;
    amzsync_pg_host_t  *new;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.host = host->host;

    if (ngx_inet_resolve_host(pool, &u) != NGX_OK) {
        return amzsync_pg_conf_error(pool, err, "%s: \"%V\"",
                                     u.err ? u.err : "no memory", &u.host);
    }

    for (i = 0; i < u.naddrs; i++) {
        new = ngx_array_push(hosts);
        if (new == NULL) {
            return NGX_ERROR;
        }

        *new = *host;

        new->addr.data = ngx_pnalloc(pool, NGX_SOCKADDR_STRLEN);
        if (new->addr.data == NULL) {
            return NGX_ERROR;
        }

        new->addr.len = ngx_sock_ntop(u.addrs[i].sockaddr, u.addrs[i].socklen,
                                      new->addr.data, NGX_SOCKADDR_STRLEN, 0);
    }

    return NGX_OK;
}
