
/*
 * The parameters of getInventorySummaries, checked as the model of the FBA
 * Inventory API v1 has them.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_inventory.h>
#include <sandbox/amzsync_sandbox_marketplace.h>
#include <sandbox/amzsync_sandbox_param.h>


/* Eighteen months have no more days. */
#define AMZSYNC_SANDBOX_HISTORY  ((int64_t) 549 * 24 * 3600 * 1000)


typedef enum {
    AMZSYNC_SANDBOX_P_DETAILS = 0,
    AMZSYNC_SANDBOX_P_TYPE,
    AMZSYNC_SANDBOX_P_ID,
    AMZSYNC_SANDBOX_P_START,
    AMZSYNC_SANDBOX_P_SKUS,
    AMZSYNC_SANDBOX_P_SKU,
    AMZSYNC_SANDBOX_P_TOKEN,
    AMZSYNC_SANDBOX_P_MARKETPLACES
} amzsync_sandbox_param_e;


static ngx_int_t amzsync_sandbox_inventory_check(
    amzsync_sandbox_inventory_ask_t *ask, ngx_uint_t given, int64_t now,
    const char **details);
static void amzsync_sandbox_inventory_hash(
    amzsync_sandbox_inventory_ask_t *ask);
static ngx_int_t amzsync_sandbox_param_details(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_type(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_text(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_start(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_skus(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_uint_t amzsync_sandbox_same(const ngx_str_t *one,
    const ngx_str_t *two);


/* In the order of the enumeration above. */

static const amzsync_sandbox_param_t  amzsync_sandbox_inventory_params[] = {
    { ngx_string("details"), amzsync_sandbox_param_details,
      "details must be true or false.", 0 },
    { ngx_string("granularityType"), amzsync_sandbox_param_type,
      "granularityType must be Marketplace.", 0 },
    { ngx_string("granularityId"), amzsync_sandbox_param_text,
      "granularityId is empty.", 0 },
    { ngx_string("startDateTime"), amzsync_sandbox_param_start,
      "startDateTime must be a date in ISO 8601 format.", 0 },
    { ngx_string("sellerSkus"), amzsync_sandbox_param_skus,
      "sellerSkus has an empty value, or more than 50 values.", 1 },
    { ngx_string("sellerSku"), amzsync_sandbox_param_text,
      "sellerSku is empty.", 0 },
    { ngx_string("nextToken"), amzsync_sandbox_param_text,
      "nextToken is empty.", 0 },
    { ngx_string("marketplaceIds"), amzsync_sandbox_param_text,
      "marketplaceIds must have exactly one value.", 0 },
    { ngx_null_string, NULL, NULL, 0 }
};


ngx_int_t
amzsync_sandbox_inventory_parse(amzsync_sandbox_inventory_ask_t *ask,
    const ngx_str_t *args, u_char *buf, int64_t now, const char **details)
{
    ngx_uint_t  given;

    ngx_memzero(ask, sizeof(amzsync_sandbox_inventory_ask_t));

    given = 0;
    ask->start = AMZSYNC_TIME_BAD;

    if (amzsync_sandbox_params(amzsync_sandbox_inventory_params, ask, &given,
                               args, buf, details)
        != NGX_OK
        || amzsync_sandbox_inventory_check(ask, given, now, details)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ask->marketplace = amzsync_sandbox_marketplace(&ask->marketplace_id);

    /* a time makes SKUs count for nothing, SKUs a SKU */

    if (ask->start != AMZSYNC_TIME_BAD) {
        ask->nskus = 0;

    } else if (ask->nskus == 0 && ask->sku.len) {
        ask->skus[ask->nskus++] = ask->sku;
    }

    amzsync_sandbox_inventory_hash(ask);

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_inventory_check(amzsync_sandbox_inventory_ask_t *ask,
    ngx_uint_t given, int64_t now, const char **details)
{
    if (!(given & (1 << AMZSYNC_SANDBOX_P_TYPE))) {
        *details = "granularityType is missing.";
        return NGX_ERROR;
    }

    if (!(given & (1 << AMZSYNC_SANDBOX_P_ID))) {
        *details = "granularityId is missing.";
        return NGX_ERROR;
    }

    if (!(given & (1 << AMZSYNC_SANDBOX_P_MARKETPLACES))) {
        *details = "marketplaceIds is missing.";
        return NGX_ERROR;
    }

    if (ngx_strlchr(ask->marketplace_id.data,
                    ask->marketplace_id.data + ask->marketplace_id.len, ','))
    {
        *details = "marketplaceIds must have exactly one value.";
        return NGX_ERROR;
    }

    if (!amzsync_sandbox_same(&ask->granularity_id, &ask->marketplace_id)) {
        *details = "granularityId must be the marketplace of marketplaceIds.";
        return NGX_ERROR;
    }

    if (ask->start != AMZSYNC_TIME_BAD
        && ask->start < now - AMZSYNC_SANDBOX_HISTORY)
    {
        *details = "startDateTime must be within the last 18 months.";
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* A token goes with the parameters, but for itself. */

static void
amzsync_sandbox_inventory_hash(amzsync_sandbox_inventory_ask_t *ask)
{
    uint64_t    hash;
    ngx_uint_t  i;

    hash = amzsync_sandbox_seller_key(ask->details, &ask->marketplace_id);
    hash = amzsync_sandbox_hash(hash, ask->start, ask->nskus);

    for (i = 0; i < ask->nskus; i++) {
        hash = amzsync_sandbox_seller_key(hash, &ask->skus[i]);
    }

    ask->hash = hash;
}


static ngx_int_t
amzsync_sandbox_param_details(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_inventory_ask_t *ask = data;

    static ngx_str_t  yes = ngx_string("true");
    static ngx_str_t  no = ngx_string("false");

    ask->details = amzsync_sandbox_same(value, &yes);

    return (ask->details || amzsync_sandbox_same(value, &no)) ? NGX_OK
                                                              : NGX_ERROR;
}


static ngx_int_t
amzsync_sandbox_param_type(void *data, ngx_uint_t n, ngx_str_t *value)
{
    static ngx_str_t  type = ngx_string("Marketplace");

    return amzsync_sandbox_same(value, &type) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
amzsync_sandbox_param_text(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_inventory_ask_t *ask = data;

    switch (n) {

    case AMZSYNC_SANDBOX_P_ID:
        ask->granularity_id = *value;
        break;

    case AMZSYNC_SANDBOX_P_SKU:
        ask->sku = *value;
        break;

    case AMZSYNC_SANDBOX_P_TOKEN:
        ask->token = *value;
        break;

    default: /* AMZSYNC_SANDBOX_P_MARKETPLACES */
        ask->marketplace_id = *value;
    }

    return value->len ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
amzsync_sandbox_param_start(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_inventory_ask_t *ask = data;

    ask->start = amzsync_time_parse(value->data, value->len);

    return (ask->start == AMZSYNC_TIME_BAD) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
amzsync_sandbox_param_skus(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_inventory_ask_t *ask = data;

    ngx_str_t   list, element;
    ngx_uint_t  i, asked;

    list = *value;

    while (amzsync_sandbox_query_element(&list, &element)) {

        if (element.len == 0) {
            return NGX_ERROR;
        }

        /* one that is asked for twice is answered once */

        asked = 0;

        for (i = 0; i < ask->nskus; i++) {
            asked |= amzsync_sandbox_same(&ask->skus[i], &element);
        }

        if (asked) {
            continue;
        }

        if (ask->nskus == AMZSYNC_SANDBOX_SKUS) {
            return NGX_ERROR;
        }

        ask->skus[ask->nskus++] = element;
    }

    return NGX_OK;
}


static ngx_uint_t
amzsync_sandbox_same(const ngx_str_t *one, const ngx_str_t *two)
{
    return one->len == two->len
           && ngx_memcmp(one->data, two->data, one->len) == 0;
}
