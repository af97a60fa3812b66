
/*
 * A redirect.
 */


#include <http/amzsync_http_consent.h>


static ngx_table_elt_t *amzsync_http_redirect_header(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);


ngx_int_t
amzsync_http_redirect(ngx_http_request_t *r, ngx_str_t *location)
{
    ngx_int_t         rc;
    ngx_table_elt_t  *h;

    static ngx_str_t  no_store = ngx_string("no-store");

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    h = amzsync_http_redirect_header(r, "Location", location);

    if (h == NULL
        || amzsync_http_redirect_header(r, "Cache-Control", &no_store)
           == NULL)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.location = h;

    /* It is done already: no If-Match may make a 412 or a 304 of it. */

    r->disable_not_modified = 1;

    r->headers_out.status = NGX_HTTP_MOVED_TEMPORARILY;
    r->headers_out.content_length_n = 0;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_send_special(r, NGX_HTTP_LAST);
}


static ngx_table_elt_t *
amzsync_http_redirect_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
#if (nginx_version >= 1023000)
    h->next = NULL;
#endif
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return h;
}
