-- The role that nginx connects as: it may do what the module's statements do,
-- and nothing else.  It has no password here; give it one, or let peer or
-- certificate authentication speak for it:
--
--     ALTER ROLE amzsync_nginx PASSWORD '…';
--
-- Roles belong to the whole cluster: another database may have made this one,
-- also at this very moment.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'amzsync_nginx') THEN
        BEGIN
            CREATE ROLE amzsync_nginx LOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;

    -- A statement waits for a row lock of a neighbour, never for long; what
    -- is slower than this is broken.

    EXECUTE format('ALTER ROLE amzsync_nginx IN DATABASE %I '
                   'SET lock_timeout = ''2s''', current_database());
    EXECUTE format('ALTER ROLE amzsync_nginx IN DATABASE %I '
                   'SET statement_timeout = ''30s''', current_database());
    EXECUTE format('ALTER ROLE amzsync_nginx IN DATABASE %I '
                   'SET idle_in_transaction_session_timeout = ''10s''',
                   current_database());

    -- The module's statements are prepared, and written so that one plan is
    -- right for all values: planning them each time would cost more than they
    -- do.

    EXECUTE format('ALTER ROLE amzsync_nginx IN DATABASE %I '
                   'SET plan_cache_mode = force_generic_plan',
                   current_database());

    -- All of them look rows up by an index.  A plan is kept for as long as
    -- nobody analyzes a table, also one that was made while it was empty and
    -- reading all of it looked cheap.  To compile a plan costs more than to
    -- run it.

    EXECUTE format('ALTER ROLE amzsync_nginx IN DATABASE %I '
                   'SET enable_seqscan = off', current_database());
    EXECUTE format('ALTER ROLE amzsync_nginx IN DATABASE %I '
                   'SET jit = off', current_database());
END
$$;

GRANT USAGE ON SCHEMA amzsync TO amzsync_nginx;

GRANT SELECT ON amzsync.schema_version TO amzsync_nginx;

GRANT SELECT, INSERT, UPDATE
   ON amzsync.connections, amzsync.sync_progress, amzsync.sync_datasets,
      amzsync.sync_units, amzsync.cursors, amzsync.quota_buckets
   TO amzsync_nginx;
