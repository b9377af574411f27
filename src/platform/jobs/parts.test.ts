import { expect, it } from 'vitest'
import { Problem } from '#problem.ts'
import { failure, failureOf, retryDelay, storedProblem } from './failure.ts'
import { createIdSource } from './id.ts'
import { createRate, etaSeconds } from './rate.ts'

it('a failure says how to go on, and keeps code, sentence and details', () => {
  const problem = failure(new Problem('net.status', 'Busy.', { status: 503 }), 'retry', 90)
  expect(problem).toMatchObject({ code: 'net.status', message: 'Busy.', details: { status: 503 } })
  expect(failureOf(problem)).toEqual({ how: 'retry', afterSeconds: 90 })
  expect(failureOf(failure(problem, 'never')).how).toBe('never')
  expect(failureOf(new TypeError('x'))).toEqual({ how: 'retry', afterSeconds: null })
})

it('what is stored of an error is bounded and acceptable to jsonb', () => {
  expect(storedProblem(new Error('a\0b\ud800')).message).toBe('a�b�')
  expect(storedProblem(new Error('x'.repeat(9_000))).message.length).toBe(4_001)
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  expect(storedProblem(new Problem('request.invalid', 'No.', circular))).toMatchObject({
    code: 'request.invalid',
  })
})

it('pauses double with ±25 % jitter and end at an hour', () => {
  expect([1, 2, 3].map((attempt) => retryDelay(attempt, 2, 0.5))).toEqual([2, 4, 8])
  expect(retryDelay(1, 2, 0)).toBe(1.5)
  expect(retryDelay(1, 2, 1)).toBe(2.5)
  expect(retryDelay(40, 2, 0.5)).toBe(3_600)
})

it('ids are version 7, distinct, and ascend even within a millisecond and when the clock goes back', () => {
  let now = 1_764_000_000_000
  const next = createIdSource(() => now)
  const ids: string[] = []
  for (let i = 0; i < 20_000; i++) {
    if (i === 10_000) now -= 5_000
    ids.push(next())
  }
  expect(ids.every((id, i) => i === 0 || ids[i - 1] < id)).toBe(true)
  expect(ids[0]).toMatch(/^019[0-9a-f]{5}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

it('the rate follows the last ten seconds', () => {
  const rate = createRate()
  expect(rate.add(0, 0)).toBeNull()
  for (let s = 1; s <= 20; s++) rate.add(s, s * 1_000)
  for (let s = 21; s <= 40; s++) rate.add(20 + (s - 20) * 5, s * 1_000)
  expect(rate.add(125, 41_000)).toBeCloseTo(5, 1)
  expect(rate.add(3, 42_000)).toBeNull()
  expect(etaSeconds(20, 120, 5)).toBe(20)
  expect(etaSeconds(20, 120, null)).toBeNull()
})
