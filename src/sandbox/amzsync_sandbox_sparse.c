
/*
 * Members that may be missing.
 */


#include <base/amzsync_base.h>
#include <sandbox/amzsync_sandbox.h>
#include <sandbox/amzsync_sandbox_sparse.h>


amzsync_sandbox_there_e
amzsync_sandbox_there(uint64_t n)
{
    return (n < AMZSYNC_SANDBOX_THERE) ? (amzsync_sandbox_there_e) n
                                       : AMZSYNC_SANDBOX_THERE;
}


void
amzsync_sandbox_set(amzsync_sandbox_text_t *text,
    amzsync_sandbox_there_e there, const void *data, size_t len)
{
    text->there = there;
    text->text.data = (u_char *) data;
    text->text.len = (there == AMZSYNC_SANDBOX_THERE) ? len : 0;
}


void
amzsync_sandbox_text(amzsync_sandbox_out_t *out, const char *key,
    const amzsync_sandbox_text_t *text)
{
    if (text->there == AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_null(out, key);

    } else if (text->there != AMZSYNC_SANDBOX_ABSENT) {
        amzsync_sandbox_str(out, key, text->text.data, text->text.len);
    }
}


ngx_uint_t
amzsync_sandbox_inside(amzsync_sandbox_out_t *out, const char *key,
    amzsync_sandbox_there_e there, u_char open, u_char close)
{
    if (there == AMZSYNC_SANDBOX_NULL) {
        amzsync_sandbox_null(out, key);

    } else if (there != AMZSYNC_SANDBOX_ABSENT) {
        amzsync_sandbox_open(out, key, open);
    }

    if (there == AMZSYNC_SANDBOX_EMPTY) {
        amzsync_sandbox_close(out, close);
    }

    return there == AMZSYNC_SANDBOX_THERE;
}


void
amzsync_sandbox_cell_text(amzsync_sandbox_out_t *out,
    const amzsync_sandbox_text_t *text, ngx_uint_t key)
{
    if (text->there <= AMZSYNC_SANDBOX_NULL && !key) {
        amzsync_sandbox_cell_null(out);
        return;
    }

    amzsync_sandbox_cell(out, text->text.data, text->text.len);
}
