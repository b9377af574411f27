import { z } from 'zod'
import { PlanRequest } from './plan.ts'

/**
 * A plan rule: which events are planned by themselves, with which telescopes. Identity: name.
 */

/** What is asked for each group of telescopes; the event and what a person edits do not belong in it. */
const PlanTemplate = PlanRequest.omit({ event: true, localizationId: true, start: true, edits: true })
  .extend({
    startDelayMinutes: z
      .number()
      .min(0)
      .max(7 * 1440)
      .default(0)
      .describe('The window begins so long after the plan is asked for'),
  })
  .strict()
export type PlanTemplate = z.output<typeof PlanTemplate>

/** Telescopes that are planned together, in one joint problem. */
export const PlanGroup = z.strictObject({
  title: z.string().min(1).max(100).optional(),
  plan: PlanTemplate,
})
export type PlanGroup = z.output<typeof PlanGroup>

const ruleFields = {
  title: z.string().max(200).default(''),
  enabled: z.boolean().default(true),
  condition: z.string().min(1).max(4_000).describe('ADQL over the columns of an event'),
  groups: z.array(PlanGroup).min(1).max(20),
  delayMinutes: z.number().min(0).max(1440).default(0).describe('Planned so long after the notice'),
  onUpdate: z
    .enum(['propose', 'ignore'])
    .default('propose')
    .describe('Later notices of an event that has a plan: propose a new version, or leave it'),
}

export const PlanRuleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,59}$/, 'must be lower-case letters, digits and hyphens')

/** A rule as people write it. */
export const PlanRuleInput = z.strictObject({ name: PlanRuleName, ...ruleFields })
export type PlanRuleInput = z.output<typeof PlanRuleInput>

export const PlanRule = z
  .object({
    name: z.string(),
    ...ruleFields,
    changedAt: z.iso.datetime(),
    changedBy: z.string(),
    revision: z.string(),
  })
  .meta({ id: 'PlanRule' })
export type PlanRule = z.output<typeof PlanRule>

/** What rules would have planned in a time that is past. */
export const PlanReplay = z
  .object({
    since: z.iso.datetime().nullable(),
    events: z.number().int(),
    matched: z.number().int(),
    perWeek: z.number(),
    plans: z.array(
      z.object({
        rule: z.string(),
        group: z.string(),
        eventId: z.string(),
        eventName: z.string(),
        noticeType: z.string(),
        at: z.iso.datetime(),
        telescopes: z.array(z.string()),
        /** A new version beside the plan that an earlier notice gave. */
        proposed: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'PlanReplay' })
export type PlanReplay = z.output<typeof PlanReplay>
