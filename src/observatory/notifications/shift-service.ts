import { randomUUID } from 'node:crypto'
import { isProblem, Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { requireRole, requireScope } from '#observatory/people/rights.ts'
import { readCalendar } from './calendar.ts'
import { occurrences, requireRecurring } from './occurrences.ts'
import { peopleByName, readDirectory } from './recipients.ts'
import type { CalendarImport, NewShift, Shift, Turn } from './shift.ts'
import {
  deleteCalendar,
  deleteShift,
  insertShifts,
  listShifts,
  shiftById,
  updateShift,
  type NewShiftRow,
  type ShiftRow,
} from './shift-store.ts'
import { localText, parseLocal, wallMs, zoneNamed } from './zone.ts'

type DbNeeds = Pick<Platform, 'db'>
type ShiftNeeds = Pick<Platform, 'db' | 'events'>
type Names = ReadonlyMap<string, { name: string }>

function requireOperator(actor: Actor): void {
  requireRole(actor, 'operator', 'changing shifts')
  requireScope(actor, 'operate')
}

export async function readShifts(needs: DbNeeds, actor: Actor): Promise<Shift[]> {
  requireRole(actor, 'viewer', 'seeing shifts')
  const { people } = await readDirectory(needs.db)
  return (await listShifts(needs.db)).map((row) => shownShift(row, people))
}

/** Times at which somebody is on shift within [since, until), in order. */
export async function readTurns(needs: DbNeeds, actor: Actor, since: Date, until: Date): Promise<Turn[]> {
  requireRole(actor, 'viewer', 'seeing shifts')
  if (until.getTime() - since.getTime() > 366 * 86_400_000)
    throw new Problem('notification.invalid', 'At most a year of shifts is listed at once.')
  const { people, shifts } = await readDirectory(needs.db)
  return shifts
    .flatMap((row) => occurrences(row, since, until).map((each) => turnOf(row, each, people)))
    .toSorted((a, b) => (a.start < b.start ? -1 : 1))
}

export async function createShift(needs: ShiftNeeds, actor: Actor, input: NewShift): Promise<Shift> {
  requireOperator(actor)
  const row = await shiftRow(needs, actor, input, randomUUID())
  return needs.db.transaction().execute(async (tx) => {
    await insertShifts(tx, [row])
    await changed(needs, tx, actor, 'notifications.shift_made', row.id, null, input)
    return shownShift((await shiftById(tx, row.id))!, (await readDirectory(tx)).people)
  })
}

export async function changeShift(
  needs: ShiftNeeds,
  actor: Actor,
  id: string,
  input: NewShift,
): Promise<Shift> {
  requireOperator(actor)
  const row = await shiftRow(needs, actor, input, id)
  return needs.db.transaction().execute(async (tx) => {
    const before = await foundShift(tx, id)
    await updateShift(tx, row)
    await changed(needs, tx, actor, 'notifications.shift_changed', id, before, input)
    return shownShift((await shiftById(tx, id))!, (await readDirectory(tx)).people)
  })
}

export async function removeShift(needs: ShiftNeeds, actor: Actor, id: string): Promise<void> {
  requireOperator(actor)
  await needs.db.transaction().execute(async (tx) => {
    const before = await foundShift(tx, id)
    await deleteShift(tx, id)
    await changed(needs, tx, actor, 'notifications.shift_removed', id, before, null)
  })
}

/**
 * Takes the shifts of an iCalendar file; they take the place of those that an earlier import brought under the same
 * calendar name. Attendees are found by mail address; addresses that belong to nobody here are said.
 */
export async function importCalendar(
  needs: ShiftNeeds,
  actor: Actor,
  text: string,
  name?: string,
): Promise<CalendarImport> {
  requireOperator(actor)
  const read = readCalendar(text)
  const calendar = (name ?? read.name ?? 'calendar').slice(0, 200)
  const names = peopleByName(await readDirectory(needs.db))
  const unmatched = new Map<string, number>()
  const people = new Set<string>()
  const rows = read.shifts.map((shift): NewShiftRow => {
    const strangers = shift.attendees.filter((address) => !names.has(address))
    for (const address of strangers) unmatched.set(address, (unmatched.get(address) ?? 0) + 1)
    const ids = shift.attendees.flatMap((address) => names.get(address)?.id ?? [])
    for (const id of ids) people.add(id)
    return {
      id: randomUUID(),
      title: shift.title,
      people: [...new Set(ids)],
      unmatched: strangers,
      starts: shift.starts,
      zone: shift.zone,
      minutes: shift.minutes,
      exact: shift.exact,
      recurrence: shift.recurrence,
      skipped: [...shift.skipped],
      added: [...shift.added],
      calendar,
      uid: shift.uid,
      created_by: actor.name,
    }
  })
  return needs.db.transaction().execute(async (tx) => {
    const replaced = await deleteCalendar(tx, calendar)
    await insertShifts(tx, rows)
    const facts = { calendar, shifts: rows.length, replaced }
    await changed(needs, tx, actor, 'notifications.shifts_imported', calendar, null, facts)
    return {
      ...facts,
      people: people.size,
      unmatched: [...unmatched].map(([address, shifts]) => ({ address, shifts })),
      refused: read.refused,
    }
  })
}

async function changed(
  needs: ShiftNeeds,
  tx: Platform['db'],
  actor: Actor,
  action: string,
  id: string,
  before: unknown,
  after: unknown,
): Promise<void> {
  const subject = { kind: 'notification_shift', id }
  await audit(tx, actor, action, subject, before, after)
  await needs.events.append(tx, {
    kind: 'notifications.shifts_changed',
    subject,
    audience: ['role:viewer'],
  })
}

async function foundShift(tx: Platform['db'], id: string): Promise<ShiftRow> {
  const isId = /^[0-9a-f-]{36}$/.test(id)
  const row = isId ? await shiftById(tx, id) : undefined
  if (!row) throw new Problem('resource.not_found', `There is no shift ${JSON.stringify(id.slice(0, 60))}.`)
  return row
}

async function shiftRow(needs: DbNeeds, actor: Actor, input: NewShift, id: string): Promise<NewShiftRow> {
  const zone = zoneNamed(input.zone).name
  const starts = parseLocal(input.starts)
  const minutes = (wallMs(parseLocal(input.ends)) - wallMs(starts)) / 60_000
  if (!(minutes > 0)) throw new Problem('notification.invalid', 'The shift does not end after it begins.')
  const times = {
    starts: localText(starts),
    zone,
    minutes,
    exact: false,
    recurrence: input.recurrence,
    skipped: input.skipped.map((text) => localText(parseLocal(text))),
    added: [],
  }
  try {
    requireRecurring(times)
  } catch (error) {
    if (!isProblem(error)) throw error
    throw new Problem('notification.invalid', error.message, error.details, error)
  }
  const names = peopleByName(await readDirectory(needs.db))
  const people = input.people.map((name) => {
    const found = names.get(name) ?? names.get(name.toLowerCase())
    if (found) return found.id
    throw new Problem(
      'notification.invalid',
      `Nobody here has the id or mail address ${JSON.stringify(name)}.`,
    )
  })
  return {
    id,
    title: input.title,
    people: [...new Set(people)],
    unmatched: [],
    ...times,
    calendar: null,
    uid: null,
    created_by: actor.name,
  }
}

function namesOf(ids: readonly string[], people: Names): { id: string; name: string }[] {
  return ids.map((id) => ({ id, name: people.get(id)?.name ?? 'somebody who is gone' }))
}

function turnOf(row: ShiftRow, { start, end }: { start: Date; end: Date }, people: Names): Turn {
  return {
    shiftId: row.id,
    title: row.title,
    people: namesOf(row.people, people),
    unmatched: row.unmatched,
    start: start.toISOString(),
    end: end.toISOString(),
  }
}

function shownShift(row: ShiftRow, people: Names): Shift {
  const now = new Date()
  const [next] = occurrences(row, now, new Date(now.getTime() + 400 * 86_400_000), 1)
  return {
    id: row.id,
    title: row.title,
    people: namesOf(row.people, people),
    unmatched: row.unmatched,
    starts: row.starts,
    zone: row.zone,
    minutes: row.minutes,
    recurrence: row.recurrence,
    skipped: row.skipped,
    calendar: row.calendar,
    nextStart: next?.start.toISOString() ?? null,
    nextEnd: next?.end.toISOString() ?? null,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
  }
}
