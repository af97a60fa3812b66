
/*
 * The binary form is read as array_recv() of PostgreSQL does, which takes
 * nothing that is not exact.
 */


#include "literal.h"

#include <base/amzsync_time.h>
#include <stdio.h>
#include <stdlib.h>


/* As pg_type.dat has them. */
#define BOOL         16
#define INT8         20
#define TEXT         25
#define DATE         1082
#define TIMESTAMPTZ  1184
#define NUMERIC      1700
#define JSONB        3802

/* 2000-01-01 in seconds. */
#define EPOCH        946684800LL

/* What an element of few bytes becomes at most, with its comma. */
#define LONGEST      32


static uint32_t literal_number(const u_char **p, const u_char *last);
static int64_t literal_integer(const u_char *p, size_t len, size_t size);
static char *literal_element(char *last, uint32_t oid, const u_char *p,
    size_t len);
static char *literal_numeric(char *last, const u_char *p, size_t len);
static char *literal_time(char *last, int64_t us);
static char *literal_text(char *last, const u_char *p, size_t len);


char *
literal(const amzsync_array_t *array, ngx_uint_t n)
{
    char           *text, *last;
    uint32_t        i, len;
    const u_char   *p;

    p = array->start;

    if (literal_number(&p, array->last) != 1            /* dimensions */
        || literal_number(&p, array->last) > 1          /* NULLs */
        || literal_number(&p, array->last) != array->oid
        || literal_number(&p, array->last) != n
        || literal_number(&p, array->last) != 1)        /* the first */
    {
        abort();
    }

    /* a numeric's digits may stand far from its point */

    text = malloc(2 * (array->last - array->start) + (LONGEST + 1000) * n + 3);
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


static int64_t
literal_integer(const u_char *p, size_t len, size_t size)
{
    size_t   i;
    int64_t  n;

    if (len != size) {
        abort();
    }

    n = (p[0] < 0x80) ? 0 : -1;

    for (i = 0; i < size; i++) {
        n = (int64_t) ((uint64_t) n << 8 | p[i]);
    }

    return n;
}


static char *
literal_element(char *last, uint32_t oid, const u_char *p, size_t len)
{
    switch (oid) {

    case BOOL:
        return stpcpy(last, literal_integer(p, len, 1) ? "true" : "false");

    case INT8:
        return last + sprintf(last, "%lld",
                              (long long) literal_integer(p, len, 8));

    case DATE:
        last = literal_time(last, literal_integer(p, len, 4) * 86400000000LL);

        return last - strlen("T00:00:00Z");

    case TIMESTAMPTZ:
        return literal_time(last, literal_integer(p, len, 8));

    case NUMERIC:
        return literal_numeric(last, p, len);

    case JSONB:
        if (len == 0 || *p != 1) {
            abort();
        }

        return literal_text(last, p + 1, len - 1);

    case TEXT:
        return literal_text(last, p, len);

    default:
        abort();
    }
}


/* By the places of decimal digits, from the first down to the last shown. */

static char *
literal_numeric(char *last, const u_char *p, size_t len)
{
    int64_t  n, weight, sign, scale, place, i, digit;

    if (len < 8) {
        abort();
    }

    n = literal_integer(p, 2, 2);
    weight = literal_integer(p + 2, 2, 2);
    sign = literal_integer(p + 4, 2, 2);
    scale = literal_integer(p + 6, 2, 2);

    if (n < 0 || len != 8 + 2 * (size_t) n || (sign != 0 && sign != 0x4000)
        || scale < 0 || scale > 1000 || weight < -250 || weight > 249)
    {
        abort();
    }

    p += 8;

    if (sign) {
        *last++ = '-';
    }

    for (place = 4 * (weight > 0 ? weight : 0) + 3; place >= -scale; place--) {

        i = weight - (place - (place & 3)) / 4;
        digit = (i >= 0 && i < n) ? literal_integer(p + 2 * i, 2, 2) : 0;

        if (digit < 0 || digit > 9999) {
            abort();
        }

        if (place == -1) {
            *last++ = '.';
        }

        for (i = place & 3; i > 0; i--) {
            digit /= 10;
        }

        /* no zeros before the first digit but that before the point */

        if (digit % 10 || place <= 0
            || (last[-1] >= '0' && last[-1] <= '9'))
        {
            *last++ = (char) ('0' + digit % 10);
        }
    }

    return last;
}


/* From 2000 on, in UTC, with as many digits of a second as it has. */

static char *
literal_time(char *last, int64_t us)
{
    int64_t  rest;

    rest = (us % 1000000 + 1000000) % 1000000;

    last = (char *) amzsync_time_print_seconds((u_char *) last,
                                     ((us - rest) / 1000000 + EPOCH) * 1000);

    if (rest == 0) {
        return last;
    }

    last += sprintf(last - 1, ".%06d", (int) rest) - 1;

    while (last[-1] == '0') { last--; }

    *last++ = 'Z';

    return last;
}


static char *
literal_text(char *last, const u_char *p, size_t len)
{
    *last++ = '"';

    for ( /* void */ ; len; p++, len--) {

        if (*p == '"' || *p == '\\') {
            *last++ = '\\';
        }

        *last++ = (char) *p;
    }

    *last++ = '"';

    return last;
}
