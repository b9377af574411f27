import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openFits } from '#science/fits/file.ts'
import { readImage } from '#science/fits/image.ts'
import { createArena } from '#science/kernels/arena.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { dataFile } from '#test/data.ts'
import { convolvePlane } from '#science/image/convolve-plain.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Plane } from '#science/image/plane.ts'
import { planeRows } from '#science/image/rows.ts'
import { frameWeight, stackFacts } from './facts.ts'
import { medianExcess } from './strip.ts'
import { stack, stackFloat64 } from './stack.ts'
import { workshopOf } from '#science/image/workshop.ts'

const workshop = workshopOf(createArena(2 ** 22))

function planeOf(width: number, ...values: number[]): Plane {
  return { width, height: values.length / width, data: Float32Array.from(values) }
}

const decam = dataFile('imaging', 'sfft-decam')

describe.skipIf(!decam)('sfft-decam (needs shared test data)', () => {
  const read = (name: string): Plane<Float64Array> => {
    const bytes = readFileSync(`${decam}/${name}`)
    const { shape, data } = readImage(bytes, openFits(bytes).hdus[0])
    return { width: shape[0], height: shape[1], data: Float64Array.from(data, Number) }
  }
  it.each(['04', '18'])(
    'the median of the matched frames of OBS%s is the expected stack within 1e-9',
    (obs) => {
      const frames = ['a', 'b', 'c', 'd', 'e'].map((letter) => {
        const plane = read(`DEC-OBS${obs}${letter}.mini.fits`)
        return letter === 'a' ? plane : convolvePlane(plane, read(`DEC-OBS${obs}${letter}.MatchKernel.fits`))
      })
      const expected = read(`expected/Stack-DEC-OBS${obs}.fits`)
      const { plane } = stackFloat64(
        frames.map((frame) => ({ rows: planeRows(frame) })),
        { method: 'median', bytes: 2 ** 20 },
        workshop,
      )
      let worst = 0
      plane.data.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - expected.data[i]))))
      expect(worst).toBeLessThan(1e-9)
    },
  )
})

describe('methods', () => {
  const a = planeOf(4, 1, 2, NaN, 4)
  const b = planeOf(4, 10, 20, 30, 40)
  const c = planeOf(4, 100, 200, 300, 400)
  const rows = [a, b, c].map((plane) => ({ rows: planeRows(plane) }))
  const of = (method: 'sum' | 'median' | 'clipped_mean' | 'weighted', options = {}) =>
    stack(rows, { method, ...options }, workshop)

  it('sum: a missing frame leaves NaN, or is made up for when asked', () => {
    expect([...of('sum').plane.data]).toEqual([111, 222, NaN, 444])
    expect(of('sum').mask.data[2]).toBe(maskBits.outside)
    expect([...of('sum', { partial: true }).plane.data]).toEqual([111, 222, 495, 444])
    expect([...of('sum').count.data]).toEqual([3, 3, 2, 3])
  })
  it('median and mean of what is there', () => {
    expect([...of('median').plane.data]).toEqual([10, 20, 165, 40])
    expect([...of('weighted').plane.data]).toEqual([37, 74, 165, 148])
  })
  it('a pixel is bad where it is bad in all; saturation is said wherever it took part', () => {
    const masks = [
      [maskBits.cosmic, maskBits.saturated, 0, maskBits.drawn],
      [maskBits.cosmic, 0, 0, 0],
      [maskBits.cosmic, 0, 0, 0],
    ]
    const frames = [a, b, c].map((plane, i) => ({
      rows: planeRows(plane, { mask: { width: 4, height: 1, data: Uint8Array.from(masks[i]) } }),
    }))
    const { mask, plane } = stack(frames, { method: 'median' }, workshop)
    expect([...mask.data]).toEqual([maskBits.cosmic | maskBits.outside, maskBits.saturated, 0, 0])
    expect([...plane.data]).toEqual([NaN, 20, 165, 220])
  })
  it('the memory may grow while results are laid out', () => {
    const plane = { width: 500, height: 500, data: new Float32Array(250_000).fill(3) }
    const frames = [{ rows: planeRows(plane) }, { rows: planeRows(plane) }]
    const got = stack(frames, { method: 'median' }, workshopOf(createArena(2 ** 16)))
    expect(got.count.data.every((n) => n === 2)).toBe(true)
    expect(got.plane.data.every((value) => value === 3)).toBe(true)
  })
  it('frames of other sizes and single frames are refused', () => {
    expect(() => stack([rows[0]], {}, workshop)).toThrow(/two frames/)
    expect(() => stack([rows[0], { rows: planeRows(planeOf(2, 1, 2)) }], {}, workshop)).toThrow(/Frame 2/)
  })
})

describe('noise', () => {
  const random = seededRandom(3)
  const side = 100
  const flat = (sigma: number, scale = 1): Plane => ({
    width: side,
    height: side,
    data: Float32Array.from({ length: side * side }, () => (500 + sigma * random.normal()) / scale),
  })
  const constant = (value: number): Plane => ({
    width: side,
    height: side,
    data: new Float32Array(side * side).fill(value),
  })
  const scatter = ({ data }: Plane) => {
    const mean = data.reduce((sum, v) => sum + v, 0) / data.length
    return { mean, variance: data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length }
  }
  const frames = (n: number, sigma = 10) =>
    Array.from({ length: n }, () => ({
      rows: planeRows(flat(sigma), { variance: constant(sigma * sigma) }),
    }))

  it.each([
    ['sum', 7],
    ['median', 2],
    ['median', 5],
    ['median', 6],
    ['median', 15],
    ['clipped_mean', 9],
    ['weighted', 4],
  ] as const)('%s of %i frames has the variance it says, within 6 %%', (method, n) => {
    const got = stack(frames(n), { method }, workshop)
    const said = got.variance?.data[77] ?? NaN
    expect(Math.abs(scatter(got.plane).variance / said - 1)).toBeLessThan(0.06)
  })

  it('outliers of 100σ in two of seven frames vanish from the clipped mean, and few good values with them', () => {
    const planes = Array.from({ length: 7 }, () => flat(10))
    for (let i = 0; i < side * side; i += 5) {
      planes[1].data[i] += 1000
      planes[4].data[(i + 10) % (side * side)] += 1000
    }
    const got = stack(
      planes.map((plane) => ({ rows: planeRows(plane) })),
      { method: 'clipped_mean' },
      workshop,
    )
    expect(Math.abs(scatter(got.plane).mean - 500)).toBeLessThan(0.2)
    expect(Math.max(...got.plane.data)).toBeLessThan(530)
    const used = got.count.data.reduce((sum, n) => sum + n, 0) / (side * side)
    expect(used).toBeGreaterThan(6.3)
  })

  it('weights by inverse variance and flux scale: mean 500 ± 0.1 and the best possible variance', () => {
    const specs = [
      { sigma: 5, fluxScale: 1 },
      { sigma: 20, fluxScale: 2 },
      { sigma: 8, fluxScale: 0.5 },
    ]
    const list = specs.map(({ sigma, fluxScale }) => ({
      rows: planeRows(flat(sigma, fluxScale), { variance: constant((sigma / fluxScale) ** 2) }),
      fluxScale,
    }))
    const got = stack(list, { method: 'weighted' }, workshop)
    const best = 1 / specs.reduce((sum, { sigma }) => sum + 1 / sigma ** 2, 0)
    expect(got.variance?.data[5]).toBeCloseTo(best, 4)
    expect(Math.abs(scatter(got.plane).variance / best - 1)).toBeLessThan(0.06)
    expect(Math.abs(scatter(got.plane).mean - 500)).toBeLessThan(0.15)
    expect(frameWeight({ fluxScale: 2, rms: 3, fwhm: 4 })).toBeCloseTo(1 / 576, 12)
  })

  it('strips of any size give the same bytes', () => {
    const planes = Array.from({ length: 5 }, () => ({ rows: planeRows(flat(10)) }))
    const all = stack(planes, { method: 'clipped_mean' }, workshop)
    const strips = stack(planes, { method: 'clipped_mean', bytes: 5 * side * 5 * 3 }, workshop)
    expect(strips.plane.data).toEqual(all.plane.data)
    expect(medianExcess(1)).toBeCloseTo(1, 12)
  })
})

describe('facts', () => {
  const frames = [
    { gain: 2, saturation: 60000, exposure: 60, midMjd: 60000.5 },
    { gain: 2, saturation: 50000, exposure: 60, midMjd: 60000.51 },
    { gain: 2, saturation: 60000, exposure: 180, midMjd: 60000.6 },
  ]
  it('a sum keeps the gain and has N times the saturation and all the exposure', () => {
    const facts = stackFacts(frames, 'sum')
    expect(facts).toMatchObject({ frames: 3, saturation: 150000, exposure: 300, totalExposure: 300 })
    expect(facts.gain).toBeCloseTo(2, 12)
    expect(facts.midMjd).toBeCloseTo((60000.5 + 60000.51 + 3 * 60000.6) / 5, 9)
    expect(facts.startMjd).toBeCloseTo(60000.5 - 30 / 86400, 9)
    expect(facts.endMjd).toBeCloseTo(60000.6 + 90 / 86400, 9)
  })
  it('a mean or median has N times the gain, the lowest saturation and the mean exposure', () => {
    for (const method of ['median', 'clipped_mean', 'weighted'] as const) {
      const facts = stackFacts(frames, method)
      expect(facts).toMatchObject({ saturation: 50000, exposure: 100, totalExposure: 300 })
      expect(facts.gain).toBeCloseTo(6, 12)
    }
  })
  it('read noise adds in squares: of five frames of 6 e⁻ the stack has 13.4 e⁻ by its gain', () => {
    const five = Array.from({ length: 5 }, () => ({ gain: 1.6, readNoise: 6, weight: 2 }))
    for (const method of ['sum', 'median', 'clipped_mean', 'weighted'] as const)
      expect(stackFacts(five, method).readNoise).toBeCloseTo(6 * Math.sqrt(5), 9)
    expect(stackFacts([...five, { gain: 1.6 }], 'sum').readNoise).toBeNull()
  })
  it('what one frame does not say is not said', () => {
    const facts = stackFacts([...frames, { exposure: 5 }], 'sum')
    expect(facts).toMatchObject({ gain: null, saturation: null, midMjd: null, startMjd: null, exposure: 305 })
  })
})
