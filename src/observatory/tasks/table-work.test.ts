import { afterAll, expect, it } from 'vitest'
import { createCompute } from '#platform/compute/pool.ts'
import { columnOf, tableOf } from '#science/table/table.ts'
import { tableBytes } from './table-files.ts'
import { sentTable } from './table-work.ts'

const compute = createCompute({ threads: 1 })
afterAll(() => compute.stop())

it('a large table is written in a thread, as it is written here', async () => {
  const rows = 6_000
  const table = tableOf({
    columns: [
      columnOf({ name: 'name', values: Array.from({ length: rows }, (_, i) => `star ${i}`) }),
      columnOf({ name: 'ra', values: Float64Array.from({ length: rows }, (_, i) => i / 7), unit: 'deg' }),
      columnOf({ name: 'id', values: BigInt64Array.from({ length: rows }, (_, i) => BigInt(i)) }),
    ],
  })
  let asked = 0
  const counting: typeof compute.run = (...given) => {
    asked++
    return compute.run(...given)
  }
  for (const ending of ['.vot', '.csv'])
    expect(
      Buffer.compare(
        await sentTable({ compute: { ...compute, run: counting } }, table, ending),
        await tableBytes(table, ending),
      ),
    ).toBe(0)
  expect(asked).toBe(2)
})
