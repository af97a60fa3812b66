
/*
 * Access tokens: one exchange in flight per connection and worker, refreshed
 * early, kept for as long as a job needs them.
 */


#include <sync/amzsync_sync_private.h>
#include <base/amzsync_metrics.h>
#include <openssl/crypto.h>


/* Seconds before its end from which a token is not used any more. */
#define AMZSYNC_SYNC_TOKEN_EARLY  60


typedef struct {
    amzsync_task_t          task;       /* first: freed as the whole */
    amzsync_sync_t         *sync;
    amzsync_spapi_token_t   call;
} amzsync_sync_exchange_t;


static amzsync_sync_token_t *amzsync_sync_token_find(amzsync_sync_t *sync,
    amzsync_store_claim_t *claim);
static amzsync_sync_token_t *amzsync_sync_token_create(amzsync_sync_t *sync,
    amzsync_store_claim_t *claim);
static size_t amzsync_sync_token_sealed(u_char *dst, ngx_str_t *text);
static ngx_int_t amzsync_sync_token_refused(amzsync_sync_token_t *token);
static void amzsync_sync_token_exchange(amzsync_sync_token_t *token);
static amzsync_sync_exchange_t *amzsync_sync_token_task(
    amzsync_sync_token_t *token);
static void amzsync_sync_token_run(amzsync_task_t *task);
static void amzsync_sync_token_done(amzsync_task_t *task);
static void amzsync_sync_token_result(amzsync_sync_token_t *token,
    amzsync_spapi_token_t *call);
static void amzsync_sync_token_log(amzsync_sync_token_t *token,
    amzsync_spapi_outcome_t *outcome);
static void amzsync_sync_token_fail(amzsync_sync_token_t *token,
    const amzsync_spapi_outcome_t *outcome);
static void amzsync_sync_token_retry(ngx_event_t *ev);
static void amzsync_sync_token_wake(amzsync_sync_token_t *token);
static void amzsync_sync_token_forget(amzsync_sync_token_t *token);
static void amzsync_sync_token_task_free(amzsync_task_t *task);


amzsync_sync_token_t *
amzsync_sync_token_get(amzsync_sync_t *sync, amzsync_store_claim_t *claim)
{
    amzsync_sync_token_t  *token;

    token = claim->refused ? NULL : amzsync_sync_token_find(sync, claim);

    if (token) {
        token->refs++;
        return token;
    }

    token = amzsync_sync_token_create(sync, claim);
    if (token == NULL) {
        return NULL;
    }

    if (claim->refused && amzsync_sync_token_refused(token) != NGX_OK) {
        amzsync_sync_token_free(token);
        return NULL;
    }

    return token;
}


static amzsync_sync_token_t *
amzsync_sync_token_find(amzsync_sync_t *sync, amzsync_store_claim_t *claim)
{
    ngx_queue_t           *q;
    amzsync_sync_token_t  *token;

    for (q = ngx_queue_head(&sync->tokens);
         q != ngx_queue_sentinel(&sync->tokens);
         q = ngx_queue_next(q))
    {
        token = ngx_queue_data(q, amzsync_sync_token_t, queue);

        if (token->version == claim->version
            && token->error == NULL
            && token->user.len == claim->user.len
            && ngx_memcmp(token->user.data, claim->user.data,
                          claim->user.len)
               == 0)
        {
            return token;
        }
    }

    return NULL;
}


/* What it keeps of the claim stands behind the structure. */

static amzsync_sync_token_t *
amzsync_sync_token_create(amzsync_sync_t *sync, amzsync_store_claim_t *claim)
{
    u_char                *p;
    amzsync_sync_token_t  *token;

    token = ngx_calloc(sizeof(amzsync_sync_token_t) + claim->user.len
                       + claim->key_id.len + claim->sealed.len / 2,
                       sync->log);
    if (token == NULL) {
        return NULL;
    }

    p = (u_char *) token + sizeof(amzsync_sync_token_t);

    token->user.data = p;
    token->user.len = claim->user.len;
    p = ngx_cpymem(p, claim->user.data, claim->user.len);

    token->key_id.data = p;
    token->key_id.len = claim->key_id.len;

    if (claim->key_id.len) {
        p = ngx_cpymem(p, claim->key_id.data, claim->key_id.len);
    }

    token->sealed.data = p;
    token->sealed.len = amzsync_sync_token_sealed(p, &claim->sealed);

    token->sync = sync;
    token->version = claim->version;
    token->refs = 1;

    token->timer.handler = amzsync_sync_token_retry;
    token->timer.data = token;
    token->timer.log = sync->log;
    token->timer.cancelable = 1;

    ngx_queue_init(&token->waiting);
    ngx_queue_insert_head(&sync->tokens, &token->queue);

    return token;
}


/* The bytes of PostgreSQL's text form of bytea: "\x" and digits. */

static size_t
amzsync_sync_token_sealed(u_char *dst, ngx_str_t *text)
{
    size_t     i;
    u_char    *p;
    ngx_int_t  n;

    p = dst;

    for (i = 2; i + 2 <= text->len; i += 2) {

        n = ngx_hextoi(text->data + i, 2);
        if (n == NGX_ERROR) {
            break;
        }

        *p++ = (u_char) n;
    }

    return p - dst;
}


/* Nobody asks Amazon again until the user has connected anew. */

static ngx_int_t
amzsync_sync_token_refused(amzsync_sync_token_t *token)
{
    token->error = ngx_alloc(sizeof(amzsync_error_t), token->sync->log);
    if (token->error == NULL) {
        return NGX_ERROR;
    }

    amzsync_error_set(token->error, "reauthorization_required",
                      amzsync_sync_text(AMZSYNC_SPAPI_REAUTHORIZE), NULL);
    token->revoked = 1;

    return NGX_OK;
}


void
amzsync_sync_token_free(amzsync_sync_token_t *token)
{
    if (--token->refs) {
        return;
    }

    ngx_queue_remove(&token->queue);

    if (token->timer.timer_set) {
        ngx_del_timer(&token->timer);
    }

    if (token->task) {
        if (amzsync_task_cancel(token->task) == NGX_OK) {
            amzsync_sync_token_task_free(token->task);

        } else {
            token->task->data = NULL;
        }
    }

    amzsync_sync_token_forget(token);

    if (token->error) {
        ngx_free(token->error);
    }

    ngx_free(token);
}


ngx_int_t
amzsync_sync_token_ready(amzsync_sync_set_t *set)
{
    amzsync_sync_token_t  *token;

    token = set->job->token;

    if (token->error) {
        return NGX_ERROR;
    }

    if (token->access_token && ngx_time() < token->expires) {
        return NGX_OK;
    }

    set->token_waiting = 1;
    ngx_queue_insert_tail(&token->waiting, &set->waiting);

    if (token->task == NULL && !token->timer.timer_set) {
        amzsync_sync_token_exchange(token);
    }

    return NGX_AGAIN;
}


void
amzsync_sync_token_expired(amzsync_sync_token_t *token)
{
    token->expires = 0;
}


static void
amzsync_sync_token_exchange(amzsync_sync_token_t *token)
{
    amzsync_sync_exchange_t  *exchange;

    exchange = amzsync_sync_token_task(token);

    if (exchange == NULL) {
        token->failures++;
        ngx_add_timer(&token->timer,
                      amzsync_sync_backoff(AMZSYNC_SYNC_DB_DELAY,
                                           token->failures));
        return;
    }

    exchange->task.run = amzsync_sync_token_run;
    exchange->task.done = amzsync_sync_token_done;
    exchange->task.data = token;

    token->task = &exchange->task;

    amzsync_task_post(&token->sync->tasks, &exchange->task);
}


static amzsync_sync_exchange_t *
amzsync_sync_token_task(amzsync_sync_token_t *token)
{
    amzsync_sync_t           *sync;
    amzsync_sync_exchange_t  *exchange;

    sync = token->sync;

    exchange = ngx_calloc(sizeof(amzsync_sync_exchange_t), sync->log);
    if (exchange == NULL) {
        return NULL;
    }

    exchange->sync = sync;
    exchange->call.conf = &sync->conf->spapi;
    exchange->call.curl = amzsync_sync_curl_get(sync);
    exchange->call.sealed = ngx_alloc(token->sealed.len + 1, sync->log);

    if (exchange->call.curl == NULL || exchange->call.sealed == NULL) {
        amzsync_sync_token_task_free(&exchange->task);
        return NULL;
    }

    ngx_memcpy(exchange->call.sealed, token->sealed.data, token->sealed.len);
    exchange->call.sealed_len = token->sealed.len;

    amzsync_text_copy(exchange->call.user, sizeof(exchange->call.user),
                      (char *) token->user.data, token->user.len);
    amzsync_text_copy(exchange->call.key_id, sizeof(exchange->call.key_id),
                      (char *) token->key_id.data, token->key_id.len);

    return exchange;
}


static void
amzsync_sync_token_run(amzsync_task_t *task)
{
    amzsync_spapi_token(&((amzsync_sync_exchange_t *) task)->call);
}


static void
amzsync_sync_token_done(amzsync_task_t *task)
{
    amzsync_sync_token_t  *token;

    token = task->data;

    amzsync_sync_token_count(
                         &((amzsync_sync_exchange_t *) task)->call.outcome);

    if (token) {
        token->task = NULL;
        amzsync_sync_token_result(token,
                                  &((amzsync_sync_exchange_t *) task)->call);
    }

    amzsync_sync_token_task_free(task);
}


static void
amzsync_sync_token_result(amzsync_sync_token_t *token,
    amzsync_spapi_token_t *call)
{
    time_t           early;
    amzsync_sync_t  *sync;

    sync = token->sync;

    if (call->outcome.verdict == AMZSYNC_SPAPI_OK) {
        amzsync_sync_token_forget(token);

        token->access_len = ngx_strlen(call->access_token);
        token->access_token = ngx_alloc(token->access_len + 1, sync->log);

        if (token->access_token) {
            ngx_memcpy(token->access_token, call->access_token,
                       token->access_len + 1);

            early = ngx_min(AMZSYNC_SYNC_TOKEN_EARLY, call->expires_in / 2);
            token->expires = ngx_time() + call->expires_in - early;
            token->failures = 0;

            amzsync_sync_token_wake(token);
            return;
        }

    } else if (call->outcome.verdict == AMZSYNC_SPAPI_STOPPED) {
        return;

    } else {
        amzsync_sync_token_log(token, &call->outcome);

        if ((call->outcome.verdict != AMZSYNC_SPAPI_RETRY
             && call->outcome.verdict != AMZSYNC_SPAPI_THROTTLED)
            || token->failures == sync->conf->retries)
        {
            amzsync_sync_token_fail(token, &call->outcome);
            return;
        }
    }

    ngx_add_timer(&token->timer, amzsync_sync_backoff(sync->conf->retry_delay,
                                                      token->failures));
    token->failures++;
}


void
amzsync_sync_token_count(amzsync_spapi_outcome_t *outcome)
{
    if (outcome->called && outcome->verdict != AMZSYNC_SPAPI_STOPPED) {
        amzsync_metrics_call(AMZSYNC_METRICS_TOKEN,
                             outcome->answered ? outcome->status : 0);
    }
}


/* A user runs one sync at a time: who waits for the token is of that one. */

static void
amzsync_sync_token_log(amzsync_sync_token_t *token,
    amzsync_spapi_outcome_t *outcome)
{
    ngx_queue_t         *q;
    amzsync_sync_set_t  *set;

    if (ngx_queue_empty(&token->waiting)) {
        return;
    }

    q = ngx_queue_head(&token->waiting);
    set = ngx_queue_data(q, amzsync_sync_set_t, waiting);

    amzsync_sync_log_error(NGX_LOG_ERR, set->job, "no access token",
                           &outcome->error, outcome->status);
}


/*
 * Every job of the token fails with this error, at once: nobody waits minutes
 * for a slot of a quota that is of no use.  A later job of the same connection
 * tries anew, with a token of its own.
 */

static void
amzsync_sync_token_fail(amzsync_sync_token_t *token,
    const amzsync_spapi_outcome_t *outcome)
{
    ngx_uint_t           i;
    ngx_queue_t         *q;
    amzsync_sync_job_t  *job;
    amzsync_sync_set_t  *set;

    token->error = ngx_alloc(sizeof(amzsync_error_t), token->sync->log);

    if (token->error == NULL) {
        ngx_add_timer(&token->timer, AMZSYNC_SYNC_BACKOFF_MAX);
        return;
    }

    *token->error = outcome->error;
    token->revoked = (outcome->verdict == AMZSYNC_SPAPI_REVOKED);

    if (ngx_queue_empty(&token->waiting)) {
        return;
    }

    q = ngx_queue_head(&token->waiting);
    set = ngx_queue_data(q, amzsync_sync_set_t, waiting);
    job = set->job;

    for (i = 0; i < job->nsets; i++) {
        amzsync_sync_set_recall(&job->sets[i]);
    }

    amzsync_sync_token_wake(token);
}


static void
amzsync_sync_token_retry(ngx_event_t *ev)
{
    amzsync_sync_token_t  *token;

    token = ev->data;

    if (token->sync->stopped) {
        return;
    }

    amzsync_sync_token_exchange(token);
}


/* The sets go on; those that must wait again stand behind the last of these. */

static void
amzsync_sync_token_wake(amzsync_sync_token_t *token)
{
    ngx_queue_t          waiting, *q;
    amzsync_sync_set_t  *set;

    if (ngx_queue_empty(&token->waiting)) {
        return;
    }

    ngx_queue_init(&waiting);
    ngx_queue_add(&waiting, &token->waiting);
    ngx_queue_init(&token->waiting);

    while (!ngx_queue_empty(&waiting)) {
        q = ngx_queue_head(&waiting);
        ngx_queue_remove(q);

        set = ngx_queue_data(q, amzsync_sync_set_t, waiting);
        set->token_waiting = 0;

        amzsync_sync_set_next(set);
    }
}


static void
amzsync_sync_token_forget(amzsync_sync_token_t *token)
{
    if (token->access_token == NULL) {
        return;
    }

    OPENSSL_cleanse(token->access_token, token->access_len);
    ngx_free(token->access_token);

    token->access_token = NULL;
    token->expires = 0;
}


static void
amzsync_sync_token_task_free(amzsync_task_t *task)
{
    amzsync_sync_exchange_t  *exchange;

    exchange = (amzsync_sync_exchange_t *) task;

    if (exchange->call.curl) {
        amzsync_sync_curl_put(exchange->sync, exchange->call.curl);
    }

    if (exchange->call.sealed) {
        ngx_free(exchange->call.sealed);
    }

    OPENSSL_cleanse(&exchange->call, sizeof(amzsync_spapi_token_t));
    ngx_free(exchange);
}
