import { Problem, isProblem } from '#problem.ts'

/** Final until a person acts: settings, rights, addresses. The sentence names the offender and the remedy. */
export function refused(sentence: string, details: Record<string, unknown> = {}, cause?: unknown): Problem {
  return new Problem('channel.refused', sentence, details, cause)
}

/** The status of an answer that `Net` did not accept. */
export function statusOf(error: unknown): number | null {
  return isProblem(error, 'net.status') ? Number(error.details['status']) : null
}

/** A 4xx that asking again will not change; time-outs, locks, conflicts and rate limits pass by themselves. */
export function isFinalStatus(status: number | null): status is number {
  return status !== null && status >= 400 && status < 500 && ![408, 409, 423, 425, 429].includes(status)
}
