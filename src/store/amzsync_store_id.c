
/*
 * Rows in the page statement that have an id or not: the hash that is the key
 * of those without one, their numbers, and those that have got one since.
 */


#include <store/amzsync_store_upsert.h>


static void amzsync_store_sql_hash(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows);
static void amzsync_store_sql_keyed(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const char *r, const char *key);


/* "src" of rows that have an id or not: with row_key and ordinal. */

void
amzsync_store_sql_id_rows(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const char *id)
{
    amzsync_store_sql(sql, "WITH raw AS MATERIALIZED (SELECT t.*, "
                      "t.%s IS NULL AS anonymous, COALESCE(t.%s, ", id, id);
    amzsync_store_sql_hash(sql, rows);
    amzsync_store_sql(sql, ") AS row_key FROM ");
    amzsync_store_sql_source(sql, rows, "t", 0);
    amzsync_store_sql(sql, "), src AS MATERIALIZED (SELECT DISTINCT ON "
                      "(row_key, ordinal) * FROM (SELECT *, "
                      "CASE WHEN anonymous THEN row_number() OVER "
                          "(PARTITION BY row_key, anonymous ORDER BY ord) "
                      "ELSE 1 END AS ordinal FROM raw) t "
                      "ORDER BY row_key, ordinal, ord DESC)");
}


/* Of the columns' values, not of the texts that these were written as. */

static void
amzsync_store_sql_hash(amzsync_store_sql_t *sql, const amzsync_rowset_t *rows)
{
    ngx_uint_t               i, n;
    const char              *fmt;
    const amzsync_column_t  *column;

    n = 0;

    amzsync_store_sql(sql, "'sha256:' || encode(sha256(convert_to("
                      "jsonb_build_array(");

    for (i = 0; i < rows->ncolumns; i++) {
        column = &rows->columns[i];

        if (!(column->flags & AMZSYNC_COLUMN_HASHED)) {
            continue;
        }

        switch (column->type) {

        case AMZSYNC_NUMERIC:
            fmt = "%strim_scale(t.%s)";
            break;

        case AMZSYNC_TIME:
            fmt = "%sextract(epoch FROM t.%s)";
            break;

        default:
            fmt = "%st.%s";
        }

        amzsync_store_sql(sql, fmt, n++ ? ", " : "", column->name);
    }

    amzsync_store_sql(sql, ")::text, 'UTF8')), 'hex')");
}


/* The rows "r" of the seller's, by what follows about their row_key. */

static void
amzsync_store_sql_keyed(amzsync_store_sql_t *sql, const amzsync_rowset_t *rows,
    const char *r, const char *key)
{
    amzsync_store_sql(sql, "FROM amzsync.%s %s WHERE %s.user_id = $1 "
                      "AND %s.selling_partner_id = page.selling_partner_id "
                      "AND %s.region = page.region AND %s.row_key %s ",
                      rows->table, r, r, r, r, r, key);
}


/* Rows without an id, and this hash, on earlier pages of the scan: how many. */

void
amzsync_store_sql_before(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const char *id, const char *hash)
{
    amzsync_store_sql(sql, "(SELECT count(*) ");
    amzsync_store_sql_keyed(sql, rows, "b", hash);
    amzsync_store_sql(sql, "AND b.%s IS NULL "
                      "AND (b.scan_sync_no, b.scan_page) = ($2, $21))", id);
}


/*
 * "named": rows that were stored without an id, and have got one since.  For
 * each that is new with an id one of its hash goes, of those that this scan
 * has not met: the last, as others are counted from 1.  If that one comes yet,
 * it is stored again.  Most sellers have no row without an id, and then this
 * costs a look into the index.
 */

void
amzsync_store_sql_named(amzsync_store_sql_t *sql, const amzsync_rowset_t *rows,
    const char *id)
{
    amzsync_store_sql(sql, ", hashed AS MATERIALIZED (SELECT t.anonymous, "
                      "t.row_key, CASE WHEN t.anonymous THEN t.row_key ELSE ");
    amzsync_store_sql_hash(sql, rows);
    amzsync_store_sql(sql, " END AS hash FROM page CROSS JOIN LATERAL ("
                      "SELECT ");
    amzsync_store_sql_keyed(sql, rows, "a", ">= 'sha256:'");
    amzsync_store_sql(sql, "AND a.row_key < 'sha256;' LIMIT 1) a "
                      "CROSS JOIN src t), "
                      "named AS (DELETE FROM amzsync.%s "
                      "WHERE ctid = ANY (ARRAY(SELECT old.place FROM page, "
                      "(SELECT hash, count(*) FILTER (WHERE anonymous) "
                          "AS alike FROM hashed GROUP BY hash "
                          "HAVING NOT bool_and(anonymous)) s "
                      "CROSS JOIN LATERAL (SELECT o.ctid AS place, "
                          "row_number() OVER (ORDER BY o.ordinal DESC) AS n ",
                      rows->table);
    amzsync_store_sql_keyed(sql, rows, "o", "= s.hash");
    amzsync_store_sql(sql, "AND o.%s IS NULL "
                      "AND (o.scan_sync_no, o.scan_page) <> ($2, $21) "
                      "AND o.ordinal > s.alike + ", id);
    amzsync_store_sql_before(sql, rows, id, "= s.hash");
    amzsync_store_sql(sql, " OFFSET 0) old WHERE old.n <= ("
                      "SELECT count(*) FROM hashed h WHERE h.hash = s.hash "
                         "AND NOT h.anonymous AND NOT EXISTS (SELECT ");
    amzsync_store_sql_keyed(sql, rows, "e", "= h.row_key");
    amzsync_store_sql(sql, "AND e.ordinal = 1)))))");
}
