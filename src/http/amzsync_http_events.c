
/*
 * The syncs of this worker that are watched.
 */


#include <http/amzsync_http_events.h>
#include <base/amzsync_exit.h>
#include <base/amzsync_metrics.h>
#include <base/amzsync_time.h>


#define AMZSYNC_HTTP_EVENTS_TICK  1000      /* milliseconds */
#define AMZSYNC_HTTP_EVENTS_SOON  20        /* pages of one turn are one */


static ngx_queue_t *amzsync_http_events_bucket(amzsync_http_events_t *events,
    ngx_str_t *user, amzsync_sync_no_t no);
static amzsync_http_watch_t *amzsync_http_watch_find(
    amzsync_http_events_t *events, ngx_str_t *user, amzsync_sync_no_t no);
static amzsync_http_watch_t *amzsync_http_watch_create(
    amzsync_http_events_t *events, ngx_str_t *user, amzsync_sync_no_t no);
static void amzsync_http_watch_free(amzsync_http_watch_t *watch);
static void amzsync_http_watch_push(amzsync_http_watch_t *watch);
static void amzsync_http_watch_end(amzsync_http_watch_t *watch);
static ngx_int_t amzsync_http_watch_text(amzsync_http_watch_t *watch,
    amzsync_store_sync_t *sync, amzsync_json_t *w);
static void amzsync_http_events_tick(ngx_event_t *ev);
static void amzsync_http_events_soon(ngx_event_t *ev);
static void amzsync_http_events_ask(amzsync_http_events_t *events,
    ngx_uint_t all);
static void amzsync_http_events_list(amzsync_http_events_t *events,
    amzsync_store_watch_t *list, ngx_uint_t all);
static void amzsync_http_events_answered(amzsync_store_call_t *call);
static void amzsync_http_events_forget(amzsync_http_events_t *events);
static void amzsync_http_events_stop(void *data);


amzsync_http_events_t *
amzsync_http_events_create(ngx_cycle_t *cycle, amzsync_store_t *store,
    ngx_uint_t max)
{
    ngx_uint_t              i;
    amzsync_http_events_t  *events;

    events = ngx_pcalloc(cycle->pool, sizeof(amzsync_http_events_t));
    if (events == NULL) {
        return NULL;
    }

    events->store = store;
    events->log = cycle->log;
    events->max = max;

    ngx_queue_init(&events->watches);

    for (i = 0; i < AMZSYNC_HTTP_EVENTS_HASH; i++) {
        ngx_queue_init(&events->hash[i]);
    }

    events->tick.handler = amzsync_http_events_tick;
    events->tick.data = events;
    events->tick.log = cycle->log;
    events->tick.cancelable = 1;

    events->soon.handler = amzsync_http_events_soon;
    events->soon.data = events;
    events->soon.log = cycle->log;
    events->soon.cancelable = 1;

    if (amzsync_exit_watch(cycle, amzsync_http_events_stop, events) != NGX_OK)
    {
        return NULL;
    }

    return events;
}


/* The streams have gone with their connections. */

void
amzsync_http_events_destroy(amzsync_http_events_t *events)
{
    events->stopped = 1;

    if (events->call) {
        amzsync_store_detach(events->call);
        events->call = NULL;
        amzsync_http_events_forget(events);
    }
}


void
amzsync_http_events_changed(void *data, ngx_str_t *user, amzsync_sync_no_t no)
{
    amzsync_http_events_t *events = data;

    amzsync_http_watch_t  *watch;

    if (events->nwatches == 0) {
        return;
    }

    watch = amzsync_http_watch_find(events, user, no);

    if (watch == NULL) {
        return;
    }

    watch->changed = 1;

    if (!events->soon.timer_set) {
        ngx_add_timer(&events->soon, AMZSYNC_HTTP_EVENTS_SOON);
    }
}


static ngx_queue_t *
amzsync_http_events_bucket(amzsync_http_events_t *events, ngx_str_t *user,
    amzsync_sync_no_t no)
{
    uint32_t  hash;

    hash = ngx_crc32_short(user->data, user->len) ^ (uint32_t) no;

    return &events->hash[hash % AMZSYNC_HTTP_EVENTS_HASH];
}


static amzsync_http_watch_t *
amzsync_http_watch_find(amzsync_http_events_t *events, ngx_str_t *user,
    amzsync_sync_no_t no)
{
    ngx_queue_t           *q, *bucket;
    amzsync_http_watch_t  *watch;

    bucket = amzsync_http_events_bucket(events, user, no);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        watch = ngx_queue_data(q, amzsync_http_watch_t, link);

        if (watch->no == no
            && watch->user.len == user->len
            && ngx_memcmp(watch->user.data, user->data, user->len) == 0)
        {
            return watch;
        }
    }

    return NULL;
}


static amzsync_http_watch_t *
amzsync_http_watch_create(amzsync_http_events_t *events, ngx_str_t *user,
    amzsync_sync_no_t no)
{
    amzsync_http_watch_t  *watch;

    watch = ngx_calloc(sizeof(amzsync_http_watch_t) + user->len, events->log);
    if (watch == NULL) {
        return NULL;
    }

    watch->events = events;
    watch->no = no;
    watch->user.len = user->len;
    watch->user.data = (u_char *) (watch + 1);
    ngx_memcpy(watch->user.data, user->data, user->len);

    ngx_queue_init(&watch->streams);
    ngx_queue_insert_tail(&events->watches, &watch->queue);
    ngx_queue_insert_head(amzsync_http_events_bucket(events, user, no),
                          &watch->link);

    if (events->nwatches++ == 0) {
        ngx_add_timer(&events->tick, AMZSYNC_HTTP_EVENTS_TICK);
    }

    return watch;
}


static void
amzsync_http_watch_free(amzsync_http_watch_t *watch)
{
    amzsync_http_events_t  *events;

    events = watch->events;

    if (watch->asked) {
        events->asked[watch->asked - 1] = NULL;
    }

    ngx_queue_remove(&watch->queue);
    ngx_queue_remove(&watch->link);

    if (watch->text) {
        ngx_free(watch->text);
    }

    ngx_free(watch);

    if (--events->nwatches == 0) {

        if (events->tick.timer_set) {
            ngx_del_timer(&events->tick);
        }

        if (events->soon.timer_set) {
            ngx_del_timer(&events->soon);
        }
    }
}


ngx_int_t
amzsync_http_watch(amzsync_http_events_t *events,
    amzsync_http_stream_t *stream, ngx_str_t *user, amzsync_sync_no_t no)
{
    amzsync_http_watch_t  *watch;

    if (events->nstreams >= events->max) {
        return NGX_DECLINED;
    }

    watch = amzsync_http_watch_find(events, user, no);

    if (watch == NULL) {
        watch = amzsync_http_watch_create(events, user, no);
        if (watch == NULL) {
            return NGX_ERROR;
        }
    }

    stream->watch = watch;
    ngx_queue_insert_tail(&watch->streams, &stream->queue);
    amzsync_metrics_worker->streams = ++events->nstreams;

    return NGX_OK;
}


void
amzsync_http_unwatch(amzsync_http_stream_t *stream)
{
    amzsync_http_watch_t  *watch;

    watch = stream->watch;

    if (watch == NULL) {
        return;
    }

    stream->watch = NULL;
    ngx_queue_remove(&stream->queue);
    amzsync_metrics_worker->streams = --watch->events->nstreams;

    if (ngx_queue_empty(&watch->streams) && !watch->pushing) {
        amzsync_http_watch_free(watch);
    }
}


ngx_int_t
amzsync_http_watch_update(amzsync_http_watch_t *watch,
    amzsync_store_sync_t *sync)
{
    u_char           text[AMZSYNC_HTTP_TEXT_SIZE];
    ngx_int_t        rc;
    amzsync_json_t   w;

    if (sync->version <= watch->version) {
        return NGX_OK;
    }

    amzsync_json_init(&w, text, sizeof(text));

    amzsync_json_open(&w, NULL, '{');
    amzsync_json_bool(&w, "success", 1);
    amzsync_http_sync_write(&w, &watch->user, sync);
    amzsync_json_close(&w, '}');

    rc = NGX_ERROR;

    if (!w.failed) {
        rc = amzsync_http_watch_text(watch, sync, &w);
    }

    amzsync_json_free(&w);

    return rc;
}


/* The event; JSON of ours has no line breaks. */

static ngx_int_t
amzsync_http_watch_text(amzsync_http_watch_t *watch,
    amzsync_store_sync_t *sync, amzsync_json_t *w)
{
    size_t       size;
    u_char      *text;
    const char  *event;

    if (ngx_strcmp(sync->status.data, "in_progress") == 0) {
        event = "sync_progress";

    } else if (ngx_strcmp(sync->status.data, "completed") == 0) {
        event = "sync_complete";

    } else if (ngx_strcmp(sync->status.data, "cancelled") == 0) {
        event = "sync_cancelled";

    } else {
        event = "sync_failed";
    }

    size = sizeof("id: \nevent: sync_cancelled\ndata: \n\n") + NGX_INT64_LEN
           + (w->last - w->start);

    if (size > watch->size) {
        text = ngx_alloc(size + size / 4, watch->events->log);
        if (text == NULL) {
            return NGX_ERROR;
        }

        if (watch->text) {
            ngx_free(watch->text);
        }

        watch->text = text;
        watch->size = size + size / 4;
    }

    watch->version = sync->version;
    watch->final = (sync->completed_at != AMZSYNC_TIME_BAD);

    text = ngx_sprintf(watch->text, "id: %L\nevent: %s\ndata: ",
                       watch->version, event);
    text = ngx_cpymem(text, w->start, w->last - w->start);
    *text++ = '\n';
    *text++ = '\n';

    watch->len = text - watch->text;

    return NGX_OK;
}


/* A stream may end while it is served, and the watch with the last one. */

static void
amzsync_http_watch_push(amzsync_http_watch_t *watch)
{
    ngx_queue_t  *q, *next;

    watch->pushing = 1;

    for (q = ngx_queue_head(&watch->streams);
         q != ngx_queue_sentinel(&watch->streams);
         q = next)
    {
        next = ngx_queue_next(q);
        amzsync_http_stream_push(ngx_queue_data(q, amzsync_http_stream_t,
                                                queue));
    }

    watch->pushing = 0;

    if (ngx_queue_empty(&watch->streams)) {
        amzsync_http_watch_free(watch);
    }
}


/* Ends its streams well, and it with them. */

static void
amzsync_http_watch_end(amzsync_http_watch_t *watch)
{
    ngx_queue_t  *q;

    watch->pushing = 1;

    while (!ngx_queue_empty(&watch->streams)) {
        q = ngx_queue_head(&watch->streams);
        amzsync_http_stream_end(ngx_queue_data(q, amzsync_http_stream_t,
                                               queue));
    }

    amzsync_http_watch_free(watch);
}


static void
amzsync_http_events_tick(ngx_event_t *ev)
{
    ngx_queue_t            *q, *next, *s, *after;
    amzsync_http_watch_t   *watch;
    amzsync_http_events_t  *events;

    events = ev->data;

    for (q = ngx_queue_head(&events->watches);
         q != ngx_queue_sentinel(&events->watches);
         q = next)
    {
        watch = ngx_queue_data(q, amzsync_http_watch_t, queue);
        watch->pushing = 1;

        for (s = ngx_queue_head(&watch->streams);
             s != ngx_queue_sentinel(&watch->streams);
             s = after)
        {
            after = ngx_queue_next(s);
            amzsync_http_stream_beat(ngx_queue_data(s, amzsync_http_stream_t,
                                                    queue));
        }

        watch->pushing = 0;
        next = ngx_queue_next(q);

        if (ngx_queue_empty(&watch->streams)) {
            amzsync_http_watch_free(watch);
        }
    }

    if (events->nwatches == 0) {
        return;
    }

    amzsync_http_events_ask(events, 1);

    ngx_add_timer(&events->tick, AMZSYNC_HTTP_EVENTS_TICK);
}


static void
amzsync_http_events_soon(ngx_event_t *ev)
{
    amzsync_http_events_ask(ev->data, 0);
}


/* What is not asked now, for want of memory, is at the next tick. */

static void
amzsync_http_events_ask(amzsync_http_events_t *events, ngx_uint_t all)
{
    amzsync_store_watch_t  *list;

    if (events->call) {
        events->again = 1;
        return;
    }

    list = ngx_alloc(events->nwatches * sizeof(amzsync_store_watch_t),
                     events->log);
    events->asked = ngx_alloc(events->nwatches
                              * sizeof(amzsync_http_watch_t *), events->log);

    if (list && events->asked) {
        amzsync_http_events_list(events, list, all);
    }

    if (events->nasked) {
        events->call = amzsync_store_watch(events->store, list,
                                           events->nasked,
                                           amzsync_http_events_answered,
                                           events);
    }

    if (events->call == NULL) {
        amzsync_http_events_forget(events);
    }

    if (list) {
        ngx_free(list);
    }
}


static void
amzsync_http_events_list(amzsync_http_events_t *events,
    amzsync_store_watch_t *list, ngx_uint_t all)
{
    ngx_uint_t             n;
    ngx_queue_t           *q;
    amzsync_http_watch_t  *watch;

    n = 0;

    for (q = ngx_queue_head(&events->watches);
         q != ngx_queue_sentinel(&events->watches);
         q = ngx_queue_next(q))
    {
        watch = ngx_queue_data(q, amzsync_http_watch_t, queue);

        if (watch->final || (!all && !watch->changed)) {
            continue;
        }

        list[n].user = watch->user;
        list[n].no = watch->no;
        list[n].version = watch->version;

        events->asked[n++] = watch;
        watch->asked = n;
        watch->changed = 0;
    }

    events->nasked = n;
}


static void
amzsync_http_events_forget(amzsync_http_events_t *events)
{
    ngx_uint_t  i;

    for (i = 0; i < events->nasked; i++) {
        if (events->asked[i]) {
            events->asked[i]->asked = 0;
        }
    }

    events->nasked = 0;

    if (events->asked) {
        ngx_free(events->asked);
        events->asked = NULL;
    }
}


/*
 * Those who are served may go away, and other watches with them: each is looked
 * up in the list when its turn comes.
 */

static void
amzsync_http_events_answered(amzsync_store_call_t *call)
{
    ngx_int_t               which;
    ngx_uint_t              row;
    amzsync_store_sync_t    sync;
    amzsync_http_watch_t   *watch;
    amzsync_http_events_t  *events;

    events = call->data;
    events->call = NULL;

    row = 0;

    while (call->status == AMZSYNC_STORE_OK) {

        which = amzsync_store_watch_next(call, &row);

        if (which == NGX_DONE) {
            break;
        }

        watch = events->asked[which];

        if (watch == NULL) {
            continue;
        }

        if (amzsync_store_status_sync(call, &sync) != NGX_OK) {

            /* deleted: clients come again, and are told that it is not there */

            amzsync_http_watch_end(watch);
            continue;
        }

        if (amzsync_http_watch_update(watch, &sync) == NGX_OK) {
            amzsync_http_watch_push(watch);
        }
    }

    amzsync_http_events_forget(events);

    if (events->again && events->nwatches) {
        events->again = 0;
        amzsync_http_events_ask(events, 0);
    }
}


/* Clients come again, to a worker that stays. */

static void
amzsync_http_events_stop(void *data)
{
    amzsync_http_events_t *events = data;

    ngx_queue_t  *q;

    events->stopped = 1;

    while (!ngx_queue_empty(&events->watches)) {
        q = ngx_queue_head(&events->watches);
        amzsync_http_watch_end(ngx_queue_data(q, amzsync_http_watch_t, queue));
    }
}
