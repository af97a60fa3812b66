
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


static ngx_int_t amzsync_array_create(amzsync_array_t *array, uint32_t oid);
static uint32_t amzsync_array_oid(amzsync_type_e type);
static u_char *amzsync_array_next(amzsync_array_t *array, size_t size);
static u_char *amzsync_array_number(u_char *p, uint32_t n);
static ngx_int_t amzsync_array_room(amzsync_array_t *array, size_t size);
static ngx_int_t amzsync_array_finish(amzsync_array_t *array,
    ngx_uint_t nrows);


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
                                 amzsync_array_oid(rowset->columns[i].type))
            != NGX_OK)
        {
            goto failed;
        }
    }

    if (amzsync_array_create(&rows->parent, AMZSYNC_OID_INT8) != NGX_OK) {
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

    array->last = array->start;
    array->end = array->start + AMZSYNC_ARRAY_SIZE;
    array->oid = oid;

    if (oid) {
        array->last += AMZSYNC_ARRAY_HEADER;

    } else {
        *array->last++ = '{';
    }

    return NGX_OK;
}


static uint32_t
amzsync_array_oid(amzsync_type_e type)
{
    switch (type) {

    case AMZSYNC_TEXT:
    case AMZSYNC_ENUM:
        return AMZSYNC_OID_TEXT;

    case AMZSYNC_JSON:
        return AMZSYNC_OID_JSONB;

    case AMZSYNC_BIGINT:
        return AMZSYNC_OID_INT8;

    default:
        return 0;
    }
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


/* Where the next value is to be written, of "size" bytes in binary form, of as
 * many at most in text form. */

static u_char *
amzsync_array_next(amzsync_array_t *array, size_t size)
{
    if (amzsync_array_room(array, size + AMZSYNC_ARRAY_LENGTH) != NGX_OK) {
        return NULL;
    }

    if (array->oid) {
        return amzsync_array_number(array->last, size);
    }

    if (array->last != array->start + 1) {
        *array->last++ = ',';
    }

    return array->last;
}


/* In the order of the network. */

static u_char *
amzsync_array_number(u_char *p, uint32_t n)
{
    *p++ = (u_char) (n >> 24);
    *p++ = (u_char) (n >> 16);
    *p++ = (u_char) (n >> 8);
    *p++ = (u_char) n;

    return p;
}


ngx_int_t
amzsync_array_text(amzsync_array_t *array, const u_char *p, size_t len)
{
    u_char      *dst;
    ngx_uint_t   json;

    json = (array->oid == AMZSYNC_OID_JSONB);

    dst = amzsync_array_next(array, len + json);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    if (json) {
        *dst++ = AMZSYNC_JSONB_VERSION;
    }

    array->last = ngx_cpymem(dst, p, len);

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
    array->last = amzsync_array_number(dst, (uint32_t) n);

    return NGX_OK;
}


ngx_int_t
amzsync_array_raw(amzsync_array_t *array, const u_char *p, size_t len)
{
    u_char  *dst;

    dst = amzsync_array_next(array, len);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    array->last = ngx_cpymem(dst, p, len);

    return NGX_OK;
}


ngx_int_t
amzsync_array_null(amzsync_array_t *array)
{
    if (array->oid == 0) {
        return amzsync_array_raw(array, (const u_char *) "NULL", 4);
    }

    if (amzsync_array_room(array, AMZSYNC_ARRAY_LENGTH) != NGX_OK) {
        return NGX_ERROR;
    }

    array->last = amzsync_array_number(array->last, (uint32_t) -1);

    return NGX_OK;
}


static ngx_int_t
amzsync_array_finish(amzsync_array_t *array, ngx_uint_t nrows)
{
    u_char  *p;

    if (array->oid) {
        p = amzsync_array_number(array->start, 1);      /* dimension */
        p = amzsync_array_number(p, 1);                 /* may have NULLs */
        p = amzsync_array_number(p, array->oid);
        p = amzsync_array_number(p, nrows);
        (void) amzsync_array_number(p, 1);              /* the first's index */

        return NGX_OK;
    }

    if (amzsync_array_room(array, 2) != NGX_OK) {
        return NGX_ERROR;
    }

    *array->last++ = '}';
    *array->last = '\0';

    return NGX_OK;
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


ngx_int_t
amzsync_rows_finish(amzsync_rows_t *rows)
{
    ngx_uint_t  i;

    for (i = 0; i < rows->rowset->ncolumns; i++) {
        if (amzsync_array_finish(&rows->columns[i], rows->nrows) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (amzsync_array_finish(&rows->parent, rows->nrows) != NGX_OK) {
        return NGX_ERROR;
    }

    if (rows->child != NULL) {
        return amzsync_rows_finish(rows->child);
    }

    return NGX_OK;
}
