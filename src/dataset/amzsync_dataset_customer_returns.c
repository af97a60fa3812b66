
/*
 * What customers sent back to Amazon's warehouses.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_customer_returns_columns[] = {
    { "line", NULL,
      AMZSYNC_BIGINT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_LINE },
    { "return_date", "return-date",
      AMZSYNC_TIME, 0 },
    { "order_id", "order-id",
      AMZSYNC_TEXT, 0 },
    { "sku", "sku",
      AMZSYNC_TEXT, 0 },
    { "asin", "asin",
      AMZSYNC_TEXT, 0 },
    { "fnsku", "fnsku",
      AMZSYNC_TEXT, 0 },
    { "product_name", "product-name",
      AMZSYNC_TEXT, 0 },
    { "quantity", "quantity",
      AMZSYNC_BIGINT, 0 },
    { "fulfillment_center_id", "fulfillment-center-id",
      AMZSYNC_TEXT, 0 },
    { "detailed_disposition", "detailed-disposition",
      AMZSYNC_TEXT, 0 },
    { "reason", "reason",
      AMZSYNC_TEXT, 0 },
    { "status", "status",
      AMZSYNC_TEXT, 0 },
    { "license_plate_number", "license-plate-number",
      AMZSYNC_TEXT, 0 },
    { "customer_comments", "customer-comments",
      AMZSYNC_TEXT, 0 },
    { "extra", NULL,
      AMZSYNC_JSON, AMZSYNC_COLUMN_EXTRA }
};


static const amzsync_rowset_t  amzsync_customer_returns_rows = {
    "customer_returns",
    NULL,
    amzsync_customer_returns_columns,
    sizeof(amzsync_customer_returns_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_report_t  amzsync_customer_returns_report = {
    "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
    NULL,
    4 * 3600,
    0,
    NULL,
    0
};


const amzsync_dataset_t  amzsync_dataset_customer_returns = {
    "customer_returns",
    "Fetching customer returns",
    AMZSYNC_CREATE_REPORT,
    NULL,
    NULL,
    0,
    0,
    AMZSYNC_UNIT_MARKETPLACES,
    AMZSYNC_DATASET_NAMED,

    548 * 24 * 3600,                /* 18 months */
    120 * 24 * 3600,
    30 * 24 * 3600,
    180,
    0,

    NULL,
    &amzsync_customer_returns_rows,

    NULL,
    NULL,
    NULL,

    &amzsync_customer_returns_report,
    NULL,
    NULL
};
