import { expect, it } from 'vitest'
import { isProblem, Problem } from '#problem.ts'

it('a Problem carries code, status, details and cause', () => {
  const cause = new Error('inner')
  const problem = new Problem(
    'resource.not_found',
    'There is no event X; look at /events.',
    { id: 'X' },
    cause,
  )
  expect(problem.status).toBe(404)
  expect(problem.details).toEqual({ id: 'X' })
  expect(problem.cause).toBe(cause)
  expect(isProblem(problem, 'resource.not_found')).toBe(true)
  expect(isProblem(problem, 'internal.error')).toBe(false)
  expect(isProblem(cause)).toBe(false)
})
