
/*
 * A consent: the code that a seller came back with for a refresh token, which
 * is sealed before anybody else sees it.
 */


#include <spapi/amzsync_spapi_token.h>
#include <openssl/crypto.h>


static const char *amzsync_consent_take(void *data, json_t *root);
static const char *amzsync_consent_seal(amzsync_spapi_consent_t *call,
    const char *token, size_t len);


void
amzsync_spapi_consent(amzsync_spapi_consent_t *call)
{
    amzsync_spapi_http_t    h;
    amzsync_spapi_grant_t   grant;

    ngx_memzero(&call->outcome, sizeof(amzsync_spapi_outcome_t));
    ngx_memzero(&h, sizeof(amzsync_spapi_http_t));

    h.conf = call->conf;
    h.curl = call->curl;
    h.outcome = &call->outcome;

    /* A code is spent by the exchange: who began it sees its end. */

    h.patient = 1;

    grant.type = "authorization_code";
    grant.name = "&code=";
    grant.secret = call->code;
    grant.redirect_uri = call->redirect_uri;
    grant.refused = "";
    grant.take = amzsync_consent_take;
    grant.data = call;

    amzsync_spapi_grant(&h, &grant);
}


static const char *
amzsync_consent_take(void *data, json_t *root)
{
    amzsync_spapi_consent_t *call = data;

    char        *p;
    size_t       i, len;
    json_t      *token;
    const char  *err;

    token = json_object_get(root, "refresh_token");

    if (!json_is_string(token)) {
        return "No refresh_token in the answer to the token request";
    }

    p = (char *) json_string_value(token);
    len = json_string_length(token);
    err = NULL;

    if (len == 0 || len > AMZSYNC_TOKEN_MAX) {
        err = "The refresh_token is empty or too long";
    }

    for (i = 0; i < len; i++) {
        if (p[i] < ' ' || p[i] > '~') {
            err = "The refresh_token is not printable ASCII";
        }
    }

    if (err == NULL) {
        err = amzsync_consent_seal(call, p, len);
    }

    /* the tree is ours, and about to be freed */

    OPENSSL_cleanse(p, len);

    return err;
}


static const char *
amzsync_consent_seal(amzsync_spapi_consent_t *call, const char *token,
    size_t len)
{
    const amzsync_seal_keys_t  *keys;

    keys = &call->conf->keys;

    if (amzsync_seal(keys, (u_char *) call->user, ngx_strlen(call->user),
                     (u_char *) token, len, call->sealed)
        != NGX_OK)
    {
        return "The refresh_token could not be sealed";
    }

    call->key_id = keys->elts[0].id;
    call->sealed_len = len + AMZSYNC_SEAL_OVERHEAD;
    call->outcome.verdict = AMZSYNC_SPAPI_OK;

    return NULL;
}
