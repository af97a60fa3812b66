
/*
 * The inventory ledger: every event, and the balance of each day.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report.h>


typedef enum {
    AMZSYNC_SANDBOX_RECEIPTS = 0,
    AMZSYNC_SANDBOX_SHIPMENTS,
    AMZSYNC_SANDBOX_CUSTOMER_RETURNS,
    AMZSYNC_SANDBOX_TRANSFERS,
    AMZSYNC_SANDBOX_VENDOR_RETURNS,
    AMZSYNC_SANDBOX_ADJUSTMENTS,
    AMZSYNC_SANDBOX_EVENTS
} amzsync_sandbox_event_e;


typedef enum {
    AMZSYNC_SANDBOX_N_EVENT = 0,
    AMZSYNC_SANDBOX_N_QUANTITY,
    AMZSYNC_SANDBOX_N_RECONCILED,
    AMZSYNC_SANDBOX_N_UNRECONCILED,
    AMZSYNC_SANDBOX_N_REASON
} amzsync_sandbox_number_e;


/* Columns of a day's balance. */

typedef enum {
    AMZSYNC_SANDBOX_B_STARTING = 0,
    AMZSYNC_SANDBOX_B_TRANSIT,
    AMZSYNC_SANDBOX_B_RECEIPTS,
    AMZSYNC_SANDBOX_B_SHIPMENTS,
    AMZSYNC_SANDBOX_B_RETURNS,
    AMZSYNC_SANDBOX_B_VENDOR,
    AMZSYNC_SANDBOX_B_TRANSFER,
    AMZSYNC_SANDBOX_B_FOUND,
    AMZSYNC_SANDBOX_B_LOST,
    AMZSYNC_SANDBOX_B_DAMAGED,
    AMZSYNC_SANDBOX_B_DISPOSED,
    AMZSYNC_SANDBOX_B_OTHER,
    AMZSYNC_SANDBOX_B_ENDING,
    AMZSYNC_SANDBOX_B_UNKNOWN
} amzsync_sandbox_balance_e;


static void amzsync_sandbox_ledger_detail_fill(
    amzsync_sandbox_report_row_t *row);
static void amzsync_sandbox_ledger_summary_fill(
    amzsync_sandbox_report_row_t *row);
static amzsync_sandbox_report_get(reference);


static const char *const  amzsync_sandbox_ledger_events[] = {
    "Receipts", "Shipments", "CustomerReturns", "WhseTransfers",
    "VendorReturns", "Adjustments"
};


static const char *const  amzsync_sandbox_ledger_dispositions[] = {
    "SELLABLE", "DEFECTIVE", "CUSTOMER_DAMAGED", "WAREHOUSE_DAMAGED",
    "DISTRIBUTOR_DAMAGED", NULL
};


static const char *const  amzsync_sandbox_ledger_reasons[] = {
    "M", "F", "E", "Q", "P", "5", "D"
};


static const amzsync_sandbox_report_column_t
    amzsync_sandbox_ledger_detail_columns[] =
{
    { "Date", "date", AMZSYNC_SANDBOX_FORM_US_DAY,
      amzsync_sandbox_get_date, NULL, 0 },
    { "FNSKU", "fnsku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_fnsku, NULL, 0 },
    { "ASIN", "asin", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_asin, NULL, 0 },
    { "MSKU", "msku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_sku, NULL, 0 },
    { "Title", "title", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_title, NULL, 0 },
    { "Event Type", "event_type", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_word,
      amzsync_sandbox_ledger_events, AMZSYNC_SANDBOX_N_EVENT },
    { "Reference ID", "reference_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_reference, NULL, 0 },
    { "Quantity", "quantity", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_QUANTITY },
    { "Fulfillment Center", "fulfillment_center", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_center, NULL, 0 },
    { "Disposition", "disposition", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_ledger_dispositions, 0 },
    { "Reason", "reason", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_word,
      amzsync_sandbox_ledger_reasons, AMZSYNC_SANDBOX_N_REASON },
    { "Country", "country", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_country, NULL, 0 },
    { "Reconciled Quantity", "reconciled_quantity", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_RECONCILED },
    { "Unreconciled Quantity", "unreconciled_quantity",
      AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_UNRECONCILED },
    { "Date and Time", "date_and_time", AMZSYNC_SANDBOX_FORM_ZONED,
      amzsync_sandbox_get_date, NULL, 0 },
    { "Store", "store", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_constant, "", 0 }
};


static const amzsync_sandbox_report_column_t
    amzsync_sandbox_ledger_summary_columns[] =
{
    { "Date", "date", AMZSYNC_SANDBOX_FORM_US_DAY,
      amzsync_sandbox_get_date, NULL, 0 },
    { "FNSKU", "fnsku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_fnsku, NULL, 0 },
    { "ASIN", "asin", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_asin, NULL, 0 },
    { "MSKU", "msku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_sku, NULL, 0 },
    { "Title", "title", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_title, NULL, 0 },
    { "Disposition", "disposition", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_ledger_dispositions, 0 },
    { "Starting Warehouse Balance", "starting_warehouse_balance",
      AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_STARTING },
    { "In Transit Between Warehouses", "in_transit_between_warehouses",
      AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_TRANSIT },
    { "Receipts", "receipts", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_RECEIPTS },
    { "Customer Shipments", "customer_shipments", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_SHIPMENTS },
    { "Customer Returns", "customer_returns", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_RETURNS },
    { "Vendor Returns", "vendor_returns", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_VENDOR },
    { "Warehouse Transfer In/Out", "warehouse_transfer_in_out",
      AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_TRANSFER },
    { "Found", "found", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_FOUND },
    { "Lost", "lost", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_LOST },
    { "Damaged", "damaged", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_DAMAGED },
    { "Disposed", "disposed", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_DISPOSED },
    { "Other Events", "other_events", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_OTHER },
    { "Ending Warehouse Balance", "ending_warehouse_balance",
      AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_ENDING },
    { "Unknown Events", "unknown_events", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_B_UNKNOWN },
    { "Location", "location", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_country, NULL, 0 },
    { "Store", "store", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_constant, "", 0 }
};


const amzsync_sandbox_report_t  amzsync_sandbox_ledger_detail = {
    "GET_LEDGER_DETAIL_VIEW_DATA",
    "ledger_detail",
    AMZSYNC_SANDBOX_REPORT_COPIES|AMZSYNC_SANDBOX_REPORT_WHOLE,
    30 * 60, 0,
    AMZSYNC_SANDBOX_REPORT_COLUMNS(amzsync_sandbox_ledger_detail_columns),
    amzsync_sandbox_ledger_detail_fill
};


const amzsync_sandbox_report_t  amzsync_sandbox_ledger_summary = {
    "GET_LEDGER_SUMMARY_VIEW_DATA",
    "ledger_summary",
    AMZSYNC_SANDBOX_REPORT_DAILY|AMZSYNC_SANDBOX_REPORT_WHOLE,
    30 * 60, 0,
    AMZSYNC_SANDBOX_REPORT_COLUMNS(amzsync_sandbox_ledger_summary_columns),
    amzsync_sandbox_ledger_summary_fill
};


/* Lost goods are reconciled when they were found, by a revision. */

static void
amzsync_sandbox_ledger_detail_fill(amzsync_sandbox_report_row_t *row)
{
    int64_t   quantity, reconciled;
    uint64_t  n;

    n = amzsync_sandbox_report_pick(row, 0x300, 1000000);
    quantity = 1 + (int64_t) (n / 6 % 40);

    row->n[AMZSYNC_SANDBOX_N_EVENT] = (int64_t) (n % AMZSYNC_SANDBOX_EVENTS);

    if (n % AMZSYNC_SANDBOX_EVENTS == AMZSYNC_SANDBOX_SHIPMENTS
        || n % AMZSYNC_SANDBOX_EVENTS == AMZSYNC_SANDBOX_VENDOR_RETURNS
        || (n % AMZSYNC_SANDBOX_EVENTS > AMZSYNC_SANDBOX_CUSTOMER_RETURNS
            && n / 240 % 2))
    {
        quantity = -quantity;
    }

    row->n[AMZSYNC_SANDBOX_N_QUANTITY] = quantity;

    if (n % AMZSYNC_SANDBOX_EVENTS == AMZSYNC_SANDBOX_ADJUSTMENTS) {
        quantity = (quantity < 0) ? -quantity : quantity;
        reconciled = (int64_t) (n / 480 % 3 + row->touches);
        reconciled = ngx_min(reconciled, quantity);

        row->n[AMZSYNC_SANDBOX_N_REASON] = (int64_t) (n / 480 % 7);
        row->n[AMZSYNC_SANDBOX_N_RECONCILED] = reconciled;
        row->n[AMZSYNC_SANDBOX_N_UNRECONCILED] = quantity - reconciled;
    }
}


/* Customers' shipments have none. */

static
amzsync_sandbox_report_get(reference)
{
    uint64_t  n;

    n = amzsync_sandbox_report_pick(row, 0x301, 1000000000);

    switch (row->n[AMZSYNC_SANDBOX_N_EVENT]) {

    case AMZSYNC_SANDBOX_SHIPMENTS:
        break;

    case AMZSYNC_SANDBOX_RECEIPTS:
        amzsync_sandbox_report_text(cell, cell->buf,
            ngx_sprintf(cell->buf, "FBA15%08XL", n % 1000) - cell->buf);
        break;

    default:
        amzsync_sandbox_report_text(cell, cell->buf,
            ngx_sprintf(cell->buf, "%011uL", n * 7) - cell->buf);
    }
}


static void
amzsync_sandbox_ledger_summary_fill(amzsync_sandbox_report_row_t *row)
{
    int64_t     sum;
    uint64_t    n;
    ngx_uint_t  i;

    sum = 0;

    for (i = 0; i <= AMZSYNC_SANDBOX_B_UNKNOWN; i++) {
        n = amzsync_sandbox_report_pick(row, 0x300 + i, 60);

        switch (i) {

        case AMZSYNC_SANDBOX_B_STARTING:
            row->n[i] = (int64_t) n * 10;
            sum += row->n[i];
            break;

        case AMZSYNC_SANDBOX_B_TRANSIT:
        case AMZSYNC_SANDBOX_B_UNKNOWN:
            row->n[i] = (n < 30) ? 0 : (int64_t) n % 7;
            break;

        case AMZSYNC_SANDBOX_B_ENDING:
            row->n[i] = sum;
            break;

        case AMZSYNC_SANDBOX_B_RECEIPTS:
        case AMZSYNC_SANDBOX_B_RETURNS:
        case AMZSYNC_SANDBOX_B_FOUND:
            row->n[i] = (n < 20) ? 0 : (int64_t) n % 9;
            row->n[i] += (i == AMZSYNC_SANDBOX_B_FOUND)
                         ? (int64_t) row->touches : 0;
            sum += row->n[i];
            break;

        default:
            row->n[i] = (n < 30) ? 0 : -(int64_t) (n % 5);
            sum += row->n[i];
        }
    }
}
