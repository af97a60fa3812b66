
/*
 * What customers sent back, and what they got instead.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report.h>


#define AMZSYNC_SANDBOX_REPLACED  5000000       /* orders from here on */


static void amzsync_sandbox_returns_fill(amzsync_sandbox_report_row_t *row);
static void amzsync_sandbox_replacements_fill(
    amzsync_sandbox_report_row_t *row);
static amzsync_sandbox_report_get(replacement);


static const char *const  amzsync_sandbox_return_dispositions[] = {
    "SELLABLE", "DEFECTIVE", "CUSTOMER_DAMAGED", "CARRIER_DAMAGED", "DAMAGED",
    NULL
};


static const char *const  amzsync_sandbox_return_reasons[] = {
    "DEFECTIVE", "UNWANTED_ITEM", "ORDERED_WRONG_ITEM", "NOT_AS_DESCRIBED",
    "SWITCHEROO", "MISSED_ESTIMATED_DELIVERY", "UNDELIVERABLE_REFUSED", "",
    NULL
};


static const char *const  amzsync_sandbox_return_statuses[] = {
    "Unit returned to inventory", "Reimbursed", "Repackaged Successfully",
    "Pending", NULL
};


static const char *const  amzsync_sandbox_return_comments[] = {
    "", "", "", "", "Didn't fit \"at all\"", "\"unbalanced", "too late ",
    "caf\303\251 cup was broken \342\200\223 refund!", "NULL", "\\N",
    "1,5 cm; not 2|3",
    "\343\202\265\343\202\244\343\202\272\351\225\267\343\201\204",
    NULL
};


static const char *const  amzsync_sandbox_replacement_reasons[] = {
    "0", "1", "3", "7", "12", "", NULL
};


static const amzsync_sandbox_report_column_t
    amzsync_sandbox_returns_columns[] =
{
    { "return-date", "return_date", AMZSYNC_SANDBOX_FORM_TIME,
      amzsync_sandbox_get_date, NULL, 0 },
    { "order-id", "order_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_order, NULL, 0 },
    { "sku", "sku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_sku, NULL, 0 },
    { "asin", "asin", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_asin, NULL, 0 },
    { "fnsku", "fnsku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_fnsku, NULL, 0 },
    { "product-name", "product_name", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_title, NULL, 0 },
    { "quantity", "quantity", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, 0 },
    { "fulfillment-center-id", "fulfillment_center_id",
      AMZSYNC_SANDBOX_FORM_TEXT, amzsync_sandbox_get_center, NULL, 0 },
    { "detailed-disposition", "detailed_disposition",
      AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_return_dispositions, 0 },
    { "reason", "reason", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_return_reasons, 0 },
    { "status", "status", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_return_statuses, 1 },
    { "license-plate-number", "license_plate_number",
      AMZSYNC_SANDBOX_FORM_TEXT, amzsync_sandbox_get_id, "LPNRR", 0 },
    { "customer-comments", "customer_comments", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_return_comments, 0 }
};


static const amzsync_sandbox_report_column_t
    amzsync_sandbox_replacements_columns[] =
{
    { "shipment-date", "shipment_date", AMZSYNC_SANDBOX_FORM_TIME,
      amzsync_sandbox_get_date, NULL, 0 },
    { "sku", "sku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_sku, NULL, 0 },
    { "asin", "asin", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_asin, NULL, 0 },
    { "fulfillment-center-id", "fulfillment_center_id",
      AMZSYNC_SANDBOX_FORM_TEXT, amzsync_sandbox_get_center, NULL, 0 },
    { "original-fulfillment-center-id", "original_fulfillment_center_id",
      AMZSYNC_SANDBOX_FORM_TEXT, amzsync_sandbox_get_center, NULL, 0 },
    { "quantity", "quantity", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, 0 },
    { "replacement-reason-code", "replacement_reason_code",
      AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_replacement_reasons, 0 },
    { "replacement-amazon-order-id", "replacement_amazon_order_id",
      AMZSYNC_SANDBOX_FORM_TEXT, amzsync_sandbox_get_replacement, NULL, 0 },
    { "original-amazon-order-id", "original_amazon_order_id",
      AMZSYNC_SANDBOX_FORM_TEXT, amzsync_sandbox_get_order, NULL, 0 }
};


const amzsync_sandbox_report_t  amzsync_sandbox_returns = {
    "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
    "customer_returns",
    AMZSYNC_SANDBOX_REPORT_DRIFTS,
    4 * 3600, 0,
    AMZSYNC_SANDBOX_REPORT_COLUMNS(amzsync_sandbox_returns_columns),
    amzsync_sandbox_returns_fill
};


const amzsync_sandbox_report_t  amzsync_sandbox_replacements = {
    "GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA",
    "replacements",
    0,
    4 * 3600, 0,
    AMZSYNC_SANDBOX_REPORT_COLUMNS(amzsync_sandbox_replacements_columns),
    amzsync_sandbox_replacements_fill
};


static void
amzsync_sandbox_returns_fill(amzsync_sandbox_report_row_t *row)
{
    uint64_t  n;

    n = amzsync_sandbox_report_pick(row, 0x300, 40);
    row->n[0] = (n < 38) ? 1 : 2;
}


static void
amzsync_sandbox_replacements_fill(amzsync_sandbox_report_row_t *row)
{
    row->n[0] = 1 + (int64_t) (amzsync_sandbox_report_pick(row, 0x300, 10) / 9)
                + (int64_t) row->touches;
}


/* No order of the seller's, and no other replacement. */

static
amzsync_sandbox_report_get(replacement)
{
    amzsync_sandbox_order_id(row->view->key,
                             AMZSYNC_SANDBOX_REPLACED + row->content,
                             (char *) cell->buf);
    amzsync_sandbox_report_cstr(cell, (char *) cell->buf);
}
