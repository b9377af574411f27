/**
 * Pairs of polynomials that bend a plane (SIP, TPV and IRAF's surfaces are all such pairs), and their inverse by Newton's
 * method: right to rounding, or NaN where there is no way back.
 */

/** P(xs, ys) + r·(k₀ + k₁r² + k₂r⁴ + k₃r⁶), with xs = (x − x0)·sx, ys = (y − y0)·sy and r² = x² + y². */
export interface Surface {
  readonly order: number
  /** Of xs^p ys^q at `p * (order + 1) + q`, p + q ≤ order. */
  readonly coefficients: Float64Array
  readonly x0: number
  readonly sx: number
  readonly y0: number
  readonly sy: number
  readonly radial: readonly [number, number, number, number] | null
}

export interface Bend {
  /** In place on n points. */
  forward(x: Float64Array, y: Float64Array, n: number): void
  /** In place on n points; NaN where the bend cannot be undone. */
  inverse(x: Float64Array, y: Float64Array, n: number): void
}

/** A polynomial in x and y themselves; `coefficients` as Surface has them. */
export function plainSurface(
  order: number,
  coefficients: Float64Array,
  radial: Surface['radial'] = null,
): Surface {
  return { order, coefficients, x0: 0, sx: 1, y0: 0, sy: 1, radial }
}

function value(s: Surface, x: number, y: number): number {
  const { order, coefficients: c } = s
  const xs = (x - s.x0) * s.sx
  const ys = (y - s.y0) * s.sy
  let sum = 0
  for (let p = order; p >= 0; p--) {
    const at = p * (order + 1)
    let row = 0
    for (let q = order - p; q >= 0; q--) row = row * ys + c[at + q]
    sum = sum * xs + row
  }
  if (!s.radial) return sum
  const [k0, k1, k2, k3] = s.radial
  const rr = x * x + y * y
  return sum + Math.sqrt(rr) * (k0 + rr * (k1 + rr * (k2 + rr * k3)))
}

/** Value and both derivatives into out[at …]. */
function derivatives(s: Surface, x: number, y: number, out: Float64Array, at: number): void {
  const { order, coefficients: c } = s
  const xs = (x - s.x0) * s.sx
  const ys = (y - s.y0) * s.sy
  let sum = 0
  let alongX = 0
  let alongY = 0
  for (let p = order; p >= 0; p--) {
    const from = p * (order + 1)
    let row = 0
    let slope = 0
    for (let q = order - p; q >= 0; q--) {
      slope = slope * ys + row
      row = row * ys + c[from + q]
    }
    alongX = alongX * xs + sum
    alongY = alongY * xs + slope
    sum = sum * xs + row
  }
  alongX *= s.sx
  alongY *= s.sy
  if (s.radial) {
    const [k0, k1, k2, k3] = s.radial
    const rr = x * x + y * y
    const r = Math.sqrt(rr)
    sum += r * (k0 + rr * (k1 + rr * (k2 + rr * k3)))
    if (r > 0) {
      const slope = (k0 + rr * (3 * k1 + rr * (5 * k2 + rr * 7 * k3))) / r
      alongX += slope * x
      alongY += slope * y
    }
  }
  out[at] = sum
  out[at + 1] = alongX
  out[at + 2] = alongY
}

/** Newton's steps at most; from the linear guess three or four are usual. */
const mostSteps = 40

/**
 * The bend (x, y) → (f, g). `unit` is the size of a small step in the plane (one pixel), against which convergence is
 * judged. The inverse takes the solution that is joined to the reference point without a fold between.
 */
export function bendOf(f: Surface, g: Surface, unit: number): Bend {
  const d = new Float64Array(6)
  const at = (x: number, y: number): number => {
    derivatives(f, x, y, d, 0)
    derivatives(g, x, y, d, 3)
    return d[1] * d[5] - d[2] * d[4]
  }
  // Near the origin a radial term has no derivative; a hair beside it the linear part is as good.
  const sense = Math.sign(at(unit * 1e-3, unit * 1e-3))
  const [f0, fx, fy, g0, gx, gy] = d
  const det0 = fx * gy - fy * gx
  const joined = (x: number, y: number): boolean => {
    for (let i = 1; i <= 8; i++) if (!(at((x * i) / 8, (y * i) / 8) * sense > 0)) return false
    return true
  }
  const found = new Float64Array(2)
  const invert = (u: number, v: number): boolean => {
    const guessX = ((u - f0) * gy - (v - g0) * fy) / det0
    const guessY = ((v - g0) * fx - (u - f0) * gx) / det0
    let x = guessX
    let y = guessY
    let lastStep = Infinity
    for (let step = 0; step < mostSteps; step++) {
      const det = at(x, y)
      if (!(det * sense > 0)) {
        // Over a fold: halfway back to the reference point.
        x /= 2
        y /= 2
        lastStep = Infinity
        continue
      }
      const du = u - d[0]
      const dv = v - d[3]
      const dx = (du * d[5] - dv * d[2]) / det
      const dy = (dv * d[1] - du * d[4]) / det
      x += dx
      y += dy
      const size = Math.abs(dx) + Math.abs(dy)
      const extent = unit + Math.abs(x) + Math.abs(y)
      // The next step would be about the square of this one; or rounding is all that is left.
      if (size < 3e-9 * extent || (size < 1e-6 * extent && size >= lastStep)) {
        const bent = Math.abs(x - guessX) + Math.abs(y - guessY) > 0.02 * extent
        if (bent ? !joined(x, y) : !(at(x, y) * sense > 0)) return false
        found[0] = x
        found[1] = y
        return true
      }
      lastStep = size
    }
    return false
  }
  return {
    forward(x, y, n) {
      for (let i = 0; i < n; i++) {
        const [u, v] = [x[i], y[i]]
        x[i] = value(f, u, v)
        y[i] = value(g, u, v)
      }
    },
    inverse(x, y, n) {
      for (let i = 0; i < n; i++) {
        const solved = invert(x[i], y[i])
        x[i] = solved ? found[0] : NaN
        y[i] = solved ? found[1] : NaN
      }
    },
  }
}
