
#include <base/amzsync_seal.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>


#define AMZSYNC_SEAL_NONCE  12
#define AMZSYNC_SEAL_TAG    16


static ngx_uint_t amzsync_seal_is_key(const u_char *p, const u_char *end);
static const char *amzsync_seal_parse_key(amzsync_seal_keys_t *keys,
    u_char *p, u_char *end);
static ngx_int_t amzsync_seal_parse_hex(u_char *dst, size_t size,
    const u_char *p, const u_char *end);
static void amzsync_seal_cleanup(void *data);
static const amzsync_seal_key_t *amzsync_seal_find(
    const amzsync_seal_keys_t *keys, const char *id);
static ngx_int_t amzsync_seal_encrypt(EVP_CIPHER_CTX *ctx,
    const amzsync_seal_key_t *key, const u_char *user, size_t user_len,
    const u_char *p, size_t len, u_char *out);
static ngx_int_t amzsync_seal_decrypt(EVP_CIPHER_CTX *ctx,
    const amzsync_seal_key_t *key, const u_char *user, size_t user_len,
    const u_char *p, size_t len, u_char *out);


ngx_int_t
amzsync_seal_parse_keys(ngx_pool_t *pool, u_char *p, size_t len,
    amzsync_seal_keys_t *keys, const char **err, ngx_uint_t *line)
{
    u_char              *end, *eol;
    ngx_uint_t           n;
    ngx_pool_cleanup_t  *cln;

    *err = "no memory";
    *line = 0;

    end = p + len;

    /* Counted first: an array that grows would leave copies of keys. */

    for (n = 1, eol = p; eol < end; eol++) {
        n += (*eol == LF);
    }

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    keys->nelts = 0;
    keys->elts = ngx_pcalloc(pool, n * sizeof(amzsync_seal_key_t));
    if (keys->elts == NULL) {
        return NGX_ERROR;
    }

    cln->handler = amzsync_seal_cleanup;
    cln->data = keys;

    for ( /* void */ ; p < end; p = eol + 1) {

        (*line)++;

        for (eol = p; eol < end && *eol != LF; eol++) { /* void */ }

        if (!amzsync_seal_is_key(p, eol)) {
            continue;
        }

        *err = amzsync_seal_parse_key(keys, p, eol);
        if (*err != NULL) {
            OPENSSL_cleanse(&keys->elts[keys->nelts],
                            sizeof(amzsync_seal_key_t));
            return NGX_ERROR;
        }
    }

    if (keys->nelts == 0) {
        *err = "no key";
        return NGX_ERROR;
    }

    *err = NULL;

    return NGX_OK;
}


ngx_int_t
amzsync_seal(const amzsync_seal_keys_t *keys, const u_char *user,
    size_t user_len, const u_char *p, size_t len, u_char *out)
{
    ngx_int_t        rc;
    EVP_CIPHER_CTX  *ctx;

    if (keys->nelts == 0 || len > NGX_MAX_INT32_VALUE
        || user_len > NGX_MAX_INT32_VALUE)
    {
        return NGX_ERROR;
    }

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = amzsync_seal_encrypt(ctx, &keys->elts[0], user, user_len, p, len,
                              out);

    /* nginx takes what stays in this queue for a mistake of its own. */

    if (rc != NGX_OK) {
        ERR_clear_error();
    }

    EVP_CIPHER_CTX_free(ctx);

    return rc;
}


ssize_t
amzsync_seal_open(const amzsync_seal_keys_t *keys, const char *key_id,
    const u_char *user, size_t user_len, const u_char *p, size_t len,
    u_char *out)
{
    ngx_int_t                  rc;
    EVP_CIPHER_CTX            *ctx;
    const amzsync_seal_key_t  *key;

    key = amzsync_seal_find(keys, key_id);

    if (key == NULL || len < AMZSYNC_SEAL_OVERHEAD
        || len > NGX_MAX_INT32_VALUE || user_len > NGX_MAX_INT32_VALUE)
    {
        return NGX_ERROR;
    }

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    rc = amzsync_seal_decrypt(ctx, key, user, user_len, p, len, out);

    EVP_CIPHER_CTX_free(ctx);

    if (rc != NGX_OK) {

        /* The text is written before its tag is checked. */

        ERR_clear_error();
        OPENSSL_cleanse(out, len - AMZSYNC_SEAL_OVERHEAD);

        return NGX_ERROR;
    }

    return len - AMZSYNC_SEAL_OVERHEAD;
}


static ngx_uint_t
amzsync_seal_is_key(const u_char *p, const u_char *end)
{
    if (p < end && *p == '#') {
        return 0;
    }

    for ( /* void */ ; p < end; p++) {
        if (*p != ' ' && *p != '\t' && *p != CR) {
            return 1;
        }
    }

    return 0;
}


static const char *
amzsync_seal_parse_key(amzsync_seal_keys_t *keys, u_char *p, u_char *end)
{
    u_char              *last;
    size_t               len;
    ngx_uint_t           i;
    amzsync_seal_key_t  *key;

    while (end[-1] == ' ' || end[-1] == '\t' || end[-1] == CR) {
        end--;
    }

    for (last = p; last < end; last++) {

        if (!((*last >= 'a' && *last <= 'z') || (*last >= 'A' && *last <= 'Z')
              || (*last >= '0' && *last <= '9')
              || *last == '-' || *last == '_'))
        {
            break;
        }
    }

    len = last - p;

    if (len == 0 || len > AMZSYNC_SEAL_KEY_ID_MAX) {
        return "key id is not 1 to 32 letters, digits, \"-\" or \"_\"";
    }

    if (last == end || (*last != ' ' && *last != '\t')) {
        return "key id is not followed by a space and the key";
    }

    key = &keys->elts[keys->nelts];

    ngx_memcpy(key->id, p, len);

    for (i = 0; i < keys->nelts; i++) {
        if (strcmp(keys->elts[i].id, key->id) == 0) {
            return "duplicate key id";
        }
    }

    while (*last == ' ' || *last == '\t') {
        last++;
    }

    if (amzsync_seal_parse_hex(key->key, sizeof(key->key), last, end)
        != NGX_OK)
    {
        return "key is not 64 hexadecimal digits";
    }

    keys->nelts++;

    return NULL;
}


static ngx_int_t
amzsync_seal_parse_hex(u_char *dst, size_t size, const u_char *p,
    const u_char *end)
{
    size_t   i;
    u_char   ch, digit;

    if ((size_t) (end - p) != size * 2) {
        return NGX_ERROR;
    }

    for (i = 0; i < size * 2; i++) {

        ch = p[i];

        if (ch >= '0' && ch <= '9') {
            digit = ch - '0';

        } else if ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'f') {
            digit = (ch | 0x20) - 'a' + 10;

        } else {
            return NGX_ERROR;
        }

        dst[i / 2] = (u_char) (dst[i / 2] << 4 | digit);
    }

    return NGX_OK;
}


static void
amzsync_seal_cleanup(void *data)
{
    amzsync_seal_keys_t  *keys = data;

    OPENSSL_cleanse(keys->elts, keys->nelts * sizeof(amzsync_seal_key_t));
}


static const amzsync_seal_key_t *
amzsync_seal_find(const amzsync_seal_keys_t *keys, const char *id)
{
    ngx_uint_t  i;

    for (i = 0; i < keys->nelts; i++) {
        if (strcmp(keys->elts[i].id, id) == 0) {
            return &keys->elts[i];
        }
    }

    return NULL;
}


static ngx_int_t
amzsync_seal_encrypt(EVP_CIPHER_CTX *ctx, const amzsync_seal_key_t *key,
    const u_char *user, size_t user_len, const u_char *p, size_t len,
    u_char *out)
{
    int      n;
    u_char  *text, *tag;

    text = out + AMZSYNC_SEAL_NONCE;
    tag = text + len;

    if (RAND_bytes(out, AMZSYNC_SEAL_NONCE) != 1
        || EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->key, out)
           != 1
        || EVP_EncryptUpdate(ctx, NULL, &n, user, (int) user_len) != 1
        || EVP_EncryptUpdate(ctx, text, &n, p, (int) len) != 1
        || EVP_EncryptFinal_ex(ctx, tag, &n) != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, AMZSYNC_SEAL_TAG,
                               tag)
           != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_seal_decrypt(EVP_CIPHER_CTX *ctx, const amzsync_seal_key_t *key,
    const u_char *user, size_t user_len, const u_char *p, size_t len,
    u_char *out)
{
    int            n;
    u_char         tag[AMZSYNC_SEAL_TAG];
    const u_char  *text;

    text = p + AMZSYNC_SEAL_NONCE;
    len -= AMZSYNC_SEAL_OVERHEAD;

    /* The tag is handed over as writable. */

    ngx_memcpy(tag, text + len, AMZSYNC_SEAL_TAG);

    if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->key, p) != 1
        || EVP_DecryptUpdate(ctx, NULL, &n, user, (int) user_len) != 1
        || EVP_DecryptUpdate(ctx, out, &n, text, (int) len) != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, AMZSYNC_SEAL_TAG,
                               tag)
           != 1
        || EVP_DecryptFinal_ex(ctx, tag, &n) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
