
/*
 * A descriptor's paths as a tree of member names, so that an object is read in
 * one pass whatever the order of its members.
 */


#ifndef _AMZSYNC_SPAPI_PLAN_H_INCLUDED_
#define _AMZSYNC_SPAPI_PLAN_H_INCLUDED_


#include <dataset/amzsync_dataset.h>
#include <spapi/amzsync_spapi_reader.h>


#define AMZSYNC_PLAN_NODES   160
#define AMZSYNC_PLAN_NAME    64         /* longest member name, with a 0 */
#define AMZSYNC_PLAN_INNER   ((ngx_uint_t) -1)


typedef struct amzsync_plan_node_s  amzsync_plan_node_t;

struct amzsync_plan_node_s {
    const char           *name;
    size_t                len;
    amzsync_plan_node_t  *child;        /* the first below */
    amzsync_plan_node_t  *next;         /* the next beside */
    ngx_uint_t            slot;         /* INNER if nodes stand below */
    ngx_uint_t            seen;         /* the serial of the last object */
};


/* What was found for a column; "v" of type NULL if nothing was. */

typedef struct {
    amzsync_reader_value_t  v;
    unsigned                wrong:1;    /* no object where the path goes on */
} amzsync_plan_slot_t;


/*
 * How to read the objects of one rowset.  A slot a column, and one more for
 * the array of the child rows.
 */

typedef struct {
    const amzsync_column_t  *columns;
    ngx_uint_t               ncolumns;
    const char              *below;     /* path of the child rows, or NULL */

    amzsync_plan_node_t      nodes[AMZSYNC_PLAN_NODES];
    ngx_uint_t               nnodes;

    ngx_uint_t               serial;    /* of the object being read */
    amzsync_plan_slot_t      slots[AMZSYNC_COLUMNS_MAX + 1];
} amzsync_plan_t;


/* NGX_ERROR if the paths are too many, too long, or one leads through
 * another's value. */
ngx_int_t amzsync_plan_init(amzsync_plan_t *plan,
    const amzsync_column_t *columns, ngx_uint_t ncolumns, const char *below);

/*
 * The node of the member "name" below "parent", or NULL.  "last" is the one
 * found before in the same object, or NULL: members mostly come in order.
 */
amzsync_plan_node_t *amzsync_plan_find(const amzsync_plan_node_t *parent,
    const amzsync_reader_value_t *name, const amzsync_plan_node_t *last);

/* Gives all slots at and below "node" the same content. */
void amzsync_plan_fill(amzsync_plan_t *plan, const amzsync_plan_node_t *node,
    const amzsync_plan_slot_t *slot);


#endif /* _AMZSYNC_SPAPI_PLAN_H_INCLUDED_ */
