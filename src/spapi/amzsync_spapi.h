
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
} amzsync_spapi_conf_t;


/* What a call came to; it decides what the job does next. */

typedef enum {
    AMZSYNC_SPAPI_OK = 0,
    AMZSYNC_SPAPI_RETRY,            /* 5xx, time-out, cut, malformed answer */
    AMZSYNC_SPAPI_THROTTLED,        /* 429: the bucket waits */
    AMZSYNC_SPAPI_EXPIRED,          /* 403, access token expired: once more */
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


/* One page of a dataset. */

typedef struct {
    const amzsync_spapi_conf_t  *conf;
    CURL                        *curl;
    const amzsync_dataset_t     *dataset;
    amzsync_region_e             region;

    char                         access_token[2048 + 1];
    char                        *marketplaces;  /* comma separated */
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


#endif /* _AMZSYNC_SPAPI_H_INCLUDED_ */
