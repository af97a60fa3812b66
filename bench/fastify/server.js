// The module's contract for starts and statuses, by Fastify and node-postgres.
//
// PROCESSES processes share the port.  Each has CLIENTS connections to
// PostgreSQL, pipelined unless PIPELINE is 0: then a pool of as many.

import cluster from 'node:cluster'
import Fastify from 'fastify'
import { database } from './database.js'
import { startRoute, statusRoute } from './routes.js'

const env = process.env

if (cluster.isPrimary) {
  for (let i = 0; i < Number(env.PROCESSES ?? 2); i++) {
    cluster.fork()
  }

  cluster.on('exit', (worker) => {
    if (!worker.exitedAfterDisconnect) process.exit(1)
  })
} else {
  const db = await database(JSON.parse(env.DATABASE), {
    clients: Number(env.CLIENTS ?? 1),
    pipeline: env.PIPELINE !== '0'
  })

  const app = Fastify({ logger: false, keepAliveTimeout: 75000 })

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) =>
    done(null, body))
  app.decorateRequest('user', '')

  app.addHook('onRequest', (request, reply, done) => {
    request.user = request.headers['x-user'] ?? ''

    if (request.user === '') {
      reply.code(401).send({
        success: false,
        error: 'unauthorized',
        message: 'Unauthorized. Please log in.'
      })
      return
    }

    done()
  })

  app.setErrorHandler((error, request, reply) => {
    reply.code(500).send({
      success: false,
      error: 'internal_server_error',
      message: 'Something went wrong. Please try again later.'
    })
  })

  statusRoute(app, db)
  startRoute(app, db, env.DATASETS.split(','))

  await app.listen({ host: '127.0.0.1', port: Number(env.PORT) })
}
