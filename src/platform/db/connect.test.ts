import { expect, it } from 'vitest'
import { testDatabase } from '#test/platform.ts'

const { pool } = await testDatabase()

it('values come back as decided: int8, numeric, timestamptz, date, jsonb, bytea', async () => {
  const { rows } = await pool.query(`select
    9223372036854775807::int8 as big, count(*) as count, 1.10::numeric as exact, 0.1::float8 as float,
    '2024-02-29 23:59:59.999+01'::timestamptz as at, '2024-02-29'::date as day, '2024-02-29 01:00'::timestamp as local,
    '{"a": [1, null]}'::jsonb as document, '\\x00ff10'::bytea as bytes, array[1, 2]::int4[] as list`)
  expect(rows).toEqual([
    {
      big: '9223372036854775807',
      count: '1',
      exact: '1.10',
      float: 0.1,
      at: new Date('2024-02-29T22:59:59.999Z'),
      day: '2024-02-29',
      local: new Date('2024-02-29T01:00:00Z'),
      document: { a: [1, null] },
      bytes: new Uint8Array([0, 255, 16]),
      list: [1, 2],
    },
  ])
})

it('what goes in comes back: Date, bytes, bigint, JSON', async () => {
  const at = new Date('2026-01-02T03:04:05.678Z')
  const { rows } = await pool.query(
    'select $1::timestamptz as at, $2::bytea as bytes, $3::int8 as big, $4::jsonb as document',
    [at, Buffer.from([1, 2, 255]), 2n ** 62n, JSON.stringify([{ x: 1.5 }])],
  )
  expect(rows).toEqual([
    { at, bytes: new Uint8Array([1, 2, 255]), big: String(2n ** 62n), document: [{ x: 1.5 }] },
  ])
})

it('a time that is no instant is refused, not turned into a number', async () => {
  await expect(pool.query(`select 'infinity'::timestamptz`)).rejects.toThrow(/no instant/)
})
