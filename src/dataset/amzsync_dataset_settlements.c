
/*
 * What Amazon has settled with the seller, line by line: it makes these reports
 * by itself, for sellers in Europe with decimal commas here and points there.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_settlements_columns[] = {
    { "line", NULL,
      AMZSYNC_BIGINT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_LINE },
    { "settlement_id", "settlement-id",
      AMZSYNC_TEXT, 0 },
    { "settlement_start_date", "settlement-start-date",
      AMZSYNC_TIME, 0 },
    { "settlement_end_date", "settlement-end-date",
      AMZSYNC_TIME, 0 },
    { "deposit_date", "deposit-date",
      AMZSYNC_TIME, 0 },
    { "total_amount", "total-amount",
      AMZSYNC_NUMERIC, AMZSYNC_COLUMN_COMMA },
    { "currency", "currency",
      AMZSYNC_TEXT, 0 },
    { "transaction_type", "transaction-type",
      AMZSYNC_TEXT, 0 },
    { "order_id", "order-id",
      AMZSYNC_TEXT, 0 },
    { "merchant_order_id", "merchant-order-id",
      AMZSYNC_TEXT, 0 },
    { "adjustment_id", "adjustment-id",
      AMZSYNC_TEXT, 0 },
    { "shipment_id", "shipment-id",
      AMZSYNC_TEXT, 0 },
    { "marketplace_name", "marketplace-name",
      AMZSYNC_TEXT, 0 },
    { "amount_type", "amount-type",
      AMZSYNC_TEXT, 0 },
    { "amount_description", "amount-description",
      AMZSYNC_TEXT, 0 },
    { "amount", "amount",
      AMZSYNC_NUMERIC, AMZSYNC_COLUMN_COMMA },
    { "fulfillment_id", "fulfillment-id",
      AMZSYNC_TEXT, 0 },
    { "posted_date", "posted-date",
      AMZSYNC_DATE, 0 },
    { "posted_date_time", "posted-date-time",
      AMZSYNC_TIME, 0 },
    { "order_item_code", "order-item-code",
      AMZSYNC_TEXT, 0 },
    { "merchant_order_item_id", "merchant-order-item-id",
      AMZSYNC_TEXT, 0 },
    { "merchant_adjustment_item_id", "merchant-adjustment-item-id",
      AMZSYNC_TEXT, 0 },
    { "sku", "sku",
      AMZSYNC_TEXT, 0 },
    { "quantity_purchased", "quantity-purchased",
      AMZSYNC_BIGINT, 0 },
    { "extra", NULL,
      AMZSYNC_JSON, AMZSYNC_COLUMN_EXTRA }
};


static const amzsync_rowset_t  amzsync_settlements_rows = {
    "settlements",
    NULL,
    amzsync_settlements_columns,
    sizeof(amzsync_settlements_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_report_t  amzsync_settlements_report = {
    "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
    NULL,
    0,
    1,
    NULL,
    0
};


const amzsync_dataset_t  amzsync_dataset_settlements = {
    "settlements",
    "Fetching settlements",
    AMZSYNC_GET_REPORTS,
    NULL,
    NULL,
    0,
    0,
    AMZSYNC_UNIT_SELLER,
    AMZSYNC_DATASET_NAMED,

    89 * 24 * 3600,                 /* Amazon lists 90 days */
    24 * 3600,
    0,
    180,
    0,

    NULL,
    &amzsync_settlements_rows,

    NULL,
    NULL,
    NULL,

    &amzsync_settlements_report,
    NULL,
    NULL
};
