
/*
 * The parameters of a search, checked as the model of the Orders API
 * 2026-01-01 has them.  Unknown parameters are passed over.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_param.h>


#define AMZSYNC_SANDBOX_PAGE          100
#define AMZSYNC_SANDBOX_ASK_MAX       50        /* marketplaces */
#define AMZSYNC_SANDBOX_DELAY         (120 * 1000)


/* A search in the making: what was given, and the times as they came. */

typedef struct {
    amzsync_sandbox_search_t  *search;
    ngx_uint_t                 given;           /* bits */
    int64_t                    times[4];
} amzsync_sandbox_asked_t;


typedef enum {
    AMZSYNC_SANDBOX_P_CREATED_AFTER = 0,
    AMZSYNC_SANDBOX_P_CREATED_BEFORE,
    AMZSYNC_SANDBOX_P_UPDATED_AFTER,
    AMZSYNC_SANDBOX_P_UPDATED_BEFORE,
    AMZSYNC_SANDBOX_P_STATUSES,
    AMZSYNC_SANDBOX_P_MARKETPLACES,
    AMZSYNC_SANDBOX_P_FULFILLED_BY,
    AMZSYNC_SANDBOX_P_PAGE,
    AMZSYNC_SANDBOX_P_TOKEN,
    AMZSYNC_SANDBOX_P_INCLUDED
} amzsync_sandbox_param_e;


static ngx_int_t amzsync_sandbox_search_bounds(amzsync_sandbox_asked_t *asked,
    int64_t now, const char **details);
static void amzsync_sandbox_search_hash(amzsync_sandbox_asked_t *asked);
static ngx_int_t amzsync_sandbox_param_time(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_statuses(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_marketplaces(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_fulfilled_by(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_page(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_token(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_included(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_enum(ngx_str_t *value,
    const char *const *names, ngx_uint_t *bits);


/* In the order of the enumeration above. */

static const amzsync_sandbox_param_t  amzsync_sandbox_search_params[] = {
    { ngx_string("createdAfter"), amzsync_sandbox_param_time,
      "createdAfter must be a date in ISO 8601 format.", 0 },
    { ngx_string("createdBefore"), amzsync_sandbox_param_time,
      "createdBefore must be a date in ISO 8601 format.", 0 },
    { ngx_string("lastUpdatedAfter"), amzsync_sandbox_param_time,
      "lastUpdatedAfter must be a date in ISO 8601 format.", 0 },
    { ngx_string("lastUpdatedBefore"), amzsync_sandbox_param_time,
      "lastUpdatedBefore must be a date in ISO 8601 format.", 0 },
    { ngx_string("fulfillmentStatuses"), amzsync_sandbox_param_statuses,
      "fulfillmentStatuses has an unknown value.", 1 },
    { ngx_string("marketplaceIds"), amzsync_sandbox_param_marketplaces,
      "marketplaceIds has an empty value, or more than 50 values.", 1 },
    { ngx_string("fulfilledBy"), amzsync_sandbox_param_fulfilled_by,
      "fulfilledBy has an unknown value.", 1 },
    { ngx_string("maxResultsPerPage"), amzsync_sandbox_param_page,
      "maxResultsPerPage must be an integer between 1 and 100.", 0 },
    { ngx_string("paginationToken"), amzsync_sandbox_param_token,
      "paginationToken is empty.", 0 },
    { ngx_string("includedData"), amzsync_sandbox_param_included,
      "includedData has an unknown value.", 1 },
    { ngx_null_string, NULL, NULL, 0 }
};


static const char *const  amzsync_sandbox_fulfilled_by[] = {
    "MERCHANT", "AMAZON", NULL
};


static const char *const  amzsync_sandbox_included[] = {
    "BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION",
    "FULFILLMENT", "PACKAGES", "TAX", "PAYMENT", "FULFILLMENT_ORDERS", NULL
};


ngx_int_t
amzsync_sandbox_search_parse(amzsync_sandbox_search_t *search,
    const ngx_str_t *args, u_char *buf, int64_t now, const char **details)
{
    amzsync_sandbox_asked_t  asked;

    ngx_memzero(search, sizeof(amzsync_sandbox_search_t));
    ngx_memzero(&asked, sizeof(amzsync_sandbox_asked_t));

    search->page = AMZSYNC_SANDBOX_PAGE;
    asked.search = search;

    if (amzsync_sandbox_params(amzsync_sandbox_search_params, &asked,
                               &asked.given, args, buf, details)
        != NGX_OK
        || amzsync_sandbox_search_bounds(&asked, now, details) != NGX_OK)
    {
        return NGX_ERROR;
    }

    amzsync_sandbox_search_hash(&asked);

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_search_bounds(amzsync_sandbox_asked_t *asked, int64_t now,
    const char **details)
{
    ngx_uint_t                 created, updated, after, before;
    amzsync_sandbox_search_t  *search;

    created = asked->given & (1 << AMZSYNC_SANDBOX_P_CREATED_AFTER);
    updated = asked->given & (1 << AMZSYNC_SANDBOX_P_UPDATED_AFTER);

    if (!created == !updated) {
        *details = "Exactly one of createdAfter and lastUpdatedAfter must be "
                   "provided.";
        return NGX_ERROR;
    }

    if (asked->given & (1 << (created ? AMZSYNC_SANDBOX_P_UPDATED_BEFORE
                                      : AMZSYNC_SANDBOX_P_CREATED_BEFORE)))
    {
        *details = "The upper bound must be of the same kind as the lower "
                   "bound.";
        return NGX_ERROR;
    }

    after = created ? AMZSYNC_SANDBOX_P_CREATED_AFTER
                    : AMZSYNC_SANDBOX_P_UPDATED_AFTER;
    before = after + 1;

    search = asked->search;
    search->by = created ? AMZSYNC_SANDBOX_CREATED : AMZSYNC_SANDBOX_UPDATED;
    search->after = asked->times[after];
    search->before = now - AMZSYNC_SANDBOX_DELAY;

    if (!(asked->given & (1 << before))) {
        search->before -= search->before % 1000;
        return NGX_OK;
    }

    if (asked->times[before] > search->before) {
        *details = "The upper bound must be at least two minutes before the "
                   "time of the request.";
        return NGX_ERROR;
    }

    search->before = asked->times[before];

    if (search->before < search->after) {
        *details = "The upper bound must not be before the lower bound.";
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * A token goes with a search: what was asked counts, not how it was written.
 * marketplaces are in search->hash already.
 */

static void
amzsync_sandbox_search_hash(amzsync_sandbox_asked_t *asked)
{
    uint64_t                   hash;
    ngx_uint_t                 before;
    amzsync_sandbox_search_t  *search;

    search = asked->search;
    before = asked->given & ((1 << AMZSYNC_SANDBOX_P_CREATED_BEFORE)
                             |(1 << AMZSYNC_SANDBOX_P_UPDATED_BEFORE));

    hash = search->hash;
    hash = amzsync_sandbox_hash(hash, search->by, search->nmarketplaces);
    hash = amzsync_sandbox_hash(hash, search->after,
                                before ? search->before : 0);
    hash = amzsync_sandbox_hash(hash, search->statuses, search->fulfilled_by);

    search->hash = hash;
}


ngx_int_t
amzsync_sandbox_included_parse(ngx_uint_t *included, const ngx_str_t *args,
    u_char *buf, const char **details)
{
    ngx_int_t                rc;
    amzsync_sandbox_query_t  query;

    amzsync_sandbox_query(&query, args, buf);

    *included = 0;

    while ((rc = amzsync_sandbox_query_next(&query)) == NGX_OK) {

        if (query.name.len == sizeof("includedData") - 1
            && ngx_memcmp(query.name.data, "includedData", query.name.len)
               == 0
            && amzsync_sandbox_param_enum(&query.value,
                                          amzsync_sandbox_included, included)
               != NGX_OK)
        {
            *details = amzsync_sandbox_search_params
                           [AMZSYNC_SANDBOX_P_INCLUDED].refused;
            return NGX_ERROR;
        }
    }

    if (rc == NGX_ERROR) {
        *details = "The query string is not well-formed.";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
amzsync_sandbox_marketplaces_parse(amzsync_sandbox_search_t *search,
    const ngx_str_t *value)
{
    size_t      i;
    uint64_t    hash;
    ngx_str_t   list, element;
    ngx_uint_t  n;

    list = *value;

    while (amzsync_sandbox_query_element(&list, &element)) {

        if (element.len == 0
            || search->nmarketplaces++ == AMZSYNC_SANDBOX_ASK_MAX)
        {
            return NGX_ERROR;
        }

        hash = element.len;

        for (i = 0; i < element.len; i++) {
            hash = amzsync_sandbox_hash(hash, i, element.data[i]);
        }

        /* a sum: their order does not count */
        search->hash += hash;

        for (n = 0; n < AMZSYNC_SANDBOX_MARKETPLACES; n++) {
            if (ngx_strlen(amzsync_sandbox_marketplaces[n].id) == element.len
                && ngx_memcmp(amzsync_sandbox_marketplaces[n].id,
                              element.data, element.len)
                   == 0)
            {
                search->marketplaces |= 1 << n;
            }
        }
    }

    return NGX_OK;
}


ngx_uint_t
amzsync_sandbox_search_match(const amzsync_sandbox_search_t *search,
    const amzsync_sandbox_order_t *order)
{
    if (search->nmarketplaces
        && !(search->marketplaces & (1 << order->marketplace)))
    {
        return 0;
    }

    if (search->statuses && !(search->statuses & (1 << order->status))) {
        return 0;
    }

    if (search->fulfilled_by
        && !(search->fulfilled_by & order->fulfilled_by))
    {
        return 0;
    }

    return 1;
}


static ngx_int_t
amzsync_sandbox_param_time(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    asked->times[n] = amzsync_time_parse(value->data, value->len);

    return (asked->times[n] == AMZSYNC_TIME_BAD) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
amzsync_sandbox_param_statuses(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    return amzsync_sandbox_param_enum(value, amzsync_sandbox_statuses,
                                      &asked->search->statuses);
}


static ngx_int_t
amzsync_sandbox_param_marketplaces(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    return amzsync_sandbox_marketplaces_parse(asked->search, value);
}


static ngx_int_t
amzsync_sandbox_param_fulfilled_by(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    return amzsync_sandbox_param_enum(value, amzsync_sandbox_fulfilled_by,
                                      &asked->search->fulfilled_by);
}


static ngx_int_t
amzsync_sandbox_param_page(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    ngx_int_t  page;

    page = ngx_atoi(value->data, value->len);

    if (page < 1 || page > AMZSYNC_SANDBOX_PAGE) {
        return NGX_ERROR;
    }

    asked->search->page = page;

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_param_token(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    asked->search->token = *value;

    return value->len ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
amzsync_sandbox_param_included(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    return amzsync_sandbox_param_enum(value, amzsync_sandbox_included,
                                      &asked->search->included);
}


/* Each element of a list must be one of the names, which end with NULL. */

static ngx_int_t
amzsync_sandbox_param_enum(ngx_str_t *value, const char *const *names,
    ngx_uint_t *bits)
{
    ngx_str_t   list, element;
    ngx_uint_t  i;

    list = *value;

    while (amzsync_sandbox_query_element(&list, &element)) {

        for (i = 0; names[i] != NULL; i++) {
            if (ngx_strlen(names[i]) == element.len
                && ngx_memcmp(names[i], element.data, element.len) == 0)
            {
                break;
            }
        }

        if (names[i] == NULL) {
            return NGX_ERROR;
        }

        *bits |= 1 << i;
    }

    return NGX_OK;
}
