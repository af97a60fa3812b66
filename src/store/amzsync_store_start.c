
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
 * $1 users, $2 datasets, $3 choices.  Rows are locked and made in the order of
 * the users; who asks for different things at once gets the first of them.  All
 * that is looked up is looked up by a subquery for one user: a plan that was
 * cached while the tables were empty does it so, too.  Choices are looked up
 * only if somebody has one.
 */

#define AMZSYNC_STORE_START_FULL    "4611686018427387904"
#define AMZSYNC_STORE_START_CHOSEN  "4611686018427387903"


static const amzsync_pg_stmt_t  amzsync_store_start_stmt = {
    AMZSYNC_STORE_START, "start",

    "WITH act AS MATERIALIZED ("
        "SELECT r.user_id, r.choice, r.ord, "
               "row_number() OVER (PARTITION BY r.user_id COLLATE \"C\" "
                                  "ORDER BY r.ord) = 1 AS first, ("
               "SELECT sync_no FROM amzsync.sync_progress p "
                "WHERE p.user_id = r.user_id "
                  "AND p.state IN ('queued', 'running')) AS sync_no "
          "FROM unnest($1::text[], $3::bigint[]) WITH ORDINALITY "
                       "AS r (user_id, choice, ord) "
         "ORDER BY r.user_id COLLATE \"C\""
    "), conn AS MATERIALIZED ("
        "SELECT c.*, act.choice FROM act CROSS JOIN LATERAL ("
            "SELECT user_id, selling_partner_id, region, marketplace_ids, "
                   "datasets "
              "FROM amzsync.connections c "
             "WHERE c.user_id = act.user_id AND c.status = 'connected' "
               "FOR SHARE) c "
         "WHERE act.sync_no IS NULL AND act.first"
    "), chosen AS MATERIALIZED ("
        "SELECT FROM conn WHERE choice <> 0 OR datasets IS NOT NULL LIMIT 1"
    "), ins AS ("
        "INSERT INTO amzsync.sync_progress AS p "
              "(user_id, sync_no, selling_partner_id, region, "
               "marketplace_ids, full_sync) "
        "SELECT user_id, "
               AMZSYNC_STORE_NEXT_NO("conn") ", "
               "selling_partner_id, region, marketplace_ids, "
               "choice & " AMZSYNC_STORE_START_FULL " <> 0 "
          "FROM conn "
        "ON CONFLICT (user_id) WHERE state IN ('queued', 'running') "
        "DO UPDATE SET starts_refused = p.starts_refused + 1 "
        "RETURNING user_id, sync_no, selling_partner_id, region, "
                  "starts_refused = 0 AS created"
    "), sets AS ("
        AMZSYNC_STORE_NEW_SETS("ins", "LEFT JOIN LATERAL ("
            "SELECT choice, datasets FROM conn "
             "WHERE EXISTS (SELECT FROM chosen) "
               "AND conn.user_id = ins.user_id OFFSET 0) c ON true", "$2")
         "WHERE ins.created "
           "AND CASE WHEN c.choice & " AMZSYNC_STORE_START_CHOSEN " <> 0 "
                    "THEN c.choice >> (d.position - 1)::int & 1 = 1 "
                    "ELSE " AMZSYNC_STORE_CHOSEN("c", "$2") " END"
    ") "
    "SELECT ins.sync_no, ins.created AND act.first, ("
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
    3
};


const amzsync_store_batch_kind_t  amzsync_store_starts = {
    &amzsync_store_start_stmt,
    AMZSYNC_PG_WRITE,
    amzsync_store_start_params,
    0
};


/* The datasets are the same array for all of a batch; the choices stand where
 * others have the number of a sync. */

static ngx_int_t
amzsync_store_start_params(amzsync_pg_query_t *query, ngx_queue_t *entries,
    ngx_uint_t n)
{
    int64_t                *choices;
    ngx_uint_t              i;
    ngx_queue_t            *q;
    const void             *datasets;
    amzsync_store_entry_t  *entry;

    choices = ngx_palloc(query->pool, n * sizeof(int64_t));
    if (choices == NULL) {
        return NGX_ERROR;
    }

    datasets = NULL;
    q = ngx_queue_head(entries);

    for (i = 0; i < n; i++) {
        entry = ngx_queue_data(q, amzsync_store_entry_t, queue);
        datasets = entry->param;
        choices[i] = entry->no;
        q = ngx_queue_next(q);
    }

    if (amzsync_store_param_datasets(query, datasets) != NGX_OK) {
        return NGX_ERROR;
    }

    return amzsync_store_param_ints(query, choices, n, sizeof(int64_t));
}


/*
 * A start joins one of the same user that is not sent yet and asks for the
 * same, never one that is: the user may have connected in between.
 */

amzsync_store_call_t *
amzsync_store_start(amzsync_store_t *store, ngx_str_t *user,
    const ngx_array_t *datasets, int64_t choice,
    amzsync_store_handler_pt handler, void *data)
{
    return amzsync_store_batch(&store->starts, user, choice, datasets, handler,
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
