import { isProblem } from '#problem.ts'
import type { Background } from '#science/image/background/map.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { psfPhotometry } from '#science/image/psf/photometry.ts'
import type { SplinePsf } from '#science/image/psf/psf.ts'
import { selectPsfStars } from '#science/image/psf/stars.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { runChosen } from '#observatory/tasks/engines/registry.ts'
import { noiseFunction } from './aperture-fluxes.ts'
import type { MeasureInput } from './measure-work.ts'
import type { Objects } from './objects.ts'
import type { Voice } from './voice.ts'

/** Fluxes of fits of the point spread: all of the light, not that of an aperture. */
export interface PointSpreadFluxes {
  readonly flux: Float64Array
  readonly fluxErr: Float64Array
  readonly chi2: Float64Array
}

/** The point spread of a frame from its stars; null, with a warning, where they are too few. */
export async function modelPointSpread(
  plane: Plane,
  mask: Mask,
  background: Background,
  objects: Objects,
  fwhm: number,
  { folder, config, gain, hands }: MeasureInput,
  voice: Pick<Voice, 'log' | 'warn'>,
): Promise<SplinePsf | null> {
  const { rows } = selectPsfStars({ ...objects, fwhm: objects.fluxRadius.map((radius) => 2 * radius) })
  const pick = (column: Float64Array): Float64Array => Float64Array.from(rows, (i) => column[i]!)
  try {
    const { psf, used } = await runChosen(
      'psf',
      config,
      {
        plane,
        x: pick(objects.x),
        y: pick(objects.y),
        options: { fwhm, mask, noise: background.globalRms, gain, neighbours: objects },
      },
      { folder, hands, log: voice.log },
    )
    voice.log(`Point spread from ${used.reduce((sum, each) => sum + each, 0)} stars.`)
    return psf
  } catch (error) {
    if (!isProblem(error)) throw error
    voice.warn(`${error.message} There is no model of the point spread.`)
    return null
  }
}

/** Fits the point spread at places, those that overlap together, with what shows only when they are taken off, over the sky that is then left. */
export function pointSpreadFluxes(
  plane: Plane,
  mask: Mask,
  background: Background,
  { x, y }: Pick<Objects, 'x' | 'y'>,
  psf: SplinePsf,
  gain: number,
  workshop: Workshop,
  positions: 'free' | 'fixed' = 'free',
): PointSpreadFluxes {
  const noise = noiseFunction(background)
  const sky = Math.max(32, Math.round(16 * psf.fwhm))
  const options = { mask, noise, gain, positions, sky, hidden: true } as const
  const { flux, fluxErr, chi2 } = psfPhotometry(plane, x, y, psf, options, workshop)
  // Where the model does not describe the pixels (a blend, a galaxy), the noise alone says too little.
  return { flux, fluxErr: fluxErr.map((error, i) => error * Math.sqrt(Math.max(1, chi2[i]!))), chi2 }
}
