import { z } from 'zod'

export const deliveryStates = [
  'waiting',
  'collecting',
  'sending',
  'sent',
  'digested',
  'dead',
  'dropped',
] as const
export type DeliveryState = (typeof deliveryStates)[number]

/** One message to one addressee by one channel: what is to go out, and the log of what did. */
export const Delivery = z
  .object({
    id: z.string(),
    key: z.string().describe('The same for every attempt; channels tell doubles by it'),
    channel: z.string(),
    target: z.object({
      kind: z.enum(['channel', 'person', 'group', 'everyone']),
      id: z.string().nullable(),
      name: z.string().nullable(),
    }),
    kind: z.string(),
    form: z.enum(['news', 'reminder', 'digest']),
    role: z.enum(['start', 'news', 'end']),
    thread: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    headline: z.string(),
    rehearsal: z.boolean(),
    rule: z.string().nullable(),
    urgent: z.boolean(),
    state: z
      .enum(deliveryStates)
      .describe(
        'waiting, collecting (for a digest), sending, sent, digested, dead (given up), dropped (nobody to send to)',
      ),
    attempts: z.int(),
    uncertain: z.boolean().describe('An attempt may have gone out'),
    notBefore: z.iso.datetime().nullable().describe('Of what waits'),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    receipt: z.string().nullable(),
    url: z.string().nullable(),
    createdAt: z.iso.datetime(),
    sentAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'NotificationDelivery' })
export type Delivery = z.output<typeof Delivery>
