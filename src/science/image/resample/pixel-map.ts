/**
 * From the pixels of one image to those of another over the sky: exactly by one projective matrix between two undistorted
 * gnomonic images, else by a grid of exact nodes with a measured error.
 */
import { tangentMatrices } from '#science/fits/wcs/tangent.ts'
import type { WcsTerms } from '#science/fits/wcs/terms.ts'
import { wcsOf } from '#science/fits/wcs/wcs.ts'
import type { VectorArrays } from '#science/fits/wcs/wcs.ts'
import type { Matrix } from '#science/sky/vectors.ts'
import { multiply } from '#science/sky/vectors.ts'

/** Plain data that threads can be handed; `openMap` makes it work. */
export interface PixelMapPlan {
  readonly target: WcsTerms | null
  readonly input: WcsTerms | null
  /** Pixels across the target. */
  readonly width: number
  /** (x, y, 1) of the target → (x w, y w, w) of the input; where it is null both terms are there. */
  readonly matrix: Matrix | null
  /** Pixels between nodes; 1 is every pixel by itself. */
  readonly step: number
  /** Cells whose middle or edges the grid misses by more than this, in input pixels, are computed pixel by pixel. */
  readonly tolerance: number
}

export interface PixelMap {
  /**
   * Input positions (0-based) and area of a target pixel in input pixels, of the target's points (start + i · stride, v). NaN
   * where one of both has no sky; areas are left out where `area` is null. Rows v from `first` to `last` of `openMap`.
   */
  row(
    v: number,
    start: number,
    stride: number,
    count: number,
    x: Float64Array,
    y: Float64Array,
    area: Float32Array | null,
  ): void
}

const steps = [64, 32, 16, 8, 4]

/** Plans the map of target pixels to input pixels to `tolerance` input pixels. */
export function planMap(
  target: WcsTerms,
  input: WcsTerms,
  width: number,
  height: number,
  tolerance = 1e-3,
): PixelMapPlan {
  const plan = { target, input, width, tolerance }
  const [from, to] = [tangentMatrices(target), tangentMatrices(input)]
  if (from && to) return { ...plan, matrix: multiply(to.toPixel, from.toSky), step: 1 }
  const exact = exactMap(target, input)
  for (const step of steps) {
    if (sampledMiss(exact, width, height, step) < tolerance / 2) return { ...plan, matrix: null, step }
  }
  return { ...plan, matrix: null, step: 1 }
}

/** The map by a given matrix, without any WCS: of frames aligned by their stars. */
export function matrixMap(matrix: Matrix, width: number): PixelMapPlan {
  return { target: null, input: null, width, matrix, step: 1, tolerance: 0 }
}

type Exact = (u: Float64Array, v: Float64Array, x: Float64Array, y: Float64Array, n: number) => void

function exactMap(target: WcsTerms, input: WcsTerms): Exact {
  const [from, to] = [wcsOf(target), wcsOf(input)]
  let vectors: VectorArrays = { a: new Float64Array(0), b: new Float64Array(0), c: new Float64Array(0) }
  return (u, v, x, y, n) => {
    if (vectors.a.length < n)
      vectors = { a: new Float64Array(n), b: new Float64Array(n), c: new Float64Array(n) }
    from.pixelsToVectors(u, v, vectors, n)
    to.vectorsToPixels(vectors, x, y, n)
  }
}

/** Places within a cell, in cells: four nodes, then middle and middles of two edges. */
const places = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
  [0.5, 0.5],
  [0.5, 0],
  [0, 0.5],
] as const

/** The largest miss of straight interpolation in cells strewn over the image; cells at an edge of the sky do not count. */
function sampledMiss(exact: Exact, width: number, height: number, step: number): number {
  const across = Math.min(12, Math.ceil(width / step))
  const up = Math.min(12, Math.ceil(height / step))
  const n = places.length
  const u = new Float64Array(across * up * n)
  const v = new Float64Array(u.length)
  for (let k = 0; k < across * up; k++) {
    const left = Math.floor(((k % across) * (width - 1)) / Math.max(1, across - 1) / step) * step
    const low = Math.floor((Math.floor(k / across) * (height - 1)) / Math.max(1, up - 1) / step) * step
    places.forEach(([s, t], i) => {
      u[k * n + i] = left + s * step
      v[k * n + i] = low + t * step
    })
  }
  const x = new Float64Array(u.length)
  const y = new Float64Array(u.length)
  exact(u, v, x, y, u.length)
  let worst = 0
  for (let k = 0; k < u.length; k += n) {
    const miss = Math.max(missOf(x, k), missOf(y, k))
    // A seam of the projection is no reason for a finer grid everywhere.
    if (miss < step) worst = Math.max(worst, miss)
  }
  return worst
}

function missOf(p: Float64Array, k: number): number {
  return Math.max(
    Math.abs(p[k + 4] - (p[k] + p[k + 1] + p[k + 2] + p[k + 3]) / 4),
    Math.abs(p[k + 5] - (p[k] + p[k + 1]) / 2),
    Math.abs(p[k + 6] - (p[k] + p[k + 2]) / 2),
  )
}

/** The map of rows from `first` to `last` of the target; what it gives for a row does not depend on them. */
export function openMap(plan: PixelMapPlan, first: number, last: number): PixelMap {
  const { matrix, target, input } = plan
  if (matrix) return projective(matrix)
  if (!target || !input) throw new Error('a plan has a matrix or both terms')
  const exact = exactMap(target, input)
  return plan.step === 1 ? pixelByPixel(exact) : gridded(plan, exact, first, last)
}

function projective([a, b, c, d, e, f, g, h, k]: Matrix): PixelMap {
  const determinant = Math.abs(a * (e * k - f * h) - b * (d * k - f * g) + c * (d * h - e * g))
  return {
    row(v, start, stride, count, x, y, area) {
      const [xv, yv, wv] = [b * v + c, e * v + f, h * v + k]
      for (let i = 0; i < count; i++) {
        const u = start + i * stride
        const w = g * u + wv
        const inverse = w > 0 ? 1 / w : NaN
        x[i] = (a * u + xv) * inverse
        y[i] = (d * u + yv) * inverse
        if (area) area[i] = determinant * inverse * inverse * inverse
      }
    },
  }
}

function pixelByPixel(exact: Exact): PixelMap {
  let u = new Float64Array(0)
  let v = u
  let p = u
  let q = u
  return {
    row(at, start, stride, count, x, y, area) {
      if (u.length < 5 * count) [u, v, p, q] = [1, 2, 3, 4].map(() => new Float64Array(5 * count))
      for (let i = 0; i < count; i++) {
        const along = start + i * stride
        u.set([along, along + 0.5, along - 0.5, along, along], 5 * i)
        v.set([at, at, at, at + 0.5, at - 0.5], 5 * i)
      }
      exact(u, v, p, q, 5 * count)
      for (let i = 0; i < count; i++) {
        const k = 5 * i
        x[i] = p[k]
        y[i] = q[k]
        const turned = (p[k + 1] - p[k + 2]) * (q[k + 3] - q[k + 4])
        if (area) area[i] = Math.abs(turned - (p[k + 3] - p[k + 4]) * (q[k + 1] - q[k + 2]))
      }
    },
  }
}

function gridded(
  { width, step, tolerance }: PixelMapPlan,
  exact: Exact,
  first: number,
  last: number,
): PixelMap {
  const slow = pixelByPixel(exact)
  // Node (i, j) lies at ((i − 2) step, (j + bottom) step): two more on each side for the slopes.
  const bottom = Math.floor((first - 1) / step) - 1
  const columns = Math.ceil((width + 1) / step) + 5
  const rows = Math.ceil((last + 1) / step) + 2 - bottom + 1
  const count = columns * rows
  const nodes = gridOf(exact, columns, rows, bottom, step, 0, 0)
  const middles = gridOf(exact, columns, rows, bottom, step, 0.5, 0.5)
  const acrossEdges = gridOf(exact, columns, rows, bottom, step, 0.5, 0)
  const upEdges = gridOf(exact, columns, rows, bottom, step, 0, 0.5)
  const areas = new Float64Array(count)
  const straight = new Uint8Array(count)
  for (let j = 1; j < rows - 1; j++)
    for (let i = 1; i < columns - 1; i++) {
      const k = j * columns + i
      const { x, y } = nodes
      const [xu, yu] = [x[k + 1] - x[k - 1], y[k + 1] - y[k - 1]]
      const [xv, yv] = [x[k + columns] - x[k - columns], y[k + columns] - y[k - columns]]
      areas[k] = Math.abs(xu * yv - xv * yu) / (4 * step * step)
    }
  const misses = (axis: 'x' | 'y', k: number): boolean => {
    const p = nodes[axis]
    return !(
      Math.abs(middles[axis][k] - (p[k] + p[k + 1] + p[k + columns] + p[k + columns + 1]) / 4) < tolerance &&
      Math.abs(acrossEdges[axis][k] - (p[k] + p[k + 1]) / 2) < tolerance &&
      Math.abs(upEdges[axis][k] - (p[k] + p[k + columns]) / 2) < tolerance
    )
  }
  for (let j = 1; j < rows - 2; j++)
    for (let i = 1; i < columns - 2; i++) {
      const k = j * columns + i
      const whole = Number.isFinite(areas[k] + areas[k + 1] + areas[k + columns] + areas[k + columns + 1])
      straight[k] = whole && !misses('x', k) && !misses('y', k) ? 1 : 0
    }

  return {
    row(v, start, stride, n, x, y, area) {
      const j = Math.floor(v / step)
      const t = v / step - j
      for (let i = 0; i < n;) {
        const cell = Math.floor((start + i * stride) / step)
        const end = Math.min(n, Math.ceil(((cell + 1) * step - start) / stride))
        const k = (j - bottom) * columns + cell + 2
        if (!straight[k]) {
          const to = Math.max(end, i + 1)
          slow.row(
            v,
            start + i * stride,
            stride,
            to - i,
            x.subarray(i, to),
            y.subarray(i, to),
            area && area.subarray(i, to),
          )
          i = to
          continue
        }
        const x0 = nodes.x[k] + t * (nodes.x[k + columns] - nodes.x[k])
        const x1 = nodes.x[k + 1] + t * (nodes.x[k + columns + 1] - nodes.x[k + 1])
        const y0 = nodes.y[k] + t * (nodes.y[k + columns] - nodes.y[k])
        const y1 = nodes.y[k + 1] + t * (nodes.y[k + columns + 1] - nodes.y[k + 1])
        const a0 = areas[k] + t * (areas[k + columns] - areas[k])
        const a1 = areas[k + 1] + t * (areas[k + columns + 1] - areas[k + 1])
        do {
          const s = (start + i * stride) / step - cell
          x[i] = x0 + s * (x1 - x0)
          y[i] = y0 + s * (y1 - y0)
          if (area) area[i] = a0 + s * (a1 - a0)
          i++
        } while (i < end)
      }
    },
  }
}

function gridOf(
  exact: Exact,
  columns: number,
  rows: number,
  bottom: number,
  step: number,
  right: number,
  up: number,
): { x: Float64Array; y: Float64Array } {
  const count = columns * rows
  const [u, v, x, y] = [1, 2, 3, 4].map(() => new Float64Array(count))
  for (let k = 0; k < count; k++) {
    u[k] = ((k % columns) - 2 + right) * step
    v[k] = (Math.floor(k / columns) + bottom + up) * step
  }
  exact(u, v, x, y, count)
  return { x, y }
}
