
/*
 * The tokens of lists that go on at a row.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_cursor.h>
#include <openssl/crypto.h>


/*
 * The first two bytes make the first two characters '+' and '/'; the length,
 * which is no multiple of three, makes the last '='.
 */

#define AMZSYNC_SANDBOX_CURSOR_HEAD  4
#define AMZSYNC_SANDBOX_CURSOR_BODY                                           \
    (AMZSYNC_SANDBOX_CURSOR_HEAD + sizeof(amzsync_sandbox_cursor_t))
#define AMZSYNC_SANDBOX_CURSOR_LEN                                            \
    (AMZSYNC_SANDBOX_CURSOR_BODY + AMZSYNC_SANDBOX_MAC)


static void
amzsync_sandbox_cursor_head(u_char *p, amzsync_sandbox_cursor_e kind)
{
    p[0] = 0xfb;
    p[1] = 0xff;
    p[2] = (u_char) kind;
    p[3] = 1;
}


size_t
amzsync_sandbox_cursor_make(const amzsync_sandbox_keys_t *keys,
    amzsync_sandbox_cursor_e kind, const amzsync_sandbox_cursor_t *cursor,
    u_char *out)
{
    u_char     buf[AMZSYNC_SANDBOX_CURSOR_LEN];
    ngx_str_t  src, dst;

    amzsync_sandbox_cursor_head(buf, kind);
    ngx_memcpy(buf + AMZSYNC_SANDBOX_CURSOR_HEAD, cursor,
               sizeof(amzsync_sandbox_cursor_t));

    if (amzsync_sandbox_sign(keys, buf, AMZSYNC_SANDBOX_CURSOR_BODY,
                             buf + AMZSYNC_SANDBOX_CURSOR_BODY)
        != NGX_OK)
    {
        return 0;
    }

    src.data = buf;
    src.len = sizeof(buf);
    dst.data = out;

    ngx_encode_base64(&dst, &src);

    return dst.len;
}


ngx_int_t
amzsync_sandbox_cursor_open(const amzsync_sandbox_keys_t *keys,
    amzsync_sandbox_cursor_e kind, const ngx_str_t *token, time_t now,
    amzsync_sandbox_cursor_t *cursor)
{
    u_char     buf[AMZSYNC_SANDBOX_TOKEN_MAX], mac[AMZSYNC_SANDBOX_MAC];
    u_char     head[AMZSYNC_SANDBOX_CURSOR_HEAD];
    uint64_t   seller, hash;
    ngx_str_t  src, dst;

    if (token->len > AMZSYNC_SANDBOX_TOKEN_MAX) {
        return NGX_ERROR;
    }

    src = *token;
    dst.data = buf;

    if (ngx_decode_base64(&dst, &src) != NGX_OK
        || dst.len != AMZSYNC_SANDBOX_CURSOR_LEN)
    {
        return NGX_ERROR;
    }

    amzsync_sandbox_cursor_head(head, kind);

    if (ngx_memcmp(buf, head, sizeof(head)) != 0
        || amzsync_sandbox_sign(keys, buf, AMZSYNC_SANDBOX_CURSOR_BODY, mac)
           != NGX_OK
        || CRYPTO_memcmp(mac, buf + AMZSYNC_SANDBOX_CURSOR_BODY, sizeof(mac))
           != 0)
    {
        return NGX_ERROR;
    }

    seller = cursor->seller;
    hash = cursor->hash;

    ngx_memcpy(cursor, buf + AMZSYNC_SANDBOX_CURSOR_HEAD,
               sizeof(amzsync_sandbox_cursor_t));

    if (cursor->seller != seller || cursor->hash != hash
        || (time_t) cursor->expires <= now)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
