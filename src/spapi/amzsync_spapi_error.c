
/*
 * What an error of Amazon's means.
 */


#include <spapi/amzsync_spapi_http.h>
#include <base/amzsync_json.h>


/* Longer answers than this are no errors of Amazon's. */
#define AMZSYNC_ERROR_ANSWER_MAX  65536


/* A missing role, in words for who can do something about it. */
#define AMZSYNC_ERROR_DENIED                                                  \
    "Amazon denies this data to the application: its role is missing, or the " \
    "seller has not agreed to it. Add the role in the Solution Provider "     \
    "Portal, then let the seller authorize the application again. Amazon "    \
    "says: "


static char *amzsync_error_text(amzsync_spapi_http_t *h);
static ngx_uint_t amzsync_error_token(const char *text, const char **code);


void
amzsync_spapi_error(amzsync_spapi_http_t *h)
{
    char                     *text;
    const char               *code;
    amzsync_spapi_verdict_e   verdict;

    text = amzsync_error_text(h);

    if (text == NULL) {
        amzsync_spapi_http_verdict(h, AMZSYNC_SPAPI_RETRY, "internal_error",
                                   "Out of memory");
        return;
    }

    switch (h->outcome->status) {

    case 400:
    case 413:
        verdict = AMZSYNC_SPAPI_INVALID;
        code = "invalid_input";
        break;

    case 401:
    case 403:

        if (amzsync_error_token(text, &code)) {
            verdict = AMZSYNC_SPAPI_EXPIRED;
            break;
        }

        verdict = AMZSYNC_SPAPI_DENIED;
        code = "access_denied";
        break;

    case 408:
        verdict = AMZSYNC_SPAPI_RETRY;
        code = "amazon_timeout";
        break;

    case 429:
        verdict = AMZSYNC_SPAPI_THROTTLED;
        code = "quota_exceeded";
        break;

    default:

        if (h->outcome->status >= 500) {
            verdict = AMZSYNC_SPAPI_RETRY;
            code = "amazon_unavailable";

        } else if (h->outcome->status < 300) {
            verdict = AMZSYNC_SPAPI_RETRY;
            code = "malformed_answer";

        } else {
            verdict = AMZSYNC_SPAPI_FAILED;
            code = "amazon_refused";
        }
    }

    if (verdict == AMZSYNC_SPAPI_DENIED) {
        amzsync_spapi_http_explain(h, verdict, code, AMZSYNC_ERROR_DENIED,
                                   text);

    } else {
        amzsync_spapi_http_verdict(h, verdict, code, text);
    }

    amzsync_spapi_wipe(text);
}


/*
 * Amazon's one code for all that it denies: only its details tell a role that
 * is missing from an access token that is good no longer.  If the seller has
 * revoked the grant, the next exchange will say so.
 */

static ngx_uint_t
amzsync_error_token(const char *text, const char **code)
{
    if (strstr(text, "access token you provided has expired") != NULL) {
        *code = "access_token_expired";
        return 1;
    }

    if (strstr(text, "access token you provided is revoked") != NULL) {
        *code = "access_token_refused";
        return 1;
    }

    return 0;
}


/*
 * "InvalidInput: Invalid request. The token has expired."  Not cut: half a
 * secret would not be found in it.
 */

static char *
amzsync_error_text(amzsync_spapi_http_t *h)
{
    int            n;
    char          *text;
    size_t         len;
    json_t        *root, *first;
    const char    *code, *message, *details;
    json_error_t   error;

    root = NULL;
    len = h->last - h->start;

    if (len <= AMZSYNC_ERROR_ANSWER_MAX) {
        root = amzsync_json_load(h->start, len, &error);
    }

    first = json_array_get(json_object_get(root, "errors"), 0);

    code = json_string_value(json_object_get(first, "code"));
    message = json_string_value(json_object_get(first, "message"));
    details = json_string_value(json_object_get(first, "details"));

    if (code == NULL && message == NULL) {
        n = asprintf(&text, "Amazon answered with HTTP status %lu",
                     (unsigned long) h->outcome->status);

    } else {
        n = asprintf(&text, "%s%s%s%s%s",
                     code ? code : "", code ? ": " : "",
                     message ? message : "",
                     (details && *details) ? " " : "",
                     details ? details : "");
    }

    json_decref(root);

    return (n == -1) ? NULL : text;
}
