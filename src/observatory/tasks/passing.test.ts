import { expect, it } from 'vitest'
import { Problem } from '#problem.ts'
import { passes } from './passing.ts'

it('timeouts and statuses that pass are tried again; what stays as it is, is not', () => {
  const status = (code: number): Problem =>
    new Problem('net.status', `It answered ${code}.`, { status: code })
  expect([503, 429, 404, 403].map((code) => passes(status(code)))).toEqual([true, true, false, false])
  expect(passes(new Problem('net.timeout', 'It did not answer in 30 s.'))).toBe(true)
  expect(passes(new Problem('net.unreachable', 'It is not asked, for this observatory is offline.'))).toBe(
    false,
  )
  expect(passes(new Problem('database.unavailable', 'The database is away.'))).toBe(true)
  expect(passes(new Problem('task.missing', 'There is no template.'))).toBe(false)
})
