
/*
 * An exchange with Login with Amazon, whatever is given for tokens.
 */


#ifndef _AMZSYNC_SPAPI_TOKEN_H_INCLUDED_
#define _AMZSYNC_SPAPI_TOKEN_H_INCLUDED_


#include <spapi/amzsync_spapi_http.h>
#include <base/amzsync_json.h>


typedef struct {
    const char    *type;            /* grant_type */
    const char    *name;            /* of the field that has the secret */
    const char    *secret;
    const char    *redirect_uri;    /* NULL: not sent */
    const char    *refused;         /* what stands before Amazon's words if
                                       the grant is invalid */

    /* Takes the tokens out of an answer: NULL, or what is wrong with it. */
    const char  *(*take)(void *data, json_t *root);
    void          *data;
} amzsync_spapi_grant_t;


/* "h" has conf, curl and outcome, and is zeroed otherwise. */
void amzsync_spapi_grant(amzsync_spapi_http_t *h,
    const amzsync_spapi_grant_t *grant);


#endif /* _AMZSYNC_SPAPI_TOKEN_H_INCLUDED_ */
