
/*
 * Settlements: a line of sums first, then transactions, whose amounts add up to
 * the total.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report.h>


typedef enum {
    AMZSYNC_SANDBOX_N_KIND = 0,
    AMZSYNC_SANDBOX_N_AMOUNT,
    AMZSYNC_SANDBOX_N_TOTAL,
    AMZSYNC_SANDBOX_N_BEGIN,
    AMZSYNC_SANDBOX_N_END,
    AMZSYNC_SANDBOX_N_DEPOSIT,
    AMZSYNC_SANDBOX_N_POSTED,
    AMZSYNC_SANDBOX_N_QUANTITY,
    AMZSYNC_SANDBOX_N_NUMBER
} amzsync_sandbox_number_e;


#define AMZSYNC_SANDBOX_KINDS   8
#define AMZSYNC_SANDBOX_ORDERS_KINDS  6         /* the first of them */

#define AMZSYNC_SANDBOX_SETTLED 130             /* a field */


static void amzsync_sandbox_settlements_fill(
    amzsync_sandbox_report_row_t *row);
static int64_t amzsync_sandbox_settled(
    const amzsync_sandbox_report_row_t *row, uint64_t number);
static amzsync_sandbox_report_get(settlement);
static amzsync_sandbox_report_get(settled_currency);
static amzsync_sandbox_report_get(of_order);
static amzsync_sandbox_report_get(store);


static const char *const  amzsync_sandbox_settlement_types[] = {
    "Order", "Order", "Order", "Order", "Refund", "Refund",
    "other-transaction", "ServiceFee"
};


static const char *const  amzsync_sandbox_settlement_kinds[] = {
    "ItemPrice", "ItemPrice", "ItemFees", "ItemFees", "ItemPrice", "ItemFees",
    "other-transaction", "Cost of Advertising"
};


static const char *const  amzsync_sandbox_settlement_descriptions[] = {
    "Principal", "Tax", "FBAPerUnitFulfillmentFee", "Commission", "Principal",
    "RefundCommission", "Storage Fee", "TransactionTotalAmount"
};


static const amzsync_sandbox_report_column_t
    amzsync_sandbox_settlements_columns[] =
{
    { "settlement-id", "settlement_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_settlement, NULL, 0 },
    { "settlement-start-date", "settlement_start_date",
      AMZSYNC_SANDBOX_FORM_UTC,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_BEGIN },
    { "settlement-end-date", "settlement_end_date", AMZSYNC_SANDBOX_FORM_UTC,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_END },
    { "deposit-date", "deposit_date", AMZSYNC_SANDBOX_FORM_UTC,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_DEPOSIT },
    { "total-amount", "total_amount", AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_TOTAL },
    { "currency", "currency", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_settled_currency, NULL, 0 },
    { "transaction-type", "transaction_type", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_word,
      amzsync_sandbox_settlement_types, AMZSYNC_SANDBOX_N_KIND },
    { "order-id", "order_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_order, NULL, 0 },
    { "merchant-order-id", "merchant_order_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_constant, "", 0 },
    { "adjustment-id", "adjustment_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_order, NULL, 1 },
    { "shipment-id", "shipment_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_order, NULL, 2 },
    { "marketplace-name", "marketplace_name", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_store, NULL, 0 },
    { "amount-type", "amount_type", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_word,
      amzsync_sandbox_settlement_kinds, AMZSYNC_SANDBOX_N_KIND },
    { "amount-description", "amount_description", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_word,
      amzsync_sandbox_settlement_descriptions, AMZSYNC_SANDBOX_N_KIND },
    { "amount", "amount", AMZSYNC_SANDBOX_FORM_AMOUNT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_AMOUNT },
    { "fulfillment-id", "fulfillment_id", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_order, NULL, 3 },
    { "posted-date", "posted_date", AMZSYNC_SANDBOX_FORM_DAY,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_POSTED },
    { "posted-date-time", "posted_date_time", AMZSYNC_SANDBOX_FORM_UTC,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_POSTED },
    { "order-item-code", "order_item_code", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_order, NULL, 4 },
    { "merchant-order-item-id", "merchant_order_item_id",
      AMZSYNC_SANDBOX_FORM_TEXT, amzsync_sandbox_get_constant, "", 0 },
    { "merchant-adjustment-item-id", "merchant_adjustment_item_id",
      AMZSYNC_SANDBOX_FORM_TEXT, amzsync_sandbox_get_constant, "", 0 },
    { "sku", "sku", AMZSYNC_SANDBOX_FORM_TEXT,
      amzsync_sandbox_get_of_order, NULL, 5 },
    { "quantity-purchased", "quantity_purchased", AMZSYNC_SANDBOX_FORM_INT,
      amzsync_sandbox_get_number, NULL, AMZSYNC_SANDBOX_N_QUANTITY }
};


const amzsync_sandbox_report_t  amzsync_sandbox_settlements = {
    "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
    "settlements",
    AMZSYNC_SANDBOX_REPORT_REGIONAL
    |AMZSYNC_SANDBOX_REPORT_LISTED,
    0, 0,
    AMZSYNC_SANDBOX_REPORT_COLUMNS(amzsync_sandbox_settlements_columns),
    amzsync_sandbox_settlements_fill
};


static void
amzsync_sandbox_settlements_fill(amzsync_sandbox_report_row_t *row)
{
    int64_t                        begin;
    uint64_t                       n, from, to;
    ngx_uint_t                     number;
    const amzsync_sandbox_view_t  *view;

    view = row->view;

    if (row->revision) {
        number = AMZSYNC_SANDBOX_REPORT_DAYS / AMZSYNC_SANDBOX_REPORT_PERIOD
                 + row->revision - 1;

    } else {
        begin = amzsync_sandbox_settlement_begin(view, 0);
        number = (row->date - begin)
                 / (AMZSYNC_SANDBOX_REPORT_PERIOD
                    * AMZSYNC_SANDBOX_REPORT_DAY);
    }

    amzsync_sandbox_settlement_rows(view, number, &from, &to);

    row->n[AMZSYNC_SANDBOX_N_NUMBER] = number;

    if (row->row == from) {
        row->n[AMZSYNC_SANDBOX_N_BEGIN] =
            amzsync_sandbox_settlement_begin(view, number);
        row->n[AMZSYNC_SANDBOX_N_END] =
            amzsync_sandbox_settlement_end(view, number);
        row->n[AMZSYNC_SANDBOX_N_DEPOSIT] =
            row->n[AMZSYNC_SANDBOX_N_END] + 2 * AMZSYNC_SANDBOX_REPORT_DAY;
        row->n[AMZSYNC_SANDBOX_N_TOTAL] =
            amzsync_sandbox_settled(row, to)
            - amzsync_sandbox_settled(row, from + 1);
        return;
    }

    n = amzsync_sandbox_report_pick(row, 0x300, 1000000);

    row->n[AMZSYNC_SANDBOX_N_KIND] = (int64_t) (n % AMZSYNC_SANDBOX_KINDS);
    row->n[AMZSYNC_SANDBOX_N_POSTED] = row->date;
    row->n[AMZSYNC_SANDBOX_N_AMOUNT] =
        amzsync_sandbox_settled(row, row->row + 1)
        - amzsync_sandbox_settled(row, row->row);

    if (n % AMZSYNC_SANDBOX_KINDS == 0) {
        row->n[AMZSYNC_SANDBOX_N_QUANTITY] = 1 + (int64_t) (n / 8 % 3);
    }
}


/* What was earned before a row: an amount is the difference of two. */

static int64_t
amzsync_sandbox_settled(const amzsync_sandbox_report_row_t *row,
    uint64_t number)
{
    uint64_t  n;

    n = amzsync_sandbox_hash(row->view->key, number, AMZSYNC_SANDBOX_SETTLED)
        >> 8;

    /* in one of twelve, four decimals */

    return (n % 12) ? (int64_t) (n % 20000) * 100 : (int64_t) (n % 2000000);
}


static
amzsync_sandbox_report_get(settlement)
{
    int64_t  n;

    n = row->n[AMZSYNC_SANDBOX_N_NUMBER];

    amzsync_sandbox_report_text(cell, cell->buf,
        ngx_sprintf(cell->buf, "1%05uL%05L", row->view->key % 100000, n)
        - cell->buf);
}


static
amzsync_sandbox_report_get(settled_currency)
{
    if (row->n[AMZSYNC_SANDBOX_N_TOTAL] != AMZSYNC_SANDBOX_REPORT_NONE) {
        amzsync_sandbox_report_cstr(cell, "USD");
    }
}


static
amzsync_sandbox_report_get(store)
{
    if (row->n[AMZSYNC_SANDBOX_N_KIND] != AMZSYNC_SANDBOX_REPORT_NONE) {
        amzsync_sandbox_report_cstr(cell,
            amzsync_sandbox_marketplaces[row->marketplace].name);
    }
}


/* Lines about orders have all of these, and a refund an adjustment. */

static
amzsync_sandbox_report_get(of_order)
{
    int64_t                          kind;
    uint64_t                         n;
    amzsync_sandbox_report_column_t  any;

    kind = row->n[AMZSYNC_SANDBOX_N_KIND];

    if (kind == AMZSYNC_SANDBOX_REPORT_NONE
        || kind >= AMZSYNC_SANDBOX_ORDERS_KINDS)
    {
        return;
    }

    ngx_memzero(&any, sizeof(amzsync_sandbox_report_column_t));
    n = amzsync_sandbox_report_pick(row, 0x301 + column->arg, 1000000000);

    switch (column->arg) {

    case 0:
        amzsync_sandbox_get_order(row, &any, cell);
        return;

    case 1:
        if (kind < 4) {
            return;
        }

        break;

    case 3:
        amzsync_sandbox_report_cstr(cell, "AFN");
        return;

    case 5:
        amzsync_sandbox_get_sku(row, &any, cell);
        return;

    default:
        break;
    }

    amzsync_sandbox_report_text(cell, cell->buf,
        ngx_sprintf(cell->buf, "%010uL", n * 7) - cell->buf);
}
