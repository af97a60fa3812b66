
/*
 * Login with Amazon: a refresh token, or another grant, for an access token.
 */


#include <spapi/amzsync_spapi_token.h>
#include <base/amzsync_text.h>
#include <openssl/crypto.h>


#define AMZSYNC_TOKEN_ANSWER_MAX   65536

/* Whatever the answer says, a token is not kept for longer than a day. */
#define AMZSYNC_TOKEN_EXPIRES_MAX  86400


static char *amzsync_token_open(amzsync_spapi_token_t *call);
static char *amzsync_token_form(const amzsync_spapi_conf_t *conf,
    const amzsync_spapi_grant_t *grant);
static u_char *amzsync_token_field(u_char *p, const char *name,
    const char *value);
static void amzsync_token_answer(amzsync_spapi_http_t *h,
    const amzsync_spapi_grant_t *grant);
static const char *amzsync_token_take(void *data, json_t *root);
static void amzsync_token_error(amzsync_spapi_http_t *h,
    const amzsync_spapi_grant_t *grant, json_t *root);
static const char *amzsync_token_string(json_t *root, const char *name);


void
amzsync_spapi_token(amzsync_spapi_token_t *call)
{
    char                   *refresh_token;
    amzsync_spapi_http_t    h;
    amzsync_spapi_grant_t   grant;

    ngx_memzero(&call->outcome, sizeof(amzsync_spapi_outcome_t));
    ngx_memzero(&h, sizeof(amzsync_spapi_http_t));

    call->access_token[0] = '\0';

    h.conf = call->conf;
    h.curl = call->curl;
    h.outcome = &call->outcome;

    refresh_token = amzsync_token_open(call);

    if (refresh_token == NULL) {
        amzsync_spapi_http_verdict(&h, AMZSYNC_SPAPI_FAILED,
                                   "token_unreadable",
                                   "The stored refresh token does not open: "
                                   "its key is missing, or it was changed");
        return;
    }

    grant.type = "refresh_token";
    grant.name = "&refresh_token=";
    grant.secret = refresh_token;
    grant.redirect_uri = NULL;
    grant.refused = AMZSYNC_SPAPI_REAUTHORIZE " Amazon says: ";
    grant.take = amzsync_token_take;
    grant.data = call;

    amzsync_spapi_grant(&h, &grant);

    amzsync_spapi_wipe(refresh_token);
}


void
amzsync_spapi_grant(amzsync_spapi_http_t *h,
    const amzsync_spapi_grant_t *grant)
{
    char  *form;

    form = amzsync_token_form(h->conf, grant);

    h->url = h->conf->lwa_url;
    h->max = AMZSYNC_TOKEN_ANSWER_MAX;
    h->form = form;
    h->secrets[0] = grant->secret;
    h->secrets[1] = h->conf->client_secret;

    if (form == NULL) {
        amzsync_spapi_http_verdict(h, AMZSYNC_SPAPI_RETRY, "internal_error",
                                   "Out of memory");

    } else if (amzsync_spapi_http(h) == NGX_OK) {
        amzsync_token_answer(h, grant);
    }

    amzsync_spapi_http_free(h);
    amzsync_spapi_wipe(form);
}


static char *
amzsync_token_open(amzsync_spapi_token_t *call)
{
    char     *p;
    ssize_t   n;

    p = malloc(call->sealed_len + 1);
    if (p == NULL) {
        return NULL;
    }

    n = amzsync_seal_open(&call->conf->keys, call->key_id,
                          (u_char *) call->user, ngx_strlen(call->user),
                          call->sealed, call->sealed_len, (u_char *) p);

    if (n == NGX_ERROR) {
        free(p);
        return NULL;
    }

    p[n] = '\0';

    return p;
}


static char *
amzsync_token_form(const amzsync_spapi_conf_t *conf,
    const amzsync_spapi_grant_t *grant)
{
    size_t       size;
    u_char      *form, *p;
    const char  *uri;

    uri = (grant->redirect_uri != NULL) ? grant->redirect_uri : "";

    size = sizeof("grant_type=&redirect_uri=&client_id=&client_secret=")
           + ngx_strlen(grant->name)
           + 3 * (ngx_strlen(grant->type) + ngx_strlen(grant->secret)
                  + ngx_strlen(uri)
                  + ngx_strlen(conf->client_id)
                  + ngx_strlen(conf->client_secret));

    form = malloc(size);
    if (form == NULL) {
        return NULL;
    }

    p = amzsync_token_field(form, "grant_type=", grant->type);
    p = amzsync_token_field(p, grant->name, grant->secret);

    if (grant->redirect_uri != NULL) {
        p = amzsync_token_field(p, "&redirect_uri=", uri);
    }

    p = amzsync_token_field(p, "&client_id=", conf->client_id);
    p = amzsync_token_field(p, "&client_secret=", conf->client_secret);
    *p = '\0';

    return (char *) form;
}


static u_char *
amzsync_token_field(u_char *p, const char *name, const char *value)
{
    p = ngx_cpymem(p, name, ngx_strlen(name));

    return (u_char *) ngx_escape_uri(p, (u_char *) value, ngx_strlen(value),
                                     NGX_ESCAPE_URI_COMPONENT);
}


static void
amzsync_token_answer(amzsync_spapi_http_t *h,
    const amzsync_spapi_grant_t *grant)
{
    json_t        *root;
    const char    *err;
    json_error_t   error;

    root = amzsync_json_load(h->start, h->last - h->start, &error);

    if (h->outcome->status != 200) {
        amzsync_token_error(h, grant, root);

    } else {
        err = grant->take(grant->data, root);

        if (err != NULL) {
            amzsync_spapi_http_verdict(h, AMZSYNC_SPAPI_RETRY,
                                       "malformed_answer", err);
        }
    }

    json_decref(root);
}


static const char *
amzsync_token_take(void *data, json_t *root)
{
    amzsync_spapi_token_t *call = data;

    char        *p;
    size_t       i, len;
    json_t      *token, *expires;
    const char  *err;

    token = json_object_get(root, "access_token");
    expires = json_object_get(root, "expires_in");

    if (!json_is_string(token)) {
        return "No access_token in the answer to the token request";
    }

    p = (char *) json_string_value(token);
    len = json_string_length(token);
    err = NULL;

    if (len == 0 || len >= sizeof(call->access_token)) {
        err = "The access_token is empty or too long";
    }

    for (i = 0; i < len; i++) {
        if (p[i] <= ' ' || p[i] > '~') {
            err = "The access_token cannot stand in a header";
        }
    }

    if (!json_is_integer(expires) || json_integer_value(expires) <= 0) {
        err = "No expires_in in the answer to the token request";
    }

    if (err == NULL) {
        amzsync_text_copy(call->access_token, sizeof(call->access_token), p,
                          len);
        call->expires_in = ngx_min(json_integer_value(expires),
                                   AMZSYNC_TOKEN_EXPIRES_MAX);
        call->outcome.verdict = AMZSYNC_SPAPI_OK;
    }

    /* the tree is ours, and about to be freed */

    OPENSSL_cleanse(p, len);

    return err;
}


static void
amzsync_token_error(amzsync_spapi_http_t *h,
    const amzsync_spapi_grant_t *grant, json_t *root)
{
    int                       n;
    char                     *text;
    ngx_uint_t                status;
    const char               *code, *error, *reason;
    amzsync_spapi_verdict_e   verdict;

    status = h->outcome->status;
    error = amzsync_token_string(root, "error");
    reason = amzsync_token_string(root, "error_description");

    verdict = AMZSYNC_SPAPI_FAILED;
    code = "lwa_rejected";

    if (ngx_strcmp(error, "invalid_grant") == 0) {
        verdict = AMZSYNC_SPAPI_REVOKED;
        code = "reauthorization_required";

    } else if (status == 429) {
        verdict = AMZSYNC_SPAPI_THROTTLED;
        code = "quota_exceeded";

    } else if (status == 408) {
        verdict = AMZSYNC_SPAPI_RETRY;
        code = "amazon_timeout";

    } else if (status >= 500
               || ngx_strcmp(error, "server_error") == 0
               || ngx_strcmp(error, "temporarily_unavailable") == 0)
    {
        verdict = AMZSYNC_SPAPI_RETRY;
        code = "amazon_unavailable";

    } else if (status < 300) {
        verdict = AMZSYNC_SPAPI_RETRY;
        code = "malformed_answer";
    }

    /* not cut: half a secret would not be found in it */

    if (error[0] != '\0') {
        n = asprintf(&text, "%s%s%s", error, reason[0] != '\0' ? ": " : "",
                     reason);

    } else {
        n = asprintf(&text,
                     "The token request was answered with HTTP status %lu",
                     (unsigned long) status);
    }

    if (n == -1) {
        amzsync_spapi_http_verdict(h, verdict, code, "Out of memory");
        return;
    }

    if (verdict == AMZSYNC_SPAPI_REVOKED) {
        amzsync_spapi_http_explain(h, verdict, code, grant->refused, text);

    } else {
        amzsync_spapi_http_verdict(h, verdict, code, text);
    }

    amzsync_spapi_wipe(text);
}


static const char *
amzsync_token_string(json_t *root, const char *name)
{
    const char  *value;

    value = json_string_value(json_object_get(root, name));

    return (value != NULL) ? value : "";
}
