import type { Platform } from '#platform/platform.ts'
import { busyTasks, cancelSteps, lockTask, stepsOf, updateStep, updateTask } from './task-store.ts'
import { isBusy, nextState, stepNames } from './task.ts'
import { tell } from './access.ts'

type Needs = Pick<Platform, 'db' | 'jobs' | 'events'>

/**
 * Brings a task to rest whose job is over without having said so: it was cancelled on the jobs page, took too long, or its
 * process died too often.
 */
export async function reconcile(platform: Needs, id: string): Promise<void> {
  await platform.db.transaction().execute(async (tx) => {
    const row = await lockTask(tx, id)
    if (!row || !isBusy(row.state)) return
    const job = row.job_id === null ? undefined : await platform.jobs.get(row.job_id)
    if (job && ['queued', 'running', 'retrying'].includes(job.state)) return
    if (job?.state === 'cancelled') {
      await cancelSteps(tx, id)
      const after = await updateTask(tx, id, { state: nextState(row.state, 'cancel'), completed: true })
      await tell(platform, tx, after, 'cancelled')
      return
    }
    const open = (await stepsOf(tx, [id])).filter(({ state }) => state === 'running' || state === 'waiting')
    const step =
      stepNames.find((name) => open.some((each) => each.step === name && each.state === 'running')) ??
      stepNames.find((name) => open.some((each) => each.step === name))
    if (step) {
      const problem = job?.problem ?? {
        code: 'job.worker_lost',
        message: 'The job of this run is not there any more; run the step again.',
      }
      await updateStep(tx, id, step, { state: 'failed', problem })
    }
    await cancelSteps(tx, id)
    const after = await updateTask(tx, id, {
      state: nextState(row.state, `${step ?? 'inspect'}_failed`),
      completed: true,
    })
    await tell(platform, tx, after, 'failed', { step: step ?? null })
  })
}

/** The same for all tasks that say they run. */
export async function reconcileAll(platform: Needs): Promise<void> {
  for (const { id, job_id: job } of await busyTasks(platform.db)) {
    const state = job === null ? undefined : (await platform.jobs.get(job))?.state
    if (state === undefined || !['queued', 'running', 'retrying'].includes(state))
      await reconcile(platform, id)
  }
}
