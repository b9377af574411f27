/**
 * Images brought onto the pixels of another over the sky. Interpolation by Lanczos-3, bilinear or the nearest pixel, with
 * weights of unit sum; where the target's pixels are not of the input's size or much smaller, n × n points of each are averaged, so
 * that no pixel is skipped and fluxes hold to 1e-3. Pixels without value have no part and are not smeared.
 */
import { Problem } from '#problem.ts'
import type { Wcs } from '#science/fits/wcs/wcs.ts'
import type { Matrix } from '#science/sky/vectors.ts'
import { matrixMap, openMap, planMap } from './pixel-map.ts'
import type { PixelMapPlan } from './pixel-map.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { kernelTable, meanVariance, squaredWeights, tableLength } from './kernel.ts'
import type { ResampleKernel } from './kernel.ts'
import { resampleStrip } from './strip.ts'
import type { StripInput } from './strip.ts'
import type { RowSource } from '#science/image/rows.ts'
import type { Workshop } from '#science/image/workshop.ts'

export interface ResampleInput {
  readonly plane: Plane
  /** Where it lies on the sky; or, without a WCS, the matrix of target pixels (x, y, 1) to its own, as `alignStars` finds it. */
  readonly wcs: Wcs | { readonly matrix: Matrix }
  /** Variance of each pixel; NaN or infinite where the pixel has no value. */
  readonly variance?: Plane | null
  readonly mask?: Mask | null
}

export interface ResampleTarget {
  /** Not needed where the input has a matrix. */
  readonly wcs: Wcs | null
  readonly width: number
  readonly height: number
}

export interface ResampleOptions {
  readonly kernel?: ResampleKernel
  /** 'flux' (default): a star keeps its sum of pixels; 'surface': the sky keeps its level. */
  readonly conserve?: 'flux' | 'surface'
  /** Mask of a target pixel: of 'any' of the four input pixels around it (default), or of the 'nearest'. */
  readonly masks?: 'any' | 'nearest'
  /** Bits of the mask whose pixels have no part; by default all but `saturated`, which are taken as they are. */
  readonly excluded?: number
  /** Share of the kernel's weight that must lie on good pixels, else NaN; 0.5. */
  readonly leastCoverage?: number
  /** Ask for the plane of coverages. */
  readonly coverage?: boolean
  /** Error of positions at most, in input pixels; 0.001. Between undistorted TAN images there is none. */
  readonly tolerance?: number
}

export interface Resampled {
  readonly plane: Plane
  /** Of each pixel by itself: neighbours have become correlated. */
  readonly variance: Plane | null
  /** Bits of the input, and `outside` where there is no value. */
  readonly mask: Mask
  readonly coverage: Plane | null
}

/** Most points along a side of a target pixel. */
const mostPoints = 32

/**
 * `input` on the pixels of `target`; results lie on the workshop's arena. Positions beyond the input are NaN and `outside`.
 * @throws Problem image.invalid where sizes do not fit
 */
export function resample(
  input: ResampleInput,
  target: ResampleTarget,
  options: ResampleOptions,
  workshop: Workshop,
): Resampled {
  const { width, height } = target
  const { arena, crew } = workshop
  const count = width * height
  const data = arena.float32(count)
  const variance = input.variance ? arena.float32(count) : null
  const mask = arena.uint8(count)
  const coverage = options.coverage ? arena.float32(count) : null
  arena.during(() => {
    const job = prepare(input, target, options, workshop)
    const outputs = { out: data, outVariance: variance, outMask: mask, outCoverage: coverage, top: 0 }
    const strips = Math.max(1, Math.min(Math.ceil(height / 32), 4 * crew.hands))
    const inputs = Array.from({ length: strips }, (_, k) => ({
      ...job,
      ...outputs,
      y0: Math.floor((height * k) / strips),
      y1: Math.floor((height * (k + 1)) / strips),
    }))
    crew.each(resampleStrip, inputs, workshop)
  })
  return {
    plane: { width, height, data },
    variance: variance && { width, height, data: variance },
    mask: { width, height, data: mask },
    coverage: coverage && { width, height, data: coverage },
  }
}

/**
 * The same, row by row and not before it is asked for. What it needs is taken from the arena now, and must not be given back before
 * the last row.
 */
export function resampledRows(
  input: ResampleInput,
  target: ResampleTarget,
  options: ResampleOptions,
  workshop: Workshop,
): RowSource {
  const job = prepare(input, target, options, workshop)
  const { width, height } = target
  return {
    width,
    height,
    hasVariance: job.variance !== null,
    rows(y0, y1, { data, variance, mask }) {
      const outputs = {
        out: data,
        outVariance: job.variance && variance,
        outMask: mask,
        outCoverage: null,
        top: y0,
      }
      const strips = Math.max(1, Math.min(Math.floor((y1 - y0) / 8), workshop.crew.hands))
      const inputs = Array.from({ length: strips }, (_, k) => ({
        ...job,
        ...outputs,
        y0: y0 + Math.floor(((y1 - y0) * k) / strips),
        y1: y0 + Math.floor(((y1 - y0) * (k + 1)) / strips),
      }))
      workshop.crew.each(resampleStrip, inputs, workshop)
    },
  }
}

type Job = Omit<StripInput, 'y0' | 'y1' | 'top' | 'out' | 'outVariance' | 'outMask' | 'outCoverage'>

function prepare(
  input: ResampleInput,
  target: ResampleTarget,
  options: ResampleOptions,
  workshop: Workshop,
): Job {
  const { plane, variance = null, mask = null } = input
  const { width, height } = plane
  const { kernel = 'lanczos3', conserve = 'flux', masks = 'any', leastCoverage = 0.5 } = options
  const { excluded = 0xff & ~maskBits.saturated, tolerance = 1e-3 } = options
  for (const other of [variance, mask]) {
    if (other && (other.width !== width || other.height !== height)) {
      throw new Problem(
        'image.invalid',
        `A variance or mask of ${other.width} × ${other.height} pixels does not belong to an image of ${width} × ${height}.`,
        { width, height },
      )
    }
  }
  if (!(target.width >= 1 && target.height >= 1)) {
    throw new Problem(
      'image.invalid',
      `An image cannot be resampled to ${target.width} × ${target.height} pixels.`,
    )
  }
  const plan = planOf(input.wcs, target, tolerance)
  const ratio = pixelRatio(plan, target.width, target.height)
  const points = pointsPerSide(kernel, ratio)
  const table = workshop.once(`resample table ${kernel}`, () =>
    kernelTable(kernel, new Float32Array(tableLength)),
  )
  return {
    width,
    height,
    data: goodPixels(plane.data, mask, excluded, workshop),
    variance: variance && onArena(variance.data, workshop),
    plan,
    table: onArena(table, workshop),
    mask: mask && onArena(mask.data, workshop),
    masks,
    excluded,
    points,
    squares: variance && points > 1 ? squaredWeights(table) : null,
    shared: meanVariance(table, ratio, points),
    flux: conserve === 'flux',
    least: leastCoverage,
    columns: target.width,
  }
}

function planOf(wcs: ResampleInput['wcs'], target: ResampleTarget, tolerance: number): PixelMapPlan {
  if ('matrix' in wcs) return matrixMap(wcs.matrix, target.width)
  if (!target.wcs) {
    throw new Problem(
      'image.invalid',
      'An image with a WCS can only be resampled to a target with a WCS; solve the target first, or align both by their stars.',
    )
  }
  return planMap(target.wcs.terms, wcs.terms, target.width, target.height, tolerance)
}

/** The pixels where threads and kernels reach them, NaN where the mask excludes them. */
function goodPixels(
  data: Float32Array,
  mask: Mask | null,
  excluded: number,
  workshop: Workshop,
): Float32Array {
  const bad = mask?.data.some((bits, i) => (bits & excluded) !== 0 && !Number.isNaN(data[i])) ?? false
  if (!bad || !mask) return onArena(data, workshop)
  const copy = workshop.arena.float32(data.length)
  for (let i = 0; i < copy.length; i++) copy[i] = mask.data[i] & excluded ? NaN : data[i]
  return copy
}

function onArena<A extends Float32Array | Uint8Array>(data: A, { arena }: Workshop): A {
  if (arena.holds(data)) return data
  const copy = data instanceof Uint8Array ? arena.uint8(data.length) : arena.float32(data.length)
  copy.set(data)
  return copy as unknown as A
}

/** Size of a target pixel in input pixels: the median over the image. */
function pixelRatio(plan: PixelMapPlan, width: number, height: number): number {
  const side = 9
  const x = new Float64Array(side)
  const y = new Float64Array(side)
  const area = new Float32Array(side)
  const sizes: number[] = []
  for (let k = 0; k < side; k++) {
    const v = Math.floor(((height - 1) * k) / (side - 1))
    openMap(plan, v, v).row(v, 0, Math.floor((width - 1) / (side - 1)), side, x, y, area)
    for (const size of area) if (Number.isFinite(size)) sizes.push(Math.sqrt(size))
  }
  sizes.sort((a, b) => a - b)
  return sizes[Math.floor(sizes.length / 2)] ?? 1
}

/**
 * Points along a side of a target pixel. For Lanczos their spacing is an input pixel, or else at most 0.72 of one: between, what a windowed sinc lets
 * through beyond its band beats with the grid, and fluxes would err by up to 2 %.
 */
function pointsPerSide(kernel: ResampleKernel, ratio: number): number {
  if (kernel === 'nearest') return 1
  const whole = Math.min(mostPoints, Math.max(1, Math.round(ratio)))
  if (kernel === 'bilinear') return whole
  const points = Math.abs(ratio / whole - 1) < 0.01 ? whole : Math.ceil(ratio / 0.72)
  return Math.min(mostPoints, Math.max(1, points))
}
