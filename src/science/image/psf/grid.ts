/**
 * The least-squares problem behind an empirical point spread: which grids of spline coefficients, each a polynomial in
 * position, are nearest to all pixels of all stars. Solved by conjugate gradients; the matrix is never written down.
 */
import { polynomialTerms, splinePhase, splineWeights, termsOf, type SplinePsf } from './psf.ts'

/** A star on its pixels: what `psf-model` knows of it. */
export interface GridStar {
  /** Position, and the pixel about which its square lies. */
  x: number
  y: number
  x0: number
  y0: number
  flux: number
  /** (2 · radius + 1)² values, and the weight of each: 1 / variance, 0 for pixels not to be used. */
  readonly values: Float64Array
  readonly weights: Float64Array
  used: boolean
}

type Layout = Omit<SplinePsf, 'coefficients' | 'fwhm' | 'kind'>

/** Drawing one star from a grid, and its transpose. */
interface Drawer {
  readonly h: number
  readonly v: number
  readonly wx: Float64Array
  readonly wy: Float64Array
  readonly terms: Float64Array
}

function drawerOf(layout: Layout, star: GridStar): Drawer {
  const [wx, wy, none] = [new Float64Array(4), new Float64Array(4), new Float64Array(4)]
  const h = splinePhase(layout, star.x - star.x0)
  const v = splinePhase(layout, star.y - star.y0)
  splineWeights(wx, none, h.t)
  splineWeights(wy, none, v.t)
  const terms = new Float64Array(termsOf(layout.degree))
  const { centre, scale } = layout
  polynomialTerms(terms, layout.degree, (star.x - centre[0]) / scale[0], (star.y - centre[1]) / scale[1])
  return { h: h.first, v: v.first, wx, wy, terms }
}

/** Pixels of a star from its grid. `between` is scratch of grid side × pixel side. */
function forward(
  layout: Layout,
  d: Drawer,
  grid: Float64Array,
  between: Float64Array,
  out: Float64Array,
): void {
  const { side: gridSide, oversampling: step } = layout
  const side = 2 * layout.radius + 1
  const { wx, wy } = d
  for (let row = 0; row < gridSide; row++) {
    for (let k = 0, from = row * gridSide + d.h; k < side; k++, from += step) {
      between[row * side + k] =
        wx[0] * grid[from] + wx[1] * grid[from + 1] + wx[2] * grid[from + 2] + wx[3] * grid[from + 3]
    }
  }
  for (let j = 0; j < side; j++) {
    const base = (d.v + j * step) * side
    for (let k = 0; k < side; k++) {
      const at = base + k
      out[j * side + k] =
        wy[0] * between[at] +
        wy[1] * between[at + side] +
        wy[2] * between[at + 2 * side] +
        wy[3] * between[at + 3 * side]
    }
  }
}

/** The transpose of `forward`; with `power` 2, of the squares of its weights. */
function backward(
  layout: Layout,
  d: Drawer,
  pixels: Float64Array,
  between: Float64Array,
  grid: Float64Array,
  power: 1 | 2,
): void {
  const { side: gridSide, oversampling: step } = layout
  const side = 2 * layout.radius + 1
  const wx = power === 1 ? d.wx : d.wx.map((w) => w * w)
  const wy = power === 1 ? d.wy : d.wy.map((w) => w * w)
  between.fill(0)
  grid.fill(0)
  for (let j = 0; j < side; j++) {
    const base = (d.v + j * step) * side
    for (let k = 0; k < side; k++) {
      const value = pixels[j * side + k]
      if (value === 0) continue
      const at = base + k
      between[at] += wy[0] * value
      between[at + side] += wy[1] * value
      between[at + 2 * side] += wy[2] * value
      between[at + 3 * side] += wy[3] * value
    }
  }
  for (let row = 0; row < gridSide; row++) {
    for (let k = 0, to = row * gridSide + d.h; k < side; k++, to += step) {
      const value = between[row * side + k]
      grid[to] += wx[0] * value
      grid[to + 1] += wx[1] * value
      grid[to + 2] += wx[2] * value
      grid[to + 3] += wx[3] * value
    }
  }
}

/**
 * Moves `coefficients` towards the least-squares solution in `rounds` steps. `prior` draws what the stars do not say;
 * its weight is a ten-thousandth of theirs.
 */
export function solveGrid(
  layout: Layout,
  stars: readonly GridStar[],
  coefficients: Float64Array,
  prior: Float64Array,
  rounds: number,
): void {
  const used = stars.filter((star) => star.used)
  const drawers = used.map((star) => drawerOf(layout, star))
  const size = layout.side * layout.side
  const terms = termsOf(layout.degree)
  const unknowns = coefficients.length
  const pixels = (2 * layout.radius + 1) ** 2
  const grid = new Float64Array(size)
  const between = new Float64Array(layout.side * (2 * layout.radius + 1))
  const image = new Float64Array(pixels)
  const vector = () => new Float64Array(unknowns)

  const spread = (out: Float64Array, d: Drawer, power: 1 | 2) => {
    for (let t = 0; t < terms; t++) {
      const term = power === 1 ? d.terms[t] : d.terms[t] ** 2
      for (let n = 0, at = t * size; n < size; n++, at++) out[at] += term * grid[n]
    }
  }
  const gather = (of: Float64Array, d: Drawer) => {
    grid.fill(0)
    for (let t = 0; t < terms; t++) {
      const term = d.terms[t]
      for (let n = 0, at = t * size; n < size; n++, at++) grid[n] += term * of[at]
    }
  }

  const diagonal = vector()
  const residual = vector()
  used.forEach((star, i) => {
    const square = star.flux * star.flux
    for (let p = 0; p < pixels; p++) image[p] = star.weights[p] * square
    backward(layout, drawers[i], image, between, grid, 2)
    spread(diagonal, drawers[i], 2)
    gather(coefficients, drawers[i])
    forward(layout, drawers[i], grid, between, image)
    for (let p = 0; p < pixels; p++) {
      const weight = star.weights[p]
      image[p] = weight === 0 ? 0 : weight * star.flux * (star.values[p] - star.flux * image[p])
    }
    backward(layout, drawers[i], image, between, grid, 1)
    spread(residual, drawers[i], 1)
  })
  const ridge = (1e-4 * diagonal.reduce((sum, value) => sum + value, 0)) / unknowns
  for (let n = 0; n < unknowns; n++) residual[n] += ridge * (prior[n] - coefficients[n])

  const product = (of: Float64Array, out: Float64Array) => {
    for (let n = 0; n < unknowns; n++) out[n] = ridge * of[n]
    used.forEach((star, i) => {
      const square = star.flux * star.flux
      gather(of, drawers[i])
      forward(layout, drawers[i], grid, between, image)
      for (let p = 0; p < pixels; p++) image[p] *= star.weights[p] * square
      backward(layout, drawers[i], image, between, grid, 1)
      spread(out, drawers[i], 1)
    })
  }
  const dot = (a: Float64Array, b: Float64Array) => {
    let sum = 0
    for (let n = 0; n < unknowns; n++) sum += a[n] * b[n]
    return sum
  }
  const scaled = residual.map((value, n) => value / (diagonal[n] + ridge))
  const direction = scaled.slice()
  const moved = vector()
  let energy = dot(residual, scaled)
  const first = energy
  for (let round = 0; round < rounds && energy > 1e-14 * first; round++) {
    product(direction, moved)
    const step = energy / dot(direction, moved)
    if (!Number.isFinite(step)) break
    for (let n = 0; n < unknowns; n++) {
      coefficients[n] += step * direction[n]
      residual[n] -= step * moved[n]
      scaled[n] = residual[n] / (diagonal[n] + ridge)
    }
    const next = dot(residual, scaled)
    const keep = next / energy
    for (let n = 0; n < unknowns; n++) direction[n] = scaled[n] + keep * direction[n]
    energy = next
  }
}
