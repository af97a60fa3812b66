
/*
 * Bodies: an object of JSON, with no members but those that are known.
 */


#include <http/amzsync_http_parse.h>
#include <base/amzsync_text.h>


static void amzsync_http_parse_not_json(amzsync_error_t *error,
    json_error_t *reason);
static const char *amzsync_http_parse_unknown(json_t *json,
    const char *const *members);


json_t *
amzsync_http_parse(const ngx_str_t *text, const char *const *members,
    amzsync_error_t *error)
{
    json_t        *json;
    const char    *name;
    json_error_t   reason;

    if (text->len == 0) {
        (void) amzsync_http_parse_refuse(error, "Request body is empty.");
        return NULL;
    }

    json = amzsync_json_load(text->data, text->len, &reason);

    if (json == NULL) {
        amzsync_http_parse_not_json(error, &reason);
        return NULL;
    }

    if (!json_is_object(json)) {
        json_decref(json);
        (void) amzsync_http_parse_refuse(error, "Request body is not a JSON "
                                         "object.");
        return NULL;
    }

    name = amzsync_http_parse_unknown(json, members);

    if (name != NULL) {
        (void) amzsync_http_parse_refuse(error, "Unknown member \"%s\".",
                                         name);
        amzsync_http_parse_free(json);
        return NULL;
    }

    return json;
}


void
amzsync_http_parse_free(json_t *json)
{
    json_t      *value;
    const char  *name;

    json_object_foreach(json, name, value) {
        if (json_is_string(value)) {
            ngx_explicit_memzero((char *) json_string_value(value),
                                 json_string_length(value));
        }
    }

    json_decref(json);
}


ngx_int_t
amzsync_http_parse_refuse(amzsync_error_t *error, const char *fmt, ...)
{
    va_list  args;
    char     text[AMZSYNC_ERROR_TEXT_MAX];

    va_start(args, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    /* Mends a character that was cut in two at the end. */

    amzsync_error_set(error, "invalid_request", text, ngx_strlen(text), NULL);

    return NGX_DECLINED;
}


/* jansson's own text would quote the body, and with it perhaps a token. */

static void
amzsync_http_parse_not_json(amzsync_error_t *error, json_error_t *reason)
{
    const char  *what;

    switch (json_error_code(reason)) {

    case json_error_duplicate_key:
        what = "has a duplicate member";
        break;

    case json_error_numeric_overflow:
        what = "has a number that is too large";
        break;

    default:
        what = "is not valid JSON";
    }

    (void) amzsync_http_parse_refuse(error,
                                     "Request body %s (line %d, column %d).",
                                     what, reason->line, reason->column);
}


static const char *
amzsync_http_parse_unknown(json_t *json, const char *const *members)
{
    json_t             *value;
    const char         *name;
    const char *const  *known;

    json_object_foreach(json, name, value) {

        for (known = members; *known; known++) {
            if (ngx_strcmp(*known, name) == 0) {
                break;
            }
        }

        if (*known == NULL) {
            return name;
        }
    }

    return NULL;
}
