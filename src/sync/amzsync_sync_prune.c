
/*
 * Retention: deletes syncs that ended too long ago, a few at a time.
 *
 * The first look is soon after the worker's start, later ones are an hour or
 * the retention apart, whichever is less.  Workers that look at the same time
 * skip each other's rows.
 */


#include <sync/amzsync_sync_private.h>


/* Milliseconds: to the first look, and between two statements of one. */
#define AMZSYNC_SYNC_PRUNE_FIRST  2000
#define AMZSYNC_SYNC_PRUNE_PAUSE  50


static void amzsync_sync_prune(ngx_event_t *ev);
static void amzsync_sync_pruned(amzsync_store_call_t *call);
static void amzsync_sync_prune_later(amzsync_sync_t *sync);


void
amzsync_sync_prune_init(amzsync_sync_t *sync)
{
    if (sync->conf->retention == 0) {
        return;
    }

    amzsync_sync_event_init(sync, &sync->prune, amzsync_sync_prune);

    sync->pruned = AMZSYNC_TIME_BAD;

    ngx_add_timer(&sync->prune, amzsync_sync_jitter(AMZSYNC_SYNC_PRUNE_FIRST));
}


static void
amzsync_sync_prune(ngx_event_t *ev)
{
    amzsync_sync_t        *sync;
    amzsync_store_call_t  *call;

    sync = ev->data;

    if (sync->stopped || ngx_exiting) {
        return;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_CORE, sync->log, 0, "amzsync prune");

    if (!amzsync_store_ready(sync->store)) {
        ngx_add_timer(&sync->prune,
                      amzsync_sync_jitter(AMZSYNC_SYNC_PRUNE_FIRST));
        return;
    }

    call = amzsync_store_prune(sync->store, sync->conf->retention,
                               AMZSYNC_SYNC_PRUNE_MAX, sync->pruned,
                               amzsync_sync_pruned, sync);
    if (call == NULL) {
        amzsync_sync_prune_later(sync);
    }
}


static void
amzsync_sync_pruned(amzsync_store_call_t *call)
{
    amzsync_sync_t         *sync;
    amzsync_store_prune_t   row;

    sync = call->data;
    row.syncs = 0;

    if (call->status == AMZSYNC_STORE_OK) {
        amzsync_store_prune_row(call, &row);

        if (row.syncs) {
            ngx_log_error(NGX_LOG_INFO, sync->log, 0,
                          "amzsync: %ui old syncs deleted", row.syncs);
        }
    }

    if (sync->stopped || ngx_exiting) {
        return;
    }

    if (row.syncs == AMZSYNC_SYNC_PRUNE_MAX) {

        /* The newest sync of each user stays and is passed only once. */

        sync->pruned = row.to;

        ngx_add_timer(&sync->prune,
                      amzsync_sync_jitter(AMZSYNC_SYNC_PRUNE_PAUSE));
        return;
    }

    amzsync_sync_prune_later(sync);
}


static void
amzsync_sync_prune_later(amzsync_sync_t *sync)
{
    time_t  delay;

    delay = ngx_min(sync->conf->retention, AMZSYNC_SYNC_PRUNE);

    sync->pruned = AMZSYNC_TIME_BAD;

    ngx_add_timer(&sync->prune, amzsync_sync_jitter(delay * 1000));
}
