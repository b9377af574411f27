/**
 * The distortions of headers as bends of a plane: SIP (Shupe et al. 2005) in pixels about CRPIX; TPV (the registered
 * convention, SCAMP's PV) and IRAF's TNX and ZPX surfaces in degrees of the projection's plane.
 */
import { bendOf, plainSurface } from './surface.ts'
import type { Bend, Surface } from './surface.ts'
import type { Distortion, IrafSurface, SipPolynomial } from './terms.ts'

/** Numbers m of PVi_m that are powers of r: r, r³, r⁵, r⁷. */
const radialNumbers = [3, 11, 23, 39] as const

/** PVi_m without r: number m → powers of the axis's own coordinate and the other's. */
function tpvPowers(m: number): readonly [number, number] {
  // Orders 1 to 7 begin at these numbers; the odd ones are followed by their power of r.
  const starts = [0, 1, 4, 7, 12, 17, 24, 31]
  let order = 7
  while (starts[order] > m) order--
  const q = m - starts[order]
  return [order - q, q]
}

function sipSurface({ order, coefficients }: SipPolynomial, along: 'x' | 'y'): Surface {
  const size = Math.max(1, order)
  const c = new Float64Array((size + 1) ** 2)
  for (let p = 0; p <= order; p++)
    for (let q = 0; q + p <= order; q++) c[p * (size + 1) + q] = coefficients[p * (order + 1) + q]
  c[along === 'x' ? size + 1 : 1] += 1
  return plainSurface(size, c)
}

function tpvSurface(pv: readonly number[], along: 'x' | 'y'): Surface {
  let order = 1
  for (let m = 0; m < 40; m++) {
    if (pv[m] === 0 || radialNumbers.some((r) => r === m)) continue
    const [p, q] = tpvPowers(m)
    order = Math.max(order, p + q)
  }
  const c = new Float64Array((order + 1) ** 2)
  for (let m = 0; m < 40; m++) {
    if (pv[m] === 0 || radialNumbers.some((r) => r === m)) continue
    const [own, other] = tpvPowers(m)
    const [p, q] = along === 'x' ? [own, other] : [other, own]
    c[p * (order + 1) + q] = pv[m]
  }
  const radial = radialNumbers.map((m) => pv[m]) as [number, number, number, number]
  return plainSurface(order, c, radial.some((k) => k !== 0) ? radial : null)
}

/** Monomials of the n-th polynomial of a family, lowest power first. */
function familyMember(kind: IrafSurface['kind'], n: number): number[] {
  if (kind === 'polynomial') return [...Array.from({ length: n }, () => 0), 1]
  let before = [1]
  let current = [0, 1]
  if (n === 0) return before
  for (let k = 1; k < n; k++) {
    const [a, b] = kind === 'chebyshev' ? [2, 1] : [(2 * k + 1) / (k + 1), k / (k + 1)]
    const next = [0, ...current.map((c) => a * c)]
    before.forEach((c, i) => (next[i] -= b * c))
    before = current
    current = next
  }
  return current
}

/** The surface added to the coordinate along an axis; IRAF's plain polynomials are not normalised. */
function irafSurface(s: IrafSurface | null, along: 'x' | 'y'): Surface {
  if (!s) return plainSurface(1, Float64Array.from(along === 'x' ? [0, 0, 1, 0] : [0, 1, 0, 0]))
  const [xMin, xMax, yMin, yMax] = s.range
  const normal = s.kind !== 'polynomial'
  const x0 = normal ? (xMax + xMin) / 2 : 0
  const y0 = normal ? (yMax + yMin) / 2 : 0
  const sx = normal ? 2 / (xMax - xMin) : 1
  const sy = normal ? 2 / (yMax - yMin) : 1
  const order = Math.max(1, s.xOrder + s.yOrder - 2)
  const c = new Float64Array((order + 1) ** 2)
  let next = 0
  for (let n = 0; n < s.yOrder; n++) {
    const most = xTerms(s, n)
    const yMember = familyMember(s.kind, n)
    for (let m = 0; m < most; m++) {
      const factor = s.coefficients[next++]
      const xMember = familyMember(s.kind, m)
      xMember.forEach((cx, p) =>
        yMember.forEach((cy, q) => {
          c[p * (order + 1) + q] += factor * cx * cy
        }),
      )
    }
  }
  if (along === 'x') {
    c[0] += x0
    c[order + 1] += 1 / sx
  } else {
    c[0] += y0
    c[1] += 1 / sy
  }
  return { order, coefficients: c, x0, sx, y0, sy, radial: null }
}

/** How many terms in x go with the n-th power in y. */
function xTerms(s: Pick<IrafSurface, 'crossTerms' | 'xOrder' | 'yOrder'>, n: number): number {
  if (s.crossTerms === 'full') return s.xOrder
  if (s.crossTerms === 'none') return n === 0 ? s.xOrder : 1
  return Math.max(0, Math.min(s.xOrder, Math.max(s.xOrder, s.yOrder) - n))
}

/** How many coefficients a surface of these orders has. */
export function irafTerms(s: Pick<IrafSurface, 'crossTerms' | 'xOrder' | 'yOrder'>): number {
  let count = 0
  for (let n = 0; n < s.yOrder; n++) count += xTerms(s, n)
  return count
}

/** The bend that a distortion is, in pixels from CRPIX (SIP) or degrees of the plane; `unit` is a pixel's size there. */
export function distortionBend(distortion: Distortion, unit: number): Bend {
  switch (distortion.kind) {
    case 'sip':
      return bendOf(sipSurface(distortion.a, 'x'), sipSurface(distortion.b, 'y'), unit)
    case 'tpv':
      return bendOf(tpvSurface(distortion.lon, 'x'), tpvSurface(distortion.lat, 'y'), unit)
    case 'iraf':
      return bendOf(irafSurface(distortion.lon, 'x'), irafSurface(distortion.lat, 'y'), unit)
  }
}
