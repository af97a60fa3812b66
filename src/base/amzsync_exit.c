
/*
 * nginx tells nobody that a worker begins to shut down, but it closes idle
 * connections then: this is one, without a socket.
 */


#include <base/amzsync_exit.h>
#include <ngx_event.h>


typedef struct {
    amzsync_exit_pt   handler;
    void             *data;
} amzsync_exit_t;


static void amzsync_exit_begins(ngx_event_t *ev);


ngx_int_t
amzsync_exit_watch(ngx_cycle_t *cycle, amzsync_exit_pt handler, void *data)
{
    amzsync_exit_t    *watch;
    ngx_connection_t  *c;

    watch = ngx_palloc(cycle->pool, sizeof(amzsync_exit_t));
    if (watch == NULL) {
        return NGX_ERROR;
    }

    watch->handler = handler;
    watch->data = data;

    c = ngx_get_connection(0, cycle->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    c->fd = (ngx_socket_t) 0;
    c->idle = 1;
    c->data = watch;
    c->read->handler = amzsync_exit_begins;
    c->read->log = cycle->log;

    return NGX_OK;
}


static void
amzsync_exit_begins(ngx_event_t *ev)
{
    amzsync_exit_t    *watch;
    ngx_connection_t  *c;

    c = ev->data;
    watch = c->data;

    c->idle = 0;
    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    watch->handler(watch->data);
}
