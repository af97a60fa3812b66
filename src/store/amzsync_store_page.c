
/*
 * The work of one sync: pages, steps without rows, and the end.
 *
 * A page is applied only if the lease is ours and the dataset stands at the
 * expected page; both fences and the rows are one statement.
 */


#include <store/amzsync_store_upsert.h>


static ngx_int_t amzsync_store_page_create(ngx_conf_t *cf, ngx_uint_t i);
static const amzsync_pg_stmt_t *amzsync_store_page_stmt(
    amzsync_store_page_t *page);
static const amzsync_pg_stmt_t *amzsync_store_page_rows_stmt(
    amzsync_store_page_t *page);
static ngx_int_t amzsync_store_page_params(amzsync_pg_query_t *query,
    amzsync_store_page_t *page, ngx_msec_t ttl);
static ngx_int_t amzsync_store_page_markets(amzsync_pg_query_t *query,
    const char *list);
static ngx_int_t amzsync_store_page_window(amzsync_pg_query_t *query,
    amzsync_store_page_t *page, const amzsync_pg_stmt_t *stmt);


/* Of each dataset, made at configuration time; NULL: it has none. */

typedef struct {
    amzsync_pg_stmt_t  *page;
    amzsync_pg_stmt_t  *fresh;      /* all of its rows are thought to be new */
    amzsync_pg_stmt_t  *last;       /* of a window or scan */
    amzsync_pg_stmt_t  *instead;    /* of a report in place of calls */
} amzsync_store_page_stmts_t;


static amzsync_store_page_stmts_t  *amzsync_store_page_stmts;


static const amzsync_pg_stmt_t  amzsync_store_step_stmt = {
    AMZSYNC_STORE_STEP, "step",

    "WITH " AMZSYNC_STORE_FENCES("0") " SELECT 0 FROM page",
    AMZSYNC_STORE_STEP_PARAMS
};


static const amzsync_pg_stmt_t  amzsync_store_page_check_stmt = {
    AMZSYNC_STORE_PAGE_CHECK, "page_check",

    "SELECT d.page "
      "FROM amzsync.sync_progress p "
      "JOIN amzsync.sync_datasets d USING (user_id, sync_no) "
     "WHERE p.user_id = $1 AND p.sync_no = $2 AND p.lease = $3 "
       "AND p.state = 'running' AND d.dataset = $4",
    4
};


static const amzsync_pg_stmt_t  amzsync_store_finish_stmt = {
    AMZSYNC_STORE_FINISH, "finish",

    "UPDATE amzsync.sync_progress p "
       "SET state = $4, message = $5, "
           "progress = CASE WHEN $4 = 'completed' THEN 100 "
                           "ELSE p.progress END, "
           "error_code = $6, error_message = $7, error_request_id = $8, "
           "completed_at = now(), updated_at = now(), "
           "version = p.version + 1, "
           "estimated_completion = NULL, in_flight = '{}', "
           "lease = NULL, lease_until = NULL "
     "WHERE p.user_id = $1 AND p.sync_no = $2 AND p.lease = $3 "
       "AND p.state = 'running' "
    "RETURNING p.sync_no",
    8
};


ngx_int_t
amzsync_store_page_init(ngx_conf_t *cf)
{
    ngx_uint_t  i;

    amzsync_store_page_stmts = ngx_pcalloc(cf->pool, amzsync_ndatasets
                                       * sizeof(amzsync_store_page_stmts_t));
    if (amzsync_store_page_stmts == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < amzsync_ndatasets; i++) {
        if (amzsync_store_page_create(cf, i) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_store_page_create(ngx_conf_t *cf, ngx_uint_t i)
{
    const amzsync_dataset_t     *dataset;
    amzsync_store_page_stmts_t  *stmts;

    dataset = amzsync_datasets[i];
    stmts = &amzsync_store_page_stmts[i];

    if (dataset->report) {
        stmts->page = amzsync_store_load_create(cf->pool, dataset,
                                            amzsync_store_dataset_stmt(i, 0));

        return stmts->page ? NGX_OK : NGX_ERROR;
    }

    stmts->page = amzsync_store_upsert_create(cf->pool, dataset,
                                            amzsync_store_dataset_stmt(i, 0),
                                            AMZSYNC_STORE_PAGE_ANY);
    stmts->last = amzsync_store_upsert_create(cf->pool, dataset,
                                            amzsync_store_dataset_stmt(i, 2),
                                            AMZSYNC_STORE_PAGE_LAST);
    stmts->fresh = amzsync_store_upsert_create(cf->pool, dataset,
                                            amzsync_store_dataset_stmt(i, 4),
                                            AMZSYNC_STORE_PAGE_FRESH);

    if (stmts->page == NULL || stmts->last == NULL || stmts->fresh == NULL) {
        return NGX_ERROR;
    }

    if (dataset->instead == NULL) {
        return NGX_OK;
    }

    stmts->instead = amzsync_store_order_report_create(cf->pool,
                                            dataset->instead,
                                            amzsync_store_dataset_stmt(i, 3));

    return stmts->instead ? NGX_OK : NGX_ERROR;
}


amzsync_store_call_t *
amzsync_store_page(amzsync_store_t *store, amzsync_store_lease_t *lease,
    amzsync_store_page_t *page, ngx_msec_t ttl,
    amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t                 rc;
    amzsync_pg_query_t       *query;
    const amzsync_pg_stmt_t  *stmt;

    stmt = amzsync_store_page_stmt(page);

    query = amzsync_store_query(store, stmt, AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_store_param_lease(query, lease);

    if (rc == NGX_OK) {
        rc = amzsync_store_page_params(query, page, ttl);
    }

    if (rc == NGX_OK) {
        rc = amzsync_store_page_window(query, page, stmt);
    }

    if (rc == NGX_OK && page->load) {
        rc = amzsync_store_load_params(query, page);
    }

    if (rc == NGX_OK && page->choice) {
        rc = amzsync_store_choice_params(query, page->choice);
    }

    if (rc == NGX_OK && page->rows) {
        rc = amzsync_store_upsert_params(query, page->rows);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


static const amzsync_pg_stmt_t *
amzsync_store_page_stmt(amzsync_store_page_t *page)
{
    if (page->rows) {
        return amzsync_store_page_rows_stmt(page);
    }

    if (page->choice) {
        return &amzsync_store_choice_stmt;
    }

    if (page->load) {
        return page->dataset->report->listed ? &amzsync_store_list_step_stmt
                                             : &amzsync_store_load_step_stmt;
    }

    if (page->error && page->range_from != AMZSYNC_TIME_BAD
        && page->dataset->each == NULL && page->dataset->report == NULL)
    {
        return &amzsync_store_window_failed_stmt;
    }

    return &amzsync_store_step_stmt;
}


static const amzsync_pg_stmt_t *
amzsync_store_page_rows_stmt(amzsync_store_page_t *page)
{
    ngx_uint_t                   i;
    amzsync_store_page_stmts_t  *stmts;

    i = amzsync_dataset_index(page->dataset);
    stmts = &amzsync_store_page_stmts[i];

    if (amzsync_datasets[i] != page->dataset) {
        return stmts->instead;
    }

    if (page->dataset->report) {
        return stmts->page;
    }

    if (page->last) {
        return stmts->last;
    }

    return page->fresh ? stmts->fresh : stmts->page;
}


const amzsync_pg_stmt_t *
amzsync_store_page_met_stmt(const amzsync_pg_stmt_t *stmt)
{
    ngx_uint_t  i;

    for (i = 0; i < amzsync_ndatasets; i++) {
        if (stmt == amzsync_store_page_stmts[i].fresh) {
            return amzsync_store_page_stmts[i].page;
        }
    }

    return stmt;
}


static ngx_int_t
amzsync_store_page_params(amzsync_pg_query_t *query,
    amzsync_store_page_t *page, ngx_msec_t ttl)
{
    const amzsync_error_t  *error;

    static const amzsync_error_t  none;

    error = page->error ? page->error : &none;

    if (amzsync_pg_query_static(query, page->dataset->name) == NGX_OK
        && amzsync_pg_query_int(query, page->page) == NGX_OK
        && amzsync_pg_query_int(query, ttl) == NGX_OK
        && amzsync_pg_query_int(query, page->progress) == NGX_OK
        && amzsync_store_param_cstr(query, page->message) == NGX_OK
        && amzsync_pg_query_static(query, page->status) == NGX_OK
        && amzsync_store_param_cstr(query, page->next_token) == NGX_OK
        && amzsync_pg_query_int(query, page->window_page) == NGX_OK
        && amzsync_store_param_time(query, page->window_from) == NGX_OK
        && amzsync_store_param_time(query, page->window_to) == NGX_OK
        && amzsync_pg_query_int(query, page->dataset_progress) == NGX_OK
        && amzsync_store_param_cstr(query, error->code) == NGX_OK
        && amzsync_store_param_cstr(query, error->message) == NGX_OK
        && amzsync_store_param_cstr(query, error->request_id) == NGX_OK
        && amzsync_pg_query_int(query, page->unit) == NGX_OK
        && amzsync_store_param_time(query, page->covered_to) == NGX_OK
        && amzsync_store_page_markets(query, page->marketplaces) == NGX_OK
        && amzsync_pg_query_int(query, page->scan_page) == NGX_OK)
    {
        return page->left ? amzsync_pg_query_int(query, page->left)
                          : amzsync_pg_query_text(query, NULL, 0);
    }

    return NGX_ERROR;
}


/* The comma separated list as an array, one empty text for an empty list. */

static ngx_int_t
amzsync_store_page_markets(amzsync_pg_query_t *query, const char *list)
{
    size_t       len;
    ngx_str_t   *id;
    ngx_array_t  ids;

    if (ngx_array_init(&ids, query->pool, 4, sizeof(ngx_str_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    do {
        len = strcspn(list, ",");

        id = ngx_array_push(&ids);
        if (id == NULL) {
            return NGX_ERROR;
        }

        id->data = (u_char *) list;
        id->len = len;

        list += len;

    } while (*list++ != '\0');

    return amzsync_store_param_texts(query, ids.elts, ids.nelts,
                                     sizeof(ngx_str_t));
}


/* The window, or the row that an EACH unit is of, if the statement has it. */

static ngx_int_t
amzsync_store_page_window(amzsync_pg_query_t *query,
    amzsync_store_page_t *page, const amzsync_pg_stmt_t *stmt)
{
    ngx_int_t  rc;

    if (page->dataset->each) {
        return page->rows ? amzsync_store_param_cstr(query, page->parent_id)
                          : NGX_OK;
    }

    if (page->load == NULL && !(page->rows && page->last)
        && stmt != &amzsync_store_window_failed_stmt)
    {
        return NGX_OK;
    }

    rc = amzsync_store_param_time(query, page->range_from);

    if (rc == NGX_OK) {
        rc = amzsync_store_param_time(query, page->range_to);
    }

    return rc;
}


ngx_uint_t
amzsync_store_page_known(amzsync_store_call_t *call)
{
    return amzsync_store_int(call, 0, 0, 0);
}


ngx_uint_t
amzsync_store_page_met(amzsync_store_call_t *call)
{
    return amzsync_store_int(call, 0, 0, 0);
}


ngx_int_t
amzsync_store_param_cstr(amzsync_pg_query_t *query, const char *s)
{
    if (s == NULL || *s == '\0') {
        return amzsync_pg_query_text(query, NULL, 0);
    }

    return amzsync_pg_query_text(query, (u_char *) s, ngx_strlen(s));
}


amzsync_store_call_t *
amzsync_store_page_check(amzsync_store_t *store, amzsync_store_lease_t *lease,
    const amzsync_dataset_t *dataset, amzsync_store_handler_pt handler,
    void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_page_check_stmt,
                                AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = amzsync_store_param_lease(query, lease);

    if (rc == NGX_OK) {
        rc = amzsync_pg_query_static(query, dataset->name);
    }

    return amzsync_store_send(store, query, rc, handler, data);
}


int64_t
amzsync_store_page_check_page(amzsync_store_call_t *call)
{
    return amzsync_store_int(call, 0, 0, 0);
}


amzsync_store_call_t *
amzsync_store_finish(amzsync_store_t *store, amzsync_store_lease_t *lease,
    const char *status, const char *message, const amzsync_error_t *error,
    amzsync_store_handler_pt handler, void *data)
{
    ngx_int_t            rc;
    amzsync_pg_query_t  *query;

    query = amzsync_store_query(store, &amzsync_store_finish_stmt,
                                AMZSYNC_PG_WORK);
    if (query == NULL) {
        return NULL;
    }

    rc = NGX_ERROR;

    if (amzsync_store_param_lease(query, lease) == NGX_OK
        && amzsync_pg_query_static(query, status) == NGX_OK
        && amzsync_store_param_cstr(query, message) == NGX_OK
        && amzsync_store_param_cstr(query, error ? error->code : NULL)
           == NGX_OK
        && amzsync_store_param_cstr(query, error ? error->message : NULL)
           == NGX_OK
        && amzsync_store_param_cstr(query, error ? error->request_id : NULL)
           == NGX_OK)
    {
        rc = NGX_OK;
    }

    return amzsync_store_send(store, query, rc, handler, data);
}
