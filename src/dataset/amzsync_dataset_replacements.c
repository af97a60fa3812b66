
/*
 * What was sent to customers in place of something else.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_replacements_columns[] = {
    { "line", NULL,
      AMZSYNC_BIGINT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_LINE },
    { "shipment_date", "shipment-date",
      AMZSYNC_TIME, 0 },
    { "sku", "sku",
      AMZSYNC_TEXT, 0 },
    { "asin", "asin",
      AMZSYNC_TEXT, 0 },
    { "fulfillment_center_id", "fulfillment-center-id",
      AMZSYNC_TEXT, 0 },
    { "original_fulfillment_center_id", "original-fulfillment-center-id",
      AMZSYNC_TEXT, 0 },
    { "quantity", "quantity",
      AMZSYNC_BIGINT, 0 },
    { "replacement_reason_code", "replacement-reason-code",
      AMZSYNC_TEXT, 0 },
    { "replacement_amazon_order_id", "replacement-amazon-order-id",
      AMZSYNC_TEXT, 0 },
    { "original_amazon_order_id", "original-amazon-order-id",
      AMZSYNC_TEXT, 0 },
    { "extra", NULL,
      AMZSYNC_JSON, AMZSYNC_COLUMN_EXTRA }
};


static const amzsync_rowset_t  amzsync_replacements_rows = {
    "replacements",
    NULL,
    amzsync_replacements_columns,
    sizeof(amzsync_replacements_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_report_t  amzsync_replacements_report = {
    "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA",
    NULL,
    4 * 3600,
    0,
    NULL,
    0
};


const amzsync_dataset_t  amzsync_dataset_replacements = {
    "replacements",
    "Fetching replacements",
    AMZSYNC_CREATE_REPORT,
    NULL,
    NULL,
    0,
    0,
    AMZSYNC_UNIT_MARKETPLACES,
    AMZSYNC_DATASET_NAMED,

    548 * 24 * 3600,                /* 18 months */
    30 * 24 * 3600,
    30 * 24 * 3600,
    180,
    0,

    NULL,
    &amzsync_replacements_rows,

    NULL,
    NULL,
    NULL,

    &amzsync_replacements_report,
    NULL,
    NULL
};
