
/*
 * A report's document: its address, which is good for five minutes, and the
 * download, which must not carry the access token: the address is not
 * Amazon's API, but a store of files.
 */


#include <spapi/amzsync_spapi_report.h>
#include <spapi/amzsync_spapi_spool.h>
#include <base/amzsync_text.h>


/* As much of a document that tells why a report failed as an error holds, and
 * the rest of a character that does not fit. */
#define AMZSYNC_DOCUMENT_REASON   (AMZSYNC_ERROR_TEXT_MAX + 3)
#define AMZSYNC_DOCUMENT_CHARSET  64


typedef struct {
    amzsync_spapi_http_t      h;
    amzsync_spool_writer_t    writer;
    amzsync_spool_t          *spool;
    off_t                     max;
    ngx_uint_t                gzip;
    ngx_uint_t                begun;    /* the writer */
} amzsync_document_t;


static char *amzsync_document_address(amzsync_spapi_report_t *call,
    ngx_uint_t *gzip);
static const char *amzsync_document_refused(
    const amzsync_spapi_report_t *call, const char *url);
static ngx_uint_t amzsync_document_loopback(const char *host);
static ngx_uint_t amzsync_document_suffix(const char *host);
static void amzsync_document_download(amzsync_spapi_report_t *call,
    const char *url, ngx_uint_t gzip);
static ngx_int_t amzsync_document_sink(void *data, const u_char *p, size_t n);
static char *amzsync_document_charset(const char *type, char *buf);
static void amzsync_document_verdict(amzsync_spapi_report_t *call,
    amzsync_document_t *d);
static void amzsync_document_reason(amzsync_spapi_report_t *call);


/* Where Amazon keeps documents: hosts below these. */

static const char *const  amzsync_document_hosts[] = {
    ".amazonaws.com", ".amazonaws.com.cn"
};


void
amzsync_report_fetch(amzsync_spapi_report_t *call)
{
    char        *url;
    double       rate;
    ngx_uint_t   gzip;

    url = amzsync_document_address(call, &gzip);

    if (url == NULL) {
        return;
    }

    rate = call->outcome.rate;

    amzsync_document_download(call, url, gzip);
    amzsync_spapi_wipe(url);

    /* the operation's, not the store's */

    call->outcome.rate = rate;

    if (call->step == AMZSYNC_REPORT_REASON
        && call->outcome.verdict == AMZSYNC_SPAPI_OK)
    {
        amzsync_document_reason(call);
    }
}


/* NULL: the verdict is set. */

static char *
amzsync_document_address(amzsync_spapi_report_t *call, ngx_uint_t *gzip)
{
    char                  *url, *copy;
    json_t                *root;
    const char            *address, *packing, *err;
    amzsync_spapi_http_t   h;

    amzsync_report_http(call, &h);

    copy = NULL;
    root = NULL;

    url = amzsync_report_url(call, "/documents/", call->document_id);
    h.url = url;

    if (url == NULL) {
        amzsync_report_no_memory(&h);

    } else if (amzsync_spapi_http(&h) == NGX_OK) {
        root = amzsync_report_answer(&h, 200);
    }

    if (root != NULL) {
        address = json_string_value(json_object_get(root, "url"));
        packing = json_string_value(json_object_get(root,
                                                    "compressionAlgorithm"));
        *gzip = (packing != NULL && ngx_strcmp(packing, "GZIP") == 0);

        err = amzsync_document_refused(call, address);

        if (err == NULL && packing != NULL && !*gzip) {
            err = "The document's compression is unknown";
        }

        if (err != NULL) {
            amzsync_spapi_http_verdict(&h, AMZSYNC_SPAPI_FAILED,
                                       "document_refused", err);
        } else {
            copy = strdup(address);

            if (copy == NULL) {
                amzsync_report_no_memory(&h);
            }
        }

        json_decref(root);
    }

    amzsync_spapi_http_free(&h);
    free(url);

    return copy;
}


/*
 * An answer that names another host must not make us call it: https and
 * Amazon's hosts only; of this host only for an endpoint of this host.
 */

static const char *
amzsync_document_refused(const amzsync_spapi_report_t *call, const char *url)
{
    char        *scheme, *host, *user, *own;
    CURLU       *address, *endpoint;
    ngx_uint_t   good;

    if (url == NULL) {
        return "The document has no address";
    }

    good = 0;
    scheme = host = user = own = NULL;

    address = curl_url();
    endpoint = curl_url();

    if (address != NULL && endpoint != NULL
        && curl_url_set(address, CURLUPART_URL, url, 0) == CURLUE_OK
        && curl_url_get(address, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK
        && curl_url_get(address, CURLUPART_HOST, &host, 0) == CURLUE_OK
        && curl_url_get(address, CURLUPART_USER, &user, 0) == CURLUE_NO_USER
        && curl_url_set(endpoint, CURLUPART_URL,
                        call->conf->endpoints[call->region], 0) == CURLUE_OK
        && curl_url_get(endpoint, CURLUPART_HOST, &own, 0) == CURLUE_OK)
    {
        good = (strcasecmp(scheme, "https") == 0
                && amzsync_document_suffix(host))
               || (strncasecmp(scheme, "http", 4) == 0
                   && amzsync_document_loopback(own)
                   && amzsync_document_loopback(host));
    }

    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_free(own);
    curl_url_cleanup(address);
    curl_url_cleanup(endpoint);

    return good ? NULL : "The document's address is not one of Amazon's";
}


static ngx_uint_t
amzsync_document_loopback(const char *host)
{
    return strcasecmp(host, "localhost") == 0
           || strcmp(host, "[::1]") == 0
           || (strncmp(host, "127.", 4) == 0
               && strspn(host, "0123456789.") == strlen(host));
}


static ngx_uint_t
amzsync_document_suffix(const char *host)
{
    size_t      len, size;
    ngx_uint_t  i;

    len = ngx_strlen(host);

    for (i = 0; i < sizeof(amzsync_document_hosts) / sizeof(char *); i++) {
        size = ngx_strlen(amzsync_document_hosts[i]);

        if (len > size
            && strcasecmp(host + len - size, amzsync_document_hosts[i]) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
amzsync_document_download(amzsync_spapi_report_t *call, const char *url,
    ngx_uint_t gzip)
{
    amzsync_document_t    *d;
    amzsync_spapi_http_t   h;

    amzsync_report_http(call, &h);

    if (call->conf->temp_path == NULL) {
        amzsync_spapi_http_verdict(&h, AMZSYNC_SPAPI_FAILED, "no_temp_path",
                                   "No location of this nginx fetches "
                                   "reports, and amzsync_temp_path is not "
                                   "set");
        return;
    }

    d = malloc(sizeof(amzsync_document_t));
    call->spool = amzsync_spool_create(call->conf->temp_path);

    if (d == NULL || call->spool == NULL) {
        free(d);
        amzsync_spapi_http_verdict(&h, AMZSYNC_SPAPI_RETRY, "disk_error",
                                   "No file could be made in "
                                   "amzsync_temp_path");
        return;
    }

    d->h = h;
    d->h.access_token = NULL;
    d->h.secrets[1] = url;
    d->h.url = url;
    d->h.sink = amzsync_document_sink;
    d->h.sink_data = d;
    d->spool = call->spool;
    d->max = call->conf->max_report;
    d->gzip = gzip;
    d->begun = 0;

    if (amzsync_spapi_http(&d->h) == NGX_OK || d->h.sink_failed) {
        amzsync_document_verdict(call, d);
    }

    if (d->begun) {
        amzsync_spool_writer_free(&d->writer);
    }

    amzsync_spapi_http_free(&d->h);
    free(d);
}


/* The writer is made when the charset is known. */

static ngx_int_t
amzsync_document_sink(void *data, const u_char *p, size_t n)
{
    amzsync_document_t  *d = data;

    char  charset[AMZSYNC_DOCUMENT_CHARSET];

    if (!d->begun) {
        d->begun = 1;

        if (amzsync_spool_writer_init(&d->writer, d->spool, d->max, d->gzip,
                       amzsync_document_charset(d->h.content_type, charset))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return amzsync_spool_write(&d->writer, p, n);
}


/* "text/plain;charset=Cp1252"; NULL: none is told. */

static char *
amzsync_document_charset(const char *type, char *buf)
{
    size_t       len;
    const char  *p;

    p = strcasestr(type, "charset=");

    if (p == NULL) {
        return NULL;
    }

    p += sizeof("charset=") - 1;
    p += (*p == '"');

    len = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                    "0123456789-_.:");

    if (len == 0 || len >= AMZSYNC_DOCUMENT_CHARSET) {
        return NULL;
    }

    ngx_memcpy(buf, p, len);
    buf[len] = '\0';

    return buf;
}


static void
amzsync_document_verdict(amzsync_spapi_report_t *call, amzsync_document_t *d)
{
    amzsync_spool_writer_t  *w;

    w = &d->writer;

    if (call->outcome.status >= 400 && call->outcome.status < 500) {

        /* not Amazon's API: no role is missing, no token expired, no quota */

        amzsync_spapi_http_verdict(&d->h, AMZSYNC_SPAPI_RETRY,
                                   "document_expired",
                                   "The document's address is no longer "
                                   "good");
        return;
    }

    if (call->outcome.status != 200) {
        amzsync_spapi_error(&d->h);
        return;
    }

    if (!d->h.sink_failed
        && (!d->begun || amzsync_spool_writer_end(w) == NGX_OK))
    {
        call->outcome.verdict = AMZSYNC_SPAPI_OK;
        return;
    }

    amzsync_spapi_http_verdict(&d->h, w->passing ? AMZSYNC_SPAPI_RETRY
                                                 : AMZSYNC_SPAPI_FAILED,
                               w->code, w->text);
}


/* "report_failed", with the first words of the document, if it has any. */

static void
amzsync_document_reason(amzsync_spapi_report_t *call)
{
    char         text[AMZSYNC_DOCUMENT_REASON], *p, *last;
    ssize_t      n;
    const char  *reason;

    n = pread(call->spool->fd, text, sizeof(text), 0);

    last = text + ngx_max(n, 0);

    for (p = text; p < last; p++) {
        if ((u_char) *p < 0x20) {
            *p = ' ';
        }
    }

    for (p = text; p < last && *p == ' '; p++) { /* void */ }

    reason = p;
    n = last - p;

    if (n == 0) {
        reason = AMZSYNC_REPORT_UNTOLD;
        n = sizeof(AMZSYNC_REPORT_UNTOLD) - 1;
    }

    call->outcome.verdict = AMZSYNC_SPAPI_FAILED;

    amzsync_error_set(&call->outcome.error, "report_failed", reason, n, NULL);
}
