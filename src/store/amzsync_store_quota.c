
/*
 * Amazon's quotas as token buckets in the database (GCRA), so that a crash
 * does not refill a burst and all workers share one.
 *
 * A slot is taken when one is free, else the wait is answered and nothing is
 * taken: a sync that is cancelled or moves to another worker while it waits
 * costs the seller no slot.
 */


#include <store/amzsync_store_upsert.h>


static ngx_int_t amzsync_store_quota_tell(amzsync_pg_query_t *query,
    amzsync_store_wait_t *wait);


/* Calls a second; what Amazon says beyond these bounds is not a quota. */
#define AMZSYNC_STORE_RATE_MIN  0.00001
#define AMZSYNC_STORE_RATE_MAX  1000000

/*
 * When a bucket "b" has a slot.  Amazon's clock starts when a call arrives,
 * ours when it is sent; if the first one was on its way for longer than a
 * later one, its bucket is behind ours by as much.  So all but the first slot
 * of a full bucket come a little later than the arithmetic has them.
 */
#define AMZSYNC_STORE_QUOTA_FREE                                              \
    "b.tat + (LEAST(2, 1 / b.rate) - (b.burst - 1) / b.rate) "                \
        "* interval '1 s'"


/*
 * $1 user, $2 number, $3 lease, $4 milliseconds of the lease, $5 client id,
 * $6 operation, $7 rate and $8 burst of a new bucket, $9 dataset, $10 longer,
 * $11 waiting, $12 message, $13 pages, $14 pace, $15 rest.
 *
 * The estimate is worth a new version when the message is.  One that may be too
 * short takes nothing back from the one that is there.
 */

#define AMZSYNC_STORE_QUOTA_LEFT                                              \
    "GREATEST(t.wait, t.left, abs($15::float8)) * interval '1 ms'"


static const amzsync_pg_stmt_t  amzsync_store_quota_take_stmt = {
    AMZSYNC_STORE_QUOTA_TAKE, "quota_take",

    "WITH held AS MATERIALIZED ("
        "SELECT selling_partner_id, region FROM amzsync.sync_progress "
         "WHERE user_id = $1 AND sync_no = $2 AND lease = $3 "
           "AND state = 'running'"
    "), bucket AS ("
        "INSERT INTO amzsync.quota_buckets AS b "
              "(client_id, selling_partner_id, region, operation, "
               "rate, burst, tat, granted) "
        "SELECT $5, selling_partner_id, region, $6, $7::float8, $8::int, "
               "now() + interval '1 s' / $7::float8, true "
          "FROM held "
        "ON CONFLICT (client_id, selling_partner_id, region, operation) "
        "DO UPDATE SET "
            "granted = " AMZSYNC_STORE_QUOTA_FREE " <= now(), "
            "tat = CASE WHEN " AMZSYNC_STORE_QUOTA_FREE " <= now() "
                "THEN GREATEST(b.tat, now()) + interval '1 s' / b.rate "
                "ELSE b.tat END "
        "RETURNING b.granted, b.rate, CASE WHEN b.granted THEN 0 "
                      "ELSE GREATEST(1, ceil(extract(epoch FROM "
                          AMZSYNC_STORE_QUOTA_FREE " - now()) * 1000)) "
                      "END::bigint AS wait, "
                  "GREATEST(0, b.burst - 1 - b.rate "
                      "* date_part('epoch', b.tat - now())) AS slots"
    "), told AS ("
        "SELECT b.*, CASE WHEN wait > $10::bigint "
                   "THEN $9::text || $11::text || round(wait / 1000.0) || ' s' "
                   "ELSE $12 END AS message, "
               "CASE WHEN $13::bigint > 0 THEN GREATEST($13 * $14::bigint, "
                   "wait + GREATEST(0, $13 - 1 - slots) * 1000 / rate) "
                   "END AS left "
          "FROM bucket b"
    "), mark AS ("
        "UPDATE amzsync.sync_progress p "
           "SET in_flight = array_remove(p.in_flight, $9) "
                   "|| CASE WHEN t.granted THEN ARRAY[$9] ELSE '{}' END, "
               "lease_until = now() + $4 * interval '1 ms', "
               "message = COALESCE(t.message, p.message), "
               "version = p.version + (COALESCE(t.message, p.message) "
                                      "<> p.message)::int, "
               "updated_at = CASE WHEN t.message <> p.message THEN now() "
                                 "ELSE p.updated_at END, "
               "estimated_completion = CASE "
                   "WHEN (t.message <> p.message) IS NOT TRUE "
                   "THEN p.estimated_completion "
                   "WHEN t.left IS NOT NULL AND $15 >= 0 "
                   "THEN now() + " AMZSYNC_STORE_QUOTA_LEFT " "
                   "WHEN p.estimated_completion IS NOT NULL "
                   "THEN GREATEST(p.estimated_completion, "
                                 "now() + " AMZSYNC_STORE_QUOTA_LEFT ") END "
          "FROM told t "
         "WHERE p.user_id = $1 AND p.sync_no = $2 AND p.lease = $3 "
           "AND p.state = 'running' "
        "RETURNING 1"
    ") "
    "SELECT wait, rate, slots FROM bucket, mark",
    15
};


/*
 * $1 client id, $2 operation, $3 rate or NULL, $4 throttled, $5 seconds that
 * Amazon asks to wait, $6 user, $7 number, of the sync whose seller it is.
 *
 * When the rate changes, what is left of the wait changes with it.
 */

static const amzsync_pg_stmt_t  amzsync_store_quota_learn_stmt = {
    AMZSYNC_STORE_QUOTA_LEARN, "quota_learn",

    "WITH s AS MATERIALIZED ("
        "SELECT selling_partner_id, region FROM amzsync.sync_progress "
         "WHERE user_id = $6 AND sync_no = $7"
    ") "
    "UPDATE amzsync.quota_buckets b "
       "SET rate = COALESCE($3::float8, b.rate), "
           "tat = CASE WHEN $4::boolean THEN "
               "GREATEST(b.tat, now() "
                   "+ b.burst * interval '1 s' / COALESCE($3, b.rate) "
                   "+ GREATEST(0, $5::float8 - 1 / COALESCE($3, b.rate)) "
                     "* interval '1 s') "
               "ELSE now() + (GREATEST(b.tat, now()) - now()) "
                            "* (b.rate / COALESCE($3, b.rate)) END "
     "WHERE b.client_id = $1 AND b.operation = $2 "
       "AND b.selling_partner_id = (SELECT selling_partner_id FROM s) "
       "AND b.region = (SELECT region FROM s) "
       "AND ($4 OR b.rate <> $3) "
    "RETURNING b.rate",
    7
};


static ngx_int_t
amzsync_store_param_rate(amzsync_pg_query_t *query, double rate)
{
    int     n;
    u_char  buf[64];

    if (rate <= 0) {
        return amzsync_pg_query_text(query, NULL, 0);
    }

    n = snprintf((char *) buf, sizeof(buf), "%.17g", rate);

    return amzsync_pg_query_text(query, buf, n);
}


amzsync_store_call_t *
amzsync_store_quota_take(amzsync_store_t *store, amzsync_store_lease_t *lease,
    const amzsync_dataset_t *dataset, amzsync_operation_e op,
    const char *client_id, ngx_msec_t ttl, amzsync_store_wait_t *wait,
    amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t                   rc;
    amzsync_pg_query_t         *query;
    const amzsync_operation_t  *operation;

    operation = &amzsync_operations[op];

    query = amzsync_store_query(store, &amzsync_store_quota_take_stmt,
                                AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = NGX_ERROR;

    if (amzsync_store_param_lease(query, lease) == NGX_OK
        && amzsync_pg_query_int(query, ttl) == NGX_OK
        && amzsync_pg_query_static(query, client_id) == NGX_OK
        && amzsync_pg_query_static(query, operation->name) == NGX_OK
        && amzsync_store_param_rate(query, operation->rate) == NGX_OK
        && amzsync_pg_query_int(query, operation->burst) == NGX_OK
        && amzsync_pg_query_static(query, dataset->name) == NGX_OK)
    {
        rc = amzsync_store_quota_tell(query, wait);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


static ngx_int_t
amzsync_store_quota_tell(amzsync_pg_query_t *query, amzsync_store_wait_t *wait)
{
    if (amzsync_pg_query_int(query, wait->longer) == NGX_OK
        && amzsync_pg_query_static(query, AMZSYNC_STORE_WAITING) == NGX_OK
        && amzsync_store_param_cstr(query, wait->message) == NGX_OK
        && amzsync_pg_query_int(query, wait->pages) == NGX_OK
        && amzsync_pg_query_int(query, wait->pace) == NGX_OK
        && amzsync_pg_query_int(query, wait->rest) == NGX_OK)
    {
        return NGX_OK;
    }

    return NGX_ERROR;
}


ngx_msec_t
amzsync_store_quota_wait(amzsync_store_call_t *call)
{
    return amzsync_store_int(call, 0, 0, 0);
}


double
amzsync_store_quota_rate(amzsync_store_call_t *call)
{
    return strtod(PQgetvalue(call->result, call->first, 1), NULL);
}


double
amzsync_store_quota_slots(amzsync_store_call_t *call)
{
    return strtod(PQgetvalue(call->result, call->first, 2), NULL);
}


amzsync_store_call_t *
amzsync_store_quota_learn(amzsync_store_t *store, amzsync_store_lease_t *lease,
    amzsync_operation_e op, const char *client_id, double rate,
    ngx_uint_t throttled, time_t retry_after, amzsync_store_handler_pt handler,
    void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_quota_learn_stmt,
                                AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    if (rate > 0) {
        rate = ngx_max(rate, AMZSYNC_STORE_RATE_MIN);
        rate = ngx_min(rate, AMZSYNC_STORE_RATE_MAX);
    }

    rc = NGX_ERROR;
    query->affinity = ngx_crc32_short(lease->user.data, lease->user.len);

    if (amzsync_pg_query_static(query, client_id) == NGX_OK
        && amzsync_pg_query_static(query, amzsync_operations[op].name)
           == NGX_OK
        && amzsync_store_param_rate(query, rate) == NGX_OK
        && amzsync_pg_query_static(query, throttled ? "t" : "f") == NGX_OK
        && amzsync_pg_query_int(query, retry_after) == NGX_OK
        && amzsync_pg_query_text(query, lease->user.data, lease->user.len)
           == NGX_OK
        && amzsync_pg_query_int(query, lease->no) == NGX_OK)
    {
        rc = NGX_OK;
    }

    return amzsync_store_send(store, query, rc, handler, data);
}
