import { describe, expect, it } from 'vitest'
import { createArena } from '#science/kernels/arena.ts'
import { seededRandom } from '#science/simulate/random.ts'
import { measureBackground } from '#science/image/background/background.ts'
import { cropMask, cropPlane } from './crop.ts'
import { removeBackground } from '#science/image/background/flatten.ts'
import { fringeModel, removeFringes } from './fringes.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { lowerMedianOf } from '#science/image/median.ts'
import { smoothed } from '#science/image/smooth.ts'
import { removeStripes } from './stripes.ts'
import { workshopOf } from '#science/image/workshop.ts'

function frame(
  width: number,
  height: number,
  value: (x: number, y: number) => number,
  noise = 0,
  seed = 1,
): Plane {
  const random = seededRandom(seed)
  const data = Float32Array.from(
    { length: width * height },
    (_, i) => value(i % width, Math.floor(i / width)) + noise * random.normal(),
  )
  return { width, height, data }
}

const sigma = ({ data }: Plane): number => {
  const mean = data.reduce((a, b) => a + b, 0) / data.length
  return Math.sqrt(data.reduce((sum, each) => sum + (each - mean) ** 2, 0) / data.length)
}

describe('stripes', () => {
  it('of columns and rows go, to 1 % of the noise, and what was added is told', () => {
    const stripes = frame(200, 150, (x, y) => 500 + 30 * Math.sin(x * 7) + 20 * Math.cos(y * 5), 5)
    const { columns, rows } = removeStripes(stripes, { direction: 'both' })
    expect(sigma(stripes)).toBeLessThan(5.1)
    expect(columns).toHaveLength(200)
    expect(rows).toHaveLength(150)
    const one = frame(50, 40, (x) => x)
    expect(removeStripes(one, { direction: 'vertical' }).rows).toBeNull()
    expect(new Set(one.data).size).toBe(1)
  })

  it('stay beside a gradient, and masked and missing pixels do not count', () => {
    const slope = frame(300, 100, (x) => x + (x % 50 === 7 ? 40 : 0))
    removeStripes(slope, { direction: 'vertical', trend: 21 })
    expect(Math.abs(slope.data[200] - slope.data[100] - 100)).toBeLessThan(2)
    expect(Math.abs(slope.data[57] - slope.data[56])).toBeLessThan(4)
    const holes = frame(20, 20, () => 10)
    const mask: Mask = { width: 20, height: 20, data: new Uint8Array(400) }
    for (let y = 0; y < 20; y++) {
      holes.data[y * 20 + 3] = NaN
      holes.data[y * 20 + 5] = 1e6
      mask.data[y * 20 + 5] = 1
    }
    const { columns } = removeStripes(holes, { direction: 'vertical', mask })
    expect(columns!.every((each) => each === 0)).toBe(true)
    expect(() =>
      removeStripes(
        frame(3, 3, () => NaN),
        { direction: 'both' },
      ),
    ).toThrow('No pixel')
  })
})

describe('fringes', () => {
  const pattern = (x: number, y: number) => 0.02 * Math.sin(x / 6 + 2 * Math.sin(y / 25))
  const made = (amplitude: number, sky: number, seed: number) => {
    const plane = frame(256, 256, (x, y) => sky * (1 + amplitude * pattern(x, y)), 5, seed)
    return { plane, background: measureBackground(plane, null, { mesh: 64 }, workshopOf(createArena())) }
  }

  it('are learned from five frames and taken from a sixth: amplitude within 3 %, a tenth of the pattern left', () => {
    const model = fringeModel([1, 2, 3, 4, 5].map((seed) => made(1, 1000 + 50 * seed, seed)))
    const sixth = made(1.5, 2000, 9)
    const { amplitude, error } = removeFringes(sixth, model)
    expect(Math.abs(amplitude / 1.5 - 1)).toBeLessThan(0.03)
    expect(error).toBeLessThan(0.01)
    let left = 0
    let norm = 0
    for (let i = 0; i < sixth.plane.data.length; i++) {
      const each = pattern(i % 256, Math.floor(i / 256))
      left += each * (sixth.plane.data[i] - 2000)
      norm += each * each
    }
    expect(Math.abs(left / norm / (1.5 * 2000))).toBeLessThan(0.1)
  })

  it('of a frame that has none are left alone; a frame without sky is refused', () => {
    const model = fringeModel([1, 2, 3].map((seed) => made(1, 1000, seed)))
    const calm = made(0, 1000, 7)
    const { amplitude, error } = removeFringes(calm, model)
    expect(Math.abs(amplitude)).toBeLessThan(4 * error)
    const dark = made(0, 0, 3)
    expect(() => fringeModel([{ ...dark, background: { ...dark.background, globalLevel: -1 } }])).toThrow(
      'their sky',
    )
    expect(() =>
      removeFringes(
        calm,
        frame(5, 5, () => 0),
      ),
    ).toThrow('5 × 5')
  })
})

describe('crops', () => {
  it('are copies of the pixels between the first corner and the last, of planes and masks', () => {
    const arena = createArena()
    const numbered = frame(10, 6, (x, y) => 100 * y + x)
    const box = { x0: 2, y0: 1, x1: 7, y1: 5 }
    const plane = cropPlane(numbered, box, arena)
    expect([plane.width, plane.height]).toEqual([5, 4])
    expect([plane.data[0], plane.data.at(-1)]).toEqual([102, 406])
    plane.data.fill(0)
    expect(numbered.data[12]).toBe(102)
    const mask = { width: 10, height: 6, data: Uint8Array.from({ length: 60 }, (_, i) => i) }
    expect([...cropMask(mask, { x0: 8, y0: 0, x1: 10, y1: 2 }, arena).data]).toEqual([8, 9, 18, 19])
  })
})

describe('backgrounds and smoothing', () => {
  it('takes a sloping level away from under stars, or divides by it, within 1 %', () => {
    const stars = frame(
      256,
      256,
      (x, y) => 1000 + x + 2000 * Math.exp(-(((x % 64) - 32) ** 2 + ((y % 64) - 32) ** 2) / 8),
      5,
    )
    const base = frame(256, 256, (x) => 1000 + x)
    const copy = { ...stars, data: stars.data.slice() }
    expect(removeBackground(copy, base, 'subtract').lost).toBe(0)
    expect(Math.abs(lowerMedianOf(Float64Array.from(copy.data), copy.data.length))).toBeLessThan(5)
    const { level } = removeBackground(stars, base, 'divide')
    expect(
      Math.abs(lowerMedianOf(Float64Array.from(stars.data), stars.data.length) / level - 1),
    ).toBeLessThan(0.01)
  })

  it('cannot divide by nothing', () => {
    const one = frame(4, 4, () => 5)
    expect(() =>
      removeBackground(
        one,
        frame(4, 4, () => 0),
        'divide',
      ),
    ).toThrow('subtract it instead')
    expect(
      removeBackground(
        one,
        frame(4, 4, (x) => (x === 0 ? -1 : 2)),
        'divide',
      ).lost,
    ).toBe(4)
    expect(() =>
      removeBackground(
        one,
        frame(3, 4, () => 1),
        'subtract',
      ),
    ).toThrow('3 × 4')
  })

  it('smooths with gaps left out', () => {
    const flat = frame(40, 30, () => 7)
    for (let i = 100; i < 130; i++) flat.data[i] = NaN
    expect(smoothed(flat, 3).data.every((each) => Math.abs(each - 7) < 1e-4)).toBe(true)
    expect(
      smoothed(
        frame(5, 5, () => NaN),
        2,
      ).data.every((each) => Number.isNaN(each)),
    ).toBe(true)
  })
})
