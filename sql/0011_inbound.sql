-- Shipments to Amazon's warehouses and their items: getShipments,
-- getShipmentItemsByShipmentId and getShipmentItems of the Fulfillment Inbound
-- API v0.  And what has changed in columns whose history is of interest.

-- Items are read shipment by shipment, of which there may be many thousands.

ALTER TABLE amzsync.sync_datasets ALTER unit TYPE integer;

ALTER TABLE amzsync.sync_units
    ALTER unit TYPE integer,
    ADD parent_id text NOT NULL DEFAULT '';

COMMENT ON COLUMN amzsync.sync_units.parent_id IS
    'the row of another dataset that it is of, such as a shipment''s id; empty '
    'if it is of none';


CREATE TABLE amzsync.inbound_shipments (
    user_id                               text COLLATE "C" NOT NULL,
    selling_partner_id                    text COLLATE "C" NOT NULL,
    region                                text COLLATE "C" NOT NULL,
    shipment_id                           text COLLATE "C" NOT NULL,
    marketplace_id                        text,
    shipment_name                         text,
    destination_fulfillment_center_id     text,
    shipment_status                       text,
    label_prep_type                       text,
    are_cases_required                    boolean,
    confirmed_need_by_date                text,
    box_contents_source                   text,
    box_contents_total_units              bigint,
    box_contents_fee_per_unit             numeric,
    box_contents_fee_per_unit_currency    text,
    box_contents_total_fee                numeric,
    box_contents_total_fee_currency       text,
    items_status                          text,
    changed_from                          jsonb,

    PRIMARY KEY (user_id, selling_partner_id, region, shipment_id)
) WITH (fillfactor = 70);

COMMENT ON TABLE amzsync.inbound_shipments IS
    'A seller''s shipments to Amazon''s warehouses';
COMMENT ON COLUMN amzsync.inbound_shipments.user_id IS
    'the application''s user';
COMMENT ON COLUMN amzsync.inbound_shipments.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.inbound_shipments.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.inbound_shipments.shipment_id IS 'ShipmentId';
COMMENT ON COLUMN amzsync.inbound_shipments.marketplace_id IS
    'the marketplace that Amazon was asked for';
COMMENT ON COLUMN amzsync.inbound_shipments.shipment_name IS 'ShipmentName';
COMMENT ON COLUMN amzsync.inbound_shipments.destination_fulfillment_center_id
    IS
    'DestinationFulfillmentCenterId';
COMMENT ON COLUMN amzsync.inbound_shipments.shipment_status IS
    'ShipmentStatus: WORKING, SHIPPED, RECEIVING, CLOSED, …';
COMMENT ON COLUMN amzsync.inbound_shipments.label_prep_type IS 'LabelPrepType';
COMMENT ON COLUMN amzsync.inbound_shipments.are_cases_required IS
    'AreCasesRequired';
COMMENT ON COLUMN amzsync.inbound_shipments.confirmed_need_by_date IS
    'ConfirmedNeedByDate, a day';
COMMENT ON COLUMN amzsync.inbound_shipments.box_contents_source IS
    'BoxContentsSource';
COMMENT ON COLUMN amzsync.inbound_shipments.box_contents_total_units IS
    'EstimatedBoxContentsFee.TotalUnits';
COMMENT ON COLUMN amzsync.inbound_shipments.box_contents_fee_per_unit IS
    'EstimatedBoxContentsFee.FeePerUnit.Value, every digit';
COMMENT ON COLUMN amzsync.inbound_shipments.box_contents_fee_per_unit_currency
    IS
    'EstimatedBoxContentsFee.FeePerUnit.CurrencyCode';
COMMENT ON COLUMN amzsync.inbound_shipments.box_contents_total_fee IS
    'EstimatedBoxContentsFee.TotalFee.Value, every digit';
COMMENT ON COLUMN amzsync.inbound_shipments.box_contents_total_fee_currency IS
    'EstimatedBoxContentsFee.TotalFee.CurrencyCode';
COMMENT ON COLUMN amzsync.inbound_shipments.items_status IS
    'shipment_status when its items were read last; NULL: never';
COMMENT ON COLUMN amzsync.inbound_shipments.changed_from IS
    'values before the last write, of which changes has the history; NULL: '
    'that changed none';


CREATE TABLE amzsync.inbound_items (
    user_id                    text COLLATE "C" NOT NULL,
    selling_partner_id         text COLLATE "C" NOT NULL,
    region                     text COLLATE "C" NOT NULL,
    shipment_id                text COLLATE "C" NOT NULL,
    seller_sku                 text COLLATE "C" NOT NULL,
    fulfillment_network_sku    text COLLATE "C" NOT NULL,
    quantity_shipped           bigint,
    quantity_received          bigint,
    quantity_in_case           bigint,
    release_date               text,
    prep_details_list          jsonb,
    changed_from               jsonb,
    scan_sync_no               bigint NOT NULL,
    scan_page                  bigint NOT NULL,

    PRIMARY KEY (user_id, selling_partner_id, region, shipment_id, seller_sku,
                 fulfillment_network_sku)
) WITH (fillfactor = 70);

COMMENT ON TABLE amzsync.inbound_items IS
    'What a seller''s shipments hold, by seller SKU';
COMMENT ON COLUMN amzsync.inbound_items.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.inbound_items.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.inbound_items.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.inbound_items.shipment_id IS 'the shipment';
COMMENT ON COLUMN amzsync.inbound_items.seller_sku IS
    'SellerSKU; empty if Amazon has none';
COMMENT ON COLUMN amzsync.inbound_items.fulfillment_network_sku IS
    'FulfillmentNetworkSKU; empty if Amazon has none';
COMMENT ON COLUMN amzsync.inbound_items.quantity_shipped IS 'QuantityShipped';
COMMENT ON COLUMN amzsync.inbound_items.quantity_received IS 'QuantityReceived';
COMMENT ON COLUMN amzsync.inbound_items.quantity_in_case IS 'QuantityInCase';
COMMENT ON COLUMN amzsync.inbound_items.release_date IS 'ReleaseDate, a day';
COMMENT ON COLUMN amzsync.inbound_items.prep_details_list IS 'PrepDetailsList';
COMMENT ON COLUMN amzsync.inbound_items.changed_from IS
    'values before the last write, of which changes has the history; NULL: '
    'that changed none';
COMMENT ON COLUMN amzsync.inbound_items.scan_sync_no IS
    'the sync that saw the row last, and';
COMMENT ON COLUMN amzsync.inbound_items.scan_page IS
    'the step of it at which its scan began';


-- A row a change, written with the page that brought it.  Tables whose changes
-- are logged have the column changed_from, for the statement's own use.

ALTER TABLE amzsync.financial_transactions ADD changed_from jsonb;

COMMENT ON COLUMN amzsync.financial_transactions.changed_from IS
    'values before the last write, of which changes has the history; NULL: '
    'that changed none';


CREATE TABLE amzsync.changes (
    user_id               text COLLATE "C" NOT NULL,
    selling_partner_id    text COLLATE "C" NOT NULL,
    region                text COLLATE "C" NOT NULL,
    dataset               text COLLATE "C" NOT NULL,
    key                   jsonb NOT NULL,
    column_name           text COLLATE "C" NOT NULL,
    old_value             text,
    new_value             text,
    changed_at            timestamptz NOT NULL DEFAULT now(),
    sync_no               bigint NOT NULL,
    page                  bigint NOT NULL,

    PRIMARY KEY (user_id, selling_partner_id, region, dataset, key,
                 column_name, sync_no, page)
);

CREATE INDEX changes_changed_at ON amzsync.changes (user_id, changed_at);

COMMENT ON TABLE amzsync.changes IS
    'Changes of values whose history is of interest: of shipment_status, '
    'quantity_received and transaction_status. A value that is seen for the '
    'first time is no change';
COMMENT ON COLUMN amzsync.changes.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.changes.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.changes.region IS 'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.changes.dataset IS
    'name, which is that of the table, too';
COMMENT ON COLUMN amzsync.changes.key IS
    'the rest of the key of its row, by column';
COMMENT ON COLUMN amzsync.changes.column_name IS 'the column';
COMMENT ON COLUMN amzsync.changes.old_value IS
    'its value before, as text; NULL if it had none';
COMMENT ON COLUMN amzsync.changes.new_value IS 'its value after';
COMMENT ON COLUMN amzsync.changes.changed_at IS 'when the change was stored';
COMMENT ON COLUMN amzsync.changes.sync_no IS 'the sync that brought it, and';
COMMENT ON COLUMN amzsync.changes.page IS 'the step of it';


GRANT SELECT, INSERT, UPDATE ON amzsync.inbound_shipments TO amzsync_nginx;
GRANT SELECT, INSERT, UPDATE, DELETE ON amzsync.inbound_items TO amzsync_nginx;
GRANT INSERT ON amzsync.changes TO amzsync_nginx;
