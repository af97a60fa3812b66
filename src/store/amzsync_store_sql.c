
/*
 * The text of a statement that is made from a descriptor.
 */


#include <store/amzsync_store_sql.h>


void
amzsync_store_sql(amzsync_store_sql_t *sql, const char *fmt, ...)
{
    size_t    size;
    u_char   *p, *last;
    va_list   args;

    for ( ;; ) {

        if (sql->failed) {
            return;
        }

        va_start(args, fmt);
        last = ngx_vslprintf(sql->last, sql->end, fmt, args);
        va_end(args);

        if (last < sql->end) {
            sql->last = last;
            return;
        }

        /* What fills the buffer may have been cut: write it again. */

        size = 2 * (sql->end - sql->start) + 4096;

        p = ngx_pnalloc(sql->pool, size);
        if (p == NULL) {
            sql->failed = 1;
            return;
        }

        if (sql->start) {
            ngx_memcpy(p, sql->start, sql->last - sql->start);
        }

        sql->last = p + (sql->last - sql->start);
        sql->start = p;
        sql->end = p + size;
    }
}


amzsync_pg_stmt_t *
amzsync_store_sql_stmt(amzsync_store_sql_t *sql, ngx_uint_t index,
    const char *name, ngx_uint_t nparams)
{
    amzsync_pg_stmt_t  *stmt;

    amzsync_store_sql(sql, "%Z");

    stmt = ngx_palloc(sql->pool, sizeof(amzsync_pg_stmt_t));

    if (stmt == NULL || sql->failed) {
        return NULL;
    }

    stmt->index = index;
    stmt->name = name;
    stmt->sql = (char *) sql->start;
    stmt->nparams = nparams;

    return stmt;
}
