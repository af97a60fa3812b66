
/*
 * The "state" of a consent: what goes to Seller Central with a user, and comes
 * back with a code.
 *
 * It is region (1) || nonce (18) || HMAC-SHA256 (32) of both and the user's id,
 * in the base64 of URLs; a multiple of three bytes, so that no bit of the text
 * is without meaning.  The user's id itself does not travel.  Keys are derived
 * from those that seal tokens: the first one signs, all of them verify.
 *
 * That it ends, and is good for once, is the database's to say: it keeps the
 * nonce.
 */


#ifndef _AMZSYNC_STATE_H_INCLUDED_
#define _AMZSYNC_STATE_H_INCLUDED_


#include <base/amzsync_base.h>
#include <base/amzsync_seal.h>


#define AMZSYNC_STATE_NONCE  18
#define AMZSYNC_STATE_LEN    68


typedef struct {
    amzsync_region_e   region;
    u_char             nonce[AMZSYNC_STATE_NONCE];
} amzsync_state_t;


/*
 * Takes the region from "state", and gives it a new nonce.  Writes
 * AMZSYNC_STATE_LEN bytes; NGX_ERROR if OpenSSL fails.
 */
ngx_int_t amzsync_state_make(const amzsync_seal_keys_t *keys,
    const ngx_str_t *user, amzsync_state_t *state, u_char *out);

/* NGX_ERROR for a text that was not made for this user, or was changed. */
ngx_int_t amzsync_state_open(const amzsync_seal_keys_t *keys,
    const ngx_str_t *user, const ngx_str_t *text, amzsync_state_t *state);


#endif /* _AMZSYNC_STATE_H_INCLUDED_ */
