
/*
 * From a field of a report to an element of a PostgreSQL array.
 */


#ifndef _AMZSYNC_SPAPI_FIELD_H_INCLUDED_
#define _AMZSYNC_SPAPI_FIELD_H_INCLUDED_


#include <dataset/amzsync_dataset.h>


/*
 * Whether "p" is one of the names, which are separated by '|': "return-date"
 * is "Return Date", too.
 */
ngx_uint_t amzsync_field_named(const char *names, const u_char *p,
    size_t len);

/*
 * Appends a value that is not empty, valid UTF-8 without NUL.  The byte behind
 * it is one that no number goes on with.  NGX_DECLINED: it has not the form of
 * the column; NGX_ERROR: no memory.
 *
 * Times are RFC 3339's and what Amazon writes besides: "2026-11-22",
 * "11/22/2026", "2026-11-22 10:00:00 UTC", "22.11.2026 10:00:00 UTC".
 */
ngx_int_t amzsync_field_append(amzsync_array_t *array,
    const amzsync_column_t *column, const u_char *p, size_t len);

/* The begin of a day in these forms, in UTC, or AMZSYNC_TIME_BAD. */
int64_t amzsync_field_day_begin(const u_char *p, size_t len);


#endif /* _AMZSYNC_SPAPI_FIELD_H_INCLUDED_ */
