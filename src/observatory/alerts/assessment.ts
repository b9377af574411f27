import { z } from 'zod'

/** An assessment: what a versioned rule set makes of an event as one notice describes it. */

/**
 * `GO`: worth telescope time. `LOOK`: worth a person's look. `WAIT`: something that decides is still missing.
 * `NO`: not worth it. `RETRACTED`: withdrawn by its senders.
 */
export const decisions = ['GO', 'LOOK', 'WAIT', 'NO', 'RETRACTED'] as const
export const Decision = z.enum(decisions)
export type Decision = z.output<typeof Decision>

/** One value that the rules read. Null: the notice does not have it. */
export const AssessmentInput = z
  .object({
    name: z.string().describe('Name used in the rule file, e.g. area90, distance, p.BBH'),
    label: z.string(),
    value: z.union([z.number(), z.string(), z.boolean()]).nullable(),
    unit: z.string(),
    /** Where it came from: "notice", "map", "combined map", "parameter". */
    source: z.string(),
    /** True where the rule that decided read it. */
    decisive: z.boolean(),
  })
  .meta({ id: 'AssessmentInput' })
export type AssessmentInput = z.output<typeof AssessmentInput>

export const Assessment = z
  .object({
    id: z.string(),
    eventId: z.string(),
    noticeId: z.string(),
    localizationId: z.string().nullable(),
    rules: z.string().describe('Name of the rule set'),
    version: z.string(),
    /** Hash of the rule file with the parameters used. */
    rulesSha256: z.string(),
    score: z.number(),
    decision: Decision,
    /** Name of the rule that decided. */
    rule: z.string(),
    inputs: z.array(AssessmentInput),
    /** Sentences for people, the deciding one first. */
    reasons: z.array(z.string()),
    at: z.iso.datetime(),
  })
  .meta({ id: 'Assessment' })
export type Assessment = z.output<typeof Assessment>

/** A threshold of a rule set that may be set from outside. */
export const RuleParameter = z
  .object({
    name: z.string(),
    value: z.number(),
    unit: z.string(),
    doc: z.string(),
  })
  .meta({ id: 'RuleParameter' })
export type RuleParameter = z.output<typeof RuleParameter>

export const RuleSet = z
  .object({
    name: z.string(),
    version: z.string(),
    title: z.string(),
    doc: z.string(),
    /** Used for new notices. */
    isDefault: z.boolean(),
    sha256: z.string(),
    parameters: z.array(RuleParameter),
    rules: z.array(
      z.object({
        name: z.string(),
        when: z.array(z.string()).describe('Conditions in words, all of which must hold'),
        score: z.number(),
        decision: Decision,
        reason: z.string(),
      }),
    ),
    /** The TOML file itself. */
    source: z.string(),
  })
  .meta({ id: 'RuleSet' })
export type RuleSet = z.output<typeof RuleSet>

/** What a rule set would have made of stored events. */
export const ReplayReport = z
  .object({
    rules: z.string(),
    version: z.string(),
    since: z.iso.datetime().nullable(),
    events: z.number().int(),
    notices: z.number().int(),
    byDecision: z.record(z.string(), z.number().int()),
    byScore: z.record(z.string(), z.number().int()),
    perWeek: z.record(z.string(), z.number()).describe('Yield per week by decision'),
    /** Where the last assessment of an event would differ from the stored one. */
    differences: z.array(
      z.object({
        eventId: z.string(),
        eventName: z.string(),
        before: z.object({ score: z.number(), decision: Decision }).nullable(),
        after: z.object({ score: z.number(), decision: Decision }),
        reason: z.string(),
      }),
    ),
  })
  .meta({ id: 'ReplayReport' })
export type ReplayReport = z.output<typeof ReplayReport>
