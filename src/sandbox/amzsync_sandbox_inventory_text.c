
/*
 * Inventory summaries as JSON, in the shape of the FBA Inventory API v1, and
 * the ground truth about them as CSV.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_inventory.h>


static void amzsync_sandbox_quantities(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_summary_t *summary, ngx_uint_t from, ngx_uint_t to);
static void amzsync_sandbox_details(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_summary_t *summary);
static void amzsync_sandbox_researching(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_summary_t *summary);
static void amzsync_sandbox_stores_json(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_summary_t *summary);
static void amzsync_sandbox_csv_summary(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_summary_t *summary);
static void amzsync_sandbox_csv_quantities(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_summary_t *summary);
static ngx_uint_t amzsync_sandbox_reached(
    const amzsync_sandbox_summary_t *summary, ngx_uint_t quantity);


static const char *const
    amzsync_sandbox_quantity_names[AMZSYNC_SANDBOX_QUANTITIES] =
{
    "totalQuantity", "fulfillableQuantity", "inboundWorkingQuantity",
    "inboundShippedQuantity", "inboundReceivingQuantity",
    "totalReservedQuantity", "pendingCustomerOrderQuantity",
    "pendingTransshipmentQuantity", "fcProcessingQuantity",
    "totalResearchingQuantity", "totalUnfulfillableQuantity",
    "customerDamagedQuantity", "warehouseDamagedQuantity",
    "distributorDamagedQuantity", "carrierDamagedQuantity",
    "defectiveQuantity", "expiredQuantity"
};


static const char *const  amzsync_sandbox_terms[] = {
    "researchingQuantityInShortTerm", "researchingQuantityInMidTerm",
    "researchingQuantityInLongTerm"
};


void
amzsync_sandbox_summary_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_summary_t *summary, ngx_uint_t details,
    ngx_uint_t spoil)
{
    out->escape = summary->escape;

    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_text(out, "asin", &summary->asin);
    amzsync_sandbox_text(out, "fnSku", &summary->fn_sku);
    amzsync_sandbox_text(out, "sellerSku", &summary->sku);
    amzsync_sandbox_text(out, "condition", &summary->condition);

    if (summary->extra) {
        amzsync_sandbox_json(out, "unknownMember",
                             "{\"a\":[1,null,{\"asin\":\"B0\"}],\"b\":1.50}");
    }

    if (details) {
        amzsync_sandbox_details(out, summary);
    }

    if (summary->time == AMZSYNC_SANDBOX_THERE) {
        amzsync_sandbox_time(out, "lastUpdatedTime", summary->updated);

    } else if (summary->time == AMZSYNC_SANDBOX_EMPTY) {
        amzsync_sandbox_cstr(out, "lastUpdatedTime", "");

    } else if (summary->time == AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_null(out, "lastUpdatedTime");
    }

    if (spoil & AMZSYNC_SANDBOX_BAD_UTF8) {
        amzsync_sandbox_json(out, "productName", AMZSYNC_SANDBOX_BAD_TEXT);

    } else {
        amzsync_sandbox_text(out, "productName", &summary->name);
    }

    if (spoil & AMZSYNC_SANDBOX_WRONG_TYPE) {
        amzsync_sandbox_json(out, "totalQuantity", "{\"value\":1}");

    } else {
        amzsync_sandbox_quantities(out, summary, AMZSYNC_SANDBOX_Q_TOTAL,
                                   AMZSYNC_SANDBOX_Q_TOTAL);
    }

    amzsync_sandbox_stores_json(out, "stores", summary);
    amzsync_sandbox_close(out, '}');

    out->escape = 0;
}


static void
amzsync_sandbox_quantities(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_summary_t *summary, ngx_uint_t from, ngx_uint_t to)
{
    int64_t      q;
    ngx_uint_t   i;
    const char  *name;

    for (i = from; i <= to; i++) {
        q = summary->quantities[i];
        name = amzsync_sandbox_quantity_names[i];

        if (q == AMZSYNC_SANDBOX_Q_NULL) {
            amzsync_sandbox_null(out, name);

        } else if (q != AMZSYNC_SANDBOX_Q_ABSENT) {
            amzsync_sandbox_int(out, name, q);
        }
    }
}


static void
amzsync_sandbox_details(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_summary_t *summary)
{
    if (!amzsync_sandbox_inside(out, "inventoryDetails", summary->details, '{',
                                '}'))
    {
        return;
    }

    amzsync_sandbox_quantities(out, summary, AMZSYNC_SANDBOX_Q_FULFILLABLE,
                               AMZSYNC_SANDBOX_Q_RECEIVING);

    if (amzsync_sandbox_inside(out, "reservedQuantity", summary->reserved,
                               '{', '}'))
    {
        amzsync_sandbox_quantities(out, summary, AMZSYNC_SANDBOX_Q_RESERVED,
                                   AMZSYNC_SANDBOX_Q_FC_PROCESSING);
        amzsync_sandbox_close(out, '}');
    }

    if (amzsync_sandbox_inside(out, "researchingQuantity",
                               summary->researching, '{', '}'))
    {
        amzsync_sandbox_quantities(out, summary,
                                   AMZSYNC_SANDBOX_Q_RESEARCHING,
                                   AMZSYNC_SANDBOX_Q_RESEARCHING);
        amzsync_sandbox_researching(out, "researchingQuantityBreakdown",
                                    summary);
        amzsync_sandbox_close(out, '}');
    }

    if (amzsync_sandbox_inside(out, "unfulfillableQuantity",
                               summary->unfulfillable, '{', '}'))
    {
        amzsync_sandbox_quantities(out, summary,
                                   AMZSYNC_SANDBOX_Q_UNFULFILLABLE,
                                   AMZSYNC_SANDBOX_Q_EXPIRED);
        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_close(out, '}');
}


static void
amzsync_sandbox_researching(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_summary_t *summary)
{
    int64_t     quantity, left;
    ngx_uint_t  i;

    if (!amzsync_sandbox_inside(out, key, summary->breakdown, '[', ']')) {
        return;
    }

    left = ngx_max(summary->quantities[AMZSYNC_SANDBOX_Q_RESEARCHING], 0);

    for (i = 0; i < 3; i++) {
        quantity = (i == 2) ? left : left / 2;
        left -= quantity;

        amzsync_sandbox_open(out, NULL, '{');
        amzsync_sandbox_cstr(out, "name", amzsync_sandbox_terms[i]);
        amzsync_sandbox_int(out, "quantity", quantity);
        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_close(out, ']');
}


static void
amzsync_sandbox_stores_json(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_summary_t *summary)
{
    if (!amzsync_sandbox_inside(out, key, summary->stores, '[', ']')) {
        return;
    }

    amzsync_sandbox_cstr(out, NULL, "AMAZON_HAUL");

    if (summary->row % 2) {
        amzsync_sandbox_cstr(out, NULL, "店/\"2\"");
    }

    amzsync_sandbox_close(out, ']');
}


ngx_int_t
amzsync_sandbox_inventory_csv(amzsync_sandbox_csv_t *csv,
    amzsync_sandbox_out_t *out)
{
    uint64_t                   rows;
    ngx_uint_t                 scanned, marketplace;
    amzsync_sandbox_summary_t  summary;

    static const char  header[] =
        "marketplace_id,seller_sku,fn_sku,condition,asin,product_name,"
        "last_updated_time,total_quantity,fulfillable_quantity,"
        "inbound_working_quantity,inbound_shipped_quantity,"
        "inbound_receiving_quantity,reserved_quantity,"
        "reserved_customer_order_quantity,reserved_transshipment_quantity,"
        "reserved_fc_processing_quantity,researching_quantity,"
        "researching_breakdown,unfulfillable_quantity,"
        "unfulfillable_customer_damaged_quantity,"
        "unfulfillable_warehouse_damaged_quantity,"
        "unfulfillable_distributor_damaged_quantity,"
        "unfulfillable_carrier_damaged_quantity,"
        "unfulfillable_defective_quantity,unfulfillable_expired_quantity,"
        "stores\n";

    if (!csv->started) {
        csv->started = 1;
        amzsync_sandbox_raw(out, header, sizeof(header) - 1);
    }

    /* csv->row counts the rows of all marketplaces */

    rows = amzsync_sandbox_inventory_rows(&csv->view);

    for (scanned = 0;
         csv->row < rows * AMZSYNC_SANDBOX_MARKETPLACES;
         scanned++)
    {
        if (out->end - out->last < AMZSYNC_SANDBOX_INVENTORY_ROOM
            || scanned == AMZSYNC_SANDBOX_SCAN)
        {
            return NGX_AGAIN;
        }

        marketplace = csv->row / rows;

        if (csv->search.nmarketplaces
            && !(csv->search.marketplaces & ((ngx_uint_t) 1 << marketplace)))
        {
            csv->row = (marketplace + 1) * rows;
            continue;
        }

        if (amzsync_sandbox_summary_head(&csv->view, marketplace,
                                         csv->row++ % rows, &summary))
        {
            amzsync_sandbox_summary_body(&csv->view, &summary);
            amzsync_sandbox_csv_summary(out, &summary);
        }
    }

    return out->failed ? NGX_ERROR : NGX_DONE;
}


static void
amzsync_sandbox_csv_summary(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_summary_t *summary)
{
    u_char                 buf[1024];
    amzsync_sandbox_out_t  json;

    amzsync_sandbox_cell_cstr(out,
                       amzsync_sandbox_marketplaces[summary->marketplace].id);
    amzsync_sandbox_cell_text(out, &summary->sku, 1);
    amzsync_sandbox_cell_text(out, &summary->fn_sku, 1);
    amzsync_sandbox_cell_text(out, &summary->condition, 1);
    amzsync_sandbox_cell_text(out, &summary->asin, 0);
    amzsync_sandbox_cell_text(out, &summary->name, 0);

    if (summary->time == AMZSYNC_SANDBOX_THERE) {
        amzsync_sandbox_cell_time(out, summary->updated);

    } else {
        amzsync_sandbox_cell_null(out);
    }

    amzsync_sandbox_csv_quantities(out, summary);

    amzsync_sandbox_out(&json, buf, sizeof(buf));
    json.escape = summary->escape;

    if (summary->stores != AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_stores_json(&json, NULL, summary);
    }

    amzsync_sandbox_cell_json(out, &json);
    amzsync_sandbox_line(out);
}


static void
amzsync_sandbox_csv_quantities(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_summary_t *summary)
{
    u_char                 buf[1024];
    ngx_uint_t             i;
    amzsync_sandbox_out_t  json;

    for (i = 0; i < AMZSYNC_SANDBOX_QUANTITIES; i++) {

        if (summary->quantities[i] >= 0
            && amzsync_sandbox_reached(summary, i))
        {
            amzsync_sandbox_cell_int(out, summary->quantities[i]);

        } else {
            amzsync_sandbox_cell_null(out);
        }

        if (i != AMZSYNC_SANDBOX_Q_RESEARCHING) {
            continue;
        }

        amzsync_sandbox_out(&json, buf, sizeof(buf));

        if (summary->breakdown != AMZSYNC_SANDBOX_NULL
            && amzsync_sandbox_reached(summary, i))
        {
            amzsync_sandbox_researching(&json, NULL, summary);
        }

        amzsync_sandbox_cell_json(out, &json);
    }
}


/* Whether the objects around a quantity are there. */

static ngx_uint_t
amzsync_sandbox_reached(const amzsync_sandbox_summary_t *summary,
    ngx_uint_t quantity)
{
    if (quantity == AMZSYNC_SANDBOX_Q_TOTAL) {
        return 1;
    }

    if (summary->details != AMZSYNC_SANDBOX_THERE) {
        return 0;
    }

    if (quantity >= AMZSYNC_SANDBOX_Q_UNFULFILLABLE) {
        return summary->unfulfillable == AMZSYNC_SANDBOX_THERE;
    }

    if (quantity == AMZSYNC_SANDBOX_Q_RESEARCHING) {
        return summary->researching == AMZSYNC_SANDBOX_THERE;
    }

    if (quantity >= AMZSYNC_SANDBOX_Q_RESERVED) {
        return summary->reserved == AMZSYNC_SANDBOX_THERE;
    }

    return 1;
}
