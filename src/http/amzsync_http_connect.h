
/*
 * The request that connects an Amazon account.
 */


#ifndef _AMZSYNC_HTTP_CONNECT_H_INCLUDED_
#define _AMZSYNC_HTTP_CONNECT_H_INCLUDED_


#include <http/amzsync_http_request.h>


/* The action: checks the body, seals the token in it, and stores both. */
ngx_int_t amzsync_http_connect(amzsync_http_ctx_t *ctx);


#endif /* _AMZSYNC_HTTP_CONNECT_H_INCLUDED_ */
