
/*
 * Codes of the consent page, which are exchanged for tokens: signed,
 * short-lived and good for one exchange.
 */


#ifndef _AMZSYNC_SANDBOX_CODE_H_INCLUDED_
#define _AMZSYNC_SANDBOX_CODE_H_INCLUDED_


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>


#define AMZSYNC_SANDBOX_SPENT  512


typedef struct {
    ngx_str_t                   seller;
    uint64_t                    nonce;
    int64_t                     expires;        /* milliseconds */
    u_char                      buf[AMZSYNC_SELLER_MAX];
} amzsync_sandbox_code_t;


/* Bytes written, below TOKEN_MAX; 0 if OpenSSL fails. */
size_t amzsync_sandbox_code_make(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *seller, uint64_t nonce, int64_t expires, u_char *out);

/* NGX_ERROR for one that is not ours, or too old. */
ngx_int_t amzsync_sandbox_code_open(const amzsync_sandbox_keys_t *keys,
    const ngx_str_t *text, int64_t now, amzsync_sandbox_code_t *code);


/* What the zone keeps of those that were exchanged. */

typedef struct {
    uint64_t                    nonce;
    int64_t                     expires;
} amzsync_sandbox_spending_t;


typedef struct {
    ngx_uint_t                  next;
    int64_t                     floor;
    amzsync_sandbox_spending_t  codes[AMZSYNC_SANDBOX_SPENT];
} amzsync_sandbox_spent_t;


/* NGX_DECLINED: was spent before. */
ngx_int_t amzsync_sandbox_code_spend(amzsync_sandbox_spent_t *spent,
    uint64_t nonce, int64_t expires);


#endif /* _AMZSYNC_SANDBOX_CODE_H_INCLUDED_ */
