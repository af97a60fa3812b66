
#include <base/amzsync_state.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>


#define AMZSYNC_STATE_MAC     32
#define AMZSYNC_STATE_SIGNED  (1 + AMZSYNC_STATE_NONCE)
#define AMZSYNC_STATE_BYTES   (AMZSYNC_STATE_SIGNED + AMZSYNC_STATE_MAC)


static ngx_int_t amzsync_state_sign(const amzsync_seal_key_t *key,
    const ngx_str_t *user, const u_char *p, u_char *mac);
static ngx_int_t amzsync_state_hmac(const u_char *key, const u_char *p,
    size_t len, u_char *mac);


/* What a derived key is for; nothing else may use this text. */

static const u_char  amzsync_state_purpose[] = "amzsync consent state 1";


ngx_int_t
amzsync_state_make(const amzsync_seal_keys_t *keys, const ngx_str_t *user,
    amzsync_state_t *state, u_char *out)
{
    ngx_str_t   src, dst;
    u_char      buf[AMZSYNC_STATE_BYTES];

    if (RAND_bytes(state->nonce, AMZSYNC_STATE_NONCE) != 1) {
        ERR_clear_error();
        return NGX_ERROR;
    }

    buf[0] = (u_char) state->region;
    ngx_memcpy(buf + 1, state->nonce, AMZSYNC_STATE_NONCE);

    if (amzsync_state_sign(&keys->elts[0], user, buf,
                           buf + AMZSYNC_STATE_SIGNED)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    src.data = buf;
    src.len = AMZSYNC_STATE_BYTES;
    dst.data = out;

    ngx_encode_base64url(&dst, &src);

    return NGX_OK;
}


ngx_int_t
amzsync_state_open(const amzsync_seal_keys_t *keys, const ngx_str_t *user,
    const ngx_str_t *text, amzsync_state_t *state)
{
    ngx_str_t    src, dst;
    ngx_uint_t   i, good;
    u_char       mac[AMZSYNC_STATE_MAC], buf[AMZSYNC_STATE_LEN];

    if (text->len != AMZSYNC_STATE_LEN) {
        return NGX_ERROR;
    }

    src = *text;
    dst.data = buf;

    if (ngx_decode_base64url(&dst, &src) != NGX_OK
        || dst.len != AMZSYNC_STATE_BYTES)
    {
        return NGX_ERROR;
    }

    good = 0;

    for (i = 0; i < keys->nelts; i++) {

        if (amzsync_state_sign(&keys->elts[i], user, buf, mac) != NGX_OK) {
            return NGX_ERROR;
        }

        good |= (CRYPTO_memcmp(mac, buf + AMZSYNC_STATE_SIGNED,
                               AMZSYNC_STATE_MAC)
                 == 0);
    }

    if (!good || buf[0] >= AMZSYNC_REGIONS) {
        return NGX_ERROR;
    }

    state->region = buf[0];
    ngx_memcpy(state->nonce, buf + 1, AMZSYNC_STATE_NONCE);

    return NGX_OK;
}


/* Of AMZSYNC_STATE_SIGNED bytes at "p", and the user's id behind them. */

static ngx_int_t
amzsync_state_sign(const amzsync_seal_key_t *key, const ngx_str_t *user,
    const u_char *p, u_char *mac)
{
    u_char     *last;
    ngx_int_t   rc;
    u_char      derived[AMZSYNC_STATE_MAC];
    u_char      text[AMZSYNC_STATE_SIGNED + AMZSYNC_USER_MAX];

    if (user->len > AMZSYNC_USER_MAX
        || amzsync_state_hmac(key->key, amzsync_state_purpose,
                              sizeof(amzsync_state_purpose) - 1, derived)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    last = ngx_cpymem(text, p, AMZSYNC_STATE_SIGNED);
    last = ngx_cpymem(last, user->data, user->len);

    rc = amzsync_state_hmac(derived, text, last - text, mac);

    OPENSSL_cleanse(derived, sizeof(derived));

    return rc;
}


static ngx_int_t
amzsync_state_hmac(const u_char *key, const u_char *p, size_t len,
    u_char *mac)
{
    u_char        md[EVP_MAX_MD_SIZE];
    unsigned int  n;

    if (HMAC(EVP_sha256(), key, 32, p, len, md, &n) == NULL
        || n != AMZSYNC_STATE_MAC)
    {
        ERR_clear_error();
        return NGX_ERROR;
    }

    ngx_memcpy(mac, md, AMZSYNC_STATE_MAC);
    OPENSSL_cleanse(md, sizeof(md));

    return NGX_OK;
}
