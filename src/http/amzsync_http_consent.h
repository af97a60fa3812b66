
/*
 * What sending a seller to Seller Central and back has in common.
 */


#ifndef _AMZSYNC_HTTP_CONSENT_H_INCLUDED_
#define _AMZSYNC_HTTP_CONSENT_H_INCLUDED_


#include <http/amzsync_http_request.h>


/* 302, without a body, and never from a cache. */
ngx_int_t amzsync_http_redirect(ngx_http_request_t *r, ngx_str_t *location);


#endif /* _AMZSYNC_HTTP_CONSENT_H_INCLUDED_ */
