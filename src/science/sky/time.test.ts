import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { normalizeDegreesSigned } from './angles.ts'
import { earthOrientationAt, earthOrientationCoverage, earthOrientationStatus } from './earth-orientation.ts'
import { addUtcSeconds, formatIso, parseIso } from './iso.ts'
import { leapSecondCoverage, leapSecondsKnown, secondsInUtcDay, taiMinusUtc } from './leap-seconds.ts'
import { seeded } from './seeded.ts'
import { greenwichApparentSiderealTime, greenwichMeanSiderealTime, siderealTime } from './sidereal.ts'
import {
  convertTime,
  dateOf,
  daysBetween,
  gpsSecondsOf,
  jdOf,
  mjdTtOf,
  mjdUt1Of,
  mjdUtcOf,
  mjdUtcOfTt,
  moment,
  momentOfGps,
  momentOfJd,
  momentOfUnix,
  unixOf,
} from './time.ts'
import type { Moment, TimeScale } from './time.ts'

type Pairs = { day: number[]; fraction: number[] }
interface Reference {
  scales: Record<'utc' | 'tai' | 'tt' | 'tdb', Pairs> & { gps: number[]; unix: number[]; iso: string[] }
  sidereal: Record<string, number[]>
  orientation: Record<string, number[]>
}
const { scales, sidereal, orientation } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../fixtures/sky/time.json'), 'utf8'),
) as Reference
const count = scales.utc.day.length
const pick = (pairs: Pairs, i: number): Moment => moment(pairs.day[i], pairs.fraction[i])
const utcOf = (i: number) => pick(scales.utc, i)
const seconds = (a: Moment, b: Moment) => Math.abs(daysBetween(a, b)) * 86_400

describe('scales', () => {
  it.each([
    ['tai', '0.1 ns', 1e-10],
    ['tt', '0.1 ns', 1e-10],
    ['tdb', '0.5 µs', 5e-7],
  ] as const)(
    `utc ↔ %s agrees with astropy to %s (${count} moments, 1960–2029, leap seconds)`,
    (scale, _, limit) => {
      let worst = 0
      let back = 0
      for (let i = 0; i < count; i++) {
        const there = convertTime(utcOf(i), 'utc', scale)
        worst = Math.max(worst, seconds(there, pick(scales[scale], i)))
        back = Math.max(back, seconds(convertTime(there, scale, 'utc'), utcOf(i)))
      }
      expect(worst).toBeLessThan(limit)
      expect(back).toBeLessThan(1e-9)
    },
  )

  it('GPS and Unix seconds agree with astropy to 1 µs', () => {
    for (let i = 0; i < count; i++) {
      expect(Math.abs(gpsSecondsOf(utcOf(i)) - scales.gps[i])).toBeLessThan(1e-6)
      // astropy stretches Unix time over a leap second; ours stands still in it.
      if (secondsInUtcDay(utcOf(i).day) === 86_400 && utcOf(i).day >= 41317)
        expect(Math.abs(unixOf(utcOf(i)) - scales.unix[i])).toBeLessThan(1e-6)
      expect(seconds(momentOfGps(gpsSecondsOf(utcOf(i))), utcOf(i))).toBeLessThan(5e-7)
    }
  })

  it('knows GW170817 by its GPS second', () => {
    expect(formatIso(momentOfGps(1_187_008_882, 0.4457))).toBe('2017-08-17T12:41:04.446Z')
    expect(gpsSecondsOf(parseIso('1980-01-06T00:00:00Z'))).toBe(0)
  })

  it('goes from any scale to any other and back within 1 ns (seeded, 1972–2027)', () => {
    const random = seeded(4)
    const names: TimeScale[] = ['utc', 'tai', 'tt', 'tdb', 'ut1', 'gps']
    let worst = 0
    for (let i = 0; i < 3000; i++) {
      const from = names[i % 6]
      const to = names[Math.floor(random() * 6)]
      const start = moment(41_320 + Math.floor(random() * 20_000), random())
      worst = Math.max(worst, seconds(start, convertTime(convertTime(start, from, to), to, from)))
    }
    expect(worst).toBeLessThan(1e-9)
  })

  it('keeps Dates, MJD, JD and Unix time in step', () => {
    const date = new Date('2026-11-21T15:20:00.123Z')
    expect(dateOf(mjdUtcOf(date))).toEqual(date)
    expect(mjdUtcOf(0)).toBe(40_587)
    expect(momentOfJd(2_451_545)).toEqual({ day: 51_544, fraction: 0.5 })
    expect(jdOf({ day: 51_544, fraction: 0.5 })).toEqual([2_451_544.5, 0.5])
    expect(unixOf(momentOfUnix(1.7e9))).toBeCloseTo(1.7e9, 6)
    expect(mjdUtcOfTt(mjdTtOf(60_000.25))).toBeCloseTo(60_000.25, 9)
    expect((mjdTtOf(60_000.25) - 60_000.25) * 86_400).toBeCloseTo(69.184, 4)
    expect(moment(5, -1e-20)).toEqual({ day: 5, fraction: 0 })
  })
})

describe('leap seconds', () => {
  it('are exact around 2016-12-31T23:59:60', () => {
    expect([taiMinusUtc(57_753), taiMinusUtc(57_754)]).toEqual([36, 37])
    expect([secondsInUtcDay(57_753), secondsInUtcDay(57_754)]).toEqual([86_401, 86_400])
    const before = parseIso('2016-12-31T23:59:59.5Z')
    expect(formatIso(addUtcSeconds(before, 1), 1)).toBe('2016-12-31T23:59:60.5Z')
    expect(formatIso(addUtcSeconds(before, 2), 1)).toBe('2017-01-01T00:00:00.5Z')
    expect(unixOf(parseIso('2016-12-31T23:59:60Z'))).toBe(unixOf(parseIso('2017-01-01T00:00:00Z')))
  })

  it('say where they come from and how long they are sure', () => {
    expect(leapSecondCoverage().expires).toMatch(/^20\d\d-\d\d-\d\d$/)
    expect(leapSecondsKnown(leapSecondCoverage().expiresMjd - 1)).toBe(true)
    expect(leapSecondsKnown(leapSecondCoverage().expiresMjd)).toBe(false)
    expect(() => taiMinusUtc(30_000)).toThrow(/before 1960/)
  })
})

describe('ISO 8601', () => {
  it(`writes what astropy writes, to the microsecond (${count} moments)`, () => {
    for (let i = 0; i < count; i++) {
      // Before 1972 days of odd length are printed differently.
      if (utcOf(i).day < 41_317) continue
      const ours = formatIso(utcOf(i), 6)
      if (ours !== scales.iso[i]) {
        // A tie of the last digit may go either way.
        expect(seconds(parseIso(ours), parseIso(scales.iso[i]))).toBeLessThan(1.1e-6)
      }
      expect(seconds(parseIso(scales.iso[i]), utcOf(i))).toBeLessThan(6e-7)
    }
  })

  it.each([
    ['2026-11-21T15:20:00Z', '2026-11-21T15:20:00.000Z'],
    ['2026-11-21 15:20', '2026-11-21T15:20:00.000Z'],
    ['2026-11-21', '2026-11-21T00:00:00.000Z'],
    ['20261121T152000.5', '2026-11-21T15:20:00.500Z'],
    ['2026-11-21T15:20:00,25', '2026-11-21T15:20:00.250Z'],
    ['2026-11-21T00:30:00+01:00', '2026-11-20T23:30:00.000Z'],
    ['2026-11-21T23:30:00-0100', '2026-11-22T00:30:00.000Z'],
    ['2024-02-29T24:00:00Z', '2024-03-01T00:00:00.000Z'],
    ['2016-12-31T23:59:60.25Z', '2016-12-31T23:59:60.250Z'],
    ['2017-01-01T00:59:60.25+01:00', '2016-12-31T23:59:60.250Z'],
    ['2026-11-21T15:20:00 UTC', '2026-11-21T15:20:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(formatIso(parseIso(text))).toBe(expected)
  })

  it('rounds once and carries into the next day, or the leap second', () => {
    expect(formatIso(parseIso('2026-12-31T23:59:59.9996Z'))).toBe('2027-01-01T00:00:00.000Z')
    expect(formatIso(parseIso('2016-12-31T23:59:59.9996Z'))).toBe('2016-12-31T23:59:60.000Z')
    expect(formatIso(parseIso('2016-12-31T23:59:60.9996Z'))).toBe('2017-01-01T00:00:00.000Z')
    expect(formatIso(parseIso('2026-11-21T15:20:00.5Z'), 0)).toMatch(/15:20:0[01]Z$/)
  })

  it.each([
    ['yesterday', /"yesterday"/],
    ['2026112105', /"2026112105"/],
    ['', /""/],
    ['2026-13-01', /2026-13-01/],
    ['2025-02-29T00:00:00Z', /no such day as 2025-02-29/],
    ['2026-11-21T25:00:00Z', /hour 25/],
    ['2026-11-21T15:60:00Z', /minute 60/],
    ['2026-11-21T15:20:61Z', /second 61/],
    ['2026-11-21T23:59:60Z', /no leap second/],
  ])('refuses %s and names the offender', (text, message) => {
    expect(() => parseIso(text)).toThrow(message)
  })
})

describe('earth orientation', () => {
  it('agrees with EOP 20 C04 to 0.2 µs and 10 µas (300 moments, 1972–2026)', () => {
    let [ut1, pole] = [0, 0]
    for (let i = 0; i < orientation.mjdUtc.length; i++) {
      const ours = earthOrientationAt(orientation.mjdUtc[i])
      ut1 = Math.max(ut1, Math.abs(ours.ut1MinusUtc - orientation.ut1MinusUtc[i]))
      pole = Math.max(
        pole,
        Math.abs(ours.poleX - orientation.poleX[i]),
        Math.abs(ours.poleY - orientation.poleY[i]),
      )
    }
    expect(ut1).toBeLessThan(2e-7)
    expect(pole).toBeLessThan(1e-5)
  })

  it('says whether a date is measured, predicted or beyond the table, and answers all the same', () => {
    const { firstMjd, lastMeasuredMjd, lastMjd } = earthOrientationCoverage()
    expect(earthOrientationStatus(firstMjd - 1)).toBe('extrapolated')
    expect(earthOrientationStatus(lastMeasuredMjd)).toBe('measured')
    expect(earthOrientationStatus(lastMjd)).toBe('predicted')
    expect(earthOrientationStatus(lastMjd + 1)).toBe('extrapolated')
    expect(earthOrientationAt(lastMjd + 5000)).toEqual(earthOrientationAt(lastMjd))
    for (let mjd = firstMjd; mjd < lastMjd; mjd += 30.5)
      expect(Math.abs(earthOrientationAt(mjd).ut1MinusUtc)).toBeLessThan(0.91)
  })
})

it('sidereal time agrees with astropy (IAU 2006/2000A): mean to 0.1 mas, apparent to 3 mas', () => {
  let [mean, apparent] = [0, 0]
  for (let i = 0; i < sidereal.mjdUtc.length; i++) {
    const mjdUt1 = mjdUt1Of(sidereal.mjdUtc[i], sidereal.ut1MinusUtc[i])
    const mjdTt = mjdTtOf(sidereal.mjdUtc[i])
    const off = (a: number, b: number) => Math.abs(normalizeDegreesSigned(a - b)) * 3600
    mean = Math.max(mean, off(greenwichMeanSiderealTime(mjdUt1, mjdTt), sidereal.gmst[i]))
    apparent = Math.max(apparent, off(greenwichApparentSiderealTime(mjdUt1, mjdTt), sidereal.gast[i]))
  }
  // The fixture's MJD has ten decimals, 9 µs.
  expect(mean).toBeLessThan(1e-4)
  expect(apparent).toBeLessThan(0.003)
  expect(normalizeDegreesSigned(siderealTime(60_000, 90) - siderealTime(60_000, 0))).toBeCloseTo(90, 9)
})
