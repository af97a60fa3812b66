
/*
 * Parts of the page statement that look beyond its table: the log of changes,
 * and the mark of a row whose own rows were read.
 */


#include <store/amzsync_store_upsert.h>


static void amzsync_store_sql_key_object(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);


ngx_uint_t
amzsync_store_tracks(const amzsync_rowset_t *rowset)
{
    ngx_uint_t  i;

    for (i = 0; i < rowset->ncolumns; i++) {
        if (rowset->columns[i].flags & AMZSYNC_COLUMN_TRACKED) {
            return 1;
        }
    }

    return 0;
}


void
amzsync_store_sql_keys(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset, const char *prefix)
{
    if (amzsync_store_unit_key(dataset)) {
        amzsync_store_sql(sql, ", %s%s", prefix,
                          amzsync_store_unit_column(dataset));
    }

    amzsync_store_sql(sql, ", ");
    amzsync_store_sql_key(sql, dataset->rows, prefix);
}


/*
 * In the SET of an upsert: the old values are at hand there, and nowhere later.
 * So they stay in the row until it is written again; to look the rows up before
 * they are written would cost a page several times as much.
 */

void
amzsync_store_sql_tracked(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows)
{
    amzsync_store_sql(sql, ", changed_from = CASE WHEN false");
    amzsync_store_sql_columns(sql, rows,
                              " OR o.%s IS DISTINCT FROM excluded.%s",
                              AMZSYNC_COLUMN_TRACKED, AMZSYNC_COLUMN_TRACKED);
    amzsync_store_sql(sql, " THEN jsonb_build_object(");
    amzsync_store_sql_columns(sql, rows, "'%s', o.%s", AMZSYNC_COLUMN_TRACKED,
                              AMZSYNC_COLUMN_TRACKED);
    amzsync_store_sql(sql, ") END");
}


/* Rows that are new have no old values: to be seen first is no change. */

void
amzsync_store_sql_changes(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    ngx_uint_t               i, n;
    const char              *name;
    const amzsync_rowset_t  *rows;

    rows = dataset->rows;

    amzsync_store_sql(sql, ", changes AS (INSERT INTO amzsync.changes "
                      "(user_id, selling_partner_id, region, dataset, key, "
                       "column_name, old_value, new_value, sync_no, page) "
                      "SELECT $1, page.selling_partner_id, page.region, $4, "
                             "jsonb_build_object(");
    amzsync_store_sql_key_object(sql, dataset);
    amzsync_store_sql(sql, "), c.name, c.old, c.new, $2, $5::bigint "
                      "FROM page, stored s CROSS JOIN LATERAL (VALUES ");

    n = 0;

    for (i = 0; i < rows->ncolumns; i++) {
        name = rows->columns[i].name;

        if (rows->columns[i].flags & AMZSYNC_COLUMN_TRACKED) {
            amzsync_store_sql(sql, "%s('%s', s.changed_from ->> '%s', "
                              "s.%s::text)", n++ ? ", " : "", name, name,
                              name);
        }
    }

    amzsync_store_sql(sql, ") AS c (name, old, new) "
                      "WHERE s.changed_from IS NOT NULL "
                        "AND c.old IS DISTINCT FROM c.new)");
}


static void
amzsync_store_sql_key_object(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    ngx_uint_t               i, n;
    const amzsync_rowset_t  *rows;

    rows = dataset->rows;

    if (amzsync_store_upsert_id(rows)) {
        amzsync_store_sql(sql, "'row_key', s.row_key, 'ordinal', s.ordinal");
        return;
    }

    n = 0;

    if (amzsync_store_unit_key(dataset)) {
        amzsync_store_sql(sql, "'%s', s.%s",
                          amzsync_store_unit_column(dataset),
                          amzsync_store_unit_column(dataset));
        n++;
    }

    for (i = 0; i < rows->ncolumns; i++) {
        if (rows->columns[i].flags & AMZSYNC_COLUMN_KEY) {
            amzsync_store_sql(sql, "%s'%s', s.%s", n++ ? ", " : "",
                              rows->columns[i].name, rows->columns[i].name);
        }
    }
}


void
amzsync_store_sql_read(amzsync_store_sql_t *sql, const amzsync_each_t *each)
{
    amzsync_store_sql(sql, ", read AS (UPDATE amzsync.%s t SET %s = t.%s "
                      "FROM page WHERE t.user_id = $1 "
                       "AND t.selling_partner_id = page.selling_partner_id "
                       "AND t.region = page.region AND t.%s = $23::text "
                       "AND t.%s IS DISTINCT FROM t.%s)",
                      each->table, each->read, each->status, each->key,
                      each->read, each->status);
}
