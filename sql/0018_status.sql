-- What a status shows of a sync's datasets stands in the sync's row: it is read
-- by one look-up instead of several, far more often than it changes.

ALTER TABLE amzsync.sync_progress
    ADD datasets json NOT NULL DEFAULT '[]',
    ADD orders_processed bigint NOT NULL DEFAULT 0,
    ADD total_orders bigint,
    ADD rows_processed bigint NOT NULL DEFAULT 0,
    SET (fillfactor = 70);

COMMENT ON COLUMN amzsync.sync_progress.datasets IS
    'the datasets as a status shows them; these columns follow sync_datasets';
COMMENT ON COLUMN amzsync.sync_progress.orders_processed IS
    'rows of the dataset orders';
COMMENT ON COLUMN amzsync.sync_progress.total_orders IS
    'the same, once all of them were seen';
COMMENT ON COLUMN amzsync.sync_progress.rows_processed IS
    'rows of all datasets';


CREATE FUNCTION amzsync.dataset_status(d amzsync.sync_datasets)
RETURNS text LANGUAGE sql STABLE
AS $$
    SELECT '{"name":' || to_json(d.dataset)
           || ',"status":"' || d.status
           || '","progress":' || d.progress
           || ',"rows":' || d.rows
           || ',"error":' || CASE WHEN d.error_code IS NULL THEN 'null'
                  ELSE '{"code":' || to_json(d.error_code)
                       || ',"message":'
                       || to_json(COALESCE(d.error_message, ''))
                       || ',"requestId":'
                       || COALESCE(to_json(NULLIF(d.error_request_id, ''))
                                       ::text, 'null')
                       || '}' END
           || '}'
$$;

COMMENT ON FUNCTION amzsync.dataset_status IS
    'One dataset of a sync as a status shows it: a JSON object without spaces';


-- Whoever changes a sync's datasets has locked the sync's row before: no other
-- transaction changes them meanwhile, and all that are committed are seen.  One
-- sync a statement: a join's plan that was cached while there were few syncs
-- would read all of them later.

CREATE FUNCTION amzsync.sync_datasets_changed()
RETURNS trigger LANGUAGE plpgsql
AS $$
DECLARE
    v_sync  record;
BEGIN
    FOR v_sync IN SELECT DISTINCT user_id, sync_no FROM changed LOOP
        UPDATE amzsync.sync_progress p
           SET datasets = d.datasets, orders_processed = d.orders,
               total_orders = d.total_orders, rows_processed = d.rows
          FROM (SELECT ('[' || string_agg(amzsync.dataset_status(d), ','
                                          ORDER BY d.position)
                        || ']')::json AS datasets,
                       COALESCE(sum(d.rows) FILTER (
                           WHERE d.dataset = 'orders'), 0) AS orders,
                       sum(d.rows) FILTER (
                           WHERE d.dataset = 'orders'
                             AND d.status = 'completed') AS total_orders,
                       sum(d.rows) AS rows
                  FROM amzsync.sync_datasets d
                 WHERE d.user_id = v_sync.user_id
                   AND d.sync_no = v_sync.sync_no) d
         WHERE p.user_id = v_sync.user_id AND p.sync_no = v_sync.sync_no;
    END LOOP;

    RETURN NULL;
END
$$;

COMMENT ON FUNCTION amzsync.sync_datasets_changed IS
    'Takes into sync_progress what a status shows of its datasets';

CREATE TRIGGER inserted AFTER INSERT ON amzsync.sync_datasets
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION amzsync.sync_datasets_changed();

CREATE TRIGGER updated AFTER UPDATE ON amzsync.sync_datasets
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION amzsync.sync_datasets_changed();

UPDATE amzsync.sync_datasets SET rows = rows;
