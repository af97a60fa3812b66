
/*
 * Shared by the files of src/sync.
 *
 * A job is one claimed sync; it has a set for each of its datasets, and a
 * reference to its connection's access token.  A set is always in one place:
 * waiting for the token, for a dataset that its plan is made from, for the
 * database (call), for a thread (fetch), for a timer, or ended.  All of it
 * belongs to the event loop of one worker, and may be dropped at any moment:
 * the database knows where to go on.
 */


#ifndef _AMZSYNC_SYNC_PRIVATE_H_INCLUDED_
#define _AMZSYNC_SYNC_PRIVATE_H_INCLUDED_


#include <sync/amzsync_sync.h>
#include <base/amzsync_text.h>
#include <base/amzsync_time.h>
#include <ngx_event.h>


#define AMZSYNC_SYNC_CLAIM_MAX    64    /* syncs claimed at once */
#define AMZSYNC_SYNC_TRIES        5     /* steals with a call in flight */
#define AMZSYNC_SYNC_HALVINGS     6     /* of a page or window in a row */
#define AMZSYNC_SYNC_GROW         8     /* good pages, before they are larger
                                           again */
#define AMZSYNC_SYNC_SWEEP        750   /* between looks at the queue, ms */
#define AMZSYNC_SYNC_COMEBACK     4000  /* all workers are connected again,
                                           this long after an outage, ms */
#define AMZSYNC_SYNC_SCHEDULE     5000  /* between looks at who is due, ms */
#define AMZSYNC_SYNC_SCHEDULE_MAX 64    /* users queued at once */
#define AMZSYNC_SYNC_PRUNE        3600  /* at most, between looks at what is
                                           too old, seconds */
#define AMZSYNC_SYNC_PRUNE_MAX    100   /* syncs deleted at once */
#define AMZSYNC_SYNC_SLICE        2000  /* rows of a report in a statement */
#define AMZSYNC_SYNC_PURGE        5000  /* rows of an old load, at once */
#define AMZSYNC_SYNC_REPORT       240000  /* a report takes about so long, from
                                           asking for it to its last row, ms */
#define AMZSYNC_SYNC_POLLS        100   /* of a report, over hours, before it is
                                           given up */
#define AMZSYNC_SYNC_SAMPLE       5     /* pages that tell how many there are */
#define AMZSYNC_SYNC_WAIT_TOLD    5000  /* waits for a quota, and longer ones,
                                           are told, ms */
#define AMZSYNC_SYNC_DB_DELAY     250   /* first retry of a statement, ms */
#define AMZSYNC_SYNC_BACKOFF_MAX  60000 /* milliseconds */


/* A constant text and its length, as two arguments. */
#define amzsync_sync_text(s)      s, sizeof(s) - 1


typedef struct amzsync_sync_job_s    amzsync_sync_job_t;
typedef struct amzsync_sync_set_s    amzsync_sync_set_t;
typedef struct amzsync_sync_token_s  amzsync_sync_token_t;
typedef struct amzsync_sync_fetch_s  amzsync_sync_fetch_t;
typedef struct amzsync_sync_report_s amzsync_sync_report_t;

typedef void (*amzsync_sync_set_pt)(amzsync_sync_set_t *set);


typedef enum {
    AMZSYNC_SYNC_PENDING = 0,
    AMZSYNC_SYNC_IN_PROGRESS,
    AMZSYNC_SYNC_COMPLETED,
    AMZSYNC_SYNC_FAILED
} amzsync_sync_status_e;


typedef struct {
    int64_t                    from;
    int64_t                    to;
    char                      *marketplaces;    /* comma separated, or "" */
    char                      *parent_id;       /* of an EACH unit, or "" */
    int64_t                    calls_to;        /* by report: until here by
                                                   calls; or TIME_BAD */
    int64_t                    newest;          /* where the plan ends: a window
                                                   that does so may have a
                                                   report that is fresh */
    int64_t                    read_to;         /* a full sync leaves to calls
                                                   what is younger; or
                                                   TIME_BAD */
    unsigned                   by_report:1;     /* in place of calls */
    unsigned                   decided:1;       /* which of them */
} amzsync_sync_unit_t;


/* A call that a thread makes for a set. */

struct amzsync_sync_fetch_s {
    amzsync_task_t             task;            /* first: freed as the whole */
    amzsync_sync_t            *sync;
    const amzsync_dataset_t   *dataset;
    amzsync_operation_e        operation;
    amzsync_spapi_outcome_t   *outcome;         /* of one of these: */

    union {
        amzsync_spapi_page_t   page;
        amzsync_spapi_report_t report;          /* of a dataset of reports */
    } call;
};


/*
 * The report of a set's window: what the checkpoint does not hold, and what it
 * says.  Forgotten at the end of the window.
 */

struct amzsync_sync_report_s {
    amzsync_report_step_e      step;            /* that is being done */
    amzsync_store_load_t       load;
    ngx_msec_t                 wait;            /* before the next step */
    ngx_uint_t                 polls;

    char                       report_id[AMZSYNC_REPORT_ID_MAX];
    char                       document_id[AMZSYNC_REPORT_ID_MAX];
    amzsync_spool_t           *spool;           /* or NULL */
    off_t                      offset;          /* where the next rows are */
    int64_t                    lines;

    /* Of those that are listed: when it was made; and the listing so far. */
    int64_t                    created;
    amzsync_report_best_t      best;
    char                      *list_token;      /* malloc()ed, or NULL */

    char                       message[64];

    unsigned                   purged:1;        /* nothing of old loads is
                                                   left */
    unsigned                   known:1;         /* its rows are there */
    unsigned                   listed:1;        /* what could be taken */
    unsigned                   uncertain:1;     /* an id may have been lost */
    unsigned                   cancelled:1;
    unsigned                   fatal:1;
};


/* A dataset of a job. */

struct amzsync_sync_set_s {
    amzsync_sync_job_t        *job;
    const amzsync_dataset_t   *dataset;
    const amzsync_dataset_t   *source;          /* the same, or the report in
                                                   place of its calls */
    amzsync_sync_status_e      status;

    /* The plan: NULL, until it is known; one allocation, of the units from
     * "first" to before "end": of thousands not all at once. */
    amzsync_sync_unit_t       *units;
    int64_t                    first;
    int64_t                    end;
    int64_t                    nunits;          /* of the plan */
    int64_t                    expected_pages;  /* -1: unknown */

    /* The checkpoint, as the database has it. */
    int64_t                    page;
    int64_t                    unit;            /* from 1 */
    int64_t                    window_page;
    int64_t                    window_from;     /* TIME_BAD: not begun */
    int64_t                    window_to;
    char                      *next_token;      /* or NULL */
    ngx_uint_t                 progress;

    /* What is under way: at most one of these. */
    amzsync_store_call_t      *call;
    amzsync_sync_fetch_t      *fetch;
    ngx_queue_t                waiting;         /* in token->waiting */
    ngx_event_t                timer;
    amzsync_sync_set_pt        resume;          /* the timer's */

    /* The step that is being committed, until it is known to be applied. */
    amzsync_store_page_t       step;
    amzsync_sync_status_e      step_status;
    amzsync_error_t           *error;           /* of a failed one */

    amzsync_sync_report_t     *report;          /* or NULL */

    /* Of calls that a report may take the place of; see instead.c. */
    amzsync_store_choice_t     choice;          /* of the step */
    ngx_uint_t                 seen;            /* pages of this window, */
    int64_t                    began;           /* from this time */
    int64_t                    reached;         /* to this one */
    char                       why[80];         /* of reports; or "" */

    amzsync_operation_e        operation;       /* the slot's, and */
    ngx_msec_t                 asked;           /* when it was asked for */
    ngx_uint_t                 page_size;
    ngx_uint_t                 good;            /* pages of this size, and how
                                                   many of them let it grow */
    ngx_uint_t                 patience;
    ngx_uint_t                 failures;        /* Amazon's, in a row */
    ngx_uint_t                 restarts;        /* of this window */
    ngx_uint_t                 halvings;        /* since the last page */
    ngx_uint_t                 db_failures;     /* the database's, in a row */
    ngx_uint_t                 refusals;        /* those that are its last
                                                   word on a statement */

    /* For the estimate; see estimate.c. */
    double                     rate;            /* the bucket's; 0: unknown */
    double                     slots;           /* it has left at once */
    ngx_msec_t                 free_at;         /* it has a slot; 0: no wait */
    ngx_msec_t                 fetched_at;      /* the slot was taken */
    ngx_msec_t                 fetch_time;      /* from there to the commit, */
    ngx_uint_t                 fetches;         /* of so many pages */
    amzsync_store_wait_t       wait;            /* that is asked about */
    char                       message[80];     /* of the step */

    /* A token that comes again (Brent's algorithm): see progress.c. */
    uint64_t                   loop_hash;
    ngx_uint_t                 loop_steps;
    ngx_uint_t                 loop_limit;

    unsigned                   token_waiting:1;
    unsigned                   plan_waiting:1;  /* for the job's dataset that
                                                   tells what there is */
    unsigned                   refreshed:1;     /* token, for this page */
    unsigned                   grown:1;         /* no page of this size yet */
    unsigned                   fresh:1;         /* pages had new rows only, */
    unsigned                   met:1;           /* not any more */
    unsigned                   spoilt:1;        /* a window has failed: at its
                                                   end the dataset does */
    unsigned                   refused:1;       /* by the fence, the step, or
                                                   it was applied before */
};


struct amzsync_sync_job_s {
    ngx_queue_t                queue;           /* in sync->jobs */
    amzsync_sync_t            *sync;
    amzsync_store_lease_t      lease;
    ngx_msec_t                 renewed;         /* when the last renewal that
                                                   went well was sent */
    amzsync_sync_token_t      *token;
    amzsync_region_e           region;

    ngx_uint_t                 progress;
    amzsync_sync_set_t        *teller;          /* whose wait is the sync's
                                                   message, or NULL */
    ngx_int_t                  beat;            /* index in the heartbeat that
                                                   is in flight, or -1 */

    amzsync_store_call_t      *call;            /* finish */
    ngx_event_t                timer;
    ngx_uint_t                 db_failures;

    unsigned                   stolen:1;        /* its worker may have died in
                                                   the middle of a call */

    ngx_uint_t                 nsets;
    amzsync_sync_set_t         sets[1];
};


/* An access token of a connection's version, shared by its jobs. */

struct amzsync_sync_token_s {
    ngx_queue_t                queue;           /* in sync->tokens */
    amzsync_sync_t            *sync;
    ngx_uint_t                 refs;

    ngx_str_t                  user;
    int64_t                    version;
    ngx_str_t                  key_id;
    ngx_str_t                  sealed;

    char                      *access_token;    /* or NULL */
    size_t                     access_len;
    time_t                     expires;         /* ngx_time() to refresh at */

    amzsync_task_t            *task;            /* the exchange in flight */
    ngx_queue_t                waiting;         /* sets */
    ngx_event_t                timer;           /* to the next try */
    ngx_uint_t                 failures;

    amzsync_error_t           *error;           /* refused for good */
    unsigned                   revoked:1;       /* the user must reconnect */
};


struct amzsync_sync_s {
    amzsync_sync_conf_t       *conf;
    amzsync_store_t           *store;
    ngx_log_t                 *log;
    amzsync_tasks_t            tasks;

    ngx_queue_t                jobs;
    ngx_uint_t                 njobs;
    ngx_queue_t                tokens;

    ngx_event_t                wake;            /* posted */
    ngx_event_t                sweep;
    ngx_event_t                beat;
    ngx_event_t                schedule;
    ngx_event_t                prune;

    amzsync_sync_listener_pt   listener;
    void                      *listener_data;

    amzsync_store_call_t      *claim;
    ngx_msec_t                 claim_sent;
    int64_t                    lease;           /* of the claim */
    ngx_msec_t                 stolen;          /* when nothing was left to */
    ngx_msec_t                 away;            /* when the database was, last;
                                                   if "outage" is set */

    amzsync_store_call_t      *heartbeat;
    ngx_msec_t                 beat_sent;
    amzsync_sync_job_t       **beat_jobs;       /* NULL: gone meanwhile */
    ngx_uint_t                 beat_njobs;

    int64_t                    pruned;          /* up to when, in this look */

    CURL                     **curls;           /* idle easy handles */
    ngx_uint_t                 ncurls;

    unsigned                   again:1;         /* woken while claiming */
    unsigned                   steal:1;         /* the claim steals, too */
    unsigned                   seen:1;          /* the database, once */
    unsigned                   outage:1;        /* it has been away since */
    unsigned                   stopped:1;       /* nothing new is begun */
    unsigned                   trim:1;          /* threads have worked, their
                                                   heaps may be given back */
};


/*
 * After this many milliseconds without a renewal a lease is no longer taken
 * for sure, and nothing is fetched under it before it was renewed.
 */
#define amzsync_sync_stale(sync)  ((sync)->conf->lease / 3 * 2)


/* --- runner --- */

/* An easy handle nobody else uses, or NULL; and its return. */
CURL *amzsync_sync_curl_get(amzsync_sync_t *sync);
void amzsync_sync_curl_put(amzsync_sync_t *sync, CURL *curl);

/* Tells the listener that a job's sync has changed, or ended. */
void amzsync_sync_changed(amzsync_sync_job_t *job);

/* Prepares a timer or posted event of the worker's, which ends with it. */
void amzsync_sync_event_init(amzsync_sync_t *sync, ngx_event_t *ev,
    ngx_event_handler_pt handler);

/* Half of "delay" to one and a half: workers shall not ask all at once. */
ngx_msec_t amzsync_sync_jitter(ngx_msec_t delay);

/* "delay", doubled with each failure, with jitter, bounded. */
ngx_msec_t amzsync_sync_backoff(ngx_msec_t delay, ngx_uint_t failures);


/* --- what happens by the clock --- */

/* Begins to queue the syncs of those who are due. */
void amzsync_sync_schedule_init(amzsync_sync_t *sync);

/* Begins to delete the syncs that ended too long ago. */
void amzsync_sync_prune_init(amzsync_sync_t *sync);


/* --- job --- */

/* Makes a job of "n" rows of a claim that begin at "first"; starts it. */
ngx_int_t amzsync_sync_job_create(amzsync_sync_t *sync,
    amzsync_store_call_t *claim, ngx_uint_t first, ngx_uint_t n,
    int64_t lease, ngx_msec_t sent);

/* Drops a job without a trace in the database: lease lost, or shutdown. */
void amzsync_sync_job_free(amzsync_sync_job_t *job);

/* Ends the job once all of its sets have ended. */
void amzsync_sync_job_check(amzsync_sync_job_t *job);

/* The lease belongs to somebody else, or the sync was ended. */
void amzsync_sync_job_lost(amzsync_sync_job_t *job);

/* Gives the sync back: whoever claims it next begins with fresh eyes. */
void amzsync_sync_job_release(amzsync_sync_job_t *job);


/* --- set: token, quota, fetch, commit, and again --- */

/* The next step of a set that has nothing under way. */
void amzsync_sync_set_next(amzsync_sync_set_t *set);

/* Asks for a slot of the operation's quota; amzsync_sync_fetch() follows. */
void amzsync_sync_set_quota(amzsync_sync_set_t *set, amzsync_operation_e op);

/*
 * The answer of a statement of the set's under its lease: whether it was done.
 * If not, the set asks anew later, or its job is gone.
 */
ngx_uint_t amzsync_sync_set_done(amzsync_sync_set_t *set,
    amzsync_store_call_t *call);

/* Calls "resume" after "delay" milliseconds. */
void amzsync_sync_set_later(amzsync_sync_set_t *set, ngx_msec_t delay,
    amzsync_sync_set_pt resume);

/* The same for a statement that the database did not take. */
void amzsync_sync_set_again(amzsync_sync_set_t *set,
    amzsync_sync_set_pt resume);

/* The same for one that it refused; after too many, "fail" ends the dataset. */
void amzsync_sync_set_refused(amzsync_sync_set_t *set,
    amzsync_sync_set_pt resume);

/* Ends the dataset with an error of a call; or goes on without reports. */
void amzsync_sync_fetch_fail(amzsync_sync_set_t *set,
    const amzsync_error_t *error);

/* Ends the dataset with an error. */
void amzsync_sync_set_fail(amzsync_sync_set_t *set,
    const amzsync_error_t *error);

/* There is no token any more: what has not been asked of Amazon yet ends. */
void amzsync_sync_set_recall(amzsync_sync_set_t *set);

/* Takes back whatever is under way. */
void amzsync_sync_set_stop(amzsync_sync_set_t *set);


/* --- plan: the units of a set --- */

/* Gets the plan; amzsync_sync_set_next() follows. */
void amzsync_sync_plan(amzsync_sync_set_t *set);

/* A set of the job has ended: others may have waited for what it stored. */
void amzsync_sync_plan_wake(amzsync_sync_job_t *job);

/* The end of the window that begins at "from" in a unit. */
int64_t amzsync_sync_plan_window(amzsync_sync_set_t *set,
    const amzsync_sync_unit_t *unit, int64_t from);

/* What the window is read from: sets set->source. */
void amzsync_sync_plan_source(amzsync_sync_set_t *set);

/* A unit from the present one on, or NULL: it needs another look at the
 * plan. */
#define amzsync_sync_unit_at(set, n)                                          \
    (((n) < (set)->end) ? &(set)->units[(n) - (set)->first] : NULL)

#define amzsync_sync_unit(set)    (&(set)->units[(set)->unit - (set)->first])


/* --- fetch --- */

/* Makes the next call; the slot of the quota is taken. */
void amzsync_sync_fetch(amzsync_sync_set_t *set);
void amzsync_sync_fetch_cancel(amzsync_sync_set_t *set);

/* The lease is stale, or the token gone: a fetch that no thread has begun waits
 * for its slot again, and so for them. */
void amzsync_sync_fetch_recall(amzsync_sync_set_t *set);

/* The handler of a statement for whose end nobody waits. */
void amzsync_sync_ignore(amzsync_store_call_t *call);


/* --- commit --- */

/* Commits set->step until it is applied or the lease is lost. */
void amzsync_sync_commit(amzsync_sync_set_t *set);

/* A step that follows the page "call" brought; takes its rows. */
void amzsync_sync_commit_page(amzsync_sync_set_t *set,
    amzsync_spapi_page_t *call);

/* Whether Amazon has answered this token of a page before: the dataset then
 * ends. */
ngx_uint_t amzsync_sync_commit_loop(amzsync_sync_set_t *set,
    const char *token);

/*
 * A step of a report: takes its rows, if any, and the checkpoint "place", which
 * is ngx_alloc()ed; without one the window ends.  "state" is the load's; NULL:
 * it stays as it is.
 */
void amzsync_sync_commit_report(amzsync_sync_set_t *set, amzsync_rows_t *rows,
    char *place, const char *state);

/* The window, or the report of those that are listed, has failed: the dataset
 * goes on behind it, at "place" as above, and fails at its end. */
void amzsync_sync_commit_failed(amzsync_sync_set_t *set, char *place,
    const amzsync_error_t *error);

/* Amazon knows no such row: the next unit, and what is stored stays. */
void amzsync_sync_commit_gone(amzsync_sync_set_t *set);

/* The window begins anew, of set->choice. */
void amzsync_sync_commit_choice(amzsync_sync_set_t *set);

/* The dataset has ended, by a step of its own. */
void amzsync_sync_commit_completed(amzsync_sync_set_t *set);

/* The window begins anew: its token died, or its pages were too large. */
void amzsync_sync_commit_restart(amzsync_sync_set_t *set);


/* --- report: a window by createReport and what follows --- */

/* The next step. */
void amzsync_sync_report_next(amzsync_sync_set_t *set);

/* Prepares the call of the step; NGX_ERROR: no memory. */
ngx_int_t amzsync_sync_report_call(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call);

/* It went well; takes what it brought. */
void amzsync_sync_report_done(amzsync_sync_set_t *set,
    amzsync_spapi_report_t *call);

/* It did not: NGX_OK if that has been dealt with. */
ngx_int_t amzsync_sync_report_failed(amzsync_sync_set_t *set,
    amzsync_spapi_outcome_t *outcome);

/* The set has failed: 1 if that is of the window alone, and others go on. */
ngx_uint_t amzsync_sync_report_skip(amzsync_sync_set_t *set,
    const amzsync_error_t *error);

/* The step that is being made ends the last window of the dataset. */
void amzsync_sync_report_last(amzsync_sync_set_t *set);

/* Whether a load is under way; and where to begin it anew, or NULL. */
ngx_uint_t amzsync_sync_report_loading(amzsync_sync_set_t *set);
char *amzsync_sync_report_again(amzsync_sync_set_t *set);

/* The checkpoint behind a report of those that are listed, or NULL. */
char *amzsync_sync_report_place_at(amzsync_sync_set_t *set, int64_t created);

/* How much of the window is done, 0 to 1. */
double amzsync_sync_report_part(amzsync_sync_set_t *set);

/* The window has ended or begins anew: nothing of its report is known. */
void amzsync_sync_report_reset(amzsync_sync_set_t *set);
void amzsync_sync_report_free(amzsync_sync_set_t *set);

/* One holder less; the last one's file, or NULL, is closed in a thread. */
void amzsync_sync_spool_close(amzsync_sync_t *sync, amzsync_spool_t *spool);


/* --- instead: reports in place of calls, where these take too long --- */

/* The set would wait for a slot: 1 if it goes on by report instead. */
ngx_uint_t amzsync_sync_instead(amzsync_sync_set_t *set);

/* How many reports it takes from the present window to "to". */
ngx_uint_t amzsync_sync_instead_reports(amzsync_sync_set_t *set, int64_t to);

/* A report failed, NULL: was cancelled: 1 if its window is read by calls. */
ngx_uint_t amzsync_sync_instead_failed(amzsync_sync_set_t *set,
    const amzsync_error_t *error);

/* A page was committed: what it tells of the time that it is of. */
void amzsync_sync_instead_page(amzsync_sync_set_t *set,
    const amzsync_rows_t *rows);


/* --- progress --- */

/* Percent of a dataset after the step; 0 to 99 unless it is completed. */
ngx_uint_t amzsync_sync_progress_set(amzsync_sync_set_t *set,
    amzsync_store_page_t *step, amzsync_sync_status_e status);

/* Percent of the job, with "set" at "progress". */
ngx_uint_t amzsync_sync_progress_job(amzsync_sync_set_t *set,
    ngx_uint_t progress);

/* NGX_ERROR if this token was answered before in this window. */
ngx_int_t amzsync_sync_progress_token(amzsync_sync_set_t *set,
    const char *token);


/* --- estimate: what is waited for, and for how long --- */

/* The message, and what is left, of the step that is about to be committed. */
void amzsync_sync_estimate_step(amzsync_sync_set_t *set);

/* What the question for a slot of the quota tells if there is none. */
void amzsync_sync_estimate_ask(amzsync_sync_set_t *set,
    amzsync_store_wait_t *wait);

/* Its answer. */
void amzsync_sync_estimate_answer(amzsync_sync_set_t *set,
    amzsync_store_wait_t *asked, amzsync_store_call_t *call);

/* A page was committed. */
void amzsync_sync_estimate_page(amzsync_sync_set_t *set);


/* --- log: one form for all lines about a sync --- */

void amzsync_sync_log(ngx_uint_t level, amzsync_sync_job_t *job,
    const char *fmt, ...);
void amzsync_sync_log_set(ngx_uint_t level, amzsync_sync_set_t *set,
    const char *fmt, ...);

/* "what" has happened, and why; "status" is HTTP's, or 0. */
void amzsync_sync_log_error(ngx_uint_t level, amzsync_sync_job_t *job,
    const char *what, const amzsync_error_t *error, ngx_uint_t status);
void amzsync_sync_log_set_error(ngx_uint_t level, amzsync_sync_set_t *set,
    const char *what, const amzsync_error_t *error, ngx_uint_t status);


/* --- token --- */

/* The token of this claim's connection, with one reference more; or NULL. */
amzsync_sync_token_t *amzsync_sync_token_get(amzsync_sync_t *sync,
    amzsync_store_claim_t *claim);
void amzsync_sync_token_free(amzsync_sync_token_t *token);

/*
 * NGX_OK: token->access_token may be used.  NGX_AGAIN: the set waits, and
 * amzsync_sync_set_next() will be called.  NGX_ERROR: token->error.
 */
ngx_int_t amzsync_sync_token_ready(amzsync_sync_set_t *set);

/* Amazon says that the token has expired. */
void amzsync_sync_token_expired(amzsync_sync_token_t *token);

/* Counts a call to LWA, of whatever grant. */
void amzsync_sync_token_count(amzsync_spapi_outcome_t *outcome);


#endif /* _AMZSYNC_SYNC_PRIVATE_H_INCLUDED_ */
