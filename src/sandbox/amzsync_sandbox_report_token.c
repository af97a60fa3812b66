
/*
 * What the sandbox signs about reports: where a list goes on, and where a
 * document lies.  As for other tokens, nothing of it is kept.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report_life.h>
#include <openssl/crypto.h>


#define AMZSYNC_SANDBOX_SIGNED    320

#define AMZSYNC_SANDBOX_ADDRESS   'd'
#define AMZSYNC_SANDBOX_LISTING   'l'


static size_t amzsync_sandbox_signed_make(const amzsync_sandbox_keys_t *keys,
    u_char kind, const void *p, size_t len, u_char *out);
static ngx_int_t amzsync_sandbox_signed_open(
    const amzsync_sandbox_keys_t *keys, u_char kind, const ngx_str_t *token,
    void *p, size_t len);


size_t
amzsync_sandbox_address_make(const amzsync_sandbox_keys_t *keys,
    const amzsync_sandbox_address_t *address, u_char *out)
{
    return amzsync_sandbox_signed_make(keys, AMZSYNC_SANDBOX_ADDRESS, address,
                                       sizeof(amzsync_sandbox_address_t),
                                       out);
}


ngx_int_t
amzsync_sandbox_address_open(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *token, time_t now, amzsync_sandbox_address_t *address)
{
    if (amzsync_sandbox_signed_open(keys, AMZSYNC_SANDBOX_ADDRESS, token,
                                    address,
                                    sizeof(amzsync_sandbox_address_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return (address->expires > now) ? NGX_OK : NGX_DECLINED;
}


size_t
amzsync_sandbox_listing_make(const amzsync_sandbox_keys_t *keys,
    const amzsync_sandbox_listing_t *listing, u_char *out)
{
    return amzsync_sandbox_signed_make(keys, AMZSYNC_SANDBOX_LISTING, listing,
                                       sizeof(amzsync_sandbox_listing_t),
                                       out);
}


ngx_int_t
amzsync_sandbox_listing_open(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *token, amzsync_sandbox_listing_t *listing)
{
    return amzsync_sandbox_signed_open(keys, AMZSYNC_SANDBOX_LISTING, token,
                                       listing,
                                       sizeof(amzsync_sandbox_listing_t));
}


static size_t
amzsync_sandbox_signed_make(const amzsync_sandbox_keys_t *keys, u_char kind,
    const void *p, size_t len, u_char *out)
{
    u_char     buf[AMZSYNC_SANDBOX_SIGNED];
    ngx_str_t  src, dst;

    buf[0] = kind;
    ngx_memcpy(buf + 1, p, len);

    if (amzsync_sandbox_sign(keys, buf, 1 + len, buf + 1 + len) != NGX_OK) {
        return 0;
    }

    src.data = buf;
    src.len = 1 + len + AMZSYNC_SANDBOX_MAC;
    dst.data = out;

    ngx_encode_base64url(&dst, &src);

    return dst.len;
}


static ngx_int_t
amzsync_sandbox_signed_open(const amzsync_sandbox_keys_t *keys, u_char kind,
    const ngx_str_t *token, void *p, size_t len)
{
    u_char     buf[AMZSYNC_SANDBOX_TOKEN_MAX], mac[AMZSYNC_SANDBOX_MAC];
    ngx_str_t  src, dst;

    if (token->len > AMZSYNC_SANDBOX_TOKEN_MAX) {
        return NGX_ERROR;
    }

    src = *token;
    dst.data = buf;

    if (ngx_decode_base64url(&dst, &src) != NGX_OK
        || dst.len != 1 + len + AMZSYNC_SANDBOX_MAC
        || buf[0] != kind
        || amzsync_sandbox_sign(keys, buf, 1 + len, mac) != NGX_OK
        || CRYPTO_memcmp(mac, buf + 1 + len, sizeof(mac)) != 0)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(p, buf + 1, len);

    return NGX_OK;
}
