import { z } from 'zod'

/** Who is told what, through which channels, and how soon. */

export const RuleName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'must be lower-case letters, digits and hyphens')

const recipientPattern = /^(everybody|channel|shift|(shift|group|person):.{1,254})$/
const Recipients = z
  .array(
    z
      .string()
      .regex(recipientPattern, 'must be everybody, channel, shift, shift:TITLE, group:NAME or person:MAIL'),
  )
  .max(100)
const Through = z.array(z.string().min(1).max(60)).min(1).max(20).describe('Names of channels')

export const RuleDefinition = z
  .strictObject({
    title: z.string().max(200).default(''),
    enabled: z.boolean().default(true),
    kinds: z
      .array(
        z.string().regex(/^(\*|[a-z0-9_]+\.(\*|[a-z0-9_]+))$/, 'must be like alerts.notice, alerts.* or *'),
      )
      .min(1)
      .max(50)
      .default(['*'])
      .describe('Kinds of bulletins'),
    when: z
      .string()
      .max(10_000)
      .default('')
      .describe('Search condition (ADQL) over what the bulletins’ source knows; empty: always'),
    to: Recipients.min(1).describe(
      '`channel` is the channel’s own audience; `shift` who is on any shift now',
    ),
    through: Through,
    digest: z
      .string()
      .max(80)
      .nullable()
      .default(null)
      .describe('Collected: `hourly` or `daily 08:00 Europe/Paris`; null: at once'),
    urgent: z.boolean().default(false).describe('Passes quiet hours'),
    rehearsals: z.boolean().default(false).describe('Also tests and mocks'),
    headline: z
      .string()
      .max(300)
      .nullable()
      .default(null)
      .describe('Instead of the bulletin’s own: text with {names} of its values'),
    remind: z
      .strictObject({
        everyMinutes: z.number().min(0.01).max(10_080),
        atMost: z.int().min(1).max(100),
      })
      .nullable()
      .default(null)
      .describe('Until somebody acknowledges'),
    escalate: z
      .strictObject({
        afterMinutes: z.number().positive().max(10_080),
        to: Recipients.min(1),
        through: Through.nullable().default(null).describe('null: those of the rule'),
      })
      .nullable()
      .default(null)
      .describe('Unless somebody acknowledges'),
  })
  .meta({ id: 'NotificationRuleDefinition' })
export type RuleDefinition = z.output<typeof RuleDefinition>

export interface NamedRule extends RuleDefinition {
  name: string
}

export const NotificationRule = RuleDefinition.extend({
  name: RuleName,
  problem: z.string().nullable().describe('Why it is not followed now: a name that is gone, for example'),
  updatedBy: z.string(),
  updatedAt: z.iso.datetime(),
}).meta({ id: 'NotificationRule' })
export type NotificationRule = z.output<typeof NotificationRule>

export const ReplayRequest = z
  .strictObject({
    rules: z.array(RuleName).max(100).optional().describe('Stored rules; none: every enabled one'),
    draft: RuleDefinition.extend({ name: RuleName }).optional().describe('Or one that is not stored'),
    since: z.iso.datetime({ offset: true }).optional().describe('Default: 30 days ago'),
    until: z.iso.datetime({ offset: true }).optional(),
  })
  .meta({ id: 'NotificationReplayRequest' })

export const ReplayReport = z
  .object({
    since: z.iso.datetime(),
    until: z.iso.datetime(),
    bulletins: z.int(),
    byRule: z.array(
      z.object({
        rule: z.string(),
        bulletins: z.int(),
        messages: z.int().describe('Deliveries: one per channel and addressee'),
        perWeek: z.number(),
        busiestHour: z.int().describe('Most messages of one clock hour'),
      }),
    ),
    byChannel: z.record(z.string(), z.int()),
    messages: z
      .array(
        z.object({
          at: z.iso.datetime(),
          kind: z.string(),
          thread: z.string(),
          headline: z.string(),
          rules: z.array(z.string()),
          channels: z.array(z.string()),
          addressees: z.array(z.string()),
        }),
      )
      .describe('The last 200'),
    complete: z.boolean().describe('False: there were more bulletins than are looked at'),
  })
  .meta({ id: 'NotificationReplay' })
export type ReplayReport = z.output<typeof ReplayReport>

/** Whether a pattern of a rule (`alerts.*`) means a kind. */
export function meansKind(pattern: string, kind: string): boolean {
  if (pattern === '*' || pattern === kind) return true
  return pattern.endsWith('.*') && kind.startsWith(pattern.slice(0, -1))
}
