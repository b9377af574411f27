/**
 * The photometric zero point of a frame as a model that can be written to JSON and asked at any place:
 * m_catalogue = m_instrumental + ZP(x, y, m) + Σ Cₖ·colourᵏ.
 */
import { Problem } from '#problem.ts'

export interface ZeroPointTerms {
  /** Degree of the polynomial in x and y. */
  readonly spatialOrder: number
  /** Degree of a polynomial in x and y for a flux that all measurements miss or have too much; null is none. */
  readonly fluxOrder: number | null
  /** A term linear in the instrumental magnitude. */
  readonly nonlinear: boolean
  /** Powers of the colour; 0 is none. */
  readonly colourOrder: number
}

export interface ZeroPoint {
  readonly terms: ZeroPointTerms
  /** Pixel coordinates are taken from here and divided by `scale`. */
  readonly centre: readonly [number, number]
  readonly scale: number
  /** Instrumental magnitude at which the nonlinear term is zero, and to whose flux the additive flux refers. */
  readonly magnitude0: number
  /** In order of the terms: spatial, additive flux, nonlinear; the colour has its own. */
  readonly coefficients: readonly number[]
  /** Of the coefficients, row after row, mag². */
  readonly covariance: readonly number[]
  readonly colour: {
    readonly terms: readonly number[]
    readonly errors: readonly number[]
    readonly forced: boolean
  } | null
  /** By how much the stated errors have to be multiplied to explain the scatter; never below 1. */
  readonly errorScale: number
  /** Scatter beyond the stated errors, mag. */
  readonly scatter: number
  /** Scatter of the means of parts of the frame beyond what their stars explain, mag; null where stars are too few. */
  readonly systematic: number | null
  /** σ of the residuals of used stars, from their median deviation, mag. */
  readonly rms: number
  readonly stars: { readonly given: number; readonly usable: number; readonly used: number }
  /** Where the used stars lie; the model is extrapolated elsewhere. */
  readonly range: {
    readonly x: readonly [number, number]
    readonly y: readonly [number, number]
    readonly magnitude: readonly [number, number]
    readonly colour: readonly [number, number] | null
  }
  /** For people: what the numbers cannot be trusted for, and why. */
  readonly warnings: readonly string[]
}

/** How many coefficients a polynomial of a degree in two coordinates has. */
export const polynomialTerms = (order: number): number => ((order + 1) * (order + 2)) / 2

/** How many coefficients the terms have without the colour's. */
export function termCount({ spatialOrder, fluxOrder, nonlinear }: ZeroPointTerms): number {
  return (
    polynomialTerms(spatialOrder) +
    (fluxOrder === null ? 0 : polynomialTerms(fluxOrder)) +
    (nonlinear ? 1 : 0)
  )
}

/**
 * What each coefficient is multiplied by at a place, written to `out`. Without a magnitude the terms that depend on it
 * are left out.
 */
export function termsAt(
  model: Pick<ZeroPoint, 'terms' | 'centre' | 'scale' | 'magnitude0'>,
  x: number,
  y: number,
  magnitude: number | undefined,
  out: Float64Array,
): Float64Array {
  const { terms, centre, scale, magnitude0 } = model
  const u = (x - centre[0]) / scale
  const v = (y - centre[1]) / scale
  let at = 0
  const polynomial = (order: number, factor: number) => {
    for (let i = 0; i <= order; i++) for (let j = 0; j <= i; j++) out[at++] = factor * u ** (i - j) * v ** j
  }
  polynomial(terms.spatialOrder, 1)
  // −2.5 log10 of a flux F + b is −2.5 log10 F − 1.0857 b / F for a small b.
  if (terms.fluxOrder !== null)
    polynomial(
      terms.fluxOrder,
      magnitude === undefined ? 0 : (-2.5 / Math.LN10) * 10 ** (0.4 * (magnitude - magnitude0)),
    )
  if (terms.nonlinear) out[at++] = magnitude === undefined ? 0 : magnitude - magnitude0
  return out
}

export interface ZeroPointValue {
  /** mag, without the colour's part. */
  readonly value: number
  /** 1σ from the covariance and the systematic floor, mag. */
  readonly error: number
  /** True outside of where stars were. */
  readonly extrapolated: boolean
}

/** The zero point at pixel (x, y), 0-based, for a source of an instrumental magnitude where the model depends on it. */
export function zeroPointAt(model: ZeroPoint, x: number, y: number, magnitude?: number): ZeroPointValue {
  const { value, error } = zeroPointsAt(model, [x], [y], magnitude === undefined ? undefined : [magnitude])
  const { range, terms } = model
  const beyond = (each: number, [low, high]: readonly [number, number]) => each < low || each > high
  const extrapolated =
    (terms.spatialOrder > 0 && (beyond(x, range.x) || beyond(y, range.y))) ||
    (magnitude !== undefined &&
      (terms.nonlinear || terms.fluxOrder !== null) &&
      beyond(magnitude, range.magnitude))
  return { value: value[0], error: error[0], extrapolated }
}

/** Zero points at many places: value and 1σ error, mag. */
export function zeroPointsAt(
  model: ZeroPoint,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  magnitude?: ArrayLike<number>,
): { value: Float64Array; error: Float64Array } {
  if (x.length !== y.length || (magnitude && magnitude.length !== x.length))
    throw new Problem(
      'photometry.lengths',
      `${x.length} x, ${y.length} y and their magnitudes must be as many.`,
    )
  const p = model.coefficients.length
  const row = new Float64Array(p)
  const value = new Float64Array(x.length)
  const error = new Float64Array(x.length)
  const floor = (model.systematic ?? 0) ** 2
  for (let i = 0; i < x.length; i++) {
    termsAt(model, x[i], y[i], magnitude?.[i], row)
    let sum = 0
    let variance = 0
    for (let a = 0; a < p; a++) {
      sum += row[a] * model.coefficients[a]
      for (let b = 0; b < p; b++) variance += row[a] * row[b] * model.covariance[a * p + b]
    }
    value[i] = sum
    error[i] = Math.sqrt(Math.max(0, variance) + floor)
  }
  return { value, error }
}

export interface Calibrated {
  /** In the instrument's own band on the catalogue's zero: add C·colour for the catalogue's band. */
  readonly magnitude: Float64Array
  /** All of it: photon noise as scaled by the fit, scatter between stars, and the zero point's error, mag. */
  readonly error: Float64Array
}

/** Instrumental magnitudes and their errors on the frame's zero point. NaN stays NaN. */
export function calibrated(
  model: ZeroPoint,
  sources: {
    readonly x: ArrayLike<number>
    readonly y: ArrayLike<number>
    readonly magnitude: ArrayLike<number>
    readonly error: ArrayLike<number>
  },
): Calibrated {
  const zero = zeroPointsAt(model, sources.x, sources.y, sources.magnitude)
  return {
    magnitude: zero.value.map((value, i) => sources.magnitude[i] + value),
    error: zero.error.map((error, i) =>
      Math.hypot(sources.error[i] * model.errorScale, model.scatter, error),
    ),
  }
}
