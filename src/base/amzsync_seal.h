
/*
 * Sealing of refresh tokens at rest: AES-256-GCM, a random 96-bit nonce, the
 * user's id as associated data, so that a sealed token moved to another user's
 * row does not open.
 *
 * A sealed token is nonce (12) || ciphertext || tag (16).  The id of its key
 * is stored beside it; the first key of the file seals, all of them open, so
 * keys rotate by a new first line.
 *
 * Keys are read once at configuration time and are read-only afterwards: any
 * thread may seal and open.
 */


#ifndef _AMZSYNC_SEAL_H_INCLUDED_
#define _AMZSYNC_SEAL_H_INCLUDED_


#include <base/amzsync_base.h>


#define AMZSYNC_SEAL_KEY_ID_MAX  32
#define AMZSYNC_SEAL_OVERHEAD    (12 + 16)


typedef struct {
    char        id[AMZSYNC_SEAL_KEY_ID_MAX + 1];
    u_char      key[32];
} amzsync_seal_key_t;


typedef struct {
    amzsync_seal_key_t  *elts;
    ngx_uint_t           nelts;
} amzsync_seal_keys_t;


/*
 * Parses a key file: a line "ID HEX" a key, ID of letters, digits, '-' and
 * '_', HEX of 64 digits; empty lines and lines that begin with '#' are passed
 * over.  Keys are allocated from "pool" and cleansed with it.  On NGX_ERROR
 * "err" names the mistake, without any of the key, and "line" its line.
 */
ngx_int_t amzsync_seal_parse_keys(ngx_pool_t *pool, u_char *p, size_t len,
    amzsync_seal_keys_t *keys, const char **err, ngx_uint_t *line);

/*
 * Seals "len" bytes with the first key.  "out" has room for len +
 * AMZSYNC_SEAL_OVERHEAD bytes, which is also what is written.
 */
ngx_int_t amzsync_seal(const amzsync_seal_keys_t *keys, const u_char *user,
    size_t user_len, const u_char *p, size_t len, u_char *out);

/*
 * Opens what amzsync_seal() made with the key "key_id".  "out" has room for
 * "len" bytes; returns the bytes written, or NGX_ERROR if there is no such key
 * or the text was changed.  The caller cleanses "out" (OPENSSL_cleanse).
 */
ssize_t amzsync_seal_open(const amzsync_seal_keys_t *keys, const char *key_id,
    const u_char *user, size_t user_len, const u_char *p, size_t len,
    u_char *out);


#endif /* _AMZSYNC_SEAL_H_INCLUDED_ */
