/** Which pixels of a filtered frame stand out, as runs along rows. */
import { detectKernel } from '#science/kernels/detect.ts'
import type { Background } from '#science/image/background/map.ts'
import { rmsRows } from '#science/image/background/map.ts'
import type { DetectionFilter } from './filter.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { cleanRow, paddedWidth, runLength, runsOf } from './threshold-rows.ts'
import type { Part, Workshop } from '#science/image/workshop.ts'

export interface ThresholdInput {
  /** Without background. */
  readonly plane: Plane
  readonly mask: Mask | null
  readonly filter: DetectionFilter | null
  /** Of the whole frame, in the plane's unit; with `noise` or `rms` in units of that. */
  readonly threshold: number
  /** Standard deviation of each pixel: the filter is then matched, and what is thresholded is a signal-to-noise ratio. */
  readonly noise: Plane | null
  /** Noise of each pixel as the background has it. */
  readonly rms: Background | null
  /** One number for each pixel, to be set to 0 in passing. */
  readonly clear?: Int32Array
}

export interface Runs {
  readonly count: number
  /** `runLength` numbers each, in the order of rows. */
  readonly runs: Int32Array
  /** Filtered values of the pixels of the runs. */
  readonly values: Float32Array
}

/** Runs of a whole frame, on the arena. */
export function findRuns(input: ThresholdInput, workshop: Workshop): Runs {
  const { width, height } = input.plane
  // Space for the worst case is only addressed, not touched; strips are brought together afterwards.
  const most = (width + 1) >> 1
  const values = workshop.arena.float32(width * height)
  const runs = workshop.arena.int32(runLength * most * height)
  const strips = Math.min(height, workshop.crew.hands > 1 ? 4 * workshop.crew.hands : 1)
  const inputs = Array.from({ length: strips }, (_, i) => ({
    ...input,
    values,
    runs,
    y0: Math.floor((i * height) / strips),
    y1: Math.floor(((i + 1) * height) / strips),
  }))
  const counts = workshop.crew.each(thresholdStrip, inputs, workshop)
  let count = 0
  counts.forEach((found, i) => {
    const from = runLength * most * inputs[i].y0
    runs.copyWithin(runLength * count, from, from + runLength * found)
    count += found
  })
  return { count, runs: runs.subarray(0, runLength * count), values }
}

export const thresholdStrip: Part<
  ThresholdInput & { values: Float32Array; runs: Int32Array; y0: number; y1: number },
  number
> = {
  module: import.meta.url,
  name: 'thresholdStrip',
  run(input, workshop) {
    return workshop.arena.during(() => {
      const { plane, mask, filter, noise, rms, threshold, values, runs, y0, y1 } = input
      const { width, height } = plane
      input.clear?.fill(0, y0 * width, y1 * width)
      const kernel = detectKernel(workshop)
      const kernelHeight = filter?.height ?? 1
      const half = kernelHeight >> 1
      const pad = (filter?.width ?? 1) >> 1
      const stride = paddedWidth(width, pad)
      const { arena } = workshop
      const taps = arena.float32(filter?.weights.length ?? 1)
      taps.set(filter?.weights ?? [1])
      const squares = arena.float32(taps.length)
      squares.set(taps.map((tap) => tap * tap))
      const ring = arena.float32(stride * kernelHeight)
      const weights = noise ? arena.float32(stride * kernelHeight) : null
      const out = arena.float32(stride)
      const level = arena.float32(stride)
      const lines = Array.from({ length: kernelHeight }, (_, slot) =>
        ring.subarray(slot * stride, (slot + 1) * stride),
      )
      const bad = new Int32Array(kernelHeight)
      const from: number[] = Array.from({ length: kernelHeight }, () => NaN)
      const most = (width + 1) >> 1
      let count = 0
      let at = y0 * width
      const slotOf = (y: number): number => ((y % kernelHeight) + kernelHeight) % kernelHeight
      const load = (y: number): number => {
        const slot = slotOf(y)
        if (from[slot] !== y) {
          from[slot] = y
          const row = lines[slot]
          const weight = weights && weights.subarray(slot * stride, (slot + 1) * stride)
          if (y < 0 || y >= height) {
            row.fill(0)
            weight?.fill(0)
            bad[slot] = 0
          } else if (noise && weight) weightRow(plane, mask, noise, y, pad, row, weight)
          else bad[slot] = kernel.cleanRow(plane, mask, y, pad, row)
        }
        return slot
      }
      for (let y = y0; y < y1; y++) {
        for (let v = y - half; v <= y + half; v++) load(v)
        const first = slotOf(y - half)
        kernel.filterRow(ring, stride, first, taps, kernelHeight, width, out)
        if (weights) {
          kernel.filterRow(weights, stride, first, squares, kernelHeight, width, level)
          for (let x = 0; x < width; x++) out[x] = level[x] > 0 ? out[x] / Math.sqrt(level[x]) : -1e30
        }
        if (weights || bad[slotOf(y)] > 0) blankRow(plane, mask, noise, y, out)
        if (rms && !weights) {
          rmsRows(rms, y, y + 1, level)
          for (let x = 0; x < width; x++) level[x] *= threshold
          const found = runsOf(out, width, y, level, runs, runLength * (most * y0 + count), values, at)
          count += found.runs
          at += found.pixels
        } else {
          const found = kernel.runs(
            out,
            width,
            y,
            threshold,
            runs,
            runLength * (most * y0 + count),
            values,
            at,
          )
          count += found.runs
          at += found.pixels
        }
      }
      return count
    })
  },
}

/** For a matched filter: value / variance and 1 / variance, zeros for bad pixels. */
function weightRow(
  plane: Plane,
  mask: Mask | null,
  noise: Plane,
  y: number,
  pad: number,
  row: Float32Array,
  weight: Float32Array,
): void {
  cleanRow(plane, mask, y, pad, row)
  weight.fill(0)
  for (let x = 0, at = y * plane.width; x < plane.width; x++, at++) {
    const value = plane.data[at]
    const sigma = noise.data[at]
    if (value - value !== 0 || !(sigma > 0 && sigma < Infinity) || (mask && mask.data[at])) row[pad + x] = 0
    else {
      weight[pad + x] = 1 / (sigma * sigma)
      row[pad + x] = value / (sigma * sigma)
    }
  }
}

/** Bad pixels are never detected. */
function blankRow(plane: Plane, mask: Mask | null, noise: Plane | null, y: number, out: Float32Array): void {
  const { width, data } = plane
  for (let x = 0, at = y * width; x < width; x++, at++) {
    const value = data[at]
    if (value - value !== 0 || (mask && mask.data[at]) || (noise && !(noise.data[at] < Infinity))) {
      out[x] = -1e30
    }
  }
}
