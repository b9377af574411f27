import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import type { Card } from '#science/fits/card.ts'
import { card, headerOf, remark } from '#science/fits/header.ts'
import { planImage } from '#science/fits/image.ts'
import { readWcs, type Wcs } from '#science/fits/wcs/wcs.ts'
import { alignStars } from '#science/image/resample/align.ts'
import { measureBackground, subtractBackground } from '#science/image/background/background.ts'
import { cleanCosmics } from '#science/image/cosmics/cosmics.ts'
import { extract } from '#science/image/detection/extract.ts'
import { addMask } from '#science/image/preparation/mask.ts'
import { maskBits, type Mask, type Plane } from '#science/image/plane.ts'
import type { ResampleInput } from '#science/image/resample/resample.ts'
import type { RowSource } from '#science/image/rows.ts'
import { stack, type StackFrame } from '#science/image/stack/stack.ts'
import { frameWeight, type StackFacts } from '#science/image/stack/facts.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { dateOf } from '#science/sky/time.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { createWorkshop } from '#platform/compute/workshop.ts'
import { facts as factsOf } from '#observatory/frames/facts.ts'
import type { Facts } from '#observatory/frames/frame.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import { blankFills, cardsFor, chooseImage, linearise, statisticsOf } from './inspect-pixels.ts'
import { openFitsFile, readPlane, writePlane, type OpenFits } from './pixel-files.ts'
import { brought } from './brought.ts'
import { speaking, type Speaking, type Voice } from './voice.ts'

export interface StackWork {
  readonly folder: string
  readonly config: TaskConfig
  readonly hands: number
  /** Paths of the frames; the first gives the grid. */
  readonly files: readonly string[]
}

export interface StackDone extends StackFacts {
  /** Names of frames that have no value on the grid of the first. */
  readonly leftOut: readonly string[]
  /** Indices of the frames that are in it; of those without WCS with (x, y, 1) of the stack → pixels of the frame. */
  readonly used: readonly { readonly frame: number; readonly matrix: readonly number[] | null }[]
  /** Part of the pixels that have a value, 0–1; by sum only where all frames have one. */
  readonly covered: number
}

/** Brings frames to the grid of the first and combines them: stack.fits and stack_weight.fits. */
export const stackFrames = computeTask(
  import.meta.url,
  'stackFrames',
  (input: StackWork & Speaking): Promise<StackDone> => speaking(input.channel, (voice) => work(input, voice)),
)

interface Reference {
  readonly width: number
  readonly height: number
  readonly wcs: Wcs | null
  readonly cards: readonly Card[]
  readonly stars: { x: Float64Array; y: Float64Array; flux: Float64Array }
}

async function work({ folder, config, files, hands }: StackWork, voice: Voice): Promise<StackDone> {
  const workshop = createWorkshop({ hands })
  const scratch = join(folder, '.stack')
  mkdirSync(scratch, { recursive: true })
  const opened: OpenFits[] = []
  try {
    let reference: Reference | undefined
    const frames: StackFrame[] = []
    const used: { frame: number; matrix: readonly number[] | null }[] = []
    const leftOut: string[] = []
    const stages = files.length + 1
    for (const [i, path] of files.entries()) {
      const target = join(scratch, `aligned_${i}.fits`)
      const kept = await workshop.arena.during(() =>
        alignFrame(path, i, files.length, target, reference, { folder, config, hands }, workshop, voice),
      )
      voice.progress(i + 1, stages, 'parts')
      if (typeof kept === 'string') {
        voice.warn(`${kept}, so it is left out of the stack.`)
        leftOut.push(nameOf(path))
        rmSync(target, { force: true })
        continue
      }
      reference ??= kept.reference
      const file = openFitsFile(target)
      opened.push(file)
      frames.push({ rows: fileRows(file), ...kept.facts })
      used.push({ frame: i, matrix: kept.matrix })
    }
    if (frames.length < 2)
      throw new Problem(
        'task.unusable',
        `A stack needs at least two frames with values on the grid of the first; ${frames.length === 1 ? 'only one of these has' : 'none of these has'}: ${leftOut.join(', ')} cannot be used.`,
      )
    const { plane, count, mask, facts } = stack(frames, { method: config.stack_method }, workshop)
    const names = used.map(({ frame }) => files[frame]!)
    const cards = stackCards(reference!.cards, facts, names, config)
    writePlane(join(folder, 'stack.fits'), plane, cards)
    writePlane(
      join(folder, 'stack_weight.fits'),
      { width: count.width, height: count.height, data: Int32Array.from(count.data) },
      cards,
    )
    const covered = mask.data.reduce((sum, bits) => sum + (bits === 0 ? 1 : 0), 0) / mask.data.length
    const bySum = config.stack_method === 'sum'
    voice.log(
      `${frames.length} frames by ${config.stack_method}; ${(100 * covered).toFixed(1)} % of the pixels ${bySum ? 'have a value in all of them; the others have none in the sum' : 'have a value'}.`,
    )
    if (covered < 0.5)
      voice.warn(
        `${(100 * (1 - covered)).toFixed(1)} % of the pixels of the stack have no value (NaN)${bySum ? ', for a sum needs one of every frame; "stack_method=clipped_mean" or "median" takes those that there are' : ''}.`,
      )
    if (facts.gain !== null)
      voice.log(
        `Gain of the stack ${facts.gain.toFixed(3)} e⁻/ADU, exposure ${facts.exposure?.toFixed(1) ?? 'unknown'} s (${facts.totalExposure?.toFixed(1) ?? '?'} s in all).`,
      )
    voice.progress(stages, stages, 'parts')
    return { ...facts, leftOut, used, covered }
  } finally {
    for (const file of opened) file.close()
    rmSync(scratch, { recursive: true, force: true })
    await workshop.close()
  }
}

/** Writes the frame on the grid of the first; says why where it has nothing to give. */
async function alignFrame(
  path: string,
  index: number,
  total: number,
  target: string,
  reference: Reference | undefined,
  { folder, config, hands }: Pick<StackWork, 'folder' | 'config' | 'hands'>,
  workshop: Workshop,
  voice: Voice,
): Promise<
  { reference: Reference; matrix: readonly number[] | null; facts: Omit<StackFrame, 'rows'> } | string
> {
  const label = `Frame ${index + 1} of ${total} (${nameOf(path)})`
  const file = openFitsFile(path)
  try {
    const { hdu, plane: at } = chooseImage(file.hdus, config)
    const facts = factsOf(file.hdus, hdu.index)
    const plane = readPlane(file, hdu, workshop, at)
    linearise(plane, facts.pixels)
    if (config.fill_as_nan && hdu.bitpix < 0) blankFills(plane, statisticsOf(plane))
    const cards = cardsFor(file.hdus, hdu)
    const wcs = usableWcs(cards)
    const mask = maskOf(plane, facts, workshop)
    if (!hasValues(plane)) return `${label} has no pixel with a value: all are blank (NaN)`
    const background = measureBackground(plane, mask, { mesh: config.bg_size ?? 256 }, workshop)
    if (config.stack_mask_cosmics) {
      const { mask: hits, pixels } = cleanCosmics(
        plane,
        {
          mask,
          background,
          gain: facts.gain ?? 1,
          ...(facts.saturation === null ? {} : { saturation: facts.saturation }),
          sigma: config.cosmics_sigma,
        },
        workshop,
      )
      addMask(mask, hits)
      voice.log(`${label}: ${pixels} pixels of cosmic rays.`)
    }
    const stars =
      wcs && reference?.wcs && config.stack_method !== 'weighted' ? none : starsOf(plane, mask, workshop)
    if (config.stack_subtract_bg) subtractBackground(plane, background, plane, workshop)
    const own: Reference = { width: plane.width, height: plane.height, wcs, cards, stars }
    const goal = reference ?? own
    const where = reference ? placement(own, goal, label, voice) : null
    if (!where) {
      for (let i = 0; i < plane.data.length; i++)
        if ((mask.data[i]! & ~maskBits.saturated) !== 0) plane.data[i] = Number.NaN
      writePlane(target, plane)
    } else {
      const moved = await brought(
        { plane, mask, wcs: where },
        { wcs: goal.wcs, width: goal.width, height: goal.height },
        { folder, config, hands, log: voice.log },
        workshop,
      )
      if (!hasValues(moved.plane)) return `${label} does not reach the field of the first frame`
      writePlane(target, moved.plane)
    }
    const width = stars.x.length > 0 ? (stars as Stars).fwhm : null
    voice.log(
      `${label}: background ${background.globalLevel.toPrecision(5)} ADU, noise ${background.globalRms.toPrecision(4)} ADU${width ? `, FWHM ${width.toFixed(2)} pixels` : ''}.`,
    )
    return {
      reference: goal,
      matrix: where && 'matrix' in where ? [...where.matrix] : null,
      facts: {
        gain: facts.gain,
        readNoise: facts.readNoise,
        saturation: facts.saturation,
        exposure: facts.exposure,
        midMjd: facts.time?.middle ?? null,
        weight: frameWeight({ rms: background.globalRms, ...(width ? { fwhm: width } : {}) }),
      },
    }
  } catch (error) {
    if (!isProblem(error)) throw error
    throw new Problem(error.code, `${label}: ${error.message}`, error.details, error)
  } finally {
    file.close()
  }
}

const nameOf = (path: string): string => path.split('/').at(-1) ?? path

function hasValues({ data }: Plane): boolean {
  return data.some((value) => Number.isFinite(value))
}

interface Stars {
  readonly x: Float64Array
  readonly y: Float64Array
  readonly flux: Float64Array
  readonly fwhm: number | null
}
const none: Stars = { x: new Float64Array(0), y: new Float64Array(0), flux: new Float64Array(0), fwhm: null }

/** Brightest stars, and how wide they are. */
function starsOf(plane: Plane, mask: Mask, workshop: Workshop): Stars {
  return workshop.arena.during(() => {
    const { detections, measures, flags } = extract(
      plane,
      { mask, threshold: 4, windowed: false, neighbours: 'none' },
      workshop,
    )
    const flux = measures?.fluxAuto ?? detections.fluxIso
    const rows = [...flags.keys()]
      .filter((i) => (flags[i]! & ~0x3) === 0 && flux[i]! > 0)
      .toSorted((i, j) => flux[j]! - flux[i]!)
      .slice(0, 200)
    const widths = rows
      .map((i) => 2 * (measures?.fluxRadius[0]![i] ?? Number.NaN))
      .filter((value) => value > 0.5)
      .toSorted((a, b) => a - b)
    const pick = (column: Float64Array): Float64Array => Float64Array.from(rows, (i) => column[i]!)
    return {
      x: pick(detections.x),
      y: pick(detections.y),
      flux: pick(flux),
      fwhm: widths[widths.length >> 1] ?? null,
    }
  })
}

/** By the WCS of both, else by their stars. @throws Problem */
function placement(own: Reference, goal: Reference, label: string, voice: Voice): ResampleInput['wcs'] {
  if (own.wcs && goal.wcs) return own.wcs
  const found = alignStars(goal.stars, own.stars)
  if (!found)
    throw new Problem(
      'task.unusable',
      'It has no WCS, and its stars do not match those of the first frame; solve it first ("urania solve").',
    )
  voice.log(`${label}: aligned by its stars, as it has no WCS.`)
  return { matrix: found.matrix }
}

function usableWcs(cards: readonly Card[]): Wcs | null {
  try {
    return readWcs(headerOf([...cards]))
  } catch (error) {
    if (!isProblem(error)) throw error
    return null
  }
}

function maskOf(plane: Plane, facts: Facts, workshop: Workshop): Mask {
  const data = workshop.arena.uint8(plane.data.length)
  const most = facts.saturation ?? Infinity
  for (let i = 0; i < data.length; i++) {
    const value = plane.data[i]!
    data[i] = Number.isFinite(value) ? (value >= most ? maskBits.saturated : 0) : maskBits.invalid
  }
  return { width: plane.width, height: plane.height, data }
}

/** Rows of an aligned frame from its file. */
function fileRows(file: OpenFits): RowSource {
  const hdu = file.hdus[0]!
  const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
  return {
    width,
    height,
    hasVariance: false,
    rows(y0, y1, out) {
      const { data } = file.read(
        planImage(hdu, [
          [0, width],
          [y0, y1],
        ]),
      )
      for (let i = 0; i < data.length; i++) {
        const value = Number(data[i])
        out.data[i] = value
        out.mask[i] = Number.isFinite(value) ? 0 : maskBits.outside
      }
    },
  }
}

/** The header of the first frame with what the stack has in its place. */
function stackCards(
  cards: readonly Card[],
  facts: StackFacts,
  files: readonly string[],
  config: TaskConfig,
): Card[] {
  const own = new Map<string, Card>()
  const set = (keyword: string, value: number | string | null, comment: string): void => {
    if (value !== null) own.set(keyword, card(keyword, value, comment))
  }
  set('GAIN', facts.gain, 'e-/ADU, of the stack')
  set('RDNOISE', facts.readNoise, 'e-, of the stack')
  set('SATURATE', facts.saturation, 'ADU, of the stack')
  set('EXPTIME', facts.exposure, 's, for which the counts stand')
  set('NCOMBINE', facts.frames, 'frames in the stack')
  // The middle of an exposure from here on is that of the stack.
  if (facts.midMjd !== null && facts.exposure !== null) {
    const start = facts.midMjd - facts.exposure / 172_800
    set('DATE-OBS', dateOf(start).toISOString().replace('Z', ''), 'mean time less half of EXPTIME, UTC')
    set('MJD-OBS', start, 'the same')
  }
  if (facts.startMjd !== null)
    set('DATE-BEG', dateOf(facts.startMjd).toISOString().replace('Z', ''), 'first light')
  if (facts.endMjd !== null)
    set('DATE-END', dateOf(facts.endMjd).toISOString().replace('Z', ''), 'last light')
  const gone =
    /^(GAIN\d?|EGAIN|CCD_GAIN|RDNOISE\d?|READNOIS\w?|RON|RONOISE|ENOISE|SATURATE|EXPTIME|EXPOSURE|TELAPSE|NCOMBINE|DATE-OBS|MJD-OBS|DATE-BEG|DATE-END|DATE-AVG|MJD-AVG|DATE-MID|MJD-MID|TIME-OBS|UT|UTC|UTC-OBS|UTSTART|UTEND|JD|MJD)$/
  return [
    ...cards.filter((each) => !gone.test(each.keyword)),
    ...own.values(),
    remark('HISTORY', `urania: ${config.stack_method} of ${files.length} frames`),
    ...files.slice(0, 200).map((file) =>
      remark(
        'HISTORY',
        nameOf(file)
          .replaceAll(/[^\x20-\x7e]/g, '?')
          .slice(0, 68),
      ),
    ),
  ]
}
