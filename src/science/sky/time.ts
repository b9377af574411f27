/**
 * Time scales. A Moment is an integer MJD and a fraction of that day in a stated scale, good to 0.01 ns; plain
 * numbers (`mjdUtc`) resolve 0.6 µs and do for everything but timing.
 *
 * UTC as a day fraction follows SOFA: on a day with a leap second the fraction is of 86401 s.
 * TT = TAI + 32.184 s; GPS = TAI − 19 s; TDB − TT by Fairhead & Bretagnon 1990 (geocentre, cut to < 0.1 µs); UT1 from
 * the shipped IERS tables.
 */
import { Problem } from '#problem.ts'
import { earthOrientationAt } from './earth-orientation.ts'
import { secondsInUtcDay, taiMinusUtc } from './leap-seconds.ts'
import { tdbTerms } from './series.gen.ts'

export type TimeScale = 'utc' | 'tai' | 'tt' | 'tdb' | 'ut1' | 'gps'

export interface Moment {
  /** Integer MJD. */
  readonly day: number
  /** Fraction of the day, [0, 1). */
  readonly fraction: number
}

const mjdOfUnixEpoch = 40_587
const mjdOfGpsEpoch = 44_244
const ttMinusTai = 32.184
const taiMinusGps = 19

/** A moment with its fraction brought into [0, 1). */
export function moment(day: number, fraction: number = 0): Moment {
  const whole = Math.floor(day)
  const rest = day - whole + fraction
  const carry = Math.floor(rest)
  const left = rest - carry
  // A tiny negative rest plus one rounds to one itself.
  return left >= 1 ? { day: whole + carry + 1, fraction: 0 } : { day: whole + carry, fraction: left }
}

/** MJD as one number (0.6 µs). */
export function mjdOf({ day, fraction }: Moment): number {
  return day + fraction
}

/** Julian date as two numbers whose sum it is. */
export function jdOf({ day, fraction }: Moment): [number, number] {
  return [day + 2_400_000.5, fraction]
}

/** The moment of a Julian date given as two numbers, in the scale that the date has. */
export function momentOfJd(jd: number, rest: number = 0): Moment {
  const whole = Math.floor(jd - 0.5)
  return moment(whole - 2_400_000, jd - 0.5 - whole + rest)
}

/** `later` − `earlier` in days of their common scale. */
export function daysBetween(earlier: Moment, later: Moment): number {
  return later.day - earlier.day + (later.fraction - earlier.fraction)
}

/** A moment moved by seconds, in a scale of 86400 s days (not UTC). */
export function addSeconds({ day, fraction }: Moment, seconds: number): Moment {
  const days = Math.floor(seconds / 86_400)
  return moment(day + days, fraction + (seconds - days * 86_400) / 86_400)
}

/** MJD (UTC) of a Date or of Unix milliseconds. */
export function mjdUtcOf(date: Date | number): number {
  return Number(date) / 86_400_000 + mjdOfUnixEpoch
}

/** The Date at an MJD (UTC), to the millisecond. */
export function dateOf(mjdUtc: number): Date {
  return new Date(Math.round((mjdUtc - mjdOfUnixEpoch) * 86_400_000))
}

/** Unix seconds (which do not count leap seconds: 23:59:60 has the value of the 00:00:00 that follows). */
export function unixOf(utc: Moment): number {
  const seconds = Math.min(utc.fraction * secondsInUtcDay(utc.day), 86_400)
  return (utc.day - mjdOfUnixEpoch) * 86_400 + seconds
}

/** The UTC moment of Unix seconds. */
export function momentOfUnix(seconds: number): Moment {
  const days = Math.floor(seconds / 86_400)
  const day = days + mjdOfUnixEpoch
  return moment(day, (seconds - days * 86_400) / secondsInUtcDay(day))
}

/** GPS seconds since 1980-01-06T00:00:00 UTC, as LIGO and Fermi count them. */
export function gpsSecondsOf(utc: Moment): number {
  const gps = convertTime(utc, 'utc', 'gps')
  return (gps.day - mjdOfGpsEpoch) * 86_400 + gps.fraction * 86_400
}

/** The UTC moment of GPS seconds; `rest` keeps nanoseconds that one number would lose. */
export function momentOfGps(seconds: number, rest: number = 0): Moment {
  return convertTime(addSeconds(addSeconds({ day: mjdOfGpsEpoch, fraction: 0 }, seconds), rest), 'gps', 'utc')
}

/**
 * The same moment in another scale.
 *
 * @throws Problem time.out_of_range for UTC before 1960
 */
export function convertTime(at: Moment, from: TimeScale, to: TimeScale): Moment {
  return from === to ? at : fromTai(toTai(at, from), to)
}

/** @throws Problem time.out_of_range before 1960, when UTC begins */
export function utcToTai(utc: Moment): Moment {
  return addSeconds(
    { day: utc.day, fraction: 0 },
    utc.fraction * secondsInUtcDay(utc.day) + taiMinusUtc(utc.day, utc.fraction),
  )
}

/** The inverse of `utcToTai`, leap seconds included. */
export function taiToUtc(tai: Moment): Moment {
  // UTC's day is TAI's or the one before; the fraction follows from the seconds since that day began.
  let day = tai.day
  let start = taiMinusUtc(day)
  let seconds = tai.fraction * 86_400 - start
  if (seconds < 0) {
    day -= 1
    start = taiMinusUtc(day)
    seconds = tai.fraction * 86_400 + 86_400 - start
  }
  if (day < 41_317) seconds -= taiMinusUtc(day, seconds / 86_400) - start
  return moment(day, seconds / secondsInUtcDay(day))
}

function toTai(at: Moment, scale: TimeScale): Moment {
  switch (scale) {
    case 'tai':
      return at
    case 'utc':
      return utcToTai(at)
    case 'tt':
      return addSeconds(at, -ttMinusTai)
    case 'gps':
      return addSeconds(at, taiMinusGps)
    case 'tdb':
      // The series takes TT, of which TDB is within 2 ms: a second look makes the way back exact.
      return addSeconds(at, -ttMinusTai - tdbMinusTt(mjdOf(at) - tdbMinusTt(mjdOf(at)) / 86_400))
    case 'ut1': {
      // UT1 − UTC is tabulated against UTC: two steps bring the argument within a microsecond.
      let utc = at
      for (let i = 0; i < 3; i++) {
        const { ut1MinusUtc } = earthOrientationAt(mjdOf(utc))
        utc = taiToUtc(addSeconds(at, taiMinusUtc(utc.day, utc.fraction) - ut1MinusUtc))
      }
      return utcToTai(utc)
    }
  }
}

function fromTai(tai: Moment, scale: TimeScale): Moment {
  switch (scale) {
    case 'tai':
      return tai
    case 'utc':
      return taiToUtc(tai)
    case 'tt':
      return addSeconds(tai, ttMinusTai)
    case 'gps':
      return addSeconds(tai, -taiMinusGps)
    case 'tdb':
      return addSeconds(tai, ttMinusTai + tdbMinusTt(mjdOf(tai) + ttMinusTai / 86_400))
    case 'ut1': {
      const utc = taiToUtc(tai)
      const { ut1MinusUtc } = earthOrientationAt(mjdOf(utc))
      return addSeconds(tai, ut1MinusUtc - taiMinusUtc(utc.day, utc.fraction))
    }
  }
}

/** TDB − TT in seconds at the geocentre (Fairhead & Bretagnon 1990 with JPL masses). */
export function tdbMinusTt(mjdTt: number): number {
  const t = (mjdTt - 51_544.5) / 365_250
  const sums = [0, 0, 0, 0, 0]
  for (let i = tdbTerms.length - 4; i >= 0; i -= 4)
    sums[tdbTerms[i]] += tdbTerms[i + 1] * Math.sin(tdbTerms[i + 2] * t + tdbTerms[i + 3])
  const series = sums[0] + t * (sums[1] + t * (sums[2] + t * (sums[3] + t * sums[4])))
  return series + 3.638e-8 * t * t
}

/** MJD (TT) of an MJD (UTC), in plain numbers. */
export function mjdTtOf(mjdUtc: number): number {
  const day = Math.floor(mjdUtc)
  return mjdOf(convertTime({ day, fraction: mjdUtc - day }, 'utc', 'tt'))
}

/** MJD (TT) → MJD (UTC), in plain numbers. */
export function mjdUtcOfTt(mjdTt: number): number {
  return mjdOf(convertTime(moment(mjdTt), 'tt', 'utc'))
}

/** MJD (UT1) of an MJD (UTC) and UT1 − UTC in seconds; on a day with a leap second the fraction is of 86401 s. */
export function mjdUt1Of(mjdUtc: number, ut1MinusUtc: number): number {
  const day = Math.floor(mjdUtc)
  return day + ((mjdUtc - day) * secondsInUtcDay(day) + ut1MinusUtc) / 86_400
}

/** MJD (TT) of a Julian epoch such as 2026.5. */
export function mjdTtOfJulianYear(year: number): number {
  return 51_544.5 + (year - 2000) * 365.25
}

/** A finite MJD, or a Problem that names the offender. */
export function checkMjd(mjd: number, what: string = 'MJD'): void {
  if (!Number.isFinite(mjd))
    throw new Problem('time.out_of_range', `The ${what} ${mjd} is not a finite number.`, { mjd })
}
