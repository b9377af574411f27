import { randomUUID } from 'node:crypto'
import { isProblem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import {
  aliasesOf,
  addAliases,
  addHistory,
  eventById,
  eventsJoinedBy,
  insertEvent,
  lockEvent,
  lockNames,
  lookupOf,
  moveAll,
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
  return platform.db.transaction().execute(async (tx) => {
    const lookups = keysOf(parsed).map((name) => lookupOf(name, role))
    await lockNames(tx, lookups)
    const locked = await lockNotice(tx, noticeId)
    if (locked?.state !== 'received') return { state: locked?.state ?? 'gone' }
    const eventId = locked.pinned
      ? locked.event_id
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
    const names = parsed.makes === 'event' ? parsed.names : parsed.names.filter((n) => n.key)
    await addAliases(
      tx,
      eventId,
      role,
      names.map((n) => ({ name: n.name, source: n.source, joins: n.key })),
    )
    await assessNotice(tx, rules, { noticeId, eventId, notice: stored })
    const event = await refreshEvent(platform, tx, eventId, rules[0]!.name, { noticeId, title: stored.title })
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

/** The event that the notice belongs to: found by its names, joined where they join two, made where there is none. */
async function eventFor(
  platform: Pick<Platform, 'events'>,
  tx: Db,
  rules: readonly Rules[],
  parsed: ParsedNotice,
  role: EventRole,
  lookups: readonly string[],
  at: Date,
): Promise<string | null> {
  if (parsed.makes === 'nothing' || lookups.length === 0) return null
  const [first, ...others] = await eventsJoinedBy(tx, lookups)
  if (first === undefined) {
    // A retraction or a circular of something unknown waits; it never makes an event.
    if (parsed.makes === 'attachment' || parsed.type === 'retraction') return null
    const id = randomUUID()
    const name = parsed.names.find((n) => n.key)!.name
    await insertEvent(tx, { id, name, kind: parsed.kind, role, type: parsed.type, at })
    await addHistory(tx, id, 'urania', 'created', `Created by ${parsed.title}`)
    await adopt(tx, rules, id, lookups)
    return id
  }
  await lockEvent(tx, first)
  for (const other of others) {
    const gone = await eventById(tx, other)
    await moveAll(tx, other, first)
    const text = `Joined with ${gone?.name ?? other}: ${parsed.title} carries names of both`
    await addHistory(tx, first, 'urania', 'merged', text, { from: other })
    await platform.events.append(tx, {
      kind: 'alerts.event_merged',
      subject: { kind: 'event', id: other },
      data: { into: first },
      audience,
    })
  }
  const before = new Set((await aliasesOf(tx, first)).map((a) => a.lookup))
  await adopt(
    tx,
    rules,
    first,
    lookups.filter((l) => !before.has(l)),
  )
  return first
}

/** Takes in the notices that waited for these names, and assesses those that speak of the event itself. */
async function adopt(
  tx: Db,
  rules: readonly Rules[],
  eventId: string,
  lookups: readonly string[],
): Promise<void> {
  const waiting = await orphansOf(tx, lookups)
  await setEventOf(tx, waiting, eventId)
  for (const noticeId of waiting) {
    const row = await noticeById(tx, noticeId)
    if (row?.parsed) await assessNotice(tx, rules, { noticeId, eventId, notice: row.parsed })
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
