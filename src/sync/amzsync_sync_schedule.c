
/*
 * Schedules: looks who is due, and queues their syncs.
 *
 * Every worker looks; the database sees to it that each sync is queued once.
 */


#include <sync/amzsync_sync_private.h>


static void amzsync_sync_schedule(ngx_event_t *ev);
static void amzsync_sync_scheduled(amzsync_store_call_t *call);
static void amzsync_sync_schedule_later(amzsync_sync_t *sync);


void
amzsync_sync_schedule_init(amzsync_sync_t *sync)
{
    amzsync_sync_event_init(sync, &sync->schedule, amzsync_sync_schedule);
    amzsync_sync_schedule_later(sync);
}


/* The next look is set when this one is over: never two at a time. */

static void
amzsync_sync_schedule(ngx_event_t *ev)
{
    amzsync_sync_t        *sync;
    amzsync_store_call_t  *call;

    sync = ev->data;

    if (sync->stopped || ngx_exiting) {
        return;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_CORE, sync->log, 0, "amzsync schedule");

    call = NULL;

    if (amzsync_store_ready(sync->store)) {
        call = amzsync_store_schedule(sync->store, AMZSYNC_SYNC_SCHEDULE_MAX,
                                      sync->conf->datasets,
                                      amzsync_sync_scheduled, sync);
    }

    if (call == NULL) {
        amzsync_sync_schedule_later(sync);
    }
}


static void
amzsync_sync_scheduled(amzsync_store_call_t *call)
{
    amzsync_sync_t            *sync;
    amzsync_store_schedule_t   row;

    sync = call->data;
    row.due = 0;

    if (call->status == AMZSYNC_STORE_OK) {
        amzsync_store_schedule_row(call, &row);

        if (row.queued) {
            ngx_log_error(NGX_LOG_INFO, sync->log, 0,
                          "amzsync: %ui scheduled syncs queued", row.queued);

            amzsync_sync_wake(sync);
        }
    }

    if (sync->stopped || ngx_exiting) {
        return;
    }

    if (row.due == AMZSYNC_SYNC_SCHEDULE_MAX) {

        /* Perhaps there are more. */

        ngx_add_timer(&sync->schedule, 1);
        return;
    }

    amzsync_sync_schedule_later(sync);
}


static void
amzsync_sync_schedule_later(amzsync_sync_t *sync)
{
    ngx_add_timer(&sync->schedule,
                  amzsync_sync_jitter(AMZSYNC_SYNC_SCHEDULE));
}
