
/*
 * What Amazon paid for goods that it lost or damaged.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_reimbursements_columns[] = {
    { "line", NULL,
      AMZSYNC_BIGINT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_LINE },
    { "approval_date", "approval-date",
      AMZSYNC_TIME, 0 },
    { "reimbursement_id", "reimbursement-id",
      AMZSYNC_TEXT, 0 },
    { "case_id", "case-id",
      AMZSYNC_TEXT, 0 },
    { "amazon_order_id", "amazon-order-id",
      AMZSYNC_TEXT, 0 },
    { "reason", "reason",
      AMZSYNC_TEXT, 0 },
    { "sku", "sku",
      AMZSYNC_TEXT, 0 },
    { "fnsku", "fnsku",
      AMZSYNC_TEXT, 0 },
    { "asin", "asin",
      AMZSYNC_TEXT, 0 },
    { "product_name", "product-name",
      AMZSYNC_TEXT, 0 },
    { "condition", "condition",
      AMZSYNC_TEXT, 0 },
    { "currency_unit", "currency-unit",
      AMZSYNC_TEXT, 0 },
    { "amount_per_unit", "amount-per-unit",
      AMZSYNC_NUMERIC, 0 },
    { "amount_total", "amount-total",
      AMZSYNC_NUMERIC, 0 },
    { "quantity_reimbursed_cash", "quantity-reimbursed-cash",
      AMZSYNC_BIGINT, 0 },
    { "quantity_reimbursed_inventory", "quantity-reimbursed-inventory",
      AMZSYNC_BIGINT, 0 },
    { "quantity_reimbursed_total", "quantity-reimbursed-total",
      AMZSYNC_BIGINT, 0 },
    { "original_reimbursement_id", "original-reimbursement-id",
      AMZSYNC_TEXT, 0 },
    { "original_reimbursement_type", "original-reimbursement-type",
      AMZSYNC_TEXT, 0 },
    { "extra", NULL,
      AMZSYNC_JSON, AMZSYNC_COLUMN_EXTRA }
};


static const amzsync_rowset_t  amzsync_reimbursements_rows = {
    "reimbursements",
    NULL,
    amzsync_reimbursements_columns,
    sizeof(amzsync_reimbursements_columns) / sizeof(amzsync_column_t),
    NULL
};


static const amzsync_report_t  amzsync_reimbursements_report = {
    "GET_FBA_REIMBURSEMENTS_DATA",
    NULL,
    4 * 3600,
    0,
    NULL,
    0
};


const amzsync_dataset_t  amzsync_dataset_reimbursements = {
    "reimbursements",
    "Fetching reimbursements",
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
    &amzsync_reimbursements_rows,

    NULL,
    NULL,
    NULL,

    &amzsync_reimbursements_report,
    NULL,
    NULL
};
