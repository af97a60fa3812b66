
/*
 * Pages of orders, hand-made: what arrives in which array, and what makes a
 * page malformed.
 */


#include "tap.h"
#include "literal.h"
#include <spapi/amzsync_spapi_rows.h>


/* A row with all that must be there, and more behind it. */

#define ORDER(id, more)                                                      \
    "{\"orderId\":\"" id "\",\"lastUpdatedTime\":\"2026-11-22T10:00:00Z\""   \
    more "}"

#define PAGE(rows)   "{\"orders\":[" rows "]}"
#define ITEM(more)   PAGE(ORDER("1", ",\"orderItems\":[{\"orderItemId\":1"  \
                                     more "}]"))

/* A number of digits, for longer things. */

#define TEN(s)       s s s s s s s s s s
#define THOUSAND(s)  TEN(TEN(TEN(s)))
#define NINE(s)      s s s s s s s s s
#define NINES(s)     NINE(TEN(TEN(s))) NINE(TEN(s)) NINE(s)

/* A number in JSON, and as PostgreSQL shows it. */

#define PRICE(number, shown)                                                 \
    { "the number " number,                                                  \
      ITEM(",\"product\":{\"price\":{\"unitPrice\":{\"amount\":"             \
           number "}}}"), "item.unit_price", "{" shown "}" }


typedef struct {
    const char  *name;
    const char  *page;
    const char  *column;        /* "token" and "parent" too; of the child's
                                   after "item." */
    const char  *array;         /* NULL: no token */
} good_t;


typedef struct {
    const char  *name;
    const char  *page;
    const char  *message;
} bad_t;


static const good_t  good[] = {

    { "no orders", PAGE(""), "order_id", "{}" },
    { "no orders, no items", PAGE(""), "item.order_item_id", "{}" },
    { "one order", PAGE(ORDER("a", "")), "order_id", "{\"a\"}" },
    { "absent is NULL", PAGE(ORDER("a", "")), "currency", "{NULL}" },
    { "null is NULL", PAGE(ORDER("a", ",\"proceeds\":null")), "currency",
      "{NULL}" },

    { "members in any order",
      "{\"x\":[{\"orders\":1}],\"pagination\":{\"nextToken\":\"t\"},"
      "\"orders\":[{\"proceeds\":{\"grandTotal\":{\"currencyCode\":\"EUR\"}},"
      "\"x\":{\"orderId\":2},\"lastUpdatedTime\":\"2026-11-22T10:00:00Z\","
      "\"orderId\":\"a\"}]}",
      "currency", "{\"EUR\"}" },

    { "white space",
      " { \"orders\" : [ { \"orderId\" : \"a\" , \"lastUpdatedTime\" :\n"
      "\"2026-11-22T10:00:00Z\" } ] } ", "order_id", "{\"a\"}" },

    { "an escaped name",
      PAGE(ORDER("a", ",\"sales\\u0043hannel\":{\"channelName\":\"x\"}")),
      "channel_name", "{\"x\"}" },

    /* tokens */
    { "no token", PAGE(""), "token", NULL },
    { "token after the rows",
      "{\"orders\":[],\"pagination\":{\"nextToken\":\"a\\/b\"}}", "token",
      "a/b" },
    { "token before the rows",
      "{\"pagination\":{\"nextToken\":\"a+b=\"},\"orders\":[]}", "token",
      "a+b=" },
    { "a token of null",
      "{\"orders\":[],\"pagination\":{\"nextToken\":null}}", "token", NULL },
    { "an empty token",
      "{\"orders\":[],\"pagination\":{\"nextToken\":\"\"}}", "token", NULL },
    { "pagination of null", "{\"orders\":[],\"pagination\":null}", "token",
      NULL },
    { "the last token",
      "{\"pagination\":{\"nextToken\":\"a\"},\"orders\":[],"
      "\"pagination\":{}}", "token", NULL },

    /* texts */
    { "array syntax in a text",
      PAGE(ORDER("a", ",\"salesChannel\":{\"channelName\":"
                      "\"{a,\\\"b\\\\\\\\c}\"}")),
      "channel_name", "{\"{a,\\\"b\\\\\\\\c}\"}" },
    { "a text NULL",
      PAGE(ORDER("a", ",\"salesChannel\":{\"channelName\":\"NULL\"}")),
      "channel_name", "{\"NULL\"}" },
    { "an empty text",
      PAGE(ORDER("a", ",\"salesChannel\":{\"channelName\":\"\"}")),
      "channel_name", "{\"\"}" },
    { "escapes in a text",
      PAGE(ORDER("a", ",\"salesChannel\":{\"channelName\":"
                      "\"\\u00e9\\t\\uD83D\\uDE00\\\"\"}")),
      "channel_name", "{\"\xc3\xa9\t\xf0\x9f\x98\x80\\\"\"}" },
    { "a number as a text",
      PAGE(ORDER("a", ",\"salesChannel\":{\"channelName\":1.50e3}")),
      "channel_name", "{\"1.50e3\"}" },
    { "false as a text",
      PAGE(ORDER("a", ",\"salesChannel\":{\"channelName\":false}")),
      "channel_name", "{\"false\"}" },

    /* numbers */
    { "digits stay",
      ITEM(",\"product\":{\"price\":{\"unitPrice\":{\"amount\":"
           "0.10000000000000000000000000010}}}"),
      "item.unit_price", "{0.10000000000000000000000000010}" },
    { "a number in a string",
      ITEM(",\"product\":{\"price\":{\"unitPrice\":{\"amount\":"
           "\"-12.3400\"}}}"), "item.unit_price", "{-12.3400}" },
    { "an escaped number",
      ITEM(",\"product\":{\"price\":{\"unitPrice\":{\"amount\":"
           "\"\\u0031.5\"}}}"), "item.unit_price", "{1.5}" },
    { "an empty string is no number",
      ITEM(",\"product\":{\"price\":{\"unitPrice\":{\"amount\":\"\"}}}"),
      "item.unit_price", "{NULL}" },
    { "1000 digits",
      ITEM(",\"product\":{\"price\":{\"unitPrice\":{\"amount\":1e999}}}"),
      "item.unit_price", "{1" NINES("0") "}" },
    { "a thousand behind the point",
      ITEM(",\"product\":{\"price\":{\"unitPrice\":{\"amount\":-1e-1000}}}"),
      "item.unit_price", "{-0." NINES("0") "1}" },
    { "as many as there can be",
      ITEM(",\"product\":{\"price\":{\"unitPrice\":{\"amount\":"
           THOUSAND("9") "." THOUSAND("9") "}}}"),
      "item.unit_price", "{" THOUSAND("9") "." THOUSAND("9") "}" },
    PRICE("12345", "12345"), PRICE("1234.5678", "1234.5678"),
    PRICE("10000", "10000"), PRICE("100000000", "100000000"),
    PRICE("0.00010000", "0.00010000"), PRICE("123456789e-6", "123.456789"),
    PRICE("1.5e3", "1500"), PRICE("1.50E+1", "15.0"), PRICE("0.5e-4", "0.00005"),
    PRICE("0", "0"), PRICE("-0", "0"), PRICE("-0.00", "0.00"),
    PRICE("0e3", "0"), PRICE("0e-3", "0.000"), PRICE("-0.01", "-0.01"),
    PRICE("0.0000001e9", "100"), PRICE("98765432109876543210", "98765432109876543210"),

    { "integers", ITEM(",\"quantityOrdered\":-9223372036854775808"),
      "item.quantity_ordered", "{-9223372036854775808}" },
    { "the largest", ITEM(",\"quantityOrdered\":\"9223372036854775807\""),
      "item.quantity_ordered", "{9223372036854775807}" },
    { "an integer with a fraction", ITEM(",\"quantityOrdered\":12.00"),
      "item.quantity_ordered", "{12}" },
    { "an integer with an exponent", ITEM(",\"quantityOrdered\":1.2e3"),
      "item.quantity_ordered", "{1200}" },
    { "and a negative one", ITEM(",\"quantityOrdered\":1200e-2"),
      "item.quantity_ordered", "{12}" },
    { "0.0", ITEM(",\"quantityOrdered\":0.0e-10"), "item.quantity_ordered",
      "{0}" },

    /* times */
    { "a time", PAGE(ORDER("a", ",\"createdTime\":"
                                "\"2024-02-29T23:59:59.123456-08:00\"")),
      "created_time", "{2024-03-01T07:59:59.123456Z}" },
    { "a leap second", PAGE(ORDER("a", ",\"createdTime\":"
                                       "\"2016-12-31T23:59:60Z\"")),
      "created_time", "{2017-01-01T00:00:00Z}" },
    { "a fraction of it", PAGE(ORDER("a", ",\"createdTime\":"
                                          "\"2016-12-31T23:59:60.5+00:00\"")),
      "created_time", "{2017-01-01T00:00:00.5Z}" },
    { "more than microseconds", PAGE(ORDER("a", ",\"createdTime\":"
                                      "\"1999-12-31T23:59:59.9999995Z\"")),
      "created_time", "{2000-01-01T00:00:00Z}" },
    { "half of one", PAGE(ORDER("a", ",\"createdTime\":"
                                     "\"1969-07-20T20:17:40.0000025Z\"")),
      "created_time", "{1969-07-20T20:17:40.000002Z}" },
    { "little more than half", PAGE(ORDER("a", ",\"createdTime\":"
                                "\"2026-11-22T10:00:00.00000250000001Z\"")),
      "created_time", "{2026-11-22T10:00:00.000003Z}" },
    { "the first time", PAGE(ORDER("a", ",\"createdTime\":"
                                        "\"0001-01-01T00:00:00Z\"")),
      "created_time", "{0001-01-01T00:00:00Z}" },
    { "the last", PAGE(ORDER("a", ",\"createdTime\":"
                                  "\"9999-12-31T23:59:59.9Z\"")),
      "created_time", "{9999-12-31T23:59:59.9Z}" },
    { "an empty time", PAGE(ORDER("a", ",\"createdTime\":\"\"")),
      "created_time", "{NULL}" },

    /* JSON as it stands */
    { "json", PAGE(ORDER("a", ",\"programs\":[ \"\\u00e9\" , 1.0 ]")),
      "programs", "{\"[ \\\"\\\\u00e9\\\" , 1.0 ]\"}" },
    { "a string of json", PAGE(ORDER("a", ",\"programs\":\"x\"")),
      "programs", "{\"\\\"x\\\"\"}" },
    { "an empty string of json", PAGE(ORDER("a", ",\"programs\":\"\"")),
      "programs", "{\"\\\"\\\"\"}" },
    { "json null", PAGE(ORDER("a", ",\"programs\":null")), "programs",
      "{NULL}" },

    /* children */
    { "children have parents",
      PAGE(ORDER("a", ",\"orderItems\":[{\"orderItemId\":1}]") ","
           ORDER("b", ",\"orderItems\":[]") "," ORDER("c", "") ","
           ORDER("d", ",\"orderItems\":null") ","
           ORDER("e", ",\"orderItems\":[{\"orderItemId\":2},"
                      "{\"orderItemId\":3}]")),
      "item.parent", "{1,5,5}" },
    { "children before the key",
      "{\"orders\":[{\"orderItems\":[{\"orderItemId\":\"x\"}],"
      "\"lastUpdatedTime\":\"2026-11-22T10:00:00Z\",\"orderId\":\"a\"}]}",
      "item.order_item_id", "{\"x\"}" },

    /* the last of a name counts */
    { "a repeated value", PAGE(ORDER("a", ",\"orderId\":\"b\"")),
      "order_id", "{\"b\"}" },
    { "a repeated value of a wrong type",
      PAGE(ORDER("a", ",\"programs\":1e5000,\"createdTime\":5,"
                      "\"programs\":1,\"createdTime\":null")),
      "created_time", "{NULL}" },
    { "a repeated object",
      PAGE(ORDER("a", ",\"salesChannel\":{\"channelName\":\"x\"},"
                      "\"salesChannel\":{\"marketplaceId\":\"y\"}")),
      "channel_name", "{NULL}" },
    { "an object instead of a text",
      PAGE(ORDER("a", ",\"salesChannel\":\"x\","
                      "\"salesChannel\":{\"channelName\":\"y\"}")),
      "channel_name", "{\"y\"}" },
    { "repeated children",
      PAGE(ORDER("z", ",\"orderItems\":[{\"orderItemId\":0}]") ","
           ORDER("a", ",\"orderItems\":[{\"orderItemId\":1},"
                      "{\"orderItemId\":2}],\"orderItems\":"
                      "[{\"orderItemId\":3}]")),
      "item.order_item_id", "{\"0\",\"3\"}" },
    { "repeated children of null",
      PAGE(ORDER("a", ",\"orderItems\":[{\"orderItemId\":1}],"
                      "\"orderItems\":null")),
      "item.parent", "{}" },
    { "repeated rows",
      "{\"orders\":[" ORDER("a", ",\"orderItems\":[{\"orderItemId\":1}]")
      "],\"orders\":[" ORDER("b", ",\"orderItems\":[{\"orderItemId\":2}]")
      "]}", "item.order_item_id", "{\"2\"}" }
};


static const bad_t  bad[] = {

    { "no text", "", "invalid JSON, no value, byte 0" },
    { "no object", "[]", "the answer is not an object, byte 0" },
    { "no rows", "{}", "orders is missing, byte 0" },
    { "rows of null", "{\"orders\":null}", "orders is missing, byte 0" },
    { "rows of another type", "{\"orders\":{}}",
      "orders is not an array, byte 10" },
    { "a row of another type", "{\"orders\":[1]}",
      "orders row 1: the row is not an object, byte 11" },
    { "a row of null", PAGE(ORDER("a", "") ",null"),
      "orders row 2: the row is not an object, byte 68" },
    { "a cut page", "{\"orders\":[{\"orderId\":\"a\"",
      "orders row 1: invalid JSON, no ',' or '}', byte 25" },
    { "text after the page", "{\"orders\":[]}x",
      "invalid JSON, text after the value, byte 13" },
    { "bad text in what is skipped", "{\"x\":[\"\\uD800\"],\"orders\":[]}",
      "invalid JSON, surrogate without its pair, byte 7" },

    { "no key", PAGE("{\"lastUpdatedTime\":\"2026-11-22T10:00:00Z\"}"),
      "orders row 1: orderId is missing, byte 11" },
    { "a key of null", PAGE(ORDER("a", ",\"orderId\":null")),
      "orders row 1: orderId is missing, byte 77" },
    { "a long key", PAGE(ORDER(THOUSAND("k"), "")),
      "orders row 1: orderId is too long for a key, byte 23" },
    { "a required column", PAGE("{\"orderId\":\"a\"}"),
      "orders row 1: lastUpdatedTime is missing, byte 11" },
    { "a required column without a value",
      PAGE("{\"orderId\":\"a\",\"lastUpdatedTime\":\"\"}"),
      "orders row 1: lastUpdatedTime is missing, byte 45" },

    { "an object for a text", PAGE(ORDER("a", ",\"orderId\":{}")),
      "orders row 1: orderId is not a text, byte 77" },
    { "a text for an object", PAGE(ORDER("a", ",\"salesChannel\":\"x\"")),
      "orders row 1: salesChannel.channelName has no object on its way, "
      "byte 83" },
    { "an array for an object", PAGE(ORDER("a", ",\"salesChannel\":[]")),
      "orders row 1: salesChannel.channelName has no object on its way, "
      "byte 82" },
    { "an object for the children", PAGE(ORDER("a", ",\"orderItems\":{}")),
      "orders row 1: orderItems is not an array, byte 80" },
    { "a child of another type", PAGE(ORDER("a", ",\"orderItems\":[[]]")),
      "orders row 1, orderItems row 1: the row is not an object, byte 81" },
    { "a child without a key",
      PAGE(ORDER("a", "") ","
           ORDER("b", ",\"orderItems\":[{\"orderItemId\":1},{}]")),
      "orders row 2, orderItems row 2: orderItemId is missing, byte 156" },
    { "a token of another type",
      "{\"orders\":[],\"pagination\":{\"nextToken\":{}}}",
      "pagination.nextToken is not a text, byte 39" },
    { "no object for the token", "{\"orders\":[],\"pagination\":\"x\"}",
      "pagination.nextToken is not a text, byte 27" },

    { "a number in JSON too wide",
      PAGE(ORDER("a", ",\"programs\":[[1e1000]]")),
      "orders row 1: programs has a number of more than 1000 digits, "
      "byte 78" }
};


/* Values that no column of a type may have. */

static const char  *bad_numerics[] = {
    "true", "[]", "\"x\"", "\"1 \"", "\" 1\"", "\"1.\"", "\".5\"", "\"+1\"",
    "\"0x10\"", "\"NaN\"", "\"Infinity\"", "\"1,5\"", "\"1e\"", "\"-\"",
    "1e1000", "1e-1001", "\"1e1000\"", "1e99999999999999999999",
    THOUSAND("1") "1", "0." THOUSAND("1") "1"
};

static const char  *bad_bigints[] = {
    "9223372036854775808", "-9223372036854775809", "1.5", "1e19", "1e-1",
    "\"1.5\"", "\"\\u0020\"", "false", "{}", "99999999999999999999", "1e999",
    "\"12a\""
};

static const char  *bad_times[] = {
    "0", "\"x\"", "\"2026-11-22\"", "\"2026-11-22T10:00Z\"",
    "\"2026-11-22T10:00:00\"", "\"2026-11-22 10:00:00Z\"",
    "\"2026-13-01T10:00:00Z\"", "\"2026-00-01T10:00:00Z\"",
    "\"2026-02-29T10:00:00Z\"", "\"2100-02-29T10:00:00Z\"",
    "\"2026-04-31T10:00:00Z\"", "\"2026-01-00T10:00:00Z\"",
    "\"2026-01-01T24:00:00Z\"", "\"2026-01-01T10:60:00Z\"",
    "\"2026-01-01T10:00:61Z\"", "\"0000-01-01T10:00:00Z\"",
    "\"10000-01-01T10:00:00Z\"", "\"2026-01-01T10:00:00.Z\"",
    "\"2026-01-01T10:00:00+16:00\"", "\"2026-01-01T10:00:00+01:60\"",
    "\"2026-01-01T10:00:00+0100\"", "\"2026-01-01T10:00:00ZZ\"",
    "\"2026-01-01T10:00:00Z \"", "\"-026-01-01T10:00:00Z\"",
    "\"2026-01-01T10:00:00." TEN(TEN("1")) "Z\"", "\"infinity\"", "\"now\""
};


static ngx_int_t
read_page(const char *page, amzsync_rows_t **rows, char **token,
    amzsync_error_t *error)
{
    return amzsync_spapi_rows(amzsync_dataset_find((u_char *) "orders", 6),
                              (const u_char *) page, strlen(page), rows,
                              token, error);
}


/* To be free()d, or NULL: no token. */

static char *
find_array(const amzsync_rows_t *rows, const char *token, const char *name)
{
    ngx_uint_t  i;

    if (strcmp(name, "token") == 0) {
        return token ? strdup(token) : NULL;
    }

    if (strncmp(name, "item.", 5) == 0) {
        rows = rows->child;
        name += 5;
    }

    if (strcmp(name, "parent") == 0) {
        return literal(&rows->parent, rows->nrows);
    }

    for (i = 0; i < rows->rowset->ncolumns; i++) {
        if (strcmp(rows->rowset->columns[i].name, name) == 0) {
            return literal(&rows->columns[i], rows->nrows);
        }
    }

    return strdup("no such column");
}


static void
test_good(void)
{
    char             *token, *array;
    size_t            i;
    ngx_int_t         rc;
    amzsync_rows_t   *rows;
    amzsync_error_t   error;

    for (i = 0; i < sizeof(good) / sizeof(good_t); i++) {

        rc = read_page(good[i].page, &rows, &token, &error);

        if (rc != NGX_OK) {
            ok(0, good[i].name);
            diag("  refused: %s", error.message);
            continue;
        }

        array = find_array(rows, token, good[i].column);

        if (!ok((array == NULL) == (good[i].array == NULL)
                && (array == NULL || strcmp(array, good[i].array) == 0),
                good[i].name))
        {
            diag("  got %s", array ? array : "none");
        }

        free(array);
        amzsync_rows_free(rows);
        free(token);
    }
}


static void
test_bad(void)
{
    char             *token;
    size_t            i;
    ngx_int_t         rc;
    amzsync_rows_t   *rows;
    amzsync_error_t   error;

    for (i = 0; i < sizeof(bad) / sizeof(bad_t); i++) {

        rc = read_page(bad[i].page, &rows, &token, &error);

        if (!ok(rc == NGX_DECLINED && rows == NULL && token == NULL
                && strcmp(error.code, "malformed_answer") == 0
                && strcmp(error.message, bad[i].message) == 0, bad[i].name))
        {
            diag("  %s", (rc == NGX_OK) ? "accepted" : error.message);
        }

        amzsync_rows_free(rows);
        free(token);
    }
}


static void
test_bad_values(const char *member, const char **values, size_t n,
    const char *message)
{
    char              page[4096], name[64], *token;
    size_t            i;
    ngx_int_t         rc;
    amzsync_rows_t   *rows;
    amzsync_error_t   error;

    for (i = 0; i < n; i++) {

        (void) snprintf(page, sizeof(page),
                        PAGE(ORDER("a", ",%s%s%s")), member, values[i],
                        strchr(member, '[') ? "}]"
                        : strchr(member, '{') ? "}}" : "");
        (void) snprintf(name, sizeof(name), "not for %.20s %.20s", member,
                        values[i]);

        rc = read_page(page, &rows, &token, &error);

        if (!ok(rc == NGX_DECLINED && strstr(error.message, message) != NULL,
                name))
        {
            diag("  %s", (rc == NGX_OK) ? "accepted" : error.message);
        }

        amzsync_rows_free(rows);
        free(token);
    }
}


int
main(void)
{
    test_good();
    test_bad();

    test_bad_values("\"proceeds\":{\"grandTotal\":{\"amount\":", bad_numerics,
                    sizeof(bad_numerics) / sizeof(char *),
                    "proceeds.grandTotal.amount is not a number");
    test_bad_values("\"orderItems\":[{\"orderItemId\":1,\"quantityOrdered\":",
                    bad_bigints, sizeof(bad_bigints) / sizeof(char *),
                    "quantityOrdered is not an integer");
    test_bad_values("\"createdTime\":", bad_times,
                    sizeof(bad_times) / sizeof(char *),
                    "createdTime is not a time");

    return tap_done();
}
