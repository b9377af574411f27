import { z } from 'zod'

/**
 * A telescope: site, limits, footprint, filters, overheads of one instrument on one mount, as its TOML definition says.
 * Identity: slug. This is the definition after reading: units as the names say, defaults filled in.
 */

const offset = z.tuple([z.number(), z.number()]).describe('Degrees east and north of the centre')

export const FootprintShape = z.discriminatedUnion('shape', [
  z.object({ shape: z.literal('circle'), radiusDeg: z.number() }),
  z.object({ shape: z.literal('rectangle'), widthDeg: z.number(), heightDeg: z.number() }),
  z.object({ shape: z.literal('box'), widthDeg: z.number(), heightDeg: z.number() }),
  z.object({ shape: z.literal('polygon'), vertices: z.array(offset) }),
  z.object({ shape: z.literal('mosaic'), polygons: z.array(z.array(offset)) }),
])
export type FootprintShape = z.output<typeof FootprintShape>

const axis = z.object({ rateDegPerS: z.number(), accelerationDegPerS2: z.number().optional() })

export const SlewModel = z.discriminatedUnion('mount', [
  z.object({ mount: z.literal('direct'), axis, settleS: z.number() }),
  z.object({ mount: z.literal('equatorial'), hourAngle: axis, declination: axis, settleS: z.number() }),
  z.object({ mount: z.literal('altazimuth'), azimuth: axis, altitude: axis, settleS: z.number() }),
])

export const TelescopeLimits = z.object({
  sunAltitudeMaxDeg: z.number(),
  altitudeMinDeg: z.number(),
  altitudeMaxDeg: z.number().optional(),
  horizon: z.array(z.object({ azimuthDeg: z.number(), altitudeDeg: z.number() })).optional(),
  airmassMax: z.number().optional(),
  decMinDeg: z.number().optional(),
  decMaxDeg: z.number().optional(),
  hourAngleMinHours: z.number().optional(),
  hourAngleMaxHours: z.number().optional(),
  moonSeparationMinDeg: z.number().optional(),
  moonAltitudeMaxDeg: z.number().optional(),
  galacticLatitudeMinDeg: z.number().optional(),
})

export const TelescopeFilter = z.object({
  name: z.string(),
  /** AB magnitude at 5σ in `exposureS`; null where nobody says. */
  depthMag: z.number().nullable(),
  exposureS: z.number(),
})

/** Patterns that fields may be laid in by rule. */
export const laidKinds = ['hexagonal', 'spiral', 'ring'] as const

/**
 * A grid that is computed. `rows`: declination rows at least this far apart from the south pole on, fields of a row as far
 * apart on the sky, the first at RA 0, numbered from 0. The others are laid for the footprint with an overlap.
 */
export const GridRule = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('rows'), spacingDeg: z.number() }),
  z.object({ kind: z.enum(laidKinds), overlap: z.number() }),
])
export type GridRule = z.output<typeof GridRule>

/** How fields are laid: on the grid of that name, or wherever the probability is. */
export const Pointing = z.discriminatedUnion('how', [
  z.object({
    how: z.literal('free'),
    /** Name of the grid that the definition asks for and nobody has uploaded. */
    wants: z.string().optional(),
  }),
  z.object({
    how: z.literal('grid'),
    grid: z.string(),
    fields: z.number().int(),
    /** Computed by this; left out: uploaded. */
    rule: GridRule.optional(),
  }),
])
export type Pointing = z.output<typeof Pointing>

/** Something that may well be wrong; the telescope can be used, and every plan with it says so. */
export const Doubt = z.object({
  key: z.string(),
  text: z.string(),
  stated: z.boolean().describe('True: written in the definition; false: found by the checks'),
})
export type Doubt = z.output<typeof Doubt>

const telescopeOrigins = ['shipped', 'own'] as const

export const Telescope = z
  .object({
    slug: z.string().describe('Lower case letters, digits, dashes'),
    name: z.string(),
    origin: z.enum(telescopeOrigins),
    instrument: z.string().nullable(),
    observatory: z
      .string()
      .nullable()
      .describe('By the name in the list of observatories, where it is listed'),
    site: z.object({ latitude: z.number(), longitude: z.number(), elevationM: z.number() }),
    timeZone: z.string().nullable(),
    /** In space or without a fixed place: planned without horizon and night. */
    ground: z.boolean(),
    limits: TelescopeLimits,
    footprint: FootprintShape,
    fieldAreaDeg2: z.number(),
    filters: z.array(TelescopeFilter).min(1),
    slew: SlewModel,
    readoutS: z.number(),
    readoutBlocksSlew: z.boolean(),
    overheadS: z.number(),
    filterChangeS: z.number(),
    maxExposureS: z.number().nullable(),
    pointing: Pointing,
    /** Slug of the telescope that this is another description of (detectors with gaps, or none). */
    alternativeTo: z.string().nullable(),
    note: z.string().nullable(),
    /** Where the numbers come from: one line per source. */
    sources: z.array(z.string()),
    doubts: z.array(Doubt),
    /** Number of the version, from 1; an edit makes the next. */
    version: z.number().int(),
    changedAt: z.iso.datetime().nullable(),
    changedBy: z.string().nullable(),
  })
  .meta({ id: 'Telescope' })
export type Telescope = z.output<typeof Telescope>

/** What is wrong with a definition: refused with these, line by line. */
export const DefinitionProblem = z.object({
  line: z.number().int().nullable(),
  key: z.string().nullable(),
  text: z.string(),
})
export type DefinitionProblem = z.output<typeof DefinitionProblem>

/** A telescope as its definition alone says: no origin, no history, and only the doubts that are written there. */
export type TelescopeDefinition = Omit<Telescope, 'origin' | 'version' | 'changedAt' | 'changedBy'>

/** What a check says: the telescope where it can be used, and all that is wrong where it can't. */
export const DefinitionCheck = z
  .object({
    ok: z.boolean(),
    telescope: z.union([Telescope, z.null()]),
    problems: z.array(DefinitionProblem),
  })
  .meta({ id: 'TelescopeCheck' })
export type DefinitionCheck = z.output<typeof DefinitionCheck>

/** One version of a telescope's definition, newest first in lists. */
export const TelescopeVersion = z
  .object({
    version: z.number().int(),
    /** `shipped`: the own definition was taken back; `removed`: there is no telescope of that slug any more. */
    what: z.enum(['defined', 'shipped', 'removed']),
    at: z.iso.datetime().nullable().describe('Null for what comes with the program'),
    by: z.string().nullable(),
  })
  .meta({ id: 'TelescopeVersion' })
export type TelescopeVersion = z.output<typeof TelescopeVersion>

/**
 * A telescope as JSON takes it: what GET answers may be changed and sent back. What the program finds out itself (origin,
 * version, area, doubts of the checks) may stand there and is not read.
 */
export const TelescopeInput = z
  .strictObject({
    ...Telescope.partial().shape,
    name: Telescope.shape.name,
    limits: Telescope.shape.limits.partial().optional(),
    footprint: FootprintShape,
    filters: z.array(TelescopeFilter.extend({ depthMag: z.number().nullable().default(null) })),
    slew: SlewModel,
  })
  .meta({ id: 'TelescopeInput' })
export type TelescopeInput = z.output<typeof TelescopeInput>
