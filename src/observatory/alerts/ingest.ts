import { randomUUID } from 'node:crypto'
import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { requireRole, requireScope } from '#observatory/people/rights.ts'
import { parseKind } from './job-kinds.ts'
import type { NoticeReceipt } from './notice.ts'
import { insertNotice } from './notice-store.ts'

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

/**
 * Takes one message in. When this returns, the bytes are durable and the row that names them is committed, so the
 * sender may be told; parsing is a job in the same transaction. The same bytes again are the same notice.
 */
export async function ingest(platform: Needs, actor: Actor, incoming: Incoming): Promise<NoticeReceipt> {
  const [receipt] = await ingestAll(platform, actor, [incoming])
  return receipt!
}

/** As `ingest` for several at once, in one transaction. */
export async function ingestAll(
  platform: Needs,
  actor: Actor,
  incoming: readonly Incoming[],
): Promise<NoticeReceipt[]> {
  if (actor.kind !== 'system' && actor.kind !== 'local') {
    requireScope(actor, 'write')
    requireRole(actor, 'member', 'handing in notices')
  }
  const stored = await Promise.all(
    incoming.map(async (i) => platform.storage.put(i.bytes, { maxBytes: maxIncomingBytes })),
  )
  return platform.db.transaction().execute(async (tx) => {
    const receipts: NoticeReceipt[] = []
    for (const [n, i] of incoming.entries()) {
      const { sha256, byteLength } = stored[n]!
      const at = i.at ?? new Date()
      const { id, isNew } = await insertNotice(tx, {
        id: randomUUID(),
        sha256,
        byteLength,
        topic: i.topic,
        partition: i.partition ?? null,
        offset: i.offset ?? null,
        at,
      })
      if (isNew) await announce(platform, tx, id, i.topic, byteLength)
      receipts.push({ id, sha256, duplicate: !isNew })
    }
    return receipts
  })
}

async function announce(
  platform: Needs,
  tx: Db,
  id: string,
  topic: string,
  byteLength: number,
): Promise<void> {
  const subject = { kind: 'notice', id }
  await platform.jobs.send(tx, parseKind, { noticeId: id }, { subject, priority: priorityOf(topic) })
  await platform.events.append(tx, {
    kind: 'alerts.notice_received',
    subject,
    data: { topic, byteLength },
    audience,
  })
}

/** Live streams go before archives and files that people feed in. */
function priorityOf(topic: string): number {
  return topic === 'gracedb' || topic === 'file' ? 0 : 10
}
