
/*
 * Writing a report's document: inflate, convert, cap.
 */


#include <spapi/amzsync_spapi_spool.h>


static ngx_int_t amzsync_spool_inflate(amzsync_spool_writer_t *w,
    const u_char *p, size_t n);
static ngx_int_t amzsync_spool_copy(amzsync_spool_writer_t *w,
    const u_char *p, size_t n);
static ngx_int_t amzsync_spool_convert(amzsync_spool_writer_t *w);
static ngx_int_t amzsync_spool_replace(amzsync_spool_writer_t *w);
static void amzsync_spool_clean(amzsync_spool_writer_t *w);
static ngx_int_t amzsync_spool_flush(amzsync_spool_writer_t *w);
static ngx_int_t amzsync_spool_failed(amzsync_spool_writer_t *w,
    const char *code, const char *text, ngx_uint_t passing);


/* Names that Amazon uses and iconv may not know. */

static const char *const  amzsync_spool_charsets[][2] = {
    { "cp1252", "CP1252" },
    { "windows-31j", "CP932" },
    { "ms932", "CP932" },
    { "shift_jis", "CP932" }
};


static const u_char  amzsync_spool_unknown[] = { 0xef, 0xbf, 0xbd };


amzsync_spool_t *
amzsync_spool_create(const char *dir)
{
    char             *path;
    size_t            size;
    amzsync_spool_t  *spool;

    static const char  name[] = "/report.XXXXXX";

    size = ngx_strlen(dir) + sizeof(name);

    spool = calloc(1, sizeof(amzsync_spool_t));
    path = malloc(size);

    if (spool == NULL || path == NULL) {
        goto failed;
    }

    (void) snprintf(path, size, "%s%s", dir, name);

    spool->refs = 1;
    spool->fd = mkstemp(path);

    if (spool->fd == -1) {
        goto failed;
    }

    (void) unlink(path);
    free(path);

    return spool;

failed:

    free(path);
    free(spool);

    return NULL;
}


void
amzsync_spool_release(amzsync_spool_t *spool)
{
    if (spool != NULL && --spool->refs == 0) {
        (void) close(spool->fd);
        free(spool);
    }
}


ngx_int_t
amzsync_spool_writer_init(amzsync_spool_writer_t *w, amzsync_spool_t *spool,
    off_t max, ngx_uint_t gzip, const char *charset)
{
    ngx_uint_t  i;

    w->spool = spool;
    w->max = max;
    w->code = NULL;
    w->nin = 0;
    w->nout = 0;
    w->gzip = (gzip != 0);
    w->ended = 0;

    ngx_memzero(&w->z, sizeof(z_stream));

    if (charset == NULL) {
        charset = "UTF-8";
    }

    for (i = 0; i < sizeof(amzsync_spool_charsets)
                    / sizeof(amzsync_spool_charsets[0]); i++)
    {
        if (strcasecmp(charset, amzsync_spool_charsets[i][0]) == 0) {
            charset = amzsync_spool_charsets[i][1];
        }
    }

    w->cd = iconv_open("UTF-8", charset);

    if (w->cd == (iconv_t) -1) {
        return amzsync_spool_failed(w, "unknown_charset",
                                    "The report's character set is unknown",
                                    0);
    }

    /* 16: only what gzip makes */

    if (gzip && inflateInit2(&w->z, 15 + 16) != Z_OK) {
        w->gzip = 0;
        return amzsync_spool_failed(w, "internal_error", "Out of memory", 1);
    }

    return NGX_OK;
}


void
amzsync_spool_writer_free(amzsync_spool_writer_t *w)
{
    if (w->gzip) {
        (void) inflateEnd(&w->z);
    }

    if (w->cd != (iconv_t) -1) {
        (void) iconv_close(w->cd);
    }
}


ngx_int_t
amzsync_spool_write(amzsync_spool_writer_t *w, const u_char *p, size_t n)
{
    return w->gzip ? amzsync_spool_inflate(w, p, n)
                   : amzsync_spool_copy(w, p, n);
}


static ngx_int_t
amzsync_spool_inflate(amzsync_spool_writer_t *w, const u_char *p, size_t n)
{
    int     rc;
    size_t  room;

    w->z.next_in = (u_char *) p;
    w->z.avail_in = n;

    do {
        if (w->ended) {

            /* a file of several members, or bytes behind the last one */

            if (w->z.avail_in == 0) {
                return NGX_OK;
            }

            (void) inflateReset(&w->z);
            w->ended = 0;
        }

        room = sizeof(w->in) - w->nin;

        w->z.next_out = w->in + w->nin;
        w->z.avail_out = room;

        rc = inflate(&w->z, Z_NO_FLUSH);

        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
            return amzsync_spool_failed(w, "malformed_document",
                                        "The report's compressed text is "
                                        "broken", 1);
        }

        w->ended = (rc == Z_STREAM_END);
        w->nin += room - w->z.avail_out;

        if (amzsync_spool_convert(w) != NGX_OK) {
            return NGX_ERROR;
        }

    } while (w->z.avail_in != 0 || w->z.avail_out == 0);

    return NGX_OK;
}


static ngx_int_t
amzsync_spool_copy(amzsync_spool_writer_t *w, const u_char *p, size_t n)
{
    size_t  size;

    while (n) {
        size = ngx_min(n, sizeof(w->in) - w->nin);

        ngx_memcpy(w->in + w->nin, p, size);

        w->nin += size;
        p += size;
        n -= size;

        if (amzsync_spool_convert(w) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* What is in "in", but for the first bytes of a character at its end. */

static ngx_int_t
amzsync_spool_convert(amzsync_spool_writer_t *w)
{
    char    *in, *out;
    size_t   nin, nout, rc;

    in = (char *) w->in;
    nin = w->nin;

    while (nin) {
        out = (char *) w->out + w->nout;
        nout = sizeof(w->out) - w->nout;

        rc = iconv(w->cd, &in, &nin, &out, &nout);

        w->nout = sizeof(w->out) - nout;

        if (rc != (size_t) -1) {
            continue;
        }

        if (errno == EINVAL) {
            break;
        }

        if (errno == E2BIG) {
            if (amzsync_spool_flush(w) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        in++;
        nin--;

        if (amzsync_spool_replace(w) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_memmove(w->in, in, nin);
    w->nin = nin;

    return NGX_OK;
}


static ngx_int_t
amzsync_spool_replace(amzsync_spool_writer_t *w)
{
    if (sizeof(w->out) - w->nout < sizeof(amzsync_spool_unknown)
        && amzsync_spool_flush(w) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(w->out + w->nout, amzsync_spool_unknown,
               sizeof(amzsync_spool_unknown));
    w->nout += sizeof(amzsync_spool_unknown);

    return NGX_OK;
}


static ngx_int_t
amzsync_spool_flush(amzsync_spool_writer_t *w)
{
    u_char   *p, *last;
    ssize_t   n;

    amzsync_spool_clean(w);

    if (w->spool->size + (off_t) w->nout > w->max) {
        return amzsync_spool_failed(w, "report_too_large",
                                    "The report is larger than allowed", 0);
    }

    last = w->out + w->nout;

    for (p = w->out; p < last; p += n) {
        n = write(w->spool->fd, p, last - p);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            return amzsync_spool_failed(w, "disk_error",
                                        "The report could not be written to "
                                        "amzsync_temp_path", 1);
        }
    }

    w->spool->size += w->nout;
    w->nout = 0;

    return NGX_OK;
}


/*
 * PostgreSQL has no place for NUL, which becomes a space, nor for what iconv
 * takes for a character beyond U+10FFFF.  Characters stand whole in "out".
 */

static void
amzsync_spool_clean(amzsync_spool_writer_t *w)
{
    size_t   n;
    u_char  *p, *last;

    last = w->out + w->nout;

    for (p = w->out; p < last; p++) {

        if (*p == '\0') {
            *p = ' ';
        }

        if (*p > 0xf4 || (*p == 0xf4 && p[1] > 0x8f)) {
            n = 4 + (*p >= 0xf8) + (*p >= 0xfc)
                - sizeof(amzsync_spool_unknown);

            p = ngx_cpymem(p, amzsync_spool_unknown,
                           sizeof(amzsync_spool_unknown));
            ngx_memmove(p, p + n, last - p - n);
            last -= n;
            p--;
        }
    }

    w->nout = last - w->out;
}


ngx_int_t
amzsync_spool_writer_end(amzsync_spool_writer_t *w)
{
    if (w->gzip && !w->ended) {
        return amzsync_spool_failed(w, "malformed_document",
                                    "The report's compressed text is cut", 1);
    }

    for ( /* void */ ; w->nin; w->nin--) {
        if (amzsync_spool_replace(w) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return amzsync_spool_flush(w);
}


static ngx_int_t
amzsync_spool_failed(amzsync_spool_writer_t *w, const char *code,
    const char *text, ngx_uint_t passing)
{
    w->code = code;
    w->text = text;
    w->passing = passing;

    return NGX_ERROR;
}
