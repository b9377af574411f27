import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { horizonDip, nightLabel, noonBefore, riseSet, twilights } from './night.ts'
import type { Twilight } from './night.ts'
import { seeded } from './seeded.ts'
import { findSite } from './sites.ts'
import type { Site } from './sites.ts'

type Crossings = [mjdUtc: number, rising: boolean][]
interface ReferenceNight {
  site: Site
  label: string
  noon: number
  sun: Crossings
  civil: Crossings
  nautical: Crossings
  astronomical: Crossings
  moon: Crossings
  star: { ra: number; dec: number; crossings: Crossings }
}
const { nights } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../fixtures/sky/night.json'), 'utf8'),
) as { nights: ReferenceNight[] }

/** Largest difference in seconds; fails where one has a crossing that the other has not. */
function compare(ours: { mjdUtc: number; rising: boolean }[], expected: Crossings): number {
  expect(ours.map(({ rising }) => rising)).toEqual(expected.map(([, rising]) => rising))
  return Math.max(0, ...ours.map(({ mjdUtc }, i) => Math.abs(mjdUtc - expected[i][0]) * 86_400))
}

describe('rise and set against root finding with astropy', () => {
  it(`Sun within 2 s at ${nights.length} sites and dates, polar day and night among them (bar: 1 min)`, () => {
    const worst = nights.map(({ site, noon, sun }) => compare(riseSet('Sun', site, noon).crossings, sun))
    expect(Math.max(...worst)).toBeLessThan(2)
  })

  it('Moon within 10 s (bar: 1 min)', () => {
    const worst = nights.map(({ site, noon, moon }) => compare(riseSet('Moon', site, noon).crossings, moon))
    expect(Math.max(...worst)).toBeLessThan(10)
  })

  it('fixed directions within 2 s (bar: 1 min), circumpolar and never rising ones among them', () => {
    const worst = nights.map(({ site, noon, star }) =>
      compare(riseSet(star, site, noon).crossings, star.crossings),
    )
    expect(Math.max(...worst)).toBeLessThan(2)
    const states = new Set(nights.map(({ site, noon, star }) => riseSet(star, site, noon).state))
    expect(states).toEqual(new Set(['crosses', 'always above', 'always below']))
  })

  it('twilights within 2 s (bar: 1 min)', () => {
    let worst = 0
    for (const night of nights) {
      const ours = twilights(night.site, night.label)
      expect(Math.abs(ours.noon - night.noon) * 86_400).toBeLessThan(0.001)
      for (const part of ['sun', 'civil', 'nautical', 'astronomical'] as const) {
        const found: Twilight = ours[part]
        const evening = night[part].find(([, rising]) => !rising)?.[0] ?? null
        const morning = night[part].findLast(([, rising]) => rising)?.[0] ?? null
        expect([found.evening === null, found.morning === null]).toEqual([evening === null, morning === null])
        if (evening !== null) worst = Math.max(worst, Math.abs(found.evening! - evening) * 86_400)
        if (morning !== null) worst = Math.max(worst, Math.abs(found.morning! - morning) * 86_400)
        if (night[part].length === 0) expect(found.state).not.toBe('crosses')
      }
    }
    expect(worst).toBeLessThan(2)
  })
})

describe('polar day and night', () => {
  it('evening and morning come in pairs at every latitude and season, whenever the Sun is up (2,000 seeded nights)', () => {
    const random = seeded(5)
    let alone = 0
    for (let i = 0; i < 2000; i++) {
      const latitudeDeg = i % 2 ? 180 * random() - 90 : (i % 4 ? -1 : 1) * (64 + 8 * random())
      const site = { name: 'there', longitudeDeg: 360 * random() - 180, latitudeDeg, heightM: 0 }
      const { noon, sun } = twilights(site, 42_500 + random() * 20_000)
      if (sun.state !== 'crosses') expect([sun.evening, sun.morning]).toEqual([null, null])
      else if (!sun.evening || !sun.morning) alone++
      if (!sun.evening || !sun.morning) continue
      expect(sun.morning).toBeGreaterThan(sun.evening)
      expect(Math.abs(sun.evening + sun.morning - 2 * noon - 1) * 720).toBeLessThan(25)
    }
    // On the first and the last day of polar night one of the two is days away.
    expect(alone).toBeLessThan(20)
  })

  const tromso: Site = { name: 'Tromsø', longitudeDeg: 18.9553, latitudeDeg: 69.6492, heightM: 10 }
  it('are told apart', () => {
    expect(twilights(tromso, '2026-06-21').sun).toEqual({
      state: 'always above',
      evening: null,
      morning: null,
    })
    expect(twilights(tromso, '2026-12-21').sun).toEqual({
      state: 'always below',
      evening: null,
      morning: null,
    })
    expect(twilights(tromso, '2026-12-21').astronomical.state).toBe('crosses')
    expect(riseSet('Sun', tromso, 61_212.5).state).toBe('always above')
  })

  it('the poles have no noon but still an answer', () => {
    for (const latitudeDeg of [90, -90]) {
      const pole = { name: 'pole', longitudeDeg: 0, latitudeDeg, heightM: 0 }
      expect(twilights(pole, '2026-06-21').sun.state).toBe(latitudeDeg > 0 ? 'always above' : 'always below')
      expect(riseSet({ ra: 10, dec: 40 }, pole, 61_000).state).toBe(
        latitudeDeg > 0 ? 'always above' : 'always below',
      )
    }
  })

  it('a Sun that grazes the horizon between two samples is found', () => {
    // The last sunrise before polar day is minutes after the last sunset: scan days until it is gone.
    let shortest = Infinity
    for (let day = 10; day < 25; day++) {
      const { sun } = twilights(tromso, `2026-05-${day}`)
      if (sun.state === 'crosses' && sun.evening && sun.morning)
        shortest = Math.min(shortest, (sun.morning - sun.evening) * 1440)
    }
    expect(shortest).toBeGreaterThan(0)
    expect(shortest).toBeLessThan(100)
  })
})

describe('the label of a night', () => {
  it('is the date of the local noon before, wherever the site', () => {
    const paranal = findSite('paranal')
    const maunakea = findSite('maunakea')
    const siding = findSite('siding-spring')
    expect(nightLabel(61_366.1, paranal)).toBe('2026-11-21')
    expect(nightLabel(61_366.45, paranal)).toBe('2026-11-21')
    expect(nightLabel(61_366.45, maunakea)).toBe('2026-11-21')
    expect(nightLabel(61_366.45, siding)).toBe('2026-11-22')
    expect(nightLabel(61_366.2, siding)).toBe('2026-11-22')
    expect(nightLabel(61_366.05, siding)).toBe('2026-11-21')
  })

  it('and its noon belong together, also at the date line and with longitudes beyond 180°', () => {
    for (const longitudeDeg of [-180, -179.99, -90, 0, 90, 179.99, 204.5])
      for (const label of ['2024-02-29', '2026-01-01', '2026-12-31']) {
        const site = { name: 'there', longitudeDeg, latitudeDeg: 10, heightM: 0 }
        const noon = noonBefore(label, site)
        expect(nightLabel(noon + 1e-6, site)).toBe(label)
        expect(nightLabel(noon + 0.999999, site)).toBe(label)
        expect(nightLabel(noon - 1e-6, site)).not.toBe(label)
      }
  })

  it('refuses what is no date', () => {
    expect(() => twilights(findSite('paranal'), 'tonight')).toThrow(/"tonight"/)
    expect(() => twilights(findSite('paranal'), '2026-02-30')).toThrow(/2026-02-30/)
  })
})

it('a height above the horizon brings sunset later by its dip', () => {
  const maunakea = findSite('maunakea')
  const plain = twilights(maunakea, '2026-03-20').sun
  const dipped = twilights(maunakea, '2026-03-20', { aboveHorizonM: 4200 }).sun
  const minutes = (dipped.evening! - plain.evening!) * 1440
  expect(horizonDip(4200)).toBeCloseTo(1.901, 3)
  expect(minutes).toBeGreaterThan(7.5)
  expect(minutes).toBeLessThan(8.5)
})
