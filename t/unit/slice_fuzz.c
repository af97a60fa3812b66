
/*
 * libFuzzer: any bytes as a report, gzip or not, in any of some charsets.  In
 * slices of one row and of many it is the same, and valid for PostgreSQL;
 * what no column takes is JSON to jansson.
 */


#include "slice.h"
#include <base/amzsync_text.h>
#include <stdio.h>


int LLVMFuzzerTestOneInput(const u_char *p, size_t len);


static const char *const  charsets[] = {
    NULL, "Cp1252", "Windows-31J", "Shift_JIS", "UTF-8", "latin1", "UTF-16",
    "ISO-2022-JP"
};


int
LLVMFuzzerTestOneInput(const u_char *p, size_t len)
{
    char                     *one[AMZSYNC_COLUMNS_MAX];
    char                     *many[AMZSYNC_COLUMNS_MAX];
    ngx_uint_t                i;
    const char               *code, *wrong;
    amzsync_spool_t          *spool;
    const amzsync_dataset_t  *dataset;
    amzsync_spapi_outcome_t   first, second;

    if (len < 2) {
        return 0;
    }

    dataset = (p[0] & 16) ? &slice_keyed : &slice_dataset;

    spool = slice_spool(p + 2, len - 2, 1 + p[1], p[0] & 8, charsets[p[0] & 7],
                        &code);
    if (spool == NULL) {
        return 0;
    }

    slice_read(dataset, spool, 1, one, &first);
    slice_read(dataset, spool, 1000, many, &second);

    wrong = slice_extra(dataset, many[dataset->rows->ncolumns - 1]);

    if (wrong != NULL) {
        fprintf(stderr, "extra has %s\n", wrong);
        abort();
    }

    for (i = 0; i < dataset->rows->ncolumns; i++) {

        if (!amzsync_text_utf8((u_char *) many[i], ngx_strlen(many[i]))) {
            fprintf(stderr, "column %lu is not UTF-8\n", (unsigned long) i);
            abort();
        }

        if (first.verdict == AMZSYNC_SPAPI_OK
            && second.verdict == AMZSYNC_SPAPI_OK
            && strcmp(one[i], many[i]) != 0)
        {
            fprintf(stderr, "column %lu depends on slices\n",
                    (unsigned long) i);
            abort();
        }

        free(one[i]);
        free(many[i]);
    }

    amzsync_spool_release(spool);

    return 0;
}
