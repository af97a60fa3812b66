
/*
 * Decoded rows: PostgreSQL arrays under construction, one a column.
 */


#include <dataset/amzsync_dataset.h>


#define AMZSYNC_ARRAY_SIZE      2048

/* The binary form, as array_recv() takes it: five numbers of 32 bits, then the
 * elements, each behind its length. */
#define AMZSYNC_ARRAY_HEADER    20
#define AMZSYNC_ARRAY_LENGTH    4

/* What stands before the text in an element of jsonb. */
#define AMZSYNC_JSONB_VERSION   1

/* Four numbers of 16 bits before a numeric's digits, and the sign's, if any. */
#define AMZSYNC_NUMERIC_HEADER  8
#define AMZSYNC_NUMERIC_MINUS   0x4000

/* PostgreSQL's begin of times, 2000-01-01, in days since 1970-01-01. */
#define AMZSYNC_PG_EPOCH        10957
#define AMZSYNC_PG_DAY          86400000000LL


static ngx_int_t amzsync_array_create(amzsync_array_t *array, uint32_t oid);
static u_char *amzsync_array_next(amzsync_array_t *array, size_t size);
static u_char *amzsync_array_short(u_char *p, ngx_uint_t n);
static u_char *amzsync_array_number(u_char *p, uint32_t n);
static ngx_int_t amzsync_array_room(amzsync_array_t *array, size_t size);
static void amzsync_array_finish(amzsync_array_t *array, ngx_uint_t nrows);


/* PostgreSQL's, of pg_type.dat: they never change. */

static const uint32_t  amzsync_array_oids[] = {
    25,         /* TEXT */
    1700,       /* NUMERIC */
    20,         /* BIGINT: int8 */
    1184,       /* TIME: timestamptz */
    16,         /* BOOLEAN */
    3802,       /* JSON: jsonb */
    1082,       /* DATE */
    25          /* ENUM */
};


amzsync_rows_t *
amzsync_rows_create(const amzsync_rowset_t *rowset)
{
    ngx_uint_t       i;
    amzsync_rows_t  *rows;

    rows = calloc(1, sizeof(amzsync_rows_t));
    if (rows == NULL) {
        return NULL;
    }

    rows->rowset = rowset;

    for (i = 0; i < rowset->ncolumns; i++) {
        if (amzsync_array_create(&rows->columns[i],
                                 amzsync_array_oids[rowset->columns[i].type])
            != NGX_OK)
        {
            goto failed;
        }
    }

    if (amzsync_array_create(&rows->parent, amzsync_array_oids[AMZSYNC_BIGINT])
        != NGX_OK)
    {
        goto failed;
    }

    if (rowset->child != NULL) {
        rows->child = amzsync_rows_create(rowset->child);

        if (rows->child == NULL) {
            goto failed;
        }
    }

    return rows;

failed:

    amzsync_rows_free(rows);

    return NULL;
}


void
amzsync_rows_free(amzsync_rows_t *rows)
{
    ngx_uint_t  i;

    if (rows == NULL) {
        return;
    }

    for (i = 0; i < rows->rowset->ncolumns; i++) {
        free(rows->columns[i].start);
    }

    free(rows->parent.start);
    amzsync_rows_free(rows->child);
    free(rows);
}


static ngx_int_t
amzsync_array_create(amzsync_array_t *array, uint32_t oid)
{
    array->start = malloc(AMZSYNC_ARRAY_SIZE);
    if (array->start == NULL) {
        return NGX_ERROR;
    }

    array->last = array->start + AMZSYNC_ARRAY_HEADER;
    array->end = array->start + AMZSYNC_ARRAY_SIZE;
    array->oid = oid;

    return NGX_OK;
}


static ngx_int_t
amzsync_array_room(amzsync_array_t *array, size_t size)
{
    size_t   used, alloc;
    u_char  *p;

    if ((size_t) (array->end - array->last) >= size) {
        return NGX_OK;
    }

    used = array->last - array->start;
    alloc = ngx_max(2 * used, used + size);

    p = realloc(array->start, alloc);
    if (p == NULL) {
        return NGX_ERROR;
    }

    array->start = p;
    array->last = p + used;
    array->end = p + alloc;

    return NGX_OK;
}


/* Where the next value is to be written, of "size" bytes. */

static u_char *
amzsync_array_next(amzsync_array_t *array, size_t size)
{
    u_char  *p;

    if (amzsync_array_room(array, size + AMZSYNC_ARRAY_LENGTH) != NGX_OK) {
        return NULL;
    }

    p = amzsync_array_number(array->last, size);
    array->last = p + size;

    return p;
}


/* In the order of the network. */

static u_char *
amzsync_array_short(u_char *p, ngx_uint_t n)
{
    *p++ = (u_char) (n >> 8);
    *p++ = (u_char) n;

    return p;
}


static u_char *
amzsync_array_number(u_char *p, uint32_t n)
{
    p = amzsync_array_short(p, n >> 16);

    return amzsync_array_short(p, n);
}


ngx_int_t
amzsync_array_text(amzsync_array_t *array, const u_char *p, size_t len)
{
    u_char      *dst;
    ngx_uint_t   json;

    json = (array->oid == amzsync_array_oids[AMZSYNC_JSON]);

    dst = amzsync_array_next(array, len + json);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    if (json) {
        *dst++ = AMZSYNC_JSONB_VERSION;
    }

    ngx_memcpy(dst, p, len);

    return NGX_OK;
}


ngx_int_t
amzsync_array_bigint(amzsync_array_t *array, int64_t n)
{
    u_char  *dst;

    dst = amzsync_array_next(array, sizeof(int64_t));
    if (dst == NULL) {
        return NGX_ERROR;
    }

    dst = amzsync_array_number(dst, (uint32_t) ((uint64_t) n >> 32));
    (void) amzsync_array_number(dst, (uint32_t) n);

    return NGX_OK;
}


ngx_int_t
amzsync_array_numeric(amzsync_array_t *array, const amzsync_numeric_t *n)
{
    u_char      *dst;
    ngx_uint_t   i;

    dst = amzsync_array_next(array, AMZSYNC_NUMERIC_HEADER + 2 * n->ndigits);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    dst = amzsync_array_short(dst, n->ndigits);
    dst = amzsync_array_short(dst, (ngx_uint_t) n->weight);
    dst = amzsync_array_short(dst, n->negative ? AMZSYNC_NUMERIC_MINUS : 0);
    dst = amzsync_array_short(dst, n->scale);

    for (i = 0; i < n->ndigits; i++) {
        dst = amzsync_array_short(dst, n->digits[i]);
    }

    return NGX_OK;
}


ngx_int_t
amzsync_array_time(amzsync_array_t *array, int64_t us)
{
    return amzsync_array_bigint(array, us - AMZSYNC_PG_EPOCH * AMZSYNC_PG_DAY);
}


ngx_int_t
amzsync_array_date(amzsync_array_t *array, int64_t day)
{
    u_char  *dst;

    dst = amzsync_array_next(array, sizeof(uint32_t));
    if (dst == NULL) {
        return NGX_ERROR;
    }

    (void) amzsync_array_number(dst, (uint32_t) (day - AMZSYNC_PG_EPOCH));

    return NGX_OK;
}


ngx_int_t
amzsync_array_boolean(amzsync_array_t *array, ngx_uint_t yes)
{
    u_char  *dst;

    dst = amzsync_array_next(array, 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    *dst = (u_char) yes;

    return NGX_OK;
}


ngx_int_t
amzsync_array_null(amzsync_array_t *array)
{
    if (amzsync_array_room(array, AMZSYNC_ARRAY_LENGTH) != NGX_OK) {
        return NGX_ERROR;
    }

    array->last = amzsync_array_number(array->last, (uint32_t) -1);

    return NGX_OK;
}


void
amzsync_array_times(const amzsync_array_t *array, ngx_uint_t n,
    int64_t *least, int64_t *most)
{
    int64_t        ms;
    uint64_t       time;
    ngx_uint_t     i, k;
    const u_char  *p;

    *least = INT64_MAX;
    *most = INT64_MIN;

    p = array->start + AMZSYNC_ARRAY_HEADER;

    for (i = 0; i < n; i++) {
        p += AMZSYNC_ARRAY_LENGTH;
        time = 0;

        for (k = 0; k < sizeof(time); k++) {
            time = time << 8 | *p++;
        }

        ms = ((int64_t) time + AMZSYNC_PG_EPOCH * AMZSYNC_PG_DAY) / 1000;

        *least = ngx_min(*least, ms);
        *most = ngx_max(*most, ms);
    }
}


static void
amzsync_array_finish(amzsync_array_t *array, ngx_uint_t nrows)
{
    u_char  *p;

    p = amzsync_array_number(array->start, 1);      /* dimension */
    p = amzsync_array_number(p, 1);                 /* may have NULLs */
    p = amzsync_array_number(p, array->oid);
    p = amzsync_array_number(p, nrows);
    (void) amzsync_array_number(p, 1);              /* the first's index */
}


void
amzsync_rows_mark(const amzsync_rows_t *rows, size_t *mark)
{
    ngx_uint_t  i;

    for ( /* void */ ; rows != NULL; rows = rows->child) {

        for (i = 0; i < rows->rowset->ncolumns; i++) {
            *mark++ = rows->columns[i].last - rows->columns[i].start;
        }

        *mark++ = rows->parent.last - rows->parent.start;
        *mark++ = rows->nrows;
    }
}


void
amzsync_rows_reset(amzsync_rows_t *rows, const size_t *mark)
{
    ngx_uint_t  i;

    for ( /* void */ ; rows != NULL; rows = rows->child) {

        for (i = 0; i < rows->rowset->ncolumns; i++) {
            rows->columns[i].last = rows->columns[i].start + *mark++;
        }

        rows->parent.last = rows->parent.start + *mark++;
        rows->nrows = *mark++;
    }
}


void
amzsync_rows_finish(amzsync_rows_t *rows)
{
    ngx_uint_t  i;

    for ( /* void */ ; rows != NULL; rows = rows->child) {

        for (i = 0; i < rows->rowset->ncolumns; i++) {
            amzsync_array_finish(&rows->columns[i], rows->nrows);
        }

        amzsync_array_finish(&rows->parent, rows->nrows);
    }
}
