
/*
 * Looking at eight bytes of a text at a time.
 */


#ifndef _AMZSYNC_SPAPI_WORD_H_INCLUDED_
#define _AMZSYNC_SPAPI_WORD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define AMZSYNC_WORD_ONES   0x0101010101010101ull
#define AMZSYNC_WORD_HIGHS  0x8080808080808080ull


/*
 * Each of these sets the high bit of the first byte that is c, below c, or
 * 0x80 and above, and of none before it; the bits after it may be wrong.  They
 * may be joined by "|" to find the first of several.  "below" may also mark a
 * byte of 0x80 and above.
 */

#define amzsync_word_is(w, c)                                                \
    ((((w) ^ (AMZSYNC_WORD_ONES * (c))) - AMZSYNC_WORD_ONES)                 \
     & ~((w) ^ (AMZSYNC_WORD_ONES * (c))))

#define amzsync_word_below(w, c)  ((w) - AMZSYNC_WORD_ONES * (c))

#define amzsync_word_high(w)      (w)


static ngx_inline uint64_t
amzsync_word_load(const u_char *p)
{
    uint64_t  w;

    ngx_memcpy(&w, p, 8);

#if !(NGX_HAVE_LITTLE_ENDIAN)
    w = __builtin_bswap64(w);
#endif

    return w;
}


/* How many bytes stand before the first one marked: 8 if none is. */

static ngx_inline ngx_uint_t
amzsync_word_before(uint64_t marks)
{
    marks &= AMZSYNC_WORD_HIGHS;

    if (marks == 0) {
        return 8;
    }

    return __builtin_ctzll(marks) >> 3;
}


#endif /* _AMZSYNC_SPAPI_WORD_H_INCLUDED_ */
