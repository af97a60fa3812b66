
/*
 * Loads: the rows of a report, which replace those of its window as a whole.
 *
 * Rows are written under the load that their report is, which nobody sees
 * before it is done.  Its last rows come in the statement that makes it the
 * window's and ends those before it; what these leave behind is deleted in
 * batches, under the lease, when no load is under way.
 */


#include <store/amzsync_store_upsert.h>


static amzsync_pg_stmt_t *amzsync_store_purge_create(ngx_pool_t *pool,
    const amzsync_dataset_t *dataset, ngx_uint_t index);


/* One a dataset, made at configuration time; NULL: it has no loads. */
static amzsync_pg_stmt_t  **amzsync_store_purge_stmts;


/* The dataset's loads "c"; the one that the step is about, which began at the
 * step $21; and all others of its window, $23 to $24, in the region or with a
 * marketplace of its.  Windows begin at the same times in all syncs; the last
 * one may end earlier than before, by a report that was taken. */

#define AMZSYNC_STORE_LOAD                                                    \
    AMZSYNC_STORE_LOADS                                                       \
    " AND (c.load_sync_no, c.load_step) = ($2, $21::bigint)"

#define AMZSYNC_STORE_LOAD_REGION                                             \
    AMZSYNC_STORE_LOADS                                                       \
    " AND (c.load_sync_no, c.load_step) <> ($2, $21::bigint) "                \
    "AND c.range_from < $24::timestamptz AND c.range_to > $23::timestamptz"

#define AMZSYNC_STORE_LOAD_OTHERS                                             \
    AMZSYNC_STORE_LOAD_REGION " AND c.marketplace_ids && $20"

/*
 * What becomes of those.  One of more marketplaces that has no rows stays for
 * the others.
 */

#define AMZSYNC_STORE_LOAD_REPLACED                                           \
    "state = 'replaced', updated_at = now()"

#define AMZSYNC_STORE_LOAD_STAYS                                              \
    "c.state IN ('cancelled', 'empty', 'failed') "                            \
        "AND NOT c.marketplace_ids <@ $20"

#define AMZSYNC_STORE_LOAD_PARTED                                             \
    "state = CASE WHEN " AMZSYNC_STORE_LOAD_STAYS                             \
                " THEN c.state ELSE 'replaced' END, "                         \
    "marketplace_ids = CASE WHEN " AMZSYNC_STORE_LOAD_STAYS                   \
                " THEN ARRAY(SELECT m FROM unnest(c.marketplace_ids) m "      \
                             "WHERE m <> ALL ($20)) "                         \
                "ELSE c.marketplace_ids END, "                                \
    "updated_at = now()"

/* A report that Amazon makes by itself is replaced by no other. */

#define AMZSYNC_STORE_LOAD_SAME                                               \
    AMZSYNC_STORE_LOADS                                                       \
    " AND (c.load_sync_no, c.load_step) <> ($2, $21::bigint) "                \
    "AND c.report_id = $25"


/*
 * What another sync has seen cancelled before, as a whole, and of which this is
 * not the same report: it is cancelled for the second time.
 */

#define AMZSYNC_STORE_LOAD_STATE                                              \
    "CASE WHEN $26 = 'cancelled' AND EXISTS ("                                \
        "SELECT FROM amzsync.coverage c WHERE " AMZSYNC_STORE_LOADS           \
          " AND c.state IN ('cancelled', 'empty') AND c.load_sync_no <> $2 "  \
           "AND c.report_id IS DISTINCT FROM $25 "                            \
           "AND c.range_from <= $23 AND c.range_to >= $24 "                   \
           "AND c.marketplace_ids @> $20) "                                   \
        "THEN 'empty' ELSE $26 END"


/*
 * $25 report, $26 state, $23 begin and $24 end of the window; "others" that the
 * load replaces if it has no rows.  Nobody sees the rows of one that failed; if
 * the dataset goes on, it does so without them.
 */

#define AMZSYNC_STORE_LOAD_STEPS(others)                                      \
    "WITH " AMZSYNC_STORE_FENCES("CASE WHEN $26 = 'failed' "                  \
                                      "AND $9 = 'in_progress' "               \
                                 "THEN - d.window_rows ELSE 0 END")           \
    ", load AS ("                                                             \
        "INSERT INTO amzsync.coverage AS c "                                  \
              "(user_id, selling_partner_id, region, dataset, load_sync_no, " \
               "load_step, marketplace_ids, report_id, state, range_from, "   \
               "range_to) "                                                   \
        "SELECT $1, page.selling_partner_id, page.region, $4, $2, "           \
               "$21::bigint, $20, $25, " AMZSYNC_STORE_LOAD_STATE ", "        \
               "$23::timestamptz, $24::timestamptz "                          \
          "FROM page WHERE $25::text IS NOT NULL "                            \
             "OR $26 = 'failed' AND $23 IS NOT NULL "                         \
        "ON CONFLICT " AMZSYNC_STORE_LOAD_KEY " DO UPDATE "                   \
           "SET report_id = excluded.report_id, state = excluded.state, "     \
               "range_to = excluded.range_to, updated_at = now() "            \
    "), replaced AS ("                                                        \
        "UPDATE amzsync.coverage c SET " AMZSYNC_STORE_LOAD_PARTED            \
         " FROM page WHERE $26 IN ('cancelled', 'failed') "                   \
           "AND c.state IN ('cancelled', 'empty', 'failed') AND " others      \
    ") "


const amzsync_pg_stmt_t  amzsync_store_load_step_stmt = {
    AMZSYNC_STORE_LOAD_STEP, "load_step",

    AMZSYNC_STORE_LOAD_STEPS(AMZSYNC_STORE_LOAD_OTHERS)
    "SELECT 0 FROM page",
    AMZSYNC_STORE_LOAD_PARAMS
};


/* Whether the rows of this very report are there; a full sync reads it anew. */

const amzsync_pg_stmt_t  amzsync_store_list_step_stmt = {
    AMZSYNC_STORE_LIST_STEP, "list_step",

    AMZSYNC_STORE_LOAD_STEPS(AMZSYNC_STORE_LOAD_SAME)
    "SELECT (EXISTS (SELECT FROM amzsync.coverage c "
                     "WHERE " AMZSYNC_STORE_LOAD_SAME
                      " AND c.state = 'done') "
            "AND NOT (SELECT full_sync FROM amzsync.sync_progress "
                      "WHERE user_id = $1 AND sync_no = $2))::int "
      "FROM page",
    AMZSYNC_STORE_LOAD_PARAMS
};


ngx_int_t
amzsync_store_load_init(ngx_conf_t *cf)
{
    ngx_uint_t  i;

    amzsync_store_purge_stmts = ngx_pcalloc(cf->pool, amzsync_ndatasets
                                               * sizeof(amzsync_pg_stmt_t *));
    if (amzsync_store_purge_stmts == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < amzsync_ndatasets; i++) {

        if (amzsync_datasets[i]->report == NULL) {
            continue;
        }

        amzsync_store_purge_stmts[i] =
                amzsync_store_purge_create(cf->pool, amzsync_datasets[i],
                                           amzsync_store_dataset_stmt(i, 2));

        if (amzsync_store_purge_stmts[i] == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * A load of more marketplaces was replaced by one of fewer: those that it has
 * no more are to be read again, from there on, if they come back.
 */

#define AMZSYNC_STORE_LOAD_LOST                                               \
    ", lost AS ("                                                             \
        "UPDATE amzsync.cursors k SET covered_to = r.range_from "             \
          "FROM page, (SELECT m, min(range_from) AS range_from "              \
                        "FROM replaced, unnest(marketplace_ids) m "           \
                       "WHERE state = 'replaced' AND m <> ALL ($20) "         \
                       "GROUP BY m) r "                                       \
         "WHERE k.user_id = $1 "                                              \
           "AND k.selling_partner_id = page.selling_partner_id "              \
           "AND k.region = page.region AND k.dataset = $4 "                   \
           "AND k.marketplace_id = r.m AND k.covered_to > r.range_from"       \
    ")"


/*
 * Rows of a load, the parameters of a step of it before them; with the state
 * "done" they are its last.
 */

amzsync_pg_stmt_t *
amzsync_store_load_create(ngx_pool_t *pool, const amzsync_dataset_t *dataset,
    ngx_uint_t index)
{
    amzsync_store_sql_t      sql;
    const amzsync_rowset_t  *rows;

    ngx_memzero(&sql, sizeof(amzsync_store_sql_t));

    rows = dataset->rows;

    sql.pool = pool;
    sql.param = 1 + AMZSYNC_STORE_LOAD_PARAMS;

    amzsync_store_sql(&sql, "WITH %s, stored AS (INSERT INTO amzsync.%s_rows "
                      "(user_id, selling_partner_id, region, load_sync_no, "
                      "load_step",
                      AMZSYNC_STORE_FENCES("cardinality($27::bigint[])"),
                      rows->table);

    amzsync_store_sql_columns(&sql, rows, ", %s", 0, 0);

    amzsync_store_sql(&sql, ") SELECT $1, page.selling_partner_id, "
                      "page.region, $2, $21::bigint, r.* FROM page, (SELECT ");

    amzsync_store_sql_arrays(&sql, rows);

    amzsync_store_sql(&sql, ") r), replaced AS ("
        "UPDATE amzsync.coverage c SET %s "
          "FROM page WHERE $26 = 'done' AND %s "
        "RETURNING c.marketplace_ids, c.range_from, c.state"
    ")%s, load AS ("
        "UPDATE amzsync.coverage c SET state = $26, report_id = $25, "
               "range_from = $23::timestamptz, range_to = $24::timestamptz, "
               "rows = c.rows + cardinality($27), updated_at = now() "
          "FROM page WHERE " AMZSYNC_STORE_LOAD
    ") SELECT 0 FROM page",
        dataset->unit == AMZSYNC_UNIT_MARKETPLACES
        ? AMZSYNC_STORE_LOAD_PARTED : AMZSYNC_STORE_LOAD_REPLACED,
        dataset->report->listed ? AMZSYNC_STORE_LOAD_SAME
        : dataset->unit == AMZSYNC_UNIT_REGION ? AMZSYNC_STORE_LOAD_REGION
        : AMZSYNC_STORE_LOAD_OTHERS,
        dataset->unit == AMZSYNC_UNIT_MARKETPLACES ? AMZSYNC_STORE_LOAD_LOST
                                                   : "");

    return amzsync_store_sql_stmt(&sql, index, dataset->name, sql.param - 1);
}


ngx_int_t
amzsync_store_load_params(amzsync_pg_query_t *query,
    amzsync_store_page_t *page)
{
    ngx_int_t  rc;

    rc = amzsync_store_param_cstr(query, page->load->report_id);

    if (rc == NGX_OK) {
        rc = amzsync_pg_query_static(query, page->load->state);
    }

    return rc;
}


/*
 * $1 user, $2 number, $3 lease, $4 dataset, $5 limit.  Rows are deleted by
 * their place alone, or a plan that was cached while the table was empty would
 * compare each row of the user's with all places.  FOR UPDATE: to a zombie
 * the load of the sync's new owner would be one that was given up.
 *
 * Whether rows are left is told by those that were found, not by those that
 * were deleted: a purge that waited for one whose answer was lost finds what
 * that one deletes, and deletes none of it.
 */

static amzsync_pg_stmt_t *
amzsync_store_purge_create(ngx_pool_t *pool, const amzsync_dataset_t *dataset,
    ngx_uint_t index)
{
    const char           *table;
    amzsync_store_sql_t   sql;

    ngx_memzero(&sql, sizeof(amzsync_store_sql_t));

    sql.pool = pool;
    table = dataset->rows->table;

    amzsync_store_sql(&sql,
        "WITH held AS MATERIALIZED ("
            "SELECT selling_partner_id, region FROM amzsync.sync_progress "
             "WHERE user_id = $1 AND sync_no = $2 AND lease = $3 "
               "AND state = 'running' FOR UPDATE"
        "), old AS MATERIALIZED ("
            "SELECT c.selling_partner_id, c.region, c.load_sync_no, "
                   "c.load_step "
              "FROM held h JOIN amzsync.coverage c "
                "ON c.user_id = $1 "
               "AND c.selling_partner_id = h.selling_partner_id "
               "AND c.region = h.region AND c.dataset = $4 "
             "WHERE c.state IN ('loading', 'replaced') LIMIT 1"
        "), places AS MATERIALIZED ("
            "SELECT r.place FROM old o CROSS JOIN LATERAL ("
                "SELECT i.ctid AS place FROM amzsync.%s_rows i "
                 "WHERE i.user_id = $1 "
                   "AND i.selling_partner_id = o.selling_partner_id "
                   "AND i.region = o.region "
                   "AND i.load_sync_no = o.load_sync_no "
                   "AND i.load_step = o.load_step "
                 "ORDER BY i.line LIMIT $5::bigint"
            ") r"
        "), gone AS ("
            "DELETE FROM amzsync.%s_rows "
             "WHERE ctid = ANY (ARRAY(SELECT place FROM places))"
        "), forgotten AS ("
            "DELETE FROM amzsync.coverage c USING old o "
             "WHERE c.user_id = $1 "
               "AND c.selling_partner_id = o.selling_partner_id "
               "AND c.region = o.region AND c.dataset = $4 "
               "AND c.load_sync_no = o.load_sync_no "
               "AND c.load_step = o.load_step "
               "AND (SELECT count(*) FROM places) < $5"
        ") "
        "SELECT (SELECT count(*) FROM old) FROM held",
        table, table);

    return amzsync_store_sql_stmt(&sql, index, "purge", 5);
}


amzsync_store_call_t *
amzsync_store_purge(amzsync_store_t *store, amzsync_store_lease_t *lease,
    const amzsync_dataset_t *dataset, ngx_uint_t limit,
    amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, amzsync_store_purge_stmts[
                                          amzsync_dataset_index(dataset)],
                                AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_store_param_lease(query, lease);

    if (rc == NGX_OK) {
        rc = amzsync_pg_query_static(query, dataset->name);
    }

    if (rc == NGX_OK) {
        rc = amzsync_pg_query_int(query, limit);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


ngx_uint_t
amzsync_store_purge_more(amzsync_store_call_t *call)
{
    return amzsync_store_int(call, 0, 0, 0);
}
