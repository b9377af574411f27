/** SELECT statements on one table, as SQL. Small: what TAP needs of a single table, no joins, no subqueries. */
import { createChecker } from './check.ts'
import { joined, parameter, quotedName, sql, text } from './fragment.ts'
import type { Fragment } from './fragment.ts'
import { faultAt, shown } from './lexer.ts'
import { parseSelect } from './parse.ts'
import { names } from './schema.ts'
import type { Dialect, Schema, SchemaColumn, ValueType } from './schema.ts'
import { createSqlWriter } from './sql.ts'
import { printNode } from './tree.ts'
import type { Node, Select, Selected } from './tree.ts'
import type { Typed } from './typed.ts'

/** A column of the answer. */
export interface ResultColumn {
  readonly name: string
  readonly type: ValueType
  readonly unit?: string
  readonly ucd?: string
  readonly description?: string
}

export interface Statement {
  readonly tree: Select
  readonly columns: readonly ResultColumn[]
  readonly sql: (dialect: Dialect) => Fragment
}

function hasAggregate(typed: Typed): boolean {
  if (typed.op === 'aggregate') return true
  return Object.values(typed).some((each: unknown) => {
    const list: unknown[] = Array.isArray(each) ? each : [each]
    return list.some(
      (one) => typeof one === 'object' && one !== null && 'op' in one && hasAggregate(one as Typed),
    )
  })
}

function resultOf({ value, as }: Selected, typed: Typed, index: number): ResultColumn {
  const column: SchemaColumn | undefined = typed.op === 'column' ? typed.column : undefined
  const name =
    as?.text ?? column?.name ?? (value.kind === 'call' ? value.name.toLowerCase() : `col${index + 1}`)
  return {
    name,
    type: typed.type,
    ...(typed.unit ? { unit: typed.unit } : {}),
    ...(column?.ucd ? { ucd: column.ucd } : {}),
    ...(column?.description ? { description: column.description } : {}),
  }
}

/**
 * Reads a statement against the schema of its one table. Throws as `readCondition` does, also where a column stands
 * beside an aggregate without being in GROUP BY.
 */
export function readSelect(source: string, schema: Schema): Statement {
  const tree = parseSelect(source)
  const { from } = tree
  if (!schema.name || !names(from.table, schema.name)) {
    throw faultAt(
      source,
      from.at,
      `there is no table "${shown(from.table.text)}"; the table is ${schema.name ?? 'not named'}`,
      'adql.unknown_name',
    )
  }
  const alias = from.as ? { alias: from.as } : {}
  const rows = createChecker(source, schema, alias)
  const sums = createChecker(source, schema, { ...alias, aggregates: true })
  const list: readonly Selected[] =
    tree.list.length > 0
      ? tree.list
      : schema.columns.map((each) => ({
          value: { kind: 'name', at: from.at, name: { text: each.name, exact: true } },
        }))
  const typed = list.map((each) => sums.value(each.value))
  const columns = unique(list.map((each, i) => resultOf(each, typed[i], i)))
  const where = tree.where && rows.condition(tree.where)
  const groups = tree.groupBy.map((each) => ({ node: each, typed: rows.value(each) }))
  const having = tree.having && sums.condition(tree.having)
  const grouped = groups.length > 0 || typed.some(hasAggregate)
  const printed = groups.map(({ node }) => printNode(node).toLowerCase())
  if (grouped) {
    for (const [i, each] of typed.entries())
      if (
        !hasAggregate(each) &&
        each.op !== 'literal' &&
        !printed.includes(printNode(list[i].value).toLowerCase())
      )
        throw faultAt(
          source,
          list[i].value.at,
          `"${shown(printNode(list[i].value))}" must be in GROUP BY or in a COUNT, MIN, MAX, SUM or AVG`,
          'adql.type',
        )
  }

  /** Position in the list of what an ORDER BY or GROUP BY names: parameters would make equal texts different to SQL. */
  function position(node: Node): number | undefined {
    const word = printNode(node).toLowerCase()
    const found = list.findIndex(
      ({ value, as }) =>
        printNode(value).toLowerCase() === word ||
        (as !== undefined && node.kind === 'name' && !node.table && names(node.name, as.text)),
    )
    return found < 0 ? undefined : found + 1
  }
  const ordered = tree.orderBy.map(({ value, descending }) => {
    const at = position(value)
    return { at, descending, typed: at === undefined ? sums.value(value) : undefined }
  })

  return {
    tree,
    columns,
    sql(dialect) {
      const writer = createSqlWriter(schema, dialect)
      const write = (each: Typed) => writer.write(each)
      const selected = typed.map((each, i) => sql`${write(each)} as ${text(quotedName(columns[i].name))}`)
      const group = groups.map(({ node, typed: each }) => {
        const at = position(node)
        return at === undefined ? write(each) : text(String(at))
      })
      const order = ordered.map(({ at, descending, typed: each }) => {
        const key = each ? write(each) : text(String(at))
        return sql`${key}${text(descending ? ' desc nulls last' : ' asc nulls last')}`
      })
      const parts = [
        sql`select ${text(tree.distinct ? 'distinct ' : '')}${joined(selected, ', ')} from ${text(schema.sql ?? quotedName(schema.name ?? ''))}`,
        ...(where ? [sql`where ${write(where)}`] : []),
        ...(group.length > 0 ? [sql`group by ${joined(group, ', ')}`] : []),
        ...(having ? [sql`having ${write(having)}`] : []),
        ...(order.length > 0 ? [sql`order by ${joined(order, ', ')}`] : []),
        ...(tree.top === undefined ? [] : [sql`limit ${parameter(String(tree.top))}::int8`]),
        ...(tree.offset === undefined ? [] : [sql`offset ${parameter(String(tree.offset))}::int8`]),
      ]
      return joined(parts, ' ')
    },
  }
}

function unique(columns: readonly ResultColumn[]): ResultColumn[] {
  const seen = new Set<string>()
  return columns.map((column) => {
    let { name } = column
    for (let n = 2; seen.has(name); n++) name = `${column.name}_${n}`
    seen.add(name)
    return { ...column, name }
  })
}
