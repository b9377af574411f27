/** A condition, read and judged once, as SQL or as a test of rows. */
import { createChecker } from './check.ts'
import { evaluator, valueAs } from './evaluate.ts'
import type { Evaluate } from './evaluate.ts'
import type { Fragment } from './fragment.ts'
import { parseCondition } from './parse.ts'
import type { Dialect, Schema } from './schema.ts'
import { createSqlWriter } from './sql.ts'
import { printNode } from './tree.ts'
import type { Node } from './tree.ts'
import type { Typed } from './typed.ts'

export interface Condition {
  readonly source: string
  readonly tree: Node
  readonly typed: Typed
  readonly schema: Schema
}

/**
 * Reads a search condition and judges it against a schema. Throws `adql.syntax`, `adql.too_large`, `adql.unknown_name`,
 * `adql.type`, `adql.unit` or `adql.unsupported`; each names line, column and word.
 */
export function readCondition(source: string, schema: Schema): Condition {
  const tree = parseCondition(source)
  return { source, tree, typed: createChecker(source, schema).condition(tree), schema }
}

/** The condition in one spelling: capitals for its words, single blanks. */
export function formatCondition({ tree }: Condition): string {
  return printNode(tree)
}

/** The condition as SQL with parameters, in parentheses: `numbered(…)` gives it to pg or DuckDB. */
export function conditionSql({ typed, schema }: Condition, dialect: Dialect): Fragment {
  return createSqlWriter(schema, dialect).write(typed)
}

/**
 * Test of rows: objects with the schema's columns as keys. True, false, or null where a missing value leaves it open; a
 * filter lets only true through.
 */
export function rowTest({ typed }: Condition): (row: Readonly<Record<string, unknown>>) => boolean | null {
  const test: Evaluate<Readonly<Record<string, unknown>>> = evaluator(
    typed,
    (column) => (row) => valueAs(column, row[column.name]),
  )
  return (row) => truth(test(row))
}

/** A three-valued answer as such. */
export function truth(value: unknown): boolean | null {
  return value === null ? null : value === true || value === 1
}
