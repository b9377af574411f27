import type { Noise } from './aperture.ts'
import type { Mask, Pixels, Plane } from '#science/image/plane.ts'
import { gaussPsf, type Psf } from '#science/image/psf/psf.ts'
import { psfPhotometry, type PsfFluxes } from '#science/image/psf/photometry.ts'
import type { Workshop } from '#science/image/workshop.ts'

export interface OptimalOptions {
  /** Profile; a round Gaussian of `fwhm` unless given. */
  readonly psf?: Psf
  readonly fwhm?: number
  /** Pixels within so many of a position are used; stars within twice that are solved for together. */
  readonly radius: number
  readonly mask?: Mask | null
  readonly noise: Noise
  readonly gain?: number
}

/**
 * Optimal extraction (Naylor 1998): pixels weighed by the profile over the variance of the sky, so that bright stars are
 * weighed as faint ones are and an imperfect profile biases all fluxes alike; neighbours within two radii are solved for
 * together. Errors are those of sky and photons. Positions (0-based) are held.
 */
export function optimalFlux(
  plane: Plane<Pixels>,
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: OptimalOptions,
  workshop: Workshop,
): PsfFluxes {
  const { radius, mask, noise, gain } = options
  const psf = options.psf ?? gaussPsf(options.fwhm ?? radius)
  return psfPhotometry(
    plane,
    x,
    y,
    psf,
    {
      noise,
      positions: 'fixed',
      weights: 'sky',
      fitRadius: radius,
      link: 2 * radius,
      mask,
      gain,
    },
    workshop,
  )
}
