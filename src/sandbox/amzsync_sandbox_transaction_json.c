
/*
 * Transactions as JSON, in the shape of the Finances API 2024-06-19.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_transaction.h>


static void amzsync_sandbox_metadata(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_transaction_t *transaction);
static void amzsync_sandbox_marketplaced(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_transaction_t *transaction);
static void amzsync_sandbox_total(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_transaction_t *transaction);
static void amzsync_sandbox_currency_json(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_transaction_t *transaction,
    uint64_t n);
static void amzsync_sandbox_pair(amzsync_sandbox_out_t *out,
    const char *prefix, const char *name, const char *value);
static void amzsync_sandbox_item_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_transaction_t *transaction, uint64_t n);
static void amzsync_sandbox_charges(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_transaction_t *transaction,
    uint64_t n);
static void amzsync_sandbox_charge(amzsync_sandbox_out_t *out,
    const char *type, const amzsync_sandbox_transaction_t *transaction,
    uint64_t n);


void
amzsync_sandbox_transaction_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_transaction_t *t, ngx_uint_t spoil)
{
    char  id[64];

    out->escape = t->escape;

    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_metadata(out, view, t);
    amzsync_sandbox_related(out, "relatedIdentifiers", view, t);
    amzsync_sandbox_cstr(out, "transactionType", amzsync_sandbox_type(t));

    if (t->identified) {
        amzsync_sandbox_transaction_id(view, t->content, id);
        amzsync_sandbox_cstr(out, "transactionId", id);

    } else if (t->content % 3 == 0) {
        amzsync_sandbox_null(out, "transactionId");
    }

    amzsync_sandbox_cstr(out, "transactionStatus", amzsync_sandbox_release(t));

    if (spoil & AMZSYNC_SANDBOX_BAD_UTF8) {
        amzsync_sandbox_json(out, "description", AMZSYNC_SANDBOX_BAD_TEXT);

    } else {
        amzsync_sandbox_text(out, "description", &t->description);
    }

    if (t->extra) {
        amzsync_sandbox_json(out, "unknownMember",
                             "[{\"totalAmount\":{\"currencyAmount\":1.0}}]");
    }

    if (spoil & AMZSYNC_SANDBOX_WRONG_TYPE) {
        amzsync_sandbox_open(out, "postedDate", '{');
        amzsync_sandbox_time(out, "value", t->posted);
        amzsync_sandbox_close(out, '}');

    } else {
        amzsync_sandbox_time(out, "postedDate", t->posted);
    }

    amzsync_sandbox_total(out, t);
    amzsync_sandbox_marketplaced(out, t);
    amzsync_sandbox_items_json(out, "items", t);
    amzsync_sandbox_contexts(out, "contexts", t);
    amzsync_sandbox_breakdowns(out, "breakdowns", t);
    amzsync_sandbox_close(out, '}');

    out->escape = 0;
}


static void
amzsync_sandbox_metadata(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_transaction_t *t)
{
    u_char  id[32];

    if (!amzsync_sandbox_inside(out, "sellingPartnerMetadata", t->metadata,
                                '{', '}'))
    {
        return;
    }

    amzsync_sandbox_str(out, "sellingPartnerId", id,
                        amzsync_sandbox_partner_id(view->key, id));
    amzsync_sandbox_text(out, "accountType", &t->account);
    amzsync_sandbox_cstr(out, "marketplaceId",
                         amzsync_sandbox_marketplaces[t->marketplace].id);
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_marketplaced(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_transaction_t *t)
{
    if (!amzsync_sandbox_inside(out, "marketplaceDetails", t->marketplaced,
                                '{', '}'))
    {
        return;
    }

    amzsync_sandbox_cstr(out, "marketplaceId",
                         amzsync_sandbox_marketplaces[t->marketplace].id);
    amzsync_sandbox_cstr(out, "marketplaceName",
                         amzsync_sandbox_marketplaces[t->marketplace].name);
    amzsync_sandbox_close(out, '}');
}


/* Without a currency a total is there, too. */

static void
amzsync_sandbox_total(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_transaction_t *t)
{
    if (amzsync_sandbox_inside(out, "totalAmount", t->total, '{', '}')) {
        amzsync_sandbox_currency_json(out, NULL, t, 0);
        amzsync_sandbox_close(out, '}');
    }
}


/* With a key an object, without its members. */

static void
amzsync_sandbox_currency_json(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_transaction_t *t, uint64_t n)
{
    char         digits[32];
    const char  *currency;

    amzsync_sandbox_digits(t, n, digits);
    currency = amzsync_sandbox_currency(t);

    if (key) {
        amzsync_sandbox_open(out, key, '{');
    }

    amzsync_sandbox_json(out, "currencyAmount", digits);

    if (currency) {
        amzsync_sandbox_cstr(out, "currencyCode", currency);

    } else {
        amzsync_sandbox_null(out, "currencyCode");
    }

    if (key) {
        amzsync_sandbox_close(out, '}');
    }
}


const char *
amzsync_sandbox_currency(const amzsync_sandbox_transaction_t *t)
{
    return (t->content % 37 == 5)
           ? NULL : amzsync_sandbox_marketplaces[t->marketplace].currency;
}


void
amzsync_sandbox_related(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_transaction_t *t)
{
    char  id[64];

    if (!t->ordered && !t->grouped) {

        if (key && t->content % 2) {
            amzsync_sandbox_null(out, key);
        }

        return;
    }

    amzsync_sandbox_open(out, key, '[');

    if (t->ordered) {
        amzsync_sandbox_order_id(view->key, t->order, id);
        amzsync_sandbox_pair(out, "relatedIdentifier", "ORDER_ID", id);
    }

    if (t->grouped) {
        amzsync_sandbox_group_id(view, t->group, id);
        amzsync_sandbox_pair(out, "relatedIdentifier",
                             "FINANCIAL_EVENT_GROUP_ID", id);
    }

    if (t->type == AMZSYNC_SANDBOX_RELEASE) {
        amzsync_sandbox_transaction_id(view, t->deferred, id);
        amzsync_sandbox_pair(out, "relatedIdentifier",
                             "DEFERRED_TRANSACTION_ID", id);
    }

    if (t->type == AMZSYNC_SANDBOX_REFUND) {
        ngx_sprintf((u_char *) id, "amzn1:crow:%uL%Z", t->content);
        amzsync_sandbox_pair(out, "relatedIdentifier", "REFUND_ID", id);
    }

    amzsync_sandbox_close(out, ']');
}


/* {prefix}Name and {prefix}Value. */

static void
amzsync_sandbox_pair(amzsync_sandbox_out_t *out, const char *prefix,
    const char *name, const char *value)
{
    char  key[64];

    amzsync_sandbox_open(out, NULL, '{');

    ngx_sprintf((u_char *) key, "%sName%Z", prefix);
    amzsync_sandbox_cstr(out, key, name);

    ngx_sprintf((u_char *) key, "%sValue%Z", prefix);
    amzsync_sandbox_cstr(out, key, value);

    amzsync_sandbox_close(out, '}');
}


void
amzsync_sandbox_items_json(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_transaction_t *t)
{
    ngx_uint_t  i;

    if (!amzsync_sandbox_inside(out, key, t->items, '[', ']')) {
        return;
    }

    for (i = 0; i < t->nitems; i++) {
        amzsync_sandbox_item_json(out, t, i + 1);
    }

    amzsync_sandbox_close(out, ']');
}


static void
amzsync_sandbox_item_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_transaction_t *t, uint64_t n)
{
    u_char  *last, text[64];

    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_cstr(out, "description", "Mug ☕, 4\" \\ 品");

    last = ngx_sprintf(text, "OAI-%uL-%uL%Z", t->content, n);

    amzsync_sandbox_open(out, "relatedIdentifiers", '[');
    amzsync_sandbox_pair(out, "itemRelatedIdentifier",
                         "ORDER_ADJUSTMENT_ITEM_ID", (char *) text);
    amzsync_sandbox_close(out, ']');

    amzsync_sandbox_currency_json(out, "totalAmount", t, 10 * n);
    amzsync_sandbox_charges(out, "breakdowns", t, 10 * n);

    amzsync_sandbox_open(out, "contexts", '[');
    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_cstr(out, "contextType", "ProductContext");
    last = ngx_sprintf(text, "B0%08uL", t->content * 97 % 100000000);
    amzsync_sandbox_str(out, "asin", text, last - text);
    last = ngx_sprintf(text, "SKU/%uL \"x\"", t->content % 1000);
    amzsync_sandbox_str(out, "sku", text, last - text);
    amzsync_sandbox_int(out, "quantityShipped", n);
    amzsync_sandbox_cstr(out, "fulfillmentNetwork",
                         t->merchant ? "MFN" : "AFN");
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, ']');

    amzsync_sandbox_close(out, '}');
}


void
amzsync_sandbox_contexts(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_transaction_t *t)
{
    if (!amzsync_sandbox_inside(out, key, t->contexts, '[', ']')) {
        return;
    }

    amzsync_sandbox_open(out, NULL, '{');

    if (t->status != AMZSYNC_SANDBOX_RELEASED) {
        amzsync_sandbox_cstr(out, "contextType", "DeferredContext");
        amzsync_sandbox_cstr(out, "deferralReason", "DD7");
        amzsync_sandbox_time(out, "maturityDate",
                             t->posted + (int64_t) 7 * 86400 * 1000);

    } else if (t->type == AMZSYNC_SANDBOX_TRANSFER) {
        amzsync_sandbox_cstr(out, "contextType", "PaymentsContext");
        amzsync_sandbox_cstr(out, "paymentType", "Disbursement");
        amzsync_sandbox_cstr(out, "paymentMethod", "BANK");
        amzsync_sandbox_null(out, "paymentReference");
        amzsync_sandbox_time(out, "paymentDate", t->posted);

    } else if (t->ordered) {
        amzsync_sandbox_cstr(out, "contextType", "AmazonPayContext");
        amzsync_sandbox_cstr(out, "storeName", "Zoë & Söhne");
        amzsync_sandbox_cstr(out, "channel", t->merchant ? "MFN" : "AFN");

    } else {
        amzsync_sandbox_cstr(out, "contextType", "TimeRangeContext");
        amzsync_sandbox_time(out, "startTime",
                             t->posted - (int64_t) 30 * 86400 * 1000);
        amzsync_sandbox_time(out, "endTime", t->posted);
    }

    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, ']');
}


void
amzsync_sandbox_breakdowns(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_transaction_t *t)
{
    if (amzsync_sandbox_inside(out, key, t->breakdowns, '[', ']')) {
        amzsync_sandbox_charge(out, "Tax", t, 1);
        amzsync_sandbox_null(out, "breakdowns");
        amzsync_sandbox_close(out, '}');
        amzsync_sandbox_charge(out, "Sales", t, 2);
        amzsync_sandbox_charges(out, "breakdowns", t, 3);
        amzsync_sandbox_close(out, '}');
        amzsync_sandbox_close(out, ']');
    }
}


/* Three deep. */

static void
amzsync_sandbox_charges(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_transaction_t *t, uint64_t n)
{
    amzsync_sandbox_open(out, key, '[');
    amzsync_sandbox_charge(out, "ProductCharges", t, n + 1);
    amzsync_sandbox_open(out, "breakdowns", '[');
    amzsync_sandbox_charge(out, "OurPricePrincipal", t, n + 2);
    amzsync_sandbox_open(out, "breakdowns", '[');
    amzsync_sandbox_charge(out, "Base", t, n + 3);
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, ']');
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, ']');
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, ']');
}


/* Its brace stays open. */

static void
amzsync_sandbox_charge(amzsync_sandbox_out_t *out, const char *type,
    const amzsync_sandbox_transaction_t *t, uint64_t n)
{
    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_cstr(out, "breakdownType", type);
    amzsync_sandbox_currency_json(out, "breakdownAmount", t, n);
}
