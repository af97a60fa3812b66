
/*
 * Members that may be missing, in the ways that Amazon's members are.
 */


#ifndef _AMZSYNC_SANDBOX_SPARSE_H_INCLUDED_
#define _AMZSYNC_SANDBOX_SPARSE_H_INCLUDED_


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>


typedef enum {
    AMZSYNC_SANDBOX_ABSENT = 0,
    AMZSYNC_SANDBOX_NULL,
    AMZSYNC_SANDBOX_EMPTY,
    AMZSYNC_SANDBOX_THERE
} amzsync_sandbox_there_e;


typedef struct {
    amzsync_sandbox_there_e  there;
    ngx_str_t                text;
} amzsync_sandbox_text_t;


/* Mostly there: n tells, each of the other ways is one number of it. */
amzsync_sandbox_there_e amzsync_sandbox_there(uint64_t n);

void amzsync_sandbox_set(amzsync_sandbox_text_t *text,
    amzsync_sandbox_there_e there, const void *data, size_t len);

/* JSON: a text; and an object or array, which is open only if it is there. */
void amzsync_sandbox_text(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_text_t *text);
ngx_uint_t amzsync_sandbox_inside(amzsync_sandbox_out_t *out, const char *key,
    amzsync_sandbox_there_e there, u_char open, u_char close);

/* CSV: nothing is no text, or in a part of a key an empty one. */
void amzsync_sandbox_cell_text(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_text_t *text, ngx_uint_t key);


#endif /* _AMZSYNC_SANDBOX_SPARSE_H_INCLUDED_ */
