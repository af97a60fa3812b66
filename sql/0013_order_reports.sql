-- Orders by report: what a large first sync takes from the report of all
-- orders, as searchOrders would take a day and more for it.
--
-- The report has a line an item, without the item's id, without most of what
-- searchOrders tells of money, but with amounts of its own.

ALTER TABLE amzsync.sync_units
    ADD by_report  boolean,
    ADD calls_to   timestamptz;

COMMENT ON COLUMN amzsync.sync_units.by_report IS
    'orders: whether reports are asked for instead of searchOrders; NULL: not '
    'decided, searchOrders so far';
COMMENT ON COLUMN amzsync.sync_units.calls_to IS
    'by report: until here by searchOrders, as a report could not be had';


ALTER TABLE amzsync.orders
    ADD report_id  text;

COMMENT ON TABLE amzsync.orders IS
    'A seller''s orders, as searchOrders or a report told them last; no '
    'personal data';
COMMENT ON COLUMN amzsync.orders.report_id IS
    'Amazon''s reportId of the report that the order is of, which tells '
    'nothing of what is NULL; NULL: it is of searchOrders';


ALTER TABLE amzsync.order_items
    ADD report_id           text,
    ADD item_status         text,
    ADD item_price          numeric,
    ADD item_tax            numeric,
    ADD shipping_price      numeric,
    ADD shipping_tax        numeric,
    ADD gift_wrap_price     numeric,
    ADD gift_wrap_tax       numeric,
    ADD item_discount       numeric,
    ADD shipping_discount   numeric,
    ADD extra               jsonb;

COMMENT ON COLUMN amzsync.order_items.order_item_id IS
    'orderItemId; of a report, which has none, its id and the line';
COMMENT ON COLUMN amzsync.order_items.report_id IS
    'as of the order; what follows is of reports only';
COMMENT ON COLUMN amzsync.order_items.item_status IS 'item-status';
COMMENT ON COLUMN amzsync.order_items.item_price IS
    'item-price, of all pieces, in unit_price_currency; every digit, like what '
    'follows';
COMMENT ON COLUMN amzsync.order_items.item_tax IS 'item-tax';
COMMENT ON COLUMN amzsync.order_items.shipping_price IS 'shipping-price';
COMMENT ON COLUMN amzsync.order_items.shipping_tax IS 'shipping-tax';
COMMENT ON COLUMN amzsync.order_items.gift_wrap_price IS 'gift-wrap-price';
COMMENT ON COLUMN amzsync.order_items.gift_wrap_tax IS 'gift-wrap-tax';
COMMENT ON COLUMN amzsync.order_items.item_discount IS
    'item-promotion-discount';
COMMENT ON COLUMN amzsync.order_items.shipping_discount IS
    'ship-promotion-discount';
COMMENT ON COLUMN amzsync.order_items.extra IS
    'what else the report says of the item, nothing of people or places';
