
/*
 * The start of syncs: one round trip, without a race.
 *
 * Whoever comes while a sync is active is told its id, also when both came at
 * the same moment: DO UPDATE returns the winner that this snapshot cannot see.
 * FOR SHARE orders a start against a disconnect.
 */


#include <store/amzsync_store_private.h>


static ngx_int_t amzsync_store_start_params(amzsync_pg_query_t *query,
    ngx_queue_t *entries, ngx_uint_t n);


/*
 * $1 users, each once; $2 datasets.  Rows are locked and made in the order of
 * the users.  All that is looked up is looked up by a subquery for one user: a
 * plan that was cached while the tables were empty does it so, too.
 */

static const amzsync_pg_stmt_t  amzsync_store_start_stmt = {
    AMZSYNC_STORE_START, "start",

    "WITH act AS MATERIALIZED ("
        "SELECT r.user_id, r.ord, ("
               "SELECT sync_no FROM amzsync.sync_progress p "
                "WHERE p.user_id = r.user_id "
                  "AND p.state IN ('queued', 'running')) AS sync_no "
          "FROM unnest($1::text[]) WITH ORDINALITY AS r (user_id, ord) "
         "ORDER BY r.user_id COLLATE \"C\""
    "), conn AS MATERIALIZED ("
        "SELECT c.* FROM act CROSS JOIN LATERAL ("
            "SELECT user_id, selling_partner_id, region, marketplace_ids "
              "FROM amzsync.connections c "
             "WHERE c.user_id = act.user_id AND c.status = 'connected' "
               "FOR SHARE) c "
         "WHERE act.sync_no IS NULL"
    "), ins AS ("
        "INSERT INTO amzsync.sync_progress AS p "
              "(user_id, sync_no, selling_partner_id, region, "
               "marketplace_ids) "
        "SELECT user_id, "
               AMZSYNC_STORE_NEXT_NO("conn") ", "
               "selling_partner_id, region, marketplace_ids "
          "FROM conn "
        "ON CONFLICT (user_id) WHERE state IN ('queued', 'running') "
        "DO UPDATE SET starts_refused = p.starts_refused + 1 "
        "RETURNING user_id, sync_no, selling_partner_id, region, "
                  "starts_refused = 0 AS created"
    "), sets AS ("
        AMZSYNC_STORE_NEW_SETS("ins", "$2")
         "WHERE ins.created"
    ") "
    "SELECT ins.sync_no, ins.created, ("
           "SELECT ceil(extract(epoch FROM completed_at - started_at))::bigint "
             "FROM amzsync.sync_progress p "
            "WHERE p.user_id = ins.user_id AND p.state = 'completed' "
              "AND p.selling_partner_id = ins.selling_partner_id "
              "AND p.region = ins.region "
            "ORDER BY p.sync_no DESC LIMIT 1), act.ord "
      "FROM ins JOIN act USING (user_id) "
    "UNION ALL "
    "SELECT sync_no, false, NULL, ord FROM act WHERE sync_no IS NOT NULL "
    "ORDER BY ord",
    2
};


const amzsync_store_batch_kind_t  amzsync_store_starts = {
    &amzsync_store_start_stmt,
    AMZSYNC_PG_WRITE,
    amzsync_store_start_params,
    0
};


/* The datasets are the same array for all of a batch. */

static ngx_int_t
amzsync_store_start_params(amzsync_pg_query_t *query, ngx_queue_t *entries,
    ngx_uint_t n)
{
    ngx_queue_t            *q;
    amzsync_store_entry_t  *entry;

    q = ngx_queue_head(entries);
    entry = ngx_queue_data(q, amzsync_store_entry_t, queue);

    return amzsync_store_param_datasets(query, entry->param);
}


/*
 * A start joins one of the same user that is not sent yet, never one that is:
 * the user may have connected in between.
 */

amzsync_store_call_t *
amzsync_store_start(amzsync_store_t *store, ngx_str_t *user,
    const ngx_array_t *datasets, amzsync_store_handler_pt handler, void *data)
{
    return amzsync_store_batch(&store->starts, user, 0, datasets, handler,
                               data);
}


void
amzsync_store_start_row(amzsync_store_call_t *call, amzsync_store_start_t *row)
{
    ngx_str_t  created;

    created = amzsync_store_text(call, 0, 1);

    row->no = amzsync_store_int(call, 0, 0, 0);
    row->created = (created.data[0] == 't' && !call->joined);
    row->last_duration = amzsync_store_int(call, 0, 2, -1);
}
