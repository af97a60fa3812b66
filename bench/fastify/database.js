// Connections to PostgreSQL: a pool, or pipelined ones that take turns.

import pg from 'pg'

// A sync's number and times in milliseconds fit in a double.
const INT8 = 20
const types = {
  getTypeParser: (oid, format) =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)
}

export async function database (config, { clients, pipeline }) {
  if (!pipeline) {
    const pool = new pg.Pool({ ...config, types, max: clients, min: clients })
    return pool
  }

  const all = []

  for (let i = 0; i < clients; i++) {
    const client = new pg.Client({ ...config, types, pipeline: true })
    await client.connect()
    all.push(client)
  }

  let next = 0

  return {
    query (config) {
      next = (next + 1) % clients
      return all[next].query(config)
    }
  }
}
