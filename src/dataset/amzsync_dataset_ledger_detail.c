
/*
 * The inventory ledger: each event that changed what is in the warehouses.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_ledger_detail_columns[] = {
    { "line", NULL,
      AMZSYNC_BIGINT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_LINE },
    { "date", "Date",
      AMZSYNC_DATE, AMZSYNC_COLUMN_DAY },
    { "fnsku", "FNSKU",
      AMZSYNC_TEXT, 0 },
    { "asin", "ASIN",
      AMZSYNC_TEXT, 0 },
    { "msku", "MSKU",
      AMZSYNC_TEXT, 0 },
    { "title", "Title",
      AMZSYNC_TEXT, 0 },
    { "event_type", "Event Type",
      AMZSYNC_TEXT, 0 },
    { "reference_id", "Reference ID",
      AMZSYNC_TEXT, 0 },
    { "quantity", "Quantity",
      AMZSYNC_BIGINT, 0 },
    { "fulfillment_center", "Fulfillment Center",
      AMZSYNC_TEXT, 0 },
    { "disposition", "Disposition",
      AMZSYNC_TEXT, 0 },
    { "reason", "Reason",
      AMZSYNC_TEXT, 0 },
    { "country", "Country",
      AMZSYNC_TEXT, 0 },
    { "reconciled_quantity", "Reconciled Quantity",
      AMZSYNC_BIGINT, 0 },
    { "unreconciled_quantity", "Unreconciled Quantity",
      AMZSYNC_BIGINT, 0 },
    { "date_and_time", "Date and Time",
      AMZSYNC_TIME, 0 },
    { "store", "Store",
      AMZSYNC_TEXT, 0 },
    { "extra", NULL,
      AMZSYNC_JSON, AMZSYNC_COLUMN_EXTRA }
};


static const amzsync_rowset_t  amzsync_ledger_detail_rows = {
    "ledger_detail",
    NULL,
    amzsync_ledger_detail_columns,
    sizeof(amzsync_ledger_detail_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_report_t  amzsync_ledger_detail_report = {
    "GET_LEDGER_DETAIL_VIEW_DATA",
    NULL,
    30 * 60,
    0,
    NULL,
    0
};


const amzsync_dataset_t  amzsync_dataset_ledger_detail = {
    "ledger_detail",
    "Fetching the inventory ledger",
    AMZSYNC_CREATE_REPORT,
    NULL,
    NULL,
    0,
    0,
    AMZSYNC_UNIT_MARKETPLACES,
    AMZSYNC_DATASET_NAMED,

    548 * 24 * 3600,                /* 18 months */
    90 * 24 * 3600,
    28 * 24 * 3600,                 /* and a day before and after it */
    180,
    0,

    NULL,
    &amzsync_ledger_detail_rows,

    NULL,
    NULL,
    NULL,

    &amzsync_ledger_detail_report,
    NULL,
    NULL
};
