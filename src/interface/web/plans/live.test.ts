import { expect, it } from 'vitest'
import { progressOf } from './live.ts'

const job = (unit: string, done = 40) => ({
  progress: { done, total: 100, unit, perSecond: null, etaSeconds: null },
})

it('stage, objective and bound are read from what a job says of its progress', () => {
  expect(progressOf(undefined)).toBeNull()
  expect(progressOf({ progress: null })).toBeNull()
  expect(progressOf(job('% laying fields'))).toEqual({
    stage: 'laying fields',
    done: 40,
    objective: null,
    bound: null,
  })
  expect(progressOf(job('% improving, 45.20 % of at most 60.00 %'))).toMatchObject({
    stage: 'improving',
    objective: expect.closeTo(0.452, 6),
    bound: 0.6,
  })
  expect(progressOf(job('%'))!.stage).toBe('working')
})
