/** How faint a frame sees: from the noise of the sources it has, and from the sky alone. */
import { Problem } from '#problem.ts'
import { madSigma, medianOf } from '#science/image/median.ts'

/** 1/(S/N)² = p₀ t² + p₁ t with t = 10^(0.4 (m − m₀)): noise of the sky, and of the source's own photons. */
export interface NoiseModel {
  readonly sky: number
  readonly photons: number
  readonly magnitude0: number
  /** σ of ln(S/N) about the model. */
  readonly scatter: number
  readonly sources: number
  /** Magnitudes of the sources that were fitted; beyond them the model is extrapolated. */
  readonly range: readonly [number, number]
}

export interface NoiseSources {
  /** Calibrated. */
  readonly magnitude: ArrayLike<number>
  /** Flux over its error. */
  readonly snr: ArrayLike<number>
  /** Sources with any are left out. */
  readonly flags?: ArrayLike<number>
}

/**
 * Fits the noise model to sources, with weights that make outliers count little (Tukey's, four rounds). Throws
 * `photometry.too_few_stars` with fewer than five sources and `photometry.lengths`.
 */
export function fitNoiseModel({ magnitude, snr, flags }: NoiseSources): NoiseModel {
  if (snr.length !== magnitude.length || (flags && flags.length !== magnitude.length))
    throw new Problem(
      'photometry.lengths',
      `${magnitude.length} magnitudes and ${snr.length} S/N must be as many.`,
    )
  const m: number[] = []
  const s: number[] = []
  for (let i = 0; i < magnitude.length; i++) {
    if (
      !Number.isFinite(magnitude[i]) ||
      !(snr[i] > 0) ||
      !Number.isFinite(snr[i]) ||
      (flags?.[i] ?? 0) !== 0
    )
      continue
    m.push(magnitude[i])
    s.push(snr[i])
  }
  if (m.length < 5)
    throw new Problem(
      'photometry.too_few_stars',
      `${m.length} unflagged sources do not tell how noise depends on magnitude; 5 are needed.`,
      { usable: m.length },
    )
  const magnitude0 = medianOf(m)
  const t = m.map((each) => 10 ** (0.4 * (each - magnitude0)))
  const y = s.map((each) => each ** -2)
  const weights = new Float64Array(m.length).fill(1)
  let sky = 0
  let photons = 0
  let residuals = new Float64Array(m.length)
  for (let round = 0; round < 5; round++) {
    ;[sky, photons] = positivePair(t, y, weights)
    // Of ln(S/N), half of that of ln y.
    residuals = Float64Array.from(m, (_, k) => 0.5 * Math.log((sky * t[k] ** 2 + photons * t[k]) / y[k]))
    const scale = Math.max(1e-6, madSigma(residuals, 0))
    for (let k = 0; k < weights.length; k++) {
      const u = residuals[k] / (4.685 * scale)
      weights[k] = Math.abs(u) < 1 ? (1 - u * u) ** 2 : 0
    }
  }
  return {
    sky,
    photons,
    magnitude0,
    scatter: madSigma(residuals, 0),
    sources: m.length,
    range: [m.reduce((a, b) => Math.min(a, b)), m.reduce((a, b) => Math.max(a, b))],
  }
}

/** Least squares of y = a t² + b t in relative terms, a and b not below zero. */
function positivePair(t: readonly number[], y: readonly number[], weights: Float64Array): [number, number] {
  let aa = 0
  let ab = 0
  let bb = 0
  let ya = 0
  let yb = 0
  for (let k = 0; k < t.length; k++) {
    const first = t[k] ** 2 / y[k]
    const second = t[k] / y[k]
    aa += weights[k] * first * first
    ab += weights[k] * first * second
    bb += weights[k] * second * second
    ya += weights[k] * first
    yb += weights[k] * second
  }
  const determinant = aa * bb - ab * ab
  const a = (ya * bb - yb * ab) / determinant
  const b = (aa * yb - ab * ya) / determinant
  if (determinant > 1e-9 * aa * bb && a >= 0 && b >= 0) return [a, b]
  return a < 0 || !(yb * yb < (ya * ya * bb) / aa) ? [0, yb / bb] : [ya / aa, 0]
}

/** S/N of a source of a magnitude. */
export function snrAt({ sky, photons, magnitude0 }: NoiseModel, magnitude: number): number {
  const t = 10 ** (0.4 * (magnitude - magnitude0))
  return 1 / Math.sqrt(sky * t * t + photons * t)
}

/** Magnitude at which sources have a given S/N. */
export function limitingMagnitude({ sky, photons, magnitude0 }: NoiseModel, snr: number): number {
  const y = 1 / (snr * snr)
  // Written so that nothing cancels where one of the two terms is nothing.
  const t = (2 * y) / (photons + Math.sqrt(photons * photons + 4 * sky * y))
  return magnitude0 + 2.5 * Math.log10(t)
}

export interface SkyLimit {
  readonly magnitude: number
  /** From place to place, mag. */
  readonly scatter: number
  readonly places: number
}

/**
 * Magnitude of a source of `snr` from the sky's noise in the aperture alone: median and scatter of
 * −2.5 log10(snr · σ) + zero point over places. Null where no place has a noise.
 */
export function skyLimit(
  noise: ArrayLike<number>,
  zeroPoint: ArrayLike<number> | number,
  snr: number,
): SkyLimit | null {
  const values: number[] = []
  for (let i = 0; i < noise.length; i++) {
    const value =
      -2.5 * Math.log10(snr * noise[i]) + (typeof zeroPoint === 'number' ? zeroPoint : zeroPoint[i])
    if (noise[i] > 0 && Number.isFinite(value)) values.push(value)
  }
  return values.length === 0
    ? null
    : {
        magnitude: medianOf(values),
        scatter: values.length > 1 ? madSigma(values) : 0,
        places: values.length,
      }
}
