import { isProblem, Problem } from '#problem.ts'
import { filterNamed } from '#science/image/calibration/filters.ts'
import { iauDesignation } from '#science/sky/angles.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { wholeConfig } from './config.ts'
import type { Measured } from './findings.ts'
import { tasksSection } from './sections.ts'
import { lockFor, taskRow } from './access.ts'
import { portalAt, type Portal, type PortalInstrument, type PortalSource } from './skyportal-client.ts'
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
  /** S/N to which the limit belongs. */
  limiting_mag_nsigma: number
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
      limiting_mag_nsigma: row.config.sn ?? wholeConfig({}).sn,
      subtracted,
    }
  })
}

/** A point with where it goes, as shown in a preview and as sent. */
export interface AddressedPoint extends SkyPortalPoint {
  /** Id of the source there; null where none was found. */
  source: string | null
  /** Arcsec from the target to that source; null where it is made for it. */
  separation: number | null
  /** The source is made for it. */
  created: boolean
  instrument_id: number | null
  group_ids: readonly number[]
  sent: boolean
  /** Why it is not, or would not be, sent. */
  error: string | null
}

export interface SkyPortalAnswer {
  points: AddressedPoint[]
}

export interface SendOptions {
  readonly which: Choice
  readonly limitOnly: boolean
  /** Only show what would be sent. */
  readonly preview: boolean
  /** Make a source where none lies within 10″, instead of looking further. */
  readonly create?: boolean
}

type Needs = Pick<Platform, 'db' | 'net' | 'config'>

/**
 * Sends the photometry of the targets, or with `preview` shows exactly what would be sent. Points that cannot be sent say
 * why; the others are. What is there already is not doubled.
 * @throws Problem `task.missing`; `net.*` where nothing at all could be sent
 */
export async function sendToSkyportal(
  platform: Needs,
  actor: Actor,
  id: string,
  options: SendOptions,
): Promise<SkyPortalAnswer> {
  const row = options.preview
    ? await taskRow(platform, actor, id)
    : await platform.db.transaction().execute((tx) => lockFor(tx, actor, id))
  const points = skyportalPoints(row, options)
  const { skyportalUrl, skyportalToken, skyportalGroups } = platform.config.section(tasksSection)
  if (skyportalUrl === null || skyportalToken === null)
    throw new Problem(
      'task.missing',
      'No SkyPortal is set; set tasks.skyportal_url and tasks.skyportal_token in the configuration.',
    )
  const portal = portalAt(platform.net, skyportalUrl, skyportalToken)
  if (skyportalGroups.length === 0) {
    const theirs = (await portal.groups()).map(({ id: number, name }) => `${number} (${name})`)
    throw new Problem(
      'task.missing',
      `No group of SkyPortal is set that may see what is sent; set tasks.skyportal_groups, for instance to one of ${theirs.slice(0, 10).join(', ') || 'those of the account'}.`,
    )
  }
  const addressed = await addressedPoints(portal, points, skyportalGroups, options.create ?? false)
  if (options.preview) return { points: addressed }
  let failure: unknown
  try {
    for (const point of addressed) {
      if (point.error !== null) continue
      try {
        await sendOne(portal, point, `urania ${id}`)
        point.sent = true
      } catch (error) {
        if (!isProblem(error)) throw error
        failure ??= error
        point.error = error.message
      }
    }
  } finally {
    const sent = addressed.filter((point) => point.sent)
    if (sent.length > 0)
      await platform.db
        .transaction()
        .execute((tx) => audit(tx, actor, 'tasks.skyportal', { kind: 'task', id }, null, { points: sent }))
  }
  if (failure !== undefined && !addressed.some((point) => point.sent)) throw failure
  return { points: addressed }
}

/** Body of the request: the very numbers of the preview. */
function photometryOf(point: AddressedPoint, origin: string): Record<string, unknown> {
  const { ra, dec, mjd, filter, magsys, mag, magerr, limiting_mag, limiting_mag_nsigma } = point
  return {
    obj_id: point.source,
    instrument_id: point.instrument_id,
    group_ids: point.group_ids,
    ra,
    dec,
    mjd,
    filter,
    magsys,
    mag,
    magerr,
    limiting_mag,
    limiting_mag_nsigma,
    origin,
  }
}

async function sendOne(portal: Portal, point: AddressedPoint, origin: string): Promise<void> {
  const { source, ra, dec, group_ids, created } = point
  if (created) await portal.createSource({ id: source!, ra, dec, group_ids })
  await portal.putPhotometry(photometryOf(point, origin))
}

/** Where each point goes, and what stands against it. */
async function addressedPoints(
  portal: Portal,
  points: readonly SkyPortalPoint[],
  groups: readonly number[],
  create: boolean,
): Promise<AddressedPoint[]> {
  const instruments = new Map<string, PortalInstrument | null>()
  const answered: AddressedPoint[] = []
  for (const point of points) {
    const { instrument: name, filter, target } = point
    if (!instruments.has(name)) {
      const same = (each: PortalInstrument): boolean => each.name.toLowerCase() === name.toLowerCase()
      instruments.set(name, name === '' ? null : ((await portal.instruments(name)).find(same) ?? null))
    }
    const instrument = instruments.get(name) ?? null
    const found = await sourceAt(portal, point, create ? cones.slice(0, 1) : cones)
    const made = create && found === null
    const source = found?.id ?? (made ? idFor(point) : null)
    const error =
      instrument === null
        ? `SkyPortal has no instrument "${name}"; set skyportal_instrument_name to one that it has.`
        : instrument.filters.length > 0 && !instrument.filters.includes(filter)
          ? `${instrument.name} of SkyPortal has no filter ${filter} (it has ${instrument.filters.join(', ')}); set "filter", or another instrument.`
          : source === null
            ? `SkyPortal has no source within ${cones.at(-1)! / 60}′ of ${target}; save it there first, or have it made (create).`
            : null
    answered.push({
      ...point,
      source,
      separation: found?.separation ?? null,
      created: made,
      instrument_id: instrument?.id ?? null,
      group_ids: groups,
      sent: false,
      error,
    })
  }
  for (const point of answered) {
    const nearer = answered.find(
      (other) =>
        other !== point && other.source === point.source && (other.separation ?? 0) < (point.separation ?? 0),
    )
    if (point.source !== null && nearer && point.error === null)
      point.error = `The nearest source to ${point.target} is ${point.source}, which is ${nearer.target}; save a source of its own there, or have it made (create).`
  }
  return answered
}

/** The nearest source in the smallest cone that has one. */
async function sourceAt(
  portal: Portal,
  { ra, dec }: SkyPortalPoint,
  radii: readonly number[],
): Promise<(PortalSource & { separation: number }) | null> {
  for (const radius of radii) {
    const [nearest] = await portal.sources(ra, dec, radius)
    if (nearest) return nearest
  }
  return null
}

/** Name of a source that is made: the target's, in letters that SkyPortal takes, or its place where that is none. */
function idFor({ target, ra, dec }: SkyPortalPoint): string {
  const name = target.replaceAll(/\s+/g, '').replaceAll(/[^\w.+-]/g, '_')
  return /^[A-Za-z]/.test(name) && !/^[xy]=/.test(target) ? name : iauDesignation(ra, dec, { digits: 2 })
}
