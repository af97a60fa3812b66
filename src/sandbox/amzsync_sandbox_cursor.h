
/*
 * The tokens of lists that go on at a row: short-lived, signed, and in plain
 * Base64, so that every one holds '+', '/' and '=' and must be escaped in a
 * URL.
 */


#ifndef _AMZSYNC_SANDBOX_CURSOR_H_INCLUDED_
#define _AMZSYNC_SANDBOX_CURSOR_H_INCLUDED_


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>


typedef enum {
    AMZSYNC_SANDBOX_CURSOR_INVENTORY = 'i',
    AMZSYNC_SANDBOX_CURSOR_TRANSACTIONS = 't',
    AMZSYNC_SANDBOX_CURSOR_SHIPMENTS = 's',
    AMZSYNC_SANDBOX_CURSOR_ITEMS = 'm'
} amzsync_sandbox_cursor_e;


typedef struct {
    uint64_t                 seller;        /* the view's key */
    uint64_t                 hash;          /* of what must be repeated */
    uint64_t                 expires;       /* seconds */
    uint64_t                 page;
    uint64_t                 pos;
    uint64_t                 last;          /* row of the page before + 1,
                                               or 0 */
    int64_t                  before;        /* an upper bound, if any */
    int64_t                  after;         /* and what else is not repeated */
    uint64_t                 filter;
} amzsync_sandbox_cursor_t;


/* Bytes written, below TOKEN_MAX; 0 if OpenSSL fails. */
size_t amzsync_sandbox_cursor_make(const amzsync_sandbox_keys_t *keys,
    amzsync_sandbox_cursor_e kind, const amzsync_sandbox_cursor_t *cursor,
    u_char *out);

/*
 * "cursor" comes with seller and hash, and is filled; NGX_ERROR for a token
 * that is not ours, not theirs, or too old.
 */
ngx_int_t amzsync_sandbox_cursor_open(const amzsync_sandbox_keys_t *keys,
    amzsync_sandbox_cursor_e kind, const ngx_str_t *token, time_t now,
    amzsync_sandbox_cursor_t *cursor);


#endif /* _AMZSYNC_SANDBOX_CURSOR_H_INCLUDED_ */
