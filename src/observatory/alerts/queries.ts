import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { assessmentsOfEvent } from './assessment-store.ts'
import { inOrder } from './derive.ts'
import type { EventDetail } from './event.ts'
import { aliasesOf, eventById, type EventRow } from './event-store.ts'
import {
  localizationById,
  localizationsOfEvent,
  localizationsOfNotice,
  type LocalizationRow,
} from './localization-store.ts'
import type { NoticeDetail } from './notice.ts'
import { noticeById, noticesOfEvent, type NoticeRow } from './notice-store.ts'
import { changesOf } from './refresh.ts'
import { eventRow, requireReader } from './service.ts'
import { eventDetail, noticeDetail } from './view.ts'

/** What people read: rows checked for the right to see them, put together. */

type Needs = Pick<Platform, 'db'>

export async function readEvent(
  platform: Needs,
  actor: Actor,
  idOrAlias: string,
): Promise<{ row: EventRow; detail: EventDetail }> {
  const row = await eventRow(platform, actor, idOrAlias)
  const { db } = platform
  const [aliases, notices, localizations, assessments] = await Promise.all([
    aliasesOf(db, row.id),
    noticesOfEvent(db, row.id),
    localizationsOfEvent(db, row.id),
    assessmentsOfEvent(db, row.id),
  ])
  return { row, detail: eventDetail(row, { aliases, notices, localizations, assessments }) }
}

export async function noticeRow(platform: Needs, actor: Actor, id: string): Promise<NoticeRow> {
  requireReader(actor)
  const row = await noticeById(platform.db, id)
  if (!row)
    throw new Problem('resource.not_found', `There is no notice ${JSON.stringify(id.slice(0, 80))} here.`)
  return row
}

export async function readNotice(platform: Needs, actor: Actor, id: string): Promise<NoticeDetail> {
  const row = await noticeRow(platform, actor, id)
  const { db } = platform
  if (row.event_id === null) return noticeDetail(row, null, await localizationsOfNotice(db, id), [])
  const event = await eventById(db, row.event_id)
  const localizations = await localizationsOfEvent(db, row.event_id)
  const told = inOrder(await noticesOfEvent(db, row.event_id))
  return noticeDetail(row, event?.name ?? null, localizations, changesOf(told, localizations, id))
}

export async function localizationRow(platform: Needs, actor: Actor, id: string): Promise<LocalizationRow> {
  requireReader(actor)
  const row = await localizationById(platform.db, id)
  if (!row)
    throw new Problem(
      'resource.not_found',
      `There is no localization ${JSON.stringify(id.slice(0, 80))} here.`,
    )
  return row
}

/** What a picture of a localization says of its event. */
export async function chartTitle(
  { db }: Needs,
  row: LocalizationRow,
): Promise<{ title: string; note: string | null }> {
  const event = row.event_id === null ? undefined : await eventById(db, row.event_id)
  if (!event) return { title: `Localization ${row.id}`, note: null }
  const notes = [
    event.role === 'observation' ? '' : event.role,
    event.status === 'retracted' ? 'retracted' : '',
  ]
  return { title: event.name, note: notes.filter(Boolean).join(', ').toUpperCase() || null }
}

/** Beginning of the name of a downloaded file: the event's name in letters that every system allows, then its map. */
export async function fileStem(platform: Needs, row: LocalizationRow): Promise<string> {
  const event = row.event_id === null ? undefined : await eventById(platform.db, row.event_id)
  const name = (event?.name ?? 'localization').replace(/[^\w.+-]+/g, '_').slice(0, 60)
  return `${name}-${row.id.slice(0, 8)}`
}
