
/*
 * The parameters of listTransactions, checked as the model of the Finances API
 * 2024-06-19 has them.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_marketplace.h>
#include <sandbox/amzsync_sandbox_param.h>
#include <sandbox/amzsync_sandbox_transaction.h>


#define AMZSYNC_SANDBOX_DELAY   (120 * 1000)
#define AMZSYNC_SANDBOX_WINDOW  ((int64_t) 180 * 24 * 3600 * 1000)


typedef enum {
    AMZSYNC_SANDBOX_P_AFTER = 0,
    AMZSYNC_SANDBOX_P_BEFORE,
    AMZSYNC_SANDBOX_P_MARKETPLACE,
    AMZSYNC_SANDBOX_P_STATUS,
    AMZSYNC_SANDBOX_P_NAME,
    AMZSYNC_SANDBOX_P_VALUE,
    AMZSYNC_SANDBOX_P_TOKEN
} amzsync_sandbox_param_e;


typedef struct {
    amzsync_sandbox_transaction_ask_t  *ask;
    ngx_uint_t                          given;      /* bits */
    ngx_str_t                           name;
    ngx_str_t                           value;
} amzsync_sandbox_asked_t;


static ngx_int_t amzsync_sandbox_transaction_bounds(
    amzsync_sandbox_asked_t *asked, int64_t now, const char **details);
static ngx_int_t amzsync_sandbox_transaction_related(
    amzsync_sandbox_asked_t *asked, const char **details);
static void amzsync_sandbox_transaction_hash(amzsync_sandbox_asked_t *asked);
static ngx_int_t amzsync_sandbox_param_time(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_status(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_int_t amzsync_sandbox_param_text(void *data, ngx_uint_t n,
    ngx_str_t *value);
static ngx_uint_t amzsync_sandbox_is(const ngx_str_t *value, const char *s);


/* In the order of the enumeration above. */

static const amzsync_sandbox_param_t  amzsync_sandbox_transaction_params[] = {
    { ngx_string("postedAfter"), amzsync_sandbox_param_time,
      "postedAfter must be a date in ISO 8601 format.", 0 },
    { ngx_string("postedBefore"), amzsync_sandbox_param_time,
      "postedBefore must be a date in ISO 8601 format.", 0 },
    { ngx_string("marketplaceId"), amzsync_sandbox_param_text,
      "marketplaceId is empty.", 0 },
    { ngx_string("transactionStatus"), amzsync_sandbox_param_status,
      "transactionStatus has an unknown value.", 0 },
    { ngx_string("relatedIdentifierName"), amzsync_sandbox_param_text,
      "relatedIdentifierName is empty.", 0 },
    { ngx_string("relatedIdentifierValue"), amzsync_sandbox_param_text,
      "relatedIdentifierValue is empty.", 0 },
    { ngx_string("nextToken"), amzsync_sandbox_param_text,
      "nextToken is empty.", 0 },
    { ngx_null_string, NULL, NULL, 0 }
};


ngx_int_t
amzsync_sandbox_transaction_parse(amzsync_sandbox_transaction_ask_t *ask,
    const ngx_str_t *args, u_char *buf, int64_t now, const char **details)
{
    amzsync_sandbox_asked_t  asked;

    ngx_memzero(ask, sizeof(amzsync_sandbox_transaction_ask_t));
    ngx_memzero(&asked, sizeof(amzsync_sandbox_asked_t));

    asked.ask = ask;
    ask->marketplace = NGX_DECLINED;

    if (amzsync_sandbox_params(amzsync_sandbox_transaction_params, &asked,
                               &asked.given, args, buf, details)
        != NGX_OK
        || amzsync_sandbox_transaction_related(&asked, details) != NGX_OK
        || amzsync_sandbox_transaction_bounds(&asked, now, details) != NGX_OK)
    {
        return NGX_ERROR;
    }

    amzsync_sandbox_transaction_hash(&asked);

    return NGX_OK;
}


static ngx_int_t
amzsync_sandbox_transaction_related(amzsync_sandbox_asked_t *asked,
    const char **details)
{
    if (!(asked->given & (1 << AMZSYNC_SANDBOX_P_NAME))
        != !(asked->given & (1 << AMZSYNC_SANDBOX_P_VALUE)))
    {
        *details = "relatedIdentifierName and relatedIdentifierValue must be "
                   "provided together.";
        return NGX_ERROR;
    }

    if (asked->name.len == 0) {
        return NGX_OK;
    }

    if (amzsync_sandbox_is(&asked->name, "ORDER_ID")) {
        asked->ask->order_id = asked->value;
        return NGX_OK;
    }

    if (amzsync_sandbox_is(&asked->name, "FINANCIAL_EVENT_GROUP_ID")) {
        asked->ask->group_id = asked->value;
        return NGX_OK;
    }

    *details = "relatedIdentifierName must be FINANCIAL_EVENT_GROUP_ID or "
               "ORDER_ID.";

    return NGX_ERROR;
}


static ngx_int_t
amzsync_sandbox_transaction_bounds(amzsync_sandbox_asked_t *asked, int64_t now,
    const char **details)
{
    ngx_uint_t                          after, before;
    amzsync_sandbox_transaction_ask_t  *ask;

    ask = asked->ask;
    after = asked->given & (1 << AMZSYNC_SANDBOX_P_AFTER);
    before = asked->given & (1 << AMZSYNC_SANDBOX_P_BEFORE);
    now -= AMZSYNC_SANDBOX_DELAY;

    if (!after && asked->name.len == 0) {
        *details = "Start date cannot be null";
        return NGX_ERROR;
    }

    if ((after && ask->after >= now) || (before && ask->before >= now)) {
        *details = "postedAfter and postedBefore must be more than two "
                   "minutes before the time of the request.";
        return NGX_ERROR;
    }

    if (!before) {
        ask->before = now;
    }

    if (!after) {
        ask->after = INT64_MIN;
        return NGX_OK;
    }

    if (ask->after >= ask->before) {
        *details = "postedBefore must be later than postedAfter.";
        return NGX_ERROR;
    }

    ask->empty = (ask->before - ask->after > AMZSYNC_SANDBOX_WINDOW);

    return NGX_OK;
}


/* A token goes with what was given, but for itself. */

static void
amzsync_sandbox_transaction_hash(amzsync_sandbox_asked_t *asked)
{
    uint64_t                            hash;
    ngx_uint_t                          before;
    amzsync_sandbox_transaction_ask_t  *ask;

    ask = asked->ask;
    before = asked->given & (1 << AMZSYNC_SANDBOX_P_BEFORE);

    hash = amzsync_sandbox_hash(ask->statuses, ask->after,
                                before ? ask->before : 0);
    hash = amzsync_sandbox_seller_key(hash, &ask->marketplace_id);
    hash = amzsync_sandbox_seller_key(hash, &ask->order_id);
    hash = amzsync_sandbox_seller_key(hash, &ask->group_id);

    ask->hash = hash;
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
amzsync_sandbox_param_status(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    if (amzsync_sandbox_is(value, "RELEASED")) {
        asked->ask->statuses = AMZSYNC_SANDBOX_RELEASED;

    } else if (amzsync_sandbox_is(value, "DEFERRED")) {
        asked->ask->statuses = AMZSYNC_SANDBOX_DEFERRED;

    } else if (amzsync_sandbox_is(value, "DEFERRED_RELEASED")) {
        asked->ask->statuses = AMZSYNC_SANDBOX_DEFERRED_RELEASED;
    }

    return asked->ask->statuses ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
amzsync_sandbox_param_text(void *data, ngx_uint_t n, ngx_str_t *value)
{
    amzsync_sandbox_asked_t *asked = data;

    switch (n) {

    case AMZSYNC_SANDBOX_P_MARKETPLACE:
        asked->ask->marketplace_id = *value;
        asked->ask->marketplace = amzsync_sandbox_marketplace(value);
        break;

    case AMZSYNC_SANDBOX_P_NAME:
        asked->name = *value;
        break;

    case AMZSYNC_SANDBOX_P_VALUE:
        asked->value = *value;
        break;

    default: /* AMZSYNC_SANDBOX_P_TOKEN */
        asked->ask->token = *value;
    }

    return value->len ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
amzsync_sandbox_is(const ngx_str_t *value, const char *s)
{
    return value->len == ngx_strlen(s)
           && ngx_memcmp(value->data, s, value->len) == 0;
}
