
/*
 * What array_recv() takes: dimensions, whether there are NULLs, the elements'
 * type, how many there are, the first one's index; then each element behind its
 * length, -1 for NULL.
 */


#include "binary.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define INT8    20
#define TEXT    25
#define JSONB   3802

#define HEADER  20


/* Of arrays and of their elements: the same in each PostgreSQL. */

static const Oid  types[][2] = {
    { 1009, TEXT },
    { 1016, INT8 },
    { 3807, JSONB }
};


static char *
number(char *p, int32_t n)
{
    n = (int32_t) htonl((uint32_t) n);
    memcpy(p, &n, sizeof(n));

    return p + sizeof(n);
}


/* One element from "*literal", which then stands behind it, at ',' or '}'. */

static char *
element(char *dst, const char **literal, Oid type)
{
    char        *begin;
    int          quoted;
    long long    n;
    const char  *p;

    p = *literal;
    quoted = (*p == '"');

    if (strncmp(p, "NULL", 4) == 0) {
        *literal = p + 4;
        return number(dst, -1);
    }

    begin = dst;
    dst += 4;

    if (type == INT8) {
        n = strtoll(p, (char **) literal, 10);
        dst = number(dst, (int32_t) (n >> 32));
        dst = number(dst, (int32_t) n);
        number(begin, 8);

        return dst;
    }

    if (type == JSONB) {
        *dst++ = 1;                                     /* version */
    }

    for (p += quoted; quoted ? *p != '"' : *p != ',' && *p != '}'; p++) {
        p += (*p == '\\');
        *dst++ = *p;
    }

    *literal = p + quoted;
    number(begin, (int32_t) (dst - begin - 4));

    return dst;
}


char *
binary_array(const char *literal, Oid type, int *len)
{
    int          n;
    char        *array, *p;
    size_t       i;
    const char  *s;

    for (i = 0; types[i][0] != type; i++) {
        if (i + 1 == sizeof(types) / sizeof(types[0])) {
            return NULL;
        }
    }

    /* an element of two bytes, with its comma, becomes twelve at most */

    array = malloc(HEADER + 6 * strlen(literal));
    if (array == NULL) {
        return NULL;
    }

    p = array + HEADER;
    n = 0;

    for (s = literal + 1; *s != '}' && *s != '\0'; s += (*s == ',')) {
        p = element(p, &s, types[i][1]);
        n++;
    }

    *len = (int) (p - array);

    p = number(array, 1);
    p = number(p, 1);
    p = number(p, (int32_t) types[i][1]);
    p = number(p, n);
    (void) number(p, 1);

    return array;
}
