
/*
 * What left Amazon's warehouses by removal orders.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_removal_shipments_columns[] = {
    { "line", NULL,
      AMZSYNC_BIGINT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_LINE },
    { "request_date", "request-date",
      AMZSYNC_TIME, 0 },
    { "order_id", "order-id",
      AMZSYNC_TEXT, 0 },
    { "shipment_date", "shipment-date",
      AMZSYNC_TIME, 0 },
    { "sku", "sku",
      AMZSYNC_TEXT, 0 },
    { "fnsku", "fnsku",
      AMZSYNC_TEXT, 0 },
    { "disposition", "disposition",
      AMZSYNC_TEXT, 0 },
    { "shipped_quantity", "shipped-quantity",
      AMZSYNC_BIGINT, 0 },
    { "carrier", "carrier",
      AMZSYNC_TEXT, 0 },
    { "tracking_number", "tracking-number",
      AMZSYNC_TEXT, 0 },
    { "removal_order_type", "removal-order-type",
      AMZSYNC_TEXT, 0 },
    { "extra", NULL,
      AMZSYNC_JSON, AMZSYNC_COLUMN_EXTRA }
};


static const amzsync_rowset_t  amzsync_removal_shipments_rows = {
    "removal_shipments",
    NULL,
    amzsync_removal_shipments_columns,
    sizeof(amzsync_removal_shipments_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_report_t  amzsync_removal_shipments_report = {
    "GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA",
    NULL,
    30 * 60,
    0,
    NULL,
    0
};


const amzsync_dataset_t  amzsync_dataset_removal_shipments = {
    "removal_shipments",
    "Fetching removal shipments",
    AMZSYNC_CREATE_REPORT,
    NULL,
    NULL,
    0,
    0,
    AMZSYNC_UNIT_REGION,
    AMZSYNC_DATASET_NAMED,

    548 * 24 * 3600,                /* 18 months */
    30 * 24 * 3600,
    30 * 24 * 3600,
    180,
    0,

    NULL,
    &amzsync_removal_shipments_rows,

    NULL,
    NULL,
    NULL,

    &amzsync_removal_shipments_report,
    NULL,
    NULL
};
