
/*
 * What the code under test calls of nginx, for programs without it.
 */


#include <ngx_config.h>
#include <ngx_core.h>


u_char *
ngx_sprintf(u_char *buf, const char *fmt, ...)
{
    long     n;
    va_list  args;

    /* the only format that is used */

    if (ngx_strcmp(fmt, "%L") != 0) {
        abort();
    }

    va_start(args, fmt);
    n = va_arg(args, int64_t);
    va_end(args);

    return buf + sprintf((char *) buf, "%ld", n);
}


void
ngx_explicit_memzero(void *buf, size_t n)
{
    memset(buf, 0, n);

    __asm__ __volatile__ ("" : : "r" (buf) : "memory");
}
