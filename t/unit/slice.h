
/*
 * A document as the module reads it: through the spool into a file, and from
 * there in slices.
 */


#ifndef _SLICE_H_INCLUDED_
#define _SLICE_H_INCLUDED_


#include <spapi/amzsync_spapi_report.h>
#include <spapi/amzsync_spapi_spool.h>


/* A dataset of a column of each type; and one whose rows stand together. */
extern const amzsync_dataset_t  slice_dataset;
extern const amzsync_dataset_t  slice_keyed;


/* The document as a file, written in pieces of "piece" bytes; NULL: "code" is
 * the writer's. */
amzsync_spool_t *slice_spool(const u_char *p, size_t len, size_t piece,
    ngx_uint_t gzip, const char *charset, const char **code);

/*
 * All rows, "max_rows" a slice: of each column the elements of its arrays one
 * after the other, each followed by a newline, in texts that are malloc()ed.
 * The outcome is the last slice's.
 */
void slice_read(const amzsync_dataset_t *dataset, amzsync_spool_t *spool,
    ngx_uint_t max_rows, char *columns[AMZSYNC_COLUMNS_MAX],
    amzsync_spapi_outcome_t *outcome);

/* NULL, or what is wrong: of the elements of an EXTRA column each is NULL or,
 * to jansson, an object of texts; and of a dataset that tells what it keeps, of
 * nothing else. */
const char *slice_extra(const amzsync_dataset_t *dataset,
    const char *elements);


#endif /* _SLICE_H_INCLUDED_ */
