import { z } from 'zod'

/**
 * A plan: which fields each telescope takes when, for one localization; what it covers, and what no plan could exceed.
 * Identity: opaque id; a version is solved once and never changes.
 */

/** `queued` and `solving` have a job; `closed`: its event was retracted, a newer version took over, or a person did it. */
export const planStates = ['queued', 'solving', 'ready', 'failed', 'cancelled', 'closed'] as const
export const PlanState = z.enum(planStates)
export type PlanState = z.output<typeof PlanState>

/**
 * `tiling`: fields of a grid, or placed where the probability is. `galaxies`: fields around the galaxies of a catalogue,
 * in the volume of the map. `single`: one field centred on the region. `auto`: single where the 90 % region fits the
 * field, else galaxies where a catalogue is named and some fit, tiling otherwise.
 */
export const strategies = ['auto', 'tiling', 'galaxies', 'single'] as const
export const Strategy = z.enum(strategies)
export type Strategy = z.output<typeof Strategy>

/** What is asked of one telescope; what is left out comes from its definition. */
export const TelescopeRequest = z
  .object({
    telescope: z.string().describe('Slug'),
    maxFields: z.number().int().min(1).max(5_000).optional(),
    /** In this order at each visit; left out: its first filter with its exposure. */
    steps: z
      .array(
        z.object({
          filter: z.string(),
          exposureS: z.number().positive().max(86_400),
          count: z.number().int().min(1).max(1_000).default(1),
        }),
      )
      .min(1)
      .max(50)
      .optional(),
    visits: z.number().int().min(1).max(50).default(1),
    cadenceMinutes: z.number().min(0).max(100_000).default(30),
    /** `grid` of the definition, or fields laid anew. */
    tiling: z.enum(['grid', 'free', 'hexagonal', 'spiral', 'ring']).optional(),
    overlap: z
      .number()
      .min(0)
      .max(0.9)
      .default(0.05)
      .describe('Of neighbouring fields laid anew, fraction of the width'),
  })
  .meta({ id: 'TelescopeRequest' })
export type TelescopeRequest = z.output<typeof TelescopeRequest>

/** As in grids: it stands in tables, text files and messages, where anything else might be taken for more than a name. */
const FieldId = z
  .string()
  .regex(
    /^[\p{L}\p{N}_][\p{L}\p{N}_ .+-]{0,39}$/u,
    'must be 1 to 40 letters, digits, _ . + -, a letter or digit first',
  )
const Ra = z.number().min(0).max(360)
const Dec = z.number().min(-90).max(90)

/** Changes a person made to the fields of the version before. */
export const PlanEdits = z
  .object({
    /** `telescope/field id`: never taken. */
    drop: z.array(z.string().max(100)).max(5_000).default([]),
    /** `telescope/field id`: taken if any schedule can hold it. */
    pin: z.array(z.string().max(100)).max(5_000).default([]),
    /** Exposure numbers of the parent version that stay exactly as they are. */
    lock: z.array(z.number().int()).max(20_000).default([]),
    add: z
      .array(z.object({ telescope: z.string(), id: FieldId.optional(), ra: Ra, dec: Dec }))
      .max(5_000)
      .default([]),
  })
  .meta({ id: 'PlanEdits' })
export type PlanEdits = z.output<typeof PlanEdits>

/**
 * What shares are of: `sky`, the probability of the map; `galaxies`, the weight of the galaxies that were ranked. A share of
 * the one says nothing of a share of the other.
 */
export const Aim = z.enum(['sky', 'galaxies'])
export type Aim = z.output<typeof Aim>

export const PlanRequest = z
  .object({
    /** Event id or any of its names; its preferred localization is used unless one is named. */
    event: z.string().optional(),
    localizationId: z.string().optional(),
    telescopes: z.array(TelescopeRequest).min(1).max(40),
    /** Default now. */
    start: z.iso.datetime({ offset: true }).optional(),
    hours: z
      .number()
      .positive()
      .max(24 * 14)
      .default(24),
    strategy: Strategy.default('auto'),
    /** Name of a reference catalogue, for `galaxies` and `auto`. */
    catalogue: z.string().optional(),
    weight: z
      .enum(['density', 'luminosity', 'mass', 'Sloc', 'S', 'Smass'])
      .default('density')
      .describe(
        'Of galaxies: probability per volume, alone or times luminosity or mass; or a grade of GRANDMA',
      ),
    /** Fields are sought where this much of the probability lies. */
    level: z.number().min(0.1).max(0.9999).default(0.99),
    visibility: z.boolean().default(true).describe('False: whenever, for comparison'),
    /** Taken out of the sky: fields of other plans (ids, or `event` for all open ones of this event) … */
    without: z.array(z.string().max(100)).max(100).default([]),
    /** … and pointings from elsewhere, as Treasure Map reports them. */
    observed: z
      .array(
        z.object({
          ra: Ra,
          dec: Dec,
          telescope: z.string().optional(),
          radiusDeg: z.number().positive().max(180).optional(),
          time: z.iso.datetime({ offset: true }).optional(),
        }),
      )
      .max(20_000)
      .default([]),
    method: z.enum(['exact', 'greedy']).default('exact'),
    seconds: z.number().min(1).max(3_600).default(60).describe('Time for the solver'),
    edits: PlanEdits.optional(),
    title: z.string().max(200).optional(),
  })
  .meta({ id: 'PlanRequest' })
export type PlanRequest = z.output<typeof PlanRequest>

export const PlannedExposure = z
  .object({
    number: z.number().int().describe('Order in the whole plan, from 1'),
    telescope: z.string(),
    field: z.string(),
    ra: z.number(),
    dec: z.number(),
    positionAngleDeg: z.number(),
    visit: z.number().int(),
    filter: z.string(),
    start: z.iso.datetime(),
    exposureS: z.number(),
    slewS: z.number(),
    filterChangeS: z.number(),
    readoutS: z.number(),
    /** Of the field alone, and of everything up to and with this exposure; shares of what the plan aims at. */
    probability: z.number(),
    cumulativeProbability: z.number(),
    airmass: z.number().nullable(),
    altitudeDeg: z.number().nullable(),
    moonSeparationDeg: z.number().nullable(),
    locked: z.boolean(),
  })
  .meta({ id: 'PlannedExposure' })
export type PlannedExposure = z.output<typeof PlannedExposure>

/** What one telescope does in a plan. */
export const PlanShare = z
  .object({
    telescope: z.string(),
    name: z.string(),
    version: z.number().int(),
    fields: z.number().int(),
    exposures: z.number().int(),
    /** Of what the plan aims at. */
    probability: z.number(),
    /** Of the map, whatever the plan aims at. */
    skyProbability: z.number(),
    areaDeg2: z.number(),
    first: z.iso.datetime().nullable(),
    last: z.iso.datetime().nullable(),
    /** Seconds of the usable night. */
    time: z.object({
      exposing: z.number(),
      readout: z.number(),
      slewing: z.number(),
      filters: z.number(),
      idle: z.number(),
    }),
    /** Why it takes nothing, or what to know of it. */
    notes: z.array(z.string()),
    /** Why no candidate is left, by how many fell to it: `never above 30°`, `Sun`, `Moon`. */
    lost: z.record(z.string(), z.number().int()),
  })
  .meta({ id: 'PlanShare' })
export type PlanShare = z.output<typeof PlanShare>

export const PlanResult = z
  .object({
    aim: Aim.describe(
      'What probability, bound and unlimited are shares of: the map, or the galaxies’ weight',
    ),
    /** Covered by the fields of the plan together, each part of the sky or each galaxy once: a share of what it aims at. */
    probability: z.number(),
    skyProbability: z.number().describe('Probability of the map under the fields, whatever the plan aims at'),
    /** Galaxies that share the weight; 0 where the plan aims at the sky. */
    galaxies: z.number().int(),
    areaDeg2: z.number(),
    /** No plan under these constraints covers more. */
    bound: z.number(),
    gap: z.number(),
    selection: z.object({ objective: z.number(), bound: z.number(), gap: z.number(), status: z.string() }),
    /** With the same telescopes and fields if time and sky were no limit. */
    unlimited: z.number(),
    status: z.enum(['optimal', 'time limit', 'heuristic', 'infeasible', 'stopped']),
    seconds: z.number(),
    shares: z.array(PlanShare),
    fields: z.number().int(),
    exposures: z.number().int(),
    notes: z.array(z.string()),
    trail: z.array(z.object({ seconds: z.number(), objective: z.number(), bound: z.number() })),
  })
  .meta({ id: 'PlanResult' })
export type PlanResult = z.output<typeof PlanResult>

export const PlanSummary = z
  .object({
    id: z.string(),
    title: z.string(),
    state: PlanState,
    /** First version's id; versions of one plan share it. */
    series: z.string(),
    version: z.number().int(),
    parent: z.string().nullable(),
    eventId: z.string().nullable(),
    eventName: z.string().nullable(),
    role: z.enum(['observation', 'test', 'mock', 'simulated']),
    localizationId: z.string(),
    strategy: Strategy,
    telescopes: z.array(z.string()),
    start: z.iso.datetime(),
    end: z.iso.datetime(),
    aim: Aim.nullable(),
    /** Of what it aims at. */
    probability: z.number().nullable(),
    skyProbability: z.number().nullable(),
    bound: z.number().nullable(),
    gap: z.number().nullable(),
    fields: z.number().int().nullable(),
    /** `person name`, or `rule <name>`. */
    requestedBy: z.string(),
    /** Made by itself beside a version that stands; nobody has taken it yet. */
    proposed: z.boolean(),
    createdAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable(),
    jobId: z.string().nullable(),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    closedBecause: z.string().nullable(),
  })
  .meta({ id: 'PlanSummary' })
export type PlanSummary = z.output<typeof PlanSummary>

export const PlanDetail = PlanSummary.extend({
  request: PlanRequest,
  result: PlanResult.nullable(),
  versions: z.array(
    z.object({ id: z.string(), version: z.number().int(), state: PlanState, createdAt: z.iso.datetime() }),
  ),
  revision: z.string(),
}).meta({ id: 'PlanDetail' })
export type PlanDetail = z.output<typeof PlanDetail>

/** Two plans side by side. */
export const PlanComparison = z
  .object({
    a: PlanSummary,
    b: PlanSummary,
    onlyA: z.array(z.string()),
    onlyB: z.array(z.string()),
    both: z.array(z.string()),
    moved: z.array(z.object({ field: z.string(), seconds: z.number() })),
    /** Of the map, whatever the plans aim at. */
    probability: z.object({ a: z.number(), b: z.number(), shared: z.number(), together: z.number() }),
    text: z.array(z.string()),
  })
  .meta({ id: 'PlanComparison' })
export type PlanComparison = z.output<typeof PlanComparison>
