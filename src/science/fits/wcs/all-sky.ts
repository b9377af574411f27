/** Cylindrical and pseudo-cylindrical projections: CAR, MOL, AIT (Calabretta & Greisen 2002, §5.2.3, §5.3.3, §5.3.4). */
import type { Projection } from './projection.ts'

/** What rounding may carry a point beyond the edge. */
const slack = 1e-13

/** Plate carrée: x = φ, y = θ. */
export const carree: Projection = {
  theta0: 0,
  toSphere(x, y, { a, b, c }, n) {
    for (let i = 0; i < n; i++) {
      const on = Math.abs(x[i]) <= Math.PI + slack && Math.abs(y[i]) <= Math.PI / 2 + slack
      const cosTheta = on ? Math.cos(y[i]) : NaN
      a[i] = cosTheta * Math.cos(x[i])
      b[i] = cosTheta * Math.sin(x[i])
      c[i] = Math.sin(y[i])
    }
  },
  toPlane({ a, b, c }, x, y, n) {
    for (let i = 0; i < n; i++) {
      x[i] = Math.atan2(b[i], a[i])
      y[i] = Math.atan2(c[i], Math.sqrt(a[i] * a[i] + b[i] * b[i]))
    }
  },
}

/** Hammer–Aitoff. */
export const hammer: Projection = {
  theta0: 0,
  toSphere(x, y, { a, b, c }, n) {
    for (let i = 0; i < n; i++) {
      const xx = x[i] * x[i]
      const yy = y[i] * y[i]
      const zz = 1 - xx / 16 - yy / 4
      const on = zz >= 0.5 - slack
      const z = Math.sqrt(zz)
      // cos² θ = 1 − y²z² in the form that does not cancel at the poles.
      const cosTheta = on ? Math.sqrt((1 - yy / 2) ** 2 + (xx * yy) / 16) : NaN
      // (z x / 2, 2 z² − 1) is (sin, cos) of φ/2 times cos θ; doubled here.
      const s = (z * x[i]) / 2
      const t = 2 * zz - 1
      const norm = s * s + t * t
      a[i] = norm === 0 ? cosTheta : (cosTheta * (t * t - s * s)) / norm
      b[i] = norm === 0 ? 0 : (cosTheta * 2 * s * t) / norm
      c[i] = y[i] * z
    }
  },
  toPlane({ a, b, c }, x, y, n) {
    for (let i = 0; i < n; i++) {
      const cosTheta = Math.sqrt(a[i] * a[i] + b[i] * b[i])
      const half = Math.atan2(b[i], a[i]) / 2
      const gamma = Math.sqrt(2 / (1 + cosTheta * Math.cos(half)))
      x[i] = 2 * gamma * cosTheta * Math.sin(half)
      y[i] = gamma * c[i]
    }
  },
}

/** 2δ − sin 2δ, by its series where that would cancel. */
function lens(delta: number): number {
  const d = 2 * delta
  if (d > 0.5) return d - Math.sin(d)
  const dd = d * d
  return (
    ((d * dd) / 6) * (1 - (dd / 20) * (1 - (dd / 42) * (1 - (dd / 72) * (1 - (dd / 110) * (1 - dd / 156)))))
  )
}

/** Mollweide. With δ the auxiliary angle's distance from the pole, 2δ − sin 2δ = π (1 − |sin θ|). */
export const mollweide: Projection = {
  theta0: 0,
  toSphere(x, y, { a, b, c }, n) {
    for (let i = 0; i < n; i++) {
      const yy = y[i] * y[i]
      const rest = 2 - yy
      const width = Math.sqrt(rest < 0 && rest > -slack ? 0 : rest)
      const far = Math.abs(x[i])
      let phi = width > 0 ? (Math.PI * x[i]) / (2 * width) : far < slack ? 0 : NaN
      if (Math.abs(phi) > Math.PI) phi = Math.abs(phi) <= Math.PI + slack ? Math.sign(phi) * Math.PI : NaN
      const short = lens(Math.atan2(width, Math.abs(y[i]))) / Math.PI
      const cosTheta = Math.sqrt(short * (2 - short))
      a[i] = cosTheta * Math.cos(phi)
      b[i] = cosTheta * Math.sin(phi)
      c[i] = Number.isNaN(phi) ? NaN : y[i] < 0 ? short - 1 : 1 - short
    }
  },
  toPlane({ a, b, c }, x, y, n) {
    for (let i = 0; i < n; i++) {
      const rr = a[i] * a[i] + b[i] * b[i]
      const want = (Math.PI * rr) / (1 + Math.abs(c[i]))
      let delta = Math.min(Math.PI / 2, Math.cbrt(0.75 * want))
      for (let step = 0; delta > 0 && step < 30; step++) {
        const s = Math.sin(delta)
        const change = (lens(delta) - want) / (4 * s * s)
        delta -= change
        if (Math.abs(change) <= 1e-12 * delta) break
      }
      x[i] = ((2 * Math.SQRT2) / Math.PI) * Math.atan2(b[i], a[i]) * Math.sin(delta)
      y[i] = (c[i] < 0 ? -1 : 1) * Math.SQRT2 * Math.cos(delta)
    }
  },
}
