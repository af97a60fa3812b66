
/*
 * Orders by report, where searchOrders would take too long: a line an item.
 *
 * It has neither ids of items nor what searchOrders says of proceeds; whatever
 * searchOrders answers later takes its place.  Who bought, and where an order
 * was sent to, is read over, and so is what nobody here knows: this service
 * keeps no personal data.
 */


#include <dataset/amzsync_dataset.h>


/* Those of the order, which are the same in all of its lines, come first. */

static const amzsync_column_t  amzsync_order_report_columns[] = {
    { "order_id", "amazon-order-id|order-id",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_KEY },
    { "created_time", "purchase-date",
      AMZSYNC_TIME, 0 },
    { "last_updated_time", "last-updated-date",
      AMZSYNC_TIME, AMZSYNC_COLUMN_REQUIRED },
    { "fulfillment_status", "order-status",
      AMZSYNC_ENUM, 0 },
    { "fulfilled_by", "fulfillment-channel",
      AMZSYNC_ENUM, 0 },
    { "fulfillment_service_level", "ship-service-level",
      AMZSYNC_ENUM, 0 },
    { "marketplace_name", "sales-channel",
      AMZSYNC_TEXT, 0 },

    { "line", NULL,
      AMZSYNC_BIGINT, AMZSYNC_COLUMN_LINE },
    { "title", "product-name",
      AMZSYNC_TEXT, 0 },
    { "seller_sku", "sku",
      AMZSYNC_TEXT, 0 },
    { "asin", "asin",
      AMZSYNC_TEXT, 0 },
    { "item_status", "item-status",
      AMZSYNC_TEXT, 0 },
    { "quantity_ordered", "quantity",
      AMZSYNC_BIGINT, 0 },
    { "unit_price_currency", "currency",
      AMZSYNC_TEXT, 0 },
    { "item_price", "item-price",
      AMZSYNC_NUMERIC, 0 },
    { "item_tax", "item-tax",
      AMZSYNC_NUMERIC, 0 },
    { "shipping_price", "shipping-price",
      AMZSYNC_NUMERIC, 0 },
    { "shipping_tax", "shipping-tax",
      AMZSYNC_NUMERIC, 0 },
    { "gift_wrap_price", "gift-wrap-price",
      AMZSYNC_NUMERIC, 0 },
    { "gift_wrap_tax", "gift-wrap-tax",
      AMZSYNC_NUMERIC, 0 },
    { "item_discount", "item-promotion-discount",
      AMZSYNC_NUMERIC, 0 },
    { "shipping_discount", "ship-promotion-discount",
      AMZSYNC_NUMERIC, 0 },
    { "price_designation", "price-designation",
      AMZSYNC_TEXT, 0 },
    { "extra", NULL,
      AMZSYNC_JSON, AMZSYNC_COLUMN_EXTRA }
};


static const amzsync_rowset_t  amzsync_order_report_rows = {
    "orders",
    NULL,
    amzsync_order_report_columns,
    sizeof(amzsync_order_report_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_report_t  amzsync_order_report = {
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
    NULL,
    0,                              /* Amazon makes it as often as asked for */
    0,
    "merchant-order-id|order-channel|promotion-ids|is-business-order"
    "|is-sold-by-ab|signature-confirmation-recommended|fulfilled-by"
    "|is-replacement-order|is-transparency|default-ship-from-country",
    6 * 3600
};


const amzsync_dataset_t  amzsync_dataset_order_report = {
    "orders",
    "Fetching older orders by report",
    AMZSYNC_CREATE_REPORT,
    NULL,
    NULL,
    0,
    0,
    AMZSYNC_UNIT_MARKETPLACES,
    0,

    365 * 24 * 3600,
    0,
    30 * 24 * 3600,
    0,
    0,

    NULL,
    &amzsync_order_report_rows,

    NULL,
    NULL,
    NULL,

    &amzsync_order_report,
    NULL,
    NULL
};
