/** Texts and files as SQL writes them; needs no engine. */

/** Parquet files for the `from` of a query: `select … from ${parquet(path)}`. */
export function parquet(...paths: string[]): string {
  return `read_parquet([${paths.map(sqlText).join(', ')}])`
}

/** Text as a literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
