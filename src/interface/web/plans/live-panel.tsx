import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { jobOptions } from '#interface/web/api/queries.ts'
import { useSecond } from '#interface/web/app/now.tsx'
import { duration } from '#interface/web/pieces/format.ts'
import { State } from '#interface/web/pieces/state.tsx'
import type { PlanDetail } from '#observatory/plans/plan.ts'
import { progressOf } from './live.ts'
import { Trail } from './trail.tsx'
import type { TrailStep } from './trail.tsx'
import { covered, ProbabilityTrack } from './words.tsx'

/** A plan that is being made: stage, best so far, bound, and how both moved while one looked. */
export function LivePanel({ plan }: { plan: PlanDetail }) {
  const now = useSecond()
  const { data: job, dataUpdatedAt } = useQuery({
    ...jobOptions(plan.jobId ?? ''),
    enabled: plan.jobId !== null,
    refetchInterval: 1000,
  })
  const progress = progressOf(job)
  const trail = useTrail(dataUpdatedAt, progress?.objective ?? null, progress?.bound ?? null)
  const since = job?.startedAt ? now - Date.parse(job.startedAt) : null
  return (
    <div className="live" role="status" aria-label="Progress">
      <div className="row">
        {progress === null && plan.state === 'queued' ? (
          <State tone="waiting">waiting for its turn</State>
        ) : (
          <State tone="running">{progress?.stage ?? 'beginning'}</State>
        )}
        {progress?.objective !== null && progress?.objective !== undefined && (
          <span>
            covers <b className="number">{covered(progress.objective)}</b>
            {progress.bound !== null && (
              <>
                , at most <b className="number">{covered(progress.bound)}</b> is possible
              </>
            )}
          </span>
        )}
        {since !== null && since >= 0 && (
          <span className="dim">
            {duration(since)} of at most about {duration(plan.request.seconds * 1000)}
          </span>
        )}
      </div>
      {progress?.objective === null || progress?.objective === undefined ? (
        <span className="track" aria-hidden="true">
          <span className="fill" style={{ width: `${progress?.done ?? 0}%`, background: 'var(--running)' }} />
        </span>
      ) : (
        <ProbabilityTrack probability={progress.objective} bound={progress.bound} />
      )}
      {trail.length > 1 && <Trail trail={trail} title="Best plan and bound while it is solved" />}
    </div>
  )
}

/** What was seen of objective and bound since the page was opened. `at`: ms since 1970 of what is told. */
function useTrail(at: number, objective: number | null, bound: number | null): readonly TrailStep[] {
  const [trail, setTrail] = useState<{ began: number; steps: readonly TrailStep[] }>({ began: 0, steps: [] })
  const last = trail.steps.at(-1)
  if (objective !== null && bound !== null && !(last?.objective === objective && last.bound === bound)) {
    const began = trail.began || at
    setTrail({ began, steps: [...trail.steps, { seconds: (at - began) / 1000, objective, bound }] })
  }
  return trail.steps
}
