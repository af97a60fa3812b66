-- Choice: what a user's syncs fetch, and a sync that reads everything anew; and
-- coverage of what calls read.

ALTER TABLE amzsync.connections
    ADD datasets  text[] CHECK (datasets <> '{}');

COMMENT ON COLUMN amzsync.connections.datasets IS
    'what syncs fetch if their start does not say; NULL: all that '
    'amzsync_datasets names';

ALTER TABLE amzsync.sync_progress
    ADD full_sync  boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN amzsync.sync_progress.full_sync IS
    'cursors do not count: all datasets are read from the beginning';


-- A call with the arguments of before means no choice: who was told to migrate
-- first goes on with the old module until nginx is restarted.

DROP FUNCTION amzsync.connection_put(text, text, text, text[], bytea, text,
                                     integer);

CREATE FUNCTION amzsync.connection_put(
    p_user_id text, p_selling_partner_id text, p_region text,
    p_marketplace_ids text[], p_token_sealed bytea, p_token_key_id text,
    p_sync_interval_minutes integer, p_datasets text[] DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_version bigint;
BEGIN
    INSERT INTO amzsync.connections AS c
           (user_id, selling_partner_id, region, marketplace_ids, status,
            token_sealed, token_key_id, connected_at, sync_interval_minutes,
            next_sync_at, datasets)
    VALUES (p_user_id, p_selling_partner_id, p_region, p_marketplace_ids,
            'connected', p_token_sealed, p_token_key_id, now(),
            p_sync_interval_minutes,
            amzsync.sync_after(p_sync_interval_minutes), p_datasets)
    ON CONFLICT (user_id) DO UPDATE
       SET selling_partner_id = excluded.selling_partner_id,
           region = excluded.region,
           marketplace_ids = excluded.marketplace_ids,
           status = 'connected',
           token_sealed = excluded.token_sealed,
           token_key_id = excluded.token_key_id,
           version = c.version + 1,
           connected_at = CASE
               WHEN c.status <> 'disconnected'
                    AND c.selling_partner_id = excluded.selling_partner_id
                    AND c.region = excluded.region
               THEN c.connected_at ELSE now() END,
           sync_interval_minutes = excluded.sync_interval_minutes,
           next_sync_at = CASE
               WHEN c.sync_interval_minutes = excluded.sync_interval_minutes
               THEN c.next_sync_at ELSE excluded.next_sync_at END,
           datasets = excluded.datasets,
           updated_at = now()
    RETURNING c.version INTO v_version;

    UPDATE amzsync.sync_progress
       SET state = 'cancelled', message = 'Another seller was connected',
           completed_at = now(), updated_at = now(), version = version + 1,
           estimated_completion = NULL, lease = NULL, lease_until = NULL,
           in_flight = '{}'
     WHERE user_id = p_user_id
       AND state IN ('queued', 'running')
       AND (selling_partner_id, region) <> (p_selling_partner_id, p_region);

    RETURN v_version;
END
$$;

COMMENT ON FUNCTION amzsync.connection_put IS
    'Connects a user to a seller, or changes the connection; another seller '
    'or region ends a running sync as cancelled; another interval begins now.  '
    'Returns the version';

REVOKE ALL ON FUNCTION amzsync.connection_put FROM PUBLIC;
GRANT EXECUTE ON FUNCTION amzsync.connection_put TO amzsync_nginx;


COMMENT ON COLUMN amzsync.sync_progress.estimated_completion IS
    'from the quotas and the last sync''s pages, or else from the pace so far; '
    'NULL while unknown';


COMMENT ON TABLE amzsync.coverage IS
    'Which windows of a seller''s data were read, by which report or by calls, '
    'and what came of it';
COMMENT ON COLUMN amzsync.coverage.dataset IS
    'name, such as orders or customer_returns';
COMMENT ON COLUMN amzsync.coverage.marketplace_ids IS
    'marketplaces that were asked for; one empty text if none was named';
COMMENT ON COLUMN amzsync.coverage.range_from IS
    'begin of the window; read by calls, of all windows of earlier syncs that '
    'it goes on from; of a snapshot''s scan, about the time of its plan';
COMMENT ON COLUMN amzsync.coverage.report_id IS
    'Amazon''s reportId; NULL: read by calls, or no report was made';
COMMENT ON COLUMN amzsync.coverage.state IS
    'loading; done: the window was read whole, of a report its rows are the '
    'window''s; empty: Amazon cancelled the report, as it does when there are '
    'no data; failed: sync_datasets says why; replaced: by a newer load, its '
    'rows are being deleted';
COMMENT ON COLUMN amzsync.coverage.rows IS
    'rows read; by calls, those of windows that lap over count again';
