
/*
 * amzsync_sandbox: a location that answers as Amazon does.  The sandbox below
 * generates; these files speak HTTP.
 */


#ifndef _AMZSYNC_HTTP_SANDBOX_H_INCLUDED_
#define _AMZSYNC_HTTP_SANDBOX_H_INCLUDED_


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_inventory.h>
#include <sandbox/amzsync_sandbox_report_life.h>
#include <sandbox/amzsync_sandbox_transaction.h>
#include <ngx_http.h>


/* Of one use of the directive. */

typedef struct {
    ngx_shm_zone_t                *shm_zone;
    amzsync_sandbox_keys_t         keys;
    uint64_t                       seed;
    int64_t                        orders;
    int64_t                        inventory;
    int64_t                        transactions;
    int64_t                        reports[AMZSYNC_SANDBOX_REPORTS];
    int64_t                        until;       /* milliseconds; 0: midnight
                                                   before the zone was made */
    ngx_uint_t                     page;
    ngx_uint_t                     inventory_page;
    ngx_uint_t                     transactions_page;
    double                         quota;       /* of Amazon's rates; 0: no
                                                   limit */
    time_t                         token_ttl;
    time_t                         inventory_ttl;   /* of their tokens */
    time_t                         transactions_ttl;
    ngx_msec_t                     report_time;
    time_t                         report_span;
    double                         report_cooldown; /* as quota; 0: none */
    amzsync_sandbox_charset_e      report_charset;
    ngx_uint_t                     report_gzip;
    time_t                         document_ttl;
    ngx_str_t                      client_id;   /* empty: any */
    ngx_str_t                      client_secret;
    ngx_uint_t                     duplicates;
    ngx_uint_t                     faults[AMZSYNC_SANDBOX_FAULTS];
    ngx_uint_t                     aimed[AMZSYNC_SANDBOX_OPS]
                                        [AMZSYNC_SANDBOX_FAULTS];
} amzsync_http_sandbox_conf_t;


typedef struct amzsync_http_sandbox_ctx_s  amzsync_http_sandbox_ctx_t;

typedef struct amzsync_http_sandbox_document_s
    amzsync_http_sandbox_document_t;

typedef ngx_int_t (*amzsync_http_sandbox_pt)(amzsync_http_sandbox_ctx_t *ctx);
typedef ngx_int_t (*amzsync_http_sandbox_fill_pt)(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);

/*
 * Reads the parameters of an operation; "buf" has room for the query.
 * NGX_ERROR: what Amazon refuses, NGX_DECLINED: what does not exist, both with
 * "details"; another code ends the request.
 */
typedef ngx_int_t (*amzsync_http_sandbox_ask_pt)(
    amzsync_http_sandbox_ctx_t *ctx, u_char *buf, const char **details);


typedef struct {
    ngx_str_t                      path;
    ngx_uint_t                     more;        /* an id follows the path */
    ngx_uint_t                     methods;
    amzsync_sandbox_op_e           op;
    amzsync_http_sandbox_pt        handler;
    double                         rate;        /* of data; 0: other */
    ngx_uint_t                     burst;
    amzsync_http_sandbox_ask_pt    ask;         /* of data */
    amzsync_http_sandbox_fill_pt   fill;        /* of data and truth */
} amzsync_http_sandbox_route_t;


struct amzsync_http_sandbox_ctx_s {
    ngx_http_request_t                  *request;
    amzsync_http_sandbox_conf_t         *conf;
    amzsync_sandbox_zone_t              *zone;
    ngx_slab_pool_t                     *slab;
    const amzsync_http_sandbox_route_t  *route;
    ngx_str_t                            rest;  /* of the path */
    ngx_uint_t                           methods;   /* of all its routes */

    amzsync_sandbox_access_t             access;
    ngx_int_t                            fault; /* or NGX_DECLINED */
    ngx_uint_t                           status;    /* if all goes well */

    /* A long answer. */
    amzsync_http_sandbox_fill_pt         fill;
    amzsync_sandbox_page_t              *page;
    amzsync_sandbox_inventory_page_t    *inventory;
    amzsync_sandbox_transaction_page_t  *transactions;
    amzsync_sandbox_request_t           *report;
    amzsync_sandbox_reports_t           *reports;
    amzsync_http_sandbox_document_t     *document;
    amzsync_sandbox_csv_t               *csv;
    amzsync_sandbox_report_lines_t      *lines; /* of a truth */
    size_t                               filler;
    ngx_chain_t                         *free;
    ngx_chain_t                         *busy;
    ngx_event_t                          wake;
    unsigned                             last:1;
    unsigned                             cut:1;
    unsigned                             encoded:1;
};


char *amzsync_http_sandbox(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* What the directive says of reports; NULL if it is no argument of theirs. */
char *amzsync_http_sandbox_report_arg(amzsync_http_sandbox_conf_t *scf,
    const ngx_str_t *arg);
void amzsync_http_sandbox_report_defaults(amzsync_http_sandbox_conf_t *scf);
char *amzsync_http_sandbox_rows(ngx_str_t *value, int64_t *rows);
char *amzsync_http_sandbox_life(ngx_str_t *value, time_t *life);
char *amzsync_http_sandbox_decimal(ngx_str_t *value, double *decimal);
char *amzsync_http_sandbox_flag(ngx_str_t *value, ngx_uint_t *flag);

/* LWA and data. */
ngx_int_t amzsync_http_sandbox_token(amzsync_http_sandbox_ctx_t *ctx);
ngx_int_t amzsync_http_sandbox_data(amzsync_http_sandbox_ctx_t *ctx);

/* Operations: their parameters, and their answers and truth. */
ngx_int_t amzsync_http_sandbox_orders(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details);
ngx_int_t amzsync_http_sandbox_fill_orders(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_order(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details);
ngx_int_t amzsync_http_sandbox_fill_order(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_fill_orders_csv(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_participations(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details);
ngx_int_t amzsync_http_sandbox_fill_participations(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_fill_participations_csv(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_inventory(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details);
ngx_int_t amzsync_http_sandbox_fill_inventory(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_fill_inventory_csv(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_transactions(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details);
ngx_int_t amzsync_http_sandbox_fill_transactions(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_fill_transactions_csv(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);

ngx_int_t amzsync_http_sandbox_create_report(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details);
ngx_int_t amzsync_http_sandbox_fill_created(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_reports(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details);
ngx_int_t amzsync_http_sandbox_fill_reports(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_report(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details);
ngx_int_t amzsync_http_sandbox_fill_report(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_cancel_report(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details);
ngx_int_t amzsync_http_sandbox_fill_nothing(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_report_document(amzsync_http_sandbox_ctx_t *ctx,
    u_char *buf, const char **details);
ngx_int_t amzsync_http_sandbox_fill_report_document(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_fill_report_csv(
    amzsync_http_sandbox_ctx_t *ctx, amzsync_sandbox_out_t *out);

/* Documents, which need no access token, and must not get one. */
ngx_int_t amzsync_http_sandbox_document(amzsync_http_sandbox_ctx_t *ctx);
ngx_int_t amzsync_http_sandbox_fill_document(amzsync_http_sandbox_ctx_t *ctx,
    amzsync_sandbox_out_t *out);
ngx_table_elt_t *amzsync_http_sandbox_access_token(ngx_http_request_t *r);

/* Counts a request of the operation, and sets ctx->fault if it has one. */
void amzsync_http_sandbox_fault_aimed(amzsync_http_sandbox_ctx_t *ctx);

/* What a fault does to the first row of an answer. */
ngx_uint_t amzsync_http_sandbox_spoil(amzsync_http_sandbox_ctx_t *ctx);

/* Control, from loopback only. */
ngx_int_t amzsync_http_sandbox_truth(amzsync_http_sandbox_ctx_t *ctx);
ngx_int_t amzsync_http_sandbox_report_truth(amzsync_http_sandbox_ctx_t *ctx);
ngx_int_t amzsync_http_sandbox_revision(amzsync_http_sandbox_ctx_t *ctx);
ngx_int_t amzsync_http_sandbox_stats(amzsync_http_sandbox_ctx_t *ctx);

/* The body, once it was read; NGX_DECLINED if it is longer than that. */
ngx_int_t amzsync_http_sandbox_read(amzsync_http_sandbox_ctx_t *ctx,
    ngx_str_t *body, off_t max);

void amzsync_http_sandbox_view(amzsync_http_sandbox_ctx_t *ctx,
    const ngx_str_t *seller, amzsync_sandbox_view_t *view);
ngx_uint_t amzsync_http_sandbox_seller(const ngx_str_t *seller);
int64_t amzsync_http_sandbox_now(void);

/* Answers: what they return goes to ngx_http_finalize_request(). */
ngx_int_t amzsync_http_sandbox_header(amzsync_http_sandbox_ctx_t *ctx,
    ngx_uint_t status, off_t len, const char *type);
ngx_int_t amzsync_http_sandbox_send(amzsync_http_sandbox_ctx_t *ctx,
    ngx_uint_t status, amzsync_sandbox_out_t *out, const char *type);
ngx_int_t amzsync_http_sandbox_reply(amzsync_http_sandbox_ctx_t *ctx,
    ngx_uint_t status, amzsync_sandbox_out_t *out);
ngx_int_t amzsync_http_sandbox_error(amzsync_http_sandbox_ctx_t *ctx,
    ngx_uint_t status, const char *code, const char *message,
    const char *details);

/*
 * An answer that is generated buffer by buffer, no more than one a turn of the
 * event loop, as fast as the client takes it.
 */
ngx_int_t amzsync_http_sandbox_stream(amzsync_http_sandbox_ctx_t *ctx,
    const char *type, amzsync_http_sandbox_fill_pt fill);

/* Calls "handler" after some milliseconds. */
ngx_int_t amzsync_http_sandbox_later(amzsync_http_sandbox_ctx_t *ctx,
    ngx_msec_t delay, ngx_event_handler_pt handler);


#endif /* _AMZSYNC_HTTP_SANDBOX_H_INCLUDED_ */
