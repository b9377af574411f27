import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Problem } from '#problem.ts'
import { quotedName } from '#science/adql/fragment.ts'
import { closest } from '#science/adql/schema.ts'
import type { Ranges } from '#science/sky/ranges.ts'
import type { Column } from '#platform/columns/columns.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { audienceFor, everyone, requireRole, requireScope } from '#observatory/people/rights.ts'
import { parquet } from '#platform/columns/sql.ts'
import type { Catalogue, CatalogueColumn } from './catalogue.ts'
import { prepareQuery, type Question } from './query.ts'
import { catalogueRow, deleteCatalogue, listCatalogueRows, lockCatalogue } from './store.ts'
import { catalogueOf } from './view.ts'

/** Use-cases of reference catalogues: see, ask, take away. Importing is in import-service.ts. */

export type Reads = Pick<Platform, 'db' | 'columns' | 'config'>

/** Who may see catalogues: everybody who is signed in. */
export function requireReader(actor: Actor): void {
  requireRole(actor, 'viewer', 'seeing catalogues')
  requireScope(actor, 'read')
}

export function requireEditor(actor: Actor): void {
  requireRole(actor, 'operator', 'importing and removing catalogues')
  requireScope(actor, 'operate')
}

/** Where catalogues lie. */
export function cataloguesFolder({ config }: Pick<Platform, 'config'>): string {
  return join(config.home, 'catalogues')
}

export async function listCatalogues(platform: Pick<Platform, 'db'>, actor: Actor): Promise<Catalogue[]> {
  requireReader(actor)
  return (await listCatalogueRows(platform.db)).map(catalogueOf)
}

/** @throws Problem `catalogue.unknown` with what there is */
export async function catalogueByName(
  platform: Pick<Platform, 'db'>,
  actor: Actor,
  name: string,
): Promise<Catalogue> {
  requireReader(actor)
  const row = await catalogueRow(platform.db, name.toLowerCase())
  if (row) return catalogueOf(row)
  throw unknown(
    name,
    (await listCatalogueRows(platform.db)).map((each) => each.name),
  )
}

function unknown(name: string, names: readonly string[]): Problem {
  const near = closest(name, names)
  const some = names.length > 12 ? `${names.slice(0, 12).join(', ')}, … (${names.length})` : names.join(', ')
  const here =
    names.length === 0 ? 'None has been imported yet' : `There ${names.length > 1 ? 'are' : 'is'} ${some}`
  return new Problem(
    'catalogue.unknown',
    `There is no catalogue ${JSON.stringify(name.slice(0, 80))} here.${near ? ` Did you mean ${near}?` : ''} ${here}; "urania catalogues import FILE --name NAME" imports ${names.length === 0 ? 'one' : 'another'}.`,
    { catalogue: name, known: names },
  )
}

/** Rows of an answer, column by column, and how much had to be read for them. */
export interface Answer {
  readonly catalogue: Catalogue
  readonly columns: readonly CatalogueColumn[]
  readonly values: Readonly<Record<string, Column>>
  readonly rows: number
  /** More rows fit than were asked for. */
  readonly truncated: boolean
  readonly files: number
  readonly of: number
}

/** Rows that one answer holds at most. */
export const mostRows = 1_000_000

/** @throws Problem catalogue.unknown, adql.*, table.no_column */
export async function queryCatalogue(
  platform: Reads,
  actor: Actor,
  name: string,
  question: Question,
  signal?: AbortSignal,
): Promise<Answer> {
  const catalogue = await catalogueByName(platform, actor, name)
  const limit = Math.min(question.limit ?? mostRows, mostRows)
  const folder = join(cataloguesFolder(platform), catalogue.path)
  const prepared = await prepareQuery(folder, catalogue, { ...question, limit: limit + 1 })
  const { columns, files } = prepared
  const found: Record<string, Column> =
    prepared.sql === null
      ? Object.fromEntries(columns.map((column) => [column.name, []]))
      : await platform.columns.columns(prepared.sql, prepared.parameters, signal)
  const rows = found[columns[0]!.name]?.length ?? 0
  const truncated = rows > limit
  const values = truncated
    ? Object.fromEntries(Object.entries(found).map(([key, column]) => [key, column.slice(0, limit)]))
    : found
  return { catalogue, columns, values, rows: Math.min(rows, limit), truncated, files, of: prepared.of }
}

/** The same rows as a Parquet file. @throws Problem as `queryCatalogue` */
export async function parquetAnswer(
  platform: Reads,
  actor: Actor,
  name: string,
  question: Question,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const catalogue = await catalogueByName(platform, actor, name)
  const folder = cataloguesFolder(platform)
  const asked = { ...question, limit: Math.min(question.limit ?? mostRows, mostRows) }
  const prepared = await prepareQuery(join(folder, catalogue.path), catalogue, asked)
  const none = `select ${prepared.columns.map((column) => quotedName(column.name)).join(', ')} from ${parquet(join(folder, catalogue.path, 'dataset', '_common_metadata'))}`
  const file = join(folder, '.incoming', `${randomUUID()}.parquet`)
  try {
    await platform.columns.writeParquet(file, prepared.sql ?? none, prepared.parameters, signal)
    return new Uint8Array(await readFile(file))
  } finally {
    await rm(file, { force: true })
  }
}

/** Galaxies as planning takes them: columns of equal length, NaN where the catalogue has no value. */
export interface GalaxyColumns {
  readonly names: readonly string[]
  readonly ra: Float64Array
  readonly dec: Float64Array
  readonly distanceMpc: Float64Array
  readonly magB: Float64Array
  readonly massSun: Float64Array
  readonly catalogue: Catalogue
}

/** Galaxies that planning looks at, at once. */
const mostGalaxies = 3_000_000

/**
 * Galaxies of a catalogue in a part of the sky (order-29 ranges), within a range of distances where one is given.
 * @throws Problem catalogue.unknown; catalogue.invalid where it has no distances and they are asked for, or too many fit
 */
export async function galaxiesIn(
  platform: Reads,
  actor: Actor,
  name: string,
  ranges: Ranges,
  { distanceMpc, signal }: { distanceMpc?: readonly [number, number] | undefined; signal?: AbortSignal } = {},
): Promise<GalaxyColumns> {
  const catalogue = await catalogueByName(platform, actor, name)
  const has = new Set(catalogue.columns.map((column) => column.name))
  if (distanceMpc && !has.has('distance'))
    throw new Problem(
      'catalogue.invalid',
      `The catalogue ${catalogue.name} has no distances; import it with a column for distance or redshift.`,
      { catalogue: catalogue.name },
    )
  const wanted = ['name', 'ra', 'dec', 'distance', 'mag_b', 'mass'].filter((column) => has.has(column))
  const prepared = await prepareQuery(join(cataloguesFolder(platform), catalogue.path), catalogue, {
    region: { shape: 'moc', ranges },
    columns: wanted,
    limit: mostGalaxies + 1,
    ...(distanceMpc ? { where: `distance between ${distanceMpc[0]} and ${distanceMpc[1]}` } : {}),
  })
  const found =
    prepared.sql === null ? {} : await platform.columns.columns(prepared.sql, prepared.parameters, signal)
  const rows = found['ra']?.length ?? 0
  if (rows > mostGalaxies)
    throw new Problem(
      'catalogue.invalid',
      `More than ${mostGalaxies} galaxies of ${catalogue.name} lie in this region; plan on a better localization, or by tiling.`,
    )
  const numbers = (column: string): Float64Array =>
    Float64Array.from({ length: rows }, (_, i) => {
      const value = found[column]?.[i]
      return typeof value === 'number' ? value : Number.NaN
    })
  return {
    names: Array.from({ length: rows }, (_, i) => nameOf(found['name']?.[i], found, i)),
    ra: numbers('ra'),
    dec: numbers('dec'),
    distanceMpc: numbers('distance'),
    magB: numbers('mag_b'),
    massSun: numbers('mass'),
    catalogue,
  }
}

/** One without a name is called by its place. */
function nameOf(value: unknown, found: Record<string, Column>, i: number): string {
  if (typeof value === 'string' && value !== '') return value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  const [ra, dec] = [Number(found['ra']![i]), Number(found['dec']![i])]
  return `${ra.toFixed(4)}${dec < 0 ? '−' : '+'}${Math.abs(dec).toFixed(4)}`
}

export async function tell(
  platform: Pick<Platform, 'events'>,
  tx: Platform['db'],
  name: string,
  data: Record<string, unknown>,
): Promise<void> {
  await platform.events.append(tx, {
    kind: 'references.changed',
    subject: { kind: 'catalogue', id: name },
    data: { name, ...data },
    audience: audienceFor({ groups: [everyone] }),
  })
}

/** Takes a catalogue and its files away. @throws Problem catalogue.unknown */
export async function removeCatalogue(
  platform: Pick<Platform, 'db' | 'events' | 'config'>,
  actor: Actor,
  name: string,
): Promise<void> {
  requireEditor(actor)
  const { name: known } = await catalogueByName(platform, actor, name)
  await platform.db.transaction().execute(async (tx) => {
    const row = await lockCatalogue(tx, known)
    if (!row) return
    await deleteCatalogue(tx, known)
    const { rows, source } = catalogueOf(row)
    await audit(tx, actor, 'references.removed', { kind: 'catalogue', id: known }, { rows, source }, null)
    await tell(platform, tx, known, { what: 'removed' })
  })
  // Nothing names the files any more; a reader that is at work keeps those it has open.
  await rm(join(cataloguesFolder(platform), known), { recursive: true, force: true })
}
