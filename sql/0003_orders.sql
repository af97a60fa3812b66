-- Orders and their items: searchOrders of the Orders API 2026-01-01.

CREATE TABLE amzsync.orders (
    user_id                     text COLLATE "C" NOT NULL,
    selling_partner_id          text COLLATE "C" NOT NULL,
    region                      text COLLATE "C" NOT NULL,
    order_id                    text COLLATE "C" NOT NULL,
    created_time                timestamptz,
    last_updated_time           timestamptz NOT NULL,
    fulfillment_status          text,
    fulfilled_by                text,
    fulfillment_service_level   text,
    ship_by_earliest            timestamptz,
    ship_by_latest              timestamptz,
    deliver_by_earliest         timestamptz,
    deliver_by_latest           timestamptz,
    channel_name                text,
    marketplace_id              text,
    marketplace_name            text,
    grand_total                 numeric,
    currency                    text,
    proceeds_breakdowns         jsonb,
    programs                    jsonb,
    order_aliases               jsonb,
    associated_orders           jsonb,

    PRIMARY KEY (user_id, selling_partner_id, region, order_id)
);

COMMENT ON TABLE amzsync.orders IS
    'A seller''s orders, as searchOrders answers them; no personal data';
COMMENT ON COLUMN amzsync.orders.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.orders.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.orders.region IS 'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.orders.order_id IS 'orderId';
COMMENT ON COLUMN amzsync.orders.created_time IS 'createdTime';
COMMENT ON COLUMN amzsync.orders.last_updated_time IS
    'lastUpdatedTime: of two versions of an order the newer is kept';
COMMENT ON COLUMN amzsync.orders.fulfillment_status IS
    'fulfillment.fulfillmentStatus: PENDING, UNSHIPPED, SHIPPED, CANCELLED, …';
COMMENT ON COLUMN amzsync.orders.fulfilled_by IS
    'fulfillment.fulfilledBy: AMAZON or MERCHANT';
COMMENT ON COLUMN amzsync.orders.fulfillment_service_level IS
    'fulfillment.fulfillmentServiceLevel';
COMMENT ON COLUMN amzsync.orders.ship_by_earliest IS
    'fulfillment.shipByWindow.earliestDateTime';
COMMENT ON COLUMN amzsync.orders.ship_by_latest IS
    'fulfillment.shipByWindow.latestDateTime';
COMMENT ON COLUMN amzsync.orders.deliver_by_earliest IS
    'fulfillment.deliverByWindow.earliestDateTime';
COMMENT ON COLUMN amzsync.orders.deliver_by_latest IS
    'fulfillment.deliverByWindow.latestDateTime';
COMMENT ON COLUMN amzsync.orders.channel_name IS
    'salesChannel.channelName: AMAZON or NON_AMAZON';
COMMENT ON COLUMN amzsync.orders.marketplace_id IS
    'salesChannel.marketplaceId';
COMMENT ON COLUMN amzsync.orders.marketplace_name IS
    'salesChannel.marketplaceName';
COMMENT ON COLUMN amzsync.orders.grand_total IS
    'proceeds.grandTotal.amount, every digit';
COMMENT ON COLUMN amzsync.orders.currency IS
    'proceeds.grandTotal.currencyCode';
COMMENT ON COLUMN amzsync.orders.proceeds_breakdowns IS 'proceeds.breakdowns';
COMMENT ON COLUMN amzsync.orders.programs IS 'programs';
COMMENT ON COLUMN amzsync.orders.order_aliases IS 'orderAliases';
COMMENT ON COLUMN amzsync.orders.associated_orders IS 'associatedOrders';


CREATE TABLE amzsync.order_items (
    user_id                     text COLLATE "C" NOT NULL,
    selling_partner_id          text COLLATE "C" NOT NULL,
    region                      text COLLATE "C" NOT NULL,
    order_id                    text COLLATE "C" NOT NULL,
    order_item_id               text COLLATE "C" NOT NULL,
    quantity_ordered            bigint,
    quantity_fulfilled          bigint,
    quantity_unfulfilled        bigint,
    asin                        text,
    seller_sku                  text,
    title                       text,
    condition_type              text,
    condition_subtype           text,
    unit_price                  numeric,
    unit_price_currency         text,
    price_designation           text,
    proceeds_total              numeric,
    proceeds_currency           text,
    proceeds_breakdowns         jsonb,
    programs                    jsonb,
    serial_numbers              jsonb,

    PRIMARY KEY (user_id, selling_partner_id, region, order_id, order_item_id)
);

COMMENT ON TABLE amzsync.order_items IS
    'The items of orders; replaced whole whenever their order is newer';
COMMENT ON COLUMN amzsync.order_items.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.order_items.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.order_items.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.order_items.order_id IS 'orderId of the order';
COMMENT ON COLUMN amzsync.order_items.order_item_id IS 'orderItemId';
COMMENT ON COLUMN amzsync.order_items.quantity_ordered IS 'quantityOrdered';
COMMENT ON COLUMN amzsync.order_items.quantity_fulfilled IS
    'fulfillment.quantityFulfilled';
COMMENT ON COLUMN amzsync.order_items.quantity_unfulfilled IS
    'fulfillment.quantityUnfulfilled';
COMMENT ON COLUMN amzsync.order_items.asin IS 'product.asin';
COMMENT ON COLUMN amzsync.order_items.seller_sku IS 'product.sellerSku';
COMMENT ON COLUMN amzsync.order_items.title IS 'product.title';
COMMENT ON COLUMN amzsync.order_items.condition_type IS
    'product.condition.conditionType';
COMMENT ON COLUMN amzsync.order_items.condition_subtype IS
    'product.condition.conditionSubtype';
COMMENT ON COLUMN amzsync.order_items.unit_price IS
    'product.price.unitPrice.amount, every digit';
COMMENT ON COLUMN amzsync.order_items.unit_price_currency IS
    'product.price.unitPrice.currencyCode';
COMMENT ON COLUMN amzsync.order_items.price_designation IS
    'product.price.priceDesignation';
COMMENT ON COLUMN amzsync.order_items.proceeds_total IS
    'proceeds.proceedsTotal.amount, every digit';
COMMENT ON COLUMN amzsync.order_items.proceeds_currency IS
    'proceeds.proceedsTotal.currencyCode';
COMMENT ON COLUMN amzsync.order_items.proceeds_breakdowns IS
    'proceeds.breakdowns';
COMMENT ON COLUMN amzsync.order_items.programs IS 'programs';
COMMENT ON COLUMN amzsync.order_items.serial_numbers IS
    'product.serialNumbers';


GRANT SELECT, INSERT, UPDATE ON amzsync.orders TO amzsync_nginx;
GRANT SELECT, INSERT, UPDATE, DELETE ON amzsync.order_items TO amzsync_nginx;
