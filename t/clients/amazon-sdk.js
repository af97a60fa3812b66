// Amazon's own SDK, @amazon-sp-api-release/amazon-sp-api-sdk-js: a client an
// API, whose address is an argument.

import {
  FbainventorySpApi, Finances20240619SpApi, Fulfillmentinbound_v0SpApi,
  LwaAuthClient, Orders_v2026SpApi, ReportsSpApi, SellersSpApi
} from '@amazon-sp-api-release/amazon-sp-api-sdk-js'
import * as rows from './rows.js'
import {
  ago, app, ledger, markets, reportTime, returns, run, settlements,
  shipmentStatuses, sleep, windows
} from './sandbox.js'

const includedData = ['FULFILLMENT', 'PROCEEDS', 'PACKAGES']

// Its rate limiter is Amazon's quotas once more: off where there are none.
function connect (namespace) {
  const client = new namespace.ApiClient(process.env.AMAZON)

  client.enableAutoRetrievalAccessToken(app.id, app.secret, app.refreshToken)

  if (process.env.AMAZON_QUOTA === 'off') {
    client.disableRateLimiter()
  }

  return client
}

const ordersClient = connect(Orders_v2026SpApi)
const search = new Orders_v2026SpApi.SearchOrdersApi(ordersClient)
const orders = new Orders_v2026SpApi.GetOrderApi(ordersClient)
const inventory = new FbainventorySpApi.FbaInventoryApi(
  connect(FbainventorySpApi))
const finances = new Finances20240619SpApi.DefaultApi(
  connect(Finances20240619SpApi))
const inbound = new Fulfillmentinbound_v0SpApi.FbaInboundApi(
  connect(Fulfillmentinbound_v0SpApi))
const reports = new ReportsSpApi.ReportsApi(connect(ReportsSpApi))
const sellers = new SellersSpApi.SellersApi(connect(SellersSpApi))

// Again, while its rate limiter or Amazon says that it is too soon.  Who comes
// to the limiter within five seconds has to wait for five seconds more.
async function patiently (call) {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (error.status !== 429 && !/rate limit/i.test(error.message)) {
        throw error
      }
    }

    await sleep(5500)
  }
}

async function failed (what, promise) {
  try {
    await promise
  } catch (error) {
    const { status, message, response } = error
    const { code, details } = response.body.errors?.[0] ?? {}

    rows.print('errors', {
      what, message, status, code: code ?? response.body.error, details
    })
  }
}

// Downloads what a report has been written to.
async function download (type, reportDocumentId) {
  const document = await reports.getReportDocument(reportDocumentId)
  const answer = await fetch(document.url)

  rows.report(type, document, answer.headers.get('content-type'),
    Buffer.from(await answer.arrayBuffer()))
}

async function report (reportType) {
  const { reportId } = await reports.createReport({
    reportType, marketplaceIds: markets, ...reportTime
  })
  let data

  do {
    await sleep(200)
    data = await reports.getReport(reportId)
  } while (/^IN_/.test(data.processingStatus))

  await download(reportType, data.reportDocumentId)
}

// Names as Amazon has them in this API, where the SDK has its own.
function amazons (value) {
  if (value === null || typeof value !== 'object') {
    return value
  }

  return Array.isArray(value)
    ? value.map(amazons)
    : Object.fromEntries(Object.entries(value).map(([name, member]) =>
      [name[0].toUpperCase() + name.slice(1), amazons(member)]))
}

// What a shipment holds, in pages of another operation after the first.
async function items (shipmentId, marketplaceId) {
  let { payload } = await inbound.getShipmentItemsByShipmentId(shipmentId,
    { marketplaceId })

  payload.itemData.map(amazons).forEach(rows.shipmentItem)

  while (payload.nextToken) {
    ({ payload } = await inbound.getShipmentItems('NEXT_TOKEN', marketplaceId,
      { nextToken: payload.nextToken }))
    payload.itemData.map(amazons).forEach(rows.shipmentItem)
  }
}

await run({
  async marketplaces () {
    const { payload } = await sellers.getMarketplaceParticipations()

    payload.forEach(rows.participation)
  },

  async orders () {
    const query = {
      lastUpdatedAfter: ago(400), marketplaceIds: markets, includedData
    }

    do {
      const page = await search.searchOrders(query)

      page.orders.forEach(rows.order)
      query.paginationToken = page.pagination?.nextToken
    } while (query.paginationToken)
  },

  // Each order once more, by its id.
  async order () {
    const page = await search.searchOrders({
      createdAfter: ago(400), maxResultsPerPage: 7
    })

    for (const { orderId } of page.orders) {
      const { order } = await orders.getOrder(orderId, { includedData })

      rows.order(order)
    }
  },

  async transactions () {
    for (const [postedAfter, postedBefore] of windows()) {
      const query = { postedAfter, postedBefore }

      do {
        const { payload } = await finances.listTransactions(query)

        payload.transactions.forEach(rows.transaction)
        query.nextToken = payload.nextToken
      } while (query.nextToken)
    }
  },

  async inventory () {
    for (const market of markets) {
      const query = { details: true }

      do {
        const { payload, pagination } = await patiently(() =>
          inventory.getInventorySummaries('Marketplace', market, [market],
            query))

        payload.inventorySummaries.forEach((s) => rows.summary(market, s))
        query.nextToken = pagination?.nextToken
      } while (query.nextToken)
    }
  },

  async shipments () {
    for (const marketplaceId of markets) {
      let type = 'DATE_RANGE'
      let query = {
        shipmentStatusList: shipmentStatuses,
        lastUpdatedAfter: ago(640),
        lastUpdatedBefore: ago(0)
      }

      while (query) {
        const { payload } = await inbound.getShipments(type, marketplaceId,
          query)

        for (const shipment of payload.shipmentData) {
          rows.shipment(amazons(shipment))
          await items(shipment.shipmentId, marketplaceId)
        }

        type = 'NEXT_TOKEN'
        query = payload.nextToken && { nextToken: payload.nextToken }
      }
    }
  },

  async report () {
    await report(returns)
    await report(ledger)
  },

  async settlements () {
    let query = { reportTypes: [settlements], pageSize: 2 }

    while (query) {
      const page = await reports.getReports(query)

      for (const { reportDocumentId } of page.reports) {
        await download(settlements, reportDocumentId)
      }

      query = page.nextToken && { nextToken: page.nextToken }
    }
  },

  async errors () {
    const now = new Date()

    await failed('two bounds', search.searchOrders({
      createdAfter: now, lastUpdatedAfter: now
    }))
    await failed('no order', orders.getOrder('000-0000000-0000000'))
    await failed('no such report', reports.createReport({
      reportType: 'GET_NOTHING', marketplaceIds: markets
    }))
    await failed('secret', new LwaAuthClient(app.id, 'wrong', app.refreshToken)
      .getAccessToken())
    await failed('grant', new LwaAuthClient(app.id, app.secret, 'Atzr|x')
      .getAccessToken())
  },

  // An expired token is not refreshed: the caller has the error.
  async refused () {
    await failed('search', search.searchOrders({ createdAfter: ago(1) }))
  }
})
