-- Reports: which windows of a seller's data have been read, by which report,
-- and the rows of those.
--
-- A report has no key that holds: its rows are kept as loads of a window.  One
-- that is being loaded is seen by nobody; its last rows make it the window's,
-- in the same statement that ends the one before, whose rows are then deleted
-- in batches.  A load is named by the sync that made it and the step of its
-- dataset at which it began.

CREATE TABLE amzsync.coverage (
    user_id             text COLLATE "C" NOT NULL,
    selling_partner_id  text COLLATE "C" NOT NULL,
    region              text COLLATE "C" NOT NULL,
    dataset             text COLLATE "C" NOT NULL,
    load_sync_no        bigint NOT NULL,
    load_step           bigint NOT NULL,
    marketplace_ids     text[] NOT NULL,
    range_from          timestamptz NOT NULL,
    range_to            timestamptz NOT NULL,
    report_id           text,
    state               text NOT NULL CHECK (state IN
                            ('loading', 'done', 'empty', 'failed',
                             'replaced')),
    rows                bigint NOT NULL DEFAULT 0,
    updated_at          timestamptz NOT NULL DEFAULT now(),

    PRIMARY KEY (user_id, selling_partner_id, region, dataset, load_sync_no,
                 load_step)
);

COMMENT ON TABLE amzsync.coverage IS
    'Which windows of a seller''s data were read, by which report, and what '
    'came of it';
COMMENT ON COLUMN amzsync.coverage.user_id IS 'the application''s user';
COMMENT ON COLUMN amzsync.coverage.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.coverage.region IS 'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.coverage.dataset IS
    'name, such as customer_returns';
COMMENT ON COLUMN amzsync.coverage.load_sync_no IS
    'the sync that read it, and';
COMMENT ON COLUMN amzsync.coverage.load_step IS
    'the step of its dataset at which that began';
COMMENT ON COLUMN amzsync.coverage.marketplace_ids IS
    'marketplaces that were asked for';
COMMENT ON COLUMN amzsync.coverage.range_from IS 'begin of the window';
COMMENT ON COLUMN amzsync.coverage.range_to IS 'its end';
COMMENT ON COLUMN amzsync.coverage.report_id IS 'Amazon''s reportId';
COMMENT ON COLUMN amzsync.coverage.state IS
    'loading; done: its rows are the window''s; empty: Amazon cancelled the '
    'report, as it does when there are no data; failed: sync_datasets says '
    'why; replaced: by a newer load, its rows are being deleted';
COMMENT ON COLUMN amzsync.coverage.rows IS 'rows loaded';
COMMENT ON COLUMN amzsync.coverage.updated_at IS 'last change of this row';

GRANT SELECT, INSERT, UPDATE, DELETE ON amzsync.coverage TO amzsync_nginx;


-- GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA

CREATE TABLE amzsync.customer_returns_rows (
    user_id                text COLLATE "C" NOT NULL,
    selling_partner_id     text COLLATE "C" NOT NULL,
    region                 text COLLATE "C" NOT NULL,
    load_sync_no           bigint NOT NULL,
    load_step              bigint NOT NULL,
    line                   bigint NOT NULL,
    return_date            timestamptz,
    order_id               text,
    sku                    text,
    asin                   text,
    fnsku                  text,
    product_name           text,
    quantity               bigint,
    fulfillment_center_id  text,
    detailed_disposition   text,
    reason                 text,
    status                 text,
    license_plate_number   text,
    customer_comments      text,
    extra                  jsonb,

    PRIMARY KEY (user_id, selling_partner_id, region, load_sync_no, load_step,
                 line)
);

CREATE VIEW amzsync.customer_returns AS
SELECT r.user_id, r.selling_partner_id, r.region, r.return_date, r.order_id,
       r.sku, r.asin, r.fnsku, r.product_name, r.quantity,
       r.fulfillment_center_id, r.detailed_disposition, r.reason, r.status,
       r.license_plate_number, r.customer_comments, r.extra
  FROM amzsync.coverage c
  JOIN amzsync.customer_returns_rows r
 USING (user_id, selling_partner_id, region, load_sync_no, load_step)
 WHERE c.dataset = 'customer_returns' AND c.state = 'done';

COMMENT ON VIEW amzsync.customer_returns IS
    'What customers sent back to Amazon''s warehouses';
COMMENT ON TABLE amzsync.customer_returns_rows IS
    'The loads of customer_returns, also those that the view does not show';
COMMENT ON COLUMN amzsync.customer_returns_rows.user_id IS
    'the application''s user';
COMMENT ON COLUMN amzsync.customer_returns_rows.selling_partner_id IS
    'the seller';
COMMENT ON COLUMN amzsync.customer_returns_rows.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.customer_returns_rows.load_sync_no IS
    'the load, see coverage: the sync';
COMMENT ON COLUMN amzsync.customer_returns_rows.load_step IS
    'and the step at which it began';
COMMENT ON COLUMN amzsync.customer_returns_rows.line IS
    'number of the row in the report, from 1';
COMMENT ON COLUMN amzsync.customer_returns_rows.return_date IS 'return-date';
COMMENT ON COLUMN amzsync.customer_returns_rows.order_id IS 'order-id';
COMMENT ON COLUMN amzsync.customer_returns_rows.sku IS 'sku';
COMMENT ON COLUMN amzsync.customer_returns_rows.asin IS 'asin';
COMMENT ON COLUMN amzsync.customer_returns_rows.fnsku IS 'fnsku';
COMMENT ON COLUMN amzsync.customer_returns_rows.product_name IS 'product-name';
COMMENT ON COLUMN amzsync.customer_returns_rows.quantity IS 'quantity';
COMMENT ON COLUMN amzsync.customer_returns_rows.fulfillment_center_id IS
    'fulfillment-center-id';
COMMENT ON COLUMN amzsync.customer_returns_rows.detailed_disposition IS
    'detailed-disposition';
COMMENT ON COLUMN amzsync.customer_returns_rows.reason IS 'reason';
COMMENT ON COLUMN amzsync.customer_returns_rows.status IS 'status';
COMMENT ON COLUMN amzsync.customer_returns_rows.license_plate_number IS
    'license-plate-number';
COMMENT ON COLUMN amzsync.customer_returns_rows.customer_comments IS
    'customer-comments';
COMMENT ON COLUMN amzsync.customer_returns_rows.extra IS
    'fields of other names, and what has not the form of its column';

GRANT SELECT, INSERT, DELETE ON amzsync.customer_returns_rows TO amzsync_nginx;


-- GET_FBA_REIMBURSEMENTS_DATA

CREATE TABLE amzsync.reimbursements_rows (
    user_id                        text COLLATE "C" NOT NULL,
    selling_partner_id             text COLLATE "C" NOT NULL,
    region                         text COLLATE "C" NOT NULL,
    load_sync_no                   bigint NOT NULL,
    load_step                      bigint NOT NULL,
    line                           bigint NOT NULL,
    approval_date                  timestamptz,
    reimbursement_id               text,
    case_id                        text,
    amazon_order_id                text,
    reason                         text,
    sku                            text,
    fnsku                          text,
    asin                           text,
    product_name                   text,
    condition                      text,
    currency_unit                  text,
    amount_per_unit                numeric,
    amount_total                   numeric,
    quantity_reimbursed_cash       bigint,
    quantity_reimbursed_inventory  bigint,
    quantity_reimbursed_total      bigint,
    original_reimbursement_id      text,
    original_reimbursement_type    text,
    extra                          jsonb,

    PRIMARY KEY (user_id, selling_partner_id, region, load_sync_no, load_step,
                 line)
);

CREATE VIEW amzsync.reimbursements AS
SELECT r.user_id, r.selling_partner_id, r.region, r.approval_date,
       r.reimbursement_id, r.case_id, r.amazon_order_id, r.reason, r.sku,
       r.fnsku, r.asin, r.product_name, r.condition, r.currency_unit,
       r.amount_per_unit, r.amount_total, r.quantity_reimbursed_cash,
       r.quantity_reimbursed_inventory, r.quantity_reimbursed_total,
       r.original_reimbursement_id, r.original_reimbursement_type, r.extra
  FROM amzsync.coverage c
  JOIN amzsync.reimbursements_rows r
 USING (user_id, selling_partner_id, region, load_sync_no, load_step)
 WHERE c.dataset = 'reimbursements' AND c.state = 'done';

COMMENT ON VIEW amzsync.reimbursements IS
    'What Amazon paid for goods that it lost or damaged';
COMMENT ON TABLE amzsync.reimbursements_rows IS
    'The loads of reimbursements, also those that the view does not show';
COMMENT ON COLUMN amzsync.reimbursements_rows.user_id IS
    'the application''s user';
COMMENT ON COLUMN amzsync.reimbursements_rows.selling_partner_id IS
    'the seller';
COMMENT ON COLUMN amzsync.reimbursements_rows.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.reimbursements_rows.load_sync_no IS
    'the load, see coverage: the sync';
COMMENT ON COLUMN amzsync.reimbursements_rows.load_step IS
    'and the step at which it began';
COMMENT ON COLUMN amzsync.reimbursements_rows.line IS
    'number of the row in the report, from 1';
COMMENT ON COLUMN amzsync.reimbursements_rows.approval_date IS 'approval-date';
COMMENT ON COLUMN amzsync.reimbursements_rows.reimbursement_id IS
    'reimbursement-id';
COMMENT ON COLUMN amzsync.reimbursements_rows.case_id IS 'case-id';
COMMENT ON COLUMN amzsync.reimbursements_rows.amazon_order_id IS
    'amazon-order-id';
COMMENT ON COLUMN amzsync.reimbursements_rows.reason IS 'reason';
COMMENT ON COLUMN amzsync.reimbursements_rows.sku IS 'sku';
COMMENT ON COLUMN amzsync.reimbursements_rows.fnsku IS 'fnsku';
COMMENT ON COLUMN amzsync.reimbursements_rows.asin IS 'asin';
COMMENT ON COLUMN amzsync.reimbursements_rows.product_name IS 'product-name';
COMMENT ON COLUMN amzsync.reimbursements_rows.condition IS 'condition';
COMMENT ON COLUMN amzsync.reimbursements_rows.currency_unit IS 'currency-unit';
COMMENT ON COLUMN amzsync.reimbursements_rows.amount_per_unit IS
    'amount-per-unit';
COMMENT ON COLUMN amzsync.reimbursements_rows.amount_total IS 'amount-total';
COMMENT ON COLUMN amzsync.reimbursements_rows.quantity_reimbursed_cash IS
    'quantity-reimbursed-cash';
COMMENT ON COLUMN amzsync.reimbursements_rows.quantity_reimbursed_inventory IS
    'quantity-reimbursed-inventory';
COMMENT ON COLUMN amzsync.reimbursements_rows.quantity_reimbursed_total IS
    'quantity-reimbursed-total';
COMMENT ON COLUMN amzsync.reimbursements_rows.original_reimbursement_id IS
    'original-reimbursement-id';
COMMENT ON COLUMN amzsync.reimbursements_rows.original_reimbursement_type IS
    'original-reimbursement-type';
COMMENT ON COLUMN amzsync.reimbursements_rows.extra IS
    'fields of other names, and what has not the form of its column';

GRANT SELECT, INSERT, DELETE ON amzsync.reimbursements_rows TO amzsync_nginx;


-- GET_LEDGER_DETAIL_VIEW_DATA

CREATE TABLE amzsync.ledger_detail_rows (
    user_id                text COLLATE "C" NOT NULL,
    selling_partner_id     text COLLATE "C" NOT NULL,
    region                 text COLLATE "C" NOT NULL,
    load_sync_no           bigint NOT NULL,
    load_step              bigint NOT NULL,
    line                   bigint NOT NULL,
    date                   date,
    fnsku                  text,
    asin                   text,
    msku                   text,
    title                  text,
    event_type             text,
    reference_id           text,
    quantity               bigint,
    fulfillment_center     text,
    disposition            text,
    reason                 text,
    country                text,
    reconciled_quantity    bigint,
    unreconciled_quantity  bigint,
    date_and_time          timestamptz,
    store                  text,
    extra                  jsonb,

    PRIMARY KEY (user_id, selling_partner_id, region, load_sync_no, load_step,
                 line)
);

CREATE VIEW amzsync.ledger_detail AS
SELECT r.user_id, r.selling_partner_id, r.region, r.date, r.fnsku, r.asin,
       r.msku, r.title, r.event_type, r.reference_id, r.quantity,
       r.fulfillment_center, r.disposition, r.reason, r.country,
       r.reconciled_quantity, r.unreconciled_quantity, r.date_and_time,
       r.store, r.extra
  FROM amzsync.coverage c
  JOIN amzsync.ledger_detail_rows r
 USING (user_id, selling_partner_id, region, load_sync_no, load_step)
 WHERE c.dataset = 'ledger_detail' AND c.state = 'done';

COMMENT ON VIEW amzsync.ledger_detail IS
    'The inventory ledger: each event that changed what is in the warehouses';
COMMENT ON TABLE amzsync.ledger_detail_rows IS
    'The loads of ledger_detail, also those that the view does not show';
COMMENT ON COLUMN amzsync.ledger_detail_rows.user_id IS
    'the application''s user';
COMMENT ON COLUMN amzsync.ledger_detail_rows.selling_partner_id IS
    'the seller';
COMMENT ON COLUMN amzsync.ledger_detail_rows.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.ledger_detail_rows.load_sync_no IS
    'the load, see coverage: the sync';
COMMENT ON COLUMN amzsync.ledger_detail_rows.load_step IS
    'and the step at which it began';
COMMENT ON COLUMN amzsync.ledger_detail_rows.line IS
    'number of the row in the report, from 1';
COMMENT ON COLUMN amzsync.ledger_detail_rows.date IS 'Date';
COMMENT ON COLUMN amzsync.ledger_detail_rows.fnsku IS 'FNSKU';
COMMENT ON COLUMN amzsync.ledger_detail_rows.asin IS 'ASIN';
COMMENT ON COLUMN amzsync.ledger_detail_rows.msku IS 'MSKU';
COMMENT ON COLUMN amzsync.ledger_detail_rows.title IS 'Title';
COMMENT ON COLUMN amzsync.ledger_detail_rows.event_type IS 'Event Type';
COMMENT ON COLUMN amzsync.ledger_detail_rows.reference_id IS 'Reference ID';
COMMENT ON COLUMN amzsync.ledger_detail_rows.quantity IS 'Quantity';
COMMENT ON COLUMN amzsync.ledger_detail_rows.fulfillment_center IS
    'Fulfillment Center';
COMMENT ON COLUMN amzsync.ledger_detail_rows.disposition IS 'Disposition';
COMMENT ON COLUMN amzsync.ledger_detail_rows.reason IS 'Reason';
COMMENT ON COLUMN amzsync.ledger_detail_rows.country IS 'Country';
COMMENT ON COLUMN amzsync.ledger_detail_rows.reconciled_quantity IS
    'Reconciled Quantity';
COMMENT ON COLUMN amzsync.ledger_detail_rows.unreconciled_quantity IS
    'Unreconciled Quantity';
COMMENT ON COLUMN amzsync.ledger_detail_rows.date_and_time IS 'Date and Time';
COMMENT ON COLUMN amzsync.ledger_detail_rows.store IS 'Store';
COMMENT ON COLUMN amzsync.ledger_detail_rows.extra IS
    'fields of other names, and what has not the form of its column';

GRANT SELECT, INSERT, DELETE ON amzsync.ledger_detail_rows TO amzsync_nginx;


-- GET_LEDGER_SUMMARY_VIEW_DATA

CREATE TABLE amzsync.ledger_summary_rows (
    user_id                        text COLLATE "C" NOT NULL,
    selling_partner_id             text COLLATE "C" NOT NULL,
    region                         text COLLATE "C" NOT NULL,
    load_sync_no                   bigint NOT NULL,
    load_step                      bigint NOT NULL,
    line                           bigint NOT NULL,
    date                           date,
    fnsku                          text,
    asin                           text,
    msku                           text,
    title                          text,
    disposition                    text,
    starting_warehouse_balance     bigint,
    in_transit_between_warehouses  bigint,
    receipts                       bigint,
    customer_shipments             bigint,
    customer_returns               bigint,
    vendor_returns                 bigint,
    warehouse_transfer_in_out      bigint,
    found                          bigint,
    lost                           bigint,
    damaged                        bigint,
    disposed                       bigint,
    other_events                   bigint,
    ending_warehouse_balance       bigint,
    unknown_events                 bigint,
    location                       text,
    store                          text,
    extra                          jsonb,

    PRIMARY KEY (user_id, selling_partner_id, region, load_sync_no, load_step,
                 line)
);

CREATE VIEW amzsync.ledger_summary AS
SELECT r.user_id, r.selling_partner_id, r.region, r.date, r.fnsku, r.asin,
       r.msku, r.title, r.disposition, r.starting_warehouse_balance,
       r.in_transit_between_warehouses, r.receipts, r.customer_shipments,
       r.customer_returns, r.vendor_returns, r.warehouse_transfer_in_out,
       r.found, r.lost, r.damaged, r.disposed, r.other_events,
       r.ending_warehouse_balance, r.unknown_events, r.location, r.store,
       r.extra
  FROM amzsync.coverage c
  JOIN amzsync.ledger_summary_rows r
 USING (user_id, selling_partner_id, region, load_sync_no, load_step)
 WHERE c.dataset = 'ledger_summary' AND c.state = 'done';

COMMENT ON VIEW amzsync.ledger_summary IS
    'The inventory ledger, a day a line: what was there, came and went';
COMMENT ON TABLE amzsync.ledger_summary_rows IS
    'The loads of ledger_summary, also those that the view does not show';
COMMENT ON COLUMN amzsync.ledger_summary_rows.user_id IS
    'the application''s user';
COMMENT ON COLUMN amzsync.ledger_summary_rows.selling_partner_id IS
    'the seller';
COMMENT ON COLUMN amzsync.ledger_summary_rows.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.ledger_summary_rows.load_sync_no IS
    'the load, see coverage: the sync';
COMMENT ON COLUMN amzsync.ledger_summary_rows.load_step IS
    'and the step at which it began';
COMMENT ON COLUMN amzsync.ledger_summary_rows.line IS
    'number of the row in the report, from 1';
COMMENT ON COLUMN amzsync.ledger_summary_rows.date IS 'Date';
COMMENT ON COLUMN amzsync.ledger_summary_rows.fnsku IS 'FNSKU';
COMMENT ON COLUMN amzsync.ledger_summary_rows.asin IS 'ASIN';
COMMENT ON COLUMN amzsync.ledger_summary_rows.msku IS 'MSKU';
COMMENT ON COLUMN amzsync.ledger_summary_rows.title IS 'Title';
COMMENT ON COLUMN amzsync.ledger_summary_rows.disposition IS 'Disposition';
COMMENT ON COLUMN amzsync.ledger_summary_rows.starting_warehouse_balance IS
    'Starting Warehouse Balance';
COMMENT ON COLUMN amzsync.ledger_summary_rows.in_transit_between_warehouses IS
    'In Transit Between Warehouses';
COMMENT ON COLUMN amzsync.ledger_summary_rows.receipts IS 'Receipts';
COMMENT ON COLUMN amzsync.ledger_summary_rows.customer_shipments IS
    'Customer Shipments';
COMMENT ON COLUMN amzsync.ledger_summary_rows.customer_returns IS
    'Customer Returns';
COMMENT ON COLUMN amzsync.ledger_summary_rows.vendor_returns IS
    'Vendor Returns';
COMMENT ON COLUMN amzsync.ledger_summary_rows.warehouse_transfer_in_out IS
    'Warehouse Transfer In/Out';
COMMENT ON COLUMN amzsync.ledger_summary_rows.found IS 'Found';
COMMENT ON COLUMN amzsync.ledger_summary_rows.lost IS 'Lost';
COMMENT ON COLUMN amzsync.ledger_summary_rows.damaged IS 'Damaged';
COMMENT ON COLUMN amzsync.ledger_summary_rows.disposed IS 'Disposed';
COMMENT ON COLUMN amzsync.ledger_summary_rows.other_events IS 'Other Events';
COMMENT ON COLUMN amzsync.ledger_summary_rows.ending_warehouse_balance IS
    'Ending Warehouse Balance';
COMMENT ON COLUMN amzsync.ledger_summary_rows.unknown_events IS
    'Unknown Events';
COMMENT ON COLUMN amzsync.ledger_summary_rows.location IS 'Location';
COMMENT ON COLUMN amzsync.ledger_summary_rows.store IS 'Store';
COMMENT ON COLUMN amzsync.ledger_summary_rows.extra IS
    'fields of other names, and what has not the form of its column';

GRANT SELECT, INSERT, DELETE ON amzsync.ledger_summary_rows TO amzsync_nginx;


-- GET_FBA_FULFILLMENT_REMOVAL_ORDER_DETAIL_DATA

CREATE TABLE amzsync.removal_orders_rows (
    user_id              text COLLATE "C" NOT NULL,
    selling_partner_id   text COLLATE "C" NOT NULL,
    region               text COLLATE "C" NOT NULL,
    load_sync_no         bigint NOT NULL,
    load_step            bigint NOT NULL,
    line                 bigint NOT NULL,
    request_date         timestamptz,
    order_id             text,
    order_type           text,
    service_speed        text,
    order_status         text,
    last_updated_date    timestamptz,
    sku                  text,
    fnsku                text,
    disposition          text,
    requested_quantity   bigint,
    cancelled_quantity   bigint,
    disposed_quantity    bigint,
    shipped_quantity     bigint,
    in_process_quantity  bigint,
    removal_fee          numeric,
    currency             text,
    extra                jsonb,

    PRIMARY KEY (user_id, selling_partner_id, region, load_sync_no, load_step,
                 line)
);

-- An order whose line has changed stands in a later window; until the earlier
-- one is read again it is there, too.

CREATE VIEW amzsync.removal_orders AS
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

COMMENT ON VIEW amzsync.removal_orders IS
    'Orders to send goods back from the warehouses, or to dispose of them';
COMMENT ON TABLE amzsync.removal_orders_rows IS
    'The loads of removal_orders, also those that the view does not show';
COMMENT ON COLUMN amzsync.removal_orders_rows.user_id IS
    'the application''s user';
COMMENT ON COLUMN amzsync.removal_orders_rows.selling_partner_id IS
    'the seller';
COMMENT ON COLUMN amzsync.removal_orders_rows.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.removal_orders_rows.load_sync_no IS
    'the load, see coverage: the sync';
COMMENT ON COLUMN amzsync.removal_orders_rows.load_step IS
    'and the step at which it began';
COMMENT ON COLUMN amzsync.removal_orders_rows.line IS
    'number of the row in the report, from 1';
COMMENT ON COLUMN amzsync.removal_orders_rows.request_date IS 'request-date';
COMMENT ON COLUMN amzsync.removal_orders_rows.order_id IS 'order-id';
COMMENT ON COLUMN amzsync.removal_orders_rows.order_type IS 'order-type';
COMMENT ON COLUMN amzsync.removal_orders_rows.service_speed IS 'service-speed';
COMMENT ON COLUMN amzsync.removal_orders_rows.order_status IS 'order-status';
COMMENT ON COLUMN amzsync.removal_orders_rows.last_updated_date IS
    'last-updated-date';
COMMENT ON COLUMN amzsync.removal_orders_rows.sku IS 'sku';
COMMENT ON COLUMN amzsync.removal_orders_rows.fnsku IS 'fnsku';
COMMENT ON COLUMN amzsync.removal_orders_rows.disposition IS 'disposition';
COMMENT ON COLUMN amzsync.removal_orders_rows.requested_quantity IS
    'requested-quantity';
COMMENT ON COLUMN amzsync.removal_orders_rows.cancelled_quantity IS
    'cancelled-quantity';
COMMENT ON COLUMN amzsync.removal_orders_rows.disposed_quantity IS
    'disposed-quantity';
COMMENT ON COLUMN amzsync.removal_orders_rows.shipped_quantity IS
    'shipped-quantity';
COMMENT ON COLUMN amzsync.removal_orders_rows.in_process_quantity IS
    'in-process-quantity';
COMMENT ON COLUMN amzsync.removal_orders_rows.removal_fee IS 'removal-fee';
COMMENT ON COLUMN amzsync.removal_orders_rows.currency IS 'currency';
COMMENT ON COLUMN amzsync.removal_orders_rows.extra IS
    'fields of other names, and what has not the form of its column';

GRANT SELECT, INSERT, DELETE ON amzsync.removal_orders_rows TO amzsync_nginx;


-- GET_FBA_FULFILLMENT_REMOVAL_SHIPMENT_DETAIL_DATA

CREATE TABLE amzsync.removal_shipments_rows (
    user_id             text COLLATE "C" NOT NULL,
    selling_partner_id  text COLLATE "C" NOT NULL,
    region              text COLLATE "C" NOT NULL,
    load_sync_no        bigint NOT NULL,
    load_step           bigint NOT NULL,
    line                bigint NOT NULL,
    request_date        timestamptz,
    order_id            text,
    shipment_date       timestamptz,
    sku                 text,
    fnsku               text,
    disposition         text,
    shipped_quantity    bigint,
    carrier             text,
    tracking_number     text,
    removal_order_type  text,
    extra               jsonb,

    PRIMARY KEY (user_id, selling_partner_id, region, load_sync_no, load_step,
                 line)
);

CREATE VIEW amzsync.removal_shipments AS
SELECT r.user_id, r.selling_partner_id, r.region, r.request_date, r.order_id,
       r.shipment_date, r.sku, r.fnsku, r.disposition, r.shipped_quantity,
       r.carrier, r.tracking_number, r.removal_order_type, r.extra
  FROM amzsync.coverage c
  JOIN amzsync.removal_shipments_rows r
 USING (user_id, selling_partner_id, region, load_sync_no, load_step)
 WHERE c.dataset = 'removal_shipments' AND c.state = 'done';

COMMENT ON VIEW amzsync.removal_shipments IS
    'What left Amazon''s warehouses by removal orders';
COMMENT ON TABLE amzsync.removal_shipments_rows IS
    'The loads of removal_shipments, also those that the view does not show';
COMMENT ON COLUMN amzsync.removal_shipments_rows.user_id IS
    'the application''s user';
COMMENT ON COLUMN amzsync.removal_shipments_rows.selling_partner_id IS
    'the seller';
COMMENT ON COLUMN amzsync.removal_shipments_rows.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.removal_shipments_rows.load_sync_no IS
    'the load, see coverage: the sync';
COMMENT ON COLUMN amzsync.removal_shipments_rows.load_step IS
    'and the step at which it began';
COMMENT ON COLUMN amzsync.removal_shipments_rows.line IS
    'number of the row in the report, from 1';
COMMENT ON COLUMN amzsync.removal_shipments_rows.request_date IS
    'request-date';
COMMENT ON COLUMN amzsync.removal_shipments_rows.order_id IS 'order-id';
COMMENT ON COLUMN amzsync.removal_shipments_rows.shipment_date IS
    'shipment-date';
COMMENT ON COLUMN amzsync.removal_shipments_rows.sku IS 'sku';
COMMENT ON COLUMN amzsync.removal_shipments_rows.fnsku IS 'fnsku';
COMMENT ON COLUMN amzsync.removal_shipments_rows.disposition IS 'disposition';
COMMENT ON COLUMN amzsync.removal_shipments_rows.shipped_quantity IS
    'shipped-quantity';
COMMENT ON COLUMN amzsync.removal_shipments_rows.carrier IS 'carrier';
COMMENT ON COLUMN amzsync.removal_shipments_rows.tracking_number IS
    'tracking-number';
COMMENT ON COLUMN amzsync.removal_shipments_rows.removal_order_type IS
    'removal-order-type';
COMMENT ON COLUMN amzsync.removal_shipments_rows.extra IS
    'fields of other names, and what has not the form of its column';

GRANT SELECT, INSERT, DELETE ON amzsync.removal_shipments_rows TO amzsync_nginx;


-- GET_FBA_FULFILLMENT_CUSTOMER_SHIPMENT_REPLACEMENT_DATA

CREATE TABLE amzsync.replacements_rows (
    user_id                         text COLLATE "C" NOT NULL,
    selling_partner_id              text COLLATE "C" NOT NULL,
    region                          text COLLATE "C" NOT NULL,
    load_sync_no                    bigint NOT NULL,
    load_step                       bigint NOT NULL,
    line                            bigint NOT NULL,
    shipment_date                   timestamptz,
    sku                             text,
    asin                            text,
    fulfillment_center_id           text,
    original_fulfillment_center_id  text,
    quantity                        bigint,
    replacement_reason_code         text,
    replacement_amazon_order_id     text,
    original_amazon_order_id        text,
    extra                           jsonb,

    PRIMARY KEY (user_id, selling_partner_id, region, load_sync_no, load_step,
                 line)
);

CREATE VIEW amzsync.replacements AS
SELECT r.user_id, r.selling_partner_id, r.region, r.shipment_date, r.sku,
       r.asin, r.fulfillment_center_id, r.original_fulfillment_center_id,
       r.quantity, r.replacement_reason_code, r.replacement_amazon_order_id,
       r.original_amazon_order_id, r.extra
  FROM amzsync.coverage c
  JOIN amzsync.replacements_rows r
 USING (user_id, selling_partner_id, region, load_sync_no, load_step)
 WHERE c.dataset = 'replacements' AND c.state = 'done';

COMMENT ON VIEW amzsync.replacements IS
    'What was sent to customers in place of something else';
COMMENT ON TABLE amzsync.replacements_rows IS
    'The loads of replacements, also those that the view does not show';
COMMENT ON COLUMN amzsync.replacements_rows.user_id IS
    'the application''s user';
COMMENT ON COLUMN amzsync.replacements_rows.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.replacements_rows.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.replacements_rows.load_sync_no IS
    'the load, see coverage: the sync';
COMMENT ON COLUMN amzsync.replacements_rows.load_step IS
    'and the step at which it began';
COMMENT ON COLUMN amzsync.replacements_rows.line IS
    'number of the row in the report, from 1';
COMMENT ON COLUMN amzsync.replacements_rows.shipment_date IS 'shipment-date';
COMMENT ON COLUMN amzsync.replacements_rows.sku IS 'sku';
COMMENT ON COLUMN amzsync.replacements_rows.asin IS 'asin';
COMMENT ON COLUMN amzsync.replacements_rows.fulfillment_center_id IS
    'fulfillment-center-id';
COMMENT ON COLUMN amzsync.replacements_rows.original_fulfillment_center_id IS
    'original-fulfillment-center-id';
COMMENT ON COLUMN amzsync.replacements_rows.quantity IS 'quantity';
COMMENT ON COLUMN amzsync.replacements_rows.replacement_reason_code IS
    'replacement-reason-code';
COMMENT ON COLUMN amzsync.replacements_rows.replacement_amazon_order_id IS
    'replacement-amazon-order-id';
COMMENT ON COLUMN amzsync.replacements_rows.original_amazon_order_id IS
    'original-amazon-order-id';
COMMENT ON COLUMN amzsync.replacements_rows.extra IS
    'fields of other names, and what has not the form of its column';

GRANT SELECT, INSERT, DELETE ON amzsync.replacements_rows TO amzsync_nginx;


-- GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2

CREATE TABLE amzsync.settlements_rows (
    user_id                      text COLLATE "C" NOT NULL,
    selling_partner_id           text COLLATE "C" NOT NULL,
    region                       text COLLATE "C" NOT NULL,
    load_sync_no                 bigint NOT NULL,
    load_step                    bigint NOT NULL,
    line                         bigint NOT NULL,
    settlement_id                text,
    settlement_start_date        timestamptz,
    settlement_end_date          timestamptz,
    deposit_date                 timestamptz,
    total_amount                 numeric,
    currency                     text,
    transaction_type             text,
    order_id                     text,
    merchant_order_id            text,
    adjustment_id                text,
    shipment_id                  text,
    marketplace_name             text,
    amount_type                  text,
    amount_description           text,
    amount                       numeric,
    fulfillment_id               text,
    posted_date                  date,
    posted_date_time             timestamptz,
    order_item_code              text,
    merchant_order_item_id       text,
    merchant_adjustment_item_id  text,
    sku                          text,
    quantity_purchased           bigint,
    extra                        jsonb,

    PRIMARY KEY (user_id, selling_partner_id, region, load_sync_no, load_step,
                 line)
);

CREATE VIEW amzsync.settlements AS
SELECT r.user_id, r.selling_partner_id, r.region, r.settlement_id,
       r.settlement_start_date, r.settlement_end_date, r.deposit_date,
       r.total_amount, r.currency, r.transaction_type, r.order_id,
       r.merchant_order_id, r.adjustment_id, r.shipment_id, r.marketplace_name,
       r.amount_type, r.amount_description, r.amount, r.fulfillment_id,
       r.posted_date, r.posted_date_time, r.order_item_code,
       r.merchant_order_item_id, r.merchant_adjustment_item_id, r.sku,
       r.quantity_purchased, r.extra
  FROM amzsync.coverage c
  JOIN amzsync.settlements_rows r
 USING (user_id, selling_partner_id, region, load_sync_no, load_step)
 WHERE c.dataset = 'settlements' AND c.state = 'done';

COMMENT ON VIEW amzsync.settlements IS
    'What Amazon has settled with the seller, line by line';
COMMENT ON TABLE amzsync.settlements_rows IS
    'The loads of settlements, also those that the view does not show';
COMMENT ON COLUMN amzsync.settlements_rows.user_id IS
    'the application''s user';
COMMENT ON COLUMN amzsync.settlements_rows.selling_partner_id IS 'the seller';
COMMENT ON COLUMN amzsync.settlements_rows.region IS
    'region of SP-API: na, eu or fe';
COMMENT ON COLUMN amzsync.settlements_rows.load_sync_no IS
    'the load, see coverage: the sync';
COMMENT ON COLUMN amzsync.settlements_rows.load_step IS
    'and the step at which it began';
COMMENT ON COLUMN amzsync.settlements_rows.line IS
    'number of the row in the report, from 1';
COMMENT ON COLUMN amzsync.settlements_rows.settlement_id IS 'settlement-id';
COMMENT ON COLUMN amzsync.settlements_rows.settlement_start_date IS
    'settlement-start-date';
COMMENT ON COLUMN amzsync.settlements_rows.settlement_end_date IS
    'settlement-end-date';
COMMENT ON COLUMN amzsync.settlements_rows.deposit_date IS 'deposit-date';
COMMENT ON COLUMN amzsync.settlements_rows.total_amount IS 'total-amount';
COMMENT ON COLUMN amzsync.settlements_rows.currency IS 'currency';
COMMENT ON COLUMN amzsync.settlements_rows.transaction_type IS
    'transaction-type';
COMMENT ON COLUMN amzsync.settlements_rows.order_id IS 'order-id';
COMMENT ON COLUMN amzsync.settlements_rows.merchant_order_id IS
    'merchant-order-id';
COMMENT ON COLUMN amzsync.settlements_rows.adjustment_id IS 'adjustment-id';
COMMENT ON COLUMN amzsync.settlements_rows.shipment_id IS 'shipment-id';
COMMENT ON COLUMN amzsync.settlements_rows.marketplace_name IS
    'marketplace-name';
COMMENT ON COLUMN amzsync.settlements_rows.amount_type IS 'amount-type';
COMMENT ON COLUMN amzsync.settlements_rows.amount_description IS
    'amount-description';
COMMENT ON COLUMN amzsync.settlements_rows.amount IS 'amount';
COMMENT ON COLUMN amzsync.settlements_rows.fulfillment_id IS 'fulfillment-id';
COMMENT ON COLUMN amzsync.settlements_rows.posted_date IS 'posted-date';
COMMENT ON COLUMN amzsync.settlements_rows.posted_date_time IS
    'posted-date-time';
COMMENT ON COLUMN amzsync.settlements_rows.order_item_code IS
    'order-item-code';
COMMENT ON COLUMN amzsync.settlements_rows.merchant_order_item_id IS
    'merchant-order-item-id';
COMMENT ON COLUMN amzsync.settlements_rows.merchant_adjustment_item_id IS
    'merchant-adjustment-item-id';
COMMENT ON COLUMN amzsync.settlements_rows.sku IS 'sku';
COMMENT ON COLUMN amzsync.settlements_rows.quantity_purchased IS
    'quantity-purchased';
COMMENT ON COLUMN amzsync.settlements_rows.extra IS
    'fields of other names, and what has not the form of its column';

GRANT SELECT, INSERT, DELETE ON amzsync.settlements_rows TO amzsync_nginx;
