/**
 * Projections of the native sphere onto a plane (Calabretta & Greisen 2002, §5), between unit vectors
 * (cos θ cos φ, cos θ sin φ, sin θ) and plane coordinates in radians. Working with vectors keeps full precision at the
 * poles, and zenithal projections need hardly any trigonometry.
 */
import { Problem } from '#problem.ts'
import { hammer, carree, mollweide } from './all-sky.ts'
import { zenithalPolynomial } from './zenithal-polynomial.ts'

export interface Projection {
  /** Latitude of the native reference point, degrees: 90 zenithal, 0 otherwise. */
  readonly theta0: number
  /** Plane x, y (radians) → unit vectors; NaN where the plane has no sky. */
  toSphere(x: Float64Array, y: Float64Array, out: Vectors, n: number): void
  /** Unit vectors → plane x, y (radians); NaN where the projection does not reach. */
  toPlane(from: Vectors, x: Float64Array, y: Float64Array, n: number): void
}

export interface Vectors {
  readonly a: Float64Array
  readonly b: Float64Array
  readonly c: Float64Array
}

/** What rounding may carry a point beyond an edge, as WCSLIB allows. */
const slack = 1e-13

function zenithal(
  /** R / cos θ from cos θ and sin θ. */
  stretch: (rho: number, s: number) => number,
  /** [cos θ / R, sin θ] from R² into out; NaN outside. */
  back: (rr: number, out: Float64Array) => void,
): Projection {
  const pair = new Float64Array(2)
  return {
    theta0: 90,
    toSphere(x, y, { a, b, c }, n) {
      for (let i = 0; i < n; i++) {
        const [u, v] = [x[i], y[i]]
        back(u * u + v * v, pair)
        a[i] = -v * pair[0]
        b[i] = u * pair[0]
        c[i] = pair[1]
      }
    },
    toPlane({ a, b, c }, x, y, n) {
      for (let i = 0; i < n; i++) {
        const k = stretch(Math.sqrt(a[i] * a[i] + b[i] * b[i]), c[i])
        x[i] = b[i] * k
        y[i] = -a[i] * k
      }
    },
  }
}

/** 1 + sin θ without cancellation near the far pole. */
function onePlus(rho: number, s: number): number {
  return s < 0 ? (rho * rho) / (1 - s) : 1 + s
}

const gnomonic = zenithal(
  (_, s) => (s > 0 ? 1 / s : NaN),
  (rr, out) => {
    out[0] = out[1] = 1 / Math.sqrt(1 + rr)
  },
)

const stereographic = zenithal(
  // The far pole itself is nowhere in the plane.
  (rho, s) => (rho < 1e-15 && s < 0 ? NaN : 2 / onePlus(rho, s)),
  (rr, out) => {
    out[0] = 4 / (4 + rr)
    out[1] = (4 - rr) / (4 + rr)
  },
)

const equalArea = zenithal(
  (rho, s) => Math.sqrt(2 / onePlus(rho, s)),
  (rr, out) => {
    const rest = 1 - rr / 4
    out[0] = Math.sqrt(rest < 0 && rest > -slack ? 0 : rest)
    out[1] = 1 - rr / 2
  },
)

const equidistant = zenithal(
  (rho, s) => (rho === 0 ? (s > 0 ? 1 : NaN) : Math.atan2(rho, s) / rho),
  (rr, out) => {
    const r = Math.sqrt(rr)
    out[0] = r > Math.PI + slack ? NaN : r === 0 ? 1 : Math.sin(r) / r
    out[1] = Math.cos(r)
  },
)

const orthographic = zenithal(
  (_, s) => (s >= -slack ? 1 : NaN),
  (rr, out) => {
    const rest = 1 - rr
    out[0] = rest < -slack ? NaN : 1
    out[1] = Math.sqrt(Math.max(0, rest))
  },
)

/** SIN with the plane tilted by PVi_1, PVi_2 of the latitude axis (synthesis of interferometers; §5.1.5). */
function slant(xi: number, eta: number): Projection {
  return {
    theta0: 90,
    toSphere(x, y, { a, b, c }, n) {
      const p = xi * xi + eta * eta + 1
      for (let i = 0; i < n; i++) {
        const u = x[i] - xi
        const v = y[i] - eta
        const q = xi * u + eta * v
        const rest = q * q - p * (u * u + v * v - 1)
        const root = Math.sqrt(rest < 0 && rest > -slack ? 0 : rest)
        let s = (root - q) / p
        // Of both solutions the one nearer the native pole that is on the sphere.
        if (s > 1 && s < 1 + slack) s = 1
        if (!(s <= 1)) s = (-root - q) / p
        const on = s <= 1 && s >= -1
        a[i] = on ? -(y[i] - eta * (1 - s)) : NaN
        b[i] = on ? x[i] - xi * (1 - s) : NaN
        c[i] = on ? s : NaN
      }
    },
    toPlane({ a, b, c }, x, y, n) {
      for (let i = 0; i < n; i++) {
        const rest = c[i] > 0 ? (a[i] * a[i] + b[i] * b[i]) / (1 + c[i]) : 1 - c[i]
        // Seen along the slanted line of sight: the near half only.
        const near = c[i] + xi * b[i] - eta * a[i] >= -slack
        x[i] = near ? b[i] + xi * rest : NaN
        y[i] = near ? -a[i] + eta * rest : NaN
      }
    },
  }
}

/** Projections by code. */
const projectionCodes = ['TAN', 'SIN', 'ZEA', 'STG', 'ARC', 'ZPN', 'CAR', 'MOL', 'AIT'] as const

/**
 * The projection of a code with its parameters (PVi_m of the latitude axis).
 * @throws Problem wcs.unsupported for a code that is not ours, wcs.invalid for parameters that make no projection.
 */
export function projectionOf(code: string, pv: readonly number[]): Projection {
  switch (code) {
    case 'TAN':
      return gnomonic
    case 'STG':
      return stereographic
    case 'ZEA':
      return equalArea
    case 'ARC':
      return equidistant
    case 'SIN': {
      const [, xi = 0, eta = 0] = pv
      return xi === 0 && eta === 0 ? orthographic : slant(xi, eta)
    }
    case 'ZPN':
      return zenithalPolynomial(pv)
    case 'CAR':
      return carree
    case 'MOL':
      return mollweide
    case 'AIT':
      return hammer
    default:
      throw new Problem(
        'wcs.unsupported',
        `The projection ${code} of CTYPE is not among those read here (${projectionCodes.join(', ')}, and TPV, TNX, ZPX, NCP).`,
        { keyword: 'CTYPE', projection: code },
      )
  }
}
