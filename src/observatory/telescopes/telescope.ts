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

/** How fields are laid: on the grid of that name, or wherever the probability is. */
export const Pointing = z.discriminatedUnion('how', [
  z.object({ how: z.literal('free') }),
  z.object({ how: z.literal('grid'), grid: z.string(), fields: z.number().int() }),
])

/** Something that may well be wrong; the telescope can be used, and every plan with it says so. */
export const Doubt = z.object({ key: z.string(), text: z.string() })

export const telescopeOrigins = ['shipped', 'own'] as const

export const Telescope = z
  .object({
    slug: z.string().describe('Lower case letters, digits, dashes'),
    name: z.string(),
    origin: z.enum(telescopeOrigins),
    instrument: z.string().nullable(),
    observatory: z.string().nullable().describe('Name in the list of observatories, where it stands at one'),
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
