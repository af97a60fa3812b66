
/*
 * What all calls share: sending, retries, detaching, and reading rows.
 */


#include <store/amzsync_store_private.h>


/* Retries of what PostgreSQL asks to repeat: 40001, 40P01, and so on. */
#define AMZSYNC_STORE_RETRIES     5
#define AMZSYNC_STORE_RETRY_DELAY 20


static ngx_int_t amzsync_store_check(PGresult *result, ngx_log_t *log);
static void amzsync_store_answer(amzsync_pg_query_t *query);
static ngx_uint_t amzsync_store_retries(const char *sqlstate);
static ngx_uint_t amzsync_store_passing(const char *sqlstate);


static const amzsync_pg_stmt_t  amzsync_store_schema_stmt = {
    AMZSYNC_STORE_SCHEMA, "schema",

    "SELECT max(version) FROM amzsync.schema_version",
    0
};


ngx_int_t
amzsync_store_init(ngx_conf_t *cf)
{
    if (amzsync_store_dataset_stmt(amzsync_ndatasets, 0)
        > AMZSYNC_PG_STMTS_MAX)
    {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "amzsync: too many datasets");
        return NGX_ERROR;
    }

    if (amzsync_store_page_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (amzsync_store_load_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return amzsync_store_plan_init(cf);
}


amzsync_store_t *
amzsync_store_create(ngx_cycle_t *cycle, amzsync_pg_conf_t *conf)
{
    amzsync_store_t  *store;

    store = ngx_pcalloc(cycle->pool, sizeof(amzsync_store_t));
    if (store == NULL) {
        return NULL;
    }

    store->log = cycle->log;

    amzsync_store_batcher_init(store, &store->starts, &amzsync_store_starts,
                               conf);
    amzsync_store_batcher_init(store, &store->statuses,
                               &amzsync_store_statuses, conf);
    amzsync_store_batcher_init(store, &store->scrapes, &amzsync_store_scrapes,
                               conf);

    store->pg = amzsync_pg_pool_create(cycle, conf);
    if (store->pg == NULL) {
        return NULL;
    }

    amzsync_pg_pool_set_check(store->pg, &amzsync_store_schema_stmt,
                              amzsync_store_check);

    return store;
}


void
amzsync_store_destroy(amzsync_store_t *store)
{
    amzsync_store_batcher_destroy(&store->starts);
    amzsync_store_batcher_destroy(&store->statuses);
    amzsync_store_batcher_destroy(&store->scrapes);
    amzsync_pg_pool_destroy(store->pg);
}


ngx_uint_t
amzsync_store_ready(amzsync_store_t *store)
{
    return amzsync_pg_ready(store->pg);
}


ngx_uint_t
amzsync_store_ready_work(amzsync_store_t *store)
{
    return amzsync_pg_class_ready(store->pg, AMZSYNC_PG_WORK);
}


/* "result" may be an error: no schema, or no right to read it. */

static ngx_int_t
amzsync_store_check(PGresult *result, ngx_log_t *log)
{
    ngx_int_t    version;
    const char  *text;

    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "amzsync: the database has no schema \"amzsync\" that "
                      "nginx may read, apply sql/ with tools/migrate: %s",
                      PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
        return NGX_ERROR;
    }

    text = PQgetvalue(result, 0, 0);
    version = ngx_atoi((u_char *) text, ngx_strlen(text));

    if (version == NGX_ERROR) {
        version = 0;
    }

    if (version < AMZSYNC_STORE_SCHEMA_VERSION) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "amzsync: the database schema has version %i, but %d is "
                      "needed, apply sql/ with tools/migrate",
                      version, AMZSYNC_STORE_SCHEMA_VERSION);
        return NGX_ERROR;
    }

    return NGX_OK;
}


amzsync_pg_query_t *
amzsync_store_query(amzsync_store_t *store, const amzsync_pg_stmt_t *stmt,
    amzsync_pg_class_e class)
{
    return amzsync_pg_query_create(stmt, class, store->log);
}


amzsync_store_call_t *
amzsync_store_send(amzsync_store_t *store, amzsync_pg_query_t *query,
    ngx_int_t rc, amzsync_store_handler_pt handler, void *data)
{
    amzsync_store_call_t  *call;

    if (rc != NGX_OK) {
        amzsync_pg_query_free(query);
        return NULL;
    }

    call = ngx_pcalloc(query->pool, sizeof(amzsync_store_call_t));
    if (call == NULL) {
        amzsync_pg_query_free(query);
        return NULL;
    }

    call->handler = handler;
    call->data = data;
    call->store = store;
    call->query = query;

    query->handler = amzsync_store_answer;
    query->data = call;

    amzsync_pg_send(store->pg, query);

    return call;
}


void
amzsync_store_detach(amzsync_store_call_t *call)
{
    if (call->entry) {
        amzsync_store_batch_detach(call);
        return;
    }

    amzsync_pg_detach(call->query);
}


static void
amzsync_store_answer(amzsync_pg_query_t *query)
{
    amzsync_store_call_t  *call;

    call = query->data;

    if (amzsync_store_again(query)) {
        return;
    }

    call->status = amzsync_store_status_of(query);

    if (call->status == AMZSYNC_STORE_OK) {
        call->result = query->result;
        call->nrows = PQntuples(query->result);
    }

    call->handler(call);
}


ngx_uint_t
amzsync_store_again(amzsync_pg_query_t *query)
{
    if (query->status != AMZSYNC_PG_ERROR
        || query->retries >= amzsync_store_retries(query->sqlstate))
    {
        return 0;
    }

    if (ngx_strcmp(query->sqlstate, "23505") == 0) {
        query->stmt = amzsync_store_page_met_stmt(query->stmt);
    }

    amzsync_pg_retry(query, AMZSYNC_STORE_RETRY_DELAY << query->retries);

    return 1;
}


/*
 * A serialization failure or a deadlock is nobody's fault.  A unique violation
 * is a start that met another one within the same millisecond, a page that met
 * a row that somebody put in by hand, which the next snapshot sees, or one that
 * was thought to have new rows only, which is sent as another statement.  A
 * lock that was not had in time is asked for once more.
 */

static ngx_uint_t
amzsync_store_retries(const char *sqlstate)
{
    if (ngx_strcmp(sqlstate, "40001") == 0
        || ngx_strcmp(sqlstate, "40P01") == 0
        || ngx_strcmp(sqlstate, "23505") == 0)
    {
        return AMZSYNC_STORE_RETRIES;
    }

    return ngx_strcmp(sqlstate, "55P03") == 0;
}


/*
 * The server is not to be used at the moment: a standby (25006), no memory, no
 * disk, no connections (class 53); or others are in the way for long: locks
 * (55P03), conflicts (class 40).  The statement itself is not to blame.
 */

static ngx_uint_t
amzsync_store_passing(const char *sqlstate)
{
    return ngx_strcmp(sqlstate, "25006") == 0
           || ngx_strcmp(sqlstate, "55P03") == 0
           || ngx_strncmp(sqlstate, "40", 2) == 0
           || ngx_strncmp(sqlstate, "53", 2) == 0;
}


amzsync_store_status_e
amzsync_store_status_of(amzsync_pg_query_t *query)
{
    switch (query->status) {

    case AMZSYNC_PG_OK:
        return PQntuples(query->result) ? AMZSYNC_STORE_OK
                                        : AMZSYNC_STORE_NONE;

    case AMZSYNC_PG_ERROR:
        return amzsync_store_passing(query->sqlstate)
               ? AMZSYNC_STORE_UNAVAILABLE : AMZSYNC_STORE_FAILED;

    case AMZSYNC_PG_UNAVAILABLE:
        return AMZSYNC_STORE_UNAVAILABLE;

    default: /* AMZSYNC_PG_LOST */
        return AMZSYNC_STORE_LOST;
    }
}


ngx_int_t
amzsync_store_param_texts(amzsync_pg_query_t *query, const ngx_str_t *first,
    ngx_uint_t n, size_t stride)
{
    size_t            len;
    u_char           *p, *array;
    ngx_uint_t        i, k;
    const ngx_str_t  *text;

    len = sizeof("{}");
    text = first;

    for (i = 0; i < n; i++) {
        len += 2 * text->len + sizeof("\"\",") - 1;
        text = (const ngx_str_t *) ((const u_char *) text + stride);
    }

    array = ngx_pnalloc(query->pool, len);
    if (array == NULL) {
        return NGX_ERROR;
    }

    p = array;
    *p++ = '{';
    text = first;

    for (i = 0; i < n; i++) {
        if (i) {
            *p++ = ',';
        }

        *p++ = '"';

        for (k = 0; k < text->len; k++) {
            if (text->data[k] == '"' || text->data[k] == '\\') {
                *p++ = '\\';
            }

            *p++ = text->data[k];
        }

        *p++ = '"';

        text = (const ngx_str_t *) ((const u_char *) text + stride);
    }

    *p++ = '}';
    *p = '\0';

    return amzsync_pg_query_static(query, (char *) array);
}


ngx_int_t
amzsync_store_param_ints(amzsync_pg_query_t *query, const int64_t *first,
    ngx_uint_t n, size_t stride)
{
    u_char         *p, *array;
    ngx_uint_t      i;
    const int64_t  *value;

    array = ngx_pnalloc(query->pool, sizeof("{}") + n * (NGX_INT64_LEN + 1));
    if (array == NULL) {
        return NGX_ERROR;
    }

    p = array;
    *p++ = '{';
    value = first;

    for (i = 0; i < n; i++) {
        p = ngx_sprintf(p, i ? ",%L" : "%L", *value);
        value = (const int64_t *) ((const u_char *) value + stride);
    }

    *p++ = '}';
    *p = '\0';

    return amzsync_pg_query_static(query, (char *) array);
}


ngx_int_t
amzsync_store_param_datasets(amzsync_pg_query_t *query,
    const ngx_array_t *datasets)
{
    ngx_str_t                 *names;
    ngx_uint_t                 i;
    const amzsync_dataset_t  **dataset;

    dataset = datasets->elts;

    names = ngx_palloc(query->pool, datasets->nelts * sizeof(ngx_str_t));
    if (names == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < datasets->nelts; i++) {
        names[i].data = (u_char *) dataset[i]->name;
        names[i].len = ngx_strlen(dataset[i]->name);
    }

    return amzsync_store_param_texts(query, names, i, sizeof(ngx_str_t));
}


ngx_int_t
amzsync_store_param_time(amzsync_pg_query_t *query, int64_t ms)
{
    u_char  buf[AMZSYNC_TIME_LEN];

    if (ms == AMZSYNC_TIME_BAD) {
        return amzsync_pg_query_text(query, NULL, 0);
    }

    (void) amzsync_time_print(buf, ms);

    return amzsync_pg_query_text(query, buf, AMZSYNC_TIME_LEN);
}


ngx_int_t
amzsync_store_param_lease(amzsync_pg_query_t *query,
    const amzsync_store_lease_t *lease)
{
    query->affinity = ngx_crc32_short(lease->user.data, lease->user.len);

    if (amzsync_pg_query_text(query, lease->user.data, lease->user.len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (amzsync_pg_query_int(query, lease->no) != NGX_OK) {
        return NGX_ERROR;
    }

    return amzsync_pg_query_int(query, lease->lease);
}


ngx_str_t
amzsync_store_text(amzsync_store_call_t *call, ngx_uint_t row, int column)
{
    ngx_str_t  text;

    row += call->first;

    if (PQgetisnull(call->result, row, column)) {
        ngx_str_null(&text);
        return text;
    }

    text.data = (u_char *) PQgetvalue(call->result, row, column);
    text.len = PQgetlength(call->result, row, column);

    return text;
}


int64_t
amzsync_store_int(amzsync_store_call_t *call, ngx_uint_t row, int column,
    int64_t absent)
{
    uint64_t     n;
    ngx_uint_t   negative;
    const char  *p;

    row += call->first;

    if (PQgetisnull(call->result, row, column)) {
        return absent;
    }

    /* a bigint as PostgreSQL writes it: there is nothing to check */

    p = PQgetvalue(call->result, row, column);
    negative = (*p == '-');
    p += negative;

    for (n = 0; *p != '\0'; p++) {
        n = n * 10 + (*p - '0');
    }

    return (int64_t) (negative ? 0 - n : n);
}


ngx_int_t
amzsync_store_sync_no(ngx_str_t *user, ngx_str_t *id, amzsync_sync_no_t *no)
{
    u_char     *p;
    size_t      len;
    ngx_int_t   n;

    static const size_t  prefix = sizeof("sync_") - 1;

    if (id->len <= prefix + user->len + 1) {
        return NGX_DECLINED;
    }

    p = id->data;

    if (ngx_strncmp(p, "sync_", prefix) != 0
        || ngx_memcmp(p + prefix, user->data, user->len) != 0
        || p[prefix + user->len] != '_')
    {
        return NGX_DECLINED;
    }

    p += prefix + user->len + 1;
    len = id->data + id->len - p;

    /* One form only: no sign, no leading zero, within 64 bits. */

    if (*p == '0' || len > NGX_INT64_LEN - 1) {
        return NGX_DECLINED;
    }

    n = ngx_atoi(p, len);
    if (n == NGX_ERROR) {
        return NGX_DECLINED;
    }

    *no = n;

    return NGX_OK;
}


u_char *
amzsync_store_sync_id(u_char *p, ngx_str_t *user, amzsync_sync_no_t no)
{
    return ngx_sprintf(p, "sync_%V_%L", user, no);
}
