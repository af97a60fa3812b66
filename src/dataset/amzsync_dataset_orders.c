
/*
 * Orders with their items: searchOrders of the Orders API 2026-01-01.
 *
 * The operation answers neither status nor money unless asked for FULFILLMENT
 * and PROCEEDS.  BUYER and RECIPIENT are never asked for: this service keeps
 * no personal data.
 */


#include <dataset/amzsync_dataset.h>


extern const amzsync_dataset_t  amzsync_dataset_order_report;


static const amzsync_column_t  amzsync_order_items_columns[] = {
    { "order_item_id", "orderItemId",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_KEY },
    { "quantity_ordered", "quantityOrdered",
      AMZSYNC_BIGINT, 0 },
    { "quantity_fulfilled", "fulfillment.quantityFulfilled",
      AMZSYNC_BIGINT, 0 },
    { "quantity_unfulfilled", "fulfillment.quantityUnfulfilled",
      AMZSYNC_BIGINT, 0 },
    { "asin", "product.asin",
      AMZSYNC_TEXT, 0 },
    { "seller_sku", "product.sellerSku",
      AMZSYNC_TEXT, 0 },
    { "title", "product.title",
      AMZSYNC_TEXT, 0 },
    { "condition_type", "product.condition.conditionType",
      AMZSYNC_TEXT, 0 },
    { "condition_subtype", "product.condition.conditionSubtype",
      AMZSYNC_TEXT, 0 },
    { "unit_price", "product.price.unitPrice.amount",
      AMZSYNC_NUMERIC, 0 },
    { "unit_price_currency", "product.price.unitPrice.currencyCode",
      AMZSYNC_TEXT, 0 },
    { "price_designation", "product.price.priceDesignation",
      AMZSYNC_TEXT, 0 },
    { "proceeds_total", "proceeds.proceedsTotal.amount",
      AMZSYNC_NUMERIC, 0 },
    { "proceeds_currency", "proceeds.proceedsTotal.currencyCode",
      AMZSYNC_TEXT, 0 },
    { "proceeds_breakdowns", "proceeds.breakdowns",
      AMZSYNC_JSON, 0 },
    { "programs", "programs",
      AMZSYNC_JSON, 0 },
    { "serial_numbers", "product.serialNumbers",
      AMZSYNC_JSON, 0 }
};


static const amzsync_rowset_t  amzsync_order_items_rows = {
    "order_items",
    "orderItems",
    amzsync_order_items_columns,
    sizeof(amzsync_order_items_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_column_t  amzsync_orders_columns[] = {
    { "order_id", "orderId",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_KEY },
    { "created_time", "createdTime",
      AMZSYNC_TIME, 0 },
    { "last_updated_time", "lastUpdatedTime",
      AMZSYNC_TIME, AMZSYNC_COLUMN_NEWEST|AMZSYNC_COLUMN_REQUIRED },
    { "fulfillment_status", "fulfillment.fulfillmentStatus",
      AMZSYNC_TEXT, 0 },
    { "fulfilled_by", "fulfillment.fulfilledBy",
      AMZSYNC_TEXT, 0 },
    { "fulfillment_service_level", "fulfillment.fulfillmentServiceLevel",
      AMZSYNC_TEXT, 0 },
    { "ship_by_earliest", "fulfillment.shipByWindow.earliestDateTime",
      AMZSYNC_TIME, 0 },
    { "ship_by_latest", "fulfillment.shipByWindow.latestDateTime",
      AMZSYNC_TIME, 0 },
    { "deliver_by_earliest", "fulfillment.deliverByWindow.earliestDateTime",
      AMZSYNC_TIME, 0 },
    { "deliver_by_latest", "fulfillment.deliverByWindow.latestDateTime",
      AMZSYNC_TIME, 0 },
    { "channel_name", "salesChannel.channelName",
      AMZSYNC_TEXT, 0 },
    { "marketplace_id", "salesChannel.marketplaceId",
      AMZSYNC_TEXT, 0 },
    { "marketplace_name", "salesChannel.marketplaceName",
      AMZSYNC_TEXT, 0 },
    { "grand_total", "proceeds.grandTotal.amount",
      AMZSYNC_NUMERIC, 0 },
    { "currency", "proceeds.grandTotal.currencyCode",
      AMZSYNC_TEXT, 0 },
    { "proceeds_breakdowns", "proceeds.breakdowns",
      AMZSYNC_JSON, 0 },
    { "programs", "programs",
      AMZSYNC_JSON, 0 },
    { "order_aliases", "orderAliases",
      AMZSYNC_JSON, 0 },
    { "associated_orders", "associatedOrders",
      AMZSYNC_JSON, 0 }
};


static const amzsync_rowset_t  amzsync_orders_rows = {
    "orders",
    "orders",
    amzsync_orders_columns,
    sizeof(amzsync_orders_columns) / sizeof(amzsync_column_t),
    &amzsync_order_items_rows
};


static const amzsync_param_t  amzsync_orders_params[] = {
    { "lastUpdatedAfter", AMZSYNC_PARAM_FROM, NULL },
    { "lastUpdatedBefore", AMZSYNC_PARAM_TO, NULL },
    { "marketplaceIds", AMZSYNC_PARAM_MARKETPLACES, NULL },
    { "includedData", AMZSYNC_PARAM_CONST, "FULFILLMENT,PROCEEDS" },
    { "maxResultsPerPage", AMZSYNC_PARAM_PAGE_SIZE, NULL },
    { "paginationToken", AMZSYNC_PARAM_TOKEN, NULL }
};


const amzsync_dataset_t  amzsync_dataset_orders = {
    "orders",
    "Fetching orders",
    AMZSYNC_SEARCH_ORDERS,
    "/orders/2026-01-01/orders",
    amzsync_orders_params,
    sizeof(amzsync_orders_params) / sizeof(amzsync_param_t),
    100,
    AMZSYNC_UNIT_MARKETPLACES,
    0,

    365 * 24 * 3600,
    600,
    0,
    150,                            /* Amazon asks for two minutes */
    0,                              /* a day */

    "pagination.nextToken",
    &amzsync_orders_rows,

    NULL,
    NULL,
    NULL,

    NULL,
    NULL,
    &amzsync_dataset_order_report
};
