
/*
 * The body of a start, and the datasets that a body names: of a start, what it
 * fetches, of a connection, what all its syncs do that name none.
 */


#include <http/amzsync_http_parse.h>


static ngx_int_t amzsync_http_parse_full(json_t *value, int64_t *choice,
    amzsync_error_t *error);
static ngx_int_t amzsync_http_parse_name(json_t *value,
    const ngx_array_t *datasets, int64_t *choice, amzsync_error_t *error);
static ngx_int_t amzsync_http_parse_place(const ngx_array_t *datasets,
    const amzsync_dataset_t *dataset);


static const char *const  amzsync_http_parse_start_members[] = {
    "datasets",
    "full",
    NULL
};


ngx_int_t
amzsync_http_parse_start(const ngx_str_t *text, const ngx_array_t *datasets,
    int64_t *choice, amzsync_error_t *error)
{
    json_t     *json;
    ngx_int_t   rc;

    json = amzsync_http_parse(text, amzsync_http_parse_start_members, error);
    if (json == NULL) {
        return NGX_DECLINED;
    }

    rc = amzsync_http_parse_choice(json, datasets, choice, error);

    if (rc == NGX_OK) {
        rc = amzsync_http_parse_full(json_object_get(json, "full"), choice,
                                     error);
    }

    amzsync_http_parse_free(json);

    return rc;
}


static ngx_int_t
amzsync_http_parse_full(json_t *value, int64_t *choice,
    amzsync_error_t *error)
{
    if (value == NULL || json_is_false(value)) {
        return NGX_OK;
    }

    if (!json_is_true(value)) {
        return amzsync_http_parse_refuse(error,
                                         "full must be true or false.");
    }

    *choice |= AMZSYNC_STORE_FULL;

    return NGX_OK;
}


ngx_int_t
amzsync_http_parse_choice(json_t *json, const ngx_array_t *datasets,
    int64_t *choice, amzsync_error_t *error)
{
    size_t   i;
    json_t  *value;

    *choice = 0;

    value = json_object_get(json, "datasets");

    if (value == NULL || json_is_null(value)) {
        return NGX_OK;
    }

    if (json_array_size(value) == 0) {
        return amzsync_http_parse_refuse(error, "datasets must be null or an "
                                         "array of names of datasets, at "
                                         "least one.");
    }

    for (i = 0; i < json_array_size(value); i++) {
        if (amzsync_http_parse_name(json_array_get(value, i), datasets, choice,
                                    error)
            != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* A name more than there are is one of them twice. */

static ngx_int_t
amzsync_http_parse_name(json_t *value, const ngx_array_t *datasets,
    int64_t *choice, amzsync_error_t *error)
{
    int64_t                   bit;
    ngx_int_t                 n;
    const char               *name;
    const amzsync_dataset_t  *dataset;

    if (!json_is_string(value)) {
        return amzsync_http_parse_refuse(error, "datasets must be an array of "
                                         "strings.");
    }

    name = json_string_value(value);

    dataset = amzsync_dataset_find((u_char *) name,
                                   json_string_length(value));

    if (dataset == NULL) {
        return amzsync_http_parse_refuse(error, "datasets: there is no "
                                         "dataset \"%s\".", name);
    }

    n = amzsync_http_parse_place(datasets, dataset);

    if (n == NGX_DECLINED) {
        return amzsync_http_parse_refuse(error, "datasets: \"%s\" is not "
                                         "fetched here.", name);
    }

    bit = (int64_t) 1 << n;

    if (*choice & bit) {
        return amzsync_http_parse_refuse(error, "datasets: \"%s\" is there "
                                         "twice.", name);
    }

    *choice |= bit;

    return NGX_OK;
}


/* Its place among those that may be chosen. */

static ngx_int_t
amzsync_http_parse_place(const ngx_array_t *datasets,
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
