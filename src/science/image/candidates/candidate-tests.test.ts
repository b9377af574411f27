import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { adjustTemplate } from './adjust.ts'
import { chiSquaredTail } from './chi-squared.ts'
import { completenessOf } from '#science/image/calibration/completeness.ts'
import { planInjection, recoverInjected } from '#science/image/calibration/injection.ts'
import type { Plane } from '#science/image/plane.ts'
import { gaussPsf } from '#science/image/psf/psf.ts'

const { chi2 } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../../fixtures/imaging/calibrate.json'), 'utf8'),
) as { chi2: [number, number, number][] }

function draw(stars: readonly [x: number, y: number, flux: number][], noise: number, seed: number): Plane {
  const random = seededRandom(seed)
  const data = new Float32Array(64 * 64)
  for (let i = 0; i < data.length; i++) {
    let value = noise * random.normal()
    for (const [x, y, flux] of stars)
      value += (flux / 25.13) * Math.exp(-(((i % 64) - x) ** 2 + (Math.floor(i / 64) - y) ** 2) / 8)
    data[i] = value
  }
  return { width: 64, height: 64, data }
}

const flat = (value: number): Plane => ({
  width: 64,
  height: 64,
  data: new Float32Array(64 * 64).fill(value),
})

describe('tails of χ²', () => {
  it.each(chi2)('above %f with %i degrees is scipy’s to 1e-9', (value, freedom, expected) => {
    expect(Math.abs(chiSquaredTail(value, freedom) / expected - 1)).toBeLessThan(1e-9)
  })
})

describe('a residual beside a bright star', () => {
  it('is explained by a shift and a scale that are found to 0.03 px and 2 %', () => {
    const science = draw([[32.4, 31.7, 60_000]], 10, 1)
    const template = draw([[32, 32, 50_000]], 0.1, 2)
    const found = adjustTemplate(science, template, flat(10), 32, 32, { radius: 9 })!
    expect(found.explained).toBe(true)
    expect(Math.abs(found.dx - 0.4)).toBeLessThan(0.03)
    expect(Math.abs(found.dy + 0.3)).toBeLessThan(0.03)
    expect(Math.abs(found.scale / 1.2 - 1)).toBeLessThan(0.02)
    expect(found.chi2).toBeLessThan(found.chi2Before / 10)
  })

  it('is not, where something new stands in its wing or in an empty place', () => {
    const template = draw([[32, 32, 20_000]], 0.1, 2)
    const blended = draw(
      [
        [32, 32, 20_000],
        [36, 33, 15_000],
      ],
      10,
      3,
    )
    expect(adjustTemplate(blended, template, flat(10), 35, 33, { radius: 9 })!.explained).toBe(false)
    const alone = draw([[20, 20, 3000]], 10, 4)
    const empty = draw([], 0.1, 5)
    const found = adjustTemplate(alone, empty, flat(10), 20, 20, { radius: 9 })!
    expect(found.explained).toBe(false)
    expect([found.dx, found.dy, found.scale].every((each) => Number.isFinite(each))).toBe(true)
  })

  it('is not asked about at the edge, on masked pixels or pixels without a value', () => {
    const plane = draw([], 1, 1)
    expect(adjustTemplate(plane, plane, flat(1), 0, 0, { radius: 3 })).toBeNull()
    expect(adjustTemplate(flat(NaN), plane, flat(1), 30, 30, { radius: 5 })).toBeNull()
    expect(adjustTemplate(plane, flat(NaN), flat(1), 30, 30, { radius: 5 })).toBeNull()
    expect(adjustTemplate(plane, plane, flat(0), 30, 30, { radius: 5 })).toBeNull()
    const mask = { width: 64, height: 64, data: new Uint8Array(64 * 64).fill(1) }
    expect(adjustTemplate(plane, plane, flat(1), 30, 30, { radius: 5, mask })).toBeNull()
  })
})

describe('completeness', () => {
  const drawn = (seed: number, middle: number, width: number, most: number, n = 400) => {
    const random = seededRandom(seed)
    const magnitude = Array.from({ length: n }, () => 18 + 5 * random.uniform())
    const found = magnitude.map((m) =>
      random.uniform() < most / (1 + Math.exp((m - middle) / width)) ? 1 : 0,
    )
    return { magnitude, found }
  }

  it('gives the magnitude at which half is found: pulls over 60 draws are standard normal within 30 %', () => {
    const pulls: number[] = []
    for (let seed = 1; seed <= 60; seed++) {
      const { magnitude, found } = drawn(seed, 20.7, 0.2, 1)
      const { limit50 } = completenessOf(magnitude, found)
      pulls.push((limit50!.magnitude - 20.7) / limit50!.error)
    }
    const mean = pulls.reduce((a, b) => a + b, 0) / pulls.length
    const sigma = Math.sqrt(pulls.reduce((sum, each) => sum + (each - mean) ** 2, 0) / pulls.length)
    expect(Math.abs(mean)).toBeLessThan(0.4)
    expect(Math.abs(sigma - 1)).toBeLessThan(0.3)
  })

  it('knows crowded frames, sharp edges, and what cannot be told', () => {
    const crowded = drawn(3, 20.5, 0.2, 0.9, 2000)
    const found = completenessOf(crowded.magnitude, crowded.found)
    expect(Math.abs(found.most - 0.9)).toBeLessThan(0.05)
    expect(Math.abs(found.limit50!.magnitude - (20.5 + 0.2 * Math.log(0.8)))).toBeLessThan(0.1)
    const sharp = drawn(4, 20.5, 0.001, 1)
    const edge = completenessOf(sharp.magnitude, sharp.found).limit50!
    expect(Math.abs(edge.magnitude - 20.5)).toBeLessThan(0.05)
    expect(Number.isFinite(edge.error)).toBe(true)
    const all = completenessOf(
      sharp.magnitude,
      sharp.magnitude.map(() => 1),
    )
    expect(all.limit50).toBeNull()
    expect(all.warnings[0]).toContain('wider range')
    expect(
      completenessOf(
        sharp.magnitude,
        sharp.magnitude.map(() => 0),
      ).limit50,
    ).toBeNull()
    expect(() => completenessOf([1, 2], [0, 1])).toThrow('ten at least')
  })

  it('of a frame is that of its search: what is brighter than the threshold is found', async () => {
    const plane = draw([[20, 20, 8000]], 3, 7)
    const options = {
      width: 64,
      height: 64,
      brightest: 14,
      faintest: 19,
      zeroPoint: 25,
      count: 60,
      seed: 2,
      apart: 8,
    }
    const plan = planInjection(options)
    expect(plan.rounds.flat()).toHaveLength(60)
    // The same seed is the same plan.
    expect(planInjection(options)).toEqual(plan)
    const search = ({ data }: Plane) => {
      const x: number[] = []
      const y: number[] = []
      const flux: number[] = []
      for (let i = 65; i < data.length - 65; i++)
        if (data[i] > 40 && [-65, -64, -63, -1, 1, 63, 64, 65].every((step) => data[i] >= data[i + step])) {
          x.push(i % 64)
          y.push(Math.floor(i / 64))
          flux.push(25.13 * data[i])
        }
      return { x, y, flux }
    }
    const before = plane.data.slice()
    const result = await recoverInjected(plane, plan, { radius: 2, psf: gaussPsf(4.71), gain: 5 }, search)
    expect(plane.data).toEqual(before)
    const { limit50 } = completenessOf(result.magnitude, result.found)
    // A peak of 40 ADU is a flux of about 1000 ADU.
    expect(Math.abs(limit50!.magnitude - (25 - 2.5 * Math.log10(1005)))).toBeLessThan(0.3)
  })

  it('refuses plans for which there is no room', () => {
    const options = {
      width: 64,
      height: 64,
      brightest: 14,
      faintest: 19,
      zeroPoint: 25,
      count: 10,
      seed: 1,
      apart: 8,
    }
    expect(() => planInjection({ ...options, faintest: 10 })).toThrow('faint end')
    expect(() => planInjection({ ...options, apart: 40 })).toThrow('no room')
    const mask = { width: 64, height: 64, data: new Uint8Array(64 * 64).fill(1) }
    expect(() => planInjection({ ...options, mask })).toThrow('leaves no room')
  })
})
