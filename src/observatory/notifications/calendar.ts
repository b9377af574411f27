import ICAL from 'ical.js'
import { isProblem, Problem } from '#problem.ts'
import { occurrences, parseRecurrence, requireRecurring } from './occurrences.ts'
import type { ShiftTimes } from './shift.ts'
import { windowsZones } from './windows-zones.ts'
import { localText, zoneNamed } from './zone.ts'

export interface CalendarShift extends ShiftTimes {
  uid: string
  title: string
  /** Mail addresses of who is to come, in small letters. */
  attendees: string[]
}

export interface CalendarShifts {
  name: string | null
  shifts: CalendarShift[]
  refused: { line: number; title: string; reason: string }[]
}

const mostBytes = 4_000_000
const mostShifts = 5_000
/** Of one event: single times, and people. */
const mostTimes = 2_000
const mostPeople = 500

/**
 * Shifts of an iCalendar file (RFC 5545): VEVENTs with RRULE, RDATE, EXDATE, single moved or cancelled times
 * (RECURRENCE-ID) and time zones by IANA name, the prefixed and the Windows ones. Times without a zone are of the
 * calendar's (X-WR-TIMEZONE), or UTC. An event that can't be taken is refused by itself, with the line where it begins.
 * @throws Problem `calendar.invalid` where the file is none.
 */
export function readCalendar(text: string): CalendarShifts {
  if (text.length > mostBytes)
    throw new Problem(
      'calendar.invalid',
      `The calendar has ${text.length} characters; at most ${mostBytes} are taken.`,
    )
  const { root, lines, refused } = parse(text.replace(/^\uFEFF/, ''))
  const usual = usualZone(textOf(root, 'x-wr-timezone'))
  const events = root.getAllSubcomponents('vevent')
  if (events.length > mostShifts)
    throw new Problem(
      'calendar.invalid',
      `The calendar has ${events.length} events; at most ${mostShifts} are taken.`,
    )
  const shifts = new Map<string, CalendarShift>()
  const singles: { event: ICAL.Component; line: number }[] = []
  const guarded = (event: ICAL.Component, line: number, act: () => void): void => {
    try {
      act()
    } catch (error) {
      if (!isProblem(error) && !(error instanceof Error)) throw error
      const title = textOf(event, 'summary').slice(0, 200) || 'without a title'
      refused.push({ line, title, reason: error.message })
    }
  }
  const read = (event: ICAL.Component, line: number, use: (shift: CalendarShift) => void): void =>
    guarded(event, line, () => use(shiftOf(event, usual)))
  for (const [index, event] of events.entries()) {
    const line = lines[index] ?? 1
    if (event.hasProperty('recurrence-id')) singles.push({ event, line })
    else if (textOf(event, 'status').toUpperCase() !== 'CANCELLED')
      read(event, line, (shift) => shifts.set(shift.uid, shift))
  }
  for (const [index, { event, line }] of singles.entries()) {
    const cancelled = textOf(event, 'status').toUpperCase() === 'CANCELLED'
    const take = (single: CalendarShift | null): void => {
      const whole = shifts.get(textOf(event, 'uid'))
      const id = event.getFirstProperty('recurrence-id')
      if (whole && id) {
        const moved = clockOf(id, whole.zone, usual)
        shifts.set(whole.uid, { ...whole, skipped: [...whole.skipped, moved] })
      }
      if (single) shifts.set(`${single.uid} ${index}`, { ...single, recurrence: null })
    }
    if (cancelled) guarded(event, line, () => take(null))
    else read(event, line, take)
  }
  return {
    name: textOf(root, 'x-wr-calname') || null,
    shifts: [...shifts.values()],
    refused: refused.toSorted((a, b) => a.line - b.line),
  }
}

interface Parsed {
  root: ICAL.Component
  /** Lines at which the events begin. */
  lines: number[]
  refused: CalendarShifts['refused']
}

/** Events that can't be read at all are taken out, so that one of them does not cost the others. */
function parse(text: string): Parsed {
  try {
    return { root: rootOf(text), lines: eventLines(text), refused: [] }
  } catch (error) {
    const { rest, lines, refused } = withoutUnreadable(text)
    if (refused.length === 0) throw error
    return { root: rootOf(rest), lines, refused }
  }
}

function withoutUnreadable(text: string): { rest: string } & Omit<Parsed, 'root'> {
  const kept: string[] = []
  const lines: number[] = []
  const refused: CalendarShifts['refused'] = []
  let event: { from: number; lines: string[] } | null = null
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (!event && /^BEGIN:VEVENT\s*$/i.test(line)) event = { from: index + 1, lines: [] }
    if (!event) {
      kept.push(line)
      continue
    }
    event.lines.push(line)
    if (!/^END:VEVENT\s*$/i.test(line)) continue
    try {
      ICAL.parse(['BEGIN:VCALENDAR', ...event.lines, 'END:VCALENDAR'].join('\r\n'))
      kept.push(...event.lines)
      lines.push(event.from)
    } catch (error) {
      const summary = event.lines.find((each) => /^SUMMARY[;:]/i.test(each))
      const title = summary?.slice(summary.indexOf(':') + 1).slice(0, 200) ?? 'without a title'
      refused.push({
        line: event.from,
        title,
        reason: error instanceof Error ? error.message : String(error),
      })
    }
    event = null
  }
  return { rest: [...kept, ...(event?.lines ?? [])].join('\r\n'), lines, refused }
}

function rootOf(text: string): ICAL.Component {
  let data: unknown
  try {
    data = ICAL.parse(text)
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    const quoted = /"([^"]+)"\s*$/.exec(said)?.[1]
    const at = quoted ? text.split(/\r\n|\n|\r/).findIndex((line) => line.includes(quoted)) : -1
    const line = at < 0 ? 1 : at + 1
    throw new Problem('calendar.invalid', `Line ${line} of the calendar: ${said}.`, { line }, error)
  }
  const root = Array.isArray(data) && typeof data[0] === 'string' ? new ICAL.Component(data) : undefined
  if (root?.name !== 'vcalendar')
    throw new Problem('calendar.invalid', 'Line 1: a calendar begins with BEGIN:VCALENDAR; this does not.', {
      line: 1,
    })
  return root
}

/** Lines at which the events begin. */
function eventLines(text: string): number[] {
  const found: number[] = []
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries())
    if (/^BEGIN:VEVENT\s*$/i.test(line)) found.push(index + 1)
  return found
}

function textOf(component: ICAL.Component, name: string): string {
  const value = component.getFirstPropertyValue(name)
  return value === null || value === undefined ? '' : String(value).trim()
}

function shiftOf(event: ICAL.Component, usual: string): CalendarShift {
  const start = event.getFirstProperty('dtstart')
  if (!start) throw new Problem('calendar.invalid', 'It has no beginning (DTSTART).')
  const zone = zoneOf(start, usual)
  const begins = timeOf(start)
  const starts = clockOf(start, zone, usual)
  const { minutes, exact } = lengthOf(event, begins, zone, usual)
  if (!(minutes > 0)) throw new Problem('calendar.invalid', 'It does not end after it begins.')
  if (minutes > 60 * 24 * 62) throw new Problem('calendar.invalid', 'It is longer than 62 days.')
  const rules = event.getAllProperties('rrule')
  if (rules.length > 1) throw new Problem('calendar.invalid', 'It has more than one RRULE; give one.')
  const recurrence = rules[0] ? String(rules[0].getFirstValue()) : null
  if (recurrence !== null) parseRecurrence(recurrence)
  const listed = (name: string): string[] => {
    const properties = event.getAllProperties(name)
    if (properties.reduce((count, property) => count + property.getValues().length, 0) > mostTimes)
      throw new Problem(
        'calendar.invalid',
        `It names more than ${mostTimes} times by ${name.toUpperCase()}; give it an UNTIL, or split it.`,
      )
    const clocks = properties.flatMap((property) =>
      property.getValues().map((value) => clock(value, zoneOf(property, usual), zone)),
    )
    return [...new Set(clocks)]
  }
  const attendees = attendeesOf(event)
  if (attendees.length > mostPeople)
    throw new Problem(
      'calendar.invalid',
      `It names ${attendees.length} people; at most ${mostPeople} are taken.`,
    )
  const shift: CalendarShift = {
    uid: textOf(event, 'uid') || `${starts} ${textOf(event, 'summary')}`,
    title: (textOf(event, 'summary') || 'Shift').slice(0, 200),
    attendees,
    starts,
    zone,
    minutes,
    exact,
    recurrence,
    skipped: listed('exdate'),
    added: listed('rdate'),
  }
  // Also a rule that can be read may not be one that can be followed.
  requireRecurring(shift)
  occurrences(shift, new Date(0), new Date(8.64e15), 1)
  return shift
}

/** By DTEND (of the clock) or DURATION (elapsed where it is given in hours); a day for a date alone. */
function lengthOf(
  event: ICAL.Component,
  begins: ICAL.Time,
  zone: string,
  usual: string,
): { minutes: number; exact: boolean } {
  const end = event.getFirstProperty('dtend')
  if (end) {
    const wall = (text: string): number => Date.parse(`${text}Z`)
    const from = wall(clock(begins, zone, zone))
    return { minutes: (wall(clockOf(end, zone, usual)) - from) / 60_000, exact: false }
  }
  const duration = event.getFirstPropertyValue('duration')
  if (duration instanceof ICAL.Duration)
    return { minutes: duration.toSeconds() / 60, exact: duration.hours + duration.minutes > 0 }
  if (begins.isDate) return { minutes: 1_440, exact: false }
  throw new Problem('calendar.invalid', 'It has neither DTEND nor DURATION.')
}

function timeOf(property: ICAL.Property): ICAL.Time {
  const value: unknown = property.getFirstValue()
  if (value instanceof ICAL.Time) return value
  throw new Problem('calendar.invalid', `${property.name.toUpperCase()} is no date or time.`)
}

/** Zone of times that name none: the calendar's, where it is a known one. */
function usualZone(name: string): string {
  try {
    return zoneNamed(windowsZoneOf(name) ?? name).name
  } catch {
    return 'UTC'
  }
}

function windowsZoneOf(name: string): string | undefined {
  return Object.hasOwn(windowsZones, name) ? windowsZones[name] : undefined
}

/** IANA name of a property's time zone; UTC for times with Z, `usual` for those that name none. */
function zoneOf(property: ICAL.Property, usual: string): string {
  const tzid: unknown = property.getFirstParameter('tzid')
  if (typeof tzid !== 'string' || tzid === '') {
    const value: unknown = property.getFirstValue()
    return value instanceof ICAL.Time && value.zone?.tzid === 'UTC' ? 'UTC' : usual
  }
  // "/freeassociation.sourceforge.net/Europe/Paris" and "Europe/Paris" end alike.
  const parts = tzid.split('/')
  for (const name of [tzid, windowsZoneOf(tzid), parts.slice(-3).join('/'), parts.slice(-2).join('/')]) {
    if (name === undefined) continue
    try {
      return zoneNamed(name).name
    } catch (error) {
      if (!isProblem(error)) throw error
    }
  }
  throw new Problem(
    'calendar.invalid',
    `Its time zone ${JSON.stringify(tzid)} is not known; use an IANA name such as Europe/Paris.`,
  )
}

function clockOf(property: ICAL.Property, zone: string, usual: string): string {
  return clock(timeOf(property), zoneOf(property, usual), zone)
}

/** A time as clock time of `zone`, given that it was written in `written`. */
function clock(value: unknown, written: string, zone: string): string {
  const time = value instanceof ICAL.Period ? value.start : value
  if (!(time instanceof ICAL.Time))
    throw new Problem('calendar.invalid', `${String(value)} is no date or time.`)
  const local = {
    year: time.year,
    month: time.month,
    day: time.day,
    hour: time.hour,
    minute: time.minute,
    second: time.second,
  }
  const from = time.zone?.tzid === 'UTC' ? 'UTC' : written
  if (from === zone || time.isDate) return localText(local)
  return localText(zoneNamed(zone).localOf(zoneNamed(from).instantOf(local)))
}

function attendeesOf(event: ICAL.Component): string[] {
  const found = event.getAllProperties('attendee').flatMap((property) => {
    const status: unknown = property.getFirstParameter('partstat')
    if (typeof status === 'string' && status.toUpperCase() === 'DECLINED') return []
    const named: unknown = property.getFirstParameter('email')
    const text = typeof named === 'string' && named !== '' ? named : String(property.getFirstValue())
    return [
      text
        .replace(/^mailto:/i, '')
        .trim()
        .toLowerCase(),
    ]
  })
  return [...new Set(found.filter((address) => address.includes('@')))]
}
