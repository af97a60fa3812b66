// Fetches sellers' orders and commits them by the module's page statement.
//
// SYNCS lists what to do: [{ user, no, seller }], their rows with lease 1 are
// there already. PROCESSES processes share them; all syncs of a process are
// under way at once. Each process has CLIENTS connections to PostgreSQL,
// pipelined unless PIPELINE is 0. With DUMP the parameters of the first PAGES
// pages are written to this file instead.

import cluster from 'node:cluster'
import fs from 'node:fs'
import pg from 'pg'
import { Amazon } from './amazon.js'
import { literals } from './rows.js'

const env = process.env
const processes = Number(env.PROCESSES ?? 2)
const clients = Number(env.CLIENTS ?? 2)
const pipeline = env.PIPELINE !== '0'
const pageSize = 100
const day = 24 * 3600 * 1000

async function connections () {
  const config = JSON.parse(env.DATABASE)

  if (!pipeline) {
    const pool = new pg.Pool({ ...config, max: clients })
    return { query: (query) => pool.query(query), end: () => pool.end() }
  }

  const all = []

  for (let i = 0; i < clients; i++) {
    const client = new pg.Client({ ...config, pipeline: true })
    await client.connect()
    all.push(client)
  }

  // A sync's pages stay on one connection.
  return {
    query: (query, n) => all[n % clients].query(query),
    end: () => Promise.all(all.map((client) => client.end()))
  }
}

// Writes pages for the bare client: how many parameters, then their lengths in
// 32 bits, NULL is -1, each value with a zero behind it.
function dumper (file, pages) {
  const out = fs.openSync(file, 'w')
  let left = pages

  return (values) => {
    const number = (n) => {
      const bytes = Buffer.alloc(4)

      bytes.writeInt32LE(n)
      return bytes
    }
    const parts = [number(values.length)]

    for (const value of values) {
      parts.push(number(value === null ? -1 : Buffer.byteLength(value)))
      if (value !== null) parts.push(Buffer.from(value + '\0'))
    }

    fs.writeSync(out, Buffer.concat(parts))

    if (--left === 0) process.exit(0)
  }
}

async function sync (job, n, amazon, commit) {
  const from = new Date(Date.now() - 365 * day).toISOString()
  const to = new Date(Date.now() - 150000).toISOString()
  const token = await amazon.token(job.seller)

  const query = {
    lastUpdatedAfter: from,
    lastUpdatedBefore: to,
    marketplaceIds: env.MARKETPLACES,
    includedData: 'FULFILLMENT,PROCEEDS',
    maxResultsPerPage: pageSize
  }

  for (let page = 0; ; page++) {
    const answer = await amazon.page(token, query)
    const next = answer.pagination?.nextToken ?? null
    const progress = String(next ? Math.min(99, page) : 99)

    await commit([
      job.user, job.no, '1', 'orders', String(page), '30000', progress,
      'Fetching orders', next ? 'in_progress' : 'completed', next,
      String(next ? page + 1 : 0), from, to, progress, null, null, null,
      '1', next ? null : to, next ? '{}' : `{${env.MARKETPLACES}}`,
      '0', null, ...literals(answer.orders)
    ], n)

    if (!next) return

    query.paginationToken = next
  }
}

async function work (jobs) {
  const text = fs.readFileSync(env.STATEMENT, 'utf8')
  const amazon = new Amazon(env.AMAZON, { connections: jobs.length })
  let commit
  let end = () => {}

  if (env.DUMP) {
    commit = dumper(env.DUMP, Number(env.PAGES))
  } else {
    const db = await connections()

    end = db.end
    commit = async (values, n) => {
      const { rows } = await db.query({ name: 'page', text, values }, n)

      if (rows.length === 0) throw new Error('the lease is lost')
    }
  }

  await Promise.all(jobs.map((job, n) => sync(job, n, amazon, commit)))
  await end()
  await amazon.close()
}

const jobs = JSON.parse(env.SYNCS)

if (processes === 1) {
  await work(jobs)
} else if (cluster.isPrimary) {
  for (let i = 0; i < processes; i++) cluster.fork({ PART: String(i) })

  cluster.on('exit', (worker, code) => {
    if (code) process.exit(code)
  })
} else {
  await work(jobs.filter((job, i) => i % processes === Number(env.PART)))
  process.disconnect()
}
