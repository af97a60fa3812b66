
/*
 * The shared zone: revisions of sellers and what they allow, codes that were
 * spent, quota buckets, counters.  It survives a reload; data do not live here.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_code.h>
#include <sandbox/amzsync_sandbox_report_life.h>


#define AMZSYNC_SANDBOX_ZONE_VERSION  0x616d7a04
#define AMZSYNC_SANDBOX_CODES         11


typedef struct {
    ngx_rbtree_node_t         node;
    ngx_queue_t               queue;            /* the idle ones first */
    uint64_t                  bucket;
    int64_t                   tat;              /* theoretical arrival time,
                                                   microseconds */
} amzsync_sandbox_bucket_t;


typedef struct {
    ngx_str_node_t            node;
    ngx_uint_t                revision;
    int64_t                   at[AMZSYNC_SANDBOX_REVISIONS + 1];
    uint64_t                  denied;           /* operations, bits */
    amzsync_sandbox_grant_e   grant;
    u_char                    seller[AMZSYNC_SELLER_MAX];
} amzsync_sandbox_seller_t;


struct amzsync_sandbox_zone_s {
    ngx_uint_t                version;
    int64_t                   midnight;

    ngx_rbtree_t              buckets;
    ngx_rbtree_node_t         buckets_sentinel;
    ngx_queue_t               idle;
    ngx_rbtree_t              sellers;
    ngx_rbtree_node_t         sellers_sentinel;
    void                     *reports;
    amzsync_sandbox_spent_t   spent;

    ngx_atomic_t              ticks[2];         /* data, LWA */
    ngx_atomic_t              op_ticks[AMZSYNC_SANDBOX_OPS];
    ngx_atomic_t              answers[AMZSYNC_SANDBOX_OPS]
                                     [AMZSYNC_SANDBOX_CODES];
    ngx_atomic_t              faults[AMZSYNC_SANDBOX_FAULTS];
};


static amzsync_sandbox_bucket_t *amzsync_sandbox_bucket(
    amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab, uint64_t bucket);
static amzsync_sandbox_bucket_t *amzsync_sandbox_bucket_new(
    amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab);
static amzsync_sandbox_seller_t *amzsync_sandbox_seller(
    amzsync_sandbox_zone_t *zone, const ngx_str_t *seller);
static amzsync_sandbox_seller_t *amzsync_sandbox_seller_make(
    amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab,
    const ngx_str_t *seller);


const char *const  amzsync_sandbox_ops[AMZSYNC_SANDBOX_OPS] = {
    "token", "searchOrders", "getOrder", "getMarketplaceParticipations",
    "getInventorySummaries", "listTransactions", "getReports", "createReport",
    "getReport", "cancelReport", "getReportDocument", "document",
    "getShipments", "getShipmentItemsByShipmentId", "getShipmentItems",
    "consent", "control", "other"
};


const char *const  amzsync_sandbox_faults[AMZSYNC_SANDBOX_FAULTS] = {
    "http_500", "http_503", "cut", "malformed", "wrong_type", "bad_utf8",
    "huge", "same_token", "expired", "denied", "throttle", "slow",
    "cancelled", "fatal", "fatal_bare", "slow_report", "expired_address",
    "lwa_500", "lwa_503", "lwa_invalid_client", "lwa_unauthorized_client",
    "lwa_access_denied", "lwa_invalid_scope"
};


/* The last counts what has no place of its own. */

static const ngx_uint_t  amzsync_sandbox_codes[AMZSYNC_SANDBOX_CODES] = {
    200, 202, 400, 401, 403, 404, 405, 429, 500, 503, 0
};


amzsync_sandbox_zone_t *
amzsync_sandbox_zone_init(ngx_slab_pool_t *slab, time_t now)
{
    amzsync_sandbox_zone_t  *zone;

    zone = ngx_slab_calloc(slab, sizeof(amzsync_sandbox_zone_t));
    if (zone == NULL) {
        return NULL;
    }

    zone->version = AMZSYNC_SANDBOX_ZONE_VERSION;
    zone->midnight = (int64_t) (now - now % 86400) * 1000;

    ngx_rbtree_init(&zone->buckets, &zone->buckets_sentinel,
                    ngx_rbtree_insert_value);
    ngx_rbtree_init(&zone->sellers, &zone->sellers_sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&zone->idle);

    if (amzsync_sandbox_ring_init(zone, slab) != NGX_OK) {
        return NULL;
    }

    slab->data = zone;

    /* a full zone is nothing to report: idle buckets make room */
    slab->log_nomem = 0;

    return zone;
}


amzsync_sandbox_zone_t *
amzsync_sandbox_zone_check(ngx_slab_pool_t *slab)
{
    amzsync_sandbox_zone_t  *zone;

    zone = slab->data;

    if (zone == NULL || zone->version != AMZSYNC_SANDBOX_ZONE_VERSION) {
        return NULL;
    }

    return zone;
}


void **
amzsync_sandbox_zone_reports(amzsync_sandbox_zone_t *zone)
{
    return &zone->reports;
}


int64_t
amzsync_sandbox_zone_midnight(amzsync_sandbox_zone_t *zone)
{
    return zone->midnight;
}


ngx_uint_t
amzsync_sandbox_zone_tick(amzsync_sandbox_zone_t *zone, ngx_uint_t lwa)
{
    return ngx_atomic_fetch_add(&zone->ticks[lwa ? 1 : 0], 1) + 1;
}


ngx_uint_t
amzsync_sandbox_zone_tick_op(amzsync_sandbox_zone_t *zone,
    amzsync_sandbox_op_e op)
{
    return ngx_atomic_fetch_add(&zone->op_ticks[op], 1) + 1;
}


void
amzsync_sandbox_zone_answered(amzsync_sandbox_zone_t *zone,
    amzsync_sandbox_op_e op, ngx_uint_t status)
{
    ngx_uint_t  i;

    for (i = 0; i < AMZSYNC_SANDBOX_CODES - 1; i++) {
        if (amzsync_sandbox_codes[i] == status) {
            break;
        }
    }

    (void) ngx_atomic_fetch_add(&zone->answers[op][i], 1);
}


void
amzsync_sandbox_zone_faulted(amzsync_sandbox_zone_t *zone,
    amzsync_sandbox_fault_e kind)
{
    (void) ngx_atomic_fetch_add(&zone->faults[kind], 1);
}


void
amzsync_sandbox_zone_stats(amzsync_sandbox_zone_t *zone,
    amzsync_sandbox_out_t *out)
{
    u_char      code[NGX_INT_T_LEN + 1];
    ngx_uint_t  i, op;

    amzsync_sandbox_open(out, NULL, '{');
    amzsync_sandbox_open(out, "requests", '{');

    for (op = 0; op < AMZSYNC_SANDBOX_OPS; op++) {
        amzsync_sandbox_open(out, amzsync_sandbox_ops[op], '{');

        for (i = 0; i < AMZSYNC_SANDBOX_CODES; i++) {
            if (zone->answers[op][i] == 0) {
                continue;
            }

            ngx_sprintf(code, "%ui%Z", amzsync_sandbox_codes[i]);

            amzsync_sandbox_int(out, amzsync_sandbox_codes[i]
                                     ? (char *) code : "other",
                                zone->answers[op][i]);
        }

        amzsync_sandbox_close(out, '}');
    }

    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_open(out, "faults", '{');

    for (i = 0; i < AMZSYNC_SANDBOX_FAULTS; i++) {
        if (zone->faults[i]) {
            amzsync_sandbox_int(out, amzsync_sandbox_faults[i],
                                zone->faults[i]);
        }
    }

    amzsync_sandbox_close(out, '}');
    amzsync_sandbox_close(out, '}');
}


void
amzsync_sandbox_zone_view(amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab,
    const ngx_str_t *name, amzsync_sandbox_view_t *view)
{
    amzsync_sandbox_seller_t  *seller;

    view->revision = 0;

    ngx_shmtx_lock(&slab->mutex);

    seller = amzsync_sandbox_seller(zone, name);

    if (seller) {
        view->revision = seller->revision;
        ngx_memcpy(view->at, seller->at, sizeof(seller->at));
    }

    ngx_shmtx_unlock(&slab->mutex);
}


ngx_int_t
amzsync_sandbox_zone_revise(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const ngx_str_t *name, ngx_uint_t revision,
    int64_t at)
{
    ngx_int_t                  rc;
    amzsync_sandbox_seller_t  *seller;

    rc = NGX_OK;

    ngx_shmtx_lock(&slab->mutex);

    seller = amzsync_sandbox_seller_make(zone, slab, name);

    if (seller == NULL) {
        rc = NGX_ERROR;
        goto done;
    }

    if (revision > seller->revision && seller->revision
        && at < seller->at[seller->revision])
    {
        rc = NGX_DECLINED;
        goto done;
    }

    while (seller->revision < revision) {
        seller->at[++seller->revision] = at;
    }

    seller->revision = revision;

done:

    ngx_shmtx_unlock(&slab->mutex);

    return rc;
}


static amzsync_sandbox_seller_t *
amzsync_sandbox_seller(amzsync_sandbox_zone_t *zone, const ngx_str_t *seller)
{
    ngx_str_t  name;

    name = *seller;

    return (amzsync_sandbox_seller_t *)
               ngx_str_rbtree_lookup(&zone->sellers, &name,
                                     ngx_crc32_short(name.data, name.len));
}


static amzsync_sandbox_seller_t *
amzsync_sandbox_seller_make(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const ngx_str_t *name)
{
    amzsync_sandbox_seller_t  *seller;

    seller = amzsync_sandbox_seller(zone, name);

    if (seller) {
        return seller;
    }

    seller = ngx_slab_calloc_locked(slab, sizeof(amzsync_sandbox_seller_t));
    if (seller == NULL) {
        return NULL;
    }

    ngx_memcpy(seller->seller, name->data, name->len);
    seller->node.str.data = seller->seller;
    seller->node.str.len = name->len;
    seller->node.node.key = ngx_crc32_short(name->data, name->len);

    ngx_rbtree_insert(&zone->sellers, &seller->node.node);

    return seller;
}


void
amzsync_sandbox_zone_rights(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const ngx_str_t *name,
    amzsync_sandbox_rights_t *rights)
{
    amzsync_sandbox_seller_t  *seller;

    ngx_memzero(rights, sizeof(amzsync_sandbox_rights_t));

    ngx_shmtx_lock(&slab->mutex);

    seller = amzsync_sandbox_seller(zone, name);

    if (seller) {
        rights->grant = seller->grant;
        rights->denied = seller->denied;
    }

    ngx_shmtx_unlock(&slab->mutex);
}


ngx_int_t
amzsync_sandbox_zone_grant(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const ngx_str_t *name,
    amzsync_sandbox_grant_e grant)
{
    amzsync_sandbox_seller_t  *seller;

    ngx_shmtx_lock(&slab->mutex);

    /* who never revoked has nothing to take back */

    seller = grant ? amzsync_sandbox_seller_make(zone, slab, name)
                   : amzsync_sandbox_seller(zone, name);

    if (seller) {
        seller->grant = grant;
    }

    ngx_shmtx_unlock(&slab->mutex);

    return (seller || !grant) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
amzsync_sandbox_zone_deny(amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab,
    const ngx_str_t *name, uint64_t denied)
{
    amzsync_sandbox_seller_t  *seller;

    ngx_shmtx_lock(&slab->mutex);

    seller = amzsync_sandbox_seller_make(zone, slab, name);

    if (seller) {
        seller->denied = denied;
    }

    ngx_shmtx_unlock(&slab->mutex);

    return seller ? NGX_OK : NGX_ERROR;
}


ngx_int_t
amzsync_sandbox_zone_spend(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, uint64_t nonce, int64_t expires)
{
    ngx_int_t  rc;

    ngx_shmtx_lock(&slab->mutex);

    rc = amzsync_sandbox_code_spend(&zone->spent, nonce, expires);

    ngx_shmtx_unlock(&slab->mutex);

    return rc;
}


/*
 * The generic cell rate algorithm: a bucket is one time, when it will be full
 * again.
 */

ngx_int_t
amzsync_sandbox_zone_take(amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab,
    uint64_t bucket, double rate, ngx_uint_t burst, int64_t now)
{
    int64_t                    tat, interval;
    ngx_int_t                  rc;
    amzsync_sandbox_bucket_t  *b;

    interval = (int64_t) (1000000 / rate);
    now *= 1000;
    rc = NGX_BUSY;

    ngx_shmtx_lock(&slab->mutex);

    b = amzsync_sandbox_bucket(zone, slab, bucket);

    if (b) {
        tat = ngx_max(b->tat, now) + interval;

        if (tat <= now + (int64_t) burst * interval) {
            b->tat = tat;
            rc = NGX_OK;
        }

        ngx_queue_remove(&b->queue);
        ngx_queue_insert_tail(&zone->idle, &b->queue);
    }

    ngx_shmtx_unlock(&slab->mutex);

    return rc;
}


static amzsync_sandbox_bucket_t *
amzsync_sandbox_bucket(amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab,
    uint64_t bucket)
{
    ngx_rbtree_key_t           key;
    ngx_rbtree_node_t         *node;
    amzsync_sandbox_bucket_t  *b;

    key = (ngx_rbtree_key_t) bucket;
    node = zone->buckets.root;

    while (node != &zone->buckets_sentinel) {

        if (key != node->key) {
            node = (key < node->key) ? node->left : node->right;
            continue;
        }

        b = (amzsync_sandbox_bucket_t *) node;

        if (b->bucket == bucket) {
            return b;
        }

        node = node->right;
    }

    b = amzsync_sandbox_bucket_new(zone, slab);
    if (b == NULL) {
        return NULL;
    }

    b->bucket = bucket;
    b->node.key = key;

    ngx_rbtree_insert(&zone->buckets, &b->node);
    ngx_queue_insert_tail(&zone->idle, &b->queue);

    return b;
}


static amzsync_sandbox_bucket_t *
amzsync_sandbox_bucket_new(amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab)
{
    ngx_queue_t               *q;
    amzsync_sandbox_bucket_t  *b;

    for ( ;; ) {

        b = ngx_slab_calloc_locked(slab, sizeof(amzsync_sandbox_bucket_t));

        if (b || ngx_queue_empty(&zone->idle)) {
            return b;
        }

        q = ngx_queue_head(&zone->idle);
        b = ngx_queue_data(q, amzsync_sandbox_bucket_t, queue);

        ngx_queue_remove(q);
        ngx_rbtree_delete(&zone->buckets, &b->node);
        ngx_slab_free_locked(slab, b);
    }
}
