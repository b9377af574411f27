import { expect, it } from 'vitest'
import { planStates } from './plan.ts'
import { nextState, planActs, planMoves, requireResolvable } from './plan-states.ts'

it('every state is in the table, every move leads to a state, closed is the end', () => {
  expect(Object.keys(planMoves).toSorted()).toEqual([...planStates].toSorted())
  for (const moves of Object.values(planMoves))
    for (const to of Object.values(moves)) expect(planStates).toContain(to)
  expect(planMoves.closed).toEqual({})
})

it('what is not in the table is refused with what the plan is', () => {
  for (const state of planStates)
    for (const act of planActs) {
      const to = planMoves[state][act]
      if (to) expect(nextState(state, act)).toBe(to)
      else expect(() => nextState(state, act)).toThrow(/^The plan cannot be .+: it is .+\.$/)
    }
  expect(() => requireResolvable('ready')).not.toThrow()
  expect(() => requireResolvable('solving')).toThrow(/being solved/)
  expect(() => requireResolvable('closed')).toThrow(/make a new plan/)
})
