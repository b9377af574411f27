import { randomUUID } from 'node:crypto'
import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import { system, type Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { requireRole, requireScope } from '#observatory/people/rights.ts'
import {
  addAliases,
  addHistory,
  aliasesOf,
  deleteEvent,
  deleteLoneTests,
  eventById,
  expiredEvents,
  insertEvent,
  lockEvent,
  lookupOf,
  moveAliases,
  moveAll,
  resolveEventId,
  setKept,
  unnamedBytes,
  type EventRow,
} from './event-store.ts'
import { testDays } from './derive.ts'
import { audience } from './ingest.ts'
import { parseKind } from './job-kinds.ts'
import { lockNotice, noticesOfEvent, setEventOf, setReceived } from './notice-store.ts'
import { refreshEvent } from './refresh.ts'
import { transaction } from './transaction.ts'

type Needs = Pick<Platform, 'db' | 'storage' | 'jobs' | 'events'>

/** Id of the event that an id or name means. @throws Problem `resource.not_found` that says so. */
export async function findEvent(platform: Pick<Platform, 'db'>, idOrAlias: string): Promise<string> {
  const id = await resolveEventId(platform.db, idOrAlias)
  if (id === undefined) {
    throw new Problem(
      'resource.not_found',
      `There is no event ${JSON.stringify(idOrAlias.slice(0, 100))} here, by id or by name.`,
      { event: idOrAlias },
    )
  }
  return id
}

/** Who may see alerts: everybody who is signed in. */
export function requireReader(actor: Actor): void {
  requireRole(actor, 'viewer', 'seeing alerts')
  requireScope(actor, 'read')
}

function requireEditor(actor: Actor): void {
  requireRole(actor, 'member', 'changing alerts')
  requireScope(actor, 'write')
}

/** Keeps an event beyond the 30 days of tests and mocks, or lets it go again. */
export async function keepEvent(
  platform: Needs,
  actor: Actor,
  idOrAlias: string,
  kept: boolean,
): Promise<EventRow> {
  requireEditor(actor)
  const id = await findEvent(platform, idOrAlias)
  return platform.db.transaction().execute(async (tx) => {
    const before = await lockEvent(tx, id)
    if (before?.kept === kept) return before
    const event = await setKept(tx, id, kept)
    await addHistory(tx, id, actor.name, kept ? 'kept' : 'released', kept ? 'Kept' : 'No longer kept')
    const action = kept ? 'alerts.event_kept' : 'alerts.event_released'
    await audit(tx, actor, action, { kind: 'event', id }, { kept: !kept }, { kept })
    await platform.events.append(tx, {
      kind: 'alerts.event_changed',
      subject: { kind: 'event', id },
      data: { name: event.name, kept, title: kept ? 'Kept' : 'Released' },
      audience,
    })
    return event
  })
}

/** Puts everything of `other` into `idOrAlias`. The way back is `splitEvent`. */
export async function mergeEvents(
  platform: Needs,
  actor: Actor,
  idOrAlias: string,
  other: string,
  defaultRules: string,
): Promise<string> {
  requireEditor(actor)
  const into = await findEvent(platform, idOrAlias)
  const from = await findEvent(platform, other)
  if (into === from)
    throw new Problem('event.not_mergeable', `${idOrAlias} and ${other} are the same event already.`)
  return transaction(platform.db, async (tx) => {
    const [first, second] = [into, from].toSorted()
    const rows = new Map([
      [first, await lockEvent(tx, first!)],
      [second, await lockEvent(tx, second!)],
    ])
    const [kept, gone] = [rows.get(into), rows.get(from)]
    if (!kept || !gone || kept.merged_into || gone.merged_into) {
      throw new Problem(
        'event.not_mergeable',
        'One of the two events was merged by somebody else just now; look again.',
      )
    }
    const isTest = (role: string): boolean => role === 'test' || role === 'mock'
    if (isTest(kept.role) !== isTest(gone.role)) {
      throw new Problem(
        'event.not_mergeable',
        `${kept.name} and ${gone.name} cannot be merged: one is a test.`,
      )
    }
    const notices = (await noticesOfEvent(tx, from)).map((n) => n.id)
    await moveAll(tx, from, into)
    await addHistory(tx, into, actor.name, 'merged', `Merged with ${gone.name}`, { from, notices })
    await addHistory(tx, from, actor.name, 'merged', `Merged into ${kept.name}`, { into })
    const before = { name: gone.name, notices }
    await audit(tx, actor, 'alerts.event_merged', { kind: 'event', id: from }, before, {
      into,
      name: kept.name,
    })
    await refreshEvent(platform, tx, into, defaultRules, {
      what: 'person',
      title: `Merged with ${gone.name}`,
    })
    await platform.events.append(tx, {
      kind: 'alerts.event_merged',
      subject: { kind: 'event', id: from },
      data: { into },
      audience,
    })
    return into
  })
}

/** Takes notices out of an event into a new one, with the names that only they carry. Rules leave them there. */
export async function splitEvent(
  platform: Needs,
  actor: Actor,
  idOrAlias: string,
  noticeIds: readonly string[],
  defaultRules: string,
): Promise<string> {
  requireEditor(actor)
  const from = await findEvent(platform, idOrAlias)
  return transaction(platform.db, async (tx) => {
    const event = (await lockEvent(tx, from))!
    const all = await noticesOfEvent(tx, from)
    const moved = all.filter((n) => noticeIds.includes(n.id))
    const left = all.filter((n) => !noticeIds.includes(n.id))
    const stranger = noticeIds.find((id) => !all.some((n) => n.id === id))
    if (stranger !== undefined)
      throw new Problem('event.not_mergeable', `Notice ${stranger} does not belong to ${event.name}.`, {
        notice: stranger,
      })
    const main = moved.find((n) => n.parsed?.makes === 'event')
    if (!main || !left.some((n) => n.parsed?.makes === 'event')) {
      throw new Problem(
        'event.not_mergeable',
        'A split needs at least one notice that makes an event on either side.',
      )
    }
    const namesOf = (list: typeof all): Set<string> =>
      new Set(list.flatMap((n) => n.parsed?.names.map((x) => lookupOf(x.name, event.role)) ?? []))
    const staying = namesOf(left)
    const going = [...namesOf(moved)].filter((lookup) => !staying.has(lookup))
    const id = randomUUID()
    const carried = (await aliasesOf(tx, from)).filter((a) => going.includes(a.lookup))
    const name = carried.find((a) => a.joins)?.name ?? `${event.name} (split)`
    await insertEvent(tx, {
      id,
      name,
      kind: main.kind ?? event.kind,
      role: event.role,
      type: main.type ?? 'other',
      at: main.received_at,
    })
    await moveAliases(tx, from, id, going)
    if (carried.length === 0)
      await addAliases(tx, id, event.role, [{ name, source: actor.name, joins: false }])
    await setEventOf(
      tx,
      moved.map((n) => n.id),
      id,
      true,
    )
    await setEventOf(
      tx,
      left.map((n) => n.id),
      from,
      true,
    )
    const text = `${moved.length} of ${all.length} notices split off`
    await addHistory(tx, from, actor.name, 'split', text, { into: id, notices: moved.map((n) => n.id) })
    await addHistory(tx, id, actor.name, 'created', `Split from ${event.name}`, { from })
    const before = { name: event.name, notices: all.map((n) => n.id) }
    const after = { into: id, name, notices: moved.map((n) => n.id) }
    await audit(tx, actor, 'alerts.event_split', { kind: 'event', id: from }, before, after)
    await refreshEvent(platform, tx, id, defaultRules, { what: 'person', title: `Split from ${event.name}` })
    await refreshEvent(platform, tx, from, defaultRules, { what: 'person', title: text })
    return id
  })
}

/** Reads a dead letter again, as after a new version of the program. */
export async function retryNotice(platform: Needs, actor: Actor, noticeId: string): Promise<void> {
  requireEditor(actor)
  await platform.db.transaction().execute(async (tx) => {
    const notice = await lockNotice(tx, noticeId)
    if (!notice) throw new Problem('resource.not_found', `There is no notice ${noticeId}.`)
    if (notice.state === 'received') return
    await setReceived(tx, noticeId)
    const before = { state: notice.state, problem: notice.problem }
    await audit(tx, actor, 'alerts.notice_retried', { kind: 'notice', id: noticeId }, before, {
      state: 'received',
    })
    await platform.jobs.send(
      tx,
      parseKind,
      { noticeIds: [noticeId] },
      { subject: { kind: 'notice', id: noticeId }, requestedBy: actor.name },
    )
  })
}

/** Removes tests and mocks whose time is over, rows first, then the bytes that no row names any more. */
export async function expireTests(platform: Needs, now = new Date()): Promise<number> {
  let removed = 0
  // A notice that comes in puts its bytes a moment before its row.
  const unlessPutSince = new Date(now.getTime() - 600_000)
  const drop = async (hashes: readonly string[]): Promise<void> => {
    for (const sha256 of await unnamedBytes(platform.db, hashes)) {
      await platform.storage.remove(sha256, { unlessPutSince })
    }
  }
  for (;;) {
    const ids = await expiredEvents(platform.db, now, 100)
    for (const id of ids) {
      const bytes = await platform.db.transaction().execute(async (tx) => {
        const event = await lockEvent(tx, id)
        if (!event || event.kept) return null
        const subject = { kind: 'event', id }
        await platform.events.append(tx, {
          kind: 'alerts.event_expired',
          subject,
          data: { name: event.name },
          audience,
        })
        await audit(tx, system, 'alerts.event_expired', subject, { name: event.name, role: event.role }, null)
        return deleteEvent(tx, id)
      })
      if (bytes === null) continue
      await drop(bytes)
      removed++
    }
    if (ids.length < 100) break
  }
  await drop(await deleteLoneTests(platform.db, new Date(now.getTime() - testDays * 86_400_000)))
  return removed
}

/** The event's row, merged ones followed. */
export async function eventRow(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  idOrAlias: string,
): Promise<EventRow> {
  requireReader(actor)
  return (await eventById(platform.db, await findEvent(platform, idOrAlias)))!
}
