
/*
 * What an item of an order is.  Titles and SKUs hold what breaks programs:
 * quotes, separators, control characters, scripts of all widths, words that
 * mean something elsewhere.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>


typedef enum {
    AMZSYNC_SANDBOX_I_QUANTITY = 0,
    AMZSYNC_SANDBOX_I_FULFILLED,
    AMZSYNC_SANDBOX_I_ASIN,
    AMZSYNC_SANDBOX_I_SKU,
    AMZSYNC_SANDBOX_I_TITLE,
    AMZSYNC_SANDBOX_I_CONDITION,
    AMZSYNC_SANDBOX_I_PRICE,
    AMZSYNC_SANDBOX_I_DESIGNATION,
    AMZSYNC_SANDBOX_I_PROCEEDS,
    AMZSYNC_SANDBOX_I_SHIPPING,
    AMZSYNC_SANDBOX_I_WRAP,
    AMZSYNC_SANDBOX_I_TAX,
    AMZSYNC_SANDBOX_I_DISCOUNT,
    AMZSYNC_SANDBOX_I_PROGRAMS,
    AMZSYNC_SANDBOX_I_SERIALS
} amzsync_sandbox_item_field_e;


static void amzsync_sandbox_item_quantity(
    const amzsync_sandbox_order_t *order, amzsync_sandbox_item_t *item);
static void amzsync_sandbox_item_product(const amzsync_sandbox_order_t *order,
    amzsync_sandbox_item_t *item);
static void amzsync_sandbox_item_title(amzsync_sandbox_item_t *item);
static void amzsync_sandbox_item_proceeds(
    const amzsync_sandbox_order_t *order, amzsync_sandbox_item_t *item);


static const char *const  amzsync_sandbox_titles[] = {
    "Wireless Mouse, 2.4 GHz",
    "USB-C Cable 6ft [2-Pack]",
    "ワイヤレスイヤホン（ノイズキャンセリング）",
    "4\" Chef's Knife \"Damascus\"",
    "Back\\slash \\\\ \\n not a newline",
    "Mug ☕ with 😀 and 👩\342\200\215💻",
    "Tab\tLine\nReturn\rEnd",
    "Control \001\037\177 characters",
    "Crème brûlée, naïve façade – 10 € off",
    "{\"json\": [null, true]}, {1,2}",
    "'; DROP TABLE orders; --",
    "NULL",
    "\\N",
    "שלום مرحبا Здравствуйте",
    "<b>bold</b> & <script>alert(1)</script>",
    "a\314\210 combining, \342\200\250 separators, \357\277\275",
    "100% cotton / 50/50 + more; a,b;c|d",
    " leading and trailing "
};


static const char *const  amzsync_sandbox_skus[] = {
    "SKU-%uL",
    "A/B_%uL #1",
    "ñandú-%uL",
    "50%%-%uL+x&y=z",
    " lead-%uL ",
    "\"q\"-%uL",
    "back\\slash-%uL",
    "{curly,%uL}",
    "品番-%uL",
    "(tab\t%uL)"
};


static const char *const  amzsync_sandbox_conditions[][2] = {
    { "NEW", "NEW" },
    { "NEW", "OEM" },
    { "USED", "VERY_GOOD" },
    { "USED", "ACCEPTABLE" },
    { "REFURBISHED", "REFURBISHED" },
    { "COLLECTIBLE", NULL }
};


static uint64_t
amzsync_sandbox_item_pick(const amzsync_sandbox_item_t *item,
    amzsync_sandbox_item_field_e field, uint64_t n)
{
    return (amzsync_sandbox_hash(item->hash, 0, field) >> 8) % n;
}


void
amzsync_sandbox_item(const amzsync_sandbox_order_t *order, uint64_t index,
    amzsync_sandbox_item_t *item)
{
    uint64_t  n;

    ngx_memzero(item, sizeof(amzsync_sandbox_item_t));

    item->hash = amzsync_sandbox_hash(order->hash, order->row, index);

    ngx_sprintf((u_char *) item->id, "%07uL%06uL%uL%Z", order->row,
                item->hash % 1000000, index);

    amzsync_sandbox_item_quantity(order, item);
    amzsync_sandbox_item_product(order, item);
    amzsync_sandbox_item_title(item);
    amzsync_sandbox_item_proceeds(order, item);

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_PROGRAMS, 10);
    item->programs = (n < 4);
    item->nprograms = (n < 3) ? n : 0;

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_SERIALS, 12);
    item->serials = (n < 3);
    item->nserials = (n < 3) ? n : 0;
}


static void
amzsync_sandbox_item_quantity(const amzsync_sandbox_order_t *order,
    amzsync_sandbox_item_t *item)
{
    uint64_t  n;

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_QUANTITY, 20);
    item->quantity = (n < 15) ? 1 : (n < 19) ? (int64_t) n - 13 : 144;

    switch (order->status) {

    case AMZSYNC_SANDBOX_SHIPPED:
        item->fulfilled = item->quantity;
        break;

    case AMZSYNC_SANDBOX_PARTIALLY_SHIPPED:
        item->fulfilled = item->quantity / 2;
        item->unfulfilled = item->quantity - item->fulfilled;
        break;

    case AMZSYNC_SANDBOX_CANCELLED:
        break;

    default:
        item->unfulfilled = item->quantity;
    }

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_FULFILLED, 10);

    if (n == 0) {
        item->fulfilled = -1;
        item->unfulfilled = -1;
    }

    if (n == 1) {
        item->unfulfilled = -1;
    }
}


static void
amzsync_sandbox_item_product(const amzsync_sandbox_order_t *order,
    amzsync_sandbox_item_t *item)
{
    uint64_t     n;
    const char  *format;

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_ASIN, 1000000);

    if (n % 20) {
        ngx_sprintf((u_char *) item->asin, "B0%08uL%Z", n * 97);
    }

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_SKU, 1000000);

    if (n % 30) {
        format = amzsync_sandbox_skus[(n % 3)
                     ? 0
                     : n / 3 % (sizeof(amzsync_sandbox_skus)
                                / sizeof(amzsync_sandbox_skus[0]))];

        item->sku.data = item->sku_buf;
        item->sku.len = ngx_snprintf(item->sku_buf, sizeof(item->sku_buf),
                                     format, n)
                        - item->sku_buf;
    }

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_CONDITION, 10);

    if (n < 6) {
        item->condition = amzsync_sandbox_conditions[n][0];
        item->subtype = amzsync_sandbox_conditions[n][1];
    }

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_PRICE, 100000000);
    item->priced = (n % 12 != 0);

    /* in the smallest unit of money; a price in a thousand is enormous */

    item->price = (n % 1000 == 999) ? 123456789012 : (int64_t) (n % 20000);

    if (order->decimals == 4) {
        item->price = (int64_t) (n % 2000000);

    } else if (order->decimals == 2) {
        item->price *= 100;

    } else {
        item->price *= 10000;
    }

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_DESIGNATION, 10);
    item->designation = (n == 0) ? "BUSINESS_PRICE" : NULL;
}


static void
amzsync_sandbox_item_title(amzsync_sandbox_item_t *item)
{
    u_char      *p, *end;
    uint64_t     n;
    ngx_uint_t   i, ntitles;
    const char  *title;

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_TITLE, 1000000);

    if (n % 25 == 0) {
        return;
    }

    p = item->title_buf;
    end = p + sizeof(item->title_buf);
    item->title.data = p;

    /* an empty title is not an absent one */

    if (n % 64 == 1) {
        return;
    }

    ntitles = sizeof(amzsync_sandbox_titles)
              / sizeof(amzsync_sandbox_titles[0]);

    /* one sentence, or as many as there is room for */

    for (i = 0; i == 0 || n % 50 == 2; i++) {
        title = amzsync_sandbox_titles[(n / 64 + i) % ntitles];

        if ((size_t) (end - p) < ngx_strlen(title)) {
            break;
        }

        p = ngx_cpymem(p, title, ngx_strlen(title));
    }

    item->title.len = p - item->title_buf;
}


static void
amzsync_sandbox_item_proceeds(const amzsync_sandbox_order_t *order,
    amzsync_sandbox_item_t *item)
{
    int64_t     unit, goods;
    uint64_t    n;
    ngx_uint_t  i;

    unit = (order->decimals == 0) ? 10000 : (order->decimals == 2) ? 100 : 1;
    goods = item->price * item->quantity;

    item->parts[AMZSYNC_SANDBOX_PART_ITEM] = goods;

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_SHIPPING, 3);
    item->parts[AMZSYNC_SANDBOX_PART_SHIPPING] = (n == 0) ? 499 * unit : 0;

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_WRAP, 20);
    item->parts[AMZSYNC_SANDBOX_PART_GIFT_WRAP] = (n == 0) ? 350 * unit : 0;

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_TAX, 5);
    item->parts[AMZSYNC_SANDBOX_PART_TAX] =
        goods * (int64_t) n / 50 / unit * unit;

    /* a discount larger than the price leaves less than nothing */

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_DISCOUNT, 18);

    if (n < 3) {
        item->parts[AMZSYNC_SANDBOX_PART_DISCOUNT] =
            -(goods * (n == 0 ? 15 : 1) / 10 / unit * unit);
    }

    for (i = 0; i < AMZSYNC_SANDBOX_PARTS; i++) {
        item->total += item->parts[i];
    }

    n = amzsync_sandbox_item_pick(item, AMZSYNC_SANDBOX_I_PROCEEDS, 24);

    item->proceeds = (n > 0 && order->status > AMZSYNC_SANDBOX_PENDING);
    item->totalled = (n != 1);
    item->breakdowns = (n > 2);
}
