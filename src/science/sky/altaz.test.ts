import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { altAzToIcrs, horizonAt, icrsToAltAz, icrsToAltAzBulk } from './altaz.ts'
import type { HorizonOptions } from './altaz.ts'
import { normalizeDegreesSigned } from './angles.ts'
import { hourAngle, parallacticAngle } from './night.ts'
import { seeded } from './seeded.ts'
import { directionOf, positionAngle, rotate, separation, transpose, unitVector } from './vectors.ts'
import { apparentVector } from './altaz.ts'

const { rows } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../fixtures/sky/altaz.json'), 'utf8'),
) as { rows: Record<string, number[]> }
const count = rows.mjdUtc.length
const earthOf = (i: number) => ({
  ut1MinusUtc: rows.ut1MinusUtc[i],
  poleX: rows.poleX[i],
  poleY: rows.poleY[i],
})
const siteOf = (i: number) => ({
  name: `row ${i}`,
  longitudeDeg: rows.longitude[i],
  latitudeDeg: rows.latitude[i],
  heightM: rows.height[i],
})
const horizonOf = (i: number, options: HorizonOptions = {}) =>
  horizonAt(rows.mjdUtc[i], siteOf(i), { earth: earthOf(i), ...options })

it(`agrees with astropy to 5 mas (bar: 50 mas) for ${count} directions, 1975–2030, every latitude, near the Sun too`, () => {
  let worst = 0
  for (let i = 0; i < count; i++) {
    const [az, alt] = icrsToAltAz(horizonOf(i), rows.ra[i], rows.dec[i])
    worst = Math.max(worst, separation(az, alt, rows.az[i], rows.alt[i]) * 3600)
  }
  expect(worst).toBeLessThan(0.005)
})

it('refracts as ERFA does, to 10 mas above 5° of altitude', () => {
  let worst = 0
  let compared = 0
  for (let i = 0; i < count; i++) {
    if (rows.refractedAlt[i] < 5) continue
    const atmosphere = {
      pressureHPa: rows.pressure[i],
      temperatureC: rows.temperature[i],
      humidity: rows.humidity[i],
      wavelengthUm: rows.wavelength[i],
    }
    const [, alt] = icrsToAltAz(horizonOf(i, { atmosphere }), rows.ra[i], rows.dec[i])
    worst = Math.max(worst, Math.abs(alt - rows.refractedAlt[i]) * 3600)
    compared++
  }
  expect(compared).toBeGreaterThan(200)
  expect(worst).toBeLessThan(0.01)
})

it('comes back to the same direction within 1e-9 deg, refracted or not, everywhere above −3°', () => {
  let worst = 0
  for (let i = 0; i < count; i++)
    for (const atmosphere of [undefined, { pressureHPa: 750 }]) {
      const horizon = horizonOf(i, { atmosphere })
      const [az, alt] = icrsToAltAz(horizon, rows.ra[i], rows.dec[i])
      if (atmosphere && alt < -3) continue
      const [ra, dec] = altAzToIcrs(horizon, az, alt)
      worst = Math.max(worst, separation(ra, dec, rows.ra[i], rows.dec[i]))
    }
  expect(worst).toBeLessThan(1e-9)
})

it('the bulk form is the single form to 1e-10 deg, with and without refraction, in place too', () => {
  for (const atmosphere of [undefined, { pressureHPa: 750 }]) {
    const horizon = horizonOf(7, { atmosphere })
    const random = seeded(3)
    const ra = Float64Array.from({ length: 2000 }, () => random() * 360)
    const dec = Float64Array.from({ length: 2000 }, () => random() * 180 - 90)
    const { az, alt } = icrsToAltAzBulk(horizon, ra, dec)
    for (let i = 0; i < ra.length; i++)
      expect(separation(az[i], alt[i], ...icrsToAltAz(horizon, ra[i], dec[i]))).toBeLessThan(1e-10)
    icrsToAltAzBulk(horizon, ra, dec, { az: ra, alt: dec })
    expect([ra, dec]).toEqual([az, alt])
  }
})

it('with the shipped tables for UT1 and the pole stays within 0.1″ of astropy with Bulletin A, 1975–2026 (the two IERS series differ by 50 mas in the 1970s)', () => {
  let worst = 0
  for (let i = 0; i < count && rows.mjdUtc[i] < 61300; i++) {
    const [az, alt] = icrsToAltAz(horizonAt(rows.mjdUtc[i], siteOf(i)), rows.ra[i], rows.dec[i])
    worst = Math.max(worst, separation(az, alt, rows.az[i], rows.alt[i]) * 3600)
  }
  expect(worst).toBeLessThan(0.1)
})

it('hour angle agrees with astropy to 0.9″ on the sky (polar motion is not in it)', () => {
  let worst = 0
  for (let i = 4; i < count; i++) {
    if (rows.mjdUtc[i] > 61300) break
    const difference = normalizeDegreesSigned(
      hourAngle(rows.mjdUtc[i], siteOf(i), rows.ra[i], rows.dec[i]) - rows.hourAngle[i],
    )
    worst = Math.max(worst, Math.abs(difference) * Math.cos((rows.dec[i] * Math.PI) / 180) * 3600)
  }
  expect(worst).toBeLessThan(0.9)
})

it('the parallactic angle is the position angle of the zenith (0.01 deg)', () => {
  for (let i = 10; i < 200; i++) {
    const horizon = horizonOf(i)
    const zenith = rotate(horizon.toDate, rotate(transpose(horizon.toLocal), [0, 0, 1]))
    const [ra, dec] = directionOf(
      rotate(horizon.toDate, apparentVector(horizon, unitVector(rows.ra[i], rows.dec[i]))),
    )
    if (Math.abs(dec) > 85 || separation(ra, dec, ...directionOf(zenith)) < 1) continue
    const angle = parallacticAngle(horizon.siderealDeg - ra, dec, horizon.site.latitudeDeg)
    const expected = positionAngle(ra, dec, ...directionOf(zenith))
    expect(Math.abs(normalizeDegreesSigned(angle - expected))).toBeLessThan(0.01)
  }
})

it('refuses a place or a time that is none', () => {
  const site = { name: 'nowhere', longitudeDeg: 0, latitudeDeg: 91, heightM: 0 }
  expect(() => horizonAt(60000, site)).toThrow(/nowhere.*latitude 91/)
  expect(() => horizonAt(Number.NaN, { ...site, latitudeDeg: 9 })).toThrow(/NaN/)
})
