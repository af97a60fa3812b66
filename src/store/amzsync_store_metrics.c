
/*
 * What a scrape asks the database for.
 */


#include <store/amzsync_store_private.h>


/*
 * Only what partial indexes tell: queued and running syncs are few, those that
 * have ended are all there ever were.
 */

static const amzsync_pg_stmt_t  amzsync_store_metrics_stmt = {
    AMZSYNC_STORE_METRICS, "metrics",

    "SELECT "
        "(SELECT count(*) FROM amzsync.sync_progress "
          "WHERE state = 'queued'), "
        "(SELECT count(*) FROM amzsync.sync_progress "
          "WHERE state = 'running'), "
        AMZSYNC_STORE_MS("now()")
            " - (SELECT " AMZSYNC_STORE_MS("min(run_after)")
                 " FROM amzsync.sync_progress WHERE state = 'queued'), "
        "ord FROM unnest($1::text[]) WITH ORDINALITY AS r (nobody, ord)",
    1
};


/* Scrapes at the same time are one entry, of nobody. */

const amzsync_store_batch_kind_t  amzsync_store_scrapes = {
    &amzsync_store_metrics_stmt,
    AMZSYNC_PG_READ,
    NULL,
    1
};


amzsync_store_call_t *
amzsync_store_metrics(amzsync_store_t *store, amzsync_store_handler_pt handler,
    void *data)
{
    static ngx_str_t  nobody = ngx_string("");

    return amzsync_store_batch(&store->scrapes, &nobody, 0, NULL, handler,
                               data);
}


void
amzsync_store_metrics_row(amzsync_store_call_t *call,
    amzsync_store_metrics_t *row)
{
    row->queued = amzsync_store_int(call, 0, 0, 0);
    row->running = amzsync_store_int(call, 0, 1, 0);
    row->oldest = ngx_max(0, amzsync_store_int(call, 0, 2, 0));
}
