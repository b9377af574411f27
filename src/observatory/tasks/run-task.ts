import { mkdir, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { isProblem, Problem } from '#problem.ts'
import { pixel29Of } from '#science/sky/index64.ts'
import { createColumns } from '#platform/columns/duckdb.ts'
import { failure } from '#platform/jobs/failure.ts'
import type { JobContext } from '#platform/jobs/job.ts'
import type { Platform } from '#platform/platform.ts'
import { system } from '#observatory/people/actor.ts'
import { cataloguesFolder, listCatalogues } from '#observatory/references/service.ts'
import { wholeConfig } from './config.ts'
import type { Field, Findings } from './findings.ts'
import { runKind } from './job-kinds.ts'
import { otherTask } from './other-task.ts'
import { passes } from './passing.ts'
import { tasksSection } from './sections.ts'
import { tell } from './access.ts'
import { createSky } from './sky/create.ts'
import { readFindings, runStep, type RunOptions, type Step } from './steps/context.ts'
import { indexesOf } from './solver/indexes.ts'
import { loadStep } from './steps/run.ts'
import {
  cancelSteps,
  deleteFiles,
  filesOf,
  lockTask,
  putFiles,
  putSteps,
  removeSteps,
  stepsOf,
  taskById,
  updateStep,
  updateTask,
  type FileRow,
  type NewFile,
  type TaskRow,
} from './task-store.ts'
import { fromStep, nextState, originalName, type StepName } from './task.ts'
import { forget } from './unnamed.ts'
import { bringFrame, fillFolder, keepProducts, scratchRoot } from './work-folder.ts'

type Needs = Platform

/**
 * Runs the steps of a job. Each is recorded when it has ended, with its products, in one transaction; after a crash the job
 * runs again and goes on with the step that was not yet recorded.
 */
export async function runTask(
  platform: Needs,
  { taskId, steps }: { taskId: string; steps: StepName[] },
  job: JobContext,
): Promise<unknown> {
  const begun = await begin(platform, taskId, job)
  if (!begun) return { state: (await taskById(platform.db, taskId))?.state ?? 'gone' }
  const folder = join(scratchRoot(platform.config), job.id)
  await rm(folder, { recursive: true, force: true })
  const handed = await handOver(platform, begun, steps, job)
  if (handed !== undefined) return { handedTo: handed }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const columns = await createColumns({
    folders: [folder, cataloguesFolder(platform)],
    temporary: join(folder, '.temporary'),
    threads: Math.max(1, availableParallelism() - 1),
  })
  try {
    const waiting = await stepsLeft(platform, taskId, steps, job)
    await fillFolder(platform, folder, await filesOf(platform.db, taskId), job.signal)
    const ground: Omit<RunOptions, 'config' | 'preparations'> = {
      folder,
      signal: job.signal,
      compute: platform.compute,
      columns,
      frame: (name) => bringFrame(platform, folder, name, job.signal),
      hands: availableParallelism(),
      indexes: await indexesOf(platform.config.home),
      sky: createSky({
        net: platform.net,
        settings: platform.config.section(tasksSection),
        cache: join(platform.config.home, 'temporary'),
        columns,
        catalogues: async () =>
          (await listCatalogues(platform, system)).map(({ name, path, columns: described }) => ({
            name,
            folder: join(cataloguesFolder(platform), path),
            columns: described,
          })),
        task: (id) => otherTask(platform, begun, id, folder, columns),
      }),
      onLine: (step, line) => job.log(`[${step}] ${line}`),
      onProgress: (step, done, total, unit) => job.progress(done, total, `${unit} of ${step}`.trim()),
    }
    for (const name of waiting) await runOne(platform, taskId, name, waiting.at(-1) === name, ground, job)
    return { state: (await taskById(platform.db, taskId))?.state ?? 'gone' }
  } finally {
    await columns.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function begin(platform: Needs, id: string, job: JobContext): Promise<TaskRow | undefined> {
  return platform.db.transaction().execute(async (tx) => {
    const row = await lockTask(tx, id)
    // Cancelled, deleted, or another run has taken over.
    if (!row || row.job_id !== job.id || (row.state !== 'queued' && row.state !== 'running')) return undefined
    return updateTask(tx, id, { state: nextState(row.state, 'begin') })
  })
}

/** Steps of this job that are not recorded as done. */
async function stepsLeft(
  platform: Needs,
  id: string,
  steps: readonly StepName[],
  job: JobContext,
): Promise<StepName[]> {
  const rows = await stepsOf(platform.db, [id])
  const done = new Set(
    rows.filter((row) => row.job_id === job.id && row.state === 'done').map((row) => row.step),
  )
  return steps.filter((step) => !done.has(step))
}

/**
 * A job that goes on after its process died, some steps being done, leaves the rest to a fresh one: deaths are counted by job,
 * and those of one step must not count against the next.
 */
async function handOver(
  platform: Needs,
  { id }: TaskRow,
  steps: readonly StepName[],
  job: JobContext,
): Promise<string | undefined> {
  const left = await stepsLeft(platform, id, steps, job)
  if (left.length === 0 || left.length === steps.length) return undefined
  return platform.db.transaction().execute(async (tx) => {
    const row = await lockTask(tx, id)
    if (!row || row.job_id !== job.id || row.state !== 'running') return undefined
    const asked = await platform.jobs.get(job.id)
    const next = await platform.jobs.send(
      tx,
      runKind,
      { taskId: id, steps: left },
      { subject: { kind: 'task', id }, requestedBy: asked?.requestedBy ?? null },
    )
    await putSteps(tx, id, left, next)
    await updateTask(tx, id, { jobId: next })
    return next
  })
}

async function runOne(
  platform: Needs,
  id: string,
  name: StepName,
  last: boolean,
  ground: Omit<RunOptions, 'config' | 'preparations'>,
  job: JobContext,
): Promise<void> {
  const row = await startStep(platform, id, name, job)
  if (!row) throw new Problem('job.cancelled', 'The task was cancelled.')
  const { folder } = ground
  try {
    const step = (await loadStep(name)) as Step<StepName>
    await runStep(step, { ...ground, config: wholeConfig(row.config), preparations: row.preparations })
  } catch (error) {
    // Who cancelled, or stops the program, has written the state, or the job runs again.
    if (job.signal.aborted) throw error
    const again = job.attempt <= runKind.retry.limit && (!isProblem(error) || passes(error))
    if (again) throw error
    const problem = isProblem(error)
      ? error
      : new Problem('internal.error', error instanceof Error ? error.message : String(error), {}, error)
    if (!isProblem(error))
      platform.log.error({ err: error, task: id, step: name }, 'A step failed by a fault of ours.')
    await endStep(platform, id, name, job, folder, { problem })
    throw failure(problem, 'never')
  }
  await endStep(platform, id, name, job, folder, { last })
}

/** What the step makes invalid goes first, as in its folder. */
async function startStep(
  platform: Needs,
  id: string,
  name: StepName,
  job: JobContext,
): Promise<TaskRow | undefined> {
  const gone: FileRow[] = []
  const row = await platform.db.transaction().execute(async (tx) => {
    const now = await lockTask(tx, id)
    if (!now || now.job_id !== job.id || now.state !== 'running') return undefined
    const invalid = fromStep(name)
    gone.push(...(await filesOf(tx, id)).filter((file) => file.step !== null && invalid.includes(file.step)))
    await deleteFiles(tx, id, { steps: invalid })
    await removeSteps(tx, id, invalid, job.id)
    await updateStep(tx, id, name, { state: 'running' })
    const findings = Object.fromEntries(
      Object.entries(now.findings).filter(([step]) => !invalid.includes(step as StepName)),
    ) as Findings
    const after = await updateTask(tx, id, { findings })
    await tell(platform, tx, after, 'step', { step: name, stepState: 'running' })
    return after
  })
  await forget(platform, gone)
  return row
}

async function endStep(
  platform: Needs,
  id: string,
  name: StepName,
  job: JobContext,
  folder: string,
  end: { problem: Problem } | { last: boolean },
): Promise<void> {
  const files: NewFile[] = []
  try {
    await keepProducts(platform, folder, name, files, job.signal)
    await recordEnd(platform, id, name, job, files, await readFindings(folder), end)
  } catch (error) {
    // Cancelled while the last bytes were written: nothing names them.
    await forget(platform, files)
    throw error
  }
}

async function recordEnd(
  platform: Needs,
  id: string,
  name: StepName,
  job: JobContext,
  files: readonly NewFile[],
  findings: Findings,
  end: { problem: Problem } | { last: boolean },
): Promise<void> {
  const failed = 'problem' in end
  const stack = name === 'stack' && !failed ? files.find((file) => file.name === 'stack.fits') : undefined
  await platform.db.transaction().execute(async (tx) => {
    const row = await lockTask(tx, id)
    if (!row || row.job_id !== job.id || row.state !== 'running')
      throw new Problem('job.cancelled', 'The task was cancelled.')
    await putFiles(tx, id, stack ? [...files, { ...stack, name: originalName, step: null }] : files)
    await updateStep(
      tx,
      id,
      name,
      failed
        ? { state: 'failed', problem: { code: end.problem.code, message: end.problem.message } }
        : { state: 'done' },
    )
    if (failed) await cancelSteps(tx, id)
    const over = failed || end.last
    const field = findings.photometry?.field ?? findings.inspect?.field ?? null
    const moc = findings.photometry?.moc ?? findings.inspect?.moc ?? null
    const after = await updateTask(tx, id, {
      findings,
      ...(stack ? { frame: stack.sha256 } : {}),
      place: placeOf(field, moc),
      mjd: findings.inspect?.mjd ?? null,
      filter: findings.inspect?.filter.value ?? null,
      ...(over
        ? { state: nextState(row.state, failed ? `${name}_failed` : `${name}_done`), completed: true }
        : {}),
    })
    await tell(platform, tx, after, over ? (failed ? 'failed' : 'finished') : 'step', {
      step: name,
      stepState: failed ? 'failed' : 'done',
      ...(failed ? { problem: end.problem.message } : {}),
    })
  })
}

function placeOf(field: Field | null, moc: string | null) {
  if (!field) return null
  return {
    ra: field.ra,
    dec: field.dec,
    radiusDeg: field.radiusDeg,
    hpx: String(pixel29Of(field.ra, field.dec)),
    moc: moc !== null && moc.length <= 60_000 ? moc : null,
  }
}
