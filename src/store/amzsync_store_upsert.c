
/*
 * The page statement, made from a dataset's descriptor.
 *
 * Keys are sorted and de-duplicated inside the statement: the newest version
 * of a row wins, a tie takes the later one, and older data never overwrites
 * newer.  Children are replaced only for the parents that this statement
 * wrote, and those that vanished are deleted.  The last page of a snapshot
 * deletes what its scan did not see.
 *
 * Rows that are not there yet are inserted as they are, others by ON CONFLICT,
 * which costs PostgreSQL a quarter more.  None of ours can have written one
 * since the statement's snapshot: that would have been a step of this dataset,
 * and "page" lets none but the next one pass.  What somebody puts in by hand
 * meanwhile is a unique violation, after which the page is sent again.
 *
 * A page whose rows are thought to be new, as all were on the pages before, is
 * inserted without looking: a unique violation tells that one is not, and the
 * page is sent again as one of any rows.
 */


#include <store/amzsync_store_upsert.h>


static void amzsync_store_sql_rows(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows);
static void amzsync_store_sql_fresh(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);
static void amzsync_store_sql_there(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);
static void amzsync_store_sql_unmet(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);
static void amzsync_store_sql_stored(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);
static void amzsync_store_sql_insert(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);
static void amzsync_store_sql_values(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);
static void amzsync_store_sql_unseen(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);

static void amzsync_store_sql_last(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);
static void amzsync_store_sql_met(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, amzsync_store_page_e kind);

static ngx_int_t amzsync_store_upsert_rowset(amzsync_pg_query_t *query,
    const amzsync_rows_t *rows);
static ngx_int_t amzsync_store_upsert_array(amzsync_pg_query_t *query,
    const amzsync_array_t *array);


static const char  *amzsync_store_types[] = {
    "text", "numeric", "bigint", "timestamptz", "boolean", "jsonb", "date",
    "text"
};


amzsync_pg_stmt_t *
amzsync_store_upsert_create(ngx_pool_t *pool, const amzsync_dataset_t *dataset,
    ngx_uint_t index, amzsync_store_page_e kind)
{
    amzsync_store_sql_t      sql;
    const amzsync_column_t  *id;
    const amzsync_rowset_t  *rows;

    ngx_memzero(&sql, sizeof(amzsync_store_sql_t));

    rows = dataset->rows;
    id = amzsync_store_upsert_id(rows);

    sql.pool = pool;
    sql.param = 1 + AMZSYNC_STORE_STEP_PARAMS;

    if (dataset->each) {
        sql.param++;

    } else if (kind == AMZSYNC_STORE_PAGE_LAST) {
        sql.param = 1 + AMZSYNC_STORE_WINDOW_PARAMS;
    }

    amzsync_store_sql_rows(&sql, rows);
    amzsync_store_sql(&sql, ", %s",
                      AMZSYNC_STORE_FENCES("(SELECT count(*) FROM src)"));

    if (kind == AMZSYNC_STORE_PAGE_FRESH) {
        amzsync_store_sql_fresh(&sql, dataset);

    } else {
        amzsync_store_sql_there(&sql, dataset);
        amzsync_store_sql_unmet(&sql, dataset);
        amzsync_store_sql_stored(&sql, dataset);
    }

    if (id) {
        amzsync_store_sql_named(&sql, rows, id->name);
    }

    if (kind == AMZSYNC_STORE_PAGE_LAST) {
        amzsync_store_sql_last(&sql, dataset);
    }

    if (kind != AMZSYNC_STORE_PAGE_FRESH && amzsync_store_tracks(rows)) {
        amzsync_store_sql_changes(&sql, dataset);
    }

    if (rows->child && kind == AMZSYNC_STORE_PAGE_FRESH) {
        amzsync_store_sql_new_children(&sql, rows, rows->child);

    } else if (rows->child) {
        amzsync_store_sql_children(&sql, rows, rows->child);
    }

    amzsync_store_sql_met(&sql, rows, kind);

    return amzsync_store_sql_stmt(&sql, index, dataset->name, sql.param - 1);
}


const char *
amzsync_store_unit_column(const amzsync_dataset_t *dataset)
{
    switch (dataset->unit) {

    case AMZSYNC_UNIT_MARKETPLACE:
    case AMZSYNC_UNIT_NAMED_MARKETPLACE:
        return "marketplace_id";

    case AMZSYNC_UNIT_EACH:
        return dataset->each->key;

    default:
        return NULL;
    }
}


const amzsync_column_t *
amzsync_store_upsert_id(const amzsync_rowset_t *rowset)
{
    ngx_uint_t  i;

    for (i = 0; i < rowset->ncolumns; i++) {
        if (rowset->columns[i].flags & AMZSYNC_COLUMN_ID) {
            return &rowset->columns[i];
        }
    }

    return NULL;
}


/* "src": what the page holds, one row a key. */

static void
amzsync_store_sql_rows(amzsync_store_sql_t *sql, const amzsync_rowset_t *rows)
{
    const amzsync_column_t  *id;

    id = amzsync_store_upsert_id(rows);

    if (id) {
        amzsync_store_sql_id_rows(sql, rows, id->name);
        return;
    }

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


/* "fresh": all of the page, or a unique violation. */

static void
amzsync_store_sql_fresh(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    amzsync_store_sql(sql, ", fresh AS (");
    amzsync_store_sql_insert(sql, dataset);
    amzsync_store_sql(sql, " ORDER BY ");
    amzsync_store_sql_key(sql, dataset->rows, "src.");
    amzsync_store_sql(sql, ")");
}


/*
 * "there": keys of the page that the table has.  A row without an id is looked
 * for by ON CONFLICT alone, as its ordinal is not known before "page".
 *
 * A plan may have been cached while the table was empty: a LATERAL subquery
 * that is not pulled up looks for one row by its whole key, whatever the
 * planner expects.
 */

static void
amzsync_store_sql_there(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    const amzsync_rowset_t  *rows;

    rows = dataset->rows;

    amzsync_store_sql(sql, ", there AS MATERIALIZED (SELECT ");
    amzsync_store_sql_key(sql, rows, "src.");
    amzsync_store_sql(sql, " FROM page, src CROSS JOIN LATERAL (SELECT "
                      "FROM amzsync.%s o WHERE o.user_id = $1 "
                      "AND o.selling_partner_id = page.selling_partner_id "
                      "AND o.region = page.region", rows->table);

    if (amzsync_store_unit_key(dataset)) {
        amzsync_store_sql(sql, " AND o.%s = %s",
                          amzsync_store_unit_column(dataset),
                          amzsync_store_unit_value(dataset));
    }

    if (amzsync_store_upsert_id(rows)) {
        amzsync_store_sql(sql, " AND o.row_key = src.row_key "
                          "AND o.ordinal = src.ordinal AND NOT src.anonymous");

    } else {
        amzsync_store_sql_columns(sql, rows, " AND o.%s = src.%s",
                                  AMZSYNC_COLUMN_KEY, AMZSYNC_COLUMN_KEY);
    }

    amzsync_store_sql(sql, " OFFSET 0) o)");
}


/* "unmet": the rows that are not. */

static void
amzsync_store_sql_unmet(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    const amzsync_rowset_t  *rows;

    rows = dataset->rows;

    amzsync_store_sql(sql, ", unmet AS (");
    amzsync_store_sql_insert(sql, dataset);
    amzsync_store_sql(sql, " WHERE %s(", amzsync_store_upsert_id(rows)
                                         ? "NOT src.anonymous AND " : "");
    amzsync_store_sql_key(sql, rows, "src.");
    amzsync_store_sql(sql, ") NOT IN (SELECT ");
    amzsync_store_sql_key(sql, rows, "");
    amzsync_store_sql(sql, " FROM there) ORDER BY ");
    amzsync_store_sql_key(sql, rows, "src.");

    if (rows->child) {
        amzsync_store_sql(sql, " RETURNING ");
        amzsync_store_sql_key(sql, rows, "");
    }

    amzsync_store_sql(sql, ")");
}


/* "stored": those that may be; what is older than the table's is not written.
 * IS TRUE keeps the planner, who expects few rows, from a join by loops. */

static void
amzsync_store_sql_stored(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    const char              *unit;
    const amzsync_rowset_t  *rows;

    rows = dataset->rows;
    unit = amzsync_store_unit_column(dataset);

    amzsync_store_sql(sql, ", stored AS (");
    amzsync_store_sql_insert(sql, dataset);
    amzsync_store_sql(sql, " WHERE (%s(", amzsync_store_upsert_id(rows)
                                          ? "src.anonymous OR " : "");
    amzsync_store_sql_key(sql, rows, "src.");
    amzsync_store_sql(sql, ") IN (SELECT ");
    amzsync_store_sql_key(sql, rows, "");
    amzsync_store_sql(sql, " FROM there)) IS TRUE ORDER BY ");
    amzsync_store_sql_key(sql, rows, "src.");

    amzsync_store_sql(sql, " ON CONFLICT (user_id, selling_partner_id, "
                      "region");
    amzsync_store_sql_keys(sql, dataset, "");
    amzsync_store_sql(sql, ") DO UPDATE SET ");
    amzsync_store_sql_columns(sql, rows, "%s = excluded.%s",
                              AMZSYNC_COLUMN_KEY, 0);

    if (unit && !amzsync_store_unit_key(dataset)) {
        amzsync_store_sql(sql, ", %s = excluded.%s", unit, unit);
    }

    if (dataset->instead) {
        amzsync_store_sql(sql, ", report_id = NULL");
    }

    if (amzsync_store_tracks(rows)) {
        amzsync_store_sql_tracked(sql, rows);
    }

    if (amzsync_store_scans(dataset)) {
        amzsync_store_sql(sql, ", scan_sync_no = excluded.scan_sync_no, "
                          "scan_page = excluded.scan_page");
    }

    amzsync_store_sql(sql, " WHERE true");
    amzsync_store_sql_columns(sql, rows, " AND o.%s <= excluded.%s",
                              AMZSYNC_COLUMN_NEWEST, AMZSYNC_COLUMN_NEWEST);

    if (rows->child || amzsync_store_tracks(rows)) {
        amzsync_store_sql(sql, " RETURNING o.user_id");
        amzsync_store_sql_keys(sql, dataset, "o.");
    }

    if (amzsync_store_tracks(rows)) {
        amzsync_store_sql(sql, ", o.changed_from");
        amzsync_store_sql_columns(sql, rows, ", o.%s", AMZSYNC_COLUMN_TRACKED,
                                  AMZSYNC_COLUMN_TRACKED);
    }

    amzsync_store_sql(sql, ")");
}


/* The INSERT of rows of "src", of those that what may follow lets pass. */

static void
amzsync_store_sql_insert(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    const char              *unit;
    const amzsync_rowset_t  *rows;

    rows = dataset->rows;
    unit = amzsync_store_unit_column(dataset);

    amzsync_store_sql(sql, "INSERT INTO amzsync.%s AS o "
                      "(user_id, selling_partner_id, region", rows->table);

    if (unit) {
        amzsync_store_sql(sql, ", %s", unit);
    }

    if (amzsync_store_upsert_id(rows)) {
        amzsync_store_sql(sql, ", row_key, ordinal");
    }

    amzsync_store_sql_columns(sql, rows, ", %s", 0, 0);

    if (amzsync_store_scans(dataset)) {
        amzsync_store_sql(sql, ", scan_sync_no, scan_page");
    }

    amzsync_store_sql(sql, ") SELECT ");
    amzsync_store_sql_values(sql, dataset);
    amzsync_store_sql(sql, " FROM page, src");
}


static void
amzsync_store_sql_values(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    const amzsync_column_t  *id;
    const amzsync_rowset_t  *rows;

    rows = dataset->rows;
    id = amzsync_store_upsert_id(rows);

    amzsync_store_sql(sql, "$1, page.selling_partner_id, page.region");

    if (amzsync_store_unit_column(dataset)) {
        amzsync_store_sql(sql, ", %s", amzsync_store_unit_value(dataset));
    }

    if (id) {
        /* without an id: counted on from those on earlier pages */

        amzsync_store_sql(sql, ", src.row_key, src.ordinal "
                          "+ CASE WHEN src.anonymous THEN ");
        amzsync_store_sql_before(sql, rows, id->name, "= src.row_key");
        amzsync_store_sql(sql, " ELSE 0 END");
    }

    amzsync_store_sql_columns(sql, rows, ", src.%s", 0, 0);

    if (amzsync_store_scans(dataset)) {
        amzsync_store_sql(sql, ", $2, $21::bigint");
    }
}


void
amzsync_store_sql_key(amzsync_store_sql_t *sql, const amzsync_rowset_t *rows,
    const char *prefix)
{
    ngx_uint_t  i, n;

    if (amzsync_store_upsert_id(rows)) {
        amzsync_store_sql(sql, "%srow_key, %sordinal", prefix, prefix);
        return;
    }

    n = 0;

    for (i = 0; i < rows->ncolumns; i++) {
        if (rows->columns[i].flags & AMZSYNC_COLUMN_KEY) {
            amzsync_store_sql(sql, "%s%s%s", n++ ? ", " : "", prefix,
                              rows->columns[i].name);
        }
    }
}


/*
 * "unseen": what the snapshot's table has, and the scan that ends has not met;
 * rows of this very page still have their old mark here.
 */

static void
amzsync_store_sql_unseen(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    amzsync_store_sql(sql, ", unseen AS (DELETE FROM amzsync.%s i "
                      "WHERE i.user_id = $1 "
                      "AND i.selling_partner_id = "
                      "(SELECT selling_partner_id FROM page) "
                      "AND i.region = (SELECT region FROM page)",
                      dataset->rows->table);

    if (amzsync_store_unit_column(dataset)) {
        amzsync_store_sql(sql, " AND i.%s = %s",
                          amzsync_store_unit_column(dataset),
                          amzsync_store_unit_value(dataset));
    }

    amzsync_store_sql(sql, " AND (i.scan_sync_no, i.scan_page) <> ($2, $21) "
                      "AND (");
    amzsync_store_sql_key(sql, dataset->rows, "i.");
    amzsync_store_sql(sql, ") NOT IN (SELECT ");
    amzsync_store_sql_key(sql, dataset->rows, "");
    amzsync_store_sql(sql, " FROM src))");
}


/* What the last page of a window or scan has more. */

static void
amzsync_store_sql_last(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    if (dataset->flags & AMZSYNC_DATASET_SNAPSHOT) {
        amzsync_store_sql_unseen(sql, dataset);
    }

    if (dataset->each) {
        amzsync_store_sql_read(sql, dataset->each);

    } else {
        amzsync_store_window_done(sql, dataset, "(SELECT count(*) FROM src)");
    }
}


/* The answer: how many rows of the page, or their children, were there before.
 * Whether one without an id was is not known. */

static void
amzsync_store_sql_met(amzsync_store_sql_t *sql, const amzsync_rowset_t *rows,
    amzsync_store_page_e kind)
{
    if (kind == AMZSYNC_STORE_PAGE_FRESH) {
        amzsync_store_sql(sql, " SELECT 0 FROM page");
        return;
    }

    amzsync_store_sql(sql, " SELECT (SELECT count(*) FROM there)");

    if (amzsync_store_upsert_id(rows)) {
        amzsync_store_sql(sql, " + (SELECT count(*) FROM src WHERE anonymous)");
    }

    if (rows->child) {
        amzsync_store_sql(sql, " + (SELECT count(*) FROM kids_there)");
    }

    amzsync_store_sql(sql, " FROM page");
}


void
amzsync_store_sql_source(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rowset, const char *alias, ngx_uint_t child)
{
    ngx_uint_t  first;

    first = sql->param;

    amzsync_store_sql(sql, "(SELECT ");

    if (child) {
        amzsync_store_sql(sql, "unnest($%ui::bigint[]) AS parent, ",
                          sql->param++);
    }

    amzsync_store_sql_arrays(sql, rowset);

    amzsync_store_sql(sql, ", generate_subscripts($%ui, 1) AS ord) %s", first,
                      alias);
}


void
amzsync_store_sql_arrays(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rowset)
{
    ngx_uint_t               i;
    const amzsync_column_t  *column;

    for (i = 0; i < rowset->ncolumns; i++) {
        column = &rowset->columns[i];

        amzsync_store_sql(sql, "%sunnest($%ui::%s[]%s) AS %s", i ? ", " : "",
                          sql->param++, amzsync_store_types[column->type],
                          (column->flags & (AMZSYNC_COLUMN_KEY
                                            |AMZSYNC_COLUMN_ID))
                          && column->type == AMZSYNC_TEXT
                          ? " COLLATE \"C\"" : "", column->name);
    }
}


void
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

    if (amzsync_store_upsert_array(query, &rows->child->parent) != NGX_OK) {
        return NGX_ERROR;
    }

    return amzsync_store_upsert_rowset(query, rows->child);
}


static ngx_int_t
amzsync_store_upsert_rowset(amzsync_pg_query_t *query,
    const amzsync_rows_t *rows)
{
    ngx_uint_t  i;

    for (i = 0; i < rows->rowset->ncolumns; i++) {
        if (amzsync_store_upsert_array(query, &rows->columns[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_store_upsert_array(amzsync_pg_query_t *query,
    const amzsync_array_t *array)
{
    return amzsync_pg_query_static_bytes(query, array->start,
                                         array->last - array->start);
}
