
#include <base/amzsync_time.h>


/* 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z. */

#define AMZSYNC_TIME_FIRST     (-62135596800000LL)
#define AMZSYNC_TIME_LAST      253402300799999LL

/* PostgreSQL reads at most 128 bytes of a time: more is noise. */

#define AMZSYNC_TIME_TEXT_MAX  64

/* PostgreSQL knows no time zone farther off, nor does the earth. */

#define AMZSYNC_TIME_ZONE_MAX  15

#define AMZSYNC_TIME_SECOND    1000
#define AMZSYNC_TIME_MINUTE    60000
#define AMZSYNC_TIME_HOUR      3600000

/*
 * Days are counted from 0000-03-01, so that a leap day ends a year and all
 * terms are positive.
 */

#define AMZSYNC_TIME_EPOCH     719468       /* 1970-01-01 */
#define AMZSYNC_TIME_YEAR_1    306          /* 0001-01-01 */
#define AMZSYNC_TIME_ERA       146097       /* 400 years */


/* A text being read; after the first mistake nothing matches any more. */

typedef struct {
    const u_char  *pos;
    const u_char  *end;
    int64_t        rest;        /* microseconds beyond milliseconds */
    unsigned       bad:1;
} amzsync_time_text_t;


static int64_t amzsync_time_read(amzsync_time_text_t *t, const u_char *p,
    size_t len);
static int64_t amzsync_time_read_date(amzsync_time_text_t *t);
static int64_t amzsync_time_read_clock(amzsync_time_text_t *t);
static int64_t amzsync_time_read_fraction(amzsync_time_text_t *t);
static int64_t amzsync_time_read_zone(amzsync_time_text_t *t);
static int64_t amzsync_time_read_number(amzsync_time_text_t *t, ngx_uint_t n,
    int64_t min, int64_t max);
static ngx_uint_t amzsync_time_read_char(amzsync_time_text_t *t, u_char ch);
static u_char *amzsync_time_write_number(u_char *p, ngx_uint_t n,
    int64_t value, u_char after);


int64_t
amzsync_time_parse(const u_char *p, size_t len)
{
    amzsync_time_text_t  t;

    return amzsync_time_read(&t, p, len);
}


int64_t
amzsync_time_parse_us(const u_char *p, size_t len)
{
    int64_t              ms;
    amzsync_time_text_t  t;

    ms = amzsync_time_read(&t, p, len);

    return (ms == AMZSYNC_TIME_BAD) ? ms : ms * 1000 + t.rest;
}


static int64_t
amzsync_time_read(amzsync_time_text_t *t, const u_char *p, size_t len)
{
    int64_t  ms;

    t->pos = p;
    t->end = p + len;
    t->rest = 0;
    t->bad = (len > AMZSYNC_TIME_TEXT_MAX);

    ms = amzsync_time_read_date(t);

    if (t->pos < t->end) {

        if (!amzsync_time_read_char(t, 'T')
            && !amzsync_time_read_char(t, 't'))
        {
            return AMZSYNC_TIME_BAD;
        }

        ms += amzsync_time_read_clock(t);
        ms -= amzsync_time_read_zone(t);
    }

    if (t->bad || t->pos < t->end
        || ms < AMZSYNC_TIME_FIRST || ms > AMZSYNC_TIME_LAST)
    {
        return AMZSYNC_TIME_BAD;
    }

    return ms;
}


u_char *
amzsync_time_print(u_char *p, int64_t ms)
{
    /* Out of range there is no text of this length. */

    ms = ngx_max(ngx_min(ms, AMZSYNC_TIME_LAST), AMZSYNC_TIME_FIRST);

    p = amzsync_time_print_seconds(p, ms);
    p[-1] = '.';

    return amzsync_time_write_number(p, 3,
                                     (ms - AMZSYNC_TIME_FIRST) % 1000, 'Z');
}


u_char *
amzsync_time_print_seconds(u_char *p, int64_t ms)
{
    int64_t  days, era, year, month, day;

    ms = ngx_max(ngx_min(ms, AMZSYNC_TIME_LAST), AMZSYNC_TIME_FIRST);
    ms -= AMZSYNC_TIME_FIRST;

    days = ms / AMZSYNC_TIME_DAY + AMZSYNC_TIME_YEAR_1;

    era = days / AMZSYNC_TIME_ERA;
    day = days % AMZSYNC_TIME_ERA;

    year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= year * 365 + year / 4 - year / 100;
    year += era * 400;

    /* Months from March: 153 days make five of them. */

    month = (day * 5 + 2) / 153;
    day -= (month * 153 + 2) / 5;

    if (month < 10) {
        month += 3;

    } else {
        month -= 9;
        year++;
    }

    p = amzsync_time_write_number(p, 4, year, '-');
    p = amzsync_time_write_number(p, 2, month, '-');
    p = amzsync_time_write_number(p, 2, day + 1, 'T');

    ms %= AMZSYNC_TIME_DAY;

    p = amzsync_time_write_number(p, 2, ms / AMZSYNC_TIME_HOUR, ':');
    p = amzsync_time_write_number(p, 2, ms / AMZSYNC_TIME_MINUTE % 60, ':');
    p = amzsync_time_write_number(p, 2, ms / AMZSYNC_TIME_SECOND % 60, 'Z');

    return p;
}


static int64_t
amzsync_time_read_date(amzsync_time_text_t *t)
{
    int64_t     year, month, day, last;
    ngx_uint_t  leap;

    static const u_char  lengths[] = { 31, 28, 31, 30, 31, 30,
                                       31, 31, 30, 31, 30, 31 };

    year = amzsync_time_read_number(t, 4, 1, 9999);
    t->bad |= !amzsync_time_read_char(t, '-');

    month = amzsync_time_read_number(t, 2, 1, 12);
    t->bad |= !amzsync_time_read_char(t, '-');

    leap = (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));

    last = lengths[month - 1] + (month == 2 && leap);
    day = amzsync_time_read_number(t, 2, 1, last) - 1;

    if (month > 2) {
        month -= 3;

    } else {
        month += 9;
        year--;
    }

    day += year * 365 + year / 4 - year / 100 + year / 400;
    day += (month * 153 + 2) / 5;

    return (day - AMZSYNC_TIME_EPOCH) * AMZSYNC_TIME_DAY;
}


static int64_t
amzsync_time_read_clock(amzsync_time_text_t *t)
{
    int64_t  ms;

    ms = amzsync_time_read_number(t, 2, 0, 23) * AMZSYNC_TIME_HOUR;
    t->bad |= !amzsync_time_read_char(t, ':');
    ms += amzsync_time_read_number(t, 2, 0, 59) * AMZSYNC_TIME_MINUTE;

    if (amzsync_time_read_char(t, ':')) {

        /* 60: RFC 3339 has leap seconds, epoch time has not. */

        ms += amzsync_time_read_number(t, 2, 0, 60) * AMZSYNC_TIME_SECOND;
        ms += amzsync_time_read_fraction(t);
    }

    return ms;
}


static int64_t
amzsync_time_read_fraction(amzsync_time_text_t *t)
{
    int64_t     ms, us, seventh, more, digit;
    ngx_uint_t  n;

    if (!amzsync_time_read_char(t, '.')) {
        return 0;
    }

    us = 0;
    seventh = 0;
    more = 0;

    for (n = 0; t->pos < t->end && *t->pos >= '0' && *t->pos <= '9'; n++) {
        digit = *t->pos++ - '0';

        if (n < 6) {
            us = us * 10 + digit;

        } else if (n == 6) {
            seventh = digit;

        } else {
            more |= digit;
        }
    }

    t->bad |= (n == 0);

    for ( /* void */ ; n < 6; n++) {
        us *= 10;
    }

    ms = us / 1000;

    us += (seventh > 5 || (seventh == 5 && (more || us % 2)));

    t->rest = us - ms * 1000;

    return ms;
}


static int64_t
amzsync_time_read_zone(amzsync_time_text_t *t)
{
    int64_t  ms, sign;

    if (amzsync_time_read_char(t, 'Z') || amzsync_time_read_char(t, 'z')) {
        return 0;
    }

    sign = amzsync_time_read_char(t, '-') ? -1 : 1;

    if (sign == 1) {
        t->bad |= !amzsync_time_read_char(t, '+');
    }

    ms = amzsync_time_read_number(t, 2, 0, AMZSYNC_TIME_ZONE_MAX)
         * AMZSYNC_TIME_HOUR;
    t->bad |= !amzsync_time_read_char(t, ':');
    ms += amzsync_time_read_number(t, 2, 0, 59) * AMZSYNC_TIME_MINUTE;

    return sign * ms;
}


/* Exactly "n" digits; on a mistake "min", so that callers may go on. */

static int64_t
amzsync_time_read_number(amzsync_time_text_t *t, ngx_uint_t n, int64_t min,
    int64_t max)
{
    int64_t     value;
    ngx_uint_t  i;

    if (t->bad || (size_t) (t->end - t->pos) < n) {
        t->bad = 1;
        return min;
    }

    value = 0;

    for (i = 0; i < n; i++) {

        if (t->pos[i] < '0' || t->pos[i] > '9') {
            t->bad = 1;
            return min;
        }

        value = value * 10 + (t->pos[i] - '0');
    }

    if (value < min || value > max) {
        t->bad = 1;
        return min;
    }

    t->pos += n;

    return value;
}


static ngx_uint_t
amzsync_time_read_char(amzsync_time_text_t *t, u_char ch)
{
    if (t->bad || t->pos == t->end || *t->pos != ch) {
        return 0;
    }

    t->pos++;

    return 1;
}


static u_char *
amzsync_time_write_number(u_char *p, ngx_uint_t n, int64_t value,
    u_char after)
{
    ngx_uint_t  i;

    for (i = n; i > 0; i--) {
        p[i - 1] = (u_char) ('0' + value % 10);
        value /= 10;
    }

    p[n] = after;

    return p + n + 1;
}
