import { Problem } from '#problem.ts'
import { filterNamed } from '#science/image/calibration/filters.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import type { Measured } from './findings.ts'
import { tasksSection } from './sections.ts'
import { lockFor, taskRow } from './service.ts'
import type { TaskRow } from './task-store.ts'

/** Photometry of targets as SkyPortal takes it. */

export type Choice = 'best' | 'direct' | 'subtracted'

export interface SkyPortalPoint {
  target: string
  ra: number
  dec: number
  mjd: number
  instrument: string
  filter: string
  magsys: 'vega' | 'ab'
  /** Null for a limit. */
  mag: number | null
  magerr: number | null
  limiting_mag: number
  /** Measured on the difference. */
  subtracted: boolean
}

/** Cones in which a source is looked for, one after the other, arcsec. */
const cones = [10, 30, 60, 600, 1_800]
/** Above this error a measurement is sent as a limit, mag. */
const mostError = 1 / 3
/** Bands whose magnitudes SkyPortal takes in the Vega system. */
const vegaBands = new Set(['U', 'B', 'V', 'R', 'I', 'J', 'H', 'Ks'])

/** What would be sent. @throws Problem `task.missing` that says what is not there yet */
export function skyportalPoints(
  row: TaskRow,
  options: { which: Choice; limitOnly: boolean },
): SkyPortalPoint[] {
  const { inspect, photometry, subtraction } = row.findings
  if (!inspect || !photometry)
    throw new Problem('task.missing', 'Nothing was measured yet; run photometry first.')
  if (inspect.mjd === null)
    throw new Problem('task.missing', 'The time of the frame is not known; set "time" and run inspect again.')
  const direct = photometry.targets
  const difference = subtraction?.targets ?? []
  const chosen: { measured: Measured; subtracted: boolean }[] =
    options.which === 'direct' || (options.which === 'best' && difference.length === 0)
      ? direct.map((measured) => ({ measured, subtracted: false }))
      : difference.map((measured) => ({ measured, subtracted: true }))
  if (chosen.length === 0)
    throw new Problem(
      'task.missing',
      `No target was measured ${options.which === 'subtracted' ? 'on the difference' : 'on the frame'}; name one and run the step again.`,
    )
  const filter = filterNamed(photometry.filter)
  const vega = vegaBands.has(filter.name)
  // Gaia's own magnitudes are in the Vega system, which SkyPortal has no word for in these bands.
  const offset = !vega && filter.system === 'Vega' ? filter.vegaToAb : 0
  return chosen.map(({ measured, subtracted }) => {
    const { name, ra, dec, mag, magErr, limit, sn } = measured
    if (ra === null || dec === null || limit === null)
      throw new Problem('task.missing', `${name} has no position or limit; run the step again.`)
    const seen = !options.limitOnly && mag !== null && magErr !== null && magErr < mostError && (sn ?? 0) > 0
    return {
      target: name,
      ra,
      dec,
      mjd: inspect.mjd!,
      instrument: row.config.skyportal_instrument_name || (inspect.instrument ?? ''),
      filter: filter.skyportal,
      magsys: vega ? 'vega' : 'ab',
      mag: seen ? mag + offset : null,
      magerr: seen ? magErr : null,
      limiting_mag: limit + offset,
      subtracted,
    }
  })
}

export interface SkyPortalAnswer {
  points: (SkyPortalPoint & { source: string | null; sent: boolean })[]
}

type Needs = Pick<Platform, 'db' | 'net' | 'config'>

/** Sends them, or with `preview` only looks for the sources. @throws Problem net.*, `task.missing` */
export async function sendToSkyportal(
  platform: Needs,
  actor: Actor,
  id: string,
  options: { which: Choice; limitOnly: boolean; preview: boolean },
): Promise<SkyPortalAnswer> {
  const row = options.preview
    ? await taskRow(platform, actor, id)
    : await platform.db.transaction().execute((tx) => lockFor(tx, actor, id))
  const points = skyportalPoints(row, options)
  const {
    skyportalUrl: base,
    skyportalToken: token,
    skyportalGroups: groups,
  } = platform.config.section(tasksSection)
  if (base === null || token === null)
    throw new Problem(
      'task.missing',
      'No SkyPortal is set; set tasks.skyportal_url and tasks.skyportal_token in the configuration.',
    )
  const headers = { authorization: `token ${token}`, 'content-type': 'application/json' }
  const get = async (path: string): Promise<unknown> => {
    const answer = (await platform.net.fetch(`${base}/api/${path}`, { headers })).json() as {
      status?: string
      data?: unknown
      message?: string
    }
    if (answer.status !== 'success')
      throw new Problem(
        'net.status',
        `SkyPortal did not answer: ${(answer.message ?? 'no reason given').slice(0, 200)}`,
      )
    return answer.data
  }
  const answered: SkyPortalAnswer['points'] = []
  for (const point of points) {
    const source = await sourceAt(get, point)
    if (options.preview) {
      answered.push({ ...point, source, sent: false })
      continue
    }
    if (source === null)
      throw new Problem(
        'task.missing',
        `SkyPortal has no source within ${cones.at(-1)! / 60}′ of ${point.target}; save it there first.`,
      )
    const instruments = (await get(`instrument?name=${encodeURIComponent(point.instrument)}`)) as {
      id: number
      name: string
    }[]
    const instrument = instruments.find(({ name }) => name.toLowerCase() === point.instrument.toLowerCase())
    if (!instrument)
      throw new Problem(
        'task.missing',
        `SkyPortal has no instrument "${point.instrument}"; set skyportal_instrument_name to one that it has.`,
      )
    const { mjd, filter, magsys, mag, magerr, limiting_mag } = point
    const body = {
      obj_id: source,
      instrument_id: instrument.id,
      group_ids: groups,
      mjd,
      filter,
      magsys,
      mag,
      magerr,
      limiting_mag,
      origin: 'urania',
    }
    await platform.net.fetch(`${base}/api/photometry`, { method: 'PUT', headers, body: JSON.stringify(body) })
    answered.push({ ...point, source, sent: true })
  }
  if (!options.preview)
    await platform.db
      .transaction()
      .execute((tx) => audit(tx, actor, 'tasks.skyportal', { kind: 'task', id }, null, { points: answered }))
  return { points: answered }
}

/** The nearest source in the smallest cone that has one. */
async function sourceAt(
  get: (path: string) => Promise<unknown>,
  { ra, dec }: SkyPortalPoint,
): Promise<string | null> {
  for (const arcsec of cones) {
    const query = new URLSearchParams({ ra: String(ra), dec: String(dec), radius: String(arcsec / 3_600) })
    const { sources = [] } = (await get(`sources?${query.toString()}`)) as {
      sources?: { id: string; ra: number; dec: number }[]
    }
    const nearest = sources.toSorted(
      (a, b) =>
        Math.hypot((a.ra - ra) * Math.cos((dec * Math.PI) / 180), a.dec - dec) -
        Math.hypot((b.ra - ra) * Math.cos((dec * Math.PI) / 180), b.dec - dec),
    )[0]
    if (nearest) return nearest.id
  }
  return null
}
