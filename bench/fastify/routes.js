// The two routes, with compiled serializers.

import { startText, statusText } from './statements.js'

const text = { type: 'string' }
const textOrNull = { type: 'string', nullable: true }
const integer = { type: 'integer' }
const integerOrNull = { type: 'integer', nullable: true }

const object = (properties, rest) =>
  ({ type: 'object', properties, required: Object.keys(properties), ...rest })

const error = object({
  code: text,
  message: text,
  requestId: textOrNull
}, { nullable: true })

const status = object({
  success: { type: 'boolean' },
  syncId: text,
  status: text,
  progress: integer,
  message: text,
  startedAt: textOrNull,
  updatedAt: textOrNull,
  completedAt: textOrNull,
  estimatedCompletion: textOrNull,
  ordersProcessed: integer,
  totalOrders: integerOrNull,
  error
})

const failure = object({
  success: { type: 'boolean' },
  error: text,
  message: text
})

const started = object({
  success: { type: 'boolean' },
  syncId: text,
  message: text,
  status: text,
  estimatedDuration: text
})

const running = object({
  success: { type: 'boolean' },
  error: text,
  message: text,
  existingSyncId: text
})

const time = (ms) => ms === null ? null : new Date(ms).toISOString()

const errorOf = (row) => row[8] === null
  ? null
  : {
      code: row[8],
      message: row[9],
      requestId: row[10]
    }

// The number in an id of this user, or null.
function numberOf (user, id) {
  const prefix = `sync_${user}_`

  if (typeof id !== 'string' || !id.startsWith(prefix)) return null

  const digits = id.slice(prefix.length)

  return /^[1-9][0-9]{0,18}$/.test(digits) ? digits : null
}

export function statusRoute (app, db) {
  const query = { name: 'status', text: statusText, rowMode: 'array' }

  app.get('/api/sync/status', {
    schema: { response: { 404: failure } }
  }, async (request, reply) => {
    const no = numberOf(request.user, request.query.syncId)
    const rows = no === null
      ? []
      : (await db.query({ ...query, values: [request.user, no] })).rows

    if (rows.length === 0) {
      reply.code(404)
      return {
        success: false,
        error: 'sync_not_found',
        message: 'Sync not found.'
      }
    }

    const [row] = rows
    const head = reply.compileSerializationSchema(status)({
      success: true,
      syncId: request.query.syncId,
      status: row[1],
      progress: row[2],
      message: row[3],
      startedAt: time(row[4]),
      updatedAt: time(row[5]),
      completedAt: time(row[6]),
      estimatedCompletion: time(row[7]),
      ordersProcessed: row[12],
      totalOrders: row[13],
      error: errorOf(row)
    })

    // The datasets are JSON already.
    reply.type('application/json; charset=utf-8')
    return `${head.slice(0, -1)},"datasets":${row[11]}}`
  })
}

function estimate (duration) {
  if (duration === null) return '30-60 seconds'

  const [unit, name] = duration < 120
    ? [1, 'seconds']
    : duration < 7200 ? [60, 'minutes'] : [3600, 'hours']
  const from = Math.max(Math.floor(duration * 3 / 4 / unit), 1)
  const to = Math.max(Math.ceil(duration * 5 / 4 / unit), from + 1)

  return `${from}-${to} ${name}`
}

function isEmptyObject (body) {
  try {
    const value = JSON.parse(body)
    return value !== null && typeof value === 'object' &&
      !Array.isArray(value) && Object.keys(value).length === 0
  } catch {
    return false
  }
}

export function startRoute (app, db, datasets) {
  const query = { name: 'start', text: startText, rowMode: 'array' }

  app.post('/api/v1/integrations/amazon/sync', {
    schema: { response: { 200: started, 400: failure, 409: running } }
  }, async (request, reply) => {
    if (request.body && !isEmptyObject(request.body)) {
      reply.code(400)
      return {
        success: false,
        error: 'invalid_request',
        message: 'The body must be an empty JSON object.'
      }
    }

    const { rows } = await db.query({
      ...query,
      values: [request.user, datasets]
    })

    if (rows.length === 0) {
      reply.code(400)
      return {
        success: false,
        error: 'amazon_not_connected',
        message: 'Amazon account not connected. Please connect your Amazon ' +
          'account first.'
      }
    }

    const [no, created, duration] = rows[0]
    const id = `sync_${request.user}_${no}`

    if (!created) {
      reply.code(409)
      return {
        success: false,
        error: 'sync_in_progress',
        message: `Sync already in progress (${id}). Please wait for it to ` +
          'complete or cancel it first.',
        existingSyncId: id
      }
    }

    return {
      success: true,
      syncId: id,
      message: 'Sync started successfully',
      status: 'in_progress',
      estimatedDuration: estimate(duration)
    }
  })
}
