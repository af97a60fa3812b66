
#include <base/amzsync_metrics.h>


/* What the slab allocator takes for itself, and more. */
#define AMZSYNC_METRICS_SLAB  (16 * ngx_pagesize)


static ngx_int_t amzsync_metrics_zone_init(ngx_shm_zone_t *zone, void *data);


static amzsync_metrics_t  amzsync_metrics_nowhere;

amzsync_metrics_t  *amzsync_metrics = &amzsync_metrics_nowhere;

amzsync_metrics_worker_t  *amzsync_metrics_worker =
                                       &amzsync_metrics_nowhere.workers[0];


const amzsync_metrics_bound_t
    amzsync_metrics_bounds[AMZSYNC_METRICS_BUCKETS] =
{
    { 1, "0.001" }, { 2, "0.002" }, { 5, "0.005" },
    { 10, "0.01" }, { 20, "0.02" }, { 50, "0.05" },
    { 100, "0.1" }, { 200, "0.2" }, { 500, "0.5" },
    { 1000, "1" }, { 2000, "2" }, { 5000, "5" }
};


ngx_shm_zone_t *
amzsync_metrics_zone(ngx_conf_t *cf, void *tag)
{
    size_t           size;
    ngx_shm_zone_t  *zone;

    static ngx_str_t  name =
                      ngx_string("amzsync_metrics_" AMZSYNC_METRICS_LAYOUT);

    size = ngx_align(sizeof(amzsync_metrics_t), ngx_pagesize)
           + AMZSYNC_METRICS_SLAB;

    zone = ngx_shared_memory_add(cf, &name, size, tag);
    if (zone == NULL) {
        return NULL;
    }

    zone->init = amzsync_metrics_zone_init;

    return zone;
}


/* The same name, size and tag (an address of the module): the same layout. */

static ngx_int_t
amzsync_metrics_zone_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t  *slab;

    slab = (ngx_slab_pool_t *) zone->shm.addr;

    if (data == NULL && !zone->shm.exists) {
        slab->data = ngx_slab_calloc(slab, sizeof(amzsync_metrics_t));
    }

    zone->data = slab->data;

    return zone->data ? NGX_OK : NGX_ERROR;
}


void
amzsync_metrics_attach(ngx_shm_zone_t *zone)
{
    amzsync_metrics_worker_t  *worker;

    amzsync_metrics = zone->data;

    worker = &amzsync_metrics->workers[ngx_process_slot];

    ngx_memzero((void *) worker, sizeof(amzsync_metrics_worker_t));
    worker->pid = ngx_pid;

    amzsync_metrics_worker = worker;
}


void
amzsync_metrics_detach(void)
{
    amzsync_metrics_worker->pid = 0;
    amzsync_metrics_worker = &amzsync_metrics_nowhere.workers[0];
}


ngx_uint_t
amzsync_metrics_alive(amzsync_metrics_worker_t *worker)
{
    ngx_pid_t  pid;

    pid = (ngx_pid_t) worker->pid;

    /* another user's, after a change of "user", is alive, too */

    return pid && (kill(pid, 0) == 0 || ngx_errno != NGX_ESRCH);
}


void
amzsync_metrics_call(ngx_uint_t operation, ngx_uint_t status)
{
    ngx_uint_t  code;

    code = 0;

    if (status >= AMZSYNC_METRICS_CODE_MIN
        && status < AMZSYNC_METRICS_CODE_MIN + AMZSYNC_METRICS_CODES - 1)
    {
        code = status - AMZSYNC_METRICS_CODE_MIN + 1;
    }

    amzsync_metrics_add(operations[operation].calls[code], 1);
}


void
amzsync_metrics_time(amzsync_metrics_times_t *times, ngx_msec_t ms)
{
    ngx_uint_t  i;

    for (i = 0; i < AMZSYNC_METRICS_BUCKETS; i++) {
        if (ms <= amzsync_metrics_bounds[i].ms) {
            break;
        }
    }

    (void) ngx_atomic_fetch_add(&times->buckets[i], 1);
    (void) ngx_atomic_fetch_add(&times->sum, ms);
}
