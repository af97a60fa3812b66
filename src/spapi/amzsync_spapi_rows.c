
/*
 * From the text of a page to its rows and its next token.
 *
 * Three kinds of objects are read in the same way, each by a plan of its own:
 * the answer, its rows, and their children.  Reading an object only notes
 * where each column's value stands; they are converted at the object's end,
 * when no later member can replace them.
 */


#include <spapi/amzsync_spapi_rows.h>
#include <spapi/amzsync_spapi_plan.h>
#include <spapi/amzsync_spapi_value.h>
#include <base/amzsync_text.h>


typedef struct amzsync_decoder_s  amzsync_decoder_t;
typedef struct amzsync_level_s    amzsync_level_t;


/* One a kind of objects: the answer, its rows, their children. */

struct amzsync_level_s {
    const char              *name;      /* of the array, for messages */
    amzsync_rows_t          *rows;      /* NULL: the answer */
    amzsync_level_t         *above;
    amzsync_level_t         *below;

    ngx_uint_t               number;    /* in its array, from 1; 0: none */
    const u_char            *start;     /* of the object */

    /* Where the rows below stood when the object began. */
    size_t                   mark[AMZSYNC_MARK_SIZE];

    amzsync_plan_t           plan;
};


struct amzsync_decoder_s {
    amzsync_reader_t         reader;
    amzsync_level_t          levels[3];
    amzsync_column_t         token;
    amzsync_error_t         *error;
    ngx_uint_t               sparse;    /* the array of rows may be absent, */
    ngx_uint_t               inside;    /* but not the object it stands in */
};


static ngx_int_t amzsync_decoder_init(amzsync_decoder_t *d,
    const amzsync_dataset_t *dataset, amzsync_rows_t *rows);
static ngx_int_t amzsync_decoder_read(amzsync_decoder_t *d);
static ngx_int_t amzsync_decoder_token(amzsync_decoder_t *d, char **token);

static ngx_int_t amzsync_level_object(amzsync_decoder_t *d,
    amzsync_level_t *l, const u_char *start);
static ngx_int_t amzsync_level_members(amzsync_decoder_t *d,
    amzsync_level_t *l, amzsync_plan_node_t *parent);
static ngx_int_t amzsync_level_member(amzsync_decoder_t *d,
    amzsync_level_t *l, amzsync_plan_node_t *node);
static ngx_int_t amzsync_level_rows(amzsync_decoder_t *d, amzsync_level_t *l);
static ngx_int_t amzsync_level_append(amzsync_decoder_t *d,
    amzsync_level_t *l);

static ngx_int_t amzsync_decoder_syntax(amzsync_decoder_t *d);
static ngx_int_t amzsync_decoder_wrong(amzsync_decoder_t *d,
    const u_char *pos, const char *path, const char *err);
static void amzsync_decoder_print(char *text, size_t *len, const char *fmt,
    ...);


static const amzsync_plan_slot_t  amzsync_slot_empty;


ngx_int_t
amzsync_spapi_rows(const amzsync_dataset_t *dataset, const u_char *p,
    size_t len, amzsync_rows_t **rows, char **token, amzsync_error_t *error)
{
    ngx_int_t           rc;
    amzsync_decoder_t  *d;

    *token = NULL;

    *rows = amzsync_rows_create(dataset->rows);
    d = malloc(sizeof(amzsync_decoder_t));

    rc = NGX_ERROR;

    if (*rows != NULL && d != NULL
        && amzsync_decoder_init(d, dataset, *rows) == NGX_OK)
    {
        d->error = error;

        if (amzsync_reader_init(&d->reader, p, len) == NGX_OK) {
            rc = amzsync_decoder_read(d);

        } else {
            rc = amzsync_decoder_syntax(d);
        }

        if (rc == NGX_OK) {
            rc = amzsync_decoder_token(d, token);
        }

        if (rc == NGX_OK) {
            amzsync_rows_finish(*rows);
        }
    }

    free(d);

    if (rc != NGX_OK) {
        amzsync_rows_free(*rows);
        *rows = NULL;

        free(*token);
        *token = NULL;
    }

    return rc;
}


static ngx_int_t
amzsync_decoder_init(amzsync_decoder_t *d, const amzsync_dataset_t *dataset,
    amzsync_rows_t *rows)
{
    ngx_uint_t               i;
    amzsync_level_t         *l;
    const amzsync_rowset_t  *rowset;

    ngx_memzero(&d->token, sizeof(amzsync_column_t));

    d->sparse = (dataset->flags & AMZSYNC_DATASET_SPARSE);
    d->inside = 0;
    d->token.path = dataset->token_path;
    d->token.type = AMZSYNC_TEXT;

    l = &d->levels[0];

    l->name = NULL;
    l->rows = NULL;
    l->above = NULL;

    if (amzsync_plan_init(&l->plan, &d->token, dataset->token_path != NULL,
                          dataset->rows->path)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 1; rows != NULL; i++, rows = rows->child) {

        rowset = rows->rowset;

        if (i == sizeof(d->levels) / sizeof(amzsync_level_t)) {
            return NGX_ERROR;
        }

        l->below = &d->levels[i];
        l->below->above = l;
        l = l->below;

        l->name = rowset->path;
        l->rows = rows;
        l->number = 0;

        if (amzsync_plan_init(&l->plan, rowset->columns, rowset->ncolumns,
                              rowset->child ? rowset->child->path : NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    l->below = NULL;

    return NGX_OK;
}


static ngx_int_t
amzsync_decoder_read(amzsync_decoder_t *d)
{
    ngx_int_t               rc;
    amzsync_level_t        *top;
    amzsync_plan_slot_t    *slot;
    amzsync_reader_value_t  v;

    top = &d->levels[0];

    if (amzsync_reader_value(&d->reader, &v) != NGX_OK) {
        return amzsync_decoder_syntax(d);
    }

    if (v.type != AMZSYNC_READER_OBJECT) {
        return amzsync_decoder_wrong(d, v.start, "the answer",
                                     "is not an object");
    }

    rc = amzsync_level_object(d, top, v.start);
    if (rc != NGX_OK) {
        return rc;
    }

    if (amzsync_reader_end(&d->reader) != NGX_OK) {
        return amzsync_decoder_syntax(d);
    }

    slot = &top->plan.slots[top->plan.ncolumns];

    if (slot->v.type == AMZSYNC_READER_NULL && !(d->sparse && d->inside)) {
        return amzsync_decoder_wrong(d, v.start, top->plan.below,
                                     "is missing");
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_decoder_token(amzsync_decoder_t *d, char **token)
{
    size_t                   len;
    u_char                  *p;
    amzsync_level_t         *top;
    amzsync_plan_slot_t     *slot;
    amzsync_reader_value_t  *v;

    top = &d->levels[0];

    if (top->plan.ncolumns == 0) {
        return NGX_OK;
    }

    slot = &top->plan.slots[0];
    v = &slot->v;
    len = v->end - v->start;

    if (v->type == AMZSYNC_READER_NULL) {
        return NGX_OK;
    }

    if (slot->wrong || v->type != AMZSYNC_READER_STRING) {
        return amzsync_decoder_wrong(d, v->start, d->token.path,
                                     "is not a text");
    }

    if (len == 0) {
        return NGX_OK;
    }

    p = malloc(len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *token = (char *) p;

    p = amzsync_reader_decode(v, p);
    *p = '\0';

    if (p - (u_char *) *token > AMZSYNC_TOKEN_MAX) {
        return amzsync_decoder_wrong(d, v->start, d->token.path,
                                     "is too long");
    }

    return NGX_OK;
}


/* The object that was opened at "start", to its end. */

static ngx_int_t
amzsync_level_object(amzsync_decoder_t *d, amzsync_level_t *l,
    const u_char *start)
{
    ngx_int_t             rc;
    amzsync_plan_slot_t  *slot;

    l->start = start;
    l->plan.serial++;

    ngx_memzero(l->plan.slots,
                (l->plan.ncolumns + 1) * sizeof(amzsync_plan_slot_t));

    if (l->below != NULL) {
        l->below->number = 0;
        amzsync_rows_mark(l->below->rows, l->mark);
    }

    rc = amzsync_level_members(d, l, &l->plan.nodes[0]);
    if (rc != NGX_OK) {
        return rc;
    }

    slot = &l->plan.slots[l->plan.ncolumns];

    if (slot->wrong
        || (slot->v.type != AMZSYNC_READER_NULL
            && slot->v.type != AMZSYNC_READER_ARRAY))
    {
        return amzsync_decoder_wrong(d, slot->v.start, l->plan.below,
                                     "is not an array");
    }

    if (l->rows != NULL) {
        return amzsync_level_append(d, l);
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_level_members(amzsync_decoder_t *d, amzsync_level_t *l,
    amzsync_plan_node_t *parent)
{
    ngx_int_t                rc;
    amzsync_plan_node_t     *node, *last;
    amzsync_reader_value_t   v;

    last = NULL;

    for ( ;; ) {

        rc = amzsync_reader_member(&d->reader, &v);

        if (rc == NGX_DONE) {
            return NGX_OK;
        }

        if (rc != NGX_OK) {
            return amzsync_decoder_syntax(d);
        }

        node = amzsync_plan_find(parent, &v, last);

        if (node != NULL) {
            rc = amzsync_level_member(d, l, node);
            if (rc != NGX_OK) {
                return rc;
            }

            last = node;
            continue;
        }

        if (amzsync_reader_value(&d->reader, &v) != NGX_OK
            || amzsync_reader_skip(&d->reader, &v) != NGX_OK)
        {
            return amzsync_decoder_syntax(d);
        }
    }
}


static ngx_int_t
amzsync_level_member(amzsync_decoder_t *d, amzsync_level_t *l,
    amzsync_plan_node_t *node)
{
    ngx_int_t             rc;
    amzsync_plan_t       *plan;
    amzsync_plan_slot_t   slot;

    plan = &l->plan;
    slot.wrong = 0;

    if (amzsync_reader_value(&d->reader, &slot.v) != NGX_OK) {
        return amzsync_decoder_syntax(d);
    }

    if (node->seen == plan->serial) {

        /* this member replaces an earlier one of its name */

        amzsync_plan_fill(plan, node, &amzsync_slot_empty);

        if (l->below != NULL
            && plan->slots[plan->ncolumns].v.type == AMZSYNC_READER_NULL)
        {
            amzsync_rows_reset(l->below->rows, l->mark);
        }
    }

    node->seen = plan->serial;

    if (node->slot == AMZSYNC_PLAN_INNER) {

        if (slot.v.type == AMZSYNC_READER_OBJECT) {
            d->inside |= (l->rows == NULL);
            return amzsync_level_members(d, l, node);
        }

        slot.wrong = (slot.v.type != AMZSYNC_READER_NULL);
    }

    if (node->slot == plan->ncolumns && slot.v.type == AMZSYNC_READER_ARRAY) {
        rc = amzsync_level_rows(d, l->below);
        if (rc != NGX_OK) {
            return rc;
        }

    } else if (amzsync_reader_skip(&d->reader, &slot.v) != NGX_OK) {
        return amzsync_decoder_syntax(d);
    }

    amzsync_plan_fill(plan, node, &slot);

    return NGX_OK;
}


/* The elements of an array of rows that was opened. */

static ngx_int_t
amzsync_level_rows(amzsync_decoder_t *d, amzsync_level_t *l)
{
    ngx_int_t               rc;
    amzsync_reader_value_t  v;

    for (l->number = 1; /* void */ ; l->number++) {

        rc = amzsync_reader_element(&d->reader);

        if (rc == NGX_DONE) {
            l->number = 0;
            return NGX_OK;
        }

        if (rc != NGX_OK || amzsync_reader_value(&d->reader, &v) != NGX_OK) {
            return amzsync_decoder_syntax(d);
        }

        if (v.type != AMZSYNC_READER_OBJECT) {
            return amzsync_decoder_wrong(d, v.start, "the row",
                                         "is not an object");
        }

        rc = amzsync_level_object(d, l, v.start);
        if (rc != NGX_OK) {
            return rc;
        }
    }
}


/* The row that was read becomes an element of each array. */

static ngx_int_t
amzsync_level_append(amzsync_decoder_t *d, amzsync_level_t *l)
{
    ngx_int_t                rc;
    ngx_uint_t               i;
    const char              *err;
    amzsync_rows_t          *rows;
    const amzsync_column_t  *column;
    amzsync_plan_slot_t     *slot;

    rows = l->rows;

    for (i = 0; i < l->plan.ncolumns; i++) {

        slot = &l->plan.slots[i];
        column = &l->plan.columns[i];

        if (slot->wrong) {
            return amzsync_decoder_wrong(d, slot->v.start, column->path,
                                         "has no object on its way");
        }

        rc = amzsync_value_append(&rows->columns[i], column, &slot->v, &err);

        if (rc == NGX_DECLINED) {
            return amzsync_decoder_wrong(d, slot->v.start ? slot->v.start
                                                          : l->start,
                                         column->path, err);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (l->above->rows != NULL) {
        if (amzsync_array_bigint(&rows->parent, l->above->rows->nrows + 1)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    rows->nrows++;

    return NGX_OK;
}


static ngx_int_t
amzsync_decoder_syntax(amzsync_decoder_t *d)
{
    return amzsync_decoder_wrong(d, d->reader.pos, "invalid JSON,",
                                 d->reader.error);
}


/* "orders row 3, orderItems row 1: product.asin is not a text, byte 4711" */

static ngx_int_t
amzsync_decoder_wrong(amzsync_decoder_t *d, const u_char *pos,
    const char *path, const char *err)
{
    char              text[AMZSYNC_ERROR_TEXT_MAX];
    size_t            len;
    const char       *after;
    amzsync_level_t  *l;

    len = 0;

    for (l = d->levels[0].below; l != NULL && l->number; l = l->below) {

        after = (l->below != NULL && l->below->number) ? "," : ":";

        amzsync_decoder_print(text, &len, "%s row %lu%s ", l->name,
                              (unsigned long) l->number, after);
    }

    amzsync_decoder_print(text, &len, "%s %s, byte %lu", path, err,
                          (unsigned long) (pos - d->reader.start));

    amzsync_error_set(d->error, "malformed_answer", text, len, NULL);

    return NGX_DECLINED;
}


/* Appends to "text" of AMZSYNC_ERROR_TEXT_MAX bytes, cut where it is full. */

static void
amzsync_decoder_print(char *text, size_t *len, const char *fmt, ...)
{
    int      n;
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(text + *len, AMZSYNC_ERROR_TEXT_MAX - *len, fmt, args);
    va_end(args);

    if (n > 0) {
        *len = ngx_min(*len + n, AMZSYNC_ERROR_TEXT_MAX - 1);
    }
}
