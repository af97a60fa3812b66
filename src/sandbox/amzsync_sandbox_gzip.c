
/*
 * Gzip, a buffer at a time: no more is generated in a turn than there is room
 * for, and zlib allocates from a pool, so that nothing is left when a client
 * goes.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_gzip.h>


#define AMZSYNC_SANDBOX_GZIP_WINDOW  (MAX_WBITS + 16)   /* gzip's header */
#define AMZSYNC_SANDBOX_GZIP_MEMORY  8


static void *amzsync_sandbox_gzip_alloc(void *data, uInt n, uInt size);
static void amzsync_sandbox_gzip_free(void *data, void *p);


ngx_int_t
amzsync_sandbox_gzip_init(amzsync_sandbox_gzip_t *gzip, ngx_pool_t *pool,
    amzsync_sandbox_gzip_pt write, void *data)
{
    ngx_memzero(gzip, sizeof(amzsync_sandbox_gzip_t));

    gzip->pool = pool;
    gzip->write = write;
    gzip->data = data;
    gzip->z.zalloc = amzsync_sandbox_gzip_alloc;
    gzip->z.zfree = amzsync_sandbox_gzip_free;
    gzip->z.opaque = pool;

    gzip->text = ngx_palloc(pool, AMZSYNC_SANDBOX_BUFFER);
    if (gzip->text == NULL) {
        return NGX_ERROR;
    }

    if (deflateInit2(&gzip->z, Z_BEST_SPEED, Z_DEFLATED,
                     AMZSYNC_SANDBOX_GZIP_WINDOW, AMZSYNC_SANDBOX_GZIP_MEMORY,
                     Z_DEFAULT_STRATEGY)
        != Z_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void *
amzsync_sandbox_gzip_alloc(void *data, uInt n, uInt size)
{
    return ngx_palloc(data, (size_t) n * size);
}


static void
amzsync_sandbox_gzip_free(void *data, void *p)
{
    /* the pool frees */
}


ngx_int_t
amzsync_sandbox_gzip_run(amzsync_sandbox_gzip_t *gzip,
    amzsync_sandbox_out_t *out)
{
    int                    flush;
    ngx_int_t              rc;
    amzsync_sandbox_out_t  text;

    if (gzip->z.avail_in == 0 && !gzip->ended) {
        amzsync_sandbox_out(&text, gzip->text, AMZSYNC_SANDBOX_BUFFER);

        rc = gzip->write(gzip->data, &text);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        gzip->ended = (rc == NGX_DONE);
        gzip->z.next_in = text.start;
        gzip->z.avail_in = text.last - text.start;
    }

    gzip->z.next_out = out->last;
    gzip->z.avail_out = out->end - out->last;

    flush = gzip->ended ? Z_FINISH : gzip->prompt ? Z_SYNC_FLUSH : Z_NO_FLUSH;

    switch (deflate(&gzip->z, flush)) {

    case Z_STREAM_END:
        out->last = gzip->z.next_out;
        return NGX_DONE;

    case Z_OK:
    case Z_BUF_ERROR:
        out->last = gzip->z.next_out;
        return NGX_AGAIN;

    default:
        return NGX_ERROR;
    }
}
