
/*
 * The ground floor: what every layer may use.  Nothing here knows HTTP,
 * PostgreSQL or Amazon.
 */


#ifndef _AMZSYNC_BASE_H_INCLUDED_
#define _AMZSYNC_BASE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* Bounds of identifiers, in bytes; longer ones are refused before any query. */

#define AMZSYNC_USER_MAX         128
#define AMZSYNC_SYNC_ID_MAX      (AMZSYNC_USER_MAX + sizeof("sync__") + 20)
#define AMZSYNC_SELLER_MAX       64
#define AMZSYNC_MARKETPLACE_MAX  32
#define AMZSYNC_TOKEN_MAX        4096

#define AMZSYNC_ERROR_CODE_MAX   64
#define AMZSYNC_ERROR_TEXT_MAX   512
#define AMZSYNC_REQUEST_ID_MAX   128


/* The three regions of SP-API, each with hosts and sellers of its own. */

typedef enum {
    AMZSYNC_REGION_NA = 0,
    AMZSYNC_REGION_EU,
    AMZSYNC_REGION_FE,
    AMZSYNC_REGIONS
} amzsync_region_e;


/*
 * What went wrong, as the API tells it: a code for programs, a text for
 * people, and Amazon's x-amzn-RequestId ("" where there is none).  All three
 * are valid UTF-8 and end with NUL.  Plain memory: may be copied with "=".
 */

typedef struct {
    char  code[AMZSYNC_ERROR_CODE_MAX];
    char  message[AMZSYNC_ERROR_TEXT_MAX];
    char  request_id[AMZSYNC_REQUEST_ID_MAX];
} amzsync_error_t;


#endif /* _AMZSYNC_BASE_H_INCLUDED_ */
