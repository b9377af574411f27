import type { Platform } from '#platform/platform.ts'
import { isBusy, stepNames, type StepName } from './task.ts'
import { filesOf, stepsOf, type TaskRow } from './task-store.ts'

export interface LogLine {
  line: number
  step: StepName | null
  at: string | null
  text: string
}

/**
 * Lines of the run under way, from its job; of runs that are over, from the logs that the steps left. `after` counts lines of
 * the answer, so that a page asks only for what is new.
 */
export async function logOf(
  platform: Pick<Platform, 'db' | 'jobs' | 'storage'>,
  row: TaskRow,
  only: StepName | undefined,
  after: number,
): Promise<{ items: LogLine[]; live: boolean }> {
  const live = isBusy(row.state)
  const lines: Omit<LogLine, 'line'>[] = []
  const ofJob = live && row.job_id !== null ? await platform.jobs.logOf(row.job_id) : []
  const rows = await stepsOf(platform.db, [row.id])
  const kept = (await filesOf(platform.db, row.id)).filter((file) => file.name.endsWith('.log'))
  for (const step of stepNames) {
    if (only !== undefined && step !== only) continue
    const running =
      live &&
      rows.some((each) => each.step === step && each.job_id === row.job_id && each.state === 'running')
    const file = kept.find((each) => each.name === `${step}.log`)
    if (running) {
      for (const { at, text } of ofJob)
        if (text.startsWith(`[${step}] `))
          lines.push({ step, at: at.toISOString(), text: text.slice(step.length + 3) })
    } else if (file) {
      const text = new TextDecoder().decode(await platform.storage.get(file.sha256))
      for (const line of text.trimEnd().split('\n')) lines.push({ step, at: null, text: line })
    }
  }
  return { items: lines.map((each, line) => ({ line: line + 1, ...each })).slice(after), live }
}
