
/*
 * A pull reader for JSON texts.
 *
 * The 0 after the text stops every scan, so that hardly any of them looks at
 * the end; a 0 within the text is as wrong as at its end.
 */


#include <spapi/amzsync_spapi_reader.h>
#include <spapi/amzsync_spapi_word.h>


/* Exponents beyond this are equally absurd, and their sums do not overflow. */
#define AMZSYNC_READER_EXPONENT  100000000

#define amzsync_reader_digit(c)   ((u_char) ((c) - '0') <= 9)
#define amzsync_reader_cont(c)    (((c) & 0xc0) == 0x80)


static ngx_int_t amzsync_reader_string(amzsync_reader_t *r,
    amzsync_reader_value_t *v);
static const u_char *amzsync_reader_plain(const u_char *p, const u_char *end);
static const u_char *amzsync_reader_utf8(const u_char *p);
static const u_char *amzsync_reader_escape(amzsync_reader_t *r,
    const u_char *p);
static ngx_int_t amzsync_reader_hex(const u_char *p);
static ngx_int_t amzsync_reader_digits(amzsync_reader_t *r,
    amzsync_reader_value_t *v);
static ngx_int_t amzsync_reader_literal(amzsync_reader_t *r,
    amzsync_reader_value_t *v);
static ngx_int_t amzsync_reader_open(amzsync_reader_t *r,
    amzsync_reader_value_t *v);
static void amzsync_reader_close(amzsync_reader_t *r);
static ngx_int_t amzsync_reader_error(amzsync_reader_t *r, const u_char *pos,
    const char *error);
static u_char *amzsync_reader_encode(u_char *dst, ngx_uint_t code);
static const u_char *amzsync_reader_exponent(const u_char *p,
    amzsync_reader_number_t *n);


static ngx_inline const u_char *
amzsync_reader_space(const u_char *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t') {
        p++;
    }

    return p;
}


ngx_int_t
amzsync_reader_init(amzsync_reader_t *r, const u_char *p, size_t len)
{
    ngx_memzero(r, sizeof(amzsync_reader_t));

    r->start = p;
    r->pos = p;
    r->end = p + len;

    if (len > AMZSYNC_READER_SIZE) {
        return amzsync_reader_error(r, p, "text too large");
    }

    return NGX_OK;
}


ngx_int_t
amzsync_reader_value(amzsync_reader_t *r, amzsync_reader_value_t *v)
{
    v->escaped = 0;
    v->wide = 0;

    r->fresh = 0;
    r->pos = amzsync_reader_space(r->pos);

    switch (*r->pos) {

    case '"':
        return amzsync_reader_string(r, v);

    case '{':
    case '[':
        return amzsync_reader_open(r, v);

    case '-':
    case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
        return amzsync_reader_digits(r, v);

    default:
        return amzsync_reader_literal(r, v);
    }
}


ngx_int_t
amzsync_reader_element(amzsync_reader_t *r)
{
    r->pos = amzsync_reader_space(r->pos);

    if (*r->pos == ']') {
        amzsync_reader_close(r);
        return NGX_DONE;
    }

    if (r->fresh) {
        return NGX_OK;
    }

    if (*r->pos != ',') {
        return amzsync_reader_error(r, r->pos, "no ',' or ']'");
    }

    /* a ']' after the ',' is no value, which the next call will find */

    r->pos++;

    return NGX_OK;
}


ngx_int_t
amzsync_reader_member(amzsync_reader_t *r, amzsync_reader_value_t *name)
{
    const u_char  *p;

    p = amzsync_reader_space(r->pos);

    if (*p == '}') {
        r->pos = p;
        amzsync_reader_close(r);
        return NGX_DONE;
    }

    if (!r->fresh) {

        if (*p != ',') {
            return amzsync_reader_error(r, p, "no ',' or '}'");
        }

        p = amzsync_reader_space(p + 1);
    }

    if (*p != '"') {
        return amzsync_reader_error(r, p, "no member name");
    }

    r->pos = p;

    if (amzsync_reader_string(r, name) != NGX_OK) {
        return NGX_ERROR;
    }

    p = amzsync_reader_space(r->pos);

    if (*p != ':') {
        return amzsync_reader_error(r, p, "no ':'");
    }

    r->pos = p + 1;

    return NGX_OK;
}


ngx_int_t
amzsync_reader_skip(amzsync_reader_t *r, amzsync_reader_value_t *v)
{
    ngx_int_t               rc;
    ngx_uint_t              depth, wide;
    amzsync_reader_value_t  inner;

    if (v->type < AMZSYNC_READER_ARRAY) {
        return NGX_OK;
    }

    wide = r->wide;
    r->wide = 0;

    depth = r->depth;

    while (r->depth >= depth) {

        rc = (r->objects & 1) ? amzsync_reader_member(r, &inner)
                              : amzsync_reader_element(r);

        if (rc == NGX_OK) {
            rc = amzsync_reader_value(r, &inner);
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    v->end = r->pos;
    v->wide = r->wide;

    r->wide |= wide;

    return NGX_OK;
}


ngx_int_t
amzsync_reader_end(amzsync_reader_t *r)
{
    r->pos = amzsync_reader_space(r->pos);

    if (r->pos != r->end) {
        return amzsync_reader_error(r, r->pos, "text after the value");
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_reader_string(amzsync_reader_t *r, amzsync_reader_value_t *v)
{
    const u_char  *p, *last;

    p = r->pos + 1;

    v->type = AMZSYNC_READER_STRING;
    v->start = p;
    v->escaped = 0;
    v->wide = 0;

    for ( ;; ) {

        p = amzsync_reader_plain(p, r->end);

        if (*p == '"') {
            v->end = p;
            r->pos = p + 1;
            return NGX_OK;
        }

        last = p;

        if (*p == '\\') {
            v->escaped = 1;
            p = amzsync_reader_escape(r, p);

            if (p == NULL) {
                return NGX_ERROR;
            }

        } else if (*p >= 0x80) {
            p = amzsync_reader_utf8(p);

            if (p == NULL) {
                return amzsync_reader_error(r, last, "invalid UTF-8");
            }

        } else {
            return amzsync_reader_error(r, p, (p == r->end)
                                              ? "string without end"
                                              : "control character in a "
                                                "string");
        }
    }
}


/*
 * To the next byte that is not simply a character of its own: a quote, a
 * backslash, below 0x20, or 0x80 and above.
 */

static ngx_inline const u_char *
amzsync_reader_plain(const u_char *p, const u_char *end)
{
    uint64_t    w;
    ngx_uint_t  n;

    while (end - p >= 8) {

        w = amzsync_word_load(p);

        n = amzsync_word_before(amzsync_word_is(w, '"')
                                | amzsync_word_is(w, '\\')
                                | amzsync_word_below(w, 0x20)
                                | amzsync_word_high(w));
        p += n;

        if (n < 8) {
            return p;
        }
    }

    while (*p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\') {
        p++;
    }

    return p;
}


/* Over one or more characters beyond ASCII (RFC 3629), or NULL. */

static const u_char *
amzsync_reader_utf8(const u_char *p)
{
    u_char  min, max;

    do {
        min = 0x80;
        max = 0xbf;

        switch (*p) {
        case 0xe0: min = 0xa0; break;
        case 0xed: max = 0x9f; break;
        case 0xf0: min = 0x90; break;
        case 0xf4: max = 0x8f; break;
        }

        if (*p < 0xc2 || *p > 0xf4 || p[1] < min || p[1] > max) {
            return NULL;
        }

        if (*p < 0xe0) {
            p += 2;
            continue;
        }

        if (!amzsync_reader_cont(p[2])) {
            return NULL;
        }

        if (*p < 0xf0) {
            p += 3;
            continue;
        }

        if (!amzsync_reader_cont(p[3])) {
            return NULL;
        }

        p += 4;

    } while (*p >= 0x80);

    return p;
}


/* Over the escape at "p": NULL is an error. */

static const u_char *
amzsync_reader_escape(amzsync_reader_t *r, const u_char *p)
{
    ngx_int_t  code;

    switch (p[1]) {

    case '"': case '\\': case '/':
    case 'b': case 'f': case 'n': case 'r': case 't':
        return p + 2;

    case 'u':
        break;

    default:
        (void) amzsync_reader_error(r, p, "invalid escape");
        return NULL;
    }

    code = amzsync_reader_hex(p + 2);

    if (code == NGX_ERROR) {
        (void) amzsync_reader_error(r, p, "invalid escape");
        return NULL;
    }

    if (code == 0) {
        (void) amzsync_reader_error(r, p, "\\u0000 in a string");
        return NULL;
    }

    if ((code & 0xf800) != 0xd800) {
        return p + 6;
    }

    /* a high surrogate, and the low one that must follow it */

    if (code < 0xdc00 && p[6] == '\\' && p[7] == 'u') {
        code = amzsync_reader_hex(p + 8);

        if (code >= 0xdc00 && code <= 0xdfff) {
            return p + 12;
        }
    }

    (void) amzsync_reader_error(r, p, "surrogate without its pair");

    return NULL;
}


static ngx_int_t
amzsync_reader_hex(const u_char *p)
{
    u_char      c;
    ngx_int_t   code;
    ngx_uint_t  i;

    code = 0;

    for (i = 0; i < 4; i++) {

        if (amzsync_reader_digit(p[i])) {
            code = code * 16 + p[i] - '0';
            continue;
        }

        c = (u_char) (p[i] | 0x20);

        if (c < 'a' || c > 'f') {
            return NGX_ERROR;
        }

        code = code * 16 + c - 'a' + 10;
    }

    return code;
}


static ngx_int_t
amzsync_reader_digits(amzsync_reader_t *r, amzsync_reader_value_t *v)
{
    const u_char             *p;
    amzsync_reader_number_t   n;

    p = amzsync_reader_number(r->pos, &n);

    if (p == NULL) {
        return amzsync_reader_error(r, r->pos, "invalid number");
    }

    v->type = AMZSYNC_READER_NUMBER;
    v->start = r->pos;
    v->end = p;

    if (amzsync_reader_wide(&n)) {
        v->wide = 1;
        r->wide = 1;
    }

    r->pos = p;

    return NGX_OK;
}


static ngx_int_t
amzsync_reader_literal(amzsync_reader_t *r, amzsync_reader_value_t *v)
{
    const u_char  *p;

    p = r->pos;

    v->start = p;

    if (p[0] == 't' && p[1] == 'r' && p[2] == 'u' && p[3] == 'e') {
        v->type = AMZSYNC_READER_TRUE;
        p += 4;

    } else if (p[0] == 'n' && p[1] == 'u' && p[2] == 'l' && p[3] == 'l') {
        v->type = AMZSYNC_READER_NULL;
        p += 4;

    } else if (p[0] == 'f' && p[1] == 'a' && p[2] == 'l' && p[3] == 's'
               && p[4] == 'e')
    {
        v->type = AMZSYNC_READER_FALSE;
        p += 5;

    } else {
        return amzsync_reader_error(r, p, "no value");
    }

    v->end = p;
    r->pos = p;

    return NGX_OK;
}


static ngx_int_t
amzsync_reader_open(amzsync_reader_t *r, amzsync_reader_value_t *v)
{
    if (r->depth == AMZSYNC_READER_DEPTH) {
        return amzsync_reader_error(r, r->pos, "nested too deep");
    }

    r->objects <<= 1;

    if (*r->pos == '{') {
        v->type = AMZSYNC_READER_OBJECT;
        r->objects |= 1;

    } else {
        v->type = AMZSYNC_READER_ARRAY;
    }

    v->start = r->pos;
    v->end = ++r->pos;

    r->depth++;
    r->fresh = 1;

    return NGX_OK;
}


static void
amzsync_reader_close(amzsync_reader_t *r)
{
    r->pos++;
    r->depth--;
    r->objects >>= 1;
    r->fresh = 0;
}


static ngx_int_t
amzsync_reader_error(amzsync_reader_t *r, const u_char *pos, const char *error)
{
    r->pos = pos;
    r->error = error;

    return NGX_ERROR;
}


u_char *
amzsync_reader_decode(const amzsync_reader_value_t *v, u_char *dst)
{
    ngx_uint_t     code;
    const u_char  *p;

    for (p = v->start; p < v->end; /* void */ ) {

        if (*p != '\\') {
            *dst++ = *p++;
            continue;
        }

        switch (p[1]) {
        case 'b': *dst++ = '\b'; p += 2; continue;
        case 'f': *dst++ = '\f'; p += 2; continue;
        case 'n': *dst++ = '\n'; p += 2; continue;
        case 'r': *dst++ = '\r'; p += 2; continue;
        case 't': *dst++ = '\t'; p += 2; continue;
        case 'u': break;
        default:  *dst++ = p[1]; p += 2; continue;
        }

        code = amzsync_reader_hex(p + 2);
        p += 6;

        if ((code & 0xf800) == 0xd800) {
            code = 0x10000 + ((code & 0x3ff) << 10)
                   + (amzsync_reader_hex(p + 2) & 0x3ff);
            p += 6;
        }

        dst = amzsync_reader_encode(dst, code);
    }

    return dst;
}


static u_char *
amzsync_reader_encode(u_char *dst, ngx_uint_t code)
{
    if (code < 0x80) {
        *dst++ = (u_char) code;
        return dst;
    }

    if (code < 0x800) {
        *dst++ = (u_char) (0xc0 | code >> 6);
        *dst++ = (u_char) (0x80 | (code & 0x3f));
        return dst;
    }

    if (code < 0x10000) {
        *dst++ = (u_char) (0xe0 | code >> 12);

    } else {
        *dst++ = (u_char) (0xf0 | code >> 18);
        *dst++ = (u_char) (0x80 | (code >> 12 & 0x3f));
    }

    *dst++ = (u_char) (0x80 | (code >> 6 & 0x3f));
    *dst++ = (u_char) (0x80 | (code & 0x3f));

    return dst;
}


const u_char *
amzsync_reader_number(const u_char *p, amzsync_reader_number_t *n)
{
    n->negative = 0;
    n->nfraction = 0;
    n->exponent = 0;

    if (*p == '-') {
        n->negative = 1;
        p++;
    }

    n->integer = p;

    if (*p == '0') {
        p++;

    } else {
        while (amzsync_reader_digit(*p)) { p++; }
    }

    n->ninteger = p - n->integer;

    if (n->ninteger == 0) {
        return NULL;
    }

    if (*p == '.') {
        n->fraction = ++p;

        while (amzsync_reader_digit(*p)) { p++; }

        n->nfraction = p - n->fraction;

        if (n->nfraction == 0) {
            return NULL;
        }
    }

    if (*p == 'e' || *p == 'E') {
        return amzsync_reader_exponent(p + 1, n);
    }

    return p;
}


static const u_char *
amzsync_reader_exponent(const u_char *p, amzsync_reader_number_t *n)
{
    ngx_uint_t  minus;

    minus = (*p == '-');

    if (minus || *p == '+') {
        p++;
    }

    if (!amzsync_reader_digit(*p)) {
        return NULL;
    }

    do {
        if (n->exponent < AMZSYNC_READER_EXPONENT) {
            n->exponent = n->exponent * 10 + *p - '0';
        }

    } while (amzsync_reader_digit(*++p));

    if (minus) {
        n->exponent = -n->exponent;
    }

    return p;
}


ngx_uint_t
amzsync_reader_wide(const amzsync_reader_number_t *n)
{
    return ((int64_t) n->ninteger + n->exponent > AMZSYNC_READER_DIGITS
            || (int64_t) n->nfraction - n->exponent > AMZSYNC_READER_DIGITS);
}
