import { Problem } from '#problem.ts'

/** Clock time on the wall of some zone; no instant by itself. Months from 1. */
export interface LocalTime {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

/** Formats numbers of one zone; making one costs milliseconds, so callers that ask often keep a `Zone`. */
export interface Zone {
  readonly name: string
  localOf(at: Date): LocalTime
  /** The instant. A time that the clock skips in spring is moved on by what it skips; one that comes twice means the first. */
  instantOf(local: LocalTime): Date
}

/** Making a zone takes milliseconds, and a calendar of thousands of shifts asks for the same few again and again. */
const made = new Map<string, Zone>()
const mostMade = 1_000
const mostOffsets = 20_000
const sinceQuarters = Date.UTC(1973, 0, 1)

/** A time zone of the IANA data base. @throws Problem `notification.invalid` for names that it does not have. */
export function zoneNamed(name: string): Zone {
  const known = made.get(name)
  if (known) return known
  const zone = zoneOf(name)
  if (made.size < mostMade) made.set(name, zone)
  return zone
}

function zoneOf(name: string): Zone {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      era: 'short',
    })
  } catch (error) {
    throw new Problem(
      'notification.invalid',
      `There is no time zone ${JSON.stringify(name.slice(0, 60))}; write it as Europe/Paris, America/Santiago or UTC.`,
      { zone: name },
      error,
    )
  }
  const localOf = (at: Date): LocalTime => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
    const { year, month, day, hour, minute, second } = parts
    return {
      year: Number(year),
      month: Number(month),
      day: Number(day),
      hour: Number(hour),
      minute: Number(minute),
      second: Number(second),
    }
  }
  /** Milliseconds by which the wall is ahead of UTC. */
  const offsetOf = (ms: number): number => wallMs(localOf(new Date(ms))) - Math.floor(ms / 1000) * 1000
  const offsets = new Map<number, number>()
  const offsetAt = (ms: number): number => {
    // Since 1973 clocks have changed at quarters of an hour of UTC everywhere; those before are asked each time.
    if (ms < sinceQuarters) return offsetOf(ms)
    const quarter = Math.floor(ms / 900_000)
    const known = offsets.get(quarter)
    if (known !== undefined) return known
    if (offsets.size >= mostOffsets) offsets.clear()
    const offset = offsetOf(quarter * 900_000)
    offsets.set(quarter, offset)
    return offset
  }
  return {
    name,
    localOf,
    instantOf(local) {
      const wall = wallMs(local)
      // The two offsets around the time; both fit except near a change of the clock.
      const [before, after] = [offsetAt(wall - 86_400_000), offsetAt(wall + 86_400_000)]
      for (const offset of [before, after]) {
        if (offsetAt(wall - offset) === offset) return new Date(wall - offset)
      }
      return new Date(wall - before)
    },
  }
}

/** The wall's time as if it were UTC, in milliseconds since 1970. */
export function wallMs({ year, month, day, hour, minute, second }: LocalTime): number {
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

export function localOfWallMs(ms: number): LocalTime {
  const at = new Date(ms)
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
  }
}

/** `2026-11-21T20:00:00`. */
export function localText(local: LocalTime): string {
  return new Date(wallMs(local)).toISOString().slice(0, 19)
}

/** @throws Problem `notification.invalid` unless the text reads `2026-11-21T20:00` or with seconds. */
export function parseLocal(text: string): LocalTime {
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text)
  if (match) {
    const [year, month, day, hour, minute, second = 0] = match
      .slice(1)
      .map((part) => (part === undefined ? undefined : Number(part)))
    const local = { year: year!, month: month!, day: day!, hour: hour!, minute: minute!, second }
    if (localText(local) === `${text.slice(0, 16)}:${text.slice(17) || '00'}`) return local
  }
  throw new Problem(
    'notification.invalid',
    `${JSON.stringify(text.slice(0, 40))} is no clock time; write it as 2026-11-21T20:00.`,
  )
}

/** Minutes since midnight of `20:30`; undefined for other texts. */
export function minutesOf(clock: string): number | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(clock)
  return match ? Number(match[1]) * 60 + Number(match[2]) : undefined
}
