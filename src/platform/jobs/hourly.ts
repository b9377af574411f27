import type { z } from 'zod'
import type { Platform } from '#platform/platform.ts'
import type { Service } from '#platform/room.ts'
import type { JobKind } from './job.ts'

/** Sends a job once an hour, and at the start: one for all machines together. */
export function hourlyService(
  { db, jobs, log }: Pick<Platform, 'db' | 'jobs' | 'log'>,
  kind: JobKind<z.ZodObject<Record<never, never>>>,
): Service {
  let timer: NodeJS.Timeout | undefined
  const send = (): void => {
    const hour = new Date().toISOString().slice(0, 13)
    void jobs
      .send(db, kind, {}, { key: hour })
      .catch((error: unknown) =>
        log.warn({ err: error, job: kind.name }, 'An hourly job could not be queued.'),
      )
  }
  return {
    name: `${kind.name} every hour`,
    role: 'scheduler',
    async start() {
      send()
      timer = setInterval(send, 3_600_000)
    },
    async stop() {
      clearInterval(timer)
    },
  }
}
