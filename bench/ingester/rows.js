// A page of orders as PostgreSQL's array literals, one a column, in the order
// of the parameters of the module's page statement.

const quoted = (value) =>
  `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

// Amounts come as strings; a number would be one of JavaScript's.
const text = (value) => value == null ? 'NULL' : quoted(String(value))
const plain = (value) => value == null ? 'NULL' : String(value)
const json = (value) => value == null ? 'NULL' : quoted(JSON.stringify(value))

class Columns {
  constructor (count) {
    this.columns = Array.from({ length: count }, () => [])
  }

  add (...values) {
    for (let i = 0; i < values.length; i++) this.columns[i].push(values[i])
  }

  literals () {
    return this.columns.map((column) => `{${column.join(',')}}`)
  }
}

export function literals (orders) {
  const rows = new Columns(19)
  const kids = new Columns(18)

  orders.forEach((order, i) => {
    const fulfillment = order.fulfillment
    const ship = fulfillment?.shipByWindow
    const deliver = fulfillment?.deliverByWindow
    const channel = order.salesChannel
    const proceeds = order.proceeds

    rows.add(
      text(order.orderId),
      text(order.createdTime),
      text(order.lastUpdatedTime),
      text(fulfillment?.fulfillmentStatus),
      text(fulfillment?.fulfilledBy),
      text(fulfillment?.fulfillmentServiceLevel),
      text(ship?.earliestDateTime),
      text(ship?.latestDateTime),
      text(deliver?.earliestDateTime),
      text(deliver?.latestDateTime),
      text(channel?.channelName),
      text(channel?.marketplaceId),
      text(channel?.marketplaceName),
      text(proceeds?.grandTotal?.amount),
      text(proceeds?.grandTotal?.currencyCode),
      json(proceeds?.breakdowns),
      json(order.programs),
      json(order.orderAliases),
      json(order.associatedOrders)
    )

    for (const item of order.orderItems ?? []) {
      const product = item.product
      const price = product?.price
      const total = item.proceeds?.proceedsTotal

      kids.add(
        String(i + 1),
        text(item.orderItemId),
        plain(item.quantityOrdered),
        plain(item.fulfillment?.quantityFulfilled),
        plain(item.fulfillment?.quantityUnfulfilled),
        text(product?.asin),
        text(product?.sellerSku),
        text(product?.title),
        text(product?.condition?.conditionType),
        text(product?.condition?.conditionSubtype),
        text(price?.unitPrice?.amount),
        text(price?.unitPrice?.currencyCode),
        text(price?.priceDesignation),
        text(total?.amount),
        text(total?.currencyCode),
        json(item.proceeds?.breakdowns),
        json(item.programs),
        json(product?.serialNumbers)
      )
    }
  })

  return [...rows.literals(), ...kids.literals()]
}
