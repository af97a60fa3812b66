
/*
 * What became of reports that were asked for: in the queue for a quarter of
 * their time, in progress for the rest, and then what their end is.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_marketplace.h>
#include <sandbox/amzsync_sandbox_report_life.h>


/* Amazon's ids have as many digits. */

#define AMZSYNC_SANDBOX_CREATED_ID   50000000000
#define AMZSYNC_SANDBOX_SETTLED_ID   70000000000

#define AMZSYNC_SANDBOX_QUEUE        4          /* a part in as many */


static void amzsync_sandbox_request_time(amzsync_sandbox_out_t *out,
    const char *key, int64_t time);
static uint64_t amzsync_sandbox_request_number(
    const amzsync_sandbox_request_t *request);


const char *const  amzsync_sandbox_lives[AMZSYNC_SANDBOX_LIVES] = {
    "IN_QUEUE", "IN_PROGRESS", "DONE", "CANCELLED", "FATAL"
};


static ngx_str_t  amzsync_sandbox_document = ngx_string("amzn1.spdoc.1.4.na.");


amzsync_sandbox_life_e
amzsync_sandbox_life(const amzsync_sandbox_request_t *request, int64_t now)
{
    int64_t  age;

    if (request->cancelled) {
        return AMZSYNC_SANDBOX_REPORT_CANCELLED;
    }

    age = now - request->created;

    if (age < request->takes / AMZSYNC_SANDBOX_QUEUE) {
        return AMZSYNC_SANDBOX_IN_QUEUE;
    }

    if (age < request->takes) {
        return AMZSYNC_SANDBOX_IN_PROGRESS;
    }

    switch (request->end) {

    case AMZSYNC_SANDBOX_END_DONE:
        return AMZSYNC_SANDBOX_DONE;

    case AMZSYNC_SANDBOX_END_SPAN:
    case AMZSYNC_SANDBOX_END_FATAL:
    case AMZSYNC_SANDBOX_END_BARE:
        return AMZSYNC_SANDBOX_FATAL;

    default:
        return AMZSYNC_SANDBOX_REPORT_CANCELLED;
    }
}


ngx_uint_t
amzsync_sandbox_documented(const amzsync_sandbox_request_t *request,
    int64_t now)
{
    amzsync_sandbox_life_e  life;

    life = amzsync_sandbox_life(request, now);

    return life == AMZSYNC_SANDBOX_DONE
           || (life == AMZSYNC_SANDBOX_FATAL
               && request->end != AMZSYNC_SANDBOX_END_BARE);
}


void
amzsync_sandbox_request_json(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_request_t *request, int64_t now, ngx_uint_t spoil)
{
    char                    id[AMZSYNC_SANDBOX_DOCUMENT_ID];
    ngx_uint_t              i;
    amzsync_sandbox_life_e  life;

    life = amzsync_sandbox_life(request, now);

    amzsync_sandbox_open(out, key, '{');
    amzsync_sandbox_cstr(out, "reportType",
                         amzsync_sandbox_reports[request->report]->type);
    amzsync_sandbox_cstr(out, "processingStatus", amzsync_sandbox_lives[life]);

    amzsync_sandbox_open(out, "marketplaceIds", '[');

    for (i = 0; i < AMZSYNC_SANDBOX_PARTICIPATIONS; i++) {
        if (request->marketplaces & (1 << i)) {
            amzsync_sandbox_cstr(out, NULL,
                                 amzsync_sandbox_participation_id(i));
        }
    }

    amzsync_sandbox_close(out, ']');

    amzsync_sandbox_request_id(request, id);
    amzsync_sandbox_spoilt(out, "reportId", id, spoil);

    amzsync_sandbox_request_time(out, "dataStartTime", request->from);
    amzsync_sandbox_request_time(out, "dataEndTime", request->to);
    amzsync_sandbox_request_time(out, "createdTime", request->created);

    if (request->cancelled) {
        amzsync_sandbox_request_time(out, "processingEndTime",
                                     request->cancelled);

    } else {

        if (life != AMZSYNC_SANDBOX_IN_QUEUE) {
            amzsync_sandbox_request_time(out, "processingStartTime",
                                         request->created
                                         + request->takes
                                           / AMZSYNC_SANDBOX_QUEUE);
        }

        if (life > AMZSYNC_SANDBOX_IN_PROGRESS) {
            amzsync_sandbox_request_time(out, "processingEndTime",
                                         request->created + request->takes);
        }
    }

    if (amzsync_sandbox_documented(request, now)) {
        amzsync_sandbox_document_id(request, id);
        amzsync_sandbox_cstr(out, "reportDocumentId", id);
    }

    amzsync_sandbox_close(out, '}');
}


void
amzsync_sandbox_spoilt(amzsync_sandbox_out_t *out, const char *key,
    const char *s, ngx_uint_t spoil)
{
    if (spoil & AMZSYNC_SANDBOX_WRONG_TYPE) {
        amzsync_sandbox_open(out, key, '{');
        amzsync_sandbox_cstr(out, "value", s);
        amzsync_sandbox_close(out, '}');

    } else if (spoil & AMZSYNC_SANDBOX_BAD_UTF8) {
        amzsync_sandbox_json(out, key, AMZSYNC_SANDBOX_BAD_TEXT);

    } else {
        amzsync_sandbox_cstr(out, key, s);
    }
}


/* As Amazon writes them here, and nowhere else. */

static void
amzsync_sandbox_request_time(amzsync_sandbox_out_t *out, const char *key,
    int64_t time)
{
    u_char  buf[AMZSYNC_TIME_LEN + sizeof("+00:00")];

    amzsync_time_print(buf, time);
    ngx_memcpy(buf + 19, "+00:00", 6);

    amzsync_sandbox_str(out, key, buf, 25);
}


void
amzsync_sandbox_request_id(const amzsync_sandbox_request_t *request, char *id)
{
    ngx_sprintf((u_char *) id, "%uL%Z",
                amzsync_sandbox_request_number(request));
}


static uint64_t
amzsync_sandbox_request_number(const amzsync_sandbox_request_t *request)
{
    return request->number + (request->settled ? AMZSYNC_SANDBOX_SETTLED_ID
                                               : AMZSYNC_SANDBOX_CREATED_ID);
}


void
amzsync_sandbox_document_id(const amzsync_sandbox_request_t *request, char *id)
{
    ngx_sprintf((u_char *) id, "%V%uL.%016xL%Z", &amzsync_sandbox_document,
                amzsync_sandbox_request_number(request),
                amzsync_sandbox_hash(request->seller, request->number, 140));
}


/* Settlements have numbers of their own, from 0. */

ngx_int_t
amzsync_sandbox_settlement_request(const amzsync_sandbox_view_t *view,
    uint64_t n, int64_t now, amzsync_sandbox_request_t *request)
{
    uint64_t  from, to;

    if (n >= amzsync_sandbox_settlement_count(view)) {
        return NGX_DECLINED;
    }

    amzsync_sandbox_settlement_rows(view, n, &from, &to);

    ngx_memzero(request, sizeof(amzsync_sandbox_request_t));

    request->number = n;
    request->seller = view->key;
    request->created = amzsync_sandbox_settlement_published(view, n);
    request->from = amzsync_sandbox_settlement_begin(view, n);
    request->to = amzsync_sandbox_settlement_end(view, n);
    request->revision = view->revision;
    request->report = AMZSYNC_SANDBOX_REPORT_SETTLEMENTS;
    request->marketplaces = 1;
    request->settled = 1;

    return (from < to && request->created <= now
            && request->created > now - AMZSYNC_SANDBOX_RETENTION)
           ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
amzsync_sandbox_request_find(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const amzsync_sandbox_view_t *view,
    const ngx_str_t *id, int64_t now, amzsync_sandbox_request_t *request)
{
    ngx_int_t  n;

    n = ngx_atoi(id->data, id->len);

    if (n == NGX_ERROR || n < AMZSYNC_SANDBOX_CREATED_ID
        || id->data[0] == '0')
    {
        return NGX_DECLINED;
    }

    if (n >= AMZSYNC_SANDBOX_SETTLED_ID) {
        return amzsync_sandbox_settlement_request(view,
                                   n - AMZSYNC_SANDBOX_SETTLED_ID, now,
                                   request);
    }

    return amzsync_sandbox_ring_get(zone, slab, view->key,
                                    n - AMZSYNC_SANDBOX_CREATED_ID, request);
}


ngx_int_t
amzsync_sandbox_document_find(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const amzsync_sandbox_view_t *view,
    const ngx_str_t *id, int64_t now, amzsync_sandbox_request_t *request)
{
    char        buf[AMZSYNC_SANDBOX_DOCUMENT_ID];
    u_char     *dot, *end;
    ngx_str_t   report;

    end = id->data + id->len;

    if (id->len <= amzsync_sandbox_document.len
        || ngx_memcmp(id->data, amzsync_sandbox_document.data,
                      amzsync_sandbox_document.len)
           != 0)
    {
        return NGX_DECLINED;
    }

    report.data = id->data + amzsync_sandbox_document.len;
    dot = ngx_strlchr(report.data, end, '.');

    if (dot == NULL) {
        return NGX_DECLINED;
    }

    report.len = dot - report.data;

    if (amzsync_sandbox_request_find(zone, slab, view, &report, now, request)
        != NGX_OK
        || !amzsync_sandbox_documented(request, now))
    {
        return NGX_DECLINED;
    }

    amzsync_sandbox_document_id(request, buf);

    return (ngx_strlen(buf) == id->len
            && ngx_memcmp(buf, id->data, id->len) == 0)
           ? NGX_OK : NGX_DECLINED;
}


size_t
amzsync_sandbox_reason(const amzsync_sandbox_request_t *request, u_char *buf)
{
    u_char  *p, *end;

    end = buf + AMZSYNC_SANDBOX_REASON;

    if (request->end == AMZSYNC_SANDBOX_END_SPAN) {
        p = ngx_slprintf(buf, end, "The requested time range of %L days is "
                         "longer than the %L days that %s may have.\n",
                         (request->to - request->from
                          + AMZSYNC_SANDBOX_REPORT_DAY - 1)
                         / AMZSYNC_SANDBOX_REPORT_DAY,
                         request->span / AMZSYNC_SANDBOX_REPORT_DAY,
                         amzsync_sandbox_reports[request->report]->type);
        return p - buf;
    }

    p = ngx_slprintf(buf, end, "Error: the report could not be generated. "
                     "Please submit the request again later.\n");

    return p - buf;
}
