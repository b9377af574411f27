import { join } from 'node:path'
import { Problem } from '#problem.ts'
import type { Background } from '#science/image/background/map.ts'
import { completenessOf, type Completeness } from '#science/image/calibration/completeness.ts'
import { planInjection, recoverInjected, type Recovered } from '#science/image/calibration/injection.ts'
import { zeroPointAt, type ZeroPoint } from '#science/image/calibration/zero-point-model.ts'
import { circularFlux } from '#science/image/photometry/aperture.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { drawPsf, emptyPsfImage, gaussPsf, placePsf, type Psf } from '#science/image/psf/psf.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { apertures, measureApertures } from './aperture-fluxes.ts'
import { brightEnough, detect, worthMeasuring, type MeasureInput } from './measure-work.ts'
import { chosenObjects, markMasked, objectsOf, type Objects } from './objects.ts'
import { readMask, readProduct } from './pixel-files.ts'
import { modelPointSpread } from './point-spread.ts'
import { speaking, type Speaking, type Voice } from './voice.ts'

export interface InjectionInput extends MeasureInput {
  readonly fwhm: number
  readonly model: ZeroPoint
  /** Calibrated magnitudes between which artificial stars are drawn. */
  readonly brightest: number
  readonly faintest: number
  readonly count: number
  readonly seed: number
}

export interface InjectedStars {
  readonly x: Float64Array
  readonly y: Float64Array
  readonly magnitude: Float64Array
  readonly found: Uint8Array
  /** Recovered over injected flux; NaN where it was not found. */
  readonly ratio: Float64Array
  readonly curve: Completeness
  readonly stars: 'model' | 'gaussian'
}

/**
 * Puts stars of the frame's own point spread into copies of image.fits and finds them again just as photometry does: with
 * the same detection, apertures and least S/N.
 */
export const injectIntoFrame = computeTask(
  import.meta.url,
  'injectIntoFrame',
  (input: InjectionInput & Speaking): Promise<InjectedStars> =>
    speaking(input.channel, async (voice) => {
      const workshop = createWorkshop({ hands: input.hands })
      try {
        return await inject(input, workshop, voice)
      } finally {
        await workshop.close()
      }
    }),
)

async function inject(input: InjectionInput, workshop: Workshop, voice: Voice): Promise<InjectedStars> {
  const { folder, fwhm, model, gain, seed } = input
  const { plane } = readProduct(join(folder, 'image.fits'), workshop)
  const mask = readMask(join(folder, 'mask.fits'), workshop)
  const modelled = await withObjects(plane, mask, input, workshop, async (copy, { background, objects }) =>
    modelPointSpread(copy, mask, background, objects, fwhm, input, voice),
  )
  const psf = modelled ?? gaussPsf(fwhm)
  const share = shareInAperture(psf, apertures(input.config, fwhm).radius, plane)
  const plan = planInjection({
    width: plane.width,
    height: plane.height,
    mask,
    brightest: input.brightest,
    faintest: input.faintest,
    count: input.count,
    seed,
    apart: Math.ceil(4 * fwhm),
    // Magnitudes are those of apertures; a star is put in with all of its light.
    zeroPoint: (x, y) => zeroPointAt(model, x, y).value - 2.5 * Math.log10(share),
  })
  let searches = 0
  const search = (frame: Plane): Promise<Recovered> => {
    voice.progress(++searches, plan.rounds.length + 1, 'searches')
    return withObjects(frame, mask, input, workshop, (_, { objects: { x, y, flux } }) =>
      Promise.resolve({ x, y, flux: flux.map((each) => each / share) }),
    )
  }
  const radius = Math.max(1.5, fwhm / 2)
  const { magnitude, found, ratio } = await recoverInjected(plane, plan, { radius, psf, gain, seed }, search)
  const stars = plan.rounds.flat()
  return {
    x: Float64Array.from(stars, (star) => star.x),
    y: Float64Array.from(stars, (star) => star.y),
    magnitude,
    found,
    ratio,
    curve: completenessOf(magnitude, found),
    stars: modelled ? 'model' : 'gaussian',
  }
}

/** Works on a copy of the frame less its background, with the objects that photometry would measure on it. */
function withObjects<T>(
  plane: Plane,
  mask: Mask,
  input: InjectionInput,
  workshop: Workshop,
  use: (copy: Plane, field: { background: Background; objects: Objects }) => Promise<T>,
): Promise<T> {
  const { config, fwhm, gain } = input
  const { arena } = workshop
  return arena.during(async () => {
    const copy = { ...plane, data: arena.float32(plane.data.length) }
    copy.data.set(plane.data)
    const found = await detect(copy, mask, input, workshop, silent)
    const objects = objectsOf(found, worthMeasuring(found, config))
    markMasked(objects, found.segmentation, mask)
    const measured = measureApertures(copy, mask, found.background, objects, {
      ...apertures(config, fwhm),
      gain,
      optimal: config.optimal_extraction ? { fwhm, workshop } : undefined,
    })
    const kept = chosenObjects(measured, brightEnough(measured, config.sn))
    return use(copy, { background: found.background, objects: kept })
  })
}

const silent = { log: () => {} }

/** Share of a star's light that an aperture holds, in the middle of the frame. */
function shareInAperture(psf: Psf, radius: number, { width, height }: Plane): number {
  const [x, y] = [Math.floor(width / 2), Math.floor(height / 2)]
  const image = emptyPsfImage(psf)
  placePsf(image, psf, x, y)
  drawPsf(image, psf, x, y)
  const side = 2 * psf.radius + 1
  const star = { width: side, height: side, data: image.values }
  const share = circularFlux(star, [psf.radius], [psf.radius], radius, {}).flux[0]!
  if (!(share > 0.05))
    throw new Problem('image.no_psf', 'The model of the point spread holds no light in the aperture.')
  return Math.min(1, share)
}
