
#include "slice.h"
#include "literal.h"
#include <spapi/amzsync_spapi_field.h>
#include <jansson.h>


static char *slice_append(char *text, const u_char *p, size_t len);
static char *slice_elements(char *text, const amzsync_array_t *array,
    ngx_uint_t nrows);
static const char *slice_object(const amzsync_dataset_t *dataset,
    const char *p, size_t len);
static ngx_uint_t slice_kept(const amzsync_dataset_t *dataset,
    const char *name);


static const amzsync_column_t  slice_columns[] = {
    { "line", NULL, AMZSYNC_BIGINT, AMZSYNC_COLUMN_KEY|AMZSYNC_COLUMN_LINE },
    { "sku", "sku|msku", AMZSYNC_TEXT, 0 },
    { "quantity", "quantity", AMZSYNC_BIGINT, 0 },
    { "amount", "amount-total", AMZSYNC_NUMERIC, 0 },
    { "time", "date-time", AMZSYNC_TIME, 0 },
    { "day", "day", AMZSYNC_DATE, 0 },
    { "flag", "flag", AMZSYNC_BOOLEAN, 0 },
    { "state", "state", AMZSYNC_ENUM, 0 },
    { "price", "price", AMZSYNC_NUMERIC, AMZSYNC_COLUMN_COMMA },
    { "extra", NULL, AMZSYNC_JSON, AMZSYNC_COLUMN_EXTRA }
};


static const amzsync_rowset_t  slice_rows = {
    "slice", NULL, slice_columns,
    sizeof(slice_columns) / sizeof(amzsync_column_t), NULL
};


static const amzsync_column_t  slice_keyed_columns[] = {
    { "sku", "sku", AMZSYNC_TEXT, AMZSYNC_COLUMN_KEY },
    { "time", "date-time", AMZSYNC_TIME, AMZSYNC_COLUMN_REQUIRED },
    { "line", NULL, AMZSYNC_BIGINT, AMZSYNC_COLUMN_LINE },
    { "extra", NULL, AMZSYNC_JSON, AMZSYNC_COLUMN_EXTRA }
};


static const amzsync_rowset_t  slice_keyed_rows = {
    "keyed", NULL, slice_keyed_columns,
    sizeof(slice_keyed_columns) / sizeof(amzsync_column_t), NULL
};


static const amzsync_report_t  slice_report = {
    "GET_SLICE_DATA", NULL, 0, 0, NULL, 0
};


static const amzsync_report_t  slice_keyed_report = {
    "GET_SLICE_DATA", NULL, 0, 0, "order-channel|x", 0
};


const amzsync_dataset_t  slice_dataset = {
    .name = "slice", .rows = &slice_rows, .report = &slice_report
};

const amzsync_dataset_t  slice_keyed = {
    .name = "keyed", .rows = &slice_keyed_rows, .report = &slice_keyed_report
};


amzsync_spool_t *
slice_spool(const u_char *p, size_t len, size_t piece, ngx_uint_t gzip,
    const char *charset, const char **code)
{
    size_t                  n;
    ngx_int_t               rc;
    amzsync_spool_t        *spool;
    amzsync_spool_writer_t  *w;

    w = malloc(sizeof(amzsync_spool_writer_t));
    spool = amzsync_spool_create("/tmp");

    if (w == NULL || spool == NULL) {
        abort();
    }

    rc = amzsync_spool_writer_init(w, spool, 1 << 24, gzip, charset);

    for ( /* void */ ; rc == NGX_OK && len; p += n, len -= n) {
        n = ngx_min(len, piece);
        rc = amzsync_spool_write(w, p, n);
    }

    if (rc == NGX_OK) {
        rc = amzsync_spool_writer_end(w);
    }

    *code = w->code;

    amzsync_spool_writer_free(w);
    free(w);

    if (rc != NGX_OK) {
        amzsync_spool_release(spool);
        return NULL;
    }

    return spool;
}


void
slice_read(const amzsync_dataset_t *dataset, amzsync_spool_t *spool,
    ngx_uint_t max_rows, char *columns[AMZSYNC_COLUMNS_MAX],
    amzsync_spapi_outcome_t *outcome)
{
    ngx_uint_t               i;
    amzsync_spapi_report_t  *call;

    call = calloc(1, sizeof(amzsync_spapi_report_t));
    if (call == NULL) {
        abort();
    }

    call->dataset = dataset;
    call->spool = spool;
    call->max_rows = max_rows;

    for (i = 0; i < dataset->rows->ncolumns; i++) {
        columns[i] = slice_append(NULL, (u_char *) "", 0);
    }

    do {
        amzsync_report_read(call);

        if (call->outcome.verdict != AMZSYNC_SPAPI_OK) {
            break;
        }

        for (i = 0; i < dataset->rows->ncolumns; i++) {
            columns[i] = slice_elements(columns[i], &call->rows->columns[i],
                                        call->rows->nrows);
        }

        amzsync_rows_free(call->rows);
        call->rows = NULL;

    } while (!call->last);

    *outcome = call->outcome;

    free(call);
}


static char *
slice_append(char *text, const u_char *p, size_t len)
{
    size_t  used;

    used = text ? ngx_strlen(text) : 0;

    text = realloc(text, used + len + 1);
    if (text == NULL) {
        abort();
    }

    ngx_memcpy(text + used, p, len);
    text[used + len] = '\0';

    return text;
}


static char *
slice_elements(char *text, const amzsync_array_t *array, ngx_uint_t nrows)
{
    char        *elements, *p, *begin;
    ngx_uint_t   quoted;

    elements = literal(array, nrows);

    for (p = elements + 1; nrows; nrows--, p++) {
        quoted = 0;

        for (begin = p; quoted || (*p != ',' && *p != '}'); p++) {

            if (*p == '\\') {
                p++;

            } else if (*p == '"') {
                quoted = !quoted;
            }
        }

        text = slice_append(text, (u_char *) begin, p - begin);
        text = slice_append(text, (u_char *) "\n", 1);
    }

    free(elements);

    return text;
}


const char *
slice_extra(const amzsync_dataset_t *dataset, const char *elements)
{
    char        *text, *last;
    const char  *p, *wrong;

    text = malloc(ngx_strlen(elements) + 1);
    if (text == NULL) {
        abort();
    }

    wrong = NULL;

    for (p = elements; *p != '\0' && wrong == NULL; p++) {

        if (ngx_strncmp(p, "NULL\n", 5) == 0) {
            p += 4;
            continue;
        }

        last = text;

        for (p++; *p != '"' && *p != '\0'; p++) {
            p += (*p == '\\');
            *last++ = *p;
        }

        if (*p++ == '\0') {
            abort();
        }

        wrong = slice_object(dataset, text, last - text);
    }

    free(text);

    return wrong;
}


static const char *
slice_object(const amzsync_dataset_t *dataset, const char *p, size_t len)
{
    json_t      *root, *value;
    const char  *name, *wrong;

    root = json_loadb(p, len, 0, NULL);
    wrong = json_is_object(root) ? NULL : "no object";

    json_object_foreach(root, name, value) {

        if (!json_is_string(value)) {
            wrong = "a value that is no text";

        } else if (dataset->report->kept && !slice_kept(dataset, name)) {
            wrong = "a field that is not to be kept";
        }
    }

    json_decref(root);

    return wrong;
}


/* Values of columns may be kept, too, if they have not their form.  A name that
 * was cut cannot be told. */

static ngx_uint_t
slice_kept(const amzsync_dataset_t *dataset, const char *name)
{
    ngx_uint_t       i, len;
    const u_char    *p;
    const char      *path;

    p = (const u_char *) name;
    len = ngx_strlen(name);

    if (len > 500) {
        return 1;
    }

    for (i = 0; i < dataset->rows->ncolumns; i++) {
        path = dataset->rows->columns[i].path;

        if (path != NULL && amzsync_field_named(path, p, len)) {
            return 1;
        }
    }

    return amzsync_field_named(dataset->report->kept, p, len);
}
