
/*
 * What Amazon paid for what it lost, and took back when it was found.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report.h>


typedef enum {
    AMZSYNC_SANDBOX_N_REASON = 0,
    AMZSYNC_SANDBOX_N_UNIT,
    AMZSYNC_SANDBOX_N_TOTAL,
    AMZSYNC_SANDBOX_N_CASH,
    AMZSYNC_SANDBOX_N_INVENTORY,
    AMZSYNC_SANDBOX_N_QUANTITY,
    AMZSYNC_SANDBOX_N_ORIGINAL
} amzsync_sandbox_number_e;


#define AMZSYNC_SANDBOX_REVERSAL  6


static void amzsync_sandbox_reimbursements_fill(
    amzsync_sandbox_report_row_t *row);
static amzsync_sandbox_report_get(case);
static amzsync_sandbox_report_get(original);


static const char *const  amzsync_sandbox_reimbursement_reasons[] = {
    "Lost_Warehouse", "Damaged_Warehouse", "CustomerReturn", "Lost_Inbound",
    "CustomerServiceIssue", "Damaged_Outbound", "Reimbursement_Reversal"
};


static const char *const  amzsync_sandbox_reimbursement_conditions[] = {
    "Sellable", "DamagedByFC", "Customer Damaged", "Defective", "", NULL
};


static const char *const  amzsync_sandbox_reimbursement_extras[] = {
    "", "new in 2026", "caf\303\251 \"quoted\"", "0", NULL
};


static const amzsync_sandbox_report_column_t
    amzsync_sandbox_reimbursements_columns[] =
{
    { "approval-date", "approval_date", AMZSYNC_SANDBOX_FORM_TIME,
      amzsync_sandbox_get_date, NULL, 0 },
    { "reimbursement-id", "reimbursement_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_id, "", 0 },
    { "case-id", "case_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_case, NULL, 0 },
    { "amazon-order-id", "amazon_order_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_order, NULL, 2 },
    { "reason", "reason", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_word,
      amzsync_sandbox_reimbursement_reasons, AMZSYNC_SANDBOX_N_REASON },
    { "sku", "sku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_sku, NULL, 0 },
    { "fnsku", "fnsku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_fnsku, NULL, 0 },
    { "asin", "asin", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_asin, NULL, 0 },
    { "product-name", "product_name", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_title, NULL, 0 },
    { "condition", "condition", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_reimbursement_conditions, 0 },
    { "currency-unit", "currency_unit", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_currency, NULL, 0 },
    { "amount-per-unit", "amount_per_unit", AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_UNIT },
    { "amount-total", "amount_total", AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_TOTAL },
    { "quantity-reimbursed-cash", "quantity_reimbursed_cash",
      AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_CASH },
    { "quantity-reimbursed-inventory", "quantity_reimbursed_inventory",
      AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_INVENTORY },
    { "quantity-reimbursed-total", "quantity_reimbursed_total",
      AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_QUANTITY },
    { "original-reimbursement-id", "original_reimbursement_id",
      AMZSYNC_SANDBOX_FORM_TEXT, amzsync_sandbox_get_original, NULL, 0 },
    { "original-reimbursement-type", "original_reimbursement_type",
      AMZSYNC_SANDBOX_FORM_TEXT, amzsync_sandbox_get_original, NULL, 1 },
    { "x-new-column", "extra", AMZSYNC_SANDBOX_FORM_EXTRA,
      amzsync_sandbox_get_list, amzsync_sandbox_reimbursement_extras, 0 }
};


const amzsync_sandbox_report_t  amzsync_sandbox_reimbursements = {
    "GET_FBA_REIMBURSEMENTS_DATA",
    "reimbursements",
    AMZSYNC_SANDBOX_REPORT_REGIONAL
    |AMZSYNC_SANDBOX_REPORT_COPIES,
    4 * 3600, 7,
    AMZSYNC_SANDBOX_REPORT_COLUMNS(amzsync_sandbox_reimbursements_columns),
    amzsync_sandbox_reimbursements_fill
};


static void
amzsync_sandbox_reimbursements_fill(amzsync_sandbox_report_row_t *row)
{
    int64_t   cash, inventory, unit;
    uint64_t  n;

    n = amzsync_sandbox_report_pick(row, 0x300, 1000000);
    cash = (int64_t) (n % 5);
    inventory = (n % 5) ? 0 : 1;

    /* four decimals in some; goods that were found came later */

    unit = (int64_t) (n * 7 % 900000) + 10000;
    unit -= (n % 11) ? unit % 100 : 0;
    inventory += (int64_t) row->touches;

    row->n[AMZSYNC_SANDBOX_N_REASON] = (int64_t) (n / 5 % 7);

    if (row->n[AMZSYNC_SANDBOX_N_REASON] == AMZSYNC_SANDBOX_REVERSAL) {
        row->n[AMZSYNC_SANDBOX_N_ORIGINAL] =
            (int64_t) (row->content + 1) * 61803 - (int64_t) (n % 61803);
        cash = -cash;
        unit = -unit;
        inventory = -inventory;
    }

    row->n[AMZSYNC_SANDBOX_N_UNIT] = unit;
    row->n[AMZSYNC_SANDBOX_N_TOTAL] = (cash < 0) ? unit * -cash : unit * cash;
    row->n[AMZSYNC_SANDBOX_N_CASH] = cash;
    row->n[AMZSYNC_SANDBOX_N_INVENTORY] = inventory;
    row->n[AMZSYNC_SANDBOX_N_QUANTITY] = cash + inventory;
}


static
amzsync_sandbox_report_get(case)
{
    uint64_t  n;

    n = amzsync_sandbox_report_pick(row, 0x301, 1000000000);

    if (n % 3) {
        amzsync_sandbox_report_text(cell, cell->buf,
            ngx_sprintf(cell->buf, "1%09uL", n) - cell->buf);
    }
}


static
amzsync_sandbox_report_get(original)
{
    int64_t  n;

    n = row->n[AMZSYNC_SANDBOX_N_ORIGINAL];

    if (n == AMZSYNC_SANDBOX_REPORT_NONE) {
        return;
    }

    if (column->arg) {
        amzsync_sandbox_report_cstr(cell, "Lost_Warehouse");
        return;
    }

    amzsync_sandbox_report_text(cell, cell->buf,
        ngx_sprintf(cell->buf, "%010L", n) - cell->buf);
}
