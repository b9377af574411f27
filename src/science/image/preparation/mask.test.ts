import { describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { simulatedWcs } from '#science/simulate/field-sky.ts'
import { addMask, countMask, dilate } from './mask.ts'
import { drawShapes, type DrawnMask, type SkyToPixel } from './mask-shapes.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Mask } from '#science/image/plane.ts'

const empty = (width: number, height: number): Mask => ({
  width,
  height,
  data: new Uint8Array(width * height),
})

function maskOf(width: number, height: number, shapes: DrawnMask, wcs?: SkyToPixel): Mask {
  const mask = empty(width, height)
  drawShapes(mask, shapes, wcs)
  return mask
}

/** Rows from the top, as seen. */
const picture = ({ width, height, data }: Mask, bit = 0xff): string[] =>
  Array.from({ length: height }, (_, k) =>
    Array.from(data.subarray((height - 1 - k) * width, (height - k) * width), (each) =>
      (each & bit) !== 0 ? '#' : '.',
    ).join(''),
  )

const drawn = (mode: DrawnMask['mode'], ...shapes: DrawnMask['shapes'][number][]): DrawnMask => ({
  mode,
  shapes,
})

describe('masks', () => {
  it('say why a pixel is not used, and how many there are', () => {
    const mask = empty(6, 4)
    mask.data.set([maskBits.invalid, maskBits.invalid | maskBits.saturated, maskBits.cosmic])
    const other = empty(6, 4)
    other.data.fill(maskBits.outside, 1, 7)
    addMask(mask, other)
    expect(countMask(mask)).toEqual({
      pixels: 24,
      masked: 7,
      invalid: 2,
      saturated: 1,
      cosmic: 1,
      drawn: 0,
      outside: 6,
    })
    expect(() => addMask(mask, empty(4, 5))).toThrow('4 × 5')
  })

  it('are drawn as rectangles, circles and polygons, and turned over for usable areas', () => {
    const shapes = drawn(
      'masked',
      { kind: 'rectangle', x0: 1, y0: 1, x1: 2, y1: 3 },
      { kind: 'circle', x: 6, y: 2, radius: 1.2 },
    )
    expect(picture(maskOf(9, 5, shapes))).toEqual([
      '.........',
      '.##...#..',
      '.##..###.',
      '.##...#..',
      '.........',
    ])
    const usable = drawn('usable', {
      kind: 'polygon',
      points: [
        [1, 0],
        [7, 0],
        [4, 3],
      ],
    })
    expect(picture(maskOf(9, 5, usable))).toEqual([
      '#########',
      '####.####',
      '###...###',
      '##.....##',
      '#.......#',
    ])
  })

  it('are drawn on the sky: what is marked lies within the circle, to half a pixel', () => {
    const sky = simulatedWcs({ ra: 359.999, dec: 70, scale: 1, rotationDeg: 30, mirrored: false }, 50, 40)
    const wcs = { skyToPixel: (lon: number, lat: number) => sky.toPixel(lon, lat) }
    const [ra, dec] = [359.999, 70.002]
    const shapes = drawn('masked', { kind: 'sky-circle', ra, dec, radius: 20 })
    const mask = maskOf(100, 80, shapes, wcs)
    const [x, y] = wcs.skyToPixel(ra, dec)!
    for (let i = 0; i < mask.data.length; i++) {
      const distance = Math.hypot((i % 100) - x, Math.floor(i / 100) - y)
      if (distance < 19.5) expect(mask.data[i]).toBe(maskBits.drawn)
      if (distance > 20.5) expect(mask.data[i]).toBe(0)
    }
    const box = drawn('masked', { kind: 'sky-rectangle', ra, dec, width: 30, height: 10, angle: 45 })
    expect(Math.abs(countMask(maskOf(100, 80, box, wcs)).drawn - 300)).toBeLessThan(15)
    const away = drawn('masked', { kind: 'sky-circle', ra: 100, dec: -60, radius: 20 })
    expect(countMask(maskOf(100, 80, away, wcs)).masked).toBe(0)
  })

  it('are refused for shapes that are none, naming them', () => {
    const polygon = drawn('masked', {
      kind: 'polygon',
      points: [
        [1, 1],
        [2, 2],
      ],
    })
    expect(() => maskOf(5, 5, polygon)).toThrow('Shape 1 (polygon) has 2 corners')
    const sky = drawn('masked', { kind: 'sky-circle', ra: 1, dec: 2, radius: 3 })
    expect(() => maskOf(5, 5, sky)).toThrow('no WCS')
    const nan = drawn('masked', { kind: 'circle', x: NaN, y: 1, radius: 1 })
    expect(() => maskOf(5, 5, nan)).toThrow('a number that is none')
  })

  it('grow by discs, as looking at every pixel around says', () => {
    const random = seededRandom(8)
    for (const radius of [1, 1.5, 2, 3.7, 9]) {
      const mask = empty(37, 23)
      for (let k = 0; k < 12; k++) mask.data[random.integer(mask.data.length)] = maskBits.saturated
      const before = mask.data.slice()
      dilate(mask, radius, maskBits.saturated)
      const wrong: number[] = []
      for (let i = 0; i < before.length; i++) {
        const near = Array.from(before.keys()).some(
          (j) =>
            before[j] !== 0 &&
            ((i % 37) - (j % 37)) ** 2 + (Math.floor(i / 37) - Math.floor(j / 37)) ** 2 <= radius ** 2,
        )
        if ((mask.data[i] !== 0) !== near) wrong.push(i)
      }
      expect(wrong).toEqual([])
    }
  })
})
