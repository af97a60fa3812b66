
/*
 * What is in a shipment: items next to each other in the inventory, so that a
 * SKU is there once.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_inbound.h>


#define AMZSYNC_SANDBOX_DAY  ((int64_t) 24 * 3600 * 1000)


typedef enum {
    AMZSYNC_SANDBOX_I_FIRST = 0,
    AMZSYNC_SANDBOX_I_SHIPPED,
    AMZSYNC_SANDBOX_I_CASE,
    AMZSYNC_SANDBOX_I_RECEIVED,
    AMZSYNC_SANDBOX_I_FN_SKU,
    AMZSYNC_SANDBOX_I_RELEASE,
    AMZSYNC_SANDBOX_I_PREP
} amzsync_sandbox_inbound_item_field_e;


static uint64_t amzsync_sandbox_item_pick(
    const amzsync_sandbox_inbound_t *shipment, uint64_t index,
    amzsync_sandbox_inbound_item_field_e field, uint64_t n);
static void amzsync_sandbox_item_quantities(
    const amzsync_sandbox_inbound_t *shipment,
    amzsync_sandbox_inbound_item_t *item);


static uint64_t
amzsync_sandbox_item_pick(const amzsync_sandbox_inbound_t *shipment,
    uint64_t index, amzsync_sandbox_inbound_item_field_e field, uint64_t n)
{
    uint64_t  hash;

    hash = amzsync_sandbox_hash(shipment->hash, shipment->row, 64 + index);

    return (amzsync_sandbox_hash(hash, index, field) >> 8) % n;
}


void
amzsync_sandbox_inbound_item(const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_inbound_t *shipment, uint64_t index,
    amzsync_sandbox_inbound_item_t *item)
{
    size_t    len;
    uint64_t  n, row, rows;

    ngx_memzero(item, sizeof(amzsync_sandbox_inbound_item_t));

    item->index = index;

    /* also where there is little inventory, or none */

    rows = ngx_max(view->inventory - AMZSYNC_SANDBOX_INBOUND_ITEMS, 1);
    row = amzsync_sandbox_item_pick(shipment, 0, AMZSYNC_SANDBOX_I_FIRST, rows)
          + index;

    len = amzsync_sandbox_sku(row, item->sku_buf);
    amzsync_sandbox_set(&item->sku, AMZSYNC_SANDBOX_THERE, item->sku_buf, len);

    n = amzsync_sandbox_item_pick(shipment, index, AMZSYNC_SANDBOX_I_FN_SKU,
                                  24);
    len = amzsync_sandbox_fn_sku(row, item->fn_sku_buf);
    amzsync_sandbox_set(&item->fn_sku, amzsync_sandbox_there(n),
                        item->fn_sku_buf, len);

    n = amzsync_sandbox_item_pick(shipment, index, AMZSYNC_SANDBOX_I_RELEASE,
                                  1000);
    item->release = (n % 4 < 2) ? (amzsync_sandbox_there_e) (n % 4)
                                : AMZSYNC_SANDBOX_THERE;
    item->release_date = view->until
                         + ((int64_t) n - 500) * AMZSYNC_SANDBOX_DAY;

    n = amzsync_sandbox_item_pick(shipment, index, AMZSYNC_SANDBOX_I_PREP,
                                  1000000);
    item->prep = amzsync_sandbox_there(n % 6);
    item->preps = n / 6;

    amzsync_sandbox_item_quantities(shipment, item);
}


static void
amzsync_sandbox_item_quantities(const amzsync_sandbox_inbound_t *shipment,
    amzsync_sandbox_inbound_item_t *item)
{
    int64_t   all;
    uint64_t  n;

    n = amzsync_sandbox_item_pick(shipment, item->index,
                                  AMZSYNC_SANDBOX_I_SHIPPED, 1000000);
    item->shipped = (n % 20) ? 1 + n / 20 % 60 : 1 + n / 20 % 5000;

    n = amzsync_sandbox_item_pick(shipment, item->index,
                                  AMZSYNC_SANDBOX_I_CASE, 6);
    item->in_case_there = amzsync_sandbox_there(n);

    if (item->in_case_there == AMZSYNC_SANDBOX_EMPTY) {
        item->in_case_there = AMZSYNC_SANDBOX_THERE;
    }

    if (shipment->cased) {
        item->in_case = 6;
        item->shipped += 5 - (item->shipped + 5) % 6;
    }

    /* one in eight comes short, one in eight with something too many */

    n = amzsync_sandbox_item_pick(shipment, item->index,
                                  AMZSYNC_SANDBOX_I_RECEIVED, 1000000);
    all = item->shipped;

    if (n % 8 == 0) {
        all -= 1 + n / 8 % all;

    } else if (n % 8 == 1) {
        all += 1 + n / 8 % 3;
    }

    item->received = all * (int64_t) shipment->received / 4;
    item->received_there = AMZSYNC_SANDBOX_THERE;

    if (shipment->received == 0 && n / 64 % 4 < 2) {
        item->received_there = (amzsync_sandbox_there_e) (n / 64 % 4);
    }
}
