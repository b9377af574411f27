import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Db } from '#platform/db/database.ts'
import type { Audience, EventRow, Events } from './event.ts'
import type { Signals } from './signals.ts'
import {
  addListener,
  buryEvent,
  deleteEvents,
  eventChannel,
  eventsAfter,
  failListener,
  heldEvents,
  insertEvent,
  lastPosition,
  lockListener,
  moveListener,
  positionOf,
  rebaseEvents,
  recentEvents,
  withoutXid,
} from './store.ts'
import type { Position, PositionedEvent } from './store.ts'

export interface EventService extends Events {
  /** Registers listeners' positions and begins to read; `listeners` false where another role runs them. */
  start(options?: { listeners?: boolean }): Promise<void>
  stop(): Promise<void>
  /** Resolves when every durable listener of this process has seen what is final now; for tests and commands. */
  settled(): Promise<void>
}

interface Listener {
  name: string
  kinds: readonly string[]
  handle: (event: EventRow, tx: Db) => Promise<void>
}

/** Attempts of a durable listener at one event before it is put aside as a dead letter (about four minutes). */
const listenerAttempts = 8
const batch = 100
/** A burst of commits is read in steps of this. */
const coalesceMs = 5
/** Rows a slow viewer may lag behind in memory before it is sent back to reading from the table. */
const queueLimit = 2_000

/** @param options.retentionDays events older than this and seen by every listener are deleted (default 90). */
export function createEvents(options: {
  db: Db
  signals: Signals
  log: Logger
  retentionDays?: number
}): EventService {
  const { db, signals, log } = options
  const listeners: Listener[] = []
  const viewers = new Set<(events: PositionedEvent[]) => void>()
  const loops: Promise<void>[] = []
  let position: Position | undefined
  let positioning: Promise<void> | undefined
  let stop = new AbortController()
  let started = false

  /** A bell that several loops wait for; `ring` wakes them, a ring in between is not lost. */
  const bells = new Set<() => void>()
  const ring = (): void => bells.forEach((bell) => bell())

  function createBell(): { wait(ms: number): Promise<void>; close(): void } {
    let rung = false
    let wake: (() => void) | undefined
    const bell = (): void => {
      rung = true
      wake?.()
    }
    bells.add(bell)
    return {
      async wait(ms) {
        if (!rung) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, ms)
            wake = () => {
              clearTimeout(timer)
              resolve()
            }
          })
          wake = undefined
        }
        rung = false
      },
      close: () => bells.delete(bell),
    }
  }

  async function whilePaused(task: string, run: () => Promise<void>): Promise<void> {
    let pause = 100
    while (!stop.signal.aborted) {
      try {
        await run()
        pause = 100
      } catch (error) {
        log.warn({ err: error, task }, 'Reading events failed; trying again.')
        await sleep(pause, undefined, { signal: stop.signal }).catch(() => {})
        pause = Math.min(pause * 2, 5_000)
      }
    }
  }

  /** Reads each new event once per process and hands it to the viewers. */
  async function broadcast(): Promise<void> {
    const bell = createBell()
    let held = 0
    let sure = false
    try {
      await whilePaused('broadcast', async () => {
        const from = (position ??= await lastPosition(db))
        const rows = viewers.size > 0 ? await eventsAfter(db, from, { limit: 500 }) : []
        if (viewers.size === 0) {
          // A viewer that came during the query has been promised everything after its own, later look.
          const last = await lastPosition(db)
          if (viewers.size === 0) position = last
        }
        if (rows.length > 0) {
          position = rows[rows.length - 1]
          for (const viewer of viewers) viewer(rows)
          held = 0
          sure = false
          if (rows.length === 500) return
          await sleep(coalesceMs)
        }
        // A committed event may have to wait for an older transaction; nothing rings when that one ends.
        if (await heldEvents(db)) {
          held = Math.min(held === 0 ? 2 : held * 1.5, 100)
          sure = false
          await bell.wait(held)
        } else if (!sure) {
          // As with listeners: what was held may have become final between the two questions.
          sure = true
        } else {
          held = 0
          sure = false
          await bell.wait(5_000)
        }
      })
    } finally {
      bell.close()
    }
  }

  /** One transaction: position locked, events handled, position moved. Returns what there is left to do. */
  async function listenOnce(
    listener: Listener,
    limit: number,
  ): Promise<
    | 'more'
    | 'some'
    | 'nothing'
    | 'taken'
    | { failed: Position; event: EventRow; error: unknown; failures: number }
  > {
    let failed: { failed: Position; event: EventRow; error: unknown; failures: number } | undefined
    try {
      return await db.transaction().execute(async (tx) => {
        const at = await lockListener(tx, listener.name)
        if (!at) return 'taken'
        const rows = await eventsAfter(tx, at, { kinds: listener.kinds, limit })
        if (rows.length === 0) return 'nothing'
        for (const row of rows) {
          const event = withoutXid(row)
          try {
            await listener.handle(event, tx)
          } catch (error) {
            failed = { failed: at, event, error, failures: at.failures }
            throw error
          }
        }
        await moveListener(tx, listener.name, rows[rows.length - 1])
        return rows.length === limit ? 'more' : 'some'
      })
    } catch (error) {
      if (failed) return failed
      throw error
    }
  }

  async function runListener(listener: Listener): Promise<void> {
    const bell = createBell()
    let limit = batch
    let held = 0
    let sure = false
    try {
      await whilePaused(`listener ${listener.name}`, async () => {
        const result = await listenOnce(listener, limit)
        if (typeof result === 'object') {
          // A batch is repeated one by one, so that the good events before the bad one are through.
          if (limit > 1) {
            limit = 1
            return
          }
          await listenerFailed(listener, result)
          return
        }
        if (result === 'more') return
        if (result === 'some') {
          await sleep(coalesceMs)
          return
        }
        limit = batch
        if (result === 'nothing' && (await heldEvents(db))) {
          held = Math.min(held === 0 ? 2 : held * 1.5, 100)
          sure = false
          await bell.wait(held)
        } else if (result === 'nothing' && !sure) {
          // What was held while we looked may have become final before we asked for that: one more look.
          sure = true
        } else {
          held = 0
          sure = false
          await bell.wait(result === 'taken' ? 500 : 5_000)
        }
      })
    } finally {
      bell.close()
    }
  }

  async function listenerFailed(
    listener: Listener,
    {
      failed,
      event,
      error,
      failures,
    }: { failed: Position; event: EventRow; error: unknown; failures: number },
  ): Promise<void> {
    const sentence = error instanceof Error ? error.message : String(error)
    log.error({ err: error, listener: listener.name, event: event.id }, 'A listener failed at an event.')
    if (failures + 1 >= listenerAttempts) {
      await db.transaction().execute(async (tx) => {
        const at = await lockListener(tx, listener.name)
        if (!at || at.id !== failed.id) return
        const [row] = await eventsAfter(tx, at, { kinds: listener.kinds, limit: 1 })
        await buryEvent(tx, listener.name, event.id, sentence)
        await moveListener(tx, listener.name, row)
      })
      return
    }
    await failListener(db, listener.name, failed, sentence)
    const pause = Math.min(60_000, 1_000 * 2 ** failures) * (0.75 + Math.random() / 2)
    await sleep(pause, undefined, { signal: stop.signal }).catch(() => {})
  }

  async function clean(): Promise<void> {
    const days = options.retentionDays ?? 90
    while (!stop.signal.aborted) {
      await sleep(3_600_000, undefined, { signal: stop.signal, ref: false }).catch(() => {})
      if (stop.signal.aborted) return
      try {
        const before = new Date(Date.now() - days * 86_400_000)
        while ((await deleteEvents(db, before, 5_000)) === 5_000) await sleep(100)
      } catch (error) {
        log.warn({ err: error }, 'Deleting old events failed; it is repeated in an hour.')
      }
    }
  }

  async function* tail(
    viewer: Audience,
    afterId: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<EventRow, void, undefined> {
    const audience = new Set(viewer)
    let at: Position | undefined = afterId === null ? undefined : await positionOf(db, afterId)
    const ended = (): boolean => signal.aborted || stop.signal.aborted
    while (!ended()) {
      let queue: PositionedEvent[] = []
      let overflow = false
      let wake: (() => void) | undefined
      const receive = (events: PositionedEvent[]): void => {
        for (const event of events) {
          if (!event.audience.some((token) => audience.has(token))) continue
          if (queue.length >= queueLimit) overflow = true
          else queue.push(event)
        }
        wake?.()
      }
      const onEnd = (): void => wake?.()
      viewers.add(receive)
      signal.addEventListener('abort', onEnd)
      stop.signal.addEventListener('abort', onEnd)
      try {
        // Subscribed first, then read up to here: what comes meanwhile lies in the queue and is skipped if read.
        positioning ??= lastPosition(db).then((last) => {
          position ??= last
        })
        await positioning
        const until: Position = await lastPosition(db)
        at ??= until
        while (!ended()) {
          const rows = await eventsAfter(db, at, { viewer, until, limit: 500 })
          for (const row of rows) {
            at = row
            yield withoutXid(row)
          }
          if (rows.length < 500) break
        }
        at = later(at, until)
        while (!ended() && !overflow) {
          const rows: PositionedEvent[] = queue
          queue = []
          for (const row of rows) {
            if (!isAfter(row, at)) continue
            at = row
            yield withoutXid(row)
            if (ended()) return
          }
          if (queue.length === 0 && !ended())
            await new Promise<void>((resolve) => {
              wake = resolve
            })
          wake = undefined
        }
      } finally {
        viewers.delete(receive)
        signal.removeEventListener('abort', onEnd)
        stop.signal.removeEventListener('abort', onEnd)
      }
    }
  }

  return {
    append: insertEvent,
    listen(name, kinds, handle) {
      if (started) throw new Error(`Listener ${name} must be registered before the events are started.`)
      if (listeners.some((listener) => listener.name === name))
        throw new Error(`There are two listeners named ${name}; their positions would be one.`)
      listeners.push({ name, kinds, handle })
    },
    tail,
    recent: (viewer, filter) => recentEvents(db, viewer, filter),
    async start({ listeners: runListeners = true } = {}) {
      if (started) return
      started = true
      stop = new AbortController()
      if (await rebaseEvents(db))
        log.warn('Events come from another database server; they are now ordered by id.')
      for (const { name } of listeners) await addListener(db, name)
      position = await lastPosition(db)
      signals.on(eventChannel, ring)
      signals.onConnect(ring)
      loops.push(broadcast())
      if (runListeners) {
        for (const listener of listeners) loops.push(runListener(listener))
        loops.push(clean())
      }
    },
    async stop() {
      started = false
      stop.abort()
      ring()
      await Promise.all(loops.splice(0))
    },
    async settled() {
      const seen = async (name: string, until: Position, kinds: readonly string[]): Promise<boolean> => {
        const at = await db.transaction().execute((tx) => lockListener(tx, name))
        return !!at && (await eventsAfter(db, at, { kinds, until, limit: 1 })).length === 0
      }
      while (await heldEvents(db)) await sleep(5)
      const until = await lastPosition(db)
      for (const { name, kinds } of listeners) {
        while (!(await seen(name, until, kinds))) {
          ring()
          await sleep(5)
        }
      }
    },
  }
}

function isAfter(a: Position, b: Position): boolean {
  const [ax, bx] = [BigInt(a.xid), BigInt(b.xid)]
  return ax === bx ? BigInt(a.id) > BigInt(b.id) : ax > bx
}

function later(a: Position, b: Position): Position {
  return isAfter(b, a) ? b : a
}
