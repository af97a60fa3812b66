
/*
 * The inventory ledger: each event that changed what is in the warehouses.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_ledger_detail_columns[] = {
    { "line", NULL,
      AMZSYNC_BIGINT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_LINE },
    { "event_date", "Date",
      AMZSYNC_TIME, 0 },
    { "event_time", "Date and Time",
      AMZSYNC_TIME, 0 },
    { "fnsku", "fnsku",
      AMZSYNC_TEXT, 0 },
    { "asin", "asin",
      AMZSYNC_TEXT, 0 },
    { "msku", "MSKU|SKU",
      AMZSYNC_TEXT, 0 },
    { "title", "title",
      AMZSYNC_TEXT, 0 },
    { "event_type", "event-type",
      AMZSYNC_TEXT, 0 },
    { "reference_id", "reference-id",
      AMZSYNC_TEXT, 0 },
    { "quantity", "quantity",
      AMZSYNC_BIGINT, 0 },
    { "fulfillment_center", "fulfillment-center",
      AMZSYNC_TEXT, 0 },
    { "disposition", "disposition",
      AMZSYNC_TEXT, 0 },
    { "reason", "reason",
      AMZSYNC_TEXT, 0 },
    { "country", "country",
      AMZSYNC_TEXT, 0 },
    { "reconciled_quantity", "reconciled-quantity",
      AMZSYNC_BIGINT, 0 },
    { "unreconciled_quantity", "unreconciled-quantity",
      AMZSYNC_BIGINT, 0 },
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
    4 * 3600
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
    0,

    548 * 24 * 3600,                /* 18 months */
    90 * 24 * 3600,
    30 * 24 * 3600,
    180,
    0,

    NULL,
    &amzsync_ledger_detail_rows,

    NULL,
    NULL,
    NULL,

    &amzsync_ledger_detail_report
};
