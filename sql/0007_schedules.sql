-- Schedules: a connection may sync by itself, every so many minutes; with the
-- functions that connect and disconnect.  And what the retention of finished
-- syncs needs.

ALTER TABLE amzsync.connections
    ADD sync_interval_minutes  integer
                                   CHECK (sync_interval_minutes
                                          BETWEEN 15 AND 43200),
    ADD next_sync_at           timestamptz,
    ADD CHECK ((next_sync_at IS NULL) = (sync_interval_minutes IS NULL)),
    ADD CHECK (status <> 'disconnected' OR next_sync_at IS NULL);

COMMENT ON COLUMN amzsync.connections.sync_interval_minutes IS
    'minutes between scheduled syncs; NULL: there are none';
COMMENT ON COLUMN amzsync.connections.next_sync_at IS
    'the next scheduled sync is queued from then on, if the status is '
    'connected';


-- The status stands in the predicate, so that sellers who have to connect anew
-- do not stand in front of those who are due.

CREATE INDEX connections_due ON amzsync.connections (next_sync_at)
    WHERE status = 'connected' AND next_sync_at IS NOT NULL;


-- A sync that has ended changes no more: pages, checkpoints and leases are
-- written without this index.

CREATE INDEX sync_progress_ended ON amzsync.sync_progress (completed_at)
    WHERE completed_at IS NOT NULL;


CREATE FUNCTION amzsync.sync_after(p_minutes integer)
RETURNS timestamptz
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT now() + p_minutes * interval '1 minute'
           + random() * LEAST(p_minutes * interval '6 seconds',
                              interval '5 minutes');
$$;

COMMENT ON FUNCTION amzsync.sync_after IS
    'An interval from now, and up to a tenth of it later, five minutes at '
    'most: those who connect together shall not always be due together';


-- Connecting and disconnecting end a sync that started meanwhile.  Each of
-- these functions is two statements because the second needs a snapshot taken
-- after the first holds the connection's row lock.

CREATE FUNCTION amzsync.connection_put(
    p_user_id text, p_selling_partner_id text, p_region text,
    p_marketplace_ids text[], p_token_sealed bytea, p_token_key_id text,
    p_sync_interval_minutes integer)
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
            next_sync_at)
    VALUES (p_user_id, p_selling_partner_id, p_region, p_marketplace_ids,
            'connected', p_token_sealed, p_token_key_id, now(),
            p_sync_interval_minutes,
            amzsync.sync_after(p_sync_interval_minutes))
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


CREATE FUNCTION amzsync.connection_delete(p_user_id text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_found boolean;
BEGIN
    UPDATE amzsync.connections
       SET status = 'disconnected', token_sealed = NULL, token_key_id = NULL,
           version = version + 1, connected_at = NULL,
           sync_interval_minutes = NULL, next_sync_at = NULL,
           updated_at = now()
     WHERE user_id = p_user_id AND status <> 'disconnected';

    v_found := FOUND;

    UPDATE amzsync.sync_progress
       SET state = 'cancelled', message = 'The Amazon account was disconnected',
           completed_at = now(), updated_at = now(), version = version + 1,
           estimated_completion = NULL, lease = NULL, lease_until = NULL,
           in_flight = '{}'
     WHERE user_id = p_user_id AND state IN ('queued', 'running');

    RETURN v_found;
END
$$;

COMMENT ON FUNCTION amzsync.connection_delete IS
    'Disconnects a user: erases the sealed token, ends a running sync as '
    'cancelled and the schedule, keeps the data.  Returns whether there was a '
    'connection';


REVOKE ALL ON FUNCTION amzsync.sync_after, amzsync.connection_put,
                       amzsync.connection_delete
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION amzsync.sync_after, amzsync.connection_put,
                          amzsync.connection_delete
   TO amzsync_nginx;


-- Units follow their dataset.

GRANT DELETE ON amzsync.sync_progress, amzsync.sync_datasets TO amzsync_nginx;
