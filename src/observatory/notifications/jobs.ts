import type { JobHandler } from '#platform/jobs/job.ts'
import { composeEvent } from './compose.ts'
import { createDeliverer } from './deliver.ts'
import { makeDigests } from './digest.ts'
import { forgetThreads } from './forget.ts'
import { composeKind, deliverKind, digestKind, escalateKind, forgetKind, remindKind } from './job-kinds.ts'
import type { Needs } from './kinds.ts'
import { escalate, remind } from './watch.ts'

/** Handlers of the room's background work. */
export function notificationJobs(needs: Needs): JobHandler[] {
  const compose: JobHandler<typeof composeKind.input> = {
    kind: composeKind,
    run: (input, job) => composeEvent(needs, input, job),
  }
  const deliverChannel = createDeliverer(needs)
  const deliver: JobHandler<typeof deliverKind.input> = {
    kind: deliverKind,
    run: ({ channelId }, job) => deliverChannel(channelId, job),
  }
  const digest: JobHandler<typeof digestKind.input> = {
    kind: digestKind,
    run: async ({ rule, until }) => ({ digests: await makeDigests(needs, rule, new Date(until)) }),
  }
  const reminder: JobHandler<typeof remindKind.input> = {
    kind: remindKind,
    run: async ({ watchId }) => ({ done: await remind(needs, watchId) }),
  }
  const escalation: JobHandler<typeof escalateKind.input> = {
    kind: escalateKind,
    run: async ({ watchId }) => ({ done: await escalate(needs, watchId) }),
  }
  const forget: JobHandler<typeof forgetKind.input> = {
    kind: forgetKind,
    run: async (_input, job) => ({ messages: await forgetThreads(needs, job) }),
  }
  return [compose, deliver, digest, reminder, escalation, forget] as JobHandler[]
}
