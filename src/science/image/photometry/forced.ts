/** Photometry at places that are given: aperture fluxes with a local sky, and limits where there is nothing. */
import { skyAnnulus, type AnnulusOptions } from './annulus.ts'
import { circularFlux, type ApertureOptions } from './aperture.ts'
import { sourceFlags, type Mask, type Pixels, type Plane } from '#science/image/plane.ts'
import type { Psf } from '#science/image/psf/psf.ts'
import { psfPhotometry } from '#science/image/psf/photometry.ts'
import type { Workshop } from '#science/image/workshop.ts'

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

export interface ForcedOptions extends Omit<AperturePhotometryOptions, 'radius'> {
  /**
   * Given, fluxes are fits of the point spread at held positions within `radius`, and no local sky is taken off; else
   * sums in apertures.
   */
  readonly psf?: Psf
  readonly radius: number
  /** Of the upper limits, in standard deviations: 5. */
  readonly sigma?: number
  readonly mask?: Mask | null
}

export interface ForcedMeasurements extends ForcedFluxes {
  signalToNoise: Float64Array
  /** `sigma` times the sky error: what a source would have needed to be seen there. */
  limit: Float64Array
  /** 1 where the flux exceeds `sigma` times the sky error. */
  detected: Uint8Array
  /** Reduced χ² of the fit; NaN for apertures. */
  chi2: Float64Array
}

/**
 * Forced photometry at 0-based positions: flux, error, and the limit that stands where there is nothing. Fluxes may be
 * negative; they are never clipped.
 */
export function forcedFlux(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: ForcedOptions,
  workshop: Workshop,
): ForcedMeasurements {
  const { psf, sigma = 5 } = options
  const found = psf ? fitted(plane, x, y, psf, options, workshop) : aperturePhotometry(plane, x, y, options)
  const { rows, flux, fluxErr, skyErr } = found
  return {
    chi2: new Float64Array(rows).fill(NaN),
    ...found,
    signalToNoise: flux.map((value, i) => value / fluxErr[i]),
    limit: skyErr.map((value) => sigma * value),
    detected: Uint8Array.from(flux, (value, i) => Number(value > sigma * skyErr[i])),
  }
}

function fitted(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  psf: Psf,
  options: ForcedOptions,
  workshop: Workshop,
): ForcedFluxes & { chi2: Float64Array } {
  const { radius, noise = 0, mask, gain } = options
  const fit = psfPhotometry(
    plane,
    x,
    y,
    psf,
    { noise, positions: 'fixed', fitRadius: radius, mask, gain },
    workshop,
  )
  const area = Float64Array.from(fit.pixels)
  return { ...fit, sky: new Float64Array(fit.rows), area }
}
