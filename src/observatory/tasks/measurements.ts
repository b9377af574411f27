import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Problem } from '#problem.ts'
import { separationsFrom } from '#science/sky/vectors.ts'
import { columnOf, tableOf, type Table } from '#science/table/table.ts'
import { createColumns } from '#platform/columns/duckdb.ts'
import type { Columns } from '#platform/columns/columns.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { namedBytes } from './frame-bytes.ts'
import { taskFile } from './products.ts'
import { requireReader } from './rights.ts'
import { hasColumn, numbersOf, readTable } from './steps/tables.ts'
import { tasksAt } from './task-store.ts'

type Needs = Pick<Platform, 'db' | 'storage' | 'config'>

/** A table of a task by its plain name: rows with units. @throws Problem `resource.not_found` */
export async function taskTable(
  platform: Needs,
  actor: Actor,
  id: string,
  name: string,
  signal?: AbortSignal,
): Promise<Table> {
  const { file } = await taskFile(platform, actor, id, name)
  return withTables(
    platform,
    (columns, folder) => tableOfBytes(platform, columns, folder, file.sha256, signal),
    signal,
  )
}

async function tableOfBytes(
  platform: Needs,
  columns: Columns,
  folder: string,
  sha256: string,
  signal?: AbortSignal,
): Promise<Table> {
  const path = join(folder, `${sha256}.parquet`)
  try {
    await pipeline(await namedBytes(platform, sha256), createWriteStream(path), { ...(signal && { signal }) })
    return await readTable(columns, path, signal)
  } finally {
    await rm(path, { force: true })
  }
}

/** Requests that read tables at the same time, at most; each has an engine of its own, and the others wait. */
const mostReaders = 2

/** Those that read now and those that wait, per observatory: two in one program do not wait for each other. */
const queues = new WeakMap<object, { reading: number; waiting: (() => void)[] }>()

async function inTurn<T>({ config }: Needs, use: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const queue = queues.get(config) ?? { reading: 0, waiting: [] }
  queues.set(config, queue)
  if (queue.reading < mostReaders) queue.reading++
  else await new Promise<void>((resolve) => queue.waiting.push(resolve))
  try {
    signal?.throwIfAborted()
    return await use()
  } finally {
    const next = queue.waiting.shift()
    if (next) next()
    else queue.reading--
  }
}

/** Removes folders of tables that a killed process left: no request takes an hour. */
export async function sweepTables({ config }: Pick<Platform, 'config'>): Promise<void> {
  const root = join(config.home, 'temporary')
  for (const name of await readdir(root).catch(() => [])) {
    if (!name.startsWith('tables-')) continue
    const found = await stat(join(root, name)).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > 3_600_000)
      await rm(join(root, name), { recursive: true, force: true })
  }
}

function withTables<T>(
  platform: Needs,
  use: (columns: Columns, folder: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  return inTurn(platform, () => withEngine(platform, use), signal)
}

async function withEngine<T>(
  platform: Needs,
  use: (columns: Columns, folder: string) => Promise<T>,
): Promise<T> {
  const root = join(platform.config.home, 'temporary')
  await mkdir(root, { recursive: true })
  const folder = await mkdtemp(join(root, 'tables-'))
  const columns = await createColumns({
    folders: [folder],
    temporary: join(folder, '.temporary'),
    threads: 1,
    memoryMb: 256,
  })
  try {
    return await use(columns, folder)
  } finally {
    await columns.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** One measurement of a light curve. */
export interface CurvePoint {
  task: string
  originalName: string
  title: string
  frame: string | null
  time: string | null
  mjd: number | null
  filter: string | null
  kind: 'object' | 'target' | 'difference'
  name: string | null
  distanceArcsec: number | null
  ra: number | null
  dec: number | null
  flux: number | null
  fluxErr: number | null
  mag: number | null
  magErr: number | null
  limit: number | null
  flags: number
}

/** Files that one light curve is made of, at most. */
const mostFiles = 2_000

/**
 * What was measured near a place on all frames that one may see, by time: objects (the nearest within the radius), and
 * targets, with their limits where nothing was seen.
 */
export async function lightCurve(
  platform: Needs,
  actor: Actor,
  query: {
    ra: number
    dec: number
    radiusArcsec: number
    what: 'objects' | 'targets' | 'all'
    words: readonly string[]
  },
  signal?: AbortSignal,
): Promise<{ points: CurvePoint[]; frames: number }> {
  requireReader(actor)
  const kinds: [CurvePoint['kind'], string][] = []
  if (query.what !== 'targets') kinds.push(['object', 'objects.parquet'])
  if (query.what !== 'objects') kinds.push(['target', 'target.parquet'], ['difference', 'sub_target.parquet'])
  const points: CurvePoint[] = []
  const seen = new Set<string>()
  await withTables(
    platform,
    async (columns, folder) => {
      for (const [kind, name] of kinds) {
        for (const row of await tasksAt(platform.db, actor, query, name, query.words, mostFiles)) {
          signal?.throwIfAborted()
          seen.add(row.id)
          const table = await tableOfBytes(platform, columns, folder, row.table_sha256, signal)
          if (table.rows === 0 || !hasColumn(table, 'ra')) continue
          const [ra, dec] = [numbersOf(table, 'ra'), numbersOf(table, 'dec')]
          const away = separationsFrom(query.ra, query.dec, ra, dec).map((deg) => deg * 3_600)
          const near = [...away.keys()]
            .filter((i) => away[i]! <= query.radiusArcsec)
            .toSorted((a, b) => away[a]! - away[b]!)
          for (const i of kind === 'object' ? near.slice(0, 1) : near) {
            const number = (column: string): number | null => {
              if (!hasColumn(table, column)) return null
              const value = numbersOf(table, column)[i]!
              return Number.isFinite(value) ? value : null
            }
            const names = table.columns.find((column) => column.name === 'name')
            points.push({
              task: row.id,
              originalName: row.original_name,
              title: row.title,
              frame: row.frame_sha256,
              time: row.findings.inspect?.time?.value ?? null,
              mjd: row.mjd,
              filter: row.filter,
              kind,
              name: names ? String(names.values[i]) : null,
              distanceArcsec: away[i]!,
              ra: ra[i]!,
              dec: dec[i]!,
              flux: number('flux'),
              fluxErr: number('fluxerr'),
              mag: number('mag_calib'),
              magErr: number('mag_calib_err'),
              limit: number('mag_limit'),
              flags: number('flags') ?? 0,
            })
          }
        }
      }
    },
    signal,
  )
  return { points: points.toSorted((a, b) => (a.mjd ?? Infinity) - (b.mjd ?? Infinity)), frames: seen.size }
}

/** The points as a table with units, for download. */
export function curveTable(points: readonly CurvePoint[]): Table {
  const f = (pick: (point: CurvePoint) => number | null): Float64Array =>
    Float64Array.from(points, (point) => pick(point) ?? Number.NaN)
  const t = (pick: (point: CurvePoint) => string | null): string[] => points.map((point) => pick(point) ?? '')
  return tableOf({
    columns: [
      columnOf({ name: 'task_id', values: t((p) => p.task) }),
      columnOf({ name: 'original_name', values: t((p) => p.originalName) }),
      columnOf({
        name: 'kind',
        values: t((p) => p.kind),
        description:
          'object: of the frame; target: forced on the frame; difference: forced on the difference',
      }),
      columnOf({ name: 'time', values: t((p) => p.time), description: 'Middle of the exposure, UTC' }),
      columnOf({ name: 'mjd', values: f((p) => p.mjd), unit: 'd', description: 'The same as MJD, UTC' }),
      columnOf({ name: 'filter', values: t((p) => p.filter) }),
      columnOf({
        name: 'distance',
        values: f((p) => p.distanceArcsec),
        unit: 'arcsec',
        description: 'From the place asked for',
      }),
      columnOf({ name: 'ra', values: f((p) => p.ra), unit: 'deg' }),
      columnOf({ name: 'dec', values: f((p) => p.dec), unit: 'deg' }),
      columnOf({ name: 'flux', values: f((p) => p.flux), unit: 'adu' }),
      columnOf({ name: 'fluxerr', values: f((p) => p.fluxErr), unit: 'adu' }),
      columnOf({ name: 'mag_calib', values: f((p) => p.mag), unit: 'mag' }),
      columnOf({ name: 'mag_calib_err', values: f((p) => p.magErr), unit: 'mag' }),
      columnOf({ name: 'mag_limit', values: f((p) => p.limit), unit: 'mag' }),
      columnOf({ name: 'flags', values: Int32Array.from(points, (p) => p.flags) }),
    ],
  })
}

/** Rows of a table as JSON: null for what is not a number. */
export function rowsOf(
  table: Table,
  from: number,
  to: number,
): Record<string, string | number | boolean | null>[] {
  return Array.from({ length: Math.max(0, Math.min(to, table.rows) - from) }, (_, k) => {
    const i = from + k
    return Object.fromEntries(
      table.columns.map(({ name, values, nulls, type }) => {
        const value = nulls?.[i] === 1 ? null : values[i]!
        if (typeof value === 'bigint') return [name, String(value)]
        if (typeof value === 'number')
          return [name, Number.isFinite(value) ? (type === 'boolean' ? value === 1 : value) : null]
        return [name, value]
      }),
    )
  })
}

/** @throws Problem `request.invalid` */
export function requireRadius(radius: number): number {
  if (radius > 0 && radius <= 3_600) return radius
  throw new Problem('request.invalid', `The radius is ${radius}″; give more than 0, at most 3600.`)
}
