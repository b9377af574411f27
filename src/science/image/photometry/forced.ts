/** Photometry at places that are given: aperture fluxes with a local sky. */
import { skyAnnulus, type AnnulusOptions } from './annulus.ts'
import { circularFlux, type ApertureOptions } from './aperture.ts'
import { sourceFlags, type Pixels, type Plane } from '#science/image/plane.ts'

export interface AperturePhotometryOptions extends Omit<ApertureOptions, 'bad'> {
  readonly radius: number
  /** Inner and outer radius of a sky annulus, pixels; without it no local sky is taken off. */
  readonly annulus?: readonly [number, number] | null
  readonly sky?: Omit<AnnulusOptions, 'mask'>
}

/** One row per position; NaN, with a flag that says why, where there is nothing to measure. */
export interface ForcedFluxes {
  rows: number
  flux: Float64Array
  fluxErr: Float64Array
  /** Error that a source of no flux would have. */
  skyErr: Float64Array
  /** What was taken off per pixel, 0 without annulus. */
  sky: Float64Array
  area: Float64Array
  flags: Uint32Array
}

/**
 * Fluxes in circles of `radius` pixels about 0-based positions of a background-subtracted plane, less the local sky in
 * an annulus. The error holds sky noise, photons and the error of the local sky. Where the annulus has too few pixels
 * nothing is taken off, and `badSky` is set.
 */
export function aperturePhotometry(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: AperturePhotometryOptions,
): ForcedFluxes {
  const { radius, annulus = null, gain = 0 } = options
  const found = circularFlux(plane, x, y, radius, options)
  const { rows, flux, fluxErr, skyErr, area, flags } = found
  const sky = new Float64Array(rows)
  if (annulus === null) return { rows, flux, fluxErr, skyErr, sky, area, flags }
  const ring = skyAnnulus(plane, x, y, annulus[0], annulus[1], { ...options.sky, mask: options.mask })
  const photons = gain > 0 && Number.isFinite(gain) ? 1 / gain : 0
  for (let i = 0; i < rows; i++) {
    flags[i] |= ring.flags[i]
    if (ring.flags[i] & sourceFlags.badSky) continue
    sky[i] = ring.sky[i]
    flux[i] -= ring.sky[i] * area[i]
    const variance = skyErr[i] ** 2 + (ring.skyErr[i] * area[i]) ** 2
    skyErr[i] = Math.sqrt(variance)
    fluxErr[i] = Math.sqrt(variance + Math.max(0, flux[i]) * photons)
  }
  return { rows, flux, fluxErr, skyErr, sky, area, flags }
}
