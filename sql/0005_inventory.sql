-- Inventory: getInventorySummaries of the FBA Inventory API.
--
-- Each sync marks every row that it sees: room in the pages keeps these updates
-- heap-only.

CREATE TABLE amzsync.inventory (
    user_id                                       text COLLATE "C" NOT NULL,
    selling_partner_id                            text COLLATE "C" NOT NULL,
    region                                        text COLLATE "C" NOT NULL,
    marketplace_id                                text COLLATE "C" NOT NULL,
    seller_sku                                    text COLLATE "C" NOT NULL,
    fn_sku                                        text COLLATE "C" NOT NULL,
    condition                                     text COLLATE "C" NOT NULL,
    asin                                          text,
    product_name                                  text,
    last_updated_time                             timestamptz,
    total_quantity                                bigint,
    fulfillable_quantity                          bigint,
    inbound_working_quantity                      bigint,
    inbound_shipped_quantity                      bigint,
    inbound_receiving_quantity                    bigint,
    reserved_quantity                             bigint,
    reserved_customer_order_quantity              bigint,
    reserved_transshipment_quantity               bigint,
    reserved_fc_processing_quantity               bigint,
    researching_quantity                          bigint,
    researching_breakdown                         jsonb,
    unfulfillable_quantity                        bigint,
    unfulfillable_customer_damaged_quantity       bigint,
    unfulfillable_warehouse_damaged_quantity      bigint,
    unfulfillable_distributor_damaged_quantity    bigint,
    unfulfillable_carrier_damaged_quantity        bigint,
    unfulfillable_defective_quantity              bigint,
    unfulfillable_expired_quantity                bigint,
    stores                                        jsonb,
    scan_sync_no                                  bigint NOT NULL,
    scan_page                                     bigint NOT NULL,

    PRIMARY KEY (user_id, selling_partner_id, region, marketplace_id,
                 seller_sku, fn_sku, condition)
) WITH (fillfactor = 70);

COMMENT ON TABLE amzsync.inventory IS
    'A seller''s inventory in Amazon''s warehouses, a snapshot of each '
    'marketplace';
COMMENT ON COLUMN amzsync.inventory.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.inventory.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.inventory.region IS 'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.inventory.marketplace_id IS
    'the marketplace asked for';
COMMENT ON COLUMN amzsync.inventory.seller_sku IS
    'sellerSku; '''' if Amazon gives none';
COMMENT ON COLUMN amzsync.inventory.fn_sku IS 'fnSku, likewise';
COMMENT ON COLUMN amzsync.inventory.condition IS 'condition, likewise';
COMMENT ON COLUMN amzsync.inventory.asin IS 'asin';
COMMENT ON COLUMN amzsync.inventory.product_name IS 'productName';
COMMENT ON COLUMN amzsync.inventory.last_updated_time IS
    'lastUpdatedTime: the last change of a quantity';
COMMENT ON COLUMN amzsync.inventory.total_quantity IS 'totalQuantity';
COMMENT ON COLUMN amzsync.inventory.fulfillable_quantity IS
    'inventoryDetails.fulfillableQuantity';
COMMENT ON COLUMN amzsync.inventory.inbound_working_quantity IS
    'inventoryDetails.inboundWorkingQuantity';
COMMENT ON COLUMN amzsync.inventory.inbound_shipped_quantity IS
    'inventoryDetails.inboundShippedQuantity';
COMMENT ON COLUMN amzsync.inventory.inbound_receiving_quantity IS
    'inventoryDetails.inboundReceivingQuantity';
COMMENT ON COLUMN amzsync.inventory.reserved_quantity IS
    'reservedQuantity.totalReservedQuantity';
COMMENT ON COLUMN amzsync.inventory.reserved_customer_order_quantity IS
    'reservedQuantity.pendingCustomerOrderQuantity';
COMMENT ON COLUMN amzsync.inventory.reserved_transshipment_quantity IS
    'reservedQuantity.pendingTransshipmentQuantity';
COMMENT ON COLUMN amzsync.inventory.reserved_fc_processing_quantity IS
    'reservedQuantity.fcProcessingQuantity';
COMMENT ON COLUMN amzsync.inventory.researching_quantity IS
    'researchingQuantity.totalResearchingQuantity';
COMMENT ON COLUMN amzsync.inventory.researching_breakdown IS
    'researchingQuantity.researchingQuantityBreakdown';
COMMENT ON COLUMN amzsync.inventory.unfulfillable_quantity IS
    'unfulfillableQuantity.totalUnfulfillableQuantity';
COMMENT ON COLUMN amzsync.inventory.unfulfillable_customer_damaged_quantity IS
    'unfulfillableQuantity.customerDamagedQuantity';
COMMENT ON COLUMN amzsync.inventory.unfulfillable_warehouse_damaged_quantity IS
    'unfulfillableQuantity.warehouseDamagedQuantity';
COMMENT ON COLUMN
    amzsync.inventory.unfulfillable_distributor_damaged_quantity IS
    'unfulfillableQuantity.distributorDamagedQuantity';
COMMENT ON COLUMN amzsync.inventory.unfulfillable_carrier_damaged_quantity IS
    'unfulfillableQuantity.carrierDamagedQuantity';
COMMENT ON COLUMN amzsync.inventory.unfulfillable_defective_quantity IS
    'unfulfillableQuantity.defectiveQuantity';
COMMENT ON COLUMN amzsync.inventory.unfulfillable_expired_quantity IS
    'unfulfillableQuantity.expiredQuantity';
COMMENT ON COLUMN amzsync.inventory.stores IS 'stores';
COMMENT ON COLUMN amzsync.inventory.scan_sync_no IS
    'the sync that saw the row last, and';
COMMENT ON COLUMN amzsync.inventory.scan_page IS
    'the step of it at which its scan began';


GRANT SELECT, INSERT, UPDATE, DELETE ON amzsync.inventory TO amzsync_nginx;
