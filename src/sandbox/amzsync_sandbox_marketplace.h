
/*
 * Where a seller sells: marketplaces and participations, in the shape of the
 * Sellers API v1.
 */


#ifndef _AMZSYNC_SANDBOX_MARKETPLACE_H_INCLUDED_
#define _AMZSYNC_SANDBOX_MARKETPLACE_H_INCLUDED_


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>


/* Of which the first are those that have data. */
#define AMZSYNC_SANDBOX_PARTICIPATIONS  5


/* The number of a marketplace, or NGX_DECLINED. */
ngx_int_t amzsync_sandbox_marketplace(const ngx_str_t *id);

/* The same for all that the answer has. */
ngx_int_t amzsync_sandbox_participation_find(const ngx_str_t *id);
const char *amzsync_sandbox_participation_id(ngx_uint_t n);

/* The whole answer, and the ground truth about it. */
void amzsync_sandbox_participations(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_view_t *view, ngx_uint_t spoil);
ngx_int_t amzsync_sandbox_participations_csv(amzsync_sandbox_csv_t *csv,
    amzsync_sandbox_out_t *out);


#endif /* _AMZSYNC_SANDBOX_MARKETPLACE_H_INCLUDED_ */
