
/*
 * Money: financial transactions, in the shape of the Finances API 2024-06-19.
 *
 * Rows are in the order of their postedDate, and keep their numbers: those of
 * revision 0 first, then what each revision adds at its time.  A revision
 * also releases some of the transactions that were deferred.
 */


#ifndef _AMZSYNC_SANDBOX_TRANSACTION_H_INCLUDED_
#define _AMZSYNC_SANDBOX_TRANSACTION_H_INCLUDED_


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_sparse.h>


#define AMZSYNC_SANDBOX_TRANSACTION_ROOM   16384
#define AMZSYNC_SANDBOX_TRANSACTION_ITEMS  4


typedef enum {
    AMZSYNC_SANDBOX_SHIPMENT = 0,
    AMZSYNC_SANDBOX_REFUND,
    AMZSYNC_SANDBOX_SERVICE_FEE,
    AMZSYNC_SANDBOX_ADJUSTMENT,
    AMZSYNC_SANDBOX_TRANSFER,
    AMZSYNC_SANDBOX_ADS_PAYMENT,
    AMZSYNC_SANDBOX_CHARGEBACK,
    AMZSYNC_SANDBOX_RELEASE,
    AMZSYNC_SANDBOX_TYPES
} amzsync_sandbox_type_e;


/* Bits of a filter, too. */

typedef enum {
    AMZSYNC_SANDBOX_RELEASED = 0x1,
    AMZSYNC_SANDBOX_DEFERRED = 0x2,
    AMZSYNC_SANDBOX_DEFERRED_RELEASED = 0x4
} amzsync_sandbox_release_e;


typedef struct {
    uint64_t                   row;
    uint64_t                   content;     /* the row that it is a copy of,
                                               or itself */
    uint64_t                   hash;
    uint64_t                   group;       /* of financial events */
    uint64_t                   deferred;    /* the row that it releases */
    uint64_t                   order;       /* row of its order */
    int64_t                    posted;
    amzsync_sandbox_type_e     type;
    amzsync_sandbox_release_e  status;
    ngx_uint_t                 marketplace;

    amzsync_sandbox_there_e    marketplaced;
    amzsync_sandbox_there_e    metadata;
    amzsync_sandbox_there_e    total;
    amzsync_sandbox_there_e    items;
    amzsync_sandbox_there_e    contexts;
    amzsync_sandbox_there_e    breakdowns;
    amzsync_sandbox_text_t     description;
    amzsync_sandbox_text_t     account;

    ngx_uint_t                 nitems;

    unsigned                   identified:1;
    unsigned                   ordered:1;
    unsigned                   grouped:1;
    unsigned                   merchant:1;  /* fulfilled by the seller */
    unsigned                   extra:1;     /* members that no model knows */
    unsigned                   escape:1;
} amzsync_sandbox_transaction_t;


/* Where a row stands in the ledger. */

typedef struct {
    ngx_uint_t                 revision;    /* that added it, or 0 */
    uint64_t                   index;       /* among those of the revision */
    uint64_t                   content;
    uint64_t                   deferred;    /* the row that it releases */
    unsigned                   fee:1;       /* has copies, or is one */
    unsigned                   deferrable:1;
    unsigned                   released:1;  /* by a revision */
    unsigned                   release:1;   /* of another */
} amzsync_sandbox_ledger_t;


uint64_t amzsync_sandbox_ledger_rows(const amzsync_sandbox_view_t *view);
void amzsync_sandbox_ledger(const amzsync_sandbox_view_t *view, uint64_t row,
    amzsync_sandbox_ledger_t *ledger);
int64_t amzsync_sandbox_ledger_posted(const amzsync_sandbox_view_t *view,
    uint64_t row);

/* The first row that was posted at a time or later. */
uint64_t amzsync_sandbox_ledger_seek(const amzsync_sandbox_view_t *view,
    int64_t time);

/* Groups of financial events: rows next to each other, and copies. */
uint64_t amzsync_sandbox_ledger_group(const amzsync_sandbox_view_t *view,
    uint64_t row);
void amzsync_sandbox_ledger_bounds(const amzsync_sandbox_view_t *view,
    uint64_t group, uint64_t *from, uint64_t *to);


/* What filters look at, without the rest. */
void amzsync_sandbox_transaction_head(const amzsync_sandbox_view_t *view,
    uint64_t row, amzsync_sandbox_transaction_t *transaction);
void amzsync_sandbox_transaction_body(
    amzsync_sandbox_transaction_t *transaction);

/* Texts of up to 63 characters and NUL. */
void amzsync_sandbox_transaction_id(const amzsync_sandbox_view_t *view,
    uint64_t row, char *id);
void amzsync_sandbox_group_id(const amzsync_sandbox_view_t *view,
    uint64_t group, char *id);
ngx_int_t amzsync_sandbox_group_find(const amzsync_sandbox_view_t *view,
    const ngx_str_t *id, uint64_t *group);

/* The digits of an amount, as many ways as JSON has to write a number. */
void amzsync_sandbox_digits(const amzsync_sandbox_transaction_t *transaction,
    uint64_t n, char *digits);

const char *amzsync_sandbox_type(
    const amzsync_sandbox_transaction_t *transaction);
const char *amzsync_sandbox_release(
    const amzsync_sandbox_transaction_t *transaction);


/* As JSON, and parts of it that stand in one column of the CSV. */

void amzsync_sandbox_transaction_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_transaction_t *transaction, ngx_uint_t spoil);
void amzsync_sandbox_related(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_transaction_t *transaction);
void amzsync_sandbox_items_json(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_transaction_t *transaction);
void amzsync_sandbox_contexts(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_transaction_t *transaction);
void amzsync_sandbox_breakdowns(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_transaction_t *transaction);
const char *amzsync_sandbox_currency(
    const amzsync_sandbox_transaction_t *transaction);

ngx_int_t amzsync_sandbox_transactions_csv(amzsync_sandbox_csv_t *csv,
    amzsync_sandbox_out_t *out);


/* What was asked for, checked. */

typedef struct {
    int64_t                    after;
    int64_t                    before;
    ngx_str_t                  marketplace_id;
    ngx_int_t                  marketplace;
    ngx_uint_t                 statuses;    /* bits; 0: all */
    ngx_str_t                  order_id;
    ngx_str_t                  group_id;
    ngx_str_t                  token;
    uint64_t                   hash;        /* of all but the token */
    unsigned                   empty:1;     /* the window is too wide */
} amzsync_sandbox_transaction_ask_t;


/* As amzsync_sandbox_search_parse(). */
ngx_int_t amzsync_sandbox_transaction_parse(
    amzsync_sandbox_transaction_ask_t *ask, const ngx_str_t *args,
    u_char *buf, int64_t now, const char **details);


/* One page, written buffer by buffer. */

typedef struct {
    const amzsync_sandbox_keys_t       *keys;
    amzsync_sandbox_view_t              view;
    amzsync_sandbox_transaction_ask_t   ask;
    ngx_uint_t                          size;
    time_t                              expires;    /* of the next token */

    uint64_t                            page;
    uint64_t                            first;      /* row of position 0 */
    uint64_t                            stride;     /* and between positions */
    uint64_t                            group;
    uint64_t                            pos;
    uint64_t                            probe;      /* looks ahead of it */
    uint64_t                            stop;       /* the page ends there */
    uint64_t                            end;
    uint64_t                            last;       /* row + 1 */
    uint64_t                            repeated;   /* row */
    ngx_uint_t                          found;
    ngx_uint_t                          count;
    ngx_uint_t                          state;

    ngx_uint_t                          spoil;
    unsigned                            duplicates:1;
    unsigned                            repeat:1;
    unsigned                            same_token:1;
} amzsync_sandbox_transaction_page_t;


/* After the members down to "expires"; NGX_ERROR for a token that is wrong. */
ngx_int_t amzsync_sandbox_transaction_start(
    amzsync_sandbox_transaction_page_t *page, time_t now);

/* NGX_AGAIN: more in another turn; NGX_DONE; NGX_ERROR. */
ngx_int_t amzsync_sandbox_transaction_run(
    amzsync_sandbox_transaction_page_t *page, amzsync_sandbox_out_t *out);


#endif /* _AMZSYNC_SANDBOX_TRANSACTION_H_INCLUDED_ */
