
/*
 * What shipments to Amazon's warehouses hold: getShipmentItemsByShipmentId of
 * the Fulfillment Inbound API v0, a shipment a call, and for more of its pages
 * getShipmentItems.
 *
 * Quantities change without the shipment's last update: the items of every open
 * shipment are read again in each sync, and once more when it has been closed.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_inbound_items_columns[] = {
    { "seller_sku", "SellerSKU",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_OPTIONAL },
    { "fulfillment_network_sku", "FulfillmentNetworkSKU",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_OPTIONAL },
    { "quantity_shipped", "QuantityShipped",
      AMZSYNC_BIGINT, 0 },
    { "quantity_received", "QuantityReceived",
      AMZSYNC_BIGINT, AMZSYNC_COLUMN_TRACKED },
    { "quantity_in_case", "QuantityInCase",
      AMZSYNC_BIGINT, 0 },
    { "release_date", "ReleaseDate",
      AMZSYNC_TEXT, 0 },
    { "prep_details_list", "PrepDetailsList",
      AMZSYNC_JSON, 0 }
};


static const amzsync_rowset_t  amzsync_inbound_items_rows = {
    "inbound_items",
    "payload.ItemData",
    amzsync_inbound_items_columns,
    sizeof(amzsync_inbound_items_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_param_t  amzsync_inbound_items_params[] = {
    { "QueryType", AMZSYNC_PARAM_CONST|AMZSYNC_PARAM_NEXT, "NEXT_TOKEN" },
    { "MarketplaceId", AMZSYNC_PARAM_MARKETPLACES, NULL },
    { "NextToken", AMZSYNC_PARAM_TOKEN, NULL }
};


static const amzsync_each_t  amzsync_inbound_items_each = {
    "inbound_shipments",
    "inbound_shipments",
    "shipment_id",
    "shipment_status",
    "'CLOSED', 'CANCELLED', 'DELETED', 'ERROR'",
    "items_status",

    "/fba/inbound/v0/shipmentItems",
    AMZSYNC_GET_ITEMS
};


const amzsync_dataset_t  amzsync_dataset_inbound_items = {
    "inbound_items",
    "Fetching items of inbound shipments",
    AMZSYNC_GET_ITEMS_OF_SHIPMENT,
    "/fba/inbound/v0/shipments/{id}/items",
    amzsync_inbound_items_params,
    sizeof(amzsync_inbound_items_params) / sizeof(amzsync_param_t),
    0,
    AMZSYNC_UNIT_EACH,
    AMZSYNC_DATASET_NAMED|AMZSYNC_DATASET_SNAPSHOT,

    0,
    0,
    0,
    0,
    0,

    "payload.NextToken",
    &amzsync_inbound_items_rows,

    NULL,
    NULL,
    NULL,

    NULL,
    &amzsync_inbound_items_each,
    NULL
};
