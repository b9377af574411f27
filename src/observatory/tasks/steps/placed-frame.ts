import { Problem } from '#problem.ts'
import type { Wcs } from '#science/fits/wcs/wcs.ts'
import { separation } from '#science/sky/vectors.ts'
import type { InspectFindings } from '#observatory/tasks/findings.ts'
import type { Field } from '#observatory/tasks/findings.ts'
import type { StarAnswer } from '#observatory/tasks/sky/sources.ts'
import { starsForPositions } from './calibrate.ts'
import { at, type StepContext } from './context.ts'
import { fieldOf } from './field.ts'
import { frameWcs, refined, solvedAnew } from './frame-wcs.ts'
import type { Objects } from './objects.ts'
import { objectsTable, uncalibrated } from './objects-table.ts'
import { writeTable } from './tables.ts'

/** A part of the sky and the stars that a catalogue has there. */
interface Surveyed {
  readonly field: Field
  readonly answer: StarAnswer
  /** The catalogue, as its columns are to be read. */
  readonly named: string
}

export interface Placed extends Surveyed {
  readonly wcs: Wcs
  readonly from: 'header' | 'solved' | 'refined'
}

/**
 * Where the frame lies, as well as the stars of the catalogue there say it. A header that they contradict is replaced by
 * a blind solution where there is one.
 * @throws Problem `task.unusable`, `task.no_stars`
 */
export async function placedFrame(
  context: StepContext,
  frame: InspectFindings,
  objects: Objects,
  fwhm: number,
): Promise<Placed> {
  const refine = async (start: Wcs, { answer, named }: Surveyed): Promise<Wcs | null> =>
    answer.table.rows === 0
      ? null
      : refined(context, frame, start, objects, fwhm, starsForPositions(answer.table, named, frame.mjd))
  const { wcs, from } = await frameWcs(context, frame, objects)
  const first = await surveyed(context, frame, wcs, objects)
  if (!context.config.refine_wcs) return { ...withStars(first), wcs, from }
  const better = await refine(wcs, first)
  if (better) return { ...first, wcs: better, from: 'refined' }
  if (from === 'header') {
    const positions = starsForPositions(first.answer.table, first.named, frame.mjd)
    const anew = await solvedAnew(context, frame, wcs, objects, positions)
    if (anew) {
      context.warn(`The WCS of the header is wrong and is replaced: ${difference(wcs, anew, frame)}.`)
      const second = withStars(await surveyed(context, frame, anew, objects))
      const best = await refine(anew, second)
      return { ...second, wcs: best ?? anew, from: best ? 'refined' : 'solved' }
    }
    context.warn('The pattern of its objects was found nowhere else, and the WCS of the header is kept.')
  }
  return { ...withStars(first), wcs, from }
}

/** The objects are written where the WCS has them, uncalibrated, and the catalogue is asked. */
async function surveyed(
  context: StepContext,
  frame: InspectFindings,
  wcs: Wcs,
  objects: Objects,
): Promise<Surveyed> {
  const { field, why } = fieldOf(wcs, frame.width, frame.height)
  if (!field) throw new Problem('task.unusable', `${why ?? 'The WCS cannot be used.'} Solve the frame first.`)
  // Measurements are there even where the catalogue is not: without magnitudes of a known zero.
  await writeTable(
    context.columns,
    at(context, 'objects.parquet'),
    objectsTable(uncalibrated(objects, wcs), { filter: frame.filter.value }),
    context.signal,
  )
  const { config } = context
  const name = frame.catName
  const answer = await context.sky.stars(
    name,
    { ra: field.ra, dec: field.dec, radiusDeg: field.radiusDeg * 1.02 },
    { limit: config.cat_limit, mjd: frame.mjd, signal: context.signal, log: context.log },
  )
  context.log(`${answer.table.rows.toLocaleString('en-US')} stars from ${answer.from}.`)
  return { field, answer, named: config.cat_name ?? (answer.given ? answer.from : name) }
}

/** @throws Problem `task.no_stars` */
function withStars(survey: Surveyed): Surveyed {
  const { answer, field } = survey
  if (answer.table.rows === 0)
    throw new Problem(
      'task.no_stars',
      `${answer.from} has no star in this field (${field.ra.toFixed(4)} ${field.dec.toFixed(4)}, ${field.radiusDeg.toFixed(3)}°); choose another catalogue (cat_name).`,
    )
  return survey
}

/** How a WCS differs from another, in words: mirrored, turned by, off by, of another scale. */
export function difference(
  was: Wcs,
  is: Wcs,
  { width, height }: { readonly width: number; readonly height: number },
): string {
  const [x, y] = [(width - 1) / 2, (height - 1) / 2]
  const [one, two] = [was, is].map((wcs) => {
    const [ra, dec] = wcs.pixelToSky(x, y)
    // Directions of the x and y axes on the sky, degrees east and north.
    const step = (dx: number, dy: number): readonly [number, number] => {
      const [toRa, toDec] = wcs.pixelToSky(x + dx, y + dy)
      const east = ((((toRa - ra + 540) % 360) + 360) % 360) - 180
      return [east * Math.cos((dec * Math.PI) / 180), toDec - dec]
    }
    const [a, b] = [step(1, 0), step(0, 1)]
    const parity = Math.sign(a[0] * b[1] - a[1] * b[0])
    return {
      ra,
      dec,
      parity,
      angle: (Math.atan2(b[0], b[1]) * 180) / Math.PI,
      scale: wcs.pixelScaleDeg(x, y),
    }
  }) as [Seen, Seen]
  const words: string[] = []
  if (one.parity !== two.parity) words.push('mirrored')
  const turn = ((((two.angle - one.angle + 540) % 360) + 360) % 360) - 180
  if (Math.abs(turn) > 0.1) words.push(`turned by ${Math.abs(turn).toFixed(1)}°`)
  const off = separation(one.ra, one.dec, two.ra, two.dec)
  words.push(off > 1 ? `off by ${off.toFixed(2)}°` : `off by ${(off * 3_600).toFixed(1)}″`)
  const scale = two.scale / one.scale
  if (Math.abs(scale - 1) > 0.01) words.push(`its pixels are ${scale.toFixed(3)} times as large`)
  return words.join(', ')
}

interface Seen {
  readonly ra: number
  readonly dec: number
  readonly parity: number
  readonly angle: number
  readonly scale: number
}
