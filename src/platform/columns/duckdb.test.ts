import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createColumns } from './duckdb.ts'
import { parquet } from './sql.ts'

const home = await mkdtemp(join(tmpdir(), 'urania-columns-'))
const data = join(home, "it's data")
const columns = await createColumns({
  folders: [data],
  temporary: join(home, 'tmp'),
  memoryMb: 256,
  threads: 2,
})
afterAll(async () => {
  await columns.stop()
  await rm(home, { recursive: true })
})

it('writes Parquet and reads it back as typed columns and as rows', async () => {
  const file = join(data, 'night', 'a.parquet')
  const written = await columns.writeParquet(
    file,
    `select i::bigint + 9007199254740993 as id, i * 0.5::double as flux, i::integer as n,
      case when i > 1 then i::double end as maybe, 'x' || i as name, timestamptz '2026-11-21 12:00:00Z' as at
     from range($count) r(i)`,
    { count: 3 },
  )
  expect(written.rows).toBe(3)
  expect(written.bytes).toBeGreaterThan(100)
  const table = await columns.columns(`select * from ${parquet(file)} order by id`)
  expect(table).toEqual({
    id: BigInt64Array.of(9007199254740993n, 9007199254740994n, 9007199254740995n),
    flux: Float64Array.of(0, 0.5, 1),
    n: Int32Array.of(0, 1, 2),
    maybe: [null, null, 2],
    name: ['x0', 'x1', 'x2'],
    at: Array(3).fill(new Date('2026-11-21T12:00:00Z')),
  })
  expect(await columns.rows(`select n, name from ${parquet(file)} where n = $n`, { n: 1 })).toEqual([
    { n: 1, name: 'x1' },
  ])
  expect(await readdir(join(data, 'night'))).toEqual(['a.parquet'])
})

it('leaves nothing half-written when the query fails or is stopped', async () => {
  const file = join(data, 'b.parquet')
  await expect(
    columns.writeParquet(
      file,
      "select case when i > 500000 then error('bad row') else i end from range(1000000) r(i)",
    ),
  ).rejects.toMatchObject({ code: 'columns.query_failed' })
  const abort = new AbortController()
  setTimeout(() => abort.abort(), 100)
  await expect(
    columns.writeParquet(
      file,
      'select sum(a.i * b.i) from range(10000000) a(i), range(10000000) b(i)',
      {},
      abort.signal,
    ),
  ).rejects.toMatchObject({ name: 'AbortError' })
  expect(await readdir(data)).not.toContain('b.parquet')
  expect((await readdir(data)).filter((name) => name.endsWith('.part'))).toEqual([])
})

it('touches no file outside its folders, downloads nothing, and keeps its settings', async () => {
  await writeFile(join(home, 'secret.csv'), 'a\n1\n')
  for (const sql of [
    `select * from read_csv('${home}/secret.csv')`,
    `copy (select 1) to '${home}/out.csv'`,
    'install httpfs',
    "select * from read_parquet('https://example.org/a.parquet')",
    'set enable_external_access = true',
    "set temp_directory = '/'",
  ])
    await expect(columns.rows(sql), sql).rejects.toMatchObject({ code: 'columns.query_failed' })
})

it('says in one sentence what is wrong with a query', async () => {
  await expect(columns.rows('select nothing from nowhere')).rejects.toThrow(
    /^The query failed: Catalog Error: .*nowhere/,
  )
})

it('says how far a long query is, from 0 to 1 and never back', async () => {
  const parts: number[] = []
  const [many, file] = [join(data, 'many.parquet'), join(data, 'one.parquet')]
  await columns.writeParquet(many, 'select i::double as a from range(2000000) r(i)')
  const sql = `select max(md5(md5(md5(a::varchar)))) as hash from ${parquet(many)}`
  await columns.writeParquet(file, sql, {}, undefined, { progress: (part) => parts.push(part) })
  expect(parts.length).toBeGreaterThan(0)
  expect(parts).toEqual(parts.toSorted((a, b) => a - b))
  expect(parts.every((part) => part > 0 && part <= 1)).toBe(true)
})

it('gives the columns of a result without rows', async () => {
  const table = await columns.columns(`select i::double as a, 'x' as b from range(3) r(i) where i > 5`)
  expect(table).toEqual({ a: new Float64Array(0), b: [] })
})
