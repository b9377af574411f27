import { BIGINT, DOUBLE, DuckDBDataChunk, DuckDBScalarFunction } from '@duckdb/node-api'
import type { DuckDBConnection, DuckDBDoubleVector, DuckDBBigIntVector } from '@duckdb/node-api'
import { Problem } from '#problem.ts'
import type { Batch, ColumnFunction, ColumnKind } from './columns.ts'

/** Rows that one chunk of the engine holds. */
const chunkRows = 2_048

/** Makes a function known to every connection of the engine. */
export function addFunction(connection: DuckDBConnection, { name, parameters, call }: ColumnFunction): void {
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name,
      returnType: BIGINT,
      parameterTypes: Array.from({ length: parameters }, () => DOUBLE),
      mainFunction(_, input, output) {
        const rows = input.rowCount
        const missing = new Uint8Array(rows)
        const values = Array.from({ length: parameters }, (__, p) => {
          const vector = input.getColumnVector(p) as DuckDBDoubleVector
          const column = new Float64Array(rows)
          for (let row = 0; row < rows; row++) {
            const value = vector.getItem(row)
            if (value === null) missing[row] = 1
            else column[row] = value
          }
          return column
        })
        const results = call(...values)
        const out = output as DuckDBBigIntVector
        for (let row = 0; row < rows; row++) out.setItem(row, missing[row] ? null : results[row])
        out.flush()
      },
    }),
  )
}

/** Puts batches into a table of the connection. */
export async function appendBatches(
  connection: DuckDBConnection,
  table: string,
  columns: readonly { readonly name: string; readonly kind: ColumnKind }[],
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const appender = await connection.createAppender(table)
  const types = columns.map((_, i) => appender.columnType(i))
  try {
    for await (const batch of batches) {
      if (signal?.aborted) throw signal.reason
      if (batch.length !== columns.length)
        throw new Problem(
          'columns.query_failed',
          `A batch of ${batch.length} columns was given for a table of ${columns.length}.`,
        )
      const rows = batch[0]?.length ?? 0
      for (let from = 0; from < rows; from += chunkRows) {
        const count = Math.min(chunkRows, rows - from)
        const chunk = DuckDBDataChunk.create(types, count)
        for (const [i, values] of batch.entries()) chunk.setColumnValues(i, values.slice(from, from + count))
        appender.appendDataChunk(chunk)
      }
      appender.flushSync()
    }
  } finally {
    appender.closeSync()
  }
}
