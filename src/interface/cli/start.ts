import { createServer as createProbe } from 'node:net'
import { rooms } from '#interface/rooms.ts'
import { createApi, type ApiOptions } from '#interface/api/app.ts'
import { createServer } from '#interface/api/serve.ts'
import { setupLink } from '#observatory/people/entry-service.ts'
import { writeDefaultFile } from '#platform/config/file.ts'
import type { LoadedConfig } from '#platform/config/load.ts'
import { createPlatform, type RunningPlatform } from '#platform/create.ts'
import { originOf } from '#platform/http/address.ts'
import { Problem } from '#problem.ts'
import type { Command } from '#platform/terminal/command.ts'
import { programVersion, schemaFolder } from './version.ts'

export const start: Command = {
  words: ['start'],
  usage: '',
  summary: 'Start Urania: page, API, background work and alert streams; Ctrl-C stops it',
  examples: [
    'urania start',
    'urania start --port 8080 --home ~/observatory',
    'DATABASE_URL=postgres://urania@db/urania urania start --roles worker',
  ],
  options: {
    roles: {
      type: 'string',
      doc: 'What this process does: any of api,worker,streams,scheduler (default: all)',
    },
    host: { type: 'string', doc: 'Address to listen on (default: 127.0.0.1)' },
  },
  async run({ config, out, note, signal, document }) {
    const loaded = await config()
    const began = performance.now()
    writeDefaultFile(
      loaded.file,
      rooms.flatMap((room) => room.sections ?? []),
    )
    const running = await startProgram(loaded)
    try {
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      document({ url: running.url, setup: running.setup, home: loaded.home, roles: loaded.roles }, () => {
        out(
          `Urania runs (${loaded.roles.join(', ')}) after ${seconds} s; everything is kept in ${loaded.home}.`,
        )
        if (running.url) out(`Open ${running.url}`)
        if (running.setup)
          out(`Nobody has an account yet. Make the first administrator here: ${running.setup}`)
      })
      await new Promise<void>((done) => {
        if (signal.aborted) done()
        else signal.addEventListener('abort', () => done(), { once: true })
      })
      note('Stopping: finishing open requests, returning running jobs to the queue.')
    } finally {
      await running.stop()
    }
  },
}

export interface RunningProgram {
  platform: RunningPlatform
  /** Address of the page; null without the role `api`. */
  url: string | null
  /** One-time link that makes the first administrator; null once somebody has an account. */
  setup: string | null
  stop(): Promise<void>
}

/** Platform and HTTP server for the roles of the configuration. */
export async function startProgram(config: LoadedConfig, api: ApiOptions = {}): Promise<RunningProgram> {
  const serves = config.roles.includes('api')
  // Asked before anything is started: a second start on the same port should change nothing.
  if (serves) await requireFreePort(config)
  await using started = new AsyncDisposableStack()
  const platform = await createPlatform(config, { rooms, schema: schemaFolder, version: programVersion() })
  started.defer(() => platform.stop())
  if (!serves) {
    const stack = started.move()
    return { platform, url: null, setup: null, stop: () => stack.disposeAsync() }
  }
  const stopping = new AbortController()
  const app = createApi(platform, rooms, { ...api, stopping: stopping.signal })
  const server = createServer(platform, app, stopping)
  await server.start()
  started.defer(() => server.stop())
  const url = server.url()
  const link = await setupLink(platform)
  const setup = config.port === 0 && link ? link.replace(/^http:\/\/[^/]*:0(?=\/)/, url) : link
  const stack = started.move()
  return { platform, url, setup, stop: () => stack.disposeAsync() }
}

async function requireFreePort({ host, port }: LoadedConfig): Promise<void> {
  if (port === 0) return
  const probe = createProbe()
  const error = await new Promise<NodeJS.ErrnoException | undefined>((done) => {
    probe.once('error', done)
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => done(undefined)))
  })
  if (error?.code !== 'EADDRINUSE') return
  throw new Problem(
    'server.cannot_listen',
    `Port ${port} of ${host} is taken, perhaps by a Urania that already runs; open ${originOf({ host, port })}, or start ` +
      `this one with another --port.`,
    { host, port },
  )
}
