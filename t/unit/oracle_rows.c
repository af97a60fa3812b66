
/*
 * The row decoder against jansson's tree: the same rows, the same children of
 * the same parents, the same texts in columns of type TEXT, the same token.
 *
 * Only pages that were accepted are compared, and of columns those without a
 * number, whose digits a tree does not keep.
 */


#include "oracle.h"
#include "literal.h"
#include <spapi/amzsync_spapi_rows.h>
#include <jansson.h>


typedef struct {
    char    *start;
    size_t   len;
} oracle_array_t;


static const char *oracle_compare(const amzsync_dataset_t *dataset,
    json_t *root, const amzsync_rows_t *rows, const char *token);
static const char *oracle_rowset(const amzsync_rows_t *rows, json_t *array,
    ngx_uint_t *n, oracle_array_t *texts);
static const char *oracle_children(const amzsync_rows_t *rows, json_t *array);
static const char *oracle_texts(const amzsync_rows_t *rows,
    oracle_array_t *texts);
static void oracle_text(oracle_array_t *a, json_t *value);
static json_t *oracle_path(json_t *value, const char *path);
static void oracle_append(oracle_array_t *a, const char *p, size_t len);


const char *
oracle_rows(const amzsync_dataset_t *dataset, const u_char *p, size_t len)
{
    char             *token;
    u_char           *text;
    json_t           *root;
    ngx_int_t         rc;
    const char       *wrong;
    json_error_t      error;
    amzsync_rows_t   *rows;
    amzsync_error_t   refused;

    text = malloc(len + 1);
    memcpy(text, p, len);
    text[len] = '\0';

    memset(&refused, 0, sizeof(amzsync_error_t));

    rc = amzsync_spapi_rows(dataset, text, len, &rows, &token, &refused);

    root = json_loadb((char *) text, len, 0, &error);
    wrong = NULL;

    if (rc == NGX_OK && root != NULL) {
        wrong = oracle_compare(dataset, root, rows, token);

    } else if (rc == NGX_DECLINED
               && (strcmp(refused.code, "malformed_answer") != 0
                   || strstr(refused.message, ", byte ") == NULL))
    {
        wrong = "refused without saying where";

    } else if (rc != NGX_OK && rc != NGX_DECLINED) {
        wrong = "an error of ours";
    }

    amzsync_rows_free(rows);
    free(token);
    json_decref(root);
    free(text);

    return wrong;
}


static const char *
oracle_compare(const amzsync_dataset_t *dataset, json_t *root,
    const amzsync_rows_t *rows, const char *token)
{
    json_t          *array;
    ngx_uint_t       n;
    const char      *wrong, *s;
    oracle_array_t   texts[AMZSYNC_COLUMNS_MAX];

    s = json_string_value(oracle_path(root, dataset->token_path));

    if ((s != NULL && *s != '\0') != (token != NULL)
        || (token != NULL && strcmp(s, token) != 0))
    {
        return "the tokens differ";
    }

    array = oracle_path(root, dataset->rows->path);

    if (!json_is_array(array)) {
        return "accepted without rows";
    }

    memset(texts, 0, sizeof(texts));
    n = 0;

    wrong = oracle_rowset(rows, array, &n, texts);

    if (wrong == NULL && n != rows->nrows) {
        wrong = "the numbers of rows differ";
    }

    if (wrong == NULL) {
        wrong = oracle_texts(rows, texts);
    }

    for (n = 0; n < AMZSYNC_COLUMNS_MAX; n++) {
        free(texts[n].start);
    }

    if (wrong == NULL && rows->child != NULL) {
        wrong = oracle_children(rows->child, array);
    }

    return wrong;
}


/* Counts the rows of an array, and appends the texts of its columns. */

static const char *
oracle_rowset(const amzsync_rows_t *rows, json_t *array, ngx_uint_t *n,
    oracle_array_t *texts)
{
    size_t       i, j;
    json_t      *row;

    json_array_foreach(array, i, row) {

        if (!json_is_object(row)) {
            return "a row is no object";
        }

        for (j = 0; j < rows->rowset->ncolumns; j++) {
            oracle_text(&texts[j],
                        oracle_path(row, rows->rowset->columns[j].path));
        }

        (*n)++;
    }

    return NULL;
}


static const char *
oracle_children(const amzsync_rows_t *rows, json_t *array)
{
    char             number[32], *mine;
    size_t           i, j;
    json_t          *row, *below;
    ngx_uint_t       n, first;
    const char      *wrong;
    oracle_array_t   texts[AMZSYNC_COLUMNS_MAX], parents;

    memset(texts, 0, sizeof(texts));
    memset(&parents, 0, sizeof(oracle_array_t));

    wrong = NULL;
    n = 0;

    json_array_foreach(array, i, row) {

        below = oracle_path(row, rows->rowset->path);
        first = n;

        wrong = oracle_rowset(rows, below, &n, texts);
        if (wrong != NULL) {
            break;
        }

        snprintf(number, sizeof(number), "%lu", (unsigned long) i + 1);

        for (j = first; j < n; j++) {
            oracle_append(&parents, parents.len ? "," : "{", 1);
            oracle_append(&parents, number, strlen(number));
        }
    }

    oracle_append(&parents, parents.len ? "}" : "{}", parents.len ? 1 : 2);

    if (wrong == NULL && n != rows->nrows) {
        wrong = "the numbers of children differ";
    }

    if (wrong == NULL) {
        mine = literal(&rows->parent, rows->nrows);

        if (strcmp(parents.start, mine) != 0) {
            wrong = "the parents differ";
        }

        free(mine);
    }

    if (wrong == NULL) {
        wrong = oracle_texts(rows, texts);
    }

    free(parents.start);

    for (n = 0; n < AMZSYNC_COLUMNS_MAX; n++) {
        free(texts[n].start);
    }

    return wrong;
}


static const char *
oracle_texts(const amzsync_rows_t *rows, oracle_array_t *texts)
{
    char        *mine;
    ngx_uint_t   i, differ;

    for (i = 0; i < rows->rowset->ncolumns; i++) {

        oracle_append(&texts[i], texts[i].len ? "}" : "{}",
                      texts[i].len ? 1 : 2);

        mine = literal(&rows->columns[i], rows->nrows);

        differ = (rows->rowset->columns[i].type == AMZSYNC_TEXT
                  && strchr(texts[i].start, '\1') == NULL
                  && strcmp(texts[i].start, mine) != 0);

        free(mine);

        if (differ) {
            return "a column's texts differ";
        }
    }

    return NULL;
}


/* A value as an element; 1, which no text column should have, for those that
 * cannot be compared. */

static void
oracle_text(oracle_array_t *a, json_t *value)
{
    const char  *s;

    oracle_append(a, a->len ? "," : "{", 1);

    switch (json_typeof(value ? value : json_null())) {

    case JSON_NULL:
        oracle_append(a, "NULL", 4);
        break;

    case JSON_TRUE:
        oracle_append(a, "\"true\"", 6);
        break;

    case JSON_FALSE:
        oracle_append(a, "\"false\"", 7);
        break;

    case JSON_STRING:
        oracle_append(a, "\"", 1);

        for (s = json_string_value(value); *s != '\0'; s++) {

            if (*s == '"' || *s == '\\') {
                oracle_append(a, "\\", 1);
            }

            oracle_append(a, s, 1);
        }

        oracle_append(a, "\"", 1);
        break;

    default:
        oracle_append(a, "\1", 1);
    }
}


static json_t *
oracle_path(json_t *value, const char *path)
{
    char    name[64];
    size_t  len;

    for ( ;; ) {
        len = strcspn(path, ".");

        memcpy(name, path, len);
        name[len] = '\0';

        value = json_object_get(value, name);

        if (path[len] == '\0') {
            return value;
        }

        path += len + 1;
    }
}


static void
oracle_append(oracle_array_t *a, const char *p, size_t len)
{
    a->start = realloc(a->start, a->len + len + 1);

    memcpy(a->start + a->len, p, len);

    a->len += len;
    a->start[a->len] = '\0';
}
