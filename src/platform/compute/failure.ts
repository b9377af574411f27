import { isProblem, Problem } from '#problem.ts'
import type { ProblemCode } from '#problem.ts'
import { refusalOf } from '#platform/files/refusal.ts'

/** An error as plain values, to cross between threads; a Problem keeps its code and details. */
export type Failure =
  | { problem: { code: string; message: string; details: Record<string, unknown> } }
  | { error: { name: string; message: string; stack: string | undefined } }

export function failureOf(thrown: unknown): Failure {
  const error = refusalOf(thrown) ?? thrown
  if (isProblem(error))
    return { problem: { code: error.code, message: error.message, details: plain(error.details) } }
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
  return { error: { name, message, stack } }
}

export function errorOf(failure: Failure): Error {
  if ('problem' in failure) {
    const { code, message, details } = failure.problem
    return new Problem(code as ProblemCode, message, details)
  }
  const { name, message, stack } = failure.error
  return Object.assign(new Error(message), { name, stack })
}

/** Details are promised to be JSON; one that is not must not turn a Problem into a failure to clone. */
function plain(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  try {
    return JSON.parse(JSON.stringify(details)) as Record<string, unknown>
  } catch {
    return {}
  }
}
