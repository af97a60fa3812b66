
/*
 * Array literals in PostgreSQL's binary form, as the module sends them.
 */


#ifndef _BINARY_H_INCLUDED_
#define _BINARY_H_INCLUDED_


#include <libpq-fe.h>


/* The array of this type, malloc()ed, and its length; NULL: arrays of the type
 * stay texts. */
char *binary_array(const char *literal, Oid type, int *len);


#endif /* _BINARY_H_INCLUDED_ */
