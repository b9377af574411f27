import type { Db } from '#platform/db/database.ts'
import { assessmentsOfEvent } from './assessment-store.ts'
import { deriveEvent, inOrder } from './derive.ts'
import type { EventDetail } from './event.ts'
import { aliasesOf, eventById } from './event-store.ts'
import type { Decision } from './assessment.ts'
import { localizationsOfEvent } from './localization-store.ts'
import type { NoticeRow } from './notice-store.ts'
import { noticesOfEvent } from './notice-store.ts'
import { eventDetail } from './view.ts'

/** An event as its notices up to one made it; what came later is not in it. */
export interface EventAsOf {
  event: EventDetail
  /** The notice itself. */
  row: NoticeRow
  /** Its number among the event's notices, from 1, by reception. */
  number: number
  /** Decision before that notice came; null for the first. */
  decisionBefore: Decision | null
}

/** Undefined where the notice is not (or no longer) one of the event's. */
export async function eventAsOf(
  db: Db,
  eventId: string,
  noticeId: string,
  defaultRules: string,
): Promise<EventAsOf | undefined> {
  const row = await eventById(db, eventId)
  if (!row) return undefined
  const [all, localizations, assessments, aliases] = await Promise.all([
    noticesOfEvent(db, eventId),
    localizationsOfEvent(db, eventId),
    assessmentsOfEvent(db, eventId),
    aliasesOf(db, eventId),
  ])
  const received = all
    .filter((n) => n.parsed !== null)
    .toSorted((a, b) => a.received_at.getTime() - b.received_at.getTime() || (a.id < b.id ? -1 : 1))
  const at = received.findIndex((n) => n.id === noticeId)
  if (at < 0) return undefined

  const until = (count: number): EventDetail | undefined => {
    const notices = received.slice(0, count)
    const ids = new Set(notices.map((n) => n.id))
    const places = localizations.filter((l) => ids.has(l.notice_id))
    const verdicts = assessments.filter((a) => ids.has(a.notice_id))
    const told = inOrder(notices)
    if (told.length === 0) return undefined
    const { facts } = deriveEvent(told, places, verdicts, aliases, defaultRules)
    const then = {
      ...row,
      name: facts.name,
      kind: facts.kind,
      role: facts.role,
      status: facts.status,
      event_time: facts.eventTime,
      last_notice_at: facts.lastNoticeAt,
      notice_count: facts.noticeCount,
      latest_type: facts.latestType,
      mission: facts.mission,
      significant: facts.significant,
      far_hz: facts.farHz,
      classification: facts.classification,
      place: facts.place,
      verdict: facts.verdict,
    }
    return eventDetail(then, { aliases, notices, localizations: places, assessments: verdicts })
  }
  const event = until(at + 1)
  if (!event) return undefined
  const numbered = received.slice(0, at + 1).filter((n) => n.parsed?.makes === 'event')
  return {
    event,
    row: received[at]!,
    number: numbered.length,
    decisionBefore: until(at)?.verdict?.decision ?? null,
  }
}
