// amazon-sp-api: all APIs by one function.

import { SellingPartner } from 'amazon-sp-api'
import * as rows from './rows.js'
import {
  agent, ago, app, ledger, markets, reportTime, returns, run, settlements,
  shipmentStatuses, windows
} from './sandbox.js'

const included = ['FULFILLMENT', 'PROCEEDS', 'PACKAGES']

function connect (config, credentials) {
  return new SellingPartner({
    region: 'na',
    refresh_token: app.refreshToken,
    endpoints_versions: {
      finances: '2024-06-19', orders: '2026-01-01', reports: '2021-06-30'
    },
    credentials: {
      SELLING_PARTNER_APP_CLIENT_ID: app.id,
      SELLING_PARTNER_APP_CLIENT_SECRET: app.secret,
      ...credentials
    },
    options: { https_proxy_agent: agent },
    ...config
  })
}

const client = connect()

// What an operation answers to a query.
const get = (operation, query, path) =>
  client.callAPI({ operation, query, path })

async function failed (what, promise) {
  try {
    await promise
  } catch ({ code, message, details }) {
    rows.print('errors', { what, code, message, details })
  }
}

await run({
  async marketplaces () {
    const participations = await get('sellers.getMarketplaceParticipations')

    participations.forEach(rows.participation)
  },

  async orders () {
    const query = {
      lastUpdatedAfter: ago(400).toISOString(),
      marketplaceIds: markets,
      includedData: included
    }
    let page

    do {
      page = await get('orders.searchOrders', {
        ...query, paginationToken: page?.pagination.nextToken
      })
      page.orders.forEach(rows.order)
    } while (page.pagination?.nextToken)
  },

  // Each order once more, by its id.
  async order () {
    const { orders } = await get('orders.searchOrders', {
      createdAfter: ago(400).toISOString(), maxResultsPerPage: 7
    })

    for (const { orderId } of orders) {
      const { order } = await get('orders.getOrder',
        { includedData: included }, { orderId })

      rows.order(order)
    }
  },

  async transactions () {
    for (const [from, to] of windows()) {
      let nextToken

      do {
        const page = await get('finances.listTransactions', {
          postedAfter: from.toISOString(), postedBefore: to.toISOString(),
          nextToken
        })

        page.transactions.forEach(rows.transaction)
        nextToken = page.nextToken
      } while (nextToken)
    }
  },

  async inventory () {
    for (const market of markets) {
      let nextToken

      do {
        const page = await get('fbaInventory.getInventorySummaries', {
          details: true,
          granularityType: 'Marketplace',
          granularityId: market,
          marketplaceIds: market,
          nextToken
        })

        page.inventorySummaries.forEach((s) => rows.summary(market, s))
        nextToken = page.nextToken
      } while (nextToken)
    }
  },

  async shipments () {
    for (const MarketplaceId of markets) {
      let query = {
        QueryType: 'SHIPMENT', ShipmentStatusList: shipmentStatuses
      }

      while (query) {
        const page = await get('fulfillmentInbound.getShipments',
          { MarketplaceId, ...query })

        for (const shipment of page.ShipmentData) {
          rows.shipment(shipment)
          await items(shipment.ShipmentId, MarketplaceId)
        }

        query = page.NextToken &&
          { QueryType: 'NEXT_TOKEN', NextToken: page.NextToken }
      }
    }
  },

  async report () {
    const lines = await client.downloadReport({
      body: { reportType: returns, marketplaceIds: markets, ...reportTime },
      interval: 200,
      download: { json: true }
    })

    lines.forEach((row) => rows.reportRow(returns, row))
  },

  async stream () {
    const stream = await client.downloadReportStream({
      body: { reportType: ledger, marketplaceIds: markets, ...reportTime },
      interval: 200
    })
    const chunks = []

    for await (const chunk of stream) {
      chunks.push(chunk)
    }

    // It does not say which charset that is.
    rows.report(ledger, {}, 'charset=windows-1252', Buffer.concat(chunks))
  },

  async settlements () {
    let query = { reportTypes: [settlements], pageSize: 2 }

    while (query) {
      const page = await get('reports.getReports', query)

      for (const { reportDocumentId } of page.reports) {
        const document = await get('reports.getReportDocument', {},
          { reportDocumentId })
        const lines = await client.download(document, { json: true })

        lines.forEach((row) => rows.reportRow(settlements, row))
      }

      query = page.nextToken && { nextToken: page.nextToken }
    }
  },

  async errors () {
    const now = new Date().toISOString()

    await failed('two bounds', get('orders.searchOrders',
      { createdAfter: now, lastUpdatedAfter: now }))
    await failed('no order', get('orders.getOrder', {},
      { orderId: '000-0000000-0000000' }))
    await failed('no such report', client.downloadReport({
      body: { reportType: 'GET_NOTHING', marketplaceIds: markets }
    }))
    await failed('secret', connect({}, {
      SELLING_PARTNER_APP_CLIENT_SECRET: 'wrong'
    }).refreshAccessToken())
    await failed('grant', connect({ refresh_token: 'Atzr|x' })
      .refreshAccessToken())
  },

  // A code of the seller's consent, as the application's page gets it.
  async consent () {
    const grant = await client.exchange(process.env.AMAZON_CODE)
    const seller = connect({ refresh_token: grant.refresh_token })
    const participations = await seller.callAPI({
      operation: 'sellers.getMarketplaceParticipations'
    })

    participations.forEach(rows.participation)
  }
})

// What a shipment holds, in pages of another operation after the first.
async function items (shipmentId, MarketplaceId) {
  let page = await get('fulfillmentInbound.getShipmentItemsByShipmentId',
    { MarketplaceId }, { shipmentId })

  page.ItemData.forEach(rows.shipmentItem)

  while (page.NextToken) {
    page = await get('fulfillmentInbound.getShipmentItems', {
      QueryType: 'NEXT_TOKEN', MarketplaceId, NextToken: page.NextToken
    })
    page.ItemData.forEach(rows.shipmentItem)
  }
}
