
/*
 * Status: one read of one row.
 */


#include <store/amzsync_store_private.h>


/* A time of JSON, as answers have them. */
#define AMZSYNC_STORE_TIME(expr)                                              \
    "to_char(" expr " AT TIME ZONE 'UTC', "                                   \
            "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"


static ngx_int_t amzsync_store_status_params(amzsync_pg_query_t *query,
    ngx_queue_t *entries, ngx_uint_t n);
static ngx_int_t amzsync_store_status_windowless(amzsync_pg_query_t *query);


/*
 * The columns of a sync "p"; behind them stands what a statement asks for
 * besides: the schedule, or which of the syncs that were asked for it is.
 */

#define AMZSYNC_STORE_STATUS_COLUMNS(datasets)                                \
    "p.sync_no, "                                                             \
    "CASE WHEN p.state IN ('queued', 'running') THEN 'in_progress' "          \
         "ELSE p.state END AS state, "                                        \
    "p.progress, p.message, "                                                 \
    AMZSYNC_STORE_MS("p.started_at") ", "                                     \
    AMZSYNC_STORE_MS("p.updated_at") ", "                                     \
    AMZSYNC_STORE_MS("p.completed_at") ", "                                   \
    AMZSYNC_STORE_MS("CASE WHEN p.estimated_completion < now() THEN now() "   \
                          "ELSE p.estimated_completion END") ", "             \
    "p.error_code, p.error_message, p.error_request_id, "                     \
    datasets ", p.orders_processed, p.total_orders, p.version"

#define AMZSYNC_STORE_STATUS_MORE  15


/* $1 users, $2 numbers.  OFFSET leaves the planner no other join. */

static const amzsync_pg_stmt_t  amzsync_store_status_stmt = {
    AMZSYNC_STORE_STATUS, "status",

    "SELECT s.*, r.ord "
      "FROM unnest($1::text[], $2::bigint[]) "
           "WITH ORDINALITY AS r (user_id, sync_no, ord) "
           "CROSS JOIN LATERAL ("
               "SELECT " AMZSYNC_STORE_STATUS_COLUMNS("p.datasets") " "
                 "FROM amzsync.sync_progress p "
                "WHERE p.user_id = r.user_id AND p.sync_no = r.sync_no "
               "OFFSET 0) s "
     "ORDER BY r.ord",
    2
};


const amzsync_store_batch_kind_t  amzsync_store_statuses = {
    &amzsync_store_status_stmt,
    AMZSYNC_PG_READ,
    amzsync_store_status_params,
    1
};


/* $3 versions: those that are known already.  The row of a sync that is gone is
 * NULL. */

static const amzsync_pg_stmt_t  amzsync_store_watch_stmt = {
    AMZSYNC_STORE_WATCH, "watch",

    "SELECT s.*, r.ord "
      "FROM unnest($1::text[], $2::bigint[], $3::bigint[]) "
           "WITH ORDINALITY AS r (user_id, sync_no, version, ord) "
           "CROSS JOIN LATERAL ("
               "SELECT " AMZSYNC_STORE_STATUS_COLUMNS("p.datasets") " "
                 "FROM (VALUES (1)) one "
                 "LEFT JOIN amzsync.sync_progress p "
                   "ON p.user_id = r.user_id AND p.sync_no = r.sync_no "
                "WHERE p.version > r.version OR p.version IS NULL "
               "OFFSET 0) s "
     "ORDER BY r.ord",
    3
};


/* When the next sync of user $1 is due; there may be none yet. */

#define AMZSYNC_STORE_STATUS_NEXT                                             \
    "(SELECT CASE WHEN c.status = 'connected' "                               \
                 "THEN " AMZSYNC_STORE_MS("c.next_sync_at") " END "           \
       "FROM amzsync.connections c WHERE c.user_id = $1)"


/* "p", the sync of user $1 whose number "l" has, or NULL: looked up by both,
 * where a join would read all of the user's. */

#define AMZSYNC_STORE_STATUS_ONE(l)                                           \
    "LEFT JOIN LATERAL ("                                                     \
        "SELECT * FROM amzsync.sync_progress "                                \
         "WHERE user_id = $1 AND sync_no = " l ".sync_no OFFSET 0) p ON true"


static const amzsync_pg_stmt_t  amzsync_store_status_last_stmt = {
    AMZSYNC_STORE_STATUS_LAST, "status_last",

    "SELECT " AMZSYNC_STORE_STATUS_COLUMNS("p.datasets") ", "
           AMZSYNC_STORE_STATUS_NEXT " "
      "FROM (SELECT max(sync_no) AS sync_no FROM amzsync.sync_progress "
             "WHERE user_id = $1) last "
      AMZSYNC_STORE_STATUS_ONE("last"),
    1
};


/*
 * The same for one sync, $2, or if that is 0 the last one, and for each dataset
 * the parts of its units that nobody has read yet, null if it has no units yet.
 * Of the datasets $3, which are not read by windows, it is the units that this
 * sync has not ended.
 */

static const amzsync_pg_stmt_t  amzsync_store_status_coverage_stmt = {
    AMZSYNC_STORE_STATUS_COVERAGE, "status_coverage",

    "WITH last AS MATERIALIZED ("
        "SELECT sync_no, selling_partner_id, region "
          "FROM amzsync.sync_progress "
         "WHERE user_id = $1 AND sync_no = CASE WHEN $2::bigint > 0 THEN $2 "
               "ELSE (SELECT max(sync_no) FROM amzsync.sync_progress "
                      "WHERE user_id = $1) END"
    "), wanted AS MATERIALIZED ("
        "SELECT l.selling_partner_id, l.region, u.dataset, m, "
               "range_agg(tstzrange(u.range_from, u.range_to)) FILTER ("
                   "WHERE u.dataset <> ALL ($3::text[]) "
                      "OR d.status <> 'completed' AND u.unit >= d.unit) "
               "AS ranges "
          "FROM last l JOIN amzsync.sync_units u "
            "ON u.user_id = $1 AND u.sync_no = l.sync_no "
          "JOIN amzsync.sync_datasets d "
            "ON d.user_id = $1 AND d.sync_no = l.sync_no "
           "AND d.dataset = u.dataset "
          "CROSS JOIN LATERAL unnest(CASE WHEN u.marketplace_ids = '{}' "
               "THEN '{\"\"}' ELSE u.marketplace_ids END) m "
         "GROUP BY 1, 2, 3, 4"
    "), missing AS MATERIALIZED ("
        "SELECT w.dataset, '[' || COALESCE(string_agg("
                   "'{\"marketplaceId\":' "
                   "|| COALESCE(to_json(NULLIF(w.m, ''))::text, 'null') "
                   "|| ',\"from\":\"' || " AMZSYNC_STORE_TIME("lower(r)")
                   " || '\",\"to\":\"' || " AMZSYNC_STORE_TIME("upper(r)")
                   " || '\"}', ',' ORDER BY lower(r), w.m), '') || ']' "
               "AS ranges "
          "FROM wanted w LEFT JOIN LATERAL unnest(w.ranges - COALESCE(("
               "SELECT range_agg(tstzrange(c.range_from, c.range_to)) "
                 "FROM amzsync.coverage c "
                "WHERE c.user_id = $1 "
                  "AND c.selling_partner_id = w.selling_partner_id "
                  "AND c.region = w.region AND c.dataset = w.dataset "
                  "AND c.dataset <> ALL ($3) "
                  "AND c.state IN ('done', 'cancelled', 'empty') "
                  "AND w.m = ANY (c.marketplace_ids)), '{}')) r ON true "
         "GROUP BY w.dataset"
    ") "
    "SELECT " AMZSYNC_STORE_STATUS_COLUMNS("s.datasets") ", "
           AMZSYNC_STORE_STATUS_NEXT " "
      "FROM (VALUES (1)) one LEFT JOIN last l ON true "
      AMZSYNC_STORE_STATUS_ONE("l") " "
      "LEFT JOIN LATERAL ("
           "SELECT '[' || COALESCE(string_agg("
                      "left(amzsync.dataset_status(d), -1) "
                      "|| ',\"missing\":' "
                      "|| COALESCE(m.ranges, CASE d.status WHEN 'completed' "
                                            "THEN '[]' ELSE 'null' END) "
                      "|| '}', ',' ORDER BY d.position), '') || ']' "
                  "AS datasets "
             "FROM amzsync.sync_datasets d LEFT JOIN missing m USING (dataset) "
            "WHERE d.user_id = $1 AND d.sync_no = l.sync_no) s ON true",
    3
};


static ngx_int_t
amzsync_store_status_params(amzsync_pg_query_t *query, ngx_queue_t *entries,
    ngx_uint_t n)
{
    int64_t                *numbers;
    ngx_uint_t              i;
    ngx_queue_t            *q;
    amzsync_store_entry_t  *entry;

    numbers = ngx_palloc(query->pool, n * sizeof(int64_t));
    if (numbers == NULL) {
        return NGX_ERROR;
    }

    q = ngx_queue_head(entries);

    for (i = 0; i < n; i++) {
        entry = ngx_queue_data(q, amzsync_store_entry_t, queue);
        numbers[i] = entry->no;
        q = ngx_queue_next(q);
    }

    return amzsync_store_param_ints(query, numbers, n, sizeof(int64_t));
}


/*
 * The newest sync (no == 0) is asked for alone and never shared: who started a
 * sync a moment ago must see it.
 */

amzsync_store_call_t *
amzsync_store_status(amzsync_store_t *store, ngx_str_t *user,
    amzsync_sync_no_t no, amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    if (no) {
        return amzsync_store_batch(&store->statuses, user, no, NULL, handler,
                                   data);
    }

    query = amzsync_store_query(store, &amzsync_store_status_last_stmt,
                                AMZSYNC_PG_READ);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_pg_query_text(query, user->data, user->len);

    return amzsync_store_send(store, query, rc, handler, data);
}


amzsync_store_call_t *
amzsync_store_status_coverage(amzsync_store_t *store, ngx_str_t *user,
    amzsync_sync_no_t no, amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_status_coverage_stmt,
                                AMZSYNC_PG_READ);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_pg_query_text(query, user->data, user->len);

    if (rc == NGX_OK) {
        rc = amzsync_pg_query_int(query, no);
    }

    if (rc == NGX_OK) {
        rc = amzsync_store_status_windowless(query);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


/* The names of datasets that are not read by windows. */

static ngx_int_t
amzsync_store_status_windowless(amzsync_pg_query_t *query)
{
    ngx_str_t                *names;
    ngx_uint_t                i, n;
    const amzsync_dataset_t  *dataset;

    names = ngx_palloc(query->pool, amzsync_ndatasets * sizeof(ngx_str_t));
    if (names == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (i = 0; i < amzsync_ndatasets; i++) {
        dataset = amzsync_datasets[i];

        if (dataset->each || (dataset->report && dataset->report->listed)) {
            names[n].data = (u_char *) dataset->name;
            names[n++].len = ngx_strlen(dataset->name);
        }
    }

    return amzsync_store_param_texts(query, names, n, sizeof(ngx_str_t));
}


void
amzsync_store_status_anew(amzsync_store_t *store, ngx_str_t *user)
{
    amzsync_store_batch_forget(&store->statuses, user);
}


amzsync_store_call_t *
amzsync_store_watch(amzsync_store_t *store, amzsync_store_watch_t *watches,
    ngx_uint_t n, amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_watch_stmt,
                                AMZSYNC_PG_READ);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_store_param_texts(query, &watches->user, n,
                                   sizeof(amzsync_store_watch_t));

    if (rc == NGX_OK) {
        rc = amzsync_store_param_ints(query, &watches->no, n,
                                      sizeof(amzsync_store_watch_t));
    }

    if (rc == NGX_OK) {
        rc = amzsync_store_param_ints(query, &watches->version, n,
                                      sizeof(amzsync_store_watch_t));
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


ngx_int_t
amzsync_store_watch_next(amzsync_store_call_t *call, ngx_uint_t *row)
{
    if ((int) *row == PQntuples(call->result)) {
        return NGX_DONE;
    }

    call->first = (*row)++;
    call->nrows = 1;

    return amzsync_store_int(call, 0, AMZSYNC_STORE_STATUS_MORE, 0) - 1;
}


ngx_int_t
amzsync_store_status_sync(amzsync_store_call_t *call,
    amzsync_store_sync_t *sync)
{
    sync->no = amzsync_store_int(call, 0, 0, 0);

    if (sync->no == 0) {
        return NGX_DECLINED;
    }

    sync->status = amzsync_store_text(call, 0, 1);
    sync->progress = amzsync_store_int(call, 0, 2, 0);
    sync->message = amzsync_store_text(call, 0, 3);
    sync->started_at = amzsync_store_int(call, 0, 4, AMZSYNC_TIME_BAD);
    sync->updated_at = amzsync_store_int(call, 0, 5, AMZSYNC_TIME_BAD);
    sync->completed_at = amzsync_store_int(call, 0, 6, AMZSYNC_TIME_BAD);
    sync->estimated_completion = amzsync_store_int(call, 0, 7,
                                                   AMZSYNC_TIME_BAD);
    sync->error.code = amzsync_store_text(call, 0, 8);
    sync->error.message = amzsync_store_text(call, 0, 9);
    sync->error.request_id = amzsync_store_text(call, 0, 10);
    sync->datasets = amzsync_store_text(call, 0, 11);
    sync->orders_processed = amzsync_store_int(call, 0, 12, 0);
    sync->total_orders = amzsync_store_int(call, 0, 13, -1);
    sync->version = amzsync_store_int(call, 0, 14, 0);

    return NGX_OK;
}


int64_t
amzsync_store_status_next(amzsync_store_call_t *call)
{
    return amzsync_store_int(call, 0, AMZSYNC_STORE_STATUS_MORE,
                             AMZSYNC_TIME_BAD);
}
