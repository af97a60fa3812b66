
/*
 * Server-Sent Events of syncs: whoever watches one is told of its changes.
 *
 * amzsync_http_events.c keeps the syncs of a worker that are watched, and looks
 * at all of them with one statement a second, and at once at those that this
 * worker itself has changed.  amzsync_http_stream.c is one client.
 */


#ifndef _AMZSYNC_HTTP_EVENTS_H_INCLUDED_
#define _AMZSYNC_HTTP_EVENTS_H_INCLUDED_


#include <http/amzsync_http_sync.h>


#define AMZSYNC_HTTP_EVENTS_HASH  256


/* A sync that is watched; ends with its last stream. */

typedef struct {
    ngx_queue_t              queue;         /* in events->watches */
    ngx_queue_t              link;          /* in events->hash */
    ngx_queue_t              streams;
    amzsync_http_events_t   *events;

    ngx_str_t                user;          /* follows the structure */
    amzsync_sync_no_t        no;

    int64_t                  version;       /* the newest that is known */
    u_char                  *text;          /* its event */
    size_t                   len;
    size_t                   size;

    ngx_uint_t               asked;         /* place in events->asked, from 1 */
    unsigned                 changed:1;     /* by this worker */
    unsigned                 final:1;       /* the sync has ended */
    unsigned                 pushing:1;     /* its streams are being served */
} amzsync_http_watch_t;


/* A client; in its request's pool. */

typedef struct {
    ngx_queue_t              queue;         /* in watch->streams */
    amzsync_http_watch_t    *watch;         /* NULL: ended */
    ngx_http_request_t      *request;

    int64_t                  version;       /* sent last */
    ngx_msec_t               since;         /* when anything was */

    ngx_buf_t                buf;
    u_char                  *text;
    size_t                   size;
} amzsync_http_stream_t;


struct amzsync_http_events_s {
    amzsync_store_t         *store;
    ngx_log_t               *log;
    ngx_uint_t               max;           /* streams */
    ngx_uint_t               nstreams;

    ngx_queue_t              watches;
    ngx_uint_t               nwatches;
    ngx_queue_t              hash[AMZSYNC_HTTP_EVENTS_HASH];

    ngx_event_t              tick;
    ngx_event_t              soon;          /* some have changed */

    amzsync_store_call_t    *call;
    amzsync_http_watch_t   **asked;         /* by it; NULL: gone meanwhile */
    ngx_uint_t               nasked;
    unsigned                 again:1;       /* changed while it was asked */
    unsigned                 stopped:1;
};


/* --- events --- */

/* Joins those who watch a sync.  NGX_DECLINED: there are too many streams.
 * NGX_ERROR: no memory. */
ngx_int_t amzsync_http_watch(amzsync_http_events_t *events,
    amzsync_http_stream_t *stream, ngx_str_t *user, amzsync_sync_no_t no);
void amzsync_http_unwatch(amzsync_http_stream_t *stream);

/* Makes the sync's state the newest one, unless a newer one is known. */
ngx_int_t amzsync_http_watch_update(amzsync_http_watch_t *watch,
    amzsync_store_sync_t *sync);


/* --- stream --- */

/* Sends the newest state, if the client has not got it and takes more now. */
void amzsync_http_stream_push(amzsync_http_stream_t *stream);

/* A comment, if nothing was sent for long. */
void amzsync_http_stream_beat(amzsync_http_stream_t *stream);

/* Ends it well; the client may come again. */
void amzsync_http_stream_end(amzsync_http_stream_t *stream);


#endif /* _AMZSYNC_HTTP_EVENTS_H_INCLUDED_ */
