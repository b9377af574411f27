import { expect, it } from 'vitest'
import { angle, changesBetween, rate, type Comparable, distanceText } from './changes.ts'
import type { MapSummary } from './localization.ts'

const map = (area90Deg2: number, meanMpc: number): MapSummary => ({
  area50Deg2: area90Deg2 / 4,
  area90Deg2,
  peak: { ra: 0, dec: 0 },
  peakDensityPerSr: 1,
  distance: { meanMpc, stdMpc: 10 },
  cells: 1,
  orders: { min: 0, max: 0 },
  grandma: { area50Deg2: 0, area90Deg2, distanceMeanMpc: null, distanceStdMpc: 1 },
})
const base: Comparable = {
  type: 'preliminary',
  significant: true,
  farHz: 1.8e-11,
  pAstro: null,
  instruments: ['H1', 'L1'],
  classification: { BBH: 0.98, Terrestrial: 0.02 },
  properties: { HasNS: 0.09 },
  position: null,
  externalCoincidence: null,
  map: map(165.3, 465),
}

it('says what changed from one notice to the next, with its sense', () => {
  const after: Comparable = {
    ...base,
    type: 'initial',
    farHz: 1.1e-41,
    instruments: ['H1', 'L1', 'V1'],
    classification: { BBH: 0.992, Terrestrial: 0 },
    properties: { HasNS: 0.0001 },
    map: map(44.88, 354.3),
  }
  const changes = changesBetween(base, after)
  expect(changes.map((c) => [c.field, c.sense])).toEqual([
    ['type', 'neutral'],
    ['classification.BBH', 'up'],
    ['classification.Terrestrial', 'up'],
    ['properties.HasNS', 'down'],
    ['area90Deg2', 'up'],
    ['area50Deg2', 'up'],
    ['distanceMeanMpc', 'up'],
    ['farHz', 'up'],
    ['instruments', 'neutral'],
  ])
  expect(changes.find((c) => c.field === 'area90Deg2')!.text).toBe('90 % area 165.3 → 44.88 deg²')
})

it('says nothing when nothing changed, and only the retraction when retracted', () => {
  expect(changesBetween(base, { ...base })).toEqual([])
  const gone: Comparable = {
    ...base,
    type: 'retraction',
    significant: null,
    farHz: null,
    classification: {},
    properties: {},
    map: null,
    instruments: [],
  }
  expect(changesBetween(base, gone).map((c) => c.text)).toEqual(['preliminary → retraction'])
})

it('follows a position that moves and shrinks', () => {
  const at = (ra: number, dec: number, errorDeg: number) => ({
    ...base,
    position: { ra, dec, errorDeg, containment: 0.9, systematicIncluded: false },
  })
  const changes = changesBetween(at(359.99, 10, 0.05), at(0.01, 10, 0.0014))
  expect(changes.map((c) => c.text)).toEqual(['Position moved by 1.182′', 'Error radius 3′ → 5.04″'])
})

it('writes rates and angles for people', () => {
  expect(rate(1.3980119311210162e-9)).toBe('1 per 22.7 yr')
  expect(rate(1e-6)).toBe('31.6 per yr')
  expect(angle(0.0003)).toBe('1.08″')
})

it('writes distances in the unit that carries their digits', () => {
  expect(distanceText(0.0025, 0.0004)).toBe('2.5 ± 0.4 kpc')
  expect(distanceText(39.77, 8.3)).toBe('39.77 ± 8.3 Mpc')
  expect(distanceText(12_000, null)).toBe('12 ± ? Gpc')
})
