
/*
 * One HTTP transfer by libcurl.
 */


#include <spapi/amzsync_spapi_http.h>
#include <base/amzsync_json.h>
#include <base/amzsync_task.h>
#include <base/amzsync_text.h>
#include <openssl/crypto.h>
#include <malloc.h>
#include <math.h>


#define AMZSYNC_HTTP_OK           200
#define AMZSYNC_HTTP_BUFFER       65536

/* Amazon's gateway gives up after 29 seconds without a byte; so do we. */
#define AMZSYNC_HTTP_IDLE_TIME    30

/* Anything shorter is no secret, but may be a word of the message. */
#define AMZSYNC_HTTP_SECRET_MIN   8

/* A large document comes for as long as it takes. */
#define AMZSYNC_HTTP_SINK_TIME    3600

/* An absurd Retry-After must not park a sync for ever. */
#define AMZSYNC_HTTP_RETRY_MAX    3600


static void amzsync_http_mem_free(void *p);
static void *amzsync_http_mem_realloc(void *p, size_t size);
static ngx_int_t amzsync_http_buffer(amzsync_spapi_http_t *h);
static ngx_uint_t amzsync_http_setup(amzsync_spapi_http_t *h,
    struct curl_slist *headers);
static struct curl_slist *amzsync_http_headers(amzsync_spapi_http_t *h);
static struct curl_slist *amzsync_http_header(struct curl_slist *list,
    const char *name, const char *value);
static void amzsync_http_headers_free(struct curl_slist *list);
static size_t amzsync_http_write(char *p, size_t size, size_t n, void *data);
static size_t amzsync_http_read_header(char *p, size_t size, size_t n,
    void *data);
static int amzsync_http_progress(void *data, curl_off_t dltotal,
    curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow);
static ngx_int_t amzsync_http_done(amzsync_spapi_http_t *h, CURLcode code,
    const char *text);
static void amzsync_http_failed(amzsync_spapi_http_t *h, CURLcode code,
    const char *text);


ngx_int_t
amzsync_spapi_init(void)
{
    json_free_t    json_free;
    json_malloc_t  json_malloc;

    /* buffers of both have requests and answers in them, with their tokens */

    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc,
                             amzsync_http_mem_free, amzsync_http_mem_realloc,
                             strdup, calloc)
        != CURLE_OK)
    {
        return NGX_ERROR;
    }

    /* another module may have given jansson an allocator of its own */

    json_get_alloc_funcs(&json_malloc, &json_free);

    if (json_malloc == malloc && json_free == free) {
        json_set_alloc_funcs(malloc, amzsync_http_mem_free);
    }

    json_object_seed(0);

    return NGX_OK;
}


static void
amzsync_http_mem_free(void *p)
{
    if (p != NULL) {
        OPENSSL_cleanse(p, malloc_usable_size(p));
        free(p);
    }
}


static void *
amzsync_http_mem_realloc(void *p, size_t size)
{
    void  *new;

    new = malloc(size);

    if (new != NULL && p != NULL) {
        ngx_memcpy(new, p, ngx_min(size, malloc_usable_size(p)));
        amzsync_http_mem_free(p);
    }

    return new;
}


ngx_int_t
amzsync_spapi_http(amzsync_spapi_http_t *h)
{
    char                text[CURL_ERROR_SIZE];
    CURLcode            code;
    ngx_int_t           rc;
    struct curl_slist  *headers;

    text[0] = '\0';
    code = CURLE_OUT_OF_MEMORY;

    headers = amzsync_http_headers(h);

    if (headers != NULL
        && amzsync_http_buffer(h) == NGX_OK
        && amzsync_http_setup(h, headers) == CURLE_OK
        && curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, text) == CURLE_OK)
    {
        code = curl_easy_perform(h->curl);
        h->outcome->called = 1;
    }

    rc = amzsync_http_done(h, code, text);

    h->outcome->answered = (rc == NGX_OK);

    /* the handle keeps its connections, and nothing that points to us */

    curl_easy_reset(h->curl);
    amzsync_http_headers_free(headers);

    return rc;
}


static ngx_int_t
amzsync_http_buffer(amzsync_spapi_http_t *h)
{
    h->start = malloc(AMZSYNC_HTTP_BUFFER);
    if (h->start == NULL) {
        return NGX_ERROR;
    }

    h->last = h->start;
    h->end = h->start + AMZSYNC_HTTP_BUFFER;

    *h->last = '\0';

    return NGX_OK;
}


/* 0, or an error of one of the options. */

static ngx_uint_t
amzsync_http_setup(amzsync_spapi_http_t *h, struct curl_slist *headers)
{
    CURL                        *curl;
    ngx_uint_t                   rc;
    const amzsync_spapi_conf_t  *conf;

    curl = h->curl;
    conf = h->conf;

    curl_easy_reset(curl);

    rc = curl_easy_setopt(curl, CURLOPT_URL, h->url);

    /* plain HTTP has been allowed for loopback at configuration time only */

    rc |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
                           strncasecmp(h->url, "http:", 5) == 0 ? "http"
                                                                : "https");
    rc |= curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    rc |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    rc |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    rc |= curl_easy_setopt(curl, CURLOPT_SSLVERSION,
                           (long) CURL_SSLVERSION_TLSv1_2);

    if (conf->ca_file != NULL) {
        rc |= curl_easy_setopt(curl, CURLOPT_CAINFO, conf->ca_file);
    }

    rc |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    rc |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                           (long) conf->connect_timeout);
    rc |= curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                           h->sink ? AMZSYNC_HTTP_SINK_TIME * 1000L
                                   : (long) conf->timeout);
    rc |= curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    rc |= curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                           (long) AMZSYNC_HTTP_IDLE_TIME);
    rc |= curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);

    rc |= curl_easy_setopt(curl, CURLOPT_USERAGENT, conf->user_agent);
    rc |= curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING,
                           h->sink ? NULL : "gzip");
    rc |= curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);

    if (h->form != NULL || h->json != NULL) {
        rc |= curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                               h->form ? h->form : h->json);
    }

    rc |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, amzsync_http_write);
    rc |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, h);
    rc |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION,
                           amzsync_http_read_header);
    rc |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, h);
    rc |= curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    rc |= curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION,
                           amzsync_http_progress);
    rc |= curl_easy_setopt(curl, CURLOPT_XFERINFODATA, h);

    return rc;
}


static struct curl_slist *
amzsync_http_headers(amzsync_spapi_http_t *h)
{
    char                date[sizeof("20261122T100000Z")];
    time_t              now;
    struct tm           tm;
    struct curl_slist  *list;

    list = amzsync_http_header(NULL, "accept",
                               h->sink ? "*/*" : "application/json");

    if (list != NULL && h->json != NULL) {
        list = amzsync_http_header(list, "content-type", "application/json");
    }

    if (h->access_token == NULL) {
        return list;
    }

    now = time(NULL);
    gmtime_r(&now, &tm);
    (void) strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &tm);

    if (list != NULL) {
        list = amzsync_http_header(list, "x-amz-date", date);
    }

    if (list != NULL) {
        list = amzsync_http_header(list, "x-amz-access-token",
                                   h->access_token);
    }

    return list;
}


/* On an error the list is freed. */

static struct curl_slist *
amzsync_http_header(struct curl_slist *list, const char *name,
    const char *value)
{
    char               *line;
    size_t              size;
    struct curl_slist  *head;

    head = NULL;
    size = ngx_strlen(name) + ngx_strlen(value) + sizeof(": ");

    line = malloc(size);

    if (line != NULL) {
        (void) snprintf(line, size, "%s: %s", name, value);
        head = curl_slist_append(list, line);
        amzsync_spapi_wipe(line);
    }

    if (head == NULL) {
        amzsync_http_headers_free(list);
    }

    return head;
}


static void
amzsync_http_headers_free(struct curl_slist *list)
{
    struct curl_slist  *node;

    for (node = list; node != NULL; node = node->next) {
        OPENSSL_cleanse(node->data, ngx_strlen(node->data));
    }

    curl_slist_free_all(list);
}


/* Grows by hand: realloc() would leave copies of tokens behind. */

static size_t
amzsync_http_write(char *p, size_t size, size_t n, void *data)
{
    amzsync_spapi_http_t  *h = data;

    long     status;
    u_char  *start;
    size_t   used, alloc;

    n *= size;
    used = h->last - h->start;
    status = 0;

    if (h->sink != NULL) {
        (void) curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    }

    if (status == AMZSYNC_HTTP_OK) {

        if (h->sink(h->sink_data, (u_char *) p, n) != NGX_OK) {
            h->sink_failed = 1;
            return 0;
        }

        return n;
    }

    if (n > h->max - used) {
        h->too_large = 1;
        return 0;
    }

    if ((size_t) (h->end - h->last) <= n) {

        alloc = ngx_max(2 * used, used + n + 1);

        start = malloc(alloc);
        if (start == NULL) {
            h->no_memory = 1;
            return 0;
        }

        ngx_memcpy(start, h->start, used);
        amzsync_spapi_http_free(h);

        h->start = start;
        h->last = start + used;
        h->end = start + alloc;
    }

    h->last = ngx_cpymem(h->last, p, n);
    *h->last = '\0';

    return n;
}


static size_t
amzsync_http_read_header(char *p, size_t size, size_t n, void *data)
{
    amzsync_spapi_http_t  *h = data;

    char     value[AMZSYNC_REQUEST_ID_MAX];
    char    *colon, *last;
    double   rate;
    size_t   len;

    n *= size;

    if (n >= 5 && ngx_strncmp(p, "HTTP/", 5) == 0) {

        /* the head before this one was an interim answer's */

        h->outcome->rate = 0;
        h->request_id[0] = '\0';
        h->content_type[0] = '\0';
        return n;
    }

    colon = memchr(p, ':', n);
    if (colon == NULL) {
        return n;
    }

    len = colon - p;
    last = p + n;

    for (colon++; colon < last && *colon == ' '; colon++) { /* void */ }

    while (last > colon && (u_char) last[-1] <= ' ') {
        last--;
    }

    amzsync_text_copy(value, sizeof(value), colon, last - colon);

    if (len == sizeof("x-amzn-RequestId") - 1
        && strncasecmp(p, "x-amzn-RequestId", len) == 0)
    {
        ngx_memcpy(h->request_id, value, sizeof(value));

    } else if (len == sizeof("x-amzn-RateLimit-Limit") - 1
               && strncasecmp(p, "x-amzn-RateLimit-Limit", len) == 0)
    {
        rate = strtod(value, &last);

        if (*last == '\0' && isfinite(rate) && rate > 0) {
            h->outcome->rate = rate;
        }

    } else if (len == sizeof("Content-Type") - 1
               && strncasecmp(p, "Content-Type", len) == 0)
    {
        amzsync_text_copy(h->content_type, sizeof(h->content_type), value,
                          ngx_strlen(value));
    }

    return n;
}


static int
amzsync_http_progress(void *data, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
    amzsync_spapi_http_t *h = data;

    (void) dltotal;
    (void) dlnow;
    (void) ultotal;
    (void) ulnow;

    return h->patient ? ngx_terminate : amzsync_task_stopping();
}


static ngx_int_t
amzsync_http_done(amzsync_spapi_http_t *h, CURLcode code, const char *text)
{
    long        status;
    curl_off_t  after;

    status = 0;
    after = 0;

    (void) curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    (void) curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &after);

    h->outcome->status = status;
    h->outcome->retry_after = ngx_max(0, ngx_min(after,
                                                 AMZSYNC_HTTP_RETRY_MAX));

    if (code == CURLE_OK) {
        return NGX_OK;
    }

    if (h->too_large && status != AMZSYNC_HTTP_OK) {

        /* the status of an error says enough without its text */

        h->last = h->start;
        *h->last = '\0';

        return NGX_OK;
    }

    if (h->sink_failed) {
        return NGX_ERROR;
    }

    if (text[0] == '\0') {
        text = curl_easy_strerror(code);
    }

    amzsync_http_failed(h, code, text);

    return NGX_ERROR;
}


static void
amzsync_http_failed(amzsync_spapi_http_t *h, CURLcode code, const char *text)
{
    const char               *name;
    amzsync_spapi_verdict_e   verdict;

    verdict = AMZSYNC_SPAPI_RETRY;

    switch (code) {

    case CURLE_ABORTED_BY_CALLBACK:
        verdict = AMZSYNC_SPAPI_STOPPED;
        name = "stopped";
        break;

    case CURLE_WRITE_ERROR:

        if (h->too_large) {
            verdict = AMZSYNC_SPAPI_TOO_LARGE;
            name = "answer_too_large";
            text = "The answer is larger than allowed";

        } else {
            name = h->no_memory ? "internal_error" : "malformed_answer";
        }

        break;

    case CURLE_OUT_OF_MEMORY:
        name = "internal_error";
        text = "Out of memory";
        break;

    case CURLE_OPERATION_TIMEDOUT:
        name = "amazon_timeout";
        break;

    case CURLE_PARTIAL_FILE:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
        name = "malformed_answer";
        break;

    default:
        name = "amazon_unavailable";
        break;
    }

    amzsync_spapi_http_verdict(h, verdict, name, text);
}


void
amzsync_spapi_http_free(amzsync_spapi_http_t *h)
{
    if (h->start != NULL) {
        OPENSSL_cleanse(h->start, h->last - h->start);
        free(h->start);
    }

    h->start = NULL;
    h->last = NULL;
    h->end = NULL;
}


void
amzsync_spapi_http_verdict(amzsync_spapi_http_t *h,
    amzsync_spapi_verdict_e verdict, const char *code, const char *text)
{
    char        *p, *copy;
    size_t       len;
    ngx_uint_t   i;

    h->outcome->verdict = verdict;

    copy = strdup(text);

    if (copy == NULL) {
        amzsync_error_set(&h->outcome->error, code, "", 0, h->request_id);
        return;
    }

    for (i = 0; i < AMZSYNC_HTTP_SECRETS; i++) {

        len = (h->secrets[i] != NULL) ? ngx_strlen(h->secrets[i]) : 0;

        if (len < AMZSYNC_HTTP_SECRET_MIN) {
            continue;
        }

        while ((p = strstr(copy, h->secrets[i])) != NULL) {
            ngx_memset(p, '*', 3);
            memmove(p + 3, p + len, ngx_strlen(p + len) + 1);
        }
    }

    amzsync_error_set(&h->outcome->error, code, copy, ngx_strlen(copy),
                      h->request_id);

    amzsync_spapi_wipe(copy);
}


void
amzsync_spapi_http_explain(amzsync_spapi_http_t *h,
    amzsync_spapi_verdict_e verdict, const char *code, const char *words,
    const char *text)
{
    char  *all;

    if (asprintf(&all, "%s%s", words, text) == -1) {
        amzsync_spapi_http_verdict(h, verdict, code, words);
        return;
    }

    amzsync_spapi_http_verdict(h, verdict, code, all);
    amzsync_spapi_wipe(all);
}


void
amzsync_spapi_wipe(char *s)
{
    if (s != NULL) {
        OPENSSL_cleanse(s, ngx_strlen(s));
        free(s);
    }
}
