
/*
 * Coverage of what calls read: a row for each window that was read whole, or
 * at which its dataset failed; for a snapshot its last scan.
 *
 * It is written by the statement of the window's last page, in which the
 * window's rows are counted; the statements of other pages know nothing of it.
 */


#include <store/amzsync_store_upsert.h>


/* The step's own row; and the other rows of the dataset within its window, or
 * of a part of its marketplaces. */

#define AMZSYNC_STORE_WINDOW_OTHERS                                           \
    AMZSYNC_STORE_LOADS                                                       \
    " AND (c.load_sync_no, c.load_step) <> ($2, $21::bigint) "                \
    "AND c.marketplace_ids <@ $20"

#define AMZSYNC_STORE_WINDOW_WITHIN                                           \
    "c.range_from >= $23::timestamptz AND c.range_to <= $24::timestamptz"

/*
 * Rows of earlier syncs that the window goes on from, or laps over: they become
 * one with it, so that a seller who is synced for years has not a row for each
 * sync.  The windows of one sync stand side by side, and those of reports.
 */

#define AMZSYNC_STORE_WINDOW_BEFORE                                           \
    "c.state = 'done' AND c.marketplace_ids = $20 AND c.load_sync_no <> $2 "  \
    "AND c.report_id IS NULL "                                                \
    "AND c.range_from < $23 AND c.range_to BETWEEN $23 AND $24"

/*
 * The row: of so many rows of this page and "more", and what stood in the
 * checkpoint, which this snapshot still has as it was before the step.
 */

#define AMZSYNC_STORE_WINDOW_ROW                                              \
    ", covered AS ("                                                          \
        "INSERT INTO amzsync.coverage AS c "                                  \
              "(user_id, selling_partner_id, region, dataset, load_sync_no, " \
               "load_step, marketplace_ids, range_to, range_from, state, "    \
               "rows) "                                                       \
        "SELECT $1, page.selling_partner_id, page.region, $4, $2, "           \
               "$21::bigint, $20, $24::timestamptz, "

#define AMZSYNC_STORE_WINDOW_ROWS(rows)                                       \
    "(SELECT d.window_rows FROM amzsync.sync_datasets d "                     \
      "WHERE d.user_id = $1 AND d.sync_no = $2 AND d.dataset = $4) + " rows

#define AMZSYNC_STORE_WINDOW_END                                              \
        " ON CONFLICT " AMZSYNC_STORE_LOAD_KEY " DO UPDATE "                  \
           "SET state = excluded.state, range_from = excluded.range_from, "   \
               "range_to = excluded.range_to, rows = excluded.rows, "         \
               "updated_at = now()"                                           \
    "), replaced AS ("                                                        \
        "DELETE FROM amzsync.coverage c USING page "                          \
         "WHERE " AMZSYNC_STORE_WINDOW_OTHERS


const amzsync_pg_stmt_t  amzsync_store_window_failed_stmt = {
    AMZSYNC_STORE_WINDOW_FAILED, "window_failed",

    "WITH " AMZSYNC_STORE_FENCES("0")
    AMZSYNC_STORE_WINDOW_ROW "$23::timestamptz, 'failed', "
        AMZSYNC_STORE_WINDOW_ROWS("0") " FROM page"
    AMZSYNC_STORE_WINDOW_END
           " AND c.state = 'failed' AND " AMZSYNC_STORE_WINDOW_WITHIN
    ") SELECT 0 FROM page",
    AMZSYNC_STORE_WINDOW_PARAMS
};


void
amzsync_store_window_done(amzsync_store_sql_t *sql,
    const amzsync_dataset_t *dataset, const char *rows)
{
    amzsync_store_sql(sql, "%s", AMZSYNC_STORE_WINDOW_ROW);

    if (dataset->flags & AMZSYNC_DATASET_SNAPSHOT) {
        amzsync_store_sql(sql, "$23::timestamptz, 'done', "
                          AMZSYNC_STORE_WINDOW_ROWS("%s") " FROM page"
                          AMZSYNC_STORE_WINDOW_END ")", rows);
        return;
    }

    amzsync_store_sql(sql, "LEAST($23::timestamptz, b.range_from), 'done', "
                      "COALESCE(b.rows, 0) + "
                      AMZSYNC_STORE_WINDOW_ROWS("%s")
                      " FROM page CROSS JOIN LATERAL ("
                          "SELECT min(c.range_from) AS range_from, "
                                 "sum(c.rows)::bigint AS rows "
                            "FROM amzsync.coverage c "
                           "WHERE " AMZSYNC_STORE_WINDOW_OTHERS
                            " AND " AMZSYNC_STORE_WINDOW_BEFORE
                      ") b"
                      AMZSYNC_STORE_WINDOW_END
                      " AND (" AMZSYNC_STORE_WINDOW_WITHIN
                      " OR " AMZSYNC_STORE_WINDOW_BEFORE "))", rows);
}
