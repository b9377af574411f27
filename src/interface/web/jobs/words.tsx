import { State } from '#interface/web/pieces/state.tsx'
import type { Tone } from '#interface/web/pieces/state.tsx'
import type { Job } from '#interface/web/api/queries.ts'

const tones: Record<Job['state'], Tone> = {
  queued: 'waiting',
  running: 'running',
  done: 'done',
  failed: 'failed',
  cancelled: 'none',
  retrying: 'needs',
}

export function JobState({ job }: { job: Job }) {
  return (
    <State tone={tones[job.state]}>
      {job.state}
      {job.attempt > 1 && <span className="dim">attempt {job.attempt}</span>}
    </State>
  )
}

/** How long it took or takes. */
export function tookMs(job: Job, now: number): number | null {
  return job.startedAt === null
    ? null
    : (job.finishedAt === null ? now : Date.parse(job.finishedAt)) - Date.parse(job.startedAt)
}

/** Page of what a job is about. */
export function subjectHref(job: Job): string | null {
  return job.subject?.kind === 'event' ? `/events/${job.subject.id}` : null
}
