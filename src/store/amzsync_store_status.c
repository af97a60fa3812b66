
/*
 * Status: one read, a row a dataset.
 */


#include <store/amzsync_store_private.h>


/* A time of JSON, as answers have them. */
#define AMZSYNC_STORE_TIME(expr)                                              \
    "to_char(" expr " AT TIME ZONE 'UTC', "                                   \
            "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"


static ngx_int_t amzsync_store_status_params(amzsync_pg_query_t *query,
    ngx_queue_t *entries, ngx_uint_t n);
static ngx_int_t amzsync_store_status_windowless(amzsync_pg_query_t *query);
static ngx_int_t amzsync_store_status_order(amzsync_store_call_t *call,
    amzsync_store_sync_t *sync);
static void amzsync_store_status_orders(amzsync_store_call_t *call,
    amzsync_store_sync_t *sync);


/*
 * The rows of a sync: its own, at position 0, and one a dataset in the same
 * columns.  Side by side in one row they would cost PostgreSQL twice as much:
 * each row would repeat the sync.  They come in any order: to sort so few of
 * them is cheaper here.
 */

#define AMZSYNC_STORE_STATUS_ROWS(user, no)                                   \
    "SELECT p.sync_no, "                                                      \
           "CASE WHEN p.state IN ('queued', 'running') THEN 'in_progress' "   \
                "ELSE p.state END AS state, "                                 \
           "p.progress, p.message, "                                          \
           AMZSYNC_STORE_MS("p.started_at") ", "                              \
           AMZSYNC_STORE_MS("p.updated_at") ", "                              \
           AMZSYNC_STORE_MS("p.completed_at") ", "                            \
           AMZSYNC_STORE_MS("CASE WHEN p.estimated_completion < now() "       \
                                 "THEN now() "                                \
                                 "ELSE p.estimated_completion END") ", "      \
           "p.error_code, p.error_message, p.error_request_id, "              \
           "0::smallint AS position, p.version "                              \
      "FROM amzsync.sync_progress p "                                         \
     "WHERE p.user_id = " user " AND p.sync_no = " no " "                     \
    "UNION ALL "                                                              \
    "SELECT d.rows, d.status, d.progress, d.dataset, "                        \
           "NULL, NULL, NULL, NULL, "                                         \
           "d.error_code, d.error_message, d.error_request_id, d.position, "  \
           "NULL "                                                            \
      "FROM amzsync.sync_datasets d "                                         \
     "WHERE d.user_id = " user " AND d.sync_no = " no " "


/* $1 users, $2 numbers. */

static const amzsync_pg_stmt_t  amzsync_store_status_stmt = {
    AMZSYNC_STORE_STATUS, "status",

    "SELECT s.*, r.ord "
      "FROM unnest($1::text[], $2::bigint[]) "
           "WITH ORDINALITY AS r (user_id, sync_no, ord) "
           "CROSS JOIN LATERAL ("
               AMZSYNC_STORE_STATUS_ROWS("r.user_id", "r.sync_no") ") s "
     "ORDER BY r.ord",
    2
};


const amzsync_store_batch_kind_t  amzsync_store_statuses = {
    &amzsync_store_status_stmt,
    AMZSYNC_PG_READ,
    amzsync_store_status_params,
    1
};


/*
 * $3 versions: those that are known already.  Of a sync that is gone one row
 * comes that is NULL, or the datasets that are left of it.
 */

static const amzsync_pg_stmt_t  amzsync_store_watch_stmt = {
    AMZSYNC_STORE_WATCH, "watch",

    "SELECT s.*, r.ord "
      "FROM unnest($1::text[], $2::bigint[], $3::bigint[]) "
           "WITH ORDINALITY AS r (user_id, sync_no, version, ord) "
           "CROSS JOIN LATERAL ("
               "SELECT FROM (VALUES (1)) one "
                 "LEFT JOIN amzsync.sync_progress p "
                   "ON p.user_id = r.user_id AND p.sync_no = r.sync_no "
                "WHERE p.version > r.version OR p.version IS NULL "
               "OFFSET 0) changed "
           "LEFT JOIN LATERAL ("
               AMZSYNC_STORE_STATUS_ROWS("r.user_id", "r.sync_no") ") s "
             "ON true "
     "ORDER BY r.ord",
    3
};


/* The schedule has a row of its own, at position -1: there may be no sync. */

#define AMZSYNC_STORE_STATUS_SCHEDULE                                         \
    "UNION ALL "                                                              \
    "SELECT CASE WHEN c.status = 'connected' "                                \
                "THEN " AMZSYNC_STORE_MS("c.next_sync_at") " END, "           \
           "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "     \
           "(-1)::smallint, NULL "                                            \
      "FROM amzsync.connections c WHERE c.user_id = $1"


static const amzsync_pg_stmt_t  amzsync_store_status_last_stmt = {
    AMZSYNC_STORE_STATUS_LAST, "status_last",

    "WITH last AS MATERIALIZED ("
        "SELECT max(sync_no) AS sync_no FROM amzsync.sync_progress "
         "WHERE user_id = $1"
    ") "
    AMZSYNC_STORE_STATUS_ROWS("$1", "(SELECT sync_no FROM last)")
    AMZSYNC_STORE_STATUS_SCHEDULE,
    1
};


/*
 * The same for one sync, $2, or if that is 0 the last one, and for each dataset
 * the parts of its units that nobody has read yet, as JSON, NULL if it has no
 * units yet: in a column behind all that others have.  Of the datasets $3,
 * which are not read by windows, it is the units that this sync has not ended.
 */

#define AMZSYNC_STORE_STATUS_MISSING  14

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
    "SELECT s.*, NULL, CASE s.state WHEN 'completed' "
           "THEN COALESCE(m.ranges, '[]') ELSE m.ranges END FROM ("
        AMZSYNC_STORE_STATUS_ROWS("$1", "(SELECT sync_no FROM last)")
        AMZSYNC_STORE_STATUS_SCHEDULE
    ") s LEFT JOIN missing m ON s.position > 0 AND m.dataset = s.message",
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
    int         column;
    int64_t     which;
    ngx_uint_t  n;

    n = PQntuples(call->result);
    column = PQnfields(call->result) - 1;

    call->first = *row;
    call->nrows = 0;

    if (*row == n) {
        return NGX_DONE;
    }

    which = amzsync_store_int(call, 0, column, 0);

    do {
        call->nrows++;
        ++*row;

    } while (*row < n
             && amzsync_store_int(call, call->nrows, column, 0) == which);

    return which - 1;
}


static void
amzsync_store_status_error(amzsync_store_call_t *call, ngx_uint_t row,
    amzsync_store_error_t *error)
{
    error->code = amzsync_store_text(call, row, 8);
    error->message = amzsync_store_text(call, row, 9);
    error->request_id = amzsync_store_text(call, row, 10);
}


ngx_int_t
amzsync_store_status_sync(amzsync_store_call_t *call,
    amzsync_store_sync_t *sync)
{
    ngx_int_t  row;

    row = amzsync_store_status_order(call, sync);

    if (row == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    sync->no = amzsync_store_int(call, row, 0, 0);
    sync->status = amzsync_store_text(call, row, 1);
    sync->progress = amzsync_store_int(call, row, 2, 0);
    sync->message = amzsync_store_text(call, row, 3);
    sync->started_at = amzsync_store_int(call, row, 4, AMZSYNC_TIME_BAD);
    sync->updated_at = amzsync_store_int(call, row, 5, AMZSYNC_TIME_BAD);
    sync->completed_at = amzsync_store_int(call, row, 6, AMZSYNC_TIME_BAD);
    sync->estimated_completion = amzsync_store_int(call, row, 7,
                                                   AMZSYNC_TIME_BAD);
    sync->version = amzsync_store_int(call, row, 12, 0);
    sync->coverage = (PQnfields(call->result) > AMZSYNC_STORE_STATUS_MISSING);

    amzsync_store_status_error(call, row, &sync->error);
    amzsync_store_status_orders(call, sync);

    return NGX_OK;
}


/*
 * Sorts the datasets' rows, and answers the sync's own: NGX_DECLINED if it is
 * gone, and datasets are left of it.
 */

static ngx_int_t
amzsync_store_status_order(amzsync_store_call_t *call,
    amzsync_store_sync_t *sync)
{
    int64_t     position, positions[AMZSYNC_STORE_SETS_MAX];
    ngx_int_t   own;
    ngx_uint_t  i, k;

    own = NGX_DECLINED;
    sync->ndatasets = 0;

    for (i = 0; i < call->nrows; i++) {
        position = amzsync_store_int(call, i, 11, -1);

        if (position == 0) {
            own = i;
            continue;
        }

        if (position < 0 || sync->ndatasets == AMZSYNC_STORE_SETS_MAX) {
            continue;
        }

        for (k = sync->ndatasets++;
             k > 0 && positions[k - 1] > position;
             k--)
        {
            positions[k] = positions[k - 1];
            sync->datasets[k] = sync->datasets[k - 1];
        }

        positions[k] = position;
        sync->datasets[k] = i;
    }

    return own;
}


/* The count of orders is known once all of them were seen. */

static void
amzsync_store_status_orders(amzsync_store_call_t *call,
    amzsync_store_sync_t *sync)
{
    ngx_str_t   name, status;
    ngx_uint_t  i, row;

    sync->orders_processed = 0;
    sync->total_orders = -1;

    for (i = 0; i < sync->ndatasets; i++) {
        row = sync->datasets[i];
        name = amzsync_store_text(call, row, 3);

        if (ngx_strcmp(name.data, "orders") != 0) {
            continue;
        }

        sync->orders_processed = amzsync_store_int(call, row, 0, 0);
        status = amzsync_store_text(call, row, 1);

        if (ngx_strcmp(status.data, "completed") == 0) {
            sync->total_orders = sync->orders_processed;
        }
    }
}


int64_t
amzsync_store_status_next(amzsync_store_call_t *call)
{
    ngx_uint_t  i;

    for (i = 0; i < call->nrows; i++) {
        if (amzsync_store_int(call, i, 11, 0) < 0) {
            return amzsync_store_int(call, i, 0, AMZSYNC_TIME_BAD);
        }
    }

    return AMZSYNC_TIME_BAD;
}


void
amzsync_store_status_dataset(amzsync_store_call_t *call,
    amzsync_store_sync_t *sync, ngx_uint_t n, amzsync_store_dataset_t *dataset)
{
    ngx_uint_t  row;

    row = sync->datasets[n];

    dataset->rows = amzsync_store_int(call, row, 0, 0);
    dataset->status = amzsync_store_text(call, row, 1);
    dataset->progress = amzsync_store_int(call, row, 2, 0);
    dataset->name = amzsync_store_text(call, row, 3);

    ngx_str_null(&dataset->missing);

    if (sync->coverage) {
        dataset->missing = amzsync_store_text(call, row,
                                              AMZSYNC_STORE_STATUS_MISSING);
    }

    amzsync_store_status_error(call, row, &dataset->error);
}
