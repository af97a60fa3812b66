
/*
 * What an order is: every fact is picked by a hash of seller, row and the
 * number of a field, so that one order costs the same as any other.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>


#define AMZSYNC_SANDBOX_HOUR   ((int64_t) 3600 * 1000)
#define AMZSYNC_SANDBOX_DAY    (24 * AMZSYNC_SANDBOX_HOUR)

/* Row numbers are spread over seven digits; both are inverses mod 10^7. */
#define AMZSYNC_SANDBOX_SPREAD   6180339
#define AMZSYNC_SANDBOX_GATHER   6240059


/* Fields of an order, each with a hash of its own. */

typedef enum {
    AMZSYNC_SANDBOX_F_ORDER = 16,
    AMZSYNC_SANDBOX_F_ID,
    AMZSYNC_SANDBOX_F_STATUS,
    AMZSYNC_SANDBOX_F_BY,
    AMZSYNC_SANDBOX_F_LEVEL,
    AMZSYNC_SANDBOX_F_SHIP,
    AMZSYNC_SANDBOX_F_DELIVER,
    AMZSYNC_SANDBOX_F_CHANNEL,
    AMZSYNC_SANDBOX_F_MARKETPLACE,
    AMZSYNC_SANDBOX_F_NAMED,
    AMZSYNC_SANDBOX_F_CURRENCY,
    AMZSYNC_SANDBOX_F_TIP,
    AMZSYNC_SANDBOX_F_PROCEEDS,
    AMZSYNC_SANDBOX_F_BREAKDOWNS,
    AMZSYNC_SANDBOX_F_PROGRAMS,
    AMZSYNC_SANDBOX_F_ALIASES,
    AMZSYNC_SANDBOX_F_ASSOCIATED,
    AMZSYNC_SANDBOX_F_ESCAPE,
    AMZSYNC_SANDBOX_F_ITEMS,
    AMZSYNC_SANDBOX_F_CHANGE
} amzsync_sandbox_field_e;


/* What a revision does to the items of an order. */

typedef enum {
    AMZSYNC_SANDBOX_CHANGE_NONE = 0,
    AMZSYNC_SANDBOX_CHANGE_ADD,
    AMZSYNC_SANDBOX_CHANGE_REMOVE,
    AMZSYNC_SANDBOX_CHANGE_CONTENT,
    AMZSYNC_SANDBOX_CHANGES
} amzsync_sandbox_change_e;


static void amzsync_sandbox_status(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_order_t *order);
static void amzsync_sandbox_windows(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_order_t *order);
static void amzsync_sandbox_items(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_order_t *order);
static void amzsync_sandbox_totals(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_order_t *order);


const amzsync_sandbox_marketplace_t
    amzsync_sandbox_marketplaces[AMZSYNC_SANDBOX_MARKETPLACES] =
{
    { "ATVPDKIKX0DER", "Amazon.com", "USD", "US" },
    { "A2EUQ1WTGCTBG2", "Amazon.ca", "CAD", "CA" },
    { "A1AM78C64UM0Y8", "Amazon.com.mx", "MXN", "MX" }
};


const char *const  amzsync_sandbox_statuses[AMZSYNC_SANDBOX_STATUSES + 1] = {
    "PENDING_AVAILABILITY", "PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED",
    "SHIPPED", "CANCELLED", "UNFULFILLABLE", NULL
};


static const char *const  amzsync_sandbox_levels[] = {
    "STANDARD", "EXPEDITED", "FREE_ECONOMY", "NEXT_DAY", "PRIORITY",
    "SAME_DAY", "SECOND_DAY", "SCHEDULED"
};


static uint64_t
amzsync_sandbox_pick(const amzsync_sandbox_view_t *view, uint64_t row,
    amzsync_sandbox_field_e field, uint64_t n)
{
    return (amzsync_sandbox_hash(view->key, row, field) >> 8) % n;
}


void
amzsync_sandbox_order_id(uint64_t key, uint64_t row, char *id)
{
    uint64_t  hash;

    hash = amzsync_sandbox_hash(key, row, AMZSYNC_SANDBOX_F_ID);

    ngx_sprintf((u_char *) id, "1%02uL-%07uL-%07uL%Z", hash % 100,
                row * AMZSYNC_SANDBOX_SPREAD % AMZSYNC_SANDBOX_ORDERS,
                (hash >> 8) % 10000000);
}


ngx_int_t
amzsync_sandbox_order_find(const amzsync_sandbox_view_t *view,
    const ngx_str_t *id, uint64_t *row)
{
    char       buf[24];
    ngx_int_t  n;

    if (id->len != sizeof("123-4567890-1234567") - 1) {
        return NGX_DECLINED;
    }

    n = ngx_atoi(id->data + 4, 7);

    if (n == NGX_ERROR) {
        return NGX_DECLINED;
    }

    *row = (uint64_t) n * AMZSYNC_SANDBOX_GATHER % AMZSYNC_SANDBOX_ORDERS;

    if (*row >= (uint64_t) view->orders) {
        return NGX_DECLINED;
    }

    amzsync_sandbox_order_id(view->key, *row, buf);

    return (ngx_memcmp(buf, id->data, id->len) == 0) ? NGX_OK : NGX_DECLINED;
}


void
amzsync_sandbox_order_head(const amzsync_sandbox_view_t *view, uint64_t row,
    amzsync_sandbox_order_t *order)
{
    uint64_t  n;

    ngx_memzero(order, offsetof(amzsync_sandbox_order_t, items));

    order->row = row;
    order->touches = amzsync_sandbox_touches(view, row, &order->latest);

    n = amzsync_sandbox_pick(view, row, AMZSYNC_SANDBOX_F_MARKETPLACE, 10);
    order->marketplace = (n < 7) ? 0 : (n < 9) ? 1 : 2;

    n = amzsync_sandbox_pick(view, row, AMZSYNC_SANDBOX_F_BY, 16);
    order->fulfilled_by = (n == 0) ? 0 : (n < 10) ? AMZSYNC_SANDBOX_AMAZON
                                                  : AMZSYNC_SANDBOX_MERCHANT;

    amzsync_sandbox_status(view, order);
}


/*
 * A touched order has another status than before: shipped at first, if it was
 * not, then cancelled and shipped in turn.
 */

static void
amzsync_sandbox_status(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_order_t *order)
{
    uint64_t                  n;
    amzsync_sandbox_status_e  odd, even;

    n = amzsync_sandbox_pick(view, order->row, AMZSYNC_SANDBOX_F_STATUS, 100);

    if (n < 68) {
        order->status = AMZSYNC_SANDBOX_SHIPPED;

    } else if (n < 80) {
        order->status = AMZSYNC_SANDBOX_UNSHIPPED;

    } else if (n < 89) {
        order->status = AMZSYNC_SANDBOX_CANCELLED;

    } else if (n < 94) {
        order->status = AMZSYNC_SANDBOX_PENDING;

    } else if (n < 98) {
        order->status = AMZSYNC_SANDBOX_PARTIALLY_SHIPPED;

    } else if (n < 99 || order->fulfilled_by != AMZSYNC_SANDBOX_AMAZON) {
        order->status = AMZSYNC_SANDBOX_PENDING_AVAILABILITY;

    } else {
        order->status = AMZSYNC_SANDBOX_UNFULFILLABLE;
    }

    if (order->touches == 0) {
        return;
    }

    odd = AMZSYNC_SANDBOX_SHIPPED;
    even = AMZSYNC_SANDBOX_CANCELLED;

    if (order->status == AMZSYNC_SANDBOX_SHIPPED) {
        odd = AMZSYNC_SANDBOX_CANCELLED;
        even = AMZSYNC_SANDBOX_SHIPPED;
    }

    order->status = (order->touches & 1) ? odd : even;
}


void
amzsync_sandbox_order_body(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_order_t *order)
{
    uint64_t  n, row;

    row = order->row;
    order->hash = amzsync_sandbox_hash(view->key, row,
                                       AMZSYNC_SANDBOX_F_ORDER);

    amzsync_sandbox_order_id(view->key, row, order->id);
    order->created = amzsync_sandbox_created(view, row);
    order->updated = amzsync_sandbox_updated(view, row);
    order->escape = amzsync_sandbox_pick(view, row,
                                         AMZSYNC_SANDBOX_F_ESCAPE, 4) == 0;

    n = amzsync_sandbox_pick(view, row, AMZSYNC_SANDBOX_F_LEVEL, 10);
    order->service_level = (n < 8) ? amzsync_sandbox_levels[n] : NULL;

    n = amzsync_sandbox_pick(view, row, AMZSYNC_SANDBOX_F_CHANNEL, 25);
    order->channel = n ? "AMAZON" : "NON_AMAZON";

    n = amzsync_sandbox_pick(view, row, AMZSYNC_SANDBOX_F_NAMED, 10);
    order->named = (n != 0);

    amzsync_sandbox_windows(view, order);

    n = amzsync_sandbox_pick(view, row, AMZSYNC_SANDBOX_F_PROGRAMS, 8);
    order->programs = (n > 3);
    order->nprograms = (n > 4) ? n - 4 : 0;

    n = amzsync_sandbox_pick(view, row, AMZSYNC_SANDBOX_F_ALIASES, 12);
    order->aliases = (n < 3);
    order->naliases = (n < 3) ? n : 0;

    n = amzsync_sandbox_pick(view, row, AMZSYNC_SANDBOX_F_ASSOCIATED, 20);
    order->associated = (n < 2);
    order->nassociated = (n == 1);

    /* some goods are sold abroad, some by the thousand */

    n = amzsync_sandbox_pick(view, row, AMZSYNC_SANDBOX_F_CURRENCY, 40);

    order->currency =
        amzsync_sandbox_marketplaces[order->marketplace].currency;
    order->decimals = 2;

    if (n < 2) {
        order->currency = "JPY";
        order->decimals = 0;

    } else if (n < 4) {
        order->decimals = 4;
    }

    amzsync_sandbox_items(view, order);
    amzsync_sandbox_totals(view, order);
}


static void
amzsync_sandbox_windows(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_order_t *order)
{
    int64_t   day;
    uint64_t  n;

    day = order->created - order->created % AMZSYNC_SANDBOX_DAY;

    n = amzsync_sandbox_pick(view, order->row, AMZSYNC_SANDBOX_F_SHIP, 24);

    if (n >= 3) {
        order->ship[0] = day + AMZSYNC_SANDBOX_DAY;
        order->ship[1] = day + (int64_t) (2 + n % 4) * AMZSYNC_SANDBOX_DAY
                         - 1000;
    }

    if (n == 3) {
        order->ship[0] = 0;
    }

    n = amzsync_sandbox_pick(view, order->row, AMZSYNC_SANDBOX_F_DELIVER, 24);

    if (n >= 6) {
        order->deliver[0] = day + (int64_t) (3 + n % 3) * AMZSYNC_SANDBOX_DAY
                            + 8 * AMZSYNC_SANDBOX_HOUR;
        order->deliver[1] = day + (int64_t) (7 + n % 5) * AMZSYNC_SANDBOX_DAY
                            - 1000;
    }

    if (n == 6) {
        order->deliver[1] = 0;
    }
}


static void
amzsync_sandbox_items(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_order_t *order)
{
    uint64_t                  n, first, last;
    amzsync_sandbox_change_e  change;

    n = amzsync_sandbox_pick(view, order->row, AMZSYNC_SANDBOX_F_ITEMS, 100);

    first = 0;
    last = (n < 62) ? 1 : (n < 86) ? 2 : (n < 93) ? 3 : n - 89;
    last = ngx_min(last, AMZSYNC_SANDBOX_ITEMS);

    change = amzsync_sandbox_pick(view, order->row, AMZSYNC_SANDBOX_F_CHANGE,
                                  AMZSYNC_SANDBOX_CHANGES);

    if (change == AMZSYNC_SANDBOX_CHANGE_ADD) {
        last = ngx_min(last + order->touches, AMZSYNC_SANDBOX_ITEMS);

    } else if (change == AMZSYNC_SANDBOX_CHANGE_REMOVE) {
        first = ngx_min(order->touches, last - 1);
    }

    for ( /* void */ ; first < last; first++) {
        amzsync_sandbox_item(order, first, &order->items[order->nitems++]);
    }

    if (change == AMZSYNC_SANDBOX_CHANGE_CONTENT) {
        order->items[0].quantity += (int64_t) order->touches;
        order->items[0].unfulfilled += (order->items[0].unfulfilled > 0)
                                       ? (int64_t) order->touches : 0;
    }
}


static void
amzsync_sandbox_totals(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_order_t *order)
{
    uint64_t                 n;
    ngx_uint_t               i, part;
    amzsync_sandbox_item_t  *item;

    for (i = 0; i < order->nitems; i++) {
        item = &order->items[i];

        if (!item->proceeds) {
            continue;
        }

        for (part = 0; part < AMZSYNC_SANDBOX_PARTS; part++) {
            order->parts[part] += item->parts[part];
        }

        order->total += item->total;
    }

    n = amzsync_sandbox_pick(view, order->row, AMZSYNC_SANDBOX_F_TIP, 30);
    order->tip = (n == 0 && order->decimals == 2) ? 50000 : 0;
    order->total += order->tip;

    n = amzsync_sandbox_pick(view, order->row, AMZSYNC_SANDBOX_F_PROCEEDS, 24);
    order->proceeds = (n > 0 && order->status > AMZSYNC_SANDBOX_PENDING);
    order->totalled = (n > 1);

    n = amzsync_sandbox_pick(view, order->row, AMZSYNC_SANDBOX_F_BREAKDOWNS,
                             6);
    order->breakdowns = (n > 1);
}
