
/*
 * libFuzzer: any text as the state of a consent, and changes of one that is
 * good.  None opens but what was made, for whom it was made.
 *
 * Of nginx there are only headers here: its base64 is played at the end.
 */


#include <base/amzsync_state.h>
#include <stdio.h>


int LLVMFuzzerTestOneInput(const u_char *p, size_t len);


static void make(u_char *out);
static void check(const char *what, ngx_uint_t good, ngx_str_t *user,
    const u_char *p, size_t len);


static const char  digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static amzsync_seal_key_t   keys[2] = { { "k1", "one" }, { "k2", "two" } };
static amzsync_seal_keys_t  all = { keys, 2 };
static amzsync_seal_keys_t  second = { &keys[1], 1 };
static ngx_str_t            users[] = { ngx_string("u1"), ngx_string("u10") };
static amzsync_state_t      made;


int
LLVMFuzzerTestOneInput(const u_char *p, size_t len)
{
    size_t   i;
    u_char   text[AMZSYNC_STATE_LEN], copy[AMZSYNC_STATE_LEN];

    static u_char  good[AMZSYNC_STATE_LEN];

    if (good[0] == 0) {
        make(good);
    }

    check("any text", 0, &users[0], p, len);

    /* The input as changes: at each byte, what is not 0. */

    ngx_memcpy(text, good, sizeof(text));

    for (i = 0; i < len && i < sizeof(text); i++) {
        text[i] ^= p[i];
    }

    ngx_memcpy(copy, text, sizeof(text));

    check("changed", ngx_memcmp(text, good, sizeof(text)) == 0, &users[0],
          text, sizeof(text));
    check("another's", 0, &users[1], text, sizeof(text));
    check("cut", 0, &users[0], text, len % sizeof(text));

    if (ngx_memcmp(text, copy, sizeof(text)) != 0) {
        fprintf(stderr, "state: the text was written to\n");
        abort();
    }

    return 0;
}


static void
make(u_char *out)
{
    made.region = AMZSYNC_REGION_FE;

    /* Signed by the key that is second where it is opened. */

    if (amzsync_state_make(&second, &users[0], &made, out) != NGX_OK) {
        abort();
    }
}


static void
check(const char *what, ngx_uint_t good, ngx_str_t *user, const u_char *p,
    size_t len)
{
    ngx_int_t        rc;
    ngx_str_t        text;
    amzsync_state_t  state;

    text.data = (u_char *) p;
    text.len = len;

    rc = amzsync_state_open(&all, user, &text, &state);

    if ((rc == NGX_OK) != good
        || (good && (state.region != made.region
                     || ngx_memcmp(state.nonce, made.nonce,
                                   AMZSYNC_STATE_NONCE) != 0)))
    {
        fprintf(stderr, "state: %s, answered %ld\n", what, (long) rc);
        abort();
    }
}


void
ngx_encode_base64url(ngx_str_t *dst, ngx_str_t *src)
{
    size_t    i;
    u_char   *d;
    uint32_t  bits;

    d = dst->data;

    for (i = 0; i + 3 <= src->len; i += 3) {
        bits = (uint32_t) src->data[i] << 16
               | (uint32_t) src->data[i + 1] << 8 | src->data[i + 2];

        *d++ = digits[bits >> 18];
        *d++ = digits[bits >> 12 & 63];
        *d++ = digits[bits >> 6 & 63];
        *d++ = digits[bits & 63];
    }

    dst->len = d - dst->data;
}


/* As nginx: "=" ends the text, and bits that are left over are passed over. */

ngx_int_t
ngx_decode_base64url(ngx_str_t *dst, ngx_str_t *src)
{
    size_t       i, n;
    u_char      *d;
    uint32_t     bits;
    const char  *digit;

    d = dst->data;
    bits = 0;
    n = 0;

    for (i = 0; i < src->len && src->data[i] != '='; i++) {

        digit = src->data[i] ? strchr(digits, src->data[i]) : NULL;

        if (digit == NULL) {
            return NGX_ERROR;
        }

        bits = bits << 6 | (uint32_t) (digit - digits);
        n += 6;

        if (n >= 8) {
            n -= 8;
            *d++ = (u_char) (bits >> n);
        }
    }

    if (i % 4 == 1) {
        return NGX_ERROR;
    }

    dst->len = d - dst->data;

    return NGX_OK;
}
