import { z } from 'zod'
import { Problem } from '#problem.ts'
import { parseDirection } from '#science/sky/angles.ts'
import { coneRanges, coneRangesForIndex } from '#science/sky/cover.ts'
import { pixelAreaDeg2 } from '#science/sky/healpix.ts'
import { pixel29Of } from '#science/sky/index64.ts'
import { mjdOf } from '#science/sky/time.ts'
import { parseIso } from '#science/sky/iso.ts'
import { frameKinds } from './frame.ts'
import type { FrameQuery } from './store.ts'

/** What may be asked of the list of frames, as text. */

export const FrameSearch = z.object({
  cone: z
    .string()
    .max(200)
    .optional()
    .describe('Centre within: RA, Dec, radius in degrees, `197.45,-23.38,0.5`; or `13:09:48 -23:22:54, 0.5`'),
  contains: z.string().max(200).optional().describe('Footprint holds this position: `197.45,-23.38`'),
  touches: z
    .string()
    .max(200)
    .optional()
    .describe('Footprint shares sky with this circle: RA, Dec, radius in degrees'),
  from: z.string().max(60).optional().describe('Exposed at or after: ISO 8601, or MJD; UTC'),
  to: z.string().max(60).optional().describe('Exposed before'),
  kind: z
    .string()
    .max(200)
    .optional()
    .describe(`One or more of ${frameKinds.join(', ')}, commas between`),
  filter: z.string().max(200).optional().describe('Bands or names of filters, commas between'),
  instrument: z.string().max(100).optional(),
  telescope: z.string().max(100).optional(),
  object: z.string().max(100).optional(),
  q: z
    .string()
    .max(300)
    .optional()
    .describe('Words, all of which stand in name, object, telescope, instrument, filter or origin'),
  mine: z.enum(['true', 'false']).optional().describe('Only those that I added'),
})
export type FrameSearch = z.output<typeof FrameSearch>

/** `RA, Dec` in degrees or sexagesimal, and the radius after the last comma where one is wanted. */
function placeOf(text: string, key: string, radius: boolean): { ra: number; dec: number; radius: number } {
  const parts = text.split(',').map((part) => part.trim())
  const size = radius ? Number(parts.at(-1)) : 0
  const where = (radius ? parts.slice(0, -1) : parts).join(', ')
  if (radius && (parts.length < 2 || !(size >= 0 && size <= 180) || parts.at(-1) === ''))
    throw new Problem(
      'request.invalid',
      `"${text}" for ${key} ends with no radius of 0 to 180 degrees; write RA, Dec, radius: 197.45,-23.38,0.5.`,
    )
  const { ra, dec } = parseDirection(where)
  return { ra, dec, radius: size }
}

function mjdFrom(text: string, key: string): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isFinite(number)) {
    if (number > 0 && number < 100_000) return number
    throw new Problem(
      'request.invalid',
      `${key} = ${text} is no MJD; write it as 60635.5 or 2024-11-21T12:00:00Z.`,
    )
  }
  return mjdOf(parseIso(text))
}

const listed = (text: string | undefined): string[] | undefined =>
  text
    ?.split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')

/** @throws Problem request.invalid, angle.*, time.* */
export function queryOf(search: FrameSearch): Omit<FrameQuery, 'limit' | 'after'> {
  const cone = search.cone === undefined ? undefined : placeOf(search.cone, 'cone', true)
  const point = search.contains === undefined ? undefined : placeOf(search.contains, 'contains', false)
  const circle = search.touches === undefined ? undefined : placeOf(search.touches, 'touches', true)
  const kinds = listed(search.kind)
  const strange = kinds?.find((kind) => !(frameKinds as readonly string[]).includes(kind))
  if (strange !== undefined)
    throw new Problem(
      'request.invalid',
      `There are no frames of kind "${strange.slice(0, 40)}"; kinds are ${frameKinds.join(', ')}.`,
    )
  return {
    cone: cone && { ...cone, ranges: coneRangesForIndex(cone.ra, cone.dec, cone.radius) },
    pixel: point && pixel29Of(point.ra, point.dec),
    touches: circle && coneRanges(circle.ra, circle.dec, circle.radius, { order: orderOf(circle.radius) }),
    fromMjd: search.from === undefined ? undefined : mjdFrom(search.from, 'from'),
    toMjd: search.to === undefined ? undefined : mjdFrom(search.to, 'to'),
    kinds,
    filters: listed(search.filter),
    instrument: search.instrument,
    telescope: search.telescope,
    object: search.object,
    words: search.q?.split(/\s+/).filter((word) => word !== ''),
    mine: search.mine === 'true',
  }
}

/** Cells a fiftieth of the circle, so that it is told to a few per cent of its radius. */
function orderOf(radius: number): number {
  const area = Math.PI * radius ** 2
  let order = 5
  while (order < 18 && pixelAreaDeg2(order) > area / 50) order++
  return order
}
