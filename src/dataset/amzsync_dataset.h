
/*
 * What a dataset is.
 *
 * A descriptor says which operation to call, how its request is built, how
 * fast, where the rows stand in the answer and in which column of which table
 * each value ends.  The page reader (spapi), the upsert statement (store), the
 * windows, quotas and progress (sync) read it; nothing else knows a dataset by
 * name.  All descriptors are constants: any thread may read them.
 */


#ifndef _AMZSYNC_DATASET_H_INCLUDED_
#define _AMZSYNC_DATASET_H_INCLUDED_


#include <base/amzsync_base.h>


/* Amazon's operations, each with a quota of its own. */

typedef enum {
    AMZSYNC_GET_PARTICIPATIONS = 0,
    AMZSYNC_SEARCH_ORDERS,
    AMZSYNC_GET_INVENTORY,
    AMZSYNC_LIST_TRANSACTIONS,
    AMZSYNC_CREATE_REPORT,
    AMZSYNC_GET_REPORTS,
    AMZSYNC_GET_REPORT,
    AMZSYNC_GET_REPORT_DOCUMENT,
    AMZSYNC_GET_SHIPMENTS,
    AMZSYNC_GET_ITEMS_OF_SHIPMENT,
    AMZSYNC_GET_ITEMS,
    AMZSYNC_OPERATIONS
} amzsync_operation_e;


typedef struct {
    const char          *name;      /* Amazon's, the quota's key */
    double               rate;      /* calls a second, as the models say */
    ngx_uint_t           burst;
} amzsync_operation_t;


extern const amzsync_operation_t  amzsync_operations[AMZSYNC_OPERATIONS];


/*
 * The type of a column.  The page reader checks a value's form, so that a page
 * that was read cannot be refused by PostgreSQL:
 *
 *   TEXT       string; a number's digits, true or false as they stand
 *   NUMERIC    number, or a string of a number's form; at most 1000 digits
 *              either side of the point after the exponent is applied
 *   BIGINT     integral number, or a string of one, within 64 bits
 *   TIME       string of RFC 3339's form, years 0001 to 9999
 *   BOOLEAN    true, false, or a string "true" or "false"
 *   JSON       any value, its text as it stands; stored as jsonb
 *   DATE       of reports only: a day
 *   ENUM       of reports only: words, "PartiallyShipped" as the constants of
 *              operations are, "PARTIALLY_SHIPPED"; stored as text
 *
 * null, an absent member and, for all but TEXT and JSON, the empty string are
 * NULL.  Anything else makes the page malformed.
 */

typedef enum {
    AMZSYNC_TEXT = 0,
    AMZSYNC_NUMERIC,
    AMZSYNC_BIGINT,
    AMZSYNC_TIME,
    AMZSYNC_BOOLEAN,
    AMZSYNC_JSON,
    AMZSYNC_DATE,
    AMZSYNC_ENUM
} amzsync_type_e;


#define AMZSYNC_COLUMN_KEY      0x01    /* part of the key; never NULL, at
                                           most AMZSYNC_KEY_MAX bytes */
#define AMZSYNC_COLUMN_NEWEST   0x02    /* orders two versions of a row */
#define AMZSYNC_COLUMN_REQUIRED 0x04    /* NULL makes the page, or report,
                                           malformed */
#define AMZSYNC_COLUMN_OPTIONAL 0x08    /* of a key: NULL is stored as '' */
#define AMZSYNC_COLUMN_ID       0x10    /* the whole key of a row that has it,
                                           see below */
#define AMZSYNC_COLUMN_HASHED   0x20    /* takes part in the key of others */
#define AMZSYNC_COLUMN_LINE     0x40    /* of a report: the line's number */
#define AMZSYNC_COLUMN_EXTRA    0x80    /* of a report: an object of what no
                                           other column takes */
#define AMZSYNC_COLUMN_TRACKED  0x100   /* of rows, not of children: each
                                           change of its value is logged in
                                           amzsync.changes; the table has the
                                           column changed_from */
#define AMZSYNC_COLUMN_COMMA    0x200   /* of a report: a number may have a
                                           comma for a point, "1141,18" */
#define AMZSYNC_COLUMN_DAY      0x400   /* of a report: the day that a line is
                                           of.  Such a report has all days that
                                           its range touches, in a time zone of
                                           Amazon's: a window asks for more, and
                                           takes the lines of its days */

#define AMZSYNC_KEY_MAX         256     /* all keys must fit an index row */
#define AMZSYNC_PATH_DEPTH      6
#define AMZSYNC_COLUMNS_MAX     48


typedef struct {
    const char          *name;      /* the column in the table */
    const char          *path;      /* members from the row, "a.b.c" */
    amzsync_type_e       type;
    ngx_uint_t           flags;
} amzsync_column_t;


/*
 * Rows of one kind: objects in an array.  The table's primary key is user_id,
 * selling_partner_id, region, then marketplace_id if each marketplace has
 * rows of its own, or the key of what an EACH unit is of, then, for children,
 * the parent's KEY columns under the parent's names, then the KEY columns here.
 *
 * Rows with an ID column have the columns row_key and ordinal for a key: the
 * id and 1, or, for a row without an id, a hash of its HASHED columns, which
 * must never change, and its number among those of the same hash.  A row that
 * comes with an id takes the place of one that came without it.
 */

typedef struct amzsync_rowset_s  amzsync_rowset_t;

struct amzsync_rowset_s {
    const char              *table;     /* in schema amzsync */
    const char              *path;      /* the array, from the answer's top or
                                           from the parent's row */
    const amzsync_column_t  *columns;
    ngx_uint_t               ncolumns;
    const amzsync_rowset_t  *child;     /* or NULL; at most one level */
};


/*
 * Query parameters of a request.  A value is a constant, or what the machinery
 * fills in.  Parameters without a value (no token yet) are left out.
 */

typedef enum {
    AMZSYNC_PARAM_CONST = 0,        /* .value as it stands */
    AMZSYNC_PARAM_FROM,             /* begin of the window, RFC 3339 */
    AMZSYNC_PARAM_TO,               /* end of the window */
    AMZSYNC_PARAM_TOKEN,            /* the next token, as Amazon gave it */
    AMZSYNC_PARAM_MARKETPLACES,     /* the unit's, comma separated */
    AMZSYNC_PARAM_PAGE_SIZE         /* at most .page_size rows */
} amzsync_param_e;


/* With a kind: for the first page only, and only for those that follow. */
#define AMZSYNC_PARAM_FIRST     0x10
#define AMZSYNC_PARAM_NEXT      0x20
#define AMZSYNC_PARAM_KIND      0x0f


typedef struct {
    const char          *name;
    ngx_uint_t           kind;      /* amzsync_param_e, and when */
    const char          *value;
} amzsync_param_t;


/*
 * What one chain of pages covers.  A dataset's work in a sync is one unit or
 * more, each with windows of its own.
 */

typedef enum {
    AMZSYNC_UNIT_SELLER = 0,        /* the seller; no marketplace is named */
    AMZSYNC_UNIT_MARKETPLACES,      /* all marketplaces that stand at the same
                                       place, in one call */
    AMZSYNC_UNIT_REGION,            /* all marketplaces, from the place of the
                                       last of them: whichever are named, the
                                       rows are those of the region */
    AMZSYNC_UNIT_MARKETPLACE,       /* one marketplace, which is part of the
                                       key of its rows */
    AMZSYNC_UNIT_NAMED_MARKETPLACE, /* one marketplace, which its rows name in
                                       a column that is not part of the key */
    AMZSYNC_UNIT_EACH               /* one row of another dataset */
} amzsync_unit_e;


/*
 * A dataset that is read anew for rows of another one, each of them a unit: a
 * snapshot of what belongs to that row, with its key as part of the key of all
 * rows, after the region.  It waits for the other dataset of the same sync.
 *
 * Read are the rows that are open, and those that were not read since their
 * status changed.  The other dataset's table has the column "read", for the
 * status at which that was done last, and its rows name their marketplace.
 */

typedef struct {
    const char          *dataset;
    const char          *table;
    const char          *key;       /* a column; "{id}" in the path */
    const char          *status;    /* another */
    const char          *closed;    /* statuses that are final, in SQL */
    const char          *read;

    const char          *next_path; /* where pages with a token are */
    amzsync_operation_e  next_operation;
} amzsync_each_t;


/*
 * A dataset whose rows come in reports: text, a line a row, with tabs between
 * the fields and their names in the first line.  Then path, params and
 * token_path are unused; a column's path is its name in that line, or several,
 * separated by '|', where letters' case and what is between words do not
 * matter.  A document that has none of these names is no report.  A value that
 * has not the form of its column's type is no reason to refuse a report of
 * years: it is kept in the EXTRA column.
 *
 * The table, of the name of the rowset with "_rows" behind it, keeps whole
 * loads of windows: its key is user_id, selling_partner_id, region,
 * load_sync_no, load_step and the line's number.  The view of the rowset's name
 * shows those that amzsync.coverage knows as done.
 */

typedef struct {
    const char          *type;          /* Amazon's reportType */
    const char          *options;       /* reportOptions, or NULL */
    time_t               cooldown;      /* seconds; one that is younger is
                                           taken, not made again */
    ngx_uint_t           listed;        /* Amazon makes them by itself, each
                                           with a time of its own: they are
                                           listed by when they were made */

    /* Of a report in place of calls: fields that its EXTRA column keeps, by
     * '|', as others may be about people, and none of a line whose fields are
     * not as many as their names; and how many seconds up to now are left to
     * calls. */
    const char              *kept;          /* NULL: all */
    time_t                   tail;
} amzsync_report_t;


/*
 * A snapshot has no cursor: each sync reads all there is, and what it does not
 * see is deleted.  Its table has the columns scan_sync_no and scan_page, which
 * name the scan that saw a row last: by the sync and its step, page of
 * sync_datasets, at which the scan began.  A table of rows with an ID column
 * has them too, to number rows across pages.
 */

#define AMZSYNC_DATASET_SNAPSHOT    0x01
#define AMZSYNC_DATASET_SPARSE      0x02    /* no array of rows in its object:
                                               no rows */
#define AMZSYNC_DATASET_MARKETS     0x04    /* its rows are the marketplaces
                                               that others may wait for */
#define AMZSYNC_DATASET_NAMED       0x08    /* synced only where it is named */


typedef struct amzsync_dataset_s  amzsync_dataset_t;

struct amzsync_dataset_s {
    const char              *name;          /* in the API and in tables */
    const char              *message;       /* for people, while it runs */
    amzsync_operation_e      operation;
    const char              *path;          /* of the URL, from '/'; {id} is
                                               the row's of an EACH unit */
    const amzsync_param_t   *params;
    ngx_uint_t               nparams;
    ngx_uint_t               page_size;     /* rows a page, Amazon's most; 0:
                                               Amazon alone decides */
    amzsync_unit_e           unit;
    ngx_uint_t               flags;

    /* Seconds. */
    time_t                   history;       /* how far back a first sync goes */
    time_t                   overlap;       /* a later one, before the last */
    time_t                   window;        /* longest window; 0: no limit */
    time_t                   delay;         /* end of a window before now */
    time_t                   token_ttl;     /* life of a next token; 0: longer
                                               than any sync rests */

    const char              *token_path;    /* next token in the answer */
    const amzsync_rowset_t  *rows;

    /*
     * Rows of this value in this column will change without being new: the
     * days that they are of, by a TIME column, are read again until then.
     */
    const char              *open_column;   /* or NULL */
    const char              *open_value;
    const char              *open_time;

    const amzsync_report_t  *report;        /* or NULL */
    const amzsync_each_t    *each;          /* of EACH units, or NULL */

    /* The report in place of calls, where these would take too long. */
    const amzsync_dataset_t *instead;       /* or NULL */
};


/* All datasets, in the order of the status answer; "n" of them. */
extern const amzsync_dataset_t *const  amzsync_datasets[];
extern const ngx_uint_t                amzsync_ndatasets;

/* One by name, or NULL; a report in place of calls is none of its own. */
const amzsync_dataset_t *amzsync_dataset_find(const u_char *p, size_t len);

/* Its place among them; that of its dataset for a report in place of calls. */
ngx_uint_t amzsync_dataset_index(const amzsync_dataset_t *dataset);


/*
 * Decoded rows: for every column one PostgreSQL array in binary form, ready to
 * be a statement's parameter: nothing has to be quoted here or parsed there.
 * The children of a page stand together; "parent" holds, for each child, the
 * 1-based number of its row among the parents.  malloc()ed: made in a thread,
 * read in the event loop, freed by amzsync_rows_free().
 */

typedef struct {
    u_char                  *start;
    u_char                  *last;
    u_char                  *end;
    uint32_t                 oid;           /* of the elements' type */
} amzsync_array_t;


/*
 * A number as PostgreSQL has it: digits of base 10000, the first of them times
 * 10000 to the power of "weight", and how many decimal ones are shown behind
 * the point.  AMZSYNC_NUMERIC_DIGITS are enough for 1000 decimal digits either
 * side of it.
 */

#define AMZSYNC_NUMERIC_BASE    10000
#define AMZSYNC_NUMERIC_DIGITS  (2 * 1000 / 4)

typedef struct {
    ngx_uint_t               ndigits;       /* 0: the value is 0 */
    ngx_int_t                weight;
    ngx_uint_t               scale;
    unsigned                 negative:1;
    uint16_t                 digits[AMZSYNC_NUMERIC_DIGITS];
} amzsync_numeric_t;


typedef struct amzsync_rows_s  amzsync_rows_t;

struct amzsync_rows_s {
    const amzsync_rowset_t  *rowset;
    ngx_uint_t               nrows;
    ngx_uint_t               ngroups;       /* of a report in place of calls:
                                               rows that its lines are of */
    amzsync_array_t          columns[AMZSYNC_COLUMNS_MAX];
    amzsync_array_t          parent;        /* children only */
    amzsync_rows_t          *child;         /* or NULL */
};


amzsync_rows_t *amzsync_rows_create(const amzsync_rowset_t *rowset);
void amzsync_rows_free(amzsync_rows_t *rows);

/*
 * Building.  Values are appended column by column, each by the function of the
 * column's type: texts to columns of TEXT, ENUM and JSON, integers to those of
 * BIGINT and to "parent", times in microseconds and dates in days since
 * 1970-01-01.  A row whose columns all have their value is counted by the
 * caller in "nrows".  NGX_ERROR: no memory.
 */
ngx_int_t amzsync_array_text(amzsync_array_t *array, const u_char *p,
    size_t len);
ngx_int_t amzsync_array_numeric(amzsync_array_t *array,
    const amzsync_numeric_t *n);
ngx_int_t amzsync_array_bigint(amzsync_array_t *array, int64_t n);
ngx_int_t amzsync_array_time(amzsync_array_t *array, int64_t us);
ngx_int_t amzsync_array_boolean(amzsync_array_t *array, ngx_uint_t yes);
ngx_int_t amzsync_array_date(amzsync_array_t *array, int64_t day);
ngx_int_t amzsync_array_null(amzsync_array_t *array);

/* Where the arrays end now, the children's too, and back to it: rows that a
 * later duplicate of their array replaces. */
#define AMZSYNC_MARK_SIZE       (2 * (AMZSYNC_COLUMNS_MAX + 2))

void amzsync_rows_mark(const amzsync_rows_t *rows, size_t *mark);
void amzsync_rows_reset(amzsync_rows_t *rows, const size_t *mark);

/* The least and the greatest of "n" times, none of them NULL and n not 0, in
 * milliseconds. */
void amzsync_array_times(const amzsync_array_t *array, ngx_uint_t n,
    int64_t *least, int64_t *most);

/* Ends all arrays, those of the child too: nothing may be appended then. */
void amzsync_rows_finish(amzsync_rows_t *rows);


#endif /* _AMZSYNC_DATASET_H_INCLUDED_ */
