
/*
 * Every SQL statement of the module, its parameters and its rows.
 *
 * A call sends one statement and answers once, from the event loop, never from
 * inside the call that made it.  While the handler runs, call->status and the
 * row readers are valid; afterwards the call is gone.  The owner may detach a
 * call before: then its handler is not called, and the statement drains.
 *
 * A call that cannot be made (no memory) returns NULL and calls nothing.
 */


#ifndef _AMZSYNC_STORE_H_INCLUDED_
#define _AMZSYNC_STORE_H_INCLUDED_


#include <base/amzsync_base.h>
#include <dataset/amzsync_dataset.h>
#include <pg/amzsync_pg.h>


typedef struct amzsync_store_s       amzsync_store_t;
typedef struct amzsync_store_call_s  amzsync_store_call_t;

typedef void (*amzsync_store_handler_pt)(amzsync_store_call_t *call);


typedef enum {
    AMZSYNC_STORE_OK = 0,       /* at least one row */
    AMZSYNC_STORE_NONE,         /* executed, no row: absent, not connected,
                                   or the fence refused it */
    AMZSYNC_STORE_FAILED,       /* the database refused it; logged */
    AMZSYNC_STORE_UNAVAILABLE,  /* no database in time; nothing was done */
    AMZSYNC_STORE_LOST          /* sent, its end unknown */
} amzsync_store_status_e;


struct amzsync_store_call_s {
    amzsync_store_status_e     status;
    ngx_uint_t                 nrows;
    void                      *data;        /* the owner's */

    /* Private to src/store. */
    amzsync_store_handler_pt   handler;
    amzsync_store_t           *store;
    amzsync_pg_query_t        *query;
    PGresult                  *result;
    ngx_uint_t                 first;       /* row of the result */
    void                      *entry;       /* of a batch, or NULL */
    ngx_uint_t                 joined;      /* one before it asked the same */
    ngx_msec_t                 since;
    ngx_queue_t                queue;       /* in entry->calls */
    ngx_queue_t                order;       /* in batcher->calls */
};


/* At configuration time: makes the statements of all datasets. */
ngx_int_t amzsync_store_init(ngx_conf_t *cf);

/* One a worker, in init_process. */
amzsync_store_t *amzsync_store_create(ngx_cycle_t *cycle,
    amzsync_pg_conf_t *conf);
void amzsync_store_destroy(amzsync_store_t *store);

/* Whether a database connection with the right schema is up; and whether one
 * for the work of syncs is. */
ngx_uint_t amzsync_store_ready(amzsync_store_t *store);
ngx_uint_t amzsync_store_ready_work(amzsync_store_t *store);

/* The handler will not be called any more. */
void amzsync_store_detach(amzsync_store_call_t *call);


/*
 * Syncs are told apart by user and number, the epoch milliseconds of their
 * start; the id that clients see, sync_<user>_<number>, is made and read here.
 */

typedef int64_t  amzsync_sync_no_t;

/*
 * The number in a sync id of this user: NGX_DECLINED if the text is not such
 * an id (malformed, another user's).
 */
ngx_int_t amzsync_store_sync_no(ngx_str_t *user, ngx_str_t *id,
    amzsync_sync_no_t *no);

/* Writes the id, at most AMZSYNC_SYNC_ID_MAX bytes, and returns the end. */
u_char *amzsync_store_sync_id(u_char *p, ngx_str_t *user,
    amzsync_sync_no_t no);


/* --- start: one round trip, answered when committed; those that come while
 * others are under way share a statement --- */

/*
 * "datasets" is an array of amzsync_dataset_t *, which outlives the store; the
 * choice has bit n for the n-th of them, or none: what the connection says.
 * FULL among its bits: cursors do not count.  NONE: not connected.
 */
#define AMZSYNC_STORE_FULL  ((int64_t) 1 << 62)

amzsync_store_call_t *amzsync_store_start(amzsync_store_t *store,
    ngx_str_t *user, const ngx_array_t *datasets, int64_t choice,
    amzsync_store_handler_pt handler, void *data);

typedef struct {
    amzsync_sync_no_t   no;
    ngx_uint_t          created;        /* 0: this one was running already */
    ngx_int_t           last_duration;  /* seconds of the seller's last
                                           completed sync; -1: none */
} amzsync_store_start_t;

void amzsync_store_start_row(amzsync_store_call_t *call,
    amzsync_store_start_t *row);


/* --- status: one read; identical reads in flight share it, and those that come
 * while others are under way one statement --- */

/* no == 0: the newest sync of the user, and the schedule.  NONE: there is
 * none. */
amzsync_store_call_t *amzsync_store_status(amzsync_store_t *store,
    ngx_str_t *user, amzsync_sync_no_t no, amzsync_store_handler_pt handler,
    void *data);

/* The same, never shared, and what is missing of each dataset. */
amzsync_store_call_t *amzsync_store_status_coverage(amzsync_store_t *store,
    ngx_str_t *user, amzsync_sync_no_t no, amzsync_store_handler_pt handler,
    void *data);

/*
 * A write of this user's was answered: statuses that are asked for from now on
 * are not those that were asked for before.  So rare that all are looked at.
 */
void amzsync_store_status_anew(amzsync_store_t *store, ngx_str_t *user);

/* Strings stand in the result; {0, NULL} is NULL; times are milliseconds,
 * AMZSYNC_TIME_BAD is NULL. */

typedef struct {
    ngx_str_t           code;           /* NULL: no error */
    ngx_str_t           message;
    ngx_str_t           request_id;     /* may be NULL */
} amzsync_store_error_t;

typedef struct {
    amzsync_sync_no_t      no;
    ngx_str_t              status;      /* in_progress, completed, … */
    int64_t                progress;
    ngx_str_t              message;
    int64_t                started_at;
    int64_t                updated_at;
    int64_t                completed_at;
    int64_t                estimated_completion;
    int64_t                orders_processed;
    int64_t                total_orders;    /* -1: NULL */
    amzsync_store_error_t  error;
    int64_t                version;         /* goes up with each change */
    ngx_str_t              datasets;        /* a JSON array */
} amzsync_store_sync_t;

/* NGX_DECLINED: there is none. */
ngx_int_t amzsync_store_status_sync(amzsync_store_call_t *call,
    amzsync_store_sync_t *sync);

/* Of no == 0: when the user's next sync is due, or AMZSYNC_TIME_BAD; also if
 * there was no sync yet. */
int64_t amzsync_store_status_next(amzsync_store_call_t *call);

/*
 * Those of "n" syncs whose version is above the one that is known, and those
 * that are gone, each a row that is read as a status is.
 */
typedef struct {
    ngx_str_t           user;
    amzsync_sync_no_t   no;
    int64_t             version;
} amzsync_store_watch_t;

amzsync_store_call_t *amzsync_store_watch(amzsync_store_t *store,
    amzsync_store_watch_t *watches, ngx_uint_t n,
    amzsync_store_handler_pt handler, void *data);

/* In its handler: makes "row", first 0, the call's, and answers which of the
 * syncs it is, from 0; NGX_DONE: no more. */
ngx_int_t amzsync_store_watch_next(amzsync_store_call_t *call,
    ngx_uint_t *row);


/*
 * The same read has the same answer: what was made of it for one call, copied
 * for those that are still to come; NULL if there is nothing yet.  Valid until
 * the handler returns.
 */
ngx_str_t *amzsync_store_shared(amzsync_store_call_t *call);
void amzsync_store_share(amzsync_store_call_t *call, const u_char *p,
    size_t len);


/* --- cancel: answered when nothing can be written for the sync any more --- */

/* NONE: there is no such sync. */
amzsync_store_call_t *amzsync_store_cancel(amzsync_store_t *store,
    ngx_str_t *user, amzsync_sync_no_t no, amzsync_store_handler_pt handler,
    void *data);

/* Whether it is cancelled, now or before; it has ended otherwise if not. */
ngx_uint_t amzsync_store_cancelled(amzsync_store_call_t *call);


/* --- history --- */

amzsync_store_call_t *amzsync_store_history(amzsync_store_t *store,
    ngx_str_t *user, int64_t limit, int64_t offset,
    amzsync_store_handler_pt handler, void *data);

typedef struct {
    amzsync_sync_no_t      no;
    ngx_str_t              status;
    int64_t                started_at;
    int64_t                completed_at;
    int64_t                orders;
    int64_t                rows;            /* of all datasets */
    amzsync_store_error_t  error;
} amzsync_store_past_t;

/* Of all syncs of the user, those on other pages, too. */
int64_t amzsync_store_history_total(amzsync_store_call_t *call);

/* NGX_DECLINED: the row holds nothing but the total. */
ngx_int_t amzsync_store_history_row(amzsync_store_call_t *call, ngx_uint_t n,
    amzsync_store_past_t *past);


/* --- connection --- */

/* NONE: the user never had one. */
amzsync_store_call_t *amzsync_store_connection_get(amzsync_store_t *store,
    ngx_str_t *user, amzsync_store_handler_pt handler, void *data);

typedef struct {
    ngx_str_t           status;
    ngx_str_t           selling_partner_id;     /* may be NULL */
    ngx_str_t           region;
    ngx_str_t           marketplace_ids;        /* a JSON array */
    int64_t             connected_at;
    ngx_uint_t          sync_interval;          /* minutes; 0: none */
    ngx_str_t           datasets;               /* a JSON array, or NULL */
} amzsync_store_connection_t;

void amzsync_store_connection_row(amzsync_store_call_t *call,
    amzsync_store_connection_t *row);

/*
 * Connects or changes; another seller or region ends a running sync as
 * cancelled, another interval begins now.  "marketplaces" is an array of
 * ngx_str_t, "datasets" and "choice" as for a start.
 */
typedef struct {
    ngx_str_t           selling_partner_id;
    amzsync_region_e    region;
    ngx_array_t        *marketplaces;
    ngx_str_t           sealed;
    const char         *key_id;
    ngx_uint_t          sync_interval;          /* minutes; 0: none */
    const ngx_array_t  *datasets;
    int64_t             choice;                 /* 0: whatever there is */
} amzsync_store_connect_t;

/* What the interval may be; the schema says so, too. */
#define AMZSYNC_STORE_INTERVAL_MIN  15
#define AMZSYNC_STORE_INTERVAL_MAX  43200

amzsync_store_call_t *amzsync_store_connection_put(amzsync_store_t *store,
    ngx_str_t *user, amzsync_store_connect_t *connect,
    amzsync_store_handler_pt handler, void *data);

/* Ends a running sync and the schedule, erases the sealed token, keeps the
 * data. */
amzsync_store_call_t *amzsync_store_connection_delete(amzsync_store_t *store,
    ngx_str_t *user, amzsync_store_handler_pt handler, void *data);


/* --- consent: states that are out, each good for once --- */

/* Remembers a nonce for "ttl" milliseconds.  A user has the newest twenty. */
amzsync_store_call_t *amzsync_store_consent_ask(amzsync_store_t *store,
    ngx_str_t *user, ngx_str_t *nonce, ngx_msec_t ttl,
    amzsync_store_handler_pt handler, void *data);

/* Forgets it.  NONE: it was not there any more, or too late. */
amzsync_store_call_t *amzsync_store_consent_take(amzsync_store_t *store,
    ngx_str_t *user, ngx_str_t *nonce, amzsync_store_handler_pt handler,
    void *data);

/*
 * Connects, as above, but the same seller keeps the marketplaces and the
 * interval; those in "connect" are not looked at.
 */
amzsync_store_call_t *amzsync_store_consent_connect(amzsync_store_t *store,
    ngx_str_t *user, amzsync_store_connect_t *connect,
    amzsync_store_handler_pt handler, void *data);


/* --- leases: see src/sync; these serve all users --- */

typedef struct {
    ngx_str_t           user;
    amzsync_sync_no_t   no;
    int64_t             lease;
} amzsync_store_lease_t;

/*
 * Claims queued syncs, and with "steal" before them those whose lease ran out,
 * unless the database has just been started and their owners may come back; one
 * row a dataset of each, ordered by sync.  NONE: nothing is due.  "ttl" in
 * milliseconds.  What was stolen "tries" times without a page is ended as
 * stalled instead.
 */
amzsync_store_call_t *amzsync_store_claim(amzsync_store_t *store,
    ngx_uint_t limit, int64_t lease, ngx_msec_t ttl, ngx_uint_t tries,
    ngx_uint_t steal, amzsync_store_handler_pt handler, void *data);

typedef struct {
    ngx_str_t           user;
    amzsync_sync_no_t   no;
    amzsync_region_e    region;
    int64_t             version;        /* the connection's */
    ngx_str_t           sealed;         /* as PostgreSQL's hex, "\x…" */
    ngx_str_t           key_id;

    int64_t             progress;       /* of the sync */

    ngx_str_t           dataset;
    ngx_str_t           status;
    int64_t             page;           /* the next page's number */
    int64_t             unit;           /* from 1 */
    int64_t             window_page;    /* pages done of this window */
    int64_t             window_from;    /* AMZSYNC_TIME_BAD: no page yet */
    int64_t             window_to;
    int64_t             dataset_progress;
    ngx_str_t           next_token;     /* NULL: the window's first page */
    ngx_uint_t          stolen;         /* another claim's lease ran out */
    ngx_uint_t          refused;        /* Amazon does not take the token */
    ngx_uint_t          spoilt;         /* a window of the dataset has failed */
} amzsync_store_claim_t;

void amzsync_store_claim_row(amzsync_store_call_t *call, ngx_uint_t n,
    amzsync_store_claim_t *row);

/*
 * Extends leases; each row that comes back is the index of one that is still
 * ours, in any order.  "leases" is an array of amzsync_store_lease_t.  A sync
 * that somebody else has locked is still ours, but not renewed.
 */
amzsync_store_call_t *amzsync_store_heartbeat(amzsync_store_t *store,
    ngx_array_t *leases, ngx_msec_t ttl, amzsync_store_handler_pt handler,
    void *data);
ngx_uint_t amzsync_store_heartbeat_row(amzsync_store_call_t *call,
    ngx_uint_t n, ngx_uint_t *renewed);

/* Back to queued, at once due: the worker shuts down. */
amzsync_store_call_t *amzsync_store_release(amzsync_store_t *store,
    ngx_array_t *leases, amzsync_store_handler_pt handler, void *data);


/* --- by the clock; these serve all users, too --- */

/*
 * Queues a sync of each user who is due, "limit" users at most, and sets when
 * they are due again.  One who has an active sync is left alone until then.
 * "datasets" as for a start; of them those that the connection says.
 */
amzsync_store_call_t *amzsync_store_schedule(amzsync_store_t *store,
    ngx_uint_t limit, const ngx_array_t *datasets,
    amzsync_store_handler_pt handler, void *data);

typedef struct {
    ngx_uint_t          due;
    ngx_uint_t          queued;
} amzsync_store_schedule_t;

void amzsync_store_schedule_row(amzsync_store_call_t *call,
    amzsync_store_schedule_t *row);

/*
 * Deletes syncs that ended more than "age" seconds ago, "limit" at most, the
 * oldest first, but no user's newest one.  "from": nothing is left to delete
 * of what ended before; AMZSYNC_TIME_BAD: unknown.
 */
amzsync_store_call_t *amzsync_store_prune(amzsync_store_t *store,
    time_t age, ngx_uint_t limit, int64_t from,
    amzsync_store_handler_pt handler, void *data);

typedef struct {
    ngx_uint_t          syncs;          /* deleted */
    int64_t             to;             /* when the last of them ended, or
                                           AMZSYNC_TIME_BAD: the next "from" */
} amzsync_store_prune_t;

void amzsync_store_prune_row(amzsync_store_call_t *call,
    amzsync_store_prune_t *row);


/* --- the work of one sync: fenced, over one connection, in order --- */

/*
 * What there is to read: planned from the cursors at the first call, the same
 * ever after.  A row a unit, in order, from "unit" on, as many as are worth
 * their memory; if there is none, or no marketplace is known, but one is
 * needed, a row whose range is AMZSYNC_TIME_BAD.  "history": seconds back.
 * NONE: the lease is lost.
 */
amzsync_store_call_t *amzsync_store_plan(amzsync_store_t *store,
    amzsync_store_lease_t *lease, const amzsync_dataset_t *dataset,
    time_t history, int64_t unit, amzsync_store_handler_pt handler,
    void *data);

typedef struct {
    ngx_str_t           marketplaces;   /* comma separated; none: empty */
    ngx_str_t           parent_id;      /* of an EACH unit, or empty */
    int64_t             range_from;
    int64_t             range_to;
    int64_t             expected_pages; /* of all units; -1: unknown */
    int64_t             units;          /* how many there are */
    int64_t             calls_to;       /* by report: until here by calls; or
                                           TIME_BAD */
    int64_t             newest;         /* where the last of all units ends */
    int64_t             read_to;        /* of a full sync: calls have read until
                                           here before; or TIME_BAD */
    ngx_uint_t          by_report;      /* in place of calls */
    ngx_uint_t          decided;        /* which of them, for good */
} amzsync_store_unit_t;

void amzsync_store_plan_row(amzsync_store_call_t *call, ngx_uint_t n,
    amzsync_store_unit_t *row);

/*
 * What people shall know of a wait.  If it is longer than "longer", the message
 * says so: the dataset's name, WAITING, seconds and " s"; else it becomes
 * "message", unless NULL.  When it changes, the estimate does, by this
 * dataset's pages that are left, 0: unknown, one in "pace" milliseconds at
 * best; and by "rest", the milliseconds of the others, negative if some of them
 * may take longer.
 */
#define AMZSYNC_STORE_WAITING  ": waiting for Amazon's quota, "

typedef struct {
    ngx_msec_t          longer;
    const char         *message;        /* until the call is made */
    int64_t             pages;
    int64_t             pace;
    int64_t             rest;
} amzsync_store_wait_t;

/*
 * Takes a slot of the quota, if one is free; then the dataset is in flight,
 * else it is not.  Renews the lease in any case.  NONE: the lease is lost.
 */
amzsync_store_call_t *amzsync_store_quota_take(amzsync_store_t *store,
    amzsync_store_lease_t *lease, const amzsync_dataset_t *dataset,
    amzsync_operation_e op, const char *client_id, ngx_msec_t ttl,
    amzsync_store_wait_t *wait, amzsync_store_handler_pt handler, void *data);

/* Milliseconds to wait before asking again; 0: the slot is taken. */
ngx_msec_t amzsync_store_quota_wait(amzsync_store_call_t *call);

/* The bucket's calls a second. */
double amzsync_store_quota_rate(amzsync_store_call_t *call);

/* Slots that it has left without a wait. */
double amzsync_store_quota_slots(amzsync_store_call_t *call);

/*
 * What an answer told: the bucket's rate, unless 0, and with "throttled" that
 * the bucket is empty for at least "retry_after" seconds.
 */
amzsync_store_call_t *amzsync_store_quota_learn(amzsync_store_t *store,
    amzsync_store_lease_t *lease, amzsync_operation_e op,
    const char *client_id, double rate, ngx_uint_t throttled,
    time_t retry_after, amzsync_store_handler_pt handler, void *data);


/*
 * The commit of a page, or of a step without rows (rows == NULL): failure of
 * the dataset, restart of a window.  It is applied only if the lease is ours
 * and the dataset stands at "page"; then the dataset stands at page + 1.
 */

/* What a step of a report makes of its load; see amzsync.coverage. */

typedef struct {
    const char               *report_id;    /* "": none is known */
    const char               *state;
} amzsync_store_load_t;


/* The unit is read by reports in place of calls from now on: until "calls_to"
 * by calls all the same; from "tail" on by a unit of calls, which is made
 * behind all.  TIME_BAD: neither. */

typedef struct {
    int64_t                   tail;
    int64_t                   calls_to;
} amzsync_store_choice_t;


typedef struct {
    const amzsync_dataset_t  *dataset;
    int64_t                   page;         /* expected */

    /* What follows. */
    const char               *status;       /* in_progress, completed, failed */
    const char               *next_token;   /* NULL: none */
    int64_t                   unit;
    int64_t                   window_page;
    int64_t                   window_from;
    int64_t                   window_to;
    ngx_int_t                 dataset_progress;
    const amzsync_error_t    *error;        /* if failed, or a window is, else
                                               NULL */

    ngx_int_t                 progress;     /* of the sync */
    const char               *message;
    int64_t                   left;         /* milliseconds; if negative, at
                                               least so many; 0: unknown */

    /* Of the unit that the step belongs to. */
    const char               *marketplaces; /* comma separated */
    const char               *parent_id;    /* of an EACH unit */
    int64_t                   covered_to;   /* the cursors', if the window was
                                               read whole, else TIME_BAD */
    int64_t                   scan_page;    /* step that the scan, load or
                                               window began at */
    int64_t                   range_from;   /* the window; TIME_BAD: there is */
    int64_t                   range_to;     /* no plan yet */
    ngx_uint_t                last;         /* page of it */
    ngx_uint_t                fresh;        /* its rows are thought to be new:
                                               a cheaper statement, if so */
    const amzsync_store_load_t  *load;      /* of a report, else NULL */
    const amzsync_store_choice_t  *choice;  /* or NULL; the window begins
                                               anew */

    amzsync_rows_t           *rows;         /* stays the caller's: must live
                                               until the handler */
} amzsync_store_page_t;

/* NONE: not applied by this call; then amzsync_store_page_check() tells. */
amzsync_store_call_t *amzsync_store_page(amzsync_store_t *store,
    amzsync_store_lease_t *lease, amzsync_store_page_t *page, ngx_msec_t ttl,
    amzsync_store_handler_pt handler, void *data);

/* Of a page of calls: how many of its rows were there before. */
ngx_uint_t amzsync_store_page_met(amzsync_store_call_t *call);

/* Of a step of a report that Amazon has made by itself: whether its rows were
 * stored by another sync, and this one is not a full one. */
ngx_uint_t amzsync_store_page_known(amzsync_store_call_t *call);

/* NONE: the lease is lost. */
amzsync_store_call_t *amzsync_store_page_check(amzsync_store_t *store,
    amzsync_store_lease_t *lease, const amzsync_dataset_t *dataset,
    amzsync_store_handler_pt handler, void *data);

/*
 * Deletes rows of loads that were replaced or given up, "limit" of them at
 * most.  Not while a load is under way: it would be one of those.  NONE: the
 * lease is lost.
 */
amzsync_store_call_t *amzsync_store_purge(amzsync_store_t *store,
    amzsync_store_lease_t *lease, const amzsync_dataset_t *dataset,
    ngx_uint_t limit, amzsync_store_handler_pt handler, void *data);

/* Whether there are more. */
ngx_uint_t amzsync_store_purge_more(amzsync_store_call_t *call);

/* The page number that the dataset stands at. */
int64_t amzsync_store_page_check_page(amzsync_store_call_t *call);

/* Ends the sync: "status" is completed or failed.  NONE: the lease is lost. */
amzsync_store_call_t *amzsync_store_finish(amzsync_store_t *store,
    amzsync_store_lease_t *lease, const char *status, const char *message,
    const amzsync_error_t *error, amzsync_store_handler_pt handler,
    void *data);

/*
 * The refresh token of this version of the connection is refused.  NONE: the
 * lease is lost.
 */
amzsync_store_call_t *amzsync_store_connection_revoked(amzsync_store_t *store,
    amzsync_store_lease_t *lease, int64_t version,
    amzsync_store_handler_pt handler, void *data);

/* Whether the connection has another version by now, with another token. */
ngx_uint_t amzsync_store_connection_renewed(amzsync_store_call_t *call);


/* --- metrics: the active syncs of all users --- */

amzsync_store_call_t *amzsync_store_metrics(amzsync_store_t *store,
    amzsync_store_handler_pt handler, void *data);

typedef struct {
    int64_t             queued;
    int64_t             running;
    int64_t             oldest;         /* milliseconds that a queued one has
                                           been due; 0: none is */
} amzsync_store_metrics_t;

void amzsync_store_metrics_row(amzsync_store_call_t *call,
    amzsync_store_metrics_t *row);


#endif /* _AMZSYNC_STORE_H_INCLUDED_ */
