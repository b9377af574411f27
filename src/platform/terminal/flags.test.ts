import { expect, it } from 'vitest'
import { isProblem } from '#problem.ts'
import { dateFlag, numberFlag } from './flags.ts'

it('a date or time without a zone is UTC', () => {
  const date = (text: string) => dateFlag({ since: text }, 'since')?.toISOString()
  expect(date('2026-01-31')).toBe('2026-01-31T00:00:00.000Z')
  expect(date('2026-01-31T12:00:00')).toBe('2026-01-31T12:00:00.000Z')
  expect(date('2026-01-31T12:00:00+02:00')).toBe('2026-01-31T10:00:00.000Z')
  expect(dateFlag({}, 'since')).toBeUndefined()
})

it('what is neither number nor date is refused as wrong usage, by the name of its flag', () => {
  for (const [read, text] of [
    [numberFlag, 'many'],
    [numberFlag, ''],
    [numberFlag, '-1'],
    [dateFlag, 'yesterday'],
    [dateFlag, '2026-02-30'],
  ] as const) {
    const error = (() => {
      try {
        return read({ some: text }, 'some')
      } catch (thrown) {
        return thrown
      }
    })()
    expect(isProblem(error, 'command.usage')).toBe(true)
    expect(String(error)).toContain('--some')
  }
  expect(numberFlag({ limit: '20' }, 'limit')).toBe(20)
})
