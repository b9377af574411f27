import { expect, it } from 'vitest'
import { sql } from 'kysely'
import { alertBench } from '#test/alerts.ts'
import { transaction } from './transaction.ts'

const { platform } = await alertBench()

it('begins anew where two transactions waited for each other', async () => {
  const { db } = platform
  const lock = (key: number) => sql`select pg_advisory_xact_lock(${sql.lit(key)})`
  let runs = 0
  const both = Promise.withResolvers<void>()
  const crosswise = (first: number, second: number) =>
    transaction(db, async (tx) => {
      await lock(first).execute(tx)
      if (++runs === 2) both.resolve()
      await both.promise
      await lock(second).execute(tx)
      return first
    })
  expect(await Promise.all([crosswise(91, 92), crosswise(92, 91)])).toEqual([91, 92])
  expect(runs).toBeGreaterThan(2)
})
