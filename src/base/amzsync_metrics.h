
/*
 * What the module counts of itself, in a zone that all workers share.
 *
 * Counters are only added to, in the event loop of whoever sees a thing happen;
 * they survive a reload, which keeps the zone.  What a worker has at the moment
 * stands in a place of its process alone, which nobody else writes: the one of
 * its slot in the master's table.  No two living processes share a slot, a
 * worker that is shutting down and its successor neither, and the places of
 * those who have died are not read: so a worker that was killed needs nobody to
 * clean up behind it.
 */


#ifndef _AMZSYNC_METRICS_H_INCLUDED_
#define _AMZSYNC_METRICS_H_INCLUDED_


#include <base/amzsync_base.h>


/* Part of the zone's name: to be raised when anything below changes. */
#define AMZSYNC_METRICS_LAYOUT      "2"

/* More datasets than the store has statements for. */
#define AMZSYNC_METRICS_DATASETS    32

/* Calls by operation, more than there are; and the exchange of tokens. */
#define AMZSYNC_METRICS_TOKEN       32
#define AMZSYNC_METRICS_OPERATIONS  (AMZSYNC_METRICS_TOKEN + 1)

/* Status codes of HTTP, 100 to 599; place 0 is for calls without an answer. */
#define AMZSYNC_METRICS_CODE_MIN    100
#define AMZSYNC_METRICS_CODES       501

/* Of connections to the database; see amzsync_pg_class_e. */
#define AMZSYNC_METRICS_CLASSES     3

#define AMZSYNC_METRICS_BUCKETS     12


typedef struct {
    ngx_atomic_t                 buckets[AMZSYNC_METRICS_BUCKETS + 1];
    ngx_atomic_t                 sum;           /* milliseconds */
} amzsync_metrics_times_t;


typedef struct {
    ngx_atomic_t                 pages;
    ngx_atomic_t                 rows;
} amzsync_metrics_dataset_t;


typedef struct {
    ngx_atomic_t                 calls[AMZSYNC_METRICS_CODES];
    ngx_atomic_t                 waits;         /* for the quota */
    ngx_atomic_t                 waited;        /* milliseconds */
} amzsync_metrics_operation_t;


typedef struct {
    amzsync_metrics_times_t      times;
    ngx_atomic_t                 failed;        /* without an answer */
} amzsync_metrics_class_t;


typedef struct {
    ngx_atomic_t                 pid;           /* 0: nobody */
    ngx_atomic_t                 connections[AMZSYNC_METRICS_CLASSES];
    ngx_atomic_t                 threads;       /* busy */
    ngx_atomic_t                 tasks;         /* that wait for one */
    ngx_atomic_t                 streams;       /* of events */
} amzsync_metrics_worker_t;


typedef struct {
    ngx_atomic_t                 claims;        /* with the steals */
    ngx_atomic_t                 steals;
    ngx_atomic_t                 fenced;
    ngx_atomic_t                 completed;     /* syncs */
    ngx_atomic_t                 failed;

    amzsync_metrics_dataset_t    datasets[AMZSYNC_METRICS_DATASETS];
    amzsync_metrics_operation_t  operations[AMZSYNC_METRICS_OPERATIONS];
    amzsync_metrics_class_t      classes[AMZSYNC_METRICS_CLASSES];
    amzsync_metrics_worker_t     workers[NGX_MAX_PROCESSES];
} amzsync_metrics_t;


/*
 * The zone, and this process' place in it; before they are attached, memory of
 * its own that nobody reads.  Never NULL.
 */
extern amzsync_metrics_t         *amzsync_metrics;
extern amzsync_metrics_worker_t  *amzsync_metrics_worker;


/* Upper bounds of the buckets, the name in seconds; the last one has none. */

typedef struct {
    ngx_msec_t                   ms;
    const char                  *name;
} amzsync_metrics_bound_t;

extern const amzsync_metrics_bound_t
    amzsync_metrics_bounds[AMZSYNC_METRICS_BUCKETS];


/* At configuration time; "tag" is the module.  NULL: logged. */
ngx_shm_zone_t *amzsync_metrics_zone(ngx_conf_t *cf, void *tag);

/* In init_process, before anything is counted; and in exit_process. */
void amzsync_metrics_attach(ngx_shm_zone_t *zone);
void amzsync_metrics_detach(void);

/* Whether the process of a place is alive. */
ngx_uint_t amzsync_metrics_alive(amzsync_metrics_worker_t *worker);


/* Counting.  "counter" is a member of the zone. */

#define amzsync_metrics_add(counter, n)                                       \
    (void) ngx_atomic_fetch_add(&amzsync_metrics->counter, n)

/* A call's status; 0: there was no answer. */
void amzsync_metrics_call(ngx_uint_t operation, ngx_uint_t status);

void amzsync_metrics_time(amzsync_metrics_times_t *times, ngx_msec_t ms);


#endif /* _AMZSYNC_METRICS_H_INCLUDED_ */
