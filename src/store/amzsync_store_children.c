
/*
 * Children in the page statement: they go the ways of rows, but their key is
 * their parent's and their own, and those that a row no longer has go.
 */


#include <store/amzsync_store_upsert.h>


static void amzsync_store_sql_kids(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child,
    ngx_uint_t written);
static void amzsync_store_sql_kids_there(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child);
static void amzsync_store_sql_kids_insert(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child);
static void amzsync_store_sql_kid(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child,
    const char *parent, const char *kid);
static void amzsync_store_sql_gone(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child);


/*
 * "kids": the children of the rows written, one a key; "kids_there": those that
 * these rows have; and the same two ways into the table.
 */

void
amzsync_store_sql_children(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child)
{
    amzsync_store_sql(sql, ", written AS MATERIALIZED (SELECT ");
    amzsync_store_sql_key(sql, rows, "");
    amzsync_store_sql(sql, " FROM unmet UNION ALL SELECT ");
    amzsync_store_sql_key(sql, rows, "");
    amzsync_store_sql(sql, " FROM stored)");

    amzsync_store_sql_kids(sql, rows, child, 1);
    amzsync_store_sql_kids_there(sql, rows, child);

    amzsync_store_sql(sql, ", kids_unmet AS (");
    amzsync_store_sql_kids_insert(sql, rows, child);
    amzsync_store_sql(sql, " WHERE (");
    amzsync_store_sql_kid(sql, rows, child, "", "");
    amzsync_store_sql(sql, ") NOT IN (SELECT ");
    amzsync_store_sql_kid(sql, rows, child, "", "");
    amzsync_store_sql(sql, " FROM kids_there)), kids_stored AS (");
    amzsync_store_sql_kids_insert(sql, rows, child);
    amzsync_store_sql(sql, " WHERE ((");
    amzsync_store_sql_kid(sql, rows, child, "", "");
    amzsync_store_sql(sql, ") IN (SELECT ");
    amzsync_store_sql_kid(sql, rows, child, "", "");
    amzsync_store_sql(sql, " FROM kids_there)) IS TRUE "
                      "ON CONFLICT (user_id, selling_partner_id, region, ");
    amzsync_store_sql_kid(sql, rows, child, "", "");
    amzsync_store_sql(sql, ") DO UPDATE SET ");
    amzsync_store_sql_columns(sql, child, "%s = excluded.%s",
                              AMZSYNC_COLUMN_KEY, 0);
    amzsync_store_sql(sql, ")");

    amzsync_store_sql_gone(sql, rows, child);
}


/* Of rows that are all new: their children are, too, or are met. */

void
amzsync_store_sql_new_children(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child)
{
    amzsync_store_sql_kids(sql, rows, child, 0);

    amzsync_store_sql(sql, ", kids_fresh AS (");
    amzsync_store_sql_kids_insert(sql, rows, child);
    amzsync_store_sql(sql, ")");
}


/* Of those rows of "src" that "written" has; or of all. */

static void
amzsync_store_sql_kids(amzsync_store_sql_t *sql, const amzsync_rowset_t *rows,
    const amzsync_rowset_t *child, ngx_uint_t written)
{
    amzsync_store_sql(sql, ", kids AS MATERIALIZED (SELECT DISTINCT ON (");
    amzsync_store_sql_kid(sql, rows, child, "src.", "k.");
    amzsync_store_sql(sql, ") ");
    amzsync_store_sql_key(sql, rows, "src.");
    amzsync_store_sql_columns(sql, child, ", k.%s", 0, 0);
    amzsync_store_sql(sql, " FROM src JOIN ");

    if (written) {
        amzsync_store_sql(sql, "written USING (");
        amzsync_store_sql_key(sql, rows, "");
        amzsync_store_sql(sql, ") JOIN ");
    }

    amzsync_store_sql_source(sql, child, "k", 1);
    amzsync_store_sql(sql, " ON k.parent = src.ord ORDER BY ");
    amzsync_store_sql_kid(sql, rows, child, "src.", "k.");
    amzsync_store_sql(sql, ", k.ord DESC)");
}


/* Looked for parent by parent, as rows are for "there". */

static void
amzsync_store_sql_kids_there(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child)
{
    amzsync_store_sql(sql, ", kids_there AS MATERIALIZED (SELECT k.* "
                      "FROM page, written w CROSS JOIN LATERAL ("
                          "SELECT i.ctid AS place, ");
    amzsync_store_sql_kid(sql, rows, child, "i.", "i.");
    amzsync_store_sql(sql, " FROM amzsync.%s i WHERE i.user_id = $1 "
                      "AND i.selling_partner_id = page.selling_partner_id "
                      "AND i.region = page.region", child->table);
    amzsync_store_sql_columns(sql, rows, " AND i.%s = w.%s",
                              AMZSYNC_COLUMN_KEY, AMZSYNC_COLUMN_KEY);
    amzsync_store_sql(sql, " OFFSET 0) k)");
}


/* The INSERT of kids, of those that what may follow lets pass. */

static void
amzsync_store_sql_kids_insert(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child)
{
    amzsync_store_sql(sql, "INSERT INTO amzsync.%s "
                      "(user_id, selling_partner_id, region, ", child->table);
    amzsync_store_sql_key(sql, rows, "");
    amzsync_store_sql_columns(sql, child, ", %s", 0, 0);
    amzsync_store_sql(sql, ") SELECT $1, page.selling_partner_id, "
                      "page.region, kids.* FROM page, kids");
}


/* The key of a child: its parent's, and its own. */

static void
amzsync_store_sql_kid(amzsync_store_sql_t *sql, const amzsync_rowset_t *rows,
    const amzsync_rowset_t *child, const char *parent, const char *kid)
{
    amzsync_store_sql_key(sql, rows, parent);
    amzsync_store_sql(sql, ", ");
    amzsync_store_sql_key(sql, child, kid);
}


/*
 * "gone": children that the rows written no longer have, by their place: the
 * fences let none of ours move them.
 */

static void
amzsync_store_sql_gone(amzsync_store_sql_t *sql, const amzsync_rowset_t *rows,
    const amzsync_rowset_t *child)
{
    amzsync_store_sql(sql, ", gone AS (DELETE FROM amzsync.%s "
                      "WHERE ctid = ANY (ARRAY("
                          "SELECT place FROM kids_there WHERE (",
                      child->table);
    amzsync_store_sql_kid(sql, rows, child, "", "");
    amzsync_store_sql(sql, ") NOT IN (SELECT ");
    amzsync_store_sql_kid(sql, rows, child, "", "");
    amzsync_store_sql(sql, " FROM kids))))");
}
