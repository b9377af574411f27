/** A value of a row: 64-bit integers are bigint, times are Date, lists and structs are arrays and objects. */
export type ColumnValue =
  null | boolean | number | bigint | string | Date | Uint8Array | ColumnValue[] | object

/** One column: numbers without nulls as typed arrays, everything else value by value. */
export type Column = Float64Array | Float32Array | Int32Array | BigInt64Array | ColumnValue[]

export type Parameters = Record<string, null | boolean | number | bigint | string>

/** Type of a column that is written row by row, by its SQL name. */
export type ColumnKind = 'BOOLEAN' | 'INTEGER' | 'BIGINT' | 'FLOAT' | 'DOUBLE' | 'VARCHAR'

/** A function for SQL: 64-bit floats in, a 64-bit integer out; null where an argument is. */
export interface ColumnFunction {
  readonly name: string
  readonly parameters: number
  /** One array per parameter, a call for many rows at once. */
  call(this: void, ...values: Float64Array[]): BigInt64Array
}

export interface ParquetOptions {
  /** Rows that are compressed together and skipped together; default 122,880. */
  rowGroupRows?: number
  /** Words kept in the file's footer. */
  metadata?: Readonly<Record<string, string>>
  /** Called now and then with the part of the input that was read, 0 to 1, by bytes of text and rows of Parquet. */
  progress?: (part: number) => void
}

/** Rows handed in: one array per column, all of one length. */
export type Batch = readonly (readonly (null | boolean | number | bigint | string)[])[]

/**
 * Large, immutable tables: Parquet files read and written in process. Parameters are named `$name`. Only files under the
 * folders given at start can be touched, nothing is downloaded, and what does not fit into memory goes to a temporary folder.
 */
export interface Columns {
  columns(sql: string, parameters?: Parameters, signal?: AbortSignal): Promise<Record<string, Column>>
  rows(sql: string, parameters?: Parameters, signal?: AbortSignal): Promise<Record<string, ColumnValue>[]>
  /** Rows as they come, some thousands at a time, for results that do not fit into memory. */
  batches(
    sql: string,
    parameters?: Parameters,
    signal?: AbortSignal,
  ): AsyncGenerator<Record<string, Column>, void>
  /** Writes the rows of a query as Parquet (zstd): complete and durable under its name, or not there at all. */
  writeParquet(
    path: string,
    sql: string,
    parameters?: Parameters,
    signal?: AbortSignal,
    options?: ParquetOptions,
  ): Promise<{ rows: number; bytes: number }>
  /** The same of rows that are handed in, batch by batch; what is left of a batch that is refused is nothing. */
  writeBatches(
    path: string,
    columns: readonly { readonly name: string; readonly kind: ColumnKind }[],
    batches: Iterable<Batch> | AsyncIterable<Batch>,
    signal?: AbortSignal,
  ): Promise<{ rows: number; bytes: number }>
  stop(): Promise<void>
}
