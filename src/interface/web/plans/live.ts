import type { Job } from '#interface/web/api/queries.ts'

/** How far a plan is that is being solved, as its job tells it. */
export interface SolveProgress {
  stage: string
  /** Percent. */
  done: number
  objective: number | null
  bound: number | null
}

/** Reads the unit of a job's progress: `% stage`, or `% stage, 45.20 % of at most 60.00 %`. */
export function progressOf(job: Pick<Job, 'progress'> | undefined): SolveProgress | null {
  const progress = job?.progress
  if (!progress) return null
  const [, stage, objective, bound] =
    /^%\s*(.*?)(?:, ([\d.]+) % of at most ([\d.]+) %)?$/.exec(progress.unit) ?? []
  return {
    stage: stage || 'working',
    done: progress.total > 0 ? Math.min(100, (100 * progress.done) / progress.total) : 0,
    objective: objective === undefined ? null : Number(objective) / 100,
    bound: bound === undefined ? null : Number(bound) / 100,
  }
}
