
/*
 * The pull reader against jansson: the same verdict, and the same tree.
 *
 * Where they may differ: numbers beyond a double or 64 bits, which jansson
 * refuses and must be seen to refuse; the depth, which the reader bounds more
 * tightly; and the byte 0, which jansson passes over after a number, although
 * it may stand nowhere in a JSON text.
 */


#include "oracle.h"
#include <spapi/amzsync_spapi_reader.h>
#include <jansson.h>
#include <errno.h>
#include <math.h>


typedef struct {
    amzsync_reader_t   reader;
    const char        *wrong;       /* the reader broke its own rules */
    unsigned           overflow:1;  /* a number that jansson refuses */
} oracle_t;


static json_t *oracle_value(oracle_t *o);
static json_t *oracle_array(oracle_t *o);
static json_t *oracle_object(oracle_t *o);
static json_t *oracle_number(oracle_t *o, amzsync_reader_value_t *v);
static char *oracle_string(oracle_t *o, amzsync_reader_value_t *v,
    size_t *len);
static ngx_int_t oracle_skip(const u_char *p, size_t len);


const char *
oracle_reader(const u_char *p, size_t len)
{
    json_t        *mine, *judge;
    u_char        *text;
    oracle_t       o;
    const char    *wrong;
    json_error_t   error;

    /* of exactly this size, so that a byte too far is seen */

    text = malloc(len + 1);
    memcpy(text, p, len);
    text[len] = '\0';

    memset(&o, 0, sizeof(oracle_t));
    mine = NULL;

    if (amzsync_reader_init(&o.reader, text, len) == NGX_OK) {
        mine = oracle_value(&o);

        if (mine != NULL && amzsync_reader_end(&o.reader) != NGX_OK) {
            json_decref(mine);
            mine = NULL;
        }
    }

    judge = json_loadb((char *) text, len, JSON_DECODE_ANY, &error);

    wrong = NULL;

    if (o.wrong != NULL) {
        wrong = o.wrong;

    } else if ((mine != NULL) != (oracle_skip(text, len) == NGX_OK)) {
        wrong = "skipping and reading differ in their verdict";

    } else if (mine == NULL && o.reader.error == NULL) {
        wrong = "refused without an error";

    } else if (memchr(text, '\0', len) != NULL) {
        wrong = (mine == NULL) ? NULL : "accepted with a 0 in it";

    } else if (mine == NULL
               && strcmp(o.reader.error, "nested too deep") == 0)
    {
        /* no judge */

    } else if (mine == NULL && judge != NULL) {
        wrong = "refused, but jansson accepts";

    } else if (mine != NULL && judge == NULL && !o.overflow) {
        wrong = "accepted, but jansson refuses";

    } else if (mine != NULL && judge != NULL && o.overflow) {
        wrong = "a number is out of jansson's range, but jansson accepts";

    } else if (mine != NULL && judge != NULL && !json_equal(mine, judge)) {
        wrong = "the trees differ";
    }

    json_decref(mine);
    json_decref(judge);
    free(text);

    return wrong;
}


static json_t *
oracle_value(oracle_t *o)
{
    char                    *s;
    size_t                   len;
    json_t                  *value;
    amzsync_reader_value_t   v;

    if (amzsync_reader_value(&o->reader, &v) != NGX_OK) {
        return NULL;
    }

    switch (v.type) {

    case AMZSYNC_READER_NULL:
        return json_null();

    case AMZSYNC_READER_FALSE:
        return json_false();

    case AMZSYNC_READER_TRUE:
        return json_true();

    case AMZSYNC_READER_NUMBER:
        return oracle_number(o, &v);

    case AMZSYNC_READER_ARRAY:
        return oracle_array(o);

    case AMZSYNC_READER_OBJECT:
        return oracle_object(o);

    default: /* AMZSYNC_READER_STRING */
        s = oracle_string(o, &v, &len);
        value = json_stringn(s, len);
        free(s);

        if (value == NULL) {
            o->wrong = "a string is not UTF-8";
        }

        return value;
    }
}


static json_t *
oracle_array(oracle_t *o)
{
    json_t     *array, *value;
    ngx_int_t   rc;

    array = json_array();

    while ((rc = amzsync_reader_element(&o->reader)) == NGX_OK) {

        value = oracle_value(o);

        if (value == NULL) {
            json_decref(array);
            return NULL;
        }

        json_array_append_new(array, value);
    }

    if (rc != NGX_DONE) {
        json_decref(array);
        return NULL;
    }

    return array;
}


static json_t *
oracle_object(oracle_t *o)
{
    char                    *name;
    size_t                   len;
    json_t                  *object, *value;
    ngx_int_t                rc;
    amzsync_reader_value_t   v;

    object = json_object();

    while ((rc = amzsync_reader_member(&o->reader, &v)) == NGX_OK) {

        name = oracle_string(o, &v, &len);

        if (strlen(name) != len) {
            o->wrong = "0 in a member's name";
        }

        value = oracle_value(o);

        if (value == NULL) {
            free(name);
            json_decref(object);
            return NULL;
        }

        if (json_object_set_new(object, name, value) != 0) {
            o->wrong = "a member's name is not UTF-8";
        }

        free(name);
    }

    if (rc != NGX_DONE) {
        json_decref(object);
        return NULL;
    }

    return object;
}


static json_t *
oracle_number(oracle_t *o, amzsync_reader_value_t *v)
{
    char      *s, *end;
    size_t     len;
    double     real;
    json_t    *value;
    long long  integer;

    len = v->end - v->start;

    s = malloc(len + 1);
    memcpy(s, v->start, len);
    s[len] = '\0';

    errno = 0;

    if (strpbrk(s, ".eE") == NULL) {
        integer = strtoll(s, &end, 10);
        o->overflow |= (errno == ERANGE);
        value = json_integer(integer);

    } else {
        real = strtod(s, &end);

        if (isinf(real)) {
            o->overflow = 1;
            real = 0;
        }

        value = json_real(real);
    }

    if (*end != '\0') {
        o->wrong = "a number is none to the C library";
    }

    free(s);

    return value;
}


static char *
oracle_string(oracle_t *o, amzsync_reader_value_t *v, size_t *len)
{
    char    *s;
    size_t   size;

    size = v->end - v->start;
    s = malloc(size + 1);

    *len = amzsync_reader_decode(v, (u_char *) s) - (u_char *) s;

    if (*len > size) {
        o->wrong = "a decoded string is longer than its text";
    }

    if (!v->escaped && *len != size) {
        o->wrong = "a string without escapes changed its length";
    }

    s[*len] = '\0';

    return s;
}


static ngx_int_t
oracle_skip(const u_char *p, size_t len)
{
    amzsync_reader_t        r;
    amzsync_reader_value_t  v;

    if (amzsync_reader_init(&r, p, len) != NGX_OK
        || amzsync_reader_value(&r, &v) != NGX_OK
        || amzsync_reader_skip(&r, &v) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return amzsync_reader_end(&r);
}
