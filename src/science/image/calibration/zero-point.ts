/**
 * The photometric zero point of a frame from stars whose catalogue magnitudes are known. Robust regression (Huber 1981)
 * with errors that are first tested: they are scaled by the root of the reduced χ² where they are too small, and scatter
 * beyond them is found by likelihood, so that the zero point's own error is one that can be believed.
 */
import { Problem } from '#problem.ts'
import { polynomialTerms, termCount, termsAt } from './zero-point-model.ts'
import type { ZeroPoint, ZeroPointTerms } from './zero-point-model.ts'
import { weightedLeastSquares } from '#science/image/least-squares.ts'
import { madSigma, medianOf } from '#science/image/median.ts'
import { errorBudget } from './zero-point-errors.ts'
import { binnedScatter } from './zero-point-bins.ts'
import { zeroPointWarnings } from './zero-point-warnings.ts'

/** Matched pairs, struct of arrays. Numbers that are not finite leave their star out. */
export interface CalibrationStars {
  /** 0-based pixels. */
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  /** Instrumental: −2.5 log10 of the flux. */
  readonly magnitude: ArrayLike<number>
  readonly error: ArrayLike<number>
  readonly catalogueMagnitude: ArrayLike<number>
  /** Zero where left out. */
  readonly catalogueError?: ArrayLike<number>
  readonly colour?: ArrayLike<number>
  /** `sourceFlags`; stars with others than the accepted ones are left out. */
  readonly flags?: ArrayLike<number>
}

export interface ZeroPointOptions {
  readonly spatialOrder?: number
  /** `free` fits a colour term (where colours are given), a number forces one, `none` leaves it out. */
  readonly colour?: 'free' | 'none' | number
  /** Powers of the colour that are fitted. */
  readonly colourOrder?: number
  /** Degree of the additive flux; null for none. */
  readonly fluxOrder?: number | null
  readonly nonlinear?: boolean
  /** Huber's weights; otherwise plain least squares. */
  readonly robust?: boolean
  /** Flags that do not leave a star out; deblended ones unless said. */
  readonly acceptFlags?: number
  /** Catalogue magnitudes that are used. */
  readonly brightest?: number
  readonly faintest?: number
  /** Residuals beyond so many σ are left out. */
  readonly clip?: number
  readonly rounds?: number
  /** Most scatter beyond the errors that is put down to the sky and the flat field, mag. */
  readonly mostScatter?: number
  /** Size of the frame, to say where the model is extrapolated. */
  readonly width?: number
  readonly height?: number
}

export interface ZeroPointFit {
  readonly model: ZeroPoint
  /** m_catalogue − model for every star that was given, mag; NaN where something was missing. */
  readonly residuals: Float64Array
  /** Total σ that the fit gives each star, mag. */
  readonly sigmas: Float64Array
  /** 1 where the star was used. */
  readonly used: Uint8Array
}

const huberAt = 1.345

interface Prepared {
  /** Place of each usable star among those given. */
  readonly index: Int32Array
  readonly y: Float64Array
  readonly sigma: Float64Array
  readonly colour: Float64Array
}

function checkLengths(stars: CalibrationStars): void {
  const { length } = stars.magnitude
  const names = ['x', 'y', 'error', 'catalogueMagnitude', 'catalogueError', 'colour', 'flags'] as const
  for (const name of names) {
    const values = stars[name]
    if (values && values.length !== length)
      throw new Problem(
        'photometry.lengths',
        `"${name}" has ${values.length} stars where "magnitude" has ${length}; all need the same.`,
      )
  }
}

function prepare(stars: CalibrationStars, options: ZeroPointOptions, useColour: boolean): Prepared {
  const accepted = options.acceptFlags ?? 0x2
  const forced = typeof options.colour === 'number' ? options.colour : 0
  const index: number[] = []
  for (let i = 0; i < stars.magnitude.length; i++) {
    const catalogue = stars.catalogueMagnitude[i]
    const sigma = Math.hypot(stars.error[i], stars.catalogueError?.[i] ?? 0)
    const needsColour = useColour || forced !== 0
    const finite =
      Number.isFinite(stars.x[i] + stars.y[i] + stars.magnitude[i] + catalogue + sigma) &&
      (!needsColour || Number.isFinite(stars.colour?.[i]))
    if (!finite || stars.error[i] < 0) continue
    if (((stars.flags?.[i] ?? 0) & ~accepted) !== 0) continue
    if (catalogue < (options.brightest ?? -Infinity) || catalogue > (options.faintest ?? Infinity)) continue
    index.push(i)
  }
  return {
    index: Int32Array.from(index),
    y: Float64Array.from(
      index,
      (i) =>
        stars.catalogueMagnitude[i] -
        stars.magnitude[i] -
        (forced === 0 ? 0 : forced * (stars.colour?.[i] ?? NaN)),
    ),
    // An error of nothing would weigh more than all others together.
    sigma: Float64Array.from(index, (i) =>
      Math.max(1e-4, Math.hypot(stars.error[i], stars.catalogueError?.[i] ?? 0)),
    ),
    colour: Float64Array.from(index, (i) => stars.colour?.[i] ?? NaN),
  }
}

/** Terms in the order in which they are given up when stars are too few to tell them apart; null at the end. */
function simpler(terms: ZeroPointTerms): ZeroPointTerms | null {
  if (terms.fluxOrder !== null)
    return { ...terms, fluxOrder: terms.fluxOrder > 0 ? terms.fluxOrder - 1 : null }
  if (terms.nonlinear) return { ...terms, nonlinear: false }
  if (terms.spatialOrder > 0) return { ...terms, spatialOrder: terms.spatialOrder - 1 }
  if (terms.colourOrder > 0) return { ...terms, colourOrder: terms.colourOrder - 1 }
  return null
}

type Frame = Pick<ZeroPoint, 'centre' | 'scale' | 'magnitude0'>

function columnsOf(
  terms: ZeroPointTerms,
  frame: Frame,
  stars: CalibrationStars,
  given: Prepared,
): Float64Array[] {
  const p = termCount(terms)
  const n = given.index.length
  const columns = Array.from({ length: p + terms.colourOrder }, () => new Float64Array(n))
  const row = new Float64Array(p)
  for (let k = 0; k < n; k++) {
    const i = given.index[k]
    termsAt({ terms, ...frame }, stars.x[i], stars.y[i], stars.magnitude[i], row)
    for (let a = 0; a < p; a++) columns[a][k] = row[a]
    for (let a = 0; a < terms.colourOrder; a++) columns[p + a][k] = given.colour[k] ** (a + 1)
  }
  return columns
}

interface Fitted {
  readonly coefficients: Float64Array
  readonly inverse: Float64Array
  readonly residuals: Float64Array
  /** Factor on the covariance for the information that down-weighted stars do not give (Huber 1981). */
  readonly widened: number
}

/** Huber's regression with known σ: weights fall as 1.345 σ / |residual| beyond that. */
function regress(
  columns: readonly Float64Array[],
  y: Float64Array,
  sigma: Float64Array,
  used: Uint8Array,
  start: Float64Array,
  robust: boolean,
  leverage: Float64Array,
): Fitted | null {
  const weights = new Float64Array(y.length)
  let residuals = start
  let solution: Fitted | null = null
  for (let round = 0; round < (robust ? 30 : 1); round++) {
    for (let k = 0; k < y.length; k++) {
      const distance = robust ? Math.abs(residuals[k]) / sigma[k] : 0
      weights[k] =
        used[k] === 0 ? 0 : (leverage[k] * (distance > huberAt ? huberAt / distance : 1)) / sigma[k] ** 2
    }
    const solved = weightedLeastSquares(columns, y, weights)
    if (!solved) return null
    const next = y.slice()
    for (let a = 0; a < columns.length; a++)
      for (let k = 0; k < y.length; k++) next[k] -= solved.coefficients[a] * columns[a][k]
    let moved = 0
    for (let k = 0; k < y.length; k++)
      if (used[k] === 1) moved = Math.max(moved, Math.abs(next[k] - residuals[k]) / sigma[k])
    residuals = next
    solution = { ...solved, residuals, widened: 1 }
    if (round > 0 && moved < 1e-4) break
  }
  if (!solution || !robust) return solution
  let squares = 0
  let inside = 0
  let count = 0
  for (let k = 0; k < y.length; k++) {
    if (used[k] === 0) continue
    const distance = Math.abs(residuals[k]) / sigma[k]
    squares += Math.min(distance, huberAt) ** 2
    if (distance < huberAt) inside++
    count++
  }
  const widened = squares / Math.max(1, count - columns.length) / Math.max(0.1, inside / count)
  return { ...solution, widened: Math.max(1, widened) }
}

/** Weights by which stars of a colour far from all others cannot turn the colour term (Mallows). */
function leverageOf(colour: Float64Array | null, n: number): Float64Array {
  const weights = new Float64Array(n).fill(1)
  if (!colour) return weights
  const middle = medianOf(colour)
  const width = madSigma(colour, middle)
  if (width > 0)
    for (let k = 0; k < n; k++) weights[k] = Math.min(1, ((3 * width) / Math.abs(colour[k] - middle)) ** 2)
  return weights
}

const spread = (values: Float64Array, used: Uint8Array): [number, number] => {
  let low = Infinity
  let high = -Infinity
  for (let k = 0; k < values.length; k++) {
    if (used[k] === 0) continue
    low = Math.min(low, values[k])
    high = Math.max(high, values[k])
  }
  return [low, high]
}

const count = (used: Uint8Array): number => used.reduce((sum, each) => sum + each, 0)

/**
 * Fits the zero point. Terms for which stars are too few (fewer than twice the coefficients) or that they cannot tell apart
 * are given up, and a warning says so. Throws `photometry.too_few_stars` with fewer than two usable stars, and
 * `photometry.lengths`.
 */
export function fitZeroPoint(stars: CalibrationStars, options: ZeroPointOptions = {}): ZeroPointFit {
  checkLengths(stars)
  const wished = options.colour ?? 'free'
  const warnings: string[] = []
  const wanted: ZeroPointTerms = {
    spatialOrder: Math.max(0, Math.floor(options.spatialOrder ?? 0)),
    fluxOrder: options.fluxOrder ?? null,
    nonlinear: options.nonlinear ?? false,
    colourOrder: wished === 'free' && stars.colour ? Math.max(1, options.colourOrder ?? 1) : 0,
  }
  let given = prepare(stars, options, wanted.colourOrder > 0)
  let terms = wanted
  if (wanted.colourOrder > 0 && given.index.length < 4) {
    given = prepare(stars, options, false)
    terms = { ...terms, colourOrder: 0 }
  }
  const n = given.index.length
  if (n < 2)
    throw new Problem(
      'photometry.too_few_stars',
      `Of ${stars.magnitude.length} matched stars ${n} can calibrate the frame (finite, unflagged, within the magnitude limits); at least 2 are needed.`,
      { given: stars.magnitude.length, usable: n },
    )
  const at = <T extends ArrayLike<number>>(values: T) => Float64Array.from(given.index, (i) => values[i])
  const x = at(stars.x)
  const y = at(stars.y)
  const magnitudes = at(stars.magnitude)
  const [x0, x1] = spread(x, new Uint8Array(n).fill(1))
  const [y0, y1] = spread(y, new Uint8Array(n).fill(1))
  const frame: Frame = {
    centre: [(x0 + x1) / 2, (y0 + y1) / 2],
    scale: Math.max(1, (x1 - x0) / 2, (y1 - y0) / 2),
    magnitude0: medianOf(magnitudes),
  }

  while (n < 2 * (termCount(terms) + terms.colourOrder)) {
    const fewer = simpler(terms)
    if (!fewer) break
    terms = fewer
  }
  let columns = columnsOf(terms, frame, stars, given)
  const used = new Uint8Array(n).fill(1)
  const clip = options.clip ?? 5
  const robust = options.robust ?? true
  const mostScatter = options.mostScatter ?? 0.1
  const middle = medianOf(given.y)
  let residuals: Float64Array = given.y.map((each) => each - middle)
  let budget = errorBudget(residuals, given.sigma, used, 1, { mostScatter, clip, byMedian: true })
  // The first look has the frame's own structure in its residuals; nothing is given up for it yet.
  const rough = madSigma(residuals)
  let total = given.sigma.map((each) => Math.hypot(each, rough))
  let fitted: Fitted | null = null
  const leverage = leverageOf(terms.colourOrder > 0 && robust ? given.colour : null, n)
  // While outliers are still found, errors are judged by medians, which they do not spoil.
  let byMedian = true
  for (let round = 0; round < (options.rounds ?? 10); round++) {
    fitted = regress(columns, given.y, total, used, residuals, robust, leverage)
    while (!fitted) {
      const fewer = simpler(terms)
      if (!fewer) break
      terms = fewer
      columns = columnsOf(terms, frame, stars, given)
      fitted = regress(columns, given.y, total, used, residuals, robust, leverage)
    }
    if (!fitted) break
    ;({ residuals } = fitted)
    budget = errorBudget(residuals, given.sigma, used, columns.length, { mostScatter, clip, byMedian })
    total = given.sigma.map((each) => Math.hypot(each * budget.errorScale, budget.scatter))
    const before = used.slice()
    for (let k = 0; k < n; k++) used[k] = Math.abs(residuals[k]) <= clip * total[k] ? 1 : 0
    // Never clip down to fewer stars than the terms need.
    if (count(used) < Math.max(2, columns.length + 1)) used.set(before)
    const settled = before.every((each, k) => each === used[k])
    if (settled && !byMedian) break
    if ((settled && round > 0) || round >= (options.rounds ?? 10) / 2 - 1) byMedian = false
  }
  if (!fitted)
    throw new Problem(
      'photometry.too_few_stars',
      `${n} stars do not fix a zero point; they have no usable weights.`,
    )
  fitted = regress(columns, given.y, total, used, residuals, robust, leverage) ?? fitted
  ;({ residuals } = fitted)

  const p = termCount(terms)
  const all = columns.length
  const covariance: number[] = []
  for (let a = 0; a < p; a++)
    for (let b = 0; b < p; b++) covariance.push(fitted.inverse[a * all + b] * fitted.widened)
  const colourTerms = Array.from(fitted.coefficients.slice(p))
  const forced = typeof wished === 'number'
  const size = { width: options.width ?? x1 + 1, height: options.height ?? y1 + 1 }
  const model: Omit<ZeroPoint, 'warnings'> = {
    terms,
    ...frame,
    coefficients: Array.from(fitted.coefficients.slice(0, p)),
    covariance,
    colour: forced
      ? { terms: [wished], errors: [0], forced: true }
      : terms.colourOrder === 0
        ? null
        : {
            terms: colourTerms,
            errors: colourTerms.map((_, a) =>
              Math.sqrt(fitted.inverse[(p + a) * all + p + a] * fitted.widened),
            ),
            forced: false,
          },
    errorScale: budget.errorScale,
    scatter: budget.scatter,
    systematic: binnedScatter(x, y, residuals, total, used, size, polynomialTerms(terms.spatialOrder)),
    rms: madSigma(
      residuals.filter((_, k) => used[k] === 1),
      0,
    ),
    stars: { given: stars.magnitude.length, usable: n, used: count(used) },
    range: {
      x: spread(x, used),
      y: spread(y, used),
      magnitude: spread(magnitudes, used),
      colour: given.colour.every((each) => Number.isFinite(each)) ? spread(given.colour, used) : null,
    },
  }
  warnings.push(...zeroPointWarnings(model, wanted, options))
  return { model: { ...model, warnings }, ...spreadOut(stars, given, model, residuals, total, used) }
}

/** From usable stars back to all that were given. */
function spreadOut(
  stars: CalibrationStars,
  given: Prepared,
  model: Omit<ZeroPoint, 'warnings'>,
  residuals: Float64Array,
  total: Float64Array,
  used: Uint8Array,
): Omit<ZeroPointFit, 'model'> {
  const { length } = stars.magnitude
  const out = {
    residuals: new Float64Array(length).fill(NaN),
    sigmas: new Float64Array(length).fill(NaN),
    used: new Uint8Array(length),
  }
  // Stars that were left out for their flags or magnitude have residuals to be looked at too.
  const row = new Float64Array(model.coefficients.length)
  for (let i = 0; i < length; i++) {
    termsAt(model, stars.x[i], stars.y[i], stars.magnitude[i], row)
    let expected = 0
    for (let a = 0; a < row.length; a++) expected += row[a] * model.coefficients[a]
    for (const [a, term] of (model.colour?.terms ?? []).entries())
      expected += term * (stars.colour?.[i] ?? NaN) ** (a + 1)
    out.residuals[i] = stars.catalogueMagnitude[i] - stars.magnitude[i] - expected
    const sigma = Math.hypot(stars.error[i], stars.catalogueError?.[i] ?? 0)
    out.sigmas[i] = Math.hypot(sigma * model.errorScale, model.scatter)
  }
  for (let k = 0; k < given.index.length; k++) {
    const i = given.index[k]
    out.residuals[i] = residuals[k]
    out.sigmas[i] = total[k]
    out.used[i] = used[k]
  }
  return out
}
