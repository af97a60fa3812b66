
/*
 * Consents: states that are out, and the connections that come of them.
 */


#include <store/amzsync_store_private.h>


/*
 * $1 user, $2 nonce, $3 milliseconds to live.  A few of all users' that have
 * expired are deleted in passing, and of the user's own the oldest of too many;
 * all of them by where they are: see the statement that prunes.
 */

static const amzsync_pg_stmt_t  amzsync_store_consent_ask_stmt = {
    AMZSYNC_STORE_CONSENT_ASK, "consent_ask",

    "WITH expired AS MATERIALIZED ("
        "SELECT ctid AS place FROM amzsync.consents "
         "WHERE expires_at <= now() "
         "ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED"
    "), many AS MATERIALIZED ("
        "SELECT ctid AS place FROM amzsync.consents "
         "WHERE user_id = $1 AND expires_at > now() "
         "ORDER BY expires_at DESC OFFSET 19 FOR UPDATE SKIP LOCKED"
    "), gone AS ("
        "DELETE FROM amzsync.consents "
         "WHERE ctid = ANY (ARRAY(SELECT place FROM expired "
                                 "UNION ALL SELECT place FROM many))"
    ") "
    "INSERT INTO amzsync.consents (user_id, nonce, expires_at) "
    "VALUES ($1, $2, now() + $3 * interval '1 ms') "
    "RETURNING true",
    3
};


/* $1 user, $2 nonce: gone from here on, whether it is in time or not. */

static const amzsync_pg_stmt_t  amzsync_store_consent_take_stmt = {
    AMZSYNC_STORE_CONSENT_TAKE, "consent_take",

    "WITH taken AS ("
        "DELETE FROM amzsync.consents WHERE user_id = $1 AND nonce = $2 "
        "RETURNING expires_at"
    ") "
    "SELECT true FROM taken WHERE expires_at > now()",
    2
};


static const amzsync_pg_stmt_t  amzsync_store_consent_connect_stmt = {
    AMZSYNC_STORE_CONSENT_CONNECT, "consent_connect",

    "SELECT amzsync.connection_consent($1, $2, $3, $4, $5)",
    5
};


amzsync_store_call_t *
amzsync_store_consent_ask(amzsync_store_t *store, ngx_str_t *user,
    ngx_str_t *nonce, ngx_msec_t ttl, amzsync_store_handler_pt handler,
    void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_consent_ask_stmt,
                                AMZSYNC_PG_WRITE);
    if (query == NULL) {
        return NULL;
    }

    rc = NGX_ERROR;

    if (amzsync_pg_query_text(query, user->data, user->len) == NGX_OK
        && amzsync_pg_query_bytes(query, nonce->data, nonce->len) == NGX_OK)
    {
        rc = amzsync_pg_query_int(query, ttl);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


amzsync_store_call_t *
amzsync_store_consent_take(amzsync_store_t *store, ngx_str_t *user,
    ngx_str_t *nonce, amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_consent_take_stmt,
                                AMZSYNC_PG_WRITE);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_pg_query_text(query, user->data, user->len);

    if (rc == NGX_OK) {
        rc = amzsync_pg_query_bytes(query, nonce->data, nonce->len);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


amzsync_store_call_t *
amzsync_store_consent_connect(amzsync_store_t *store, ngx_str_t *user,
    amzsync_store_connect_t *connect, amzsync_store_handler_pt handler,
    void *data)
{
    ngx_int_t            rc;
    ngx_str_t           *seller;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_consent_connect_stmt,
                                AMZSYNC_PG_WRITE);
    if (query == NULL) {
        return NULL;
    }

    rc = NGX_ERROR;
    seller = &connect->selling_partner_id;

    if (amzsync_pg_query_text(query, user->data, user->len) == NGX_OK
        && amzsync_pg_query_text(query, seller->data, seller->len) == NGX_OK
        && amzsync_pg_query_static(query,
                                   amzsync_region_names[connect->region])
           == NGX_OK
        && amzsync_pg_query_bytes(query, connect->sealed.data,
                                  connect->sealed.len)
           == NGX_OK)
    {
        rc = amzsync_pg_query_text(query, (u_char *) connect->key_id,
                                   ngx_strlen(connect->key_id));
    }

    return amzsync_store_send(store, query, rc, handler, data);
}
