import type pg from 'pg'
import { quoted } from '#platform/db/backup.ts'

/*
 * For tests of migrations and archives: rows for tables that nobody described. Types, checks of the form `x in (…)`, lengths,
 * foreign keys and identity are read from the catalogue; what that can't satisfy is named by the error.
 */

interface Column {
  table: string
  name: string
  type: string
  base: string
  nullable: boolean
  identity: boolean
  generated: boolean
  allowed: string | null
  /** A SHA-256 in hexadecimal, as its check tells. */
  hash: boolean
  target: string | null
  targetColumn: string | null
}

/** Puts `count` rows into every table of `public` but those in `except`, parents first. Returns how many each got. */
export async function fillTables(
  client: pg.ClientBase,
  count: number,
  except: readonly string[] = [],
): Promise<Record<string, number>> {
  const { rows: columns } = await client.query<Column>(catalogue)
  const tables = Map.groupBy(columns, (column) => column.table)
  const filled: Record<string, number> = {}
  const waiting = new Map(tables)
  while (waiting.size > 0) {
    const ready = [...waiting].find(([table, own]) =>
      own.every(
        (column) => !column.target || column.nullable || column.target === table || column.target in filled,
      ),
    )
    if (!ready) throw new Error(`foreign keys in a circle: ${[...waiting.keys()].join(', ')}`)
    const [table, own] = ready
    waiting.delete(table)
    if (except.includes(table)) {
      filled[table] = count
      continue
    }
    for (let row = 0; row < count; row++) await insertRow(client, table, own, row, filled)
    filled[table] = count
  }
  return filled
}

async function insertRow(
  client: pg.ClientBase,
  table: string,
  columns: Column[],
  row: number,
  filled: Record<string, number>,
) {
  const names: string[] = []
  const values: string[] = []
  for (const column of columns) {
    if (column.identity || column.generated) continue
    const value = valueOf(column, row, filled)
    if (value === undefined) continue
    names.push(quoted(column.name))
    values.push(value)
  }
  const text = `insert into public.${quoted(table)} (${names.join(', ')}) values (${values.join(', ')})`
  try {
    await client.query(text)
  } catch (error) {
    throw new Error(
      `can't fill ${table}: ${error instanceof Error ? error.message : String(error)}: ${text}`,
      { cause: error },
    )
  }
}

/** An SQL expression; undefined leaves the default. */
function valueOf(column: Column, row: number, filled: Record<string, number>): string | undefined {
  if (column.target) {
    if (!(column.target in filled)) return column.nullable ? 'null' : undefined
    return `(select ${quoted(column.targetColumn!)} from public.${quoted(column.target)} order by 1 offset ${row} limit 1)`
  }
  if (column.allowed) {
    const allowed = [...column.allowed.matchAll(/'((?:[^']|'')*)'/g)].map((match) => `'${match[1]}'`)
    if (allowed.length > 0)
      return column.base.endsWith('[]')
        ? `array[${allowed[row % allowed.length]}]`
        : allowed[row % allowed.length]
  }
  // Every third row has nulls where it may.
  if (column.nullable && row % 3 === 2) return 'null'
  if (column.hash && column.base === 'text') return `encode(sha256('${row}'::bytea), 'hex')`
  const make = samples[column.base]
  if (make) return make(row)
  if (column.base.endsWith('[]')) {
    const inner = samples[column.base.slice(0, -2)]
    if (inner) return `array[${inner(row)}, ${inner(row + 1)}]`
  }
  return column.nullable ? 'null' : undefined
}

const samples: Record<string, (row: number) => string> = {
  text: (row) => `'text ${row} ☉ " \\ '' %' || chr(9) || 'tab' || chr(10) || 'line'`,
  'character varying': (row) => `'v${row}'`,
  character: () => `'c'`,
  smallint: (row) => `${row + 1}`,
  integer: (row) => `${row + 1}`,
  bigint: (row) => `9007199254740993 + ${row}`,
  numeric: (row) => `1.10 + ${row}`,
  real: (row) => `0.1 + ${row}`,
  'double precision': (row) => `(0.1::float8 + 0.2) * ${row + 1}`,
  boolean: (row) => String(row % 2 === 0),
  uuid: (row) => `'00000000-0000-4000-8000-${String(row).padStart(12, '0')}'`,
  date: (row) => `date '2024-02-29' + ${row}`,
  'timestamp with time zone': (row) => `timestamptz '2024-02-29 23:59:59.123456Z' + interval '${row} s'`,
  'timestamp without time zone': (row) => `timestamp '2024-02-29 23:59:59.123456' + interval '${row} s'`,
  'time without time zone': () => `time '01:02:03.4'`,
  interval: (row) => `interval '1 year 2 months ${row} days 3.5 s'`,
  json: (row) => `'{"a":  [1, null], "row": ${row}}'`,
  jsonb: (row) => `'{"a": [1, null, "\\u2609"], "row": ${row}}'`,
  bytea: (row) => `sha256('${row}'::bytea)`,
  inet: (row) => `'10.0.0.${row}'`,
  xid8: (row) => `'${row + 1}'`,
  int8range: (row) => `'[${row},${row + 5})'`,
  int8multirange: (row) => `'{[${row},${row + 5})}'`,
}

const catalogue = `
  select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
         format_type(a.atttypid, null) as base, not a.attnotnull as nullable,
         a.attidentity <> '' as identity, a.attgenerated <> '' as generated,
         (select pg_get_constraintdef(k.oid) from pg_constraint k
          where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
            and pg_get_constraintdef(k.oid) ~ 'ANY|<@|= ''' limit 1) as allowed,
         exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'c'
            and k.conkey = array[a.attnum] and pg_get_constraintdef(k.oid) ~ '64') as hash,
         (select k.confrelid::regclass::text from pg_constraint k
          where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey) limit 1) as target,
         (select b.attname from pg_constraint k, pg_attribute b
          where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey) and b.attrelid = k.confrelid
            and b.attnum = k.confkey[array_position(k.conkey, a.attnum)] limit 1) as "targetColumn"
  from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'schema_migration'
    and a.attnum > 0 and not a.attisdropped
  order by c.relname, a.attnum`
