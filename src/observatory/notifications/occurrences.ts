import ICAL from 'ical.js'
import { Problem } from '#problem.ts'
import type { ShiftTimes } from './shift.ts'
import { localOfWallMs, localText, parseLocal, wallMs, zoneNamed, type Zone } from './zone.ts'

export interface Occurrence {
  start: Date
  end: Date
}

/** Most steps of a recurrence that are looked at: fifty years of days. */
const mostSteps = 20_000

/**
 * Times at which a shift takes place that overlap [since, until), in order. A recurrence is followed on the wall's clock
 * and each time put into the zone by itself, so that 20:00 stays 20:00 over a change of the clock.
 */
export function occurrences(shift: ShiftTimes, since: Date, until: Date, most = 1_000): Occurrence[] {
  const zone = zoneNamed(shift.zone)
  const first = wallMs(parseLocal(shift.starts))
  const skipped = new Set(shift.skipped.map((text) => wallMs(parseLocal(text))))
  const found: Occurrence[] = []
  const take = (wall: number): Date => {
    const start = zone.instantOf(localOfWallMs(wall))
    const end = shift.exact
      ? new Date(start.getTime() + shift.minutes * 60_000)
      : zone.instantOf(localOfWallMs(wall + shift.minutes * 60_000))
    if (!skipped.has(wall) && end > since && start < until) found.push({ start, end })
    return start
  }
  const seen = new Set<number>()
  for (const text of shift.added) {
    const wall = wallMs(parseLocal(text))
    if (!seen.has(wall)) take(wall)
    seen.add(wall)
  }
  if (shift.recurrence === null) {
    if (!seen.has(first)) take(first)
  } else {
    const rule = parseRecurrence(shift.recurrence)
    const last = endOf(rule, zone)
    const steps = rule.iterator(ICAL.Time.fromString(localText(localOfWallMs(first)), undefined))
    for (let step = 0; step < mostSteps && found.length < most; step++) {
      const next = steps.next()
      if (!next) break
      const wall = wallMs({
        year: next.year,
        month: next.month,
        day: next.day,
        hour: next.hour,
        minute: next.minute,
        second: next.second,
      })
      if (zone.instantOf(localOfWallMs(wall)) > last) break
      if (!seen.has(wall) && take(wall) >= until) break
      seen.add(wall)
    }
  }
  return found.toSorted((a, b) => a.start.getTime() - b.start.getTime()).slice(0, most)
}

/**
 * @throws Problem `calendar.invalid` for a recurrence that no day fulfils, 30 February for one. What has only been left
 * out or is over is none of these.
 */
export function requireRecurring(shift: ShiftTimes): void {
  const { starts, recurrence } = shift
  if (recurrence === null) return
  const rule = parseRecurrence(recurrence)
  rule.until = null
  if (rule.iterator(ICAL.Time.fromString(localText(parseLocal(starts)), undefined)).next()) return
  throw new Problem(
    'calendar.invalid',
    `The recurrence ${JSON.stringify(recurrence.slice(0, 120))} never takes place; look at its days and months.`,
    { recurrence },
  )
}

/** UNTIL is an instant where it ends with Z and a clock time elsewhere; it is taken out of the rule and tested here. */
function endOf(rule: ICAL.Recur, zone: Zone): Date {
  const { until } = rule
  if (!until) return new Date(8.64e15)
  rule.until = null
  const wall = {
    year: until.year,
    month: until.month,
    day: until.day,
    hour: until.isDate ? 23 : until.hour,
    minute: until.isDate ? 59 : until.minute,
    second: until.isDate ? 59 : until.second,
  }
  return until.zone?.tzid === 'UTC' ? new Date(wallMs(wall)) : zone.instantOf(wall)
}

/** @throws Problem `calendar.invalid` for what is no RRULE, and for one that recurs more than once an hour. */
export function parseRecurrence(text: string): ICAL.Recur {
  const refuse = (why: string, cause?: unknown): Problem =>
    new Problem(
      'calendar.invalid',
      `The recurrence ${JSON.stringify(text.slice(0, 120))} ${why}; write it as FREQ=WEEKLY;BYDAY=MO,TU.`,
      { recurrence: text },
      cause,
    )
  let rule: ICAL.Recur
  try {
    rule = ICAL.Recur.fromString(text)
  } catch (error) {
    throw refuse(`can't be read (${error instanceof Error ? error.message : String(error)})`, error)
  }
  if (!rule.freq) throw refuse('has no FREQ')
  const within = (part: 'BYMINUTE' | 'BYSECOND'): number => rule.getComponent(part).length
  if (
    rule.freq === 'SECONDLY' ||
    rule.freq === 'MINUTELY' ||
    within('BYMINUTE') > 1 ||
    within('BYSECOND') > 1
  )
    throw refuse('recurs more often than hourly')
  return rule
}
