
/*
 * GET: what the module counts of itself, in the text format of Prometheus.
 *
 * All but a few figures stand in shared memory.  The queue is the database's:
 * it is asked at each scrape, and if it is away the rest is answered.
 */


#include <http/amzsync_http_request.h>
#include <base/amzsync_metrics.h>


#define AMZSYNC_HTTP_METRICS_BUF   4096
#define AMZSYNC_HTTP_METRICS_LINE  256      /* at most; # HELP, too */


/* A text that grows by buffers; only the end needs a check. */

typedef struct {
    ngx_http_request_t  *request;
    ngx_buf_t           *buf;
    ngx_chain_t         *first;
    ngx_chain_t        **last;
    size_t               size;
    unsigned             failed:1;
} amzsync_http_metrics_t;


static void amzsync_http_metrics_answered(amzsync_store_call_t *call);
static ngx_int_t amzsync_http_metrics_answer(ngx_http_request_t *r,
    amzsync_store_metrics_t *row);
static void amzsync_http_metrics_queue(amzsync_http_metrics_t *m,
    amzsync_store_metrics_t *row);
static void amzsync_http_metrics_syncs(amzsync_http_metrics_t *m);
static void amzsync_http_metrics_datasets(amzsync_http_metrics_t *m);
static void amzsync_http_metrics_calls(amzsync_http_metrics_t *m);
static void amzsync_http_metrics_call(amzsync_http_metrics_t *m,
    const char *operation, amzsync_metrics_operation_t *counts);
static void amzsync_http_metrics_quota(amzsync_http_metrics_t *m);
static void amzsync_http_metrics_queries(amzsync_http_metrics_t *m);
static void amzsync_http_metrics_times(amzsync_http_metrics_t *m,
    const char *class, amzsync_metrics_times_t *times);
static void amzsync_http_metrics_workers(amzsync_http_metrics_t *m);
static const char *amzsync_http_metrics_operation(ngx_uint_t i);
static void amzsync_http_metrics_family(amzsync_http_metrics_t *m,
    const char *name, const char *type, const char *help);
static void amzsync_http_metrics_line(amzsync_http_metrics_t *m,
    const char *fmt, ...);


static const char  *amzsync_http_metrics_classes[AMZSYNC_METRICS_CLASSES] = {
    "read", "write", "work"
};


/* A counter or gauge without labels: its family, and its only line. */

#define amzsync_http_metrics_one(m, name, type, help, value)                  \
    amzsync_http_metrics_family(m, name, type, help);                         \
    amzsync_http_metrics_line(m, "amzsync_" name " %uA", (ngx_atomic_uint_t)  \
                              (value))

/* Milliseconds as seconds, for "%uA.%03uA". */

#define amzsync_http_metrics_seconds(ms)  (ms) / 1000, (ms) % 1000


ngx_int_t
amzsync_http_metrics_handler(ngx_http_request_t *r)
{
    amzsync_http_ctx_t    *ctx;
    amzsync_store_call_t  *call;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "amzsync metrics handler");

    ctx = amzsync_http_create_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return amzsync_http_not_allowed(r, "GET, HEAD");
    }

    /* Without a connection the statement would only wait for its end. */

    call = NULL;

    if (ctx->conf->store && amzsync_store_ready(ctx->conf->store)) {
        call = amzsync_store_metrics(ctx->conf->store,
                                     amzsync_http_metrics_answered, ctx);
    }

    if (call == NULL) {
        return amzsync_http_metrics_answer(r, NULL);
    }

    return amzsync_http_wait(ctx, call);
}


static void
amzsync_http_metrics_answered(amzsync_store_call_t *call)
{
    ngx_int_t                 rc;
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    amzsync_http_ctx_t       *ctx;
    amzsync_store_metrics_t   row;

    ctx = call->data;
    r = ctx->request;
    c = r->connection;

    ctx->call = NULL;

    ngx_http_set_log_request(c->log, r);

    if (call->status == AMZSYNC_STORE_OK) {
        amzsync_store_metrics_row(call, &row);
        rc = amzsync_http_metrics_answer(r, &row);

    } else {
        rc = amzsync_http_metrics_answer(r, NULL);
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


/* "row" is NULL if the database is away. */

static ngx_int_t
amzsync_http_metrics_answer(ngx_http_request_t *r,
    amzsync_store_metrics_t *row)
{
    amzsync_http_metrics_t  m;

    static ngx_str_t  type =
                      ngx_string("text/plain; version=0.0.4; charset=utf-8");

    ngx_memzero(&m, sizeof(amzsync_http_metrics_t));

    m.request = r;
    m.last = &m.first;

    amzsync_http_metrics_one(&m, "up", "gauge",
                             "Whether the database answered.", row != NULL);

    if (row) {
        amzsync_http_metrics_queue(&m, row);
    }

    amzsync_http_metrics_syncs(&m);
    amzsync_http_metrics_datasets(&m);
    amzsync_http_metrics_calls(&m);
    amzsync_http_metrics_quota(&m);
    amzsync_http_metrics_queries(&m);
    amzsync_http_metrics_workers(&m);

    if (m.failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    m.buf->last_buf = (r == r->main);
    m.buf->last_in_chain = 1;

    return amzsync_http_send_chain(r, NGX_HTTP_OK, &type, m.first, m.size);
}


static void
amzsync_http_metrics_queue(amzsync_http_metrics_t *m,
    amzsync_store_metrics_t *row)
{
    amzsync_http_metrics_family(m, "syncs", "gauge",
                                "Syncs that have not ended, by state.");

    amzsync_http_metrics_line(m, "amzsync_syncs{state=\"queued\"} %L",
                              row->queued);
    amzsync_http_metrics_line(m, "amzsync_syncs{state=\"running\"} %L",
                              row->running);

    amzsync_http_metrics_family(m, "queue_age_seconds", "gauge",
                                "How long the oldest queued sync has been "
                                "due.");

    amzsync_http_metrics_line(m, "amzsync_queue_age_seconds %L.%03L",
                              amzsync_http_metrics_seconds(row->oldest));
}


static void
amzsync_http_metrics_syncs(amzsync_http_metrics_t *m)
{
    amzsync_http_metrics_one(m, "claims_total", "counter",
                             "Syncs taken up by a worker, with those stolen.",
                             amzsync_metrics->claims);

    amzsync_http_metrics_one(m, "steals_total", "counter",
                             "Syncs taken over after another claim's lease "
                             "had run out.",
                             amzsync_metrics->steals);

    amzsync_http_metrics_one(m, "fenced_writes_total", "counter",
                             "Pages, steps and ends that were refused, as the "
                             "lease was gone.",
                             amzsync_metrics->fenced);

    amzsync_http_metrics_family(m, "syncs_ended_total", "counter",
                                "Syncs that workers have ended, by state.");

    amzsync_http_metrics_line(m,
                              "amzsync_syncs_ended_total{state=\"completed\"}"
                              " %uA", amzsync_metrics->completed);
    amzsync_http_metrics_line(m, "amzsync_syncs_ended_total{state=\"failed\"}"
                              " %uA", amzsync_metrics->failed);
}


static void
amzsync_http_metrics_datasets(amzsync_http_metrics_t *m)
{
    ngx_uint_t  i;

    amzsync_http_metrics_family(m, "pages_total", "counter",
                                "Pages committed, by dataset.");

    for (i = 0; i < amzsync_ndatasets; i++) {
        amzsync_http_metrics_line(m, "amzsync_pages_total{dataset=\"%s\"} %uA",
                                  amzsync_datasets[i]->name,
                                  amzsync_metrics->datasets[i].pages);
    }

    amzsync_http_metrics_family(m, "rows_total", "counter",
                                "Rows committed with them, without children.");

    for (i = 0; i < amzsync_ndatasets; i++) {
        amzsync_http_metrics_line(m, "amzsync_rows_total{dataset=\"%s\"} %uA",
                                  amzsync_datasets[i]->name,
                                  amzsync_metrics->datasets[i].rows);
    }
}


static void
amzsync_http_metrics_calls(amzsync_http_metrics_t *m)
{
    ngx_uint_t   i;
    const char  *operation;

    amzsync_http_metrics_family(m, "spapi_calls_total", "counter",
                                "Calls to Amazon, by operation and HTTP "
                                "status; code error: no whole answer came.");

    for (i = 0; i < AMZSYNC_METRICS_OPERATIONS; i++) {
        operation = amzsync_http_metrics_operation(i);

        if (operation) {
            amzsync_http_metrics_call(m, operation,
                                      &amzsync_metrics->operations[i]);
        }
    }
}


/* The usual codes are there from the beginning: what appears has no rate. */

static void
amzsync_http_metrics_call(amzsync_http_metrics_t *m, const char *operation,
    amzsync_metrics_operation_t *counts)
{
    ngx_uint_t         i, code;
    ngx_atomic_uint_t  n;

    amzsync_http_metrics_line(m, "amzsync_spapi_calls_total{operation=\"%s\","
                              "code=\"error\"} %uA",
                              operation, counts->calls[0]);

    for (i = 1; i < AMZSYNC_METRICS_CODES; i++) {
        n = counts->calls[i];
        code = AMZSYNC_METRICS_CODE_MIN + i - 1;

        if (n || code == NGX_HTTP_OK || code == NGX_HTTP_TOO_MANY_REQUESTS) {
            amzsync_http_metrics_line(m, "amzsync_spapi_calls_total"
                                      "{operation=\"%s\",code=\"%ui\"} %uA",
                                      operation, code, n);
        }
    }
}


static void
amzsync_http_metrics_quota(amzsync_http_metrics_t *m)
{
    ngx_uint_t          i;
    const char         *operation;
    ngx_atomic_uint_t   ms;

    amzsync_http_metrics_family(m, "quota_waits_total", "counter",
                                "Waits for the quota, by operation.");

    for (i = 0; i < AMZSYNC_METRICS_TOKEN; i++) {
        operation = amzsync_http_metrics_operation(i);

        if (operation) {
            amzsync_http_metrics_line(m, "amzsync_quota_waits_total"
                                      "{operation=\"%s\"} %uA", operation,
                                      amzsync_metrics->operations[i].waits);
        }
    }

    amzsync_http_metrics_family(m, "quota_wait_seconds_total", "counter",
                                "How long they are, counted when they begin.");

    for (i = 0; i < AMZSYNC_METRICS_TOKEN; i++) {
        operation = amzsync_http_metrics_operation(i);
        ms = amzsync_metrics->operations[i].waited;

        if (operation) {
            amzsync_http_metrics_line(m, "amzsync_quota_wait_seconds_total"
                                      "{operation=\"%s\"} %uA.%03uA",
                                      operation,
                                      amzsync_http_metrics_seconds(ms));
        }
    }
}


static void
amzsync_http_metrics_queries(amzsync_http_metrics_t *m)
{
    ngx_uint_t  i;

    amzsync_http_metrics_family(m, "query_seconds", "histogram",
                                "Time that statements took, their wait for a "
                                "connection included, by class of "
                                "connections.");

    for (i = 0; i < AMZSYNC_METRICS_CLASSES; i++) {
        amzsync_http_metrics_times(m, amzsync_http_metrics_classes[i],
                                   &amzsync_metrics->classes[i].times);
    }

    amzsync_http_metrics_family(m, "query_failures_total", "counter",
                                "Statements without an answer of the "
                                "database.");

    for (i = 0; i < AMZSYNC_METRICS_CLASSES; i++) {
        amzsync_http_metrics_line(m, "amzsync_query_failures_total"
                                  "{class=\"%s\"} %uA",
                                  amzsync_http_metrics_classes[i],
                                  amzsync_metrics->classes[i].failed);
    }
}


/* The count is the sum of what was read, whatever is counted meanwhile. */

static void
amzsync_http_metrics_times(amzsync_http_metrics_t *m, const char *class,
    amzsync_metrics_times_t *times)
{
    ngx_uint_t         i;
    ngx_atomic_uint_t  n, ms;

    n = 0;
    ms = times->sum;

    for (i = 0; i < AMZSYNC_METRICS_BUCKETS; i++) {
        n += times->buckets[i];

        amzsync_http_metrics_line(m, "amzsync_query_seconds_bucket"
                                  "{class=\"%s\",le=\"%s\"} %uA", class,
                                  amzsync_metrics_bounds[i].name, n);
    }

    n += times->buckets[i];

    amzsync_http_metrics_line(m, "amzsync_query_seconds_bucket{class=\"%s\","
                              "le=\"+Inf\"} %uA", class, n);
    amzsync_http_metrics_line(m, "amzsync_query_seconds_sum{class=\"%s\"} "
                              "%uA.%03uA", class,
                              amzsync_http_metrics_seconds(ms));
    amzsync_http_metrics_line(m, "amzsync_query_seconds_count{class=\"%s\"} "
                              "%uA", class, n);
}


/* Sums of what living workers have, those that are shutting down, too. */

static void
amzsync_http_metrics_workers(amzsync_http_metrics_t *m)
{
    ngx_uint_t                 i, k;
    ngx_atomic_uint_t          workers;
    amzsync_metrics_worker_t   sum, *worker;

    ngx_memzero((void *) &sum, sizeof(amzsync_metrics_worker_t));
    workers = 0;

    for (i = 0; i < NGX_MAX_PROCESSES; i++) {
        worker = &amzsync_metrics->workers[i];

        if (!amzsync_metrics_alive(worker)) {
            continue;
        }

        for (k = 0; k < AMZSYNC_METRICS_CLASSES; k++) {
            sum.connections[k] += worker->connections[k];
        }

        sum.threads += worker->threads;
        sum.tasks += worker->tasks;
        sum.streams += worker->streams;
        workers++;
    }

    amzsync_http_metrics_one(m, "workers", "gauge", "Workers that are alive.",
                             workers);

    amzsync_http_metrics_family(m, "connections", "gauge",
                                "Connections to the database that are up, by "
                                "class.");

    for (k = 0; k < AMZSYNC_METRICS_CLASSES; k++) {
        amzsync_http_metrics_line(m, "amzsync_connections{class=\"%s\"} %uA",
                                  amzsync_http_metrics_classes[k],
                                  sum.connections[k]);
    }

    amzsync_http_metrics_one(m, "threads_busy", "gauge",
                             "Threads that call Amazon.", sum.threads);

    amzsync_http_metrics_one(m, "tasks_waiting", "gauge",
                             "Calls to Amazon that wait for a thread.",
                             sum.tasks);

    amzsync_http_metrics_one(m, "event_streams", "gauge",
                             "Event streams that are open.", sum.streams);
}


/* NULL: there is none at this place. */

static const char *
amzsync_http_metrics_operation(ngx_uint_t i)
{
    if (i == AMZSYNC_METRICS_TOKEN) {
        return "token";
    }

    return (i < AMZSYNC_OPERATIONS) ? amzsync_operations[i].name : NULL;
}


static void
amzsync_http_metrics_family(amzsync_http_metrics_t *m, const char *name,
    const char *type, const char *help)
{
    amzsync_http_metrics_line(m, "# HELP amzsync_%s %s", name, help);
    amzsync_http_metrics_line(m, "# TYPE amzsync_%s %s", name, type);
}


static void
amzsync_http_metrics_line(amzsync_http_metrics_t *m, const char *fmt, ...)
{
    u_char       *p;
    va_list       args;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = m->buf;

    if (b == NULL || b->end - b->last < AMZSYNC_HTTP_METRICS_LINE) {
        b = ngx_create_temp_buf(m->request->pool, AMZSYNC_HTTP_METRICS_BUF);
        cl = ngx_alloc_chain_link(m->request->pool);

        if (b == NULL || cl == NULL || m->failed) {
            m->failed = 1;
            return;
        }

        cl->buf = b;
        cl->next = NULL;

        *m->last = cl;
        m->last = &cl->next;
        m->buf = b;
    }

    p = b->last;

    va_start(args, fmt);
    b->last = ngx_vslprintf(p, p + AMZSYNC_HTTP_METRICS_LINE - 1, fmt, args);
    va_end(args);

    *b->last++ = '\n';

    m->size += b->last - p;
}
