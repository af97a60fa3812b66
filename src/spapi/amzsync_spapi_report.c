
/*
 * The Reports API 2021-06-30: asking for a report, and for its state.
 */


#include <spapi/amzsync_spapi_report.h>
#include <base/amzsync_text.h>
#include <base/amzsync_time.h>
#include <openssl/crypto.h>


/* How long a report's creation may lie back if it has no cooldown: one that
 * was asked for, but whose id was lost, is found. */
#define AMZSYNC_REPORT_FIND_TIME  900


static void amzsync_report_find(amzsync_spapi_report_t *call);
static char *amzsync_report_find_url(const amzsync_spapi_report_t *call);
static void amzsync_report_choose(amzsync_spapi_report_t *call,
    json_t *reports);
static void amzsync_report_range(const amzsync_spapi_report_t *call,
    int64_t *from, int64_t *to);
static ngx_uint_t amzsync_report_suits(const amzsync_spapi_report_t *call,
    json_t *report);
static ngx_uint_t amzsync_report_markets(const amzsync_spapi_report_t *call,
    json_t *ids);
static void amzsync_report_create(amzsync_spapi_report_t *call);
static char *amzsync_report_body(const amzsync_spapi_report_t *call);
static void amzsync_report_poll(amzsync_spapi_report_t *call);
static amzsync_report_status_e amzsync_report_status(json_t *report);


void
amzsync_spapi_report(amzsync_spapi_report_t *call)
{
    ngx_memzero(&call->outcome, sizeof(amzsync_spapi_outcome_t));

    switch (call->step) {

    case AMZSYNC_REPORT_FIND:
        amzsync_report_find(call);
        return;

    case AMZSYNC_REPORT_LIST:
        amzsync_report_list(call);
        return;

    case AMZSYNC_REPORT_CREATE:
        amzsync_report_create(call);
        return;

    case AMZSYNC_REPORT_POLL:
        amzsync_report_poll(call);
        return;

    case AMZSYNC_REPORT_FETCH:
    case AMZSYNC_REPORT_REASON:
        amzsync_report_fetch(call);
        return;

    case AMZSYNC_REPORT_READ:
        amzsync_report_read(call);
        return;
    }
}


void
amzsync_spapi_report_free(amzsync_spapi_report_t *call)
{
    OPENSSL_cleanse(call->access_token, sizeof(call->access_token));

    free(call->marketplaces);
    free(call->list_token);
    amzsync_spool_release(call->spool);
    amzsync_rows_free(call->rows);

    call->marketplaces = NULL;
    call->list_token = NULL;
    call->spool = NULL;
    call->rows = NULL;
}


void
amzsync_report_http(amzsync_spapi_report_t *call, amzsync_spapi_http_t *h)
{
    ngx_memzero(h, sizeof(amzsync_spapi_http_t));

    h->conf = call->conf;
    h->curl = call->curl;
    h->outcome = &call->outcome;
    h->access_token = call->access_token;
    h->max = AMZSYNC_REPORT_ANSWER_MAX;
    h->secrets[0] = call->access_token;
}


void
amzsync_report_no_memory(amzsync_spapi_http_t *h)
{
    amzsync_spapi_http_verdict(h, AMZSYNC_SPAPI_RETRY, "internal_error",
                               "Out of memory");
}


json_t *
amzsync_report_answer(amzsync_spapi_http_t *h, ngx_uint_t status)
{
    json_t        *root;
    json_error_t   error;

    if (h->outcome->status != status) {
        amzsync_spapi_error(h);
        return NULL;
    }

    root = amzsync_json_load(h->start, h->last - h->start, &error);

    if (!json_is_object(root)) {
        json_decref(root);
        amzsync_spapi_http_verdict(h, AMZSYNC_SPAPI_RETRY, "malformed_answer",
                                   "The answer is not an object of JSON");
        return NULL;
    }

    return root;
}


ngx_int_t
amzsync_report_text(json_t *root, const char *name, char *buf)
{
    size_t   len;
    json_t  *value;

    value = json_object_get(root, name);
    len = json_string_length(value);

    if (len == 0 || len >= AMZSYNC_REPORT_ID_MAX) {
        *buf = '\0';
        return NGX_DECLINED;
    }

    ngx_memcpy(buf, json_string_value(value), len + 1);

    return NGX_OK;
}


char *
amzsync_report_url(const amzsync_spapi_report_t *call, const char *path,
    const char *id)
{
    size_t       size;
    u_char      *url, *p;
    const char  *endpoint;

    endpoint = call->conf->endpoints[call->region];

    if (endpoint == NULL) {
        endpoint = "";
    }

    size = ngx_strlen(endpoint) + sizeof(AMZSYNC_REPORT_API)
           + ngx_strlen(path) + 3 * ngx_strlen(id) + 1;

    url = malloc(size);
    if (url == NULL) {
        return NULL;
    }

    p = ngx_cpymem(url, endpoint, ngx_strlen(endpoint));
    p = ngx_cpymem(p, AMZSYNC_REPORT_API, sizeof(AMZSYNC_REPORT_API) - 1);
    p = ngx_cpymem(p, path, ngx_strlen(path));
    p = (u_char *) ngx_escape_uri(p, (u_char *) id, ngx_strlen(id),
                                  NGX_ESCAPE_URI_COMPONENT);
    *p = '\0';

    return (char *) url;
}


/*
 * One that is being made, or was made within its cooldown before the sync:
 * Amazon would cancel another one, and an id that was lost with an answer is
 * found again.
 */

static void
amzsync_report_find(amzsync_spapi_report_t *call)
{
    char                  *url;
    json_t                *root;
    amzsync_spapi_http_t   h;

    amzsync_report_http(call, &h);

    call->report_id[0] = '\0';

    url = amzsync_report_find_url(call);
    h.url = url;

    if (url == NULL) {
        amzsync_report_no_memory(&h);

    } else if (amzsync_spapi_http(&h) == NGX_OK) {
        root = amzsync_report_answer(&h, 200);

        if (root != NULL) {
            amzsync_report_listing(call, &h, root);
            amzsync_report_choose(call, json_object_get(root, "reports"));
            json_decref(root);
        }
    }

    amzsync_spapi_http_free(&h);
    free(url);
}


static char *
amzsync_report_find_url(const amzsync_spapi_report_t *call)
{
    int      n;
    char     since[AMZSYNC_TIME_LEN + 1], *base, *url;
    time_t   cooldown;

    cooldown = ngx_max(call->dataset->report->cooldown,
                       AMZSYNC_REPORT_FIND_TIME);

    *amzsync_time_print_seconds((u_char *) since,
                                call->planned - (int64_t) cooldown * 1000)
        = '\0';

    base = amzsync_report_url(call, "/reports", "");
    if (base == NULL) {
        return NULL;
    }

    n = asprintf(&url, "%s?reportTypes=%s&processingStatuses=IN_QUEUE,"
                 "IN_PROGRESS,DONE&createdSince=%s&pageSize=100",
                 base, call->dataset->report->type, since);

    free(base);

    return (n == -1) ? NULL : url;
}


void
amzsync_report_listing(amzsync_spapi_report_t *call, amzsync_spapi_http_t *h,
    json_t *root)
{
    call->outcome.verdict = AMZSYNC_SPAPI_OK;

    if (!json_is_array(json_object_get(root, "reports"))) {
        amzsync_spapi_http_verdict(h, AMZSYNC_SPAPI_RETRY, "malformed_answer",
                                   "The answer has no array of reports");
    }
}


/* Of those that suit the one with the latest data. */

static void
amzsync_report_choose(amzsync_spapi_report_t *call, json_t *reports)
{
    char      id[AMZSYNC_REPORT_ID_MAX];
    size_t    i;
    json_t   *report;
    int64_t   to;

    call->report_to = AMZSYNC_TIME_BAD;

    for (i = 0; i < json_array_size(reports); i++) {
        report = json_array_get(reports, i);
        to = amzsync_report_time(report, "dataEndTime");

        if (to > call->report_to
            && amzsync_report_suits(call, report)
            && amzsync_report_text(report, "reportId", id) == NGX_OK)
        {
            call->report_to = to;
            ngx_memcpy(call->report_id, id, sizeof(id));
        }
    }

    call->report_to = ngx_min(call->report_to, call->to);
}


/*
 * What is asked for: the window.  Of days, which begin earlier or later where
 * Amazon counts them, all that the window has are whole if a day more is asked
 * for at each end; but the future is not asked for.
 */

static void
amzsync_report_range(const amzsync_spapi_report_t *call, int64_t *from,
    int64_t *to)
{
    ngx_uint_t               i;
    const amzsync_rowset_t  *rows;

    *from = call->from;
    *to = call->to;

    rows = call->dataset->rows;

    for (i = 0; i < rows->ncolumns; i++) {

        if (rows->columns[i].flags & AMZSYNC_COLUMN_DAY) {
            *from -= AMZSYNC_TIME_DAY;
            *to = ngx_min(*to + AMZSYNC_TIME_DAY, call->planned);
            return;
        }
    }
}


/* Of the same begin, and of an end that Amazon would not tell apart. */

static ngx_uint_t
amzsync_report_suits(const amzsync_spapi_report_t *call, json_t *report)
{
    int64_t  from, to, end;

    amzsync_report_range(call, &from, &to);

    end = amzsync_report_time(report, "dataEndTime");

    return amzsync_report_time(report, "dataStartTime") == from
           && end != AMZSYNC_TIME_BAD
           && end >= to - call->slack
           && end <= to + call->slack
           && amzsync_report_markets(call,
                                 json_object_get(report, "marketplaceIds"));
}


/* All that are asked for, and no other. */

static ngx_uint_t
amzsync_report_markets(const amzsync_spapi_report_t *call, json_t *ids)
{
    size_t       i, len, n;
    const char  *p, *id;

    n = 0;

    for (p = call->marketplaces; *p != '\0'; p += len + (p[len] == ',')) {
        len = strcspn(p, ",");

        for (i = 0; i < json_array_size(ids); i++) {
            id = json_string_value(json_array_get(ids, i));

            if (id != NULL && ngx_strlen(id) == len
                && ngx_memcmp(id, p, len) == 0)
            {
                break;
            }
        }

        if (i == json_array_size(ids)) {
            return 0;
        }

        n++;
    }

    return n == json_array_size(ids);
}


static void
amzsync_report_create(amzsync_spapi_report_t *call)
{
    char                  *url, *body;
    json_t                *root;
    amzsync_spapi_http_t   h;

    amzsync_report_http(call, &h);

    url = amzsync_report_url(call, "/reports", "");
    body = amzsync_report_body(call);

    h.url = url;
    h.json = body;

    if (url == NULL || body == NULL) {
        amzsync_report_no_memory(&h);

    } else if (amzsync_spapi_http(&h) == NGX_OK) {
        root = amzsync_report_answer(&h, 202);

        if (root != NULL) {

            if (amzsync_report_text(root, "reportId", call->report_id)
                == NGX_OK)
            {
                call->outcome.verdict = AMZSYNC_SPAPI_OK;

            } else {
                amzsync_spapi_http_verdict(&h, AMZSYNC_SPAPI_RETRY,
                                           "malformed_answer",
                                           "The answer has no reportId");
            }

            json_decref(root);
        }
    }

    amzsync_spapi_http_free(&h);
    free(url);
    free(body);
}


static char *
amzsync_report_body(const amzsync_spapi_report_t *call)
{
    char             from[AMZSYNC_TIME_LEN + 1], to[AMZSYNC_TIME_LEN + 1];
    char            *body;
    u_char           buf[1024];
    int64_t          begin, end;
    size_t           len;
    const char      *p;
    amzsync_json_t   w;

    const amzsync_report_t  *report;

    report = call->dataset->report;

    amzsync_report_range(call, &begin, &end);

    *amzsync_time_print((u_char *) from, begin) = '\0';
    *amzsync_time_print((u_char *) to, end) = '\0';

    amzsync_json_init(&w, buf, sizeof(buf));
    amzsync_json_open(&w, NULL, '{');
    amzsync_json_cstr(&w, "reportType", report->type);
    amzsync_json_cstr(&w, "dataStartTime", from);
    amzsync_json_cstr(&w, "dataEndTime", to);
    amzsync_json_open(&w, "marketplaceIds", '[');

    for (p = call->marketplaces; *p != '\0'; p += len + (p[len] == ',')) {
        len = strcspn(p, ",");
        amzsync_json_str(&w, NULL, (u_char *) p, len);
    }

    amzsync_json_close(&w, ']');

    if (report->options != NULL) {
        amzsync_json_raw(&w, "reportOptions", (u_char *) report->options,
                         ngx_strlen(report->options));
    }

    amzsync_json_close(&w, '}');

    body = w.failed ? NULL : strndup((char *) w.start, w.last - w.start);

    amzsync_json_free(&w);

    return body;
}


static void
amzsync_report_poll(amzsync_spapi_report_t *call)
{
    char                  *url;
    json_t                *root;
    amzsync_spapi_http_t   h;

    amzsync_report_http(call, &h);

    url = amzsync_report_url(call, "/reports/", call->report_id);
    h.url = url;

    if (url == NULL) {
        amzsync_report_no_memory(&h);

    } else if (amzsync_spapi_http(&h) == NGX_OK) {
        root = amzsync_report_answer(&h, 200);

        if (root != NULL) {
            call->outcome.verdict = AMZSYNC_SPAPI_OK;
            call->status = amzsync_report_status(root);

            if (amzsync_report_text(root, "reportDocumentId",
                                    call->document_id)
                != NGX_OK
                && call->status == AMZSYNC_REPORT_DONE)
            {
                amzsync_spapi_http_verdict(&h, AMZSYNC_SPAPI_RETRY,
                                           "malformed_answer",
                                           "A report that is DONE has no "
                                           "reportDocumentId");
            }

            json_decref(root);
        }
    }

    amzsync_spapi_http_free(&h);
    free(url);
}


/* What a newer Amazon may call otherwise is not done yet. */

static amzsync_report_status_e
amzsync_report_status(json_t *report)
{
    const char  *status;

    status = json_string_value(json_object_get(report, "processingStatus"));

    if (status == NULL) {
        return AMZSYNC_REPORT_WAITING;
    }

    if (ngx_strcmp(status, "DONE") == 0) {
        return AMZSYNC_REPORT_DONE;
    }

    if (ngx_strcmp(status, "CANCELLED") == 0) {
        return AMZSYNC_REPORT_CANCELLED;
    }

    if (ngx_strcmp(status, "FATAL") == 0) {
        return AMZSYNC_REPORT_FATAL;
    }

    return AMZSYNC_REPORT_WAITING;
}


int64_t
amzsync_report_time(json_t *report, const char *name)
{
    json_t  *value;

    value = json_object_get(report, name);

    if (!json_is_string(value)) {
        return AMZSYNC_TIME_BAD;
    }

    return amzsync_time_parse((u_char *) json_string_value(value),
                              json_string_length(value));
}
