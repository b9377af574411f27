import { isProblem, Problem } from '#problem.ts'
import { failure } from '#platform/jobs/failure.ts'
import type { JobContext, JobHandler } from '#platform/jobs/job.ts'
import type { Platform } from '#platform/platform.ts'
import { system } from '#observatory/people/actor.ts'
import { percent } from './figures.ts'
import { checkRequest } from './check.ts'
import { compareDocuments } from './compare.ts'
import { encodeDocument } from './document.ts'
import { solveInput } from './input.ts'
import { solveKind } from './job-kinds.ts'
import type { PlanResult } from './plan.ts'
import { nextState, openStates } from './plan-states.ts'
import {
  lockPlan,
  lockSeries,
  planById,
  stopRequested,
  updatePlan,
  versionsOf,
  type PlanRow,
} from './plan-store.ts'
import { cancelJob, closeRow, documentOf, tell } from './service.ts'
import type { SolveInput, SolveOutput } from './solve-input.ts'
import { askToStop, createProgressMemory, readProgress } from './solve-progress.ts'
import { solveTask } from './solve.ts'
import { withRequest } from './stored-request.ts'
import { createPlanners, type Planners } from './planners.ts'

/** Handlers of the room's background work. */
export function planJobs(platform: Platform): JobHandler[] {
  const planners = createPlanners()
  const solve: JobHandler<typeof solveKind.input> = {
    kind: solveKind,
    run: ({ planId }, job) => solveStoredPlan(platform, planners, planId, job),
  }
  return [solve] as JobHandler[]
}

/** Problems that a second attempt cannot mend. */
const passing = /^(compute|net|database|storage\.full|job)/

async function solveStoredPlan(
  platform: Platform,
  planners: Planners,
  id: string,
  job: JobContext,
): Promise<unknown> {
  const begun = await begin(platform, id)
  if (!begun) return { state: (await planById(platform.db, id))?.state ?? 'gone' }
  try {
    const row = await withRequest(platform, begun)
    const checked = await checkRequest(
      platform,
      system,
      { ...row.request, start: row.start_at.toISOString(), localizationId: row.localization_id },
      row.created_at,
    )
    const memory = createProgressMemory()
    const input = await solveInput(platform, row, checked, memory, job.signal)
    const output = await solveInThread(platform, planners, row.id, input, memory, job)
    return await finish(platform, row, output)
  } catch (error) {
    // Cancelled, timed out or stopping: who did that has written the state, or the job runs again.
    if (job.signal.aborted) throw error
    const last = job.attempt > solveKind.retry.limit
    if (!last && !(isProblem(error) && !passing.test(error.code))) throw error
    const problem = isProblem(error)
      ? error
      : new Problem('internal.error', error instanceof Error ? error.message : String(error), {}, error)
    await fail(platform, id, problem)
    throw failure(problem, 'never')
  }
}

async function begin(platform: Platform, id: string): Promise<PlanRow | null> {
  return platform.db.transaction().execute(async (tx) => {
    const row = await lockPlan(tx, id)
    if (!row || (row.state !== 'queued' && row.state !== 'solving')) return null
    return updatePlan(tx, id, { state: nextState(row.state, 'begin') })
  })
}

/**
 * Runs the solver in a thread of its own, so that one that takes minutes stands in nobody's way and its memory goes with
 * it. Progress is read from shared memory; a person's wish to stop is passed on.
 */
async function solveInThread(
  platform: Platform,
  planners: Planners,
  id: string,
  input: SolveInput,
  memory: SharedArrayBuffer,
  job: JobContext,
): Promise<SolveOutput> {
  const planner = planners.take()
  let stage = ''
  let looks = 0
  const watch = setInterval(() => {
    const state = readProgress(memory)
    const known = Number.isFinite(state.objective) && state.bound > 0
    const text = known
      ? `${state.stage}, ${percent(state.objective, 2)} of at most ${percent(state.bound, 2)}`
      : state.stage
    job.progress(Math.round(100 * state.done), 100, `% ${text}`)
    if (state.stage !== stage) {
      stage = state.stage
      job.log(text)
    }
    if (++looks % 4 === 0)
      void stopRequested(platform.db, id).then(
        (asked) => asked && askToStop(memory),
        () => {},
      )
  }, 250)
  try {
    return await planner.run(solveTask, input, { signal: job.signal })
  } finally {
    clearInterval(watch)
    // The solver's memory goes only with its thread.
    await planners.give(planner, { keep: input.method === 'greedy' && !job.signal.aborted })
  }
}

async function finish(platform: Platform, row: PlanRow, output: SolveOutput): Promise<unknown> {
  const { result, exposures, telescopes, galaxies } = output
  const document = { telescopes, exposures, galaxies }
  const { sha256, byteLength } = await platform.storage.put(encodeDocument(document))
  const parent = row.parent === null ? undefined : await planById(platform.db, row.parent)
  const comparison =
    row.proposed && parent?.document_sha256
      ? compareDocuments(
          { document: await documentOf(platform, parent), probability: parent.result?.probability ?? 0 },
          { document, probability: result.probability },
        ).text
      : null
  const ended: PlanRow[] = []
  const answer = await platform.db.transaction().execute(async (tx) => {
    await lockSeries(tx, row.series)
    const now = await lockPlan(tx, row.id)
    // Cancelled or closed while the last bytes were written.
    if (!now || now.state !== 'solving') return { state: now?.state ?? 'gone' }
    const ready = await updatePlan(tx, row.id, {
      state: nextState(now.state, 'finish'),
      result: bounded(result),
      documentSha256: sha256,
      documentBytes: byteLength,
      problem: null,
      finished: true,
    })
    await tell(platform, tx, 'plans.products', ready)
    if (now.proposed) await tell(platform, tx, 'plans.proposed', ready, { changes: comparison ?? [] })
    else {
      await tell(platform, tx, 'plans.finished', ready)
      for (const version of await versionsOf(tx, row.series)) {
        if (version.version >= ready.version || !openStates.includes(version.state)) continue
        const older = await lockPlan(tx, version.id)
        if (!older || !openStates.includes(older.state)) continue
        await closeRow(platform, tx, older, `version ${ready.version} took over`)
        if (older.state !== 'ready') ended.push(older)
      }
    }
    const { probability, bound, gap, fields, exposures: count, seconds } = result
    return { state: 'ready', probability, bound, gap, fields, exposures: count, seconds }
  })
  for (const older of ended) await cancelJob(platform, older)
  return answer
}

/** The row holds at most 64 kB: of a result that would be more, the words go first. */
function bounded(result: PlanResult): PlanResult {
  const size = (value: PlanResult): number => JSON.stringify(value).length
  if (size(result) < 60_000) return result
  const short = { ...result, trail: [], notes: result.notes.slice(0, 20) }
  if (size(short) < 60_000) return short
  return {
    ...short,
    shares: short.shares.map((s) => ({ ...s, notes: s.notes.slice(0, 3).map((n) => n.slice(0, 200)) })),
  }
}

async function fail(platform: Platform, id: string, problem: Problem): Promise<void> {
  await platform.db.transaction().execute(async (tx) => {
    const row = await lockPlan(tx, id)
    if (!row || (row.state !== 'queued' && row.state !== 'solving')) return
    const failed = await updatePlan(tx, id, {
      state: nextState(row.state, 'fail'),
      problem: { code: problem.code, message: problem.message },
      finished: true,
    })
    await tell(platform, tx, 'plans.failed', failed, { problem: problem.message })
  })
}
