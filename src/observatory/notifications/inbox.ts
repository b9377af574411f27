import { z } from 'zod'

/** What was told to a person, the person's groups, or everybody, as the page shows it. */
export const InboxEntry = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    for: z.enum(['me', 'group', 'everybody']),
    kind: z.string(),
    form: z.enum(['news', 'reminder', 'digest']),
    role: z.enum(['start', 'news', 'end']),
    thread: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    headline: z.string(),
    text: z.string(),
    facts: z.array(z.object({ label: z.string(), value: z.string() })),
    links: z.array(z.object({ label: z.string(), url: z.string() })),
    pictures: z.array(z.object({ name: z.string(), mediaType: z.string(), url: z.string() })),
    rehearsal: z.boolean(),
    rule: z.string().nullable(),
    read: z.boolean(),
    acknowledge: z.boolean().describe('Somebody is to acknowledge it, and nobody has'),
    acknowledged: z.object({ by: z.string(), at: z.iso.datetime() }).nullable(),
  })
  .meta({ id: 'InboxEntry' })
export type InboxEntry = z.output<typeof InboxEntry>

export const InboxRead = z
  .strictObject({
    ids: z
      .array(z.string().regex(/^\d{1,18}$/))
      .max(1_000)
      .optional(),
    upTo: z
      .string()
      .regex(/^\d{1,18}$/)
      .optional()
      .describe('This entry and everything older'),
  })
  .refine(({ ids, upTo }) => (ids === undefined) !== (upTo === undefined), 'Give ids or upTo')
  .meta({ id: 'InboxRead' })

const Clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be like 22:00')

/** How a person wants to be told. */
export const NotificationPreferences = z
  .strictObject({
    zone: z.string().min(1).max(60).default('UTC').describe('IANA name, as Europe/Paris'),
    quiet: z
      .strictObject({ from: Clock, to: Clock })
      .nullable()
      .default(null)
      .describe('Hours in which only urgent messages come; the others come at their end'),
    muted: z.array(z.string().max(60)).max(100).default([]).describe('Channels not to be used'),
    addresses: z
      .record(z.string().max(60), z.string().trim().min(1).max(254))
      .default({})
      .describe('Address by name of channel, where the account’s own does not do: a Slack member id'),
  })
  .meta({ id: 'NotificationPreferences' })
export type NotificationPreferences = z.output<typeof NotificationPreferences>
