import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Problem } from '#problem.ts'
import { originOf } from '#platform/http/address.ts'
import type { Router } from '#platform/http/router.ts'
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
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: { maxHeaderSize: 32 * 1024 } })
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
