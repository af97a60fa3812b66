
/*
 * From the text of a page to its rows and its next token, by a descriptor.
 */


#ifndef _AMZSYNC_SPAPI_ROWS_H_INCLUDED_
#define _AMZSYNC_SPAPI_ROWS_H_INCLUDED_


#include <base/amzsync_base.h>
#include <dataset/amzsync_dataset.h>


/*
 * The byte after the text, p[len], must be there and be 0.
 *
 * NGX_OK: "rows" are to be freed by amzsync_rows_free(), "token" by free();
 * no token, null or "" is NULL.  NGX_DECLINED: the page is malformed, "error"
 * says where and why.  NGX_ERROR: no memory.
 *
 * Members may come in any order.  Of members of one name the last counts, for
 * values, objects and arrays of rows alike, but the rows of each such array
 * must be well-formed.
 */
ngx_int_t amzsync_spapi_rows(const amzsync_dataset_t *dataset,
    const u_char *p, size_t len, amzsync_rows_t **rows, char **token,
    amzsync_error_t *error);


#endif /* _AMZSYNC_SPAPI_ROWS_H_INCLUDED_ */
