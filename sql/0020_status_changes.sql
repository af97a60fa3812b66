-- All syncs of a statement at once: starts come in batches, and an UPDATE a
-- sync costs PostgreSQL several times as much.  Rows are updated by their
-- places, which are looked up one by one: a join's plan that was cached while
-- there were few syncs would read all of them later.

CREATE OR REPLACE FUNCTION amzsync.sync_datasets_changed()
RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE amzsync.sync_progress p
       SET datasets = d.datasets, orders_processed = d.orders,
           total_orders = d.total_orders, rows_processed = d.rows
      FROM (SELECT DISTINCT user_id, sync_no FROM changed) c
           CROSS JOIN LATERAL (
               SELECT s.ctid AS place
                 FROM amzsync.sync_progress s
                WHERE s.user_id = c.user_id AND s.sync_no = c.sync_no
               OFFSET 0) l
           CROSS JOIN LATERAL (
               SELECT ('[' || string_agg(amzsync.dataset_status(s), ','
                                         ORDER BY s.position)
                       || ']')::json AS datasets,
                      COALESCE(sum(s.rows) FILTER (
                          WHERE s.dataset = 'orders'), 0) AS orders,
                      sum(s.rows) FILTER (
                          WHERE s.dataset = 'orders'
                            AND s.status = 'completed') AS total_orders,
                      sum(s.rows) AS rows
                 FROM amzsync.sync_datasets s
                WHERE s.user_id = c.user_id AND s.sync_no = c.sync_no) d
     WHERE p.ctid = l.place;

    RETURN NULL;
END
$$;
