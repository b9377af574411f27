import { Problem } from '#problem.ts'
import type { Db } from '#platform/db/database.ts'
import type { Platform } from '#platform/platform.ts'
import type { Actor } from '#observatory/people/actor.ts'
import { audit } from '#observatory/people/audit.ts'
import { lockFor, readTask, requireRest, taskRow, tell, type Needs } from './access.ts'
import { stepsToRun } from './changed.ts'
import { readConfig, wholeConfig, type ConfigInput } from './config.ts'
import { frameFor } from './frame-bytes.ts'
import { runKind } from './job-kinds.ts'
import { otherTasks } from './other-task.ts'
import { cancelSteps, putSteps, updateTask, type TaskRow } from './task-store.ts'
import { nextState, stepNames, type StepName, type Task } from './task.ts'

/** Use-cases of what runs: steps are put in the queue, and stopped. */

/** The configuration with what changes in it; undefined where nothing does. */
export function mergedConfig(
  before: ConfigInput,
  change: ConfigInput | undefined,
  reset: readonly string[] = [],
): ConfigInput | undefined {
  if (change === undefined && reset.length === 0) return undefined
  const kept = Object.fromEntries(Object.entries(before).filter(([key]) => !reset.includes(key)))
  return { ...kept, ...change }
}

/** Runs steps, in their order, as one job. @throws Problem `task.wrong_state` while it runs */
export async function processTask(
  platform: Needs,
  actor: Actor,
  id: string,
  input: { steps: readonly StepName[]; config?: unknown },
): Promise<Task> {
  const change = input.config === undefined ? undefined : readConfig(input.config)
  await platform.db.transaction().execute(async (tx) => {
    let row = await lockFor(tx, actor, id)
    requireRest(row)
    const next = mergedConfig(row.config, change)
    if (next !== undefined) row = await updateTask(tx, id, { config: next })
    await sendRun(platform, tx, actor, row, input.steps)
  })
  return readTask(platform, actor, id)
}

/** Puts a run in the queue, in the transaction that locked the task; with the steps before whose keys have changed. */
export async function sendRun(
  platform: Pick<Platform, 'jobs' | 'events'>,
  tx: Db,
  actor: Actor,
  row: TaskRow,
  wanted: readonly StepName[],
): Promise<void> {
  const steps = stepsToRun(wanted, row.findings, wholeConfig(row.config))
  if (steps.length === 0)
    throw new Problem('request.invalid', `A run needs at least one step: ${stepNames.join(', ')}.`)
  if (row.frame_sha256 === null && !steps.includes('stack'))
    throw new Problem(
      'task.missing',
      'The task has no frame yet; upload one, or begin with the step "stack".',
    )
  // The job works for everybody: what it may read is looked at here.
  if (steps.includes('stack'))
    for (const frame of row.config.stack_filenames ?? []) await frameFor({ db: tx }, actor, frame)
  // Who runs the task of another must not read the other's further tasks through it.
  for (const other of otherTasks(row.config, steps)) await taskRow({ db: tx }, actor, other)
  const state = nextState(row.state, 'send')
  const jobId = await platform.jobs.send(
    tx,
    runKind,
    { taskId: row.id, steps },
    { subject: { kind: 'task', id: row.id }, requestedBy: actor.userId },
  )
  await putSteps(tx, row.id, steps, jobId)
  const after = await updateTask(tx, row.id, { state, jobId, completed: false })
  await audit(tx, actor, 'tasks.started', { kind: 'task', id: row.id }, null, { steps, jobId })
  await tell(platform, tx, after, 'started', { steps })
}

/** Stops what runs: the job, its threads and programs end with it. @throws Problem `task.wrong_state` where nothing runs */
export async function cancelTask(platform: Needs, actor: Actor, id: string): Promise<Task> {
  await platform.db.transaction().execute(async (tx) => {
    const row = await lockFor(tx, actor, id)
    const state = nextState(row.state, 'cancel')
    if (row.job_id !== null) {
      const job = await platform.jobs.get(row.job_id)
      if (job && ['queued', 'running', 'retrying'].includes(job.state)) await platform.jobs.cancel(job.id, tx)
    }
    await cancelSteps(tx, id)
    const after = await updateTask(tx, id, { state, completed: true })
    await audit(tx, actor, 'tasks.cancelled', { kind: 'task', id }, { state: row.state }, { state })
    await tell(platform, tx, after, 'cancelled')
  })
  return readTask(platform, actor, id)
}
