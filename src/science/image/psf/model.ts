import { Problem } from '#problem.ts'
import { checkRows, isInside } from '#science/image/photometry/aperture.ts'
import type { Mask, Pixels, Plane } from '#science/image/plane.ts'
import {
  drawPsf,
  emptyPsfImage,
  gridFlux,
  placePsf,
  polynomialTerms,
  termsOf,
  type SplinePsf,
} from './psf.ts'
import { mostWavering, settleLevels, type ModelStar } from './levels.ts'
import { solveGrid, type GridStar } from './grid.ts'
import { factorise, solveFactored, solvePositive } from '#science/image/cholesky.ts'

export interface PsfModelOptions {
  /** FWHM of the stars, pixels, about. */
  readonly fwhm: number
  /** Of the polynomial in position: 0 … 3; lowered where there are too few stars for it. */
  readonly degree?: number
  /** Half side of the squares stars are drawn on: that of an odd side of max(15, 5 FWHM). */
  readonly radius?: number
  /** Grid points per pixel: 3 for FWHM < 2.5 px, 2 up to 5 px, else 1; 1 for fewer than 10 stars. */
  readonly oversampling?: number
  readonly mask?: Mask | null
  /** Standard deviation of a sky pixel. */
  readonly noise: number
  /** e⁻ per unit of the plane; without it no photon noise. */
  readonly gain?: number
  /** Other sources: pixels near them are not used. */
  readonly neighbours?: { readonly x: ArrayLike<number>; readonly y: ArrayLike<number> }
  /** Pixels and stars further than this from the model, in standard deviations, are dropped: 4. */
  readonly clip?: number
}

export interface PsfModel {
  readonly psf: SplinePsf
  /** Of the stars given: 1 where it was used to the end. */
  readonly used: Uint8Array
  /** Fluxes and reduced χ² of the stars, NaN for those that were not drawn. */
  readonly flux: Float64Array
  readonly chi2: Float64Array
  /** Median over stars of Σ|residual| / flux. */
  readonly residual: number
}

/** A pixel whose model is off by this fraction of itself is not called an outlier, nor trusted further. */
const modelError = 0.01
const rounds = [25, 15, 15, 15]

/**
 * The point spread of a frame from its stars (`x`, `y`: 0-based, best windowed positions) on a background-subtracted
 * plane. Rounds of fitting each star's flux and place, dropping outliers, and solving for all grids at once.
 * @throws Problem `image.no_psf` where fewer than 3 stars can be used.
 */
export function modelPsf(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: PsfModelOptions,
): PsfModel {
  checkRows(x.length, { y })
  const { fwhm, clip = 4 } = options
  const radius = options.radius ?? Math.max(7, Math.ceil((5 * fwhm - 1) / 2))
  const stars = collect(plane, x, y, radius, options)
  const count = stars.filter(({ star }) => star.used).length
  if (count < 3 || !(fwhm > 0.5)) {
    throw new Problem(
      'image.no_psf',
      `A point spread needs at least 3 usable stars and their width, but there are ${count} (FWHM ${fwhm} px).`,
      { stars: count, fwhm },
    )
  }
  let degree = Math.min(3, Math.max(0, Math.floor(options.degree ?? 2)))
  // Each grid point of a term wants a few stars.
  while (degree > 0 && count < 4 * termsOf(degree)) degree--
  // The noise of a square full of pixels is in its sum, by which it is scaled: where stars are faint, a point spread that
  // varies over the frame has fluxes that do so too.
  const known = Math.sqrt(stars.reduce((sum, each) => sum + signalSquared(each, options), 0))
  while (degree > 0 && (((2 * radius + 1) / fwhm) * Math.sqrt(termsOf(degree) - 1)) / known > mostWavering)
    degree--
  const finest = fwhm < 2.5 ? 3 : fwhm < 5 ? 2 : 1
  const oversampling = options.oversampling ?? (count < 10 ? 1 : finest)
  const layout = {
    radius,
    oversampling,
    side: 2 * Math.ceil((radius + 1) * oversampling + 2) + 1,
    degree,
    centre: [(plane.width - 1) / 2, (plane.height - 1) / 2] as const,
    scale: [plane.width / 2, plane.height / 2] as const,
  }
  const size = layout.side ** 2
  const prior = new Float64Array(size * termsOf(degree))
  prior.set(firstGrid(layout, fwhm))
  const psf: SplinePsf = { kind: 'spline', fwhm, ...layout, coefficients: prior.slice() }
  const drawn = stars.map(({ star }) => star)
  rounds.forEach((steps, round) => {
    fitStars(psf, stars, options, round > 0)
    if (round > 0) {
      centreShifts(psf, stars)
      dropOutliers(psf, stars, options.fwhm, clip, round > 1)
      if (round > 1) settleLevels(psf, stars, options)
    }
    solveGrid(layout, drawn, psf.coefficients, prior, steps)
    normalise(psf)
  })
  fitStars(psf, stars, options, true)
  return report({ ...psf, fwhm: widthOf(psf, fwhm) }, stars, x.length)
}

function collect(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  radius: number,
  options: PsfModelOptions,
): ModelStar[] {
  const side = 2 * radius + 1
  const mask = options.mask?.data ?? null
  const found: ModelStar[] = []
  for (let row = 0; row < x.length; row++) {
    if (!isInside(plane, x[row], y[row])) continue
    const x0 = Math.round(x[row])
    const y0 = Math.round(y[row])
    const values = new Float64Array(side * side)
    const good = new Uint8Array(side * side)
    let core = 0
    const wholeCore = corePixels(radius, options.fwhm)
    for (let j = 0; j < side; j++) {
      const py = y0 + j - radius
      if (py < 0 || py >= plane.height) continue
      for (let k = 0; k < side; k++) {
        const px = x0 + k - radius
        if (px < 0 || px >= plane.width) continue
        const at = py * plane.width + px
        const value = plane.data[at]
        if (value - value !== 0 || (mask !== null && mask[at] !== 0)) continue
        values[j * side + k] = value
        good[j * side + k] = 1
        if ((k - radius) ** 2 + (j - radius) ** 2 <= options.fwhm ** 2) core++
      }
    }
    hideNeighbours(good, x0, y0, radius, options)
    const weights = new Float64Array(side * side)
    const used = core >= 0.95 * wholeCore
    const star: GridStar = { x: x[row], y: y[row], x0, y0, flux: 0, values, weights, used }
    found.push({
      row,
      star,
      given: [x[row], y[row]],
      good,
      read: values.slice(),
      level: 0,
      chi2: NaN,
      residual: NaN,
    })
  }
  return found
}

/** Squared S/N of a star in its core, about. */
function signalSquared({ star, good }: ModelStar, { fwhm, noise, gain = 0 }: PsfModelOptions): number {
  if (!star.used) return 0
  const side = Math.sqrt(star.values.length)
  const middle = (side - 1) / 2
  let flux = 0
  let variance = 0
  for (let j = 0; j < side; j++)
    for (let k = 0; k < side; k++) {
      if (good[j * side + k] === 0 || (k - middle) ** 2 + (j - middle) ** 2 > (fwhm / 2) ** 2) continue
      flux += star.values[j * side + k]
      variance += noise * noise
    }
  if (gain > 0 && Number.isFinite(gain)) variance += Math.max(0, flux) / gain
  return flux > 0 && variance > 0 ? (flux * flux) / variance : 0
}

/** Pixels within one FWHM of the middle. */
function corePixels(radius: number, fwhm: number): number {
  let count = 0
  for (let j = -radius; j <= radius; j++) {
    for (let k = -radius; k <= radius; k++) if (k * k + j * j <= fwhm * fwhm) count++
  }
  return count
}

function hideNeighbours(
  good: Uint8Array,
  x0: number,
  y0: number,
  radius: number,
  { neighbours, fwhm }: PsfModelOptions,
): void {
  if (!neighbours) return
  const side = 2 * radius + 1
  for (let n = 0; n < neighbours.x.length; n++) {
    const dx = neighbours.x[n] - x0
    const dy = neighbours.y[n] - y0
    const reach = 1.5 * fwhm
    // What is as close as the star's own core is the star itself.
    if (Math.abs(dx) > radius + reach || Math.abs(dy) > radius + reach || Math.hypot(dx, dy) < 1.5) continue
    for (let j = 0; j < side; j++) {
      for (let k = 0; k < side; k++) {
        if (Math.hypot(k - radius - dx, j - radius - dy) < reach) good[j * side + k] = 0
      }
    }
  }
}

/** A Gaussian to begin with, on the grid. */
function firstGrid(
  { side, oversampling }: Pick<SplinePsf, 'side' | 'oversampling'>,
  fwhm: number,
): Float64Array {
  const middle = (side - 1) / 2
  const falloff = (4 * Math.LN2) / (fwhm * oversampling) ** 2
  const grid = new Float64Array(side * side)
  for (let n = 0; n < grid.length; n++) {
    const [dx, dy] = [(n % side) - middle, Math.floor(n / side) - middle]
    grid[n] = (Math.exp(-falloff * (dx * dx + dy * dy)) * 4 * Math.LN2) / Math.PI / (fwhm * fwhm)
  }
  return grid
}

/** Flux of each star, and its place where `move`; weights are then those of the model. */
function fitStars(
  psf: SplinePsf,
  stars: readonly ModelStar[],
  { noise, gain = 0 }: PsfModelOptions,
  move: boolean,
): void {
  const image = emptyPsfImage(psf)
  const { values: shape, byX, byY } = image
  const photons = gain > 0 && Number.isFinite(gain) ? 1 / gain : 0
  const matrix = new Float64Array(9)
  const vector = new Float64Array(3)
  const unknowns = move ? 3 : 1
  for (const { star, good, given } of stars) {
    placePsf(image, psf, star.x, star.y)
    for (let round = 0; round < (move ? 4 : 2); round++) {
      drawPsf(image, psf, star.x, star.y, star.x0, star.y0)
      matrix.fill(0)
      vector.fill(0)
      for (let p = 0; p < shape.length; p++) {
        const light = Math.max(0, star.flux * shape[p])
        const weight = good[p] === 0 ? 0 : 1 / (noise * noise + light * photons + (modelError * light) ** 2)
        star.weights[p] = weight
        if (weight === 0) continue
        const r = star.values[p] - star.flux * shape[p]
        const dx = star.flux * byX[p]
        const dy = star.flux * byY[p]
        matrix[0] += weight * shape[p] * shape[p]
        matrix[3] += weight * shape[p] * dx
        matrix[4] += weight * dx * dx
        matrix[6] += weight * shape[p] * dy
        matrix[7] += weight * dx * dy
        matrix[8] += weight * dy * dy
        vector[0] += weight * shape[p] * r
        vector[1] += weight * dx * r
        vector[2] += weight * dy * r
      }
      if (!solvePositive(matrix, vector, unknowns, undefined, 3)) {
        star.used = false
        break
      }
      star.flux += vector[0]
      if (!move) continue
      star.x = clamp(star.x + clamp(vector[1], -0.3, 0.3), given[0] - 1, given[0] + 1)
      star.y = clamp(star.y + clamp(vector[2], -0.3, 0.3), given[1] - 1, given[1] + 1)
      keepOnSquare(star)
    }
    if (!(star.flux > 0)) star.used = false
  }
}

/** A star is drawn on the square that it was read on; the grid reaches a pixel further. */
function keepOnSquare(star: GridStar): void {
  star.x = clamp(star.x, star.x0 - 0.95, star.x0 + 0.95)
  star.y = clamp(star.y, star.y0 - 0.95, star.y0 + 0.95)
}

function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value
}

/** Takes out of the stars' shifts what is smooth over the frame: it belongs to the point spread's own centre. */
function centreShifts(psf: SplinePsf, stars: readonly ModelStar[]): void {
  const n = termsOf(psf.degree)
  const terms = new Float64Array(n)
  const matrix = new Float64Array(n * n)
  const shifts = [new Float64Array(n), new Float64Array(n)]
  const at = (x: number, y: number) =>
    polynomialTerms(terms, psf.degree, (x - psf.centre[0]) / psf.scale[0], (y - psf.centre[1]) / psf.scale[1])
  for (const { star, given } of stars) {
    if (!star.used) continue
    at(given[0], given[1])
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) matrix[i * n + j] += terms[i] * terms[j]
      shifts[0][i] += terms[i] * (star.x - given[0])
      shifts[1][i] += terms[i] * (star.y - given[1])
    }
  }
  if (!factorise(matrix, n)) return
  for (const shift of shifts) solveFactored(matrix, shift, n)
  for (const { star, given } of stars) {
    at(given[0], given[1])
    for (let i = 0; i < n; i++) {
      star.x -= terms[i] * shifts[0][i]
      star.y -= terms[i] * shifts[1][i]
    }
    keepOnSquare(star)
  }
}

/** Pixels far from the model lose their weight; stars with too many of them, or a χ² far above the others', are dropped. */
function dropOutliers(
  psf: SplinePsf,
  stars: readonly ModelStar[],
  fwhm: number,
  clip: number,
  forGood: boolean,
): void {
  const image = emptyPsfImage(psf)
  const side = 2 * psf.radius + 1
  for (const each of stars) {
    const { star } = each
    placePsf(image, psf, star.x, star.y)
    drawPsf(image, psf, star.x, star.y, star.x0, star.y0)
    let [count, square, core, lost, off] = [0, 0, 0, 0, 0]
    for (let p = 0; p < image.values.length; p++) {
      if (star.weights[p] === 0) continue
      const r = star.values[p] - star.flux * image.values[p]
      const pull = r * r * star.weights[p]
      const inCore = ((p % side) - psf.radius) ** 2 + (Math.floor(p / side) - psf.radius) ** 2 <= fwhm * fwhm
      if (inCore) core++
      off += Math.abs(r)
      if (pull > clip * clip) {
        star.weights[p] = 0
        if (forGood) each.good[p] = 0
        if (inCore) lost++
        continue
      }
      square += pull
      count++
    }
    each.chi2 = square / Math.max(1, count - 3)
    each.residual = off / star.flux
    if (lost > 0.15 * core) star.used = false
  }
  const chi2 = stars
    .filter(({ star }) => star.used)
    .map((each) => each.chi2)
    .sort((a, b) => a - b)
  const median = chi2[chi2.length >> 1]
  const spread = chi2.map((value) => Math.abs(value - median)).sort((a, b) => a - b)[chi2.length >> 1]
  const most = median + clip * 1.4826 * spread + 0.5
  const kept = chi2.filter((value) => value <= most).length
  if (kept < 3) return
  for (const each of stars) if (each.chi2 > most) each.star.used = false
}

/** Unit flux at the frame's centre; elsewhere `placePsf` sees to it. */
function normalise(psf: SplinePsf): void {
  const flux = gridFlux(psf.coefficients.subarray(0, psf.side ** 2), psf)
  for (let n = 0; n < psf.coefficients.length; n++) psf.coefficients[n] /= flux
}

/** Diameter of the circle with the area that lies above half the peak, at the frame's centre. */
function widthOf(psf: SplinePsf, about: number): number {
  const image = emptyPsfImage(psf)
  placePsf(image, psf, psf.centre[0], psf.centre[1])
  const parts = 8
  const offsets = Array.from({ length: parts }, (_, k) => (k + 0.5) / parts - 0.5)
  const values: number[] = []
  for (const dy of offsets) {
    for (const dx of offsets) {
      drawPsf(image, psf, dx, dy)
      values.push(...image.values)
    }
  }
  const peak = values.reduce((most, value) => Math.max(most, value), 0)
  const area = values.filter((value) => value > peak / 2).length / parts ** 2
  return area > 0 ? 2 * Math.sqrt(area / Math.PI) : about
}

function report(psf: SplinePsf, stars: readonly ModelStar[], rows: number): PsfModel {
  const used = new Uint8Array(rows)
  const flux = new Float64Array(rows).fill(NaN)
  const chi2 = new Float64Array(rows).fill(NaN)
  const residuals: number[] = []
  for (const { row, star, chi2: found, residual } of stars) {
    used[row] = Number(star.used)
    flux[row] = star.flux
    chi2[row] = found
    if (star.used) residuals.push(residual)
  }
  residuals.sort((a, b) => a - b)
  return { psf, used, flux, chi2, residual: residuals[residuals.length >> 1] ?? NaN }
}
