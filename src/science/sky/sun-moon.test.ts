import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { horizonAt } from './altaz.ts'
import { normalizeDegreesSigned } from './angles.ts'
import { findSite } from './sites.ts'
import {
  bodyAltAz,
  moonIllumination,
  moonPosition,
  planetNames,
  planetPosition,
  sunPosition,
} from './sun-moon.ts'
import { separation } from './vectors.ts'

const { rows, planets, planetEvery } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../fixtures/sky/sun-moon.json'), 'utf8'),
) as {
  rows: Record<string, number[]>
  planetEvery: number
  planets: Record<string, { ra: number[]; dec: number[]; distance: number[] }>
}
const count = rows.mjdUtc.length
const worstOf = (value: (i: number) => number) =>
  Math.max(...Array.from({ length: count }, (_, i) => value(i)))

it(`Sun, apparent geocentric in the GCRS, within 0.3″ (bar: 2″) and 1e-6 au of astropy (${count} times, 1975–2030)`, () => {
  const worst = worstOf((i) => {
    const { ra, dec } = sunPosition(rows.mjdUtc[i])
    return separation(ra, dec, rows.sunRa[i], rows.sunDec[i]) * 3600
  })
  expect(worst).toBeLessThan(0.3)
  expect(worstOf((i) => Math.abs(sunPosition(rows.mjdUtc[i]).distanceAu - rows.sunDistance[i]))).toBeLessThan(
    1e-6,
  )
})

it(`Moon, apparent geocentric in the GCRS, within 20″ and 100 km of astropy (${count} times, 1975–2030)`, () => {
  const worst = worstOf((i) => {
    const { ra, dec } = moonPosition(rows.mjdUtc[i])
    return separation(ra, dec, rows.moonRa[i], rows.moonDec[i]) * 3600
  })
  expect(worst).toBeLessThan(20)
  const far = worstOf(
    (i) => Math.abs(moonPosition(rows.mjdUtc[i]).distanceAu - rows.moonDistance[i]) * 149_597_870.7,
  )
  expect(far).toBeLessThan(100)
})

it('illumination within 0.0002, phase angle and elongation within 20″, bright limb within 1° of astropy', () => {
  const fraction = worstOf((i) => {
    const expected = (1 + Math.cos((rows.moonPhaseAngle[i] * Math.PI) / 180)) / 2
    return Math.abs(moonIllumination(rows.mjdUtc[i]).fraction - expected)
  })
  expect(fraction).toBeLessThan(0.0002)
  const phase = worstOf(
    (i) => Math.abs(moonIllumination(rows.mjdUtc[i]).phaseAngleDeg - rows.moonPhaseAngle[i]) * 3600,
  )
  expect(phase).toBeLessThan(20)
  const elongation = worstOf(
    (i) => Math.abs(moonIllumination(rows.mjdUtc[i]).elongationDeg - rows.elongation[i]) * 3600,
  )
  expect(elongation).toBeLessThan(20)
  const limb = worstOf((i) =>
    rows.elongation[i] < 5 || rows.elongation[i] > 175
      ? 0
      : Math.abs(normalizeDegreesSigned(moonIllumination(rows.mjdUtc[i]).brightLimbDeg - rows.brightLimb[i])),
  )
  expect(limb).toBeLessThan(1)
})

it('names the phases', () => {
  // New Moon 2024-04-08T18:21, full Moon 2024-04-23T23:49 (UTC).
  expect(moonIllumination(60_408.76).phase).toBe('new Moon')
  expect(moonIllumination(60_408.76).fraction).toBeLessThan(0.001)
  expect(moonIllumination(60_423.99).phase).toBe('full Moon')
  expect(moonIllumination(60_423.99).fraction).toBeGreaterThan(0.998)
  expect(moonIllumination(60_412).phase).toBe('waxing crescent')
  expect(moonIllumination(60_428).phase).toBe('waning gibbous')
})

it('Sun within 1″ (astropy deflects its light by itself) and Moon within 20″ as seen from Paranal (parallax)', () => {
  const site = findSite('paranal')
  for (const [body, az, alt, limit] of [
    ['Sun', rows.sunAz, rows.sunAlt, 1],
    ['Moon', rows.moonAz, rows.moonAlt, 20],
  ] as const) {
    const worst = worstOf((i) => {
      const earth = { ut1MinusUtc: rows.ut1MinusUtc[i], poleX: rows.poleX[i], poleY: rows.poleY[i] }
      const seen = bodyAltAz(horizonAt(rows.mjdUtc[i], site, { earth }), body)
      return separation(seen.az, seen.alt, az[i], alt[i]) * 3600
    })
    expect(worst).toBeLessThan(limit)
  }
})

it.each(planetNames)('%s within 2′ of the built-in model of astropy (itself good to 1.4′)', (name) => {
  const expected = planets[name]
  let worst = 0
  for (let i = 0; i < expected.ra.length; i++) {
    const { ra, dec } = planetPosition(name, rows.mjdUtc[i * planetEvery])
    worst = Math.max(worst, separation(ra, dec, expected.ra[i], expected.dec[i]) * 3600)
  }
  expect(worst).toBeLessThan(120)
})

it('refuses what is no planet', () => {
  expect(() => planetPosition('Pluto' as 'Mars', 60_000)).toThrow(/"Pluto"/)
})
