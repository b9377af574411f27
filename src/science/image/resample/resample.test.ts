import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseHeader } from '#science/fits/header.ts'
import { sipWcs, tanWcs } from '#science/fits/wcs/make.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import type { Wcs } from '#science/fits/wcs/wcs.ts'
import { createArena } from '#science/kernels/arena.ts'
import { seeded } from '#science/sky/seeded.ts'
import { openMap, planMap } from './pixel-map.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Plane } from '#science/image/plane.ts'
import { resample, resampledRows } from './resample.ts'
import type { ResampleOptions } from './resample.ts'
import { workshopOf } from '#science/image/workshop.ts'

const fixtures = resolve(import.meta.dirname, '../../../../fixtures/imaging')
const kernel = new WebAssembly.Module(
  readFileSync(resolve(import.meta.dirname, '../../kernels/resample.wasm')),
)
const workshop = workshopOf(createArena(2 ** 24), { resample: kernel })
const plain = workshopOf(createArena(2 ** 24))

function wcsOfCards(cards: string[]): Wcs {
  const wcs = readWcs(parseHeader(new TextEncoder().encode(cards.map((card) => card.padEnd(80)).join(''))))
  if (!wcs) throw new Error('no WCS')
  return wcs
}

const scale = 1e-4
function turned(angle: number, factor: number, crpix: [number, number], crval: [number, number] = [150, 2]) {
  const [c, s] = [Math.cos(angle) * scale * factor, Math.sin(angle) * scale * factor]
  return tanWcs({ crval, crpix, cd: [-c, s, s, c] })
}

/** Gaussian stars of FWHM 3 input pixels, integrated over pixels well enough by 5 × 5 points. */
function stars(width: number, height: number, list: [number, number][], sky = 0): Plane {
  const data = workshop.arena.float32(width * height).fill(sky)
  const sigma = 3 / 2.3548
  for (const [cx, cy] of list)
    for (let y = Math.max(0, Math.floor(cy - 12)); y < Math.min(height, cy + 12); y++)
      for (let x = Math.max(0, Math.floor(cx - 12)); x < Math.min(width, cx + 12); x++)
        for (let k = 0; k < 25; k++) {
          const dx = x + ((k % 5) - 2) / 5 - cx
          const dy = y + (Math.floor(k / 5) - 2) / 5 - cy
          data[y * width + x] += 40 * Math.exp(-(dx * dx + dy * dy) / (2 * sigma * sigma))
        }
  return { width, height, data }
}

function momentsAround({ width, data }: Plane, x: number, y: number, radius: number, sky = 0) {
  let [sum, sx, sy] = [0, 0, 0]
  for (let j = Math.round(y) - radius; j <= Math.round(y) + radius; j++)
    for (let i = Math.round(x) - radius; i <= Math.round(x) + radius; i++) {
      const value = data[j * width + i] - sky
      sum += value
      sx += value * i
      sy += value * j
    }
  return { sum, x: sx / sum, y: sy / sum }
}

describe('resampled against reproject', () => {
  const { cards, pixels, cases } = JSON.parse(readFileSync(resolve(fixtures, 'resample.json'), 'utf8')) as {
    cards: string[]
    pixels: number[]
    cases: { name: string; cards: string[]; pixels: (number | null)[] }[]
  }
  it.each(cases)('$name: bilinear within 0.01 of a noise of 10, the same pixels covered', (each) => {
    const plane = { width: 30, height: 24, data: Float32Array.from(pixels) }
    const [width, height] = [
      Number(/NAXIS1\s*=\s*(\d+)/.exec(each.cards[1])?.[1]),
      Number(/NAXIS2\s*=\s*(\d+)/.exec(each.cards[2])?.[1]),
    ]
    const target = { wcs: wcsOfCards(each.cards), width, height }
    const { plane: out } = resample(
      { plane, wcs: wcsOfCards(cards) },
      target,
      { kernel: 'bilinear', conserve: 'surface', leastCoverage: 0.2 },
      workshop,
    )
    let inside = 0
    each.pixels.forEach((expected, i) => {
      if (expected === null) expect(out.data[i]).toBeNaN()
      else if (Math.abs(out.data[i] - expected) < 0.01) inside++
    })
    // At the outermost half pixel reproject repeats the border, while here the missing side has no part: the same value.
    expect(inside).toBe(each.pixels.filter((value) => value !== null).length)
  })
})

describe('stars', () => {
  const list: [number, number][] = [
    [60.2, 71.4],
    [128.5, 128.5],
    [190.9, 80.1],
    [95.7, 180.3],
  ]
  const input = { plane: stars(256, 256, list), wcs: turned(0, 1, [128, 128]) }
  const flux = momentsAround(input.plane, ...list[0], 12).sum
  it.each([
    ['shifted by parts of a pixel', turned(0, 1, [128.37, 127.81])],
    ['turned by 33°', turned(0.576, 1, [128.37, 127.81])],
    ['mirrored', tanWcs({ crval: [150, 2], crpix: [128.2, 128.9], cd: [scale, 0, 0, scale] })],
    ['on pixels of 0.6', turned(0.1, 0.6, [214, 213])],
    ['on pixels of 0.9', turned(0.1, 0.9, [142, 143])],
    ['on pixels of 1.1', turned(0.1, 1.1, [117.2, 116.1])],
    ['on pixels of 1.2', turned(0.1, 1.2, [107.2, 106.1])],
    ['on pixels of 1.4', turned(0.1, 1.4, [92, 91])],
    ['on pixels of 2', turned(0.1, 2, [64.2, 64.7])],
    ['on pixels of 2.5', turned(0.1, 2.5, [51.2, 50.7])],
  ] as [string, Wcs][])('%s keep their flux within 1e-3 and lie within 0.01 pixel', (_, wcs) => {
    const size = wcs.pixelScaleDeg() / scale
    const side = Math.ceil(256 / size)
    const target = { wcs, width: side, height: side }
    const { plane } = resample(input, target, {}, workshop)
    for (const [x, y] of list) {
      const [u, v] = wcs.skyToPixel(...input.wcs.pixelToSky(x, y)) ?? [NaN, NaN]
      const got = momentsAround(plane, u, v, Math.ceil(12 / size))
      expect(Math.abs(got.sum / flux - 1)).toBeLessThan(1e-3)
      expect(Math.hypot(got.x - u, got.y - v)).toBeLessThan(0.01)
    }
  })

  it('a flat sky stays flat within 1e-6 in surface brightness, and on an axis of distortion', () => {
    const flat = { width: 64, height: 64, data: workshop.arena.float32(64 * 64).fill(500) }
    const a = { order: 2, coefficients: [0, 0, 2e-5, 0, -1e-5, 0, 3e-5, 0, 0] }
    const wcs = sipWcs({ crval: [150, 2], crpix: [32, 32], cd: [-scale, 0, 0, scale] }, a, a)
    const target = { wcs: turned(0.2, 1, [20, 20]), width: 40, height: 40 }
    const { plane } = resample({ plane: flat, wcs }, target, { conserve: 'surface' }, workshop)
    for (const value of plane.data) expect(Math.abs(value / 500 - 1)).toBeLessThan(1e-6)
    // As flux, the level is the ratio of the pixel areas on the sky.
    const { plane: counts } = resample({ plane: flat, wcs }, target, {}, workshop)
    const there = wcs.skyToPixel(...target.wcs.pixelToSky(20, 20)) ?? [NaN, NaN]
    const ratio = (target.wcs.pixelScaleDeg(20, 20) / wcs.pixelScaleDeg(...there)) ** 2
    expect(Math.abs(counts.data[20 * 40 + 20] / 500 / ratio - 1)).toBeLessThan(1e-5)
  })
})

describe('missing pixels', () => {
  const random = seeded(5)
  const width = 80
  const noise = Float32Array.from({ length: width * width }, () => 100 + random())
  const wcs = turned(0, 1, [40, 40])
  const run = (
    plane: Plane,
    extra: object,
    options: ResampleOptions = {},
    target = turned(0.3, 1, [40.3, 39.6]),
  ) => resample({ plane, wcs, ...extra }, { wcs: target, width, height: width }, options, workshop)

  it('the same pixels and a shift by whole pixels copy values to the last bit, NaN and all', () => {
    const data = noise.slice()
    data[1000] = NaN
    const same = run({ width, height: width, data }, {}, {}, wcs)
    expect(same.plane.data).toEqual(data)
    expect(same.mask.data[1000]).toBe(maskBits.outside)
    const shifted = run({ width, height: width, data }, {}, {}, turned(0, 1, [43, 38]))
    const expected = Float32Array.from({ length: width * width }, (_, i) => {
      const [x, y] = [(i % width) - 3, Math.floor(i / width) + 2]
      return x >= 0 && y < width ? data[y * width + x] : NaN
    })
    expect(shifted.plane.data).toEqual(expected)
  })

  it('a NaN or masked spike makes no ring: nothing differs from the clean image by more than the noise of 1', () => {
    const spiked = noise.slice()
    const mask = { width, height: width, data: new Uint8Array(width * width) }
    for (const i of [2020, 3333, 4100]) {
      spiked[i] = 1e6
      mask.data[i] = maskBits.cosmic
    }
    spiked[1501] = NaN
    const clean = run({ width, height: width, data: noise }, {})
    const got = run({ width, height: width, data: spiked }, { mask })
    let flagged = 0
    got.plane.data.forEach((value, i) => {
      if (!Number.isNaN(value)) expect(Math.abs(value - clean.plane.data[i])).toBeLessThan(1)
      if (got.mask.data[i] & maskBits.cosmic) flagged++
    })
    // A turned pixel grid has about four pixels around each.
    expect(flagged).toBeGreaterThanOrEqual(9)
    expect(flagged).toBeLessThanOrEqual(15)
    const nearest = run({ width, height: width, data: spiked }, { mask }, { masks: 'nearest' })
    expect(nearest.mask.data.filter((bits) => bits & maskBits.cosmic).length).toBeLessThanOrEqual(5)
  })

  it('saturated pixels are taken as they are, and said', () => {
    const data = noise.slice()
    const mask = { width, height: width, data: new Uint8Array(width * width) }
    data[2020] = 60000
    mask.data[2020] = maskBits.saturated
    const got = run({ width, height: width, data }, { mask })
    expect(Math.max(...got.plane.data.filter((value) => value > 0))).toBeGreaterThan(10000)
    expect(got.mask.data.filter((bits) => bits & maskBits.saturated).length).toBeGreaterThan(2)
  })

  it('coverage is 1 inside, falls at the border, and beyond it there is no value', () => {
    const got = run({ width, height: width, data: noise }, {}, { coverage: true }, turned(0, 1, [59.5, 40]))
    const row = (got.coverage?.data ?? new Float32Array(0)).subarray(40 * width, 41 * width)
    expect(row[18]).toBe(0)
    expect(row[19]).toBeCloseTo(0.5, 6)
    expect(row[25]).toBe(1)
    expect(got.plane.data[40 * width + 18]).toBeNaN()
  })

  it('variance of independent pixels: a shift by half a pixel leaves Σ w² of it, 2 × 2 summed pixels four times', () => {
    const variance = { width, height: width, data: new Float32Array(width * width).fill(9) }
    const plane = { width, height: width, data: noise }
    const half = run(plane, { variance }, {}, turned(0, 1, [40.5, 40]))
    const weights = [2.5, 1.5, 0.5].map(
      (d) => (3 * Math.sin(Math.PI * d) * Math.sin((Math.PI * d) / 3)) / (Math.PI * d) ** 2,
    )
    weights[2] += 0.5 - weights.reduce((a, b) => a + b, 0)
    const squares = 2 * weights.reduce((a, b) => a + b ** 2, 0)
    expect(half.variance?.data[40 * width + 40]).toBeCloseTo(9 * squares, 5)
    const wide = resample(
      { plane, wcs, variance },
      { wcs: turned(0, 2, [20.25, 19.75]), width: 40, height: 40 },
      {},
      workshop,
    )
    expect((wide.variance?.data[20 * 40 + 20] ?? 0) / 36).toBeGreaterThan(0.6)
    expect((wide.variance?.data[20 * 40 + 20] ?? 0) / 36).toBeLessThan(1.2)
  })
})

it('the grid of nodes keeps positions within 0.001 pixel and areas within 1e-4', () => {
  const a = { order: 3, coefficients: [0, 0, 8e-6, 0, 0, -5e-6, 0, 0, 9e-6, 0, 0, 0, -5e-10, 0, 0, 0] }
  const input = sipWcs({ crval: [150, 2], crpix: [1000, 1000], cd: [-scale, 0, 0, scale] }, a, a)
  const target = turned(0.4, 1, [700, 900])
  const plan = planMap(target.terms, input.terms, 2000, 2000)
  expect(plan.step).toBeGreaterThanOrEqual(8)
  const n = 2000
  const [x, y, p, q] = [1, 2, 3, 4].map(() => new Float64Array(n))
  const [area, exactArea] = [new Float32Array(n), new Float32Array(n)]
  let worst = 0
  for (const v of [-0.5, 3, 777.25, 1999.4]) {
    openMap(plan, v - 1, v + 1).row(v, 0, 1, n, x, y, area)
    openMap({ ...plan, step: 1 }, v, v).row(v, 0, 1, n, p, q, exactArea)
    for (let i = 0; i < n; i++) {
      worst = Math.max(worst, Math.hypot(x[i] - p[i], y[i] - q[i]))
      expect(Math.abs(area[i] / exactArea[i] - 1)).toBeLessThan(1e-4)
    }
  }
  expect(worst).toBeLessThan(1e-3)
})

it('the edge of a whole-sky map and its seam are as exact as the rest', () => {
  const sky = (code: string, crval: number) =>
    wcsOfCards([
      `CTYPE1  = 'RA---${code}'`,
      `CTYPE2  = 'DEC--${code}'`,
      `CRVAL1  = ${crval}`,
      'CRVAL2  = 0',
      'CRPIX1  = 180.5',
      'CRPIX2  = 90.5',
      'CDELT1  = -1',
      'CDELT2  = 1',
    ])
  const plan = planMap(sky('AIT', 0).terms, sky('CAR', 77).terms, 360, 180)
  const n = 360
  const [x, y, p, q] = [1, 2, 3, 4].map(() => new Float64Array(n))
  const area = new Float32Array(n)
  for (const v of [5, 60, 90, 150]) {
    openMap(plan, v, v).row(v, 0, 1, n, x, y, area)
    openMap({ ...plan, step: 1 }, v, v).row(v, 0, 1, n, p, q, area)
    for (let i = 0; i < n; i++) {
      expect(Number.isNaN(x[i])).toBe(Number.isNaN(p[i]))
      if (!Number.isNaN(p[i])) expect(Math.hypot(x[i] - p[i], y[i] - q[i])).toBeLessThan(2e-3)
    }
  }
})

it('kernel and plain twin agree to 1e-5 of the range; strips and rows give the same bytes', () => {
  const random = seeded(9)
  const data = Float32Array.from({ length: 120 * 100 }, () => 1000 * random())
  data[555] = NaN
  const plane = { width: 120, height: 100, data }
  const variance = { width: 120, height: 100, data: data.map((value) => value / 3) }
  const input = { plane, variance, wcs: turned(0, 1, [60, 50]) }
  for (const factor of [1, 2]) {
    const target = { wcs: turned(0.7, factor, [30, 40.2]), width: 90, height: 95 }
    const one = resample(input, target, {}, workshop)
    const twin = resample(input, target, {}, plain)
    let [missing, worst, worstVariance] = [0, 0, 0]
    one.plane.data.forEach((value, i) => {
      if (Number.isNaN(value) !== Number.isNaN(twin.plane.data[i])) missing++
      if (Number.isNaN(value)) return
      worst = Math.max(worst, Math.abs(value - twin.plane.data[i]))
      const [v, t] = [one.variance?.data[i] ?? 0, twin.variance?.data[i] ?? 1]
      worstVariance = Math.max(worstVariance, Math.abs(v / t - 1))
    })
    expect(missing).toBe(0)
    expect(worst).toBeLessThan(0.01 * factor ** 2)
    expect(worstVariance).toBeLessThan(1e-5)
    expect(one.mask.data).toEqual(twin.mask.data)
    const rows = resampledRows(input, target, {}, workshop)
    const out = {
      data: workshop.arena.float32(90 * 7),
      variance: workshop.arena.float32(90 * 7),
      mask: workshop.arena.uint8(90 * 7),
    }
    rows.rows(31, 38, out)
    expect(out.data).toEqual(one.plane.data.slice(31 * 90, 38 * 90))
    expect(out.mask).toEqual(one.mask.data.slice(31 * 90, 38 * 90))
  }
})
