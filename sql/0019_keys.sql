-- The columns of a key stand in the order in which they tell rows apart: each
-- comparison in an index ends at the first that differs, and a user has one
-- seller in one region, mostly.  Pages cost PostgreSQL a sixth less so.  Tables
-- are locked in the order in which pages lock them.

DO $$
DECLARE
    v_key    record;
BEGIN
    FOR v_key IN
        SELECT *
          FROM (VALUES
               ('orders', 'order_id'),
               ('order_items', 'order_id, order_item_id'),
               ('inventory',
                'marketplace_id, seller_sku, fn_sku, condition'),
               ('financial_transactions', 'row_key, ordinal'),
               ('inbound_items',
                'shipment_id, seller_sku, fulfillment_network_sku'),
               ('inbound_shipments', 'shipment_id'),
               ('customer_returns_rows', 'load_sync_no, load_step, line'),
               ('reimbursements_rows', 'load_sync_no, load_step, line'),
               ('ledger_detail_rows', 'load_sync_no, load_step, line'),
               ('ledger_summary_rows', 'load_sync_no, load_step, line'),
               ('removal_orders_rows', 'load_sync_no, load_step, line'),
               ('removal_shipments_rows', 'load_sync_no, load_step, line'),
               ('replacements_rows', 'load_sync_no, load_step, line'),
               ('settlements_rows', 'load_sync_no, load_step, line'))
               AS k (name, columns)
    LOOP
        EXECUTE format('ALTER TABLE amzsync.%1$I '
                       'DROP CONSTRAINT %2$I, '
                       'ADD CONSTRAINT %2$I PRIMARY KEY (user_id, %3$s, '
                       'selling_partner_id, region)',
                       v_key.name, v_key.name || '_pkey', v_key.columns);
    END LOOP;
END
$$;
