
/*
 * The HTTP side: one file a location, and what they share.
 */


#ifndef _AMZSYNC_HTTP_H_INCLUDED_
#define _AMZSYNC_HTTP_H_INCLUDED_


#include <base/amzsync_base.h>
#include <base/amzsync_json.h>
#include <pg/amzsync_pg.h>
#include <spapi/amzsync_spapi.h>
#include <store/amzsync_store.h>
#include <sync/amzsync_sync.h>
#include <http/amzsync_http_sandbox.h>
#include <ngx_http.h>


#define AMZSYNC_HTTP_BODY_MAX  65536


typedef struct amzsync_http_events_s  amzsync_http_events_t;


/* Where a location's directive stands; name is NULL: nowhere. */

typedef struct {
    ngx_str_t                   *name;
    u_char                      *file;
    ngx_uint_t                   line;
} amzsync_http_place_t;


/* Where sellers of a region agree to the application; zeroed: nowhere. */

typedef struct {
    ngx_str_t                    address;   /* up to the state, its end */
    const char                  *redirect_uri;      /* or NULL */
    ngx_msec_t                   ttl;       /* of a state */
} amzsync_http_consent_t;


typedef struct {
    amzsync_pg_conf_t            pg;
    amzsync_sync_conf_t          sync;      /* holds the spapi conf */
    amzsync_http_consent_t       consents[AMZSYNC_REGIONS];
    amzsync_http_place_t         used;      /* by the first location that
                                               needs the database */
    ngx_shm_zone_t              *metrics;   /* if there is one */

    ngx_uint_t                   max_streams;
    ngx_path_t                  *temp_path; /* of reports */
    ngx_uint_t                   reports;   /* some dataset comes in them */

    /* Of this worker, from init_process. */
    amzsync_store_t             *store;
    amzsync_sync_t              *runner;
    amzsync_http_events_t       *events;
} ngx_http_amzsync_main_conf_t;


typedef struct {
    ngx_http_complex_value_t    *user;
    ngx_array_t                 *datasets;  /* of amzsync_dataset_t * */
    amzsync_http_sandbox_conf_t *sandbox;
    ngx_http_handler_pt          handler;   /* of this location, or NULL */
    amzsync_http_place_t         place;     /* of its directive */
    ngx_int_t                    region;    /* authorize: unless told; or
                                               NGX_ERROR */
    ngx_str_t                    page;      /* callback: where it leads to */
} ngx_http_amzsync_loc_conf_t;


extern ngx_module_t  ngx_http_amzsync_module;


/* Content handlers. */
ngx_int_t amzsync_http_start_handler(ngx_http_request_t *r);
ngx_int_t amzsync_http_status_handler(ngx_http_request_t *r);
ngx_int_t amzsync_http_cancel_handler(ngx_http_request_t *r);
ngx_int_t amzsync_http_history_handler(ngx_http_request_t *r);
ngx_int_t amzsync_http_events_handler(ngx_http_request_t *r);
ngx_int_t amzsync_http_connection_handler(ngx_http_request_t *r);
ngx_int_t amzsync_http_metrics_handler(ngx_http_request_t *r);
ngx_int_t amzsync_http_authorize_handler(ngx_http_request_t *r);
ngx_int_t amzsync_http_callback_handler(ngx_http_request_t *r);

/* $amzsync_sync_id and $amzsync_error, in preconfiguration. */
ngx_int_t amzsync_http_add_variables(ngx_conf_t *cf);


/* One a worker, in init_process, after the store; at most "max" streams. */
amzsync_http_events_t *amzsync_http_events_create(ngx_cycle_t *cycle,
    amzsync_store_t *store, ngx_uint_t max);

/* In exit_process, before the store's end. */
void amzsync_http_events_destroy(amzsync_http_events_t *events);

/* The listener of the job engine; "data" is the events. */
void amzsync_http_events_changed(void *data, ngx_str_t *user,
    amzsync_sync_no_t no);


#endif /* _AMZSYNC_HTTP_H_INCLUDED_ */
