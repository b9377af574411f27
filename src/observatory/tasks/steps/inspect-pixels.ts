import { Problem } from '#problem.ts'
import type { Card } from '#science/fits/card.ts'
import { card, headerOf, numberOf, remark } from '#science/fits/header.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { hduLabel } from '#science/fits/hdu.ts'
import { measureBackground } from '#science/image/background/background.ts'
import { removeBackground } from '#science/image/background/flatten.ts'
import { cropPlane, type Box } from '#science/image/preparation/crop.ts'
import { fringeModel, removeFringes } from '#science/image/preparation/fringes.ts'
import { removeStripes } from '#science/image/preparation/stripes.ts'
import { levelRows } from '#science/image/background/map.ts'
import type { Plane } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { imageHdus, mainHdu, roleOf } from '#observatory/frames/images.ts'
import type { Facts } from '#observatory/frames/frame.ts'
import type { Preparation } from '#observatory/tasks/task.ts'
import type { Voice } from './voice.ts'

/** Smallest side on which anything can be measured. */
const leastSide = 32

/**
 * The image that is meant, and the plane of it.
 * @throws Problem `task.unusable` with what there is instead and the remedy
 */
export function chooseImage(
  hdus: readonly Hdu[],
  wanted: { hdu: string | null; plane: number | null },
): { hdu: Hdu; plane: number } {
  const images = imageHdus(hdus)
  const inWords = hdus.map(
    (hdu) =>
      `${hduLabel(hdu.index, hdu.name)}: ${hdu.kind}${hdu.shape.length > 0 ? ` ${hdu.shape.join(' × ')}` : ' without data'}`,
  )
  if (images.length === 0)
    throw new Problem(
      'task.unusable',
      `The file holds no image with pixels (${inWords.slice(0, 6).join('; ')}); give a file with an image.`,
    )
  let hdu: Hdu | undefined
  if (wanted.hdu === null) hdu = mainHdu(hdus)
  else {
    const name = wanted.hdu.trim()
    hdu = images.find((each) =>
      /^\d+$/.test(name) ? each.index === Number(name) : each.name.toUpperCase() === name.toUpperCase(),
    )
    if (!hdu)
      throw new Problem(
        'task.unusable',
        `There is no image ${name} in the file; its images are ${images.map((each) => hduLabel(each.index, each.name)).join(', ')}. Set "hdu" to one of them.`,
      )
  }
  if (!hdu) throw new Problem('task.unusable', 'The file holds no image of the sky.')
  const label = hduLabel(hdu.index, hdu.name)
  if (roleOf(hdu) === 'spectrum')
    throw new Problem(
      'task.unusable',
      `${label} is ${hdu.shape.join(' × ')} pixels: a spectrum, not a picture.`,
    )
  const planes = hdu.shape.slice(2).reduce((product, each) => product * each, 1)
  if (planes > 1) {
    if (hdu.shape.length > 3 && hdu.shape.slice(3).some((length) => length > 1))
      throw new Problem(
        'task.unusable',
        `${label} has ${hdu.shape.length} axes (${hdu.shape.join(' × ')}); take one picture out of it first.`,
      )
    if (wanted.plane === null)
      throw new Problem(
        'task.unusable',
        `${label} is a cube of ${planes} planes (${hdu.shape.join(' × ')}); say which with "plane" (1 to ${planes}).`,
      )
    if (wanted.plane > planes)
      throw new Problem('task.unusable', `${label} has ${planes} planes; there is no plane ${wanted.plane}.`)
  }
  const [width, height] = [hdu.shape[0]!, hdu.shape[1]!]
  if (width < leastSide || height < leastSide)
    throw new Problem(
      'task.unusable',
      `${label} is ${width} × ${height} pixels; at least ${leastSide} × ${leastSide} are needed to tell sky from sources.`,
    )
  return { hdu, plane: (wanted.plane ?? 1) - 1 }
}

/** Cards of the picture that is worked on: those of its extension, then what only the primary header says. */
export function cardsFor(hdus: readonly Hdu[], hdu: Hdu): Card[] {
  const own = hdu.header.cards
  const known = new Set(own.map((each) => each.keyword))
  const inherited =
    hdu.index === 0
      ? []
      : hdus[0]!.header.cards.filter((each) => !each.commentary && !known.has(each.keyword))
  return [...own, ...inherited]
}

export interface Statistics {
  readonly median: number
  /** From the median absolute deviation. */
  readonly sigma: number
  readonly max: number
  readonly valid: number
}

/** Of some hundred thousand pixels spread over the plane; `max` and `valid` of all. */
export function statisticsOf({ data }: Plane): Statistics {
  const step = Math.max(1, Math.floor(data.length / 200_000)) | 1
  const some: number[] = []
  let max = -Infinity
  let valid = 0
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!
    if (value !== value) continue
    valid++
    if (value > max) max = value
    if (i % step === 0) some.push(value)
  }
  if (some.length === 0) return { median: Number.NaN, sigma: Number.NaN, max, valid }
  const values = Float64Array.from(some).sort()
  const median = values[values.length >> 1]!
  const away = values.map((value) => Math.abs(value - median)).sort()
  return { median, sigma: 1.4826 * away[away.length >> 1]!, max, valid }
}

/** Undoes the asinh in which Pan-STARRS stacks are stored (specs: flux = offset + softening (eˣ − e⁻ˣ), x in magnitudes). */
export function linearise({ data }: Plane, scale: Facts['pixels']): void {
  if (scale.form !== 'asinh') return
  const factor = 0.4 * Math.LN10
  for (let i = 0; i < data.length; i++) {
    const x = data[i]! * factor
    data[i] = scale.offset + scale.softening * (Math.exp(x) - Math.exp(-x))
  }
}

/** A pixel this many σ below the median is a fill value: no detector and no reduction makes one. */
const fillSigma = 1e6

/** Fill values become NaN; how many there were. */
export function blankFills({ data }: Plane, { median, sigma }: Statistics): number {
  if (!(sigma > 0)) return 0
  const least = median - fillSigma * sigma
  let count = 0
  for (let i = 0; i < data.length; i++) {
    if (data[i]! < least) {
      data[i] = Number.NaN
      count++
    }
  }
  return count
}

/** Keywords of a celestial WCS. */
const wcsKeyword =
  /^(WCSAXES|WCSNAME|CTYPE\d|CUNIT\d|CRVAL\d|CRPIX\d|CDELT\d|CROTA\d|CD\d_\d|PC\d+_\d+|PV\d_\d+|A_\d_\d|B_\d_\d|AP_\d_\d|BP_\d_\d|[AB]P?_ORDER|[AB]_DMAX|LONPOLE|LATPOLE|RADESYSa?|RADESYS|RADECSYS|EQUINOX|WAT\d_\d+)$/

/** Does what was asked to the pixels, in order; returns them and their cards. */
export function prepare(
  plane: Plane,
  cards: readonly Card[],
  steps: readonly Preparation[],
  workshop: Workshop,
  voice: Voice,
): { plane: Plane; cards: Card[]; offset: { x: number; y: number } } {
  let picture = plane
  let kept = [...cards]
  const offset = { x: 0, y: 0 }
  for (const step of steps) {
    if (step.what === 'header') {
      kept = [
        ...kept.filter((each) => !wcsKeyword.test(each.keyword)),
        ...step.cards.map(([keyword, value]) => card(keyword, value)),
      ]
      voice.log(
        `The WCS of the header is replaced by one that was found before (${step.cards.length} cards).`,
      )
    } else if (step.what === 'crop') {
      const box = cropBox(picture, step)
      picture = cropPlane(picture, box, workshop.arena)
      offset.x += box.x0
      offset.y += box.y0
      kept = shifted(kept, box)
      voice.log(
        `Cropped to columns ${box.x0 + 1}–${box.x1} and rows ${box.y0 + 1}–${box.y1}: ${picture.width} × ${picture.height} pixels.`,
      )
    } else if (step.what === 'destripe') {
      removeStripes(picture, { direction: step.direction })
      voice.log(`Stripes removed (${step.direction}).`)
    } else if (step.what === 'fringes') {
      takeFringes(picture, step.size, workshop, voice)
    } else {
      takeBackground(picture, step, workshop)
      voice.log(
        `Background removed (mesh ${step.size} pixels, ${step.how === 'divide' ? 'divided' : 'subtracted'}).`,
      )
    }
    kept.push(
      remark(
        'HISTORY',
        `urania: ${step.what} ${JSON.stringify({ ...step, cards: undefined, what: undefined })}`.slice(0, 70),
      ),
    )
  }
  return { plane: picture, cards: kept, offset }
}

/** 0-based, the end not included. @throws Problem `task.unusable` */
function cropBox({ width, height }: Plane, { x1, y1, x2, y2 }: Extract<Preparation, { what: 'crop' }>): Box {
  const place = (value: number, length: number): number => (value < 0 ? length + value + 1 : value)
  const box = {
    x0: place(x1, width) - 1,
    y0: place(y1, height) - 1,
    x1: place(x2, width),
    y1: place(y2, height),
  }
  const fits = box.x0 >= 0 && box.y0 >= 0 && box.x1 <= width && box.y1 <= height
  if (!fits || box.x1 - box.x0 < leastSide || box.y1 - box.y0 < leastSide)
    throw new Problem(
      'task.unusable',
      `Columns ${x1} to ${x2} and rows ${y1} to ${y2} are no part of ${width} × ${height} pixels with at least ${leastSide} × ${leastSide}; correct the crop.`,
    )
  return box
}

/** Sections of the chip that a part no longer is, or of which it is not known what is left. */
const sections = /^(BIAS|CCD|DET|AMP|ORIG|C|D|T)SEC[A-Z0-9]?$/

/**
 * Cards of a part that begins at (x0, y0): reference pixels of every WCS and of IRAF's and DSS's own systems move, sections of
 * the picture are cut to the part, those of the chip go.
 */
export function shifted(
  cards: readonly Card[],
  part: { x0: number; y0: number; x1?: number; y1?: number },
): Card[] {
  const moved = cards.flatMap((each) => {
    const section = /^(?:DATA|TRIM)SEC$/.test(each.keyword)
    if (section) return sectionOf(each, part)
    if (part.x1 !== undefined && sections.test(each.keyword)) return []
    const [, name, axis] = /^(CRPIX|LTV|CNPIX)([12])[A-Z]?$/.exec(each.keyword) ?? []
    if (axis === undefined) return [each]
    const by = (axis === '1' ? part.x0 : part.y0) * (name === 'CNPIX' ? -1 : 1)
    const number = numberOf(headerOf([each]), each.keyword)
    // A card that was read keeps its text, so that a new value needs a new card.
    return by === 0 || number === undefined ? [each] : [card(each.keyword, number - by, each.comment)]
  })
  // Where it is not said the reference pixel is 0.
  const said = new Set(cards.map(({ keyword }) => keyword))
  for (const { keyword } of cards) {
    const [, axis, letter] = /^CRVAL([12])([A-Z]?)$/.exec(keyword) ?? []
    const name = `CRPIX${axis}${letter}`
    if (axis !== undefined && !said.has(name)) moved.push(card(name, axis === '1' ? -part.x0 : -part.y0))
  }
  return moved
}

/** `[x1:x2,y1:y2]` as it lies on the part; none where nothing of it is left. */
function sectionOf(
  each: Card,
  { x0, y0, x1 = Infinity, y1 = Infinity }: { x0: number; y0: number; x1?: number; y1?: number },
): Card[] {
  const ends = /^\s*\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]\s*$/
    .exec(typeof each.value === 'string' ? each.value : '')
    ?.slice(1)
    .map(Number)
  if (!ends) return []
  const [left, right] = [Math.max(1, ends[0]! - x0), Math.min(x1 - x0, ends[1]! - x0)]
  const [low, high] = [Math.max(1, ends[2]! - y0), Math.min(y1 - y0, ends[3]! - y0)]
  return right < left || high < low
    ? []
    : [card(each.keyword, `[${left}:${right},${low}:${high}]`, each.comment)]
}

function takeBackground(
  plane: Plane,
  step: Extract<Preparation, { what: 'background' }>,
  workshop: Workshop,
): void {
  workshop.arena.during(() => {
    const background = measureBackground(plane, null, { mesh: step.size }, workshop)
    const { width, height } = plane
    const data = workshop.arena.float32(width * height)
    removeBackground(plane, { width, height, data: levelRows(background, 0, height, data) }, step.how)
  })
}

/** The pattern of the frame itself, smoothed so that sources are no part of it. */
function takeFringes(plane: Plane, size: number, workshop: Workshop, voice: Voice): void {
  workshop.arena.during(() => {
    const background = measureBackground(plane, null, { mesh: 4 * size }, workshop)
    const mask = { width: plane.width, height: plane.height, data: workshop.arena.uint8(plane.data.length) }
    const least = 3 * background.globalRms
    const level = workshop.arena.float32(plane.width)
    for (let y = 0; y < plane.height; y++) {
      levelRows(background, y, y + 1, level)
      for (let x = 0; x < plane.width; x++) {
        const i = y * plane.width + x
        mask.data[i] = plane.data[i]! - level[x]! > least ? 1 : 0
      }
    }
    const frame = { plane, background, mask }
    const { amplitude, error } = removeFringes(frame, fringeModel([frame], { scale: size / 4 }))
    voice.log(`Fringes removed: amplitude ${amplitude.toFixed(3)} ± ${error.toFixed(3)} of the pattern.`)
  })
}
