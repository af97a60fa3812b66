
/*
 * Reports that were asked for, in the zone: an array that is filled round and
 * round.  Those of a seller are linked, newest first, together with those of
 * some others, so that a seller's are found without a look at all.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report_life.h>


#define AMZSYNC_SANDBOX_WALK  4096              /* under the lock */


typedef struct {
    uint64_t                    last;           /* number, from 1 */
    ngx_uint_t                  size;           /* of both */
    uint64_t                   *heads;          /* numbers, by sellers */
    amzsync_sandbox_request_t  *requests;       /* by numbers */
} amzsync_sandbox_ring_t;


static amzsync_sandbox_ring_t *amzsync_sandbox_ring(
    amzsync_sandbox_zone_t *zone);
static amzsync_sandbox_request_t *amzsync_sandbox_ring_find(
    amzsync_sandbox_ring_t *ring, uint64_t number);
static ngx_uint_t amzsync_sandbox_ring_like(
    const amzsync_sandbox_request_t *one,
    const amzsync_sandbox_request_t *two, int64_t cooldown);


ngx_int_t
amzsync_sandbox_ring_init(amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab)
{
    ngx_uint_t               size;
    amzsync_sandbox_ring_t  *ring;

    size = (slab->end - slab->start) / 4
           / (sizeof(amzsync_sandbox_request_t) + sizeof(uint64_t));

    ring = ngx_slab_calloc(slab, sizeof(amzsync_sandbox_ring_t));
    if (ring == NULL) {
        return NGX_ERROR;
    }

    ring->size = size;
    ring->heads = ngx_slab_calloc(slab, size * sizeof(uint64_t));
    ring->requests = ngx_slab_calloc(slab,
                                 size * sizeof(amzsync_sandbox_request_t));

    if (ring->heads == NULL || ring->requests == NULL) {
        return NGX_ERROR;
    }

    *amzsync_sandbox_zone_reports(zone) = ring;

    return NGX_OK;
}


static amzsync_sandbox_ring_t *
amzsync_sandbox_ring(amzsync_sandbox_zone_t *zone)
{
    return *amzsync_sandbox_zone_reports(zone);
}


/* NULL if it is no more there. */

static amzsync_sandbox_request_t *
amzsync_sandbox_ring_find(amzsync_sandbox_ring_t *ring, uint64_t number)
{
    amzsync_sandbox_request_t  *request;

    request = &ring->requests[number % ring->size];

    return (number && request->number == number) ? request : NULL;
}


void
amzsync_sandbox_ring_add(amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab,
    amzsync_sandbox_request_t *request, int64_t cooldown)
{
    uint64_t                   *head, number;
    ngx_uint_t                  n;
    amzsync_sandbox_ring_t     *ring;
    amzsync_sandbox_request_t  *other;

    ring = amzsync_sandbox_ring(zone);
    head = &ring->heads[request->seller % ring->size];

    ngx_shmtx_lock(&slab->mutex);

    number = *head;

    for (n = 0;
         n < AMZSYNC_SANDBOX_WALK && request->end == AMZSYNC_SANDBOX_END_DONE;
         n++)
    {
        other = amzsync_sandbox_ring_find(ring, number);

        if (other == NULL || other->created + cooldown <= request->created) {
            break;
        }

        if (amzsync_sandbox_ring_like(request, other, cooldown)) {
            request->end = AMZSYNC_SANDBOX_END_TOO_SOON;
        }

        number = other->before;
    }

    request->number = ++ring->last;
    request->before = *head;
    *head = request->number;

    ring->requests[request->number % ring->size] = *request;

    ngx_shmtx_unlock(&slab->mutex);
}


/* Both bounds may have gone on with the time since. */

static ngx_uint_t
amzsync_sandbox_ring_like(const amzsync_sandbox_request_t *one,
    const amzsync_sandbox_request_t *two, int64_t cooldown)
{
    return two->seller == one->seller
           && two->report == one->report
           && two->marketplaces == one->marketplaces
           && two->end == AMZSYNC_SANDBOX_END_DONE
           && two->cancelled == 0
           && one->from - two->from < cooldown
           && two->from - one->from < cooldown
           && one->to - two->to < cooldown
           && two->to - one->to < cooldown;
}


ngx_int_t
amzsync_sandbox_ring_get(amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab,
    uint64_t seller, uint64_t number, amzsync_sandbox_request_t *request)
{
    ngx_int_t                   rc;
    amzsync_sandbox_request_t  *found;

    rc = NGX_DECLINED;

    ngx_shmtx_lock(&slab->mutex);

    found = amzsync_sandbox_ring_find(amzsync_sandbox_ring(zone), number);

    if (found && found->seller == seller) {
        *request = *found;
        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&slab->mutex);

    return rc;
}


ngx_int_t
amzsync_sandbox_ring_cancel(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, uint64_t seller, uint64_t number, int64_t now)
{
    ngx_int_t                   rc;
    amzsync_sandbox_request_t  *found;

    rc = NGX_DECLINED;

    ngx_shmtx_lock(&slab->mutex);

    found = amzsync_sandbox_ring_find(amzsync_sandbox_ring(zone), number);

    if (found && found->seller == seller) {
        rc = NGX_ERROR;

        if (amzsync_sandbox_life(found, now) == AMZSYNC_SANDBOX_IN_QUEUE) {
            found->cancelled = now;
            rc = NGX_OK;
        }
    }

    ngx_shmtx_unlock(&slab->mutex);

    return rc;
}


uint64_t
amzsync_sandbox_ring_walk(amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab,
    uint64_t seller, uint64_t from, amzsync_sandbox_ring_pt match, void *data)
{
    ngx_uint_t                  n;
    amzsync_sandbox_ring_t     *ring;
    amzsync_sandbox_request_t  *request;

    ring = amzsync_sandbox_ring(zone);

    ngx_shmtx_lock(&slab->mutex);

    if (from == 0) {
        from = ring->heads[seller % ring->size];
    }

    for (n = 0; n < AMZSYNC_SANDBOX_WALK; n++) {
        request = amzsync_sandbox_ring_find(ring, from);

        if (request == NULL) {
            from = 0;
            break;
        }

        if (request->seller == seller && match(data, request) != NGX_OK) {
            break;
        }

        from = request->before;
    }

    ngx_shmtx_unlock(&slab->mutex);

    return from;
}
