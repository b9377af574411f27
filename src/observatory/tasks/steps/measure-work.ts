import { join } from 'node:path'
import { Problem } from '#problem.ts'
import { levelRows, rmsRows, type Background } from '#science/image/background/map.ts'
import { gaussianFilter } from '#science/image/detection/filter.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import { runChosen } from '#observatory/tasks/engines/registry.ts'
import type { Ports } from '#observatory/tasks/engines/port.ts'
import { apertures, measureApertures } from './aperture-fluxes.ts'
import {
  chosenObjects,
  flagOddShapes,
  markCores,
  markMasked,
  positionErrors,
  objectsOf,
  type Objects,
} from './objects.ts'
import { readMask, readProduct, writePlane } from './pixel-files.ts'
import { modelPointSpread, pointSpreadFluxes, type PointSpreadFluxes } from './point-spread.ts'
import { fwhmOf, profileFwhm, type ProfileFwhm } from './seeing.ts'
import { speaking, type Speaking, type Voice } from './voice.ts'

export interface MeasureInput {
  readonly folder: string
  readonly config: TaskConfig
  readonly gain: number
  readonly saturation: number
  readonly bgSize: number
  readonly hands: number
}

export interface MeasuredFrame {
  readonly objects: Objects
  readonly fwhm: number
  readonly fwhmFrom: string
  readonly detected: number
  readonly globalRms: number
  /** Fluxes of fits of the point spread, where they were asked for and there are stars to model it. */
  readonly psf: PointSpreadFluxes | null
  /** Full width at half maximum of the stars' profiles. */
  readonly profile: ProfileFwhm | null
}

/** Finds the objects of image.fits, finds the seeing, and measures them in apertures of it. */
export const measureObjects = computeTask(
  import.meta.url,
  'measureObjects',
  (input: MeasureInput & Speaking): Promise<MeasuredFrame> =>
    speaking(input.channel, (voice) => measureFrame(input, voice)),
)

const count = (value: number): string => value.toLocaleString('en-US')

async function measureFrame(input: MeasureInput, voice: Voice): Promise<MeasuredFrame> {
  const { folder, config, gain } = input
  const workshop = createWorkshop({ hands: input.hands })
  const stages = 5
  try {
    const { plane } = readProduct(join(folder, 'image.fits'), workshop)
    const mask = readMask(join(folder, 'mask.fits'), workshop)
    voice.progress(1, stages, 'stages')
    const found = await detect(plane, mask, input, workshop, voice)
    const { background, detections, measures } = found
    if (!measures || detections.rows === 0)
      throw new Problem(
        'task.no_stars',
        `No object was found: ${found.empty ?? 'none stands out.'} Lower minarea, or check the mask and the saturation.`,
      )
    voice.log(
      `Background ${background.globalLevel.toPrecision(5)} ADU, noise ${background.globalRms.toPrecision(4)} ADU (mesh ${input.bgSize} pixels).`,
    )
    voice.progress(2, stages, 'stages')
    writePlane(join(folder, 'segmentation.fits'), {
      width: plane.width,
      height: plane.height,
      data: found.segmentation,
    })
    if (config.inspect_bg) writeMaps(folder, background, workshop)

    const first = measures.fluxAper[0]!
    const firstErr = measures.fluxAperErr[0]!
    const kept = worthMeasuring(found, config)
    if (kept.length === 0)
      throw new Problem(
        'task.no_stars',
        `None of the ${detections.rows} detections has S/N above 3 in ${config.initial_aper} pixels; set initial_aper nearer to the seeing.`,
      )
    const objects = objectsOf(found, kept)
    markMasked(objects, found.segmentation, mask)
    voice.log(
      `${count(detections.rows)} detections above 2 σ, ${count(kept.length)} of them with S/N above 3 in ${config.initial_aper} pixels.`,
    )
    if (config.prefilter_detections) {
      const odd = flagOddShapes(objects, voice)
      voice.log(`${count(odd)} objects are flagged for their shape.`)
    }
    const seeing =
      config.fwhm_override === null
        ? fwhmOf(objects, first, firstErr, kept)
        : { fwhm: config.fwhm_override, stars: 0 }
    const fwhmFrom = config.fwhm_override === null ? `${seeing.stars} stars` : 'configuration'
    const profile = profileFwhm(plane, mask, objects, seeing.fwhm)
    voice.log(
      `FWHM ${profile ? `${profile.fwhm.toFixed(2)} pixels (profiles of ${profile.stars} stars); apertures go by ` : ''}${seeing.fwhm.toFixed(2)} pixels (${config.fwhm_override === null ? `twice the half-light radius, ${fwhmFrom}` : fwhmFrom}).`,
    )
    if (config.fwhm_override === null && seeing.stars < 5)
      voice.warn(
        `The FWHM of ${seeing.fwhm.toFixed(1)} pixels rests on ${seeing.stars} ${seeing.stars === 1 ? 'object' : 'objects'} only, which may be no stars; look at the frame, and set "fwhm_override" if it is wrong.`,
      )
    markCores(objects, mask, seeing.fwhm)
    voice.progress(3, stages, 'stages')
    const measured = measureApertures(plane, mask, background, objects, {
      ...apertures(config, seeing.fwhm),
      gain,
      optimal: config.optimal_extraction ? { fwhm: seeing.fwhm, workshop } : undefined,
    })
    voice.progress(4, stages, 'stages')
    const chosen = chosenObjects(measured, brightEnough(measured, config.sn))
    const xErr = positionErrors(chosen, profile?.fwhm ?? seeing.fwhm)
    const result = { ...chosen, xErr, yErr: xErr.slice() }
    const flagged = result.flags.reduce((sum, flags) => sum + (flags === 0 ? 0 : 1), 0)
    voice.log(
      `${count(result.rows)} objects with S/N ≥ ${config.sn} in apertures of ${(config.rel_aper * seeing.fwhm).toFixed(2)} pixels, sky from ${(config.rel_bg1 * seeing.fwhm).toFixed(1)} to ${(config.rel_bg2 * seeing.fwhm).toFixed(1)} pixels; ${count(flagged)} of them flagged.`,
    )
    if (flagged > result.rows / 2)
      voice.warn(
        'More than half of the objects are flagged: the field is crowded, or the mask or the saturation level is wrong.',
      )
    if (result.rows === 0)
      throw new Problem('task.no_stars', `No object has S/N ${config.sn} or more; lower sn.`)
    const spread = config.psf_photometry
      ? await modelPointSpread(plane, mask, background, result, seeing.fwhm, input, voice)
      : null
    const psf = spread && pointSpreadFluxes(plane, mask, background, result, spread, input.gain, workshop)
    voice.progress(5, stages, 'stages')
    return {
      objects: result,
      psf,
      profile,
      ...seeing,
      fwhmFrom,
      detected: detections.rows,
      globalRms: background.globalRms,
    }
  } finally {
    await workshop.close()
  }
}

/** What stands out of a frame, by the engine that was chosen. */
export function detect(
  plane: Plane,
  mask: Mask,
  { folder, config, gain, saturation, bgSize, hands }: MeasureInput,
  workshop: Workshop,
  voice: Pick<Voice, 'log'>,
): Promise<Ports['detection']['result']> {
  const options = {
    mask,
    background: { mesh: bgSize },
    threshold: 2,
    minArea: config.minarea,
    filter: config.initial_r0 > 0 ? gaussianFilter(config.initial_r0) : null,
    gain,
    saturation,
    neighbours: 'none',
    apertures: [config.initial_aper],
    windowed: false,
    variable: true,
  } as const
  return runChosen('detection', config, { plane, options, workshop }, { folder, hands, log: voice.log })
}

/** Rows of detections that are no noise, the brightest first. */
export function worthMeasuring(
  { detections, measures }: Ports['detection']['result'],
  config: Pick<TaskConfig, 'minarea'>,
): number[] {
  if (!measures) return []
  const first = measures.fluxAper[0]!
  const firstErr = measures.fluxAperErr[0]!
  return Array.from({ length: detections.rows }, (_, i) => i)
    .filter(
      (i) =>
        first[i]! > 3 * firstErr[i]! &&
        detections.fwhm[i]! > 0 &&
        detections.area[i]! > config.minarea &&
        measures.fluxAuto[i]! > 0,
    )
    .toSorted((i, j) => first[j]! - first[i]!)
}

/** Rows of at least that S/N, the brightest first. */
export function brightEnough({ flux, fluxErr }: Objects, sn: number): number[] {
  return [...flux.keys()].filter((i) => flux[i]! / fluxErr[i]! >= sn).toSorted((i, j) => flux[j]! - flux[i]!)
}

function writeMaps(folder: string, background: Background, workshop: Workshop): void {
  const { width, height } = background
  workshop.arena.during(() => {
    const data = workshop.arena.float32(width * height)
    levelRows(background, 0, height, data)
    writePlane(join(folder, 'image_bg.fits'), { width, height, data })
    rmsRows(background, 0, height, data)
    writePlane(join(folder, 'image_rms.fits'), { width, height, data })
  })
}
