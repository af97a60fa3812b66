
/*
 * What a transaction is: every fact is picked by a hash of seller, row and the
 * number of a field.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_transaction.h>


typedef enum {
    AMZSYNC_SANDBOX_T_TYPE = 0,
    AMZSYNC_SANDBOX_T_MARKETPLACE,
    AMZSYNC_SANDBOX_T_MARKETPLACED,
    AMZSYNC_SANDBOX_T_METADATA,
    AMZSYNC_SANDBOX_T_ACCOUNT,
    AMZSYNC_SANDBOX_T_MERCHANT,
    AMZSYNC_SANDBOX_T_IDENTIFIED,
    AMZSYNC_SANDBOX_T_TOTAL,
    AMZSYNC_SANDBOX_T_ITEMS,
    AMZSYNC_SANDBOX_T_CONTEXTS,
    AMZSYNC_SANDBOX_T_BREAKDOWNS,
    AMZSYNC_SANDBOX_T_DESCRIPTION,
    AMZSYNC_SANDBOX_T_EXTRA,
    AMZSYNC_SANDBOX_T_ID,
    AMZSYNC_SANDBOX_T_AMOUNT
} amzsync_sandbox_transaction_field_e;


static amzsync_sandbox_type_e amzsync_sandbox_transaction_type(
    const amzsync_sandbox_transaction_t *transaction,
    const amzsync_sandbox_ledger_t *ledger);
static void amzsync_sandbox_transaction_texts(
    amzsync_sandbox_transaction_t *transaction);


static const char *const
    amzsync_sandbox_types[AMZSYNC_SANDBOX_TYPES][2] =
{
    { "Shipment", "Order Payment" },
    { "Refund", "Refund Order" },
    { "ServiceFee", "FBA Storage Fee" },
    { "Adjustment", "FBA Inventory Reimbursement – \"Lost\", ½" },
    { "Transfer", "Transfer to bank account" },
    { "ProductAdsPayment", "Sponsored Products\\Charge" },
    { "Chargeback", "Chargeback Refund" },
    { "Shipment", "Order Payment" }
};


static const char *const  amzsync_sandbox_accounts[] = {
    "Standard Orders", "Deferred Orders", "PAYABLE"
};


static uint64_t
amzsync_sandbox_pick(const amzsync_sandbox_transaction_t *transaction,
    amzsync_sandbox_transaction_field_e field, uint64_t n)
{
    return (amzsync_sandbox_hash(transaction->hash, transaction->content,
                                 field)
            >> 8) % n;
}


void
amzsync_sandbox_transaction_head(const amzsync_sandbox_view_t *view,
    uint64_t row, amzsync_sandbox_transaction_t *t)
{
    uint64_t                  n;
    amzsync_sandbox_ledger_t  ledger;

    ngx_memzero(t, sizeof(amzsync_sandbox_transaction_t));

    amzsync_sandbox_ledger(view, row, &ledger);

    t->row = row;
    t->content = ledger.content;
    t->hash = amzsync_sandbox_hash(view->key, 0, 91);
    t->posted = amzsync_sandbox_ledger_posted(view, row);
    t->group = amzsync_sandbox_ledger_group(view, row);
    t->deferred = ledger.deferred;
    t->type = amzsync_sandbox_transaction_type(t, &ledger);

    t->status = !ledger.deferrable ? AMZSYNC_SANDBOX_RELEASED
                : ledger.released ? AMZSYNC_SANDBOX_DEFERRED_RELEASED
                : AMZSYNC_SANDBOX_DEFERRED;

    n = amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_MARKETPLACE, 10);
    t->marketplace = (n < 7) ? 0 : (n < 9) ? 1 : 2;
    t->marketplaced = amzsync_sandbox_there(
        amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_MARKETPLACED, 32));

    /* fees without an id, some more than once, and some others without */

    n = amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_IDENTIFIED, 4);
    t->identified = !ledger.fee
                    && (n > 0 || t->type < AMZSYNC_SANDBOX_SERVICE_FEE
                        || t->type == AMZSYNC_SANDBOX_RELEASE);

    t->ordered = (t->type <= AMZSYNC_SANDBOX_REFUND
                  || t->type == AMZSYNC_SANDBOX_CHARGEBACK)
                 && view->orders > 0;
    t->order = view->orders ? t->content % view->orders : 0;
    t->grouped = !ledger.deferrable && t->type != AMZSYNC_SANDBOX_TRANSFER;

    n = amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_MERCHANT, 6);
    t->merchant = (n == 0 && t->ordered);
}


static amzsync_sandbox_type_e
amzsync_sandbox_transaction_type(const amzsync_sandbox_transaction_t *t,
    const amzsync_sandbox_ledger_t *ledger)
{
    uint64_t  n;

    if (ledger->fee) {
        return AMZSYNC_SANDBOX_SERVICE_FEE;
    }

    if (ledger->release) {
        return AMZSYNC_SANDBOX_RELEASE;
    }

    if (ledger->deferrable) {
        return AMZSYNC_SANDBOX_SHIPMENT;
    }

    n = amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_TYPE, 20);

    return (n < 10) ? AMZSYNC_SANDBOX_SHIPMENT
           : (n < 13) ? AMZSYNC_SANDBOX_REFUND
           : (n < 16) ? AMZSYNC_SANDBOX_SERVICE_FEE
           : (amzsync_sandbox_type_e) (AMZSYNC_SANDBOX_ADJUSTMENT + n - 16);
}


void
amzsync_sandbox_transaction_body(amzsync_sandbox_transaction_t *t)
{
    uint64_t  n;

    t->metadata = amzsync_sandbox_there(
        amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_METADATA, 40));
    t->total = amzsync_sandbox_there(
        amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_TOTAL, 40));
    t->contexts = amzsync_sandbox_there(
        amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_CONTEXTS, 5));
    t->breakdowns = amzsync_sandbox_there(
        amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_BREAKDOWNS, 12));

    n = amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_ITEMS, 1000);
    t->items = amzsync_sandbox_there(n % 12);
    t->nitems = (n < 990) ? 1 + n % 2 : AMZSYNC_SANDBOX_TRANSACTION_ITEMS;

    if (!t->ordered) {
        t->items = amzsync_sandbox_there(n % AMZSYNC_SANDBOX_THERE);
    }

    t->extra = (amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_EXTRA, 8) == 0);
    t->escape = (amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_EXTRA, 5) == 0);

    amzsync_sandbox_transaction_texts(t);
}


static void
amzsync_sandbox_transaction_texts(amzsync_sandbox_transaction_t *t)
{
    uint64_t     n;
    const char  *text;

    n = amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_ACCOUNT, 1000);
    text = amzsync_sandbox_accounts[n % (sizeof(amzsync_sandbox_accounts)
                                     / sizeof(amzsync_sandbox_accounts[0]))];
    amzsync_sandbox_set(&t->account, amzsync_sandbox_there(n / 20), text,
                        ngx_strlen(text));

    text = amzsync_sandbox_types[t->type][1];
    n = amzsync_sandbox_pick(t, AMZSYNC_SANDBOX_T_DESCRIPTION, 30);

    /* what was deferred is called otherwise once it is released */

    if (t->status == AMZSYNC_SANDBOX_DEFERRED_RELEASED) {
        text = "Order Payment, released";
        n = AMZSYNC_SANDBOX_THERE;
    }

    amzsync_sandbox_set(&t->description, amzsync_sandbox_there(n), text,
                        ngx_strlen(text));
}


void
amzsync_sandbox_transaction_id(const amzsync_sandbox_view_t *view,
    uint64_t row, char *id)
{
    uint64_t  hash;

    hash = amzsync_sandbox_hash(view->key, row, 92);

    ngx_sprintf((u_char *) id, "%016xL_%08uL-%xL%Z", hash, row, hash >> 40);
}


void
amzsync_sandbox_group_id(const amzsync_sandbox_view_t *view, uint64_t group,
    char *id)
{
    ngx_sprintf((u_char *) id, "G%016xL-%uL%Z",
                amzsync_sandbox_hash(view->key, group, 93), group);
}


ngx_int_t
amzsync_sandbox_group_find(const amzsync_sandbox_view_t *view,
    const ngx_str_t *id, uint64_t *group)
{
    char       buf[64];
    size_t     len;
    ngx_int_t  n;

    len = sizeof("G0123456789abcdef-") - 1;

    if (id->len <= len) {
        return NGX_DECLINED;
    }

    n = ngx_atoi(id->data + len, id->len - len);

    if (n == NGX_ERROR || n > 2 * AMZSYNC_SANDBOX_ORDERS) {
        return NGX_DECLINED;
    }

    *group = n;
    amzsync_sandbox_group_id(view, *group, buf);

    return (ngx_strlen(buf) == id->len
            && ngx_memcmp(buf, id->data, id->len) == 0)
           ? NGX_OK : NGX_DECLINED;
}


/* Digits that a double would lose, and forms that few expect. */

void
amzsync_sandbox_digits(const amzsync_sandbox_transaction_t *t, uint64_t n,
    char *digits)
{
    uint64_t     hash, kind;
    const char  *sign;

    static const char *const  odd[] = {
        "10.00", "0.10", "12345678901234.5678", "1.5e2", "-0.0",
        "-2.50E+1", "1E-2", "0", "-98765432109876.5432", "100"
    };

    hash = amzsync_sandbox_hash(t->hash, t->content,
                                AMZSYNC_SANDBOX_T_AMOUNT + n);
    kind = hash % 32;
    hash >>= 8;

    if (kind < sizeof(odd) / sizeof(odd[0])) {
        ngx_sprintf((u_char *) digits, "%s%Z", odd[kind]);
        return;
    }

    sign = (t->type == AMZSYNC_SANDBOX_SHIPMENT
            || t->type == AMZSYNC_SANDBOX_RELEASE
            || t->type == AMZSYNC_SANDBOX_ADJUSTMENT) ? "" : "-";

    if (kind < 14) {
        ngx_sprintf((u_char *) digits, "%s%uL.%04uL%Z", sign, hash % 200,
                    (hash >> 16) % 10000);
        return;
    }

    ngx_sprintf((u_char *) digits, "%s%uL.%02uL%Z", sign, hash % 300,
                (hash >> 16) % 100);
}


const char *
amzsync_sandbox_type(const amzsync_sandbox_transaction_t *t)
{
    return amzsync_sandbox_types[t->type][0];
}


const char *
amzsync_sandbox_release(const amzsync_sandbox_transaction_t *t)
{
    switch (t->status) {

    case AMZSYNC_SANDBOX_DEFERRED:
        return "DEFERRED";

    case AMZSYNC_SANDBOX_DEFERRED_RELEASED:
        return "DEFERRED_RELEASED";

    default:
        return "RELEASED";
    }
}
