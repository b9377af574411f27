import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { z } from 'zod'
import { Problem, isProblem } from '#problem.ts'
import { failure, failureOf, retryDelay, storedProblem } from './failure.ts'
import type { JobContext, JobHandler } from './job.ts'
import { createRate } from './rate.ts'
import type { ClaimedJob, Ending, ProgressReport } from './store.ts'

/** A job that runs in this process. */
export interface RunningJob {
  cancel(): void
  /** Back to the queue, not counted as an attempt. */
  giveBack(problem: Problem): void
}

/** What a running job leaves behind for the next batched write. */
export interface Reports {
  progress(report: ProgressReport): void
  line(id: string, text: string): void
}

const defaultRetry = { limit: 3, delaySeconds: 2 }
/** How long a handler may go on after it was told to stop; then the job ends without it. */
const graceMs = 10_000
const resultLimit = 65_536
const logLimit = 10_000

/** Runs one claimed job to its end. Never rejects. */
export function runJob<T extends z.ZodType>(
  handler: JobHandler<T>,
  job: ClaimedJob,
  reports: Reports,
  log: Logger,
): { running: RunningJob; ended: Promise<Ending> } {
  const { kind } = handler
  const abort = new AbortController()
  let given: 'cancelled' | 'back' | undefined
  const rate = createRate()
  let lines = 0
  const over = Promise.withResolvers<void>()

  const context: JobContext = {
    id: job.id,
    attempt: job.attempt,
    signal: abort.signal,
    progress(done, total, unit = '') {
      if (!Number.isFinite(done) || !Number.isFinite(total)) return
      reports.progress({
        id: job.id,
        attempt: job.attempt,
        done,
        total,
        unit,
        rate: rate.add(done, performance.now()),
      })
    },
    log(line) {
      lines++
      if (lines <= logLimit) reports.line(job.id, line)
      else if (lines === logLimit + 1)
        reports.line(job.id, `More than ${logLimit} lines; the rest is not kept.`)
    },
  }

  function ending(part: Partial<Ending> & Pick<Ending, 'state'>): Ending {
    return {
      id: job.id,
      kind: kind.name,
      attempt: job.attempt,
      problem: null,
      result: null,
      delaySeconds: 0,
      uncounted: false,
      lost: false,
      ...part,
    }
  }

  function endingOf(error: unknown): Ending {
    if (given === 'cancelled') return ending({ state: 'cancelled', problem: storedProblem(cancelled()) })
    if (given === 'back') return ending({ state: 'queued', uncounted: true })
    const { how, afterSeconds } = failureOf(error)
    const problem = storedProblem(error)
    if (how === 'done') return ending({ state: 'done', result: { alreadyDone: problem.message } })
    if (!isProblem(error))
      log.error({ err: error, job: job.id, kind: kind.name }, 'A job failed by a fault of ours.')
    const { limit, delaySeconds = defaultRetry.delaySeconds } = kind.retry ?? defaultRetry
    if (how === 'never' || job.attempt > limit) return ending({ state: 'failed', problem })
    const delay = Math.max(afterSeconds ?? 0, retryDelay(job.attempt, delaySeconds, Math.random()))
    return ending({ state: 'retrying', problem, delaySeconds: delay })
  }

  async function handle(): Promise<Ending> {
    const input = kind.input.safeParse(job.input)
    if (!input.success)
      throw failure(
        new Problem('job.invalid_input', `The input of job ${job.id} is not what ${kind.name} takes.`, {
          issues: input.error.issues
            .slice(0, 20)
            .map(({ path, message }) => ({ path: path.map(String), message })),
        }),
        'never',
      )
    const result = await handler.run(input.data, context)
    return ending({ state: 'done', result: boundedResult(result) })
  }

  const timer =
    kind.timeoutSeconds === undefined
      ? undefined
      : setTimeout(
          () => abort.abort(timedOut(kind.name, kind.timeoutSeconds ?? 0)),
          kind.timeoutSeconds * 1_000,
        )

  /** Rejects some time after the handler was told to stop. */
  async function abandoned(): Promise<never> {
    await new Promise<void>((resolve) => {
      if (abort.signal.aborted) resolve()
      abort.signal.addEventListener('abort', () => resolve(), { once: true })
      void over.promise.then(resolve)
    })
    const unblock = new AbortController()
    void over.promise.then(() => unblock.abort())
    await sleep(graceMs, undefined, { signal: unblock.signal }).catch(() => {})
    throw abort.signal.reason
  }

  const ended = Promise.race([handle(), abandoned()])
    .catch((error: unknown) =>
      // A handler told to stop ends by whatever its last await threw; the reason is what counts.
      endingOf(
        abort.signal.aborted && isProblem(abort.signal.reason, 'job.timed_out') ? abort.signal.reason : error,
      ),
    )
    .finally(() => {
      clearTimeout(timer)
      over.resolve()
    })

  return {
    ended,
    running: {
      cancel() {
        given ??= 'cancelled'
        abort.abort(cancelled())
      },
      giveBack(problem) {
        given ??= 'back'
        abort.abort(problem)
      },
    },
  }
}

function cancelled(): Problem {
  return new Problem('job.cancelled', 'The job was cancelled; retry it to run it again.')
}

function timedOut(kind: string, seconds: number): Problem {
  return new Problem('job.timed_out', `A job of kind ${kind} took longer than its ${seconds} s.`, { seconds })
}

/** Results are small facts; what is large belongs to storage. */
function boundedResult(result: unknown): unknown {
  if (result === undefined) return null
  const text = JSON.stringify(result)
  if (text === undefined) return null
  if (text.length > resultLimit)
    return { omitted: `The result had ${text.length} characters; the limit is ${resultLimit}.` }
  return text.includes('\\u0000') ? { omitted: 'The result held a NUL character.' } : result
}
