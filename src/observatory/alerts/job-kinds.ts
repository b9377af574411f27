import { z } from 'zod'
import type { JobKind } from '#platform/jobs/job.ts'

/** Background work of the alerts room. */

export const parseKind = {
  name: 'alerts.parse',
  title: 'Read notices, localize and assess them',
  input: z.object({ noticeIds: z.array(z.uuid()).min(1).max(1000) }),
  retry: { limit: 5, delaySeconds: 1 },
  timeoutSeconds: 300,
  // Two keep the database and the compute threads busy; more only take the doors' turns, measured at 2,000 notices.
  concurrency: 2,
} satisfies JobKind

export const fetchMapKind = {
  name: 'alerts.fetch_map',
  title: 'Fetch the sky map of a notice',
  input: z.object({ localizationId: z.uuid() }),
  // Senders announce maps minutes before they exist; the delay doubles, so this goes on for some hours.
  retry: { limit: 9, delaySeconds: 20 },
  timeoutSeconds: 600,
  concurrency: 3,
} satisfies JobKind

export const expireKind = {
  name: 'alerts.expire',
  title: 'Remove tests and mocks whose 30 days are over',
  input: z.object({}),
  retry: { limit: 1, delaySeconds: 60 },
  concurrency: 1,
} satisfies JobKind
