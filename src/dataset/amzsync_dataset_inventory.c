
/*
 * The inventory in Amazon's warehouses: getInventorySummaries of the FBA
 * Inventory API, a marketplace a call.
 *
 * Changes alone (startDateTime) would miss inbound quantities, so that each
 * sync takes a full snapshot.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_inventory_columns[] = {
    { "seller_sku", "sellerSku",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_OPTIONAL },
    { "fn_sku", "fnSku",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_OPTIONAL },
    { "condition", "condition",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_OPTIONAL },
    { "asin", "asin",
      AMZSYNC_TEXT, 0 },
    { "product_name", "productName",
      AMZSYNC_TEXT, 0 },
    { "last_updated_time", "lastUpdatedTime",
      AMZSYNC_TIME, 0 },
    { "total_quantity", "totalQuantity",
      AMZSYNC_BIGINT, 0 },
    { "fulfillable_quantity", "inventoryDetails.fulfillableQuantity",
      AMZSYNC_BIGINT, 0 },
    { "inbound_working_quantity", "inventoryDetails.inboundWorkingQuantity",
      AMZSYNC_BIGINT, 0 },
    { "inbound_shipped_quantity", "inventoryDetails.inboundShippedQuantity",
      AMZSYNC_BIGINT, 0 },
    { "inbound_receiving_quantity",
      "inventoryDetails.inboundReceivingQuantity",
      AMZSYNC_BIGINT, 0 },
    { "reserved_quantity",
      "inventoryDetails.reservedQuantity.totalReservedQuantity",
      AMZSYNC_BIGINT, 0 },
    { "reserved_customer_order_quantity",
      "inventoryDetails.reservedQuantity.pendingCustomerOrderQuantity",
      AMZSYNC_BIGINT, 0 },
    { "reserved_transshipment_quantity",
      "inventoryDetails.reservedQuantity.pendingTransshipmentQuantity",
      AMZSYNC_BIGINT, 0 },
    { "reserved_fc_processing_quantity",
      "inventoryDetails.reservedQuantity.fcProcessingQuantity",
      AMZSYNC_BIGINT, 0 },
    { "researching_quantity",
      "inventoryDetails.researchingQuantity.totalResearchingQuantity",
      AMZSYNC_BIGINT, 0 },
    { "researching_breakdown",
      "inventoryDetails.researchingQuantity.researchingQuantityBreakdown",
      AMZSYNC_JSON, 0 },
    { "unfulfillable_quantity",
      "inventoryDetails.unfulfillableQuantity.totalUnfulfillableQuantity",
      AMZSYNC_BIGINT, 0 },
    { "unfulfillable_customer_damaged_quantity",
      "inventoryDetails.unfulfillableQuantity.customerDamagedQuantity",
      AMZSYNC_BIGINT, 0 },
    { "unfulfillable_warehouse_damaged_quantity",
      "inventoryDetails.unfulfillableQuantity.warehouseDamagedQuantity",
      AMZSYNC_BIGINT, 0 },
    { "unfulfillable_distributor_damaged_quantity",
      "inventoryDetails.unfulfillableQuantity.distributorDamagedQuantity",
      AMZSYNC_BIGINT, 0 },
    { "unfulfillable_carrier_damaged_quantity",
      "inventoryDetails.unfulfillableQuantity.carrierDamagedQuantity",
      AMZSYNC_BIGINT, 0 },
    { "unfulfillable_defective_quantity",
      "inventoryDetails.unfulfillableQuantity.defectiveQuantity",
      AMZSYNC_BIGINT, 0 },
    { "unfulfillable_expired_quantity",
      "inventoryDetails.unfulfillableQuantity.expiredQuantity",
      AMZSYNC_BIGINT, 0 },
    { "stores", "stores",
      AMZSYNC_JSON, 0 }
};


static const amzsync_rowset_t  amzsync_inventory_rows = {
    "inventory",
    "payload.inventorySummaries",
    amzsync_inventory_columns,
    sizeof(amzsync_inventory_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_param_t  amzsync_inventory_params[] = {
    { "details", AMZSYNC_PARAM_CONST, "true" },
    { "granularityType", AMZSYNC_PARAM_CONST, "Marketplace" },
    { "granularityId", AMZSYNC_PARAM_MARKETPLACES, NULL },
    { "marketplaceIds", AMZSYNC_PARAM_MARKETPLACES, NULL },
    { "nextToken", AMZSYNC_PARAM_TOKEN, NULL }
};


const amzsync_dataset_t  amzsync_dataset_inventory = {
    "inventory",
    "Fetching inventory",
    AMZSYNC_GET_INVENTORY,
    "/fba/inventory/v1/summaries",
    amzsync_inventory_params,
    sizeof(amzsync_inventory_params) / sizeof(amzsync_param_t),
    0,
    AMZSYNC_UNIT_MARKETPLACE,
    AMZSYNC_DATASET_SNAPSHOT,

    0,
    0,
    0,
    0,
    30,

    "pagination.nextToken",
    &amzsync_inventory_rows,

    NULL,
    NULL,
    NULL,

    NULL,
    NULL,
    NULL
};
