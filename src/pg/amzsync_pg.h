
/*
 * A PostgreSQL client for nginx's event loop: libpq in non-blocking pipeline
 * mode.  It knows no SQL and no tables.
 *
 * Three classes of connections a worker.  READ: many statements share a Sync,
 * one a turn of the event loop; what a neighbour aborted is sent again by
 * itself.  WRITE: a Sync each.  WORK: a Sync each, and all statements with the
 * same affinity go over the same connection, in order.
 */


#ifndef _AMZSYNC_PG_H_INCLUDED_
#define _AMZSYNC_PG_H_INCLUDED_


#include <base/amzsync_base.h>
#include <ngx_event.h>
#include <libpq-fe.h>


#define AMZSYNC_PG_PARAMS_MAX  128
#define AMZSYNC_PG_STMTS_MAX   128


typedef enum {
    AMZSYNC_PG_READ = 0,
    AMZSYNC_PG_WRITE,
    AMZSYNC_PG_WORK,
    AMZSYNC_PG_CLASSES
} amzsync_pg_class_e;


/*
 * A statement's text; prepared on a connection when first used there, under
 * the name "amzsync_<index>".  Constant, or made once at configuration time.
 */

typedef struct {
    ngx_uint_t            index;        /* unique, below STMTS_MAX */
    const char           *name;         /* for logs */
    const char           *sql;
    ngx_uint_t            nparams;
} amzsync_pg_stmt_t;


/* What became of a statement. */

typedef enum {
    AMZSYNC_PG_OK = 0,
    AMZSYNC_PG_ERROR,           /* the server refused it: see sqlstate;
                                   nothing was changed */
    AMZSYNC_PG_UNAVAILABLE,     /* never executed: no connection in time, the
                                   wait queue is full */
    AMZSYNC_PG_LOST             /* sent, but its end is unknown: it may or may
                                   not have been applied */
} amzsync_pg_status_e;


typedef struct amzsync_pg_query_s  amzsync_pg_query_t;
typedef struct amzsync_pg_pool_s   amzsync_pg_pool_t;

/*
 * "query" is valid during the call and freed after it.  For OK, query->result
 * has the rows, in text format.  A write is OK only once it is committed.
 */
typedef void (*amzsync_pg_handler_pt)(amzsync_pg_query_t *query);


struct amzsync_pg_query_s {
    const amzsync_pg_stmt_t  *stmt;

    /* Text, or binary where formats[] is 1; NULL is SQL's NULL. */
    const char               *values[AMZSYNC_PG_PARAMS_MAX];
    int                       lengths[AMZSYNC_PG_PARAMS_MAX];
    int                       formats[AMZSYNC_PG_PARAMS_MAX];
    ngx_uint_t                nparams;

    amzsync_pg_class_e        class;
    uint32_t                  affinity;     /* of WORK */
    ngx_msec_t                timeout;      /* 0: the pool's */

    amzsync_pg_handler_pt     handler;      /* NULL: nobody waits any more */
    void                     *data;

    amzsync_pg_status_e       status;
    char                      sqlstate[6];  /* if ERROR, "" if not known */
    PGresult                 *result;       /* NULL unless OK */

    ngx_uint_t                retries;      /* by amzsync_pg_retry() */

    /* Owned by the pool of the query: its memory goes with it. */
    ngx_pool_t               *pool;

    /* Private to src/pg. */
    amzsync_pg_pool_t        *owner;
    ngx_queue_t               queue;
    ngx_event_t               timer;
    void                     *conn;
    uint64_t                  seq;
    ngx_msec_t                since;        /* when it was asked for */
    ngx_uint_t                state;
    ngx_uint_t                tries;
    unsigned                  alone:1;
    unsigned                  preparing:1;
    unsigned                  reused:1;
    unsigned                  answered:1;
    unsigned                  sync:1;
};


/* From the directive; read-only afterwards. */

typedef struct {
    ngx_str_t                 conninfo;     /* for the log: never */
    char                    **keywords;     /* NULL-terminated, for */
    char                   ***params;       /* PQconnectStartParams(): one */
    ngx_uint_t                nhosts;       /* for each host as the first */
    ngx_uint_t                sizes[AMZSYNC_PG_CLASSES];
    ngx_uint_t                queue_max;    /* waiting statements a class */
    ngx_msec_t                timeout;      /* of a statement, with its wait */
    ngx_msec_t                connect_timeout;
    unsigned                  prepared:1;
} amzsync_pg_conf_t;


/*
 * Parses and checks a conninfo at configuration time, and resolves host names
 * (blocking) into hostaddr: a name that moves needs a reload.  Refuses what
 * cannot work in an event loop (options, service, gssencmode, sslmode allow or
 * prefer).  sslmode is "disable" unless given: across a network, give it.
 * The password may be in the conninfo, in PGPASSWORD, or in a file named by
 * passfile or PGPASSFILE, which is read now; ~/.pgpass is never read.
 *
 * A connect_timeout in the conninfo sets conf->connect_timeout; all the other
 * members of "conf" are the caller's.  NGX_ERROR is logged by the caller with
 * "err", which never contains a password.
 */
ngx_int_t amzsync_pg_conf_parse(ngx_pool_t *pool, ngx_str_t *conninfo,
    amzsync_pg_conf_t *conf, ngx_str_t *err);


/*
 * One pool a worker, in init_process; connects at once in the background and
 * keeps trying, with jittered backoff, for as long as the worker lives.
 */
amzsync_pg_pool_t *amzsync_pg_pool_create(ngx_cycle_t *cycle,
    amzsync_pg_conf_t *conf);

/*
 * exit_process: closes all connections and frees all queries; handlers of
 * statements that are still waiting or sent are not called.
 */
void amzsync_pg_pool_destroy(amzsync_pg_pool_t *pool);


/* A query with an nginx pool of its own for its parameters, or NULL. */
amzsync_pg_query_t *amzsync_pg_query_create(const amzsync_pg_stmt_t *stmt,
    amzsync_pg_class_e class, ngx_log_t *log);

/* Adds a parameter, copied into the query's pool; p == NULL is NULL. */
ngx_int_t amzsync_pg_query_text(amzsync_pg_query_t *query, const u_char *p,
    size_t len);
ngx_int_t amzsync_pg_query_int(amzsync_pg_query_t *query, int64_t n);
ngx_int_t amzsync_pg_query_bytes(amzsync_pg_query_t *query, const u_char *p,
    size_t len);

/* Adds a NUL-terminated text, or a value in binary form, that outlives the
 * query: not copied. */
ngx_int_t amzsync_pg_query_static(amzsync_pg_query_t *query, const char *s);
ngx_int_t amzsync_pg_query_static_bytes(amzsync_pg_query_t *query,
    const u_char *p, size_t len);

/* Frees a query that was never sent. */
void amzsync_pg_query_free(amzsync_pg_query_t *query);

/*
 * Sends the query now or when a connection is free.  The handler is called
 * exactly once, never from inside this call, unless it was detached or the
 * pool destroyed before.  The query belongs to the pool from here on.
 */
void amzsync_pg_send(amzsync_pg_pool_t *pool, amzsync_pg_query_t *query);

/*
 * Statements go out at the end of a turn of the event loop.  This sends them at
 * once: for a handler that has more to do.
 */
void amzsync_pg_flush(amzsync_pg_pool_t *pool);

/*
 * In the handler of a query whose status is ERROR, and as the last thing
 * there: the query is not freed but sent once more after about "delay"
 * milliseconds, and its handler called again.  query->retries counts.
 */
void amzsync_pg_retry(amzsync_pg_query_t *query, ngx_msec_t delay);

/*
 * Nobody waits for the answer any more: a query not yet sent is dropped, a
 * sent one drains.  May be called from any handler, also for its own query.
 */
void amzsync_pg_detach(amzsync_pg_query_t *query);

/* Whether the server may have got it: if not, nothing was done. */
ngx_uint_t amzsync_pg_sent(amzsync_pg_query_t *query);


/* Whether any connection is up; and whether one of a class is. */
ngx_uint_t amzsync_pg_ready(amzsync_pg_pool_t *pool);
ngx_uint_t amzsync_pg_class_ready(amzsync_pg_pool_t *pool,
    amzsync_pg_class_e class);


/*
 * Called for each connection that has just been made, before it serves
 * anything: a statement to run first (the store's check of the schema), or
 * NULL.  Its handler's verdict: NGX_OK, or NGX_ERROR to close the connection
 * and try again later.  The result may be an error, which has been logged: see
 * PQresultStatus() and PQresultErrorField().
 */
typedef ngx_int_t (*amzsync_pg_check_pt)(PGresult *result, ngx_log_t *log);

void amzsync_pg_pool_set_check(amzsync_pg_pool_t *pool,
    const amzsync_pg_stmt_t *stmt, amzsync_pg_check_pt check);


#endif /* _AMZSYNC_PG_H_INCLUDED_ */
