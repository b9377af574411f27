import type { ColumnFunction, Columns } from './columns.ts'

/** Columns that are made with their first use: the engine is loaded by those alone who need it. */
export function createLazyColumns(options: {
  folders: readonly string[]
  temporary: string
  memoryMb?: number
  functions?: readonly ColumnFunction[]
}): Columns {
  let made: Promise<Columns> | undefined
  const ready = (): Promise<Columns> =>
    (made ??= import('./duckdb.ts').then(({ createColumns }) => createColumns(options)))
  return {
    columns: async (...args) => (await ready()).columns(...args),
    rows: async (...args) => (await ready()).rows(...args),
    async *batches(...args) {
      yield* (await ready()).batches(...args)
    },
    writeParquet: async (...args) => (await ready()).writeParquet(...args),
    writeBatches: async (...args) => (await ready()).writeBatches(...args),
    async stop() {
      await (await made?.catch(() => undefined))?.stop()
    },
  }
}
