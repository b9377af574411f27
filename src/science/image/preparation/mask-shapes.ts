/** Shapes that a person draws on a frame, in pixels or on the sky, turned into masked pixels. */
import { Problem } from '#problem.ts'
import { directionOf, radiansPerDegree, unitVector } from '#science/sky/vectors.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Mask } from '#science/image/plane.ts'

type Point = readonly [number, number]

/** Pixels are 0-based, a pixel's centre at whole numbers. Sky is ICRS degrees; sizes there are arcsec. */
export type Shape =
  | {
      readonly kind: 'rectangle'
      readonly x0: number
      readonly y0: number
      readonly x1: number
      readonly y1: number
    }
  | { readonly kind: 'circle'; readonly x: number; readonly y: number; readonly radius: number }
  | { readonly kind: 'polygon'; readonly points: readonly Point[] }
  | {
      readonly kind: 'sky-rectangle'
      readonly ra: number
      readonly dec: number
      readonly width: number
      readonly height: number
      /** Of the height, degrees from north through east. */
      readonly angle?: number
    }
  | { readonly kind: 'sky-circle'; readonly ra: number; readonly dec: number; readonly radius: number }
  | { readonly kind: 'sky-polygon'; readonly points: readonly Point[] }

export interface DrawnMask {
  /** `masked`: what the shapes cover is not used; `usable`: only what they cover is. */
  readonly mode: 'masked' | 'usable'
  readonly shapes: readonly Shape[]
}

/** What of a WCS is needed. */
export interface SkyToPixel {
  skyToPixel(ra: number, dec: number): readonly [number, number] | null
}

const circleSides = 128

/** Marks pixels whose centres the shapes cover (or leave free) as `drawn`, in place. Throws `mask.invalid`. */
export function drawShapes(mask: Mask, { mode, shapes }: DrawnMask, wcs?: SkyToPixel): void {
  const { width, height, data } = mask
  const covered = mode === 'masked' ? data : new Uint8Array(data.length)
  for (const [index, shape] of shapes.entries()) cover(covered, width, height, outlineOf(shape, index, wcs))
  if (mode === 'masked') return
  for (let i = 0; i < data.length; i++) if (covered[i] === 0) data[i] |= maskBits.drawn
}

/** A shape as a polygon in pixels; null where no part of it can be on the frame's projection. */
export function outlineOf(shape: Shape, index: number, wcs?: SkyToPixel): Point[] | null {
  const name = `Shape ${index + 1} (${shape.kind})`
  const check = (...values: number[]) => {
    if (!values.every((each) => Number.isFinite(each)))
      throw new Problem('mask.invalid', `${name} has a number that is none; give it whole.`, { shape: index })
  }
  const circle = (at: (angle: number) => Point | null) =>
    Array.from({ length: circleSides }, (_, k) => at((2 * Math.PI * k) / circleSides))
  const onSky = (points: (Point | null)[]): Point[] | null => {
    if (!wcs)
      throw new Problem(
        'mask.invalid',
        `${name} is on the sky, but the frame has no WCS; solve it or draw in pixels.`,
        {
          shape: index,
        },
      )
    const pixels = points.map((each) => each && wcs.skyToPixel(each[0], each[1]))
    return pixels.every((each) => each !== null && Number.isFinite(each[0] + each[1]))
      ? (pixels as Point[])
      : null
  }
  switch (shape.kind) {
    case 'rectangle': {
      const { x0, y0, x1, y1 } = shape
      check(x0, y0, x1, y1)
      return [
        [x0, y0],
        [x1, y0],
        [x1, y1],
        [x0, y1],
      ]
    }
    case 'circle': {
      const { x, y, radius } = shape
      check(x, y, radius)
      return circle((angle) => [x + radius * Math.cos(angle), y + radius * Math.sin(angle)]) as Point[]
    }
    case 'polygon':
    case 'sky-polygon': {
      const { points } = shape
      check(...points.flat())
      if (points.length < 3)
        throw new Problem('mask.invalid', `${name} has ${points.length} corners; a polygon needs three.`, {
          shape: index,
        })
      return shape.kind === 'polygon' ? [...points] : onSky([...points])
    }
    case 'sky-circle': {
      const { ra, dec, radius } = shape
      check(ra, dec, radius)
      return onSky(circle((angle) => offsetFrom(ra, dec, radius * Math.sin(angle), radius * Math.cos(angle))))
    }
    case 'sky-rectangle': {
      const { ra, dec, width, height, angle = 0 } = shape
      check(ra, dec, width, height, angle)
      const sin = Math.sin(angle * radiansPerDegree)
      const cos = Math.cos(angle * radiansPerDegree)
      const corner = (u: number, v: number): Point =>
        offsetFrom(
          ra,
          dec,
          (u * width * cos + v * height * sin) / 2,
          (-u * width * sin + v * height * cos) / 2,
        )
      return onSky([corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)])
    }
  }
}

/** The direction that lies `east` and `north` arcsec from another, along the great circle towards there. */
function offsetFrom(ra: number, dec: number, east: number, north: number): Point {
  const distance = (Math.hypot(east, north) / 3600) * radiansPerDegree
  if (distance === 0) return [ra, dec]
  const centre = unitVector(ra, dec)
  const sinRa = Math.sin(ra * radiansPerDegree)
  const cosRa = Math.cos(ra * radiansPerDegree)
  const sinDec = Math.sin(dec * radiansPerDegree)
  const cosDec = Math.cos(dec * radiansPerDegree)
  const e = east / Math.hypot(east, north)
  const n = north / Math.hypot(east, north)
  const towards = [-e * sinRa - n * sinDec * cosRa, e * cosRa - n * sinDec * sinRa, n * cosDec]
  const c = Math.cos(distance)
  const s = Math.sin(distance)
  return directionOf([
    c * centre[0] + s * towards[0],
    c * centre[1] + s * towards[1],
    c * centre[2] + s * towards[2],
  ])
}

/** Marks pixels whose centres are inside a polygon (even–odd rule; a centre on its edge is inside to the left and below). */
function cover(out: Uint8Array, width: number, height: number, polygon: Point[] | null): void {
  if (!polygon) return
  let low = Infinity
  let high = -Infinity
  for (const [, y] of polygon) {
    low = Math.min(low, y)
    high = Math.max(high, y)
  }
  const first = Math.max(0, Math.ceil(low))
  const last = Math.min(height - 1, Math.floor(high))
  for (let y = first; y <= last; y++) {
    const crossings: number[] = []
    for (let k = 0; k < polygon.length; k++) {
      const [ax, ay] = polygon[k]
      const [bx, by] = polygon[(k + 1) % polygon.length]
      // The upper end counts only at the very top, so that an edge between two rows of corners is met once.
      const between = y === high ? Math.max(ay, by) >= y && Math.min(ay, by) < y : ay <= y !== by <= y
      if (between) crossings.push(ax + ((y - ay) / (by - ay)) * (bx - ax))
    }
    crossings.sort((a, b) => a - b)
    for (let k = 0; k + 1 < crossings.length; k += 2) {
      const from = Math.max(0, Math.ceil(crossings[k]))
      const to = Math.min(width - 1, Math.floor(crossings[k + 1]))
      for (let x = from; x <= to; x++) out[y * width + x] |= maskBits.drawn
    }
  }
}
