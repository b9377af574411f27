/**
 * The kernel's basis of Alard & Lupton (1998) and Alard (2000): Gaussians times polynomials, each a product of a function of x and
 * one of y. The polynomials of one Gaussian are made orthogonal, which spans the same kernels as u^i v^j and keeps the
 * equations well conditioned. The first function has unit sum; from each other the first is taken as often as makes its sum
 * zero, so that the first one's coefficient is the kernel's sum.
 */
import type { BasisOptions } from './options.ts'

export interface Basis {
  halfWidth: number
  /** Functions of one coordinate, each 2 halfWidth + 1 long. */
  functions: Float64Array[]
  terms: readonly BasisTerm[]
}

/** functions[x](u) · functions[y](v) − share · first term. */
export interface BasisTerm {
  x: number
  y: number
  share: number
  /** Which Gaussian, and the degree of its polynomial. */
  family: number
  degree: number
}

export function kernelBasis({ halfWidth, widths, degrees }: BasisOptions): Basis {
  const functions: Float64Array[] = []
  const terms: BasisTerm[] = []
  const sum = (f: Float64Array) => f.reduce((total, value) => total + value, 0)
  widths.forEach((sigma, g) => {
    const own = orthogonal(sigma, degrees[g], halfWidth)
    if (g === 0) {
      const total = sum(own[0])
      own[0] = own[0].map((value) => value / total)
    }
    const first = functions.push(...own) - own.length
    for (let i = 0; i < own.length; i++) {
      for (let j = 0; j < own.length - i; j++) {
        terms.push({
          x: first + i,
          y: first + j,
          share: terms.length === 0 ? 0 : sum(own[i]) * sum(own[j]),
          family: g,
          degree: i + j,
        })
      }
    }
  })
  return { halfWidth, functions, terms }
}

/** exp(−u²/2σ²) times polynomials of degree 0 … degree, orthonormal on the pixels. Of what vanishes there nothing is kept. */
function orthogonal(sigma: number, degree: number, halfWidth: number): Float64Array[] {
  const made: Float64Array[] = []
  for (let d = 0; d <= degree; d++) {
    const f = Float64Array.from({ length: 2 * halfWidth + 1 }, (_, i) => {
      const u = (i - halfWidth) / sigma
      return Math.exp((-u * u) / 2) * u ** d
    })
    const before = norm(f)
    // Twice is enough against rounding.
    for (const other of [...made, ...made]) {
      let product = 0
      for (let i = 0; i < f.length; i++) product += f[i] * other[i]
      for (let i = 0; i < f.length; i++) f[i] -= product * other[i]
    }
    const length = norm(f)
    if (!(length > 1e-6 * before)) break
    made.push(f.map((value) => value / length))
  }
  return made
}

function norm(f: Float64Array): number {
  return Math.sqrt(f.reduce((sum, value) => sum + value * value, 0))
}

/** The picture of one term. */
export function termPicture(basis: Basis, n: number): Float64Array {
  const size = 2 * basis.halfWidth + 1
  const out = new Float64Array(size * size)
  const { x, y, share } = basis.terms[n]
  const first = basis.terms[0]
  for (let v = 0; v < size; v++) {
    for (let u = 0; u < size; u++) {
      out[v * size + u] =
        basis.functions[x][u] * basis.functions[y][v] -
        share * basis.functions[first.x][u] * basis.functions[first.y][v]
    }
  }
  return out
}

/** Σ over pixels of the product of each two pictures. */
export function overlapsOf(pictures: readonly Float64Array[]): Float64Array {
  const n = pictures.length
  const out = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      let sum = 0
      for (let k = 0; k < pictures[i].length; k++) sum += pictures[i][k] * pictures[j][k]
      out[i * n + j] = out[j * n + i] = sum
    }
  }
  return out
}

/**
 * A basis for what the FWHMs ask: three Gaussians around the width that turns one into the other, out to where the broader
 * star has faded.
 */
export function usualBasis(
  fwhmReference: number,
  fwhmConvolved: number,
  given: Partial<BasisOptions> = {},
): BasisOptions {
  const match = Math.sqrt(Math.abs(fwhmReference ** 2 - fwhmConvolved ** 2)) / 2.3548
  const middle = Math.max(1, match)
  const widths = given.widths ?? [0.5 * middle, middle, 2 * middle]
  const degrees = given.degrees ?? widths.map((_, i) => Math.max(2, 6 - 2 * i))
  const reach = Math.ceil(Math.max(2.5 * Math.max(fwhmReference, fwhmConvolved), 4 * middle))
  return { widths, degrees, halfWidth: given.halfWidth ?? Math.min(25, Math.max(5, reach)) }
}
