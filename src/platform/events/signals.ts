import { Client } from 'pg'
import type { ClientConfig } from 'pg'
import type { Logger } from 'pino'

/**
 * One dedicated connection per process for LISTEN and for the advisory lock that says "this process lives". When the
 * connection breaks it is made again with growing pauses; whoever listens is told, since notifications were missed.
 */
export interface Signals {
  /** Calls `handle` on every notification; returns the way to stop. May be called before `start`. */
  on(channel: string, handle: (payload: string) => void): () => void
  /** Called after every (re)connection, with LISTEN and the lock in place. */
  onConnect(handle: () => void): () => void
  /** Called when the connection is lost. */
  onLost(handle: () => void): () => void
  /** Number under which this process holds its lock; constant for its life. */
  readonly worker: number
  readonly connected: boolean
  start(): Promise<void>
  stop(): Promise<void>
}

/** First key of the advisory locks that processes hold while they live; the second is `Signals.worker`. */
export const workerLockClass = 0x5552414e

/**
 * @param options.connection parameters of `pg`; a function is asked again at each attempt (an embedded server may
 * have been restarted).
 */
export function createSignals(options: {
  connection: ClientConfig | (() => ClientConfig | Promise<ClientConfig>)
  log: Logger
}): Signals {
  const { log } = options
  const worker = Math.floor(Math.random() * 0x7fffffff) + 1
  const handlers = new Map<string, Set<(payload: string) => void>>()
  const connectHandlers = new Set<() => void>()
  const lostHandlers = new Set<() => void>()
  let client: Client | undefined
  let stopped = true
  let retry: NodeJS.Timeout | undefined
  let check: NodeJS.Timeout | undefined
  let connecting: Promise<void> | undefined

  /** A connection takes one query at a time. */
  let asked: Promise<unknown> = Promise.resolve()
  function ask(of: Client, text: string): Promise<unknown> {
    const answer = asked.then(() => of.query(text))
    asked = answer.catch(() => {})
    return answer
  }

  async function connect(): Promise<void> {
    const { connection } = options
    const next = new Client({
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      ...(typeof connection === 'function' ? await connection() : connection),
      application_name: 'urania signals',
    })
    asked = Promise.resolve()
    let failed = false
    const lost = (): void => {
      if (failed) return
      failed = true
      if (client !== next) return
      client = undefined
      clearInterval(check)
      for (const handle of lostHandlers) handle()
      if (!stopped) again(50)
    }
    next.on('error', lost)
    next.on('end', lost)
    next.on('notification', ({ channel, payload }) => {
      for (const handle of handlers.get(channel) ?? []) handle(payload ?? '')
    })
    try {
      await next.connect()
      const key = [workerLockClass, worker]
      const { rows } = await next.query<{ free: boolean }>(
        'select pg_try_advisory_lock($1, $2) as "free"',
        key,
      )
      if (!rows[0].free) {
        // Our own old connection, which the server has not noticed to be gone and might keep for hours.
        await next.query(
          `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
            and classid = $1::int8::oid and objid = $2::int8::oid and pid <> pg_backend_pid()
            and database = (select oid from pg_database where datname = current_database())`,
          key,
        )
        await next.query('select pg_advisory_lock($1, $2)', key)
      }
      for (const channel of handlers.keys()) await ask(next, `listen ${next.escapeIdentifier(channel)}`)
    } catch (error) {
      failed = true
      await next.end().catch(() => {})
      throw error
    }
    if (stopped || failed) {
      await next.end().catch(() => {})
      if (!stopped) throw new Error('The connection ended while it was being made.')
      return
    }
    client = next
    // A half-open TCP connection looks alive until something is sent.
    check = setInterval(() => {
      const timer = setTimeout(() => next.connection?.stream.destroy(), 5_000)
      ask(next, 'select 1').then(
        () => clearTimeout(timer),
        () => {
          clearTimeout(timer)
          lost()
        },
      )
    }, 10_000)
    check.unref()
    for (const handle of connectHandlers) handle()
  }

  function again(delay: number): void {
    clearTimeout(retry)
    retry = setTimeout(() => {
      connecting = connect().catch((error: unknown) => {
        log.warn({ err: error }, 'The database does not answer; trying again.')
        if (!stopped) again(Math.min(delay * 2, 2_000))
      })
    }, delay)
  }

  return {
    worker,
    get connected() {
      return client !== undefined
    },
    on(channel, handle) {
      let set = handlers.get(channel)
      if (!set) {
        set = new Set()
        handlers.set(channel, set)
        client
          ?.query(`listen ${client.escapeIdentifier(channel)}`)
          .catch((error: unknown) =>
            log.warn({ err: error }, 'LISTEN failed; it is repeated on reconnection.'),
          )
      }
      set.add(handle)
      return () => set.delete(handle)
    },
    onConnect(handle) {
      connectHandlers.add(handle)
      return () => connectHandlers.delete(handle)
    },
    onLost(handle) {
      lostHandlers.add(handle)
      return () => lostHandlers.delete(handle)
    },
    async start() {
      if (!stopped) return
      stopped = false
      try {
        await connect()
      } catch (error) {
        stopped = true
        throw error
      }
    },
    async stop() {
      stopped = true
      clearTimeout(retry)
      clearInterval(check)
      await connecting
      const last = client
      client = undefined
      await last?.end().catch(() => {})
    },
  }
}
