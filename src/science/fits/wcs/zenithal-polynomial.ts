/** ZPN: R = Σ P_m ζ^m with ζ the native zenith distance (Calabretta & Greisen 2002, §5.1.7). */
import { Problem } from '#problem.ts'
import type { Projection } from './projection.ts'

/**
 * ZPN with P_m = `pv[m]`. It reaches from the pole to where R stops growing.
 * @throws Problem wcs.invalid where R does not grow at the pole at all.
 */
export function zenithalPolynomial(pv: readonly number[]): Projection {
  let degree = pv.length - 1
  while (degree > 0 && !pv[degree]) degree--
  const p = Float64Array.from({ length: degree + 1 }, (_, m) => pv[m] ?? 0)
  const radius = (z: number): number => {
    let sum = 0
    for (let m = degree; m >= 0; m--) sum = sum * z + p[m]
    return sum
  }
  const slope = (z: number): number => {
    let sum = 0
    for (let m = degree; m >= 1; m--) sum = sum * z + m * p[m]
    return sum
  }
  if (degree === 0 || !(slope(0) >= 0) || !(slope(1e-9) > 0)) {
    throw new Problem(
      'wcs.invalid',
      'The ZPN projection has no parameters PV2_m with which the radius grows from the pole; check PV2_1 and those after it.',
      { keyword: 'PV2_1' },
    )
  }
  const edge = turningPoint(slope)
  const most = radius(edge)
  const least = p[0]
  const zenithDistance = (r: number): number => {
    if (!(r >= least - 1e-13 && r <= most + 1e-13)) return NaN
    if (degree === 1) return (r - p[0]) / p[1]
    let low = 0
    let high = edge
    let z = Math.min(edge, Math.max(0, slope(0) > 0 ? (r - least) / slope(0) : edge / 2))
    for (let step = 0; step < 100; step++) {
      const miss = radius(z) - r
      if (miss > 0) high = z
      else low = z
      const next = z - miss / slope(z)
      const inside = next > low && next < high
      const to = inside ? next : (low + high) / 2
      if (Math.abs(to - z) <= 1e-16 + 2e-16 * z) return to
      z = to
    }
    return z
  }
  return {
    theta0: 90,
    toSphere(x, y, { a, b, c }, n) {
      for (let i = 0; i < n; i++) {
        const r = Math.sqrt(x[i] * x[i] + y[i] * y[i])
        const z = zenithDistance(r)
        const k = r === 0 ? 0 : Math.sin(z) / r
        a[i] = -y[i] * k
        b[i] = x[i] * k
        c[i] = Math.cos(z)
      }
    },
    toPlane({ a, b, c }, x, y, n) {
      for (let i = 0; i < n; i++) {
        const rho = Math.sqrt(a[i] * a[i] + b[i] * b[i])
        const z = Math.atan2(rho, c[i])
        if (rho === 0 && c[i] > 0) {
          // At the pole the direction is free; WCSLIB takes φ = 0.
          x[i] = 0
          y[i] = -p[0]
          continue
        }
        const k = z <= edge + 1e-13 ? radius(z) / rho : NaN
        x[i] = b[i] * k
        y[i] = -a[i] * k
      }
    },
  }
}

/** The first zenith distance up to π at which the slope reaches zero. */
function turningPoint(slope: (z: number) => number): number {
  const steps = 1800
  for (let i = 1; i <= steps; i++) {
    let high = (Math.PI * i) / steps
    if (slope(high) > 0) continue
    let low = (Math.PI * (i - 1)) / steps
    for (let k = 0; k < 60; k++) {
      const middle = (low + high) / 2
      if (slope(middle) > 0) low = middle
      else high = middle
    }
    return low
  }
  return Math.PI
}
