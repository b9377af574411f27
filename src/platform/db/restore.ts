import type pg from 'pg'
import { isProblem, Problem } from '#problem.ts'
import type { Storage } from '#platform/storage/storage.ts'
import { damaged, readArchive, type ArchiveEntry } from './archive.ts'
import { archiveFormat, archiveVersion, quoted, tablesOf, textSettings } from './backup.ts'
import type { ArchiveEnd, Manifest } from './backup.ts'
import { migrate, withClient, type Migration } from './migrate.ts'

export interface RestoreOptions {
  url: string
  migrations: Migration[]
  file: string
  /** Takes the stored bytes, when the archive has them. */
  storage?: Storage
  onProgress?: (label: string, done: number, total?: number) => void
}

export interface Restored {
  manifest: Manifest
  end: ArchiveEnd
  /** Objects that rows may name and that the storage does not have: the archive held only their list. */
  missingObjects: number
  /** Steps applied after loading, when the archive is of an older version. */
  migrated: string[]
}

/**
 * Loads an archive into an empty database: brings it to the archive's version, loads everything in one transaction, then
 * migrates to this program's version. Refuses a database that holds anything, and an archive of a newer version.
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { url, migrations, file } = options
  await checkWhole(file)
  const manifest = await readManifest(file)
  const then = archivedMigrations(manifest, migrations, file)
  const before = await withClient(url, refuseFilled)
  try {
    await migrate(url, migrations, { to: then.at(-1)?.number ?? 0, yes: true })
    const loaded = await withClient(url, (client) => load(client, manifest, options))
    const { up } = await migrate(url, migrations)
    await withClient(url, (client) => client.query('analyze'))
    return { manifest, ...loaded, migrated: up }
  } catch (error) {
    if (before === 'bare' && !isProblem(error, 'database.unavailable')) await undo(url, migrations)
    throw error
  }
}

/** The first entry of an archive. */
export async function readManifest(file: string): Promise<Manifest> {
  for await (const entry of readArchive(file)) {
    if (entry.name !== 'manifest.json' || entry.size > 64 * 2 ** 20) break
    const manifest = parsed(await textOf(entry))
    if (manifest?.format !== archiveFormat) break
    if (manifest.version > archiveVersion) {
      throw damaged(file, 'it was written by a newer Urania; use that version')
    }
    return manifest
  }
  throw damaged(file, 'it is no Urania archive, or damaged')
}

function parsed(text: string): Manifest | undefined {
  try {
    return JSON.parse(text) as Manifest
  } catch {
    return undefined
  }
}

/** Reads all of it once: damage is told by the checksum at the end of a gzip file, when rows would long be loaded. */
async function checkWhole(file: string) {
  let last = ''
  for await (const entry of readArchive(file)) {
    for await (const chunk of entry.body) void chunk
    last = entry.name
  }
  if (last !== 'end.json') throw damaged(file, 'it is no Urania archive, or ends too early')
}

function archivedMigrations(manifest: Manifest, migrations: Migration[], file: string): Migration[] {
  return manifest.migrations.map((archived) => {
    const migration = migrations.find((one) => one.number === archived.number)
    if (!migration)
      throw damaged(file, `it is of a newer version (step ${archived.name}); use the newer Urania`)
    if (migration.checksum !== archived.checksum) {
      throw damaged(file, `its step ${archived.name} is not the one of this program`)
    }
    return migration
  })
}

async function refuseFilled(client: pg.Client): Promise<'bare' | 'migrated'> {
  const tables = await tablesOf(client)
  for (const { name } of tables) {
    const { rowCount } = await client.query(`select 1 from public.${quoted(name)} limit 1`)
    if (rowCount) {
      throw new Problem(
        'database.not_empty',
        `The database is not empty (table ${name} has rows), and nothing is ever overwritten; restore with --home NEW_FOLDER, ` +
          `or set DATABASE_URL to an empty database.`,
        { table: name },
      )
    }
  }
  return tables.length === 0 ? 'bare' : 'migrated'
}

async function undo(url: string, migrations: Migration[]) {
  await migrate(url, migrations, { to: 0, yes: true })
  await withClient(url, (client) => client.query('drop table public.schema_migration'))
}

async function load(client: pg.Client, manifest: Manifest, options: RestoreOptions) {
  const { file, storage, onProgress } = options
  await client.query('begin')
  await client.query(textSettings)
  const tables = await tablesOf(client)
  checkColumns(tables, manifest, file)
  const restoreConstraints = await loosen(client, tables)

  const types = new Map(tables.map((table) => [table.name, insertOf(table)]))
  const rows: Record<string, number> = Object.fromEntries(manifest.tables.map((table) => [table.name, 0]))
  let end: ArchiveEnd | undefined
  let missingObjects = 0
  let seen = 0
  for await (const entry of readArchive(file)) {
    const table = /^tables\/(.+)\/\d+\.jsonl$/.exec(entry.name)?.[1]
    if (table !== undefined) {
      const insert = types.get(table)
      if (!insert) throw damaged(file, `it holds a table ${table} that its manifest does not name`)
      rows[table] += await insert(client, await linesOf(entry))
      onProgress?.('rows', (seen += 1))
    } else if (entry.name === 'end.json') {
      end = JSON.parse(await textOf(entry)) as ArchiveEnd
    } else if (entry.name === 'storage/index.jsonl') {
      missingObjects = await countMissing(await linesOf<{ sha256: string }>(entry), manifest, storage)
    } else if (entry.name.startsWith('storage/') && storage) {
      const stored = await storage.put(entry.body)
      if (`storage/${stored.sha256}` !== entry.name)
        throw damaged(file, `the content of ${entry.name} has changed`)
    } else for await (const chunk of entry.body) void chunk
  }
  if (!end) throw damaged(file, 'it ends too early')
  for (const [name, count] of Object.entries(end.rows)) {
    if (rows[name] !== count) throw damaged(file, `table ${name} has ${rows[name]} rows instead of ${count}`)
  }
  for (const { name, lastValue } of end.sequences) {
    if (lastValue !== null)
      await client.query('select setval($1::regclass, $2::bigint)', [`public.${quoted(name)}`, lastValue])
  }
  await restoreConstraints()
  await client.query('commit')
  return { end, missingObjects }
}

function checkColumns(tables: Manifest['tables'], manifest: Manifest, file: string) {
  const here = new Map(
    tables.map((table) => [table.name, new Set(table.columns.map((column) => column.name))]),
  )
  for (const { name, columns } of manifest.tables) {
    const lacking = columns.find((column) => !here.get(name)?.has(column.name))
    if (lacking) throw damaged(file, `this database has no ${name}.${lacking.name} at the archive's version`)
  }
  for (const { name, columns } of manifest.tables) {
    const table = tables.find((one) => one.name === name)!
    table.columns = columns.map((column) => table.columns.find((own) => own.name === column.name)!)
  }
}

/**
 * Foreign keys would dictate an order that cycles and self-references do not have, and triggers would write rows of their
 * own; both are set aside within the transaction. Rows that migrations wrote make room for those of the archive.
 */
async function loosen(client: pg.Client, tables: Manifest['tables']): Promise<() => Promise<void>> {
  const { rows: keys } = await client.query<{ table: string; name: string; definition: string }>(
    `select conrelid::regclass::text as table, conname as name, pg_get_constraintdef(oid) as definition
     from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace and conparentid = 0`,
  )
  for (const key of keys) await client.query(`alter table ${key.table} drop constraint ${quoted(key.name)}`)
  for (const { name } of tables) await client.query(`alter table public.${quoted(name)} disable trigger user`)
  for (const { name } of tables) await client.query(`delete from public.${quoted(name)}`)
  return async () => {
    for (const { name } of tables)
      await client.query(`alter table public.${quoted(name)} enable trigger user`)
    for (const key of keys) {
      await client.query(`alter table ${key.table} add constraint ${quoted(key.name)} ${key.definition}`)
    }
  }
}

/** Inserts rows of text, cast to the types that the columns have here. */
function insertOf(table: Manifest['tables'][number]) {
  const names = table.columns.map((column) => quoted(column.name)).join(', ')
  const casts = table.columns.map((column, i) => `v${i}::${column.type}`).join(', ')
  const arrays = table.columns.map((_, i) => `$${i + 1}::text[]`).join(', ')
  const aliases = table.columns.map((_, i) => `v${i}`).join(', ')
  const text = `insert into public.${quoted(table.name)} (${names}) overriding system value
    select ${casts} from unnest(${arrays}) as v (${aliases})`
  return async (client: pg.Client, rows: (string | null)[][]) => {
    const columns = table.columns.map((_, i) => rows.map((row) => row[i]))
    await client.query(text, columns)
    return rows.length
  }
}

async function countMissing(objects: { sha256: string }[], manifest: Manifest, storage: Storage | undefined) {
  if (manifest.storage === 'bytes' && storage) return 0
  let missing = 0
  for (const { sha256 } of objects) {
    if ((await storage?.size(sha256)) === undefined) missing++
  }
  return missing
}

async function textOf(entry: ArchiveEntry): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of entry.body) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

async function linesOf<T = (string | null)[]>(entry: ArchiveEntry): Promise<T[]> {
  const text = await textOf(entry)
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T)
}
