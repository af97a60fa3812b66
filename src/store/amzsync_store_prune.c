
/*
 * Retention: syncs that ended long ago are deleted, with their datasets and
 * units; what they fetched stays.  This statement serves all users.
 */


#include <store/amzsync_store_private.h>


/*
 * $1 seconds, $2 limit, $3 from when on.
 *
 * A user's newest sync stays for ever: it tells what is known of a seller who
 * is quiet, and the next one's number is above it.  Rows that were found and
 * locked are deleted by where they are, not by their keys: there is no other
 * plan, also not one that was made while the tables were empty.  Units go with
 * their dataset.
 */

static const amzsync_pg_stmt_t  amzsync_store_prune_stmt = {
    AMZSYNC_STORE_PRUNE, "prune",

    "WITH old AS MATERIALIZED ("
        "SELECT ctid AS place FROM amzsync.sync_progress p "
         "WHERE completed_at >= coalesce($3::timestamptz, '-infinity') "
           "AND completed_at < now() - $1 * interval '1 s' "
           "AND sync_no < (SELECT max(sync_no) FROM amzsync.sync_progress n "
                           "WHERE n.user_id = p.user_id) "
         "ORDER BY completed_at "
         "LIMIT $2 FOR UPDATE SKIP LOCKED"
    "), gone AS ("
        "DELETE FROM amzsync.sync_progress "
         "WHERE ctid = ANY (ARRAY(SELECT place FROM old)) "
        "RETURNING user_id, sync_no, completed_at"
    "), sets AS MATERIALIZED ("
        "SELECT d.place FROM gone CROSS JOIN LATERAL ("
            "SELECT ctid AS place FROM amzsync.sync_datasets "
             "WHERE user_id = gone.user_id AND sync_no = gone.sync_no "
               "FOR UPDATE) d"
    "), gone_sets AS ("
        "DELETE FROM amzsync.sync_datasets "
         "WHERE ctid = ANY (ARRAY(SELECT place FROM sets))"
    ") "
    "SELECT count(*), " AMZSYNC_STORE_MS("max(completed_at)") " FROM gone",
    3
};


amzsync_store_call_t *
amzsync_store_prune(amzsync_store_t *store, time_t age, ngx_uint_t limit,
    int64_t from, amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_prune_stmt,
                                AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = NGX_ERROR;

    if (amzsync_pg_query_int(query, age) == NGX_OK
        && amzsync_pg_query_int(query, limit) == NGX_OK)
    {
        rc = amzsync_store_param_time(query, from);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


void
amzsync_store_prune_row(amzsync_store_call_t *call, amzsync_store_prune_t *row)
{
    row->syncs = amzsync_store_int(call, 0, 0, 0);
    row->to = amzsync_store_int(call, 0, 1, AMZSYNC_TIME_BAD);
}
