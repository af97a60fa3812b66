
/*
 * What a shipment to Amazon is: every fact is picked by a hash of seller, row
 * and the number of a field, but for its life, which goes by steps.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_inbound.h>


#define AMZSYNC_SANDBOX_DAY    ((int64_t) 24 * 3600 * 1000)
#define AMZSYNC_SANDBOX_SPAN   (400 * AMZSYNC_SANDBOX_DAY)

/* Steps of a shipment's life; before the first of these it is in transport. */
#define AMZSYNC_SANDBOX_RECEIVE  5
#define AMZSYNC_SANDBOX_CLOSE    8

/* Odd, and its inverse modulo 2^32: spreads row numbers over ids. */
#define AMZSYNC_SANDBOX_ID_SPREAD  0x9e3779b1U
#define AMZSYNC_SANDBOX_ID_GATHER  0xe8b2f51U
#define AMZSYNC_SANDBOX_ID_DIGITS  7


typedef enum {
    AMZSYNC_SANDBOX_I_MARKETPLACE = 0,
    AMZSYNC_SANDBOX_I_ITEMS,
    AMZSYNC_SANDBOX_I_TIME,
    AMZSYNC_SANDBOX_I_NAME,
    AMZSYNC_SANDBOX_I_CENTER,
    AMZSYNC_SANDBOX_I_LABEL,
    AMZSYNC_SANDBOX_I_CASES,
    AMZSYNC_SANDBOX_I_NEED_BY,
    AMZSYNC_SANDBOX_I_SOURCE,
    AMZSYNC_SANDBOX_I_FEE,
    AMZSYNC_SANDBOX_I_EXTRA
} amzsync_sandbox_inbound_field_e;


/* How a shipment ends, and at which step. */

typedef struct {
    amzsync_sandbox_inbound_status_e  status;
    ngx_uint_t                        step;
} amzsync_sandbox_inbound_fate_t;


static uint64_t amzsync_sandbox_inbound_open(
    const amzsync_sandbox_view_t *view);
static int64_t amzsync_sandbox_inbound_time(
    const amzsync_sandbox_view_t *view, uint64_t row);
static uint64_t amzsync_sandbox_inbound_seek(
    const amzsync_sandbox_view_t *view, uint64_t rows, int64_t time);
static void amzsync_sandbox_inbound_live(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_inbound_t *shipment);
static const amzsync_sandbox_inbound_fate_t *amzsync_sandbox_inbound_fate(
    uint64_t row);
static void amzsync_sandbox_inbound_id(uint64_t key, uint64_t row, char *id);
static void amzsync_sandbox_inbound_texts(amzsync_sandbox_inbound_t *shipment);
static void amzsync_sandbox_inbound_fee(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_inbound_t *shipment);


const char *const
    amzsync_sandbox_inbound_statuses[AMZSYNC_SANDBOX_INBOUND_STATUSES] =
{
    "WORKING", "SHIPPED", "IN_TRANSIT", "DELIVERED", "CHECKED_IN",
    "RECEIVING", "CLOSED", "CANCELLED", "DELETED", "ERROR", "READY_TO_SHIP"
};


static const amzsync_sandbox_inbound_fate_t  amzsync_sandbox_fates[] = {
    { AMZSYNC_SANDBOX_INBOUND_CLOSED, AMZSYNC_SANDBOX_CLOSE },
    { AMZSYNC_SANDBOX_INBOUND_CANCELLED, 3 },
    { AMZSYNC_SANDBOX_INBOUND_DELETED, 1 },
    { AMZSYNC_SANDBOX_INBOUND_ERROR, 2 }
};


static const char *const  amzsync_sandbox_shipment_names[] = {
    "FBA (2/11/20, 11:18 AM) - 1",
    "Spring, \"fragile\" \\ 2",
    "春の荷物 ☕",
    "Zoë & Söhne → ONT8",
    "Tab\tLine\nEnd",
    "NULL",
    "{\"json\": [null]}",
    " leading and trailing "
};


static const char *const  amzsync_sandbox_centers[] = {
    "MKC6", "ONT8", "LBE1", "FTW1", "YYZ4", "MEX2"
};


static const char *const  amzsync_sandbox_labels[] = {
    "NO_LABEL", "SELLER_LABEL", "AMAZON_LABEL"
};


static const char *const  amzsync_sandbox_sources[] = {
    "NONE", "FEED", "2D_BARCODE", "INTERACTIVE"
};


/* Thirty-two digits, without what looks alike or spells words. */
static const char  amzsync_sandbox_digits32[] =
    "0123456789BCDFGHJKLMNPQRSTUVWXYZ";


static uint64_t
amzsync_sandbox_pick(const amzsync_sandbox_inbound_t *shipment,
    amzsync_sandbox_inbound_field_e field, uint64_t n)
{
    return (amzsync_sandbox_hash(shipment->hash, shipment->row, field) >> 8)
           % n;
}


/* Rows that a revision adds. */

static uint64_t
amzsync_sandbox_inbound_added(const amzsync_sandbox_view_t *view)
{
    return view->shipments ? ngx_max(view->shipments / 50, 1) : 0;
}


uint64_t
amzsync_sandbox_inbound_rows(const amzsync_sandbox_view_t *view)
{
    return view->shipments
           + view->revision * amzsync_sandbox_inbound_added(view);
}


/* The first row that may be open; those before it never change. */

static uint64_t
amzsync_sandbox_inbound_open(const amzsync_sandbox_view_t *view)
{
    return view->shipments - (view->shipments + 3) / 4;
}


/* The last update of a row of revision 0, later than that of the row before. */

static int64_t
amzsync_sandbox_inbound_time(const amzsync_sandbox_view_t *view, uint64_t row)
{
    int64_t  step;

    step = AMZSYNC_SANDBOX_SPAN / ngx_max(view->shipments, 1);

    return view->until - AMZSYNC_SANDBOX_SPAN + (int64_t) row * step
           + (int64_t) (amzsync_sandbox_hash(view->key, row, 80) % step);
}


/* The first of so many rows of revision 0 that was updated then, or later. */

static uint64_t
amzsync_sandbox_inbound_seek(const amzsync_sandbox_view_t *view, uint64_t rows,
    int64_t time)
{
    uint64_t  low, high, middle;

    low = 0;
    high = rows;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (amzsync_sandbox_inbound_time(view, middle) < time) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


void
amzsync_sandbox_inbound_bounds(const amzsync_sandbox_view_t *view,
    int64_t after, int64_t before, uint64_t *from, uint64_t *to)
{
    uint64_t  rows;

    /* an open row may have been updated by any revision */

    rows = (view->revision && view->at[view->revision] >= after)
           ? amzsync_sandbox_inbound_open(view) : (uint64_t) view->shipments;

    *from = amzsync_sandbox_inbound_seek(view, rows, after);

    *to = (before < view->until)
          ? amzsync_sandbox_inbound_seek(view, view->shipments, before + 1)
          : amzsync_sandbox_inbound_rows(view);
}


void
amzsync_sandbox_inbound_head(const amzsync_sandbox_view_t *view, uint64_t row,
    amzsync_sandbox_inbound_t *shipment)
{
    uint64_t  n;

    ngx_memzero(shipment, sizeof(amzsync_sandbox_inbound_t));

    shipment->row = row;
    shipment->hash = amzsync_sandbox_hash(view->key, 0, 81);

    n = amzsync_sandbox_pick(shipment, AMZSYNC_SANDBOX_I_MARKETPLACE, 8);
    shipment->marketplace = (n < 5) ? 0 : (n < 7) ? 1 : 2;

    /* one in nine has more items than a page */

    n = amzsync_sandbox_pick(shipment, AMZSYNC_SANDBOX_I_ITEMS, 61 * 12);
    shipment->nitems = (row % 9 == 4) ? 60 + n % 61 : 1 + n % 12;

    n = amzsync_sandbox_pick(shipment, AMZSYNC_SANDBOX_I_CASES, 1000);
    shipment->cased = n % 3 == 0;

    amzsync_sandbox_inbound_live(view, shipment);
}


static const amzsync_sandbox_inbound_fate_t *
amzsync_sandbox_inbound_fate(uint64_t row)
{
    switch (row % 16) {

    case 3:
        return &amzsync_sandbox_fates[1];

    case 6:
        return &amzsync_sandbox_fates[2];

    case 13:
        return &amzsync_sandbox_fates[3];

    default:
        return &amzsync_sandbox_fates[0];
    }
}


/* Status, when it changed last, and how much was received. */

static void
amzsync_sandbox_inbound_live(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_inbound_t *shipment)
{
    uint64_t                               row, open;
    ngx_uint_t                             born, first, turns, step, from;
    const amzsync_sandbox_inbound_fate_t  *fate;

    row = shipment->row;
    open = amzsync_sandbox_inbound_open(view);
    fate = amzsync_sandbox_inbound_fate(row);
    born = 0;

    if (row >= (uint64_t) view->shipments) {
        born = (row - view->shipments) / amzsync_sandbox_inbound_added(view)
               + 1;
        from = row % 3;
        shipment->updated = view->at[born];

    } else {
        from = (row >= open) ? (row - open) / 2 % AMZSYNC_SANDBOX_CLOSE
                             : AMZSYNC_SANDBOX_CLOSE;
        shipment->updated = amzsync_sandbox_inbound_time(view, row);
    }

    /* it is its turn at every second revision */

    from = ngx_min(from, fate->step);
    first = born + 1 + (row + born + 1 + view->key % 2) % 2;
    turns = (view->revision < first) ? 0 : (view->revision - first) / 2 + 1;
    step = ngx_min(from + turns, fate->step);

    if (step == fate->step) {
        shipment->status = fate->status;
        shipment->received = (step == AMZSYNC_SANDBOX_CLOSE) ? 4 : 0;

    } else if (step >= AMZSYNC_SANDBOX_RECEIVE) {
        shipment->status = AMZSYNC_SANDBOX_INBOUND_RECEIVING;
        shipment->received = step - AMZSYNC_SANDBOX_RECEIVE + 1;
        step = AMZSYNC_SANDBOX_RECEIVE;

    } else {
        shipment->status = (amzsync_sandbox_inbound_status_e) step;
    }

    if (step > from) {
        shipment->updated = view->at[first + 2 * (step - from - 1)];
    }
}


void
amzsync_sandbox_inbound_body(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_inbound_t *shipment)
{
    uint64_t  n;

    amzsync_sandbox_inbound_id(view->key, shipment->row, shipment->id);
    amzsync_sandbox_inbound_texts(shipment);

    /* the model requires it; Amazon does not always give it */

    n = amzsync_sandbox_pick(shipment, AMZSYNC_SANDBOX_I_CASES, 1000) / 3 % 8;
    shipment->cases = (n < 2) ? (amzsync_sandbox_there_e) n
                              : AMZSYNC_SANDBOX_THERE;

    n = amzsync_sandbox_pick(shipment, AMZSYNC_SANDBOX_I_NEED_BY, 1000);
    shipment->need_by = (n % 4 < 2) ? (amzsync_sandbox_there_e) (n % 4)
                                    : AMZSYNC_SANDBOX_THERE;
    shipment->need_by_date = view->until
                             + ((int64_t) n - 500) * AMZSYNC_SANDBOX_DAY;

    n = amzsync_sandbox_pick(shipment, AMZSYNC_SANDBOX_I_EXTRA, 48);
    shipment->extra = n % 12 == 0;
    shipment->escape = n % 4 == 1;

    amzsync_sandbox_inbound_fee(view, shipment);
}


static void
amzsync_sandbox_inbound_texts(amzsync_sandbox_inbound_t *shipment)
{
    uint64_t                 n;
    const char              *s;
    amzsync_sandbox_there_e  there;

    n = amzsync_sandbox_pick(shipment, AMZSYNC_SANDBOX_I_NAME, 1000000);
    s = amzsync_sandbox_shipment_names[n / 24
            % (sizeof(amzsync_sandbox_shipment_names)
               / sizeof(amzsync_sandbox_shipment_names[0]))];
    amzsync_sandbox_set(&shipment->name, amzsync_sandbox_there(n % 24), s,
                        ngx_strlen(s));

    n = amzsync_sandbox_pick(shipment, AMZSYNC_SANDBOX_I_CENTER, 1000000);
    s = amzsync_sandbox_centers[n / 24
            % (sizeof(amzsync_sandbox_centers)
               / sizeof(amzsync_sandbox_centers[0]))];
    amzsync_sandbox_set(&shipment->center, amzsync_sandbox_there(n % 24), s,
                        ngx_strlen(s));

    /* of these an empty text would be no value of theirs */

    n = amzsync_sandbox_pick(shipment, AMZSYNC_SANDBOX_I_LABEL, 1000000);
    s = amzsync_sandbox_labels[n / 16 % 3];
    there = (n % 16 < 2) ? (amzsync_sandbox_there_e) (n % 16)
                         : AMZSYNC_SANDBOX_THERE;
    amzsync_sandbox_set(&shipment->label, there, s, ngx_strlen(s));

    n = amzsync_sandbox_pick(shipment, AMZSYNC_SANDBOX_I_SOURCE, 1000000);
    s = amzsync_sandbox_sources[n / 16 % 4];
    there = (n % 16 < 2) ? (amzsync_sandbox_there_e) (n % 16)
                         : AMZSYNC_SANDBOX_THERE;
    amzsync_sandbox_set(&shipment->source, there, s, ngx_strlen(s));
}


/* Only where nobody told what is in the boxes, and then mostly. */

static void
amzsync_sandbox_inbound_fee(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_inbound_t *shipment)
{
    uint64_t                        n, i;
    amzsync_sandbox_inbound_item_t  item;

    static const int64_t  fees[] = { 1500, 1000, 3050, 12345, 0 };

    if (shipment->source.there != AMZSYNC_SANDBOX_THERE
        || shipment->source.text.data[1] != 'O')
    {
        shipment->fee = AMZSYNC_SANDBOX_ABSENT;
        return;
    }

    n = amzsync_sandbox_pick(shipment, AMZSYNC_SANDBOX_I_FEE, 1000000);

    shipment->fee = amzsync_sandbox_there(n % 10);
    shipment->per_unit = amzsync_sandbox_there(n / 10 % 8);
    shipment->unit_fee = fees[n / 80 % 5];
    shipment->digits = n / 400 % 3;

    for (i = 0; i < shipment->nitems; i++) {
        amzsync_sandbox_inbound_item(view, shipment, i, &item);
        shipment->units += item.shipped;
    }
}


static void
amzsync_sandbox_inbound_id(uint64_t key, uint64_t row, char *id)
{
    uint64_t    n;
    ngx_uint_t  i;

    n = (uint32_t) ((uint32_t) (row ^ key) * AMZSYNC_SANDBOX_ID_SPREAD);
    n |= (amzsync_sandbox_hash(key, row, 82) & 7) << 32;

    ngx_memcpy(id, "FBA15", 5);

    for (i = 0; i < AMZSYNC_SANDBOX_ID_DIGITS; i++) {
        id[5 + i] = amzsync_sandbox_digits32[(n >> 5 * i) & 31];
    }

    id[5 + i] = '\0';
}


ngx_int_t
amzsync_sandbox_inbound_find(const amzsync_sandbox_view_t *view,
    const ngx_str_t *id, uint64_t *row)
{
    char         own[16];
    uint64_t     n;
    ngx_uint_t   i;
    const char  *p;

    if (id->len != 5 + AMZSYNC_SANDBOX_ID_DIGITS) {
        return NGX_DECLINED;
    }

    n = 0;

    for (i = 0; i < AMZSYNC_SANDBOX_ID_DIGITS; i++) {
        p = id->data[5 + i] ? ngx_strchr(amzsync_sandbox_digits32,
                                         id->data[5 + i])
                            : NULL;
        if (p == NULL) {
            return NGX_DECLINED;
        }

        n |= (uint64_t) (p - amzsync_sandbox_digits32) << 5 * i;
    }

    *row = (uint32_t) ((uint32_t) n * AMZSYNC_SANDBOX_ID_GATHER)
           ^ (uint32_t) view->key;

    if (*row >= amzsync_sandbox_inbound_rows(view)) {
        return NGX_DECLINED;
    }

    amzsync_sandbox_inbound_id(view->key, *row, own);

    return (ngx_memcmp(own, id->data, id->len) == 0) ? NGX_OK : NGX_DECLINED;
}
