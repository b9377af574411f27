/**
 * What is measured of every detected source: Kron (AUTO) and aperture fluxes with neighbours taken out, radii that hold
 * given fractions of the flux, windowed positions. Shared out over the crew in pieces of the list.
 * After Bertin & Arnouts (1996) and the published description of SExtractor's quantities.
 */
import { noiseAt, type Noise } from './aperture.ts'
import { emptyGrowthCurve, growthCurve, growthRadius } from './growth.ts'
import {
  emptyEllipse,
  kronRadius,
  kronReach,
  kronRule,
  setEllipse,
  setKronAperture,
  type KronRule,
} from './kron.ts'
import { emptyStamp, gatherStamp, type MeasureFrame } from './stamp.ts'
import { emptyStampSums, sumCircle, sumEllipse, type StampSums } from './sums.ts'
import { sourceFlags, type Mask, type Pixels, type Plane } from '#science/image/plane.ts'
import { emptyWindowedPosition, emptyWindowScratch, windowedPosition, windowReach } from './windowed.ts'
import type { Part, Workshop } from '#science/image/workshop.ts'

/** Where sources are and what they look like; `Detections` of the detection has these columns. */
export interface SourceShapes {
  readonly rows: number
  /** 0-based pixels. */
  readonly x: Float64Array
  readonly y: Float64Array
  /** Semi-axes (rms along the axes), pixels, and the angle of the first, degrees from x towards y. */
  readonly a: Float64Array
  readonly b: Float64Array
  readonly theta: Float64Array
}

export interface MeasureOptions {
  readonly mask?: Mask | null
  /** Source i owns the pixels that are i + 1. Needed to take neighbours out. */
  readonly segmentation?: Int32Array | null
  /** 'correct': pixels of neighbours are replaced by those opposite the centre; 'none': they count. */
  readonly neighbours?: 'correct' | 'none'
  /** Sky noise (standard deviation): one value, a plane, or a function, which is asked in the caller's thread. */
  readonly noise?: Noise
  /** e⁻ per unit of the plane; 0 or Infinity: no photon noise. */
  readonly gain?: number
  /** Radii of circular apertures, pixels. */
  readonly apertures?: readonly number[]
  /** How their edges count: 5 as SExtractor does, 0 for exact areas. */
  readonly subpixels?: number
  readonly kron?: Partial<KronRule>
  /** Which fractions of the AUTO flux radii are wanted for; 0.5 first gives the window of the windowed position. */
  readonly fractions?: readonly number[]
  readonly windowed?: boolean
}

/** NaN where something could not be measured. */
export interface SourceMeasures {
  rows: number
  /** What the axes are multiplied by for AUTO; 0 for SEP's small circle. */
  kronRadius: Float64Array
  fluxAuto: Float64Array
  fluxAutoErr: Float64Array
  /** One column per aperture. */
  fluxAper: Float64Array[]
  fluxAperErr: Float64Array[]
  /** One column per fraction, pixels. */
  fluxRadius: Float64Array[]
  /** Windowed position, 0-based, with variances and covariance. */
  xWin: Float64Array
  yWin: Float64Array
  xWinVar: Float64Array
  yWinVar: Float64Array
  xyWinVar: Float64Array
  /** To be or-ed to those of the detection. */
  flags: Uint32Array
}

/** Share of neighbours' pixels in an aperture from which on its flux is called biased. */
const crowded = 0.1
/** About where a source's isophote ends, in semi-axes: a window that moves further has left the source. */
const isophotalReach = 3
/** Where the growth curve is first looked for the radii: most of them are there. */
const nearReach = 2.5
/** Least half-light radius, pixels, that a window is made for. */
const leastHalfLight = 0.5

/** One value per source of a piece: everything that `measurePiece` needs, as plain data. */
interface PieceInput {
  frame: MeasureFrame
  /** Variance of a sky pixel at each source, or a plane of deviations. */
  noise: Float64Array | null
  noisePlane: Pixels | null
  /** Label of the first source. */
  label: number
  x: Float64Array
  y: Float64Array
  a: Float64Array
  b: Float64Array
  theta: Float64Array
  correct: boolean
  photons: number
  apertures: readonly number[]
  subpixels: number
  kron: KronRule
  fractions: readonly number[]
  windowed: boolean
}

/** A piece of the list, for the crew. */
export const measurePiece: Part<PieceInput, SourceMeasures> = {
  module: import.meta.url,
  name: 'measurePiece',
  run: measureAll,
}

/**
 * Measures all sources of a background-subtracted plane. The order of sources matters for speed alone: neighbours in
 * the list should be neighbours in the frame.
 */
export function measureSources(
  plane: Plane<Pixels>,
  sources: SourceShapes,
  options: MeasureOptions,
  workshop: Workshop,
): SourceMeasures {
  const { rows } = sources
  const { noise = 0, gain = 0, neighbours = 'correct', segmentation = null } = options
  const perPixel = typeof noise === 'object'
  const frame: MeasureFrame = {
    data: plane.data,
    width: plane.width,
    height: plane.height,
    segmentation,
    mask: options.mask?.data ?? null,
  }
  const arrays = [plane.data, segmentation, frame.mask, perPixel ? noise : null]
  // Arrays that are not on the shared memory would be copied for each hand.
  const shared = arrays.every((array) => array === null || workshop.arena.holds(array))
  // More pieces than hands, so that one crowded corner does not keep the others waiting.
  const pieces =
    shared && workshop.crew.hands > 1 ? Math.min(8 * workshop.crew.hands, Math.ceil(rows / 64)) : 1
  const inputs = Array.from({ length: Math.max(1, pieces) }, (_, k): PieceInput => {
    const from = Math.floor((rows * k) / Math.max(1, pieces))
    const to = Math.floor((rows * (k + 1)) / Math.max(1, pieces))
    const x = sources.x.slice(from, to)
    const y = sources.y.slice(from, to)
    return {
      frame,
      noise: perPixel ? null : x.map((_, i) => noiseAt(noise, x[i], y[i]) as number),
      noisePlane: perPixel ? noise : null,
      label: from + 1,
      x,
      y,
      a: sources.a.slice(from, to),
      b: sources.b.slice(from, to),
      theta: sources.theta.slice(from, to),
      correct: neighbours === 'correct',
      photons: gain > 0 && Number.isFinite(gain) ? 1 / gain : 0,
      apertures: options.apertures ?? [],
      subpixels: options.subpixels ?? 5,
      kron: { ...kronRule, ...options.kron },
      fractions: options.fractions ?? [0.5],
      windowed: options.windowed ?? true,
    }
  })
  return joined(workshop.crew.each(measurePiece, inputs, workshop), rows)
}

function measureAll(input: PieceInput): SourceMeasures {
  const rows = input.x.length
  const out = emptyMeasures(rows, input.apertures.length, input.fractions.length)
  const stamp = emptyStamp()
  const ellipse = emptyEllipse()
  const curve = emptyGrowthCurve()
  const position = emptyWindowedPosition()
  const weights = emptyWindowScratch()
  const aperture = { scale: 0, radius: 0 }
  const sums = emptyStampSums()
  const widest = Math.max(2, ...input.apertures) + 1
  const mostFlux = Math.max(0.5, ...input.fractions)
  const window = { sigma: 1, noise: 0, photons: input.photons, leash: 0 }
  for (let i = 0; i < rows; i++) {
    const { frame } = input
    const x = input.x[i]
    const y = input.y[i]
    const a = input.a[i]
    const b = input.b[i]
    if (!measurable(frame, x, y, a, b)) {
      setNaN(out, i)
      out.flags[i] = sourceFlags.badSky
      continue
    }
    setEllipse(ellipse, a, b, input.theta[i])
    const label = input.label + i
    const noise = input.noise === null ? meanVariance(input.noisePlane, frame, x, y, a) : input.noise[i]

    const growth = kronReach * a
    let halfX = Math.max(kronReach * ellipse.halfX, nearReach * a + 4, widest) + 1
    let halfY = Math.max(kronReach * ellipse.halfY, nearReach * a + 4, widest) + 1
    gatherStamp(stamp, frame, label, x, y, halfX, halfY, input.correct)
    const first = kronRadius(sums, stamp, ellipse, x, y)
    // Flags follow SExtractor: neighbours or the frame's edge within the wide ellipse count, bad pixels there do not.
    let flags = apertureFlags(sums, frame, x, y, kronReach * ellipse.halfX, kronReach * ellipse.halfY)
    flags &= ~sourceFlags.maskedInAperture
    setKronAperture(aperture, input.kron, first, a, b)
    if (aperture.scale > kronReach) {
      halfX = Math.max(halfX, aperture.scale * ellipse.halfX + 1)
      halfY = Math.max(halfY, aperture.scale * ellipse.halfY + 1)
      gatherStamp(stamp, frame, label, x, y, halfX, halfY, input.correct)
    }
    if (aperture.radius > 0) sumCircle(sums, stamp, input.kron.circle, x, y, input.subpixels)
    else sumEllipse(sums, stamp, ellipse, x, y, aperture.scale)
    const auto = sums.flux
    const reachX = aperture.radius > 0 ? aperture.radius : aperture.scale * ellipse.halfX
    const reachY = aperture.radius > 0 ? aperture.radius : aperture.scale * ellipse.halfY
    flags |= apertureFlags(sums, frame, x, y, reachX, reachY)
    out.kronRadius[i] = aperture.radius > 0 ? 0 : aperture.scale
    out.fluxAuto[i] = sums.area > 0 ? auto : NaN
    out.fluxAutoErr[i] = Math.sqrt(noise * sums.area + Math.max(auto, 0) * input.photons)

    for (let k = 0; k < input.apertures.length; k++) {
      sumCircle(sums, stamp, input.apertures[k], x, y, input.subpixels)
      out.fluxAper[k][i] = sums.area > 0 ? sums.flux : NaN
      out.fluxAperErr[k][i] = Math.sqrt(noise * sums.area + Math.max(sums.flux, 0) * input.photons)
      flags |= apertureFlags(sums, frame, x, y, input.apertures[k], input.apertures[k])
    }

    let halfLight = NaN
    if (input.fractions.length > 0 || input.windowed) {
      growthCurve(curve, stamp, x, y, nearReach * a, growth)
      if (!(curve.flux[curve.steps] > 1.1 * mostFlux * auto)) {
        halfX = Math.max(halfX, growth + 1)
        halfY = Math.max(halfY, growth + 1)
        gatherStamp(stamp, frame, label, x, y, halfX, halfY, input.correct)
        growthCurve(curve, stamp, x, y, growth, growth)
      }
      halfLight = growthRadius(curve, stamp, x, y, 0.5 * auto, input.subpixels)
      for (let k = 0; k < input.fractions.length; k++) {
        const part = input.fractions[k]
        out.fluxRadius[k][i] =
          part === 0.5 ? halfLight : growthRadius(curve, stamp, x, y, part * auto, input.subpixels)
      }
    }
    if (input.windowed) {
      window.sigma = (2 * Math.max(leastHalfLight, halfLight || 0)) / 2.35
      window.noise = noise
      const far = windowReach * window.sigma + a
      if (far > halfX || far > halfY) {
        gatherStamp(stamp, frame, label, x, y, Math.max(far, halfX), Math.max(far, halfY), input.correct)
      }
      window.leash = isophotalReach * a
      windowedPosition(position, stamp, weights, x, y, window)
      out.xWin[i] = position.x
      out.yWin[i] = position.y
      out.xWinVar[i] = position.xVar
      out.yWinVar[i] = position.yVar
      out.xyWinVar[i] = position.xyVar
    }
    out.flags[i] = flags
  }
  return out
}

function measurable(frame: MeasureFrame, x: number, y: number, a: number, b: number): boolean {
  return (
    x >= -0.5 && y >= -0.5 && x <= frame.width - 0.5 && y <= frame.height - 0.5 && a > 0 && b > 0 && a < 1e5
  )
}

function apertureFlags(
  sums: StampSums,
  frame: MeasureFrame,
  x: number,
  y: number,
  reachX: number,
  reachY: number,
): number {
  const outside =
    x - reachX < -0.5 ||
    y - reachY < -0.5 ||
    x + reachX > frame.width - 0.5 ||
    y + reachY > frame.height - 0.5
  return (
    (sums.neighbours + sums.bad > crowded * sums.area ? sourceFlags.neighbours : 0) |
    (sums.bad > 0 ? sourceFlags.maskedInAperture : 0) |
    (outside ? sourceFlags.apertureIncomplete : 0)
  )
}

/** Mean variance of the sky noise within ± `a` pixels: what a plane of deviations says of one source. */
function meanVariance(plane: Pixels | null, frame: MeasureFrame, x: number, y: number, a: number): number {
  if (plane === null) return 0
  const half = Math.min(32, Math.ceil(2 * a))
  let total = 0
  let count = 0
  for (let row = Math.round(y) - half; row <= Math.round(y) + half; row++) {
    if (row < 0 || row >= frame.height) continue
    for (let column = Math.round(x) - half; column <= Math.round(x) + half; column++) {
      if (column < 0 || column >= frame.width) continue
      const variance = plane[row * frame.width + column] ** 2
      if (!Number.isFinite(variance)) continue
      total += variance
      count++
    }
  }
  return count > 0 ? total / count : NaN
}

/** Columns of `rows` sources, all 0. */
function emptyMeasures(rows: number, apertures: number, fractions: number): SourceMeasures {
  const column = () => new Float64Array(rows)
  const columns = (count: number) => Array.from({ length: count }, column)
  return {
    rows,
    kronRadius: column(),
    fluxAuto: column(),
    fluxAutoErr: column(),
    fluxAper: columns(apertures),
    fluxAperErr: columns(apertures),
    fluxRadius: columns(fractions),
    xWin: column(),
    yWin: column(),
    xWinVar: column(),
    yWinVar: column(),
    xyWinVar: column(),
    flags: new Uint32Array(rows),
  }
}

function columnsOf(m: SourceMeasures): Float64Array[] {
  const { kronRadius: kron, fluxAuto, fluxAutoErr, fluxAper, fluxAperErr, fluxRadius } = m
  const position = [m.xWin, m.yWin, m.xWinVar, m.yWinVar, m.xyWinVar]
  return [kron, fluxAuto, fluxAutoErr, ...fluxAper, ...fluxAperErr, ...fluxRadius, ...position]
}

function setNaN(m: SourceMeasures, i: number): void {
  for (const column of columnsOf(m)) column[i] = NaN
}

function joined(pieces: readonly SourceMeasures[], rows: number): SourceMeasures {
  if (pieces.length === 1) return pieces[0]
  const out = emptyMeasures(rows, pieces[0].fluxAper.length, pieces[0].fluxRadius.length)
  const columns = columnsOf(out)
  let at = 0
  for (const piece of pieces) {
    columnsOf(piece).forEach((column, k) => columns[k].set(column, at))
    out.flags.set(piece.flags, at)
    at += piece.rows
  }
  return out
}
