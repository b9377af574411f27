import { describe, expect, it } from 'vitest'
import { seededRandom } from '#science/simulate/random.ts'
import { simulatedWcs } from '#science/simulate/field-sky.ts'
import { addMask, buildMask, countMask, dilate, legacyMaskBits, maskOfPlane } from './mask.ts'
import type { DrawnMask } from './mask-shapes.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Mask, Plane } from '#science/image/plane.ts'

const plane = (width: number, height: number, value = 100): Plane => ({
  width,
  height,
  data: new Float32Array(width * height).fill(value),
})

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
  it('say why a pixel is not used', () => {
    const frame = plane(6, 4)
    frame.data[0] = NaN
    frame.data[1] = Infinity
    frame.data[2] = -3e38
    frame.data[3] = 60_000
    const mask = buildMask(frame, {
      saturation: 60_000,
      fillBelow: -1e38,
      section: { x0: 0, y0: 0, x1: 6, y1: 3 },
    })
    expect(Array.from(mask.data.subarray(0, 5))).toEqual([1, 1, 1, 2, 0])
    expect(countMask(mask)).toEqual({
      pixels: 24,
      masked: 10,
      invalid: 3,
      saturated: 1,
      cosmic: 0,
      drawn: 0,
      outside: 6,
    })
  })

  it('are drawn as rectangles, circles and polygons, and turned over for usable areas', () => {
    const shapes = drawn(
      'masked',
      { kind: 'rectangle', x0: 1, y0: 1, x1: 2, y1: 3 },
      { kind: 'circle', x: 6, y: 2, radius: 1.2 },
    )
    expect(picture(buildMask(plane(9, 5), { drawn: shapes }))).toEqual([
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
    expect(picture(buildMask(plane(9, 5), { drawn: usable }))).toEqual([
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
    const mask = buildMask(plane(100, 80), { drawn: shapes, wcs })
    const [x, y] = wcs.skyToPixel(ra, dec)!
    for (let i = 0; i < mask.data.length; i++) {
      const distance = Math.hypot((i % 100) - x, Math.floor(i / 100) - y)
      if (distance < 19.5) expect(mask.data[i]).toBe(maskBits.drawn)
      if (distance > 20.5) expect(mask.data[i]).toBe(0)
    }
    const box = drawn('masked', { kind: 'sky-rectangle', ra, dec, width: 30, height: 10, angle: 45 })
    expect(Math.abs(countMask(buildMask(plane(100, 80), { drawn: box, wcs })).drawn - 300)).toBeLessThan(15)
    const away = drawn('masked', { kind: 'sky-circle', ra: 100, dec: -60, radius: 20 })
    expect(countMask(buildMask(plane(100, 80), { drawn: away, wcs })).masked).toBe(0)
  })

  it('are refused for shapes that are none, naming them', () => {
    const frame = plane(5, 5)
    const polygon = drawn('masked', {
      kind: 'polygon',
      points: [
        [1, 1],
        [2, 2],
      ],
    })
    expect(() => buildMask(frame, { drawn: polygon })).toThrow('Shape 1 (polygon) has 2 corners')
    const sky = drawn('masked', { kind: 'sky-circle', ra: 1, dec: 2, radius: 3 })
    expect(() => buildMask(frame, { drawn: sky })).toThrow('no WCS')
    const nan = drawn('masked', { kind: 'circle', x: NaN, y: 1, radius: 1 })
    expect(() => buildMask(frame, { drawn: nan })).toThrow('a number that is none')
    expect(() => buildMask(frame, { also: buildMask(plane(4, 5)) })).toThrow('4 × 5')
  })

  it('grow by discs, as looking at every pixel around says', () => {
    const random = seededRandom(8)
    for (const radius of [1, 1.5, 2, 3.7, 9]) {
      const mask = buildMask(plane(37, 23))
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

  it('follow charge that ran along columns, and only from saturated pixels', () => {
    const frame = plane(5, 8)
    for (const [i, value] of [
      [2, 900],
      [7, 990],
      [12, 1000],
      [17, 800],
      [22, 300],
      [27, 900],
      [4, 900],
    ] as const)
      frame.data[i] = value
    const mask = buildMask(frame, { saturation: 1000, bleed: 'columns' })
    expect(Array.from(mask.data.keys()).filter((i) => mask.data[i] !== 0)).toEqual([2, 7, 12, 17])
  })

  it('come from uploaded planes and survey bits', () => {
    const values = { width: 2, height: 2, data: [0, 1, NaN, -2] }
    expect(Array.from(maskOfPlane(values).data)).toEqual([0, 8, 8, 8])
    const bits = { width: 2, height: 2, data: [0x1, 0x20, 0x40, 0x400] }
    expect(Array.from(maskOfPlane(bits, { bits: legacyMaskBits('g'), bit: maskBits.invalid }).data)).toEqual([
      1, 1, 0, 1,
    ])
    const mask = buildMask(plane(2, 2))
    addMask(mask, maskOfPlane(values))
    expect(countMask(mask).drawn).toBe(3)
  })
})
