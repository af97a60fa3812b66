
/*
 * Variables for the access log: what an answer of a location was about.
 */


#include <http/amzsync_http_request.h>


static ngx_int_t amzsync_http_variable_sync_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t amzsync_http_variable_error(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static amzsync_http_ctx_t *amzsync_http_variable_ctx(ngx_http_request_t *r);


static ngx_http_variable_t  amzsync_http_variables[] = {

    { ngx_string("amzsync_sync_id"), NULL, amzsync_http_variable_sync_id,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("amzsync_error"), NULL, amzsync_http_variable_error,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
amzsync_http_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = amzsync_http_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_http_variable_sync_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char              *p;
    amzsync_http_ctx_t  *ctx;

    ctx = amzsync_http_variable_ctx(r);

    if (ctx == NULL || ctx->no == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, AMZSYNC_SYNC_ID_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->data = p;
    v->len = amzsync_store_sync_id(p, &ctx->user, ctx->no) - p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
amzsync_http_variable_error(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    amzsync_http_ctx_t  *ctx;

    ctx = amzsync_http_variable_ctx(r);

    if (ctx == NULL || ctx->error == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->data = (u_char *) ctx->error;
    v->len = ngx_strlen(ctx->error);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


/* The sandbox has a context of its own in the module's place. */

static amzsync_http_ctx_t *
amzsync_http_variable_ctx(ngx_http_request_t *r)
{
    ngx_http_amzsync_loc_conf_t  *alcf;

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_amzsync_module);

    if (alcf->handler == NULL) {
        return NULL;
    }

    return ngx_http_get_module_ctx(r, ngx_http_amzsync_module);
}
