import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { separation } from '#science/sky/vectors.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { clustersSky, matchSky, nearestSky, pairsSky } from './match.ts'

interface Case {
  name: string
  ra1: number[]
  dec1: number[]
  ra2: number[]
  dec2: number[]
  nearest: number[]
  arcsec: number[]
  pairs10: [number, number][]
}
const { matches } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../fixtures/imaging/calibrate.json'), 'utf8'),
) as { matches: Case[] }

/** Points about a place, some of them doubled; the seed says where. */
function points(seed: number): { ra: Float64Array; dec: Float64Array } {
  const random = seededRandom(seed)
  const n = 5 + random.integer(200)
  const kind = seed % 5
  const size = 10 ** (-3 + 3 * random.uniform())
  const centre = [
    [180, 0],
    [0, 60],
    [77, 89.9995],
    [300, -90],
    [random.uniform() * 360, Math.asin(2 * random.uniform() - 1) * 57.29],
  ][kind]
  const ra = new Float64Array(n)
  const dec = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    dec[i] = Math.min(90, Math.max(-90, centre[1] + size * (2 * random.uniform() - 1)))
    const stretch = Math.max(0.001, Math.cos((centre[1] * Math.PI) / 180))
    ra[i] = centre[0] + (size / stretch) * (2 * random.uniform() - 1)
    if (i > 0 && random.uniform() < 0.1) [ra[i], dec[i]] = [ra[i - 1], dec[i - 1]]
  }
  return { ra, dec }
}

describe('lists of positions', () => {
  it.each(matches)('$name: nearest and all pairs are astropy’s, separations to 1e-6 arcsec', (each) => {
    const found = nearestSky(each.ra1, each.dec1, each.ra2, each.dec2, 648_000)
    expect(Array.from(found.index)).toEqual(each.nearest)
    for (const [i, arcsec] of each.arcsec.entries())
      expect(Math.abs(found.separation[i] - arcsec)).toBeLessThan(1e-6)
    const { first, second } = pairsSky(each.ra1, each.dec1, each.ra2, each.dec2, 10)
    expect(Array.from(first, (i, k) => [i, second[k]])).toEqual(each.pairs10)
  })

  it('finds what comparing every pair finds, at all scales, poles and RA 0, and separations to 1e-8 arcsec', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const a = points(seed)
      const b = points(seed + (seed % 3 === 0 ? 0 : 1000 * 5))
      const random = seededRandom(seed)
      const radius = 3600 * 10 ** (-4 + 4 * random.uniform())
      const expected: [number, number][] = []
      const arcsec: number[] = []
      for (let i = 0; i < a.ra.length; i++)
        for (let j = 0; j < b.ra.length; j++) {
          const distance = 3600 * separation(a.ra[i], a.dec[i], b.ra[j], b.dec[j])
          if (distance > radius) continue
          expected.push([i, j])
          arcsec.push(distance)
        }
      const pairs = pairsSky(a.ra, a.dec, b.ra, b.dec, radius)
      expect(Array.from(pairs.first, (i, k) => [i, pairs.second[k]])).toEqual(expected)
      for (const [k, distance] of arcsec.entries())
        expect(Math.abs(pairs.separation[k] - distance)).toBeLessThan(1e-8)
      const near = nearestSky(a.ra, a.dec, b.ra, b.dec, radius)
      const best = new Map<number, number>()
      for (const [k, [i]] of expected.entries())
        if (!best.has(i) || arcsec[k] < arcsec[best.get(i)!] - 1e-9) best.set(i, k)
      const wrong = Array.from(near.index.keys()).filter((i) => {
        const k = best.get(i)
        return k === undefined ? near.index[i] !== -1 : !(Math.abs(near.separation[i] - arcsec[k]) < 1e-8)
      })
      expect(wrong).toEqual([])
    }
  })

  it('pairs one to one: each is the other’s nearest, nobody twice', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const a = points(seed)
      const b = points(seed)
      const found = matchSky(a.ra, a.dec, b.ra, b.dec, 5)
      expect(new Set(found.first).size).toBe(found.first.length)
      expect(new Set(found.second).size).toBe(found.second.length)
      const there = nearestSky(a.ra, a.dec, b.ra, b.dec, 5)
      const back = nearestSky(b.ra, b.dec, a.ra, a.dec, 5)
      const mutual = Array.from(there.index.entries()).filter(([i, j]) => j >= 0 && back.index[j] === i)
      expect(Array.from(found.first, (i, k) => [i, found.second[k]])).toEqual(mutual)
    }
  })

  it('groups by chains of neighbours, whatever the order', () => {
    const ra = [10, 10.0005, 10.001, 20, 0.0001, 359.9999, Number.NaN]
    const dec = [0, 0, 0, 0, 0, 0, 0]
    const { group, size } = clustersSky(ra, dec, 2)
    expect(Array.from(group)).toEqual([0, 0, 0, 1, 2, 2, -1])
    expect(Array.from(size)).toEqual([3, 1, 2])
    const turned = clustersSky([...ra].reverse(), dec, 2)
    expect(Array.from(turned.size).sort((a, b) => a - b)).toEqual([1, 2, 3])
  })

  it('leaves out what has no position, takes empty lists, and refuses a radius that is none', () => {
    expect(Array.from(nearestSky([NaN, 5], [0, 91], [5], [0], 100).index)).toEqual([-1, -1])
    expect(matchSky([], [], [1], [2], 5).first).toHaveLength(0)
    expect(matchSky([1], [2], [], [], 5).first).toHaveLength(0)
    expect(Array.from(nearestSky([370], [0], [10], [0], 0).index)).toEqual([0])
    expect(() => matchSky([1], [2], [3], [4], Number.NaN)).toThrow('radius')
    expect(() => matchSky([1], [2, 3], [3], [4], 1)).toThrow('give one each')
  })
})
