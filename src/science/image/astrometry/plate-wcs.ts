/** A fitted plate as a WCS, and a WCS fitted anew to a catalogue. */
import type { Wcs } from '#science/fits/wcs/wcs.ts'
import { sipWcs, tanWcs } from '#science/fits/wcs/make.ts'
import type { SipPolynomial } from '#science/fits/wcs/terms.ts'
import { unitVector } from '#science/sky/vectors.ts'
import type { Plate } from './plate.ts'
import { fitPlate } from './refine.ts'
import type { PlateSolution, RefineOptions } from './refine.ts'
import type { StarList } from './stars.ts'

/** TAN, or TAN-SIP where the plate has a distortion. */
export function plateWcs({ crval, crpix, cd, order, a, b, ap, bp }: Plate): Wcs {
  const tangent = { crval, crpix: [crpix[0] - 1, crpix[1] - 1] as const, cd }
  if (order < 2) return tanWcs(tangent)
  return sipWcs(tangent, polynomial(a, order), polynomial(b, order), {
    ap: polynomial(ap, order + 1),
    bp: polynomial(bp, order + 1),
  })
}

function polynomial(terms: Readonly<Record<string, number>>, order: number): SipPolynomial {
  const coefficients = Array.from({ length: (order + 1) ** 2 }, () => 0)
  for (const [key, value] of Object.entries(terms)) {
    const [p, q] = key.split('_').map(Number)
    coefficients[p * (order + 1) + q] = value
  }
  return { order, coefficients }
}

/**
 * Fits a WCS that is roughly right anew to a catalogue: first a shift that brings most stars onto detections, then the
 * plate, order by order.
 * @param x, y detections, 0-based pixels, the most trusted first.
 * @param options.errorPx how far off the WCS may be, px.
 * @returns null where fewer than six stars are found again, or so few that chance explains them: a WCS that is mirrored or
 * farther off than `errorPx`.
 */
export function refineWcs(
  wcs: Wcs,
  x: Float64Array,
  y: Float64Array,
  stars: StarList,
  options: RefineOptions & { readonly errorPx: number },
): PlateSolution | null {
  const { width, height, errorPx, jitterPx = 1 } = options
  const [ra, dec] = wcs.pixelToSky((width - 1) / 2, (height - 1) / 2)
  if (!Number.isFinite(ra)) return null
  const radius =
    (1.2 * Math.hypot(width, height) * wcs.pixelScaleDeg((width - 1) / 2, (height - 1) / 2) * Math.PI) / 360
  const places = wcs.skyToPixels(stars.ra, stars.dec)
  const [dx, dy, certain] = shiftBetween(places.x, places.y, x, y, errorPx, { width, height })
  const error = certain ? 4 * jitterPx : errorPx
  const at = new Map<string, number>()
  for (let i = 0; i < stars.rows; i++) at.set(keyOf(stars.xyz, i), i)
  const plate = fitPlate(
    (xyz, star) => {
      const i = at.get(keyOf(xyz, star))
      if (i === undefined || !Number.isFinite(places.x[i])) return null
      return { x: places.x[i] + dx, y: places.y[i] + dy, variance: (error / 3) ** 2 }
    },
    unitVector(ra, dec),
    radius,
    x,
    y,
    stars,
    options,
  )
  return plate && plate.logOdds >= believed ? plate : null
}

/** Odds of 10⁹ that the detections are the stars. */
const believed = Math.log(1e9)

const keyOf = (xyz: Float64Array, star: number): string => `${xyz[3 * star]} ${xyz[3 * star + 1]}`

/**
 * The shift by which most stars fall on detections: votes of all pairs within `reach`, counted in squares of 2 px.
 * `certain` says that they stand out against chance.
 */
function shiftBetween(
  sx: Float64Array,
  sy: Float64Array,
  x: Float64Array,
  y: Float64Array,
  reach: number,
  { width, height }: { width: number; height: number },
): [dx: number, dy: number, certain: boolean] {
  const half = Math.ceil(reach / 2)
  const side = 2 * half + 1
  const votes = new Int32Array(side * side)
  const most = Math.min(x.length, 400)
  const chosen: number[] = []
  for (let s = 0; s < sx.length && chosen.length < 400; s++)
    if (sx[s] > -reach && sy[s] > -reach && sx[s] < width + reach && sy[s] < height + reach) chosen.push(s)
  let pairs = 0
  for (const s of chosen)
    for (let d = 0; d < most; d++) {
      const i = Math.round((x[d] - sx[s]) / 2)
      const j = Math.round((y[d] - sy[s]) / 2)
      if (Math.abs(i) > half || Math.abs(j) > half) continue
      votes[(j + half) * side + i + half]++
      pairs++
    }
  let best = 0
  for (let k = 1; k < votes.length; k++) if (votes[k] > votes[best]) best = k
  const expected = pairs / votes.length
  const certain = votes[best] >= 6 && votes[best] > expected + 5 * Math.sqrt(expected + 1)
  if (!certain) return [0, 0, false]
  // The peak's own square and its neighbours give the shift to a fraction of a square.
  const [ci, cj] = [(best % side) - half, Math.floor(best / side) - half]
  let [sum, dx, dy] = [0, 0, 0]
  for (const s of chosen)
    for (let d = 0; d < most; d++) {
      const [ex, ey] = [x[d] - sx[s], y[d] - sy[s]]
      if (Math.abs(ex - 2 * ci) > 3 || Math.abs(ey - 2 * cj) > 3) continue
      sum++
      dx += ex
      dy += ey
    }
  return [dx / sum, dy / sum, true]
}
