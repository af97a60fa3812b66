
/*
 * From a JSON value to an element of a PostgreSQL array, by a column's type
 * (see amzsync_dataset.h): what PostgreSQL would refuse is refused here.
 */


#ifndef _AMZSYNC_SPAPI_VALUE_H_INCLUDED_
#define _AMZSYNC_SPAPI_VALUE_H_INCLUDED_


#include <dataset/amzsync_dataset.h>
#include <spapi/amzsync_spapi_reader.h>


/*
 * Appends "v" to "array".  NGX_DECLINED: the value may not stand in the
 * column, "err" says why ("is not a number"); NGX_ERROR: no memory.
 */
ngx_int_t amzsync_value_append(amzsync_array_t *array,
    const amzsync_column_t *column, const amzsync_reader_value_t *v,
    const char **err);


#endif /* _AMZSYNC_SPAPI_VALUE_H_INCLUDED_ */
