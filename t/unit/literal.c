
/*
 * The binary form is read as array_recv() of PostgreSQL does, which takes
 * nothing that is not exact.
 */


#include "literal.h"

#include <stdio.h>
#include <stdlib.h>


static uint32_t literal_number(const u_char **p, const u_char *last);
static char *literal_element(char *last, uint32_t oid, const u_char *p,
    size_t len);
static char *literal_text(const amzsync_array_t *array, ngx_uint_t n);


char *
literal(const amzsync_array_t *array, ngx_uint_t n)
{
    char           *text, *last;
    uint32_t        i, len;
    const u_char   *p;

    if (array->oid == 0) {
        return literal_text(array, n);
    }

    p = array->start;

    if (literal_number(&p, array->last) != 1            /* dimensions */
        || literal_number(&p, array->last) > 1          /* NULLs */
        || literal_number(&p, array->last) != array->oid
        || literal_number(&p, array->last) != n
        || literal_number(&p, array->last) != 1)        /* the first */
    {
        abort();
    }

    /* twice the length and the bytes of an integer are more than its digits */

    text = malloc(2 * (array->last - array->start) + 3 * n + 1);
    if (text == NULL) {
        abort();
    }

    last = text;
    *last++ = '{';

    for (i = 0; i < n; i++) {

        if (i) {
            *last++ = ',';
        }

        len = literal_number(&p, array->last);

        if (len == (uint32_t) -1) {
            last = stpcpy(last, "NULL");
            continue;
        }

        if (len > (size_t) (array->last - p)) {
            abort();
        }

        last = literal_element(last, array->oid, p, len);
        p += len;
    }

    if (p != array->last) {
        abort();
    }

    (void) stpcpy(last, "}");

    return text;
}


static uint32_t
literal_number(const u_char **p, const u_char *last)
{
    uint32_t       n;
    const u_char  *s;

    s = *p;

    if (last - s < 4) {
        abort();
    }

    n = (uint32_t) s[0] << 24 | (uint32_t) s[1] << 16 | (uint32_t) s[2] << 8
        | s[3];

    *p = s + 4;

    return n;
}


static char *
literal_element(char *last, uint32_t oid, const u_char *p, size_t len)
{
    uint64_t       high;
    const u_char  *end;

    end = p + len;

    if (oid == AMZSYNC_OID_INT8) {

        if (len != 8) {
            abort();
        }

        high = literal_number(&p, end);

        return last + sprintf(last, "%lld",
                         (long long) (high << 32 | literal_number(&p, end)));
    }

    if (oid == AMZSYNC_OID_JSONB) {

        if (len == 0 || *p++ != 1) {
            abort();
        }

    } else if (oid != AMZSYNC_OID_TEXT) {
        abort();
    }

    *last++ = '"';

    for ( /* void */ ; p < end; p++) {

        if (*p == '"' || *p == '\\') {
            *last++ = '\\';
        }

        *last++ = (char) *p;
    }

    *last++ = '"';

    return last;
}


/* It has no quotes. */

static char *
literal_text(const amzsync_array_t *array, ngx_uint_t n)
{
    char           *text;
    ngx_uint_t      i;
    const u_char   *p;

    p = array->start;
    i = (array->last - p > 2);

    if (*p != '{' || *array->last != '\0' || array->last[-1] != '}'
        || ngx_strlen(p) != (size_t) (array->last - p))
    {
        abort();
    }

    for ( /* void */ ; *p != '\0'; p++) {
        i += (*p == ',');

        if (*p == '"' || *p == '\\') {
            abort();
        }
    }

    if (i != n) {
        abort();
    }

    text = strdup((const char *) array->start);
    if (text == NULL) {
        abort();
    }

    return text;
}
