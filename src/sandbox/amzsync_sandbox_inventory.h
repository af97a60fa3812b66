
/*
 * What lies in Amazon's warehouses: inventory summaries of a marketplace, in
 * the shape of the FBA Inventory API v1.
 *
 * Rows have numbers that never change.  A revision touches a tenth of them,
 * of which it takes some away, or brings them back, and adds a few at the end.
 */


#ifndef _AMZSYNC_SANDBOX_INVENTORY_H_INCLUDED_
#define _AMZSYNC_SANDBOX_INVENTORY_H_INCLUDED_


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_sparse.h>


#define AMZSYNC_SANDBOX_INVENTORY_ROOM  4096    /* for a row */
#define AMZSYNC_SANDBOX_SKU_SLOTS       16      /* rows a number in a SKU */
#define AMZSYNC_SANDBOX_SKUS            50
#define AMZSYNC_SANDBOX_SKU_LEN         64
#define AMZSYNC_SANDBOX_FN_SKU_LEN      16
#define AMZSYNC_SANDBOX_ROWS            10000000


/* Quantities of a summary, in the order of the CSV's columns. */

typedef enum {
    AMZSYNC_SANDBOX_Q_TOTAL = 0,
    AMZSYNC_SANDBOX_Q_FULFILLABLE,
    AMZSYNC_SANDBOX_Q_WORKING,
    AMZSYNC_SANDBOX_Q_SHIPPED,
    AMZSYNC_SANDBOX_Q_RECEIVING,
    AMZSYNC_SANDBOX_Q_RESERVED,
    AMZSYNC_SANDBOX_Q_CUSTOMER_ORDER,
    AMZSYNC_SANDBOX_Q_TRANSSHIPMENT,
    AMZSYNC_SANDBOX_Q_FC_PROCESSING,
    AMZSYNC_SANDBOX_Q_RESEARCHING,
    AMZSYNC_SANDBOX_Q_UNFULFILLABLE,
    AMZSYNC_SANDBOX_Q_CUSTOMER_DAMAGED,
    AMZSYNC_SANDBOX_Q_WAREHOUSE_DAMAGED,
    AMZSYNC_SANDBOX_Q_DISTRIBUTOR_DAMAGED,
    AMZSYNC_SANDBOX_Q_CARRIER_DAMAGED,
    AMZSYNC_SANDBOX_Q_DEFECTIVE,
    AMZSYNC_SANDBOX_Q_EXPIRED,
    AMZSYNC_SANDBOX_QUANTITIES
} amzsync_sandbox_quantity_e;


#define AMZSYNC_SANDBOX_Q_ABSENT  (-1)
#define AMZSYNC_SANDBOX_Q_NULL    (-2)


typedef struct {
    uint64_t                 row;
    uint64_t                 hash;
    ngx_uint_t               marketplace;
    ngx_uint_t               touches;
    int64_t                  updated;       /* when a quantity changed that
                                               startDateTime sees */

    amzsync_sandbox_text_t   sku;
    amzsync_sandbox_text_t   fn_sku;
    amzsync_sandbox_text_t   condition;
    amzsync_sandbox_text_t   asin;
    amzsync_sandbox_text_t   name;
    amzsync_sandbox_there_e  time;
    int64_t                  quantities[AMZSYNC_SANDBOX_QUANTITIES];

    amzsync_sandbox_there_e  details;
    amzsync_sandbox_there_e  reserved;
    amzsync_sandbox_there_e  researching;
    amzsync_sandbox_there_e  unfulfillable;
    amzsync_sandbox_there_e  breakdown;
    amzsync_sandbox_there_e  stores;

    unsigned                 inbound:1;     /* revisions change what is on its
                                               way, and nothing else */
    unsigned                 extra:1;       /* members that no model knows */
    unsigned                 escape:1;

    u_char                   sku_buf[AMZSYNC_SANDBOX_SKU_LEN];
    u_char                   fn_sku_buf[AMZSYNC_SANDBOX_FN_SKU_LEN];
    u_char                   asin_buf[16];
} amzsync_sandbox_summary_t;


/* How many numbers of rows there are, and whether there is a row at one. */
uint64_t amzsync_sandbox_inventory_rows(const amzsync_sandbox_view_t *view);
ngx_uint_t amzsync_sandbox_summary_head(const amzsync_sandbox_view_t *view,
    ngx_uint_t marketplace, uint64_t row, amzsync_sandbox_summary_t *summary);
void amzsync_sandbox_summary_body(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_summary_t *summary);

/* The SKU and FNSKU that a row has unless it shares them; their lengths. */
size_t amzsync_sandbox_sku(uint64_t row, u_char *sku);
size_t amzsync_sandbox_fn_sku(uint64_t row, u_char *fn_sku);

/*
 * The first row that may have changed since a time.  The time of a revision is
 * that of a tenth of the rows, anywhere.
 */
uint64_t amzsync_sandbox_inventory_seek(const amzsync_sandbox_view_t *view,
    int64_t time);

void amzsync_sandbox_summary_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_summary_t *summary, ngx_uint_t details,
    ngx_uint_t spoil);
ngx_int_t amzsync_sandbox_inventory_csv(amzsync_sandbox_csv_t *csv,
    amzsync_sandbox_out_t *out);


/* What was asked for, checked. */

typedef struct {
    ngx_int_t                marketplace;   /* NGX_DECLINED: has no rows */
    ngx_str_t                marketplace_id;
    ngx_str_t                granularity_id;
    ngx_uint_t               details;
    int64_t                  start;         /* AMZSYNC_TIME_BAD: none */
    ngx_uint_t               nskus;
    ngx_str_t                skus[AMZSYNC_SANDBOX_SKUS];
    ngx_str_t                sku;
    ngx_str_t                token;
    uint64_t                 hash;          /* of all but the token */
} amzsync_sandbox_inventory_ask_t;


/* As amzsync_sandbox_search_parse(). */
ngx_int_t amzsync_sandbox_inventory_parse(
    amzsync_sandbox_inventory_ask_t *ask, const ngx_str_t *args, u_char *buf,
    int64_t now, const char **details);


/* One page, written buffer by buffer. */

typedef struct {
    const amzsync_sandbox_keys_t     *keys;
    amzsync_sandbox_view_t            view;
    amzsync_sandbox_inventory_ask_t   ask;
    ngx_uint_t                        size;
    time_t                            expires;      /* of the next token */

    uint64_t                          page;
    uint64_t                          pos;
    uint64_t                          end;
    uint64_t                          last;         /* row + 1 */
    ngx_uint_t                        count;
    ngx_uint_t                        state;

    ngx_uint_t                        spoil;
    unsigned                          duplicates:1;
    unsigned                          repeat:1;
    unsigned                          same_token:1;
} amzsync_sandbox_inventory_page_t;


/* After the members down to "expires"; NGX_ERROR for a token that is wrong. */
ngx_int_t amzsync_sandbox_inventory_start(
    amzsync_sandbox_inventory_page_t *page, time_t now);

/* NGX_AGAIN: more in another turn; NGX_DONE; NGX_ERROR. */
ngx_int_t amzsync_sandbox_inventory_run(
    amzsync_sandbox_inventory_page_t *page, amzsync_sandbox_out_t *out);


#endif /* _AMZSYNC_SANDBOX_INVENTORY_H_INCLUDED_ */
