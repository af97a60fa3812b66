
/*
 * Parameters of a query by a table.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_param.h>


ngx_int_t
amzsync_sandbox_params(const amzsync_sandbox_param_t *params, void *data,
    ngx_uint_t *given, const ngx_str_t *args, u_char *buf,
    const char **details)
{
    ngx_int_t                       rc;
    ngx_uint_t                      i;
    amzsync_sandbox_query_t         query;
    const amzsync_sandbox_param_t  *param;

    amzsync_sandbox_query(&query, args, buf);

    while ((rc = amzsync_sandbox_query_next(&query)) == NGX_OK) {

        for (i = 0; params[i].name.len; i++) {
            if (query.name.len == params[i].name.len
                && ngx_memcmp(query.name.data, params[i].name.data,
                              query.name.len)
                   == 0)
            {
                break;
            }
        }

        param = &params[i];

        if (param->name.len == 0) {
            continue;
        }

        if (!param->list && (*given & ((ngx_uint_t) 1 << i))) {
            *details = "A parameter that takes one value is repeated.";
            return NGX_ERROR;
        }

        *given |= (ngx_uint_t) 1 << i;

        if (param->set(data, i, &query.value) != NGX_OK) {
            *details = param->refused;
            return NGX_ERROR;
        }
    }

    if (rc == NGX_ERROR) {
        *details = "The query string is not well-formed.";
        return NGX_ERROR;
    }

    return NGX_OK;
}
