/** Where a frame has edges that are too sharp: the measure of L.A.Cosmic, pixel by pixel. */
import { rmsRows } from '#science/image/background/map.ts'
import type { Background } from '#science/image/background/map.ts'
import { couldBeStar, sharpnessOf } from './guard.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { lowerMedianOf } from '#science/image/median.ts'
import type { Part } from '#science/image/workshop.ts'

export interface CosmicFrame {
  readonly plane: Plane
  readonly mask: Mask | null
  readonly background: Background | { readonly level: number; readonly rms: number }
  readonly variance: Plane | null
  readonly gain: number
  readonly saturation: number
  readonly sigma: number
  readonly contrast: number
  /** FWHM of the Gaussian for the fine structure; null for medians. */
  readonly psfFwhm: number | null
  readonly guardFwhm: number | null
}

export interface CosmicSeeds {
  /** Pixels. */
  readonly accepted: number[]
  /** Peaks that the guard took for stars. */
  readonly spared: number[]
}

/** What is asked about single pixels; made once for a strip, holds its buffers. */
export interface CosmicLook {
  /** Laplacian edge above its surroundings, in units of the noise. */
  readonly edge: (x: number, y: number) => number
  /** True where the paper's tests both say cosmic ray. */
  readonly sharp: (x: number, y: number) => boolean
  readonly noise: (x: number, y: number) => number
  readonly star: (x: number, y: number) => boolean
}

/**
 * Noise of an edge, in units of the noise of its pixel: that of the pixel, and a quarter of each of four neighbours. The
 * threshold holds for this, so that 4.5 σ are not reached by noise alone some ten times in a million pixels.
 */
const edgeNoise = Math.sqrt(1.25)

/** A background's map at one pixel, straight between its nodes: near enough to the spline for a noise. */
function betweenNodes(background: Background, nodes: Float32Array, x: number, y: number): number {
  const { columns, rows, cellWidth, cellHeight } = background
  const u = Math.min(columns - 1, Math.max(0, (x + 0.5) / cellWidth - 0.5))
  const v = Math.min(rows - 1, Math.max(0, (y + 0.5) / cellHeight - 0.5))
  const left = Math.min(columns - 1, Math.floor(u))
  const low = Math.min(rows - 1, Math.floor(v))
  const right = Math.min(columns - 1, left + 1)
  const p = u - left
  const at = low * columns
  const above = Math.min(rows - 1, low + 1) * columns
  const below = nodes[at + left] * (1 - p) + nodes[at + right] * p
  const higher = nodes[above + left] * (1 - p) + nodes[above + right] * p
  return below + (higher - below) * (v - low)
}

/** Opens a frame for questions about its pixels. */
export function lookAt(frame: CosmicFrame): CosmicLook {
  const { plane, background, variance, gain } = frame
  const { width, height, data } = plane
  const few = new Float64Array(49)
  const smooth = new Float64Array(49)
  const nine = new Float64Array(9)
  const sky = 'globalLevel' in background ? background : null
  const flat = 'globalLevel' in background ? null : background
  const levelAt = (x: number, y: number): number => (sky ? betweenNodes(sky, sky.level, x, y) : flat!.level)
  const rmsAt = (x: number, y: number): number => (sky ? betweenNodes(sky, sky.rms, x, y) : flat!.rms)
  const at = (x: number, y: number): number => {
    const u = x < 0 ? 0 : x >= width ? width - 1 : x
    const v = y < 0 ? 0 : y >= height ? height - 1 : y
    return data[v * width + u]
  }
  /** Mean over the four quarters of a pixel of the positive Laplacian of the frame sampled twice as finely. */
  const laplacian = (x: number, y: number): number => {
    const twice = 2 * at(x, y)
    const l = at(x - 1, y)
    const r = at(x + 1, y)
    const d = at(x, y - 1)
    const u = at(x, y + 1)
    return (
      (Math.max(0, twice - l - d) +
        Math.max(0, twice - r - d) +
        Math.max(0, twice - l - u) +
        Math.max(0, twice - r - u)) /
      4
    )
  }
  const median = (
    x: number,
    y: number,
    reach: number,
    of: (x: number, y: number) => number,
    into: Float64Array,
  ) => {
    let n = 0
    for (let v = -reach; v <= reach; v++) for (let u = -reach; u <= reach; u++) into[n++] = of(x + u, y + v)
    return lowerMedianOf(into, n)
  }
  const noise = (x: number, y: number): number => {
    const u = x < 0 ? 0 : x >= width ? width - 1 : x
    const v = y < 0 ? 0 : y >= height ? height - 1 : y
    if (variance) return Math.sqrt(Math.max(1e-12, variance.data[v * width + u]))
    // The median keeps a hit from vouching for itself by its own photon noise.
    const signal = Math.max(0, median(x, y, 2, at, few) - levelAt(u, v))
    return Math.sqrt(rmsAt(u, v) ** 2 + signal / gain)
  }
  const edge = (x: number, y: number): number => {
    const own = laplacian(x, y)
    const around = median(x, y, 2, laplacian, few)
    return (own - around) / (2 * noise(x, y))
  }
  const kernel = frame.psfFwhm === null ? null : gaussian(frame.psfFwhm)
  const contrast = kernel ? Math.min(frame.contrast, kernel.contrast) : frame.contrast
  const smoothAt = kernel
    ? (x: number, y: number): number => {
        const { reach, weights } = kernel
        let sum = 0
        for (let v = -reach, k = 0; v <= reach; v++)
          for (let u = -reach; u <= reach; u++, k++) sum += weights[k] * at(x + u, y + v)
        return sum
      }
    : (x: number, y: number): number => median(x, y, 1, at, nine)
  const fine = (x: number, y: number): number => smoothAt(x, y) - median(x, y, 3, smoothAt, smooth)
  const sharp = (x: number, y: number): boolean => {
    const own = laplacian(x, y)
    const sigma = noise(x, y)
    const above = (own - median(x, y, 2, laplacian, few)) / (2 * sigma)
    if (!(above > frame.sigma * edgeNoise)) return false
    // Dark neighbours make an edge of a pixel that is no brighter than noise.
    if (!(at(x, y) - median(x, y, 2, at, few) > frame.sigma * sigma)) return false
    return above > contrast * Math.max(0.01, fine(x, y) / sigma)
  }
  const guard = frame.guardFwhm === null ? null : sharpnessOf(frame.guardFwhm)
  const star = (x: number, y: number): boolean => {
    if (!guard) return false
    const level = levelAt(x, y)
    const pixelVariance = (dx: number, dy: number): number => {
      const value = at(x + dx, y + dy)
      const rms = rmsAt(x, y)
      return rms ** 2 + Math.max(0, value - level) / gain
    }
    return couldBeStar((dx, dy) => at(x + dx, y + dy) - level, pixelVariance, guard)
  }
  return { edge, sharp, noise, star }
}

/**
 * The Gaussian of stars, normalised, and how sharp an edge has to be in terms of what is seen through it: half way (in
 * the logarithm) between a star in the middle of its pixel and a hit of one pixel.
 */
function gaussian(fwhm: number): { reach: number; weights: Float64Array; contrast: number } {
  const sigma = fwhm / 2.3548
  const reach = Math.min(12, Math.max(1, 3 * Math.floor(fwhm / 2)))
  const side = 2 * reach + 1
  const weights = new Float64Array(side * side)
  let sum = 0
  for (let k = 0; k < weights.length; k++) {
    const u = (k % side) - reach
    const v = Math.floor(k / side) - reach
    sum += weights[k] = Math.exp(-(u * u + v * v) / (2 * sigma * sigma))
  }
  const middle = 1 / sum
  const neighbour = Math.exp(-0.5 / sigma ** 2)
  const starSeen = weights.reduce((total, each) => total + each * each, 0) / sum
  return {
    reach,
    weights: weights.map((each) => each / sum),
    contrast: Math.sqrt(((1 - neighbour) / starSeen) * (1 / middle)),
  }
}

const unusable: number = maskBits.invalid | maskBits.outside | maskBits.drawn

/** Saturated areas are stars where their surroundings are bright too; a hit that saturates stands alone. */
function besideSaturatedStar({ plane, mask, saturation }: CosmicFrame): (x: number, y: number) => boolean {
  const { width, height, data } = plane
  if (!mask && !Number.isFinite(saturation)) return () => false
  const few = new Float64Array(25)
  const isSaturated = (i: number) =>
    data[i] >= saturation || (mask !== null && (mask.data[i] & maskBits.saturated) !== 0)
  return (x, y) => {
    for (let v = Math.max(0, y - 2); v <= Math.min(height - 1, y + 2); v++)
      for (let u = Math.max(0, x - 2); u <= Math.min(width - 1, x + 2); u++) {
        if (!isSaturated(v * width + u)) continue
        let n = 0
        for (let b = Math.max(0, v - 2); b <= Math.min(height - 1, v + 2); b++)
          for (let a = Math.max(0, u - 2); a <= Math.min(width - 1, u + 2); a++)
            few[n++] = data[b * width + a]
        if (lowerMedianOf(few, n) > Math.min(saturation, data[v * width + u]) / 10) return true
      }
    return false
  }
}

/** Drops groups of touching pixels whose brightest one a star could make. */
function guarded(frame: CosmicFrame, look: CosmicLook, pixels: readonly number[]): CosmicSeeds {
  if (frame.guardFwhm === null) return { accepted: [...pixels], spared: [] }
  const { width, data } = frame.plane
  const waiting = new Set(pixels)
  const accepted: number[] = []
  const spared: number[] = []
  for (const first of pixels) {
    if (!waiting.delete(first)) continue
    const group = [first]
    for (const member of group)
      for (const step of [-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1])
        if (waiting.delete(member + step)) group.push(member + step)
    const brightest = group.reduce((best, each) => (data[each] > data[best] ? each : best))
    const x = brightest % width
    if (look.star(x, (brightest - x) / width)) spared.push(brightest)
    else for (const each of group) accepted.push(each)
  }
  return { accepted, spared }
}

/** All pixels of some rows. */
export const cosmicStrip: Part<{ frame: CosmicFrame; y0: number; y1: number }, CosmicSeeds> = {
  module: import.meta.url,
  name: 'cosmicStrip',
  run({ frame, y0, y1 }) {
    const { plane, mask, background, variance, sigma } = frame
    const { width, height, data } = plane
    const look = lookAt(frame)
    const star = besideSaturatedStar(frame)
    const sky = 'globalLevel' in background ? background : null
    const noises = new Float32Array(width).fill('rms' in background && !sky ? (background.rms as number) : 0)
    const seeds: number[] = []
    for (let y = y0; y < y1; y++) {
      if (sky && !variance) rmsRows(sky, y, y + 1, noises)
      const row = y * width
      const below = y === 0 ? row : row - width
      const above = y === height - 1 ? row : row + width
      for (let x = 0; x < width; x++) {
        const i = row + x
        const twice = 2 * data[i]
        const l = x === 0 ? data[i] : data[i - 1]
        const r = x === width - 1 ? data[i] : data[i + 1]
        const d = data[below + x]
        const u = data[above + x]
        const a = twice - l - d
        const b = twice - r - d
        const c = twice - l - u
        const e = twice - r - u
        const edge = (a > 0 ? a : 0) + (b > 0 ? b : 0) + (c > 0 ? c : 0) + (e > 0 ? e : 0)
        const least = variance ? Math.sqrt(variance.data[i]) : noises[x]
        // No pixel passes with its photons counted in that does not pass without them.
        if (!(edge > 8 * sigma * edgeNoise * least)) continue
        if (mask && (mask.data[i] & unusable) !== 0) continue
        if (look.sharp(x, y) && !star(x, y)) seeds.push(i)
      }
    }
    return guarded(frame, look, seeds)
  },
}

/** Pixels that an earlier round's change may have turned into seeds: those within four of it. */
export function seedsNear(frame: CosmicFrame, changed: readonly number[], found: Uint8Array): CosmicSeeds {
  const { plane, mask } = frame
  const { width, height } = plane
  const look = lookAt(frame)
  const star = besideSaturatedStar(frame)
  const places = new Set<number>()
  for (const i of changed) {
    const x = i % width
    const y = (i - x) / width
    for (let v = Math.max(0, y - 4); v <= Math.min(height - 1, y + 4); v++)
      for (let u = Math.max(0, x - 4); u <= Math.min(width - 1, x + 4); u++) places.add(v * width + u)
  }
  const seeds: number[] = []
  for (const i of [...places].sort((a, b) => a - b)) {
    if (found[i] !== 0 || (mask && (mask.data[i] & unusable) !== 0)) continue
    const x = i % width
    const y = (i - x) / width
    if (look.sharp(x, y) && !star(x, y)) seeds.push(i)
  }
  return guarded(frame, look, seeds)
}
