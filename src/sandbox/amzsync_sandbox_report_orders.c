
/*
 * The seller's orders, as searchOrders has them, by last-updated-date, a line
 * an item.  Where goods went is there, but nobody may keep it.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report.h>


typedef enum {
    AMZSYNC_SANDBOX_O_ID = 0,
    AMZSYNC_SANDBOX_O_PURCHASED,
    AMZSYNC_SANDBOX_O_UPDATED,
    AMZSYNC_SANDBOX_O_STATUS,
    AMZSYNC_SANDBOX_O_FULFILLED_BY,
    AMZSYNC_SANDBOX_O_SALES_CHANNEL,
    AMZSYNC_SANDBOX_O_EMPTY,
    AMZSYNC_SANDBOX_O_LEVEL,
    AMZSYNC_SANDBOX_O_TITLE,
    AMZSYNC_SANDBOX_O_SKU,
    AMZSYNC_SANDBOX_O_ASIN,
    AMZSYNC_SANDBOX_O_ITEM_STATUS,
    AMZSYNC_SANDBOX_O_QUANTITY,
    AMZSYNC_SANDBOX_O_CURRENCY,
    AMZSYNC_SANDBOX_O_PRICE,
    AMZSYNC_SANDBOX_O_TAX,
    AMZSYNC_SANDBOX_O_SHIPPING,
    AMZSYNC_SANDBOX_O_GIFT_WRAP,
    AMZSYNC_SANDBOX_O_DISCOUNT,
    AMZSYNC_SANDBOX_O_CITY,
    AMZSYNC_SANDBOX_O_STATE,
    AMZSYNC_SANDBOX_O_POSTAL_CODE,
    AMZSYNC_SANDBOX_O_COUNTRY,
    AMZSYNC_SANDBOX_O_PROMOTION,
    AMZSYNC_SANDBOX_O_BUSINESS,
    AMZSYNC_SANDBOX_O_DESIGNATION
} amzsync_sandbox_of_item_e;


static amzsync_sandbox_report_get(of_item);
static void amzsync_sandbox_of_item_text(
    const amzsync_sandbox_report_row_t *row, ngx_uint_t what,
    amzsync_sandbox_report_cell_t *cell);
static int64_t amzsync_sandbox_of_item_number(
    const amzsync_sandbox_report_row_t *row, ngx_uint_t what);
static int64_t amzsync_sandbox_part(const amzsync_sandbox_report_row_t *row,
    amzsync_sandbox_part_e part);


static const char *const  amzsync_sandbox_order_statuses[] = {
    "PendingAvailability", "Pending", "Unshipped", "PartiallyShipped",
    "Shipped", "Cancelled", "Unfulfillable"
};


static const amzsync_sandbox_report_column_t
    amzsync_sandbox_report_orders_columns[] =
{
    { "amazon-order-id", "amazon_order_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_ID },
    { "merchant-order-id", "merchant_order_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_ID },
    { "purchase-date", "purchase_date", AMZSYNC_SANDBOX_FORM_TIME,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_PURCHASED },
    { "last-updated-date", "last_updated_date", AMZSYNC_SANDBOX_FORM_TIME,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_UPDATED },
    { "order-status", "order_status", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_STATUS },
    { "fulfillment-channel", "fulfillment_channel", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_FULFILLED_BY },
    { "sales-channel", "sales_channel", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_SALES_CHANNEL },
    { "order-channel", "order_channel", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_EMPTY },
    { "ship-service-level", "ship_service_level", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_LEVEL },
    { "product-name", "product_name", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_TITLE },
    { "sku", "sku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_SKU },
    { "asin", "asin", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_ASIN },
    { "item-status", "item_status", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_ITEM_STATUS },
    { "quantity", "quantity", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_QUANTITY },
    { "currency", "currency", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_CURRENCY },
    { "item-price", "item_price", AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_PRICE },
    { "item-tax", "item_tax", AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_TAX },
    { "shipping-price", "shipping_price", AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_SHIPPING },
    { "shipping-tax", "shipping_tax", AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_EMPTY },
    { "gift-wrap-price", "gift_wrap_price", AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_GIFT_WRAP },
    { "gift-wrap-tax", "gift_wrap_tax", AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_EMPTY },
    { "item-promotion-discount", "item_promotion_discount",
      AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_DISCOUNT },
    { "ship-promotion-discount", "ship_promotion_discount",
      AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_EMPTY },
    { "ship-city", NULL, AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_CITY },
    { "ship-state", NULL, AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_STATE },
    { "ship-postal-code", NULL, AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_POSTAL_CODE },
    { "ship-country", NULL, AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_COUNTRY },
    { "promotion-ids", "promotion_ids", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_PROMOTION },
    { "is-business-order", "is_business_order", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_BUSINESS },
    { "purchase-order-number", "purchase_order_number",
      AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_EMPTY },
    { "price-designation", "price_designation", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_item, NULL, AMZSYNC_SANDBOX_O_DESIGNATION }
};


const amzsync_sandbox_report_t  amzsync_sandbox_report_orders = {
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
    "report_orders",
    AMZSYNC_SANDBOX_REPORT_ORDERS,
    0, 0,
    AMZSYNC_SANDBOX_REPORT_COLUMNS(amzsync_sandbox_report_orders_columns),
    NULL
};


static
amzsync_sandbox_report_get(of_item)
{
    if (column->form == AMZSYNC_SANDBOX_FORM_TEXT) {
        amzsync_sandbox_of_item_text(row, column->arg, cell);
        return;
    }

    amzsync_sandbox_report_number(cell,
        amzsync_sandbox_of_item_number(row, column->arg));
}


static void
amzsync_sandbox_of_item_text(const amzsync_sandbox_report_row_t *row,
    ngx_uint_t what, amzsync_sandbox_report_cell_t *cell)
{
    const amzsync_sandbox_item_t   *item;
    const amzsync_sandbox_order_t  *order;

    item = row->item;
    order = row->order;

    switch (what) {

    case AMZSYNC_SANDBOX_O_ID:
        amzsync_sandbox_report_cstr(cell, order->id);
        return;

    case AMZSYNC_SANDBOX_O_STATUS:
        amzsync_sandbox_report_cstr(cell,
                              amzsync_sandbox_order_statuses[order->status]);
        return;

    case AMZSYNC_SANDBOX_O_FULFILLED_BY:
        amzsync_sandbox_report_cstr(cell,
            (order->fulfilled_by == AMZSYNC_SANDBOX_AMAZON) ? "Amazon"
            : (order->fulfilled_by == AMZSYNC_SANDBOX_MERCHANT) ? "Merchant"
            : NULL);
        return;

    case AMZSYNC_SANDBOX_O_SALES_CHANNEL:
        amzsync_sandbox_report_cstr(cell,
            amzsync_sandbox_marketplaces[order->marketplace].name);
        return;

    case AMZSYNC_SANDBOX_O_LEVEL:
        amzsync_sandbox_report_cstr(cell, order->service_level);
        return;

    case AMZSYNC_SANDBOX_O_TITLE:
        amzsync_sandbox_report_text(cell, item->title.data, item->title.len);
        return;

    case AMZSYNC_SANDBOX_O_SKU:
        amzsync_sandbox_report_text(cell, item->sku.data, item->sku.len);
        return;

    case AMZSYNC_SANDBOX_O_ASIN:
        amzsync_sandbox_report_cstr(cell, item->asin);
        return;

    case AMZSYNC_SANDBOX_O_ITEM_STATUS:
        amzsync_sandbox_report_cstr(cell,
            (order->status == AMZSYNC_SANDBOX_CANCELLED) ? "Cancelled"
            : (item->fulfilled == item->quantity) ? "Shipped" : "Unshipped");
        return;

    case AMZSYNC_SANDBOX_O_CURRENCY:
        amzsync_sandbox_report_cstr(cell,
                                    item->priced ? order->currency : NULL);
        return;

    case AMZSYNC_SANDBOX_O_CITY:
        amzsync_sandbox_report_cstr(cell, "SEATTLE");
        return;

    case AMZSYNC_SANDBOX_O_STATE:
        amzsync_sandbox_report_cstr(cell, "WA");
        return;

    case AMZSYNC_SANDBOX_O_POSTAL_CODE:
        amzsync_sandbox_report_cstr(cell, "98109-5210");
        return;

    case AMZSYNC_SANDBOX_O_COUNTRY:
        amzsync_sandbox_report_cstr(cell,
            amzsync_sandbox_marketplaces[order->marketplace].country);
        return;

    case AMZSYNC_SANDBOX_O_PROMOTION:
        amzsync_sandbox_report_cstr(cell,
            item->parts[AMZSYNC_SANDBOX_PART_DISCOUNT]
            ? "US Core Free Shipping \"Promo\",A1" : NULL);
        return;

    case AMZSYNC_SANDBOX_O_BUSINESS:
        amzsync_sandbox_report_cstr(cell, item->designation ? "true"
                                                            : "false");
        return;

    case AMZSYNC_SANDBOX_O_DESIGNATION:
        amzsync_sandbox_report_cstr(cell,
                                    item->designation ? "Business Price"
                                                      : NULL);
        return;

    default: /* AMZSYNC_SANDBOX_O_EMPTY */
        return;
    }
}


static int64_t
amzsync_sandbox_of_item_number(const amzsync_sandbox_report_row_t *row,
    ngx_uint_t what)
{
    switch (what) {

    case AMZSYNC_SANDBOX_O_PURCHASED:
        return row->order->created;

    case AMZSYNC_SANDBOX_O_UPDATED:
        return row->order->updated;

    case AMZSYNC_SANDBOX_O_QUANTITY:
        return row->item->quantity;

    case AMZSYNC_SANDBOX_O_PRICE:
        return row->item->priced
               ? amzsync_sandbox_part(row, AMZSYNC_SANDBOX_PART_ITEM)
               : AMZSYNC_SANDBOX_REPORT_NONE;

    case AMZSYNC_SANDBOX_O_TAX:
        return amzsync_sandbox_part(row, AMZSYNC_SANDBOX_PART_TAX);

    case AMZSYNC_SANDBOX_O_SHIPPING:
        return amzsync_sandbox_part(row, AMZSYNC_SANDBOX_PART_SHIPPING);

    case AMZSYNC_SANDBOX_O_GIFT_WRAP:
        return amzsync_sandbox_part(row, AMZSYNC_SANDBOX_PART_GIFT_WRAP);

    case AMZSYNC_SANDBOX_O_DISCOUNT:
        return amzsync_sandbox_part(row, AMZSYNC_SANDBOX_PART_DISCOUNT);

    default: /* AMZSYNC_SANDBOX_O_EMPTY */
        return AMZSYNC_SANDBOX_REPORT_NONE;
    }
}


static int64_t
amzsync_sandbox_part(const amzsync_sandbox_report_row_t *row,
    amzsync_sandbox_part_e part)
{
    int64_t  amount;

    amount = row->item->parts[part];

    return (row->item->priced && amount) ? amount
                                         : AMZSYNC_SANDBOX_REPORT_NONE;
}
