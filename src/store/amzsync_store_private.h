
/*
 * Shared by the files of src/store.
 */


#ifndef _AMZSYNC_STORE_PRIVATE_H_INCLUDED_
#define _AMZSYNC_STORE_PRIVATE_H_INCLUDED_


#include <store/amzsync_store.h>
#include <base/amzsync_text.h>
#include <base/amzsync_time.h>


/* The newest migration in sql/ that the statements rely on. */
#define AMZSYNC_STORE_SCHEMA_VERSION  18


/*
 * All statements.  Each of them names the user in $1, except:
 *
 *   SCHEMA       the version of the schema, once a connection
 *   STATUS       reads of several users, each row by user and number
 *   WATCH        the same, of those that have changed
 *   START        starts of several users, each row by the user alone
 *   CLAIM        takes up queued and orphaned syncs of all users
 *   HEARTBEAT    renews the leases of a worker, whoever the users are
 *   RELEASE      gives them back
 *   SCHEDULE     queues a sync of each user who is due
 *   PRUNE        deletes what ended long ago, whose it may be
 *   QUOTA_LEARN  a bucket is the seller's: two users of one seller share it
 *   METRICS      counts the active syncs of all users
 *   CONSENT_ASK  deletes what has expired, whose it may be, beside its own
 *
 * QUOTA_TAKE names the user for the lease, and the seller for the bucket.
 * Lock order everywhere: quota_buckets, connections, sync_progress,
 * sync_datasets, cursors, coverage, data.
 */

typedef enum {
    AMZSYNC_STORE_SCHEMA = 0,
    AMZSYNC_STORE_START,
    AMZSYNC_STORE_STATUS,
    AMZSYNC_STORE_STATUS_LAST,
    AMZSYNC_STORE_WATCH,
    AMZSYNC_STORE_CANCEL,
    AMZSYNC_STORE_HISTORY,
    AMZSYNC_STORE_CONNECTION_GET,
    AMZSYNC_STORE_CONNECTION_PUT,
    AMZSYNC_STORE_CONNECTION_DELETE,
    AMZSYNC_STORE_CONNECTION_REVOKED,
    AMZSYNC_STORE_CONSENT_ASK,
    AMZSYNC_STORE_CONSENT_TAKE,
    AMZSYNC_STORE_CONSENT_CONNECT,
    AMZSYNC_STORE_CLAIM,
    AMZSYNC_STORE_HEARTBEAT,
    AMZSYNC_STORE_RELEASE,
    AMZSYNC_STORE_SCHEDULE,
    AMZSYNC_STORE_PRUNE,
    AMZSYNC_STORE_QUOTA_TAKE,
    AMZSYNC_STORE_QUOTA_LEARN,
    AMZSYNC_STORE_STEP,
    AMZSYNC_STORE_PAGE_CHECK,
    AMZSYNC_STORE_FINISH,
    AMZSYNC_STORE_METRICS,
    AMZSYNC_STORE_LOAD_STEP,
    AMZSYNC_STORE_LIST_STEP,
    AMZSYNC_STORE_WINDOW_FAILED,
    AMZSYNC_STORE_STATUS_COVERAGE,
    AMZSYNC_STORE_CHOICE,
    AMZSYNC_STORE_DATASETS      /* five a dataset from here on: the commit of
                                   a page, the plan, the purge of loads or the
                                   commit of a window's last page, the commit
                                   of a report in place of calls, and that of a
                                   page whose rows are all new */
} amzsync_store_stmt_e;


/* Requests of many users in one statement: amzsync_store_batch.c, and who
 * waits for them: amzsync_store_entry.c. */

#define AMZSYNC_STORE_BATCH_HASH  256

typedef struct {

    /*
     * $1 is an array of users.  The last column of its rows tells which of
     * them, from 1; the rows stand in that order.
     */
    const amzsync_pg_stmt_t   *stmt;
    amzsync_pg_class_e         class;

    /* Adds the other parameters, or NULL; "entries" is a queue of n. */
    ngx_int_t                (*params)(amzsync_pg_query_t *query,
                                       ngx_queue_t *entries, ngx_uint_t n);

    /* Whether one that is sent may be joined by those who ask the same. */
    unsigned                   joined:1;
} amzsync_store_batch_kind_t;


typedef struct {
    amzsync_store_t                   *store;
    const amzsync_store_batch_kind_t  *kind;
    ngx_queue_t                        hash[AMZSYNC_STORE_BATCH_HASH];
    ngx_queue_t                        waiting;     /* entries */
    ngx_uint_t                         nwaiting;
    ngx_queue_t                        calls;       /* all, oldest first */
    ngx_uint_t                         nbatches;    /* under way */
    ngx_uint_t                         nentries;    /* of these */
    ngx_uint_t                         batches_max;
    ngx_uint_t                         max;         /* waiting, before they
                                                       wait with others of
                                                       their class */
    ngx_msec_t                         timeout;     /* of a call */
    ngx_msec_t                         moment;      /* to join one that is
                                                       sent */
    ngx_event_t                        event;
    ngx_event_t                        timer;       /* the oldest call's */
    ngx_event_t                        held;        /* what waits goes now */
} amzsync_store_batcher_t;


/* What one user asks for; the same number and parameter are the same. */

typedef struct {
    ngx_queue_t                link;        /* in batcher->hash, if linked */
    ngx_queue_t                queue;       /* in batcher->waiting, a batch */
    ngx_queue_t                calls;
    amzsync_store_batcher_t   *batcher;
    ngx_msec_t                 newest;      /* call that came before it was
                                               sent: when */
    amzsync_pg_query_t        *query;       /* NULL: waiting */
    ngx_str_t                  user;        /* follows the structure */
    amzsync_sync_no_t          no;
    const void                *param;       /* alike in a statement */
    ngx_str_t                  shared;      /* what was made of its rows */
    unsigned                   waiting:1;   /* not in a batch yet */
    unsigned                   linked:1;
} amzsync_store_entry_t;


struct amzsync_store_s {
    amzsync_pg_pool_t         *pg;
    ngx_log_t                 *log;
    amzsync_store_batcher_t    starts;
    amzsync_store_batcher_t    statuses;
    amzsync_store_batcher_t    scrapes;
};


extern const amzsync_store_batch_kind_t  amzsync_store_starts;
extern const amzsync_store_batch_kind_t  amzsync_store_statuses;
extern const amzsync_store_batch_kind_t  amzsync_store_scrapes;

void amzsync_store_batcher_init(amzsync_store_t *store,
    amzsync_store_batcher_t *batcher, const amzsync_store_batch_kind_t *kind,
    amzsync_pg_conf_t *conf);
void amzsync_store_batcher_destroy(amzsync_store_batcher_t *batcher);

amzsync_store_call_t *amzsync_store_batch(amzsync_store_batcher_t *batcher,
    ngx_str_t *user, amzsync_sync_no_t no, const void *param,
    amzsync_store_handler_pt handler, void *data);
void amzsync_store_batch_detach(amzsync_store_call_t *call);

/* The handler of the batcher's timer: answers those whose time is over. */
void amzsync_store_batch_overdue(ngx_event_t *ev);

/* Nobody joins what was asked for this user so far. */
void amzsync_store_batch_forget(amzsync_store_batcher_t *batcher,
    ngx_str_t *user);

/* Nobody joins it any more. */
void amzsync_store_entry_unlink(amzsync_store_entry_t *entry);

/*
 * Answers those who wait, and frees the entry; it is in no queue.  The rows
 * are "nrows" of the result's from "first" on.
 */
void amzsync_store_entry_answer(amzsync_store_entry_t *entry,
    amzsync_store_status_e status, PGresult *result, ngx_uint_t first,
    ngx_uint_t nrows);

/* The same, without rows, for all of a queue. */
void amzsync_store_entries_answer(ngx_queue_t *entries,
    amzsync_store_status_e status);


/* A query for one of the statements, or NULL. */
amzsync_pg_query_t *amzsync_store_query(amzsync_store_t *store,
    const amzsync_pg_stmt_t *stmt, amzsync_pg_class_e class);

/*
 * Sends a query whose parameters all went well (rc == NGX_OK); otherwise frees
 * it.  NULL: no memory.
 */
amzsync_store_call_t *amzsync_store_send(amzsync_store_t *store,
    amzsync_pg_query_t *query, ngx_int_t rc, amzsync_store_handler_pt handler,
    void *data);

/* Array parameters.  The texts stand "stride" bytes apart. */
ngx_int_t amzsync_store_param_texts(amzsync_pg_query_t *query,
    const ngx_str_t *first, ngx_uint_t n, size_t stride);
ngx_int_t amzsync_store_param_ints(amzsync_pg_query_t *query,
    const int64_t *first, ngx_uint_t n, size_t stride);

/* The names of datasets, an array of amzsync_dataset_t *, in their order. */
ngx_int_t amzsync_store_param_datasets(amzsync_pg_query_t *query,
    const ngx_array_t *datasets);

/* A time as a timestamptz parameter; AMZSYNC_TIME_BAD is NULL. */
ngx_int_t amzsync_store_param_time(amzsync_pg_query_t *query, int64_t ms);

/* $1 user, $2 number, $3 lease; and the affinity of its connection. */
ngx_int_t amzsync_store_param_lease(amzsync_pg_query_t *query,
    const amzsync_store_lease_t *lease);

/* Values of a row; NULL is {0, NULL}, or "absent". */
ngx_str_t amzsync_store_text(amzsync_store_call_t *call, ngx_uint_t row,
    int column);
int64_t amzsync_store_int(amzsync_store_call_t *call, ngx_uint_t row,
    int column, int64_t absent);

/* Statements made from descriptors, at configuration time; by the place of
 * the dataset among all. */
ngx_int_t amzsync_store_page_init(ngx_conf_t *cf);
ngx_int_t amzsync_store_plan_init(ngx_conf_t *cf);
ngx_int_t amzsync_store_load_init(ngx_conf_t *cf);

/* The place of a dataset's statement: 0 page, 1 plan, 2 purge or last page, 3
 * report in place of calls, 4 page of new rows. */
#define amzsync_store_dataset_stmt(i, n)                                      \
    (AMZSYNC_STORE_DATASETS + AMZSYNC_STORE_DATASET_STMTS * (i) + (n))
#define AMZSYNC_STORE_DATASET_STMTS  5

/* The statement that takes the same parameters where this one has met a row
 * that is there already: the same, but for pages of new rows. */
const amzsync_pg_stmt_t *amzsync_store_page_met_stmt(
    const amzsync_pg_stmt_t *stmt);

/*
 * In a query's handler: whether PostgreSQL asked to repeat it and it was sent
 * again, so that its handler will be called once more.
 */
ngx_uint_t amzsync_store_again(amzsync_pg_query_t *query);

/* What became of a query, in the store's words. */
amzsync_store_status_e amzsync_store_status_of(amzsync_pg_query_t *query);


/*
 * An array of the marketplaces that the seller of the row "r" takes part in:
 * Amazon's own, not the seller's other channels, which the Sellers API lists,
 * too, and the other operations refuse.
 */
#define AMZSYNC_STORE_MARKETS(r)                                              \
    "ARRAY(SELECT k.marketplace_id FROM amzsync.marketplaces k "              \
           "WHERE k.user_id = $1 "                                            \
             "AND k.selling_partner_id = " r ".selling_partner_id "           \
             "AND k.region = " r ".region AND k.is_participating "            \
             "AND k.domain_name ~ '^(www\\.)?amazon\\.' ORDER BY 1)"

/*
 * The number of a new sync of the user of the row "r"; and the datasets of the
 * new syncs "r", joined with "more": those of the array "n", if CHOSEN follows
 * only what the array "datasets" of its row has, unless that has none of them
 * or is NULL.
 */
#define AMZSYNC_STORE_NEXT_NO(r)                                              \
    "GREATEST(" AMZSYNC_STORE_MS("now()") ", 1 + ("                           \
        "SELECT max(sync_no) FROM amzsync.sync_progress l "                   \
         "WHERE l.user_id = " r ".user_id))"

#define AMZSYNC_STORE_NEW_SETS(r, more, n)                                    \
    "INSERT INTO amzsync.sync_datasets "                                      \
          "(user_id, sync_no, dataset, position) "                            \
    "SELECT " r ".user_id, " r ".sync_no, d.dataset, d.position "             \
      "FROM " r " " more ", unnest(" n "::text[]) WITH ORDINALITY "           \
                  "AS d (dataset, position) "

#define AMZSYNC_STORE_CHOSEN(r, n)                                            \
    "(" r ".datasets && " n " AND d.dataset <> ALL (" r ".datasets)) "        \
        "IS NOT TRUE "

/*
 * Whole milliseconds since the epoch of a timestamptz expression.  In floating
 * point, at a fraction of numeric's cost: until the year 2100 it is off by less
 * than a quarter of a microsecond, which the half in here makes good.
 */
#define AMZSYNC_STORE_MS(expr)                                                \
    "floor(date_part('epoch', " expr ") * 1000 + 0.0005)::bigint"


#endif /* _AMZSYNC_STORE_PRIVATE_H_INCLUDED_ */
