
/*
 * Datasets that a body names: of a start, what it fetches, of a connection,
 * what all its syncs do that name none.
 */


#include <http/amzsync_http_request.h>


static ngx_int_t amzsync_http_choice_name(amzsync_http_ctx_t *ctx,
    json_t *value, int64_t *choice, ngx_int_t *rc);
static ngx_int_t amzsync_http_choice_find(const ngx_array_t *datasets,
    const amzsync_dataset_t *dataset);


ngx_int_t
amzsync_http_choice(amzsync_http_ctx_t *ctx, json_t *json, int64_t *choice,
    ngx_int_t *rc)
{
    size_t   i;
    json_t  *value;

    *choice = 0;

    value = json_object_get(json, "datasets");

    if (value == NULL || json_is_null(value)) {
        return NGX_OK;
    }

    if (json_array_size(value) == 0) {
        *rc = amzsync_http_invalid(ctx->request, "datasets must be null or an "
                                   "array of names of datasets, at least "
                                   "one.");
        return NGX_DECLINED;
    }

    for (i = 0; i < json_array_size(value); i++) {
        if (amzsync_http_choice_name(ctx, json_array_get(value, i), choice, rc)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* A name more than there are is one of them twice. */

static ngx_int_t
amzsync_http_choice_name(amzsync_http_ctx_t *ctx, json_t *value,
    int64_t *choice, ngx_int_t *rc)
{
    size_t                        len;
    int64_t                       bit;
    ngx_int_t                     n;
    const char                   *name;
    ngx_http_request_t           *r;
    const amzsync_dataset_t      *dataset;
    ngx_http_amzsync_loc_conf_t  *alcf;

    r = ctx->request;

    if (!json_is_string(value)) {
        *rc = amzsync_http_invalid(r, "datasets must be an array of strings.");
        return NGX_DECLINED;
    }

    name = json_string_value(value);
    len = json_string_length(value);

    dataset = amzsync_dataset_find((u_char *) name, len);

    if (dataset == NULL) {
        *rc = amzsync_http_invalid(r, "datasets: there is no dataset \"%s\".",
                                   name);
        return NGX_DECLINED;
    }

    alcf = ngx_http_get_module_loc_conf(r, ngx_http_amzsync_module);
    n = amzsync_http_choice_find(alcf->datasets, dataset);

    if (n == NGX_DECLINED) {
        *rc = amzsync_http_invalid(r, "datasets: \"%s\" is not fetched here.",
                                   name);
        return NGX_DECLINED;
    }

    bit = (int64_t) 1 << n;

    if (*choice & bit) {
        *rc = amzsync_http_invalid(r, "datasets: \"%s\" is there twice.",
                                   name);
        return NGX_DECLINED;
    }

    *choice |= bit;

    return NGX_OK;
}


/* Its place among those that the location fetches. */

static ngx_int_t
amzsync_http_choice_find(const ngx_array_t *datasets,
    const amzsync_dataset_t *dataset)
{
    ngx_uint_t                 i;
    const amzsync_dataset_t  **fetched;

    fetched = datasets->elts;

    for (i = 0; i < datasets->nelts; i++) {
        if (fetched[i] == dataset) {
            return i;
        }
    }

    return NGX_DECLINED;
}
