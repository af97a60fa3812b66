
/*
 * Tests that print TAP.
 */


#ifndef _TAP_H_INCLUDED_
#define _TAP_H_INCLUDED_


#include <stdio.h>


static unsigned  tap_tests;
static unsigned  tap_failed;


static int
ok(int good, const char *name)
{
    printf("%sok %u - %s\n", good ? "" : "not ", ++tap_tests, name);

    if (!good) {
        tap_failed++;
    }

    return good;
}


/* After ok() has failed. */

#define diag(...)  (printf("# "), printf(__VA_ARGS__), printf("\n"))


static int
tap_done(void)
{
    printf("1..%u\n", tap_tests);

    return tap_failed ? 1 : 0;
}


#endif /* _TAP_H_INCLUDED_ */
