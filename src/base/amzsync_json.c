
#include <base/amzsync_json.h>


static u_char *amzsync_json_reserve(amzsync_json_t *w, size_t size);
static u_char *amzsync_json_grow(amzsync_json_t *w, size_t size);
static void amzsync_json_prefix(amzsync_json_t *w, const char *key);
static void amzsync_json_append(amzsync_json_t *w, const void *p, size_t len);
static size_t amzsync_json_escape(u_char *dst, u_char ch);


void
amzsync_json_init(amzsync_json_t *w, u_char *buf, size_t size)
{
    w->start = buf;
    w->last = buf;
    w->end = buf + size;
    w->allocated = 0;
    w->failed = 0;
    w->comma = 0;
}


void
amzsync_json_free(amzsync_json_t *w)
{
    if (w->allocated) {
        free(w->start);
    }

    ngx_memzero(w, sizeof(amzsync_json_t));
    w->failed = 1;
}


void
amzsync_json_open(amzsync_json_t *w, const char *key, u_char brace)
{
    amzsync_json_prefix(w, key);
    amzsync_json_append(w, &brace, 1);

    w->comma = 0;
}


void
amzsync_json_close(amzsync_json_t *w, u_char brace)
{
    amzsync_json_append(w, &brace, 1);

    w->comma = 1;
}


void
amzsync_json_str(amzsync_json_t *w, const char *key, const u_char *p,
    size_t len)
{
    size_t         n;
    u_char         escaped[6];
    const u_char  *end, *run;

    amzsync_json_prefix(w, key);
    amzsync_json_append(w, "\"", 1);

    /* nothing may stand nowhere */

    run = p;
    end = len ? p + len : p;

    for ( /* void */ ; p < end; p++) {

        if (*p >= 0x20 && *p != '"' && *p != '\\') {
            continue;
        }

        n = amzsync_json_escape(escaped, *p);

        amzsync_json_append(w, run, p - run);
        amzsync_json_append(w, escaped, n);

        run = p + 1;
    }

    amzsync_json_append(w, run, end - run);
    amzsync_json_append(w, "\"", 1);
}


void
amzsync_json_cstr(amzsync_json_t *w, const char *key, const char *s)
{
    amzsync_json_str(w, key, (const u_char *) s, strlen(s));
}


void
amzsync_json_int(amzsync_json_t *w, const char *key, int64_t n)
{
    u_char  *last, text[NGX_INT64_LEN];

    last = ngx_sprintf(text, "%L", n);

    amzsync_json_prefix(w, key);
    amzsync_json_append(w, text, last - text);
}


void
amzsync_json_bool(amzsync_json_t *w, const char *key, ngx_uint_t b)
{
    amzsync_json_prefix(w, key);

    if (b) {
        amzsync_json_append(w, "true", 4);

    } else {
        amzsync_json_append(w, "false", 5);
    }
}


void
amzsync_json_null(amzsync_json_t *w, const char *key)
{
    amzsync_json_prefix(w, key);
    amzsync_json_append(w, "null", 4);
}


void
amzsync_json_raw(amzsync_json_t *w, const char *key, const u_char *p,
    size_t len)
{
    amzsync_json_prefix(w, key);
    amzsync_json_append(w, p, len);
}


json_t *
amzsync_json_load(const u_char *p, size_t len, json_error_t *error)
{
    return json_loadb((const char *) p, len,
                      JSON_REJECT_DUPLICATES|JSON_DECODE_ANY, error);
}


/* What stands before every value: the comma, and in an object the key. */

static void
amzsync_json_prefix(amzsync_json_t *w, const char *key)
{
    size_t   len;
    u_char  *p;

    len = key ? strlen(key) : 0;

    p = amzsync_json_reserve(w, len + sizeof(",\"\":") - 1);
    if (p == NULL) {
        return;
    }

    if (w->comma) {
        *p++ = ',';
    }

    if (key != NULL) {
        *p++ = '"';
        p = ngx_cpymem(p, key, len);
        *p++ = '"';
        *p++ = ':';
    }

    w->comma = 1;
    w->last = p;
}


void
amzsync_json_name(amzsync_json_t *w, const u_char *p, size_t len)
{
    amzsync_json_str(w, NULL, p, len);
    amzsync_json_append(w, ":", 1);

    w->comma = 0;
}


static void
amzsync_json_append(amzsync_json_t *w, const void *p, size_t len)
{
    u_char  *dst;

    if (len == 0) {
        return;
    }

    dst = amzsync_json_reserve(w, len);
    if (dst == NULL) {
        return;
    }

    w->last = ngx_cpymem(dst, p, len);
}


static u_char *
amzsync_json_reserve(amzsync_json_t *w, size_t size)
{
    if (size <= (size_t) (w->end - w->last) && !w->failed) {
        return w->last;
    }

    return amzsync_json_grow(w, size);
}


static u_char *
amzsync_json_grow(amzsync_json_t *w, size_t size)
{
    size_t   len, room;
    u_char  *p;

    if (w->failed) {
        return NULL;
    }

    len = w->last - w->start;
    room = w->end - w->start;

    while (room - len < size) {

        if (room > NGX_MAX_SIZE_T_VALUE / 2) {
            w->failed = 1;
            return NULL;
        }

        room *= 2;
    }

    p = realloc(w->allocated ? w->start : NULL, room);
    if (p == NULL) {
        w->failed = 1;
        return NULL;
    }

    if (!w->allocated) {
        ngx_memcpy(p, w->start, len);
    }

    w->allocated = 1;
    w->start = p;
    w->last = p + len;
    w->end = p + room;

    return w->last;
}


static size_t
amzsync_json_escape(u_char *dst, u_char ch)
{
    static const char  hex[] = "0123456789abcdef";

    dst[0] = '\\';

    switch (ch) {

    case '"':
    case '\\':
        dst[1] = ch;
        return 2;

    case '\b':
        dst[1] = 'b';
        return 2;

    case '\f':
        dst[1] = 'f';
        return 2;

    case '\n':
        dst[1] = 'n';
        return 2;

    case '\r':
        dst[1] = 'r';
        return 2;

    case '\t':
        dst[1] = 't';
        return 2;

    default:
        dst[1] = 'u';
        dst[2] = '0';
        dst[3] = '0';
        dst[4] = hex[ch >> 4];
        dst[5] = hex[ch & 0xf];
        return 6;
    }
}
