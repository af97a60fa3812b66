// Where Amazon is for the scripts, and whom they ask for.
//
// All of these clients have the address of Login with Amazon inside, and most
// that of the API, too.  So they keep them, names and certificates included,
// and this process connects to the sandbox instead, whatever the host: its port
// on loopback is AMAZON_TLS.  No name is looked up.

import dns from 'node:dns'
import https from 'node:https'

const env = process.env

// Who wants an agent of its own gets another one of this class.
class Agent extends https.Agent {
  constructor (options) {
    super({ ...options, host: '127.0.0.1', port: env.AMAZON_TLS })
  }
}

export const agent = https.globalAgent = new Agent({ keepAlive: true })

dns.lookup = (host) => {
  throw new Error(`${host} is not to be looked up`)
}

export const app = {
  id: 'client', secret: 'secret', refreshToken: 'Atzr|sandbox-S1'
}

export const markets = ['ATVPDKIKX0DER', 'A2EUQ1WTGCTBG2', 'A1AM78C64UM0Y8']

export const shipmentStatuses = [
  'WORKING', 'SHIPPED', 'RECEIVING', 'CANCELLED', 'DELETED', 'CLOSED', 'ERROR',
  'IN_TRANSIT', 'DELIVERED', 'CHECKED_IN'
]

// The time that reports are asked for.
export const reportTime = {
  dataStartTime: env.AMAZON_FROM, dataEndTime: env.AMAZON_TO
}

export const returns = 'GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA'
export const ledger = 'GET_LEDGER_DETAIL_VIEW_DATA'
export const settlements = 'GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2'

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export function ago (days) {
  return new Date(Date.now() - days * 24 * 3600 * 1000)
}

// Windows that the Finances API can answer, of all that the seller has.
export function * windows () {
  for (let days = 640; days > 0; days -= 160) {
    yield [ago(days), ago(Math.max(days - 160, 0.002))]
  }
}

// Does what the command line names, in turn.
export async function run (tasks) {
  for (const name of process.argv.slice(2)) {
    await tasks[name]()
  }
}
