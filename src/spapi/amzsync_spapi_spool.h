
/*
 * A report's document on its way to the disk: inflated, and in UTF-8 whatever
 * it was written in, so that a place in the file means the same text whenever
 * the document is fetched.
 */


#ifndef _AMZSYNC_SPAPI_SPOOL_H_INCLUDED_
#define _AMZSYNC_SPAPI_SPOOL_H_INCLUDED_


#include <spapi/amzsync_spapi.h>
#include <iconv.h>
#include <zlib.h>


#define AMZSYNC_SPOOL_BUFFER  65536


typedef struct {
    amzsync_spool_t    *spool;
    off_t               max;        /* bytes in the file */
    iconv_t             cd;
    z_stream            z;
    const char         *code;       /* of the error, or NULL */
    const char         *text;
    size_t              nin;
    size_t              nout;
    unsigned            gzip:1;
    unsigned            ended:1;    /* the compressed text */
    unsigned            passing:1;  /* the error: worth a retry */
    u_char              in[AMZSYNC_SPOOL_BUFFER];
    u_char              out[AMZSYNC_SPOOL_BUFFER];
} amzsync_spool_writer_t;


/*
 * "charset" is iconv's or Amazon's name, NULL: UTF-8.  What is no text of it
 * becomes U+FFFD.  NGX_ERROR here and below: w->code and w->text tell why; also
 * then amzsync_spool_writer_free() follows.
 */
ngx_int_t amzsync_spool_writer_init(amzsync_spool_writer_t *w,
    amzsync_spool_t *spool, off_t max, ngx_uint_t gzip, const char *charset);
ngx_int_t amzsync_spool_write(amzsync_spool_writer_t *w, const u_char *p,
    size_t n);

/* All of the document has come. */
ngx_int_t amzsync_spool_writer_end(amzsync_spool_writer_t *w);
void amzsync_spool_writer_free(amzsync_spool_writer_t *w);

/* A file without a name in the folder; NULL: errno tells why. */
amzsync_spool_t *amzsync_spool_create(const char *dir);


#endif /* _AMZSYNC_SPAPI_SPOOL_H_INCLUDED_ */
