
/*
 * A slice of a report: so many lines from a place in its file, as rows.
 *
 * The first line names the fields.  It is read again for each slice, which so
 * depends on nothing but the file and the place.
 */


#include <spapi/amzsync_spapi_report.h>
#include <spapi/amzsync_spapi_field.h>
#include <base/amzsync_text.h>
#include <base/amzsync_time.h>


#define AMZSYNC_SLICE_BUFFER   1048576
#define AMZSYNC_SLICE_FIELDS   256
#define AMZSYNC_SLICE_NAME     512      /* of a field, as extra has it */
#define AMZSYNC_SLICE_NONE     ((ngx_uint_t) -1)
#define AMZSYNC_SLICE_UNKEPT   ((ngx_uint_t) -2)


typedef struct {
    const u_char            *p;
    size_t                   len;
} amzsync_slice_field_t;


typedef struct {
    const amzsync_column_t  *columns;
    ngx_uint_t               ncolumns;

    /* Of each field of a line: its name, and its column, NONE or UNKEPT. */
    u_char                  *names;
    amzsync_slice_field_t    header[AMZSYNC_SLICE_FIELDS];
    ngx_uint_t               column[AMZSYNC_SLICE_FIELDS];
    ngx_uint_t               nheader;
    ngx_uint_t               quoted;    /* some are, and so may be the rest */
    ngx_uint_t               chosen;    /* some alone are kept in extra */

    amzsync_slice_field_t    fields[AMZSYNC_SLICE_FIELDS];
    ngx_uint_t               nfields;
    ngx_uint_t               field[AMZSYNC_COLUMNS_MAX];    /* of a column */

    /* The column that tells which row the line is of, or NONE; of the line
     * before. */
    ngx_uint_t               key;
    u_char                   before[AMZSYNC_KEY_MAX];
    size_t                   nbefore;

    /* The column of a line's day, or NONE; days begin from "from" on, and
     * before "to". */
    ngx_uint_t               day;
    int64_t                  from;
    int64_t                  to;

    /* Where its lines began. */
    size_t                   mark[AMZSYNC_MARK_SIZE];
    off_t                    mark_offset;
    int64_t                  mark_lines;

    amzsync_json_t           extra;
    u_char                   json[4096];
    ngx_uint_t               nextra;

    u_char                   buf[AMZSYNC_SLICE_BUFFER + 1];
} amzsync_slice_t;


static ngx_int_t amzsync_slice_header(amzsync_slice_t *s,
    amzsync_spapi_report_t *call, off_t *offset);
static ngx_uint_t amzsync_slice_columns(amzsync_slice_t *s,
    const char *kept);
static ngx_int_t amzsync_slice_rows(amzsync_slice_t *s,
    amzsync_spapi_report_t *call);
static ngx_int_t amzsync_slice_line(amzsync_slice_t *s,
    amzsync_spapi_report_t *call);
static void amzsync_slice_days(amzsync_slice_t *s,
    const amzsync_spapi_report_t *call);
static ngx_uint_t amzsync_slice_taken(amzsync_slice_t *s);
static ngx_uint_t amzsync_slice_full(amzsync_slice_t *s,
    amzsync_spapi_report_t *call);
static void amzsync_slice_back(amzsync_slice_t *s,
    amzsync_spapi_report_t *call);
static ngx_int_t amzsync_slice_row(amzsync_slice_t *s, amzsync_rows_t *rows,
    int64_t line);
static ngx_int_t amzsync_slice_value(amzsync_slice_t *s, amzsync_rows_t *rows,
    ngx_uint_t i);
static ngx_int_t amzsync_slice_null(amzsync_slice_t *s, amzsync_rows_t *rows,
    ngx_uint_t i);
static ngx_int_t amzsync_slice_extra(amzsync_slice_t *s,
    amzsync_array_t *array);
static void amzsync_slice_more(amzsync_slice_t *s, ngx_uint_t field);
static ngx_uint_t amzsync_slice_split(amzsync_slice_t *s, u_char *p,
    u_char *end);
static u_char *amzsync_slice_unquote(amzsync_slice_field_t *f, u_char *p,
    u_char *end);
static ssize_t amzsync_slice_load(amzsync_slice_t *s,
    amzsync_spapi_report_t *call, off_t offset);
static ngx_int_t amzsync_slice_malformed(amzsync_spapi_report_t *call,
    const char *fmt, int64_t line);


void
amzsync_report_read(amzsync_spapi_report_t *call)
{
    off_t             offset;
    ngx_int_t         rc;
    amzsync_slice_t  *s;

    s = malloc(sizeof(amzsync_slice_t));
    call->rows = amzsync_rows_create(call->dataset->rows);

    rc = NGX_ERROR;
    offset = 0;

    if (s != NULL && call->rows != NULL) {
        s->columns = call->dataset->rows->columns;
        s->ncolumns = call->dataset->rows->ncolumns;
        s->names = NULL;

        amzsync_slice_days(s, call);

        rc = amzsync_slice_header(s, call, &offset);

        if (rc == NGX_OK) {
            call->offset = ngx_max(call->offset, offset);
            rc = amzsync_slice_rows(s, call);
        }

        if (rc == NGX_OK) {
            amzsync_rows_finish(call->rows);
        }

        free(s->names);
    }

    free(s);

    if (rc == NGX_OK) {
        call->outcome.verdict = AMZSYNC_SPAPI_OK;
        return;
    }

    amzsync_rows_free(call->rows);
    call->rows = NULL;

    if (rc == NGX_ERROR) {
        call->outcome.verdict = AMZSYNC_SPAPI_RETRY;
        amzsync_error_set(&call->outcome.error, "internal_error",
                          "Out of memory", sizeof("Out of memory") - 1, NULL);
    }
}


/* Which field is which column; and where the lines after it begin. */

static ngx_int_t
amzsync_slice_header(amzsync_slice_t *s, amzsync_spapi_report_t *call,
    off_t *offset)
{
    u_char      *p, *end;
    ssize_t      n;

    n = amzsync_slice_load(s, call, 0);
    if (n < 0) {
        return NGX_DECLINED;
    }

    end = ngx_strlchr(s->buf, s->buf + n, LF);

    if (end == NULL) {

        if (call->spool->size > n) {
            return amzsync_slice_malformed(call, "The names of the fields "
                                           "are too long", 0);
        }

        end = s->buf + n;
    }

    *offset = ngx_min(end - s->buf + 1, n);

    p = s->buf;

    if (end - p >= 3 && ngx_memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }

    n = end - p;

    s->names = malloc(n + 1);
    if (s->names == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(s->names, p, n);

    /* whoever writes any name in quotes writes values so, too */

    s->quoted = (n > 0 && s->names[0] == '"')
                || memmem(s->names, n, "\t\"", 2) != NULL;

    if (!amzsync_slice_split(s, s->names, s->names + n)) {
        return amzsync_slice_malformed(call, "There are too many fields", 0);
    }

    s->nheader = s->nfields;
    ngx_memcpy(s->header, s->fields, sizeof(s->fields));

    if (!amzsync_slice_columns(s, call->dataset->report->kept)) {
        return amzsync_slice_malformed(call, call->spool->size
                                       ? "The first line has no name of a "
                                         "field that this report has"
                                       : "The document is empty", 0);
    }

    return NGX_OK;
}


/* 0: no column has a field.  An error page, or nothing at all, must not pass
 * for a window without rows. */

static ngx_uint_t
amzsync_slice_columns(amzsync_slice_t *s, const char *kept)
{
    ngx_uint_t  i, c, known;

    known = 0;

    s->chosen = (kept != NULL);
    s->key = AMZSYNC_SLICE_NONE;
    s->day = AMZSYNC_SLICE_NONE;
    s->nbefore = 0;

    for (c = 0; c < s->ncolumns; c++) {
        s->field[c] = AMZSYNC_SLICE_NONE;

        if ((s->columns[c].flags & (AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_LINE))
            == AMZSYNC_COLUMN_KEY)
        {
            s->key = c;
        }

        if (s->columns[c].flags & AMZSYNC_COLUMN_DAY) {
            s->day = c;
        }
    }

    for (i = 0; i < s->nheader; i++) {
        s->column[i] = AMZSYNC_SLICE_NONE;

        if (kept && !amzsync_field_named(kept, s->header[i].p,
                                         s->header[i].len))
        {
            s->column[i] = AMZSYNC_SLICE_UNKEPT;
        }

        for (c = 0; c < s->ncolumns; c++) {

            if (s->columns[c].path != NULL
                && s->field[c] == AMZSYNC_SLICE_NONE
                && amzsync_field_named(s->columns[c].path, s->header[i].p,
                                       s->header[i].len))
            {
                s->column[i] = c;
                s->field[c] = i;
                known = 1;
                break;
            }
        }
    }

    return known;
}


static ngx_int_t
amzsync_slice_rows(amzsync_slice_t *s, amzsync_spapi_report_t *call)
{
    u_char     *p, *end, *last;
    ssize_t     n;
    ngx_int_t   rc;

    n = amzsync_slice_load(s, call, call->offset);
    if (n < 0) {
        return NGX_DECLINED;
    }

    p = s->buf;
    last = s->buf + n;

    while (p < last) {

        end = ngx_strlchr(p, last, LF);

        if (end == NULL) {

            if (call->offset + (last - p) < call->spool->size) {

                if (p == s->buf) {
                    return amzsync_slice_malformed(call, "Line %ld is too "
                                                   "long", call->lines + 1);
                }

                p = last;
                break;
            }

            end = last;
        }

        if (!amzsync_slice_split(s, p, end)) {
            return amzsync_slice_malformed(call, "Line %ld has too many "
                                           "fields", call->lines + 1);
        }

        rc = amzsync_slice_line(s, call);

        if (rc == NGX_DONE) {
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        n = ngx_min(end + 1, last) - p;

        call->offset += n;
        p += n;
    }

    if (p == last && call->offset < call->spool->size) {
        amzsync_slice_back(s, call);
    }

    call->last = (call->offset >= call->spool->size);

    return NGX_OK;
}


/* NGX_DONE: the slice is full without it. */

static ngx_int_t
amzsync_slice_line(amzsync_slice_t *s, amzsync_spapi_report_t *call)
{
    ngx_int_t  rc;

    /* an empty line is no row, and one of another window's day none of this */

    if ((s->nfields == 1 && s->fields[0].len == 0)
        || !amzsync_slice_taken(s))
    {
        call->lines++;
        return NGX_OK;
    }

    if (amzsync_slice_full(s, call)) {
        return NGX_DONE;
    }

    rc = amzsync_slice_row(s, call->rows, ++call->lines);

    if (rc == NGX_DECLINED) {
        return amzsync_slice_malformed(call, "Line %ld does not say what it "
                                       "is of", call->lines);
    }

    return rc;
}


/* Windows are cut where a day begins in UTC, but for the end of the newest. */

static void
amzsync_slice_days(amzsync_slice_t *s, const amzsync_spapi_report_t *call)
{
    s->from = call->from;
    s->to = call->to;

    if (s->to % AMZSYNC_TIME_DAY) {
        s->to += AMZSYNC_TIME_DAY;
    }
}


/* A line that does not say its day stays where it is. */

static ngx_uint_t
amzsync_slice_taken(amzsync_slice_t *s)
{
    int64_t     day;
    ngx_uint_t  field;

    if (s->day == AMZSYNC_SLICE_NONE) {
        return 1;
    }

    field = s->field[s->day];

    if (field >= s->nfields) {
        return 1;
    }

    day = amzsync_field_day_begin(s->fields[field].p, s->fields[field].len);

    return day == AMZSYNC_TIME_BAD || (day >= s->from && day < s->to);
}


/* Whether the line is one too many.  Those of one row that stand together
 * come together. */

static ngx_uint_t
amzsync_slice_full(amzsync_slice_t *s, amzsync_spapi_report_t *call)
{
    size_t                        len;
    ngx_uint_t                    same;
    const amzsync_slice_field_t  *f;

    static const amzsync_slice_field_t  none = { (u_char *) "", 0 };

    if (s->key == AMZSYNC_SLICE_NONE) {
        return call->rows->nrows >= call->max_rows;
    }

    f = (s->field[s->key] < s->nfields) ? &s->fields[s->field[s->key]] : &none;

    len = ngx_min(f->len, AMZSYNC_KEY_MAX);
    same = (len == s->nbefore && ngx_memcmp(s->before, f->p, len) == 0);

    if (same && call->rows->nrows) {
        return 0;
    }

    if (call->rows->nrows >= call->max_rows) {
        return 1;
    }

    ngx_memcpy(s->before, f->p, len);
    s->nbefore = len;

    amzsync_rows_mark(call->rows, s->mark);

    s->mark_offset = call->offset;
    s->mark_lines = call->lines;

    call->rows->ngroups++;

    return 0;
}


/* The buffer ends: lines whose others may come yet are left to the next slice,
 * unless there is nothing else in this one. */

static void
amzsync_slice_back(amzsync_slice_t *s, amzsync_spapi_report_t *call)
{
    if (call->rows->ngroups < 2) {
        return;
    }

    amzsync_rows_reset(call->rows, s->mark);

    call->rows->ngroups--;
    call->offset = s->mark_offset;
    call->lines = s->mark_lines;
}


/* NGX_DECLINED: a value is missing that a row cannot be without. */

static ngx_int_t
amzsync_slice_row(amzsync_slice_t *s, amzsync_rows_t *rows, int64_t line)
{
    ngx_int_t    rc;
    ngx_uint_t   i, flags;

    amzsync_json_init(&s->extra, s->json, sizeof(s->json));
    amzsync_json_open(&s->extra, NULL, '{');
    s->nextra = 0;

    for (i = 0; i < s->nfields; i++) {

        if (i >= s->nheader || s->column[i] == AMZSYNC_SLICE_NONE) {
            amzsync_slice_more(s, i);
        }
    }

    rc = NGX_OK;

    for (i = 0; i < s->ncolumns && rc == NGX_OK; i++) {
        flags = s->columns[i].flags;

        if (flags & AMZSYNC_COLUMN_LINE) {
            rc = amzsync_array_bigint(&rows->columns[i], line);

        } else if (flags & AMZSYNC_COLUMN_EXTRA) {
            rc = amzsync_slice_extra(s, &rows->columns[i]);

        } else {
            rc = amzsync_slice_value(s, rows, i);
        }
    }

    amzsync_json_free(&s->extra);

    rows->nrows += (rc == NGX_OK);

    return rc;
}


/* A field that is missing, or empty, is NULL. */

static ngx_int_t
amzsync_slice_value(amzsync_slice_t *s, amzsync_rows_t *rows, ngx_uint_t i)
{
    ngx_int_t               rc;
    ngx_uint_t              field;
    amzsync_slice_field_t  *f;

    field = s->field[i];

    if (field >= s->nfields || s->fields[field].len == 0) {
        return amzsync_slice_null(s, rows, i);
    }

    f = &s->fields[field];

    if (i == s->key && f->len > AMZSYNC_KEY_MAX) {
        return NGX_DECLINED;
    }

    rc = amzsync_field_append(&rows->columns[i], &s->columns[i], f->p, f->len);

    if (rc == NGX_DECLINED) {
        amzsync_slice_more(s, field);
        return amzsync_slice_null(s, rows, i);
    }

    return rc;
}


static ngx_int_t
amzsync_slice_null(amzsync_slice_t *s, amzsync_rows_t *rows, ngx_uint_t i)
{
    if (i == s->key || (s->columns[i].flags & AMZSYNC_COLUMN_REQUIRED)) {
        return NGX_DECLINED;
    }

    return amzsync_array_null(&rows->columns[i]);
}


/* The last column of all, when the others are known. */

static ngx_int_t
amzsync_slice_extra(amzsync_slice_t *s, amzsync_array_t *array)
{
    if (s->nextra == 0) {
        return amzsync_array_null(array);
    }

    amzsync_json_close(&s->extra, '}');

    if (s->extra.failed) {
        return NGX_ERROR;
    }

    return amzsync_array_text(array, s->extra.start,
                              s->extra.last - s->extra.start);
}


/*
 * A field that no column takes; of two with one name jsonb keeps the last.  In
 * a line of more or fewer fields than names one may stand under another's name,
 * which says nothing of whether it may be kept.
 */

static void
amzsync_slice_more(amzsync_slice_t *s, ngx_uint_t field)
{
    char  name[AMZSYNC_SLICE_NAME];

    if (s->fields[field].len == 0
        || (s->chosen && s->nfields != s->nheader))
    {
        return;
    }

    if (field < s->nheader && s->header[field].len) {
        amzsync_text_copy(name, sizeof(name), (char *) s->header[field].p,
                          s->header[field].len);

    } else {
        (void) snprintf(name, sizeof(name), "field %lu",
                        (unsigned long) field + 1);
    }

    amzsync_json_name(&s->extra, (u_char *) name, ngx_strlen(name));
    amzsync_json_str(&s->extra, NULL, s->fields[field].p,
                     s->fields[field].len);
    s->nextra++;
}


/* 0: too many fields. */

static ngx_uint_t
amzsync_slice_split(amzsync_slice_t *s, u_char *p, u_char *end)
{
    u_char                 *tab;
    amzsync_slice_field_t  *f;

    if (end > p && end[-1] == CR) {
        end--;
    }

    for (s->nfields = 0; s->nfields < AMZSYNC_SLICE_FIELDS; p = tab + 1) {

        f = &s->fields[s->nfields++];

        if (s->quoted && p < end && *p == '"') {
            tab = amzsync_slice_unquote(f, p + 1, end);

        } else {
            tab = ngx_strlchr(p, end, '\t');

            if (tab == NULL) {
                tab = end;
            }

            f->p = p;
            f->len = tab - p;
        }

        if (tab == end) {
            return 1;
        }
    }

    return 0;
}


/* In place; answers the tab behind the field, or "end". */

static u_char *
amzsync_slice_unquote(amzsync_slice_field_t *f, u_char *p, u_char *end)
{
    u_char  *dst;

    f->p = p;

    for (dst = p; p < end; p++) {

        if (*p == '"') {

            if (p + 1 == end || p[1] != '"') {
                p++;
                break;
            }

            p++;
        }

        *dst++ = *p;
    }

    /* what stands between the quote and the tab belongs to the value, too */

    while (p < end && *p != '\t') {
        *dst++ = *p++;
    }

    f->len = dst - f->p;

    /* a number must not go on behind its field */

    if (dst < p) {
        *dst = '\0';
    }

    return p;
}


/* A buffer of the file; -1: the verdict is set. */

static ssize_t
amzsync_slice_load(amzsync_slice_t *s, amzsync_spapi_report_t *call,
    off_t offset)
{
    size_t   size;
    ssize_t  n;

    static const char  unread[] = "The file of the report could not be read";

    for (size = 0; size < AMZSYNC_SLICE_BUFFER; size += n) {

        n = pread(call->spool->fd, s->buf + size, AMZSYNC_SLICE_BUFFER - size,
                  offset + size);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n == -1) {
            call->outcome.verdict = AMZSYNC_SPAPI_RETRY;
            amzsync_error_set(&call->outcome.error, "disk_error", unread,
                              sizeof(unread) - 1, NULL);
            return -1;
        }

        if (n == 0) {
            break;
        }
    }

    s->buf[size] = '\0';

    return size;
}


/* NGX_DECLINED; the verdict is set. */

static ngx_int_t
amzsync_slice_malformed(amzsync_spapi_report_t *call, const char *fmt,
    int64_t line)
{
    int   n;
    char  text[AMZSYNC_ERROR_TEXT_MAX];

    n = snprintf(text, sizeof(text), fmt, (long) line);

    call->outcome.verdict = AMZSYNC_SPAPI_FAILED;

    amzsync_error_set(&call->outcome.error, "malformed_report", text, n, NULL);

    return NGX_DECLINED;
}
