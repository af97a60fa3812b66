
/*
 * A column's array as PostgreSQL would print it, but for times, which stand as
 * in RFC 3339.
 */


#ifndef _LITERAL_H_INCLUDED_
#define _LITERAL_H_INCLUDED_


#include <dataset/amzsync_dataset.h>


/* '{"a",NULL}', to be free()d; texts and JSON stand in quotes.  abort() if it
 * is no array, or one of another number of elements. */
char *literal(const amzsync_array_t *array, ngx_uint_t n);


#endif /* _LITERAL_H_INCLUDED_ */
