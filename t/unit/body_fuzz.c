
/*
 * libFuzzer: any text as the body of a request, against jansson and what
 * clients are promised.  What is accepted has the values that the text has,
 * within their bounds; what is refused is refused for a reason, in words that a
 * client may see, and that never are the refresh token.
 *
 * The first byte says what is asked for, and of whom.  Behind it is the body,
 * or with ASSEMBLED the values of its members, a line each; the token is ours.
 */


#include <http/amzsync_http_parse.h>
#include <stdio.h>


int LLVMFuzzerTestOneInput(const u_char *p, size_t len);


#define START      0x01         /* of a sync; else a connection */
#define CANCEL     0x02         /* of a sync, which says nothing */
#define ASSEMBLED  0x04
#define FEW        0x08         /* not all datasets are fetched here */
#define FAR        0x10         /* nor all regions served */
#define NAUGHTY    0x20         /* our token is none */

#define WINDOW     8            /* bytes of a token that are too many */

#define CAPITALS   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define LETTERS    "abcdefghijklmnopqrstuvwxyz" CAPITALS


typedef struct {
    ngx_str_t         text;
    ngx_uint_t        kind;
    ngx_uint_t        copied;   /* the input has a part of our token */
    json_t           *json;     /* by jansson; NULL: it is none */
    ngx_array_t      *datasets;
    int64_t           choice;   /* what the text says, if it is good */
    amzsync_error_t   error;
} body_t;


static void body_init(void);
static void body_text(body_t *b, const u_char *p, size_t len);
static const u_char *body_member(FILE *f, const char *name,
    const char *fallback, const u_char *p, const u_char *last);
static void body_cancel(body_t *b);
static void body_start(body_t *b);
static void body_account(body_t *b);
static ngx_uint_t body_account_good(body_t *b, const char *const *endpoints);
static void body_account_same(body_t *b, amzsync_http_account_t *account);
static ngx_uint_t body_markets_good(json_t *markets);
static ngx_uint_t body_choice_good(body_t *b);
static ngx_uint_t body_string_good(json_t *value, size_t max,
    const char *chars);
static void body_same(body_t *b, const char *what, json_t *value,
    const ngx_str_t *text);
static ngx_uint_t body_members_good(body_t *b, const char *const *members);
static void body_verdict(body_t *b, ngx_uint_t accepted, ngx_uint_t good,
    const char *const *members);
static void body_refused(body_t *b, const char *const *members);
static void body_position(body_t *b);
static void body_expect(body_t *b, const char *begin);
static void body_answer(body_t *b);
static void body_secret(body_t *b);
static void body_wrong(body_t *b, const char *what);


static const char  secret[] = "Atzr|0f3c9a6be1d275480ace";

static const char *const  no_members[] = { NULL };
static const char *const  start_members[] = { "datasets", "full", NULL };
static const char *const  account_members[] = {
    "sellingPartnerId", "region", "marketplaceIds", "refreshToken",
    "syncIntervalMinutes", "datasets", NULL
};

static const amzsync_dataset_t  *all[62], *few[3];
static ngx_array_t               datasets[2];
static const char *const         near[] = { "na", "eu", "fe" };
static const char *const         far[] = { NULL, "eu", NULL };


int
LLVMFuzzerTestOneInput(const u_char *p, size_t len)
{
    body_t  b;

    if (len == 0) {
        return 0;
    }

    body_init();

    memset(&b, 0, sizeof(body_t));

    b.kind = *p;
    b.datasets = &datasets[(b.kind & FEW) ? 1 : 0];

    body_text(&b, p + 1, len - 1);

    b.json = json_loadb((char *) b.text.data, b.text.len,
                        JSON_REJECT_DUPLICATES|JSON_DECODE_ANY, NULL);

    if (b.kind & CANCEL) {
        body_cancel(&b);

    } else if (b.kind & START) {
        body_start(&b);

    } else {
        body_account(&b);
    }

    json_decref(b.json);
    free(b.text.data);

    return 0;
}


static void
body_init(void)
{
    ngx_uint_t  i;

    if (datasets[0].nelts) {
        return;
    }

    for (i = 0; i < amzsync_ndatasets; i++) {
        all[i] = amzsync_datasets[i];
    }

    datasets[0].elts = all;
    datasets[0].nelts = amzsync_ndatasets;

    /* in another order than that of all */

    few[0] = amzsync_dataset_find((u_char *) "settlements", 11);
    few[1] = amzsync_dataset_find((u_char *) "orders", 6);
    few[2] = amzsync_dataset_find((u_char *) "inventory", 9);

    datasets[1].elts = few;
    datasets[1].nelts = 3;
}


/* A copy that ends where the text does: a byte too many is seen. */

static void
body_text(body_t *b, const u_char *p, size_t len)
{
    FILE          *f;
    char          *text;
    size_t         i;
    const u_char  *last;

    last = p + len;

    /* an escape may spell a part of it */

    b->copied = (memmem(p, len, "\\u", 2) != NULL);

    for (i = 0; i + WINDOW <= sizeof(secret) - 1; i++) {
        b->copied |= (memmem(p, len, secret + i, WINDOW) != NULL);
    }

    f = open_memstream(&text, &len);

    if (b->kind & ASSEMBLED) {
        fprintf(f, "{\"refreshToken\":\"%s%s\"", secret,
                (b->kind & NAUGHTY) ? "\\n" : "");
        p = body_member(f, "sellingPartnerId", "\"A1SELLER\"", p, last);
        p = body_member(f, "region", "\"eu\"", p, last);
        p = body_member(f, "marketplaceIds", "[\"A1\",\"A2\"]", p, last);
        p = body_member(f, "syncIntervalMinutes", "60", p, last);
        p = body_member(f, "datasets", "null", p, last);
    }

    fwrite(p, 1, last - p, f);

    if (b->kind & ASSEMBLED) {
        fprintf(f, "}");
    }

    fclose(f);

    b->text.data = malloc(len);
    b->text.len = len;
    memcpy(b->text.data, text, len);

    free(text);
}


/* A line that is empty says what is good, "-" leaves the member out. */

static const u_char *
body_member(FILE *f, const char *name, const char *fallback, const u_char *p,
    const u_char *last)
{
    size_t         len;
    const u_char  *end;

    end = memchr(p, '\n', last - p);
    len = (end ? end : last) - p;

    if (len == 0) {
        fprintf(f, ",\"%s\":%s", name, fallback);

    } else if (len != 1 || *p != '-') {
        fprintf(f, ",\"%s\":", name);
        fwrite(p, 1, len, f);
    }

    return end ? end + 1 : last;
}


static void
body_cancel(body_t *b)
{
    json_t  *json;

    json = amzsync_http_parse(&b->text, no_members, &b->error);

    body_verdict(b, json != NULL, 1, no_members);

    if (json) {
        amzsync_http_parse_free(json);
    }
}


static void
body_start(body_t *b)
{
    int64_t      choice;
    json_t      *full;
    ngx_int_t    rc;
    ngx_uint_t   good;

    full = json_object_get(b->json, "full");

    good = body_choice_good(b)
           && (full == NULL || json_is_true(full) || json_is_false(full));

    rc = amzsync_http_parse_start(&b->text, b->datasets, &choice, &b->error);

    body_verdict(b, rc == NGX_OK, good, start_members);

    if (rc == NGX_OK
        && choice != (b->choice | (json_is_true(full) ? AMZSYNC_STORE_FULL
                                                      : 0)))
    {
        body_wrong(b, "another choice");
    }
}


static void
body_account(body_t *b)
{
    json_t                  *json;
    const char *const       *endpoints;
    amzsync_http_account_t   account;

    memset(&account, 0xa5, sizeof(amzsync_http_account_t));

    endpoints = (b->kind & FAR) ? far : near;

    json = amzsync_http_parse_account(&b->text, endpoints, b->datasets,
                                      &account, &b->error);

    body_verdict(b, json != NULL, body_account_good(b, endpoints),
                 account_members);

    if (json) {
        body_account_same(b, &account);
        amzsync_http_parse_free(json);
    }
}


static ngx_uint_t
body_account_good(body_t *b, const char *const *endpoints)
{
    ngx_uint_t   i;
    json_t      *interval;
    const char  *region, *p;

    region = json_string_value(json_object_get(b->json, "region"));

    for (i = 0; region && i < 3 && strcmp(region, near[i]) != 0; i++) { }

    if (region == NULL || i == 3 || endpoints[i] == NULL
        || !body_string_good(json_object_get(b->json, "sellingPartnerId"),
                             64, LETTERS)
        || !body_string_good(json_object_get(b->json, "refreshToken"),
                             4096, NULL)
        || !body_markets_good(json_object_get(b->json, "marketplaceIds")))
    {
        return 0;
    }

    p = json_string_value(json_object_get(b->json, "refreshToken"));

    for ( /* void */ ; *p; p++) {
        if (*p < ' ' || *p > '~') {
            return 0;
        }
    }

    interval = json_object_get(b->json, "syncIntervalMinutes");

    if (interval && !json_is_null(interval)
        && (!json_is_integer(interval)
            || json_integer_value(interval) < 15
            || json_integer_value(interval) > 43200))
    {
        return 0;
    }

    return body_choice_good(b);
}


static void
body_account_same(body_t *b, amzsync_http_account_t *account)
{
    size_t   i;
    json_t  *markets;

    body_same(b, "seller", json_object_get(b->json, "sellingPartnerId"),
              &account->seller);
    body_same(b, "token", json_object_get(b->json, "refreshToken"),
              &account->token);

    if (account->region > 2
        || strcmp(near[account->region],
                  json_string_value(json_object_get(b->json, "region")))
           != 0)
    {
        body_wrong(b, "another region");
    }

    markets = json_object_get(b->json, "marketplaceIds");

    if (account->nmarkets != json_array_size(markets)) {
        body_wrong(b, "more or less marketplaces");
    }

    for (i = 0; i < account->nmarkets; i++) {
        body_same(b, "marketplace", json_array_get(markets, i),
                  &account->markets[i]);
    }

    if ((json_int_t) account->interval
        != json_integer_value(json_object_get(b->json,
                                              "syncIntervalMinutes")))
    {
        body_wrong(b, "another interval");
    }

    if (account->choice != b->choice) {
        body_wrong(b, "another choice");
    }
}


static ngx_uint_t
body_markets_good(json_t *markets)
{
    size_t  i, j, n;

    n = json_array_size(markets);

    if (markets == NULL || json_is_null(markets)) {
        return 1;
    }

    for (i = 0; i < n; i++) {

        if (!body_string_good(json_array_get(markets, i), 32, CAPITALS)) {
            return 0;
        }

        for (j = 0; j < i; j++) {
            if (json_equal(json_array_get(markets, i),
                           json_array_get(markets, j)))
            {
                return 0;
            }
        }
    }

    return n > 0 && n <= 50;
}


/* Names of some that are fetched, each once; they are the bits. */

static ngx_uint_t
body_choice_good(body_t *b)
{
    size_t                     i;
    json_t                    *names;
    ngx_uint_t                 n;
    const char                *name;
    const amzsync_dataset_t  **fetched;

    fetched = b->datasets->elts;
    names = json_object_get(b->json, "datasets");

    if (names == NULL || json_is_null(names)) {
        return 1;
    }

    for (i = 0; i < json_array_size(names); i++) {

        name = json_string_value(json_array_get(names, i));

        for (n = 0; name && n < b->datasets->nelts; n++) {
            if (strcmp(fetched[n]->name, name) == 0) {
                break;
            }
        }

        if (name == NULL || n == b->datasets->nelts
            || (b->choice >> n & 1))
        {
            return 0;
        }

        b->choice |= (int64_t) 1 << n;
    }

    return i > 0;
}


static ngx_uint_t
body_string_good(json_t *value, size_t max, const char *chars)
{
    size_t  len;

    len = json_string_length(value);

    return json_is_string(value) && len > 0 && len <= max
           && (chars == NULL
               || strspn(json_string_value(value), chars) == len);
}


static void
body_same(body_t *b, const char *what, json_t *value, const ngx_str_t *text)
{
    if (text->len != json_string_length(value)
        || memcmp(text->data, json_string_value(value), text->len) != 0
        || text->data[text->len] != '\0')
    {
        body_wrong(b, what);
    }
}


static ngx_uint_t
body_members_good(body_t *b, const char *const *members)
{
    size_t  i, known;

    known = 0;

    for (i = 0; members[i]; i++) {
        known += (json_object_get(b->json, members[i]) != NULL);
    }

    return known == json_object_size(b->json);
}


static void
body_verdict(body_t *b, ngx_uint_t accepted, ngx_uint_t good,
    const char *const *members)
{
    good = good && json_is_object(b->json) && body_members_good(b, members);

    if (accepted != good) {
        body_wrong(b, accepted ? "accepted" : "refused");
    }

    if (!accepted) {
        body_refused(b, members);
    }
}


static void
body_refused(body_t *b, const char *const *members)
{
    if (strcmp(b->error.code, "invalid_request") != 0
        || b->error.request_id[0] != '\0'
        || memchr(b->error.message, '\0', sizeof(b->error.message)) == NULL
        || b->error.message[0] == '\0')
    {
        body_wrong(b, "no reason");
    }

    if (b->text.len == 0) {
        body_expect(b, "Request body is empty.");

    } else if (b->json == NULL) {
        body_position(b);

    } else if (!json_is_object(b->json)) {
        body_expect(b, "Request body is not a JSON object.");

    } else if (!body_members_good(b, members)) {
        body_expect(b, "Unknown member \"");

    } else if (strncmp(b->error.message, "Request", 7) == 0
               || strncmp(b->error.message, "Unknown", 7) == 0)
    {
        body_wrong(b, "another reason");
    }

    body_answer(b);
    body_secret(b);
}


/* What is no JSON is told by its place, and by nothing of the text itself. */

static void
body_position(body_t *b)
{
    int          n, line, column;
    json_t      *json;
    const char  *p;

    n = 0;
    p = strstr(b->error.message, " (line ");

    if (p == NULL
        || sscanf(p, " (line %d, column %d).%n", &line, &column, &n) != 2
        || n == 0 || p[n] != '\0' || line < 1)
    {
        body_wrong(b, "no place");
    }

    n = p - b->error.message;

    json = json_loadb((char *) b->text.data, b->text.len, JSON_DECODE_ANY,
                      NULL);
    p = b->error.message;

    if (strncmp(p, "Request body has a duplicate member", n) != 0
        && (json
            || (strncmp(p, "Request body is not valid JSON", n) != 0
                && strncmp(p, "Request body has a number that is too large", n)
                   != 0)))
    {
        body_wrong(b, "another reason");
    }

    json_decref(json);
}


static void
body_expect(body_t *b, const char *begin)
{
    if (strncmp(b->error.message, begin, strlen(begin)) != 0) {
        body_wrong(b, begin);
    }
}


/* As a string of the answer it is read as it was written. */

static void
body_answer(body_t *b)
{
    u_char           buf[16];
    json_t          *json;
    const char      *text;
    amzsync_json_t   w;

    amzsync_json_init(&w, buf, sizeof(buf));
    amzsync_json_open(&w, NULL, '{');
    amzsync_json_cstr(&w, "message", b->error.message);
    amzsync_json_close(&w, '}');

    json = json_loadb((char *) w.start, w.last - w.start, 0, NULL);
    text = json_string_value(json_object_get(json, "message"));

    if (text == NULL || strcmp(text, b->error.message) != 0) {
        body_wrong(b, "the reason is no text");
    }

    json_decref(json);
    amzsync_json_free(&w);
}


/* No part of our token, unless the input has it, too: names are repeated. */

static void
body_secret(body_t *b)
{
    char    part[WINDOW + 1];
    size_t  i;

    for (i = 0; i + WINDOW <= sizeof(secret) - 1; i++) {
        memcpy(part, secret + i, WINDOW);
        part[WINDOW] = '\0';

        if (strstr(b->error.message, part) && !b->copied) {
            body_wrong(b, "the token is told");
        }
    }
}


static void
body_wrong(body_t *b, const char *what)
{
    fprintf(stderr, "body: %s; kind %lu, \"%s\": %.*s\n", what,
            (unsigned long) b->kind, b->error.message, (int) b->text.len,
            b->text.data);
    abort();
}
