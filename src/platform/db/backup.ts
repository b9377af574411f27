import type pg from 'pg'
import type { Storage } from '#platform/storage/storage.ts'
import { createArchive, type ArchiveWriter } from './archive.ts'
import { migrationStatus, withClient, type Migration } from './migrate.ts'

/*
 * The archive is a gzipped tar file:
 *   manifest.json             what it is: format, time, migrations, tables with their columns
 *   tables/<table>/<n>.jsonl  rows, one JSON array per line, every value as PostgreSQL's own text (or null)
 *   storage/index.jsonl       {"sha256", "byteLength"} of every stored object
 *   storage/<sha256>          the objects, when they were asked for
 *   end.json                  rows per table and the state of sequences: without it the archive is cut off
 * Rows are of one moment (a repeatable-read snapshot). Text is the one form that every type has, that PostgreSQL reads back
 * exactly, and that does not change between its versions. The queue's own tables (pg-boss) are not in it: the table `job`
 * is, and what is due is queued again at the next start. Secrets stay sealed: their key is not in it.
 */
export const archiveFormat = 'urania-backup'
export const archiveVersion = 1

export interface ArchivedColumn {
  name: string
  type: string
}

export interface Manifest {
  format: typeof archiveFormat
  version: number
  createdAt: string
  postgres: string
  migrations: { number: number; name: string; checksum: string }[]
  tables: { name: string; columns: ArchivedColumn[] }[]
  /** Tells whether sealed secrets can be opened with the key of the place of restoration. */
  keyCheck: string | null
  storage: 'none' | 'index' | 'bytes'
}

export interface ArchiveEnd {
  rows: Record<string, number>
  sequences: { name: string; lastValue: string | null }[]
  objects: number
  objectBytes: number
}

export interface BackupOptions {
  url: string
  migrations: Migration[]
  file: string
  storage?: Storage
  /** Take the stored bytes along, not only their list. */
  bytes?: boolean
  keyCheck?: string
  onProgress?: (label: string, done: number, total?: number) => void
  signal?: AbortSignal
}

const fetchRows = 1_000
const chunkBytes = 4 * 2 ** 20

/** Settings under which text written in one place is read the same in another. */
export const textSettings = `
  set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
  set local bytea_output = 'hex'; set local extra_float_digits = 1; set local lc_monetary = 'C';
  set local search_path = public; set local statement_timeout = 0; set local lock_timeout = 0`

/** Writes one archive of the database as it is at one moment, while others work on. Either complete or not there. */
export async function backup(options: BackupOptions): Promise<{ manifest: Manifest; end: ArchiveEnd }> {
  const archive = await createArchive(options.file)
  try {
    const result = await withClient(options.url, (client) => write(client, archive, options))
    await archive.finish()
    return result
  } catch (error) {
    await archive.abort()
    throw error
  }
}

async function write(client: pg.Client, archive: ArchiveWriter, options: BackupOptions) {
  const { migrations, storage, onProgress, signal } = options
  await client.query('begin isolation level repeatable read read only')
  await client.query(textSettings)
  const { applied } = await migrationStatus(client, migrations)
  const tables = await tablesOf(client)
  const version = await client.query<{ server_version: string }>('show server_version')
  const manifest: Manifest = {
    format: archiveFormat,
    version: archiveVersion,
    createdAt: new Date().toISOString(),
    postgres: version.rows[0].server_version,
    migrations: applied.map(({ number, name, checksum }) => ({ number, name, checksum })),
    tables,
    keyCheck: options.keyCheck ?? null,
    storage: storage ? (options.bytes ? 'bytes' : 'index') : 'none',
  }
  await archive.add('manifest.json', encode(JSON.stringify(manifest, null, 2)))

  const rows: Record<string, number> = {}
  for (const [index, table] of tables.entries()) {
    onProgress?.('tables', index, tables.length)
    rows[table.name] = await writeTable(client, archive, table, signal)
  }
  onProgress?.('tables', tables.length, tables.length)
  // Sequences are outside of every snapshot; read last, they are ahead of every row above.
  const { rows: sequences } = await client.query<{ name: string; lastValue: string | null }>(
    `select sequencename as name, last_value::text as "lastValue" from pg_sequences where schemaname = 'public' order by 1`,
  )
  await client.query('commit')
  // Bytes are durable before the row that names them, so a list made after the snapshot lacks none of its hashes.
  const objects = storage ? await writeStorage(storage, archive, options) : { objects: 0, objectBytes: 0 }
  const end: ArchiveEnd = { rows, sequences, ...objects }
  await archive.add('end.json', encode(JSON.stringify(end, null, 2)))
  return { manifest, end }
}

/** Tables of the program with their stored columns, in the order of their names. */
export async function tablesOf(client: pg.ClientBase): Promise<Manifest['tables']> {
  const { rows } = await client.query<{ name: string; columns: ArchivedColumn[] }>(
    `select c.relname as name,
            json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum)
              as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'schema_migration'
       and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     group by c.relname order by c.relname`,
  )
  return rows
}

async function writeTable(
  client: pg.Client,
  archive: ArchiveWriter,
  table: Manifest['tables'][number],
  signal: AbortSignal | undefined,
): Promise<number> {
  const columns = table.columns.map((column) => `${quoted(column.name)}::text`).join(', ')
  await client.query(
    `declare rows no scroll cursor for select ${columns} from only public.${quoted(table.name)}`,
  )
  let count = 0
  let part = 0
  let lines: string[] = []
  let held = 0
  for (;;) {
    signal?.throwIfAborted()
    const { rows } = await client.query<(string | null)[]>({
      text: `fetch ${fetchRows} from rows`,
      rowMode: 'array',
    })
    for (const row of rows) {
      const line = JSON.stringify(row)
      lines.push(line)
      held += line.length
    }
    count += rows.length
    const last = rows.length < fetchRows
    if (lines.length > 0 && (last || held >= chunkBytes)) {
      await archive.add(
        `tables/${table.name}/${String(++part).padStart(6, '0')}.jsonl`,
        encode(lines.join('\n') + '\n'),
      )
      lines = []
      held = 0
    }
    if (last) break
  }
  await client.query('close rows')
  return count
}

async function writeStorage(storage: Storage, archive: ArchiveWriter, options: BackupOptions) {
  const found: { sha256: string; byteLength: number }[] = []
  for await (const object of storage.list()) found.push(object)
  const lines = found.map((object) => JSON.stringify(object) + '\n').join('')
  await archive.add('storage/index.jsonl', encode(lines))
  if (options.bytes) {
    for (const [index, { sha256, byteLength }] of found.entries()) {
      options.signal?.throwIfAborted()
      options.onProgress?.('stored objects', index, found.length)
      await archive.addStream(`storage/${sha256}`, byteLength, storage.stream(sha256))
    }
    options.onProgress?.('stored objects', found.length, found.length)
  }
  return { objects: found.length, objectBytes: found.reduce((sum, object) => sum + object.byteLength, 0) }
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
