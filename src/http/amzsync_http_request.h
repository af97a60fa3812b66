
/*
 * A request to one of the API's locations, from its method to its answer.
 *
 * A location is a table of methods.  A method begins with an action, when the
 * body is read and the user known; the action answers at once, or sends a
 * statement, waits for it, and "answer" answers.  Both return what the request
 * is to be finalized with.
 */


#ifndef _AMZSYNC_HTTP_REQUEST_H_INCLUDED_
#define _AMZSYNC_HTTP_REQUEST_H_INCLUDED_


#include <http/amzsync_http.h>
#include <http/amzsync_http_parse.h>


typedef struct amzsync_http_ctx_s  amzsync_http_ctx_t;

typedef ngx_int_t (*amzsync_http_action_pt)(amzsync_http_ctx_t *ctx);
typedef ngx_int_t (*amzsync_http_answer_pt)(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);


typedef struct {
    ngx_uint_t                      method;     /* 0 ends the table */
    amzsync_http_action_pt          action;

    /* For OK and NONE; everything else is answered with 500. */
    amzsync_http_answer_pt          answer;
} amzsync_http_method_t;


typedef struct {
    const char                     *name;       /* for the log */
    const char                     *allow;      /* the header's value */
    const char                     *failure;    /* the message of a 500 */
    const amzsync_http_method_t    *methods;
} amzsync_http_location_t;


struct amzsync_http_ctx_s {
    ngx_http_request_t             *request;
    ngx_http_amzsync_main_conf_t   *conf;
    const amzsync_http_location_t  *location;
    const amzsync_http_method_t    *method;

    ngx_str_t                       user;
    ngx_str_t                       body;
    size_t                          body_max;   /* room in body.data */

    amzsync_sync_no_t               no;         /* of the sync that is asked
                                                   for or answered; 0: none,
                                                   status: the newest */
    const char                     *error;      /* that was answered */
    amzsync_store_call_t           *call;       /* in flight */
    void                           *stream;     /* events: the request's */
    void                           *consent;    /* authorize, callback: the
                                                   same */

    unsigned                        body_ours:1;
    unsigned                        body_large:1;   /* and not all read */
};


#define AMZSYNC_HTTP_FAILURE                                                  \
    "Something went wrong. Please try again later."


/* The request's context: for what does without amzsync_http_handle(). */
amzsync_http_ctx_t *amzsync_http_create_ctx(ngx_http_request_t *r);

/* The content handler of a location. */
ngx_int_t amzsync_http_handle(ngx_http_request_t *r,
    const amzsync_http_location_t *location);

/* The same, of a context that is there. */
ngx_int_t amzsync_http_run(amzsync_http_ctx_t *ctx,
    const amzsync_http_location_t *location);

/*
 * Suspends the request until the statement is done; amzsync_http_resume() is
 * the handler of every statement, the context its data.  A call that could not
 * be made, NULL, is answered with 500.
 */
ngx_int_t amzsync_http_wait(amzsync_http_ctx_t *ctx,
    amzsync_store_call_t *call);
void amzsync_http_resume(amzsync_store_call_t *call);


/* Answers.  The writer is freed in any case, the text is copied. */

/* Nearly all of them fit in. */
#define AMZSYNC_HTTP_TEXT_SIZE  2048

ngx_int_t amzsync_http_send(ngx_http_request_t *r, ngx_uint_t status,
    amzsync_json_t *w);
ngx_int_t amzsync_http_send_text(ngx_http_request_t *r, ngx_uint_t status,
    const u_char *text, size_t len);

/* Text that is not JSON; the last buffer ends the answer. */
ngx_int_t amzsync_http_send_chain(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_chain_t *out, size_t len);

ngx_int_t amzsync_http_success(ngx_http_request_t *r, const char *message);

/* What the client still sends, nobody wants: not NGX_OK ends the request. */
ngx_int_t amzsync_http_discard_body(ngx_http_request_t *r);

/* A header of the answer, both constants.  NGX_ERROR: no memory. */
ngx_int_t amzsync_http_add_header(ngx_http_request_t *r, const char *key,
    const char *value);

/* "code" is a constant: the access log may still ask for it. */
ngx_int_t amzsync_http_error(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *message);

/* 405. */
ngx_int_t amzsync_http_not_allowed(ngx_http_request_t *r, const char *allow);

/* 400 invalid_request; the message in ngx_sprintf()'s form. */
ngx_int_t amzsync_http_invalid(ngx_http_request_t *r, const char *fmt, ...);


/* The same, as a body was refused, which is wiped. */
ngx_int_t amzsync_http_refused(amzsync_http_ctx_t *ctx,
    const amzsync_error_t *error);


/* Runs the method's action for the user, once the body is read. */
ngx_int_t amzsync_http_begin(amzsync_http_ctx_t *ctx);

/* Reads the body, then goes on with amzsync_http_begin(). */
ngx_int_t amzsync_http_body_read(amzsync_http_ctx_t *ctx);

/* Wipes the body, which may hold a secret. */
void amzsync_http_body_cleanse(amzsync_http_ctx_t *ctx);


#endif /* _AMZSYNC_HTTP_REQUEST_H_INCLUDED_ */
