
/*
 * The ground truth: what tables must hold after a sync, as CSV for COPY.
 * The columns are those of the tables, in their order; an absent value is an
 * empty cell, a text stands in quotes always.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>


static void amzsync_sandbox_csv_order(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order);
static void amzsync_sandbox_csv_item(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, const amzsync_sandbox_item_t *item);
static void amzsync_sandbox_csv_amount(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, ngx_uint_t there, int64_t amount);
static void amzsync_sandbox_csv_time(amzsync_sandbox_out_t *out, int64_t ms);
static void amzsync_sandbox_csv_count(amzsync_sandbox_out_t *out, int64_t n);
static void amzsync_sandbox_csv_text(amzsync_sandbox_out_t *out,
    const ngx_str_t *s);


static const char  amzsync_sandbox_orders_header[] =
    "order_id,created_time,last_updated_time,fulfillment_status,fulfilled_by,"
    "fulfillment_service_level,ship_by_earliest,ship_by_latest,"
    "deliver_by_earliest,deliver_by_latest,channel_name,marketplace_id,"
    "marketplace_name,grand_total,currency,proceeds_breakdowns,programs,"
    "order_aliases,associated_orders\n";

static const char  amzsync_sandbox_items_header[] =
    "order_id,order_item_id,quantity_ordered,quantity_fulfilled,"
    "quantity_unfulfilled,asin,seller_sku,title,condition_type,"
    "condition_subtype,unit_price,unit_price_currency,price_designation,"
    "proceeds_total,proceeds_currency,proceeds_breakdowns,programs,"
    "serial_numbers\n";


ngx_int_t
amzsync_sandbox_csv_run(amzsync_sandbox_csv_t *csv, amzsync_sandbox_out_t *out)
{
    ngx_uint_t               i, scanned;
    amzsync_sandbox_order_t  order;

    if (!csv->started) {
        csv->started = 1;

        if (csv->items) {
            amzsync_sandbox_raw(out, amzsync_sandbox_items_header,
                                sizeof(amzsync_sandbox_items_header) - 1);

        } else {
            amzsync_sandbox_raw(out, amzsync_sandbox_orders_header,
                                sizeof(amzsync_sandbox_orders_header) - 1);
        }
    }

    for (scanned = 0; csv->row < (uint64_t) csv->view.orders; scanned++) {

        if (out->end - out->last < AMZSYNC_SANDBOX_ROOM
            || scanned == AMZSYNC_SANDBOX_SCAN)
        {
            return NGX_AGAIN;
        }

        amzsync_sandbox_order_head(&csv->view, csv->row++, &order);

        if (!amzsync_sandbox_search_match(&csv->search, &order)) {
            continue;
        }

        amzsync_sandbox_order_body(&csv->view, &order);

        if (!csv->items) {
            amzsync_sandbox_csv_order(out, &order);
            continue;
        }

        for (i = 0; i < order.nitems; i++) {
            amzsync_sandbox_csv_item(out, &order, &order.items[i]);
        }
    }

    return out->failed ? NGX_ERROR : NGX_DONE;
}


static void
amzsync_sandbox_csv_order(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order)
{
    u_char                                buf[4096];
    ngx_uint_t                            total;
    amzsync_sandbox_out_t                 json;
    const amzsync_sandbox_marketplace_t  *marketplace;

    marketplace = &amzsync_sandbox_marketplaces[order->marketplace];
    total = order->proceeds && order->totalled;

    amzsync_sandbox_cell_cstr(out, order->id);
    amzsync_sandbox_cell_time(out, order->created);
    amzsync_sandbox_cell_time(out, order->updated);
    amzsync_sandbox_cell_cstr(out, amzsync_sandbox_statuses[order->status]);
    amzsync_sandbox_cell_cstr(out,
        (order->fulfilled_by == AMZSYNC_SANDBOX_AMAZON) ? "AMAZON"
        : (order->fulfilled_by == AMZSYNC_SANDBOX_MERCHANT) ? "MERCHANT"
        : NULL);
    amzsync_sandbox_cell_cstr(out, order->service_level);
    amzsync_sandbox_csv_time(out, order->ship[0]);
    amzsync_sandbox_csv_time(out, order->ship[1]);
    amzsync_sandbox_csv_time(out, order->deliver[0]);
    amzsync_sandbox_csv_time(out, order->deliver[1]);
    amzsync_sandbox_cell_cstr(out, order->channel);
    amzsync_sandbox_cell_cstr(out, marketplace->id);
    amzsync_sandbox_cell_cstr(out, order->named ? marketplace->name : NULL);
    amzsync_sandbox_csv_amount(out, order, total, order->total);
    amzsync_sandbox_cell_cstr(out, total ? order->currency : NULL);

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    if (order->proceeds) {
        amzsync_sandbox_order_breakdowns(&json, NULL, order);
    }
    amzsync_sandbox_cell_json(out, &json);

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    amzsync_sandbox_order_programs(&json, NULL, order);
    amzsync_sandbox_cell_json(out, &json);

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    amzsync_sandbox_order_aliases(&json, NULL, order);
    amzsync_sandbox_cell_json(out, &json);

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    amzsync_sandbox_order_associated(&json, NULL, order);
    amzsync_sandbox_cell_json(out, &json);

    amzsync_sandbox_line(out);
}


static void
amzsync_sandbox_csv_item(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, const amzsync_sandbox_item_t *item)
{
    u_char                 buf[4096];
    ngx_uint_t             total;
    amzsync_sandbox_out_t  json;

    total = item->proceeds && item->totalled;

    amzsync_sandbox_cell_cstr(out, order->id);
    amzsync_sandbox_cell_cstr(out, item->id);
    amzsync_sandbox_cell_int(out, item->quantity);
    amzsync_sandbox_csv_count(out, item->fulfilled);
    amzsync_sandbox_csv_count(out, item->unfulfilled);
    amzsync_sandbox_cell_cstr(out, item->asin[0] ? item->asin : NULL);
    amzsync_sandbox_csv_text(out, &item->sku);
    amzsync_sandbox_csv_text(out, &item->title);
    amzsync_sandbox_cell_cstr(out, item->condition);
    amzsync_sandbox_cell_cstr(out, item->subtype);
    amzsync_sandbox_csv_amount(out, order, item->priced, item->price);
    amzsync_sandbox_cell_cstr(out, item->priced ? order->currency : NULL);
    amzsync_sandbox_cell_cstr(out, item->designation);
    amzsync_sandbox_csv_amount(out, order, total, item->total);
    amzsync_sandbox_cell_cstr(out, total ? order->currency : NULL);

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    if (item->proceeds) {
        amzsync_sandbox_item_breakdowns(&json, NULL, order, item);
    }
    amzsync_sandbox_cell_json(out, &json);

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    amzsync_sandbox_item_programs(&json, NULL, item);
    amzsync_sandbox_cell_json(out, &json);

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    amzsync_sandbox_item_serials(&json, NULL, item);
    amzsync_sandbox_cell_json(out, &json);

    amzsync_sandbox_line(out);
}


static void
amzsync_sandbox_csv_amount(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, ngx_uint_t there, int64_t amount)
{
    size_t  len;
    u_char  buf[NGX_INT64_LEN + sizeof("-.0000")];

    amzsync_sandbox_cell_null(out);

    if (there) {
        len = amzsync_sandbox_amount(buf, amount, order->decimals);
        amzsync_sandbox_raw(out, buf, len);
    }
}


static void
amzsync_sandbox_csv_time(amzsync_sandbox_out_t *out, int64_t ms)
{
    if (ms == 0) {
        amzsync_sandbox_cell_null(out);
        return;
    }

    amzsync_sandbox_cell_time(out, ms);
}


static void
amzsync_sandbox_csv_count(amzsync_sandbox_out_t *out, int64_t n)
{
    if (n < 0) {
        amzsync_sandbox_cell_null(out);
        return;
    }

    amzsync_sandbox_cell_int(out, n);
}


static void
amzsync_sandbox_csv_text(amzsync_sandbox_out_t *out, const ngx_str_t *s)
{
    if (s->data == NULL) {
        amzsync_sandbox_cell_null(out);
        return;
    }

    amzsync_sandbox_cell(out, s->data, s->len);
}
