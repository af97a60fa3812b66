-- Windows: what Amazon has cancelled once may have data still.

ALTER TABLE amzsync.coverage
    DROP CONSTRAINT coverage_state_check,
    ADD CONSTRAINT coverage_state_check CHECK (state IN
        ('loading', 'done', 'cancelled', 'empty', 'failed', 'replaced'));

COMMENT ON COLUMN amzsync.coverage.state IS
    'loading; done: the window was read whole, of a report its rows are the '
    'window''s; cancelled: Amazon cancelled the report, as it does when there '
    'are no data, but not only then: the next sync asks for it once more; '
    'empty: it did so again; failed: sync_datasets says why, the next sync '
    'asks for it; replaced: by a newer load, its rows are being deleted';


-- A dataset goes on behind a window that has failed, and fails at its end: the
-- error is known before.

ALTER TABLE amzsync.sync_datasets
    DROP CONSTRAINT sync_datasets_check,
    ADD CONSTRAINT sync_datasets_check CHECK (CASE status
        WHEN 'in_progress' THEN true
        WHEN 'failed' THEN error_code IS NOT NULL
        ELSE error_code IS NULL END);


-- Removals are the region's, whichever marketplaces were named for their
-- reports, as reimbursements are: of two loads of one window the older is no
-- more than the other, doubled.

WITH loads AS MATERIALIZED (
    SELECT user_id, selling_partner_id, region, dataset, load_sync_no,
           load_step, marketplace_ids, range_from, range_to
      FROM amzsync.coverage
     WHERE dataset IN ('reimbursements', 'removal_orders',
                       'removal_shipments')
       AND state = 'done'
), pairs AS MATERIALIZED (
    SELECT n.user_id, n.selling_partner_id, n.region, n.dataset,
           n.load_sync_no, n.load_step,
           o.load_sync_no AS old_sync_no, o.load_step AS old_step,
           o.marketplace_ids
      FROM loads n
      JOIN loads o USING (user_id, selling_partner_id, region, dataset)
     WHERE o.range_from < n.range_to AND o.range_to > n.range_from
       AND (o.load_sync_no, o.load_step) < (n.load_sync_no, n.load_step)
), kept AS (
    UPDATE amzsync.coverage c
       SET marketplace_ids = ARRAY(
               SELECT unnest(c.marketplace_ids) UNION
               SELECT unnest(p.marketplace_ids) FROM pairs p
                WHERE (p.user_id, p.selling_partner_id, p.region, p.dataset,
                       p.load_sync_no, p.load_step)
                      = (c.user_id, c.selling_partner_id, c.region, c.dataset,
                         c.load_sync_no, c.load_step)
                ORDER BY 1),
           updated_at = now()
     WHERE (c.user_id, c.selling_partner_id, c.region, c.dataset,
            c.load_sync_no, c.load_step) IN (
           SELECT user_id, selling_partner_id, region, dataset, load_sync_no,
                  load_step FROM pairs)
       AND (c.user_id, c.selling_partner_id, c.region, c.dataset,
            c.load_sync_no, c.load_step) NOT IN (
           SELECT user_id, selling_partner_id, region, dataset, old_sync_no,
                  old_step FROM pairs)
)
UPDATE amzsync.coverage c
   SET state = 'replaced', updated_at = now()
  FROM (SELECT DISTINCT user_id, selling_partner_id, region, dataset,
               old_sync_no, old_step FROM pairs) p
 WHERE (p.user_id, p.selling_partner_id, p.region, p.dataset, p.old_sync_no,
        p.old_step)
       = (c.user_id, c.selling_partner_id, c.region, c.dataset,
          c.load_sync_no, c.load_step);


-- As 0009 has it since it was applied first: a line without a date is not the
-- newest.

CREATE OR REPLACE VIEW amzsync.removal_orders AS
SELECT DISTINCT ON (r.user_id, r.selling_partner_id, r.region, r.order_id,
                    r.sku, r.fnsku, r.disposition)
       r.user_id, r.selling_partner_id, r.region, r.request_date, r.order_id,
       r.order_type, r.service_speed, r.order_status, r.last_updated_date,
       r.sku, r.fnsku, r.disposition, r.requested_quantity,
       r.cancelled_quantity, r.disposed_quantity, r.shipped_quantity,
       r.in_process_quantity, r.removal_fee, r.currency, r.extra
  FROM amzsync.coverage c
  JOIN amzsync.removal_orders_rows r
 USING (user_id, selling_partner_id, region, load_sync_no, load_step)
 WHERE c.dataset = 'removal_orders' AND c.state = 'done'
 ORDER BY r.user_id, r.selling_partner_id, r.region, r.order_id, r.sku, r.fnsku,
          r.disposition, r.last_updated_date DESC NULLS LAST;
