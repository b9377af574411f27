/** Rows of a resampled image: what one hand of the crew does. */
import { sampler } from '#science/kernels/resample.ts'
import { openMap } from './pixel-map.ts'
import type { PixelMap, PixelMapPlan } from './pixel-map.ts'
import { maskBits } from '#science/image/plane.ts'
import { phaseOf, sampleWithCare } from './kernel.ts'
import type { Sample, SampleInput, Sampler } from './kernel.ts'
import type { Part, Workshop } from '#science/image/workshop.ts'

export interface StripInput extends SampleInput {
  readonly plan: PixelMapPlan
  readonly table: Float32Array
  readonly mask: Uint8Array | null
  readonly masks: 'any' | 'nearest'
  /** Pixels whose mask has one of these have no part, and are NaN in `data`. */
  readonly excluded: number
  /** Points across and up each target pixel. */
  readonly points: number
  /** Σ w² of each phase of the kernel, where several points have variances. */
  readonly squares: Float32Array | null
  /** Σ w² of the mean of those points. */
  readonly shared: number
  readonly flux: boolean
  readonly least: number
  /** Columns of the target. */
  readonly columns: number
  /** Rows of the target: from y0 to before y1. */
  readonly y0: number
  readonly y1: number
  /** Row of the target that is the first of the results. */
  readonly top: number
  readonly out: Float32Array
  readonly outVariance: Float32Array | null
  readonly outMask: Uint8Array
  readonly outCoverage: Float32Array | null
}

/** Arrays of one row of points. */
interface Row {
  readonly x: Float64Array
  readonly y: Float64Array
  readonly area: Float32Array
  readonly value: Float32Array
  readonly variance: Float32Array | null
  readonly coverage: Float32Array
  readonly doubts: Int32Array
}

export const resampleStrip: Part<StripInput, void> = {
  module: import.meta.url,
  name: 'resampleStrip',
  run: (input, workshop) => workshop.arena.during(() => strip(input, workshop)),
}

function strip(input: StripInput, workshop: Workshop): void {
  const { columns, points, y0, y1, top } = input
  const { arena } = workshop
  const n = columns * points
  const row: Row = {
    x: arena.float64(n),
    y: arena.float64(n),
    area: arena.float32(n),
    value: arena.float32(n),
    variance: input.variance && arena.float32(n),
    coverage: arena.float32(n),
    doubts: arena.int32(n),
  }
  if (!input.flux) row.area.fill(1)
  const sums = {
    value: new Float64Array(columns),
    variance: new Float64Array(columns),
    cover: new Float64Array(columns),
  }
  const sample = sampler(workshop)
  const map = openMap(input.plan, y0 - 0.5, y1 - 0.5)
  for (let y = y0; y < y1; y++) {
    const at = (y - top) * columns
    input.outMask.fill(0, at, at + columns)
    if (points === 1) straightRow(input, sample, map, y, row, at)
    else averagedRow(input, sample, map, y, row, sums, at)
  }
}

/** Positions and samples of a row of points into `value` and `variance`; `coverage` gets those that are not whole. */
function sampleRow(
  input: StripInput,
  sample: Sampler,
  map: PixelMap,
  v: number,
  row: Row,
  value: Float32Array,
  variance: Float32Array | null,
): number {
  const { columns, points, table } = input
  const n = columns * points
  const { x, y, area, coverage, doubts } = row
  map.row(v, 0.5 / points - 0.5, 1 / points, n, x, y, input.flux ? area : null)
  const count = sample(input, table, x, y, area, n, value, variance, doubts)
  const careful: Sample = { value: 0, variance: 0, coverage: 0 }
  for (let k = 0; k < count; k++) {
    const i = doubts[k]
    sampleWithCare(input, table, x[i], y[i], careful)
    coverage[i] = careful.coverage
    value[i] = careful.value * area[i]
    if (variance) variance[i] = careful.variance * area[i] * area[i]
  }
  return count
}

/** A row whose pixels are one point each: sampled into the result itself. */
function straightRow(
  input: StripInput,
  sample: Sampler,
  map: PixelMap,
  y: number,
  row: Row,
  at: number,
): void {
  const { columns, least, outMask, outCoverage } = input
  const value = input.out.subarray(at, at + columns)
  const variance = input.variance && input.outVariance ? input.outVariance.subarray(at, at + columns) : null
  const count = sampleRow(input, sample, map, y, row, value, variance)
  if (input.mask) maskRow(input, row, at)
  if (outCoverage) outCoverage.fill(1, at, at + columns)
  for (let k = 0; k < count; k++) {
    const i = row.doubts[k]
    const cover = row.coverage[i]
    if (outCoverage) outCoverage[at + i] = cover
    if (cover >= least && cover > 0) continue
    value[i] = NaN
    if (variance) variance[i] = NaN
    outMask[at + i] |= maskBits.outside
  }
}

interface Sums {
  readonly value: Float64Array
  readonly variance: Float64Array
  readonly cover: Float64Array
}

/** A row whose pixels are means of several points. */
function averagedRow(
  input: StripInput,
  sample: Sampler,
  map: PixelMap,
  y: number,
  row: Row,
  sums: Sums,
  at: number,
): void {
  const { columns, points, least, out, outVariance, outMask, outCoverage } = input
  const { value, variance, coverage } = row
  const { squares } = input
  sums.value.fill(0)
  sums.variance.fill(0)
  sums.cover.fill(0)
  for (let k = 0; k < points; k++) {
    coverage.fill(1)
    sampleRow(input, sample, map, y + (k + 0.5) / points - 0.5, row, value, variance)
    if (input.mask) maskRow(input, row, at)
    for (let i = 0; i < columns * points; i++) {
      const cover = coverage[i]
      if (cover === 0) continue
      const to = Math.floor(i / points)
      sums.value[to] += cover * value[i]
      sums.cover[to] += cover
      if (variance && squares) {
        const own = squares[phaseOf(row.x[i])] * squares[phaseOf(row.y[i])]
        sums.variance[to] += (cover * variance[i]) / own
      }
    }
  }
  const all = points * points
  for (let i = 0; i < columns; i++) {
    const share = sums.cover[i] / all
    if (outCoverage) outCoverage[at + i] = share
    if (share >= least && share > 0) {
      out[at + i] = sums.value[i] / sums.cover[i]
      if (outVariance) outVariance[at + i] = (sums.variance[i] / sums.cover[i]) * input.shared
    } else {
      out[at + i] = NaN
      if (outVariance) outVariance[at + i] = NaN
      outMask[at + i] |= maskBits.outside
    }
  }
}

/** Bits of the pixel a point lies on, or of the four around it. */
function maskRow(input: StripInput, { x, y }: Row, at: number): void {
  const { mask, width, height, points, columns, outMask, masks } = input
  if (!mask) return
  const any = masks === 'any'
  for (let i = 0; i < columns * points; i++) {
    if (!(x[i] >= -0.5 && y[i] >= -0.5 && x[i] <= width - 0.5 && y[i] <= height - 0.5)) continue
    const to = at + (points === 1 ? i : Math.floor(i / points))
    if (any) {
      const left = Math.max(0, Math.floor(x[i]))
      const low = Math.max(0, Math.floor(y[i]))
      // A point on a pixel's centre touches no other.
      const right = Math.min(width - 1, Math.ceil(x[i]))
      const high = Math.min(height - 1, Math.ceil(y[i]))
      outMask[to] |=
        mask[low * width + left] |
        mask[low * width + right] |
        mask[high * width + left] |
        mask[high * width + right]
    } else {
      const px = Math.min(width - 1, Math.floor(x[i] + 0.5))
      const py = Math.min(height - 1, Math.floor(y[i] + 0.5))
      outMask[to] |= mask[py * width + px]
    }
  }
}
