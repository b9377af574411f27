import { describe, expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import {
  formatDec,
  formatDegrees,
  formatDirection,
  formatRa,
  formatSexagesimal,
  iauDesignation,
  normalizeDegrees,
  normalizeDegreesSigned,
  parseAngle,
  parseDeclination,
  parseDirection,
  parseRightAscension,
} from './angles.ts'
import { seeded } from './seeded.ts'

const ra = 188.73625
const dec = 1 + 2 / 60 + 3 / 3600

describe('parseDirection', () => {
  it.each([
    ['12h34m56.7s +01d02m03s'],
    ['12h34m56.7s+01d02m03s'],
    ['12 h 34 m 56.7 s, 1 d 2 m 3 s'],
    ['12:34:56.7 +01:02:03'],
    ['12:34:56.7,1:02:03'],
    ['12 34 56.7 +01 02 03'],
    ['12 34 56.7 01 02 03'],
    ['12 34 56.7 +01 02 03'],
    ['J123456.7+010203'],
    ['12:34:56.7 +01:02:03 (J2000)'],
    ['ICRS 12:34:56.7 +01:02:03'],
    ['SDSS J123456.7+010203'],
    ['12ʰ34ᵐ56.7ˢ +01°02′03″'],
    ['188°44\'10.5" +01°02\'03"'],
    ['RA: 12:34:56.7 Dec: +01:02:03'],
    ['α = 12h34m56.7s, δ = +1°2′3″'],
    ['(188.73625, 1.0341666666666667)'],
    ['188.73625d +1.0341666666666667d'],
    ['188.73625 deg 1.0341666666666667 degrees'],
    ['188:44:10.5 +01:02:03'],
    ['12.58241666666666667h 1.0341666666666667d'],
  ])('reads %s', (text) => {
    const direction = parseDirection(text)
    expect(direction.ra).toBeCloseTo(ra, 10)
    expect(direction.dec).toBeCloseTo(dec, 10)
  })

  it.each([
    ['12.5 -33.1', 12.5, -33.1],
    ['12.5 −33.1', 12.5, -33.1],
    ['12.5−33.1', 12.5, -33.1],
    ['12.5, –33.1', 12.5, -33.1],
    ['-5 10', 355, 10],
    ['360 90', 0, 90],
    ['1e1 -2.5e-3', 10, -0.0025],
    ['0 -0:00:30', 0, -30 / 3600],
    ['00:00:00.0 -00:00:30', 0, -30 / 3600],
    ['J0000-0030', 0, -0.5],
    ['12:34 +01:30', 188.5, 1.5],
    ['23:59:59.999 -89:59:59.9', (86399.999 * 15) / 3600, -(89 + 59 / 60 + 59.9 / 3600)],
  ])('reads %s', (text, expectedRa, expectedDec) => {
    const direction = parseDirection(text)
    expect(direction.ra).toBeCloseTo(expectedRa, 10)
    expect(direction.dec).toBeCloseTo(expectedDec, 10)
  })

  it('gives back the digits that were written', () => {
    expect(parseDirection('12h34m56.7s -33d06m00s')).toEqual({ ra: 188.73625, dec: -33.1 })
    expect(Object.is(parseDirection('-0.0 0').ra, 0)).toBe(true)
  })

  it.each([
    ['12:34:56 33.1', 'angle.ambiguous', '"12:34:56"'],
    ['12 34 56, 33.1', 'angle.ambiguous', '"12 34 56"'],
    ['12:34:56 33d12m', 'angle.ambiguous', '"12:34:56"'],
    ['-1:30:00 +10:00:00', 'angle.ambiguous', '"-1:30:00"'],
    ['12 34 01 02', 'angle.ambiguous', '"12 34 01 02"'],
    ['12 34 56', 'angle.unreadable', '"12 34 56"'],
    ['400 3', 'angle.out_of_range', '"400"'],
    ['24h00m01s +3d', 'angle.out_of_range', '"24h'],
    ['33 100', 'angle.out_of_range', '"100"'],
    ['12:61:00 +01:00:00', 'angle.out_of_range', '61 minutes'],
    ['12:30:60 +01:00:00', 'angle.out_of_range', '60 seconds'],
    ['J126000+010000', 'angle.out_of_range', '60 minutes'],
    ['12h 1h', 'angle.unreadable', '"1h"'],
    ['B123456+010203', 'angle.unreadable', 'B1950'],
    ['J12345+0102', 'angle.unreadable', '"12345"'],
    ['M31', 'angle.unreadable', '"M31"'],
    ['12.5 -33.1 north', 'angle.unreadable', '"north"'],
    ['12.5.3 4', 'angle.unreadable', '12.5'],
    ['12:::3 4', 'angle.unreadable', '":::3 4"'],
    ['', 'angle.unreadable', '""'],
    ['NaN NaN', 'angle.unreadable', '"NaN NaN"'],
    ['1.5h30m +2d', 'angle.unreadable', '"1.5h30m"'],
  ])('refuses %s and names the offender', (text, code, named) => {
    try {
      expect(parseDirection(text)).toBe('refused')
    } catch (error) {
      if (!isProblem(error)) throw error
      expect(error.code).toBe(code)
      expect(error.message).toContain(named)
      expect(error.message.split('\n')).toHaveLength(1)
    }
  })
})

describe('single angles', () => {
  it.each([
    ['12.5', 12.5],
    ['−33.1°', -33.1],
    ['12d30m15s', 12 + 30.25 / 60],
    ['12°30′15″', 12 + 30.25 / 60],
    ['-0:30', -0.5],
    ['3h20m', 50],
    ['30′', 0.5],
    ["30'", 0.5],
    ['36"', 0.01],
    ["36''", 0.01],
    ['36 arcsec', 0.01],
    ['6 arcmin', 0.1],
    ['36 mas', 1e-5],
    ['0.5 rad', 90 / Math.PI],
  ])('reads %s', (text, degrees) => {
    expect(parseAngle(text)).toBeCloseTo(degrees, 12)
  })

  it('takes the unit of a bare number from the caller', () => {
    expect(parseAngle('12:30', 'hours')).toBe(187.5)
    expect(parseAngle('12.5', 'hours')).toBe(187.5)
    expect(parseAngle('12.5°', 'hours')).toBe(12.5)
  })

  it('refuses a right ascension that may be hours or degrees', () => {
    expect(() => parseRightAscension('12:34:56')).toThrow(/hours or degrees/)
    expect(parseRightAscension('25:30')).toBe(25.5)
    expect(parseRightAscension('12h30m')).toBe(187.5)
    expect(parseRightAscension('12.5')).toBe(12.5)
    expect(parseDeclination('-12:30')).toBe(-12.5)
    expect(() => parseDeclination('5m')).toThrow(/"5m"/)
  })
})

describe('formatting', () => {
  it('rounds once and carries, never printing 60', () => {
    expect(formatRa((59.9995 / 3600) * 15, { digits: 3 })).toBe('00:01:00.000')
    expect(formatRa((59.9995 / 3600) * 15, { digits: 2 })).toBe('00:01:00.00')
    expect(formatRa(359.99999999)).toBe('00:00:00.00')
    expect(formatDec(59.9999999)).toBe('+60:00:00.0')
    expect(formatDec(-89.99999999)).toBe('-90:00:00.0')
    expect(formatDec(-1e-9)).toBe('+00:00:00.0')
    expect(formatDec(-0.5 / 3600, { digits: 1 })).toBe('-00:00:00.5')
    expect(formatSexagesimal(123.456, { digits: 0, style: 'signs' })).toBe('123°27′22″')
  })

  it('gives right ascension one digit more than declination', () => {
    expect(formatDirection(ra, dec)).toBe('12:34:56.70 +01:02:03.0')
    expect(formatDirection(ra, dec, { digits: 0, style: 'letters' })).toBe('12h34m56.7s +01d02m03s')
  })

  it('writes decimals without minus zero', () => {
    expect(formatDegrees(-1e-9)).toBe('0.00000')
    expect(formatDegrees(12.3456789, 2)).toBe('12.35')
    expect(() => formatDegrees(Number.NaN)).toThrow(/NaN/)
  })

  it('truncates designations', () => {
    expect(iauDesignation(ra, dec)).toBe('J123456.7+010203')
    expect(iauDesignation((59.99 / 3600) * 15, -59.99 / 3600, { digits: 1 })).toBe('J000059.9-000059')
    expect(iauDesignation(10.68458, 41.26917, { digits: 2, prefix: 'AT' })).toBe('AT J004244.29+411609.0')
    expect(iauDesignation(359.9999999999, 0)).toMatch(/^J(235959.9|000000.0)\+000000$/)
  })

  it('comes back within half the last digit (0.75 mas in right ascension; 20,000 seeded directions and the wrap)', () => {
    const random = seeded(1)
    let worst = 0
    const seconds: string[] = []
    for (let i = 0; i < 20_000; i++) {
      const [lon, lat] =
        i < 100
          ? [normalizeDegrees((i - 50) * 1e-8), 90 - i * 1e-8]
          : [random() * 360, (Math.asin(2 * random() - 1) * 180) / Math.PI]
      const style = (['colons', 'letters', 'signs', 'spaces'] as const)[i % 4]
      const text = formatDirection(lon, lat, { digits: 3, style })
      seconds.push(...text.split(/[^\d.]+/))
      const back = parseDirection(text)
      worst = Math.max(worst, Math.abs(normalizeDegreesSigned(back.ra - lon)), Math.abs(back.dec - lat))
    }
    expect(worst * 3.6e6).toBeLessThan(0.7501)
    expect(seconds.filter((field) => field.startsWith('60') && field.includes('.'))).toEqual([])
  })
})

it('normalises into [0, 360) at every wrap', () => {
  for (const [given, expected] of [
    [-1e-20, 0],
    [360, 0],
    [-360, 0],
    [-90, 270],
    [725, 5],
  ])
    expect(Object.is(normalizeDegrees(given), expected)).toBe(true)
  expect(normalizeDegreesSigned(180)).toBe(-180)
  expect(normalizeDegreesSigned(179.5)).toBe(179.5)
})
