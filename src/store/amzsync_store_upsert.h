
/*
 * The page statements: made from the datasets' descriptors once, at
 * configuration time.
 */


#ifndef _AMZSYNC_STORE_UPSERT_H_INCLUDED_
#define _AMZSYNC_STORE_UPSERT_H_INCLUDED_


#include <store/amzsync_store_private.h>
#include <store/amzsync_store_sql.h>


/*
 * Parameters $1 to $22 are those of a step.  Others follow as a statement needs
 * them: $23 and $24, begin and end of the window, if it ends one or is of a
 * load; of a load $25 and $26; for EACH units $23 alone, the row that the unit
 * is of; then the columns' arrays.
 */
#define AMZSYNC_STORE_STEP_PARAMS    22
#define AMZSYNC_STORE_WINDOW_PARAMS  24
#define AMZSYNC_STORE_LOAD_PARAMS    26

/*
 * The two fences, "lease" and "page": what stands behind WITH.  "rows" is how
 * many rows the step brings.  A window that begins anew takes its rows back;
 * one that was read whole, until $19, moves the cursors of its marketplaces
 * on, and those in the future back, which the plan did not believe.  An error
 * stays until there is another one: of a window that failed, while the dataset
 * goes on.  $21 is the step that the scan, load or window began at; $22 are the
 * milliseconds that are left; if negative, at least so many, NULL: unknown.
 */
#define AMZSYNC_STORE_FENCES(rows)                                            \
    "lease AS ("                                                              \
        "UPDATE amzsync.sync_progress p "                                     \
           "SET lease_until = now() + $6 * interval '1 ms', "                 \
               "tries = 0, in_flight = array_remove(p.in_flight, $4), "       \
               "progress = GREATEST(p.progress, LEAST(99, $7::int)), "        \
               "message = $8, updated_at = now(), version = p.version + 1, "  \
               "estimated_completion = now() + CASE "                         \
                   "WHEN $22::bigint >= 0 THEN $22 * interval '1 ms' "        \
                   "WHEN $7 > 0 THEN GREATEST(- $22 * interval '1 ms', "      \
                       "(now() - p.started_at) * ((100.0 - $7) / $7)) END "   \
         "WHERE p.user_id = $1 AND p.sync_no = $2 AND p.lease = $3 "          \
           "AND p.state = 'running' "                                         \
        "RETURNING p.selling_partner_id, p.region"                            \
    "), page AS ("                                                            \
        "UPDATE amzsync.sync_datasets d "                                     \
           "SET page = d.page + 1, status = $9, next_token = $10, "           \
               "window_page = $11, window_from = $12, window_to = $13, "      \
               "progress = GREATEST(d.progress, $14::int), "                  \
               "rows = d.rows + " rows " - CASE WHEN $11::bigint = 0 "        \
                   "AND ($12, $18) = (d.window_from, d.unit) "                \
                   "THEN d.window_rows ELSE 0 END, "                          \
               "window_rows = CASE WHEN $11 = 0 THEN 0 "                      \
                   "ELSE d.window_rows + " rows " END, "                      \
               "error_code = COALESCE($15, d.error_code), "                   \
               "error_message = CASE WHEN $15 IS NULL "                       \
                   "THEN d.error_message ELSE $16 END, "                      \
               "error_request_id = CASE WHEN $15 IS NULL "                    \
                   "THEN d.error_request_id ELSE $17 END, "                   \
               "unit = $18::integer "                                         \
          "FROM lease l "                                                     \
         "WHERE d.user_id = $1 AND d.sync_no = $2 AND d.dataset = $4 "        \
           "AND d.page = $5 AND d.page >= $21::bigint "                       \
        "RETURNING l.selling_partner_id, l.region"                            \
    "), cursors AS ("                                                         \
        "INSERT INTO amzsync.cursors AS c "                                   \
              "(user_id, selling_partner_id, region, dataset, "               \
               "marketplace_id, covered_to) "                                 \
        "SELECT $1, page.selling_partner_id, page.region, $4, m, $19 "        \
          "FROM page, unnest($20::text[]) m "                                 \
         "WHERE $19::timestamptz IS NOT NULL ORDER BY m "                     \
        "ON CONFLICT (user_id, selling_partner_id, region, dataset, "         \
                     "marketplace_id) "                                       \
        "DO UPDATE SET covered_to = GREATEST(excluded.covered_to, "           \
            "CASE WHEN c.covered_to <= now() THEN c.covered_to END)"          \
    ")"


/* A copy; NULL and "" are NULL. */
ngx_int_t amzsync_store_param_cstr(amzsync_pg_query_t *query, const char *s);

/* Loads of reports: a step without rows, the same of reports that are listed,
 * the page statement of a dataset, and their parameters after those of the
 * window. */
extern const amzsync_pg_stmt_t  amzsync_store_load_step_stmt;
extern const amzsync_pg_stmt_t  amzsync_store_list_step_stmt;

amzsync_pg_stmt_t *amzsync_store_load_create(ngx_pool_t *pool,
    const amzsync_dataset_t *dataset, ngx_uint_t index);
ngx_int_t amzsync_store_load_params(amzsync_pg_query_t *query,
    amzsync_store_page_t *page);

/* Orders by report in place of calls: the choice, a step; and the statement of
 * a page, whose parameters are those of a load. */
extern const amzsync_pg_stmt_t  amzsync_store_choice_stmt;

ngx_int_t amzsync_store_choice_params(amzsync_pg_query_t *query,
    const amzsync_store_choice_t *choice);
amzsync_pg_stmt_t *amzsync_store_order_report_create(ngx_pool_t *pool,
    const amzsync_dataset_t *report, ngx_uint_t index);

/* Coverage of calls: a step that fails in a window; and what the page statement
 * of a dataset has more if it ends one, of so many rows. */
extern const amzsync_pg_stmt_t  amzsync_store_window_failed_stmt;

void amzsync_store_window_done(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset, const char *rows);

/* The rows of coverage "c" of the step's dataset; and the key of them all. */
#define AMZSYNC_STORE_LOADS                                                   \
    "c.user_id = $1 AND c.selling_partner_id = page.selling_partner_id "      \
    "AND c.region = page.region AND c.dataset = $4"

#define AMZSYNC_STORE_LOAD_KEY                                                \
    "(user_id, selling_partner_id, region, dataset, load_sync_no, load_step)"

/* Whether the dataset's table has the columns of a scan. */
#define amzsync_store_scans(dataset)                                          \
    (((dataset)->flags & AMZSYNC_DATASET_SNAPSHOT)                            \
     || amzsync_store_upsert_id((dataset)->rows) != NULL)

/* The column that names what a unit is of, or NULL; its value; and whether it
 * is part of the key. */
const char *amzsync_store_unit_column(const amzsync_dataset_t *dataset);

#define amzsync_store_unit_value(dataset)                                     \
    ((dataset)->each ? "$23::text" : "($20::text[])[1]")

#define amzsync_store_unit_key(dataset)                                       \
    ((dataset)->unit == AMZSYNC_UNIT_MARKETPLACE || (dataset)->each != NULL)

/*
 * The columns whose flags under "mask" are "wanted", each by "fmt", which has
 * the name once or twice.  What neither begins nor ends with a separator is
 * separated by commas.
 */
void amzsync_store_sql_columns(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rowset, const char *fmt, ngx_uint_t mask,
    ngx_uint_t wanted);

/*
 * The columns' parameters as rows "alias", each with its number, "ord", and a
 * child's with that of its parent.  Where unnest() of many arrays is a function
 * in FROM, each of its columns goes through a store of tuples of its own.
 */
void amzsync_store_sql_source(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rowset, const char *alias, ngx_uint_t child);

/* The columns' parameters, one row an element, for the list of a SELECT. */
void amzsync_store_sql_arrays(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rowset);

/* What tells the rows of a page apart, each column behind "prefix".  Rows are
 * written in its order, so that nobody waits for the other in a circle. */
void amzsync_store_sql_key(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const char *prefix);

/* The key's columns after the region, each with ", " and "prefix" before. */
void amzsync_store_sql_keys(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset, const char *prefix);

/* Whether changes of a column are logged, the old values of a row that is
 * written, and "changes": those of this page. */
ngx_uint_t amzsync_store_tracks(const amzsync_rowset_t *rowset);
void amzsync_store_sql_tracked(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows);
void amzsync_store_sql_changes(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset);

/* "src" of rows that have an id or not; how many that have none, of this hash,
 * earlier pages of the scan had; and "named". */
void amzsync_store_sql_id_rows(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const char *id);
void amzsync_store_sql_before(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const char *id, const char *hash);
void amzsync_store_sql_named(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const char *id);

/* "kids", what writes them, and "gone"; and of a page of new rows. */
void amzsync_store_sql_children(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child);
void amzsync_store_sql_new_children(amzsync_store_sql_t *sql,
    const amzsync_rowset_t *rows, const amzsync_rowset_t *child);

/* "read": the row that an EACH unit is of was read whole. */
void amzsync_store_sql_read(amzsync_store_sql_t *sql,
    const amzsync_each_t *each);

/* The ID column, or NULL. */
const amzsync_column_t *amzsync_store_upsert_id(
    const amzsync_rowset_t *rowset);

/* Pages that end a window or scan; pages whose rows are all thought to be new,
 * which are refused if one is not, and others. */

typedef enum {
    AMZSYNC_STORE_PAGE_ANY = 0,
    AMZSYNC_STORE_PAGE_LAST,
    AMZSYNC_STORE_PAGE_FRESH
} amzsync_store_page_e;

/* The page statement of a dataset, or NULL: no memory. */
amzsync_pg_stmt_t *amzsync_store_upsert_create(ngx_pool_t *pool,
    const amzsync_dataset_t *dataset, ngx_uint_t index,
    amzsync_store_page_e kind);

/* Adds the parameters after those of the step: the rows stay the caller's. */
ngx_int_t amzsync_store_upsert_params(amzsync_pg_query_t *query,
    const amzsync_rows_t *rows);


#endif /* _AMZSYNC_STORE_UPSERT_H_INCLUDED_ */
