
/*
 * Codes that have been exchanged for tokens: each works once.
 *
 * The list is bounded: where a code that has not expired must make room, all
 * codes that expire no later count as spent.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox_code.h>


ngx_int_t
amzsync_sandbox_code_spend(amzsync_sandbox_spent_t *spent, uint64_t nonce,
    int64_t expires)
{
    ngx_uint_t                  i;
    amzsync_sandbox_spending_t  *place;

    if (expires <= spent->floor) {
        return NGX_DECLINED;
    }

    for (i = 0; i < AMZSYNC_SANDBOX_SPENT; i++) {
        if (spent->codes[i].expires == expires
            && spent->codes[i].nonce == nonce)
        {
            return NGX_DECLINED;
        }
    }

    /* those that expired are below the floor, or refused for that anyway */

    place = &spent->codes[spent->next];
    spent->next = (spent->next + 1) % AMZSYNC_SANDBOX_SPENT;
    spent->floor = ngx_max(spent->floor, place->expires);

    place->nonce = nonce;
    place->expires = expires;

    return NGX_OK;
}
