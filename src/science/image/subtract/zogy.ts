/**
 * Image subtraction by Zackay, Ofek & Gal-Yam (2016, ApJ 830, 27): both frames are filtered by each other's point spread, which makes a
 * difference with white noise, and its matched filter, the detection image, with the noise of each pixel and of the registration.
 */
import { Problem } from '#problem.ts'
import { levelRows } from '#science/image/background/map.ts'
import { solvePositive } from '#science/image/cholesky.ts'
import { measureBackground } from '#science/image/background/background.ts'
import { maskBits, type Plane } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { readyFrame, sameShape, seeingOf } from './al98.ts'
import type { Kernel } from './decorrelate.ts'
import { fastSize } from './fourier.ts'
import { isGood, type Frame } from './noise.ts'
import type { Difference, Positions, SubtractInput } from './options.ts'
import { chooseStamps, findStars, type Stamp } from './stamps.ts'
import { zogyTile, type Tile, type TileFrame, type TileResult } from './zogy-tile.ts'

/** A frame with its point spread: unit sum, around the middle of a square of odd size, at a pixel. */
export interface ZogyInput extends SubtractInput {
  psf: (x: number, y: number) => Kernel
}

export interface ZogyOptions {
  /** Science over template ADU of the same star; measured on stars unless given. */
  fluxScale?: number
  /** rms error of the registration along x and y, pixels. Default 0.05. */
  registration?: readonly [number, number]
  /** Cell of the background that is taken from both frames first; 0: none is. Default 128. */
  mesh?: number
  /** Size of a sub-image, over which a point spread is taken as constant, and of its border, pixels. */
  tile?: number
  border?: number
  positions?: Positions
}

export interface ZogyDifference extends Difference {
  method: 'zogy'
  /** S_corr: standard normal where nothing changed. */
  score: Plane
  /** Flux of a point source at each pixel, ADU of the science frame, and its error. */
  flux: Plane
  fluxError: Plane
  /** Point spread of the difference at the centre. */
  psf: Kernel
}

/**
 * Science − template with white noise, on the science frame's flux scale. Throws the Problems of `subtract`, and `subtract.psf` where a point
 * spread is not one.
 */
export function zogy(
  science: ZogyInput,
  template: ZogyInput,
  options: ZogyOptions,
  workshop: Workshop,
): ZogyDifference {
  const { arena } = workshop
  const { width, height } = science.plane
  sameShape(science, template)
  const notes: string[] = []
  const plane = (): Plane => ({ width, height, data: arena.float32(width * height) })
  const result = { difference: plane(), noise: plane(), score: plane(), flux: plane(), fluxError: plane() }
  const mask = { width, height, data: arena.uint8(width * height) }
  const made = arena.during(() => {
    const frames = { science: readyFrame('science', science), template: readyFrame('template', template) }
    const found = findStars(frames.science, frames.template, 200, options.positions)
    const fwhm = seeingOf(science, template, frames, found, notes)
    const stars = chooseStamps(frames.science, frames.template, found, { most: 200, halfWidth: 10, reach: 6 })
    const both = [
      flattened(frames.science, science.psf, options, workshop),
      flattened(frames.template, template.psf, options, workshop),
    ] as const
    const border = options.border ?? Math.max(20, Math.ceil(6 * Math.max(fwhm.science, fwhm.template)))
    const tiles = tilesOf(width, height, options.tile ?? 200, border)
    const matched = matchedOn(both, stars, tiles, workshop)
    const fluxScale = options.fluxScale ?? matched.scale
    if (!(fluxScale > 0)) {
      throw new Problem(
        'subtract.no_stars',
        'No star stands out in both frames, so that their flux scales cannot be compared; give fluxScale or positions of stars.',
      )
    }
    if (Math.hypot(...matched.shift) > 0.1) {
      notes.push(
        `The template was moved by ${matched.shift.map((by) => by.toFixed(3)).join(', ')} px in x, y.`,
      )
    }
    let psf: Kernel | null = null
    tiles.forEach((tile, t) => {
      arena.during(() => {
        const out = zogyTile(
          both,
          {
            ...tile,
            shift: matched.shift,
            fluxScale,
            registration: options.registration ?? [0.05, 0.05],
            wantsPsf: t === tiles.length >> 1,
          },
          workshop,
        )
        psf = out.psf ?? psf
        place(tile, out, result, width)
      })
    })
    const usable = maskOf(frames, fwhm, mask.data, result)
    return { fwhm, found, stars, fluxScale, psf, usable }
  })
  if (made.usable === 0) {
    notes.push('No pixel of the difference is usable: masked pixels and their surroundings cover everything.')
  }
  return {
    method: 'zogy',
    ...result,
    mask,
    convolved: null,
    direction: made.fwhm.template <= made.fwhm.science ? 'template' : 'science',
    fluxScale: made.fluxScale,
    psf: made.psf ?? { size: 1, data: Float64Array.of(1) },
    diagnostics: {
      kernelSum: { centre: made.fluxScale, error: null, least: made.fluxScale, greatest: made.fluxScale },
      noiseFactor: 1,
      correlation: 1,
      chi2: { fit: starChi2(made.stars, result, mask.data), heldOut: null },
      stamps: { found: made.found.length, fit: made.stars.length, heldOut: 0, rejected: 0 },
      clippedPixels: 0,
      stars: [],
      fwhm: made.fwhm,
      merit: null,
      usable: made.usable / (width * height),
      notes,
    },
  }
}

/** Takes the background away and fills what is bad from around it. */
function flattened(frame: Frame, psf: ZogyInput['psf'], options: ZogyOptions, workshop: Workshop): TileFrame {
  const { width, height, data } = frame.plane
  const values = workshop.arena.float32(width * height)
  const mesh = options.mesh ?? 128
  if (mesh > 0 && Math.min(width, height) >= mesh) {
    const background = measureBackground(frame.plane, frame.mask, { mesh, filter: 3 }, workshop)
    levelRows(background, 0, height, values)
  } else {
    values.fill(frame.level)
  }
  for (let i = 0; i < values.length; i++) values[i] = data[i] - values[i]
  for (let i = 0; i < values.length; i++) if (!isGood(frame, i)) values[i] = interpolated(frame, values, i)
  return { frame, values, psf }
}

/** Mean of the good pixels around, weighted by 1 / distance²; a saturated star's core goes on at its rim. */
function interpolated(frame: Frame, values: Float32Array, i: number): number {
  const { width, height } = frame.plane
  const [x, y] = [i % width, Math.floor(i / width)]
  for (let r = 1; r <= 7; r++) {
    let [sum, weight] = [0, 0]
    for (let v = Math.max(0, y - r); v <= Math.min(height - 1, y + r); v++) {
      for (let u = Math.max(0, x - r); u <= Math.min(width - 1, x + r); u++) {
        const at = v * width + u
        if (!isGood(frame, at)) continue
        const w = 1 / ((u - x) ** 2 + (v - y) ** 2)
        sum += w * values[at]
        weight += w
      }
    }
    if (weight > 0) return sum / weight
  }
  return 0
}

function tilesOf(width: number, height: number, size: number, border: number): Tile[] {
  const columns = Math.max(1, Math.round(width / size))
  const rows = Math.max(1, Math.round(height / size))
  const tiles: Tile[] = []
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const [x, right] = [Math.floor((c * width) / columns), Math.floor(((c + 1) * width) / columns)]
      const [y, top] = [Math.floor((r * height) / rows), Math.floor(((r + 1) * height) / rows)]
      tiles.push({
        x,
        y,
        width: right - x,
        height: top - y,
        border,
        gridWidth: fastSize(right - x + 2 * border),
        gridHeight: fastSize(top - y + 2 * border),
        shift: [0, 0],
      })
    }
  }
  return tiles
}

/**
 * Ratio of both frames' counts after each went through the other's point spread, which makes them look alike, and by how much sources lie
 * further along x and y in the first: medians over stars, twice, for the first step takes stars as straight lines. NaN and no shift
 * where there is no star.
 */
function matchedOn(
  frames: readonly [TileFrame, TileFrame],
  stars: readonly Stamp[],
  tiles: readonly Tile[],
  workshop: Workshop,
): { scale: number; shift: [number, number] } {
  let scale = NaN
  let shift: [number, number] = [0, 0]
  for (let round = 0; round < 2; round++) {
    const found: Float64Array[] = []
    for (const tile of tiles) {
      const own = stars.filter(
        ({ x, y }) => x >= tile.x && y >= tile.y && x < tile.x + tile.width && y < tile.y + tile.height,
      )
      if (own.length === 0) continue
      workshop.arena.during(() => {
        const { first, second, stride } = zogyTile(frames, { ...tile, shift, crossed: true }, workshop)
        for (const { x, y } of own) {
          const at = (y - tile.y + tile.border) * stride + x - tile.x + tile.border
          const star = matchedStar(first, second, stride, at)
          if (star) found.push(star)
        }
      })
    }
    if (found.length === 0) break
    const middle = (k: number) => found.map((star) => star[k]).sort((a, b) => a - b)[found.length >> 1]
    scale = middle(0)
    const [dx, dy] = [middle(1), middle(2)]
    // Further than this a star's slope tells nothing; then the frames are not aligned at all.
    if (Math.hypot(dx, dy) < 2) shift = [shift[0] + dx, shift[1] + dy]
  }
  return { scale, shift }
}

/** Scale and shift of one star by least squares: first = scale · (second − shift · its slope). */
function matchedStar(
  first: Float32Array,
  second: Float32Array,
  stride: number,
  at: number,
): Float64Array | null {
  const matrix = new Float64Array(9)
  const right = new Float64Array(3)
  for (let v = -3; v <= 3; v++) {
    for (let u = -3; u <= 3; u++) {
      const i = at + v * stride + u
      const terms = [
        second[i],
        0.5 * (second[i - 1] - second[i + 1]),
        0.5 * (second[i - stride] - second[i + stride]),
      ]
      terms.forEach((a, row) => {
        right[row] += a * first[i]
        terms.forEach((b, column) => (matrix[3 * row + column] += a * b))
      })
    }
  }
  if (!solvePositive(matrix, right, 3)) return null
  return right.map((value, k) => (k === 0 ? value : value / right[0]))
}

type Results = Record<'difference' | 'noise' | 'score' | 'flux' | 'fluxError', Plane>

function place(tile: Tile, out: TileResult, result: Results, width: number): void {
  for (const name of ['difference', 'noise', 'score', 'flux', 'fluxError'] as const) {
    for (let y = 0; y < tile.height; y++) {
      const from = (y + tile.border) * out.stride + tile.border
      result[name].data.set(out[name].subarray(from, from + tile.width), (tile.y + y) * width + tile.x)
    }
  }
}

/** Bits of both masks; around bad pixels, as far as a star's core reaches, `spread`. Returns how many are free. */
function maskOf(
  frames: { science: Frame; template: Frame },
  fwhm: { science: number; template: number },
  mask: Uint8Array,
  result: Results,
): number {
  const { width, height } = frames.science.plane
  mask.fill(0)
  const near = Math.ceil(Math.max(fwhm.science, fwhm.template))
  for (const frame of [frames.science, frames.template]) {
    for (let i = 0; i < mask.length; i++) {
      if (isGood(frame, i)) continue
      const saturated = frame.plane.data[i] >= frame.saturation
      mask[i] |= (frame.mask?.data[i] ?? 0) | (saturated ? maskBits.saturated : 0)
      if (!Number.isFinite(frame.plane.data[i])) mask[i] |= maskBits.invalid
      const r = saturated ? 2 * near : near
      const [x, y] = [i % width, Math.floor(i / width)]
      for (let v = Math.max(0, y - r); v <= Math.min(height - 1, y + r); v++) {
        for (let u = Math.max(0, x - r); u <= Math.min(width - 1, x + r); u++) {
          if ((u - x) ** 2 + (v - y) ** 2 <= r * r) mask[v * width + u] |= maskBits.spread
        }
      }
    }
  }
  let usable = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      const edge = Math.min(x, y, width - 1 - x, height - 1 - y) < 2 * near
      if (edge) mask[i] |= maskBits.spread
      if (mask[i] === 0) usable++
      if ((mask[i] & maskBits.invalid) === 0) continue
      for (const plane of Object.values(result)) plane.data[i] = NaN
    }
  }
  return usable
}

function starChi2(stars: readonly Stamp[], { difference, noise }: Results, mask: Uint8Array): number {
  let [sum, n] = [0, 0]
  for (const { x, y } of stars) {
    for (let v = -4; v <= 4; v++) {
      for (let u = -4; u <= 4; u++) {
        const i = (y + v) * difference.width + x + u
        if (mask[i] !== 0) continue
        sum += (difference.data[i] / noise.data[i]) ** 2
        n++
      }
    }
  }
  return n > 0 ? sum / n : NaN
}
