
/*
 * What the files of src/pg share, and nobody else sees.
 */


#ifndef _AMZSYNC_PG_PRIVATE_H_INCLUDED_
#define _AMZSYNC_PG_PRIVATE_H_INCLUDED_


#include <pg/amzsync_pg.h>


/* Statements that share one Sync, and those in flight on one connection. */

#define AMZSYNC_PG_UNIT_MAX     32

/* A bit a statement: the word that it is in, and its place there. */
#define AMZSYNC_PG_STMT_WORDS   ((AMZSYNC_PG_STMTS_MAX + 63) / 64)
#define amzsync_pg_stmt_word(stmt)  ((stmt)->index / 64)
#define amzsync_pg_stmt_bit(stmt)   ((uint64_t) 1 << (stmt)->index % 64)
#define AMZSYNC_PG_READS_MAX    128
#define AMZSYNC_PG_WRITES_MAX   8

/* How often a statement may fail with a connection and be sent again. */

#define AMZSYNC_PG_TRIES_MAX    5

#define AMZSYNC_PG_BACKOFF_MIN  100
#define AMZSYNC_PG_BACKOFF_MAX  3000

#define AMZSYNC_PG_TEXT_MAX     512


typedef struct amzsync_pg_conn_s  amzsync_pg_conn_t;


/* Where a query is: query->state. */

typedef enum {
    AMZSYNC_PG_NEW = 0,
    AMZSYNC_PG_WAITING,         /* in the queue of its class or connection */
    AMZSYNC_PG_REFUSED,         /* in pool->refused, until its timer fires */
    AMZSYNC_PG_SENT,            /* in conn->sent */
    AMZSYNC_PG_DONE             /* in pool->done, or being delivered */
} amzsync_pg_query_state_e;


typedef enum {
    AMZSYNC_PG_DOWN = 0,        /* its timer will start it again */
    AMZSYNC_PG_CONNECTING,
    AMZSYNC_PG_CHECKING,
    AMZSYNC_PG_UP
} amzsync_pg_conn_state_e;


struct amzsync_pg_conn_s {
    PGconn                   *pg;
    ngx_connection_t         *c;
    amzsync_pg_pool_t        *pool;
    amzsync_pg_class_e        class;
    ngx_uint_t                index;

    amzsync_pg_conn_state_e   state;
    ngx_event_t               timer;        /* backoff, then connecting */
    ngx_uint_t                host;         /* the first to be tried */
    ngx_uint_t                failures;     /* since a statement succeeded */

    /* In the order of the pipeline; "current" is the next to be answered. */
    ngx_queue_t               sent;
    ngx_uint_t                nsent;
    amzsync_pg_query_t       *current;

    /* WORK only: statements of the affinities that live here. */
    ngx_queue_t               waiting;

    amzsync_pg_query_t       *check;

    /*
     * Statements by index: prepared; sent for preparation but not answered
     * yet; and of the latter, those in the unit that is still open.
     */
    uint64_t                  prepared[AMZSYNC_PG_STMT_WORDS];
    uint64_t                  preparing[AMZSYNC_PG_STMT_WORDS];
    uint64_t                  unit[AMZSYNC_PG_STMT_WORDS];

    ngx_msec_t                since;        /* when it came up */
    const char               *why;          /* of its end, for the log */
    u_char                    text[AMZSYNC_PG_TEXT_MAX];
    unsigned                  retiring:1;   /* closed as soon as it is idle */
    unsigned                  elsewhere:1;  /* then the next host is tried */
};


typedef struct {
    amzsync_pg_conn_t        *conns;
    ngx_uint_t                nconns;
    ngx_queue_t               waiting;
    ngx_uint_t                nwaiting;     /* those of its connections, too */
} amzsync_pg_line_t;


struct amzsync_pg_pool_s {
    amzsync_pg_conf_t        *conf;
    ngx_log_t                *log;
    amzsync_pg_line_t         lines[AMZSYNC_PG_CLASSES];

    ngx_queue_t               refused;
    ngx_queue_t               done;
    ngx_event_t               dispatch;
    ngx_event_t               deliver;

    const amzsync_pg_stmt_t  *check_stmt;
    amzsync_pg_check_pt       check;

    uint64_t                  seq;
    time_t                    reported;     /* a statement that waited */
    unsigned                  closing:1;
};


/* amzsync_pg_hosts.c: resolves the hosts of a conninfo. */

typedef struct {
    ngx_str_t                 host;         /* a name, a socket's folder, "" */
    ngx_str_t                 addr;         /* numeric, or "" */
    ngx_str_t                 port;
} amzsync_pg_host_t;

ngx_int_t amzsync_pg_hosts_resolve(ngx_pool_t *pool, PQconninfoOption *options,
    ngx_array_t *hosts, ngx_str_t *err);


/* amzsync_pg_passfile.c */

/*
 * The password of all hosts in the file; NGX_DECLINED if there is none.
 */
ngx_int_t amzsync_pg_passfile_read(ngx_pool_t *pool, const char *name,
    PQconninfoOption *options, ngx_array_t *hosts, ngx_str_t *password,
    ngx_str_t *err);


/* amzsync_pg_conf.c */

const char *amzsync_pg_conf_option(PQconninfoOption *options, const char *name);
ngx_int_t amzsync_pg_conf_error(ngx_pool_t *pool, ngx_str_t *err,
    const char *fmt, ...);


/* amzsync_pg_conn.c: a connection's life. */

void amzsync_pg_conn_init(amzsync_pg_conn_t *conn, amzsync_pg_pool_t *pool,
    amzsync_pg_class_e class, ngx_uint_t index);
ngx_int_t amzsync_pg_conn_flush(amzsync_pg_conn_t *conn);
void amzsync_pg_conn_checked(amzsync_pg_conn_t *conn,
    amzsync_pg_query_t *query);
void amzsync_pg_conn_fail(amzsync_pg_conn_t *conn, const char *why);
void amzsync_pg_conn_close(amzsync_pg_conn_t *conn);


/* amzsync_pg_pipe.c: statements and results on a connection. */

ngx_int_t amzsync_pg_pipe_send(amzsync_pg_conn_t *conn,
    amzsync_pg_query_t *query);
ngx_int_t amzsync_pg_pipe_sync(amzsync_pg_conn_t *conn);
ngx_int_t amzsync_pg_pipe_results(amzsync_pg_conn_t *conn);
void amzsync_pg_pipe_lost(amzsync_pg_conn_t *conn);
ngx_uint_t amzsync_pg_pipe_room(amzsync_pg_conn_t *conn);


/* amzsync_pg_pool.c */

void amzsync_pg_pool_wakeup(amzsync_pg_pool_t *pool);
void amzsync_pg_pool_done(amzsync_pg_query_t *query,
    amzsync_pg_status_e status);
void amzsync_pg_pool_again(amzsync_pg_query_t *query);
void amzsync_pg_pool_unqueue(amzsync_pg_query_t *query);
void amzsync_pg_pool_shutdown(amzsync_pg_pool_t *pool);


/* amzsync_pg_query.c */

void amzsync_pg_query_clear(amzsync_pg_query_t *query);


/* amzsync_pg_log.c */

extern const char  *amzsync_pg_class_names[AMZSYNC_PG_CLASSES];

/* One printable line of a message of libpq or of the server. */
const char *amzsync_pg_log_text(u_char buf[AMZSYNC_PG_TEXT_MAX],
    const char *message);

void amzsync_pg_log_error(amzsync_pg_conn_t *conn, amzsync_pg_query_t *query,
    PGresult *result);
void amzsync_pg_log_notice(void *data, const PGresult *result);


#endif /* _AMZSYNC_PG_PRIVATE_H_INCLUDED_ */
