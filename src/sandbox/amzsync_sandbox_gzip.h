
/*
 * Gzip, a buffer at a time.
 */


#ifndef _AMZSYNC_SANDBOX_GZIP_H_INCLUDED_
#define _AMZSYNC_SANDBOX_GZIP_H_INCLUDED_


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <zlib.h>


/* Writes what shall be compressed, as a page is written. */
typedef ngx_int_t (*amzsync_sandbox_gzip_pt)(void *data,
    amzsync_sandbox_out_t *out);


typedef struct {
    z_stream                 z;
    ngx_pool_t              *pool;
    u_char                  *text;
    amzsync_sandbox_gzip_pt  write;
    void                    *data;
    unsigned                 ended:1;
    unsigned                 prompt:1;      /* keeps nothing back */
} amzsync_sandbox_gzip_t;


/* Its memory, some 300 KiB, is the pool's. */
ngx_int_t amzsync_sandbox_gzip_init(amzsync_sandbox_gzip_t *gzip,
    ngx_pool_t *pool, amzsync_sandbox_gzip_pt write, void *data);

/* NGX_AGAIN: more in another turn; NGX_DONE; NGX_ERROR. */
ngx_int_t amzsync_sandbox_gzip_run(amzsync_sandbox_gzip_t *gzip,
    amzsync_sandbox_out_t *out);


#endif /* _AMZSYNC_SANDBOX_GZIP_H_INCLUDED_ */
