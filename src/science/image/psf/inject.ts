import { seededRandom } from '#science/simulate/random.ts'
import { checkRows } from '#science/image/photometry/aperture.ts'
import type { Pixels, Plane } from '#science/image/plane.ts'
import { drawPsf, emptyPsfImage, placePsf, type Psf } from './psf.ts'
import { addImage } from './photometry.ts'

/** Stars to be put into a frame: 0-based places, fluxes in the plane's unit. */
export interface InjectedStars {
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  readonly flux: ArrayLike<number>
}

/**
 * Adds artificial stars to `plane`, in place. With a `gain` (e⁻ per unit) their photon noise comes with them, drawn from
 * `seed`; what lies outside the frame is left out, NaN pixels stay NaN.
 * @throws Problem `request.invalid` where columns differ in length.
 */
export function injectStars(
  plane: Plane<Pixels>,
  psf: Psf,
  stars: InjectedStars,
  noise: { readonly gain?: number; readonly seed?: number } = {},
): void {
  const { x, y, flux } = stars
  checkRows(x.length, { y, flux })
  const { gain = 0, seed = 1 } = noise
  const random = seededRandom(seed)
  const image = emptyPsfImage(psf)
  for (let i = 0; i < x.length; i++) {
    placePsf(image, psf, x[i], y[i])
    drawPsf(image, psf, x[i], y[i])
    if (gain > 0 && Number.isFinite(gain)) {
      for (let p = 0; p < image.values.length; p++) {
        const variance = (image.values[p] * flux[i]) / gain
        if (variance > 0) image.values[p] += (Math.sqrt(variance) * random.normal()) / flux[i]
      }
    }
    addImage(plane, image, flux[i])
  }
}
