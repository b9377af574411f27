import { randomUUID } from 'node:crypto'
import { isProblem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import {
  aliasesOf,
  addAliases,
  addHistory,
  eventsJoinedBy,
  insertEvent,
  lockEvent,
  lockNames,
  lookupOf,
  moveAll,
  type EventRow,
} from './event-store.ts'
import { ruleFacts } from './facts.ts'
import { parseNotice } from './formats/registry.ts'
import type { ParsedNotice } from './formats/format.ts'
import { audience } from './ingest.ts'
import { fetchMapKind } from './job-kinds.ts'
import {
  deleteLocalizationsOf,
  insertLocalizations,
  localizationsOfNotice,
  type NewLocalization,
} from './localization-store.ts'
import { localizeNotice, type Localized } from './localize.ts'
import type { EventRole } from './notice.ts'
import {
  insertOrphan,
  lockNotice,
  noticeById,
  orphansOf,
  setDead,
  setEventOf,
  setParsed,
} from './notice-store.ts'
import { refreshEvent } from './refresh.ts'
import { saveAssessments } from './assessment-store.ts'
import { bestOf } from './derive.ts'
import type { Rules } from './rule-file.ts'
import { evaluate } from './rules.ts'
import type { StoredNotice } from './stored-notice.ts'
import { transaction } from './transaction.ts'

export type InterpretNeeds = Pick<Platform, 'db' | 'storage' | 'compute' | 'jobs' | 'events' | 'log'>

/** Topics of this program's own demonstration. */
const simulatedTopic = /^urania\.simulated/

/**
 * Reads a stored notice: parse, localize, find its event, assess. Runs as a job; doing it again changes nothing. What
 * cannot be understood becomes a dead letter with its sentence, which is a success of the job.
 */
export async function interpretNotice(
  platform: InterpretNeeds,
  rules: readonly Rules[],
  noticeId: string,
  signal?: AbortSignal,
): Promise<{ state: string; event?: string | undefined }> {
  const row = await noticeById(platform.db, noticeId)
  if (!row || row.state !== 'received') return { state: row?.state ?? 'gone' }
  let parsed: ParsedNotice
  let localized: Localized
  try {
    parsed = parseNotice(await platform.storage.get(row.sha256), row.topic)
    localized = await localizeNotice(platform, noticeId, parsed, signal)
  } catch (error) {
    if (!isProblem(error) || !isContentProblem(error.code)) throw error
    const problem = { code: error.code, message: error.message }
    await platform.db.transaction().execute(async (tx) => {
      await setDead(tx, noticeId, problem)
      await announceDead(platform, tx, noticeId, problem.message)
    })
    return { state: 'dead' }
  }
  const role: EventRole = simulatedTopic.test(row.topic) ? 'simulated' : parsed.role
  return transaction(platform.db, async (tx) => {
    const lookups = keysOf(parsed).map((name) => lookupOf(name, role))
    await lockNames(tx, lookups)
    const locked = await lockNotice(tx, noticeId)
    if (locked?.state !== 'received') return { state: locked?.state ?? 'gone' }
    const { eventId, apart } = locked.pinned
      ? { eventId: locked.event_id, apart: new Set<string>() }
      : await eventFor(platform, tx, rules, parsed, role, lookups, locked.received_at)
    const state = parsed.makes === 'nothing' ? 'other' : localized.problem ? 'dead' : 'parsed'
    const stored = await setParsed(tx, noticeId, parsed, { state, role, eventId, problem: localized.problem })
    // Left from an earlier reading, where a person asked for another.
    if (locked.parsed !== null) await deleteLocalizationsOf(tx, noticeId)
    await insertLocalizations(
      tx,
      localized.localizations.map((l) => ({ ...l, eventId })),
    )
    for (const l of localized.localizations) if (l.state === 'waiting') await sendFetch(platform, tx, l)
    if (localized.problem) await announceDead(platform, tx, noticeId, localized.problem.message)
    if (eventId === null) {
      if (parsed.makes !== 'nothing') await insertOrphan(tx, noticeId, lookups)
      return { state }
    }
    const own = parsed.makes === 'event' ? parsed.names : parsed.names.filter((n) => n.key)
    const names = own.filter((n) => !apart.has(lookupOf(n.name, role)))
    await addAliases(
      tx,
      eventId,
      role,
      names.map((n) => ({ name: n.name, source: n.source, joins: n.key })),
    )
    await assessNotice(tx, rules, { noticeId, eventId, notice: stored })
    const event = await refreshEvent(platform, tx, eventId, rules[0]!.name, {
      what: 'notice',
      noticeId,
      title: stored.title,
    })
    return { state, event: event.name }
  })
}

/** Problems of the message itself; anything else (storage away, thread lost) is tried again. */
function isContentProblem(code: string): boolean {
  return /^(notice|fits|skymap|healpix|moc|region|angle|time)\./.test(code)
}

function keysOf(parsed: ParsedNotice): string[] {
  return parsed.names.filter((n) => n.key).map((n) => n.name)
}

/** Applies every configured rule set to one notice as it stands. */
export async function assessNotice(
  tx: Db,
  rules: readonly Rules[],
  at: { noticeId: string; eventId: string; notice: StoredNotice },
): Promise<void> {
  if (at.notice.makes !== 'event') return
  const places = await localizationsOfNotice(tx, at.noticeId)
  const facts = ruleFacts(at.notice, places)
  const verdicts = rules.map((r) => evaluate(r, facts))
  await saveAssessments(tx, { ...at, localizationId: bestOf(places)?.id ?? null }, verdicts)
}

/** Where a notice belongs, and those of its names that lead to events which stay on their own. */
interface Belonging {
  eventId: string | null
  apart: ReadonlySet<string>
}

/**
 * The event that the notice belongs to: found by its names, joined where they join two, made where there is none. Prose
 * belongs to the event it names first; other events that it mentions are joined only where they may be the same.
 */
async function eventFor(
  platform: Pick<Platform, 'events'>,
  tx: Db,
  rules: readonly Rules[],
  parsed: ParsedNotice,
  role: EventRole,
  lookups: readonly string[],
  at: Date,
): Promise<Belonging> {
  const apart = new Set<string>()
  if (parsed.makes === 'nothing' || lookups.length === 0) return { eventId: null, apart }
  const found = await lockJoined(tx, lookups)
  const event = chosen(found, parsed)
  if (event === undefined) {
    // A retraction or a circular of something unknown waits; it never makes an event.
    if (parsed.makes === 'attachment' || parsed.type === 'retraction') return { eventId: null, apart }
    const id = randomUUID()
    const name = parsed.names.find((n) => n.key)!.name
    await insertEvent(tx, { id, name, kind: parsed.kind, role, type: parsed.type, at })
    await addHistory(tx, id, 'urania', 'created', `Created by ${parsed.title}`)
    await adopt(tx, rules, id, role, lookups)
    return { eventId: id, apart }
  }
  for (const other of new Set(found.values())) {
    if (other.id === event.id) continue
    if (!mayBeSame(event, other, parsed)) {
      for (const [lookup, { id }] of found) if (id === other.id) apart.add(lookup)
      continue
    }
    await moveAll(tx, other.id, event.id)
    const text = `Joined with ${other.name}: ${parsed.title} carries names of both`
    await addHistory(tx, event.id, 'urania', 'merged', text, { from: other.id })
    await platform.events.append(tx, {
      kind: 'alerts.event_merged',
      subject: { kind: 'event', id: other.id },
      data: { into: event.id },
      audience,
    })
  }
  const before = new Set((await aliasesOf(tx, event.id)).map((a) => a.lookup))
  const learnt = lookups.filter((l) => !before.has(l) && !apart.has(l))
  await adopt(tx, rules, event.id, role, learnt)
  return { eventId: event.id, apart }
}

/**
 * Events by the names that lead to them, in the order of the names, their rows held. A person may merge or split them
 * until they are held, so it is asked again until both answers agree.
 */
async function lockJoined(tx: Db, lookups: readonly string[]): Promise<Map<string, EventRow>> {
  const held = new Map<string, EventRow>()
  for (;;) {
    const joined = await eventsJoinedBy(tx, lookups)
    const missing = [...new Set(joined.values())].filter((id) => !held.has(id)).toSorted()
    if (missing.length === 0) return new Map([...joined].map(([lookup, id]) => [lookup, held.get(id)!]))
    for (const id of missing) {
      const row = await lockEvent(tx, id)
      if (row) held.set(id, row)
    }
  }
}

/** Prose goes to the first name that is known, a notice to the oldest event of its own sort. */
function chosen(found: ReadonlyMap<string, EventRow>, parsed: ParsedNotice): EventRow | undefined {
  const events = [...found.values()]
  if (parsed.makes === 'attachment') return events[0]
  const aged = events.toSorted(
    (a, b) => a.created_at.getTime() - b.created_at.getTime() || (a.id < b.id ? -1 : 1),
  )
  return aged.find((e) => (e.kind === 'gw') === (parsed.kind === 'gw')) ?? aged[0]
}

/** Farther apart than this, two triggers that a text names are not one burst. */
const sameTriggerMs = 3_600_000

/** A wave is never one event with a burst, nor a neutrino with either; what people write joins near triggers alone. */
function mayBeSame(a: EventRow, b: EventRow, parsed: ParsedNotice): boolean {
  for (const kind of ['gw', 'neutrino'] as const) {
    if ((a.kind === kind) !== (b.kind === kind) && a.kind !== 'unknown' && b.kind !== 'unknown') return false
  }
  if (parsed.makes !== 'attachment' || !a.event_at || !b.event_at) return true
  return Math.abs(a.event_at.getTime() - b.event_at.getTime()) <= sameTriggerMs
}

/**
 * Takes in the notices that waited for these names with the further names that they tell, and assesses those that speak
 * of the event itself.
 */
async function adopt(
  tx: Db,
  rules: readonly Rules[],
  eventId: string,
  role: EventRole,
  lookups: readonly string[],
): Promise<void> {
  const waiting = await orphansOf(tx, lookups)
  await setEventOf(tx, waiting, eventId)
  for (const noticeId of waiting) {
    const row = await noticeById(tx, noticeId)
    if (!row?.parsed) continue
    const keys = row.parsed.names.filter((n) => n.key)
    const taken = await eventsJoinedBy(
      tx,
      keys.map((n) => lookupOf(n.name, role)),
    )
    const free = keys.filter((n) => (taken.get(lookupOf(n.name, role)) ?? eventId) === eventId)
    await addAliases(
      tx,
      eventId,
      role,
      free.map((n) => ({ name: n.name, source: n.source, joins: true })),
    )
    await assessNotice(tx, rules, { noticeId, eventId, notice: row.parsed })
  }
}

async function sendFetch(platform: Pick<Platform, 'jobs'>, tx: Db, l: NewLocalization): Promise<void> {
  await platform.jobs.send(
    tx,
    fetchMapKind,
    { localizationId: l.id },
    { subject: { kind: 'localization', id: l.id } },
  )
}

async function announceDead(
  platform: Pick<Platform, 'events'>,
  tx: Db,
  id: string,
  message: string,
): Promise<void> {
  await platform.events.append(tx, {
    kind: 'alerts.notice_dead',
    subject: { kind: 'notice', id },
    data: { message },
    audience,
  })
}
