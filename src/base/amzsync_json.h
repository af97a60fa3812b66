
/*
 * Writing JSON, and reading small documents.
 *
 * The writer appends to a buffer of its caller, and once that is full to a
 * growing one of malloc()ed memory; it may be used in threads as well as in the
 * event loop.  It never fails in the middle: an allocation failure sets
 * w->failed, and everything after it is dropped, so that only the end needs a
 * check.
 */


#ifndef _AMZSYNC_JSON_H_INCLUDED_
#define _AMZSYNC_JSON_H_INCLUDED_


#include <base/amzsync_base.h>
#include <jansson.h>


typedef struct {
    u_char    *start;
    u_char    *last;
    u_char    *end;
    unsigned   allocated:1;
    unsigned   failed:1;
    unsigned   comma:1;            /* a value stands before the next one */
} amzsync_json_t;


/* "buf" must live until the text has been used and freed. */
void amzsync_json_init(amzsync_json_t *w, u_char *buf, size_t size);
void amzsync_json_free(amzsync_json_t *w);

/* Structure.  A NULL key means: an element of an array, or the top value; a key
 * has nothing to escape. */
void amzsync_json_open(amzsync_json_t *w, const char *key, u_char brace);
void amzsync_json_close(amzsync_json_t *w, u_char brace);

/* A key that is not ours, and so escaped; the value that follows has none. */
void amzsync_json_name(amzsync_json_t *w, const u_char *p, size_t len);

/* Values.  Strings must be valid UTF-8; they are escaped. */
void amzsync_json_str(amzsync_json_t *w, const char *key, const u_char *p,
    size_t len);
void amzsync_json_cstr(amzsync_json_t *w, const char *key, const char *s);
void amzsync_json_int(amzsync_json_t *w, const char *key, int64_t n);
void amzsync_json_bool(amzsync_json_t *w, const char *key, ngx_uint_t b);
void amzsync_json_null(amzsync_json_t *w, const char *key);

/* Text that is JSON already, such as a number's digits. */
void amzsync_json_raw(amzsync_json_t *w, const char *key, const u_char *p,
    size_t len);


/*
 * A small document (a request body, a token answer, an error), a value of any
 * type, parsed by jansson: the caller bounds "len"; duplicate members and NUL
 * are refused.  Returns a new reference, or NULL with the reason in "error".
 */
json_t *amzsync_json_load(const u_char *p, size_t len, json_error_t *error);


#endif /* _AMZSYNC_JSON_H_INCLUDED_ */
