import { describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { centreOf } from '#science/sky/healpix.ts'
import { pixel29Of } from '#science/sky/index64.ts'
import { contains } from '#science/sky/ranges.ts'
import { offsetBy, separation } from '#science/sky/vectors.ts'
import { conditionalDistance, volumeDensity } from '#science/skymap/distance.ts'
import { cellAreasSr, totalOf } from '#science/skymap/map.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { momentsOf, parametersOf } from '#science/skymap/moments.ts'
import { levelAt } from '#science/skymap/credible.ts'
import { rank } from '#science/skymap/rank.ts'
import { containsTest } from './footprint.ts'
import { galaxyFields } from './galaxy-fields.ts'
import { galaxyRegion } from './galaxy-region.ts'
import { galaxyWeights, luminosityB, rankGalaxies } from './galaxies.ts'
import type { Galaxies } from './galaxies.ts'
import type { Footprint } from './model.ts'

/** A blob of 5° about (150, 20), farther in the north, in cells of order 4. */
function blob({ distances = true } = {}): SkyMap {
  const order = 4
  const count = 12 * 4 ** order
  const density = new Float64Array(count)
  const mu = new Float64Array(count)
  const sigma = new Float64Array(count)
  const norm = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const [ra, dec] = centreOf(order, i)
    density[i] = Math.exp(-0.5 * (separation(ra, dec, 150, 20) / 5) ** 2)
    const p = parametersOf({ mean: 100 + 2 * (dec - 20), std: 25 })
    ;[mu[i], sigma[i], norm[i]] = [p.mu, p.sigma, p.norm]
  }
  const map: SkyMap = {
    order: new Uint8Array(count).fill(order),
    ipix: Float64Array.from({ length: count }, (_, i) => i),
    density,
    ...(distances ? { distance: { mu, sigma, norm } } : {}),
    meta: {},
  }
  const total = totalOf(map)
  return { ...map, density: density.map((each) => each / total) }
}

/** Galaxies all over the blob and around it, some without distance, magnitude or mass. */
function catalogue(n: number, seed = 1): Required<Galaxies> {
  const random = seededRandom(seed)
  const places = Array.from({ length: n }, () =>
    offsetBy(150, 20, 360 * random.uniform(), 15 * Math.sqrt(random.uniform())),
  )
  const some = (value: number): number => (random.uniform() < 0.1 ? Number.NaN : value)
  return {
    ra: places.map(([ra]) => ra),
    dec: places.map(([, dec]) => dec),
    distanceMpc: places.map(() => some(250 * random.uniform() ** (1 / 3))),
    magB: places.map(() => some(12 + 6 * random.uniform())),
    massSun: places.map(() => some(10 ** (9 + 2 * random.uniform()))),
  }
}

describe('ranking', () => {
  const map = blob()
  const galaxies = catalogue(3000)
  const ranking = rank(map)

  it('weighs by probability per volume, by luminosity and by mass, and sums to one within 1e-12', () => {
    for (const weight of galaxyWeights) {
      const { galaxies: ranked, left } = rankGalaxies(map, galaxies, { weight })
      expect(ranked.reduce((sum, each) => sum + each.weight, 0)).toBeCloseTo(1, 12)
      expect(ranked.map((each) => each.weight)).toEqual(
        ranked.map((each) => each.weight).toSorted((a, b) => b - a),
      )
      const { outside, withoutDistance, withoutProperty, beyond } = left
      expect(ranked.length + outside + withoutDistance + withoutProperty + beyond).toBe(3000)
    }
    const first = (weight: (typeof galaxyWeights)[number]) =>
      rankGalaxies(map, galaxies, { weight, count: 50 }).galaxies
    const ratio = (a: { index: number; weight: number }, value: (i: number) => number): number =>
      a.weight / value(a.index)
    const dpdv = (i: number): number =>
      volumeDensity(map, galaxies.ra[i], galaxies.dec[i], galaxies.distanceMpc[i])
    for (const [weight, value] of [
      ['density', dpdv],
      ['luminosity', (i: number) => dpdv(i) * luminosityB(galaxies.magB[i], galaxies.distanceMpc[i])],
      ['mass', (i: number) => dpdv(i) * galaxies.massSun[i]],
    ] as const) {
      const ranked = first(weight)
      for (const each of ranked) expect(ratio(each, value) / ratio(ranked[0], value)).toBeCloseTo(1, 10)
    }
  })

  it('holds 90 % of places drawn from the map itself, within 2 %', () => {
    const random = seededRandom(9)
    const places = { ra: [] as number[], dec: [] as number[], distanceMpc: [] as number[] }
    const areas = cellAreasSr[4]
    for (let tries = 0; places.ra.length < 2500; tries++) {
      const cell = random.integer(map.order.length)
      if (random.uniform() * 0.06 > map.density[cell] * areas) continue
      const [ra, dec] = centreOf(4, cell)
      places.ra.push(ra)
      places.dec.push(dec)
      places.distanceMpc.push(conditionalDistance(map, ra, dec)!.quantile(0.001 + 0.998 * random.uniform()))
      expect(tries).toBeLessThan(1e7)
    }
    const kept = rankGalaxies(map, places, { level: 0.9, count: 10_000 }).galaxies.length / 2500
    expect(kept).toBeGreaterThan(0.88)
    expect(kept).toBeLessThan(0.92)
  })

  it('cuts the grades at three standard deviations of the moments, not of the parameters', () => {
    const { galaxies: ranked } = rankGalaxies(map, galaxies, { weight: 'Sloc', count: 3000 })
    const chosen = new Set(ranked.map((each) => each.index))
    for (let i = 0; i < 3000; i++) {
      const r = galaxies.distanceMpc[i]
      const { mu: m, sigma: s, norm: n } = conditionalDistance(map, galaxies.ra[i], galaxies.dec[i])!
      const moments = momentsOf({ mu: m, sigma: s, norm: n })!
      const near = Math.abs(r - moments.mean) <= 3 * moments.std
      if (chosen.has(i)) expect(near).toBe(true)
      else if (near && levelAt(map, galaxies.ra[i], galaxies.dec[i], ranking) < 0.9)
        expect(i).toBe('left out')
    }
    expect(ranked.length).toBeGreaterThan(100)
  })

  it('grades by the formulas of GRANDMA, place and mass weighing the same, within 1e-9', () => {
    const { galaxies: ranked } = rankGalaxies(map, galaxies, { weight: 'Smass', count: 3000 })
    const withMass = ranked.filter((each) => galaxies.massSun[each.index] > 0)
    const place = withMass.reduce((sum, each) => sum + each.grades.sloc, 0)
    const mass = withMass.reduce((sum, each) => sum + each.grades.smass - each.grades.sloc, 0)
    expect(mass / place).toBeCloseTo(1, 9)
    for (const each of ranked.filter(({ index }) => !(galaxies.massSun[index] > 0)))
      expect(each.grades.smass).toBe(each.grades.sloc)
    const [a, b] = ranked.filter(({ index }) => galaxies.magB[index] > 0)
    const s = ({ index, grades }: typeof a): number => {
      const r = galaxies.distanceMpc[index]
      const light = 2.512 ** (4.83 - (galaxies.magB[index] - 5 * Math.log10(r * 1e6) + 5))
      const limit = 2.512 ** (4.83 - (22 - 5 * Math.log10(r * 1e6) + 5))
      const [most, least] = [2.512 ** (4.83 + 17), 2.512 ** (4.83 + 12)]
      return grades.sloc * light * Math.min(1, Math.max(0.01, (most - limit) / (most - least)))
    }
    expect(a.grades.s / b.grades.s / (s(a) / s(b))).toBeCloseTo(1, 9)
    const direct = ({ index }: typeof a): number => {
      const { mu, sigma, norm } = conditionalDistance(map, galaxies.ra[index], galaxies.dec[index])!
      const z = (galaxies.distanceMpc[index] - mu) / sigma
      const cell =
        (volumeDensity(map, galaxies.ra[index], galaxies.dec[index], mu) * (Math.sqrt(2 * Math.PI) * sigma)) /
        norm
      return (cell * norm * Math.exp(-0.5 * z * z)) / (Math.sqrt(2 * Math.PI) * sigma)
    }
    expect(a.grades.sloc / direct(a)).toBeCloseTo(1, 9)
  })

  it('says that no galaxy fits instead of taking all', () => {
    const far = { ...galaxies, distanceMpc: galaxies.ra && Array.from(galaxies.ra, () => 5000) }
    for (const weight of galaxyWeights) {
      const { galaxies: ranked, left } = rankGalaxies(map, far, { weight })
      expect(ranked).toEqual([])
      expect(left.outside).toBe(3000)
    }
    const unknown = { ...galaxies, distanceMpc: Array.from(galaxies.ra, () => Number.NaN) }
    expect(rankGalaxies(map, unknown).left.withoutDistance).toBe(3000)
  })

  it('goes by the sky alone on a map without distances', () => {
    const { galaxies: ranked } = rankGalaxies(blob({ distances: false }), galaxies, { count: 3000 })
    expect(ranked.length).toBeGreaterThan(100)
    for (const { index } of ranked)
      expect(levelAt(map, galaxies.ra[index], galaxies.dec[index], ranking)).toBeLessThan(0.95)
  })

  it('asks a catalogue for every galaxy that is kept', () => {
    for (const weight of ['density', 'S'] as const) {
      for (const level of [0.5, 0.9, 0.99]) {
        const region = galaxyRegion(map, weight, level)
        const kept = rankGalaxies(map, galaxies, { weight, level, count: 3000 }).galaxies
        for (const { index } of kept) {
          expect(contains(region.ranges, pixel29Of(galaxies.ra[index], galaxies.dec[index]))).toBe(true)
          expect(galaxies.distanceMpc[index]).toBeGreaterThanOrEqual(region.distanceMpc![0])
          expect(galaxies.distanceMpc[index]).toBeLessThanOrEqual(region.distanceMpc![1])
        }
      }
    }
  })
})

describe('fields over galaxies', () => {
  const random = seededRandom(4)
  const galaxies = Array.from({ length: 120 }, (_, i) => {
    const [ra, dec] = offsetBy(359.5, 62, 360 * random.uniform(), 2 * random.uniform())
    return { name: `G${i}`, ra, dec, weight: random.uniform() ** 4 }
  })
  const total = galaxies.reduce((sum, each) => sum + each.weight, 0)
  const gap: Footprint = {
    shape: 'mosaic',
    polygons: [
      [
        [-0.4, -0.3],
        [-0.05, -0.3],
        [-0.05, 0.3],
        [-0.4, 0.3],
      ],
      [
        [0.05, -0.3],
        [0.4, -0.3],
        [0.4, 0.3],
        [0.05, 0.3],
      ],
    ],
  }
  it.each([
    ['circle', { shape: 'circle', radiusDeg: 0.3 }],
    ['rectangle', { shape: 'rectangle', widthDeg: 0.6, heightDeg: 0.4 }],
    ['box', { shape: 'box', widthDeg: 0.5, heightDeg: 0.5 }],
    ['mosaic with a gap in the middle', gap],
    [
      'polygon off the centre',
      {
        shape: 'polygon',
        vertices: [
          [0.1, 0.1],
          [0.5, 0.1],
          [0.3, 0.5],
        ],
      },
    ],
  ] as [string, Footprint][])('%s: each galaxy counts once and none is left', (_, footprint) => {
    const fields = galaxyFields(galaxies, footprint)
    expect(fields.reduce((sum, each) => sum + each.weight, 0)).toBeCloseTo(total, 9)
    expect(new Set(fields.map((each) => each.id)).size).toBe(fields.length)
    expect(fields.length).toBeLessThan(galaxies.length)
    const taken = new Set<number>()
    for (const field of fields) {
      const holds = containsTest(footprint, field)
      const inside = galaxies.flatMap(({ ra, dec }, i) => {
        const [a, d] = [(ra * Math.PI) / 180, (dec * Math.PI) / 180]
        return holds(Math.cos(d) * Math.cos(a), Math.cos(d) * Math.sin(a), Math.sin(d)) ? [i] : []
      })
      expect([...field.galaxies].toSorted((a, b) => a - b)).toEqual(inside)
      const fresh = inside.filter((i) => !taken.has(i))
      expect(field.weight).toBeCloseTo(
        fresh.reduce((sum, i) => sum + galaxies[i].weight, 0),
        9,
      )
      for (const i of inside) taken.add(i)
    }
  })

  it('the first field holds at least 97 % of what the best of a fine grid of places holds', () => {
    const radiusDeg = 0.35
    let best = 0
    for (let north = -2.2; north <= 2.2; north += 0.03) {
      for (let east = -2.2; east <= 2.2; east += 0.03) {
        const [ra, dec] = offsetBy(
          359.5,
          62,
          (Math.atan2(east, north) * 180) / Math.PI,
          Math.hypot(east, north),
        )
        const sum = galaxies.reduce(
          (s, g) => (separation(ra, dec, g.ra, g.dec) <= radiusDeg ? s + g.weight : s),
          0,
        )
        best = Math.max(best, sum)
      }
    }
    const [first] = galaxyFields(galaxies, { shape: 'circle', radiusDeg }, { count: 1 })
    expect(first.weight).toBeGreaterThan(0.97 * best)
  })

  it('a lone galaxy lies in the middle of its field', () => {
    const [field] = galaxyFields([galaxies[0]], { shape: 'circle', radiusDeg: 0.3 })
    expect(separation(field.ra, field.dec, galaxies[0].ra, galaxies[0].dec)).toBeLessThan(1e-9)
  })
})
