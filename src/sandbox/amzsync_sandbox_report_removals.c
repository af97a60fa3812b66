
/*
 * What sellers had taken out of Amazon's warehouses.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report.h>


typedef enum {
    AMZSYNC_SANDBOX_N_STATUS = 0,
    AMZSYNC_SANDBOX_N_TYPE,
    AMZSYNC_SANDBOX_N_REQUESTED,
    AMZSYNC_SANDBOX_N_CANCELLED,
    AMZSYNC_SANDBOX_N_DISPOSED,
    AMZSYNC_SANDBOX_N_SHIPPED,
    AMZSYNC_SANDBOX_N_PROCESSING,
    AMZSYNC_SANDBOX_N_FEE
} amzsync_sandbox_number_e;


typedef enum {
    AMZSYNC_SANDBOX_STATUS_PENDING = 0,
    AMZSYNC_SANDBOX_STATUS_PROCESSING,
    AMZSYNC_SANDBOX_STATUS_COMPLETED,
    AMZSYNC_SANDBOX_STATUS_CANCELLED
} amzsync_sandbox_removal_e;


static void amzsync_sandbox_removal_orders_fill(
    amzsync_sandbox_report_row_t *row);
static void amzsync_sandbox_removal_shipments_fill(
    amzsync_sandbox_report_row_t *row);


static const char *const  amzsync_sandbox_removal_statuses[] = {
    "Pending", "Processing", "Completed", "Cancelled"
};


static const char *const  amzsync_sandbox_removal_types[] = {
    "Return", "Disposal", "Liquidations"
};


static const char *const  amzsync_sandbox_removal_speeds[] = {
    "Standard", "Standard", "Expedited", "", NULL
};


static const char *const  amzsync_sandbox_removal_dispositions[] = {
    "Sellable", "Unsellable", NULL
};


static const char *const  amzsync_sandbox_removal_carriers[] = {
    "UPS_GR_PL", "FEDEX", "USPS \"Ground\"", "AMZL_US ", "", NULL
};


static const amzsync_sandbox_report_column_t
    amzsync_sandbox_removal_orders_columns[] =
{
    { "request-date", "request_date", AMZSYNC_SANDBOX_FORM_TIME,
      amzsync_sandbox_get_date, NULL, 20 },
    { "order-id", "order_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_id, "RO-", 0 },
    { "order-type", "order_type", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_word,
      amzsync_sandbox_removal_types, AMZSYNC_SANDBOX_N_TYPE },
    { "service-speed", "service_speed", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_removal_speeds, 0 },
    { "order-status", "order_status", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_word,
      amzsync_sandbox_removal_statuses, AMZSYNC_SANDBOX_N_STATUS },
    { "last-updated-date", "last_updated_date", AMZSYNC_SANDBOX_FORM_TIME,
      amzsync_sandbox_get_date, NULL, 0 },
    { "sku", "sku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_sku, NULL, 0 },
    { "fnsku", "fnsku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_fnsku, NULL, 0 },
    { "disposition", "disposition", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_removal_dispositions, 0 },
    { "requested-quantity", "requested_quantity", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_REQUESTED },
    { "cancelled-quantity", "cancelled_quantity", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_CANCELLED },
    { "disposed-quantity", "disposed_quantity", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_DISPOSED },
    { "shipped-quantity", "shipped_quantity", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_SHIPPED },
    { "in-process-quantity", "in_process_quantity", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_PROCESSING },
    { "removal-fee", "removal_fee", AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_FEE },
    { "currency", "currency", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_currency, NULL, 0 }
};


static const amzsync_sandbox_report_column_t
    amzsync_sandbox_removal_shipments_columns[] =
{
    { "request-date", "request_date", AMZSYNC_SANDBOX_FORM_TIME,
      amzsync_sandbox_get_date, NULL, 20 },
    { "order-id", "order_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_id, "RO-", 0 },
    { "shipment-date", "shipment_date", AMZSYNC_SANDBOX_FORM_TIME,
      amzsync_sandbox_get_date, NULL, 0 },
    { "sku", "sku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_sku, NULL, 0 },
    { "fnsku", "fnsku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_fnsku, NULL, 0 },
    { "disposition", "disposition", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_removal_dispositions, 0 },
    { "shipped-quantity", "shipped_quantity", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_SHIPPED },
    { "carrier", "carrier", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_list, amzsync_sandbox_removal_carriers, 0 },
    { "tracking-number", "tracking_number", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_id, "1Z", 0 },
    { "removal-order-type", "removal_order_type", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_word,
      amzsync_sandbox_removal_types, AMZSYNC_SANDBOX_N_TYPE }
};


const amzsync_sandbox_report_t  amzsync_sandbox_removal_orders = {
    "GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA",
    "removal_orders",
    AMZSYNC_SANDBOX_REPORT_REGIONAL
    |AMZSYNC_SANDBOX_REPORT_MOVES,
    30 * 60, 5,
    AMZSYNC_SANDBOX_REPORT_COLUMNS(amzsync_sandbox_removal_orders_columns),
    amzsync_sandbox_removal_orders_fill
};


const amzsync_sandbox_report_t  amzsync_sandbox_removal_shipments = {
    "GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA",
    "removal_shipments",
    AMZSYNC_SANDBOX_REPORT_REGIONAL,
    30 * 60, 5,
    AMZSYNC_SANDBOX_REPORT_COLUMNS(amzsync_sandbox_removal_shipments_columns),
    amzsync_sandbox_removal_shipments_fill
};


/* An order that moved was completed. */

static void
amzsync_sandbox_removal_orders_fill(amzsync_sandbox_report_row_t *row)
{
    int64_t     requested;
    uint64_t    n;
    ngx_uint_t  status;

    n = amzsync_sandbox_report_pick(row, 0x300, 1000000);
    requested = 1 + (int64_t) (n % 30);
    status = row->touches ? AMZSYNC_SANDBOX_STATUS_COMPLETED : n / 30 % 4;

    row->n[AMZSYNC_SANDBOX_N_STATUS] = status;
    row->n[AMZSYNC_SANDBOX_N_TYPE] = (int64_t) (n / 120 % 3);
    row->n[AMZSYNC_SANDBOX_N_REQUESTED] = requested;
    row->n[AMZSYNC_SANDBOX_N_CANCELLED] = 0;
    row->n[AMZSYNC_SANDBOX_N_DISPOSED] = 0;
    row->n[AMZSYNC_SANDBOX_N_SHIPPED] = 0;
    row->n[AMZSYNC_SANDBOX_N_PROCESSING] = 0;

    switch (status) {

    case AMZSYNC_SANDBOX_STATUS_CANCELLED:
        row->n[AMZSYNC_SANDBOX_N_CANCELLED] = requested;
        return;

    case AMZSYNC_SANDBOX_STATUS_COMPLETED:
        row->n[(n / 120 % 3 == 1) ? AMZSYNC_SANDBOX_N_DISPOSED
                                  : AMZSYNC_SANDBOX_N_SHIPPED] = requested;
        row->n[AMZSYNC_SANDBOX_N_FEE] = requested * ((n % 9) ? 5200 : 5275);
        return;

    case AMZSYNC_SANDBOX_STATUS_PROCESSING:
        row->n[AMZSYNC_SANDBOX_N_PROCESSING] = requested;
        row->n[AMZSYNC_SANDBOX_N_FEE] = 0;
        return;

    default: /* AMZSYNC_SANDBOX_STATUS_PENDING */
        return;
    }
}


static void
amzsync_sandbox_removal_shipments_fill(amzsync_sandbox_report_row_t *row)
{
    uint64_t  n;

    n = amzsync_sandbox_report_pick(row, 0x300, 1000000);

    row->n[AMZSYNC_SANDBOX_N_TYPE] = (int64_t) (n / 30 % 3);
    row->n[AMZSYNC_SANDBOX_N_SHIPPED] = 1 + (int64_t) (n % 30)
                                        + (int64_t) row->touches;
}
