
/*
 * The parameters of getShipments, getShipmentItems and
 * getShipmentItemsByShipmentId, checked as the model of the Fulfillment Inbound
 * API v0 has them, and as Amazon does: a range of dates does not do without
 * statuses or ids.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_inbound.h>
#include <sandbox/amzsync_sandbox_marketplace.h>
#include <sandbox/amzsync_sandbox_param.h>


typedef enum {
    AMZSYNC_SANDBOX_P_TYPE = 0,
    AMZSYNC_SANDBOX_P_MARKETPLACE,
    AMZSYNC_SANDBOX_P_AFTER,
    AMZSYNC_SANDBOX_P_BEFORE,
    AMZSYNC_SANDBOX_P_TOKEN,
    AMZSYNC_SANDBOX_P_STATUSES,
    AMZSYNC_SANDBOX_P_IDS
} amzsync_sandbox_param_e;


typedef struct {
    amzsync_sandbox_inbound_ask_t  *ask;
    const amzsync_sandbox_view_t   *view;
    ngx_uint_t                      given;      /* bits */
    ngx_uint_t                      nids;
} amzsync_sandbox_asked_t;


static ngx_int_t amzsync_sandbox_inbound_check(
    amzsync_sandbox_asked_t *asked, const char **details);
static ngx_int_t amzsync_sandbox_inbound_dates(
    amzsync_sandbox_asked_t *asked, const char **details);
static ngx_int_t amzsync_sandbox_param_type(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_text(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_time(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_statuses(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_ids(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_uint_t amzsync_sandbox_is(const ngx_str_t *value, const char *s);


#define AMZSYNC_SANDBOX_INBOUND_PARAMS                                        \
    { ngx_string("MarketplaceId"), amzsync_sandbox_param_text,                \
      "MarketplaceId is empty.", 0 },                                         \
    { ngx_string("LastUpdatedAfter"), amzsync_sandbox_param_time,             \
      "LastUpdatedAfter must be a date in ISO 8601 format.", 0 },             \
    { ngx_string("LastUpdatedBefore"), amzsync_sandbox_param_time,            \
      "LastUpdatedBefore must be a date in ISO 8601 format.", 0 },            \
    { ngx_string("NextToken"), amzsync_sandbox_param_text,                    \
      "NextToken is empty.", 0 }


/* Both in the order of the enumeration above. */

static const amzsync_sandbox_param_t  amzsync_sandbox_inbound_params[] = {
    { ngx_string("QueryType"), amzsync_sandbox_param_type,
      "QueryType must be SHIPMENT, DATE_RANGE or NEXT_TOKEN.", 0 },
    AMZSYNC_SANDBOX_INBOUND_PARAMS,
    { ngx_string("ShipmentStatusList"), amzsync_sandbox_param_statuses,
      "ShipmentStatusList has an unknown value.", 1 },
    { ngx_string("ShipmentIdList"), amzsync_sandbox_param_ids,
      "ShipmentIdList has an empty value, or more than 999 values.", 1 },
    { ngx_null_string, NULL, NULL, 0 }
};


static const amzsync_sandbox_param_t  amzsync_sandbox_inbound_item_params[] = {
    { ngx_string("QueryType"), amzsync_sandbox_param_type,
      "QueryType must be DATE_RANGE or NEXT_TOKEN.", 0 },
    AMZSYNC_SANDBOX_INBOUND_PARAMS,
    { ngx_null_string, NULL, NULL, 0 }
};


ngx_int_t
amzsync_sandbox_inbound_parse(amzsync_sandbox_inbound_ask_t *ask,
    const amzsync_sandbox_view_t *view, const ngx_str_t *args, u_char *buf,
    const char **details)
{
    amzsync_sandbox_asked_t  asked;

    ngx_memzero(&asked, sizeof(amzsync_sandbox_asked_t));

    asked.ask = ask;
    asked.view = view;

    ask->marketplace = NGX_DECLINED;
    ask->after = INT64_MIN;
    ask->before = INT64_MAX;

    if (amzsync_sandbox_params(ask->items ? amzsync_sandbox_inbound_item_params
                                          : amzsync_sandbox_inbound_params,
                               &asked, &asked.given, args, buf, details)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return amzsync_sandbox_inbound_check(&asked, details);
}


static ngx_int_t
amzsync_sandbox_inbound_check(amzsync_sandbox_asked_t *asked,
    const char **details)
{
    ngx_uint_t                      given;
    amzsync_sandbox_inbound_ask_t  *ask;

    ask = asked->ask;
    given = asked->given;

    if (!(given & (1 << AMZSYNC_SANDBOX_P_TYPE))) {
        *details = "QueryType is missing.";
        return NGX_ERROR;
    }

    if (!(given & (1 << AMZSYNC_SANDBOX_P_MARKETPLACE))) {
        *details = "MarketplaceId is missing.";
        return NGX_ERROR;
    }

    if (ask->by == AMZSYNC_SANDBOX_INBOUND_BY_TOKEN) {

        if (ask->token.len == 0) {
            *details = "NextToken is missing.";
            return NGX_ERROR;
        }

        /* it knows the rest */

        ask->ids = 0;
        ask->statuses = 0;

        return NGX_OK;
    }

    ngx_str_null(&ask->token);

    if (!ask->items && ask->statuses == 0 && !ask->ids) {
        *details = "At least one of ShipmentStatusList and ShipmentIdList "
                   "must be provided";
        return NGX_ERROR;
    }

    return amzsync_sandbox_inbound_dates(asked, details);
}


static ngx_int_t
amzsync_sandbox_inbound_dates(amzsync_sandbox_asked_t *asked,
    const char **details)
{
    amzsync_sandbox_inbound_ask_t  *ask;

    ask = asked->ask;

    if (ask->by == AMZSYNC_SANDBOX_INBOUND_BY_FILTER) {
        ask->after = INT64_MIN;
        ask->before = INT64_MAX;
        return NGX_OK;
    }

    if (!(asked->given & (1 << AMZSYNC_SANDBOX_P_AFTER))
        || !(asked->given & (1 << AMZSYNC_SANDBOX_P_BEFORE)))
    {
        *details = "A pair of LastUpdatedAfter and LastUpdatedBefore must be "
                   "passed in input";
        return NGX_ERROR;
    }

    if (ask->after > ask->before) {
        *details = "LastUpdatedAfter must not be later than "
                   "LastUpdatedBefore.";
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
amzsync_sandbox_inbound_parse_path(amzsync_sandbox_inbound_ask_t *ask,
    const amzsync_sandbox_view_t *view, const ngx_str_t *path,
    const char **details)
{
    size_t     len;
    ngx_str_t  id;

    len = sizeof("/items") - 1;

    if (path->len <= len
        || ngx_memcmp(path->data + path->len - len, "/items", len) != 0)
    {
        return NGX_DECLINED;
    }

    id.data = path->data;
    id.len = path->len - len;

    ask->items = 1;
    ask->by = AMZSYNC_SANDBOX_INBOUND_BY_SHIPMENT;

    if (amzsync_sandbox_inbound_find(view, &id, &ask->row) != NGX_OK) {
        *details = "The seller has no such shipment.";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_param_type(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    if (amzsync_sandbox_is(value, "NEXT_TOKEN")) {
        asked->ask->by = AMZSYNC_SANDBOX_INBOUND_BY_TOKEN;

    } else if (amzsync_sandbox_is(value, "DATE_RANGE")) {
        asked->ask->by = AMZSYNC_SANDBOX_INBOUND_BY_DATE;

    } else if (amzsync_sandbox_is(value, "SHIPMENT") && !asked->ask->items) {
        asked->ask->by = AMZSYNC_SANDBOX_INBOUND_BY_FILTER;
    }

    return asked->ask->by ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
amzsync_sandbox_param_text(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    if (n == AMZSYNC_SANDBOX_P_MARKETPLACE) {
        asked->ask->marketplace = amzsync_sandbox_marketplace(value);

    } else {
        asked->ask->token = *value;
    }

    return value->len ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
amzsync_sandbox_param_time(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    int64_t  time;

    time = amzsync_time_parse(value->data, value->len);

    if (n == AMZSYNC_SANDBOX_P_AFTER) {
        asked->ask->after = time;

    } else {
        asked->ask->before = time;
    }

    return (time == AMZSYNC_TIME_BAD) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
amzsync_sandbox_param_statuses(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    ngx_str_t   list, element;
    ngx_uint_t  i;

    list = *value;

    while (amzsync_sandbox_query_element(&list, &element)) {

        for (i = 0; i < AMZSYNC_SANDBOX_INBOUND_STATUSES; i++) {
            if (amzsync_sandbox_is(&element,
                                   amzsync_sandbox_inbound_statuses[i]))
            {
                break;
            }
        }

        if (i == AMZSYNC_SANDBOX_INBOUND_STATUSES) {
            return NGX_ERROR;
        }

        asked->ask->statuses |= (ngx_uint_t) 1 << i;
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_param_ids(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    uint64_t                        row;
    ngx_str_t                       list, element;
    ngx_uint_t                      i;
    amzsync_sandbox_inbound_ask_t  *ask;

    ask = asked->ask;
    ask->ids = 1;
    list = *value;

    while (amzsync_sandbox_query_element(&list, &element)) {

        if (element.len == 0
            || ++asked->nids > AMZSYNC_SANDBOX_INBOUND_IDS)
        {
            return NGX_ERROR;
        }

        /* one that does not exist is passed over */

        if (amzsync_sandbox_inbound_find(asked->view, &element, &row)
            != NGX_OK)
        {
            continue;
        }

        for (i = 0; i < ask->nrows; i++) {
            if (ask->rows[i] == row) {
                break;
            }
        }

        if (i == ask->nrows) {
            ask->rows[ask->nrows++] = row;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
amzsync_sandbox_is(const ngx_str_t *value, const char *s)
{
    return value->len == ngx_strlen(s)
           && ngx_memcmp(value->data, s, value->len) == 0;
}
