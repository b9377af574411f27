import { useQuery } from '@tanstack/react-query'
import { jobOptions } from '#interface/web/api/queries.ts'
import type { Job } from '#interface/web/api/queries.ts'
import { State } from '#interface/web/pieces/state.tsx'
import type { Tone } from '#interface/web/pieces/state.tsx'
import { ofWhat } from '#observatory/plans/figures.ts'
import type { PlanState, PlanSummary } from '#observatory/plans/plan.ts'
import { progressOf } from './live.ts'

/** How states, probabilities and progress of plans are shown, the same on every page. */

const tones: Record<PlanState, Tone> = {
  queued: 'waiting',
  solving: 'running',
  ready: 'done',
  failed: 'failed',
  cancelled: 'none',
  closed: 'none',
}

export const stateWords: Record<PlanState, string> = {
  queued: 'waiting',
  solving: 'being solved',
  ready: 'ready',
  failed: 'failed',
  cancelled: 'cancelled',
  closed: 'closed',
}

export function PlanStateWord({
  plan,
}: {
  plan: Pick<PlanSummary, 'state' | 'proposed'> & { fields?: number | null }
}) {
  if (plan.state === 'ready' && plan.fields === 0) return <State tone="needs">takes nothing</State>
  if (plan.proposed && plan.state === 'ready') return <State tone="needs">proposed</State>
  return <State tone={tones[plan.state]}>{stateWords[plan.state]}</State>
}

/** What is not the real sky says so, everywhere. */
export function PlanRole({ role }: { role: PlanSummary['role'] }) {
  return role === 'observation' ? null : <span className="tag needs">{role}</span>
}

/**
 * What a plan covers as a bar with its bound as a mark; both also in figures. A share of galaxies' weight has another colour
 * and says so, for it cannot be held against a probability; that of the map stands beside it.
 */
export function ProbabilityBar({
  plan,
}: {
  plan: Pick<PlanSummary, 'aim' | 'probability' | 'skyProbability' | 'bound'>
}) {
  const { aim, probability, skyProbability, bound } = plan
  if (probability === null) return <span className="dim">–</span>
  return (
    <span
      className={aim === 'galaxies' ? 'probability of-galaxies' : 'probability'}
      title={
        bound === null
          ? undefined
          : `No plan under these terms covers more than ${covered(bound)} ${ofWhat(aim)}`
      }
    >
      <ProbabilityTrack probability={probability} bound={bound} />
      <span className="number">{covered(probability)}</span>
      {bound !== null && <span className="dim number">of {covered(bound)}</span>}
      {aim === 'galaxies' && (
        <span className="dim">
          of galaxies’ weight{skyProbability !== null && `; ${covered(skyProbability)} of the map`}
        </span>
      )}
    </span>
  )
}

export function ProbabilityTrack({ probability, bound }: { probability: number; bound: number | null }) {
  return (
    <span className="track" aria-hidden="true">
      <span className="fill" style={{ width: `${100 * Math.min(1, probability)}%` }} />
      {bound !== null && <span className="bound" style={{ left: `${100 * Math.min(1, bound)}%` }} />}
    </span>
  )
}

/** A probability to a tenth of a percent, so that it can be held against its bound. */
export function covered(probability: number): string {
  const value = 100 * probability
  if (value > 0 && value < 0.1) return '< 0.1 %'
  return value > 99.9 && value < 100 ? '> 99.9 %' : `${value.toFixed(1)} %`
}

/** Relative gap to the bound; 0 is proven best. */
export function gapText(gap: number | null): string {
  if (gap === null) return '–'
  return gap < 1e-4 ? 'none' : covered(gap)
}

/** How far a plan is that is being made: stage, best so far, bound. */
export function SolvingProgress({ plan }: { plan: Pick<PlanSummary, 'jobId' | 'state'> }) {
  const job = useQuery({
    ...jobOptions(plan.jobId ?? ''),
    enabled: plan.jobId !== null,
    refetchInterval: 2000,
  }).data
  return <JobProgress job={job} />
}

function JobProgress({ job }: { job: Job | undefined }) {
  const progress = progressOf(job)
  if (!progress) return <State tone="waiting">waiting for its turn</State>
  return (
    <span className="probability">
      {progress.objective === null ? (
        <span className="track" aria-hidden="true">
          <span className="fill" style={{ width: `${progress.done}%`, background: 'var(--running)' }} />
        </span>
      ) : (
        <ProbabilityTrack probability={progress.objective} bound={progress.bound} />
      )}
      {progress.objective !== null && (
        <span className="number">
          {covered(progress.objective)}{' '}
          {progress.bound !== null && <span className="dim">of {covered(progress.bound)}</span>}
        </span>
      )}
      <span className="dim">{progress.stage}</span>
    </span>
  )
}

/** The title without what stands beside it already: the event; where it was not chosen, the telescopes. */
export function shortTitle(plan: Pick<PlanSummary, 'title' | 'eventName' | 'telescopes'>): string {
  const isOwn = plan.eventName === null || !plan.title.startsWith(`${plan.eventName}: `)
  return isOwn ? plan.title : namesText(plan.telescopes, 4)
}

/** `tre, tca and 3 more`. */
export function namesText(names: readonly string[], most = 3): string {
  if (names.length <= most) return names.join(', ')
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`
}
