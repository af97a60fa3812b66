
/*
 * The query of a URL, or a form: parameters one by one, unescaped.
 */


#include <base/amzsync_base.h>
#include <base/amzsync_text.h>
#include <sandbox/amzsync_sandbox.h>


static ngx_int_t amzsync_sandbox_query_decode(amzsync_sandbox_query_t *query,
    u_char *from, u_char *to, ngx_str_t *value);


void
amzsync_sandbox_query(amzsync_sandbox_query_t *query, const ngx_str_t *args,
    u_char *buf)
{
    ngx_memzero(query, sizeof(amzsync_sandbox_query_t));

    query->buf = buf;

    /* without a query its text may be NULL */

    query->pos = args->len ? args->data : buf;
    query->end = query->pos + args->len;
}


ngx_int_t
amzsync_sandbox_query_next(amzsync_sandbox_query_t *query)
{
    u_char  *p, *last, *equal;

    while (query->pos < query->end && *query->pos == '&') {
        query->pos++;
    }

    if (query->pos == query->end) {
        return NGX_DONE;
    }

    p = query->pos;
    last = ngx_strlchr(p, query->end, '&');
    last = (last == NULL) ? query->end : last;
    equal = ngx_strlchr(p, last, '=');

    query->pos = last;

    if (amzsync_sandbox_query_decode(query, p, equal ? equal : last,
                                     &query->name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return amzsync_sandbox_query_decode(query, equal ? equal + 1 : last, last,
                                        &query->value);
}


static ngx_int_t
amzsync_sandbox_query_decode(amzsync_sandbox_query_t *query, u_char *from,
    u_char *to, ngx_str_t *value)
{
    ngx_int_t  n;

    value->data = query->buf;

    while (from < to) {

        if (*from == '+') {
            *query->buf++ = ' ';
            from++;
            continue;
        }

        if (*from != '%') {
            *query->buf++ = *from++;
            continue;
        }

        n = (to - from < 3) ? NGX_ERROR : ngx_hextoi(from + 1, 2);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        *query->buf++ = (u_char) n;
        from += 3;
    }

    value->len = query->buf - value->data;

    return amzsync_text_utf8(value->data, value->len) ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
amzsync_sandbox_query_element(ngx_str_t *list, ngx_str_t *element)
{
    u_char  *comma;

    if (list->data == NULL) {
        return 0;
    }

    *element = *list;
    comma = ngx_strlchr(list->data, list->data + list->len, ',');

    if (comma == NULL) {
        list->data = NULL;
        return 1;
    }

    element->len = comma - list->data;
    list->len -= element->len + 1;
    list->data = comma + 1;

    return 1;
}
