import { randomUUID } from 'node:crypto'
import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { requireRole, requireScope } from '#observatory/people/rights.ts'
import { parseKind } from './job-kinds.ts'
import type { NoticeReceipt } from './notice.ts'
import { insertNotices, type NewReception } from './notice-store.ts'

/** What a door hands in: the bytes as they came and where they came from. */
export interface Incoming {
  bytes: Uint8Array | AsyncIterable<Uint8Array>
  /** Kafka topic, or `post`, `file`, `gracedb`. */
  topic: string
  partition?: number
  /** Decimal string: offsets have 64 bits. */
  offset?: string
  at?: Date
}

/** Larger messages are not taken in at all; those above the limit of a notice are, and become dead letters. */
export const maxIncomingBytes = 128 * 1024 * 1024

type Needs = Pick<Platform, 'db' | 'storage' | 'jobs' | 'events'>

/** Who may see what happens to alerts: everybody who is signed in. */
export const audience = ['everyone'] as const

/** So many notices are read by one job: few enough to be spread over workers, enough to make jobs cheap. */
const noticesPerJob = 8
/** Most notices in one transaction. */
const mostTogether = 64

function requireSender(actor: Actor): void {
  if (actor.kind === 'system' || actor.kind === 'local') return
  requireScope(actor, 'write')
  requireRole(actor, 'member', 'handing in notices')
}

/**
 * Takes messages in. When this returns, the bytes are durable and the rows that name them are committed, so the sender
 * may be told; reading them is a job in the same transaction. The same bytes again are the same notice.
 */
export async function ingestAll(
  platform: Needs,
  actor: Actor,
  incoming: readonly Incoming[],
): Promise<NoticeReceipt[]> {
  requireSender(actor)
  const rows = await Promise.all(incoming.map((i) => stored(platform, i)))
  const receipts: NoticeReceipt[] = []
  for (let at = 0; at < rows.length; at += mostTogether) {
    const part = rows.slice(at, at + mostTogether)
    receipts.push(...(await platform.db.transaction().execute((tx) => record(platform, tx, part))))
  }
  return receipts
}

/** As `ingestAll` for one. */
export async function ingest(platform: Needs, actor: Actor, incoming: Incoming): Promise<NoticeReceipt> {
  return (await ingestAll(platform, actor, [incoming]))[0]!
}

/**
 * A door through which many senders come one by one: those who arrive while a transaction is under way share the next
 * one, so that a burst of notices does not cost a commit each. Each is answered when its own row is committed.
 */
export function createIntake(platform: Needs): {
  take(actor: Actor, incoming: Incoming): Promise<NoticeReceipt>
} {
  let waiting: { row: NewReception; done: PromiseWithResolvers<NoticeReceipt> }[] = []
  let busy = false

  async function work(): Promise<void> {
    busy = true
    while (waiting.length > 0) {
      const part = waiting.slice(0, mostTogether)
      waiting = waiting.slice(mostTogether)
      try {
        const rows = part.map((p) => p.row)
        const receipts = await platform.db.transaction().execute((tx) => record(platform, tx, rows))
        part.forEach((p, i) => p.done.resolve(receipts[i]!))
      } catch (error) {
        for (const p of part) p.done.reject(error)
      }
    }
    busy = false
  }

  return {
    async take(actor, incoming) {
      requireSender(actor)
      const row = await stored(platform, incoming)
      const done = Promise.withResolvers<NoticeReceipt>()
      waiting.push({ row, done })
      if (!busy) void work()
      return done.promise
    },
  }
}

async function stored(platform: Needs, i: Incoming): Promise<NewReception> {
  const { sha256, byteLength } = await platform.storage.put(i.bytes, { maxBytes: maxIncomingBytes })
  return {
    id: randomUUID(),
    sha256,
    byteLength,
    topic: i.topic,
    partition: i.partition ?? null,
    offset: i.offset ?? null,
    at: i.at ?? new Date(),
  }
}

/** Rows, jobs and events of messages whose bytes are durable. */
async function record(platform: Needs, tx: Db, rows: readonly NewReception[]): Promise<NoticeReceipt[]> {
  const noted = await insertNotices(tx, rows)
  const fresh = rows.filter((row) => noted.get(row.sha256) === row.id)
  for (let at = 0; at < fresh.length; at += noticesPerJob) {
    const part = fresh.slice(at, at + noticesPerJob)
    const subject = { kind: 'notice', id: part[0]!.id }
    const noticeIds = part.map((row) => row.id)
    await platform.jobs.send(tx, parseKind, { noticeIds }, { subject, priority: priorityOf(part[0]!.topic) })
    const data = { notices: part.map(({ id, topic, byteLength }) => ({ id, topic, byteLength })) }
    await platform.events.append(tx, { kind: 'alerts.notice_received', subject, data, audience })
  }
  return rows.map((row) => {
    const id = noted.get(row.sha256)!
    return { id, sha256: row.sha256, duplicate: id !== row.id }
  })
}

/** Live streams go before archives and files that people feed in. */
function priorityOf(topic: string): number {
  return topic === 'gracedb' || topic === 'file' ? 0 : 10
}
