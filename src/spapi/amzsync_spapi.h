
/*
 * The thread side: what calls Amazon.  Everything here runs in a thread with
 * nothing but its own call structure, a curl handle that nobody else uses
 * meanwhile, and configuration that is read-only after start.  No events, no
 * pools, no PostgreSQL.
 */


#ifndef _AMZSYNC_SPAPI_H_INCLUDED_
#define _AMZSYNC_SPAPI_H_INCLUDED_


#include <base/amzsync_base.h>
#include <base/amzsync_seal.h>
#include <dataset/amzsync_dataset.h>
#include <curl/curl.h>


/* Set at configuration time; strings end with NUL. */

typedef struct {
    const char           *endpoints[AMZSYNC_REGIONS];   /* NULL: not set;
                                                   https://host, no slash */
    const char           *lwa_url;
    const char           *client_id;
    const char           *client_secret;
    const char           *user_agent;
    const char           *ca_file;              /* NULL: the system's */
    amzsync_seal_keys_t   keys;
    ngx_msec_t            connect_timeout;
    ngx_msec_t            timeout;              /* of the whole transfer */
    size_t                max_page;             /* bytes, after inflation */
    const char           *temp_path;            /* a folder for reports */
    off_t                 max_report;           /* bytes there, of one */
} amzsync_spapi_conf_t;


/* What a call came to; it decides what the job does next. */

typedef enum {
    AMZSYNC_SPAPI_OK = 0,
    AMZSYNC_SPAPI_RETRY,            /* 5xx, time-out, cut, malformed answer */
    AMZSYNC_SPAPI_THROTTLED,        /* 429: the bucket waits */
    AMZSYNC_SPAPI_EXPIRED,          /* 403, access token expired, or revoked:
                                       once more */
    AMZSYNC_SPAPI_REVOKED,          /* invalid_grant: user must reconnect */
    AMZSYNC_SPAPI_DENIED,           /* 401, 403: a role is missing */
    AMZSYNC_SPAPI_INVALID,          /* 400: the request or its token */
    AMZSYNC_SPAPI_TOO_LARGE,        /* over max_page */
    AMZSYNC_SPAPI_FAILED,           /* anything else, not worth a retry */
    AMZSYNC_SPAPI_STOPPED           /* the worker exits */
} amzsync_spapi_verdict_e;


typedef struct {
    amzsync_spapi_verdict_e   verdict;
    ngx_uint_t                status;       /* HTTP's; 0: no answer */
    amzsync_error_t           error;        /* unless OK */
    double                    rate;         /* x-amzn-RateLimit-Limit, or 0 */
    time_t                    retry_after;  /* seconds, or 0 */
    unsigned                  called:1;     /* a request was made */
    unsigned                  answered:1;   /* and its whole answer came */
} amzsync_spapi_outcome_t;


/*
 * Once a worker process, before any thread runs; the end of the process frees
 * what it takes.
 */
ngx_int_t amzsync_spapi_init(void);


/* What a person must do whose refresh token is no longer good. */
#define AMZSYNC_SPAPI_REAUTHORIZE                                             \
    "Amazon no longer accepts the seller's authorization: it was revoked or " \
    "has expired. Connect the Amazon account again."

#define AMZSYNC_SPAPI_NO_ENDPOINT                                             \
    "No endpoint is configured for the seller's region"


/*
 * LWA's exchange of a refresh token for an access token.  The refresh token
 * comes sealed, is opened for this call only, and cleansed.
 */

typedef struct {
    const amzsync_spapi_conf_t  *conf;
    CURL                        *curl;

    char                         user[AMZSYNC_USER_MAX + 1];
    char                         key_id[AMZSYNC_SEAL_KEY_ID_MAX + 1];
    u_char                      *sealed;        /* malloc()ed by the caller,
                                                   who also frees it */
    size_t                       sealed_len;

    amzsync_spapi_outcome_t      outcome;
    char                         access_token[2048 + 1];
    time_t                       expires_in;    /* seconds */
} amzsync_spapi_token_t;


void amzsync_spapi_token(amzsync_spapi_token_t *call);


/*
 * LWA's exchange of a consent's code for a refresh token, which is sealed at
 * once.  The shutdown of a worker lets it end; only its time-out does not.
 */

#define AMZSYNC_SPAPI_CODE_MAX  2048

typedef struct {
    const amzsync_spapi_conf_t  *conf;
    CURL                        *curl;
    const char                  *redirect_uri;  /* or NULL */

    char                         user[AMZSYNC_USER_MAX + 1];
    char                         code[AMZSYNC_SPAPI_CODE_MAX + 1];

    amzsync_spapi_outcome_t      outcome;
    const char                  *key_id;        /* if OK; of the conf */
    size_t                       sealed_len;
    u_char                       sealed[AMZSYNC_TOKEN_MAX
                                        + AMZSYNC_SEAL_OVERHEAD];
} amzsync_spapi_consent_t;


void amzsync_spapi_consent(amzsync_spapi_consent_t *call);


/* One page of a dataset. */

typedef struct {
    const amzsync_spapi_conf_t  *conf;
    CURL                        *curl;
    const amzsync_dataset_t     *dataset;
    amzsync_region_e             region;

    char                         access_token[2048 + 1];
    char                        *marketplaces;  /* comma separated */
    char                        *parent_id;     /* of an EACH unit, or NULL */
    char                        *next_token;    /* NULL: the first page */
    int64_t                      from;          /* the window, milliseconds */
    int64_t                      to;
    ngx_uint_t                   page_size;     /* at most; PARAM_PAGE_SIZE */

    amzsync_spapi_outcome_t      outcome;
    amzsync_rows_t              *rows;          /* if OK */
    char                        *answer_token;  /* if OK; NULL: last page */
} amzsync_spapi_page_t;


void amzsync_spapi_page(amzsync_spapi_page_t *call);

/* Frees the call's strings and rows (all malloc()ed), and cleanses its token;
 * not the curl handle nor the structure itself. */
void amzsync_spapi_page_free(amzsync_spapi_page_t *call);


/*
 * A report, step by step.  Its document is kept in a file without a name, which
 * ends with its last holder; references are counted in the event loop only.
 */

#define AMZSYNC_REPORT_ID_MAX  128

#define AMZSYNC_REPORT_UNTOLD                                                 \
    "Amazon could not make the report and does not say why."


typedef struct {
    int                          fd;
    off_t                        size;
    ngx_uint_t                   refs;
} amzsync_spool_t;


void amzsync_spool_release(amzsync_spool_t *spool);


typedef enum {
    AMZSYNC_REPORT_FIND = 0,        /* one that may be taken: getReports */
    AMZSYNC_REPORT_LIST,            /* the next of those that Amazon makes */
    AMZSYNC_REPORT_CREATE,          /* createReport */
    AMZSYNC_REPORT_POLL,            /* getReport */
    AMZSYNC_REPORT_FETCH,           /* getReportDocument, and its download */
    AMZSYNC_REPORT_REASON,          /* the same, of a report that failed */
    AMZSYNC_REPORT_READ             /* rows of the document */
} amzsync_report_step_e;


typedef enum {
    AMZSYNC_REPORT_WAITING = 0,     /* IN_QUEUE, IN_PROGRESS */
    AMZSYNC_REPORT_DONE,
    AMZSYNC_REPORT_CANCELLED,
    AMZSYNC_REPORT_FATAL
} amzsync_report_status_e;


/* The report that comes next, as far as a listing was read. */

typedef struct {
    int64_t                      created;       /* times in milliseconds */
    int64_t                      from;          /* of its data */
    int64_t                      to;
    char                         id[AMZSYNC_REPORT_ID_MAX];     /* or "" */
} amzsync_report_best_t;


typedef struct {
    const amzsync_spapi_conf_t  *conf;
    CURL                        *curl;
    const amzsync_dataset_t     *dataset;
    amzsync_region_e             region;
    amzsync_report_step_e        step;

    char                         access_token[2048 + 1];
    char                        *marketplaces;  /* comma separated, malloc() */
    int64_t                      from;          /* the window, milliseconds */
    int64_t                      to;
    int64_t                      slack;         /* FIND: another end by this is
                                                   as good */
    int64_t                      planned;       /* FIND, CREATE: when the sync
                                                   was, by the database's clock;
                                                   no data are younger */

    /* FIND and CREATE answer the first, "" if there is none; POLL the second,
     * which may be "" if the report is not DONE. */
    char                         report_id[AMZSYNC_REPORT_ID_MAX];
    char                         document_id[AMZSYNC_REPORT_ID_MAX];

    amzsync_report_status_e      status;        /* of POLL */
    int64_t                      report_to;     /* FIND: end of its data */

    /*
     * LIST: when the report before was made, and its id in report_id; answers
     * the same of the one after it, if that is better than what "best" knows.
     * "list_token", malloc()ed, is of the next page of the listing.
     */
    int64_t                      created;
    amzsync_report_best_t        best;
    char                        *list_token;

    /* FETCH answers it; READ goes on at "offset" behind "lines" lines. */
    amzsync_spool_t             *spool;
    off_t                        offset;
    int64_t                      lines;
    ngx_uint_t                   max_rows;

    amzsync_spapi_outcome_t      outcome;
    amzsync_rows_t              *rows;          /* READ */
    ngx_uint_t                   last;          /* nothing is behind them */
} amzsync_spapi_report_t;


void amzsync_spapi_report(amzsync_spapi_report_t *call);

/* Frees what was malloc()ed, and cleanses the token; of the spool one
 * reference. */
void amzsync_spapi_report_free(amzsync_spapi_report_t *call);


#endif /* _AMZSYNC_SPAPI_H_INCLUDED_ */
