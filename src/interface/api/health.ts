import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { sql } from 'kysely'
import { Problem } from '#problem.ts'
import { isLoopback } from '#platform/http/address.ts'
import type { ServerEnv } from '#platform/http/router.ts'
import type { Platform } from '#platform/platform.ts'
import { isAtLeast } from '#observatory/people/actor.ts'

const checkMs = 3000

/** `/health/ready`: whether database, storage and queue answer. Says which, not why: the log does. */
export async function readiness(
  platform: Pick<Platform, 'db' | 'storage' | 'jobs' | 'log'>,
): Promise<{ ready: boolean; checks: Record<string, { ok: boolean; ms: number }> }> {
  const probes: Record<string, () => Promise<unknown>> = {
    database: () => sql`select 1`.execute(platform.db),
    storage: () => platform.storage.size('0'.repeat(64)),
    queue: () => platform.jobs.list({ limit: 1 }),
  }
  const checks: Record<string, { ok: boolean; ms: number }> = {}
  await Promise.all(
    Object.entries(probes).map(async ([name, probe]) => {
      const started = performance.now()
      const error = await outcome(probe)
      if (error !== undefined) platform.log.warn({ err: error }, `${name} does not answer`)
      checks[name] = { ok: error === undefined, ms: Math.round(performance.now() - started) }
    }),
  )
  return { ready: Object.values(checks).every((check) => check.ok), checks }
}

async function outcome(probe: () => Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${checkMs} ms`)), checkMs)
  })
  try {
    await Promise.race([probe(), tooLong])
    return undefined
  } catch (error) {
    return error ?? new Error('failed')
  } finally {
    clearTimeout(timer)
  }
}

/** `/metrics`: from this machine itself, with the collector's token, or for operators. */
export function mayReadMetrics(c: Context<ServerEnv>, metricsToken: string | null): void {
  const direct = c.env?.incoming?.socket.remoteAddress ?? null
  const forwarded = c.req.header('x-forwarded-for') ?? c.req.header('forwarded')
  if (isLoopback(direct) && forwarded === undefined) return
  if (isAtLeast(c.var.actor.role, 'operator')) return
  const given = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
  if (metricsToken !== null && given !== undefined && sameText(given, metricsToken)) return
  throw new Problem(
    'access.forbidden',
    'Metrics are read from this machine, by operators, or with the token set as http.metrics_token.',
  )
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
