
/*
 * What a dataset of a sync has to read, planned from the cursors.
 *
 * The plan is made when the dataset's work begins, under the sync's lease, and
 * kept: whoever takes the sync up later gets the same.
 */


#include <store/amzsync_store_sql.h>


/* Whether the windows of a dataset begin at the same times in all syncs. */
#define amzsync_store_plan_aligned(dataset)                                   \
    ((dataset)->report != NULL && (dataset)->window)

/* The window of the dataset's reports; 0: it has none. */
#define amzsync_store_plan_window(dataset)                                    \
    ((dataset)->instead ? (dataset)->instead->window                          \
     : amzsync_store_plan_aligned(dataset) ? (dataset)->window : 0)


static amzsync_pg_stmt_t *amzsync_store_plan_create(ngx_pool_t *pool,
    const amzsync_dataset_t *dataset, ngx_uint_t index);
static void amzsync_store_plan_units(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);
static void amzsync_store_plan_each(amzsync_store_sql_t *sql,
    const amzsync_each_t *each);
static void amzsync_store_plan_open(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);
static void amzsync_store_plan_again(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);


/*
 * $1 user, $2 number, $3 lease, $4 dataset, $5 history, $6 delay, $7 overlap,
 * in seconds, $8 the first unit that is asked for, of reports $9 window.
 *
 * FOR UPDATE: whoever steals the sync waits, or this waits and finds the lease
 * gone; two plans cannot meet.
 */

#define AMZSYNC_STORE_PLAN_BOUNDS                                             \
    "WITH held AS MATERIALIZED ("                                             \
        "SELECT selling_partner_id, region, marketplace_ids, full_sync "      \
          "FROM amzsync.sync_progress "                                       \
         "WHERE user_id = $1 AND sync_no = $2 AND lease = $3 "                \
           "AND state = 'running' FOR UPDATE"                                 \
    "), known AS MATERIALIZED ("                                              \
        "SELECT unit, marketplace_ids, parent_id, range_from, range_to, "     \
               "by_report, calls_to "                                         \
          "FROM amzsync.sync_units "                                          \
         "WHERE user_id = $1 AND sync_no = $2 AND dataset = $4"               \
    "), bounds AS MATERIALIZED ("                                             \
        "SELECT h.*, date_trunc('second', now()) "                            \
                    "- $5::float8 * interval '1 s' AS oldest, "               \
                    "date_trunc('second', now()) "                            \
                    "- $6::float8 * interval '1 s' AS newest "                \
          "FROM held h WHERE NOT EXISTS (SELECT FROM known)"                  \
    ")"

#define AMZSYNC_STORE_PLAN_MARKETS                                            \
    ", markets AS MATERIALIZED ("                                             \
        "SELECT b.*, m AS marketplace_id "                                    \
          "FROM bounds b, LATERAL unnest("                                    \
               "CASE WHEN b.marketplace_ids <> '{}' THEN b.marketplace_ids "  \
                    "ELSE " AMZSYNC_STORE_MARKETS("b") " END) m"              \
    ")"

#define AMZSYNC_STORE_PLAN_SELLER                                             \
    ", markets AS MATERIALIZED ("                                             \
        "SELECT b.*, '' AS marketplace_id FROM bounds b"                      \
    ")"

/*
 * A cursor in the future was written by a clock that went wrong, and says
 * nothing about what was read.  What is loaded by windows begins where one
 * does, so that a window is replaced as a whole.
 */

#define AMZSYNC_STORE_PLAN_START                                              \
    "LEAST(m.newest - interval '1 s', GREATEST(m.oldest, "                    \
          "c.covered_to - $7::float8 * interval '1 s'))"

#define AMZSYNC_STORE_PLAN_BEGIN(time)                                        \
    "date_bin($9::float8 * interval '1 s', " time ", "                        \
             "'2000-01-01T00:00:00Z')"

#define AMZSYNC_STORE_PLAN_ALIGNED                                            \
    AMZSYNC_STORE_PLAN_BEGIN(AMZSYNC_STORE_PLAN_START)

#define AMZSYNC_STORE_PLAN_STARTS(start)                                      \
    ", starts AS MATERIALIZED ("                                              \
        "SELECT m.*, " start " AS range_from "                                \
          "FROM markets m LEFT JOIN amzsync.cursors c "                       \
               "ON c.user_id = $1 "                                           \
               "AND c.selling_partner_id = m.selling_partner_id "             \
               "AND c.region = m.region AND c.dataset = $4 "                  \
               "AND c.marketplace_id = m.marketplace_id "                     \
               "AND c.covered_to <= now() AND NOT m.full_sync"                \
    ")"

/*
 * Less than what a report has is not worth one, if it is not all there is.  In
 * a full sync what is younger than what calls have read before is left to them,
 * as in any other: it would have their data.
 */

#define AMZSYNC_STORE_PLAN_NEVER                                              \
    "range_from > (SELECT oldest FROM bounds) "                               \
        "AND range_to - range_from <= $9::float8 * interval '1 s'"

#define AMZSYNC_STORE_PLAN_READ                                               \
    AMZSYNC_STORE_MS("(SELECT min(c.covered_to) FROM amzsync.cursors c "      \
        "WHERE held.full_sync AND c.user_id = $1 "                            \
          "AND c.selling_partner_id = held.selling_partner_id "               \
          "AND c.region = held.region AND c.dataset = $4 "                    \
          "AND c.marketplace_id = ANY (plan.marketplace_ids) "                \
          "AND c.covered_to <= now() "                                        \
          "AND plan.range_to - c.covered_to <= $9 * interval '1 s')"          \
        " - $7::float8 * interval '1 s'")

/*
 * Pages are expected as the last sync had them, for as long a time as this one
 * reads; what has no range of its own takes the same again.  Nobody knows them
 * of a full sync after others.
 */

#define AMZSYNC_STORE_PLAN_MADE                                               \
    ", made AS ("                                                             \
        "INSERT INTO amzsync.sync_units "                                     \
              "(user_id, sync_no, dataset, unit, marketplace_ids, "           \
               "parent_id, range_from, range_to, by_report) "                 \
        "SELECT $1, $2, $4, row_number() OVER (ORDER BY turn, range_from, "   \
                                                       "ids, parent_id), "    \
               "ids, parent_id, range_from, range_to, "                       \
               "CASE WHEN %s THEN false END "                                 \
          "FROM units "                                                       \
        "RETURNING unit, marketplace_ids, parent_id, range_from, range_to, "  \
                  "by_report, calls_to"                                       \
    "), plan AS MATERIALIZED ("                                               \
        "SELECT * FROM known UNION ALL SELECT * FROM made"                    \
    "), last AS MATERIALIZED ("                                               \
        "SELECT d.sync_no, d.page "                                           \
          "FROM amzsync.sync_datasets d "                                     \
         "WHERE d.user_id = $1 AND d.dataset = $4 "                           \
           "AND d.status = 'completed' AND d.sync_no = ("                     \
               "SELECT p.sync_no FROM amzsync.sync_progress p, held h "       \
                "WHERE p.user_id = $1 AND p.state = 'completed' "             \
                  "AND (p.selling_partner_id, p.region) "                     \
                      "= (h.selling_partner_id, h.region) "                   \
                "ORDER BY p.sync_no DESC LIMIT 1)"                            \
    ") "                                                                      \
    "SELECT array_to_string(plan.marketplace_ids, ','), "                     \
           AMZSYNC_STORE_MS("plan.range_from") ", "                           \
           AMZSYNC_STORE_MS("plan.range_to") ", ("                            \
               "SELECT ceil(last.page * LEAST(1, part))::bigint "             \
                 "FROM last, LATERAL ("                                       \
                     "SELECT (SELECT sum(extract(epoch "                      \
                                        "FROM range_to - range_from)) "       \
                               "FROM plan) "                                  \
                            "/ sum(extract(epoch "                            \
                                  "FROM u.range_to - u.range_from)) AS part " \
                       "FROM amzsync.sync_units u "                           \
                      "WHERE u.user_id = $1 AND u.sync_no = last.sync_no "    \
                        "AND u.dataset = $4) parts "                          \
                "WHERE (part < 2 OR NOT held.full_sync) AND NOT EXISTS ("     \
                   "SELECT FROM amzsync.sync_units r "                        \
                    "WHERE r.user_id = $1 AND r.sync_no = last.sync_no "      \
                      "AND r.dataset = $4 AND r.by_report)), "                \
           "plan.parent_id, (SELECT count(*) FROM plan), "                    \
           "plan.by_report::int, " AMZSYNC_STORE_MS("plan.calls_to") ", "     \
           AMZSYNC_STORE_MS("(SELECT max(range_to) FROM plan)") ", %s "       \
      "FROM held LEFT JOIN plan ON plan.unit >= $8::bigint "                  \
     "ORDER BY plan.unit LIMIT 256"


/* One a dataset, made at configuration time. */
static amzsync_pg_stmt_t  **amzsync_store_plan_stmts;


ngx_int_t
amzsync_store_plan_init(ngx_conf_t *cf)
{
    ngx_uint_t  i;

    amzsync_store_plan_stmts = ngx_palloc(cf->pool, amzsync_ndatasets
                                               * sizeof(amzsync_pg_stmt_t *));
    if (amzsync_store_plan_stmts == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < amzsync_ndatasets; i++) {
        amzsync_store_plan_stmts[i] =
                amzsync_store_plan_create(cf->pool, amzsync_datasets[i],
                                         amzsync_store_dataset_stmt(i, 1));

        if (amzsync_store_plan_stmts[i] == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static amzsync_pg_stmt_t *
amzsync_store_plan_create(ngx_pool_t *pool, const amzsync_dataset_t *dataset,
    ngx_uint_t index)
{
    amzsync_store_sql_t  sql;

    ngx_memzero(&sql, sizeof(amzsync_store_sql_t));

    sql.pool = pool;

    amzsync_store_sql(&sql, "%s%s%s", AMZSYNC_STORE_PLAN_BOUNDS,
                      dataset->unit == AMZSYNC_UNIT_SELLER || dataset->each
                      ? AMZSYNC_STORE_PLAN_SELLER : AMZSYNC_STORE_PLAN_MARKETS,
                      amzsync_store_plan_aligned(dataset)
                      ? AMZSYNC_STORE_PLAN_STARTS(AMZSYNC_STORE_PLAN_ALIGNED)
                      : AMZSYNC_STORE_PLAN_STARTS(AMZSYNC_STORE_PLAN_START));
    amzsync_store_plan_units(&sql, dataset);
    amzsync_store_sql(&sql, AMZSYNC_STORE_PLAN_MADE,
                      dataset->instead ? AMZSYNC_STORE_PLAN_NEVER : "false",
                      dataset->instead ? AMZSYNC_STORE_PLAN_READ : "NULL");

    return amzsync_store_sql_stmt(&sql, index, "plan",
                                  amzsync_store_plan_window(dataset) ? 9 : 8);
}


static void
amzsync_store_plan_units(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    amzsync_store_sql(sql, ", units AS (SELECT 0 AS turn, newest AS range_to, "
                      "s.range_from, %s%s AS parent_id, ",
                      dataset->each ? "t." : "''",
                      dataset->each ? dataset->each->key : "");

    switch (dataset->unit) {

    case AMZSYNC_UNIT_SELLER:
        amzsync_store_sql(sql, "'{}'::text[] AS ids FROM starts s");
        break;

    case AMZSYNC_UNIT_MARKETPLACES:
        amzsync_store_sql(sql, "array_agg(marketplace_id ORDER BY "
                          "marketplace_id) AS ids FROM starts s "
                          "GROUP BY range_from, newest");
        break;

    case AMZSYNC_UNIT_REGION:
        amzsync_store_sql(sql, "array_agg(marketplace_id ORDER BY "
                          "marketplace_id) AS ids FROM (SELECT newest, "
                          "marketplace_id, min(range_from) OVER () "
                          "AS range_from FROM starts) s "
                          "GROUP BY range_from, newest");
        break;

    case AMZSYNC_UNIT_MARKETPLACE:
    case AMZSYNC_UNIT_NAMED_MARKETPLACE:
        amzsync_store_sql(sql, "ARRAY[marketplace_id] AS ids FROM starts s");
        break;

    case AMZSYNC_UNIT_EACH:
        amzsync_store_plan_each(sql, dataset->each);
        break;
    }

    if (dataset->open_column) {
        amzsync_store_plan_open(sql, dataset);
    }

    if (amzsync_store_plan_aligned(dataset)) {
        amzsync_store_plan_again(sql, dataset);
    }

    amzsync_store_sql(sql, ")");
}


/* What is open, and what was not read since its status changed. */

static void
amzsync_store_plan_each(amzsync_store_sql_t *sql, const amzsync_each_t *each)
{
    amzsync_store_sql(sql,
        "ARRAY[t.marketplace_id] AS ids "
          "FROM starts s JOIN amzsync.%s t ON t.user_id = $1 "
           "AND t.selling_partner_id = s.selling_partner_id "
           "AND t.region = s.region "
         "WHERE (t.%s IN (%s)) IS NOT TRUE "
            "OR t.%s IS DISTINCT FROM t.%s",
        each->table, each->status, each->closed, each->read, each->status);
}


/* Days before all this with rows that will change, those side by side as one;
 * the value stands in the text for the sake of a partial index. */

static void
amzsync_store_plan_open(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    amzsync_store_sql(sql,
        " UNION ALL "
        "SELECT 1, LEAST(upper(r), s.range_from), lower(r), '', '{}' "
          "FROM starts s, LATERAL ("
              "SELECT unnest(range_agg(tstzrange(d, d + interval '1 day'))) "
                     "AS r "
                "FROM (SELECT DISTINCT date_trunc('day', t.%s, 'UTC') AS d "
                        "FROM amzsync.%s t "
                       "WHERE t.user_id = $1 "
                         "AND t.selling_partner_id = s.selling_partner_id "
                         "AND t.region = s.region AND t.%s = '%s' "
                         "AND t.%s >= s.oldest AND t.%s < s.range_from"
                     ") days) ranges",
        dataset->open_time, dataset->rows->table, dataset->open_column,
        dataset->open_value, dataset->open_time, dataset->open_time);
}


/*
 * Windows before all this that were not read, or cancelled once: whole ones, as
 * they are cut by all syncs, those side by side as one unit.
 */

static void
amzsync_store_plan_again(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset)
{
    const char  *ids, *before;

    before = "s.range_from";

    switch (dataset->unit) {

    case AMZSYNC_UNIT_REGION:
        ids = "(SELECT array_agg(marketplace_id ORDER BY marketplace_id) "
              "FROM starts)";
        before = "(SELECT min(range_from) FROM starts)";
        break;

    case AMZSYNC_UNIT_MARKETPLACES:
        ids = "array_agg(DISTINCT s.marketplace_id ORDER BY s.marketplace_id)";
        break;

    default: /* AMZSYNC_UNIT_SELLER */
        ids = "'{}'::text[]";
    }

    amzsync_store_sql(sql,
        " UNION ALL "
        "SELECT -1, upper(r), lower(r), '', ids FROM ("
            "SELECT ids, unnest(range_agg(tstzrange(w, "
                                 "w + $9 * interval '1 s'))) AS r "
              "FROM (SELECT w, %s AS ids "
                      "FROM starts s JOIN amzsync.coverage c "
                        "ON c.user_id = $1 "
                       "AND c.selling_partner_id = s.selling_partner_id "
                       "AND c.region = s.region AND c.dataset = $4 "
                       "AND c.state IN ('cancelled', 'failed') "
                       "AND s.marketplace_id = ANY (c.marketplace_ids), "
                      "LATERAL generate_series("
                          AMZSYNC_STORE_PLAN_BEGIN("c.range_from") ", "
                          "c.range_to - interval '1 ms', "
                          "$9 * interval '1 s') w "
                     "WHERE w >= " AMZSYNC_STORE_PLAN_BEGIN("s.oldest") " "
                       "AND w < %s "
                     "GROUP BY w) windows "
             "GROUP BY ids) again",
        ids, before);
}


amzsync_store_call_t *
amzsync_store_plan(amzsync_store_t *store, amzsync_store_lease_t *lease,
    const amzsync_dataset_t *dataset, time_t history, int64_t unit,
    amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t                 rc;
    amzsync_pg_query_t       *query;
    const amzsync_pg_stmt_t  *stmt;

    stmt = amzsync_store_plan_stmts[amzsync_dataset_index(dataset)];

    query = amzsync_store_query(store, stmt, AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = NGX_ERROR;

    if (amzsync_store_param_lease(query, lease) == NGX_OK
        && amzsync_pg_query_static(query, dataset->name) == NGX_OK
        && amzsync_pg_query_int(query, history) == NGX_OK
        && amzsync_pg_query_int(query, dataset->delay) == NGX_OK
        && amzsync_pg_query_int(query, dataset->overlap) == NGX_OK
        && amzsync_pg_query_int(query, unit) == NGX_OK
        && (!amzsync_store_plan_window(dataset)
            || amzsync_pg_query_int(query, amzsync_store_plan_window(dataset))
               == NGX_OK))
    {
        rc = NGX_OK;
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


void
amzsync_store_plan_row(amzsync_store_call_t *call, ngx_uint_t n,
    amzsync_store_unit_t *row)
{
    row->marketplaces = amzsync_store_text(call, n, 0);
    row->range_from = amzsync_store_int(call, n, 1, AMZSYNC_TIME_BAD);
    row->range_to = amzsync_store_int(call, n, 2, AMZSYNC_TIME_BAD);
    row->expected_pages = amzsync_store_int(call, n, 3, -1);
    row->parent_id = amzsync_store_text(call, n, 4);
    row->units = amzsync_store_int(call, n, 5, 0);
    row->calls_to = amzsync_store_int(call, n, 7, AMZSYNC_TIME_BAD);
    row->newest = amzsync_store_int(call, n, 8, AMZSYNC_TIME_BAD);
    row->read_to = amzsync_store_int(call, n, 9, AMZSYNC_TIME_BAD);
    row->by_report = (amzsync_store_int(call, n, 6, 0) != 0);
    row->decided = (amzsync_store_int(call, n, 6, -1) != -1);
}
