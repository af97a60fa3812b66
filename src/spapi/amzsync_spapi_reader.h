
/*
 * A pull reader for JSON texts (RFC 8259): nothing is copied, no tree is made,
 * and whatever is passed over is checked as strictly as what is taken.
 *
 * It accepts what jansson accepts, with these differences: a number may have
 * any size, its digits stay as they stand; arrays and objects nest at most
 * AMZSYNC_READER_DEPTH deep; a text has at most AMZSYNC_READER_SIZE bytes; and
 * a byte 0 is wrong everywhere (jansson passes over one after a number).
 *
 * Plain C without anything of nginx that needs linking.
 */


#ifndef _AMZSYNC_SPAPI_READER_H_INCLUDED_
#define _AMZSYNC_SPAPI_READER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define AMZSYNC_READER_DEPTH    64

/* Small enough that neither a jsonb value made of all of a text nor a
 * statement with its rows comes near PostgreSQL's limits. */
#define AMZSYNC_READER_SIZE     (32 * 1024 * 1024)

/* Digits either side of a number's point, after its exponent is applied,
 * beyond which the number is "wide". */
#define AMZSYNC_READER_DIGITS   1000


typedef enum {
    AMZSYNC_READER_NULL = 0,
    AMZSYNC_READER_FALSE,
    AMZSYNC_READER_TRUE,
    AMZSYNC_READER_NUMBER,
    AMZSYNC_READER_STRING,
    AMZSYNC_READER_ARRAY,
    AMZSYNC_READER_OBJECT
} amzsync_reader_type_e;


/*
 * A value as it stands in the text; a string without its quotes.  An array or
 * object that was only opened ends after its bracket, a skipped one after its
 * closing bracket.
 */

typedef struct {
    const u_char         *start;
    const u_char         *end;
    amzsync_reader_type_e   type;
    unsigned              escaped:1;    /* a string with escapes */
    unsigned              wide:1;       /* a wide number, or a skipped value
                                           with one inside */
} amzsync_reader_value_t;


/* The parts of a number. */

typedef struct {
    const u_char         *integer;
    const u_char         *fraction;
    size_t                ninteger;
    size_t                nfraction;    /* 0: no point */
    ngx_int_t             exponent;
    unsigned              negative:1;
} amzsync_reader_number_t;


typedef struct {
    const u_char         *start;
    const u_char         *pos;
    const u_char         *end;
    const char           *error;        /* NULL: none; "pos" is its place */

    uint64_t              objects;      /* a bit an open level: an object? */
    ngx_uint_t            depth;

    unsigned              fresh:1;      /* nothing read since the bracket */
    unsigned              wide:1;       /* a wide number since it was cleared */
} amzsync_reader_t;


/* The byte after the text, p[len], must be there and be 0. */
ngx_int_t amzsync_reader_init(amzsync_reader_t *r, const u_char *p,
    size_t len);

/*
 * The next value: NGX_OK or NGX_ERROR.  An array or object is opened; then
 * amzsync_reader_element() or amzsync_reader_member() goes before each value
 * in it and answers NGX_DONE, having closed it, if there are no more.
 */
ngx_int_t amzsync_reader_value(amzsync_reader_t *r, amzsync_reader_value_t *v);
ngx_int_t amzsync_reader_element(amzsync_reader_t *r);
ngx_int_t amzsync_reader_member(amzsync_reader_t *r,
    amzsync_reader_value_t *name);

/* Passes over the rest of a value just read, of any type. */
ngx_int_t amzsync_reader_skip(amzsync_reader_t *r, amzsync_reader_value_t *v);

/* After the top value: whether nothing but white space follows. */
ngx_int_t amzsync_reader_end(amzsync_reader_t *r);

/*
 * Decodes a string into "dst", which has room for v->end - v->start bytes, and
 * returns the end.
 */
u_char *amzsync_reader_decode(const amzsync_reader_value_t *v, u_char *dst);

/*
 * Reads the number that begins at "p", in a text with a byte after it that is
 * no part of a number; returns its end, or NULL.
 */
const u_char *amzsync_reader_number(const u_char *p,
    amzsync_reader_number_t *n);
ngx_uint_t amzsync_reader_wide(const amzsync_reader_number_t *n);


#endif /* _AMZSYNC_SPAPI_READER_H_INCLUDED_ */
