
#include <http/amzsync_http.h>
#include <http/amzsync_http_conf.h>
#include <base/amzsync_metrics.h>
#include <spapi/amzsync_spapi_reader.h>


#define NGX_HTTP_AMZSYNC_USER_AGENT  "amzsync/0.1 (Language=C)"

#define NGX_HTTP_AMZSYNC_REPORT_MIN  1024
#define NGX_HTTP_AMZSYNC_REPORT_MAX  ((off_t) 1024 * 1024 * 1024 * 1024)


static void *ngx_http_amzsync_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_amzsync_init_main_conf(ngx_conf_t *cf, void *conf);
static char *ngx_http_amzsync_init_temp_path(ngx_conf_t *cf,
    ngx_http_amzsync_main_conf_t *amcf);
static char *ngx_http_amzsync_report_size(ngx_conf_t *cf, void *post,
    void *data);
static void *ngx_http_amzsync_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_amzsync_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_amzsync_location(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_uint_t ngx_http_amzsync_nameless(ngx_http_core_loc_conf_t *clcf);
static char *ngx_http_amzsync_authorize(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_amzsync_callback(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_amzsync_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_amzsync_init_process(ngx_cycle_t *cycle);
static void ngx_http_amzsync_exit_process(ngx_cycle_t *cycle);


static ngx_conf_num_bounds_t  ngx_http_amzsync_timeout_bounds = {
    ngx_conf_check_num_bounds, 1, 3600000
};

static ngx_conf_num_bounds_t  ngx_http_amzsync_page_bounds = {
    ngx_conf_check_num_bounds, 1024, AMZSYNC_READER_SIZE
};

static ngx_conf_post_t  ngx_http_amzsync_report_bounds = {
    ngx_http_amzsync_report_size
};

static ngx_conf_num_bounds_t  ngx_http_amzsync_poll_bounds = {
    ngx_conf_check_num_bounds, 100, 600000
};

static ngx_conf_num_bounds_t  ngx_http_amzsync_retries_bounds = {
    ngx_conf_check_num_bounds, 0, 100
};

static ngx_conf_num_bounds_t  ngx_http_amzsync_syncs_bounds = {
    ngx_conf_check_num_bounds, 1, 1000000
};

static ngx_conf_num_bounds_t  ngx_http_amzsync_streams_bounds = {
    ngx_conf_check_num_bounds, 0, 1000000
};

/* A lease must outlast a few turns of the heartbeat. */

static ngx_conf_num_bounds_t  ngx_http_amzsync_lease_bounds = {
    ngx_conf_check_num_bounds, 1000, 3600000
};

/* Amazon keeps two years. */

static ngx_conf_num_bounds_t  ngx_http_amzsync_backfill_bounds = {
    ngx_conf_check_num_bounds, 60, 2 * 366 * 24 * 3600
};


/* Half a century; 0 is for ever. */

static ngx_conf_num_bounds_t  ngx_http_amzsync_retention_bounds = {
    ngx_conf_check_num_bounds, 0, 50 * 366 * 24 * 3600
};


/* The content handlers, for the commands that set them. */

static ngx_http_handler_pt  ngx_http_amzsync_start =
    amzsync_http_start_handler;
static ngx_http_handler_pt  ngx_http_amzsync_status =
    amzsync_http_status_handler;
static ngx_http_handler_pt  ngx_http_amzsync_cancel =
    amzsync_http_cancel_handler;
static ngx_http_handler_pt  ngx_http_amzsync_events =
    amzsync_http_events_handler;
static ngx_http_handler_pt  ngx_http_amzsync_history =
    amzsync_http_history_handler;
static ngx_http_handler_pt  ngx_http_amzsync_connection =
    amzsync_http_connection_handler;
static ngx_http_handler_pt  ngx_http_amzsync_metrics =
    amzsync_http_metrics_handler;
static ngx_http_handler_pt  ngx_http_amzsync_authorizes =
    amzsync_http_authorize_handler;
static ngx_http_handler_pt  ngx_http_amzsync_calls_back =
    amzsync_http_callback_handler;


static ngx_command_t  ngx_http_amzsync_commands[] = {

    { ngx_string("amzsync_postgres"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      amzsync_http_conf_postgres,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("amzsync_thread_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      amzsync_http_conf_thread_pool,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("amzsync_endpoint"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      amzsync_http_conf_endpoint,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("amzsync_lwa"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE3,
      amzsync_http_conf_lwa,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("amzsync_token_keys"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      amzsync_http_conf_token_keys,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("amzsync_user_agent"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      amzsync_http_conf_user_agent,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("amzsync_trusted_certificate"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      amzsync_http_conf_certificate,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("amzsync_connect_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.spapi.connect_timeout),
      &ngx_http_amzsync_timeout_bounds },

    { ngx_string("amzsync_transfer_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.spapi.timeout),
      &ngx_http_amzsync_timeout_bounds },

    { ngx_string("amzsync_max_page_size"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.spapi.max_page),
      &ngx_http_amzsync_page_bounds },

    { ngx_string("amzsync_temp_path"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1234,
      ngx_conf_set_path_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, temp_path),
      NULL },

    { ngx_string("amzsync_max_report_size"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_off_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.spapi.max_report),
      &ngx_http_amzsync_report_bounds },

    { ngx_string("amzsync_report_poll"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.report_poll),
      &ngx_http_amzsync_poll_bounds },

    { ngx_string("amzsync_retries"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.retries),
      &ngx_http_amzsync_retries_bounds },

    { ngx_string("amzsync_retry_delay"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.retry_delay),
      &ngx_http_amzsync_timeout_bounds },

    { ngx_string("amzsync_max_syncs"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.max_syncs),
      &ngx_http_amzsync_syncs_bounds },

    { ngx_string("amzsync_lease"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.lease),
      &ngx_http_amzsync_lease_bounds },

    { ngx_string("amzsync_backfill"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.backfill),
      &ngx_http_amzsync_backfill_bounds },

    { ngx_string("amzsync_order_reports"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.order_reports),
      NULL },

    { ngx_string("amzsync_retention"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, sync.retention),
      &ngx_http_amzsync_retention_bounds },

    { ngx_string("amzsync_user"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_amzsync_loc_conf_t, user),
      NULL },

    { ngx_string("amzsync_datasets"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      amzsync_http_conf_datasets,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_amzsync_loc_conf_t, datasets),
      NULL },

    { ngx_string("amzsync_start"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_amzsync_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_amzsync_start },

    { ngx_string("amzsync_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_amzsync_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_amzsync_status },

    { ngx_string("amzsync_cancel"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_amzsync_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_amzsync_cancel },

    { ngx_string("amzsync_history"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_amzsync_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_amzsync_history },

    { ngx_string("amzsync_events"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_amzsync_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_amzsync_events },

    { ngx_string("amzsync_max_streams"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_amzsync_main_conf_t, max_streams),
      &ngx_http_amzsync_streams_bounds },

    { ngx_string("amzsync_connection"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_amzsync_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_amzsync_connection },

    { ngx_string("amzsync_consent"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      amzsync_http_conf_consent,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("amzsync_authorize"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS|NGX_CONF_TAKE1,
      ngx_http_amzsync_authorize,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_amzsync_authorizes },

    { ngx_string("amzsync_callback"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_amzsync_callback,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_amzsync_calls_back },

    { ngx_string("amzsync_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_amzsync_location,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_amzsync_metrics },

    { ngx_string("amzsync_sandbox"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      amzsync_http_sandbox,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_amzsync_module_ctx = {
    amzsync_http_add_variables,            /* preconfiguration */
    ngx_http_amzsync_init,                 /* postconfiguration */

    ngx_http_amzsync_create_main_conf,     /* create main configuration */
    ngx_http_amzsync_init_main_conf,       /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_amzsync_create_loc_conf,      /* create location configuration */
    ngx_http_amzsync_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_amzsync_module = {
    NGX_MODULE_V1,
    &ngx_http_amzsync_module_ctx,          /* module context */
    ngx_http_amzsync_commands,             /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_amzsync_init_process,         /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_amzsync_exit_process,         /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_amzsync_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_amzsync_main_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_amzsync_main_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->pg = { 0 };
     *     conf->sync.pool = NULL;
     *     conf->sync.datasets = NULL;
     *     conf->sync.spapi.endpoints = { NULL };
     *     conf->sync.spapi.lwa_url = NULL;
     *     conf->sync.spapi.client_id = NULL;
     *     conf->sync.spapi.client_secret = NULL;
     *     conf->sync.spapi.user_agent = NULL;
     *     conf->sync.spapi.ca_file = NULL;
     *     conf->sync.spapi.keys = { NULL, 0 };
     *     conf->consents = { { { 0, NULL }, NULL, 0 } };
     *     conf->used = { NULL, NULL, 0 };
     *     conf->metrics = NULL;
     *     conf->temp_path = NULL;
     *     conf->reports = 0;
     *     conf->sync.spapi.temp_path = NULL;
     *     conf->store = NULL;
     *     conf->runner = NULL;
     *     conf->events = NULL;
     */

    conf->sync.tasks = 16;

    conf->sync.spapi.connect_timeout = NGX_CONF_UNSET_MSEC;
    conf->sync.spapi.timeout = NGX_CONF_UNSET_MSEC;
    conf->sync.spapi.max_page = NGX_CONF_UNSET_SIZE;
    conf->sync.spapi.max_report = NGX_CONF_UNSET;
    conf->sync.report_poll = NGX_CONF_UNSET_MSEC;
    conf->sync.retries = NGX_CONF_UNSET_UINT;
    conf->sync.retry_delay = NGX_CONF_UNSET_MSEC;
    conf->sync.max_syncs = NGX_CONF_UNSET_UINT;
    conf->sync.lease = NGX_CONF_UNSET_MSEC;
    conf->sync.backfill = NGX_CONF_UNSET;
    conf->sync.order_reports = NGX_CONF_UNSET;
    conf->sync.retention = NGX_CONF_UNSET;
    conf->max_streams = NGX_CONF_UNSET_UINT;

    return conf;
}


static char *
ngx_http_amzsync_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_amzsync_main_conf_t  *amcf = conf;

    amzsync_sync_conf_t   *sync;
    amzsync_spapi_conf_t  *spapi;

    sync = &amcf->sync;
    spapi = &sync->spapi;

    ngx_conf_init_msec_value(spapi->connect_timeout, 10000);
    ngx_conf_init_msec_value(spapi->timeout, 60000);
    ngx_conf_init_size_value(spapi->max_page, 16 * 1024 * 1024);
    ngx_conf_init_value(spapi->max_report, (off_t) 4 * 1024 * 1024 * 1024);
    ngx_conf_init_msec_value(sync->report_poll, 15000);
    ngx_conf_init_uint_value(sync->retries, 5);
    ngx_conf_init_msec_value(sync->retry_delay, 1000);
    ngx_conf_init_uint_value(sync->max_syncs, 10000);
    ngx_conf_init_msec_value(sync->lease, 30000);
    ngx_conf_init_uint_value(amcf->max_streams, 1000);

    /* 0: as far as each dataset says. */

    ngx_conf_init_value(sync->backfill, 0);
    ngx_conf_init_value(sync->order_reports, 1);
    ngx_conf_init_value(sync->retention, 90 * 24 * 3600);

    if (spapi->user_agent == NULL) {
        spapi->user_agent = NGX_HTTP_AMZSYNC_USER_AGENT;
    }

    return ngx_http_amzsync_init_temp_path(cf, amcf);
}


/* A folder beside nginx's own, made at start; only if a report may come. */

static char *
ngx_http_amzsync_init_temp_path(ngx_conf_t *cf,
    ngx_http_amzsync_main_conf_t *amcf)
{
    u_char           *p;
    ngx_path_init_t   path;

    static u_char  beside[] = NGX_HTTP_CLIENT_TEMP_PATH;

    if (amcf->temp_path == NULL) {

        /* those of orders are asked for by themselves */

        if (amcf->used.name == NULL
            || (!amcf->reports && !amcf->sync.order_reports))
        {
            return NGX_CONF_OK;
        }

        ngx_memzero(&path, sizeof(ngx_path_init_t));

        for (p = beside + sizeof(beside) - 1; p > beside && p[-1] != '/'; p--)
        {
            /* void */
        }

        path.name.data = ngx_pnalloc(cf->pool, p - beside
                                               + sizeof("amzsync_temp"));
        if (path.name.data == NULL) {
            return NGX_CONF_ERROR;
        }

        /* nginx makes the folder by its name alone, up to a '\0' */

        path.name.len = ngx_sprintf(path.name.data, "%*samzsync_temp%Z",
                                    (size_t) (p - beside), beside)
                        - path.name.data - 1;

        if (ngx_conf_merge_path_value(cf, &amcf->temp_path, NULL, &path)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    amcf->sync.spapi.temp_path = (char *) amcf->temp_path->name.data;

    return NGX_CONF_OK;
}


static char *
ngx_http_amzsync_report_size(ngx_conf_t *cf, void *post, void *data)
{
    off_t  *size = data;

    if (*size < NGX_HTTP_AMZSYNC_REPORT_MIN
        || *size > NGX_HTTP_AMZSYNC_REPORT_MAX)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "value must be between %O and %O",
                           (off_t) NGX_HTTP_AMZSYNC_REPORT_MIN,
                           NGX_HTTP_AMZSYNC_REPORT_MAX);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_amzsync_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_amzsync_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_amzsync_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->sandbox = NULL;
     *     conf->handler = NULL;
     *     conf->place = { NULL, NULL, 0 };
     *     conf->page = { 0, NULL };
     */

    conf->region = NGX_ERROR;
    conf->user = NGX_CONF_UNSET_PTR;
    conf->datasets = NGX_CONF_UNSET_PTR;

    return conf;
}


static char *
ngx_http_amzsync_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_amzsync_loc_conf_t  *prev = parent;
    ngx_http_amzsync_loc_conf_t  *conf = child;

    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_amzsync_main_conf_t  *amcf;

    ngx_conf_merge_ptr_value(conf->user, prev->user, NULL);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* "if" keeps the handler of its location, "limit_except" does not. */

    if (clcf->noname && clcf->handler == NULL) {
        conf->sandbox = prev->sandbox;
        conf->handler = prev->handler;
        conf->place = prev->place;
        conf->region = prev->region;
        conf->page = prev->page;

        if (clcf->lmt_excpt) {
            clcf->handler = conf->handler;
        }
    }

    if (prev->datasets == NGX_CONF_UNSET_PTR) {
        prev->datasets = amzsync_http_conf_datasets_all(cf);
        if (prev->datasets == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    ngx_conf_merge_ptr_value(conf->datasets, prev->datasets, NULL);

    if (conf->handler == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->user == NULL && conf->handler != ngx_http_amzsync_metrics) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%V\" in %s:%ui needs \"amzsync_user\", which is not "
                      "set", conf->place.name, conf->place.file,
                      conf->place.line);
        return NGX_CONF_ERROR;
    }

    if (conf->handler == ngx_http_amzsync_authorizes
        || conf->handler == ngx_http_amzsync_calls_back)
    {
        amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_amzsync_module);

        if (amzsync_http_conf_consent_check(cf, amcf, conf) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    /* The module has a bound of its own, and answers in JSON above it. */

    clcf->client_max_body_size = 0;

    /* It would take the request away from what waits for the database. */

    ngx_str_null(&clcf->post_action);

    return NGX_CONF_OK;
}


static char *
ngx_http_amzsync_location(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_amzsync_loc_conf_t  *alcf = conf;

    ngx_http_handler_pt           *handler;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_amzsync_main_conf_t  *amcf;

    if (alcf->handler) {
        return "stands beside another directive that answers";
    }

    if (alcf->sandbox) {
        return "stands beside \"amzsync_sandbox\"";
    }

    handler = cmd->post;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if ((*handler == ngx_http_amzsync_status
         || *handler == ngx_http_amzsync_cancel
         || *handler == ngx_http_amzsync_events)
        && ngx_http_amzsync_nameless(clcf))
    {
        return "needs a location given by a prefix or by \"=\"";
    }

    alcf->handler = *handler;
    alcf->place.name = &cmd->name;
    alcf->place.file = cf->conf_file->file.name.data;
    alcf->place.line = cf->conf_file->line;

    clcf->handler = alcf->handler;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_amzsync_module);

    if (amcf->used.name == NULL) {
        amcf->used = alcf->place;
    }

    return NGX_CONF_OK;
}


/* Nobody could tell what in a path follows such a location's name: an id. */

static ngx_uint_t
ngx_http_amzsync_nameless(ngx_http_core_loc_conf_t *clcf)
{
#if (NGX_PCRE)
    if (clcf->regex) {
        return 1;
    }
#endif

    return clcf->named;
}


static char *
ngx_http_amzsync_authorize(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *err;

    err = ngx_http_amzsync_location(cf, cmd, conf);

    return err ? err : amzsync_http_conf_authorize(cf, cmd, conf);
}


static char *
ngx_http_amzsync_callback(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *err;

    err = ngx_http_amzsync_location(cf, cmd, conf);

    return err ? err : amzsync_http_conf_callback(cf, cmd, conf);
}


static ngx_int_t
ngx_http_amzsync_init(ngx_conf_t *cf)
{
    ngx_http_amzsync_loc_conf_t   *alcf;
    ngx_http_amzsync_main_conf_t  *amcf;

    amcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_amzsync_module);

    if (amcf->used.name == NULL) {
        return NGX_OK;
    }

    if (amzsync_http_conf_check(cf, amcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (amcf->sync.pool == NULL) {
        amcf->sync.pool = ngx_thread_pool_add(cf, NULL);
        if (amcf->sync.pool == NULL) {
            return NGX_ERROR;
        }
    }

    /* No location starts scheduled syncs: what stands in "http" is theirs. */

    alcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_amzsync_module);
    amcf->sync.datasets = alcf->datasets;

    amcf->metrics = amzsync_metrics_zone(cf, &ngx_http_amzsync_module);
    if (amcf->metrics == NULL) {
        return NGX_ERROR;
    }

    return amzsync_store_init(cf);
}


static ngx_int_t
ngx_http_amzsync_init_process(ngx_cycle_t *cycle)
{
    ngx_http_amzsync_main_conf_t  *amcf;

    /* Not in the cache manager and its like. */

    if (ngx_process != NGX_PROCESS_WORKER
        && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    amcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_amzsync_module);

    if (amcf == NULL || amcf->used.name == NULL) {
        return NGX_OK;
    }

    if (amzsync_spapi_init() != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "amzsync: libcurl cannot be initialized");
        return NGX_ERROR;
    }

    amzsync_metrics_attach(amcf->metrics);

    amcf->store = amzsync_store_create(cycle, &amcf->pg);
    if (amcf->store == NULL) {
        return NGX_ERROR;
    }

    amcf->runner = amzsync_sync_create(cycle, &amcf->sync, amcf->store);
    if (amcf->runner == NULL) {
        return NGX_ERROR;
    }

    amcf->events = amzsync_http_events_create(cycle, amcf->store,
                                              amcf->max_streams);
    if (amcf->events == NULL) {
        return NGX_ERROR;
    }

    amzsync_sync_listen(amcf->runner, amzsync_http_events_changed,
                        amcf->events);

    return NGX_OK;
}


/* The runner first: its syncs are given back over the store. */

static void
ngx_http_amzsync_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_amzsync_main_conf_t  *amcf;

    amcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_amzsync_module);

    if (amcf == NULL) {
        return;
    }

    if (amcf->events) {
        amzsync_http_events_destroy(amcf->events);
        amcf->events = NULL;
    }

    if (amcf->runner) {
        amzsync_sync_destroy(amcf->runner);
        amcf->runner = NULL;
    }

    if (amcf->store) {
        amzsync_store_destroy(amcf->store);
        amcf->store = NULL;
    }

    amzsync_metrics_detach();
}
