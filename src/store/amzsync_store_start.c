
/*
 * The start of a sync: one round trip, without a race.
 *
 * Whoever comes while a sync is active is told its id, also when both came at
 * the same moment: DO UPDATE returns the winner that this snapshot cannot see.
 * FOR SHARE orders a start against a disconnect.
 */


#include <store/amzsync_store_private.h>


/* $2 datasets. */

static const amzsync_pg_stmt_t  amzsync_store_start_stmt = {
    AMZSYNC_STORE_START, "start",

    "WITH act AS MATERIALIZED ("
        "SELECT sync_no FROM amzsync.sync_progress "
         "WHERE user_id = $1 AND state IN ('queued', 'running')"
    "), conn AS MATERIALIZED ("
        "SELECT user_id, selling_partner_id, region, marketplace_ids "
          "FROM amzsync.connections "
         "WHERE user_id = $1 AND status = 'connected' "
           "AND NOT EXISTS (SELECT FROM act) "
           "FOR SHARE"
    "), ins AS ("
        "INSERT INTO amzsync.sync_progress AS p "
              "(user_id, sync_no, selling_partner_id, region, "
               "marketplace_ids) "
        "SELECT user_id, "
               "GREATEST(" AMZSYNC_STORE_MS("now()") ", 1 + ("
                   "SELECT max(sync_no) FROM amzsync.sync_progress "
                    "WHERE user_id = $1)), "
               "selling_partner_id, region, marketplace_ids "
          "FROM conn "
        "ON CONFLICT (user_id) WHERE state IN ('queued', 'running') "
        "DO UPDATE SET starts_refused = p.starts_refused + 1 "
        "RETURNING sync_no, selling_partner_id, region, "
                  "starts_refused = 0 AS created"
    "), last AS MATERIALIZED ("
        "SELECT p.sync_no, p.completed_at - p.started_at AS took "
          "FROM ins, LATERAL ("
              "SELECT * FROM amzsync.sync_progress "
               "WHERE user_id = $1 AND state = 'completed' "
                 "AND selling_partner_id = ins.selling_partner_id "
                 "AND region = ins.region "
               "ORDER BY sync_no DESC LIMIT 1) p"
    "), sets AS ("
        "INSERT INTO amzsync.sync_datasets "
              "(user_id, sync_no, dataset, position) "
        "SELECT $1, ins.sync_no, d.dataset, d.position "
          "FROM ins, unnest($2::text[]) WITH ORDINALITY "
                      "AS d (dataset, position) "
         "WHERE ins.created"
    ") "
    "SELECT sync_no, created, ("
           "SELECT ceil(extract(epoch FROM took))::bigint FROM last) "
      "FROM ins "
    "UNION ALL SELECT sync_no, false, NULL FROM act",
    2
};


static ngx_int_t
amzsync_store_start_datasets(amzsync_pg_query_t *query,
    const ngx_array_t *datasets)
{
    ngx_str_t                 *names;
    ngx_uint_t                 i;
    const amzsync_dataset_t  **dataset;

    names = ngx_palloc(query->pool, datasets->nelts * sizeof(ngx_str_t));
    if (names == NULL) {
        return NGX_ERROR;
    }

    dataset = datasets->elts;

    for (i = 0; i < datasets->nelts; i++) {
        names[i].data = (u_char *) dataset[i]->name;
        names[i].len = ngx_strlen(dataset[i]->name);
    }

    return amzsync_store_param_texts(query, names, i, sizeof(ngx_str_t));
}


amzsync_store_call_t *
amzsync_store_start(amzsync_store_t *store, ngx_str_t *user,
    const ngx_array_t *datasets, amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_start_stmt,
                                AMZSYNC_PG_WRITE);
    if (query == NULL) {
        return NULL;
    }

    /* One commit for all starts that come while another is under way. */

    query->group = 1;
    query->affinity = ngx_crc32_short(user->data, user->len);

    rc = amzsync_pg_query_text(query, user->data, user->len);

    if (rc == NGX_OK) {
        rc = amzsync_store_start_datasets(query, datasets);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


void
amzsync_store_start_row(amzsync_store_call_t *call, amzsync_store_start_t *row)
{
    ngx_str_t  created;

    created = amzsync_store_text(call, 0, 1);

    row->no = amzsync_store_int(call, 0, 0, 0);
    row->created = (created.data[0] == 't');
    row->last_duration = amzsync_store_int(call, 0, 2, -1);
}
