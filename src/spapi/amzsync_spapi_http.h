
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
    const char                  *json;          /* the same, of this type */
    size_t                       max;           /* bytes, after inflation */

    /*
     * Takes the body of a 200 instead of the buffer below, as it came; others'
     * still go there.  An error ends the transfer, and the outcome is its.
     * Such a transfer may take an hour, if it never rests.
     */
    ngx_int_t                  (*sink)(void *data, const u_char *p, size_t n);
    void                        *sink_data;

    /* What no error may repeat; the rest NULL. */
    const char                  *secrets[AMZSYNC_HTTP_SECRETS];

    /* The answer; the byte at "last" is 0. */
    u_char                      *start;
    u_char                      *last;
    u_char                      *end;
    char                         request_id[AMZSYNC_REQUEST_ID_MAX];
    char                         content_type[128];

    unsigned                     patient:1;     /* not stopped by a shutdown
                                                   that is graceful */
    unsigned                     sink_failed:1;
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

/* The verdict on an answer of SP-API's that is an error, by its status. */
void amzsync_spapi_error(amzsync_spapi_http_t *h);

/* Sets the verdict with its error; secrets in "text" become "***". */
void amzsync_spapi_http_verdict(amzsync_spapi_http_t *h,
    amzsync_spapi_verdict_e verdict, const char *code, const char *text);

/* The same, with words of ours before Amazon's. */
void amzsync_spapi_http_explain(amzsync_spapi_http_t *h,
    amzsync_spapi_verdict_e verdict, const char *code, const char *words,
    const char *text);

/* Cleanses and frees a string, which may be NULL. */
void amzsync_spapi_wipe(char *s);


#endif /* _AMZSYNC_SPAPI_HTTP_H_INCLUDED_ */
