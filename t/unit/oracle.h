
/*
 * jansson as the judge of what the pull reader and the row decoder make of a
 * text.
 */


#ifndef _ORACLE_H_INCLUDED_
#define _ORACLE_H_INCLUDED_


#include <dataset/amzsync_dataset.h>


/* NULL, or what differs; the text need not end with 0. */
const char *oracle_reader(const u_char *p, size_t len);
const char *oracle_rows(const amzsync_dataset_t *dataset, const u_char *p,
    size_t len);


#endif /* _ORACLE_H_INCLUDED_ */
