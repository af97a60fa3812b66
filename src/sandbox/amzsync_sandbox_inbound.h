
/*
 * What is on its way to Amazon's warehouses: shipments and their items, in the
 * shape of the Fulfillment Inbound API v0.
 *
 * Rows have numbers that never change: those of revision 0 in the order of
 * their last update, of which the last quarter is open, then what revisions
 * add.  A revision takes every second open shipment a step on: to another
 * status, which moves its last update, or, once it is being received, to
 * larger quantities, which do not.
 */


#ifndef _AMZSYNC_SANDBOX_INBOUND_H_INCLUDED_
#define _AMZSYNC_SANDBOX_INBOUND_H_INCLUDED_


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_inventory.h>
#include <sandbox/amzsync_sandbox_sparse.h>


#define AMZSYNC_SANDBOX_INBOUND_ROOM   4096     /* for a row */
#define AMZSYNC_SANDBOX_INBOUND_IDS    999
#define AMZSYNC_SANDBOX_INBOUND_ITEMS  128      /* more than any shipment has */


/* Bits of a filter, too; the last may be asked for, and is never answered. */

typedef enum {
    AMZSYNC_SANDBOX_INBOUND_WORKING = 0,
    AMZSYNC_SANDBOX_INBOUND_SHIPPED,
    AMZSYNC_SANDBOX_INBOUND_IN_TRANSIT,
    AMZSYNC_SANDBOX_INBOUND_DELIVERED,
    AMZSYNC_SANDBOX_INBOUND_CHECKED_IN,
    AMZSYNC_SANDBOX_INBOUND_RECEIVING,
    AMZSYNC_SANDBOX_INBOUND_CLOSED,
    AMZSYNC_SANDBOX_INBOUND_CANCELLED,
    AMZSYNC_SANDBOX_INBOUND_DELETED,
    AMZSYNC_SANDBOX_INBOUND_ERROR,
    AMZSYNC_SANDBOX_INBOUND_READY_TO_SHIP,
    AMZSYNC_SANDBOX_INBOUND_STATUSES
} amzsync_sandbox_inbound_status_e;


extern const char *const
    amzsync_sandbox_inbound_statuses[AMZSYNC_SANDBOX_INBOUND_STATUSES];


typedef struct {
    uint64_t                          row;
    uint64_t                          hash;
    ngx_uint_t                        marketplace;
    ngx_uint_t                        nitems;
    amzsync_sandbox_inbound_status_e  status;
    ngx_uint_t                        received;     /* quarters */
    int64_t                           updated;      /* the status */

    char                              id[16];
    amzsync_sandbox_text_t            name;
    amzsync_sandbox_text_t            center;
    amzsync_sandbox_text_t            label;
    amzsync_sandbox_text_t            source;
    amzsync_sandbox_there_e           cases;
    amzsync_sandbox_there_e           need_by;
    int64_t                           need_by_date;
    amzsync_sandbox_there_e           fee;
    amzsync_sandbox_there_e           per_unit;
    int64_t                           units;
    int64_t                           unit_fee;     /* ten-thousandths */
    ngx_uint_t                        digits;       /* how fees are written */

    unsigned                          cased:1;      /* areCasesRequired */
    unsigned                          extra:1;      /* members that no model
                                                       knows */
    unsigned                          escape:1;
} amzsync_sandbox_inbound_t;


typedef struct {
    uint64_t                          index;
    int64_t                           shipped;
    int64_t                           received;
    int64_t                           in_case;
    amzsync_sandbox_there_e           received_there;
    amzsync_sandbox_there_e           in_case_there;
    amzsync_sandbox_text_t            sku;
    amzsync_sandbox_text_t            fn_sku;
    amzsync_sandbox_there_e           release;
    int64_t                           release_date;
    amzsync_sandbox_there_e           prep;
    uint64_t                          preps;        /* which they are */

    u_char                            sku_buf[AMZSYNC_SANDBOX_SKU_LEN];
    u_char                            fn_sku_buf[AMZSYNC_SANDBOX_FN_SKU_LEN];
} amzsync_sandbox_inbound_item_t;


/* How many shipments there are, and the row of an id, or NGX_DECLINED. */
uint64_t amzsync_sandbox_inbound_rows(const amzsync_sandbox_view_t *view);
ngx_int_t amzsync_sandbox_inbound_find(const amzsync_sandbox_view_t *view,
    const ngx_str_t *id, uint64_t *row);

/* What filters look at, without the rest. */
void amzsync_sandbox_inbound_head(const amzsync_sandbox_view_t *view,
    uint64_t row, amzsync_sandbox_inbound_t *shipment);
void amzsync_sandbox_inbound_body(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_inbound_t *shipment);

/* An item, of a shipment whose head is known. */
void amzsync_sandbox_inbound_item(const amzsync_sandbox_view_t *view,
    const amzsync_sandbox_inbound_t *shipment, uint64_t index,
    amzsync_sandbox_inbound_item_t *item);

/*
 * Rows outside of these bounds were not updated from "after" to "before", both
 * included.
 */
void amzsync_sandbox_inbound_bounds(const amzsync_sandbox_view_t *view,
    int64_t after, int64_t before, uint64_t *from, uint64_t *to);

void amzsync_sandbox_inbound_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *shipment, ngx_uint_t spoil);
void amzsync_sandbox_inbound_item_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_inbound_t *shipment,
    const amzsync_sandbox_inbound_item_t *item, ngx_uint_t spoil);

/* The ground truth: shipments, and items. */
ngx_int_t amzsync_sandbox_inbound_csv(amzsync_sandbox_csv_t *csv,
    amzsync_sandbox_out_t *out);
ngx_int_t amzsync_sandbox_inbound_items_csv(amzsync_sandbox_csv_t *csv,
    amzsync_sandbox_out_t *out);


/* What was asked for, checked. */

typedef enum {
    AMZSYNC_SANDBOX_INBOUND_BY_FILTER = 1,
    AMZSYNC_SANDBOX_INBOUND_BY_DATE,
    AMZSYNC_SANDBOX_INBOUND_BY_TOKEN,
    AMZSYNC_SANDBOX_INBOUND_BY_SHIPMENT         /* the items of one */
} amzsync_sandbox_inbound_by_e;


typedef struct {
    amzsync_sandbox_inbound_by_e      by;
    ngx_int_t                         marketplace;  /* NGX_DECLINED: has no
                                                       rows */
    ngx_uint_t                        statuses;     /* bits; 0: all */
    int64_t                           after;
    int64_t                           before;
    ngx_str_t                         token;
    uint64_t                          row;          /* BY_SHIPMENT */
    ngx_uint_t                        nrows;        /* of ids, each once */
    uint32_t                          rows[AMZSYNC_SANDBOX_INBOUND_IDS];
    unsigned                          items:1;
    unsigned                          ids:1;        /* were asked for */
} amzsync_sandbox_inbound_ask_t;


/*
 * As amzsync_sandbox_search_parse(), of shipments, or of items if ask->items
 * is set; "view" knows the ids.
 */
ngx_int_t amzsync_sandbox_inbound_parse(amzsync_sandbox_inbound_ask_t *ask,
    const amzsync_sandbox_view_t *view, const ngx_str_t *args, u_char *buf,
    const char **details);

/* The same for "{shipmentId}/items", where NGX_DECLINED is another path. */
ngx_int_t amzsync_sandbox_inbound_parse_path(
    amzsync_sandbox_inbound_ask_t *ask, const amzsync_sandbox_view_t *view,
    const ngx_str_t *path, const char **details);


/* One page, written buffer by buffer. */

typedef struct {
    const amzsync_sandbox_keys_t     *keys;
    amzsync_sandbox_view_t            view;
    amzsync_sandbox_inbound_ask_t     ask;
    ngx_uint_t                        size;
    time_t                            expires;      /* of the next token */

    uint64_t                          pos;
    uint64_t                          end;
    uint64_t                          last;         /* position + 1 */
    ngx_uint_t                        count;
    ngx_uint_t                        state;
    amzsync_sandbox_inbound_t         shipment;     /* at "pos" */

    ngx_uint_t                        spoil;
    unsigned                          duplicates:1;
    unsigned                          repeat:1;
    unsigned                          same_token:1;
} amzsync_sandbox_inbound_page_t;


/* After the members down to "expires"; NGX_ERROR for a token that is wrong. */
ngx_int_t amzsync_sandbox_inbound_start(amzsync_sandbox_inbound_page_t *page,
    time_t now);

/* NGX_AGAIN: more in another turn; NGX_DONE; NGX_ERROR. */
ngx_int_t amzsync_sandbox_inbound_run(amzsync_sandbox_inbound_page_t *page,
    amzsync_sandbox_out_t *out);


#endif /* _AMZSYNC_SANDBOX_INBOUND_H_INCLUDED_ */
