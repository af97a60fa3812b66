
/*
 * Shipments and their items as JSON, in the shape of the Fulfillment Inbound
 * API v0, and the ground truth about them as CSV.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_inbound.h>


#define AMZSYNC_SANDBOX_DATE_LEN  (sizeof("2026-11-22") - 1)


static void amzsync_sandbox_inbound_address(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *shipment);
static void amzsync_sandbox_inbound_fees(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *shipment);
static void amzsync_sandbox_inbound_money(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_inbound_t *shipment,
    int64_t amount);
static void amzsync_sandbox_inbound_digits(
    const amzsync_sandbox_inbound_t *shipment, int64_t amount, char *digits);
static void amzsync_sandbox_inbound_preps(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_inbound_item_t *item);
static void amzsync_sandbox_count(amzsync_sandbox_out_t *out, const char *key,
    amzsync_sandbox_there_e there, int64_t n);
static void amzsync_sandbox_date(amzsync_sandbox_out_t *out, const char *key,
    amzsync_sandbox_there_e there, int64_t ms);
static void amzsync_sandbox_cell_date(amzsync_sandbox_out_t *out,
    amzsync_sandbox_there_e there, int64_t ms);
static void amzsync_sandbox_cell_count(amzsync_sandbox_out_t *out,
    amzsync_sandbox_there_e there, int64_t n);
static ngx_uint_t amzsync_sandbox_inbound_skip(
    const amzsync_sandbox_csv_t *csv,
    const amzsync_sandbox_inbound_t *shipment);
static void amzsync_sandbox_csv_shipment(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *shipment);
static void amzsync_sandbox_csv_fees(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *shipment);
static void amzsync_sandbox_csv_inbound_item(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *shipment,
    const amzsync_sandbox_inbound_item_t *item);


static const char *const  amzsync_sandbox_preps[] = {
    "Polybagging", "BubbleWrapping", "Taping", "BlackShrinkWrapping",
    "Labeling", "HangGarment", "SetCreation", "Boxing", "NoPrep"
};


void
amzsync_sandbox_inbound_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *s, ngx_uint_t spoil)
{
    out->escape = s->escape;

    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_cstr(out, "ShipmentId", s->id);

    if (spoil & AMZSYNC_SANDBOX_BAD_UTF8) {
        amzsync_sandbox_json(out, "ShipmentName", AMZSYNC_SANDBOX_BAD_TEXT);

    } else {
        amzsync_sandbox_text(out, "ShipmentName", &s->name);
    }

    amzsync_sandbox_inbound_address(out, s);
    amzsync_sandbox_text(out, "DestinationFulfillmentCenterId", &s->center);

    if (s->extra) {
        amzsync_sandbox_json(out, "unknownMember",
                             "{\"ShipmentId\":[1,null,{\"a\":1.50}]}");
    }

    if (spoil & AMZSYNC_SANDBOX_WRONG_TYPE) {
        amzsync_sandbox_json(out, "ShipmentStatus", "{\"value\":1}");

    } else {
        amzsync_sandbox_cstr(out, "ShipmentStatus",
                             amzsync_sandbox_inbound_statuses[s->status]);
    }

    amzsync_sandbox_text(out, "LabelPrepType", &s->label);

    if (s->cases == AMZSYNC_SANDBOX_THERE) {
        amzsync_sandbox_bool(out, "AreCasesRequired", s->cased);

    } else if (s->cases == AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_null(out, "AreCasesRequired");
    }

    amzsync_sandbox_date(out, "ConfirmedNeedByDate", s->need_by,
                         s->need_by_date);
    amzsync_sandbox_text(out, "BoxContentsSource", &s->source);
    amzsync_sandbox_inbound_fees(out, s);
    amzsync_sandbox_close(out, '}');

    out->escape = 0;
}


/* Personal data, which nobody should keep. */

static void
amzsync_sandbox_inbound_address(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *s)
{
    amzsync_sandbox_open(out, "ShipFromAddress", '{');
    amzsync_sandbox_cstr(out, "Name", "Zoë Private");
    amzsync_sandbox_cstr(out, "AddressLine1", "1 Secret Street");

    if (s->row % 3 == 1) {
        amzsync_sandbox_null(out, "AddressLine2");
    }

    amzsync_sandbox_cstr(out, "City", "Seattle");
    amzsync_sandbox_cstr(out, "StateOrProvinceCode", "WA");
    amzsync_sandbox_cstr(out, "CountryCode", "US");
    amzsync_sandbox_cstr(out, "PostalCode", "98109");
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_inbound_fees(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *s)
{
    if (!amzsync_sandbox_inside(out, "EstimatedBoxContentsFee", s->fee, '{',
                                '}'))
    {
        return;
    }

    amzsync_sandbox_int(out, "TotalUnits", s->units);

    if (s->per_unit == AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_null(out, "FeePerUnit");

    } else if (s->per_unit == AMZSYNC_SANDBOX_THERE) {
        amzsync_sandbox_inbound_money(out, "FeePerUnit", s, s->unit_fee);
    }

    amzsync_sandbox_inbound_money(out, "TotalFee", s, s->units * s->unit_fee);
    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_inbound_money(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_inbound_t *s, int64_t amount)
{
    char  digits[32];

    amzsync_sandbox_inbound_digits(s, amount, digits);

    amzsync_sandbox_open(out, key, '{');
    amzsync_sandbox_cstr(out, "CurrencyCode", "USD");
    amzsync_sandbox_json(out, "Value", digits);
    amzsync_sandbox_close(out, '}');
}


/* A number in one of the ways that JSON has to write it. */

static void
amzsync_sandbox_inbound_digits(const amzsync_sandbox_inbound_t *s,
    int64_t amount, char *digits)
{
    size_t  len;

    if (s->digits == 2) {
        ngx_sprintf((u_char *) digits, "%Le-4%Z", amount);
        return;
    }

    len = amzsync_sandbox_amount((u_char *) digits, amount,
                                 (s->digits == 0 && amount % 100 == 0) ? 2
                                                                       : 4);
    digits[len] = '\0';
}


void
amzsync_sandbox_inbound_item_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *s,
    const amzsync_sandbox_inbound_item_t *item, ngx_uint_t spoil)
{
    out->escape = s->escape;

    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_cstr(out, "ShipmentId", s->id);

    if (spoil & AMZSYNC_SANDBOX_BAD_UTF8) {
        amzsync_sandbox_json(out, "SellerSKU", AMZSYNC_SANDBOX_BAD_TEXT);

    } else {
        amzsync_sandbox_text(out, "SellerSKU", &item->sku);
    }

    amzsync_sandbox_text(out, "FulfillmentNetworkSKU", &item->fn_sku);

    if (spoil & AMZSYNC_SANDBOX_WRONG_TYPE) {
        amzsync_sandbox_json(out, "QuantityShipped", "{\"value\":1}");

    } else {
        amzsync_sandbox_int(out, "QuantityShipped", item->shipped);
    }

    if (s->extra) {
        amzsync_sandbox_json(out, "unknownMember", "[{\"SellerSKU\":null}]");
    }

    amzsync_sandbox_count(out, "QuantityReceived", item->received_there,
                          item->received);
    amzsync_sandbox_count(out, "QuantityInCase", item->in_case_there,
                          item->in_case);
    amzsync_sandbox_date(out, "ReleaseDate", item->release,
                         item->release_date);
    amzsync_sandbox_inbound_preps(out, "PrepDetailsList", item);
    amzsync_sandbox_close(out, '}');

    out->escape = 0;
}


static void
amzsync_sandbox_inbound_preps(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_inbound_item_t *item)
{
    uint64_t    n;
    ngx_uint_t  i;

    if (!amzsync_sandbox_inside(out, key, item->prep, '[', ']')) {
        return;
    }

    n = item->preps;

    for (i = 0; i <= item->preps % 3; i++) {
        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_cstr(out, "PrepInstruction",
                             amzsync_sandbox_preps[n
                                 % (sizeof(amzsync_sandbox_preps)
                                    / sizeof(amzsync_sandbox_preps[0]))]);
        amzsync_sandbox_cstr(out, "PrepOwner", (n % 2) ? "AMAZON" : "SELLER");
        amzsync_sandbox_close(out, '}');
        n /= 7;
    }

    amzsync_sandbox_close(out, ']');
}


static void
amzsync_sandbox_count(amzsync_sandbox_out_t *out, const char *key,
    amzsync_sandbox_there_e there, int64_t n)
{
    if (there == AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_null(out, key);

    } else if (there == AMZSYNC_SANDBOX_THERE) {
        amzsync_sandbox_int(out, key, n);
    }
}


static void
amzsync_sandbox_date(amzsync_sandbox_out_t *out, const char *key,
    amzsync_sandbox_there_e there, int64_t ms)
{
    u_char  buf[AMZSYNC_TIME_LEN];

    if (there == AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_null(out, key);

    } else if (there == AMZSYNC_SANDBOX_THERE) {
        (void) amzsync_time_print(buf, ms);
        amzsync_sandbox_str(out, key, buf, AMZSYNC_SANDBOX_DATE_LEN);
    }
}


static void
amzsync_sandbox_cell_date(amzsync_sandbox_out_t *out,
    amzsync_sandbox_there_e there, int64_t ms)
{
    u_char  buf[AMZSYNC_TIME_LEN];

    amzsync_sandbox_cell_null(out);

    if (there == AMZSYNC_SANDBOX_THERE) {
        (void) amzsync_time_print(buf, ms);
        amzsync_sandbox_raw(out, buf, AMZSYNC_SANDBOX_DATE_LEN);
    }
}


static void
amzsync_sandbox_cell_count(amzsync_sandbox_out_t *out,
    amzsync_sandbox_there_e there, int64_t n)
{
    if (there == AMZSYNC_SANDBOX_THERE) {
        amzsync_sandbox_cell_int(out, n);

    } else {
        amzsync_sandbox_cell_null(out);
    }
}


ngx_int_t
amzsync_sandbox_inbound_csv(amzsync_sandbox_csv_t *csv,
    amzsync_sandbox_out_t *out)
{
    ngx_uint_t                 scanned;
    amzsync_sandbox_inbound_t  shipment;

    static const char  header[] =
        "shipment_id,shipment_name,destination_fulfillment_center_id,"
        "shipment_status,label_prep_type,are_cases_required,"
        "confirmed_need_by_date,box_contents_source,box_contents_total_units,"
        "box_contents_fee_per_unit,box_contents_fee_per_unit_currency,"
        "box_contents_total_fee,box_contents_total_fee_currency\n";

    if (!csv->started) {
        csv->started = 1;
        amzsync_sandbox_raw(out, header, sizeof(header) - 1);
    }

    for (scanned = 0;
         csv->row < amzsync_sandbox_inbound_rows(&csv->view);
         scanned++)
    {
        if (out->end - out->last < AMZSYNC_SANDBOX_INBOUND_ROOM
            || scanned == AMZSYNC_SANDBOX_SCAN)
        {
            return NGX_AGAIN;
        }

        amzsync_sandbox_inbound_head(&csv->view, csv->row++, &shipment);

        if (!amzsync_sandbox_inbound_skip(csv, &shipment)) {
            amzsync_sandbox_inbound_body(&csv->view, &shipment);
            amzsync_sandbox_csv_shipment(out, &shipment);
        }
    }

    return out->failed ? NGX_ERROR : NGX_DONE;
}


/* Of marketplaces that were not asked for. */

static ngx_uint_t
amzsync_sandbox_inbound_skip(const amzsync_sandbox_csv_t *csv,
    const amzsync_sandbox_inbound_t *s)
{
    return csv->search.nmarketplaces
           && !(csv->search.marketplaces
                & ((ngx_uint_t) 1 << s->marketplace));
}


static void
amzsync_sandbox_csv_shipment(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *s)
{
    amzsync_sandbox_cell_cstr(out, s->id);
    amzsync_sandbox_cell_text(out, &s->name, 0);
    amzsync_sandbox_cell_text(out, &s->center, 0);
    amzsync_sandbox_cell_cstr(out,
                              amzsync_sandbox_inbound_statuses[s->status]);
    amzsync_sandbox_cell_text(out, &s->label, 0);
    amzsync_sandbox_cell_cstr(out, (s->cases != AMZSYNC_SANDBOX_THERE) ? NULL
                                   : s->cased ? "true" : "false");
    amzsync_sandbox_cell_date(out, s->need_by, s->need_by_date);
    amzsync_sandbox_cell_text(out, &s->source, 0);
    amzsync_sandbox_csv_fees(out, s);
    amzsync_sandbox_line(out);
}


static void
amzsync_sandbox_csv_fees(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *s)
{
    char        digits[32];
    ngx_uint_t  i, there;

    amzsync_sandbox_cell_count(out, s->fee, s->units);

    for (i = 0; i < 2; i++) {
        there = s->fee == AMZSYNC_SANDBOX_THERE
                && (i == 1 || s->per_unit == AMZSYNC_SANDBOX_THERE);

        amzsync_sandbox_inbound_digits(s, s->unit_fee * (i ? s->units : 1),
                                       digits);
        amzsync_sandbox_cell_null(out);
        amzsync_sandbox_raw(out, digits, there ? ngx_strlen(digits) : 0);
        amzsync_sandbox_cell_cstr(out, there ? "USD" : NULL);
    }
}


ngx_int_t
amzsync_sandbox_inbound_items_csv(amzsync_sandbox_csv_t *csv,
    amzsync_sandbox_out_t *out)
{
    uint64_t                        row, index;
    ngx_uint_t                      scanned;
    amzsync_sandbox_inbound_t       shipment;
    amzsync_sandbox_inbound_item_t  item;

    static const char  header[] =
        "shipment_id,seller_sku,fulfillment_network_sku,quantity_shipped,"
        "quantity_received,quantity_in_case,release_date,prep_details_list\n";

    if (!csv->started) {
        csv->started = 1;
        amzsync_sandbox_raw(out, header, sizeof(header) - 1);
    }

    /* csv->row counts the items that shipments might have */

    for (scanned = 0; /* void */ ; scanned++) {
        row = csv->row / AMZSYNC_SANDBOX_INBOUND_ITEMS;
        index = csv->row % AMZSYNC_SANDBOX_INBOUND_ITEMS;

        if (row == amzsync_sandbox_inbound_rows(&csv->view)) {
            break;
        }

        if (out->end - out->last < AMZSYNC_SANDBOX_INBOUND_ROOM
            || scanned == AMZSYNC_SANDBOX_SCAN)
        {
            return NGX_AGAIN;
        }

        amzsync_sandbox_inbound_head(&csv->view, row, &shipment);

        if (index == shipment.nitems
            || amzsync_sandbox_inbound_skip(csv, &shipment))
        {
            csv->row = (row + 1) * AMZSYNC_SANDBOX_INBOUND_ITEMS;
            continue;
        }

        amzsync_sandbox_inbound_body(&csv->view, &shipment);
        amzsync_sandbox_inbound_item(&csv->view, &shipment, index, &item);
        amzsync_sandbox_csv_inbound_item(out, &shipment, &item);
        csv->row++;
    }

    return out->failed ? NGX_ERROR : NGX_DONE;
}


static void
amzsync_sandbox_csv_inbound_item(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *s,
    const amzsync_sandbox_inbound_item_t *item)
{
    u_char                 buf[1024];
    amzsync_sandbox_out_t  json;

    amzsync_sandbox_cell_cstr(out, s->id);
    amzsync_sandbox_cell_text(out, &item->sku, 1);
    amzsync_sandbox_cell_text(out, &item->fn_sku, 1);
    amzsync_sandbox_cell_int(out, item->shipped);
    amzsync_sandbox_cell_count(out, item->received_there, item->received);
    amzsync_sandbox_cell_count(out, item->in_case_there, item->in_case);
    amzsync_sandbox_cell_date(out, item->release, item->release_date);

    amzsync_sandbox_out(&json, buf, sizeof(buf));

    if (item->prep != AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_inbound_preps(&json, NULL, item);
    }

    amzsync_sandbox_cell_json(out, &json);
    amzsync_sandbox_line(out);
}
