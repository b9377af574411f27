/** A value of a row: 64-bit integers are bigint, times are Date, lists and structs are arrays and objects. */
export type ColumnValue =
  null | boolean | number | bigint | string | Date | Uint8Array | ColumnValue[] | object

/** One column: numbers without nulls as typed arrays, everything else value by value. */
export type Column = Float64Array | Float32Array | Int32Array | BigInt64Array | ColumnValue[]

export type Parameters = Record<string, null | boolean | number | bigint | string>

/**
 * Large, immutable tables: Parquet files read and written in process. Parameters are named `$name`. Only files under the
 * folders given at start can be touched, nothing is downloaded, and what does not fit into memory goes to a temporary folder.
 */
export interface Columns {
  columns(sql: string, parameters?: Parameters, signal?: AbortSignal): Promise<Record<string, Column>>
  rows(sql: string, parameters?: Parameters, signal?: AbortSignal): Promise<Record<string, ColumnValue>[]>
  /** Writes the rows of a query as Parquet (zstd): complete and durable under its name, or not there at all. */
  writeParquet(
    path: string,
    sql: string,
    parameters?: Parameters,
    signal?: AbortSignal,
  ): Promise<{ rows: number; bytes: number }>
  stop(): Promise<void>
}
