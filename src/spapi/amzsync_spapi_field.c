
/*
 * Fields of reports: names that differ in little, and forms that differ in
 * more.
 */


#include <spapi/amzsync_spapi_field.h>
#include <spapi/amzsync_spapi_value.h>
#include <base/amzsync_time.h>


#define AMZSYNC_FIELD_MAX       64
#define AMZSYNC_FIELD_ENUM_MAX  64


static size_t amzsync_field_word(const u_char *p, size_t len, u_char *c);
static ngx_uint_t amzsync_field_comma(const u_char *p, size_t len,
    u_char *buf);
static ngx_int_t amzsync_field_enum(amzsync_array_t *array, const u_char *p,
    size_t len);
static ngx_int_t amzsync_field_day(amzsync_array_t *array, const u_char *p,
    size_t len);
static size_t amzsync_field_time(const u_char *p, size_t len, u_char *buf);
static ngx_uint_t amzsync_field_date(const u_char *p, size_t len,
    u_char *date);
static void amzsync_field_compose(u_char *date, const u_char *year,
    const u_char *month, const u_char *day);
static ngx_uint_t amzsync_field_digits(const u_char *p, size_t n);


ngx_uint_t
amzsync_field_named(const char *names, const u_char *p, size_t len)
{
    u_char         a, b;
    size_t         i, j, n;
    const u_char  *name;

    for (name = (u_char *) names; *name != '\0'; name += n + (name[n] == '|'))
    {
        n = strcspn((char *) name, "|");

        i = 0;
        j = 0;

        do {
            i += amzsync_field_word(name + i, n - i, &a);
            j += amzsync_field_word(p + j, len - j, &b);
        } while (a == b && a != '\0');

        if (a == b) {
            return 1;
        }
    }

    return 0;
}


/* The next letter or digit in "c", in small, 0: none; how far it was. */

static size_t
amzsync_field_word(const u_char *p, size_t len, u_char *c)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        *c = ngx_tolower(p[i]);

        if ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9')
            || *c >= 0x80)
        {
            return i + 1;
        }
    }

    *c = '\0';

    return i;
}


ngx_int_t
amzsync_field_append(amzsync_array_t *array, const amzsync_column_t *column,
    const u_char *p, size_t len)
{
    u_char                    buf[AMZSYNC_FIELD_MAX];
    const char               *err;
    amzsync_column_t          plain;
    amzsync_reader_value_t    v;

    if (column->type == AMZSYNC_TEXT) {
        return amzsync_array_text(array, p, len);
    }

    /* spaces around a text are Amazon's, around a value they mean nothing */

    while (len && *p == ' ') {
        p++;
        len--;
    }

    while (len && p[len - 1] == ' ') {
        len--;
    }

    if (len == 0) {
        return amzsync_array_null(array);
    }

    if (column->type == AMZSYNC_DATE) {
        return amzsync_field_day(array, p, len);
    }

    if (column->type == AMZSYNC_ENUM) {
        return amzsync_field_enum(array, p, len);
    }

    if (column->type == AMZSYNC_TIME) {
        len = amzsync_field_time(p, len, buf);
        p = buf;

    } else if ((column->flags & AMZSYNC_COLUMN_COMMA)
               && amzsync_field_comma(p, len, buf))
    {
        p = buf;
    }

    ngx_memzero(&plain, sizeof(amzsync_column_t));
    ngx_memzero(&v, sizeof(amzsync_reader_value_t));

    plain.type = column->type;

    v.type = AMZSYNC_READER_STRING;
    v.start = p;
    v.end = p + len;

    return len ? amzsync_value_append(array, &plain, &v, &err)
               : NGX_DECLINED;
}


/* A number whose only mark is a comma before its last digit or two, with a
 * point in its place; 0: it is none.  "1,234" may be one number or another. */

static ngx_uint_t
amzsync_field_comma(const u_char *p, size_t len, u_char *buf)
{
    size_t  n, sign;

    sign = (*p == '-');

    if (len < sign + 3 || len >= AMZSYNC_FIELD_MAX) {
        return 0;
    }

    n = (p[len - 2] == ',') ? len - 2 : len - 3;

    if (n <= sign || p[n] != ','
        || !amzsync_field_digits(p + sign, n - sign)
        || !amzsync_field_digits(p + n + 1, len - n - 1))
    {
        return 0;
    }

    ngx_memcpy(buf, p, len);
    buf[n] = '.';
    buf[len] = '\0';

    return 1;
}


/*
 * "PartiallyShipped", "Partially Shipped": PARTIALLY_SHIPPED.  What follows " -
 * " says more of it: "Shipped - Picked Up" is SHIPPED.  What is no words stays
 * as it is.
 */

static ngx_int_t
amzsync_field_enum(amzsync_array_t *array, const u_char *p, size_t len)
{
    u_char  c, before, buf[2 * AMZSYNC_FIELD_ENUM_MAX], *last;
    size_t  i;

    last = buf;
    before = '\0';

    for (i = 0; i < len; i++) {
        c = p[i];

        if (len - i > 3 && ngx_memcmp(&p[i], " - ", 3) == 0) {
            break;
        }

        if (i == AMZSYNC_FIELD_ENUM_MAX
            || !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                 || (c >= '0' && c <= '9') || c == ' ' || c == '-'
                 || c == '_'))
        {
            return amzsync_array_text(array, p, len);
        }

        if (c == ' ' || c == '-') {
            c = '_';

        } else if (c >= 'A' && c <= 'Z' && before >= 'a' && before <= 'z') {
            *last++ = '_';
        }

        *last++ = ngx_toupper(c);
        before = p[i];
    }

    if (last - buf == 8 && ngx_memcmp(buf, "CANCELED", 8) == 0) {
        return amzsync_array_text(array, (u_char *) "CANCELLED", 9);
    }

    return amzsync_array_text(array, buf, last - buf);
}


static ngx_int_t
amzsync_field_day(amzsync_array_t *array, const u_char *p, size_t len)
{
    int64_t  begin;

    begin = amzsync_field_day_begin(p, len);

    /* a begin of a day is a multiple of it, before 1970 too */

    return (begin == AMZSYNC_TIME_BAD)
           ? NGX_DECLINED
           : amzsync_array_date(array, begin / AMZSYNC_TIME_DAY);
}


int64_t
amzsync_field_day_begin(const u_char *p, size_t len)
{
    u_char  buf[sizeof("2026-11-22") - 1];

    if (amzsync_field_date(p, len, buf) != len) {
        return AMZSYNC_TIME_BAD;
    }

    return amzsync_time_parse(buf, sizeof(buf));
}


/* The time in RFC 3339's form, how long it is; 0: it is none.  Without a zone
 * it is UTC. */

static size_t
amzsync_field_time(const u_char *p, size_t len, u_char *buf)
{
    u_char      *last, *clock;
    ngx_uint_t   n;

    n = amzsync_field_date(p, len, buf);

    if (n == 0 || len > AMZSYNC_FIELD_MAX - sizeof("T00:00:00Z")) {
        return 0;
    }

    last = buf + n;

    if (n == len) {
        last = ngx_cpymem(last, "T00:00:00Z", sizeof("T00:00:00Z") - 1);

    } else {
        *last++ = 'T';
        clock = last;
        last = ngx_cpymem(last, p + n + 1, len - n - 1);

        if (last - clock > 4 && ngx_memcmp(last - 4, " UTC", 4) == 0) {
            last -= 4;
        }

        *last = '\0';

        if (last - clock > 5
            && (last[-5] == '+' || last[-5] == '-')
            && amzsync_field_digits(last - 4, 4))
        {
            /* "+0000" */

            last[1] = '\0';
            last[0] = last[-1];
            last[-1] = last[-2];
            last[-2] = ':';
            last++;
        }

        if (strpbrk((char *) clock, "Zz+-") == NULL) {
            *last++ = 'Z';
        }
    }

    *last = '\0';

    return last - buf;
}


/* The date at the begin as "2026-11-22"; how long it is, 0: there is none. */

static ngx_uint_t
amzsync_field_date(const u_char *p, size_t len, u_char *date)
{
    if (len < sizeof("2026-11-22") - 1
        || (len > 10 && p[10] != 'T' && p[10] != ' '))
    {
        return 0;
    }

    if (amzsync_field_digits(p, 4) && p[4] == '-'
        && amzsync_field_digits(p + 5, 2) && p[7] == '-'
        && amzsync_field_digits(p + 8, 2))
    {
        ngx_memcpy(date, p, 10);
        return 10;
    }

    if (!amzsync_field_digits(p, 2) || !amzsync_field_digits(p + 3, 2)
        || !amzsync_field_digits(p + 6, 4))
    {
        return 0;
    }

    if (p[2] == '/' && p[5] == '/') {
        amzsync_field_compose(date, p + 6, p, p + 3);
        return 10;
    }

    if (p[2] == '.' && p[5] == '.') {
        amzsync_field_compose(date, p + 6, p + 3, p);
        return 10;
    }

    return 0;
}


static void
amzsync_field_compose(u_char *date, const u_char *year, const u_char *month,
    const u_char *day)
{
    date = ngx_cpymem(date, year, 4);
    *date++ = '-';
    date = ngx_cpymem(date, month, 2);
    *date++ = '-';
    ngx_memcpy(date, day, 2);
}


static ngx_uint_t
amzsync_field_digits(const u_char *p, size_t n)
{
    while (n && *p >= '0' && *p <= '9') {
        p++;
        n--;
    }

    return n == 0;
}
