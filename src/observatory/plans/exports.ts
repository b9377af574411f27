import { Problem } from '#problem.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { computeTask } from '#platform/compute/compute.ts'
import { localizationById } from '#observatory/alerts/localization-store.ts'
import { readEvent } from '#observatory/alerts/queries.ts'
import { mocToFits } from '#science/sky/moc-fits.ts'
import { mocToJson } from '#science/sky/moc-formats.ts'
import type { PlanDocument } from './document.ts'
import { exposuresCsv, exposuresEcsv, galaxiesCsv } from './export-tables.ts'
import { circularDraft, ds9Regions, planJson, planMoc, tilesText } from './export-text.ts'
import type { PlanSummary } from './plan.ts'
import type { PlanRow } from './plan-store.ts'
import { readDocument } from './service.ts'
import { withRequest } from './stored-request.ts'
import { treasureMapJson } from './treasure-map.ts'
import { planSummary } from './view.ts'
import { planVoevent, type EventFacts } from './voevent.ts'

/** Every form in which a plan leaves the house. */

export const exportFormats = [
  'csv',
  'ecsv',
  'json',
  'ds9',
  'moc-fits',
  'moc-json',
  'tiles',
  'voevent',
  'treasure-map',
  'galaxies',
  'circular',
] as const
export type ExportFormat = (typeof exportFormats)[number]

const utf8 = '; charset=utf-8'
export const exportTypes: Record<ExportFormat, { mediaType: string; ending: string; title: string }> = {
  csv: { mediaType: `text/csv${utf8}`, ending: 'csv', title: 'Exposures, CSV with units in the header' },
  ecsv: { mediaType: `text/plain${utf8}`, ending: 'ecsv', title: 'Exposures, ECSV as astropy reads it' },
  json: { mediaType: 'application/json', ending: 'json', title: 'Everything, JSON' },
  ds9: { mediaType: `text/plain${utf8}`, ending: 'reg', title: 'Fields as DS9 regions' },
  'moc-fits': { mediaType: 'application/fits', ending: 'moc.fits', title: 'Sky covered, MOC in FITS' },
  'moc-json': { mediaType: 'application/json', ending: 'moc.json', title: 'Sky covered, MOC in JSON' },
  tiles: { mediaType: `text/plain${utf8}`, ending: 'txt', title: 'Table of tiles, text' },
  voevent: {
    mediaType: 'application/xml',
    ending: 'xml',
    title: 'Observation message of a telescope, VOEvent 2.0',
  },
  'treasure-map': {
    mediaType: 'application/json',
    ending: 'treasure-map.json',
    title: 'Planned pointings for the Treasure Map',
  },
  galaxies: { mediaType: `text/csv${utf8}`, ending: 'galaxies.csv', title: 'Galaxies aimed at, CSV' },
  circular: { mediaType: `text/plain${utf8}`, ending: 'circular.txt', title: 'Draft of a GCN circular' },
}

export interface PlanExport {
  bytes: Uint8Array<ArrayBuffer>
  mediaType: string
  filename: string
}

type Needs = Pick<Platform, 'db' | 'storage' | 'compute'>

/**
 * A plan in a format. @param telescope for formats of one telescope; may be left out where the plan has only one
 * @throws Problem `plan.wrong_state` for a plan without exposures, `request.invalid` where a telescope has to be named
 */
export async function exportPlan(
  platform: Needs,
  actor: Actor,
  id: string,
  format: ExportFormat,
  telescope?: string,
): Promise<PlanExport> {
  const { row, document } = await readDocument(platform, actor, id)
  const { mediaType, ending } = exportTypes[format]
  const wanted = format === 'voevent' || format === 'tiles' ? telescopeOf(document, format, telescope) : null
  const stem = `${(row.event_name ?? 'plan').replace(/[^\w.+-]+/g, '_').slice(0, 60)}-plan-${row.id.slice(0, 8)}`
  const name = wanted === null ? stem : `${stem}-${wanted}`
  return {
    bytes: new Uint8Array(await bytesFor(platform, actor, row, document, format, wanted)),
    mediaType,
    filename: `${name}.${ending}`,
  }
}

function telescopeOf(document: PlanDocument, format: ExportFormat, telescope?: string): string {
  const slugs = document.telescopes.map((t) => t.slug)
  if (telescope !== undefined && slugs.includes(telescope)) return telescope
  if (telescope === undefined && slugs.length === 1) return slugs[0]!
  throw new Problem(
    'request.invalid',
    telescope === undefined
      ? `The format ${format} is of one telescope; name one of ${slugs.join(', ')}.`
      : `The plan has no telescope ${telescope}; it has ${slugs.join(', ')}.`,
    { telescopes: slugs },
  )
}

async function bytesFor(
  platform: Needs,
  actor: Actor,
  row: PlanRow,
  document: PlanDocument,
  format: ExportFormat,
  telescope: string | null,
): Promise<Uint8Array> {
  const plan = planSummary(row)
  const text = (value: string): Uint8Array => new TextEncoder().encode(value)
  switch (format) {
    case 'csv':
      return exposuresCsv(plan, document)
    case 'ecsv':
      return exposuresEcsv(plan, document)
    case 'json':
      return text(planJson(plan, row.result, document, (await withRequest(platform, row)).request))
    case 'ds9':
      return text(ds9Regions(document))
    case 'moc-fits':
    case 'moc-json':
      return platform.compute.run(mocTask, { document, format })
    case 'tiles':
      return text(tilesText(document, telescope!))
    case 'voevent':
      return text(await voeventOf(platform, actor, plan, row, document, telescope!))
    case 'treasure-map':
      return text(treasureMapJson(plan, document))
    case 'galaxies':
      return galaxiesCsv(document)
    case 'circular':
      return text(circularDraft(plan, row.result!, document))
  }
}

export const mocTask = computeTask(
  import.meta.url,
  'mocTask',
  ({ document, format }: { document: PlanDocument; format: 'moc-fits' | 'moc-json' }): Uint8Array => {
    const moc = planMoc(document)
    return format === 'moc-fits' ? mocToFits(moc) : new TextEncoder().encode(mocToJson(moc))
  },
)

/** The observation message of one telescope, with what is known of the event now. */
async function voeventOf(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  plan: PlanSummary,
  row: PlanRow,
  document: PlanDocument,
  telescope: string,
): Promise<string> {
  const facts = await eventFacts(platform, actor, row)
  return planVoevent(plan, document, telescope, facts, row.finished_at ?? row.created_at)
}

async function eventFacts(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  row: PlanRow,
): Promise<EventFacts | null> {
  if (row.event_id === null) return null
  const { detail } = await readEvent(platform, actor, row.event_id)
  const localization = await localizationById(platform.db, row.localization_id)
  return {
    type: detail.kind.toUpperCase(),
    status: detail.latestType,
    instruments: detail.instruments.join(','),
    page: detail.links[0]?.url ?? null,
    map: localization?.source_url ?? null,
    farHz: detail.farHz,
    time: detail.eventTime,
    retracted: detail.status === 'retracted',
    classification: detail.classification,
    properties: detail.properties,
    ra: detail.place.ra,
    dec: detail.place.dec,
    errorDeg: detail.place.errorDeg,
  }
}
