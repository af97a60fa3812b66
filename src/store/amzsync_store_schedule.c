
/*
 * Schedules: whose next sync is due is queued.  This statement serves all
 * users.
 *
 * However many workers ask, a user who is due is queued once: who holds the
 * lock of the connection moves its next time on, in the same statement, and
 * everybody else skips it, or sees that it is no longer due.
 */


#include <store/amzsync_store_private.h>


/*
 * $1 limit, $2 datasets.
 *
 * The lock of the connection keeps starts, disconnects and changes of the
 * seller out.  The update finds what is locked by the user alone, so that no
 * plan can read all who are due for each of them.
 */

static const amzsync_pg_stmt_t  amzsync_store_schedule_stmt = {
    AMZSYNC_STORE_SCHEDULE, "schedule",

    "WITH due AS MATERIALIZED ("
        "SELECT user_id FROM amzsync.connections "
         "WHERE status = 'connected' AND next_sync_at <= now() "
         "ORDER BY next_sync_at "
         "LIMIT $1 FOR UPDATE SKIP LOCKED"
    "), moved AS ("
        "UPDATE amzsync.connections "
           "SET next_sync_at = amzsync.sync_after(sync_interval_minutes) "
         "WHERE user_id = ANY (ARRAY(SELECT user_id FROM due)) "
        "RETURNING user_id, selling_partner_id, region, marketplace_ids, "
                  "datasets"
    "), ins AS ("
        "INSERT INTO amzsync.sync_progress "
              "(user_id, sync_no, selling_partner_id, region, "
               "marketplace_ids) "
        "SELECT user_id, "
               AMZSYNC_STORE_NEXT_NO("moved") ", "
               "selling_partner_id, region, marketplace_ids "
          "FROM moved "
        "ON CONFLICT (user_id) WHERE state IN ('queued', 'running') "
        "DO NOTHING "
        "RETURNING user_id, sync_no"
    "), sets AS ("
        AMZSYNC_STORE_NEW_SETS("ins", "JOIN moved USING (user_id)", "$2")
         "WHERE " AMZSYNC_STORE_CHOSEN("moved", "$2")
    ") "
    "SELECT (SELECT count(*) FROM moved), (SELECT count(*) FROM ins)",
    2
};


amzsync_store_call_t *
amzsync_store_schedule(amzsync_store_t *store, ngx_uint_t limit,
    const ngx_array_t *datasets, amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_schedule_stmt,
                                AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_pg_query_int(query, limit);

    if (rc == NGX_OK) {
        rc = amzsync_store_param_datasets(query, datasets);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


void
amzsync_store_schedule_row(amzsync_store_call_t *call,
    amzsync_store_schedule_t *row)
{
    row->due = amzsync_store_int(call, 0, 0, 0);
    row->queued = amzsync_store_int(call, 0, 1, 0);
}
