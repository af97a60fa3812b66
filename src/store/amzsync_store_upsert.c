
/*
 * The page statement, made from a dataset's descriptor.
 *
 * Keys are sorted and de-duplicated inside the statement: the newest version
 * of a row wins, a tie takes the later one, and older data never overwrites
 * newer.  Children are replaced only for the parents that this statement
 * wrote, and those that vanished are deleted.
 */


#include <store/amzsync_store_upsert.h>


/* The growing text; only the end needs a check. */

typedef struct {
    ngx_pool_t               *pool;
    u_char                   *start;
    u_char                   *last;
    u_char                   *end;
    ngx_uint_t                failed;
    ngx_uint_t                param;        /* the next one's number */
} amzsync_store_sql_t;


static void amzsync_store_sql(amzsync_store_sql_t *sql, const char *fmt, ...);
static void amzsync_store_sql_source(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rowset, const char *alias, ngx_uint_t child);
static void amzsync_store_sql_columns(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rowset, const char *fmt, ngx_uint_t mask,
    ngx_uint_t wanted);
static void amzsync_store_sql_rows(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows);
static void amzsync_store_sql_stored(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows);
static void amzsync_store_sql_children(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child);
static void amzsync_store_sql_gone(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child);


static const char  *amzsync_store_types[] = {
    "text", "numeric", "bigint", "timestamptz", "boolean", "jsonb"
};


amzsync_pg_stmt_t *
amzsync_store_upsert_create(ngx_pool_t *pool, const amzsync_dataset_t *dataset,
    ngx_uint_t index)
{
    amzsync_pg_stmt_t       *stmt;
    amzsync_store_sql_t      sql;
    const amzsync_rowset_t  *rows;

    ngx_memzero(&sql, sizeof(amzsync_store_sql_t));

    sql.pool = pool;
    sql.param = AMZSYNC_STORE_STEP_PARAMS + 1;
    rows = dataset->rows;

    amzsync_store_sql_rows(&sql, rows);
    amzsync_store_sql(&sql, ", %s",
                      AMZSYNC_STORE_FENCES("(SELECT count(*) FROM src)"));
    amzsync_store_sql_stored(&sql, rows);

    if (rows->child) {
        amzsync_store_sql_children(&sql, rows, rows->child);
        amzsync_store_sql_gone(&sql, rows, rows->child);
    }

    amzsync_store_sql(&sql, " SELECT count(*) FROM src, page "
                            "HAVING EXISTS (SELECT FROM page)%Z");

    stmt = ngx_palloc(pool, sizeof(amzsync_pg_stmt_t));

    if (stmt == NULL || sql.failed) {
        return NULL;
    }

    stmt->index = index;
    stmt->name = dataset->name;
    stmt->sql = (char *) sql.start;
    stmt->nparams = sql.param - 1;

    return stmt;
}


/* "src": what the page holds, one row a key. */

static void
amzsync_store_sql_rows(amzsync_store_sql_t *sql, const amzsync_rowset_t *rows)
{
    amzsync_store_sql(sql, "WITH src AS MATERIALIZED (SELECT DISTINCT ON (");
    amzsync_store_sql_columns(sql, rows, "t.%s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, ") t.* FROM ");
    amzsync_store_sql_source(sql, rows, "t", 0);
    amzsync_store_sql(sql, " ORDER BY ");
    amzsync_store_sql_columns(sql, rows, "t.%s, ", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql_columns(sql, rows, "t.%s DESC, ",
                              AMZSYNC_COLUMN_NEWEST, AMZSYNC_COLUMN_NEWEST);
    amzsync_store_sql(sql, "t.ord DESC)");
}


/* "stored": the rows written; what is older than the table's is not. */

static void
amzsync_store_sql_stored(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows)
{
    amzsync_store_sql(sql, ", stored AS (INSERT INTO amzsync.%s AS o "
                      "(user_id, selling_partner_id, region", rows->table);
    amzsync_store_sql_columns(sql, rows, ", %s", 0, 0);
    amzsync_store_sql(sql, ") SELECT $1, page.selling_partner_id, page.region");
    amzsync_store_sql_columns(sql, rows, ", src.%s", 0, 0);
    amzsync_store_sql(sql, " FROM page, src ORDER BY ");
    amzsync_store_sql_columns(sql, rows, "src.%s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, " ON CONFLICT (user_id, selling_partner_id, "
                      "region");
    amzsync_store_sql_columns(sql, rows, ", %s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, ") DO UPDATE SET ");
    amzsync_store_sql_columns(sql, rows, "%s = excluded.%s",
                              AMZSYNC_COLUMN_KEY, 0);
    amzsync_store_sql(sql, " WHERE true");
    amzsync_store_sql_columns(sql, rows, " AND o.%s <= excluded.%s",
                              AMZSYNC_COLUMN_NEWEST, AMZSYNC_COLUMN_NEWEST);
    amzsync_store_sql(sql, " RETURNING ");
    amzsync_store_sql_columns(sql, rows, "o.%s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, ")");
}


/* "kids": the children of the rows written, one a key; and their upsert. */

static void
amzsync_store_sql_children(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child)
{
    amzsync_store_sql(sql, ", kids AS MATERIALIZED (SELECT DISTINCT ON (");
    amzsync_store_sql_columns(sql, rows, "src.%s, ", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql_columns(sql, child, "k.%s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, ") ");
    amzsync_store_sql_columns(sql, rows, "src.%s, ", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql_columns(sql, child, "k.%s", 0, 0);
    amzsync_store_sql(sql, " FROM stored JOIN src USING (");
    amzsync_store_sql_columns(sql, rows, "%s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, ") JOIN ");
    amzsync_store_sql_source(sql, child, "k", 1);
    amzsync_store_sql(sql, " ON k.parent = src.ord ORDER BY ");
    amzsync_store_sql_columns(sql, rows, "src.%s, ", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql_columns(sql, child, "k.%s, ", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, "k.ord DESC), kids_stored AS (INSERT INTO "
                      "amzsync.%s (user_id, selling_partner_id, region",
                      child->table);
    amzsync_store_sql_columns(sql, rows, ", %s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql_columns(sql, child, ", %s", 0, 0);
    amzsync_store_sql(sql, ") SELECT $1, page.selling_partner_id, "
                      "page.region, kids.* FROM page, kids "
                      "ON CONFLICT (user_id, selling_partner_id, region");
    amzsync_store_sql_columns(sql, rows, ", %s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql_columns(sql, child, ", %s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, ") DO UPDATE SET ");
    amzsync_store_sql_columns(sql, child, "%s = excluded.%s",
                              AMZSYNC_COLUMN_KEY, 0);
    amzsync_store_sql(sql, ")");
}


/*
 * "gone": children that the rows written no longer have.
 *
 * Joins would leave the planner a choice, and a plan that was cached while the
 * table was empty would read all of the seller's rows for each page.  Arrays
 * and hashed subplans leave none.
 */

static void
amzsync_store_sql_gone(amzsync_store_sql_t *sql, const amzsync_rowset_t *rows,
    const amzsync_rowset_t *child)
{
    amzsync_store_sql(sql, ", gone AS (DELETE FROM amzsync.%s i "
                      "WHERE i.user_id = $1 AND i.selling_partner_id = "
                      "(SELECT selling_partner_id FROM page) "
                      "AND i.region = (SELECT region FROM page)",
                      child->table);
    amzsync_store_sql_columns(sql, rows, " AND i.%s = ANY (ARRAY("
                              "SELECT %s FROM stored))",
                              AMZSYNC_COLUMN_KEY, AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, " AND ((");
    amzsync_store_sql_columns(sql, rows, "i.%s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, ") IN (SELECT ");
    amzsync_store_sql_columns(sql, rows, "%s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, " FROM stored)) IS TRUE AND (");
    amzsync_store_sql_columns(sql, rows, "i.%s, ", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql_columns(sql, child, "i.%s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, ") NOT IN (SELECT ");
    amzsync_store_sql_columns(sql, rows, "%s, ", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql_columns(sql, child, "%s", AMZSYNC_COLUMN_KEY,
                              AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, " FROM kids))");
}


/* unnest() of the columns' parameters, and of the parents' for children. */

static void
amzsync_store_sql_source(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rowset, const char *alias, ngx_uint_t child)
{
    ngx_uint_t  i;

    amzsync_store_sql(sql, "unnest(");

    if (child) {
        amzsync_store_sql(sql, "$%ui::bigint[], ", sql->param++);
    }

    for (i = 0; i < rowset->ncolumns; i++) {
        amzsync_store_sql(sql, "%s$%ui::%s[]", i ? ", " : "", sql->param++,
                          amzsync_store_types[rowset->columns[i].type]);
    }

    amzsync_store_sql(sql, ") WITH ORDINALITY AS %s (%s", alias,
                      child ? "parent, " : "");
    amzsync_store_sql_columns(sql, rowset, "%s", 0, 0);
    amzsync_store_sql(sql, ", ord)");
}


/*
 * The columns whose flags under "mask" are "wanted", each by "fmt", which has
 * the name once or twice.  What neither begins nor ends with a separator is
 * separated by commas.
 */

static void
amzsync_store_sql_columns(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rowset, const char *fmt, ngx_uint_t mask,
    ngx_uint_t wanted)
{
    ngx_uint_t   i, n, separate;
    const char  *name;

    n = 0;
    separate = (fmt[0] != ',' && fmt[0] != ' '
                && fmt[ngx_strlen(fmt) - 1] != ' ');

    for (i = 0; i < rowset->ncolumns; i++) {

        if ((rowset->columns[i].flags & mask) != wanted) {
            continue;
        }

        if (separate && n++) {
            amzsync_store_sql(sql, ", ");
        }

        name = rowset->columns[i].name;
        amzsync_store_sql(sql, fmt, name, name);
    }
}


static void
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


static ngx_int_t
amzsync_store_upsert_rowset(amzsync_pg_query_t *query,
    const amzsync_rows_t *rows)
{
    ngx_uint_t  i;

    for (i = 0; i < rows->rowset->ncolumns; i++) {
        if (amzsync_pg_query_static(query, (char *) rows->columns[i].start)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
amzsync_store_upsert_params(amzsync_pg_query_t *query,
    const amzsync_rows_t *rows)
{
    if (amzsync_store_upsert_rowset(query, rows) != NGX_OK) {
        return NGX_ERROR;
    }

    if (rows->child == NULL) {
        return NGX_OK;
    }

    if (amzsync_pg_query_static(query, (char *) rows->child->parent.start)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return amzsync_store_upsert_rowset(query, rows->child);
}
