
/*
 * The job engine: claims syncs, runs their datasets side by side, and commits
 * page after page.  One a worker; see design.md's picture of the data's way.
 */


#ifndef _AMZSYNC_SYNC_H_INCLUDED_
#define _AMZSYNC_SYNC_H_INCLUDED_


#include <base/amzsync_base.h>
#include <base/amzsync_task.h>
#include <spapi/amzsync_spapi.h>
#include <store/amzsync_store.h>


typedef struct amzsync_sync_s  amzsync_sync_t;


/* Set at configuration time, read-only afterwards. */

typedef struct {
    amzsync_spapi_conf_t   spapi;
    ngx_thread_pool_t     *pool;
    ngx_uint_t             tasks;           /* in the pool at once */
    ngx_uint_t             max_syncs;       /* held by a worker at once */
    ngx_uint_t             retries;         /* of a call, before it fails */
    ngx_msec_t             retry_delay;     /* the first one's, milliseconds */
    ngx_msec_t             lease;           /* milliseconds */
    ngx_msec_t             report_poll;     /* until a report is asked after
                                               again, milliseconds; it grows */
    time_t                 backfill;        /* seconds; 0: the datasets' own */
    ngx_flag_t             order_reports;   /* where calls take too long */
    time_t                 retention;       /* seconds; 0: for ever */
    const ngx_array_t     *datasets;        /* of scheduled syncs: of
                                               amzsync_dataset_t * */
} amzsync_sync_conf_t;


/* In init_process, after amzsync_spapi_init(); NULL: no memory. */
amzsync_sync_t *amzsync_sync_create(ngx_cycle_t *cycle,
    amzsync_sync_conf_t *conf, amzsync_store_t *store);

/* In exit_process, before the store's end. */
void amzsync_sync_destroy(amzsync_sync_t *sync);

/* A sync was queued: claim at once.  Many calls in a turn are one. */
void amzsync_sync_wake(amzsync_sync_t *sync);

/*
 * Who wants to know at once of each change that this worker commits to a sync:
 * one listener, called in the event loop, which looks the change up itself.
 */
typedef void (*amzsync_sync_listener_pt)(void *data, ngx_str_t *user,
    amzsync_sync_no_t no);

void amzsync_sync_listen(amzsync_sync_t *sync,
    amzsync_sync_listener_pt listener, void *data);

/* A user has ended a sync: if this worker has it, it drops it at once. */
void amzsync_sync_cancelled(amzsync_sync_t *sync, ngx_str_t *user,
    amzsync_sync_no_t no);


/*
 * A consent that a user came back with: exchanges the code and stores the
 * connection.  The handler is called once, unless the owner detaches before;
 * the work goes on in any case.  NULL: no memory.
 */

typedef struct amzsync_sync_consent_s  amzsync_sync_consent_t;

typedef enum {
    AMZSYNC_SYNC_CONSENT_OK = 0,    /* connected */
    AMZSYNC_SYNC_CONSENT_INVALID,   /* the code is refused: invalid_grant */
    AMZSYNC_SYNC_CONSENT_FAILED,    /* no token for any other reason */
    AMZSYNC_SYNC_CONSENT_LOST       /* the database did not take it */
} amzsync_sync_consent_e;

/* "error" is set for FAILED, and valid during the call. */
typedef void (*amzsync_sync_consent_pt)(void *data,
    amzsync_sync_consent_e result, const amzsync_error_t *error);

/* Texts are copied, and not longer than their bounds. */

typedef struct {
    ngx_str_t              user;
    ngx_str_t              seller;
    ngx_str_t              code;
    amzsync_region_e       region;
    const char            *redirect_uri;    /* of the configuration, or NULL */
} amzsync_sync_consented_t;

amzsync_sync_consent_t *amzsync_sync_consent(amzsync_sync_t *sync,
    const amzsync_sync_consented_t *by, amzsync_sync_consent_pt handler,
    void *data);

void amzsync_sync_consent_detach(amzsync_sync_consent_t *consent);


#endif /* _AMZSYNC_SYNC_H_INCLUDED_ */
