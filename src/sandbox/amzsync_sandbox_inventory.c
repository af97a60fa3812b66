
/*
 * What lies in Amazon's warehouses: every fact is picked by a hash of seller,
 * marketplace, row and the number of a field.
 *
 * Rows go by sixteen: those of one number in the SKU, each with a form of its
 * own, so that every SKU leads back to its rows.  In half of these groups the
 * last two rows have the SKU of the third last: one under another FNSKU, the
 * other in another condition.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_inventory.h>


#define AMZSYNC_SANDBOX_CLASSES   10
#define AMZSYNC_SANDBOX_DAY       ((int64_t) 24 * 3600 * 1000)
#define AMZSYNC_SANDBOX_SPAN      (400 * AMZSYNC_SANDBOX_DAY)
#define AMZSYNC_SANDBOX_SHARED    13            /* and the slots behind it */

/* Prime to 10^8: spreads row numbers over FNSKUs. */
#define AMZSYNC_SANDBOX_SPREAD    61803399


typedef enum {
    AMZSYNC_SANDBOX_I_ROW = 0,
    AMZSYNC_SANDBOX_I_SHARED,
    AMZSYNC_SANDBOX_I_SPARSE,
    AMZSYNC_SANDBOX_I_CONDITION,
    AMZSYNC_SANDBOX_I_ASIN,
    AMZSYNC_SANDBOX_I_NAME,
    AMZSYNC_SANDBOX_I_TIME,
    AMZSYNC_SANDBOX_I_DETAILS,
    AMZSYNC_SANDBOX_I_RESERVED,
    AMZSYNC_SANDBOX_I_RESEARCHING,
    AMZSYNC_SANDBOX_I_UNFULFILLABLE,
    AMZSYNC_SANDBOX_I_BREAKDOWN,
    AMZSYNC_SANDBOX_I_STORES,
    AMZSYNC_SANDBOX_I_INBOUND,
    AMZSYNC_SANDBOX_I_EXTRA,
    AMZSYNC_SANDBOX_I_STOCKED,
    AMZSYNC_SANDBOX_I_HOLE,
    AMZSYNC_SANDBOX_I_QUANTITY
} amzsync_sandbox_inventory_field_e;


static uint64_t amzsync_sandbox_added(const amzsync_sandbox_view_t *view);
static ngx_uint_t amzsync_sandbox_born(const amzsync_sandbox_view_t *view,
    uint64_t row);
static int64_t amzsync_sandbox_stocked(const amzsync_sandbox_view_t *view,
    uint64_t row);
static ngx_uint_t amzsync_sandbox_changes(const amzsync_sandbox_view_t *view,
    uint64_t row, ngx_uint_t born, ngx_uint_t *latest);
static void amzsync_sandbox_summary_keys(amzsync_sandbox_summary_t *summary,
    uint64_t key);
static void amzsync_sandbox_summary_sparse(amzsync_sandbox_summary_t *summary);
static void amzsync_sandbox_summary_texts(amzsync_sandbox_summary_t *summary);
static void amzsync_sandbox_summary_quantities(
    amzsync_sandbox_summary_t *summary);
static void amzsync_sandbox_summary_holes(amzsync_sandbox_summary_t *summary);


/* One number in each, and no other digits. */

static const char *const  amzsync_sandbox_forms[AMZSYNC_SANDBOX_SKU_SLOTS] = {
    "SKU-%uL",
    "sku-%uL",
    "SKU-%uL ",
    " SKU-%uL",
    "A/B_%uL#x",
    "ñandú-%uL",
    "%uL%%+x&y=z",
    "\"q\"-%uL",
    "back\\slash-%uL",
    "{curly;%uL}",
    "品番-%uL",
    "tab\t%uL",
    "comma, %uL",
    "two conditions %uL",
    "'%uL'; --",
    "NULL%uL"
};


static const char *const  amzsync_sandbox_states[] = {
    "NewItem", "UsedGood", "UsedLikeNew", "Refurbished", "CollectibleGood"
};


static const char *const  amzsync_sandbox_products[] = {
    "Wireless Mouse, 2.4 GHz",
    "4\" Chef's Knife \"Damascus\"",
    "ワイヤレスイヤホン",
    "Back\\slash \\n, not a newline",
    "Mug ☕ with 😀",
    "Tab\tLine\nEnd",
    "NULL",
    "{\"json\": [null, true]}, {1,2}",
    " leading and trailing "
};


static uint64_t
amzsync_sandbox_pick(const amzsync_sandbox_summary_t *summary,
    amzsync_sandbox_inventory_field_e field, uint64_t n)
{
    return (amzsync_sandbox_hash(summary->hash, summary->row, field) >> 8) % n;
}


/* Rows that a revision adds. */

static uint64_t
amzsync_sandbox_added(const amzsync_sandbox_view_t *view)
{
    return view->inventory ? ngx_max(view->inventory / 50, 1) : 0;
}


uint64_t
amzsync_sandbox_inventory_rows(const amzsync_sandbox_view_t *view)
{
    return view->inventory + view->revision * amzsync_sandbox_added(view);
}


/* The revision that added a row, or 0. */

static ngx_uint_t
amzsync_sandbox_born(const amzsync_sandbox_view_t *view, uint64_t row)
{
    if (row < (uint64_t) view->inventory) {
        return 0;
    }

    return (row - view->inventory) / amzsync_sandbox_added(view) + 1;
}


/* When a row of revision 0 was updated: later than the row before it. */

static int64_t
amzsync_sandbox_stocked(const amzsync_sandbox_view_t *view, uint64_t row)
{
    int64_t  step;

    step = AMZSYNC_SANDBOX_SPAN / ngx_max(view->inventory, 1);

    return view->until - AMZSYNC_SANDBOX_SPAN + (int64_t) row * step
           + (int64_t) (amzsync_sandbox_hash(view->key, row, 70) % step);
}


/* Revisions that touch a row after it was added, and the latest of them. */

static ngx_uint_t
amzsync_sandbox_changes(const amzsync_sandbox_view_t *view, uint64_t row,
    ngx_uint_t born, ngx_uint_t *latest)
{
    ngx_uint_t  first;

    first = born + 1
            + (row + view->key % AMZSYNC_SANDBOX_CLASSES
               + AMZSYNC_SANDBOX_CLASSES - born % AMZSYNC_SANDBOX_CLASSES)
              % AMZSYNC_SANDBOX_CLASSES;

    *latest = born;

    if (view->revision < first) {
        return 0;
    }

    *latest = view->revision
              - (view->revision - first) % AMZSYNC_SANDBOX_CLASSES;

    return (view->revision - first) / AMZSYNC_SANDBOX_CLASSES + 1;
}


uint64_t
amzsync_sandbox_inventory_seek(const amzsync_sandbox_view_t *view,
    int64_t time)
{
    uint64_t    low, high, middle;
    ngx_uint_t  r;

    /* the latest revision of each class may have touched the first row */

    for (r = view->revision;
         r > 0 && r + AMZSYNC_SANDBOX_CLASSES > view->revision;
         r--)
    {
        if (view->at[r] >= time) {
            return 0;
        }
    }

    low = 0;
    high = view->inventory;

    while (low < high) {
        middle = low + (high - low) / 2;

        if (amzsync_sandbox_stocked(view, middle) < time) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


ngx_uint_t
amzsync_sandbox_summary_head(const amzsync_sandbox_view_t *view,
    ngx_uint_t marketplace, uint64_t row, amzsync_sandbox_summary_t *summary)
{
    ngx_uint_t  born, latest;

    if (row >= amzsync_sandbox_inventory_rows(view)) {
        return 0;
    }

    born = amzsync_sandbox_born(view, row);

    summary->row = row;
    summary->marketplace = marketplace;
    summary->touches = amzsync_sandbox_changes(view, row, born, &latest);

    /* of the rows that a revision touches, every fifth goes, or comes back */

    if ((summary->touches & 1) && row / AMZSYNC_SANDBOX_CLASSES % 5 == 1) {
        return 0;
    }

    summary->hash = amzsync_sandbox_hash(view->key, marketplace, 71);
    summary->inbound = (amzsync_sandbox_pick(summary,
                                             AMZSYNC_SANDBOX_I_INBOUND, 3)
                        == 0);

    if (summary->inbound) {
        latest = born;
    }

    summary->updated = latest ? view->at[latest]
                              : amzsync_sandbox_stocked(view, row);

    return 1;
}


void
amzsync_sandbox_summary_body(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_summary_t *summary)
{
    amzsync_sandbox_summary_keys(summary, view->key);
    amzsync_sandbox_summary_texts(summary);
    amzsync_sandbox_summary_quantities(summary);
    amzsync_sandbox_summary_holes(summary);
}


size_t
amzsync_sandbox_sku(uint64_t row, u_char *sku)
{
    return ngx_snprintf(sku, AMZSYNC_SANDBOX_SKU_LEN,
                        amzsync_sandbox_forms[row % AMZSYNC_SANDBOX_SKU_SLOTS],
                        row / AMZSYNC_SANDBOX_SKU_SLOTS)
           - sku;
}


size_t
amzsync_sandbox_fn_sku(uint64_t row, u_char *fn_sku)
{
    return ngx_sprintf(fn_sku, "X0%08uL",
                       row * AMZSYNC_SANDBOX_SPREAD % 100000000)
           - fn_sku;
}


/* SKU, FNSKU and condition together are unique in a marketplace. */

static void
amzsync_sandbox_summary_keys(amzsync_sandbox_summary_t *summary, uint64_t key)
{
    size_t       len;
    uint64_t     n, number, sku, fn_sku;
    ngx_uint_t   slot;
    const char  *condition;

    number = summary->row / AMZSYNC_SANDBOX_SKU_SLOTS;
    slot = summary->row % AMZSYNC_SANDBOX_SKU_SLOTS;
    sku = summary->row;
    fn_sku = summary->row;

    n = amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_CONDITION, 8);
    condition = amzsync_sandbox_states[(n < 5) ? n : 0];

    if (slot >= AMZSYNC_SANDBOX_SHARED
        && (amzsync_sandbox_hash(key, number, 72) & 1))
    {
        sku -= slot - AMZSYNC_SANDBOX_SHARED;
        fn_sku = (slot == AMZSYNC_SANDBOX_SHARED + 2) ? sku : fn_sku;
        condition = (slot == AMZSYNC_SANDBOX_SHARED + 2) ? "UsedVeryGood"
                                                         : "NewItem";
        n = 64;

    } else {
        n = amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_SPARSE, 64);
    }

    len = amzsync_sandbox_sku(sku, summary->sku_buf);
    amzsync_sandbox_set(&summary->sku, AMZSYNC_SANDBOX_THERE, summary->sku_buf,
                        len);

    len = amzsync_sandbox_fn_sku(fn_sku, summary->fn_sku_buf);
    amzsync_sandbox_set(&summary->fn_sku, AMZSYNC_SANDBOX_THERE,
                        summary->fn_sku_buf, len);

    amzsync_sandbox_set(&summary->condition, AMZSYNC_SANDBOX_THERE, condition,
                        ngx_strlen(condition));

    if (n < 9) {
        amzsync_sandbox_summary_sparse(summary);
    }
}


/* One of the three is missing, in one of three ways. */

static void
amzsync_sandbox_summary_sparse(amzsync_sandbox_summary_t *summary)
{
    uint64_t                  n;
    amzsync_sandbox_text_t   *text;

    n = amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_SPARSE, 64);

    text = (n < 3) ? &summary->sku
           : (n < 6) ? &summary->fn_sku : &summary->condition;

    amzsync_sandbox_set(text, amzsync_sandbox_there(n % 3), text->text.data, 0);
}


static void
amzsync_sandbox_summary_texts(amzsync_sandbox_summary_t *summary)
{
    size_t       len;
    uint64_t     n;
    const char  *name;

    n = amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_ASIN, 1000000);
    len = ngx_sprintf(summary->asin_buf, "B0%08uL", n * 97)
          - summary->asin_buf;
    amzsync_sandbox_set(&summary->asin, amzsync_sandbox_there(n % 40),
                        summary->asin_buf, len);

    n = amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_NAME, 1000000);
    name = amzsync_sandbox_products[n / 40
               % (sizeof(amzsync_sandbox_products)
                  / sizeof(amzsync_sandbox_products[0]))];
    amzsync_sandbox_set(&summary->name, amzsync_sandbox_there(n % 40), name,
                        ngx_strlen(name));

    summary->time = amzsync_sandbox_there(
        amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_TIME, 24));
    summary->stores = amzsync_sandbox_there(
        amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_STORES, 5));
    summary->extra = (amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_EXTRA,
                                           12)
                      == 0);
    summary->escape = (amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_EXTRA,
                                            4)
                       == 1);
}


static void
amzsync_sandbox_summary_quantities(amzsync_sandbox_summary_t *summary)
{
    int64_t     *q;
    uint64_t     hash, stocked;
    ngx_uint_t   i;

    q = summary->quantities;
    stocked = amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_STOCKED, 4);

    for (i = 0; i < AMZSYNC_SANDBOX_QUANTITIES; i++) {
        hash = amzsync_sandbox_hash(summary->hash, summary->row,
                                    AMZSYNC_SANDBOX_I_QUANTITY + i);

        /* nothing there, or mostly a few */
        q[i] = (stocked == 0) ? 0
               : (int64_t) ((hash >> 8) % ((hash % 20) ? 12 : 4000));
    }

    if (summary->inbound) {
        q[AMZSYNC_SANDBOX_Q_WORKING] += 7 * (int64_t) summary->touches;

    } else {
        q[AMZSYNC_SANDBOX_Q_FULFILLABLE] += 3 * (int64_t) summary->touches;
    }

    q[AMZSYNC_SANDBOX_Q_RESERVED] = q[AMZSYNC_SANDBOX_Q_CUSTOMER_ORDER]
                                    + q[AMZSYNC_SANDBOX_Q_TRANSSHIPMENT]
                                    + q[AMZSYNC_SANDBOX_Q_FC_PROCESSING];

    q[AMZSYNC_SANDBOX_Q_UNFULFILLABLE] = 0;

    for (i = AMZSYNC_SANDBOX_Q_CUSTOMER_DAMAGED;
         i < AMZSYNC_SANDBOX_QUANTITIES;
         i++)
    {
        q[AMZSYNC_SANDBOX_Q_UNFULFILLABLE] += q[i];
    }

    q[AMZSYNC_SANDBOX_Q_TOTAL] = q[AMZSYNC_SANDBOX_Q_FULFILLABLE]
                                 + q[AMZSYNC_SANDBOX_Q_WORKING]
                                 + q[AMZSYNC_SANDBOX_Q_SHIPPED]
                                 + q[AMZSYNC_SANDBOX_Q_RECEIVING]
                                 + q[AMZSYNC_SANDBOX_Q_RESERVED]
                                 + q[AMZSYNC_SANDBOX_Q_RESEARCHING]
                                 + q[AMZSYNC_SANDBOX_Q_UNFULFILLABLE];
}


/* Objects that are absent or null, and quantities. */

static void
amzsync_sandbox_summary_holes(amzsync_sandbox_summary_t *summary)
{
    uint64_t  n;

    n = amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_HOLE, 1000000);

    if (n % 8 < 2) {
        summary->quantities[n / 8 % AMZSYNC_SANDBOX_QUANTITIES] =
            (n % 8) ? AMZSYNC_SANDBOX_Q_ABSENT : AMZSYNC_SANDBOX_Q_NULL;
    }

    summary->details = amzsync_sandbox_there(
        amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_DETAILS, 24));
    summary->reserved = amzsync_sandbox_there(
        amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_RESERVED, 20));
    summary->researching = amzsync_sandbox_there(
        amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_RESEARCHING, 16));
    summary->unfulfillable = amzsync_sandbox_there(
        amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_UNFULFILLABLE, 20));
    summary->breakdown = amzsync_sandbox_there(
        amzsync_sandbox_pick(summary, AMZSYNC_SANDBOX_I_BREAKDOWN, 10));
}
