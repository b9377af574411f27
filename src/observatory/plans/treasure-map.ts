import { z } from 'zod'
import { Problem } from '#problem.ts'
import type { PlanDocument } from './document.ts'
import type { PlanRequest, PlanSummary } from './plan.ts'

/** Pointings as the Treasure Map writes and reads them. */

/** Its names of bands; what is none of them is `other`. */
const bands = new Set('U B V R I J H K u g r i z UVW1 UVW2 UVM2 XRT clear open'.split(' '))

export function bandOf(filter: string): string {
  if (bands.has(filter)) return filter
  const prefix = /^(?:sdss|ps1?|bessell?|johnson|cousins)[-_ ']*/i.exec(filter)?.[0] ?? ''
  const rest = filter.slice(prefix.length).replace(/['p]$|[_-].*$/, '')
  // Bessell's, Johnson's and Cousins's bands are written in capitals there.
  const plain = /^[bjc]/i.test(prefix) ? rest.toUpperCase() : rest
  if (bands.has(plain)) return plain
  const cousins = /^([VRI])[cj]$/.exec(plain)?.[1]
  return cousins ?? 'other'
}

/** The body of a report of planned pointings; the token is for whoever sends it to add. */
export function treasureMapJson(plan: PlanSummary, document: PlanDocument): string {
  const telescopes = new Map(document.telescopes.map((t) => [t.slug, t]))
  const pointings = document.exposures.map((e) => {
    const telescope = telescopes.get(e.telescope)!
    const depth = telescope.filters.find((f) => f.name === e.filter)?.depthMag ?? null
    return {
      position: `POINT(${e.ra.toFixed(6)} ${e.dec.toFixed(6)})`,
      instrumentid: telescope.name,
      time: new Date(e.start).toISOString().replace(/Z$/, ''),
      status: 'planned',
      band: bandOf(e.filter),
      ...(depth === null ? {} : { depth, depth_unit: 'ab_mag' }),
      pos_angle: e.positionAngleDeg,
    }
  })
  return `${JSON.stringify({ graceid: plan.eventName, pointings }, null, 1)}\n`
}

const Pointing = z.looseObject({
  position: z.string().optional(),
  ra: z.coerce.number().optional(),
  dec: z.coerce.number().optional(),
  instrumentid: z.union([z.string(), z.number()]).optional(),
  status: z.string().optional(),
  time: z.string().nullish(),
})

export interface ReadPointings {
  observed: PlanRequest['observed']
  /** Cancelled ones. */
  left: number
}

/**
 * Reads pointings: the answer of the Treasure Map (a list, or a text that holds one), or a report with `pointings`. Cancelled
 * ones are left out.
 * @param options.instruments slug of the telescope for an instrument number or name
 * @param options.radiusDeg what is taken for a field whose instrument is none of those
 * @throws Problem `plan.invalid` naming the pointing that cannot be used
 */
export function readPointings(
  source: string | Uint8Array,
  options: { instruments?: Readonly<Record<string, string>>; radiusDeg?: number } = {},
): ReadPointings {
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source)
  const list = listIn(text)
  const observed: PlanRequest['observed'] = []
  let left = 0
  for (const [i, raw] of list.entries()) {
    const parsed = Pointing.safeParse(raw)
    if (!parsed.success)
      throw new Problem('plan.invalid', `Pointing ${i + 1} is none: ${parsed.error.issues[0]!.message}.`, {
        pointing: i + 1,
      })
    const pointing = parsed.data
    if (pointing.status === 'cancelled') {
      left++
      continue
    }
    const place = placeOf(pointing)
    if (!place)
      throw new Problem(
        'plan.invalid',
        `Pointing ${i + 1} has no position that can be read (position, or ra and dec).`,
        {
          pointing: i + 1,
        },
      )
    const instrument = pointing.instrumentid === undefined ? null : String(pointing.instrumentid)
    const telescope = instrument === null ? undefined : options.instruments?.[instrument]
    if (telescope === undefined && options.radiusDeg === undefined)
      throw new Problem(
        'plan.invalid',
        `Pointing ${i + 1} was made with instrument ${instrument ?? '(unnamed)'}, whose field is not known here; say which telescope it is, or give a radius.`,
        { pointing: i + 1, instrument },
      )
    observed.push({
      ...place,
      ...(telescope === undefined ? { radiusDeg: options.radiusDeg! } : { telescope }),
      ...timeOf(pointing.time),
    })
  }
  return { observed, left }
}

function listIn(text: string): unknown[] {
  let value: unknown
  try {
    value = JSON.parse(text)
    if (typeof value === 'string') value = JSON.parse(value)
  } catch (error) {
    throw new Problem(
      'plan.invalid',
      'The pointings are not JSON; give what the Treasure Map answers.',
      {},
      error,
    )
  }
  if (typeof value === 'object' && value !== null && 'pointings' in value) value = value.pointings
  if (!Array.isArray(value))
    throw new Problem('plan.invalid', 'The pointings are no list; give what the Treasure Map answers.', {})
  // Some answers hold each pointing as a text of its own.
  return value.map((item: unknown) => (typeof item === 'string' ? (JSON.parse(item) as unknown) : item))
}

function placeOf({ position, ra, dec }: z.output<typeof Pointing>): { ra: number; dec: number } | null {
  const point = /POINT\s*\(\s*([-+\d.eE]+)\s+([-+\d.eE]+)\s*\)/i.exec(position ?? '')
  const [lon, lat] = point ? [Number(point[1]), Number(point[2])] : [ra, dec]
  if (lon === undefined || lat === undefined || !Number.isFinite(lon) || !(Math.abs(lat) <= 90)) return null
  return { ra: ((lon % 360) + 360) % 360, dec: lat }
}

function timeOf(time: string | null | undefined): { time?: string } {
  if (!time) return {}
  const at = new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(time) ? time : `${time.replace(' ', 'T')}Z`)
  return Number.isNaN(at.getTime()) ? {} : { time: at.toISOString() }
}
