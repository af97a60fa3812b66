// What a script has read, a JSON line a row, with the names that the truth has.
// What is part of a key is never missing there, but "".

import { gunzipSync } from 'node:zlib'

// A text, or what a client has made of it; Amazon may have none, or "".
function time (value) {
  const date = new Date(value ?? NaN)

  return isNaN(date) ? undefined : date.toISOString()
}

export function print (table, row) {
  process.stdout.write(JSON.stringify({ table, row }) + '\n')
}

export function order (o) {
  print('orders', {
    order_id: o.orderId,
    created_time: time(o.createdTime),
    last_updated_time: time(o.lastUpdatedTime),
    fulfillment_status: o.fulfillment?.fulfillmentStatus,
    fulfilled_by: o.fulfillment?.fulfilledBy,
    marketplace_id: o.salesChannel.marketplaceId,
    grand_total: o.proceeds?.grandTotal?.amount,
    currency: o.proceeds?.grandTotal?.currencyCode
  })

  for (const i of o.orderItems) {
    print('order_items', {
      order_id: o.orderId,
      order_item_id: i.orderItemId,
      quantity_ordered: i.quantityOrdered,
      seller_sku: i.product?.sellerSku,
      title: i.product?.title,
      unit_price: i.product?.price?.unitPrice?.amount,
      unit_price_currency: i.product?.price?.unitPrice?.currencyCode,
      proceeds_total: i.proceeds?.proceedsTotal?.amount,
      proceeds_currency: i.proceeds?.proceedsTotal?.currencyCode
    })
  }
}

export function transaction (t) {
  print('financial_transactions', {
    transaction_id: t.transactionId,
    transaction_type: t.transactionType,
    transaction_status: t.transactionStatus,
    posted_date: time(t.postedDate),
    total_amount: t.totalAmount?.currencyAmount,
    currency: t.totalAmount?.currencyCode,
    marketplace_id: t.marketplaceDetails?.marketplaceId,
    account_type: t.sellingPartnerMetadata?.accountType,
    related_identifiers: t.relatedIdentifiers,
    breakdowns: t.breakdowns
  })
}

export function summary (market, s) {
  print('inventory', {
    marketplace_id: market,
    seller_sku: s.sellerSku ?? '',
    fn_sku: s.fnSku ?? '',
    condition: s.condition ?? '',
    asin: s.asin,
    product_name: s.productName,
    last_updated_time: time(s.lastUpdatedTime),
    total_quantity: s.totalQuantity,
    fulfillable_quantity: s.inventoryDetails?.fulfillableQuantity,
    reserved_quantity:
      s.inventoryDetails?.reservedQuantity?.totalReservedQuantity,
    unfulfillable_quantity:
      s.inventoryDetails?.unfulfillableQuantity?.totalUnfulfillableQuantity
  })
}

export function participation (p) {
  print('marketplaces', {
    marketplace_id: p.marketplace.id,
    name: p.marketplace.name,
    country_code: p.marketplace.countryCode,
    default_currency_code: p.marketplace.defaultCurrencyCode,
    is_participating: p.participation.isParticipating,
    has_suspended_listings: p.participation.hasSuspendedListings,
    store_name: p.storeName
  })
}

export function shipment (s) {
  print('inbound_shipments', {
    shipment_id: s.ShipmentId,
    shipment_name: s.ShipmentName,
    destination_fulfillment_center_id: s.DestinationFulfillmentCenterId,
    shipment_status: s.ShipmentStatus,
    label_prep_type: s.LabelPrepType,
    are_cases_required: s.AreCasesRequired,
    box_contents_source: s.BoxContentsSource,
    box_contents_total_fee: s.EstimatedBoxContentsFee?.TotalFee?.Value
  })
}

export function shipmentItem (i) {
  print('inbound_items', {
    shipment_id: i.ShipmentId,
    seller_sku: i.SellerSKU ?? '',
    fulfillment_network_sku: i.FulfillmentNetworkSKU ?? '',
    quantity_shipped: i.QuantityShipped,
    quantity_received: i.QuantityReceived,
    prep_details_list: i.PrepDetailsList
  })
}

export function reportRow (type, row) {
  print(type, row)
}

// A report as it was downloaded.
export function report (type, { compressionAlgorithm }, contentType, bytes) {
  const charset = /charset=([^;]*)/.exec(contentType)?.[1] ?? 'utf-8'
  const text = new TextDecoder(charset).decode(
    compressionAlgorithm === 'GZIP' ? gunzipSync(bytes) : bytes)
  const [names, ...lines] = text.split('\n').slice(0, -1)
    .map((line) => line.split('\t'))

  for (const cells of lines) {
    reportRow(type, Object.fromEntries(names.map((name, n) =>
      [name, cells[n]])))
  }
}
