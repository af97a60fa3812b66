
/*
 * Shipments to Amazon's warehouses: getShipments of the Fulfillment Inbound
 * API v0, a marketplace a call.
 *
 * A change of status moves a shipment's last update.  The address that it is
 * sent from is personal data, and left out.
 */


#include <dataset/amzsync_dataset.h>


static const amzsync_column_t  amzsync_inbound_shipments_columns[] = {
    { "shipment_id", "ShipmentId",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_KEY },
    { "shipment_name", "ShipmentName",
      AMZSYNC_TEXT, 0 },
    { "destination_fulfillment_center_id", "DestinationFulfillmentCenterId",
      AMZSYNC_TEXT, 0 },
    { "shipment_status", "ShipmentStatus",
      AMZSYNC_TEXT, AMZSYNC_COLUMN_TRACKED },
    { "label_prep_type", "LabelPrepType",
      AMZSYNC_TEXT, 0 },
    { "are_cases_required", "AreCasesRequired",
      AMZSYNC_BOOLEAN, 0 },
    { "confirmed_need_by_date", "ConfirmedNeedByDate",
      AMZSYNC_TEXT, 0 },
    { "box_contents_source", "BoxContentsSource",
      AMZSYNC_TEXT, 0 },
    { "box_contents_total_units", "EstimatedBoxContentsFee.TotalUnits",
      AMZSYNC_BIGINT, 0 },
    { "box_contents_fee_per_unit", "EstimatedBoxContentsFee.FeePerUnit.Value",
      AMZSYNC_NUMERIC, 0 },
    { "box_contents_fee_per_unit_currency",
      "EstimatedBoxContentsFee.FeePerUnit.CurrencyCode",
      AMZSYNC_TEXT, 0 },
    { "box_contents_total_fee", "EstimatedBoxContentsFee.TotalFee.Value",
      AMZSYNC_NUMERIC, 0 },
    { "box_contents_total_fee_currency",
      "EstimatedBoxContentsFee.TotalFee.CurrencyCode",
      AMZSYNC_TEXT, 0 }
};


static const amzsync_rowset_t  amzsync_inbound_shipments_rows = {
    "inbound_shipments",
    "payload.ShipmentData",
    amzsync_inbound_shipments_columns,
    sizeof(amzsync_inbound_shipments_columns) / sizeof(amzsync_column_t),
    NULL
};


/* Without all of the statuses some shipments would be missing. */

static const amzsync_param_t  amzsync_inbound_shipments_params[] = {
    { "QueryType", AMZSYNC_PARAM_CONST|AMZSYNC_PARAM_FIRST, "DATE_RANGE" },
    { "QueryType", AMZSYNC_PARAM_CONST|AMZSYNC_PARAM_NEXT, "NEXT_TOKEN" },
    { "MarketplaceId", AMZSYNC_PARAM_MARKETPLACES, NULL },
    { "ShipmentStatusList", AMZSYNC_PARAM_CONST|AMZSYNC_PARAM_FIRST,
      "WORKING,READY_TO_SHIP,SHIPPED,RECEIVING,CANCELLED,DELETED,CLOSED,"
      "ERROR,IN_TRANSIT,DELIVERED,CHECKED_IN" },
    { "LastUpdatedAfter", AMZSYNC_PARAM_FROM|AMZSYNC_PARAM_FIRST, NULL },
    { "LastUpdatedBefore", AMZSYNC_PARAM_TO|AMZSYNC_PARAM_FIRST, NULL },
    { "NextToken", AMZSYNC_PARAM_TOKEN, NULL }
};


const amzsync_dataset_t  amzsync_dataset_inbound_shipments = {
    "inbound_shipments",
    "Fetching inbound shipments",
    AMZSYNC_GET_SHIPMENTS,
    "/fba/inbound/v0/shipments",
    amzsync_inbound_shipments_params,
    sizeof(amzsync_inbound_shipments_params) / sizeof(amzsync_param_t),
    0,
    AMZSYNC_UNIT_NAMED_MARKETPLACE,
    AMZSYNC_DATASET_NAMED,

    548 * 24 * 3600,                /* 18 months */
    24 * 3600,                      /* a page has fifty, a call costs little */
    90 * 24 * 3600,
    120,
    0,

    "payload.NextToken",
    &amzsync_inbound_shipments_rows,

    NULL,
    NULL,
    NULL,

    NULL,
    NULL,
    NULL
};
