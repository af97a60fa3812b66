
/*
 * Times are int64_t milliseconds since 1970-01-01T00:00:00Z.
 */


#ifndef _AMZSYNC_TIME_H_INCLUDED_
#define _AMZSYNC_TIME_H_INCLUDED_


#include <base/amzsync_base.h>


#define AMZSYNC_TIME_LEN  (sizeof("2026-11-22T10:00:00.000Z") - 1)
#define AMZSYNC_TIME_BAD  INT64_MIN
#define AMZSYNC_TIME_DAY  86400000


/*
 * Reads RFC 3339 (and the date-only and second-less forms of ISO 8601 that
 * Amazon accepts): "2026-11-22", "…T10:00Z", "…T10:00:00.123456+01:00".
 * Years 0001 to 9999; fractions beyond milliseconds are dropped.
 * AMZSYNC_TIME_BAD for anything else.
 */
int64_t amzsync_time_parse(const u_char *p, size_t len);

/* The same in microseconds since then, rounded to the nearest, to the even one
 * of two. */
int64_t amzsync_time_parse_us(const u_char *p, size_t len);

/*
 * Writes "2026-11-22T10:00:00.000Z", AMZSYNC_TIME_LEN bytes, and returns the
 * end.
 */
u_char *amzsync_time_print(u_char *p, int64_t ms);

/* The same to the second, "2026-11-22T10:00:00Z": 20 bytes. */
u_char *amzsync_time_print_seconds(u_char *p, int64_t ms);


#endif /* _AMZSYNC_TIME_H_INCLUDED_ */
