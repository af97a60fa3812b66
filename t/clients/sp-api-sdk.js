// @sp-api-sdk: a package an API.  Those of Finances 2024-06-19 and Sellers v1
// were not to be had: their operations are called by what all of the packages
// make their calls with, createAxiosInstance().

import { SellingPartnerApiAuth } from '@sp-api-sdk/auth'
import { createAxiosInstance } from '@sp-api-sdk/common'
import { FbaInventoryApiClient } from '@sp-api-sdk/fba-inventory-api-v1'
import {
  FulfillmentInboundApiClient
} from '@sp-api-sdk/fulfillment-inbound-api-v0'
import { OrdersApiClient } from '@sp-api-sdk/orders-api-2026-01-01'
import { ReportsApiClient } from '@sp-api-sdk/reports-api-2021-06-30'
import axios from 'axios'
import * as rows from './rows.js'
import {
  ago, app, ledger, markets, reportTime, returns, run, settlements,
  shipmentStatuses, sleep, windows
} from './sandbox.js'

const included = ['FULFILLMENT', 'PROCEEDS', 'PACKAGES']

const login = (config) => new SellingPartnerApiAuth({
  clientId: app.id,
  clientSecret: app.secret,
  refreshToken: app.refreshToken,
  ...config
})

const config = { auth: login(), region: 'na', rateLimiting: { retry: true } }
const orders = new OrdersApiClient(config)
const inventory = new FbaInventoryApiClient(config)
const inbound = new FulfillmentInboundApiClient(config)
const reports = new ReportsApiClient(config)
const { axios: instance, endpoint } = createAxiosInstance(config, [])

async function failed (what, promise) {
  try {
    await promise
  } catch (error) {
    const { name, message, response } = error
    const { code, details } = response.data.errors?.[0] ?? {}

    rows.print('errors', {
      what,
      name,
      message,
      status: response.status,
      code: code ?? response.data.error,
      details
    })
  }
}

// Downloads what a report has been written to.
async function download (type, reportDocumentId) {
  const { data: document } = await reports.getReportDocument({
    reportDocumentId
  })
  const answer = await axios.get(document.url, { responseType: 'arraybuffer' })

  rows.report(type, document, answer.headers['content-type'], answer.data)
}

async function report (reportType) {
  const { data: { reportId } } = await reports.createReport({
    body: { reportType, marketplaceIds: markets, ...reportTime }
  })
  let data

  do {
    await sleep(200)
    data = (await reports.getReport({ reportId })).data
  } while (/^IN_/.test(data.processingStatus))

  await download(reportType, data.reportDocumentId)
}

// What a shipment holds, in pages of another operation after the first.
async function items (shipmentId, marketplaceId) {
  let { data: { payload } } = await inbound.getShipmentItemsByShipmentId({
    shipmentId, marketplaceId
  })

  payload.ItemData.forEach(rows.shipmentItem)

  while (payload.NextToken) {
    ({ data: { payload } } = await inbound.getShipmentItems({
      queryType: 'NEXT_TOKEN', marketplaceId, nextToken: payload.NextToken
    }))
    payload.ItemData.forEach(rows.shipmentItem)
  }
}

await run({
  async marketplaces () {
    const { data } = await instance.get(
      `${endpoint}/sellers/v1/marketplaceParticipations`)

    data.payload.forEach(rows.participation)
  },

  async orders () {
    const query = {
      lastUpdatedAfter: ago(400),
      lastUpdatedBefore: ago(0.002),
      marketplaceIds: markets,
      includedData: included
    }
    let paginationToken

    do {
      const { data } = await orders.searchOrders({ ...query, paginationToken })

      data.orders.forEach(rows.order)
      paginationToken = data.pagination?.nextToken
    } while (paginationToken)
  },

  // Each order once more, by its id.
  async order () {
    const { data } = await orders.searchOrders({
      createdAfter: ago(400), maxResultsPerPage: 7
    })

    for (const { orderId } of data.orders) {
      const { data: { order } } = await orders.getOrder({
        orderId, includedData: included
      })

      rows.order(order)
    }
  },

  async transactions () {
    for (const [postedAfter, postedBefore] of windows()) {
      const params = { postedAfter, postedBefore }

      do {
        const { data: { payload } } = await instance.get(
          `${endpoint}/finances/2024-06-19/transactions`, { params })

        payload.transactions.forEach(rows.transaction)
        params.nextToken = payload.nextToken
      } while (params.nextToken)
    }
  },

  async inventory () {
    for (const market of markets) {
      let nextToken

      do {
        const { data } = await inventory.getInventorySummaries({
          details: true,
          granularityType: 'Marketplace',
          granularityId: market,
          marketplaceIds: [market],
          nextToken
        })

        data.payload.inventorySummaries
          .forEach((s) => rows.summary(market, s))
        nextToken = data.pagination?.nextToken
      } while (nextToken)
    }
  },

  async shipments () {
    for (const marketplaceId of markets) {
      let query = {
        queryType: 'DATE_RANGE',
        shipmentStatusList: shipmentStatuses,
        lastUpdatedAfter: ago(640),
        lastUpdatedBefore: ago(0)
      }

      while (query) {
        const { data: { payload } } = await inbound.getShipments({
          marketplaceId, ...query
        })

        for (const shipment of payload.ShipmentData) {
          rows.shipment(shipment)
          await items(shipment.ShipmentId, marketplaceId)
        }

        query = payload.NextToken &&
          { queryType: 'NEXT_TOKEN', nextToken: payload.NextToken }
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
      const { data } = await reports.getReports(query)

      for (const { reportDocumentId } of data.reports) {
        await download(settlements, reportDocumentId)
      }

      query = data.nextToken && { nextToken: data.nextToken }
    }
  },

  async errors () {
    const now = new Date()

    await failed('two bounds', orders.searchOrders({
      createdAfter: now, lastUpdatedAfter: now
    }))
    await failed('no order', orders.getOrder({
      orderId: '000-0000000-0000000'
    }))
    await failed('no such report', reports.createReport({
      body: { reportType: 'GET_NOTHING', marketplaceIds: markets }
    }))
    await failed('secret', login({ clientSecret: 'wrong' }).getAccessToken())
    await failed('grant', login({ refreshToken: 'Atzr|x' }).getAccessToken())
  },

  // An expired token is not refreshed: the caller has the error.
  async refused () {
    await failed('search', orders.searchOrders({ createdAfter: ago(1) }))
  }
})
