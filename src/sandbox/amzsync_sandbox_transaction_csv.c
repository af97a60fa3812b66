
/*
 * The ground truth about transactions, a line each.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_transaction.h>


static void amzsync_sandbox_csv_transaction(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_transaction_t *transaction);
static void amzsync_sandbox_csv_lists(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_transaction_t *transaction);


ngx_int_t
amzsync_sandbox_transactions_csv(amzsync_sandbox_csv_t *csv,
    amzsync_sandbox_out_t *out)
{
    uint64_t                       rows;
    amzsync_sandbox_transaction_t  transaction;

    static const char  header[] =
        "transaction_id,transaction_type,transaction_status,description,"
        "posted_date,total_amount,currency,marketplace_id,marketplace_name,"
        "seller_marketplace_id,account_type,related_identifiers,items,"
        "contexts,breakdowns\n";

    if (!csv->started) {
        csv->started = 1;
        amzsync_sandbox_raw(out, header, sizeof(header) - 1);
    }

    rows = amzsync_sandbox_ledger_rows(&csv->view);

    while (csv->row < rows) {

        if (out->end - out->last < 2 * AMZSYNC_SANDBOX_TRANSACTION_ROOM) {
            return NGX_AGAIN;
        }

        amzsync_sandbox_transaction_head(&csv->view, csv->row++, &transaction);
        amzsync_sandbox_transaction_body(&transaction);
        amzsync_sandbox_csv_transaction(out, &csv->view, &transaction);
    }

    return out->failed ? NGX_ERROR : NGX_DONE;
}


static void
amzsync_sandbox_csv_transaction(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_transaction_t *t)
{
    char        id[64], digits[32];
    ngx_uint_t  total, metadata, marketplaced;

    total = (t->total == AMZSYNC_SANDBOX_THERE);
    metadata = (t->metadata == AMZSYNC_SANDBOX_THERE);
    marketplaced = (t->marketplaced == AMZSYNC_SANDBOX_THERE);

    amzsync_sandbox_transaction_id(view, t->content, id);
    amzsync_sandbox_cell_cstr(out, t->identified ? id : NULL);
    amzsync_sandbox_cell_cstr(out, amzsync_sandbox_type(t));
    amzsync_sandbox_cell_cstr(out, amzsync_sandbox_release(t));
    amzsync_sandbox_cell_text(out, &t->description, 0);
    amzsync_sandbox_cell_time(out, t->posted);

    amzsync_sandbox_cell_null(out);

    if (total) {
        amzsync_sandbox_digits(t, 0, digits);
        amzsync_sandbox_raw(out, digits, ngx_strlen(digits));
    }

    amzsync_sandbox_cell_cstr(out, total ? amzsync_sandbox_currency(t) : NULL);
    amzsync_sandbox_cell_cstr(out, marketplaced
                      ? amzsync_sandbox_marketplaces[t->marketplace].id
                      : NULL);
    amzsync_sandbox_cell_cstr(out, marketplaced
                      ? amzsync_sandbox_marketplaces[t->marketplace].name
                      : NULL);
    amzsync_sandbox_cell_cstr(out, metadata
                      ? amzsync_sandbox_marketplaces[t->marketplace].id
                      : NULL);

    if (metadata) {
        amzsync_sandbox_cell_text(out, &t->account, 0);

    } else {
        amzsync_sandbox_cell_null(out);
    }

    amzsync_sandbox_csv_lists(out, view, t);
    amzsync_sandbox_line(out);
}


/* Lists as the answer's text. */

static void
amzsync_sandbox_csv_lists(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_transaction_t *t)
{
    u_char                 buf[AMZSYNC_SANDBOX_TRANSACTION_ROOM / 2];
    amzsync_sandbox_out_t  json;

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    json.escape = t->escape;
    amzsync_sandbox_related(&json, NULL, view, t);
    amzsync_sandbox_cell_json(out, &json);

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    json.escape = t->escape;
    if (t->items != AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_items_json(&json, NULL, t);
    }
    amzsync_sandbox_cell_json(out, &json);

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    json.escape = t->escape;
    if (t->contexts != AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_contexts(&json, NULL, t);
    }
    amzsync_sandbox_cell_json(out, &json);

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    json.escape = t->escape;
    if (t->breakdowns != AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_breakdowns(&json, NULL, t);
    }
    amzsync_sandbox_cell_json(out, &json);
}
