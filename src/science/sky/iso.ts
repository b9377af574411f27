/** ISO 8601 times: read to the digits given, write with as many as are known; leap seconds as 23:59:60. */
import { Problem } from '#problem.ts'
import { secondsInUtcDay } from './leap-seconds.ts'
import { moment, utcToTai, taiToUtc, addSeconds } from './time.ts'
import type { Moment } from './time.ts'

const pattern =
  /^\s*([+-]\d{6}|\d{4})-?(\d{2})-?(\d{2})(?:[T\s]+(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d+))?)?\s*(z|utc|[+-]\d{2}(?::?\d{2})?)?)?\s*$/i

/** MJD of a day of the Gregorian calendar. */
export function mjdOfDay(year: number, month: number, day: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getTime() / 86_400_000 + 40_587
}

/** [year, month, day] of an integer MJD. */
export function dayOfMjd(mjd: number): [number, number, number] {
  const date = new Date((mjd - 40_587) * 86_400_000)
  return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
}

/**
 * A UTC moment from ISO 8601: `2026-11-21T15:20:00.123Z`, `2026-11-21 15:20`, `2026-11-21`, `20261121T152000`, offsets
 * such as `+01:00`, any number of decimals, leap seconds (`2016-12-31T23:59:60.5Z`). No zone means UTC.
 *
 * @throws Problem time.unreadable, time.out_of_range
 */
export function parseIso(text: string): Moment {
  const match = pattern.exec(text)
  if (!match)
    throw new Problem(
      'time.unreadable',
      `Cannot read "${text.trim()}" as a time; write it as 2026-11-21T15:20:00Z.`,
      { text },
    )
  const [year, month, day, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((field) => (field === undefined ? undefined : Number(field)))
  const decimals = match[7] ? Number(`0.${match[7]}`) : 0
  const mjd = mjdOfDay(year!, month!, day!)
  const [, realMonth, realDay] = dayOfMjd(mjd)
  const wrong = (what: string) =>
    new Problem('time.out_of_range', `The time "${text.trim()}" has ${what}.`, { text })
  if (realMonth !== month || realDay !== day)
    throw wrong(`no such day as ${match[1]}-${match[2]}-${match[3]}`)
  if (hour === 24 && minute === 0 && second === 0 && decimals === 0)
    return zoned({ day: mjd + 1, fraction: 0 }, match[8])
  if (hour > 23) throw wrong(`the hour ${hour}, beyond 23`)
  if (minute > 59) throw wrong(`the minute ${minute}, beyond 59`)
  if (second > 60) throw wrong(`the second ${second}, beyond 59`)
  const offset = offsetMinutes(match[8])
  if (second === 60) {
    const minuteOfDay = hour * 60 + minute - offset
    const utcDay = mjd + Math.floor(minuteOfDay / 1440)
    if (((minuteOfDay % 1440) + 1440) % 1440 !== 1439 || secondsInUtcDay(utcDay) <= 86_400)
      throw wrong('a second 60, but no leap second was inserted there')
    return { day: utcDay, fraction: (86_400 + decimals) / secondsInUtcDay(utcDay) }
  }
  // The offset moves whole minutes, so the day's own length enters only once the day is known.
  const seconds = hour * 3600 + (minute - offset) * 60 + second
  const days = Math.floor(seconds / 86_400)
  const utcDay = mjd + days
  return moment(utcDay, (seconds - days * 86_400 + decimals) / secondsInUtcDay(utcDay))
}

function offsetMinutes(zone: string | undefined): number {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone ?? '')
  return match ? (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3] ?? 0)) : 0
}

function zoned({ day, fraction }: Moment, zone: string | undefined): Moment {
  return moment(day, fraction - offsetMinutes(zone) / 1440)
}

/** `2026-11-21T15:20:00.123Z`, rounded once to `digits` decimals and carried (through a leap second where there is one). */
export function formatIso(utc: Moment, digits: number = 3): string {
  const scale = 10 ** digits
  const length = secondsInUtcDay(utc.day)
  const ticks = Math.round(utc.fraction * length * scale)
  if (ticks >= Math.round(length * scale)) return formatIso({ day: utc.day + 1, fraction: 0 }, digits)
  const [year, month, day] = dayOfMjd(utc.day)
  const whole = Math.floor(ticks / scale)
  const two = (n: number) => String(n).padStart(2, '0')
  const leap = whole >= 86_400
  const hour = leap ? 23 : Math.floor(whole / 3600)
  const minute = leap ? 59 : Math.floor(whole / 60) % 60
  const second = leap ? 60 + whole - 86_400 : whole % 60
  const decimals = digits > 0 ? `.${String(ticks % scale).padStart(digits, '0')}` : ''
  const years =
    year >= 0 && year <= 9999
      ? String(year).padStart(4, '0')
      : `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`
  return `${years}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${decimals}Z`
}

/** A UTC moment moved by SI seconds, leap seconds counted. */
export function addUtcSeconds(utc: Moment, seconds: number): Moment {
  return taiToUtc(addSeconds(utcToTai(utc), seconds))
}
