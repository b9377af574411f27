/**
 * Cosmic rays in a single frame by L.A.Cosmic (van Dokkum 2001, PASP 113, 1420): Laplacian edges of the frame seen at twice
 * its sampling, compared with the noise and with the fine structure of what is smooth. The costly medians are taken only
 * where an edge stands out, and later rounds look only where an earlier one changed something.
 */
import { Problem } from '#problem.ts'
import type { Background } from '#science/image/background/map.ts'
import { cosmicStrip, seedsNear } from './detect.ts'
import type { CosmicFrame, CosmicSeeds } from './detect.ts'
import { sharpestStar } from './guard.ts'
import { growSeeds } from './grow.ts'
import { checkSize } from '#science/image/preparation/mask.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { lowerMedianOf } from '#science/image/median.ts'
import type { Workshop } from '#science/image/workshop.ts'

export interface CosmicOptions {
  /** Pixels not to be used; saturated ones are looked at (a hit may saturate), and stars around them left alone. */
  readonly mask?: Mask
  /** Level and noise of the sky, ADU: maps, or one number each. */
  readonly background: Background | { readonly level: number; readonly rms: number }
  /** Variance of each pixel, ADU², instead of rms² + signal / gain. */
  readonly variance?: Plane
  /** e⁻ per ADU. */
  readonly gain: number
  /** ADU. */
  readonly saturation?: number
  /** Edges of so many σ; neighbours of a hit of this times `fraction`. */
  readonly sigma?: number
  readonly fraction?: number
  /** How much sharper than its fine structure an edge has to be: 5 for a well sampled frame. */
  readonly contrast?: number
  readonly rounds?: number
  /** What is smooth: medians (as the paper), or the frame seen through a Gaussian of `fwhm`. */
  readonly fineStructure?: 'median' | 'psf'
  /** Of stars, pixels; measured on the frame's own peaks where it is not given. */
  readonly fwhm?: number
  /** Leave alone what a star could be; see `guard.ts`. On unless said. */
  readonly guard?: boolean
  /** Put mean or median of the good neighbours in place of hits, in the plane itself. */
  readonly fill?: 'mean' | 'median'
}

export interface Cosmics {
  /** `maskBits.cosmic` at hits; nothing else. */
  readonly mask: Mask
  readonly pixels: number
  /** Separate hits. */
  readonly hits: number
  readonly rounds: number
  /** FWHM that the guard went by, pixels; null where it was off. */
  readonly fwhm: number | null
  /** Peaks that are sharp enough by the paper's measure, but that a star could make too. */
  readonly spared: number
}

/** What was put into the plane while it was looked at, so that it can be taken out again. */
interface Changes {
  readonly at: number[]
  readonly was: number[]
}

const never: number = maskBits.invalid | maskBits.outside | maskBits.drawn

/**
 * Finds cosmic rays. The plane is as it was afterwards, unless `fill` is given. Throws `image.invalid` for a gain or noise
 * that is none and `mask.invalid` for planes of different sizes.
 */
export function cleanCosmics(plane: Plane, options: CosmicOptions, workshop: Workshop): Cosmics {
  const { width, height, data } = plane
  if (!(options.gain > 0))
    throw new Problem(
      'image.invalid',
      `A gain of ${options.gain} e⁻/ADU is none; cosmic rays need the noise.`,
    )
  if (options.mask) checkSize(options.mask, plane)
  const { background } = options
  const rms = 'globalRms' in background ? background.globalRms : background.rms
  if (!(rms > 0) && !options.variance)
    throw new Problem('image.invalid', `A sky noise of ${rms} ADU is none; measure the background first.`)
  const found: Mask = { width, height, data: new Uint8Array(width * height) }
  const changes: Changes = { at: [], was: [] }
  const fwhm = (options.guard ?? true) ? (options.fwhm ?? sharpestStar(plane, options)) : null
  const frame: CosmicFrame = {
    plane,
    mask: options.mask ?? null,
    background,
    variance: options.variance ?? null,
    gain: options.gain,
    saturation: options.saturation ?? Infinity,
    sigma: options.sigma ?? 4.5,
    contrast: options.contrast ?? 5,
    psfFwhm: options.fineStructure === 'psf' ? (options.fwhm ?? fwhm ?? 2.5) : null,
    guardFwhm: fwhm,
  }
  let rounds = 0
  let spared = 0
  try {
    patch(frame, options.mask, changes)
    let seeds = wholeFrame(frame, workshop)
    spared = seeds.spared.length
    while (rounds < (options.rounds ?? 4)) {
      rounds++
      const fresh = growSeeds(frame, seeds, found.data, options.fraction ?? 0.3)
      if (fresh.length === 0) break
      replaceBy(plane, fresh, found.data, options.mask, changes, 'median')
      if (rounds < (options.rounds ?? 4)) seeds = seedsNear(frame, fresh, found.data)
    }
  } finally {
    for (let k = changes.at.length - 1; k >= 0; k--) data[changes.at[k]] = changes.was[k]
  }
  const all = found.data.reduce((sum, each) => sum + (each === 0 ? 0 : 1), 0)
  if (options.fill && all > 0) {
    const places: number[] = []
    for (let i = 0; i < found.data.length; i++) if (found.data[i] !== 0) places.push(i)
    replaceBy(plane, places, found.data, options.mask, { at: [], was: [] }, options.fill)
  }
  return { mask: found, pixels: all, hits: countHits(found), rounds, fwhm, spared }
}

/** All rows, in strips that hands can share. */
function wholeFrame(frame: CosmicFrame, workshop: Workshop): CosmicSeeds {
  const { height } = frame.plane
  const shared = workshop.crew.hands > 1 && workshop.arena.holds(frame.plane.data)
  const strips = shared ? Math.min(height, 4 * workshop.crew.hands) : 1
  const inputs = Array.from({ length: strips }, (_, k) => ({
    frame,
    y0: Math.floor((k * height) / strips),
    y1: Math.floor(((k + 1) * height) / strips),
  }))
  const parts = shared
    ? workshop.crew.each(cosmicStrip, inputs, workshop)
    : inputs.map((input) => cosmicStrip.run(input, workshop))
  return {
    accepted: parts.flatMap(({ accepted }) => accepted),
    spared: parts.flatMap(({ spared }) => spared),
  }
}

/** Pixels without a value, masked ones, and holes far below the sky would ring in the Laplacian: their medians stand in. */
function patch({ plane, background }: CosmicFrame, mask: Mask | undefined, changes: Changes): void {
  const { data } = plane
  const level = 'globalLevel' in background ? background.globalLevel : background.level
  const lowest =
    'globalLevel' in background
      ? background.level.reduce((a, b) => Math.min(a, b), Infinity) -
        10 * background.rms.reduce((a, b) => Math.max(a, b), 0)
      : level - 10 * background.rms
  const bad: number[] = []
  const marks = new Uint8Array(data.length)
  for (let i = 0; i < data.length; i++) {
    if (data[i] - data[i] !== 0 || data[i] < lowest || (mask && (mask.data[i] & never) !== 0)) {
      bad.push(i)
      marks[i] = 1
    }
  }
  if (bad.length > 0) replaceBy(plane, bad, marks, undefined, changes, 'median', level)
}

/** Puts mean or median of good pixels within two of each place there; of those further off where there are none. */
function replaceBy(
  { width, height, data }: Plane,
  places: readonly number[],
  marks: Uint8Array,
  mask: Mask | undefined,
  changes: Changes,
  how: 'mean' | 'median',
  otherwise?: number,
): void {
  const values = new Float64Array(81)
  const fills = new Float64Array(places.length)
  for (let k = 0; k < places.length; k++) {
    const x = places[k] % width
    const y = (places[k] - x) / width
    let n = 0
    for (let reach = 2; n === 0 && reach <= 4; reach += 2) {
      for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++)
        for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++) {
          const i = v * width + u
          if (marks[i] === 0 && data[i] - data[i] === 0 && (!mask || (mask.data[i] & never) === 0))
            values[n++] = data[i]
        }
    }
    let sum = 0
    for (let m = 0; m < n; m++) sum += values[m]
    fills[k] = n === 0 ? (otherwise ?? data[places[k]]) : how === 'mean' ? sum / n : lowerMedianOf(values, n)
  }
  for (let k = 0; k < places.length; k++) {
    changes.at.push(places[k])
    changes.was.push(data[places[k]])
    data[places[k]] = fills[k]
  }
}

/** Groups of pixels that touch at a side or corner. */
function countHits({ width, height, data }: Mask): number {
  const seen = new Uint8Array(data.length)
  const queue: number[] = []
  let hits = 0
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0 || seen[i] === 1) continue
    hits++
    seen[i] = 1
    queue.push(i)
    while (queue.length > 0) {
      const at = queue.pop()!
      const x = at % width
      const y = (at - x) / width
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const next = v * width + u
          if (data[next] === 0 || seen[next] === 1) continue
          seen[next] = 1
          queue.push(next)
        }
    }
  }
  return hits
}
