
/*
 * The envelope of work done in a thread of nginx's pools.
 *
 * No more tasks are given to the pool than it has threads: what waits, waits
 * here, first come first served unless urgent, so that a shutdown has nothing
 * to drain and a full pool queue cannot happen.  While a task runs, a timer on
 * its event keeps a worker that is shutting down alive until the completion
 * handler has run.
 */


#ifndef _AMZSYNC_TASK_H_INCLUDED_
#define _AMZSYNC_TASK_H_INCLUDED_


#include <base/amzsync_base.h>
#include <ngx_thread_pool.h>


typedef struct amzsync_task_s   amzsync_task_t;
typedef struct amzsync_tasks_s  amzsync_tasks_t;

typedef void (*amzsync_task_pt)(amzsync_task_t *task);


struct amzsync_task_s {
    ngx_thread_task_t   thread;
    ngx_queue_t         queue;      /* in tasks->waiting */
    amzsync_tasks_t    *tasks;

    /* In a thread: touches nothing but this task and read-only data. */
    amzsync_task_pt     run;

    /* In the event loop, once: takes the result and frees the task. */
    amzsync_task_pt     done;

    /* The owner, for done(); set to NULL by an owner that dies before. */
    void               *data;

    unsigned            urgent:1;   /* goes before those that wait: a person
                                       does, too */
    unsigned            posted:1;   /* in the thread pool, no longer waiting */
};


/* One a worker. */

struct amzsync_tasks_s {
    ngx_thread_pool_t  *pool;
    ngx_log_t          *log;        /* lives as long as the worker */
    ngx_uint_t          limit;      /* tasks in the pool at once */
    ngx_uint_t          busy;
    ngx_queue_t         waiting;
};


void amzsync_tasks_init(amzsync_tasks_t *tasks, ngx_thread_pool_t *pool,
    ngx_uint_t limit, ngx_log_t *log);

/*
 * Takes the task to a thread at once or later.  "task" is the first member of
 * a structure from ngx_calloc(), with run, done and data set; done() frees it
 * with ngx_free().
 */
void amzsync_task_post(amzsync_tasks_t *tasks, amzsync_task_t *task);

/*
 * Takes back a task that still waits: NGX_OK, and the caller owns it again;
 * NGX_DECLINED if a thread has it already, then only "data" may be cleared.
 */
ngx_int_t amzsync_task_cancel(amzsync_task_t *task);

/* Whether no task runs or waits. */
#define amzsync_tasks_idle(tasks)                                             \
    ((tasks)->busy == 0 && ngx_queue_empty(&(tasks)->waiting))

/* Whether running tasks should give up: the worker exits. */
#define amzsync_task_stopping()  (ngx_exiting || ngx_terminate || ngx_quit)


#endif /* _AMZSYNC_TASK_H_INCLUDED_ */
