
#include <base/amzsync_task.h>
#include <base/amzsync_metrics.h>


/* How often the guard wakes up for nothing while a task runs. */

#define AMZSYNC_TASK_GUARD  60000

/* How soon a full pool is tried again, if nothing of ours runs in it. */

#define AMZSYNC_TASK_RETRY  50


static void amzsync_task_start(amzsync_tasks_t *tasks);
static ngx_int_t amzsync_task_hand_over(amzsync_task_t *task);
static void amzsync_task_thread(void *data, ngx_log_t *log);
static void amzsync_task_event(ngx_event_t *ev);


void
amzsync_tasks_init(amzsync_tasks_t *tasks, ngx_thread_pool_t *pool,
    ngx_uint_t limit, ngx_log_t *log)
{
    tasks->pool = pool;
    tasks->log = log;
    tasks->limit = limit;
    tasks->busy = 0;

    ngx_queue_init(&tasks->waiting);
}


void
amzsync_task_post(amzsync_tasks_t *tasks, amzsync_task_t *task)
{
    task->tasks = tasks;
    task->posted = 0;

    task->thread.ctx = task;
    task->thread.handler = amzsync_task_thread;

    task->thread.event.data = task;
    task->thread.event.handler = amzsync_task_event;
    task->thread.event.log = tasks->log;

    if (task->urgent) {
        ngx_queue_insert_head(&tasks->waiting, &task->queue);

    } else {
        ngx_queue_insert_tail(&tasks->waiting, &task->queue);
    }

    amzsync_metrics_worker->tasks++;

    amzsync_task_start(tasks);
}


ngx_int_t
amzsync_task_cancel(amzsync_task_t *task)
{
    ngx_event_t  *ev;

    if (task->posted) {
        return NGX_DECLINED;
    }

    ev = &task->thread.event;

    ngx_queue_remove(&task->queue);
    amzsync_metrics_worker->tasks--;

    if (ev->timer_set) {
        ngx_del_timer(ev);

        /* It was to try the pool again: let the next one do it. */

        amzsync_task_start(task->tasks);
    }

    return NGX_OK;
}


static void
amzsync_task_start(amzsync_tasks_t *tasks)
{
    ngx_queue_t     *q;
    ngx_event_t     *ev;
    amzsync_task_t  *task;

    while (tasks->busy < tasks->limit && !ngx_queue_empty(&tasks->waiting)) {

        q = ngx_queue_head(&tasks->waiting);
        task = ngx_queue_data(q, amzsync_task_t, queue);
        ev = &task->thread.event;

        if (ev->timer_set) {
            ngx_del_timer(ev);
        }

        if (amzsync_task_hand_over(task) == NGX_OK) {
            ngx_queue_remove(q);
            amzsync_metrics_worker->tasks--;
            amzsync_metrics_worker->threads = ++tasks->busy;
            continue;
        }

        /*
         * Others have filled the pool.  The next completion tries again; if
         * none of ours is there to complete, only a timer can.
         */

        if (tasks->busy == 0) {
            ev->cancelable = 1;
            ngx_add_timer(ev, AMZSYNC_TASK_RETRY);
        }

        return;
    }
}


static ngx_int_t
amzsync_task_hand_over(amzsync_task_t *task)
{
    ngx_event_t  *ev;

    ev = &task->thread.event;

    ev->complete = 0;
    ev->timedout = 0;

    if (ngx_thread_task_post(task->tasks->pool, &task->thread) != NGX_OK) {

        /* May have been set before the failure. */

        ev->active = 0;

        return NGX_ERROR;
    }

    task->posted = 1;

    ev->cancelable = 0;
    ngx_add_timer(ev, AMZSYNC_TASK_GUARD);

    return NGX_OK;
}


static void
amzsync_task_thread(void *data, ngx_log_t *log)
{
    amzsync_task_t  *task = data;

    task->run(task);
}


/* The completion, or one of the two timers. */

static void
amzsync_task_event(ngx_event_t *ev)
{
    amzsync_task_t   *task;
    amzsync_tasks_t  *tasks;

    task = ev->data;
    tasks = task->tasks;

    if (!task->posted) {
        ev->timedout = 0;
        amzsync_task_start(tasks);
        return;
    }

    if (!ev->complete) {
        ev->timedout = 0;
        ngx_add_timer(ev, AMZSYNC_TASK_GUARD);
        return;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, tasks->log, 0,
                   "amzsync task %ui done, %ui busy",
                   task->thread.id, tasks->busy);

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    amzsync_metrics_worker->threads = --tasks->busy;

    /* Frees the task, and may post others. */

    task->done(task);

    amzsync_task_start(tasks);
}
