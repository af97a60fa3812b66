
/*
 * Tokens that the sandbox hands out.  It keeps none: a token says all there is
 * to say, and is signed with a key that comes of the seed.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_code.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>


#define AMZSYNC_SANDBOX_PAYLOAD   160

#define AMZSYNC_SANDBOX_ACCESS    'a'
#define AMZSYNC_SANDBOX_NEXT      'n'
#define AMZSYNC_SANDBOX_CODE      'c'


typedef struct {
    u_char                  *pos;
    u_char                  *end;
} amzsync_sandbox_payload_t;


static size_t amzsync_sandbox_seal(const amzsync_sandbox_keys_t *keys,
    u_char *payload, size_t len, u_char *out);
static ngx_int_t amzsync_sandbox_unseal(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *token, u_char *buf, amzsync_sandbox_payload_t *payload);
static u_char *amzsync_sandbox_put(u_char *p, uint64_t n);
static uint64_t amzsync_sandbox_get(amzsync_sandbox_payload_t *payload);


static ngx_str_t  amzsync_sandbox_prefix = ngx_string("Atza|");


void
amzsync_sandbox_keys(amzsync_sandbox_keys_t *keys, uint64_t seed)
{
    u_char      *p;
    ngx_uint_t   i;

    p = keys->key;

    for (i = 0; i < sizeof(keys->key) / sizeof(uint64_t); i++) {
        p = amzsync_sandbox_put(p, amzsync_sandbox_hash(seed, i, 4));
    }
}


size_t
amzsync_sandbox_access_make(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *seller, uint64_t client, time_t expires, u_char *out)
{
    size_t   len;
    u_char  *p, payload[AMZSYNC_SANDBOX_PAYLOAD];

    p = payload;
    *p++ = AMZSYNC_SANDBOX_ACCESS;
    p = amzsync_sandbox_put(p, expires);
    p = amzsync_sandbox_put(p, client);
    p = ngx_cpymem(p, seller->data, seller->len);

    ngx_memcpy(out, amzsync_sandbox_prefix.data, amzsync_sandbox_prefix.len);

    len = amzsync_sandbox_seal(keys, payload, p - payload,
                               out + amzsync_sandbox_prefix.len);

    return len ? amzsync_sandbox_prefix.len + len : 0;
}


ngx_int_t
amzsync_sandbox_access_open(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *token, time_t now, amzsync_sandbox_access_t *access)
{
    ngx_str_t                  text;
    u_char                     buf[AMZSYNC_SANDBOX_TOKEN_MAX];
    amzsync_sandbox_payload_t  payload;

    if (token->len < amzsync_sandbox_prefix.len
        || ngx_memcmp(token->data, amzsync_sandbox_prefix.data,
                      amzsync_sandbox_prefix.len)
           != 0)
    {
        return NGX_ERROR;
    }

    text.data = token->data + amzsync_sandbox_prefix.len;
    text.len = token->len - amzsync_sandbox_prefix.len;

    if (amzsync_sandbox_unseal(keys, &text, buf, &payload) != NGX_OK
        || *payload.pos++ != AMZSYNC_SANDBOX_ACCESS)
    {
        return NGX_ERROR;
    }

    access->expires = amzsync_sandbox_get(&payload);
    access->client = amzsync_sandbox_get(&payload);
    access->seller.data = access->buf;
    access->seller.len = payload.end - payload.pos;
    ngx_memcpy(access->buf, payload.pos, access->seller.len);

    /* whole seconds: the last one counts, or its time would be shorter */

    return (access->expires >= now) ? NGX_OK : NGX_DECLINED;
}


size_t
amzsync_sandbox_next_make(const amzsync_sandbox_keys_t *keys,
    const amzsync_sandbox_view_t *view, const amzsync_sandbox_search_t *search,
    const amzsync_sandbox_place_t *place, time_t expires, u_char *out)
{
    u_char  *p, payload[AMZSYNC_SANDBOX_PAYLOAD];

    p = payload;
    *p++ = AMZSYNC_SANDBOX_NEXT;
    p = amzsync_sandbox_put(p, view->key);
    p = amzsync_sandbox_put(p, search->hash);
    p = amzsync_sandbox_put(p, expires);
    p = amzsync_sandbox_put(p, search->before);
    p = amzsync_sandbox_put(p, place->row);
    p = amzsync_sandbox_put(p, place->revision);

    return amzsync_sandbox_seal(keys, payload, p - payload, out);
}


ngx_int_t
amzsync_sandbox_next_open(const amzsync_sandbox_keys_t *keys,
    const amzsync_sandbox_view_t *view, amzsync_sandbox_search_t *search,
    time_t now, amzsync_sandbox_place_t *place)
{
    u_char                     buf[AMZSYNC_SANDBOX_TOKEN_MAX];
    amzsync_sandbox_payload_t  payload;

    if (amzsync_sandbox_unseal(keys, &search->token, buf, &payload) != NGX_OK
        || *payload.pos++ != AMZSYNC_SANDBOX_NEXT
        || amzsync_sandbox_get(&payload) != view->key
        || amzsync_sandbox_get(&payload) != search->hash
        || (time_t) amzsync_sandbox_get(&payload) <= now)
    {
        return NGX_ERROR;
    }

    search->before = amzsync_sandbox_get(&payload);
    place->row = amzsync_sandbox_get(&payload);
    place->revision = amzsync_sandbox_get(&payload);

    return (place->row < (uint64_t) view->orders) ? NGX_OK : NGX_ERROR;
}


size_t
amzsync_sandbox_code_make(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *seller, uint64_t nonce, int64_t expires, u_char *out)
{
    u_char  *p, payload[AMZSYNC_SANDBOX_PAYLOAD];

    p = payload;
    *p++ = AMZSYNC_SANDBOX_CODE;
    p = amzsync_sandbox_put(p, expires);
    p = amzsync_sandbox_put(p, nonce);
    p = ngx_cpymem(p, seller->data, seller->len);

    return amzsync_sandbox_seal(keys, payload, p - payload, out);
}


ngx_int_t
amzsync_sandbox_code_open(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *text, int64_t now, amzsync_sandbox_code_t *code)
{
    u_char                     buf[AMZSYNC_SANDBOX_TOKEN_MAX];
    amzsync_sandbox_payload_t  payload;

    if (amzsync_sandbox_unseal(keys, text, buf, &payload) != NGX_OK
        || *payload.pos++ != AMZSYNC_SANDBOX_CODE)
    {
        return NGX_ERROR;
    }

    code->expires = amzsync_sandbox_get(&payload);
    code->nonce = amzsync_sandbox_get(&payload);
    code->seller.data = code->buf;
    code->seller.len = payload.end - payload.pos;
    ngx_memcpy(code->buf, payload.pos, code->seller.len);

    return (code->expires > now) ? NGX_OK : NGX_ERROR;
}


/* "payload" has room for the signature. */

static size_t
amzsync_sandbox_seal(const amzsync_sandbox_keys_t *keys, u_char *payload,
    size_t len, u_char *out)
{
    ngx_str_t  src, dst;

    if (amzsync_sandbox_sign(keys, payload, len, payload + len) != NGX_OK) {
        return 0;
    }

    src.data = payload;
    src.len = len + AMZSYNC_SANDBOX_MAC;
    dst.data = out;

    ngx_encode_base64url(&dst, &src);

    return dst.len;
}


static ngx_int_t
amzsync_sandbox_unseal(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *token, u_char *buf, amzsync_sandbox_payload_t *payload)
{
    u_char     mac[AMZSYNC_SANDBOX_MAC];
    ngx_str_t  src, dst;

    if (token->len > AMZSYNC_SANDBOX_TOKEN_MAX) {
        return NGX_ERROR;
    }

    src = *token;
    dst.data = buf;

    if (ngx_decode_base64url(&dst, &src) != NGX_OK
        || dst.len <= AMZSYNC_SANDBOX_MAC
        || dst.len > AMZSYNC_SANDBOX_PAYLOAD)
    {
        return NGX_ERROR;
    }

    payload->pos = buf;
    payload->end = buf + dst.len - AMZSYNC_SANDBOX_MAC;

    if (amzsync_sandbox_sign(keys, buf, payload->end - buf, mac) != NGX_OK
        || CRYPTO_memcmp(mac, payload->end, AMZSYNC_SANDBOX_MAC) != 0)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
amzsync_sandbox_sign(const amzsync_sandbox_keys_t *keys, const u_char *p,
    size_t len, u_char *mac)
{
    u_char  md[EVP_MAX_MD_SIZE];

    if (HMAC(EVP_sha256(), keys->key, sizeof(keys->key), p, len, md, NULL)
        == NULL)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(mac, md, AMZSYNC_SANDBOX_MAC);

    return NGX_OK;
}


static u_char *
amzsync_sandbox_put(u_char *p, uint64_t n)
{
    return ngx_cpymem(p, &n, sizeof(uint64_t));
}


/* What was signed by us has the length that we gave it. */

static uint64_t
amzsync_sandbox_get(amzsync_sandbox_payload_t *payload)
{
    uint64_t  n;

    ngx_memcpy(&n, payload->pos, sizeof(uint64_t));
    payload->pos += sizeof(uint64_t);

    return n;
}
