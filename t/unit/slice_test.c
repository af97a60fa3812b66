
/*
 * Reports, hand-made: charsets, names of fields, forms of values, and what goes
 * wrong.
 */


#include "tap.h"
#include "slice.h"
#include "literal.h"
#include <base/amzsync_text.h>


typedef struct {
    const char  *name;
    const char  *charset;
    const char  *text;
    ngx_uint_t   column;        /* of slice_dataset */
    const char  *elements;
} good_t;


enum { LINE = 0, SKU, QUANTITY, AMOUNT, TIME, DAY, FLAG, STATE, PRICE,
       EXTRA };


#define DIGITS_30  "123456789012345678901234567890"

static const good_t  good[] = {

    { "names alone", NULL, "sku\tquantity\n", LINE, "" },
    { "names without an end", NULL, "sku\tquantity", LINE, "" },
    { "lines are counted", NULL, "sku\na\nb\nc\n", LINE, "1\n2\n3\n" },
    { "no end of the last line", NULL, "sku\na\nb", SKU,
      "\"a\"\n\"b\"\n" },
    { "CR LF", NULL, "sku\tday\r\na\t2026-11-22\r\n", DAY, "2026-11-22\n" },
    { "an empty line is no row", NULL, "sku\na\n\nb\n", SKU,
      "\"a\"\n\"b\"\n" },
    { "but is counted", NULL, "sku\na\n\nb\n", LINE, "1\n3\n" },
    { "a byte order mark", NULL, "\xef\xbb\xbfsku\na\n", SKU, "\"a\"\n" },

    { "an alias", NULL, "MSKU\na\n", SKU, "\"a\"\n" },
    { "a name in other letters", NULL, "Amount Total\n1.50\n", AMOUNT,
      "1.50\n" },
    { "of two the first", NULL, "sku\tmsku\na\tb\n", SKU, "\"a\"\n" },
    { "the second is kept", NULL, "sku\tmsku\na\tb\n", EXTRA,
      "\"{\\\"msku\\\":\\\"b\\\"}\"\n" },
    { "unknown names are kept", NULL, "x y\tsku\n1\ta\n", EXTRA,
      "\"{\\\"x y\\\":\\\"1\\\"}\"\n" },
    { "a quote in a name", NULL, "size \"x\"\tsku\n1\ta\n", EXTRA,
      "\"{\\\"size \\\\\\\"x\\\\\\\"\\\":\\\"1\\\"}\"\n" },
    { "a backslash in a name", NULL, "a\\b\tsku\n1\ta\n", EXTRA,
      "\"{\\\"a\\\\\\\\b\\\":\\\"1\\\"}\"\n" },
    { "a control in a name", NULL, "a\x01z\tsku\n1\ta\n", EXTRA,
      "\"{\\\"a\\\\u0001z\\\":\\\"1\\\"}\"\n" },
    { "more fields than names", NULL, "sku\na\tb\n", EXTRA,
      "\"{\\\"field 2\\\":\\\"b\\\"}\"\n" },
    { "fewer fields than names", NULL, "sku\tquantity\na\n", QUANTITY,
      "NULL\n" },
    { "nothing more", NULL, "sku\na\n", EXTRA, "NULL\n" },
    { "an empty field", NULL, "sku\tquantity\n\t1\n", SKU, "NULL\n" },
    { "the word NULL", NULL, "sku\nNULL\n", SKU, "\"NULL\"\n" },
    { "quotes and backslashes", NULL, "sku\na\"b\\\n", SKU,
      "\"a\\\"b\\\\\"\n" },
    { "spaces of a text", NULL, "sku\n a \n", SKU, "\" a \"\n" },
    { "spaces of a number", NULL, "quantity\n 12 \n", QUANTITY, "12\n" },

    { "a quoted report", NULL, "\"sku\"\t\"quantity\"\n\"a\tb\"\t\"1\"\n",
      SKU, "\"a\tb\"\n" },
    { "a name in quotes behind others", NULL,
      "sku\t\"say \"\"x\"\"\"\n\"a\tb\"\t1\n", EXTRA,
      "\"{\\\"say \\\\\\\"x\\\\\\\"\\\":\\\"1\\\"}\"\n" },
    { "and so are values", NULL,
      "sku\t\"say \"\"x\"\"\"\n\"a\tb\"\t1\n", SKU, "\"a\tb\"\n" },
    { "a quote in quotes", NULL, "\"sku\"\n\"a\"\"b\"\n", SKU,
      "\"a\\\"b\"\n" },
    { "a number behind its quotes", NULL, "\"quantity\"\n\"1\"2\n",
      QUANTITY, "12\n" },
    { "an open quote", NULL, "\"sku\"\t\"day\"\n\"a\tb\n", SKU,
      "\"a\tb\"\n" },

    { "digits are kept", NULL, "amount-total\n-0.1000\n", AMOUNT,
      "-0.1000\n" },
    { "no number is kept", NULL, "amount-total\n1,50\n", AMOUNT, "NULL\n" },
    { "as it stands", NULL, "amount-total\n1,50\n", EXTRA,
      "\"{\\\"amount-total\\\":\\\"1,50\\\"}\"\n" },
    { "a decimal comma", NULL, "price\n1141,18\n-0,5\n 95,00 \n", PRICE,
      "1141.18\n-0.5\n95.00\n" },
    { "or a point", NULL, "price\n1141.18\n-7\n", PRICE, "1141.18\n-7\n" },
    { "a comma of another meaning", NULL,
      "price\n1,234\n1.234,56\n1,234.56\n1,2,3\n,5\n-,5\n5,\n1,-2\n01,5\n",
      PRICE, "NULL\nNULL\nNULL\nNULL\nNULL\nNULL\nNULL\nNULL\nNULL\n" },
    { "is kept as it stands", NULL, "price\n1.234,56\n", EXTRA,
      "\"{\\\"price\\\":\\\"1.234,56\\\"}\"\n" },
    { "a comma behind 60 digits", NULL,
      "price\n" DIGITS_30 DIGITS_30 ",99\n", PRICE,
      DIGITS_30 DIGITS_30 ".99\n" },
    { "and behind more", NULL, "price\n" DIGITS_30 DIGITS_30 "1,99\n",
      PRICE, "NULL\n" },
    { "an integer", NULL, "quantity\n-3\n", QUANTITY, "-3\n" },
    { "no integer", NULL, "quantity\n3.5\n", QUANTITY, "NULL\n" },

    { "RFC 3339", NULL, "date-time\n2026-11-22T10:00:00+01:00\n", TIME,
      "2026-11-22T09:00:00Z\n" },
    { "a zone without a colon", NULL, "date-time\n2026-11-22T10:00:00-0730\n",
      TIME, "2026-11-22T17:30:00Z\n" },
    { "UTC", NULL, "date-time\n2026-11-22 10:00:00 UTC\n", TIME,
      "2026-11-22T10:00:00Z\n" },
    { "German", NULL, "date-time\n22.11.2026 10:00:00 UTC\n", TIME,
      "2026-11-22T10:00:00Z\n" },
    { "American", NULL, "date-time\n11/22/2026\n", TIME,
      "2026-11-22T00:00:00Z\n" },
    { "no zone", NULL, "date-time\n2026-11-22 10:00:00\n", TIME,
      "2026-11-22T10:00:00Z\n" },
    { "no time", NULL, "date-time\nyesterday\n", TIME, "NULL\n" },
    { "no such time", NULL, "date-time\n2026-02-30 10:00:00\n", TIME,
      "NULL\n" },
    { "a leap second", NULL, "date-time\n2016-12-31T23:59:60.5Z\n", TIME,
      "2017-01-01T00:00:00.5Z\n" },
    { "a day", NULL, "day\n11/22/2026\n", DAY, "2026-11-22\n" },
    { "no such day", NULL, "day\n13/22/2026\n", DAY, "NULL\n" },
    { "more than a day", NULL, "day\n2026-11-22 10:00\n", DAY, "NULL\n" },
    { "a flag", NULL, "flag\ntrue\n", FLAG, "true\n" },

    { "a constant", NULL, "state\nPartiallyShipped\n", STATE,
      "\"PARTIALLY_SHIPPED\"\n" },
    { "in words", NULL, "state\nSecond day\n", STATE, "\"SECOND_DAY\"\n" },
    { "with more to say", NULL, "state\nShipped - Picked Up\n", STATE,
      "\"SHIPPED\"\n" },
    { "as Americans write", NULL, "state\nCanceled\n", STATE,
      "\"CANCELLED\"\n" },
    { "no words", NULL, "state\nVers\xc3\xa9\n", STATE,
      "\"Vers\xc3\xa9\"\n" },
    { "a constant of spaces", NULL, "state\n  \n", STATE, "NULL\n" },

    { "Cp1252", "Cp1252", "sku\n\x80\xe9\n", SKU, "\"\u20ac\u00e9\"\n" },
    { "not of Cp1252", "cp1252", "sku\n\x81\n", SKU, "\"\ufffd\"\n" },
    { "Windows-31J", "Windows-31J", "sku\n\x83\x8f\x87\x40\n", SKU,
      "\"\u30ef\u2460\"\n" },
    { "not of UTF-8", NULL, "sku\na\xff\xc3(b\n", SKU,
      "\"a\ufffd\ufffd(b\"\n" },
    { "beyond Unicode", NULL, "sku\n\xf5\x80\x80\x80\n", SKU,
      "\"\ufffd\"\n" },
    { "far beyond", NULL, "sku\n\xfa\x8c\x8c\x8c\x8cx\n", SKU,
      "\"\ufffdx\"\n" },
    { "half a character at the end", NULL, "sku\na\xe2\x82", SKU,
      "\"a\ufffd\ufffd\"\n" },
    { "a surrogate", NULL, "sku\n\xed\xa0\x80\n", SKU,
      "\"\ufffd\ufffd\ufffd\"\n" }
};


typedef struct {
    const char  *name;
    const char  *text;
    const char  *message;
} none_t;


/* What is no report of this dataset. */

static const none_t  none[] = {

    { "no document", "", "The document is empty" },
    { "an error page", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<Error><Code>InternalError</Code></Error>",
      "The first line has no name of a field that this report has" },
    { "an error of an API", "{\"errors\":[]}",
      "The first line has no name of a field that this report has" },
    { "names of another report", "order-id\tcolour\n1\tred\n",
      "The first line has no name of a field that this report has" },
    { "names that nobody knows", "order-id\tcolour\n",
      "The first line has no name of a field that this report has" },
    { "a line without names", "\nsku\na\n",
      "The first line has no name of a field that this report has" },
    { "a byte order mark alone", "\xef\xbb\xbf",
      "The first line has no name of a field that this report has" }
};


/* In slices of any size, from pieces of any size, it is the same. */

static void
test_good(const good_t *t)
{
    char                     *columns[AMZSYNC_COLUMNS_MAX];
    size_t                    piece;
    ngx_uint_t                i, max, same;
    const char               *code;
    amzsync_spool_t          *spool;
    amzsync_spapi_outcome_t   outcome;

    same = 1;

    for (piece = 1; piece < 100 && same; piece += 33) {
        spool = slice_spool((u_char *) t->text, ngx_strlen(t->text), piece, 0,
                            t->charset, &code);

        for (max = 1; spool && max < 4 && same; max++) {
            ngx_memzero(&outcome, sizeof(amzsync_spapi_outcome_t));
            slice_read(&slice_dataset, spool, max, columns, &outcome);

            same = (outcome.verdict == AMZSYNC_SPAPI_OK
                    && ngx_strcmp(columns[t->column], t->elements) == 0
                    && slice_extra(&slice_dataset, columns[EXTRA]) == NULL);

            if (!same) {
                diag("%s: %s", outcome.error.message, columns[t->column]);
            }

            for (i = 0; i < slice_dataset.rows->ncolumns; i++) {
                free(columns[i]);
            }
        }

        same = same && spool;
        amzsync_spool_release(spool);
    }

    ok(same, t->name);
}


/* A name that is longer than what is kept of it, in characters of two bytes. */

static void
test_names(void)
{
    char                     *columns[AMZSYNC_COLUMNS_MAX];
    char                      text[1024], *p;
    ngx_uint_t                i;
    const char               *code;
    amzsync_spool_t          *spool;
    amzsync_spapi_outcome_t   outcome;

    p = text;

    for (i = 0; i < 300; i++) {
        p = (char *) ngx_cpymem(p, "\u00e9", 2);
    }

    strcpy(p, "\tsku\n1\ta\n");

    spool = slice_spool((u_char *) text, ngx_strlen(text), 100, 0, NULL,
                        &code);
    slice_read(&slice_dataset, spool, 1, columns, &outcome);

    /* {\"...\":\"1\"} in quotes, and a newline */

    ok(outcome.verdict == AMZSYNC_SPAPI_OK
       && ngx_strlen(columns[EXTRA]) == 510 + 15
       && amzsync_text_utf8((u_char *) columns[EXTRA], 510 + 15)
       && slice_extra(&slice_dataset, columns[EXTRA]) == NULL,
       "a long name is cut between two characters");

    for (i = 0; i < slice_dataset.rows->ncolumns; i++) {
        free(columns[i]);
    }

    amzsync_spool_release(spool);
}


/* Lines of one row come together, and say which row it is. */

static void
test_keyed(void)
{
    char                    *kept;
    ngx_uint_t               n;
    const char              *code;
    amzsync_spool_t         *spool;
    amzsync_spapi_report_t   call;

    static const char  text[] = "sku\tdate-time\tx\tShip City\tX\n"
                                "a\t2026-11-22\t1\tSeattle\t2\n"
                                "b\t2026-11-22\nb\t2026-11-22\n"
                                "b\t2026-11-22\nc\t2026-11-22\n"
                                "b\t2026-11-22\nc\tyesterday\n";

    static const ngx_uint_t  rows[] = { 4, 2 };

    spool = slice_spool((u_char *) text, ngx_strlen(text), 7, 0, NULL, &code);

    ngx_memzero(&call, sizeof(amzsync_spapi_report_t));

    call.dataset = &slice_keyed;
    call.spool = spool;
    call.max_rows = 2;

    for (n = 0; n < 2; n++) {
        amzsync_report_read(&call);

        ok(call.outcome.verdict == AMZSYNC_SPAPI_OK
           && call.rows->nrows == rows[n]
           && call.rows->ngroups == 2, n ? "two rows" : "four lines of two");

        if (n == 0) {
            kept = literal(&call.rows->columns[3], call.rows->nrows);

            ok(strstr(kept, "Seattle") == NULL && strstr(kept, "x\\\":"),
               "what is not known to be harmless is not kept");

            free(kept);
        }

        amzsync_rows_free(call.rows);
    }

    amzsync_report_read(&call);

    ok(call.outcome.verdict == AMZSYNC_SPAPI_FAILED
       && ngx_strcmp(call.outcome.error.message,
                     "Line 7 does not say what it is of") == 0,
       "a row without what it needs");

    amzsync_spool_release(spool);
}


/* Where fields do not stand under their names nobody knows what they are. */

static void
test_shifted(void)
{
    char                     *columns[AMZSYNC_COLUMNS_MAX];
    ngx_uint_t                i;
    const char               *code;
    amzsync_spool_t          *spool;
    amzsync_spapi_outcome_t   outcome;

    static const char  text[] = "sku\tdate-time\tcity\tx\tstate\n"
                                "a\t2026-11-22\tSeattle\t1\tWA\n"
                                "b\t2026-11-22\tNew\tYork\t1\tNY\n"
                                "c\t2026-11-22\t1\tWA\n"
                                "d\t2026-11-22\tSeattle\t2\t\n";

    spool = slice_spool((u_char *) text, ngx_strlen(text), 100, 0, NULL,
                        &code);
    slice_read(&slice_keyed, spool, 10, columns, &outcome);

    ok(outcome.verdict == AMZSYNC_SPAPI_OK
       && ngx_strcmp(columns[0], "\"a\"\n\"b\"\n\"c\"\n\"d\"\n") == 0,
       "lines with a field too many, and too few");

    ok(ngx_strcmp(columns[3], "\"{\\\"x\\\":\\\"1\\\"}\"\nNULL\nNULL\n"
                              "\"{\\\"x\\\":\\\"2\\\"}\"\n") == 0,
       "nothing more is kept of them");

    for (i = 0; i < slice_keyed.rows->ncolumns; i++) {
        free(columns[i]);
    }

    amzsync_spool_release(spool);
}


/*
 * Three lines a row, in slices that end with the buffer: within a line, or just
 * at the end of one.
 */

#define TEST_LINE  1024

static void
test_groups(size_t size, const char *name)
{
    u_char                  *text, *p, *line;
    ngx_uint_t               i, nrows, ngroups, slices;
    const char              *code;
    amzsync_spool_t         *spool;
    amzsync_spapi_report_t   call;

    text = malloc(16 + 3000 * TEST_LINE);
    if (text == NULL) {
        abort();
    }

    p = ngx_cpymem(text, "sku\tdate-time\tx\n", 16);

    for (i = 0; i < 3000; i++) {
        line = p;
        p += sprintf((char *) p, "%lu\t2026-11-22\t",
                     (unsigned long) i / 3);
        ngx_memset(p, 'x', line + size - 1 - p);
        p = line + size;
        p[-1] = '\n';
    }

    spool = slice_spool(text, p - text, 65536, 0, NULL, &code);
    free(text);

    ngx_memzero(&call, sizeof(amzsync_spapi_report_t));

    call.dataset = &slice_keyed;
    call.spool = spool;
    call.max_rows = 2000;

    nrows = 0;
    ngroups = 0;

    for (slices = 0; !call.last && slices < 10; slices++) {
        amzsync_report_read(&call);

        if (call.outcome.verdict != AMZSYNC_SPAPI_OK) {
            break;
        }

        nrows += call.rows->nrows;
        ngroups += call.rows->ngroups;

        amzsync_rows_free(call.rows);
        call.rows = NULL;
    }

    ok(nrows == 3000 && ngroups == 1000 && slices == 3, name);

    amzsync_spool_release(spool);
}


static void
test_none(const none_t *t)
{
    char                     *columns[AMZSYNC_COLUMNS_MAX];
    ngx_uint_t                i;
    const char               *code;
    amzsync_spool_t          *spool;
    amzsync_spapi_outcome_t   outcome;

    spool = slice_spool((u_char *) t->text, ngx_strlen(t->text), 100, 0, NULL,
                        &code);
    slice_read(&slice_dataset, spool, 10, columns, &outcome);

    ok(outcome.verdict == AMZSYNC_SPAPI_FAILED
       && ngx_strcmp(outcome.error.code, "malformed_report") == 0
       && ngx_strcmp(outcome.error.message, t->message) == 0
       && columns[LINE][0] == '\0', t->name);

    for (i = 0; i < slice_dataset.rows->ncolumns; i++) {
        free(columns[i]);
    }

    amzsync_spool_release(spool);
}


static void
test_bad(void)
{
    u_char                   *p;
    char                     *columns[AMZSYNC_COLUMNS_MAX];
    size_t                    len;
    ngx_uint_t                i;
    const char               *code;
    amzsync_spool_t          *spool;
    amzsync_spapi_outcome_t   outcome;

    spool = slice_spool((u_char *) "x", 1, 1, 0, "klingon", &code);
    ok(spool == NULL && ngx_strcmp(code, "unknown_charset") == 0,
       "an unknown charset");

    spool = slice_spool((u_char *) "sku\na\n", 6, 1, 1, NULL, &code);
    ok(spool == NULL && ngx_strcmp(code, "malformed_document") == 0,
       "no gzip");

    spool = slice_spool((u_char *) "", 0, 1, 1, NULL, &code);
    ok(spool == NULL && ngx_strcmp(code, "malformed_document") == 0,
       "gzip without a byte");

    len = 3 << 20;
    p = malloc(len);
    if (p == NULL) {
        abort();
    }

    ngx_memset(p, 'a', len);
    ngx_memcpy(p, "sku\nb\n", 6);

    spool = slice_spool(p, len, 65536, 0, NULL, &code);
    slice_read(&slice_dataset, spool, 1, columns, &outcome);

    ok(outcome.verdict == AMZSYNC_SPAPI_FAILED
       && ngx_strcmp(outcome.error.message, "Line 2 is too long") == 0,
       "a line of three megabytes");
    ok(ngx_strcmp(columns[SKU], "\"b\"\n") == 0, "the line before it");

    for (i = 0; i < slice_dataset.rows->ncolumns; i++) {
        free(columns[i]);
    }

    amzsync_spool_release(spool);

    spool = slice_spool(p, 1 << 20, 65536, 0, NULL, &code);
    ok(spool && spool->size == 1 << 20, "a megabyte is a megabyte");
    amzsync_spool_release(spool);

    ngx_memset(p, '\t', 1000);

    spool = slice_spool(p, 1000, 65536, 0, NULL, &code);
    slice_read(&slice_dataset, spool, 1, columns, &outcome);

    ok(outcome.verdict == AMZSYNC_SPAPI_FAILED
       && ngx_strcmp(outcome.error.code, "malformed_report") == 0,
       "a thousand fields");

    for (i = 0; i < slice_dataset.rows->ncolumns; i++) {
        free(columns[i]);
    }

    amzsync_spool_release(spool);
    free(p);
}


int
main(void)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(good) / sizeof(good_t); i++) {
        test_good(&good[i]);
    }

    for (i = 0; i < sizeof(none) / sizeof(none_t); i++) {
        test_none(&none[i]);
    }

    test_names();
    test_keyed();
    test_shifted();
    test_groups(715, "no row is torn by the end of the buffer");
    test_groups(TEST_LINE, "no row is torn where a line ends with the buffer");
    test_bad();

    return tap_done();
}
