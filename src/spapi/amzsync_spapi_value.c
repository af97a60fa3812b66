
/*
 * From a JSON value to an element of a PostgreSQL array.
 */


#include <spapi/amzsync_spapi_value.h>
#include <base/amzsync_time.h>


/* The power of 10000 that a power of ten is part of, below 0 too. */
#define amzsync_value_weight(power)  (((power) - ((power) & 3)) / 4)


static ngx_int_t amzsync_value_json(amzsync_array_t *array,
    const amzsync_reader_value_t *v);
static ngx_int_t amzsync_value_scalar(amzsync_array_t *array,
    const amzsync_column_t *column, const u_char *p, size_t len);
static ngx_int_t amzsync_value_numeric(amzsync_array_t *array,
    const u_char *p, size_t len);
static void amzsync_value_digits(amzsync_numeric_t *numeric,
    const amzsync_reader_number_t *n);
static ngx_int_t amzsync_value_bigint(amzsync_array_t *array, const u_char *p,
    size_t len);
static ngx_int_t amzsync_value_integer(const amzsync_reader_number_t *n,
    uint64_t *value);
static ngx_uint_t amzsync_value_digit(const amzsync_reader_number_t *n,
    int64_t i);
static ngx_int_t amzsync_value_time(amzsync_array_t *array, const u_char *p,
    size_t len);


static const char  *amzsync_value_wrong[] = {
    "is not a text",                                    /* TEXT */
    "is not a number of at most 1000 digits either side of the point",
    "is not an integer of 64 bits",                     /* BIGINT */
    "is not a time of RFC 3339",                        /* TIME */
    "is not true or false",                             /* BOOLEAN */
    "has a number of more than 1000 digits"             /* JSON */
};


ngx_int_t
amzsync_value_append(amzsync_array_t *array, const amzsync_column_t *column,
    const amzsync_reader_value_t *v, const char **err)
{
    size_t         len;
    u_char        *decoded;
    ngx_int_t      rc;
    const u_char  *p;

    *err = amzsync_value_wrong[column->type];

    if (column->type == AMZSYNC_JSON && v->type != AMZSYNC_READER_NULL) {
        return amzsync_value_json(array, v);
    }

    len = v->end - v->start;

    if (v->type == AMZSYNC_READER_NULL
        || (len == 0 && (column->type != AMZSYNC_TEXT
                         || (column->flags & AMZSYNC_COLUMN_ID))))
    {
        if (column->flags & AMZSYNC_COLUMN_OPTIONAL) {
            return amzsync_array_text(array, (u_char *) "", 0);
        }

        if (column->flags & (AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_REQUIRED)) {
            *err = "is missing";
            return NGX_DECLINED;
        }

        return amzsync_array_null(array);
    }

    if (v->type == AMZSYNC_READER_ARRAY || v->type == AMZSYNC_READER_OBJECT) {
        return NGX_DECLINED;
    }

    p = v->start;
    decoded = NULL;

    if (v->escaped) {
        decoded = malloc(len + 1);
        if (decoded == NULL) {
            return NGX_ERROR;
        }

        len = amzsync_reader_decode(v, decoded) - decoded;
        decoded[len] = '\0';

        p = decoded;
    }

    if ((column->flags & (AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_ID))
        && len > AMZSYNC_KEY_MAX)
    {
        *err = "is too long for a key";
        rc = NGX_DECLINED;

    } else {
        rc = amzsync_value_scalar(array, column, p, len);
    }

    free(decoded);

    return rc;
}


static ngx_int_t
amzsync_value_json(amzsync_array_t *array, const amzsync_reader_value_t *v)
{
    size_t  quote;

    if (v->wide) {
        return NGX_DECLINED;
    }

    /* a string's quotes are part of its text */

    quote = (v->type == AMZSYNC_READER_STRING);

    return amzsync_array_text(array, v->start - quote,
                              v->end - v->start + 2 * quote);
}


/*
 * A number's digits, "true" and "false" may stand in a string or not.  The
 * byte after the text is a quote, 0, or what ends a number in JSON: no number
 * goes on there.
 */

static ngx_int_t
amzsync_value_scalar(amzsync_array_t *array, const amzsync_column_t *column,
    const u_char *p, size_t len)
{
    switch (column->type) {

    case AMZSYNC_NUMERIC:
        return amzsync_value_numeric(array, p, len);

    case AMZSYNC_BIGINT:
        return amzsync_value_bigint(array, p, len);

    case AMZSYNC_TIME:
        return amzsync_value_time(array, p, len);

    case AMZSYNC_BOOLEAN:
        if (len == 4 && ngx_memcmp(p, "true", 4) == 0) {
            return amzsync_array_boolean(array, 1);
        }

        if (len == 5 && ngx_memcmp(p, "false", 5) == 0) {
            return amzsync_array_boolean(array, 0);
        }

        return NGX_DECLINED;

    default: /* AMZSYNC_TEXT */
        return amzsync_array_text(array, p, len);
    }
}


static ngx_int_t
amzsync_value_numeric(amzsync_array_t *array, const u_char *p, size_t len)
{
    amzsync_numeric_t        numeric;
    amzsync_reader_number_t  n;

    if (amzsync_reader_number(p, &n) != p + len || amzsync_reader_wide(&n)) {
        return NGX_DECLINED;
    }

    amzsync_value_digits(&numeric, &n);

    return amzsync_array_numeric(array, &numeric);
}


/* Four decimal digits are one, counted from the point; zeros at either end are
 * left out. */

static void
amzsync_value_digits(amzsync_numeric_t *numeric,
    const amzsync_reader_number_t *n)
{
    int64_t  i, first, last, power;

    static const uint16_t  tens[] = { 1, 10, 100, 1000 };

    numeric->ndigits = 0;
    numeric->weight = 0;
    numeric->negative = 0;
    numeric->scale = ngx_max((int64_t) n->nfraction - n->exponent, 0);

    first = 0;
    last = n->ninteger + n->nfraction - 1;

    while (first <= last && amzsync_value_digit(n, first) == 0) { first++; }

    if (first > last) {
        return;
    }

    while (amzsync_value_digit(n, last) == 0) { last--; }

    power = (int64_t) n->ninteger + n->exponent - 1 - first;

    numeric->negative = n->negative;
    numeric->weight = amzsync_value_weight(power);
    numeric->ndigits = numeric->weight
                       - amzsync_value_weight(power + first - last) + 1;

    ngx_memzero(numeric->digits, numeric->ndigits * sizeof(uint16_t));

    for (i = first; i <= last; i++, power--) {
        numeric->digits[numeric->weight - amzsync_value_weight(power)]
            += amzsync_value_digit(n, i) * tens[power & 3];
    }
}


static ngx_int_t
amzsync_value_bigint(amzsync_array_t *array, const u_char *p, size_t len)
{
    uint64_t                  value;
    amzsync_reader_number_t   n;

    if (amzsync_reader_number(p, &n) != p + len
        || amzsync_reader_wide(&n)
        || amzsync_value_integer(&n, &value) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return amzsync_array_bigint(array,
                                (int64_t) (n.negative ? 0 - value : value));
}


/* The value of a number such as 12, 12.0 or 1.2e1, without its sign. */

static ngx_int_t
amzsync_value_integer(const amzsync_reader_number_t *n, uint64_t *value)
{
    int64_t    i, point, total;
    uint64_t   c, max;

    max = (uint64_t) INT64_MAX + n->negative;
    point = (int64_t) n->ninteger + n->exponent;
    total = n->ninteger + n->nfraction;

    *value = 0;

    for (i = 0; i < ngx_max(point, total); i++) {

        c = (i < total) ? amzsync_value_digit(n, i) : 0;

        if (i >= point) {

            if (c != 0) {
                return NGX_DECLINED;
            }

            continue;
        }

        if (*value > (max - c) / 10) {
            return NGX_DECLINED;
        }

        *value = *value * 10 + c;
    }

    return NGX_OK;
}


static ngx_uint_t
amzsync_value_digit(const amzsync_reader_number_t *n, int64_t i)
{
    return (i < (int64_t) n->ninteger) ? n->integer[i] - '0'
                                       : n->fraction[i - n->ninteger] - '0';
}


static ngx_int_t
amzsync_value_time(amzsync_array_t *array, const u_char *p, size_t len)
{
    int64_t  us;

    /* dates alone and times without seconds are not of RFC 3339 */

    if (len < sizeof("2026-11-22T10:00:00Z") - 1 || p[16] != ':') {
        return NGX_DECLINED;
    }

    us = amzsync_time_parse_us(p, len);

    return (us == AMZSYNC_TIME_BAD) ? NGX_DECLINED
                                    : amzsync_array_time(array, us);
}
