import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { createArena } from '#science/kernels/arena.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { dataFile } from '#test/data.ts'
import { planeOf } from '#test/planes.ts'
import { measureBackground, subtractBackground } from '#science/image/background/background.ts'
import { gaussianFilter, readFilter } from './filter.ts'
import { detectSources } from './detect.ts'
import { extract } from './extract.ts'
import { sourceFlags, type Plane } from '#science/image/plane.ts'
import { workshopOf } from '#science/image/workshop.ts'

const workshop = workshopOf(createArena())
const alone = { threshold: 1, filter: null, clean: null } as const

function planeWith(width: number, height: number, value: (x: number, y: number) => number): Plane {
  const data = new Float32Array(width * height)
  for (let i = 0; i < data.length; i++) data[i] = value(i % width, Math.floor(i / width))
  return { width, height, data }
}

const gaussian =
  (cx: number, cy: number, height: number, sx: number, sy = sx, theta = 0) =>
  (x: number, y: number): number => {
    const [c, s] = [Math.cos(theta), Math.sin(theta)]
    const u = (x - cx) * c + (y - cy) * s
    const v = (y - cy) * c - (x - cx) * s
    return height * Math.exp(-(u * u) / (2 * sx * sx) - (v * v) / (2 * sy * sy))
  }

const sep = dataFile('imaging', 'sep', 'image.fits')
it.skipIf(!sep)(
  'finds the 65 objects of the sep image: x, y to 1e-3 px, moments to 1e-4 px² (needs shared test data)',
  () => {
    const plane = planeOf(sep!)
    const background = measureBackground(plane, null, {}, workshop)
    subtractBackground(plane, background, plane, workshop)
    const options = { rms: background.globalRms, sky: background.globalLevel, contrast: 1 }
    const { detections } = detectSources(plane, null, options, workshop)
    const rows = readFileSync(dataFile('imaging', 'sep', 'image.cat')!, 'latin1')
      .split('\n')
      .filter((line) => line.trim() && !line.startsWith('#'))
      .map((line) => line.trim().split(/\s+/).map(Number))
    expect(detections.rows).toBe(65)
    expect(rows).toHaveLength(65)
    for (const [, x, y, , , x2, y2, xy] of rows) {
      const i = detections.x.findIndex((value, k) => Math.hypot(value + 1 - x, detections.y[k] + 1 - y) < 0.5)
      expect(Math.abs(detections.x[i] + 1 - x)).toBeLessThan(1e-3)
      expect(Math.abs(detections.y[i] + 1 - y)).toBeLessThan(1e-3)
      expect(Math.abs(detections.x2[i] - x2)).toBeLessThan(1e-4)
      expect(Math.abs(detections.y2[i] - y2)).toBeLessThan(1e-4)
      expect(Math.abs(detections.xy[i] - xy)).toBeLessThan(1e-4)
    }
  },
)

it('an object parted from a nebula is where its core is, to 0.2 px, and its moments are about that', () => {
  const parts = [gaussian(40, 50, 400, 1.6), gaussian(64, 50, 300, 1.6), gaussian(55, 58, 30, 14)]
  const plane = planeWith(110, 100, (x, y) => parts.reduce((sum, part) => sum + part(x, y), 0))
  const { detections } = detectSources(plane, null, { ...alone, rms: 2 }, workshop)
  const at = Array.from(detections.xPeak).indexOf(40)
  expect(Math.abs(detections.x[at] - 40)).toBeLessThan(0.2)
  expect(Math.abs(detections.y[at] - 50)).toBeLessThan(0.2)
  // Many times the star's own: its share of the nebula counts, about the place of the star.
  expect(detections.x2[at]).toBeGreaterThan(20)
})

it('a clipped star is flagged as saturated on a sky brighter than the rest of the frame', () => {
  const star = gaussian(200, 200, 9000, 2)
  const random = seededRandom(7)
  const plane = planeWith(256, 256, (x, y) =>
    Math.min(5000, 100 + 1500 * (x / 255) ** 2 + star(x, y) + 3 * random.normal()),
  )
  const { detections } = extract(plane, { saturation: 5000, measure: false }, workshop)
  const at = Array.from(detections.x).findIndex((x, i) => Math.hypot(x - 200, detections.y[i] - 200) < 2)
  expect(detections.flags[at] & sourceFlags.saturated).toBe(sourceFlags.saturated)
})

it('measures a Gaussian: centre to 1e-4 px, width and flux to 1 %, angle to 0.1°, FWHM to 3 %', () => {
  const plane = planeWith(80, 70, gaussian(40.3, 31.7, 1e5, 4, 2.5, 0.5))
  const { detections } = detectSources(plane, null, alone, workshop)
  expect(detections.rows).toBe(1)
  expect(Math.abs(detections.x[0] - 40.3)).toBeLessThan(1e-4)
  expect(Math.abs(detections.y[0] - 31.7)).toBeLessThan(1e-4)
  expect(Math.abs(detections.a[0] / 4 - 1)).toBeLessThan(0.01)
  expect(Math.abs(detections.b[0] / 2.5 - 1)).toBeLessThan(0.01)
  expect(Math.abs(detections.theta[0] - (0.5 * 180) / Math.PI)).toBeLessThan(0.1)
  expect(Math.abs(detections.fluxIso[0] / (2 * Math.PI * 1e5 * 10) - 1)).toBeLessThan(0.01)
  expect([detections.xPeak[0], detections.yPeak[0]]).toEqual([40, 32])
  expect(detections.flags[0]).toBe(sourceFlags.saturated)
  const round = planeWith(40, 40, gaussian(20, 20, 1000, 2))
  const found = detectSources(round, null, alone, workshop).detections
  expect(Math.abs(found.fwhm[0] / (2.3548 * 2) - 1)).toBeLessThan(0.03)
  expect(found.flags[0]).toBe(0)
})

it('takes two blended stars apart, and gives every pixel to one of them', () => {
  const [one, two] = [gaussian(30, 30, 1000, 2), gaussian(39, 33, 400, 2)]
  const plane = planeWith(64, 64, (x, y) => one(x, y) + two(x, y))
  const { detections, segmentation } = detectSources(plane, null, alone, workshop)
  expect(detections.rows).toBe(2)
  expect([...detections.flags]).toEqual([sourceFlags.deblended, sourceFlags.deblended])
  expect(Math.hypot(detections.x[0] - 30, detections.y[0] - 30)).toBeLessThan(0.2)
  expect(Math.hypot(detections.x[1] - 39, detections.y[1] - 33)).toBeLessThan(0.3)
  const above = plane.data.filter((value) => value > 1).length
  expect(segmentation.filter((label) => label > 0)).toHaveLength(above)
  expect(detections.area[0] + detections.area[1]).toBe(above)
  const joined = detectSources(plane, null, { ...alone, contrast: 1 }, workshop).detections
  expect(joined.rows).toBe(1)
  // The fainter holds a quarter of the light, less than a half of it above the saddle.
  expect(detectSources(plane, null, { ...alone, contrast: 0.4 }, workshop).detections.rows).toBe(1)
})

it('connects along diagonals, through U shapes, and not over the edges of rows', () => {
  const chain = planeWith(40, 40, (x, y) => (x === y ? 5 : 0))
  const found = detectSources(chain, null, alone, workshop).detections
  expect(found.rows).toBe(1)
  expect(found.area[0]).toBe(40)
  expect(found.theta[0]).toBeCloseTo(45, 6)
  const both = planeWith(9, 20, (x, y) => (y === 19 || x === 0 || x === 8 ? 5 : 0))
  expect(detectSources(both, null, alone, workshop).detections.rows).toBe(1)
  // The last pixel of a row and the first of the next are no neighbours.
  const edges = planeWith(20, 20, (x, y) => ((x === 19 && y < 8) || (x === 0 && y > 10) ? 5 : 0))
  const sides = detectSources(edges, null, alone, workshop).detections
  expect(sides.rows).toBe(2)
  expect([...sides.flags]).toEqual([sourceFlags.truncated, sourceFlags.truncated])
})

it('agrees with flood fill on random pixels', () => {
  const random = seededRandom(3)
  for (let round = 0; round < 20; round++) {
    const [width, height] = [20 + random.integer(30), 20 + random.integer(30)]
    const plane = planeWith(width, height, () => (random.uniform() < 0.35 ? 2 : 0))
    const { detections, segmentation } = detectSources(
      plane,
      null,
      { ...alone, minArea: 3, contrast: 1 },
      workshop,
    )
    const areas = floodFill(plane).filter((area) => area >= 3)
    expect([...detections.area].toSorted((a, b) => a - b)).toEqual(areas.toSorted((a, b) => a - b))
    for (let k = 0; k < detections.rows; k++) {
      expect(segmentation.filter((label) => label === k + 1)).toHaveLength(detections.area[k])
    }
  }
})

it('leaves masked pixels out and marks what touches them', () => {
  const plane = planeWith(60, 40, (x, y) => gaussian(20, 20, 100, 2)(x, y) + gaussian(40, 20, 100, 2)(x, y))
  plane.data[20 * 60 + 23] = NaN
  const mask = { width: 60, height: 40, data: new Uint8Array(2400) }
  mask.data[20 * 60 + 42] = 1
  const { detections, segmentation } = detectSources(plane, mask, alone, workshop)
  expect(detections.rows).toBe(2)
  expect([...detections.flags]).toEqual([0, sourceFlags.maskedInFootprint])
  expect(segmentation[20 * 60 + 42]).toBe(0)
  expect(segmentation[20 * 60 + 23]).toBe(0)
})

it('weighs pixels by their noise where it is given: a faint star in the quiet half is found, noise in the other is not', () => {
  const random = seededRandom(11)
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform())
  const noise = planeWith(128, 64, (x) => (x < 64 ? 1 : 20))
  const star = gaussian(32, 32, 8, 1.5)
  const plane = planeWith(128, 64, (x, y) => star(x, y) + normal() * (x < 64 ? 1 : 20))
  const options = { noise, threshold: 5, filter: gaussianFilter(1.5), minArea: 3 }
  const { detections } = detectSources(plane, null, options, workshop)
  expect(detections.rows).toBe(1)
  expect(Math.hypot(detections.x[0] - 32, detections.y[0] - 32)).toBeLessThan(0.5)
})

it('gives the same whether alone, in WebAssembly or by three hands', async () => {
  const random = seededRandom(8)
  const stars = Array.from({ length: 150 }, () =>
    gaussian(300 * random.uniform(), 200 * random.uniform(), 10 ** (1 + 2 * random.uniform()), 1.6),
  )
  const plane = planeWith(
    300,
    200,
    (x, y) =>
      100 + 3 * (random.uniform() + random.uniform() - 1) + stars.reduce((sum, star) => sum + star(x, y), 0),
  )
  const crew = createWorkshop({ hands: 3 })
  const results = [workshop, crew, createWorkshop({ hands: 1 })].map((shop) =>
    shop.arena.during(() => {
      const data = shop.arena.float32(plane.data.length) as Float32Array
      data.set(plane.data)
      return extract({ ...plane, data }, { gain: 1, background: { mesh: 50 } }, shop)
    }),
  )
  await crew.close()
  const [first, second, third] = results
  expect(first.detections.rows).toBeGreaterThan(100)
  expect(third.detections).toEqual(second.detections)
  expect(third.measures).toEqual(second.measures)
  expect(second.detections.rows).toBe(first.detections.rows)
  second.detections.x.forEach((x, i) => expect(Math.abs(x - first.detections.x[i])).toBeLessThan(1e-4))
})

describe('refuses nothing and invents nothing', () => {
  const noisy = (seed: number): (() => number) => {
    const random = seededRandom(seed)
    return () => 100 + 3 * (random.uniform() + random.uniform() + random.uniform() - 1.5)
  }
  const grain = noisy(1)
  const cases: [string, Plane, number, string | null][] = [
    ['all NaN', planeWith(60, 50, () => NaN), 0, 'Most pixels of the frame are masked or have no value.'],
    ['constant', planeWith(60, 50, () => 7), 0, 'All pixels of the frame have the same value.'],
    ['saturated', planeWith(60, 50, () => 65535), 0, 'All pixels of the frame have the same value.'],
    ['1 × 1', planeWith(1, 1, () => 5), 0, 'All pixels of the frame have the same value.'],
    ['8 × 8', planeWith(8, 8, (x, y) => grain() + (Math.hypot(x - 4, y - 4) < 2 ? 60 : 0)), 1, null],
    ['1 × 300', planeWith(1, 300, (_, y) => grain() + (y > 90 && y < 100 ? 90 : 0)), 1, null],
    ['300 × 1', planeWith(300, 1, (x) => grain() + (x > 90 && x < 100 ? 90 : 0)), 1, null],
    ['±Inf', planeWith(90, 80, (x, y) => (x % 7 ? grain() : y % 2 ? Infinity : -Infinity)), 0, null],
    [
      'beyond float32 squared',
      planeWith(90, 80, (x, y) => grain() + (x === 40 && y === 40 ? 3e38 : 0)),
      1,
      null,
    ],
  ]
  for (const [name, plane, least, reason] of cases) {
    it(name, () => {
      const { detections, measures, empty } = extract(plane, { gain: 1 }, workshop)
      expect(detections.rows).toBeGreaterThanOrEqual(least)
      if (least === 0) expect(detections.rows).toBe(0)
      if (reason) expect(empty).toBe(reason)
      expect(empty === null).toBe(detections.rows > 0)
      for (let i = 0; i < detections.rows; i++) {
        for (const value of [detections.x[i], detections.y[i], detections.a[i], detections.b[i]]) {
          expect(Number.isFinite(value)).toBe(true)
        }
        expect(Number.isNaN(measures!.fluxAuto[i])).toBe(false)
      }
    })
  }

  it('a frame that is one single object', () => {
    const plane = planeWith(256, 256, gaussian(128, 128, 1e4, 60))
    const { detections } = detectSources(plane, null, alone, workshop)
    expect(detections.rows).toBe(1)
    expect(detections.flags[0] & sourceFlags.truncated).toBe(sourceFlags.truncated)
  })

  it('tens of thousands of blended peaks in one component', () => {
    const random = seededRandom(4)
    const plane = planeWith(
      512,
      512,
      (x, y) => 20 + 17 * Math.sin(1.1 * x) * Math.sin(1.1 * y) + random.uniform(),
    )
    const { detections, segmentation } = detectSources(plane, null, { ...alone, contrast: 0 }, workshop)
    expect(detections.rows).toBeGreaterThan(5000)
    expect(segmentation.filter((label) => label > 0).length).toBeGreaterThan(0.9 * 512 * 512)
  })

  it('says what does not fit', () => {
    const plane = planeWith(9, 9, () => 1)
    const mask = { width: 8, height: 9, data: new Uint8Array(72) }
    expect(() => extract(plane, { mask }, workshop)).toThrow('The mask is 8 × 9, the plane 9 × 9 pixels')
    expect(() => extract(plane, { threshold: -1 }, workshop)).toThrow('threshold is -1')
    expect(() => extract(plane, { background: { mesh: 0 } }, workshop)).toThrow('mesh is 0')
    expect(() => readFilter('1 2 1')).toThrow('Line 1')
    expect(() => readFilter('CONV NORM\n1 2\n1 2')).toThrow('both sizes must be odd')
  })
})

it('reads filters as SExtractor writes them', () => {
  const text = 'CONV NORM\n# 3x3 pyramid\n1 2 1\n2 4 2 # middle\n1 2 1\n'
  expect([...readFilter(text).weights].map((weight) => weight * 16)).toEqual([1, 2, 1, 2, 4, 2, 1, 2, 1])
  expect([...readFilter(text.replace('NORM', 'NONORM')).weights]).toEqual([1, 2, 1, 2, 4, 2, 1, 2, 1])
})

function floodFill({ width, height, data }: Plane): number[] {
  const seen = new Uint8Array(data.length)
  const areas: number[] = []
  for (let start = 0; start < data.length; start++) {
    if (seen[start] || !(data[start] > 1)) continue
    const queue = [start]
    seen[start] = 1
    for (let k = 0; k < queue.length; k++) {
      const [x, y] = [queue[k] % width, Math.floor(queue[k] / width)]
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const at = v * width + u
          if (seen[at] || !(data[at] > 1)) continue
          seen[at] = 1
          queue.push(at)
        }
      }
    }
    areas.push(queue.length)
  }
  return areas
}
