
/*
 * From a JSON value to an element of a PostgreSQL array.
 */


#include <spapi/amzsync_spapi_value.h>
#include <base/amzsync_time.h>


#define AMZSYNC_VALUE_SECONDS  (sizeof("2026-11-22T10:00:00") - 1)


static ngx_int_t amzsync_value_json(amzsync_array_t *array,
    const amzsync_reader_value_t *v);
static ngx_int_t amzsync_value_scalar(amzsync_array_t *array,
    const amzsync_column_t *column, const u_char *p, size_t len);
static ngx_int_t amzsync_value_numeric(amzsync_array_t *array,
    const u_char *p, size_t len);
static ngx_int_t amzsync_value_bigint(amzsync_array_t *array, const u_char *p,
    size_t len);
static ngx_int_t amzsync_value_integer(const amzsync_reader_number_t *n,
    uint64_t *value);
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
        if ((len == 4 && ngx_memcmp(p, "true", 4) == 0)
            || (len == 5 && ngx_memcmp(p, "false", 5) == 0))
        {
            return amzsync_array_raw(array, p, len);
        }

        return NGX_DECLINED;

    default: /* AMZSYNC_TEXT */
        return amzsync_array_text(array, p, len);
    }
}


static ngx_int_t
amzsync_value_numeric(amzsync_array_t *array, const u_char *p, size_t len)
{
    amzsync_reader_number_t  n;

    if (amzsync_reader_number(p, &n) != p + len || amzsync_reader_wide(&n)) {
        return NGX_DECLINED;
    }

    return amzsync_array_raw(array, p, len);
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
    u_char     c;
    int64_t    i, point, total;
    uint64_t   max;

    max = (uint64_t) INT64_MAX + n->negative;
    point = (int64_t) n->ninteger + n->exponent;
    total = n->ninteger + n->nfraction;

    *value = 0;

    for (i = 0; i < ngx_max(point, total); i++) {

        if (i >= total) {
            c = 0;

        } else if (i < (int64_t) n->ninteger) {
            c = n->integer[i] - '0';

        } else {
            c = n->fraction[i - n->ninteger] - '0';
        }

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


static ngx_int_t
amzsync_value_time(amzsync_array_t *array, const u_char *p, size_t len)
{
    u_char         buf[sizeof("2016-12-31T23:59:60+00:00")], *last;
    const u_char  *zone;

    /* dates alone and times without seconds are not of RFC 3339 */

    if (len < AMZSYNC_VALUE_SECONDS + 1
        || p[16] != ':'
        || amzsync_time_parse(p, len) == AMZSYNC_TIME_BAD)
    {
        return NGX_DECLINED;
    }

    if (p[17] != '6') {
        return amzsync_array_raw(array, p, len);
    }

    /*
     * PostgreSQL takes a leap second for the next minute's first, but refuses
     * a fraction of the day's last.
     */

    zone = p + AMZSYNC_VALUE_SECONDS;

    while (*zone == '.' || (*zone >= '0' && *zone <= '9')) {
        zone++;
    }

    last = ngx_cpymem(buf, p, AMZSYNC_VALUE_SECONDS);
    last = ngx_cpymem(last, zone, p + len - zone);

    return amzsync_array_raw(array, buf, last - buf);
}
