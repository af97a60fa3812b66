
/*
 * Orders as JSON, in the shape of the Orders API 2026-01-01.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <sandbox/amzsync_sandbox.h>


static void amzsync_sandbox_order_channel(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order);
static void amzsync_sandbox_order_proceeds(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order);
static void amzsync_sandbox_order_fulfillment(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order);
static void amzsync_sandbox_window(amzsync_sandbox_out_t *out,
    const char *key, const int64_t *window);
static void amzsync_sandbox_item_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, const amzsync_sandbox_item_t *item,
    ngx_uint_t included, ngx_uint_t spoil);
static void amzsync_sandbox_item_product(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, const amzsync_sandbox_item_t *item,
    ngx_uint_t spoil);
static void amzsync_sandbox_item_proceeds(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, const amzsync_sandbox_item_t *item);
static void amzsync_sandbox_item_details(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, int64_t amount);
static void amzsync_sandbox_item_fulfillment(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_item_t *item);


const char *const  amzsync_sandbox_parts[AMZSYNC_SANDBOX_PARTS] = {
    "ITEM", "SHIPPING", "GIFT_WRAP", "TAX", "DISCOUNT"
};


static const char *const  amzsync_sandbox_programs[] = {
    "PRIME", "AMAZON_BUSINESS", "PREMIUM"
};


size_t
amzsync_sandbox_amount(u_char *p, int64_t amount, ngx_uint_t decimals)
{
    u_char  *last;

    last = p;

    if (amount < 0) {
        *last++ = '-';
        amount = -amount;
    }

    last = ngx_sprintf(last, "%L", amount / 10000);

    if (decimals == 2) {
        last = ngx_sprintf(last, ".%02L", amount % 10000 / 100);

    } else if (decimals == 4) {
        last = ngx_sprintf(last, ".%04L", amount % 10000);
    }

    return last - p;
}


void
amzsync_sandbox_money(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_order_t *order, int64_t amount)
{
    size_t  len;
    u_char  buf[NGX_INT64_LEN + sizeof("-.0000")];

    len = amzsync_sandbox_amount(buf, amount, order->decimals);

    amzsync_sandbox_open(out, key, '{');
    amzsync_sandbox_str(out, "amount", buf, len);
    amzsync_sandbox_cstr(out, "currencyCode", order->currency);
    amzsync_sandbox_close(out, '}');
}


void
amzsync_sandbox_order_json(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_order_t *order, ngx_uint_t included,
    ngx_uint_t spoil)
{
    ngx_uint_t  i;

    out->escape = order->escape;

    amzsync_sandbox_open(out, key, '{');
    amzsync_sandbox_cstr(out, "orderId", order->id);
    amzsync_sandbox_order_aliases(out, "orderAliases", order);
    amzsync_sandbox_time(out, "createdTime", order->created);

    if (spoil & AMZSYNC_SANDBOX_WRONG_TYPE) {
        amzsync_sandbox_open(out, "lastUpdatedTime", '{');
        amzsync_sandbox_time(out, "value", order->updated);
        amzsync_sandbox_close(out, '}');

    } else {
        amzsync_sandbox_time(out, "lastUpdatedTime", order->updated);
    }

    amzsync_sandbox_order_programs(out, "programs", order);
    amzsync_sandbox_order_associated(out, "associatedOrders", order);
    amzsync_sandbox_order_channel(out, order);

    if (included & AMZSYNC_SANDBOX_PROCEEDS) {
        amzsync_sandbox_order_proceeds(out, order);
    }

    if (included & AMZSYNC_SANDBOX_FULFILLMENT) {
        amzsync_sandbox_order_fulfillment(out, order);
    }

    amzsync_sandbox_order_extra(out, order, included);

    amzsync_sandbox_open(out, "orderItems", '[');

    for (i = 0; i < order->nitems; i++) {
        amzsync_sandbox_item_json(out, order, &order->items[i], included,
                                  (i == 0) ? spoil : 0);
    }

    amzsync_sandbox_close(out, ']');
    amzsync_sandbox_close(out, '}');

    out->escape = 0;
}


static void
amzsync_sandbox_order_channel(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order)
{
    const amzsync_sandbox_marketplace_t  *marketplace;

    marketplace = &amzsync_sandbox_marketplaces[order->marketplace];

    amzsync_sandbox_open(out, "salesChannel", '{');
    amzsync_sandbox_cstr(out, "channelName", order->channel);
    amzsync_sandbox_cstr(out, "marketplaceId", marketplace->id);
    amzsync_sandbox_cstr(out, "marketplaceName",
                         order->named ? marketplace->name : NULL);
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_order_proceeds(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order)
{
    if (!order->proceeds) {
        return;
    }

    amzsync_sandbox_open(out, "proceeds", '{');

    if (order->totalled) {
        amzsync_sandbox_money(out, "grandTotal", order, order->total);
    }

    amzsync_sandbox_order_breakdowns(out, "breakdowns", order);
    amzsync_sandbox_close(out, '}');
}


void
amzsync_sandbox_order_breakdowns(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_order_t *order)
{
    ngx_uint_t  i;

    if (!order->breakdowns) {
        return;
    }

    amzsync_sandbox_open(out, key, '[');

    for (i = 0; i < AMZSYNC_SANDBOX_PARTS; i++) {
        if (order->parts[i]) {
            amzsync_sandbox_open(out, NULL, '{');
            amzsync_sandbox_cstr(out, "type", amzsync_sandbox_parts[i]);
            amzsync_sandbox_money(out, "subtotal", order, order->parts[i]);
            amzsync_sandbox_close(out, '}');
        }
    }

    if (order->tip) {
        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_cstr(out, "type", "DELIVERY_TIP");
        amzsync_sandbox_cstr(out, "status", "FINALIZED");
        amzsync_sandbox_money(out, "subtotal", order, order->tip);
        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_close(out, ']');
}


static void
amzsync_sandbox_order_fulfillment(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order)
{
    amzsync_sandbox_open(out, "fulfillment", '{');
    amzsync_sandbox_cstr(out, "fulfillmentStatus",
                         amzsync_sandbox_statuses[order->status]);

    if (order->fulfilled_by) {
        amzsync_sandbox_cstr(out, "fulfilledBy",
                             (order->fulfilled_by == AMZSYNC_SANDBOX_AMAZON)
                             ? "AMAZON" : "MERCHANT");
    }

    amzsync_sandbox_cstr(out, "fulfillmentServiceLevel",
                         order->service_level);
    amzsync_sandbox_window(out, "shipByWindow", order->ship);
    amzsync_sandbox_window(out, "deliverByWindow", order->deliver);
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_window(amzsync_sandbox_out_t *out, const char *key,
    const int64_t *window)
{
    if (window[0] == 0 && window[1] == 0) {
        return;
    }

    amzsync_sandbox_open(out, key, '{');

    if (window[0]) {
        amzsync_sandbox_time(out, "earliestDateTime", window[0]);
    }

    if (window[1]) {
        amzsync_sandbox_time(out, "latestDateTime", window[1]);
    }

    amzsync_sandbox_close(out, '}');
}


void
amzsync_sandbox_order_programs(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_order_t *order)
{
    ngx_uint_t  i;

    if (!order->programs) {
        return;
    }

    amzsync_sandbox_open(out, key, '[');

    for (i = 0; i < order->nprograms; i++) {
        amzsync_sandbox_cstr(out, NULL, amzsync_sandbox_programs[i]);
    }

    amzsync_sandbox_close(out, ']');
}


void
amzsync_sandbox_order_aliases(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_order_t *order)
{
    u_char      *last, buf[64];
    ngx_uint_t   i;

    if (!order->aliases) {
        return;
    }

    amzsync_sandbox_open(out, key, '[');

    for (i = 0; i < order->naliases; i++) {
        last = ngx_sprintf(buf, "注文/%uL-%ui", order->row, i);

        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_str(out, "aliasId", buf, last - buf);
        amzsync_sandbox_cstr(out, "aliasType", "SELLER_ORDER_ID");
        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_close(out, ']');
}


void
amzsync_sandbox_order_associated(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_order_t *order)
{
    char  id[24];

    if (!order->associated) {
        return;
    }

    amzsync_sandbox_open(out, key, '[');

    if (order->nassociated) {
        amzsync_sandbox_order_id(order->hash, order->row, id);

        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_cstr(out, "orderId", id);
        amzsync_sandbox_cstr(out, "associationType",
                             "REPLACEMENT_ORIGINAL_ID");
        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_close(out, ']');
}


static void
amzsync_sandbox_item_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, const amzsync_sandbox_item_t *item,
    ngx_uint_t included, ngx_uint_t spoil)
{
    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_cstr(out, "orderItemId", item->id);
    amzsync_sandbox_int(out, "quantityOrdered", item->quantity);
    amzsync_sandbox_item_programs(out, "programs", item);
    amzsync_sandbox_item_product(out, order, item, spoil);

    if (included & AMZSYNC_SANDBOX_PROCEEDS) {
        amzsync_sandbox_item_proceeds(out, order, item);
    }

    if (included & AMZSYNC_SANDBOX_FULFILLMENT) {
        amzsync_sandbox_item_fulfillment(out, item);
    }

    amzsync_sandbox_item_extra(out, order, item, included);

    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_item_product(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, const amzsync_sandbox_item_t *item,
    ngx_uint_t spoil)
{
    amzsync_sandbox_open(out, "product", '{');

    if (item->asin[0]) {
        amzsync_sandbox_cstr(out, "asin", item->asin);
    }

    if (spoil & AMZSYNC_SANDBOX_BAD_UTF8) {
        amzsync_sandbox_json(out, "title", AMZSYNC_SANDBOX_BAD_TEXT);

    } else if (item->title.data) {
        amzsync_sandbox_str(out, "title", item->title.data, item->title.len);
    }

    if (item->sku.data) {
        amzsync_sandbox_str(out, "sellerSku", item->sku.data, item->sku.len);
    }

    if (item->condition) {
        amzsync_sandbox_open(out, "condition", '{');
        amzsync_sandbox_cstr(out, "conditionType", item->condition);
        amzsync_sandbox_cstr(out, "conditionSubtype", item->subtype);
        amzsync_sandbox_cstr(out, "conditionNote", "");
        amzsync_sandbox_close(out, '}');
    }

    if (item->priced || item->designation) {
        amzsync_sandbox_open(out, "price", '{');

        if (item->priced) {
            amzsync_sandbox_money(out, "unitPrice", order, item->price);
        }

        amzsync_sandbox_cstr(out, "priceDesignation", item->designation);
        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_item_serials(out, "serialNumbers", item);
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_item_proceeds(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, const amzsync_sandbox_item_t *item)
{
    if (!item->proceeds) {
        return;
    }

    amzsync_sandbox_open(out, "proceeds", '{');

    if (item->totalled) {
        amzsync_sandbox_money(out, "proceedsTotal", order, item->total);
    }

    amzsync_sandbox_item_breakdowns(out, "breakdowns", order, item);
    amzsync_sandbox_close(out, '}');
}


void
amzsync_sandbox_item_breakdowns(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_order_t *order, const amzsync_sandbox_item_t *item)
{
    ngx_uint_t  i;

    if (!item->breakdowns) {
        return;
    }

    amzsync_sandbox_open(out, key, '[');

    for (i = 0; i < AMZSYNC_SANDBOX_PARTS; i++) {

        if (item->parts[i] == 0) {
            continue;
        }

        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_cstr(out, "type", amzsync_sandbox_parts[i]);
        amzsync_sandbox_money(out, "subtotal", order, item->parts[i]);

        if (i >= AMZSYNC_SANDBOX_PART_TAX && (item->hash & 1)) {
            amzsync_sandbox_item_details(out, order, item->parts[i]);
        }

        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_close(out, ']');
}


static void
amzsync_sandbox_item_details(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, int64_t amount)
{
    amzsync_sandbox_open(out, "detailedBreakdowns", '[');
    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_cstr(out, "subtype", "ITEM");
    amzsync_sandbox_money(out, "value", order, amount);
    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, ']');
}


static void
amzsync_sandbox_item_fulfillment(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_item_t *item)
{
    amzsync_sandbox_open(out, "fulfillment", '{');

    if (item->fulfilled >= 0) {
        amzsync_sandbox_int(out, "quantityFulfilled", item->fulfilled);
    }

    if (item->unfulfilled >= 0) {
        amzsync_sandbox_int(out, "quantityUnfulfilled", item->unfulfilled);
    }

    amzsync_sandbox_close(out, '}');
}


void
amzsync_sandbox_item_programs(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_item_t *item)
{
    if (!item->programs) {
        return;
    }

    amzsync_sandbox_open(out, key, '[');

    if (item->nprograms > 0) {
        amzsync_sandbox_cstr(out, NULL, "TRANSPARENCY");
    }

    if (item->nprograms > 1) {
        amzsync_sandbox_cstr(out, NULL, "SUBSCRIBE_AND_SAVE");
    }

    amzsync_sandbox_close(out, ']');
}


void
amzsync_sandbox_item_serials(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_item_t *item)
{
    u_char      *last, buf[64];
    ngx_uint_t   i;

    if (!item->serials) {
        return;
    }

    amzsync_sandbox_open(out, key, '[');

    for (i = 0; i < item->nserials; i++) {
        last = ngx_sprintf(buf, "SN\"%s\\%ui", item->id, i);
        amzsync_sandbox_str(out, NULL, buf, last - buf);
    }

    amzsync_sandbox_close(out, ']');
}
