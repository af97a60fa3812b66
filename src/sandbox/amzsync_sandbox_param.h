
/*
 * Parameters of a query by a table: one entry a parameter, the last without a
 * name.  Unknown parameters are passed over.
 */


#ifndef _AMZSYNC_SANDBOX_PARAM_H_INCLUDED_
#define _AMZSYNC_SANDBOX_PARAM_H_INCLUDED_


#include <base/amzsync_base.h>


/* "n" is the number of the parameter in the table. */
typedef ngx_int_t (*amzsync_sandbox_param_pt)(void *data, ngx_uint_t n,
    ngx_str_t *value);


typedef struct {
    ngx_str_t                  name;
    amzsync_sandbox_param_pt   set;
    const char                *refused;
    ngx_uint_t                 list;            /* may be repeated */
} amzsync_sandbox_param_t;


/*
 * Hands each parameter to its setter, and tells in "given", a bit for each,
 * which there were.  "buf" has room for the query; values stay in it.  On
 * NGX_ERROR "details" says what Amazon would refuse.
 */
ngx_int_t amzsync_sandbox_params(const amzsync_sandbox_param_t *params,
    void *data, ngx_uint_t *given, const ngx_str_t *args, u_char *buf,
    const char **details);


#endif /* _AMZSYNC_SANDBOX_PARAM_H_INCLUDED_ */
