
/*
 * What locations about one sync share.
 */


#ifndef _AMZSYNC_HTTP_SYNC_H_INCLUDED_
#define _AMZSYNC_HTTP_SYNC_H_INCLUDED_


#include <http/amzsync_http_request.h>


/* A statement about one sync of a user. */
typedef amzsync_store_call_t *(*amzsync_http_sync_pt)(amzsync_store_t *store,
    ngx_str_t *user, amzsync_sync_no_t no, amzsync_store_handler_pt handler,
    void *data);

/*
 * An action: puts the sync that the request names, as LOCATION/ID or
 * ?syncId=ID, into ctx->no, asks the database and waits for it.  What is no id
 * of this user's is answered with 404; so is a request that names none, unless
 * "unnamed": then it is about no == 0.
 */
ngx_int_t amzsync_http_sync_ask(amzsync_http_ctx_t *ctx,
    amzsync_http_sync_pt ask, ngx_uint_t unnamed);

/* 404, alike for what is absent, malformed or another user's. */
ngx_int_t amzsync_http_sync_not_found(ngx_http_request_t *r);

/* The members of a sync in an open object, "syncId" first. */
void amzsync_http_sync_write(amzsync_json_t *w, ngx_str_t *user,
    amzsync_store_sync_t *sync);

/* The member "error", null if there is none. */
void amzsync_http_sync_error(amzsync_json_t *w, amzsync_store_error_t *error);

/* A member of RFC 3339, null for AMZSYNC_TIME_BAD. */
void amzsync_http_sync_time(amzsync_json_t *w, const char *key, int64_t ms);


#endif /* _AMZSYNC_HTTP_SYNC_H_INCLUDED_ */
