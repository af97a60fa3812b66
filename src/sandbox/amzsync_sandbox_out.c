
/*
 * The sandbox's output: JSON and CSV into a buffer of a fixed size.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_time.h>
#include <sandbox/amzsync_sandbox.h>


static void amzsync_sandbox_escape(amzsync_sandbox_out_t *out,
    const u_char **p, const u_char *end);
static void amzsync_sandbox_unit(amzsync_sandbox_out_t *out, uint32_t unit);
static void amzsync_sandbox_comma(amzsync_sandbox_out_t *out);


void
amzsync_sandbox_out(amzsync_sandbox_out_t *out, u_char *buf, size_t size)
{
    ngx_memzero(out, sizeof(amzsync_sandbox_out_t));

    out->start = buf;
    out->last = buf;
    out->end = buf + size;
}


void
amzsync_sandbox_raw(amzsync_sandbox_out_t *out, const void *p, size_t len)
{
    if (out->failed || (size_t) (out->end - out->last) < len) {
        out->failed = 1;
        return;
    }

    out->last = ngx_cpymem(out->last, p, len);
}


void
amzsync_sandbox_open(amzsync_sandbox_out_t *out, const char *key, u_char brace)
{
    amzsync_sandbox_key(out, key);
    amzsync_sandbox_raw(out, &brace, 1);
    out->comma = 0;
}


void
amzsync_sandbox_close(amzsync_sandbox_out_t *out, u_char brace)
{
    amzsync_sandbox_raw(out, &brace, 1);
    out->comma = 1;
}


void
amzsync_sandbox_key(amzsync_sandbox_out_t *out, const char *key)
{
    amzsync_sandbox_comma(out);

    if (key != NULL) {
        amzsync_sandbox_raw(out, "\"", 1);
        amzsync_sandbox_raw(out, key, ngx_strlen(key));
        amzsync_sandbox_raw(out, "\":", 2);
    }
}


void
amzsync_sandbox_str(amzsync_sandbox_out_t *out, const char *key, const void *s,
    size_t len)
{
    const u_char  *p, *end, *from;

    amzsync_sandbox_key(out, key);
    amzsync_sandbox_raw(out, "\"", 1);

    p = s;
    end = p + len;

    while (p < end) {

        for (from = p; p < end; p++) {
            if (*p < 0x20 || *p == '"' || *p == '\\'
                || (out->escape && (*p >= 0x80 || *p == '/')))
            {
                break;
            }
        }

        amzsync_sandbox_raw(out, from, p - from);

        if (p < end) {
            amzsync_sandbox_escape(out, &p, end);
        }
    }

    amzsync_sandbox_raw(out, "\"", 1);
}


static void
amzsync_sandbox_escape(amzsync_sandbox_out_t *out, const u_char **p,
    const u_char *end)
{
    u_char    *pos, pair[2];
    uint32_t   code;

    static u_char  plain[] = "\"\\/\b\f\n\r\t";
    static u_char  letter[] = "\"\\/bfnrt";

    pos = (u_char *) ngx_strchr(plain, **p);

    if (pos != NULL && *pos != '\0') {
        pair[0] = '\\';
        pair[1] = letter[pos - plain];
        amzsync_sandbox_raw(out, pair, 2);
        (*p)++;
        return;
    }

    if (**p < 0x80) {
        amzsync_sandbox_unit(out, *(*p)++);
        return;
    }

    pos = (u_char *) *p;
    code = ngx_utf8_decode(&pos, end - pos);
    *p = pos;

    if (code > 0x10ffff) {
        out->failed = 1;
        *p = end;
        return;
    }

    if (code > 0xffff) {
        code -= 0x10000;
        amzsync_sandbox_unit(out, 0xd800 + (code >> 10));
        code = 0xdc00 + (code & 0x3ff);
    }

    amzsync_sandbox_unit(out, code);
}


static void
amzsync_sandbox_unit(amzsync_sandbox_out_t *out, uint32_t unit)
{
    u_char  buf[sizeof("\\u0000")];

    ngx_sprintf(buf, "\\u%04xD", unit);
    amzsync_sandbox_raw(out, buf, 6);
}


static void
amzsync_sandbox_comma(amzsync_sandbox_out_t *out)
{
    if (out->comma) {
        amzsync_sandbox_raw(out, ",", 1);
    }

    out->comma = 1;
}


void
amzsync_sandbox_cstr(amzsync_sandbox_out_t *out, const char *key,
    const char *s)
{
    if (s != NULL) {
        amzsync_sandbox_str(out, key, s, ngx_strlen(s));
    }
}


void
amzsync_sandbox_int(amzsync_sandbox_out_t *out, const char *key, int64_t n)
{
    u_char  *last, buf[NGX_INT64_LEN];

    last = ngx_sprintf(buf, "%L", n);

    amzsync_sandbox_key(out, key);
    amzsync_sandbox_raw(out, buf, last - buf);
}


void
amzsync_sandbox_time(amzsync_sandbox_out_t *out, const char *key, int64_t ms)
{
    u_char  *last, buf[AMZSYNC_TIME_LEN];

    last = (ms % 1000) ? amzsync_time_print(buf, ms)
                       : amzsync_time_print_seconds(buf, ms);

    amzsync_sandbox_str(out, key, buf, last - buf);
}


void
amzsync_sandbox_bool(amzsync_sandbox_out_t *out, const char *key, ngx_uint_t b)
{
    amzsync_sandbox_json(out, key, b ? "true" : "false");
}


void
amzsync_sandbox_null(amzsync_sandbox_out_t *out, const char *key)
{
    amzsync_sandbox_json(out, key, "null");
}


void
amzsync_sandbox_json(amzsync_sandbox_out_t *out, const char *key,
    const char *s)
{
    amzsync_sandbox_key(out, key);
    amzsync_sandbox_raw(out, s, ngx_strlen(s));
}


void
amzsync_sandbox_cell(amzsync_sandbox_out_t *out, const void *s, size_t len)
{
    const u_char  *p, *end, *from;

    amzsync_sandbox_comma(out);
    amzsync_sandbox_raw(out, "\"", 1);

    p = s;
    end = p + len;

    for (from = p; p < end; p++) {
        if (*p == '"') {
            amzsync_sandbox_raw(out, from, p + 1 - from);
            from = p;
        }
    }

    amzsync_sandbox_raw(out, from, p - from);
    amzsync_sandbox_raw(out, "\"", 1);
}


void
amzsync_sandbox_cell_cstr(amzsync_sandbox_out_t *out, const char *s)
{
    if (s == NULL) {
        amzsync_sandbox_cell_null(out);
        return;
    }

    amzsync_sandbox_cell(out, s, ngx_strlen(s));
}


void
amzsync_sandbox_cell_int(amzsync_sandbox_out_t *out, int64_t n)
{
    u_char  *last, buf[NGX_INT64_LEN];

    last = ngx_sprintf(buf, "%L", n);

    amzsync_sandbox_comma(out);
    amzsync_sandbox_raw(out, buf, last - buf);
}


void
amzsync_sandbox_cell_time(amzsync_sandbox_out_t *out, int64_t ms)
{
    u_char  *last, buf[AMZSYNC_TIME_LEN];

    last = amzsync_time_print(buf, ms);

    amzsync_sandbox_comma(out);
    amzsync_sandbox_raw(out, buf, last - buf);
}


void
amzsync_sandbox_cell_null(amzsync_sandbox_out_t *out)
{
    amzsync_sandbox_comma(out);
}


void
amzsync_sandbox_cell_json(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_out_t *json)
{
    if (json->failed) {
        out->failed = 1;
    }

    if (json->last == json->start) {
        amzsync_sandbox_cell_null(out);
        return;
    }

    amzsync_sandbox_cell(out, json->start, json->last - json->start);
}


void
amzsync_sandbox_line(amzsync_sandbox_out_t *out)
{
    amzsync_sandbox_raw(out, "\n", 1);
    out->comma = 0;
}
