
/*
 * Charsets of reports, by tables of their own: of CP932 what the sandbox's
 * texts have, and kana.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_report.h>


typedef struct {
    uint32_t                 code;
    uint16_t                 bytes;
} amzsync_sandbox_mapping_t;


static ngx_uint_t amzsync_sandbox_cp1252(uint32_t code);
static ngx_uint_t amzsync_sandbox_cp932(uint32_t code);


/* Of 0x80 to 0x9f; 0: a hole. */

static const uint16_t  amzsync_sandbox_cp1252_high[32] = {
    0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
    0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0,
    0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
    0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178
};


static const amzsync_sandbox_mapping_t  amzsync_sandbox_cp932_table[] = {
    { 0x201c, 0x8167 },         /* curly quotes */
    { 0x201d, 0x8168 },
    { 0x2460, 0x8740 },         /* a circled one: NEC's */
    { 0x30fb, 0x8145 },
    { 0x30fc, 0x815b },
    { 0x54c1, 0x9569 },         /* kanji */
    { 0x5546, 0x8fa4 },
    { 0x5c4b, 0x89ae },
    { 0x5cf6, 0x9387 },
    { 0x5e97, 0x9358 },
    { 0x6599, 0x97bf },
    { 0x7530, 0x9363 },
    { 0x756a, 0x94d4 },
    { 0x8cea, 0x8ebf },
    { 0x9ad8, 0x8d82 },
    { 0x9ad9, 0xfbfc },         /* IBM's */
    { 0xff08, 0x8169 },
    { 0xff09, 0x816a },
    { 0xff5e, 0x8160 }          /* a wave dash, of Windows */
};


void
amzsync_sandbox_charset_text(amzsync_sandbox_out_t *out,
    const ngx_str_t *text, amzsync_sandbox_charset_e charset,
    ngx_uint_t truth)
{
    u_char      *p, *from, *end, bytes[2];
    uint32_t     code;
    ngx_uint_t   n;

    p = text->data;
    end = p + text->len;

    while (p < end) {

        for (from = p; p < end && *p >= 0x20 && *p < 0x7f; p++) { /* void */ }

        if (p > from) {
            amzsync_sandbox_raw(out, from, p - from);
            continue;
        }

        if (*p < 0x80) {

            /* a line of a flat file has no controls */

            p++;
            amzsync_sandbox_raw(out, " ", 1);
            continue;
        }

        code = ngx_utf8_decode(&p, end - p);

        if (code > 0x10ffff) {
            out->failed = 1;
            return;
        }

        n = (charset == AMZSYNC_SANDBOX_CP1252) ? amzsync_sandbox_cp1252(code)
            : (charset == AMZSYNC_SANDBOX_CP932) ? amzsync_sandbox_cp932(code)
            : 1;

        if (n == 0) {
            amzsync_sandbox_raw(out, "?", 1);
            continue;
        }

        if (truth || charset == AMZSYNC_SANDBOX_UTF8) {
            amzsync_sandbox_raw(out, from, p - from);
            continue;
        }

        bytes[0] = (u_char) (n >> 8);
        bytes[1] = (u_char) n;

        if (n > 0xff) {
            amzsync_sandbox_raw(out, bytes, 2);

        } else {
            amzsync_sandbox_raw(out, &bytes[1], 1);
        }
    }
}


/* The byte of a character that is not ASCII; 0: has none. */

static ngx_uint_t
amzsync_sandbox_cp1252(uint32_t code)
{
    ngx_uint_t  i;

    if (code >= 0xa0 && code <= 0xff) {
        return code;
    }

    for (i = 0; i < 32; i++) {
        if (amzsync_sandbox_cp1252_high[i] == code) {
            return 0x80 + i;
        }
    }

    return 0;
}


/* One byte, or two. */

static ngx_uint_t
amzsync_sandbox_cp932(uint32_t code)
{
    ngx_uint_t  i;

    if (code >= 0x3041 && code <= 0x3093) {             /* hiragana */
        return 0x829f + code - 0x3041;
    }

    if (code >= 0x30a1 && code <= 0x30f6) {             /* katakana */
        i = 0x8340 + code - 0x30a1;

        return (i >= 0x837f) ? i + 1 : i;
    }

    if (code >= 0xff61 && code <= 0xff9f) {             /* of half a width */
        return 0xa1 + code - 0xff61;
    }

    for (i = 0;
         i < sizeof(amzsync_sandbox_cp932_table)
             / sizeof(amzsync_sandbox_cp932_table[0]);
         i++)
    {
        if (amzsync_sandbox_cp932_table[i].code == code) {
            return amzsync_sandbox_cp932_table[i].bytes;
        }
    }

    return 0;
}
