/**
 * Point-spread functions as data: an empirical one on a finer grid of cubic B-splines, each coefficient a polynomial in
 * position (as in PSFEx, Bertin 2011, and Anderson & King 2000), or a Gaussian. Both are integrals over pixels with unit
 * sum, centred where the star's position says.
 */
import { erf } from '#science/skymap/normal.ts'

/** JSON-able but for the typed array. */
export interface SplinePsf {
  readonly kind: 'spline'
  /** Stars are drawn on squares of 2 · radius + 1 pixels; a whole number. */
  readonly radius: number
  readonly fwhm: number
  /** Grid points per pixel. */
  readonly oversampling: number
  /** Side of the grid, odd; its middle is the star's centre. */
  readonly side: number
  /** Of the polynomial in position. */
  readonly degree: number
  /** Position is counted from `centre`, in units of `scale`, pixels. */
  readonly centre: readonly [number, number]
  readonly scale: readonly [number, number]
  /** One grid after the other, in the order 1, x, y, x², xy, y², … */
  readonly coefficients: Float64Array
}

export interface GaussPsf {
  readonly kind: 'gauss'
  readonly radius: number
  readonly fwhm: number
}

export type Psf = SplinePsf | GaussPsf

/** A round Gaussian, by default drawn out to 3 FWHM. */
export function gaussPsf(fwhm: number, radius: number = Math.ceil(3 * fwhm)): GaussPsf {
  return { kind: 'gauss', fwhm, radius }
}

/** Terms of a polynomial of `degree` in two variables. */
export function termsOf(degree: number): number {
  return ((degree + 1) * (degree + 2)) / 2
}

/** Values of the terms at (u, v), in the order of `SplinePsf.coefficients`. */
export function polynomialTerms(terms: Float64Array, degree: number, u: number, v: number): void {
  let at = 0
  for (let order = 0; order <= degree; order++) {
    for (let j = 0; j <= order; j++) terms[at++] = u ** (order - j) * v ** j
  }
}

/** A star drawn on its own pixels: (2 · radius + 1)² values about (`x0`, `y0`), the pixel of its centre. */
export interface PsfImage {
  x0: number
  y0: number
  readonly radius: number
  /** Share of the flux in each pixel. */
  readonly values: Float64Array
  /** Derivatives with respect to the star's x and y. */
  readonly byX: Float64Array
  readonly byY: Float64Array
  /** Grid of the spline at the star, and what the evaluation needs. */
  readonly grid: Float64Array
  readonly across: Float64Array
  readonly slopes: Float64Array
  readonly terms: Float64Array
  /** Weights of the splines and of their slopes along x and y. */
  readonly weights: readonly [Float64Array, Float64Array, Float64Array, Float64Array]
}

export function emptyPsfImage(psf: Psf): PsfImage {
  const side = 2 * psf.radius + 1
  const rows = psf.kind === 'spline' ? psf.side : side
  const pixels = () => new Float64Array(side * side)
  return {
    x0: 0,
    y0: 0,
    radius: psf.radius,
    values: pixels(),
    byX: pixels(),
    byY: pixels(),
    grid: new Float64Array(psf.kind === 'spline' ? rows * rows : 0),
    across: new Float64Array(rows * side),
    slopes: new Float64Array(rows * side),
    terms: new Float64Array(psf.kind === 'spline' ? termsOf(psf.degree) : 0),
    weights: [new Float64Array(4), new Float64Array(4), new Float64Array(4), new Float64Array(4)],
  }
}

/** The point spread at a place, as shares of the flux per pixel, for a star at (`x`, `y`): (2 · radius + 1)² values. */
export function psfAt(
  psf: Psf,
  x: number,
  y: number,
): { x0: number; y0: number; side: number; values: Float64Array } {
  const image = emptyPsfImage(psf)
  placePsf(image, psf, x, y)
  drawPsf(image, psf, x, y)
  return {
    x0: image.x0 - psf.radius,
    y0: image.y0 - psf.radius,
    side: 2 * psf.radius + 1,
    values: image.values,
  }
}

/** Works out the grid at the place (`x`, `y`) of the frame: once per star, however often it is then drawn. */
export function placePsf(image: PsfImage, psf: Psf, x: number, y: number): void {
  if (psf.kind === 'gauss') return
  const { grid, terms } = image
  const size = psf.side * psf.side
  polynomialTerms(terms, psf.degree, (x - psf.centre[0]) / psf.scale[0], (y - psf.centre[1]) / psf.scale[1])
  for (let n = 0; n < size; n++) {
    let value = 0
    for (let t = 0; t < terms.length; t++) value += terms[t] * psf.coefficients[t * size + n]
    grid[n] = value
  }
  const factor = 1 / gridFlux(grid, psf)
  for (let n = 0; n < size; n++) grid[n] *= factor
}

/** Flux of a grid within the pixels that a star is drawn on. */
export function gridFlux(
  grid: Float64Array,
  psf: Pick<SplinePsf, 'side' | 'oversampling' | 'radius'>,
): number {
  const { side, oversampling, radius } = psf
  const middle = (side - 1) / 2
  const reach = (radius + 0.5) * oversampling
  // The outermost points lie on the edge where the number of points per pixel is even: half of them is within.
  const share = (n: number) => Math.max(0, Math.min(1, reach - Math.abs(n - middle) + 0.5))
  let sum = 0
  for (let row = 0; row < side; row++) {
    const tall = share(row)
    if (tall === 0) continue
    for (let n = 0; n < side; n++) sum += tall * share(n) * grid[row * side + n]
  }
  return sum / oversampling ** 2
}

/**
 * Draws a star at (`x`, `y`) with the grid of `placePsf`: values, and derivatives with respect to x and y. The square's
 * middle may be given, no further than a pixel away, so that a star that moves stays on its pixels.
 */
export function drawPsf(
  image: PsfImage,
  psf: Psf,
  x: number,
  y: number,
  x0: number = Math.round(x),
  y0: number = Math.round(y),
): void {
  image.x0 = x0
  image.y0 = y0
  if (psf.kind === 'gauss') {
    drawGauss(image, psf, x - image.x0, y - image.y0)
    return
  }
  drawSpline(image, psf, x - image.x0, y - image.y0)
  // A finer grid could hide a factor that changes with the place within a pixel; the sum of the pixels cannot.
  let sum = 0
  for (let p = 0; p < image.values.length; p++) sum += image.values[p]
  const factor = 1 / sum
  for (let p = 0; p < image.values.length; p++) {
    image.values[p] *= factor
    image.byX[p] *= factor
    image.byY[p] *= factor
  }
}

/** Weights of the four cubic B-splines about a point that lies `t` beyond the second. */
export function splineWeights(weights: Float64Array, slopes: Float64Array, t: number): void {
  const s = 1 - t
  weights[0] = (s * s * s) / 6
  weights[1] = (3 * t * t * t - 6 * t * t + 4) / 6
  weights[2] = (3 * s * s * s - 6 * s * s + 4) / 6
  weights[3] = (t * t * t) / 6
  slopes[0] = (-s * s) / 2
  slopes[1] = (3 * t * t - 4 * t) / 2
  slopes[2] = -(3 * s * s - 4 * s) / 2
  slopes[3] = (t * t) / 2
}

/** First of the four grid points, and how far beyond the second the pixel `-radius` lies. */
export function splinePhase(
  psf: Pick<SplinePsf, 'side' | 'oversampling' | 'radius'>,
  offset: number,
): { first: number; t: number } {
  const at = (psf.side - 1) / 2 - (psf.radius + offset) * psf.oversampling
  const whole = Math.floor(at)
  return { first: whole - 1, t: at - whole }
}

function drawSpline(image: PsfImage, psf: SplinePsf, dx: number, dy: number): void {
  const { radius, side: gridSide, oversampling } = psf
  const side = 2 * radius + 1
  const { grid, across, slopes, values, byX, byY } = image
  const [wx, dwx, wy, dwy] = image.weights
  const h = splinePhase(psf, dx)
  const v = splinePhase(psf, dy)
  splineWeights(wx, dwx, h.t)
  splineWeights(wy, dwy, v.t)
  for (let row = 0; row < gridSide; row++) {
    let from = row * gridSide + h.first
    for (let k = 0; k < side; k++, from += oversampling) {
      across[row * side + k] =
        wx[0] * grid[from] + wx[1] * grid[from + 1] + wx[2] * grid[from + 2] + wx[3] * grid[from + 3]
      slopes[row * side + k] =
        dwx[0] * grid[from] + dwx[1] * grid[from + 1] + dwx[2] * grid[from + 2] + dwx[3] * grid[from + 3]
    }
  }
  for (let j = 0; j < side; j++) {
    const base = (v.first + j * oversampling) * side
    for (let k = 0; k < side; k++) {
      const at = j * side + k
      const a = base + k
      const b = a + side
      const c = b + side
      const d = c + side
      values[at] = wy[0] * across[a] + wy[1] * across[b] + wy[2] * across[c] + wy[3] * across[d]
      byX[at] =
        -oversampling * (wy[0] * slopes[a] + wy[1] * slopes[b] + wy[2] * slopes[c] + wy[3] * slopes[d])
      byY[at] =
        -oversampling * (dwy[0] * across[a] + dwy[1] * across[b] + dwy[2] * across[c] + dwy[3] * across[d])
    }
  }
}

function drawGauss(image: PsfImage, psf: GaussPsf, dx: number, dy: number): void {
  const { radius } = psf
  const side = 2 * radius + 1
  const { across, slopes, values, byX, byY } = image
  const sigma = psf.fwhm / (2 * Math.sqrt(2 * Math.LN2))
  // Along x in the first `side` places, along y in the next.
  for (const [from, offset] of [
    [0, dx],
    [side, dy],
  ]) {
    for (let k = 0; k < side; k++) {
      const low = (k - radius - offset - 0.5) / sigma
      const high = (k - radius - offset + 0.5) / sigma
      across[from + k] = (erf(high * Math.SQRT1_2) - erf(low * Math.SQRT1_2)) / 2
      slopes[from + k] =
        (Math.exp((-low * low) / 2) - Math.exp((-high * high) / 2)) / (sigma * Math.sqrt(2 * Math.PI))
    }
  }
  for (let j = 0; j < side; j++) {
    for (let k = 0; k < side; k++) {
      const at = j * side + k
      values[at] = across[k] * across[side + j]
      byX[at] = slopes[k] * across[side + j]
      byY[at] = across[k] * slopes[side + j]
    }
  }
}
