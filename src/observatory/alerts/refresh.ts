import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import { assessmentsOfEvent } from './assessment-store.ts'
import { changesBetween, type Comparable } from './changes.ts'
import { bestOf, deriveEvent, inOrder, type Told } from './derive.ts'
import { addHistory, aliasesOf, eventById, setFacts, type EventRow } from './event-store.ts'
import { audience } from './ingest.ts'
import { localizationsOfEvent, setPreferred, type LocalizationRow } from './localization-store.ts'
import type { Change } from './notice.ts'
import { noticesOfEvent } from './notice-store.ts'

/** Why an event is derived anew: a notice came, a map arrived, a person merged or split. */
export interface Cause {
  what: 'notice' | 'map' | 'person'
  noticeId?: string
  title: string
}

/**
 * Derives an event from its notices, writes it, and tells: `alerts.event_changed` with what changed, and
 * `alerts.event_retracted` or `alerts.event_revived` where its status turned.
 */
export async function refreshEvent(
  platform: Pick<Platform, 'events'>,
  tx: Db,
  eventId: string,
  defaultRules: string,
  cause: Cause,
): Promise<EventRow> {
  const before = (await eventById(tx, eventId))!
  const told = inOrder(await noticesOfEvent(tx, eventId))
  if (told.length === 0) return before
  const localizations = await localizationsOfEvent(tx, eventId)
  const names = await aliasesOf(tx, eventId)
  const { facts, preferred } = deriveEvent(
    told,
    localizations,
    await assessmentsOfEvent(tx, eventId),
    names,
    defaultRules,
  )
  const event = await setFacts(tx, eventId, facts)
  await setPreferred(tx, eventId, preferred)
  const changes = cause.noticeId ? changesOf(told, localizations, cause.noticeId) : []
  const subject = { kind: 'event', id: eventId }
  const data = {
    name: event.name,
    alertKind: event.kind,
    role: event.role,
    status: event.status,
    title: cause.title,
    cause: cause.what,
    // Which notice of its event it is, in the order in which they were understood.
    number: told.filter((t) => t.notice.makes === 'event').length,
    noticeId: cause.noticeId ?? null,
    decision: facts.verdict?.decision ?? null,
    score: facts.verdict?.score ?? null,
    changes: changes.slice(0, 8).map((c) => c.text),
  }
  await platform.events.append(tx, { kind: 'alerts.event_changed', subject, data, audience })
  if (cause.noticeId && before.revision !== '0')
    await addHistory(tx, eventId, 'urania', 'notice', cause.title, { noticeId: cause.noticeId })
  if (before.status !== event.status) {
    const retracted = event.status === 'retracted'
    await addHistory(
      tx,
      eventId,
      'urania',
      retracted ? 'retracted' : 'revived',
      retracted ? 'Retracted by its senders' : 'Active again',
    )
    await platform.events.append(tx, {
      kind: retracted ? 'alerts.event_retracted' : 'alerts.event_revived',
      subject,
      data: { name: event.name, role: event.role, before: before.verdict?.decision ?? null },
      audience,
    })
  }
  return event
}

/** What a notice changed against the one of its voice before it. */
export function changesOf(
  told: readonly Told[],
  localizations: readonly LocalizationRow[],
  noticeId: string,
): Change[] {
  const at = told.findIndex((t) => t.row.id === noticeId)
  const notice = told[at]
  if (!notice || notice.notice.makes !== 'event') return []
  const before = told.slice(0, at).findLast((t) => t.notice.makes === 'event')
  return before ? changesBetween(comparable(before, localizations), comparable(notice, localizations)) : []
}

function comparable(t: Told, localizations: readonly LocalizationRow[]): Comparable {
  const best = bestOf(localizations.filter((l) => l.notice_id === t.row.id))
  const n = t.notice
  return {
    type: n.type,
    significant: n.significant,
    farHz: n.farHz,
    pAstro: n.pAstro,
    instruments: n.instruments,
    classification: n.classification,
    properties: n.properties,
    position: n.position,
    externalCoincidence: n.externalCoincidence,
    map: best?.summary ?? null,
  }
}
