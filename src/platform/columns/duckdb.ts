import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { DuckDBInstance, DuckDBTypeId, JSDuckDBValueConverter } from '@duckdb/node-api'
import type { DuckDBConnection, DuckDBResultReader } from '@duckdb/node-api'
import { Problem, isProblem } from '#problem.ts'
import { quotedName } from '#science/adql/fragment.ts'
import { addFunction, appendBatches } from './batches.ts'
import type { Column, ColumnFunction, ColumnValue, Columns } from './columns.ts'
import { sqlText } from './sql.ts'

/**
 * @param options.folders files may be read and written under these only.
 * @param options.temporary where what does not fit into memory is put meanwhile.
 * @param options.memoryMb default 1,024.
 * @param options.functions known to every query by their names.
 */
export async function createColumns(options: {
  folders: readonly string[]
  temporary: string
  memoryMb?: number
  threads?: number
  functions?: readonly ColumnFunction[]
}): Promise<Columns> {
  const folders = options.folders.map((folder) => resolve(folder))
  for (const folder of [...folders, options.temporary]) await mkdir(folder, { recursive: true })
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    allow_unsigned_extensions: 'false',
    memory_limit: `${options.memoryMb ?? 1_024}MB`,
    temp_directory: resolve(options.temporary),
    ...(options.threads ? { threads: String(options.threads) } : {}),
  })
  const setting = await instance.connect()
  await setting.run(
    `set allowed_directories = [${folders.map((folder) => sqlText(`${folder}/`)).join(', ')}]`,
  )
  // How far a query is, the engine says on a connection that was told so before settings are locked: there is one of them.
  const watched = await instance.connect()
  for (const line of [
    'set enable_progress_bar = true',
    'set enable_progress_bar_print = false',
    'set progress_bar_time = 0',
  ])
    await watched.run(line)
  let watching = false
  // Each query has a connection of its own, so the time zone is set for all of them.
  for (const line of [
    "set global TimeZone = 'UTC'",
    'set enable_external_access = false',
    'set lock_configuration = true',
  ])
    await setting.run(line)
  for (const each of options.functions ?? []) addFunction(setting, each)
  setting.closeSync()

  async function connected<T>(
    signal: AbortSignal | undefined,
    use: (connection: DuckDBConnection) => Promise<T>,
    kept?: DuckDBConnection,
  ): Promise<T> {
    if (signal?.aborted) throw signal.reason
    const connection = kept ?? (await instance.connect())
    const onAbort = (): void => connection.interrupt()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await use(connection)
    } catch (error) {
      throw failureOf(error, signal)
    } finally {
      signal?.removeEventListener('abort', onAbort)
      if (!kept) connection.closeSync()
    }
  }

  /** As `connected`; where two at once want to be told, the second is not. */
  async function told<T>(
    signal: AbortSignal | undefined,
    progress: ((part: number) => void) | undefined,
    use: (connection: DuckDBConnection) => Promise<T>,
  ): Promise<T> {
    if (!progress || watching) return connected(signal, use)
    watching = true
    const timer = setInterval(() => {
      const { percentage } = watched.progress
      if (percentage > 0) progress(Math.min(1, percentage / 100))
    }, 100)
    try {
      return await connected(signal, use, watched)
    } finally {
      clearInterval(timer)
      watching = false
    }
  }

  return {
    columns: (sql, parameters, signal) =>
      connected(signal, async (connection) => {
        const reader = await connection.runAndReadAll(sql, parameters)
        return columnsOf(reader)
      }),
    rows: (sql, parameters, signal) =>
      connected(signal, async (connection) => {
        const reader = await connection.runAndReadAll(sql, parameters)
        return reader.getRowObjectsJS() as Record<string, ColumnValue>[]
      }),
    async *batches(sql, parameters, signal) {
      if (signal?.aborted) throw signal.reason
      const connection = await instance.connect()
      const onAbort = (): void => connection.interrupt()
      signal?.addEventListener('abort', onAbort, { once: true })
      try {
        const result = await connection.stream(sql, parameters)
        const names = result.deduplicatedColumnNames()
        const types = names.map((_, i) => result.columnTypeId(i))
        for (;;) {
          const chunk = await result.fetchChunk()
          if (signal?.aborted) throw signal.reason
          if (!chunk || chunk.rowCount === 0) return
          const columns = chunk.convertColumns(JSDuckDBValueConverter) as ColumnValue[][]
          yield Object.fromEntries(names.map((name, i) => [name, typed(columns[i], types[i])]))
        }
      } catch (error) {
        throw failureOf(error, signal)
      } finally {
        signal?.removeEventListener('abort', onAbort)
        connection.closeSync()
      }
    },
    writeParquet: (path, sql, parameters, signal, { rowGroupRows, metadata, progress } = {}) =>
      written(path, (part) =>
        told(signal, progress, async (connection) => {
          const words = Object.entries(metadata ?? {}).map(
            ([key, value]) => `${quotedName(key)}: ${sqlText(value)}`,
          )
          const more =
            (rowGroupRows ? `, row_group_size ${Math.ceil(rowGroupRows)}` : '') +
            (words.length > 0 ? `, kv_metadata {${words.join(', ')}}` : '')
          const reader = await connection.runAndReadAll(
            `copy (${sql}) to ${sqlText(part)} (format parquet, compression zstd${more})`,
            parameters,
          )
          return Number(reader.getRows()[0]?.[0] ?? 0)
        }),
      ),
    writeBatches: (path, columns, batches, signal) =>
      written(path, (part) =>
        connected(signal, async (connection) => {
          const table = `batches_${Math.random().toString(36).slice(2)}`
          await connection.run(
            `create temp table ${table} (${columns.map(({ name, kind }) => `${quotedName(name)} ${kind}`).join(', ')})`,
          )
          await appendBatches(connection, table, columns, batches, signal)
          const reader = await connection.runAndReadAll(
            `copy (from ${table}) to ${sqlText(part)} (format parquet, compression zstd)`,
          )
          await connection.run(`drop table ${table}`)
          return Number(reader.getRows()[0]?.[0] ?? 0)
        }),
      ),
    async stop() {
      watched.closeSync()
      instance.closeSync()
    },
  }
}

/** Written beside its name, made durable, and only then given it. */
async function written(
  path: string,
  write: (part: string) => Promise<number>,
): Promise<{ rows: number; bytes: number }> {
  const target = resolve(path)
  const folder = dirname(target)
  await mkdir(folder, { recursive: true })
  const part = join(folder, `.${basename(target)}.${process.pid}.${Math.random().toString(36).slice(2)}.part`)
  try {
    const rows = await write(part)
    await synced(part)
    await rename(part, target)
    await synced(folder)
    return { rows, bytes: (await stat(target)).size }
  } finally {
    await rm(part, { force: true })
  }
}

function failureOf(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if (isProblem(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  if (/No space left on device/i.test(message))
    return new Problem(
      'storage.full',
      `There is no room left on the disk (${message.split('\n')[0]}).`,
      {},
      error,
    )
  return new Problem(
    'columns.query_failed',
    `The query failed: ${message.split('\n')[0]}`,
    { message },
    error,
  )
}

async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function columnsOf(reader: DuckDBResultReader): Record<string, Column> {
  const values = reader.getColumnsJS() as ColumnValue[][]
  return Object.fromEntries(
    reader
      .deduplicatedColumnNames()
      // Of a result without rows the engine gives no columns.
      .map((name, i) => [name, typed(values[i] ?? [], reader.columnTypeId(i))]),
  )
}

function typed(values: ColumnValue[], type: DuckDBTypeId): Column {
  if (values.includes(null)) return values
  switch (type) {
    case DuckDBTypeId.DOUBLE:
      return Float64Array.from(values as number[])
    case DuckDBTypeId.FLOAT:
      return Float32Array.from(values as number[])
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.INTEGER:
      return Int32Array.from(values as number[])
    case DuckDBTypeId.BIGINT:
      return BigInt64Array.from(values as bigint[])
    default:
      return values
  }
}
