
/*
 * Hand-made texts: every corner of RFC 8259's grammar, each judged by jansson
 * too.
 */


#include "tap.h"
#include "oracle.h"
#include <spapi/amzsync_spapi_reader.h>


#define TEXT(s)  { (const u_char *) s, sizeof(s) - 1 }


typedef struct {
    const u_char  *text;
    size_t         len;
} case_t;


static const case_t  good[] = {

    /* values at the top, white space */
    TEXT("null"), TEXT("true"), TEXT("false"), TEXT("0"), TEXT("\"\""),
    TEXT("[]"), TEXT("{}"), TEXT(" \t\r\n[ \t\r\n] \t\r\n"),
    TEXT(" { \"a\" : 1 , \"b\" : [ 2 , 3 ] } "), TEXT("[[],{},\"\",0,null]"),

    /* numbers */
    TEXT("-0"), TEXT("-1"), TEXT("10"), TEXT("1234567890"), TEXT("0.0"),
    TEXT("-0.5"), TEXT("1.5"), TEXT("1e1"), TEXT("1E1"), TEXT("1e+1"),
    TEXT("1e-1"), TEXT("0e0"), TEXT("0.1e10"), TEXT("1.25E-03"),
    TEXT("[0,-0,1,2]"), TEXT("9223372036854775807"),
    TEXT("-9223372036854775808"), TEXT("1e308"), TEXT("1e-999"),
    TEXT("0e99999999999999999999"), TEXT("1.0000000000000000000000000001"),

    /* strings */
    TEXT("\"a\""), TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    TEXT("\"\\u0041\\u00e9\\u20AC\\uFFFF\""), TEXT("\"\\u0001\""),
    TEXT("\"\\uD83D\\uDE00\""), TEXT("\"\\uD800\\uDC00\""),
    TEXT("\"\\uDBFF\\uDFFF\""), TEXT("\"\x7f\""),
    TEXT("\"\xc2\x80 \xdf\xbf\""), TEXT("\"\xe0\xa0\x80\xef\xbf\xbf\""),
    TEXT("\"\xed\x9f\xbf\xee\x80\x80\""),
    TEXT("\"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\""),
    TEXT("\"1234567\""), TEXT("\"12345678\""), TEXT("\"123456789\""),
    TEXT("\"1234567\\n\""), TEXT("\"12345678\\n9\""),
    TEXT("\"12345678901234567\xc3\xa9\""), TEXT("\"\\u005C\\u0022\""),

    /* objects */
    TEXT("{\"\":0}"), TEXT("{\"a\":{\"b\":{\"c\":[]}}}"),
    TEXT("{\"a\":1,\"a\":2}"), TEXT("{\"\\u0061\":1,\"a\":{}}"),
    TEXT("{\"a\":[1],\"b\":\"c\",\"d\":{}}")
};


static const case_t  bad[] = {

    /* no value, or too many */
    TEXT(""), TEXT(" "), TEXT("nul"), TEXT("nulll"), TEXT("tru"),
    TEXT("truE"), TEXT("fals"), TEXT("TRUE"), TEXT("NaN"), TEXT("Infinity"),
    TEXT("undefined"), TEXT("1 2"), TEXT("[] []"), TEXT("{}}"), TEXT("[]]"),
    TEXT("null,"), TEXT("\xef\xbb\xbf{}"), TEXT("\v1"), TEXT("\f1"),
    TEXT("\xa0""1"), TEXT("'a'"), TEXT("a"), TEXT("/**/1"), TEXT("1//"),
    TEXT("\0"), TEXT("1\0"), TEXT("\0""1"), TEXT("[1\0]"), TEXT("[1]\0"),
    TEXT("{}\0{}"), TEXT("t\0ue"),

    /* numbers */
    TEXT("-"), TEXT("+1"), TEXT("01"), TEXT("-01"), TEXT("00"), TEXT("1."),
    TEXT(".5"), TEXT("-.5"), TEXT("1.e1"), TEXT("1e"), TEXT("1e+"),
    TEXT("1e-"), TEXT("1E"), TEXT("1.5.5"), TEXT("1e1.5"), TEXT("1e1e1"),
    TEXT("--1"), TEXT("-a"), TEXT("0x10"), TEXT("1a"), TEXT("1_0"),
    TEXT("1,000"), TEXT("-Infinity"), TEXT("-NaN"), TEXT("[-]"), TEXT("[1.]"),
    TEXT("[0e]"), TEXT("[- 1]"), TEXT("0.1.2"), TEXT("\xef\xbc\x91"),

    /* arrays */
    TEXT("["), TEXT("[1"), TEXT("[1,"), TEXT("[1,]"), TEXT("[,1]"),
    TEXT("[,]"), TEXT("[1,,2]"), TEXT("[1 2]"), TEXT("[1}"), TEXT("]"),
    TEXT("[[]"), TEXT("[1:2]"), TEXT("[\"a\"\"b\"]"), TEXT("[1;2]"),

    /* objects */
    TEXT("{"), TEXT("{\"a\""), TEXT("{\"a\":"), TEXT("{\"a\":1"),
    TEXT("{\"a\":1,"), TEXT("{\"a\":1,}"), TEXT("{,}"), TEXT("{,\"a\":1}"),
    TEXT("{\"a\":1,,\"b\":2}"), TEXT("{\"a\" 1}"), TEXT("{\"a\"}"),
    TEXT("{\"a\":}"), TEXT("{:1}"), TEXT("{1:1}"), TEXT("{a:1}"),
    TEXT("{'a':1}"), TEXT("{null:1}"), TEXT("{\"a\":1]"), TEXT("}"),
    TEXT("{\"a\":1 \"b\":2}"), TEXT("{\"a\":1:2}"), TEXT("{\"a\",\"b\"}"),
    TEXT("{[]:1}"), TEXT("{\"a\"::1}"),

    /* strings */
    TEXT("\""), TEXT("\"a"), TEXT("\"\\"), TEXT("\"\\\""), TEXT("\"\\a\""),
    TEXT("\"\\x41\""), TEXT("\"\\'\""), TEXT("\"\\0\""), TEXT("\"\\U0041\""),
    TEXT("\"\\u\""), TEXT("\"\\u0\""), TEXT("\"\\u00\""), TEXT("\"\\u004\""),
    TEXT("\"\\u00g0\""), TEXT("\"\\u-041\""), TEXT("\"\\u 041\""),
    TEXT("\"\\u0000\""), TEXT("{\"\\u0000\":1}"), TEXT("\"a\\u0000b\""),
    TEXT("\"\\uD800\""), TEXT("\"\\uDBFF\""), TEXT("\"\\uDC00\""),
    TEXT("\"\\uDFFF\""), TEXT("\"\\uDC00\\uDC00\""),
    TEXT("\"\\uD800\\uD800\""), TEXT("\"\\uDC00\\uD800\""),
    TEXT("\"\\uD800a\""), TEXT("\"\\uD800\\n\""), TEXT("\"\\uD800\\u0041\""),
    TEXT("\"\\uD800\\u\""), TEXT("\"\\uD800\\uDC0\""), TEXT("\"\\uD800\\"),
    TEXT("\"\\uD800\\u"), TEXT("\"\\u"), TEXT("\"\\u00"), TEXT("\"\n\""),
    TEXT("\"\t\""), TEXT("\"\x1f\""), TEXT("\"\x01\""), TEXT("\"\0\""),
    TEXT("\"a\0b\""), TEXT("\"12345678\0\""), TEXT("\"1234567\x1f\""),

    /* UTF-8 */
    TEXT("\"\x80\""), TEXT("\"\xbf\""), TEXT("\"\xc0\x80\""),
    TEXT("\"\xc1\xbf\""), TEXT("\"\xc2\""), TEXT("\"\xc2\x41\""),
    TEXT("\"\xc3\xc3\""), TEXT("\"\xe0\x80\x80\""), TEXT("\"\xe0\x9f\xbf\""),
    TEXT("\"\xe2\x82\""), TEXT("\"\xe2\x82\x41\""), TEXT("\"\xed\xa0\x80\""),
    TEXT("\"\xed\xbf\xbf\""), TEXT("\"\xf0\x80\x80\x80\""),
    TEXT("\"\xf0\x8f\xbf\xbf\""), TEXT("\"\xf0\x9f\x98\""),
    TEXT("\"\xf0\x9f\x98\x41\""), TEXT("\"\xf4\x90\x80\x80\""),
    TEXT("\"\xf5\x80\x80\x80\""), TEXT("\"\xff\""), TEXT("\"\xfe\""),
    TEXT("\"\xf8\x88\x80\x80\x80\""), TEXT("\"\xe2\x82"), TEXT("\"\xf0\x9f"),
    TEXT("\"\xc2"), TEXT("{\"\xff\":1}"), TEXT("\"12345678\xff\""),
    TEXT("\"\\\xc3\xa9\""), TEXT("[\xc3\xa9]")
};


/* What jansson has no number for. */

static const case_t  beyond[] = {
    TEXT("9223372036854775808"), TEXT("-9223372036854775809"),
    TEXT("[1e309]"), TEXT("-1e400"), TEXT("123456789012345678901234567890"),
    TEXT("1e99999999999999999999")
};


static ngx_int_t
read_all(const u_char *p, size_t len, amzsync_reader_t *r,
    amzsync_reader_value_t *v)
{
    if (amzsync_reader_init(r, p, len) != NGX_OK
        || amzsync_reader_value(r, v) != NGX_OK
        || amzsync_reader_skip(r, v) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return amzsync_reader_end(r);
}


static void
print_text(const case_t *c)
{
    size_t  i;

    printf("#   text: ");

    for (i = 0; i < c->len; i++) {
        if (c->text[i] >= ' ' && c->text[i] < 0x7f) {
            putchar(c->text[i]);

        } else {
            printf("\\x%02x", c->text[i]);
        }
    }

    printf("\n");
}


static void
test_cases(const case_t *cases, size_t n, ngx_int_t expected,
    const char *title)
{
    char                     name[64];
    size_t                   i;
    const char              *wrong;
    amzsync_reader_t         r;
    amzsync_reader_value_t   v;

    for (i = 0; i < n; i++) {

        (void) snprintf(name, sizeof(name), "%s %lu", title,
                        (unsigned long) i + 1);

        wrong = oracle_reader(cases[i].text, cases[i].len);

        if (wrong == NULL
            && read_all(cases[i].text, cases[i].len, &r, &v) != expected)
        {
            wrong = (expected == NGX_OK) ? "refused" : "accepted";
        }

        if (!ok(wrong == NULL, name)) {
            diag("  %s", wrong);
            print_text(&cases[i]);
        }
    }
}


static void
test_depth(void)
{
    u_char                   text[2 * AMZSYNC_READER_DEPTH + 3];
    size_t                   depth;
    amzsync_reader_t         r;
    amzsync_reader_value_t   v;

    depth = AMZSYNC_READER_DEPTH;

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';

    ok(read_all(text, 2 * depth, &r, &v) == NGX_OK
       && oracle_reader(text, 2 * depth) == NULL,
       "arrays as deep as allowed");

    depth++;

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';

    ok(read_all(text, 2 * depth, &r, &v) == NGX_ERROR
       && strcmp(r.error, "nested too deep") == 0
       && r.pos == text + depth - 1,
       "one deeper is refused, with its place");
}


static void
test_size(void)
{
    u_char                  *text;
    size_t                   size;
    amzsync_reader_t         r;
    amzsync_reader_value_t   v;

    size = AMZSYNC_READER_SIZE;

    text = malloc(size + 2);
    memset(text, ' ', size);
    text[0] = '0';
    text[size] = '\0';

    ok(read_all(text, size, &r, &v) == NGX_OK, "a text as large as allowed");

    text[size] = ' ';
    text[size + 1] = '\0';

    ok(read_all(text, size + 1, &r, &v) == NGX_ERROR,
       "one byte more is refused");

    free(text);
}


static void
test_wide(void)
{
    size_t                   i;
    amzsync_reader_t         r;
    amzsync_reader_value_t   v;

    static const struct {
        const char  *text;
        unsigned     wide;
    } cases[] = {
        { "1", 0 }, { "1e999", 0 }, { "1e1000", 1 }, { "0.5e1000", 1 },
        { "1e-1000", 0 }, { "1e-1001", 1 }, { "1.5e-999", 0 },
        { "1.5e-1000", 1 }, { "1e999999999999", 1 }, { "1e-99999999999", 1 },
        { "0e5000", 1 }, { "[1,[2e5000],3]", 1 }, { "[1,2,[3e10]]", 0 },
        { "{\"a\":{\"b\":-1e-5000}}", 1 }, { "[\"1e5000\"]", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(read_all((u_char *) cases[i].text, strlen(cases[i].text), &r, &v)
           == NGX_OK && v.wide == cases[i].wide, cases[i].text);
    }
}


/* The bounds of what a skipped value covers, and of an error. */

static void
test_places(void)
{
    amzsync_reader_t         r;
    amzsync_reader_value_t   v;

    static const u_char  text[] = "{\"a\": {\"b\": [1, 2]} , \"c\":\"x\\n\"}";
    static const u_char  error[] = "[1, 2, \"\xff\"]";

    amzsync_reader_init(&r, text, sizeof(text) - 1);

    ok(amzsync_reader_value(&r, &v) == NGX_OK
       && amzsync_reader_member(&r, &v) == NGX_OK
       && amzsync_reader_value(&r, &v) == NGX_OK
       && amzsync_reader_skip(&r, &v) == NGX_OK
       && v.end - v.start == sizeof("{\"b\": [1, 2]}") - 1
       && memcmp(v.start, "{\"b\": [1, 2]}", v.end - v.start) == 0,
       "a skipped value covers its text");

    ok(amzsync_reader_member(&r, &v) == NGX_OK
       && amzsync_reader_value(&r, &v) == NGX_OK
       && v.type == AMZSYNC_READER_STRING && v.escaped
       && v.end - v.start == 3 && memcmp(v.start, "x\\n", 3) == 0
       && amzsync_reader_member(&r, &v) == NGX_DONE
       && amzsync_reader_end(&r) == NGX_OK,
       "a string has no quotes");

    ok(read_all(error, sizeof(error) - 1, &r, &v) == NGX_ERROR
       && r.pos - r.start == 8 && strcmp(r.error, "invalid UTF-8") == 0,
       "an error has its place");
}


int
main(void)
{
    test_cases(good, sizeof(good) / sizeof(case_t), NGX_OK, "good text");
    test_cases(bad, sizeof(bad) / sizeof(case_t), NGX_ERROR, "bad text");
    test_cases(beyond, sizeof(beyond) / sizeof(case_t), NGX_OK,
               "beyond jansson");

    test_depth();
    test_size();
    test_wide();
    test_places();

    return tap_done();
}
