
/*
 * One HTTP transfer, the same for all calls.
 */


#ifndef _AMZSYNC_SPAPI_HTTP_H_INCLUDED_
#define _AMZSYNC_SPAPI_HTTP_H_INCLUDED_


#include <spapi/amzsync_spapi.h>


#define AMZSYNC_HTTP_SECRETS  3


typedef struct {
    const amzsync_spapi_conf_t  *conf;
    CURL                        *curl;
    amzsync_spapi_outcome_t     *outcome;

    const char                  *url;
    const char                  *access_token;  /* or NULL */
    const char                  *form;          /* to POST; NULL: GET */
    size_t                       max;           /* bytes, after inflation */

    /* What no error may repeat; the rest NULL. */
    const char                  *secrets[AMZSYNC_HTTP_SECRETS];

    /* The answer; the byte at "last" is 0. */
    u_char                      *start;
    u_char                      *last;
    u_char                      *end;
    char                         request_id[AMZSYNC_REQUEST_ID_MAX];

    unsigned                     too_large:1;
    unsigned                     no_memory:1;
} amzsync_spapi_http_t;


/*
 * NGX_OK: an answer has come, the outcome's status, rate and retry_after are
 * set, its verdict is the caller's.  NGX_ERROR: none has, or a page over
 * "max", and the outcome says so.
 */
ngx_int_t amzsync_spapi_http(amzsync_spapi_http_t *h);

/* Cleanses and frees the answer. */
void amzsync_spapi_http_free(amzsync_spapi_http_t *h);

/* Sets the verdict with its error; secrets in "text" become "***". */
void amzsync_spapi_http_verdict(amzsync_spapi_http_t *h,
    amzsync_spapi_verdict_e verdict, const char *code, const char *text);

/* Cleanses and frees a string, which may be NULL. */
void amzsync_spapi_wipe(char *s);


#endif /* _AMZSYNC_SPAPI_HTTP_H_INCLUDED_ */
