/** A WCS from fitted numbers: what astrometry ends with. Reference pixels are 0-based here. */
import { Problem } from '#problem.ts'
import type { Distortion, SipPolynomial, SkyFrame, WcsTerms } from './terms.ts'
import { wcsOf } from './wcs.ts'
import type { Wcs } from './wcs.ts'

export interface Tangent {
  /** Reference point, degrees in the frame. */
  readonly crval: readonly [number, number]
  /** Its pixel, 0-based. */
  readonly crpix: readonly [number, number]
  /** Degrees per pixel: ξ along x, along y, η along x, along y. */
  readonly cd: readonly [number, number, number, number]
  /** ICRS unless said. */
  readonly frame?: SkyFrame
}

/** Gnomonic, without distortion. @throws Problem wcs.invalid for a singular matrix or numbers that are none */
export function tanWcs(tangent: Tangent): Wcs {
  return make(tangent, null)
}

/** Gnomonic with SIP polynomials, coefficients of u^p v^q at `p * (order + 1) + q`; `ap`, `bp` only to be written. */
export function sipWcs(
  tangent: Tangent,
  a: SipPolynomial,
  b: SipPolynomial,
  inverse?: { ap: SipPolynomial; bp: SipPolynomial },
): Wcs {
  return make(tangent, { kind: 'sip', a, b, ...inverse })
}

/** Gnomonic with TPV: `lon`, `lat` are PVi_m by m; what is absent has its default (PVi_1 = 1, else 0). */
export function tpvWcs(tangent: Tangent, lon: readonly number[], lat: readonly number[]): Wcs {
  const full = (pv: readonly number[]) => Array.from({ length: 40 }, (_, m) => pv[m] ?? (m === 1 ? 1 : 0))
  return make(tangent, { kind: 'tpv', lon: full(lon), lat: full(lat) })
}

function make({ crval, crpix, cd, frame }: Tangent, distortion: Distortion | null): Wcs {
  const determinant = cd[0] * cd[3] - cd[1] * cd[2]
  const size = (Math.abs(cd[0]) + Math.abs(cd[1])) * (Math.abs(cd[2]) + Math.abs(cd[3]))
  if (
    ![...crval, ...crpix, ...cd].every((value) => Number.isFinite(value)) ||
    Math.abs(crval[1]) > 90 ||
    !(Math.abs(determinant) > 1e-10 * size)
  ) {
    throw new Problem(
      'wcs.invalid',
      `A WCS cannot be made with reference point (${crval.join(', ')}), pixel (${crpix.join(', ')}) and matrix (${cd.join(', ')}): numbers must be finite and the matrix not singular.`,
      { crval, crpix, cd },
    )
  }
  const terms: WcsTerms = {
    projection: 'TAN',
    axes: 2,
    lonAxis: 1,
    latAxis: 2,
    xAxis: 1,
    yAxis: 2,
    frame: frame ?? { name: 'icrs' },
    frameNamed: true,
    crpix: [crpix[0] + 1, crpix[1] + 1],
    crval,
    cd,
    pv: [],
    native: null,
    offset: false,
    lonpole: null,
    latpole: null,
    distortion,
    others: [],
    alternate: '',
  }
  return wcsOf(terms)
}

/**
 * The WCS of a part of an image: pixel (x0, y0) of the whole is (0, 0) of the part; with `bin`, each of its pixels is
 * bin × bin of the whole (then without distortion only, as SIP is in pixels of its own).
 * @throws Problem wcs.unsupported for binned SIP
 */
export function sectionWcs(wcs: Wcs, x0: number, y0: number, bin = 1): Wcs {
  const { terms } = wcs
  if (bin !== 1 && terms.distortion?.kind === 'sip') {
    throw new Problem(
      'wcs.unsupported',
      'SIP coefficients belong to one pixel size; resample instead of binning.',
      {
        keyword: 'A_ORDER',
      },
    )
  }
  // FITS pixel p of the whole has its left edge at p − ½.
  const move = (crpix: number, from: number) => (crpix - 0.5 - from) / bin + 0.5
  const [a, b, c, d] = terms.cd
  return wcsOf({
    ...terms,
    crpix: [move(terms.crpix[0], x0), move(terms.crpix[1], y0)],
    cd: [a * bin, b * bin, c * bin, d * bin],
  })
}
