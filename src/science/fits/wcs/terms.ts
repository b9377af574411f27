/**
 * What a celestial WCS says, as plain data that a thread can be handed: numbers only, no functions.
 * Papers: Greisen & Calabretta 2002 (A&A 395, 1061), Calabretta & Greisen 2002 (A&A 395, 1077).
 */

/** Coefficients of u^p v^q, `coefficients[p * (order + 1) + q]`, p + q ≤ order. */
export interface SipPolynomial {
  readonly order: number
  readonly coefficients: readonly number[]
}

/** IRAF's correction surface, as WATi_nnn holds it. */
export interface IrafSurface {
  readonly kind: 'chebyshev' | 'legendre' | 'polynomial'
  readonly xOrder: number
  readonly yOrder: number
  readonly crossTerms: 'none' | 'full' | 'half'
  readonly range: readonly [xMin: number, xMax: number, yMin: number, yMax: number]
  readonly coefficients: readonly number[]
}

export type Distortion =
  | {
      readonly kind: 'sip'
      readonly a: SipPolynomial
      readonly b: SipPolynomial
      /** Approximate inverse as the header had it: kept to be written back, never used. */
      readonly ap?: SipPolynomial
      readonly bp?: SipPolynomial
    }
  /** PVi_m of the longitude and latitude axis, m = 0 … 39; those not given have their defaults here. */
  | { readonly kind: 'tpv'; readonly lon: readonly number[]; readonly lat: readonly number[] }
  | { readonly kind: 'iraf'; readonly lon: IrafSurface | null; readonly lat: IrafSurface | null }

/** An axis that is not celestial (spectral, Stokes, time): passed through, linear by itself. */
export interface OtherAxis {
  readonly axis: number
  readonly ctype: string
  readonly crpix: number
  readonly crval: number
  readonly cdelt: number
  readonly cunit: string
}

export type SkyFrame =
  | { readonly name: 'icrs' | 'galactic' | 'supergalactic' }
  /** Equinox as Julian year, of FK4 as Besselian year. */
  | { readonly name: 'fk5' | 'fk4' | 'fk4-no-e' | 'ecliptic'; readonly equinox: number }

export interface WcsTerms {
  /** Three letters: 'TAN', 'SIN', … ; TPV, TNX and ZPX are TAN, TAN and ZPN with a distortion. */
  readonly projection: string
  /** Count of world axes, celestial and other. */
  readonly axes: number
  /** World axes of longitude and latitude, from 1. */
  readonly lonAxis: number
  readonly latAxis: number
  /** Pixel axes that x and y count along, from 1. */
  readonly xAxis: number
  readonly yAxis: number
  readonly frame: SkyFrame
  /** True where the header named the frame (RADESYS or EQUINOX); ICRS is then not an assumption. */
  readonly frameNamed: boolean
  /** First pixel is 1, as FITS counts. */
  readonly crpix: readonly [number, number]
  /** Longitude and latitude of the reference point in `frame`, degrees. */
  readonly crval: readonly [number, number]
  /** Degrees per pixel: longitude along x, along y, latitude along x, along y. */
  readonly cd: readonly [number, number, number, number]
  /** Parameters of the projection, PVi_m of the latitude axis by m. */
  readonly pv: readonly number[]
  /** Native coordinates of the reference point, degrees; null is the projection's own. */
  readonly native: readonly [phi: number, theta: number] | null
  /** PVi_0 of the longitude axis: the reference point is the plane's origin, too. */
  readonly offset: boolean
  readonly lonpole: number | null
  readonly latpole: number | null
  readonly distortion: Distortion | null
  readonly others: readonly OtherAxis[]
  /** Letter of an alternative WCS, '' for the primary. */
  readonly alternate: string
}
