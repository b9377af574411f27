/** A condition gives the same rows in PostgreSQL, in DuckDB and in memory, whatever the condition and the rows. */
import { DuckDBInstance } from '@duckdb/node-api'
import { CompiledQuery } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conditionSql, readCondition, rowTest } from '#science/adql/condition.ts'
import { numbered, sql } from '#science/adql/fragment.ts'
import type { Schema } from '#science/adql/schema.ts'
import { pixel29Of } from '#science/sky/index64.ts'
import { seeded } from '#science/sky/seeded.ts'
import { testDatabase } from '#test/platform.ts'

const schema: Schema = {
  name: 'sources',
  columns: [
    { name: 'id', type: 'integer' },
    { name: 'ra', type: 'number', unit: 'deg' },
    { name: 'dec', type: 'number', unit: 'deg' },
    { name: 'flux', type: 'number', unit: 'uJy' },
    { name: 'n', type: 'integer' },
    { name: 'name', type: 'string' },
    { name: 'ok', type: 'boolean' },
    { name: 'seen', type: 'timestamp' },
  ],
  functions: [
    {
      name: 'TWICE',
      parameters: [{ name: 'x', type: 'number' }],
      type: 'number',
      sql: ([x]) => sql`2 * ${x}`,
      evaluate: (x) => 2 * Number(x),
    },
  ],
  position: { ra: 'ra', dec: 'dec', hpx: 'hpx' },
}

type Row = Record<string, string | number | boolean | null>

const random = seeded(20261121)
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]
const names = ['Nova', 'nova b', 'AT2026abc', '', "O'Neil", 'a_b%', 'é', '\u{1F30C}', '\uFB01', '\\d']
const decs = [-90, 90, 89.999, -89.99, 0, 45]
const ras = [0, 359.9999, 0.0001, 180, 10, 270]

function makeRow(i: number): Row {
  const ra = random() < 0.5 ? pick(ras) : random() * 360
  const dec = random() < 0.5 ? pick(decs) : (Math.asin(2 * random() - 1) * 180) / Math.PI
  const lost = random() < 0.1
  const maybe = <T>(value: T): T | null => (random() < 0.15 ? null : value)
  return {
    id: String(9_007_199_254_740_990n + BigInt(i)),
    ra: lost ? null : ra,
    dec: lost ? null : dec,
    hpx: lost ? null : String(pixel29Of(ra, dec)),
    flux: maybe(Math.round((random() - 0.4) * 1000) / 8),
    n: maybe(Math.floor(random() * 7) - 3),
    name: maybe(pick(names)),
    ok: maybe(random() < 0.5),
    seen: maybe(
      new Date(Date.UTC(2026, 0, 1 + Math.floor(random() * 4), Math.floor(random() * 24))).toISOString(),
    ),
  }
}

const text = (word: string) => `'${word.replaceAll("'", "''")}'`
const direction = () => `${pick([0, 359.99, 180, 10, 270, 123.4])}, ${pick([90, -90, 0, 45, 89.9, -60])}`

function number(depth: number): string {
  if (depth <= 0 || random() < 0.3)
    return pick([
      'flux / 4',
      'n',
      'ra / 100',
      'dec * 0.1',
      '2',
      '-1.5',
      '0',
      '1e1',
      'flux * 0.5',
      'id - 9007199254740990',
    ])
  const [a, b] = [number(depth - 1), number(depth - 1)]
  return pick([
    `(${bare(a)} + ${bare(b)})`,
    `(${bare(a)} - ${bare(b)})`,
    `${bare(a)} * ${bare(b)}`,
    `${bare(a)} / ${bare(b)}`,
    `-(${a})`,
    `ABS(${a})`,
    `SQRT(${bare(a)})`,
    `LN(${bare(a)})`,
    `LOG10(${bare(a)})`,
    `EXP(${bare(a)})`,
    `POWER(${bare(a)}, ${pick(['2', '0.5', '-1', bare(b)])})`,
    `MOD(${bare(a)}, ${bare(b)})`,
    `ROUND(${bare(a)}${pick(['', ', 1', ', -1'])})`,
    `FLOOR(${bare(a)})`,
    `CEILING(${bare(a)})`,
    `SIN(${bare(a)})`,
    `ATAN2(${bare(a)}, ${bare(b)})`,
    `DEGREES(${bare(a)})`,
    `COALESCE(${bare(a)}, ${bare(b)})`,
    `TWICE(${bare(a)})`,
  ])
}

/** Without a unit, so that any two may meet. */
function bare(value: string): string {
  return `TWICE(${value})`
}

function geometry(): string {
  const point = 'POINT(ra, dec)'
  const size = pick([0.001, 0.5, 5, 40, 100, 180])
  return pick([
    `1 = CONTAINS(${point}, CIRCLE(${direction()}, ${size}))`,
    `0 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', ${direction()}, ${size}))`,
    `INTERSECTS(CIRCLE(POINT(${direction()}), ${size}), ${point}) = 1`,
    `CONTAINS(POINT(${direction()}), CIRCLE(ra, dec, ABS(TWICE(flux)) / 100)) = 1`,
    `DISTANCE(${point}, POINT(${direction()})) ${pick(['<', '<=', '>', '>='])} ${size}`,
    `${size} > DISTANCE(ra, dec, ${direction()})`,
    `1 = CONTAINS(${point}, BOX(${pick(['0', '359.9', '100'])}, ${pick(['0', '89', '-88', '30'])}, ${pick([1, 30, 100])}, ${pick([2, 20, 90])}))`,
    `1 = CONTAINS(${point}, POLYGON(350.3, -10.1, 10.2, -10.3, 12.5, 20.7, 0.7, 5.1, 349.3, 22.3))`,
    `1 = CONTAINS(${point}, POLYGON(0.3, 80.1, 90.1, 80.2, 180.4, 80.3, 270.2, 79.9))`,
  ])
}

function condition(depth: number): string {
  if (depth > 0 && random() < 0.6) {
    const [a, b] = [condition(depth - 1), condition(depth - 1)]
    return pick([`(${a} AND ${b})`, `(${a} OR ${b})`, `NOT (${a})`])
  }
  const word = text(pick(names))
  return pick([
    () => `${bare(number(2))} ${pick(['<', '<=', '>', '>=', '=', '<>'])} ${bare(number(2))}`,
    () => `n ${pick(['=', '<>', '<', '>='])} ${pick([-3, 0, 2])}`,
    () => `id ${pick(['=', '<>', '<', '>='])} ${9_007_199_254_740_990n + BigInt(Math.floor(random() * 300))}`,
    () => `n ${pick(['', 'NOT '])}BETWEEN -1 AND ${pick(['2', 'flux'])}`.replace('flux', '2.5'),
    () => `n ${pick(['', 'NOT '])}IN (1, 2, ${pick(['3', 'n - 1', '0.5'])})`,
    () => `name ${pick(['', 'NOT '])}IN ('Nova', ${word})`,
    () => `name ${pick(['<', '>', '>=', '=', '<>'])} ${word}`,
    () =>
      `name ${pick(['', 'NOT '])}${pick(['LIKE', 'ILIKE'])} ${text(pick(['%nova%', 'N_va', 'a_b%', '%', '', '%B', '_', '\\d', "%'%"]))}`,
    () => `LOWER(name) || UPPER(name) = ${text('novaNOVA')}`,
    () => `${pick(['name', 'flux', 'ok', 'seen', 'ra'])} IS ${pick(['', 'NOT '])}NULL`,
    () => `ok ${pick(['=', '<>'])} ${pick(['TRUE', 'FALSE'])}`,
    () => 'ok',
    () =>
      `seen ${pick(['<', '>=', '='])} ${pick(["'2026-01-02T12:00:00'", "'2026-01-03'", "'2026-01-02 00:00:00Z'"])}`,
    () => `IN_UNIT(flux, 'nJy') > ${pick([0, 20000, -10000])}`,
    geometry,
    geometry,
  ])()
}

const { db } = await testDatabase({ empty: true })
const rows = Array.from({ length: 300 }, (_, i) => makeRow(i))
const duck = await DuckDBInstance.create(':memory:')
const quack = await duck.connect()

async function ask(statement: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const { rows: found } = await db.executeQuery(CompiledQuery.raw(statement, values))
  return found as Record<string, unknown>[]
}

beforeAll(async () => {
  const columns = ['id', 'ra', 'dec', 'hpx', 'flux', 'n', 'name', 'ok', 'seen']
  const types = ['int8', 'float8', 'float8', 'int8', 'float8', 'int4', 'text', 'boolean', 'timestamptz']
  const define = (last: string) =>
    `create table sources (${columns.map((each, i) => `"${each}" ${i === 8 ? last : types[i]}`).join(', ')})`
  await ask(define('timestamptz'))
  await quack.run(define('timestamp'))
  const literal = (value: Row[string]) =>
    value === null ? 'null' : typeof value === 'string' ? text(value).replace(/Z'$/, "'") : String(value)
  for (const row of rows) {
    const values = columns.map((each) => literal(row[each])).join(', ')
    await quack.run(`insert into sources values (${values})`)
    const zoned = columns.map((each) =>
      each === 'seen' && row[each] !== null ? text(String(row[each])) : literal(row[each]),
    )
    await ask(`insert into sources values (${zoned.join(', ')})`)
  }
  await ask('create index on sources (hpx)')
})
afterAll(() => quack.closeSync())

async function three(source: string): Promise<{ memory: string[]; postgres: string[]; duckdb: string[] }> {
  const read = readCondition(source, schema)
  const test = rowTest(read)
  const memory = rows.filter((row) => test(row) === true).map((row) => String(row['id']))
  const pg = numbered(conditionSql(read, 'postgres'))
  const found = await ask(
    `select id::text as id from sources where ${pg.text} order by sources.id`,
    pg.values,
  )
  const dk = numbered(conditionSql(read, 'duckdb'))
  const result = await quack.runAndReadAll(
    `select id::varchar as id from sources where ${dk.text} order by sources.id`,
    dk.values,
  )
  return {
    memory,
    postgres: found.map((each) => String(each['id'])),
    duckdb: result.getRowObjects().map((each) => String(each['id'])),
  }
}

describe('conditions in PostgreSQL, DuckDB and memory', () => {
  it('agree on random rows and random conditions, with NULLs, poles and the RA wrap', async () => {
    let some = 0
    for (let i = 0; i < 400; i++) {
      const source = condition(2)
      const { memory, postgres, duckdb } = await three(source)
      if (memory.length > 0 && memory.length < rows.length) some++
      expect(postgres, source).toEqual(memory)
      expect(duckdb, source).toEqual(memory)
    }
    expect(some).toBeGreaterThan(150)
  })

  it('a circle is a scan of the pixel index', async () => {
    const { text: where, values } = numbered(
      conditionSql(readCondition('1 = CONTAINS(POINT(ra, dec), CIRCLE(0, 0, 0.01))', schema), 'postgres'),
    )
    await ask('insert into sources (id, ra, dec, hpx) select 1, 100, 20, g from generate_series(1, 20000) g')
    await ask('analyze sources')
    const plan = await ask(`explain select id from sources where ${where}`, values)
    expect(plan.map((each) => String(each['QUERY PLAN'])).join('\n')).toMatch(/Index (Only )?Scan/)
    await ask('delete from sources where id = 1')
  })
})
