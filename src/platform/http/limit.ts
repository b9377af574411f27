import type { Context } from 'hono'
import { Problem } from '#problem.ts'

export interface LimitState {
  limit: number
  remaining: number
  /** Seconds until at least one more is allowed (when none is left) or until all are again. */
  resetSeconds: number
}

export interface Limiter {
  readonly name: string
  readonly limit: number
  readonly windowSeconds: number
  /** Where the key stands, without counting. */
  look(key: string): LimitState
  /** Counts one. Returns false when there was none left. */
  take(key: string): boolean
}

/** Keys remembered at once; past it the one not seen for longest is forgotten. */
const maxKeys = 10_000

/**
 * A token bucket per key: `limit` at once, refilled evenly over `windowSeconds`. In memory of this process: with
 * several API processes each counts by itself.
 */
export function createLimiter(
  name: string,
  limit: number,
  windowSeconds: number,
  now: () => number = () => Date.now(),
): Limiter {
  const buckets = new Map<string, { left: number; at: number }>()
  const perMs = limit / (windowSeconds * 1000)

  function current(key: string): { left: number; at: number } {
    const at = now()
    const bucket = buckets.get(key)
    if (!bucket) return { left: limit, at }
    return { left: Math.min(limit, bucket.left + (at - bucket.at) * perMs), at }
  }
  function look(key: string): LimitState {
    const { left } = current(key)
    const missing = left < 1 ? 1 - left : limit - left
    return { limit, remaining: Math.floor(left), resetSeconds: Math.ceil(missing / perMs / 1000) }
  }
  function take(key: string): boolean {
    const bucket = current(key)
    const allowed = bucket.left >= 1
    if (allowed) bucket.left -= 1
    buckets.delete(key)
    buckets.set(key, bucket)
    if (buckets.size > maxKeys) buckets.delete(buckets.keys().next().value ?? '')
    return allowed
  }
  return { name, limit, windowSeconds, look, take }
}

/** Announces a limit as `RateLimit-*` headers and in the structured form of the IETF draft. */
export function announceLimit(c: Context, limiter: Limiter, key: string): void {
  const { limit, remaining, resetSeconds } = limiter.look(key)
  c.header('RateLimit-Limit', String(limit))
  c.header('RateLimit-Remaining', String(remaining))
  c.header('RateLimit-Reset', String(resetSeconds))
  c.header('RateLimit-Policy', `"${limiter.name}";q=${limit};w=${limiter.windowSeconds}`)
  c.header('RateLimit', `"${limiter.name}";r=${remaining};t=${resetSeconds}`)
}

/** `request.rate_limited` with the time to wait, which becomes Retry-After. */
export function limited(limiter: Limiter, key: string): Problem {
  const retryAfter = Math.max(1, limiter.look(key).resetSeconds)
  return new Problem(
    'request.rate_limited',
    `Too many attempts (${limiter.name}: ${limiter.limit} in ${limiter.windowSeconds} s); wait ${retryAfter} s and try again.`,
    { retryAfter, limit: limiter.limit, windowSeconds: limiter.windowSeconds },
  )
}
