import { z } from 'zod'
import type { JobKind } from '#platform/jobs/job.ts'

/** Background work of the notifications room. */

export const composeKind = {
  name: 'notifications.compose',
  title: 'Tell of an event: make its messages and decide who hears them',
  routine: true,
  input: z.object({
    event: z.object({
      id: z.string().regex(/^\d{1,19}$/),
      at: z.iso.datetime(),
      kind: z.string(),
      subject: z.object({ kind: z.string(), id: z.string() }),
      data: z.record(z.string(), z.unknown()),
      audience: z.array(z.string()),
    }),
  }),
  retry: { limit: 8, delaySeconds: 2 },
  timeoutSeconds: 300,
  // Composing goes on beside each other, writing in the order of the events.
  concurrency: 4,
} satisfies JobKind

export const deliverKind = {
  name: 'notifications.deliver',
  title: 'Put waiting messages on a channel',
  routine: true,
  input: z.object({ channelId: z.uuid() }),
  retry: { limit: 8, delaySeconds: 2 },
  // Waiting for a server takes nothing from the others, and each channel limits itself: as many channels may hang.
  concurrency: 200,
} satisfies JobKind

export const digestKind = {
  name: 'notifications.digest',
  title: 'Make a digest of what a rule collected',
  input: z.object({ rule: z.string(), until: z.iso.datetime() }),
  retry: { limit: 8, delaySeconds: 2 },
  concurrency: 2,
} satisfies JobKind

export const forgetKind = {
  name: 'notifications.forget',
  title: 'Delete messages whose thread has been silent for long',
  routine: true,
  input: z.object({}),
  retry: { limit: 1, delaySeconds: 60 },
  concurrency: 1,
} satisfies JobKind

export const remindKind = {
  name: 'notifications.remind',
  title: 'Remind of what nobody acknowledged',
  input: z.object({ watchId: z.uuid() }),
  retry: { limit: 8, delaySeconds: 2 },
  concurrency: 2,
} satisfies JobKind

export const escalateKind = {
  name: 'notifications.escalate',
  title: 'Tell others of what nobody acknowledged',
  input: z.object({ watchId: z.uuid() }),
  retry: { limit: 8, delaySeconds: 2 },
  concurrency: 2,
} satisfies JobKind
