import pg from 'pg'
import { Problem } from '#problem.ts'
import { withClient } from './migrate.ts'

export interface QueryResult {
  columns: string[]
  /** Values as PostgreSQL prints them; null is null. */
  rows: (string | null)[][]
  /** True when there were more rows than `limit`. */
  more: boolean
}

/**
 * One statement in a read-only transaction that is rolled back, with a time limit; at most `limit` rows are fetched. Throws
 * `database.query_failed` with PostgreSQL's own sentence.
 */
export async function readOnlyQuery(
  url: string,
  text: string,
  {
    limit = 1_000,
    timeoutMs = 30_000,
    signal,
  }: { limit?: number; timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<QueryResult> {
  return withClient(url, async (client) => {
    const stop = () => void client.end()
    signal?.addEventListener('abort', stop)
    try {
      await client.query(`begin read only; set local statement_timeout = ${Math.ceil(timeoutMs)}`)
      return await fetch(client, text, limit)
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error
      const hint = error.hint ? ` ${error.hint}` : ''
      const reason =
        error.code === '57014'
          ? `it took longer than ${timeoutMs / 1000} s`
          : error.code === '25006'
            ? `only reading is allowed here (${error.message})`
            : error.message
      throw new Problem(
        'database.query_failed',
        `The query failed: ${reason}.${hint}`,
        { code: error.code },
        error,
      )
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  })
}

async function fetch(client: pg.Client, text: string, limit: number): Promise<QueryResult> {
  const raw = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig
  const read = (statement: string) => client.query({ text: statement, rowMode: 'array', types: raw })
  const statement = text.trim().replace(/;\s*$/, '')
  // A read-only transaction still lets COPY write files and run programs of the server.
  if (!/^(select|with|values|table|show|explain)\b/i.test(statement)) {
    throw new Problem(
      'database.query_failed',
      'The query failed: only reading is allowed here; begin with select, with, values, table, show or explain.',
    )
  }
  // What a cursor can't be declared for (show, explain) returns few rows by itself. The extended protocol that `queryMode`
  // asks for takes one statement, so that "commit; drop table …" can't leave the transaction.
  const cursor = /^(select|with|values|table)\b/i.test(statement)
  if (cursor)
    await client.query({
      text: `declare answer no scroll cursor for ${statement}`,
      queryMode: 'extended',
    } as pg.QueryConfig)
  const result = cursor
    ? await read(`fetch ${limit + 1} from answer`)
    : await client.query({
        text: statement,
        rowMode: 'array',
        types: raw,
        queryMode: 'extended',
      } as pg.QueryArrayConfig)
  const rows = result.rows as (string | null)[][]
  await client.query('rollback')
  return {
    columns: result.fields.map((field) => field.name),
    rows: rows.slice(0, limit),
    more: rows.length > limit,
  }
}
