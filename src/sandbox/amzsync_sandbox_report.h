
/*
 * What is in Amazon's reports: tables of a seller, each described by its
 * columns, a file a subject.
 *
 * Rows are in the order of their dates.  Those of revision 0 lie in the 540
 * days before "until"; a revision adds rows at its time, shows some that were
 * late, and changes some of the last days.
 */


#ifndef _AMZSYNC_SANDBOX_REPORT_H_INCLUDED_
#define _AMZSYNC_SANDBOX_REPORT_H_INCLUDED_


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>


#define AMZSYNC_SANDBOX_REPORT_ROOM     4096            /* for a line */
#define AMZSYNC_SANDBOX_REPORT_DAY      ((int64_t) 24 * 3600 * 1000)
#define AMZSYNC_SANDBOX_REPORT_DAYS     540
#define AMZSYNC_SANDBOX_REPORT_ZONE     ((int64_t) 8 * 3600 * 1000)
#define AMZSYNC_SANDBOX_REPORT_PERIOD   14      /* days of a settlement */
#define AMZSYNC_SANDBOX_REPORT_NUMBERS  16
#define AMZSYNC_SANDBOX_REPORT_CELL     512

#define AMZSYNC_SANDBOX_REPORT_NONE     INT64_MIN       /* no such number */


/* How a cell is written.  The truth has its own, one way for each type. */

typedef enum {
    AMZSYNC_SANDBOX_FORM_TEXT = 0,
    AMZSYNC_SANDBOX_FORM_INT,
    AMZSYNC_SANDBOX_FORM_AMOUNT,        /* ten-thousandths */
    AMZSYNC_SANDBOX_FORM_TIME,          /* 2026-01-31T10:00:00+00:00 */
    AMZSYNC_SANDBOX_FORM_ZONED,         /* 2026-01-31T10:00:00+0000 */
    AMZSYNC_SANDBOX_FORM_UTC,           /* 2026-01-31 10:00:00 UTC */
    AMZSYNC_SANDBOX_FORM_DAY,           /* 2026-01-31 */
    AMZSYNC_SANDBOX_FORM_US_DAY,        /* 01/31/2026 */
    AMZSYNC_SANDBOX_FORM_EXTRA          /* a column that nobody knows: its
                                           truth is a member of an object */
} amzsync_sandbox_form_e;


typedef struct {
    ngx_str_t                         text;
    int64_t                           n;        /* or a time */
    unsigned                          there:1;
    u_char                            buf[AMZSYNC_SANDBOX_REPORT_CELL];
} amzsync_sandbox_report_cell_t;


typedef struct amzsync_sandbox_report_s         amzsync_sandbox_report_t;
typedef struct amzsync_sandbox_report_column_s  amzsync_sandbox_report_column_t;


/* A row, on its way to a line. */

typedef struct {
    const amzsync_sandbox_report_t   *report;
    const amzsync_sandbox_view_t     *view;
    uint64_t                          row;
    uint64_t                          content;  /* the row that it is a copy
                                                   of, or itself */
    uint64_t                          hash;     /* of the content */
    uint64_t                          parent;   /* the row whose id it has */
    uint64_t                          product;
    int64_t                           date;
    ngx_uint_t                        revision; /* that added it, or 0 */
    ngx_uint_t                        touches;
    ngx_uint_t                        marketplace;
    int64_t                           n[AMZSYNC_SANDBOX_REPORT_NUMBERS];

    const amzsync_sandbox_order_t    *order;    /* of report_orders */
    const amzsync_sandbox_item_t     *item;
} amzsync_sandbox_report_row_t;


/* Fills a cell; one that is left alone is empty. */
typedef void (*amzsync_sandbox_report_get_pt)(
    const amzsync_sandbox_report_row_t *row,
    const amzsync_sandbox_report_column_t *column,
    amzsync_sandbox_report_cell_t *cell);


struct amzsync_sandbox_report_column_s {
    const char                       *header;   /* Amazon's */
    const char                       *name;     /* the truth's; NULL: not in
                                                   it */
    amzsync_sandbox_form_e            form;
    amzsync_sandbox_report_get_pt     get;
    const void                       *data;     /* of the getter, */
    int64_t                           arg;      /* and so is this */
};


#define AMZSYNC_SANDBOX_REPORT_COLUMNS(columns)                               \
    columns, sizeof(columns) / sizeof(columns[0])


#define AMZSYNC_SANDBOX_REPORT_REGIONAL  0x01   /* has no marketplace */
#define AMZSYNC_SANDBOX_REPORT_COPIES    0x02   /* a row may be there twice */
#define AMZSYNC_SANDBOX_REPORT_MOVES     0x04   /* a revision gives rows a new
                                                   date, and place */
#define AMZSYNC_SANDBOX_REPORT_DRIFTS    0x08   /* or a date near the old one */
#define AMZSYNC_SANDBOX_REPORT_DAILY     0x10   /* dates are days */
#define AMZSYNC_SANDBOX_REPORT_LISTED    0x20   /* Amazon makes it unasked */
#define AMZSYNC_SANDBOX_REPORT_ORDERS    0x40   /* of the seller's orders */
#define AMZSYNC_SANDBOX_REPORT_WHOLE     0x80   /* has all days that its range
                                                   touches, and they begin eight
                                                   hours later than in UTC */


struct amzsync_sandbox_report_s {
    const char                       *type;
    const char                       *table;    /* of the truth */
    ngx_uint_t                        flags;
    time_t                            cooldown; /* seconds; 0: none */
    uint64_t                          pairs;    /* of so many rows one belongs
                                                   to the row before; 0: none */
    const amzsync_sandbox_report_column_t
                                     *columns;
    ngx_uint_t                        ncolumns;
    void                            (*fill)(amzsync_sandbox_report_row_t *row);
                                                /* numbers; may be NULL */
};


extern const amzsync_sandbox_report_t  amzsync_sandbox_returns;
extern const amzsync_sandbox_report_t  amzsync_sandbox_reimbursements;
extern const amzsync_sandbox_report_t  amzsync_sandbox_ledger_detail;
extern const amzsync_sandbox_report_t  amzsync_sandbox_ledger_summary;
extern const amzsync_sandbox_report_t  amzsync_sandbox_removal_orders;
extern const amzsync_sandbox_report_t  amzsync_sandbox_removal_shipments;
extern const amzsync_sandbox_report_t  amzsync_sandbox_replacements;
extern const amzsync_sandbox_report_t  amzsync_sandbox_settlements;
extern const amzsync_sandbox_report_t  amzsync_sandbox_report_orders;

/* In the order of amzsync_sandbox_report_e. */
extern const amzsync_sandbox_report_t
    *const amzsync_sandbox_reports[AMZSYNC_SANDBOX_REPORTS];

/* The number of a report by its type, or NGX_DECLINED. */
ngx_int_t amzsync_sandbox_report_find(const ngx_str_t *type);


/* Rows of a report that is a table of its own. */

uint64_t amzsync_sandbox_report_rows(const amzsync_sandbox_view_t *view,
    ngx_uint_t report);

/* 0 if there is no row at a number. */
ngx_uint_t amzsync_sandbox_report_head(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, uint64_t number, amzsync_sandbox_report_row_t *row);

/* The first row of a date, or later. */
uint64_t amzsync_sandbox_report_seek(const amzsync_sandbox_view_t *view,
    ngx_uint_t report, int64_t time);


/*
 * Settlements: 14 days each, and one that each revision adds.  They are
 * published a little after their end; the last days have none yet.
 */

ngx_uint_t amzsync_sandbox_settlement_count(
    const amzsync_sandbox_view_t *view);
int64_t amzsync_sandbox_settlement_begin(const amzsync_sandbox_view_t *view,
    ngx_uint_t n);
int64_t amzsync_sandbox_settlement_end(const amzsync_sandbox_view_t *view,
    ngx_uint_t n);
int64_t amzsync_sandbox_settlement_published(
    const amzsync_sandbox_view_t *view, ngx_uint_t n);
void amzsync_sandbox_settlement_rows(const amzsync_sandbox_view_t *view,
    ngx_uint_t n, uint64_t *from, uint64_t *to);


/* Getters of cells. */

/* A number below n; fields below 0x200 are those of columns. */
uint64_t amzsync_sandbox_report_pick(const amzsync_sandbox_report_row_t *row,
    uint64_t field, uint64_t n);

#define amzsync_sandbox_report_get(name)                                      \
    void amzsync_sandbox_get_##name(const amzsync_sandbox_report_row_t *row,  \
        const amzsync_sandbox_report_column_t *column,                        \
        amzsync_sandbox_report_cell_t *cell)

/* One text of a list that ends with NULL, an empty one for none; with "arg"
 * another one after each change. */
amzsync_sandbox_report_get(list);
/* A text of a list by the number "arg" of the row. */
amzsync_sandbox_report_get(word);
amzsync_sandbox_report_get(constant);
amzsync_sandbox_report_get(sku);
amzsync_sandbox_report_get(fnsku);
amzsync_sandbox_report_get(asin);
amzsync_sandbox_report_get(title);
/* An order of the seller's; with "arg" in as many rows, none. */
amzsync_sandbox_report_get(order);
/* A number of the row, by "arg". */
amzsync_sandbox_report_get(number);
/* The prefix in "data", and digits of the row's own, or its parent's. */
amzsync_sandbox_report_get(id);
/* The row's date, less up to "arg" days. */
amzsync_sandbox_report_get(date);
amzsync_sandbox_report_get(center);
amzsync_sandbox_report_get(country);
amzsync_sandbox_report_get(currency);

void amzsync_sandbox_report_text(amzsync_sandbox_report_cell_t *cell,
    const void *p, size_t len);
void amzsync_sandbox_report_cstr(amzsync_sandbox_report_cell_t *cell,
    const char *s);
void amzsync_sandbox_report_number(amzsync_sandbox_report_cell_t *cell,
    int64_t n);


/* Charsets that reports come in. */

typedef enum {
    AMZSYNC_SANDBOX_UTF8 = 0,
    AMZSYNC_SANDBOX_CP1252,
    AMZSYNC_SANDBOX_CP932
} amzsync_sandbox_charset_e;


/*
 * A text as a report can have it: without separators, and '?' for what the
 * charset does not have.  The truth has it in UTF-8.
 */
void amzsync_sandbox_charset_text(amzsync_sandbox_out_t *out,
    const ngx_str_t *text, amzsync_sandbox_charset_e charset,
    ngx_uint_t truth);


/* Lines, one after the other: a report's, or its truth's. */

typedef struct {
    amzsync_sandbox_view_t            view;
    ngx_uint_t                        report;
    ngx_uint_t                        marketplaces; /* bits */
    int64_t                           from;
    int64_t                           to;           /* not included */
    ngx_uint_t                        settlement;   /* or all, if settled */
    amzsync_sandbox_charset_e         charset;
    ngx_uint_t                        spoil;        /* of a report */

    uint64_t                          pos;
    uint64_t                          end;
    ngx_uint_t                        at;           /* item of an order */

    unsigned                          settled:1;
    unsigned                          truth:1;
    unsigned                          started:1;
    amzsync_sandbox_order_t           order;
} amzsync_sandbox_report_lines_t;


/* After the members down to "spoil", "settled" and "truth". */
void amzsync_sandbox_report_start(amzsync_sandbox_report_lines_t *lines);

/* NGX_AGAIN: more in another turn; NGX_DONE; NGX_ERROR. */
ngx_int_t amzsync_sandbox_report_run(amzsync_sandbox_report_lines_t *lines,
    amzsync_sandbox_out_t *out);

/* Whether there is a line at all. */
ngx_uint_t amzsync_sandbox_report_any(amzsync_sandbox_report_lines_t *lines);


#endif /* _AMZSYNC_SANDBOX_REPORT_H_INCLUDED_ */
