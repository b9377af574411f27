import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Problem } from '#problem.ts'
import { originOf } from '#platform/http/address.ts'
import type { Router, ServerEnv } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import type { Service } from '#platform/room.ts'

/** How long open requests may take to finish once the server stops. */
const graceMs = 5000

export interface HttpServer extends Service {
  /** Address to open, with the real port; known once started. */
  url(): string
}

/**
 * Listens on the configured host and port. `stopping` is aborted first, so that streams end by themselves; then open
 * requests have five seconds.
 */
export function createServer(
  { config, log }: Pick<Platform, 'config' | 'log'>,
  app: Pick<Router, 'fetch'>,
  stopping: AbortController,
): HttpServer {
  const server = createAdaptorServer({ fetch: answered(app), serverOptions: { maxHeaderSize: 32 * 1024 } })
  let port = config.port

  const url = () => originOf({ host: config.host, port })

  return {
    name: 'http',
    role: 'api',
    url,
    async start() {
      await new Promise<void>((done, fail) => {
        server.once('error', (error: NodeJS.ErrnoException) => fail(cannotListen(error, url())))
        server.listen(config.port, config.host, done)
      })
      port = (server.address() as AddressInfo).port
      log.info({ url: url() }, 'listening')
    },
    async stop() {
      stopping.abort()
      if (!server.listening) return
      const closed = new Promise<void>((done) => {
        server.close(() => done())
      })
      const force = setTimeout(() => {
        if ('closeAllConnections' in server) server.closeAllConnections()
      }, graceMs)
      // A connection whose last request has just been answered is idle only afterwards.
      const sweep = setInterval(() => {
        if ('closeIdleConnections' in server) server.closeIdleConnections()
      }, 20)
      await closed
      clearInterval(sweep)
      clearTimeout(force)
    },
  }
}

/**
 * Whoever is answered before all of the body was read (refused, too large, database away) is told that the connection
 * ends: what is left of the body ends it anyway, and a client that thinks it open would lose its next request.
 */
function answered(app: Pick<Router, 'fetch'>): Router['fetch'] {
  return async (request, env: ServerEnv['Bindings'] | undefined, context) => {
    const response = await app.fetch(request, env, context)
    const incoming = env?.incoming
    if (!incoming || request.method === 'GET' || request.method === 'HEAD') return response
    // What came in one packet with the head is known to be all only in the next turn.
    if (!incoming.complete) await new Promise((done) => setImmediate(done))
    if (!incoming.complete) response.headers.set('connection', 'close')
    return response
  }
}

function cannotListen(error: NodeJS.ErrnoException, url: string): Problem {
  const why =
    error.code === 'EADDRINUSE'
      ? 'another program listens there'
      : error.code === 'EACCES'
        ? 'this account may not use that port'
        : error.code === 'EADDRNOTAVAIL'
          ? 'this machine has no such address'
          : error.message
  return new Problem(
    'server.cannot_listen',
    `Cannot listen on ${url}: ${why}; choose another with ${error.code === 'EADDRNOTAVAIL' ? '--host' : '--port'}.`,
    { url },
    error,
  )
}
