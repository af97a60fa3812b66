
/*
 * The body that connects an Amazon account.
 */


#include <http/amzsync_http_parse.h>
#include <base/amzsync_text.h>


static ngx_int_t amzsync_http_parse_members(json_t *json,
    const char *const *endpoints, const ngx_array_t *datasets,
    amzsync_http_account_t *account, amzsync_error_t *error);
static ngx_int_t amzsync_http_parse_region(json_t *value);
static ngx_uint_t amzsync_http_parse_markets(json_t *value,
    amzsync_http_account_t *account);
static ngx_uint_t amzsync_http_parse_unique(amzsync_http_account_t *account);
static ngx_uint_t amzsync_http_parse_interval(json_t *value,
    ngx_uint_t *interval);
static ngx_uint_t amzsync_http_parse_id(json_t *value, size_t max,
    ngx_uint_t lower, ngx_str_t *id);
static ngx_uint_t amzsync_http_parse_token(json_t *value, ngx_str_t *token);
static ngx_uint_t amzsync_http_parse_text(json_t *value, size_t max,
    ngx_str_t *text);


static const char *const  amzsync_http_parse_account_members[] = {
    "sellingPartnerId",
    "region",
    "marketplaceIds",
    "refreshToken",
    "syncIntervalMinutes",
    "datasets",
    NULL
};


json_t *
amzsync_http_parse_account(const ngx_str_t *text, const char *const *endpoints,
    const ngx_array_t *datasets, amzsync_http_account_t *account,
    amzsync_error_t *error)
{
    json_t  *json;

    json = amzsync_http_parse(text, amzsync_http_parse_account_members, error);

    if (json != NULL
        && amzsync_http_parse_members(json, endpoints, datasets, account,
                                      error)
           != NGX_OK)
    {
        amzsync_http_parse_free(json);
        return NULL;
    }

    return json;
}


static ngx_int_t
amzsync_http_parse_members(json_t *json, const char *const *endpoints,
    const ngx_array_t *datasets, amzsync_http_account_t *account,
    amzsync_error_t *error)
{
    ngx_int_t  region;

    if (!amzsync_http_parse_id(json_object_get(json, "sellingPartnerId"),
                               AMZSYNC_SELLER_MAX, 1, &account->seller))
    {
        return amzsync_http_parse_refuse(error, "sellingPartnerId must be a "
                                         "string of 1 to %d letters and "
                                         "digits.", AMZSYNC_SELLER_MAX);
    }

    region = amzsync_http_parse_region(json_object_get(json, "region"));

    if (region == NGX_ERROR) {
        return amzsync_http_parse_refuse(error, "region must be \"na\", "
                                         "\"eu\" or \"fe\".");
    }

    account->region = region;

    if (endpoints[region] == NULL) {
        return amzsync_http_parse_refuse(error, "region \"%s\" is not served "
                                         "here.",
                                         amzsync_region_names[region]);
    }

    if (!amzsync_http_parse_markets(json_object_get(json, "marketplaceIds"),
                                    account))
    {
        return amzsync_http_parse_refuse(error, "marketplaceIds must be null "
                                         "or an array of 1 to %d strings of 1 "
                                         "to %d capital letters and digits.",
                                         AMZSYNC_HTTP_MARKETS_MAX,
                                         AMZSYNC_MARKETPLACE_MAX);
    }

    if (!amzsync_http_parse_unique(account)) {
        return amzsync_http_parse_refuse(error, "marketplaceIds must not have "
                                         "duplicates.");
    }

    if (!amzsync_http_parse_token(json_object_get(json, "refreshToken"),
                                  &account->token))
    {
        return amzsync_http_parse_refuse(error, "refreshToken must be a "
                                         "string of 1 to %d printable ASCII "
                                         "characters.", AMZSYNC_TOKEN_MAX);
    }

    if (!amzsync_http_parse_interval(json_object_get(json,
                                                     "syncIntervalMinutes"),
                                     &account->interval))
    {
        return amzsync_http_parse_refuse(error, "syncIntervalMinutes must be "
                                         "null or a whole number, at least %d "
                                         "and at most %d.",
                                         AMZSYNC_STORE_INTERVAL_MIN,
                                         AMZSYNC_STORE_INTERVAL_MAX);
    }

    return amzsync_http_parse_choice(json, datasets, &account->choice, error);
}


static ngx_int_t
amzsync_http_parse_region(json_t *value)
{
    ngx_str_t  text;

    if (!amzsync_http_parse_text(value, sizeof("na") - 1, &text)) {
        return NGX_ERROR;
    }

    return amzsync_text_region(text.data, text.len);
}


static ngx_uint_t
amzsync_http_parse_markets(json_t *value, amzsync_http_account_t *account)
{
    size_t  i, n;

    account->nmarkets = 0;

    if (value == NULL || json_is_null(value)) {

        /* All that the seller takes part in, as Amazon tells. */

        return 1;
    }

    n = json_array_size(value);

    if (n == 0 || n > AMZSYNC_HTTP_MARKETS_MAX) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (!amzsync_http_parse_id(json_array_get(value, i),
                                   AMZSYNC_MARKETPLACE_MAX, 0,
                                   &account->markets[i]))
        {
            return 0;
        }
    }

    account->nmarkets = n;

    return 1;
}


static ngx_uint_t
amzsync_http_parse_unique(amzsync_http_account_t *account)
{
    ngx_str_t   *id;
    ngx_uint_t   i, j;

    id = account->markets;

    for (i = 1; i < account->nmarkets; i++) {
        for (j = 0; j < i; j++) {

            if (id[i].len == id[j].len
                && ngx_memcmp(id[i].data, id[j].data, id[i].len) == 0)
            {
                return 0;
            }
        }
    }

    return 1;
}


static ngx_uint_t
amzsync_http_parse_interval(json_t *value, ngx_uint_t *interval)
{
    json_int_t  n;

    *interval = 0;

    if (value == NULL || json_is_null(value)) {
        return 1;
    }

    if (!json_is_integer(value)) {
        return 0;
    }

    n = json_integer_value(value);

    if (n < AMZSYNC_STORE_INTERVAL_MIN || n > AMZSYNC_STORE_INTERVAL_MAX) {
        return 0;
    }

    *interval = n;

    return 1;
}


/* Capital letters and digits, and with "lower" other letters, too. */

static ngx_uint_t
amzsync_http_parse_id(json_t *value, size_t max, ngx_uint_t lower,
    ngx_str_t *id)
{
    u_char  ch;
    size_t  i;

    if (!amzsync_http_parse_text(value, max, id)) {
        return 0;
    }

    for (i = 0; i < id->len; i++) {
        ch = id->data[i];

        if ((ch >= 'A' && ch <= 'Z')
            || (ch >= '0' && ch <= '9')
            || (lower && ch >= 'a' && ch <= 'z'))
        {
            continue;
        }

        return 0;
    }

    return 1;
}


static ngx_uint_t
amzsync_http_parse_token(json_t *value, ngx_str_t *token)
{
    size_t  i;

    if (!amzsync_http_parse_text(value, AMZSYNC_TOKEN_MAX, token)) {
        return 0;
    }

    for (i = 0; i < token->len; i++) {
        if (token->data[i] < 0x20 || token->data[i] > 0x7e) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
amzsync_http_parse_text(json_t *value, size_t max, ngx_str_t *text)
{
    if (!json_is_string(value)) {
        return 0;
    }

    text->data = (u_char *) json_string_value(value);
    text->len = json_string_length(value);

    return text->len > 0 && text->len <= max;
}
