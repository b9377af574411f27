import { Problem, isProblem } from '#problem.ts'
import type { JobFailure } from './job.ts'

/**
 * Says how a job ends with this problem: `throw failure(problem, 'never')`. Without it a job is retried as its kind
 * says. `done` means the work had already been done, which is a success. The word travels in the details, so it survives
 * worker threads.
 * @param afterSeconds with 'retry': not before this many seconds (Retry-After).
 */
export function failure(problem: Problem, how: JobFailure, afterSeconds?: number): Problem {
  const details = {
    ...problem.details,
    jobFailure: how,
    ...(afterSeconds === undefined ? {} : { afterSeconds }),
  }
  return new Problem(problem.code, problem.message, details, problem.cause ?? problem)
}

/** How to go on after what a handler threw. */
export function failureOf(error: unknown): { how: JobFailure; afterSeconds: number | null } {
  const details = isProblem(error) ? error.details : {}
  const { jobFailure, afterSeconds } = details
  return {
    how: jobFailure === 'never' || jobFailure === 'done' ? jobFailure : 'retry',
    afterSeconds: typeof afterSeconds === 'number' ? afterSeconds : null,
  }
}

/** What is kept of an error with the job. */
export interface StoredProblem {
  code: string
  message: string
  details?: Readonly<Record<string, unknown>>
}

export function storedProblem(error: unknown): StoredProblem {
  if (isProblem(error))
    return { code: error.code, message: cut(error.message), details: boundedDetails(error.details) }
  return { code: 'internal.error', message: cut(error instanceof Error ? error.message : String(error)) }
}

function cut(text: string): string {
  // PostgreSQL's jsonb has no NUL.
  const clean = text.toWellFormed().replaceAll('\0', '�')
  return clean.length > 4_000 ? `${clean.slice(0, 4_000)}…` : clean
}

function boundedDetails(details: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  try {
    const text = JSON.stringify(details)
    return text.length > 16_000 || text.includes('\\u0000') ? undefined : { ...details }
  } catch {
    return undefined
  }
}

/**
 * Seconds before the next attempt: `first` doubled each time, at most an hour, spread by ±25 %.
 * @param attempt that has just failed, from 1
 * @param random in [0, 1)
 */
export function retryDelay(attempt: number, first: number, random: number): number {
  return Math.min(3_600, first * 2 ** Math.min(attempt - 1, 20)) * (0.75 + random / 2)
}

export function predecessorFailed(id: string): StoredProblem {
  return {
    code: 'job.predecessor_failed',
    message: `Job ${id}, which this one follows, did not succeed; retry that one.`,
  }
}
