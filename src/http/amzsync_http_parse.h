
/*
 * What the body of a request says: from its text to values, or to what is wrong
 * with it, in words for the client.  Nothing here knows a request, so that it
 * can be fuzzed: see t/unit/body_fuzz.c.
 */


#ifndef _AMZSYNC_HTTP_PARSE_H_INCLUDED_
#define _AMZSYNC_HTTP_PARSE_H_INCLUDED_


#include <base/amzsync_json.h>
#include <store/amzsync_store.h>


#define AMZSYNC_HTTP_MARKETS_MAX  50


/* A seller's account, as PUT connection names it. */

typedef struct {
    ngx_str_t           seller;
    amzsync_region_e    region;
    ngx_str_t           markets[AMZSYNC_HTTP_MARKETS_MAX];
    ngx_uint_t          nmarkets;       /* 0: all that the seller has */
    ngx_str_t           token;
    ngx_uint_t          interval;       /* minutes; 0: none */
    int64_t             choice;         /* as for amzsync_store_start() */
} amzsync_http_account_t;


/*
 * The text as a JSON object whose members are all in "members" (NULL ends it).
 * NULL: refused, and the error says why.  Whoever has the text cleanses it.
 */
json_t *amzsync_http_parse(const ngx_str_t *text, const char *const *members,
    amzsync_error_t *error);

/* Wipes the strings among the members, and frees the object. */
void amzsync_http_parse_free(json_t *json);

/*
 * A start: the choice is as for amzsync_store_start(), of "datasets".
 * NGX_DECLINED: refused, and the error says why.
 */
ngx_int_t amzsync_http_parse_start(const ngx_str_t *text,
    const ngx_array_t *datasets, int64_t *choice, amzsync_error_t *error);

/*
 * A connection: the texts of the account are those of the object, which is the
 * caller's to free.  NULL: refused, also for a region without an endpoint.
 */
json_t *amzsync_http_parse_account(const ngx_str_t *text,
    const char *const *endpoints, const ngx_array_t *datasets,
    amzsync_http_account_t *account, amzsync_error_t *error);


/* For the files of this: */

/*
 * The member "datasets": an array of names of some that may be chosen, or null,
 * or absent; the choice is then 0.
 */
ngx_int_t amzsync_http_parse_choice(json_t *json, const ngx_array_t *datasets,
    int64_t *choice, amzsync_error_t *error);

/* Sets the error, "invalid_request", and answers NGX_DECLINED. */
ngx_int_t amzsync_http_parse_refuse(amzsync_error_t *error, const char *fmt,
    ...) __attribute__((format(printf, 2, 3)));


#endif /* _AMZSYNC_HTTP_PARSE_H_INCLUDED_ */
