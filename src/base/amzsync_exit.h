
/*
 * The beginning of a worker's graceful shutdown.
 */


#ifndef _AMZSYNC_EXIT_H_INCLUDED_
#define _AMZSYNC_EXIT_H_INCLUDED_


#include <base/amzsync_base.h>


typedef void (*amzsync_exit_pt)(void *data);


/*
 * Calls "handler" once, when this worker begins to shut down gracefully.  In
 * init_process; takes one of worker_connections.
 */
ngx_int_t amzsync_exit_watch(ngx_cycle_t *cycle, amzsync_exit_pt handler,
    void *data);


#endif /* _AMZSYNC_EXIT_H_INCLUDED_ */
