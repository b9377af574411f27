/**
 * The conditional distance distribution of a direction,
 *
 *   p(r) = N r² / (√(2π) σ) · exp(−(r − μ)² / (2σ²)),  r ≥ 0,
 *
 * and its moments. L. P. Singer et al. 2016, ApJL 829, L15 (and its Supplement, ApJS 226, 10).
 *
 *   μ, σ, N   location, scale (Mpc) and normalisation (Mpc⁻²); (∞, 1, 0) is no information
 *   z         μ/σ
 *   H         φ(z)/Φ(z)
 *   Iₙ        ∫₀^∞ tⁿ φ(t − z) dt, with Iₙ₊₁ = z Iₙ + n Iₙ₋₁; ρₙ = Iₙ/Iₙ₋₁
 */
import { normalBelow, normalDensity, normalHazard } from './normal.ts'

export interface Moments {
  /** Mpc. */
  readonly mean: number
  readonly std: number
}

export interface DistanceParameters {
  readonly mu: number
  readonly sigma: number
  readonly norm: number
}

/** Parameters of a direction whose distance is not known. */
const unknownDistance: DistanceParameters = { mu: Infinity, sigma: 1, norm: 0 }

/** Below this the closed form loses digits to cancellation and the recurrence, run backwards, does not. */
const backwardBelow = -2

/** ρ₁ … ρ₄ at z < 0 from the continued fraction ρₙ = n/(ρₙ₊₁ − z). */
function ratios(z: number): [number, number, number, number] {
  // ρₙ tends to (z + √(z² + 4n))/2, which is where the recurrence starts.
  let n = 200
  let rho = 0.5 * (z + Math.sqrt(z * z + 4 * n))
  for (; n > 4; n--) rho = n / (rho - z)
  const rho4 = 4 / (rho - z)
  const rho3 = 3 / (rho4 - z)
  const rho2 = 2 / (rho3 - z)
  return [1 / (rho2 - z), rho2, rho3, rho4]
}

/** I₂, mean and standard deviation of t at z. */
function standard(z: number): { second: number; mean: number; std: number } {
  if (z < backwardBelow) {
    const [rho1, rho2, rho3, rho4] = ratios(z)
    return { second: rho1 * rho2 * normalBelow(z), mean: rho3, std: Math.sqrt(rho3 * (rho4 - rho3)) }
  }
  // Above this φ(z) is below the last digit: the integrals are polynomials, and their near-equal terms cancel by hand.
  if (z > 9) {
    const x2 = z * z + 1
    return { second: x2, mean: (z * (z * z + 3)) / x2, std: Math.sqrt(z ** 4 + 3) / x2 }
  }
  const h = normalHazard(z)
  const x2 = z * z + 1 + z * h
  const x3 = z * (z * z + 3) + (z * z + 2) * h
  const x4 = z * z * (z * z + 6) + 3 + z * (z * z + 5) * h
  const mean = x3 / x2
  return { second: x2 * normalBelow(z), mean, std: Math.sqrt(x4 / x2 - mean * mean) }
}

/** Mean and standard deviation of the conditional distance (Mpc); undefined where there is no information. */
export function momentsOf({ mu, sigma, norm }: DistanceParameters): Moments | undefined {
  if (!(norm > 0) || !Number.isFinite(mu) || !(sigma > 0)) return undefined
  const { mean, std } = standard(mu / sigma)
  return { mean: sigma * mean, std: sigma * std }
}

/** N that makes p(r) integrate to one, Mpc⁻². */
export function normOf(mu: number, sigma: number): number {
  return 1 / (sigma * sigma * standard(mu / sigma).second)
}

/**
 * Parameters whose distribution has this mean and standard deviation (Mpc). There are some only for mean/std > √3;
 * below, and within 1 % of it, the distance counts as unknown.
 */
export function parametersOf({ mean, std }: Moments): DistanceParameters {
  if (!(std > 0) || !(mean / std > Math.sqrt(3) + 0.01)) return unknownDistance
  const wanted = std / mean
  // std/mean falls with z, from 1/√3 to 1/z.
  let low = -4000
  let high = Math.max(10, 2 * (mean / std))
  for (let i = 0; i < 200 && high - low > 1e-15 * (1 + Math.abs(low)); i++) {
    const middle = 0.5 * (low + high)
    const { mean: m, std: s } = standard(middle)
    if (s / m > wanted) low = middle
    else high = middle
  }
  const z = 0.5 * (low + high)
  const sigma = mean / standard(z).mean
  const mu = z * sigma
  return { mu, sigma, norm: normOf(mu, sigma) }
}

/** p(r), Mpc⁻¹. */
export function conditionalPdf({ mu, sigma, norm }: DistanceParameters, r: number): number {
  if (!(norm > 0) || r < 0) return 0
  return (norm * r * r * normalDensity((r - mu) / sigma)) / sigma
}

/** Nodes and weights of 16-point Gauss–Legendre quadrature on (0, 1), one half: the other is its mirror. */
const gauss = [
  [0.04750625491881872, 0.0947253052275342],
  [0.1408017753896295, 0.0913017075224618],
  [0.2290083888286137, 0.0845782596975013],
  [0.3089381222013219, 0.0747979944082884],
  [0.3777022041775015, 0.0623144856277669],
  [0.4328156011939159, 0.0475792558412464],
  [0.4722875115366163, 0.0311267619693239],
  [0.494700467495825, 0.0135762297058771],
] as const

function integral(f: (x: number) => number, from: number, to: number): number {
  const pieces = 8
  const width = (to - from) / pieces
  let sum = 0
  for (let piece = 0; piece < pieces; piece++) {
    const middle = from + (piece + 0.5) * width
    for (const [node, weight] of gauss) sum += weight * (f(middle - node * width) + f(middle + node * width))
  }
  return sum * width
}

/** P(distance < r) along a direction; closed form where it keeps its digits, quadrature in the far tail. */
export function conditionalCdf(parameters: DistanceParameters, r: number): number {
  const { mu, sigma, norm } = parameters
  if (!(norm > 0) || r <= 0) return 0
  const z = mu / sigma
  const t = r / sigma
  if (z < backwardBelow) {
    const { mean, std } = standard(z)
    return Math.min(
      1,
      integral((x) => conditionalPdf(parameters, x), 0, Math.min(r, sigma * (mean + 30 * std))),
    )
  }
  const below =
    z * normalDensity(z) -
    (t + z) * normalDensity(t - z) +
    (z * z + 1) * (normalBelow(t - z) - normalBelow(-z))
  return Math.min(1, Math.max(0, norm * sigma * sigma * below))
}
