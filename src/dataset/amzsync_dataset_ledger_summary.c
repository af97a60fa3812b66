
/*
 * The inventory ledger, a day a line: what was there, came and went.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_ledger_summary_columns[] = {
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
    { "disposition", "Disposition",
      AMZSYNC_TEXT, 0 },
    { "starting_warehouse_balance", "Starting Warehouse Balance",
      AMZSYNC_BIGINT, 0 },
    { "in_transit_between_warehouses", "In Transit Between Warehouses",
      AMZSYNC_BIGINT, 0 },
    { "receipts", "Receipts",
      AMZSYNC_BIGINT, 0 },
    { "customer_shipments", "Customer Shipments",
      AMZSYNC_BIGINT, 0 },
    { "customer_returns", "Customer Returns",
      AMZSYNC_BIGINT, 0 },
    { "vendor_returns", "Vendor Returns",
      AMZSYNC_BIGINT, 0 },
    { "warehouse_transfer_in_out", "Warehouse Transfer In/Out",
      AMZSYNC_BIGINT, 0 },
    { "found", "Found",
      AMZSYNC_BIGINT, 0 },
    { "lost", "Lost",
      AMZSYNC_BIGINT, 0 },
    { "damaged", "Damaged",
      AMZSYNC_BIGINT, 0 },
    { "disposed", "Disposed",
      AMZSYNC_BIGINT, 0 },
    { "other_events", "Other Events",
      AMZSYNC_BIGINT, 0 },
    { "ending_warehouse_balance", "Ending Warehouse Balance",
      AMZSYNC_BIGINT, 0 },
    { "unknown_events", "Unknown Events",
      AMZSYNC_BIGINT, 0 },
    { "location", "Location",
      AMZSYNC_TEXT, 0 },
    { "store", "Store",
      AMZSYNC_TEXT, 0 },
    { "extra", NULL,
      AMZSYNC_JSON, AMZSYNC_COLUMN_EXTRA }
};


static const amzsync_rowset_t  amzsync_ledger_summary_rows = {
    "ledger_summary",
    NULL,
    amzsync_ledger_summary_columns,
    sizeof(amzsync_ledger_summary_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_report_t  amzsync_ledger_summary_report = {
    "GET_LEDGER_SUMMARY_VIEW_DATA",
    "{\"aggregateByLocation\":\"COUNTRY\","
    "\"aggregatedByTimePeriod\":\"DAILY\"}",
    30 * 60,
    0,
    NULL,
    0
};


const amzsync_dataset_t  amzsync_dataset_ledger_summary = {
    "ledger_summary",
    "Fetching the inventory ledger by day",
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
    &amzsync_ledger_summary_rows,

    NULL,
    NULL,
    NULL,

    &amzsync_ledger_summary_report,
    NULL,
    NULL
};
