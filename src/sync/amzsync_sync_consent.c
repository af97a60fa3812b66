
/*
 * A seller's consent: the code is exchanged in a thread, and the connection
 * stored.  Once begun it goes on to its end, also without its owner: the code
 * is good for one exchange.
 */


#include <sync/amzsync_sync_private.h>
#include <base/amzsync_text.h>
#include <openssl/crypto.h>


struct amzsync_sync_consent_s {
    amzsync_task_t             task;        /* first: freed as the whole */
    amzsync_sync_t            *sync;
    amzsync_region_e           region;
    char                       seller[AMZSYNC_SELLER_MAX + 1];
    amzsync_spapi_consent_t    call;

    amzsync_sync_consent_pt    handler;     /* NULL: nobody waits */
    void                      *data;
};


static void amzsync_sync_consent_run(amzsync_task_t *task);
static void amzsync_sync_consent_done(amzsync_task_t *task);
static ngx_int_t amzsync_sync_consent_store(amzsync_sync_consent_t *consent);
static void amzsync_sync_consent_stored(amzsync_store_call_t *call);
static void amzsync_sync_consent_end(amzsync_sync_consent_t *consent,
    amzsync_sync_consent_e result);
static void amzsync_sync_consent_free(amzsync_sync_consent_t *consent);


amzsync_sync_consent_t *
amzsync_sync_consent(amzsync_sync_t *sync, const amzsync_sync_consented_t *by,
    amzsync_sync_consent_pt handler, void *data)
{
    amzsync_sync_consent_t   *consent;
    amzsync_spapi_consent_t  *call;

    consent = ngx_calloc(sizeof(amzsync_sync_consent_t), sync->log);
    if (consent == NULL) {
        return NULL;
    }

    consent->sync = sync;
    consent->region = by->region;
    consent->handler = handler;
    consent->data = data;

    amzsync_text_copy(consent->seller, sizeof(consent->seller),
                      (char *) by->seller.data, by->seller.len);

    call = &consent->call;

    call->conf = &sync->conf->spapi;
    call->redirect_uri = by->redirect_uri;

    amzsync_text_copy(call->user, sizeof(call->user), (char *) by->user.data,
                      by->user.len);
    amzsync_text_copy(call->code, sizeof(call->code), (char *) by->code.data,
                      by->code.len);

    call->curl = amzsync_sync_curl_get(sync);

    if (call->curl == NULL) {
        amzsync_sync_consent_free(consent);
        return NULL;
    }

    consent->task.run = amzsync_sync_consent_run;
    consent->task.done = amzsync_sync_consent_done;
    consent->task.urgent = 1;

    amzsync_task_post(&sync->tasks, &consent->task);

    return consent;
}


void
amzsync_sync_consent_detach(amzsync_sync_consent_t *consent)
{
    consent->handler = NULL;
}


static void
amzsync_sync_consent_run(amzsync_task_t *task)
{
    amzsync_spapi_consent(&((amzsync_sync_consent_t *) task)->call);
}


static void
amzsync_sync_consent_done(amzsync_task_t *task)
{
    ngx_uint_t                revoked, level;
    amzsync_sync_consent_t   *consent;
    amzsync_spapi_outcome_t  *outcome;

    consent = (amzsync_sync_consent_t *) task;
    outcome = &consent->call.outcome;

    OPENSSL_cleanse(consent->call.code, sizeof(consent->call.code));

    amzsync_sync_token_count(outcome);

    if (outcome->verdict == AMZSYNC_SPAPI_OK) {

        if (amzsync_sync_consent_store(consent) != NGX_OK) {
            amzsync_sync_consent_end(consent, AMZSYNC_SYNC_CONSENT_LOST);
        }

        return;
    }

    revoked = (outcome->verdict == AMZSYNC_SPAPI_REVOKED);
    level = revoked ? NGX_LOG_INFO : NGX_LOG_ERR;

    ngx_log_error(level, consent->sync->log, 0,
                  "amzsync: user \"%s\": the code of a consent was not "
                  "exchanged: %s: %s (HTTP status %ui)",
                  consent->call.user, outcome->error.code,
                  outcome->error.message, outcome->status);

    amzsync_sync_consent_end(consent,
                             revoked ? AMZSYNC_SYNC_CONSENT_INVALID
                                     : AMZSYNC_SYNC_CONSENT_FAILED);
}


static ngx_int_t
amzsync_sync_consent_store(amzsync_sync_consent_t *consent)
{
    ngx_str_t                 user;
    amzsync_store_call_t     *call;
    amzsync_store_connect_t   connect;

    user.data = (u_char *) consent->call.user;
    user.len = ngx_strlen(consent->call.user);

    ngx_memzero(&connect, sizeof(amzsync_store_connect_t));

    connect.selling_partner_id.data = (u_char *) consent->seller;
    connect.selling_partner_id.len = ngx_strlen(consent->seller);
    connect.region = consent->region;
    connect.sealed.data = consent->call.sealed;
    connect.sealed.len = consent->call.sealed_len;
    connect.key_id = consent->call.key_id;

    call = amzsync_store_consent_connect(consent->sync->store, &user,
                                         &connect,
                                         amzsync_sync_consent_stored, consent);

    return call ? NGX_OK : NGX_ERROR;
}


static void
amzsync_sync_consent_stored(amzsync_store_call_t *call)
{
    ngx_str_t                user;
    amzsync_sync_consent_t  *consent;

    consent = call->data;

    user.data = (u_char *) consent->call.user;
    user.len = ngx_strlen(consent->call.user);

    if (call->status == AMZSYNC_STORE_OK) {
        amzsync_store_status_anew(consent->sync->store, &user);
        amzsync_sync_consent_end(consent, AMZSYNC_SYNC_CONSENT_OK);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, consent->sync->log, 0,
                  "amzsync: user \"%V\": the database did not take the "
                  "connection of a consent", &user);

    amzsync_sync_consent_end(consent, AMZSYNC_SYNC_CONSENT_LOST);
}


static void
amzsync_sync_consent_end(amzsync_sync_consent_t *consent,
    amzsync_sync_consent_e result)
{
    if (consent->handler) {
        consent->handler(consent->data, result, &consent->call.outcome.error);
    }

    amzsync_sync_consent_free(consent);
}


static void
amzsync_sync_consent_free(amzsync_sync_consent_t *consent)
{
    if (consent->call.curl) {
        amzsync_sync_curl_put(consent->sync, consent->call.curl);
    }

    OPENSSL_cleanse(&consent->call, sizeof(amzsync_spapi_consent_t));
    ngx_free(consent);
}
