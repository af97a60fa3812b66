
/*
 * Decoded rows: PostgreSQL array literals under construction, one a column.
 */


#include <dataset/amzsync_dataset.h>
#include <dataset/amzsync_word.h>


#define AMZSYNC_ARRAY_SIZE  2048


static ngx_int_t amzsync_array_create(amzsync_array_t *array);
static u_char *amzsync_array_next(amzsync_array_t *array, size_t size);
static ngx_int_t amzsync_array_room(amzsync_array_t *array, size_t size);
static ngx_int_t amzsync_array_finish(amzsync_array_t *array);


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
        if (amzsync_array_create(&rows->columns[i]) != NGX_OK) {
            goto failed;
        }
    }

    if (amzsync_array_create(&rows->parent) != NGX_OK) {
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
amzsync_array_create(amzsync_array_t *array)
{
    array->start = malloc(AMZSYNC_ARRAY_SIZE);
    if (array->start == NULL) {
        return NGX_ERROR;
    }

    array->last = array->start;
    array->end = array->start + AMZSYNC_ARRAY_SIZE;

    *array->last++ = '{';

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


/* Where the next value of at most "size" bytes is to be written. */

static u_char *
amzsync_array_next(amzsync_array_t *array, size_t size)
{
    if (amzsync_array_room(array, size + 1) != NGX_OK) {
        return NULL;
    }

    if (array->last != array->start + 1) {
        *array->last++ = ',';
    }

    return array->last;
}


ngx_int_t
amzsync_array_text(amzsync_array_t *array, const u_char *p, size_t len)
{
    u_char        *dst;
    uint64_t       w;
    ngx_uint_t     n;
    const u_char  *end;

    dst = amzsync_array_next(array, 2 * len + 2);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    *dst++ = '"';

    end = p + len;

    while (end - p >= 8) {

        w = amzsync_word_load(p);
        n = amzsync_word_before(amzsync_word_is(w, '"')
                                | amzsync_word_is(w, '\\'));

        ngx_memcpy(dst, p, 8);

        dst += n;
        p += n;

        if (n < 8) {
            *dst++ = '\\';
            *dst++ = *p++;
        }
    }

    for ( /* void */ ; p < end; p++) {

        if (*p == '"' || *p == '\\') {
            *dst++ = '\\';
        }

        *dst++ = *p;
    }

    *dst++ = '"';

    array->last = dst;

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
    return amzsync_array_raw(array, (const u_char *) "NULL", 4);
}


static ngx_int_t
amzsync_array_finish(amzsync_array_t *array)
{
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
        if (amzsync_array_finish(&rows->columns[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (amzsync_array_finish(&rows->parent) != NGX_OK) {
        return NGX_ERROR;
    }

    if (rows->child != NULL) {
        return amzsync_rows_finish(rows->child);
    }

    return NGX_OK;
}
