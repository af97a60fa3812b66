
/*
 * Leases: who may work on a sync.  These statements serve all users.
 *
 * A lease is a random number of the claim, not a counter: after a failover
 * that lost a steal, a counter would let a zombie commit.
 */


#include <store/amzsync_store_private.h>


/*
 * While the database was away nobody could renew a lease: whoever is connected
 * again first must not take what belongs to those who are on their way.
 */
#define AMZSYNC_STORE_STEALS                                                  \
    "$5::boolean AND now() - pg_postmaster_start_time() > interval '4 s'"


/*
 * $1 limit, $2 lease, $3 milliseconds, $4 tries, $5 whether to steal.
 *
 * "tries" counts steals of syncs with a call to Amazon in flight; waiting,
 * releases and outages of the database never count.  Orphans come before what
 * is queued: they have waited longer.  A sync without a connection is claimed
 * too, to fail for want of a token, and so is one whose token was refused to
 * the worker before.
 */

static const amzsync_pg_stmt_t  amzsync_store_claim_stmt = {
    AMZSYNC_STORE_CLAIM, "claim",

    "WITH stalled AS MATERIALIZED ("
        "SELECT user_id, sync_no FROM amzsync.sync_progress "
         "WHERE " AMZSYNC_STORE_STEALS " "
           "AND state = 'running' AND lease_until < now() "
           "AND in_flight <> '{}' AND tries >= $4 "
         "LIMIT $1 FOR UPDATE SKIP LOCKED"
    "), reaped AS ("
        "UPDATE amzsync.sync_progress p "
           "SET state = 'failed', message = 'Sync failed', "
               "error_code = 'stalled', "
               "error_message = 'The sync was interrupted again and again "
                                "while it called Amazon.', "
               "completed_at = now(), updated_at = now(), "
               "version = p.version + 1, "
               "estimated_completion = NULL, in_flight = '{}', "
               "lease = NULL, lease_until = NULL "
          "FROM stalled s "
         "WHERE (p.user_id, p.sync_no) = (s.user_id, s.sync_no)"
    "), reaped_sets AS ("
        "UPDATE amzsync.sync_datasets d "
           "SET status = 'failed', error_code = 'stalled', "
               "error_message = 'The sync was interrupted.' "
          "FROM stalled s "
         "WHERE (d.user_id, d.sync_no) = (s.user_id, s.sync_no) "
           "AND d.status IN ('pending', 'in_progress')"
    "), stale AS MATERIALIZED ("
        "SELECT user_id, sync_no FROM amzsync.sync_progress "
         "WHERE " AMZSYNC_STORE_STEALS " "
           "AND state = 'running' AND lease_until < now() "
           "AND NOT (in_flight <> '{}' AND tries >= $4) "
         "LIMIT $1 FOR UPDATE SKIP LOCKED"
    "), due AS MATERIALIZED ("
        "SELECT user_id, sync_no FROM amzsync.sync_progress "
         "WHERE state = 'queued' AND run_after <= now() "
         "ORDER BY run_after "
         "LIMIT $1 - (SELECT count(*) FROM stale) FOR UPDATE SKIP LOCKED"
    "), claimed AS ("
        "UPDATE amzsync.sync_progress p "
           "SET state = 'running', lease = $2, "
               "lease_until = now() + $3 * interval '1 ms', "
               "tries = p.tries + (p.in_flight <> '{}')::int, "
               "in_flight = '{}' "
          "FROM (SELECT *, false AS stolen FROM due "
                "UNION ALL SELECT *, true FROM stale) s "
         "WHERE (p.user_id, p.sync_no) = (s.user_id, s.sync_no) "
        "RETURNING p.user_id, p.sync_no, p.region, p.progress, s.stolen"
    ") "
    "SELECT p.user_id, p.sync_no, p.region, "
           "c.version, c.token_sealed, c.token_key_id, p.progress, "
           "d.dataset, d.status, d.page, d.unit, d.window_page, "
           AMZSYNC_STORE_MS("d.window_from") ", "
           AMZSYNC_STORE_MS("d.window_to") ", "
           "d.progress, d.next_token, p.stolen, "
           "COALESCE(c.status = 'reauthorization_required', false), "
           "d.error_code IS NOT NULL "
      "FROM claimed p "
      "JOIN amzsync.sync_datasets d USING (user_id, sync_no) "
      "LEFT JOIN amzsync.connections c USING (user_id) "
     "ORDER BY p.user_id, d.position",
    5
};


/*
 * $1 users, $2 numbers, $3 leases; locks in one order.
 *
 * Joins would leave the planner a choice, and a plan that was cached while the
 * table was empty would read all syncs there ever were.  A LATERAL subquery
 * that locks, and an array of users who run one sync each, leave none.
 */

#define AMZSYNC_STORE_HELD(wait)                                              \
    "WITH ours AS MATERIALIZED ("                                             \
        "SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) "       \
                      "WITH ORDINALITY AS l (user_id, sync_no, lease, ord) "  \
         "ORDER BY user_id, sync_no"                                          \
    "), held AS MATERIALIZED ("                                               \
        "SELECT l.* FROM ours l CROSS JOIN LATERAL ("                         \
            "SELECT FROM amzsync.sync_progress "                              \
             "WHERE user_id = l.user_id AND sync_no = l.sync_no "             \
               "AND lease = l.lease AND state = 'running' "                   \
               "FOR UPDATE " wait ") p"                                       \
    ") "

#define AMZSYNC_STORE_THOSE_HELD                                              \
    "WHERE user_id = ANY (ARRAY(SELECT user_id FROM held)) "                  \
      "AND state = 'running' "                                                \
      "AND ((sync_no, lease) IN (SELECT sync_no, lease FROM held)) IS TRUE"


/*
 * $4 milliseconds.  One sync that is locked, by a slow page or by somebody at
 * a console, must not cost the worker its other leases.
 */

static const amzsync_pg_stmt_t  amzsync_store_heartbeat_stmt = {
    AMZSYNC_STORE_HEARTBEAT, "heartbeat",

    AMZSYNC_STORE_HELD("SKIP LOCKED")
    ", renewed AS ("
        "UPDATE amzsync.sync_progress "
           "SET lease_until = now() + $4 * interval '1 ms' "
         AMZSYNC_STORE_THOSE_HELD
    ") "
    "SELECT ord - 1, true FROM held "
    "UNION ALL "
    "SELECT l.ord - 1, false FROM ours l CROSS JOIN LATERAL ("
               "SELECT FROM amzsync.sync_progress "
                "WHERE user_id = l.user_id AND sync_no = l.sync_no "
                  "AND lease = l.lease AND state = 'running' "
               "OFFSET 0) p "
     "WHERE l.ord NOT IN (SELECT ord FROM held)",
    4
};


static const amzsync_pg_stmt_t  amzsync_store_release_stmt = {
    AMZSYNC_STORE_RELEASE, "release",

    AMZSYNC_STORE_HELD("")
    "UPDATE amzsync.sync_progress "
       "SET state = 'queued', run_after = now(), in_flight = '{}', "
           "lease = NULL, lease_until = NULL "
     AMZSYNC_STORE_THOSE_HELD
    " RETURNING sync_no",
    3
};


amzsync_store_call_t *
amzsync_store_claim(amzsync_store_t *store, ngx_uint_t limit, int64_t lease,
    ngx_msec_t ttl, ngx_uint_t tries, ngx_uint_t steal,
    amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_claim_stmt,
                                AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = NGX_ERROR;

    if (amzsync_pg_query_int(query, limit) == NGX_OK
        && amzsync_pg_query_int(query, lease) == NGX_OK
        && amzsync_pg_query_int(query, ttl) == NGX_OK
        && amzsync_pg_query_int(query, tries) == NGX_OK
        && amzsync_pg_query_static(query, steal ? "t" : "f") == NGX_OK)
    {
        rc = NGX_OK;
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


void
amzsync_store_claim_row(amzsync_store_call_t *call, ngx_uint_t n,
    amzsync_store_claim_t *row)
{
    ngx_str_t  region;

    row->user = amzsync_store_text(call, n, 0);
    row->no = amzsync_store_int(call, n, 1, 0);

    region = amzsync_store_text(call, n, 2);
    row->region = amzsync_text_region(region.data, region.len);

    row->version = amzsync_store_int(call, n, 3, 0);
    row->sealed = amzsync_store_text(call, n, 4);
    row->key_id = amzsync_store_text(call, n, 5);
    row->progress = amzsync_store_int(call, n, 6, 0);

    row->dataset = amzsync_store_text(call, n, 7);
    row->status = amzsync_store_text(call, n, 8);
    row->page = amzsync_store_int(call, n, 9, 0);
    row->unit = amzsync_store_int(call, n, 10, 0);
    row->window_page = amzsync_store_int(call, n, 11, 0);
    row->window_from = amzsync_store_int(call, n, 12, AMZSYNC_TIME_BAD);
    row->window_to = amzsync_store_int(call, n, 13, AMZSYNC_TIME_BAD);
    row->dataset_progress = amzsync_store_int(call, n, 14, 0);
    row->next_token = amzsync_store_text(call, n, 15);
    row->stolen = (amzsync_store_text(call, n, 16).data[0] == 't');
    row->refused = (amzsync_store_text(call, n, 17).data[0] == 't');
    row->spoilt = (amzsync_store_text(call, n, 18).data[0] == 't');
}


static ngx_int_t
amzsync_store_param_leases(amzsync_pg_query_t *query, ngx_array_t *leases)
{
    amzsync_store_lease_t  *lease;

    lease = leases->elts;

    if (amzsync_store_param_texts(query, &lease->user, leases->nelts,
                                  sizeof(amzsync_store_lease_t))
        != NGX_OK
        || amzsync_store_param_ints(query, &lease->no, leases->nelts,
                                    sizeof(amzsync_store_lease_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return amzsync_store_param_ints(query, &lease->lease, leases->nelts,
                                    sizeof(amzsync_store_lease_t));
}


amzsync_store_call_t *
amzsync_store_heartbeat(amzsync_store_t *store, ngx_array_t *leases,
    ngx_msec_t ttl, amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_heartbeat_stmt,
                                AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_store_param_leases(query, leases);

    if (rc == NGX_OK) {
        rc = amzsync_pg_query_int(query, ttl);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


ngx_uint_t
amzsync_store_heartbeat_row(amzsync_store_call_t *call, ngx_uint_t n,
    ngx_uint_t *renewed)
{
    *renewed = (amzsync_store_text(call, n, 1).data[0] == 't');

    return amzsync_store_int(call, n, 0, 0);
}


amzsync_store_call_t *
amzsync_store_release(amzsync_store_t *store, ngx_array_t *leases,
    amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_release_stmt,
                                AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_store_param_leases(query, leases);

    return amzsync_store_send(store, query, rc, handler, data);
}
