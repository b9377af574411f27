import { rm, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import { readWcs, wcsOf, type Wcs } from '#science/fits/wcs/wcs.ts'
import { wcsCards } from '#science/fits/wcs/cards.ts'
import { card, formatHeader } from '#science/fits/header.ts'
import { plateWcs } from '#science/image/astrometry/plate-wcs.ts'
import { packStars, starList } from '#science/image/astrometry/stars.ts'
import { sourceFlags } from '#science/image/plane.ts'
import { parseDirection } from '#science/sky/angles.ts'
import { partOf, writeWhole } from '#platform/files/whole.ts'
import type { InspectFindings } from '#observatory/tasks/findings.ts'
import { solveDetections } from '#observatory/tasks/solver/solve-work.ts'
import { starsForPositions } from './calibrate.ts'
import { at, type StepContext } from './context.ts'
import type { Objects } from './objects.ts'
import { openFitsFile } from './pixel-files.ts'
import { refineFrame } from './refine-work.ts'
import { runSpeaking } from './voice.ts'

/** Seconds that a blind search may take. */
const longestSearch = 300
/** Objects without which a header is not doubted. */
const fewestAnew = 10
/** Detections that are matched with a catalogue, the brightest. */
const mostDetections = 3_000

/** The WCS of image.fits. */
export function headerWcs(context: Pick<StepContext, 'folder'>): Wcs | null {
  const file = openFitsFile(at(context, 'image.fits'))
  try {
    return readWcs(file.hdus[0]!.header)
  } finally {
    file.close()
  }
}

/** The best WCS there is: the solved one where photometry found one, else that of the header. */
export function bestWcs(context: Pick<StepContext, 'folder'>): Wcs | null {
  try {
    const file = openFitsFile(at(context, 'image.wcs'))
    try {
      return readWcs(file.hdus[0]!.header)
    } finally {
      file.close()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return headerWcs(context)
    throw error
  }
}

/** Detections that positions may be trusted of, brightest first. */
function trusted(objects: Objects): number[] {
  const bad =
    sourceFlags.saturated | sourceFlags.truncated | sourceFlags.shapeOutlier | sourceFlags.maskedInFootprint
  const good = [...objects.flags.keys()].filter((i) => (objects.flags[i]! & bad) === 0)
  return (good.length >= 10 ? good : [...objects.flags.keys()]).slice(0, mostDetections)
}

/**
 * Where the frame lies: by its header, or found blindly from the pattern of its stars.
 * @throws Problem `task.unusable` where neither is possible
 */
export async function frameWcs(
  context: StepContext,
  frame: InspectFindings,
  objects: Objects,
): Promise<{ wcs: Wcs; from: 'header' | 'solved' }> {
  const { config } = context
  const wcs = frame.field && !config.blind_match_wcs ? headerWcs(context) : null
  if (wcs) return { wcs, from: 'header' }
  const rows = trusted(objects)
  if (rows.length < 10)
    throw new Problem(
      'task.unusable',
      `${frame.noWcs ?? 'The frame is to be solved anew.'} Of ${rows.length} objects no position can be found; at least 10 are needed (lower sn).`,
    )
  const own = await amongGiven(context, frame, objects)
  if (own) return { wcs: own, from: 'solved' }
  const centre = await searchCentre(context, frame)
  try {
    const wcs = await search(context, frame, objects, {
      indexes: context.indexes,
      widthDeg: configuredWidths(context, frame),
      centre,
      seconds: longestSearch,
    })
    return { wcs, from: 'solved' }
  } catch (error) {
    if (!isProblem(error) || context.signal.aborted || !error.code.startsWith('astrometry.')) throw error
    throw new Problem(
      'task.unusable',
      `${frame.noWcs ?? ''} ${error.message} Say where it lies (blind_match_center), how large its pixels are (blind_match_ps_lo, blind_match_ps_up), or add a deeper index.`.trim(),
      error.details,
      error,
    )
  }
}

/** Solves a frame with the stars that a person gave; null where there are none, or they show nothing like it. */
async function amongGiven(
  context: StepContext,
  frame: InspectFindings,
  objects: Objects,
): Promise<Wcs | null> {
  const { given } = context.sky
  if (!given || given.table.rows < fewestAnew) return null
  const { ra, dec, mag } = starsForPositions(given.table, context.config.cat_name ?? given.name, frame.mjd)
  const list = partOf(at(context, 'field.stars'))
  try {
    await writeFile(list, packStars(starList(ra, dec, mag)))
    return await search(context, frame, objects, {
      indexes: [list],
      widthDeg: configuredWidths(context, frame),
      centre: null,
      seconds: 60,
      catalogue: true,
    })
  } catch (error) {
    if (!isProblem(error) || context.signal.aborted || !error.code.startsWith('astrometry.')) throw error
    context.log(`${given.name} does not show where it lies: ${error.message}`)
    return null
  } finally {
    await rm(list, { force: true })
  }
}

/**
 * Solves a frame whose header is contradicted by the catalogue: mirrored, turned or far off. The stars of the catalogue
 * that lie where the header says are tried first, then those of the indexes there, then the whole sky.
 * @returns null where that finds nothing either
 */
export async function solvedAnew(
  context: StepContext,
  frame: InspectFindings,
  wcs: Wcs,
  objects: Objects,
  stars: { ra: Float64Array; dec: Float64Array; mag: Float64Array },
): Promise<Wcs | null> {
  const rows = trusted(objects)
  if (rows.length < fewestAnew) return null
  const [ra, dec] = wcs.pixelToSky((frame.width - 1) / 2, (frame.height - 1) / 2)
  const told = wcs.pixelScaleDeg() * frame.width
  const near = (await searchCentre(context, frame)) ?? {
    ra,
    dec,
    radiusDeg: context.config.blind_match_sr0,
  }
  const list = partOf(at(context, 'field.stars'))
  const indexed = { indexes: context.indexes, widthDeg: configuredWidths(context, frame), seconds: 60 }
  const searches: Search[] = [
    { ...indexed, indexes: [list], widthDeg: [0.7 * told, 1.4 * told], centre: null, catalogue: true },
    { ...indexed, centre: near },
    { ...indexed, centre: null },
  ]
  try {
    await writeFile(list, packStars(starList(stars.ra, stars.dec, stars.mag)))
    for (const each of stars.ra.length < fewestAnew ? searches.slice(1) : searches) {
      try {
        return await search(context, frame, objects, each)
      } catch (error) {
        // The header is kept where nothing else is found; a program that fails is no reason to end the step.
        if (!isProblem(error) || context.signal.aborted || !/^(astrometry|engine)\./.test(error.code))
          throw error
        if (error.code.startsWith('engine.')) context.warn(error.message)
      }
    }
    return null
  } finally {
    await rm(list, { force: true })
  }
}

interface Search {
  readonly indexes: readonly string[]
  readonly widthDeg: readonly [least: number, most: number]
  readonly centre: { ra: number; dec: number; radiusDeg: number } | null
  /** Of work. */
  readonly seconds: number
  /** The index is a list of stars of the field, which only the built-in engine takes. */
  readonly catalogue?: boolean
}

/** Width of the field by the pixel scales that are configured, degrees. */
function configuredWidths(
  { config }: StepContext,
  { width }: InspectFindings,
): readonly [least: number, most: number] {
  return [(config.blind_match_ps_lo * width) / 3_600, (config.blind_match_ps_up * width) / 3_600]
}

/** Finds the frame by the pattern of its stars and writes image.wcs. @throws Problem astrometry.*, engine.* */
async function search(
  context: StepContext,
  frame: InspectFindings,
  objects: Objects,
  { indexes, widthDeg, centre, seconds, catalogue = false }: Search,
): Promise<Wcs> {
  const { config, folder, hands } = context
  const rows = trusted(objects).slice(0, 500)
  const pick = (column: Float64Array): Float64Array => Float64Array.from(rows, (i) => column[i]!)
  const scale = (width: number): string => ((width * 3_600) / frame.width).toPrecision(2)
  context.log(
    `Solving from ${rows.length} objects, ${scale(widthDeg[0])} to ${scale(widthDeg[1])}″ per pixel, ${catalogue ? 'with the stars of the catalogue' : centre ? `within ${centre.radiusDeg}° of ${centre.ra.toFixed(3)} ${centre.dec.toFixed(3)}` : 'on the whole sky'}.`,
  )
  const { solution, index } = await runSpeaking(context, solveDetections, {
    x: pick(objects.x),
    y: pick(objects.y),
    flux: pick(objects.flux),
    width: frame.width,
    height: frame.height,
    indexes,
    hints: { widthDeg, ...(centre ? { centre } : {}) },
    order: 2,
    seconds,
    engine: catalogue ? 'builtin' : config.engine_solve,
    options: catalogue ? {} : config.engine_options,
    folder,
    hands,
  })
  const found = plateWcs(solution)
  context.log(
    `Solved with ${catalogue ? 'the catalogue' : basename(index)}: ${solution.matches.length} stars, ${solution.rmsPx.toFixed(2)} pixels rms, ${solution.pixelScaleArcsec.toFixed(4)}″ per pixel, ln(odds) ${solution.logOdds.toFixed(0)}.`,
  )
  await writeWcs(context, frame, found)
  return found
}

/** Where to look: as configured, else around the primary target. */
async function searchCentre(
  context: StepContext,
  frame: InspectFindings,
): Promise<{ ra: number; dec: number; radiusDeg: number } | null> {
  const { blind_match_center: text, blind_match_sr0: radiusDeg } = context.config
  if (text.trim() !== '') {
    const place = await placeOf(context, text)
    return { ...place, radiusDeg }
  }
  const target = frame.targets.find((each) => each.ra !== null && each.dec !== null)
  return target ? { ra: target.ra!, dec: target.dec!, radiusDeg } : null
}

/** Coordinates, or a name that somebody knows. @throws Problem `task.config` */
export async function placeOf(context: StepContext, text: string): Promise<{ ra: number; dec: number }> {
  try {
    const { ra, dec } = parseDirection(text)
    return { ra, dec }
  } catch (error) {
    if (!isProblem(error)) throw error
  }
  const found = await context.sky.resolve(text, context)
  if (found) return { ra: found.ra, dec: found.dec }
  throw new Problem('task.config', `"${text}" is neither coordinates nor a name that anybody knows.`)
}

/** Fits the WCS anew to a catalogue; null where that does not make it better. */
export async function refined(
  context: StepContext,
  frame: InspectFindings,
  wcs: Wcs,
  objects: Objects,
  fwhm: number,
  stars: { ra: Float64Array; dec: Float64Array; mag: Float64Array },
): Promise<Wcs | null> {
  const rows = trusted(objects)
  const pick = (column: Float64Array): Float64Array => Float64Array.from(rows, (i) => column[i]!)
  const { folder, config, hands } = context
  const plate = await runSpeaking(context, refineFrame, {
    folder,
    config,
    hands,
    terms: wcs.terms,
    x: pick(objects.x),
    y: pick(objects.y),
    flux: pick(objects.flux),
    fluxErr: pick(objects.fluxErr),
    ...stars,
    width: frame.width,
    height: frame.height,
    jitterPx: Math.max(0.5, fwhm / 3),
    errorPx: 5 * fwhm,
    order: Math.max(1, config.refine_order),
  })
  if (!plate || plate.stars < 6 || plate.rmsPx > Math.max(1, fwhm / 2)) {
    context.warn(
      'The astrometry could not be refined: too few stars of the catalogue are found where they should be.',
    )
    return null
  }
  const found = wcsOf(plate.terms)
  context.log(
    `Astrometry refined${config.engine_refine === 'builtin' ? '' : ` by ${config.engine_refine}`}: ${plate.stars} stars, ${plate.rmsPx.toFixed(3)} pixels (${(plate.rmsPx * found.pixelScaleDeg() * 3_600).toFixed(3)}″) rms, distortion of order ${plate.order}.`,
  )
  await writeWcs(context, frame, found)
  return found
}

/** image.wcs: the solution in a header without data. */
async function writeWcs(
  context: StepContext,
  frame: Pick<InspectFindings, 'width' | 'height'>,
  wcs: Wcs,
): Promise<void> {
  const header = formatHeader([
    card('SIMPLE', true, 'conforms to FITS'),
    card('BITPIX', 8),
    card('NAXIS', 0),
    card('IMAGEW', frame.width, 'width of the picture, px'),
    card('IMAGEH', frame.height, 'height of the picture, px'),
    ...wcsCards(wcs),
  ])
  await writeWhole(at(context, 'image.wcs'), header)
}
