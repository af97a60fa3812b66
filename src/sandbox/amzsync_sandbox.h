
/*
 * The sandbox: deterministic sellers, and Amazon's rules about them.
 *
 * Pure generation: nothing here knows HTTP, and nothing here uses the module's
 * descriptors or JSON, so that what the sandbox says of a seller is a witness
 * of its own.  A seller's data is a pure function of seed, seller, row and
 * revision; every row costs the same, wherever it stands.
 */


#ifndef _AMZSYNC_SANDBOX_H_INCLUDED_
#define _AMZSYNC_SANDBOX_H_INCLUDED_


#include <base/amzsync_base.h>


#define AMZSYNC_SANDBOX_ITEMS      8
#define AMZSYNC_SANDBOX_PARTS      5
#define AMZSYNC_SANDBOX_REVISIONS  64
#define AMZSYNC_SANDBOX_ORDERS     10000000

/*
 * No turn of the event loop generates more than BUFFER bytes or looks at more
 * than SCAN rows; an order takes at most ROOM bytes.
 */

#define AMZSYNC_SANDBOX_BUFFER     65536
#define AMZSYNC_SANDBOX_ROOM       32768
#define AMZSYNC_SANDBOX_SCAN       8192

#define AMZSYNC_SANDBOX_TOKEN_MAX  512
#define AMZSYNC_SANDBOX_MAC        16


/*
 * Output into a buffer of the caller.  What does not fit is dropped and sets
 * "failed", so that only the end needs a check.  The sandbox has a writer of
 * its own because it takes liberties that Amazon takes ("escape": everything
 * but ASCII, and the slash, as escapes), and for its independence.
 */

typedef struct {
    u_char                  *start;
    u_char                  *last;
    u_char                  *end;
    unsigned                 failed:1;
    unsigned                 comma:1;
    unsigned                 escape:1;
} amzsync_sandbox_out_t;


void amzsync_sandbox_out(amzsync_sandbox_out_t *out, u_char *buf, size_t size);
void amzsync_sandbox_raw(amzsync_sandbox_out_t *out, const void *p,
    size_t len);

/* JSON; a NULL key means an element of an array, or the top value. */
void amzsync_sandbox_open(amzsync_sandbox_out_t *out, const char *key,
    u_char brace);
void amzsync_sandbox_close(amzsync_sandbox_out_t *out, u_char brace);
void amzsync_sandbox_key(amzsync_sandbox_out_t *out, const char *key);
void amzsync_sandbox_str(amzsync_sandbox_out_t *out, const char *key,
    const void *p, size_t len);
void amzsync_sandbox_cstr(amzsync_sandbox_out_t *out, const char *key,
    const char *s);
void amzsync_sandbox_int(amzsync_sandbox_out_t *out, const char *key,
    int64_t n);
void amzsync_sandbox_time(amzsync_sandbox_out_t *out, const char *key,
    int64_t ms);
void amzsync_sandbox_bool(amzsync_sandbox_out_t *out, const char *key,
    ngx_uint_t b);
void amzsync_sandbox_null(amzsync_sandbox_out_t *out, const char *key);

/* Text that is JSON already, such as a number's digits. */
void amzsync_sandbox_json(amzsync_sandbox_out_t *out, const char *key,
    const char *s);

/* CSV cells, each with its separator, and the end of a line. */
void amzsync_sandbox_cell(amzsync_sandbox_out_t *out, const void *p,
    size_t len);
void amzsync_sandbox_cell_cstr(amzsync_sandbox_out_t *out, const char *s);
void amzsync_sandbox_cell_int(amzsync_sandbox_out_t *out, int64_t n);
void amzsync_sandbox_cell_time(amzsync_sandbox_out_t *out, int64_t ms);
void amzsync_sandbox_cell_null(amzsync_sandbox_out_t *out);
void amzsync_sandbox_line(amzsync_sandbox_out_t *out);

/* A cell with the text of "json", or with nothing if that is empty. */
void amzsync_sandbox_cell_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_out_t *json);


/*
 * One seller at one revision.  Row numbers never change; a revision moves a
 * tenth of the rows to the end of the order by lastUpdatedTime, at at[r].
 */

typedef enum {
    AMZSYNC_SANDBOX_UPDATED = 0,
    AMZSYNC_SANDBOX_CREATED
} amzsync_sandbox_by_e;


/* Reports that are tables of their own first; their rows are counted. */

typedef enum {
    AMZSYNC_SANDBOX_REPORT_RETURNS = 0,
    AMZSYNC_SANDBOX_REPORT_REIMBURSEMENTS,
    AMZSYNC_SANDBOX_REPORT_LEDGER_DETAIL,
    AMZSYNC_SANDBOX_REPORT_LEDGER_SUMMARY,
    AMZSYNC_SANDBOX_REPORT_REMOVAL_ORDERS,
    AMZSYNC_SANDBOX_REPORT_REMOVAL_SHIPMENTS,
    AMZSYNC_SANDBOX_REPORT_REPLACEMENTS,
    AMZSYNC_SANDBOX_REPORT_SETTLEMENTS,
    AMZSYNC_SANDBOX_REPORT_ORDER_ITEMS,
    AMZSYNC_SANDBOX_REPORTS
} amzsync_sandbox_report_e;


typedef struct {
    uint64_t                 key;           /* of seed and seller */
    int64_t                  orders;
    int64_t                  inventory;     /* of each marketplace */
    int64_t                  transactions;
    int64_t                  reports[AMZSYNC_SANDBOX_REPORTS];
    int64_t                  shipments;
    int64_t                  until;         /* of revision 0, milliseconds */
    ngx_uint_t               revision;
    int64_t                  at[AMZSYNC_SANDBOX_REVISIONS + 1];
} amzsync_sandbox_view_t;


/* A place in an order that stays right when the revision changes. */

typedef struct {
    uint64_t                 row;
    ngx_uint_t               revision;      /* that touched the row last */
} amzsync_sandbox_place_t;


uint64_t amzsync_sandbox_seller_key(uint64_t seed, const ngx_str_t *seller);
uint64_t amzsync_sandbox_hash(uint64_t key, uint64_t row, uint64_t field);

/* The seller's id with Amazon, below 32 bytes; its length. */
size_t amzsync_sandbox_partner_id(uint64_t key, u_char *id);

/* The row at a position, and how often revisions touched a row. */
uint64_t amzsync_sandbox_row(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_by_e by, uint64_t pos);
ngx_uint_t amzsync_sandbox_touches(const amzsync_sandbox_view_t *view,
    uint64_t row, ngx_uint_t *latest);

int64_t amzsync_sandbox_created(const amzsync_sandbox_view_t *view,
    uint64_t row);
int64_t amzsync_sandbox_updated(const amzsync_sandbox_view_t *view,
    uint64_t row);

/* The first position at or after a time, and the first after a place. */
uint64_t amzsync_sandbox_seek(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_by_e by, int64_t time);
uint64_t amzsync_sandbox_after(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_by_e by, const amzsync_sandbox_place_t *place);


/* What an order is.  NULL, or -1 in quantities: an absent member. */

typedef enum {
    AMZSYNC_SANDBOX_PENDING_AVAILABILITY = 0,
    AMZSYNC_SANDBOX_PENDING,
    AMZSYNC_SANDBOX_UNSHIPPED,
    AMZSYNC_SANDBOX_PARTIALLY_SHIPPED,
    AMZSYNC_SANDBOX_SHIPPED,
    AMZSYNC_SANDBOX_CANCELLED,
    AMZSYNC_SANDBOX_UNFULFILLABLE,
    AMZSYNC_SANDBOX_STATUSES
} amzsync_sandbox_status_e;


/* Parts of an amount of money: types of proceeds. */

typedef enum {
    AMZSYNC_SANDBOX_PART_ITEM = 0,
    AMZSYNC_SANDBOX_PART_SHIPPING,
    AMZSYNC_SANDBOX_PART_GIFT_WRAP,
    AMZSYNC_SANDBOX_PART_TAX,
    AMZSYNC_SANDBOX_PART_DISCOUNT
} amzsync_sandbox_part_e;


#define AMZSYNC_SANDBOX_MERCHANT      0x1   /* bits of fulfilledBy */
#define AMZSYNC_SANDBOX_AMAZON        0x2

#define AMZSYNC_SANDBOX_MARKETPLACES  3


typedef struct {
    const char              *id;
    const char              *name;
    const char              *currency;
    const char              *country;
} amzsync_sandbox_marketplace_t;


extern const amzsync_sandbox_marketplace_t
    amzsync_sandbox_marketplaces[AMZSYNC_SANDBOX_MARKETPLACES];
extern const char *const
    amzsync_sandbox_statuses[AMZSYNC_SANDBOX_STATUSES + 1];
extern const char *const
    amzsync_sandbox_parts[AMZSYNC_SANDBOX_PARTS];


typedef struct {
    char                     id[16];
    uint64_t                 hash;          /* for what is not stored here */
    int64_t                  quantity;
    int64_t                  fulfilled;
    int64_t                  unfulfilled;
    char                     asin[12];      /* "": absent */
    ngx_str_t                sku;           /* data NULL: absent */
    ngx_str_t                title;
    const char              *condition;
    const char              *subtype;
    const char              *designation;
    int64_t                  price;         /* ten-thousandths */
    ngx_uint_t               nprograms;
    ngx_uint_t               nserials;
    int64_t                  parts[AMZSYNC_SANDBOX_PARTS];  /* 0: no entry */
    int64_t                  total;

    unsigned                 priced:1;
    unsigned                 programs:1;    /* the member is there */
    unsigned                 serials:1;
    unsigned                 proceeds:1;    /* so is the object, */
    unsigned                 totalled:1;    /* proceedsTotal in it, */
    unsigned                 breakdowns:1;  /* and breakdowns */

    u_char                   sku_buf[64];
    u_char                   title_buf[320];
} amzsync_sandbox_item_t;


typedef struct {
    uint64_t                 row;
    uint64_t                 hash;
    ngx_uint_t               touches;
    ngx_uint_t               latest;
    char                     id[24];
    int64_t                  created;
    int64_t                  updated;
    amzsync_sandbox_status_e status;
    ngx_uint_t               fulfilled_by;  /* a bit; 0: absent */
    const char              *service_level;
    int64_t                  ship[2];       /* earliest, latest; 0: absent */
    int64_t                  deliver[2];
    const char              *channel;
    ngx_uint_t               marketplace;
    const char              *currency;
    ngx_uint_t               decimals;
    int64_t                  parts[AMZSYNC_SANDBOX_PARTS];
    int64_t                  tip;
    int64_t                  total;
    ngx_uint_t               nprograms;
    ngx_uint_t               naliases;
    ngx_uint_t               nassociated;

    unsigned                 named:1;       /* marketplaceName */
    unsigned                 proceeds:1;
    unsigned                 totalled:1;
    unsigned                 breakdowns:1;
    unsigned                 programs:1;
    unsigned                 aliases:1;
    unsigned                 associated:1;
    unsigned                 escape:1;

    ngx_uint_t               nitems;
    amzsync_sandbox_item_t   items[AMZSYNC_SANDBOX_ITEMS];
} amzsync_sandbox_order_t;


/* What filters look at, without the rest. */
void amzsync_sandbox_order_head(const amzsync_sandbox_view_t *view,
    uint64_t row, amzsync_sandbox_order_t *order);
void amzsync_sandbox_order_body(const amzsync_sandbox_view_t *view,
    amzsync_sandbox_order_t *order);
void amzsync_sandbox_item(const amzsync_sandbox_order_t *order, uint64_t index,
    amzsync_sandbox_item_t *item);

/* The row of an order id; NGX_DECLINED if the seller has no such order. */
ngx_int_t amzsync_sandbox_order_find(const amzsync_sandbox_view_t *view,
    const ngx_str_t *id, uint64_t *row);
void amzsync_sandbox_order_id(uint64_t key, uint64_t row, char *id);


/* Orders as JSON. */

#define AMZSYNC_SANDBOX_BUYER               0x0001
#define AMZSYNC_SANDBOX_RECIPIENT           0x0002
#define AMZSYNC_SANDBOX_PROCEEDS            0x0004
#define AMZSYNC_SANDBOX_EXPENSE             0x0008
#define AMZSYNC_SANDBOX_PROMOTION           0x0010
#define AMZSYNC_SANDBOX_CANCELLATION        0x0020
#define AMZSYNC_SANDBOX_FULFILLMENT         0x0040
#define AMZSYNC_SANDBOX_PACKAGES            0x0080
#define AMZSYNC_SANDBOX_TAX                 0x0100
#define AMZSYNC_SANDBOX_PAYMENT             0x0200
#define AMZSYNC_SANDBOX_FULFILLMENT_ORDERS  0x0400

/* Faults of the first row of an answer. */

#define AMZSYNC_SANDBOX_WRONG_TYPE          0x1
#define AMZSYNC_SANDBOX_BAD_UTF8            0x2

/* A character cut short, and a byte that no character has. */
#define AMZSYNC_SANDBOX_BAD_TEXT            "\"Caf\303 \377\""


void amzsync_sandbox_order_json(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_order_t *order, ngx_uint_t included,
    ngx_uint_t spoil);

/* Its parts, which the CSV shares: arrays that stand in one column. */
void amzsync_sandbox_order_breakdowns(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_order_t *order);
void amzsync_sandbox_item_breakdowns(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_order_t *order,
    const amzsync_sandbox_item_t *item);
void amzsync_sandbox_order_programs(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_order_t *order);
void amzsync_sandbox_item_programs(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_item_t *item);
void amzsync_sandbox_item_serials(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_item_t *item);
void amzsync_sandbox_order_aliases(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_order_t *order);
void amzsync_sandbox_order_associated(amzsync_sandbox_out_t *out,
    const char *key, const amzsync_sandbox_order_t *order);

size_t amzsync_sandbox_amount(u_char *p, int64_t amount, ngx_uint_t decimals);
void amzsync_sandbox_money(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_order_t *order, int64_t amount);

/* What is asked for less often: buyers, packages, taxes and the like. */
void amzsync_sandbox_order_extra(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, ngx_uint_t included);
void amzsync_sandbox_item_extra(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_order_t *order, const amzsync_sandbox_item_t *item,
    ngx_uint_t included);


/* Query parameters of a URL, one after the other. */

typedef struct {
    u_char                  *pos;
    u_char                  *end;
    u_char                  *buf;
    ngx_str_t                name;
    ngx_str_t                value;
} amzsync_sandbox_query_t;


/* "buf" is as large as the query, or larger; names and values stay in it. */
void amzsync_sandbox_query(amzsync_sandbox_query_t *query,
    const ngx_str_t *args, u_char *buf);

/* NGX_OK, NGX_DONE at the end, NGX_ERROR for a wrong escape or UTF-8. */
ngx_int_t amzsync_sandbox_query_next(amzsync_sandbox_query_t *query);

/* Cuts the next element off a comma separated list; 0 at its end. */
ngx_uint_t amzsync_sandbox_query_element(ngx_str_t *list, ngx_str_t *element);


/* A search, checked. */

typedef struct {
    amzsync_sandbox_by_e     by;
    int64_t                  after;
    int64_t                  before;
    ngx_uint_t               statuses;      /* bits; 0: all */
    ngx_uint_t               fulfilled_by;
    ngx_uint_t               included;
    ngx_uint_t               marketplaces;  /* bits */
    ngx_uint_t               nmarketplaces; /* asked for; 0: all */
    ngx_uint_t               page;
    ngx_str_t                token;
    uint64_t                 hash;          /* of all but the token */
} amzsync_sandbox_search_t;


/*
 * "buf" has room for the query; the token stays in it.  On NGX_ERROR "details"
 * says what Amazon would refuse.
 */
ngx_int_t amzsync_sandbox_search_parse(amzsync_sandbox_search_t *search,
    const ngx_str_t *args, u_char *buf, int64_t now, const char **details);

/* The same for one order, where only includedData counts. */
ngx_int_t amzsync_sandbox_included_parse(ngx_uint_t *included,
    const ngx_str_t *args, u_char *buf, const char **details);

/* Marketplaces alone, as the ground truth takes them. */
ngx_int_t amzsync_sandbox_marketplaces_parse(amzsync_sandbox_search_t *search,
    const ngx_str_t *value);

ngx_uint_t amzsync_sandbox_search_match(const amzsync_sandbox_search_t *search,
    const amzsync_sandbox_order_t *order);


/* Tokens: nothing is kept, everything is signed. */

typedef struct {
    u_char                   key[32];
} amzsync_sandbox_keys_t;


typedef struct {
    ngx_str_t                seller;
    uint64_t                 client;        /* hash of the client id */
    time_t                   expires;
    u_char                   buf[AMZSYNC_SELLER_MAX];
} amzsync_sandbox_access_t;


void amzsync_sandbox_keys(amzsync_sandbox_keys_t *keys, uint64_t seed);

/* AMZSYNC_SANDBOX_MAC bytes. */
ngx_int_t amzsync_sandbox_sign(const amzsync_sandbox_keys_t *keys,
    const u_char *p, size_t len, u_char *mac);

/* Bytes written, below TOKEN_MAX; 0 if OpenSSL fails. */
size_t amzsync_sandbox_access_make(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *seller, uint64_t client, time_t expires, u_char *out);

/* NGX_OK, NGX_DECLINED: expired, NGX_ERROR: not ours. */
ngx_int_t amzsync_sandbox_access_open(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *token, time_t now, amzsync_sandbox_access_t *access);

size_t amzsync_sandbox_next_make(const amzsync_sandbox_keys_t *keys,
    const amzsync_sandbox_view_t *view, const amzsync_sandbox_search_t *search,
    const amzsync_sandbox_place_t *place, time_t expires, u_char *out);

/* Opens search->token, and takes the upper bound from it. */
ngx_int_t amzsync_sandbox_next_open(const amzsync_sandbox_keys_t *keys,
    const amzsync_sandbox_view_t *view, amzsync_sandbox_search_t *search,
    time_t now, amzsync_sandbox_place_t *place);


/* One page, written buffer by buffer. */

typedef struct {
    const amzsync_sandbox_keys_t  *keys;
    amzsync_sandbox_view_t         view;
    amzsync_sandbox_search_t       search;
    time_t                         expires;     /* of the next token */

    uint64_t                       pos;
    uint64_t                       end;
    ngx_uint_t                     count;
    ngx_uint_t                     state;
    amzsync_sandbox_place_t        last;

    ngx_uint_t                     spoil;
    unsigned                       repeat:1;    /* begin with the last order
                                                   of the page before */
    unsigned                       same_token:1;
} amzsync_sandbox_page_t;


/* "place" is where the page before ended, or NULL. */
void amzsync_sandbox_page_start(amzsync_sandbox_page_t *page,
    const amzsync_sandbox_place_t *place, ngx_uint_t duplicates);

/* NGX_AGAIN: more in another turn; NGX_DONE; NGX_ERROR. */
ngx_int_t amzsync_sandbox_page_run(amzsync_sandbox_page_t *page,
    amzsync_sandbox_out_t *out);


/* The ground truth: every order of a view, or every item. */

typedef struct {
    amzsync_sandbox_view_t         view;
    amzsync_sandbox_search_t       search;      /* marketplaces alone */
    uint64_t                       row;
    unsigned                       items:1;
    unsigned                       started:1;
} amzsync_sandbox_csv_t;


ngx_int_t amzsync_sandbox_csv_run(amzsync_sandbox_csv_t *csv,
    amzsync_sandbox_out_t *out);


/* What is shared by all workers and survives a reload. */

typedef enum {
    AMZSYNC_SANDBOX_OP_TOKEN = 0,
    AMZSYNC_SANDBOX_OP_SEARCH_ORDERS,
    AMZSYNC_SANDBOX_OP_GET_ORDER,
    AMZSYNC_SANDBOX_OP_PARTICIPATIONS,
    AMZSYNC_SANDBOX_OP_INVENTORY,
    AMZSYNC_SANDBOX_OP_TRANSACTIONS,
    AMZSYNC_SANDBOX_OP_GET_REPORTS,
    AMZSYNC_SANDBOX_OP_CREATE_REPORT,
    AMZSYNC_SANDBOX_OP_GET_REPORT,
    AMZSYNC_SANDBOX_OP_CANCEL_REPORT,
    AMZSYNC_SANDBOX_OP_GET_REPORT_DOCUMENT,
    AMZSYNC_SANDBOX_OP_DOCUMENT,
    AMZSYNC_SANDBOX_OP_SHIPMENTS,
    AMZSYNC_SANDBOX_OP_SHIPMENT_ITEMS,
    AMZSYNC_SANDBOX_OP_ITEMS,
    AMZSYNC_SANDBOX_OP_CONSENT,
    AMZSYNC_SANDBOX_OP_CONTROL,
    AMZSYNC_SANDBOX_OP_OTHER,
    AMZSYNC_SANDBOX_OPS
} amzsync_sandbox_op_e;


typedef enum {
    AMZSYNC_SANDBOX_FAULT_HTTP_500 = 0,
    AMZSYNC_SANDBOX_FAULT_HTTP_503,
    AMZSYNC_SANDBOX_FAULT_CUT,
    AMZSYNC_SANDBOX_FAULT_MALFORMED,
    AMZSYNC_SANDBOX_FAULT_WRONG_TYPE,
    AMZSYNC_SANDBOX_FAULT_BAD_UTF8,
    AMZSYNC_SANDBOX_FAULT_HUGE,
    AMZSYNC_SANDBOX_FAULT_SAME_TOKEN,
    AMZSYNC_SANDBOX_FAULT_EXPIRED,
    AMZSYNC_SANDBOX_FAULT_DENIED,
    AMZSYNC_SANDBOX_FAULT_THROTTLE,
    AMZSYNC_SANDBOX_FAULT_SLOW,
    AMZSYNC_SANDBOX_FAULT_CANCELLED,
    AMZSYNC_SANDBOX_FAULT_FATAL,
    AMZSYNC_SANDBOX_FAULT_FATAL_BARE,
    AMZSYNC_SANDBOX_FAULT_SLOW_REPORT,
    AMZSYNC_SANDBOX_FAULT_EXPIRED_ADDRESS,
    AMZSYNC_SANDBOX_FAULT_LWA_500,
    AMZSYNC_SANDBOX_FAULT_LWA_503,
    AMZSYNC_SANDBOX_FAULT_LWA_INVALID_CLIENT,
    AMZSYNC_SANDBOX_FAULT_LWA_UNAUTHORIZED_CLIENT,
    AMZSYNC_SANDBOX_FAULT_LWA_ACCESS_DENIED,
    AMZSYNC_SANDBOX_FAULT_LWA_INVALID_SCOPE,
    AMZSYNC_SANDBOX_FAULTS
} amzsync_sandbox_fault_e;


#define AMZSYNC_SANDBOX_LWA_FAULT(kind)                                       \
    ((kind) >= AMZSYNC_SANDBOX_FAULT_LWA_500)

/* Faults of reports and their documents, each of one operation. */
#define AMZSYNC_SANDBOX_REPORT_FAULT(kind)                                    \
    ((kind) >= AMZSYNC_SANDBOX_FAULT_CANCELLED                                \
     && (kind) <= AMZSYNC_SANDBOX_FAULT_EXPIRED_ADDRESS)


extern const char *const  amzsync_sandbox_faults[AMZSYNC_SANDBOX_FAULTS];
extern const char *const  amzsync_sandbox_ops[AMZSYNC_SANDBOX_OPS];


typedef struct amzsync_sandbox_zone_s  amzsync_sandbox_zone_t;


/* Makes the root in a new zone, or checks that an old one is of our kind. */
amzsync_sandbox_zone_t *amzsync_sandbox_zone_init(ngx_slab_pool_t *slab,
    time_t now);
amzsync_sandbox_zone_t *amzsync_sandbox_zone_check(ngx_slab_pool_t *slab);

/* Where the reports that were asked for hang. */
void **amzsync_sandbox_zone_reports(amzsync_sandbox_zone_t *zone);

/* Midnight (UTC) of the day the zone was made, milliseconds. */
int64_t amzsync_sandbox_zone_midnight(amzsync_sandbox_zone_t *zone);

/*
 * Numbers of requests since the zone was made: of data, or of LWA; and of one
 * operation.
 */
ngx_uint_t amzsync_sandbox_zone_tick(amzsync_sandbox_zone_t *zone,
    ngx_uint_t lwa);
ngx_uint_t amzsync_sandbox_zone_tick_op(amzsync_sandbox_zone_t *zone,
    amzsync_sandbox_op_e op);
void amzsync_sandbox_zone_answered(amzsync_sandbox_zone_t *zone,
    amzsync_sandbox_op_e op, ngx_uint_t status);
void amzsync_sandbox_zone_faulted(amzsync_sandbox_zone_t *zone,
    amzsync_sandbox_fault_e kind);
void amzsync_sandbox_zone_stats(amzsync_sandbox_zone_t *zone,
    amzsync_sandbox_out_t *out);

/* Fills view->revision and view->at. */
void amzsync_sandbox_zone_view(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const ngx_str_t *seller,
    amzsync_sandbox_view_t *view);

/*
 * Takes a seller to a revision; what is new in it happened "at".  NGX_DECLINED
 * if that is before the revision that stands, NGX_ERROR if the zone is full.
 */
ngx_int_t amzsync_sandbox_zone_revise(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const ngx_str_t *seller, ngx_uint_t revision,
    int64_t at);

/*
 * What a seller allows: a grant that is revoked is none until the next consent;
 * operations without their role are denied, a bit each of amzsync_sandbox_op_e.
 */

typedef enum {
    AMZSYNC_SANDBOX_GRANTED = 0,
    AMZSYNC_SANDBOX_REVOKED,        /* access tokens stay good */
    AMZSYNC_SANDBOX_REVOKED_ALL     /* they do not */
} amzsync_sandbox_grant_e;


typedef struct {
    amzsync_sandbox_grant_e        grant;
    uint64_t                       denied;
} amzsync_sandbox_rights_t;


void amzsync_sandbox_zone_rights(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const ngx_str_t *seller,
    amzsync_sandbox_rights_t *rights);

/* NGX_ERROR if the zone is full. */
ngx_int_t amzsync_sandbox_zone_grant(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const ngx_str_t *seller,
    amzsync_sandbox_grant_e grant);
ngx_int_t amzsync_sandbox_zone_deny(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const ngx_str_t *seller, uint64_t denied);

/* Exchanges a code: NGX_DECLINED if it was before. */
ngx_int_t amzsync_sandbox_zone_spend(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, uint64_t nonce, int64_t expires);

/*
 * A token of the bucket of (client, seller, operation): NGX_OK, or NGX_BUSY.
 * The bucket that was idle longest makes room in a full zone.
 */
ngx_int_t amzsync_sandbox_zone_take(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, uint64_t bucket, double rate, ngx_uint_t burst,
    int64_t now);


#endif /* _AMZSYNC_SANDBOX_H_INCLUDED_ */
