
/*
 * Queries and their parameters.
 */


#include <pg/amzsync_pg_private.h>


/* The structure itself and the parameters of most statements fit in. */

#define AMZSYNC_PG_QUERY_POOL_SIZE  4096


static ngx_int_t amzsync_pg_query_add(amzsync_pg_query_t *query,
    const char *value, size_t len, int format);


amzsync_pg_query_t *
amzsync_pg_query_create(const amzsync_pg_stmt_t *stmt,
    amzsync_pg_class_e class, ngx_log_t *log)
{
    ngx_pool_t          *pool;
    amzsync_pg_query_t  *query;

    pool = ngx_create_pool(AMZSYNC_PG_QUERY_POOL_SIZE, log);
    if (pool == NULL) {
        return NULL;
    }

    /* a query may outlive the request whose log this is */

    pool->log = ngx_cycle->log;

    query = ngx_pcalloc(pool, sizeof(amzsync_pg_query_t));
    if (query == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     query->nparams = 0;
     *     query->handler = NULL;
     *     query->result = NULL;
     *     query->state = AMZSYNC_PG_NEW;
     */

    query->stmt = stmt;
    query->class = class;
    query->pool = pool;

    return query;
}


ngx_int_t
amzsync_pg_query_text(amzsync_pg_query_t *query, const u_char *p, size_t len)
{
    u_char  *text;

    if (p == NULL) {
        return amzsync_pg_query_add(query, NULL, 0, 0);
    }

    /* libpq would cut the text here, and say nothing */

    if (len && memchr(p, '\0', len) != NULL) {
        return NGX_ERROR;
    }

    text = ngx_pnalloc(query->pool, len + 1);
    if (text == NULL) {
        return NGX_ERROR;
    }

    *ngx_cpymem(text, p, len) = '\0';

    return amzsync_pg_query_add(query, (char *) text, len, 0);
}


ngx_int_t
amzsync_pg_query_int(amzsync_pg_query_t *query, int64_t n)
{
    u_char  *text;

    text = ngx_pnalloc(query->pool, NGX_INT64_LEN + 1);
    if (text == NULL) {
        return NGX_ERROR;
    }

    *ngx_sprintf(text, "%L", n) = '\0';

    return amzsync_pg_query_add(query, (char *) text, 0, 0);
}


ngx_int_t
amzsync_pg_query_bytes(amzsync_pg_query_t *query, const u_char *p, size_t len)
{
    u_char  *bytes;

    if (p == NULL) {
        return amzsync_pg_query_add(query, NULL, 0, 1);
    }

    /* an empty value must not look like NULL */

    bytes = ngx_pnalloc(query->pool, len + 1);
    if (bytes == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(bytes, p, len);

    return amzsync_pg_query_add(query, (char *) bytes, len, 1);
}


ngx_int_t
amzsync_pg_query_static(amzsync_pg_query_t *query, const char *s)
{
    return amzsync_pg_query_add(query, s, 0, 0);
}


ngx_int_t
amzsync_pg_query_static_bytes(amzsync_pg_query_t *query, const u_char *p,
    size_t len)
{
    return amzsync_pg_query_add(query, (const char *) p, len, 1);
}


static ngx_int_t
amzsync_pg_query_add(amzsync_pg_query_t *query, const char *value, size_t len,
    int format)
{
    ngx_uint_t  n;

    n = query->nparams;

    if (n == AMZSYNC_PG_PARAMS_MAX || len > NGX_MAX_INT32_VALUE) {
        ngx_log_error(NGX_LOG_ALERT, query->pool->log, 0,
                      "too many or too long parameters of \"%s\"",
                      query->stmt->name);
        return NGX_ERROR;
    }

    query->values[n] = value;
    query->lengths[n] = (int) len;
    query->formats[n] = format;
    query->nparams = n + 1;

    return NGX_OK;
}


void
amzsync_pg_query_clear(amzsync_pg_query_t *query)
{
    PQclear(query->result);
    query->result = NULL;
}


void
amzsync_pg_query_free(amzsync_pg_query_t *query)
{
    if (query->timer.timer_set) {
        ngx_del_timer(&query->timer);
    }

    amzsync_pg_query_clear(query);
    ngx_destroy_pool(query->pool);
}
