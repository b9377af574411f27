/** A WCS in the form that programs of AstrOmatic know: TAN with its distortion as TPV. */
import { Problem } from '#problem.ts'
import { tpvWcs } from '#science/fits/wcs/make.ts'
import type { SipPolynomial } from '#science/fits/wcs/terms.ts'
import type { Wcs } from '#science/fits/wcs/wcs.ts'

/** Coefficients of x^p y^q at [p][q]. */
type Polynomial = readonly (readonly number[])[]

/** Exponents of ξ and η (of the latitude polynomial: η and ξ) of PVi_m; odd powers of the radius are left out. */
const exponents: Readonly<Record<number, readonly [number, number]>> = {
  0: [0, 0],
  ...rank(1, 1),
  ...rank(4, 2),
  ...rank(7, 3),
  ...rank(12, 4),
  ...rank(17, 5),
  ...rank(24, 6),
  ...rank(31, 7),
}

function rank(first: number, order: number): Record<number, [number, number]> {
  return Object.fromEntries(Array.from({ length: order + 1 }, (_, i) => [first + i, [order - i, i]]))
}

/**
 * The same WCS without SIP: SIP polynomials of the pixels are polynomials of the same order of the tangent plane, so nothing is lost.
 * @throws Problem `engine.unsupported` for what cannot be said so
 */
export function asTpv(wcs: Wcs, program: string): Wcs {
  const { distortion, cd, crval, crpix, frame, projection } = wcs.terms
  if (distortion === null || distortion.kind === 'tpv') return wcs
  const order = distortion.kind === 'sip' ? Math.max(distortion.a.order, distortion.b.order) : 99
  if (projection !== 'TAN' || distortion.kind !== 'sip' || order > 7)
    throw new Problem(
      'engine.unsupported',
      `${program} does not know a WCS of the kind ${wcs.projection}; use the built-in engine.`,
      { projection: wcs.projection },
    )
  const determinant = cd[0] * cd[3] - cd[1] * cd[2]
  // u and v as polynomials of what is linear in them.
  const u: Polynomial = [
    [0, -cd[1] / determinant],
    [cd[3] / determinant, 0],
  ]
  const v: Polynomial = [
    [0, cd[0] / determinant],
    [-cd[2] / determinant, 0],
  ]
  const f = substituted(distortion.a, u, v)
  const g = substituted(distortion.b, u, v)
  const pv = (along: number, across: number, own: 'lon' | 'lat'): number[] => {
    const sum = added(f, along, g, across)
    const out = Array.from({ length: 40 }, (_, m) => (m === 1 ? 1 : 0))
    for (const [m, [p, q]] of Object.entries(exponents)) {
      const [i, j] = own === 'lon' ? [p, q] : [q, p]
      out[Number(m)]! += sum[i]?.[j] ?? 0
    }
    return out
  }
  return tpvWcs(
    { crval, crpix: [crpix[0] - 1, crpix[1] - 1], cd, frame },
    pv(cd[0], cd[1], 'lon'),
    pv(cd[2], cd[3], 'lat'),
  )
}

function substituted({ order, coefficients }: SipPolynomial, u: Polynomial, v: Polynomial): Polynomial {
  let sum: Polynomial = [[0]]
  for (let p = 0; p <= order; p++) {
    for (let q = 0; p + q <= order; q++) {
      const coefficient = coefficients[p * (order + 1) + q] ?? 0
      if (coefficient === 0) continue
      let term: Polynomial = [[coefficient]]
      for (let i = 0; i < p; i++) term = multiplied(term, u)
      for (let i = 0; i < q; i++) term = multiplied(term, v)
      sum = added(sum, 1, term, 1)
    }
  }
  return sum
}

function multiplied(a: Polynomial, b: Polynomial): Polynomial {
  const size = a.length + b.length - 1
  const out = Array.from({ length: size }, () => Array.from({ length: size }, () => 0))
  a.forEach((row, i) =>
    row.forEach((x, j) => {
      if (x !== 0) b.forEach((line, k) => line.forEach((y, l) => (out[i + k]![j + l]! += x * y)))
    }),
  )
  return out
}

function added(a: Polynomial, x: number, b: Polynomial, y: number): Polynomial {
  const size = Math.max(a.length, b.length)
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (__, j) => x * (a[i]?.[j] ?? 0) + y * (b[i]?.[j] ?? 0)),
  )
}
