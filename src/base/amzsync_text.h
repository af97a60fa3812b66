
/*
 * Forms of values: what is refused before it reaches a statement or a URL.
 */


#ifndef _AMZSYNC_TEXT_H_INCLUDED_
#define _AMZSYNC_TEXT_H_INCLUDED_


#include <base/amzsync_base.h>


/* Valid UTF-8 by RFC 3629, without NUL. */
ngx_uint_t amzsync_text_utf8(const u_char *p, size_t len);

/* A region's name, "na", "eu" or "fe"; NGX_ERROR for any other text. */
ngx_int_t amzsync_text_region(const u_char *p, size_t len);
extern const char  *amzsync_region_names[AMZSYNC_REGIONS];

/*
 * Fills "error"; the texts are cut to fit at a character's border, and what is
 * not valid UTF-8 becomes '?'.  "request_id" may be NULL.
 */
void amzsync_error_set(amzsync_error_t *error, const char *code,
    const char *message, size_t len, const char *request_id);

/* memcpy() with a bound, at a character's border, always ending with NUL: bytes
 * written without it. */
size_t amzsync_text_copy(char *dst, size_t size, const char *src, size_t len);


#endif /* _AMZSYNC_TEXT_H_INCLUDED_ */
