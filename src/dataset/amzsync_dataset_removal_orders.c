
/*
 * Orders to send goods back from the warehouses, or to dispose of them.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_removal_orders_columns[] = {
    { "line", NULL,
      AMZSYNC_BIGINT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_LINE },
    { "request_date", "request-date",
      AMZSYNC_TIME, 0 },
    { "order_id", "order-id",
      AMZSYNC_TEXT, 0 },
    { "order_type", "order-type",
      AMZSYNC_TEXT, 0 },
    { "service_speed", "service-speed",
      AMZSYNC_TEXT, 0 },
    { "order_status", "order-status",
      AMZSYNC_TEXT, 0 },
    { "last_updated_date", "last-updated-date",
      AMZSYNC_TIME, 0 },
    { "sku", "sku",
      AMZSYNC_TEXT, 0 },
    { "fnsku", "fnsku",
      AMZSYNC_TEXT, 0 },
    { "disposition", "disposition",
      AMZSYNC_TEXT, 0 },
    { "requested_quantity", "requested-quantity",
      AMZSYNC_BIGINT, 0 },
    { "cancelled_quantity", "cancelled-quantity",
      AMZSYNC_BIGINT, 0 },
    { "disposed_quantity", "disposed-quantity",
      AMZSYNC_BIGINT, 0 },
    { "shipped_quantity", "shipped-quantity",
      AMZSYNC_BIGINT, 0 },
    { "in_process_quantity", "in-process-quantity",
      AMZSYNC_BIGINT, 0 },
    { "removal_fee", "removal-fee",
      AMZSYNC_NUMERIC, 0 },
    { "currency", "currency",
      AMZSYNC_TEXT, 0 },
    { "extra", NULL,
      AMZSYNC_JSON, AMZSYNC_COLUMN_EXTRA }
};


static const amzsync_rowset_t  amzsync_removal_orders_rows = {
    "removal_orders",
    NULL,
    amzsync_removal_orders_columns,
    sizeof(amzsync_removal_orders_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_report_t  amzsync_removal_orders_report = {
    "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA",
    NULL,
    30 * 60,
    0,
    NULL,
    0
};


const amzsync_dataset_t  amzsync_dataset_removal_orders = {
    "removal_orders",
    "Fetching removal orders",
    AMZSYNC_CREATE_REPORT,
    NULL,
    NULL,
    0,
    0,
    AMZSYNC_UNIT_REGION,
    AMZSYNC_DATASET_NAMED,

    548 * 24 * 3600,                /* 18 months */
    90 * 24 * 3600,
    30 * 24 * 3600,
    180,
    0,

    NULL,
    &amzsync_removal_orders_rows,

    NULL,
    NULL,
    NULL,

    &amzsync_removal_orders_report,
    NULL,
    NULL
};
