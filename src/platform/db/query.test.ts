import { expect, it } from 'vitest'
import { testDatabase } from '#test/platform.ts'
import { readOnlyQuery } from './query.ts'

const { url, pool } = await testDatabase({ empty: true })
await pool.query('create table a (x int8, t text, at timestamptz)')
await pool.query(
  `insert into a select 9007199254740993 + i, null, '2024-01-01Z' from generate_series(1, 50) i`,
)

it('gives columns and values as PostgreSQL prints them, up to the limit', async () => {
  const result = await readOnlyQuery(url, 'select * from a order by x;', { limit: 3 })
  expect(result.columns).toEqual(['x', 't', 'at'])
  expect(result.rows[0]).toEqual(['9007199254740994', null, '2024-01-01 00:00:00+00'])
  expect([result.rows.length, result.more]).toEqual([3, true])
  expect((await readOnlyQuery(url, 'show server_version')).rows).toHaveLength(1)
  expect((await readOnlyQuery(url, 'explain select 1')).columns).toEqual(['QUERY PLAN'])
})

it('cannot write, however it is put', async () => {
  for (const text of [
    'delete from a',
    'with gone as (delete from a returning *) select * from gone',
    'commit; delete from a',
    `copy (select 1) to '/tmp/urania-must-not-be-there'`,
    `do $$ begin delete from a; end $$`,
    'select 1; delete from a',
    'rollback; drop table a',
    `select set_config('transaction_read_only', 'off', true); delete from a`,
  ]) {
    await expect(readOnlyQuery(url, text), text).rejects.toMatchObject({ code: 'database.query_failed' })
  }
  expect((await pool.query('select count(*) as n from a')).rows).toEqual([{ n: '50' }])
})

it('ends at its time limit, and says what is wrong with the text', async () => {
  await expect(readOnlyQuery(url, 'select pg_sleep(5)', { timeoutMs: 100 })).rejects.toThrow(
    /longer than 0\.1 s/,
  )
  await expect(readOnlyQuery(url, 'select nothing from a')).rejects.toThrow(/column "nothing" does not exist/)
})
