
/*
 * Reports that were asked for: a bounded number of them, the newest, in the
 * zone, and what became of each.
 */


#ifndef _AMZSYNC_SANDBOX_REPORT_LIFE_H_INCLUDED_
#define _AMZSYNC_SANDBOX_REPORT_LIFE_H_INCLUDED_


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report.h>


#define AMZSYNC_SANDBOX_RETENTION     (90 * AMZSYNC_SANDBOX_REPORT_DAY)
#define AMZSYNC_SANDBOX_REPORTS_PAGE  100
#define AMZSYNC_SANDBOX_DOCUMENT_ID   64
#define AMZSYNC_SANDBOX_REASON        512


/* Bits of a filter by their number, too. */

typedef enum {
    AMZSYNC_SANDBOX_IN_QUEUE = 0,
    AMZSYNC_SANDBOX_IN_PROGRESS,
    AMZSYNC_SANDBOX_DONE,
    AMZSYNC_SANDBOX_REPORT_CANCELLED,
    AMZSYNC_SANDBOX_FATAL,
    AMZSYNC_SANDBOX_LIVES
} amzsync_sandbox_life_e;


/* How a report ends. */

typedef enum {
    AMZSYNC_SANDBOX_END_DONE = 0,
    AMZSYNC_SANDBOX_END_EMPTY,          /* CANCELLED: no data */
    AMZSYNC_SANDBOX_END_TOO_SOON,       /* CANCELLED */
    AMZSYNC_SANDBOX_END_CANCELLED,      /* by a fault */
    AMZSYNC_SANDBOX_END_SPAN,           /* FATAL: too long a time */
    AMZSYNC_SANDBOX_END_FATAL,          /* by a fault */
    AMZSYNC_SANDBOX_END_BARE            /* without a document */
} amzsync_sandbox_end_e;


typedef struct {
    uint64_t                 number;        /* 0: none */
    uint64_t                 before;        /* of the same sellers */
    uint64_t                 seller;        /* the view's key */
    int64_t                  created;
    int64_t                  from;
    int64_t                  to;
    int64_t                  span;          /* the longest that it may have */
    int64_t                  cancelled;     /* by hand, when; 0: not */
    int32_t                  takes;         /* milliseconds */
    uint16_t                 revision;
    uint8_t                  report;
    uint8_t                  marketplaces;  /* bits, of all participations */
    uint8_t                  end;
    uint8_t                  settled;       /* number is a settlement's */
} amzsync_sandbox_request_t;


/* A ring takes a quarter of the zone. */
ngx_int_t amzsync_sandbox_ring_init(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab);

/*
 * Numbers a request and keeps it, in place of the oldest; if its end is DONE,
 * but a like one was asked for less than "cooldown" milliseconds ago, it
 * becomes TOO_SOON.
 */
void amzsync_sandbox_ring_add(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, amzsync_sandbox_request_t *request,
    int64_t cooldown);

/* NGX_DECLINED if the seller has no such report, or has it no more. */
ngx_int_t amzsync_sandbox_ring_get(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, uint64_t seller, uint64_t number,
    amzsync_sandbox_request_t *request);

/* And NGX_ERROR if it is no more in the queue. */
ngx_int_t amzsync_sandbox_ring_cancel(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, uint64_t seller, uint64_t number, int64_t now);

/*
 * Calls "match" for the seller's reports, newest first, from number "from" on
 * (0: the newest), as long as it answers NGX_OK; at most so many that the zone
 * is not locked for long.  Answers the number to go on from, 0 at the end.
 */
typedef ngx_int_t (*amzsync_sandbox_ring_pt)(void *data,
    const amzsync_sandbox_request_t *request);

uint64_t amzsync_sandbox_ring_walk(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, uint64_t seller, uint64_t from,
    amzsync_sandbox_ring_pt match, void *data);


/* What a report is at a time, and as JSON. */

amzsync_sandbox_life_e amzsync_sandbox_life(
    const amzsync_sandbox_request_t *request, int64_t now);
ngx_uint_t amzsync_sandbox_documented(
    const amzsync_sandbox_request_t *request, int64_t now);
void amzsync_sandbox_request_json(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_request_t *request, int64_t now, ngx_uint_t spoil);

/* A text, or what a fault makes of it. */
void amzsync_sandbox_spoilt(amzsync_sandbox_out_t *out, const char *key,
    const char *s, ngx_uint_t spoil);

extern const char *const  amzsync_sandbox_lives[AMZSYNC_SANDBOX_LIVES];

/* A settlement as if it had been asked for; NGX_DECLINED for no such one. */
ngx_int_t amzsync_sandbox_settlement_request(
    const amzsync_sandbox_view_t *view, uint64_t n, int64_t now,
    amzsync_sandbox_request_t *request);

/* The report of an id in a path, created or settled; NGX_DECLINED. */
ngx_int_t amzsync_sandbox_request_find(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const amzsync_sandbox_view_t *view,
    const ngx_str_t *id, int64_t now, amzsync_sandbox_request_t *request);

/* And of a document's id; and both ids, of DOCUMENT_ID bytes at most. */
ngx_int_t amzsync_sandbox_document_find(amzsync_sandbox_zone_t *zone,
    ngx_slab_pool_t *slab, const amzsync_sandbox_view_t *view,
    const ngx_str_t *id, int64_t now, amzsync_sandbox_request_t *request);
void amzsync_sandbox_request_id(const amzsync_sandbox_request_t *request,
    char *id);
void amzsync_sandbox_document_id(const amzsync_sandbox_request_t *request,
    char *id);

/* Why a report is FATAL, in words: the whole document. */
size_t amzsync_sandbox_reason(const amzsync_sandbox_request_t *request,
    u_char *buf);


/* A createReport that was checked, but for what its data say. */

typedef struct {
    ngx_uint_t               report;
    ngx_uint_t               marketplaces;
    int64_t                  from;
    int64_t                  to;
} amzsync_sandbox_create_t;


/* Texts of the body, NULL where there are none; NGX_ERROR and "details". */
ngx_int_t amzsync_sandbox_create_type(amzsync_sandbox_create_t *create,
    const ngx_str_t *type, const char **details);
ngx_int_t amzsync_sandbox_create_times(amzsync_sandbox_create_t *create,
    const ngx_str_t *from, const ngx_str_t *to, int64_t now,
    const char **details);


/* getReports. */

typedef struct {
    uint64_t                 seller;
    uint64_t                 number;        /* of the ring, to go on from */
    int64_t                  settlement;    /* likewise, below 0 at the end */
    int64_t                  since;
    int64_t                  until;
    uint32_t                 types;         /* bits */
    uint32_t                 lives;         /* bits; 0: all */
    uint32_t                 marketplaces;
    uint32_t                 size;
} amzsync_sandbox_listing_t;


typedef struct {
    amzsync_sandbox_listing_t   listing;
    int64_t                     now;
    ngx_uint_t                  spoil;
    ngx_uint_t                  same_token;
    ngx_uint_t                  count;
    amzsync_sandbox_request_t   requests[AMZSYNC_SANDBOX_REPORTS_PAGE];
    size_t                      token_len;      /* 0: the last page */
    u_char                      token[AMZSYNC_SANDBOX_TOKEN_MAX];
} amzsync_sandbox_reports_t;


/* As amzsync_sandbox_search_parse(); a token brings all of it. */
ngx_int_t amzsync_sandbox_listing_parse(amzsync_sandbox_listing_t *listing,
    const amzsync_sandbox_keys_t *keys, uint64_t seller,
    const ngx_str_t *args, u_char *buf, int64_t now, const char **details);

ngx_int_t amzsync_sandbox_reports_list(amzsync_sandbox_reports_t *reports,
    amzsync_sandbox_zone_t *zone, ngx_slab_pool_t *slab,
    const amzsync_sandbox_keys_t *keys, const amzsync_sandbox_view_t *view);
void amzsync_sandbox_reports_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_reports_t *reports);


/* Where a document lies: signed, and for a time. */

typedef struct {
    amzsync_sandbox_request_t   request;
    int64_t                     expires;        /* seconds */
    uint8_t                     gzip;
    uint8_t                     encoded;        /* by Content-Encoding */
    uint8_t                     len;
    u_char                      seller[AMZSYNC_SELLER_MAX];
} amzsync_sandbox_address_t;


size_t amzsync_sandbox_address_make(const amzsync_sandbox_keys_t *keys,
    const amzsync_sandbox_address_t *address, u_char *out);

/* NGX_DECLINED: expired, NGX_ERROR: not ours. */
ngx_int_t amzsync_sandbox_address_open(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *token, time_t now, amzsync_sandbox_address_t *address);

size_t amzsync_sandbox_listing_make(const amzsync_sandbox_keys_t *keys,
    const amzsync_sandbox_listing_t *listing, u_char *out);
ngx_int_t amzsync_sandbox_listing_open(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *token, amzsync_sandbox_listing_t *listing);


#endif /* _AMZSYNC_SANDBOX_REPORT_LIFE_H_INCLUDED_ */
