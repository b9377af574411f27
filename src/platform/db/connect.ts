import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Logger } from 'pino'
import { Problem } from '#problem.ts'
import type { Database, Db } from './database.ts'

const { builtins } = pg.types

const parsers = new Map<number, (text: string) => unknown>([
  // 64 bits do not fit a JavaScript number, and JSON has no bigint; BigInt(text) where one counts with it.
  [builtins.INT8, String],
  [builtins.NUMERIC, String],
  [builtins.TIMESTAMPTZ, timestamp],
  [builtins.TIMESTAMP, (text) => timestamp(`${text}+00`)],
  // A calendar day has no time zone, so it is no Date.
  [builtins.DATE, String],
  [builtins.TIME, String],
  [builtins.INTERVAL, String],
  [builtins.JSON, JSON.parse],
  [builtins.JSONB, JSON.parse],
  [builtins.BYTEA, bytes],
])

/**
 * How values come back, decided once: int8 and numeric → string; timestamptz → Date (timestamp is read as UTC);
 * date → 'YYYY-MM-DD'; json, jsonb → value; bytea → Uint8Array. Arrays of these follow pg's own parsers.
 */
export const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format !== 'binary' && parsers.get(oid)) ||
    pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
}

/** The driver's parser gives up on years beyond 9999 and on infinity silently; ours refuses infinity. */
function timestamp(text: string): Date {
  const value = pg.types.getTypeParser(builtins.TIMESTAMPTZ)(text) as Date | number
  if (value instanceof Date) return value
  throw new Problem(
    'internal.error',
    `The database holds the time "${text}", which is no instant; store null instead.`,
  )
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  if (!text.startsWith('\\x'))
    throw new Problem('internal.error', 'The database must have bytea_output = hex.')
  // A copy: pg's small buffers share one pool.
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'))
}

/** A pool of connections and the typed query builder on it. */
export interface Connection {
  readonly db: Db
  readonly pool: pg.Pool
  close(): Promise<void>
}

export interface ConnectOptions {
  /** Most connections at once, default 10. */
  max?: number
  /** Seen in `pg_stat_activity`. */
  name?: string
  log?: Pick<Logger, 'warn'>
}

/** Connects lazily: nothing is sent until the first query. A lost connection is replaced by the next query. */
export function connect(url: string, { max = 10, name = 'urania', log }: ConnectOptions = {}): Connection {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    application_name: name,
    connectionTimeoutMillis: 30_000,
    keepAlive: true,
    options: '-c timezone=UTC -c bytea_output=hex -c intervalstyle=iso_8601 -c datestyle=ISO',
  })
  // A connection that is lost between the statements of a transaction has nobody else who listens; its next query fails.
  pool.on('connect', (client) => client.on('error', () => {}))
  // The pool says that it has ended while its connections still say goodbye; the server may be faster.
  let closing = false
  pool.on('error', (error) => {
    if (!closing) log?.warn({ err: error }, 'an idle database connection was lost')
  })
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  return {
    db,
    pool,
    close() {
      closing = true
      return db.destroy()
    },
  }
}
