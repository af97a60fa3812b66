
/*
 * The end of a report's file.
 */


#include <sync/amzsync_sync_private.h>


/* A file that a thread closes. */

typedef struct {
    amzsync_task_t      task;           /* first: freed as the whole */
    amzsync_spool_t    *spool;
} amzsync_sync_spool_t;


static void amzsync_sync_spool_run(amzsync_task_t *task);
static void amzsync_sync_spool_done(amzsync_task_t *task);


/* The system takes its time to free gigabytes: not in the event loop. */

void
amzsync_sync_spool_close(amzsync_sync_t *sync, amzsync_spool_t *spool)
{
    amzsync_sync_spool_t  *close;

    if (spool == NULL) {
        return;
    }

    close = NULL;

    if (spool->refs == 1 && !sync->stopped) {
        close = ngx_calloc(sizeof(amzsync_sync_spool_t), sync->log);
    }

    if (close == NULL) {
        amzsync_spool_release(spool);
        return;
    }

    close->task.run = amzsync_sync_spool_run;
    close->task.done = amzsync_sync_spool_done;
    close->spool = spool;

    amzsync_task_post(&sync->tasks, &close->task);
}


/* Nobody else knows the file any more. */

static void
amzsync_sync_spool_run(amzsync_task_t *task)
{
    amzsync_spool_release(((amzsync_sync_spool_t *) task)->spool);
}


static void
amzsync_sync_spool_done(amzsync_task_t *task)
{
    ngx_free(task);
}
