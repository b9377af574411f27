import { Problem } from '#problem.ts'
import type { PlanState } from './plan.ts'

/** What may happen to a plan: the state it is in, then what is done, then the state it comes to. */

export const planActs = ['begin', 'finish', 'fail', 'cancel', 'close'] as const
export type PlanAct = (typeof planActs)[number]

/** `begin` from `solving` is a job that starts again after its process died. */
export const planMoves: Readonly<Record<PlanState, Partial<Record<PlanAct, PlanState>>>> = {
  queued: { begin: 'solving', fail: 'failed', cancel: 'cancelled', close: 'closed' },
  solving: { begin: 'solving', finish: 'ready', fail: 'failed', cancel: 'cancelled', close: 'closed' },
  ready: { close: 'closed' },
  failed: { close: 'closed' },
  cancelled: { close: 'closed' },
  closed: {},
}

const words: Record<PlanAct, string> = {
  begin: 'solved',
  finish: 'finished',
  fail: 'marked as failed',
  cancel: 'cancelled',
  close: 'closed',
}

/** Why a state admits no more, in words that follow "it is". */
const standing: Record<PlanState, string> = {
  queued: 'waiting for its turn',
  solving: 'being solved',
  ready: 'ready, and a finished plan can only be closed or get a new version',
  failed: 'failed; ask for a new version',
  cancelled: 'cancelled; ask for a new version',
  closed: 'closed for good; make a new plan',
}

/** The state that follows. @throws Problem `plan.wrong_state` that says what the plan is and what is possible. */
export function nextState(state: PlanState, act: PlanAct): PlanState {
  const next = planMoves[state][act]
  if (next !== undefined) return next
  throw new Problem('plan.wrong_state', `The plan cannot be ${words[act]}: it is ${standing[state]}.`, {
    state,
    act,
    possible: Object.keys(planMoves[state]),
  })
}

/** Plans that people may still act upon. */
export const openStates: readonly PlanState[] = ['queued', 'solving', 'ready']

/** Versions can be made of a plan that came to an end and was not put away. */
export function requireResolvable(state: PlanState): void {
  if (state === 'ready' || state === 'failed' || state === 'cancelled') return
  throw new Problem(
    'plan.wrong_state',
    state === 'closed'
      ? 'A closed plan gets no new version; make a new plan.'
      : `The plan is ${standing[state]}; wait for it, or cancel it, before it gets a new version.`,
    { state },
  )
}
