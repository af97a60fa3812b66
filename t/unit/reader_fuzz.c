
/*
 * libFuzzer: the reader against jansson on any text, and any text as a page of
 * orders.
 */


#include "oracle.h"
#include <stdio.h>


int LLVMFuzzerTestOneInput(const u_char *p, size_t len);


int
LLVMFuzzerTestOneInput(const u_char *p, size_t len)
{
    const char  *wrong;

    wrong = oracle_reader(p, len);

    if (wrong == NULL) {
        wrong = oracle_rows(amzsync_dataset_find((u_char *) "orders", 6),
                            p, len);
    }

    if (wrong != NULL) {
        fprintf(stderr, "reader: %s\n", wrong);
        abort();
    }

    return 0;
}
