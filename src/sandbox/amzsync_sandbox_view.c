
/*
 * Rows, positions and times of a seller: arithmetic alone, so that any page
 * costs the same.
 *
 * By lastUpdatedTime: revision r touches the rows of one class, row mod 10,
 * and puts them at the end, all with the time of the revision.  The rows that
 * no revision touched keep the order of their numbers.
 *
 * By createdTime: positions are permuted within blocks, so that the two orders
 * differ; an order is created before its first update in any case.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>


#define AMZSYNC_SANDBOX_CLASSES  10
#define AMZSYNC_SANDBOX_SPAN     ((int64_t) 300 * 86400 * 1000)
#define AMZSYNC_SANDBOX_WOBBLE   ((int64_t) 3600 * 1000)
#define AMZSYNC_SANDBOX_LAG      ((int64_t) 10 * 86400 * 1000)

/* The permutation of a block, and its inverse modulo any power of 2 to 64. */
#define AMZSYNC_SANDBOX_FACTOR   5
#define AMZSYNC_SANDBOX_INVERSE  13


static uint64_t amzsync_sandbox_mix(uint64_t x);
static int64_t amzsync_sandbox_step(const amzsync_sandbox_view_t *view);
static uint64_t amzsync_sandbox_block(const amzsync_sandbox_view_t *view);
static uint64_t amzsync_sandbox_permute(const amzsync_sandbox_view_t *view,
    uint64_t n, ngx_uint_t back);
static ngx_uint_t amzsync_sandbox_class(const amzsync_sandbox_view_t *view,
    ngx_uint_t revision);
static uint64_t amzsync_sandbox_size(const amzsync_sandbox_view_t *view,
    ngx_uint_t class);
static ngx_uint_t amzsync_sandbox_untouched(const amzsync_sandbox_view_t *view,
    ngx_uint_t classes[], uint64_t *size);
static ngx_uint_t amzsync_sandbox_first(const amzsync_sandbox_view_t *view);


/* The finalizer of splitmix64. */

static uint64_t
amzsync_sandbox_mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9ULL;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebULL;

    return x ^ (x >> 31);
}


uint64_t
amzsync_sandbox_hash(uint64_t key, uint64_t row, uint64_t field)
{
    uint64_t  x;

    x = amzsync_sandbox_mix(key + (row + 1) * 0x9e3779b97f4a7c15ULL);

    return amzsync_sandbox_mix(x + (field + 1) * 0xd1342543de82ef95ULL);
}


uint64_t
amzsync_sandbox_seller_key(uint64_t seed, const ngx_str_t *seller)
{
    size_t    i;
    uint64_t  key;

    key = amzsync_sandbox_hash(seed, seller->len, 0);

    for (i = 0; i < seller->len; i++) {
        key = amzsync_sandbox_hash(key, seller->data[i], i);
    }

    return key;
}


size_t
amzsync_sandbox_partner_id(uint64_t key, u_char *id)
{
    return ngx_sprintf(id, "A%013xL", key >> 12) - id;
}


static int64_t
amzsync_sandbox_step(const amzsync_sandbox_view_t *view)
{
    return AMZSYNC_SANDBOX_SPAN / ngx_max(view->orders, 1);
}


static uint64_t
amzsync_sandbox_block(const amzsync_sandbox_view_t *view)
{
    int64_t   step;
    uint64_t  block;

    step = amzsync_sandbox_step(view);

    for (block = 64; block > 1; block /= 2) {
        if ((int64_t) block * step <= AMZSYNC_SANDBOX_LAG) {
            break;
        }
    }

    return block;
}


/* From a position to a row, or back.  A last block that is not full stays. */

static uint64_t
amzsync_sandbox_permute(const amzsync_sandbox_view_t *view, uint64_t n,
    ngx_uint_t back)
{
    uint64_t  size, from, shift;

    size = amzsync_sandbox_block(view);
    from = n - n % size;

    if (from + size > (uint64_t) view->orders) {
        return n;
    }

    shift = amzsync_sandbox_hash(view->key, from, 1);
    n -= from;

    if (back) {
        n = (n - shift) * AMZSYNC_SANDBOX_INVERSE;

    } else {
        n = n * AMZSYNC_SANDBOX_FACTOR + shift;
    }

    return from + (n & (size - 1));
}


static ngx_uint_t
amzsync_sandbox_class(const amzsync_sandbox_view_t *view, ngx_uint_t revision)
{
    return (view->key % AMZSYNC_SANDBOX_CLASSES + revision)
           % AMZSYNC_SANDBOX_CLASSES;
}


static uint64_t
amzsync_sandbox_size(const amzsync_sandbox_view_t *view, ngx_uint_t class)
{
    uint64_t  n;

    n = view->orders;

    return n / AMZSYNC_SANDBOX_CLASSES + (class < n % AMZSYNC_SANDBOX_CLASSES);
}


/* The classes that no revision touched, and how many rows they have. */

static ngx_uint_t
amzsync_sandbox_untouched(const amzsync_sandbox_view_t *view,
    ngx_uint_t classes[], uint64_t *size)
{
    ngx_uint_t  n, class, latest;

    n = 0;
    *size = 0;

    for (class = 0; class < AMZSYNC_SANDBOX_CLASSES; class++) {
        if (amzsync_sandbox_touches(view, class, &latest) == 0) {
            classes[n++] = class;
            *size += amzsync_sandbox_size(view, class);
        }
    }

    return n;
}


/* The oldest revision that is still the latest of its class. */

static ngx_uint_t
amzsync_sandbox_first(const amzsync_sandbox_view_t *view)
{
    return (view->revision > AMZSYNC_SANDBOX_CLASSES)
           ? view->revision - AMZSYNC_SANDBOX_CLASSES + 1 : 1;
}


ngx_uint_t
amzsync_sandbox_touches(const amzsync_sandbox_view_t *view, uint64_t row,
    ngx_uint_t *latest)
{
    ngx_uint_t  n, first;

    /* the first revision of the row's class, 1 to 10 */
    first = (row % AMZSYNC_SANDBOX_CLASSES + 2 * AMZSYNC_SANDBOX_CLASSES
             - view->key % AMZSYNC_SANDBOX_CLASSES - 1)
            % AMZSYNC_SANDBOX_CLASSES + 1;

    if (view->revision < first) {
        *latest = 0;
        return 0;
    }

    n = (view->revision - first) / AMZSYNC_SANDBOX_CLASSES + 1;
    *latest = first + (n - 1) * AMZSYNC_SANDBOX_CLASSES;

    return n;
}


uint64_t
amzsync_sandbox_row(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_by_e by, uint64_t pos)
{
    uint64_t    size;
    ngx_uint_t  n, r, class, classes[AMZSYNC_SANDBOX_CLASSES];

    if (by == AMZSYNC_SANDBOX_CREATED) {
        return amzsync_sandbox_permute(view, pos, 0);
    }

    n = amzsync_sandbox_untouched(view, classes, &size);

    if (pos < size) {
        return pos / n * AMZSYNC_SANDBOX_CLASSES + classes[pos % n];
    }

    pos -= size;
    class = 0;

    for (r = amzsync_sandbox_first(view); r <= view->revision; r++) {
        class = amzsync_sandbox_class(view, r);
        size = amzsync_sandbox_size(view, class);

        if (pos < size) {
            break;
        }

        pos -= size;
    }

    return pos * AMZSYNC_SANDBOX_CLASSES + class;
}


int64_t
amzsync_sandbox_created(const amzsync_sandbox_view_t *view, uint64_t row)
{
    int64_t   step, wobble, time;
    uint64_t  pos;

    step = amzsync_sandbox_step(view);
    wobble = ngx_min(step, AMZSYNC_SANDBOX_WOBBLE);
    pos = amzsync_sandbox_permute(view, row, 1);

    /* a row comes at most a block later than its position */

    time = view->until - AMZSYNC_SANDBOX_SPAN - wobble
           - (int64_t) (amzsync_sandbox_block(view) - 1) * step
           + (int64_t) pos * step
           + (int64_t) (amzsync_sandbox_hash(view->key, row, 2) % wobble);

    return time - time % 1000;
}


int64_t
amzsync_sandbox_updated(const amzsync_sandbox_view_t *view, uint64_t row)
{
    int64_t     step, wobble;
    ngx_uint_t  latest;

    if (amzsync_sandbox_touches(view, row, &latest)) {
        return view->at[latest];
    }

    step = amzsync_sandbox_step(view);
    wobble = ngx_min(step, AMZSYNC_SANDBOX_WOBBLE);

    return view->until - AMZSYNC_SANDBOX_SPAN + (int64_t) row * step
           + (int64_t) (amzsync_sandbox_hash(view->key, row, 3) % wobble);
}


uint64_t
amzsync_sandbox_seek(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_by_e by, int64_t time)
{
    int64_t   t;
    uint64_t  low, high, middle, row;

    low = 0;
    high = view->orders;

    while (low < high) {
        middle = low + (high - low) / 2;
        row = amzsync_sandbox_row(view, by, middle);

        t = (by == AMZSYNC_SANDBOX_CREATED)
            ? amzsync_sandbox_created(view, row)
            : amzsync_sandbox_updated(view, row);

        if (t < time) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


uint64_t
amzsync_sandbox_after(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_by_e by, const amzsync_sandbox_place_t *place)
{
    uint64_t    pos, size;
    ngx_uint_t  i, n, r, class, classes[AMZSYNC_SANDBOX_CLASSES];

    if (by == AMZSYNC_SANDBOX_CREATED) {
        return amzsync_sandbox_permute(view, place->row, 1) + 1;
    }

    n = amzsync_sandbox_untouched(view, classes, &size);

    if (place->revision == 0) {
        pos = place->row / AMZSYNC_SANDBOX_CLASSES * n;

        for (i = 0; i < n; i++) {
            pos += (classes[i] <= place->row % AMZSYNC_SANDBOX_CLASSES);
        }

        return pos;
    }

    pos = size;

    for (r = amzsync_sandbox_first(view); r <= view->revision; r++) {
        class = amzsync_sandbox_class(view, r);

        if (r == place->revision) {
            return pos + place->row / AMZSYNC_SANDBOX_CLASSES + 1;
        }

        if (r > place->revision) {
            break;
        }

        pos += amzsync_sandbox_size(view, class);
    }

    return pos;
}
