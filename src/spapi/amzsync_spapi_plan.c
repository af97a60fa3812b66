
/*
 * A descriptor's paths as a tree of member names.
 */


#include <spapi/amzsync_spapi_plan.h>


static ngx_int_t amzsync_plan_add(amzsync_plan_t *plan, const char *path,
    ngx_uint_t slot);
static amzsync_plan_node_t *amzsync_plan_below(amzsync_plan_t *plan,
    amzsync_plan_node_t *parent, const char *name, size_t len);


ngx_int_t
amzsync_plan_init(amzsync_plan_t *plan, const amzsync_column_t *columns,
    ngx_uint_t ncolumns, const char *below)
{
    ngx_uint_t  i;

    if (ncolumns > AMZSYNC_COLUMNS_MAX) {
        return NGX_ERROR;
    }

    plan->columns = columns;
    plan->ncolumns = ncolumns;
    plan->below = below;
    plan->serial = 0;

    ngx_memzero(&plan->nodes[0], sizeof(amzsync_plan_node_t));
    plan->nodes[0].slot = AMZSYNC_PLAN_INNER;
    plan->nnodes = 1;

    for (i = 0; i < ncolumns; i++) {
        if (amzsync_plan_add(plan, columns[i].path, i) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (below != NULL) {
        return amzsync_plan_add(plan, below, ncolumns);
    }

    return NGX_OK;
}


static ngx_int_t
amzsync_plan_add(amzsync_plan_t *plan, const char *path, ngx_uint_t slot)
{
    size_t                len;
    ngx_uint_t            depth;
    amzsync_plan_node_t  *node;

    node = &plan->nodes[0];

    for (depth = 0; depth < AMZSYNC_PATH_DEPTH; depth++) {

        len = strcspn(path, ".");

        node = amzsync_plan_below(plan, node, path, len);
        if (node == NULL) {
            return NGX_ERROR;
        }

        if (path[len] == '\0') {

            if (node->child != NULL || node->slot != AMZSYNC_PLAN_INNER) {
                return NGX_ERROR;
            }

            node->slot = slot;

            return NGX_OK;
        }

        path += len + 1;
    }

    return NGX_ERROR;
}


static amzsync_plan_node_t *
amzsync_plan_below(amzsync_plan_t *plan, amzsync_plan_node_t *parent,
    const char *name, size_t len)
{
    amzsync_plan_node_t  *node, **next;

    if (parent->slot != AMZSYNC_PLAN_INNER || len == 0) {
        return NULL;
    }

    for (next = &parent->child; *next != NULL; next = &(*next)->next) {

        node = *next;

        if (node->len == len && ngx_memcmp(node->name, name, len) == 0) {
            return node;
        }
    }

    if (plan->nnodes == AMZSYNC_PLAN_NODES || len >= AMZSYNC_PLAN_NAME) {
        return NULL;
    }

    node = &plan->nodes[plan->nnodes++];

    ngx_memzero(node, sizeof(amzsync_plan_node_t));

    node->name = name;
    node->len = len;
    node->slot = AMZSYNC_PLAN_INNER;

    *next = node;

    return node;
}


amzsync_plan_node_t *
amzsync_plan_find(const amzsync_plan_node_t *parent,
    const amzsync_reader_value_t *name, const amzsync_plan_node_t *last)
{
    size_t                len;
    u_char                buf[AMZSYNC_PLAN_NAME * 6];
    const u_char         *p;
    amzsync_plan_node_t  *node, *first;

    p = name->start;
    len = name->end - name->start;

    if (name->escaped) {

        if (len > sizeof(buf)) {
            return NULL;
        }

        len = amzsync_reader_decode(name, buf) - buf;
        p = buf;
    }

    first = (last != NULL && last->next != NULL) ? last->next : parent->child;
    node = first;

    do {
        if (node->len == len && ngx_memcmp(node->name, p, len) == 0) {
            return node;
        }

        node = (node->next != NULL) ? node->next : parent->child;

    } while (node != first);

    return NULL;
}


void
amzsync_plan_fill(amzsync_plan_t *plan, const amzsync_plan_node_t *node,
    const amzsync_plan_slot_t *slot)
{
    if (node->slot != AMZSYNC_PLAN_INNER) {
        plan->slots[node->slot] = *slot;
        return;
    }

    for (node = node->child; node != NULL; node = node->next) {
        amzsync_plan_fill(plan, node, slot);
    }
}
