
#include <base/amzsync_text.h>


static size_t amzsync_text_char(const u_char *p, const u_char *end);
static void amzsync_text_clean(char *dst, size_t size, const char *src,
    size_t len);


const char  *amzsync_region_names[AMZSYNC_REGIONS] = { "na", "eu", "fe" };


ngx_uint_t
amzsync_text_utf8(const u_char *p, size_t len)
{
    size_t         n;
    const u_char  *end;

    end = p + len;

    while (p < end) {

        n = amzsync_text_char(p, end);

        if (n == 0 || *p == '\0') {
            return 0;
        }

        p += n;
    }

    return 1;
}


ngx_int_t
amzsync_text_region(const u_char *p, size_t len)
{
    ngx_int_t  i;

    for (i = 0; i < AMZSYNC_REGIONS; i++) {

        if (len == strlen(amzsync_region_names[i])
            && memcmp(p, amzsync_region_names[i], len) == 0)
        {
            return i;
        }
    }

    return NGX_ERROR;
}


void
amzsync_error_set(amzsync_error_t *error, const char *code,
    const char *message, size_t len, const char *request_id)
{
    if (request_id == NULL) {
        request_id = "";
    }

    amzsync_text_clean(error->code, sizeof(error->code), code, strlen(code));
    amzsync_text_clean(error->message, sizeof(error->message), message, len);
    amzsync_text_clean(error->request_id, sizeof(error->request_id),
                       request_id, strlen(request_id));
}


size_t
amzsync_text_copy(char *dst, size_t size, const char *src, size_t len)
{
    if (size == 0) {
        return 0;
    }

    if (len >= size) {
        len = size - 1;

        while (len && ((u_char) src[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    ngx_memcpy(dst, src, len);
    dst[len] = '\0';

    return len;
}


/* The bytes of the character at "p" by RFC 3629's table, 0 if it is none. */

static size_t
amzsync_text_char(const u_char *p, const u_char *end)
{
    u_char  lo, hi;
    size_t  i, n;

    if (*p < 0x80) {
        return 1;
    }

    if (*p < 0xc2 || *p > 0xf4) {
        return 0;
    }

    n = (*p < 0xe0) ? 2 : (*p < 0xf0) ? 3 : 4;

    if ((size_t) (end - p) < n) {
        return 0;
    }

    /* The second byte excludes overlong forms, surrogates, > U+10FFFF. */

    lo = (*p == 0xe0) ? 0xa0 : (*p == 0xf0) ? 0x90 : 0x80;
    hi = (*p == 0xed) ? 0x9f : (*p == 0xf4) ? 0x8f : 0xbf;

    if (p[1] < lo || p[1] > hi) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return 0;
        }
    }

    return n;
}


static void
amzsync_text_clean(char *dst, size_t size, const char *src, size_t len)
{
    size_t         n;
    const u_char  *p, *end;

    p = (const u_char *) src;
    end = p + len;

    while (p < end) {

        n = (*p == '\0') ? 0 : amzsync_text_char(p, end);

        if (ngx_max(n, 1) >= size) {
            break;
        }

        if (n == 0) {
            *dst++ = '?';
            p++;
            size--;
            continue;
        }

        dst = (char *) ngx_cpymem(dst, p, n);
        p += n;
        size -= n;
    }

    *dst = '\0';
}
