
/*
 * Connections: a user's Amazon account and its sealed token.
 */


#include <store/amzsync_store_private.h>


static ngx_int_t amzsync_store_connection_choice(amzsync_pg_query_t *query,
    amzsync_store_connect_t *connect);


static const amzsync_pg_stmt_t  amzsync_store_connection_get_stmt = {
    AMZSYNC_STORE_CONNECTION_GET, "connection_get",

    "SELECT status, selling_partner_id, region, "
           "array_to_json(NULLIF(CASE WHEN c.marketplace_ids <> '{}' "
               "THEN c.marketplace_ids "
               "ELSE " AMZSYNC_STORE_MARKETS("c") " END, '{}')), "
           AMZSYNC_STORE_MS("connected_at") ", sync_interval_minutes, "
           "array_to_json(c.datasets) "
      "FROM amzsync.connections c WHERE user_id = $1",
    1
};


/* Two statements with a snapshot each: see the functions in sql/. */

static const amzsync_pg_stmt_t  amzsync_store_connection_put_stmt = {
    AMZSYNC_STORE_CONNECTION_PUT, "connection_put",

    "SELECT amzsync.connection_put($1, $2, $3, $4, $5, $6, $7, $8)",
    8
};


static const amzsync_pg_stmt_t  amzsync_store_connection_delete_stmt = {
    AMZSYNC_STORE_CONNECTION_DELETE, "connection_delete",

    "SELECT amzsync.connection_delete($1)",
    1
};


/* A newer version has another token: it is not to blame. */

static const amzsync_pg_stmt_t  amzsync_store_connection_revoked_stmt = {
    AMZSYNC_STORE_CONNECTION_REVOKED, "connection_revoked",

    "WITH held AS MATERIALIZED ("
        "SELECT FROM amzsync.sync_progress "
         "WHERE user_id = $1 AND sync_no = $2 AND lease = $3 "
           "AND state = 'running'"
    "), revoked AS ("
        "UPDATE amzsync.connections "
           "SET status = 'reauthorization_required', updated_at = now() "
         "WHERE user_id = $1 AND version = $4 AND status = 'connected' "
           "AND EXISTS (SELECT FROM held)"
    ") "
    "SELECT version <> $4 FROM amzsync.connections, held WHERE user_id = $1",
    4
};


amzsync_store_call_t *
amzsync_store_connection_get(amzsync_store_t *store, ngx_str_t *user,
    amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_connection_get_stmt,
                                AMZSYNC_PG_READ);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_pg_query_text(query, user->data, user->len);

    return amzsync_store_send(store, query, rc, handler, data);
}


void
amzsync_store_connection_row(amzsync_store_call_t *call,
    amzsync_store_connection_t *row)
{
    row->status = amzsync_store_text(call, 0, 0);
    row->selling_partner_id = amzsync_store_text(call, 0, 1);
    row->region = amzsync_store_text(call, 0, 2);
    row->marketplace_ids = amzsync_store_text(call, 0, 3);
    row->connected_at = amzsync_store_int(call, 0, 4, AMZSYNC_TIME_BAD);
    row->sync_interval = amzsync_store_int(call, 0, 5, 0);
    row->datasets = amzsync_store_text(call, 0, 6);
}


amzsync_store_call_t *
amzsync_store_connection_put(amzsync_store_t *store, ngx_str_t *user,
    amzsync_store_connect_t *connect, amzsync_store_handler_pt handler,
    void *data)
{
    ngx_int_t            rc;
    ngx_str_t           *seller, *markets;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_connection_put_stmt,
                                AMZSYNC_PG_WRITE);
    if (query == NULL) {
        return NULL;
    }

    rc = NGX_ERROR;
    seller = &connect->selling_partner_id;
    markets = connect->marketplaces->elts;

    if (amzsync_pg_query_text(query, user->data, user->len) == NGX_OK
        && amzsync_pg_query_text(query, seller->data, seller->len) == NGX_OK
        && amzsync_pg_query_static(query,
                                   amzsync_region_names[connect->region])
           == NGX_OK
        && amzsync_store_param_texts(query, markets,
                                     connect->marketplaces->nelts,
                                     sizeof(ngx_str_t))
           == NGX_OK
        && amzsync_pg_query_bytes(query, connect->sealed.data,
                                  connect->sealed.len)
           == NGX_OK
        && amzsync_pg_query_text(query, (u_char *) connect->key_id,
                                 ngx_strlen(connect->key_id))
           == NGX_OK)
    {
        rc = connect->sync_interval
             ? amzsync_pg_query_int(query, connect->sync_interval)
             : amzsync_pg_query_text(query, NULL, 0);
    }

    if (rc == NGX_OK) {
        rc = amzsync_store_connection_choice(query, connect);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


static ngx_int_t
amzsync_store_connection_choice(amzsync_pg_query_t *query,
    amzsync_store_connect_t *connect)
{
    ngx_uint_t                 i;
    ngx_array_t                chosen;
    const amzsync_dataset_t  **datasets, **slot;

    if (connect->choice == 0) {
        return amzsync_pg_query_text(query, NULL, 0);
    }

    if (ngx_array_init(&chosen, query->pool, connect->datasets->nelts,
                       sizeof(amzsync_dataset_t *))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    datasets = connect->datasets->elts;

    for (i = 0; i < connect->datasets->nelts; i++) {
        if (connect->choice >> i & 1) {
            slot = ngx_array_push(&chosen);
            *slot = datasets[i];
        }
    }

    return amzsync_store_param_datasets(query, &chosen);
}


amzsync_store_call_t *
amzsync_store_connection_delete(amzsync_store_t *store, ngx_str_t *user,
    amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_connection_delete_stmt,
                                AMZSYNC_PG_WRITE);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_pg_query_text(query, user->data, user->len);

    return amzsync_store_send(store, query, rc, handler, data);
}


amzsync_store_call_t *
amzsync_store_connection_revoked(amzsync_store_t *store,
    amzsync_store_lease_t *lease, int64_t version,
    amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_connection_revoked_stmt,
                                AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_store_param_lease(query, lease);

    if (rc == NGX_OK) {
        rc = amzsync_pg_query_int(query, version);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


ngx_uint_t
amzsync_store_connection_renewed(amzsync_store_call_t *call)
{
    return amzsync_store_text(call, 0, 0).data[0] == 't';
}
