
/*
 * The text of a statement that is made from a descriptor.
 */


#ifndef _AMZSYNC_STORE_SQL_H_INCLUDED_
#define _AMZSYNC_STORE_SQL_H_INCLUDED_


#include <store/amzsync_store_private.h>


/* Grows in "pool"; zeroed otherwise.  Only the end needs a check. */

typedef struct {
    ngx_pool_t               *pool;
    u_char                   *start;
    u_char                   *last;
    u_char                   *end;
    ngx_uint_t                failed;
    ngx_uint_t                param;        /* the next one's number */
} amzsync_store_sql_t;


/* Appends; the formats are those of ngx_slprintf(). */
void amzsync_store_sql(amzsync_store_sql_t *sql, const char *fmt, ...);

/* Ends the text: the statement, or NULL if there was no memory. */
amzsync_pg_stmt_t *amzsync_store_sql_stmt(amzsync_store_sql_t *sql,
    ngx_uint_t index, const char *name, ngx_uint_t nparams);


#endif /* _AMZSYNC_STORE_SQL_H_INCLUDED_ */
