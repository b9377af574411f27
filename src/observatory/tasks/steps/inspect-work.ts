import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '#problem.ts'
import { headerOf, remark } from '#science/fits/header.ts'
import { hduLabel } from '#science/fits/hdu.ts'
import { readWcs } from '#science/fits/wcs/wcs.ts'
import { measureBackground } from '#science/image/background/background.ts'
import { findFilter } from '#science/image/calibration/filters.ts'
import { cleanCosmics } from '#science/image/cosmics/cosmics.ts'
import { checkGain, neighbourNoise, guessSaturation } from '#science/image/calibration/detector-checks.ts'
import { cropMask } from '#science/image/preparation/crop.ts'
import { addMask, checkSize, countMask } from '#science/image/preparation/mask.ts'
import {
  drawShapes,
  type DrawnMask as Drawing,
  type SkyToPixel,
} from '#science/image/preparation/mask-shapes.ts'
import { maskBits, type Mask, type Plane } from '#science/image/plane.ts'
import { dateOf } from '#science/sky/time.ts'
import { parseIso } from '#science/sky/iso.ts'
import { mjdOf } from '#science/sky/time.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { facts as factsOf } from '#observatory/frames/facts.ts'
import type { Facts } from '#observatory/frames/frame.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import type { Found, InspectFindings } from '#observatory/tasks/findings.ts'
import { readDrawn } from '#observatory/tasks/drawn.ts'
import { originalName, type Preparation } from '#observatory/tasks/task.ts'
import { requireContent } from './content.ts'
import { fieldOf, mocOf } from './field.ts'
import {
  blankFills,
  cardsFor,
  chooseImage,
  linearise,
  prepare,
  statisticsOf,
  type Statistics,
} from './inspect-pixels.ts'
import { openFitsFile, readMask, readPlane, writePlane } from './pixel-files.ts'
import { speaking, type Speaking, type Voice } from './voice.ts'

export interface InspectInput {
  readonly folder: string
  readonly config: TaskConfig
  readonly preparations: readonly Preparation[]
  readonly hands: number
}

export type InspectedPixels = Omit<InspectFindings, 'targets' | 'catName' | 'template' | 'given'>

/** The part of inspect that works on pixels: repairs, facts, mask. Writes image.fits and mask.fits. */
export const inspectPixels = computeTask(
  import.meta.url,
  'inspectPixels',
  (input: InspectInput & Speaking): Promise<InspectedPixels> =>
    speaking(input.channel, (voice) => inspectFrame(input, voice)),
)

const count = (value: number): string => value.toLocaleString('en-US')

async function inspectFrame(input: InspectInput, voice: Voice): Promise<InspectedPixels> {
  const { folder, config, preparations } = input
  const workshop = createWorkshop({ hands: input.hands })
  const stages = 6
  try {
    const file = openFitsFile(join(folder, originalName))
    const { hdu, plane: index } = chooseImage(file.hdus, config)
    const label = hduLabel(hdu.index, hdu.name)
    const others = file.hdus.length - 1
    voice.log(
      `${label}: ${hdu.shape.join(' × ')} pixels, BITPIX ${hdu.bitpix}${others > 0 ? `; ${others} other ${others === 1 ? 'part' : 'parts'} of the file not used` : ''}.`,
    )
    const facts = factsOf(file.hdus, hdu.index)
    for (const doubt of facts.doubts) voice.warn(doubt)
    if (facts.kind !== null && !['object', 'stack', 'difference'].includes(facts.kind))
      voice.warn(`The header says that this is no picture of the sky but a frame of kind "${facts.kind}".`)
    const cards = cardsFor(file.hdus, hdu)
    let plane = readPlane(file, hdu, workshop, index)
    const original = { width: plane.width, height: plane.height }
    file.close()
    voice.progress(1, stages, 'stages')

    if (facts.pixels.form === 'asinh') {
      linearise(plane, facts.pixels)
      voice.log('Pixels were stored as asinh of the flux (Pan-STARRS); they are linear now.')
    }
    let statistics = statisticsOf(plane)
    requireContent(statistics, label)
    let fills = 0
    if (config.fill_as_nan && hdu.bitpix < 0) {
      fills = blankFills(plane, statistics)
      if (fills > 0) {
        voice.warn(
          `${count(fills)} pixels lay more than 10⁶ σ below the median: fill values, taken as blank (fill_as_nan=false keeps them).`,
        )
        statistics = statisticsOf(plane)
        requireContent(statistics, label)
      }
    }
    const prepared = prepare(plane, cards, preparations, workshop, voice)
    plane = prepared.plane
    if (preparations.length > 0) {
      statistics = statisticsOf(plane)
      requireContent(statistics, label)
    }
    voice.log(
      `Median ${statistics.median.toPrecision(5)} ADU, σ ${statistics.sigma.toPrecision(3)} ADU, maximum ${statistics.max.toPrecision(5)} ADU.`,
    )
    voice.progress(2, stages, 'stages')

    const gain = gainOf(config, facts, statistics)
    voice.log(`Gain ${gain.value} e⁻/ADU (${gain.from}).`)
    const saturation = saturationOf(config, facts, statistics, plane, voice)
    voice.log(`Saturation ${saturation.value.toPrecision(5)} ADU (${saturation.from}).`)
    const filter = filterOf(config, facts, voice)
    voice.log(`Filter ${filter.value} (${filter.from}).`)
    const time = timeOf(config, facts, voice)
    voice.log(
      time
        ? `Middle of the exposure ${time.value} UTC (${time.from}).`
        : 'The time of the exposure is not known.',
    )

    const header = headerOf(prepared.cards)
    const wcs = readUsableWcs(header, voice)
    const { field, why } = wcs.problem
      ? { field: null, why: wcs.problem }
      : fieldOf(wcs.wcs, plane.width, plane.height)
    for (const repair of wcs.wcs?.repairs ?? []) voice.log(repair)
    if (field)
      voice.log(
        `${field.projection}: centre ${field.ra.toFixed(5)} ${field.dec.toFixed(5)}, ${field.pixelScaleArcsec.toFixed(3)}″ per pixel, ${(2 * field.radiusDeg).toFixed(3)}° across.`,
      )
    else voice.warn(`${why} The position is found from the pattern of stars in the step photometry.`)

    const bgSize =
      config.bg_size ?? Math.max(8, Math.min(256, Math.floor(Math.min(plane.width, plane.height) / 2)))
    const mask = emptyMask(plane, workshop.arena.uint8(plane.width * plane.height))
    maskValues(plane, mask, saturation.value)
    maskOutside(mask, facts, prepared.offset)
    maskBrought(folder, '', mask, field ? (wcs.wcs ?? undefined) : undefined, workshop, voice, {
      ...original,
      ...prepared.offset,
    })
    voice.progress(3, stages, 'stages')
    workshop.arena.during(() => {
      const background = measureBackground(plane, mask, { mesh: bgSize }, workshop)
      const stated = { level: background.level, gain: gain.value, readNoise: facts.readNoise ?? 0 }
      const check = checkGain({ ...stated, rms: background.rms })
      // Nebulae and faint sources are noise of the mesh, but not of neighbouring pixels.
      const sure =
        check.verdict === 'too low' ||
        (check.verdict === 'too high' &&
          checkGain({ ...stated, rms: neighbourNoise(plane, background) }).verdict === 'too high')
      if (sure) voice.warn(check.sentence)
      if (config.mask_cosmics) {
        const cosmics = cleanCosmics(
          plane,
          { mask, background, gain: gain.value, saturation: saturation.value, sigma: config.cosmics_sigma },
          workshop,
        )
        addMask(mask, cosmics.mask)
        voice.log(
          `Cosmic rays: ${count(cosmics.hits)} hits, ${count(cosmics.pixels)} pixels (threshold ${config.cosmics_sigma} σ)${cosmics.spared > 0 ? `; ${count(cosmics.spared)} peaks are sharp enough but could be stars, and are left` : ''}.`,
        )
        if (cosmics.pixels > 0.02 * mask.data.length)
          voice.warn(
            'More than 2 % of the pixels look like cosmic rays: stars of an undersampled camera may be among them. Raise cosmics_sigma, or set mask_cosmics=false.',
          )
      }
    })
    voice.progress(4, stages, 'stages')
    const masked = countMask(mask)
    const part = masked.masked / mask.data.length
    voice.log(
      `Masked: ${count(masked.masked)} pixels, ${(100 * part).toFixed(2)} % (blank ${count(masked.invalid)}, saturated ${count(masked.saturated)}, cosmic rays ${count(masked.cosmic)}, drawn ${count(masked.drawn)}, outside ${count(masked.outside)}).`,
    )
    if (part > 0.95)
      throw new Problem(
        'task.unusable',
        `${(100 * part).toFixed(1)} % of the frame is masked; check the saturation level (${saturation.value.toPrecision(5)} ADU, ${saturation.from}) and the masks that were drawn.`,
      )
    // Who reads the product alone must see what was not said by the camera.
    const assumed = filter.from === 'assumed' ? [remark('HISTORY', 'urania: filter r assumed')] : []
    writePlane(join(folder, 'image.fits'), plane, [...prepared.cards, ...assumed])
    voice.progress(5, stages, 'stages')
    writePlane(join(folder, 'mask.fits'), mask)
    voice.progress(6, stages, 'stages')
    return {
      width: plane.width,
      height: plane.height,
      hdu: hdu.index,
      gain,
      saturation,
      filter,
      time: time && { value: time.value, from: time.from },
      mjd: time?.mjd ?? null,
      exposure: facts.exposure,
      instrument: facts.instrument ?? facts.telescope,
      object: facts.object,
      bgSize,
      masked,
      fills,
      median: statistics.median,
      sigma: statistics.sigma,
      field,
      noWcs: field ? null : why,
      moc: field && wcs.wcs ? mocOf(wcs.wcs, plane.width, plane.height, field.areaDeg2) : null,
    }
  } finally {
    await workshop.close()
  }
}

function gainOf(config: TaskConfig, facts: Facts, { sigma, max }: Statistics): Found<number> {
  if (config.gain !== null) return { value: config.gain, from: 'configuration' }
  if (facts.gain !== null && facts.gain > 0) return { value: facts.gain, from: facts.from.gain ?? 'header' }
  // Counts scaled to a small range: the whole range is taken for that of a 16-bit camera.
  if (sigma <= 1 && max > 0)
    return {
      value: 65_535 / max,
      from: 'the header says none, and counts are rescaled: 65535 over the maximum',
    }
  return { value: 1, from: `assumed: ${facts.missing.gain ?? 'the header says none.'}` }
}

function saturationOf(
  config: TaskConfig,
  facts: Facts,
  { max }: Statistics,
  plane: Plane,
  voice: Voice,
): Found<number> {
  if (config.saturation !== null) return { value: config.saturation, from: 'configuration' }
  if (facts.saturation !== null && facts.saturation > 0) {
    if (facts.saturation < max / 2)
      voice.warn(
        `The header says that ${facts.saturation} ADU are saturated, but pixels reach ${max.toPrecision(5)}; set "saturation" if that is wrong.`,
      )
    return { value: facts.saturation, from: facts.from.saturation ?? 'header' }
  }
  const guess = guessSaturation(plane)
  return {
    value: guess.level,
    from:
      guess.from === 'pile-up'
        ? 'many pixels share the highest value; the header says none'
        : '0.05 median + 0.95 maximum, for the header says none',
  }
}

function filterOf(config: TaskConfig, facts: Facts, voice: Voice): Found<string> {
  if (config.filter !== null) {
    const known = findFilter(config.filter)
    if (!known)
      throw new Problem(
        'task.config',
        `There is no filter "${config.filter}"; name one that photometry knows, such as g, r or V.`,
      )
    return { value: known.name, from: 'configuration' }
  }
  if (facts.filter !== null)
    return {
      value: facts.filter,
      from: `${facts.from.filter ?? 'header'} = ${facts.filterName ?? facts.filter}`,
    }
  const said =
    facts.filterName === null ? 'The header names no filter' : `The filter "${facts.filterName}" is not known`
  voice.warn(`${said}; r is assumed. Set "filter" if it is another.`)
  return { value: 'r', from: 'assumed' }
}

function timeOf(config: TaskConfig, facts: Facts, voice: Voice): (Found<string> & { mjd: number }) | null {
  if (config.time !== null) {
    const mjd = mjdOf(parseIso(config.time))
    return { value: dateOf(mjd).toISOString(), from: 'configuration', mjd }
  }
  const { time } = facts
  const mjd = time?.middle ?? time?.mjd ?? null
  if (time && mjd !== null) {
    const from = facts.from.time ?? 'header'
    if (time.middle === null)
      voice.warn(
        `The header’s time ${time.text} may be the start, the middle or the end of the exposure; it is taken as it is.`,
      )
    return { value: dateOf(mjd).toISOString(), from: `${from} = ${time.text}`, mjd }
  }
  voice.warn(
    `${facts.missing.time ?? 'The header says no time.'} Minor planets cannot be looked up; set "time".`,
  )
  return null
}

function readUsableWcs(
  header: ReturnType<typeof headerOf>,
  voice: Voice,
): { wcs: ReturnType<typeof readWcs>; problem: string | null } {
  try {
    return { wcs: readWcs(header), problem: null }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    voice.warn(error.message)
    return { wcs: null, problem: error.message }
  }
}

function emptyMask({ width, height }: Plane, data: Uint8Array): Mask {
  data.fill(0)
  return { width, height, data }
}

function maskValues({ data }: Plane, mask: Mask, saturation: number): void {
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!
    if (value !== value) mask.data[i]! |= maskBits.invalid
    else if (value >= saturation) mask.data[i]! |= maskBits.saturated
  }
}

/** Pixels that no light reaches, as the header's data section says. */
function maskOutside(
  { width, height, data }: Mask,
  { dataSection }: Facts,
  offset: { x: number; y: number },
): void {
  if (!dataSection) return
  const [x0, x1] = [dataSection.x0 - offset.x, dataSection.x1 - offset.x]
  const [y0, y1] = [dataSection.y0 - offset.y, dataSection.y1 - offset.y]
  // One that says nothing of this picture (a crop, a mosaic) is left alone.
  if (x1 <= x0 || y1 <= y0 || x0 >= width || y0 >= height || x1 <= 0 || y1 <= 0) return
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (x < x0 || x >= x1 || y < y0 || y >= y1) data[y * width + x]! |= maskBits.outside
}

/**
 * Masks that were uploaded or drawn: `custom<which>_mask.fits` and `.json`. Of a picture that is a part of `whole`, beginning at
 * its (x, y), a mask of the size of the whole is cropped as the picture was.
 */
export function maskBrought(
  folder: string,
  which: '' | '_template',
  mask: Mask,
  wcs: SkyToPixel | undefined,
  workshop: Workshop,
  voice: Voice,
  whole?: { width: number; height: number; x: number; y: number },
): void {
  const name = `custom${which}_mask`
  const picture = join(folder, `${name}.fits`)
  if (existsSync(picture)) {
    workshop.arena.during(() => {
      const read = readMask(picture, workshop)
      const { width, height } = mask
      const cropped = whole && (whole.width !== width || whole.height !== height)
      const given =
        cropped && read.width === whole.width && read.height === whole.height
          ? cropMask(
              read,
              { x0: whole.x, y0: whole.y, x1: whole.x + width, y1: whole.y + height },
              workshop.arena,
            )
          : read
      checkSize(given, mask, `${name}.fits`)
      addMask(mask, given)
    })
    voice.log(`${name}.fits is applied.`)
  }
  const drawing = join(folder, `${name}.json`)
  if (existsSync(drawing)) {
    const drawn = readDrawn(readFileSync(drawing, 'utf8'), `${name}.json`)
    if (drawn.shapes.length > 0) drawShapes(mask, drawn as Drawing, wcs)
    voice.log(
      `${drawn.shapes.length} drawn ${drawn.shapes.length === 1 ? 'shape is' : 'shapes are'} applied (${drawn.mode}).`,
    )
  }
}
