
/*
 * What createReport and getReports are asked, checked as the model of the
 * Reports API 2021-06-30 has it, and the answer of getReports.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_marketplace.h>
#include <sandbox/amzsync_sandbox_param.h>
#include <sandbox/amzsync_sandbox_report_life.h>


#define AMZSYNC_SANDBOX_LIST_MAX  10
#define AMZSYNC_SANDBOX_LIST_PAGE 10


typedef enum {
    AMZSYNC_SANDBOX_P_TYPES = 0,
    AMZSYNC_SANDBOX_P_STATUSES,
    AMZSYNC_SANDBOX_P_MARKETPLACES,
    AMZSYNC_SANDBOX_P_SIZE,
    AMZSYNC_SANDBOX_P_SINCE,
    AMZSYNC_SANDBOX_P_UNTIL,
    AMZSYNC_SANDBOX_P_TOKEN
} amzsync_sandbox_param_e;


typedef struct {
    amzsync_sandbox_listing_t  *listing;
    ngx_uint_t                  counts[AMZSYNC_SANDBOX_P_TOKEN];
    ngx_str_t                   token;
} amzsync_sandbox_asked_t;


static ngx_int_t amzsync_sandbox_listing_list(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_listing_element(ngx_uint_t n,
    const ngx_str_t *element);
static ngx_int_t amzsync_sandbox_listing_size(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_listing_time(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_listing_token(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_listing_match(void *data,
    const amzsync_sandbox_request_t *request);


/* In the order of the enumeration above. */

static const amzsync_sandbox_param_t  amzsync_sandbox_listing_params[] = {
    { ngx_string("reportTypes"), amzsync_sandbox_listing_list,
      "reportTypes has an unknown value, or more than 10.", 1 },
    { ngx_string("processingStatuses"), amzsync_sandbox_listing_list,
      "processingStatuses has an unknown value.", 1 },
    { ngx_string("marketplaceIds"), amzsync_sandbox_listing_list,
      "marketplaceIds has an unknown value, or more than 10.", 1 },
    { ngx_string("pageSize"), amzsync_sandbox_listing_size,
      "pageSize must be a number from 1 to 100.", 0 },
    { ngx_string("createdSince"), amzsync_sandbox_listing_time,
      "createdSince must be a date in ISO 8601 format.", 0 },
    { ngx_string("createdUntil"), amzsync_sandbox_listing_time,
      "createdUntil must be a date in ISO 8601 format.", 0 },
    { ngx_string("nextToken"), amzsync_sandbox_listing_token,
      "nextToken is empty.", 0 },
    { ngx_null_string, NULL, NULL, 0 }
};


ngx_int_t
amzsync_sandbox_create_type(amzsync_sandbox_create_t *create,
    const ngx_str_t *type, const char **details)
{
    ngx_int_t  n;

    n = amzsync_sandbox_report_find(type);

    if (n == NGX_DECLINED) {
        *details = "reportType has an unknown value.";
        return NGX_ERROR;
    }

    if (amzsync_sandbox_reports[n]->flags & AMZSYNC_SANDBOX_REPORT_LISTED) {
        *details = "Reports of this type cannot be requested: Amazon "
                   "schedules them.";
        return NGX_ERROR;
    }

    create->report = n;

    return NGX_OK;
}


ngx_int_t
amzsync_sandbox_create_times(amzsync_sandbox_create_t *create,
    const ngx_str_t *from, const ngx_str_t *to, int64_t now,
    const char **details)
{
    create->from = now;
    create->to = now;

    if (from) {
        create->from = amzsync_time_parse(from->data, from->len);
    }

    if (to) {
        create->to = amzsync_time_parse(to->data, to->len);
    }

    if (create->from == AMZSYNC_TIME_BAD || create->to == AMZSYNC_TIME_BAD) {
        *details = "dataStartTime and dataEndTime must be dates in ISO 8601 "
                   "format.";
        return NGX_ERROR;
    }

    if (create->from > now || create->to > now) {
        *details = "dataStartTime and dataEndTime must not be in the future.";
        return NGX_ERROR;
    }

    if (create->from > create->to) {
        *details = "dataEndTime must not be before dataStartTime.";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
amzsync_sandbox_listing_parse(amzsync_sandbox_listing_t *listing,
    const amzsync_sandbox_keys_t *keys, uint64_t seller,
    const ngx_str_t *args, u_char *buf, int64_t now, const char **details)
{
    ngx_uint_t               given;
    amzsync_sandbox_asked_t  asked;

    ngx_memzero(listing, sizeof(amzsync_sandbox_listing_t));
    ngx_memzero(&asked, sizeof(amzsync_sandbox_asked_t));

    given = 0;
    asked.listing = listing;

    listing->size = AMZSYNC_SANDBOX_LIST_PAGE;
    listing->since = 0;
    listing->until = now;

    if (amzsync_sandbox_params(amzsync_sandbox_listing_params, &asked, &given,
                               args, buf, details)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (asked.token.len) {

        if (given != 1 << AMZSYNC_SANDBOX_P_TOKEN) {
            *details = "nextToken must be the only parameter.";
            return NGX_ERROR;
        }

        if (amzsync_sandbox_listing_open(keys, &asked.token, listing)
            != NGX_OK
            || listing->seller != seller)
        {
            *details = "The nextToken is invalid.";
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (listing->types == 0) {
        *details = "Either reportTypes or nextToken is required.";
        return NGX_ERROR;
    }

    listing->seller = seller;
    listing->settlement = INT64_MAX;
    listing->since = ngx_max(listing->since, now - AMZSYNC_SANDBOX_RETENTION);

    return NGX_OK;
}


/* Several values, or a parameter for each. */

static ngx_int_t
amzsync_sandbox_listing_list(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    uint32_t    *bits;
    ngx_int_t    bit;
    ngx_str_t    list, element;

    bits = (n == AMZSYNC_SANDBOX_P_TYPES) ? &asked->listing->types
           : (n == AMZSYNC_SANDBOX_P_STATUSES) ? &asked->listing->lives
           : &asked->listing->marketplaces;

    list = *value;

    while (amzsync_sandbox_query_element(&list, &element)) {
        bit = amzsync_sandbox_listing_element(n, &element);

        if (bit == NGX_DECLINED
            || (++asked->counts[n] > AMZSYNC_SANDBOX_LIST_MAX
                && n != AMZSYNC_SANDBOX_P_STATUSES))
        {
            return NGX_ERROR;
        }

        *bits |= 1 << bit;
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_listing_element(ngx_uint_t n, const ngx_str_t *element)
{
    ngx_int_t  i;

    if (n == AMZSYNC_SANDBOX_P_TYPES) {
        return amzsync_sandbox_report_find(element);
    }

    if (n == AMZSYNC_SANDBOX_P_MARKETPLACES) {
        return amzsync_sandbox_participation_find(element);
    }

    for (i = 0; i < AMZSYNC_SANDBOX_LIVES; i++) {
        if (ngx_strlen(amzsync_sandbox_lives[i]) == element->len
            && ngx_memcmp(amzsync_sandbox_lives[i], element->data,
                          element->len)
               == 0)
        {
            return i;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
amzsync_sandbox_listing_size(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    ngx_int_t  size;

    size = ngx_atoi(value->data, value->len);

    if (size < 1 || size > AMZSYNC_SANDBOX_REPORTS_PAGE) {
        return NGX_ERROR;
    }

    asked->listing->size = size;

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_listing_time(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    int64_t  time;

    time = amzsync_time_parse(value->data, value->len);

    if (n == AMZSYNC_SANDBOX_P_SINCE) {
        asked->listing->since = time;

    } else {
        asked->listing->until = time;
    }

    return (time == AMZSYNC_TIME_BAD) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
amzsync_sandbox_listing_token(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    asked->token = *value;

    return value->len ? NGX_OK : NGX_ERROR;
}


/* Reports that were asked for first, then settlements; both newest first. */

ngx_int_t
amzsync_sandbox_reports_list(amzsync_sandbox_reports_t *reports,
    amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab,
    const amzsync_sandbox_keys_t *keys, const amzsync_sandbox_view_t *view)
{
    int64_t                     count;
    amzsync_sandbox_listing_t  *listing, begin;
    amzsync_sandbox_request_t   request;

    listing = &reports->listing;
    begin = *listing;
    count = amzsync_sandbox_settlement_count(view);

    if (listing->settlement == INT64_MAX) {
        listing->number = amzsync_sandbox_ring_walk(zone, slab, view->key,
                              listing->number, amzsync_sandbox_listing_match,
                              reports);

        if (listing->number == 0) {
            listing->settlement = count - 1;
        }
    }

    if (listing->settlement >= count && listing->settlement != INT64_MAX) {
        listing->settlement = count - 1;
    }

    while (listing->settlement >= 0 && listing->settlement < count) {

        if (amzsync_sandbox_settlement_request(view, listing->settlement,
                                               reports->now, &request)
            == NGX_OK
            && amzsync_sandbox_listing_match(reports, &request) != NGX_OK)
        {
            break;
        }

        listing->settlement--;
    }

    if (reports->same_token) {
        *listing = begin;
    }

    if (listing->settlement < 0) {
        return NGX_OK;
    }

    reports->token_len = amzsync_sandbox_listing_make(keys, listing,
                                                      reports->token);

    return reports->token_len ? NGX_OK : NGX_ERROR;
}


/* NGX_DONE: it belongs to the next page. */

static ngx_int_t
amzsync_sandbox_listing_match(void *data,
    const amzsync_sandbox_request_t *request)
{
    amzsync_sandbox_reports_t *reports = data;

    amzsync_sandbox_life_e      life;
    amzsync_sandbox_listing_t  *listing;

    listing = &reports->listing;
    life = amzsync_sandbox_life(request, reports->now);

    if (!(listing->types & ((uint32_t) 1 << request->report))
        || (listing->lives && !(listing->lives & ((uint32_t) 1 << life)))
        || (listing->marketplaces
            && !(listing->marketplaces & request->marketplaces))
        || request->created < listing->since
        || request->created > listing->until)
    {
        return NGX_OK;
    }

    if (reports->count == listing->size) {
        return NGX_DONE;
    }

    reports->requests[reports->count++] = *request;

    return NGX_OK;
}


void
amzsync_sandbox_reports_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_reports_t *reports)
{
    ngx_uint_t  i;

    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_open(out, "reports", '[');

    for (i = 0; i < reports->count; i++) {
        amzsync_sandbox_request_json(out, NULL, &reports->requests[i],
                                     reports->now, i ? 0 : reports->spoil);
    }

    amzsync_sandbox_close(out, ']');

    if (reports->token_len) {
        amzsync_sandbox_str(out, "nextToken", reports->token,
                            reports->token_len);
    }

    amzsync_sandbox_close(out, '}');
}
