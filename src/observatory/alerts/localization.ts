import { z } from 'zod'

/** Where on the sky an event is: always a probability map, whatever the notice stated. Identity: hash of the map. */

/** What the map was made from. */
export const localizationKinds = ['map', 'combined', 'circle', 'ellipse', 'polygon', 'point'] as const
export const LocalizationKind = z.enum(localizationKinds)
export type LocalizationKind = z.output<typeof LocalizationKind>

/** `waiting`: the map is at an address and not yet fetched. `failed`: `problem` says why. */
export const localizationStates = ['ready', 'waiting', 'failed'] as const
export const LocalizationState = z.enum(localizationStates)
export type LocalizationState = z.output<typeof LocalizationState>

/** Numbers of the map, areas by linear interpolation of the cumulative curve (the convention of ligo.skymap). */
export const MapSummary = z
  .object({
    area50Deg2: z.number(),
    area90Deg2: z.number(),
    /** Centre of the densest cell, ICRS degrees. */
    peak: z.object({ ra: z.number(), dec: z.number() }),
    peakDensityPerSr: z.number(),
    /** Marginal luminosity distance over the whole sky; null where the map has none. */
    distance: z.object({ meanMpc: z.number(), stdMpc: z.number() }).nullable(),
    cells: z.number().int(),
    orders: z.object({ min: z.number().int(), max: z.number().int() }),
    /** Convention of the grandma rules: crossing cell left out, unweighted mean of DISTMU in the 90 % region. */
    grandma: z.object({
      area50Deg2: z.number(),
      area90Deg2: z.number(),
      distanceMeanMpc: z.number().nullable(),
      distanceStdMpc: z.number(),
    }),
  })
  .meta({ id: 'MapSummary' })
export type MapSummary = z.output<typeof MapSummary>

export const LocalizationSummary = z
  .object({
    id: z.string(),
    eventId: z.string().nullable(),
    noticeId: z.string(),
    kind: LocalizationKind,
    state: LocalizationState,
    /** True for the one the event page shows and the assessment used. */
    preferred: z.boolean(),
    /** SHA-256 of the FITS file as stored; null until it is here. */
    mapSha256: z.string().nullable(),
    mapByteLength: z.number().int().nullable(),
    /** Where the map is or was fetched from. */
    sourceUrl: z.string().nullable(),
    /** Probability that the notice states inside its error region. */
    containment: z.number().nullable(),
    /** False: the containment is our assumption, `note` says which. */
    containmentStated: z.boolean(),
    note: z.string().nullable().describe('"map not yet fetched", "containment assumed 0.90", …'),
    summary: MapSummary.nullable(),
    createdAt: z.iso.datetime(),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: 'LocalizationSummary' })
export type LocalizationSummary = z.output<typeof LocalizationSummary>

/** Credible level of a point: the probability in all cells at least as dense as the one it lies in. */
export const LevelAnswer = z
  .object({
    ra: z.number(),
    dec: z.number(),
    level: z.number().describe('0 to 1; 0.9 means on the edge of the 90 % region'),
    densityPerSr: z.number(),
    searchedAreaDeg2: z.number(),
    distance: z.object({ meanMpc: z.number(), stdMpc: z.number() }).nullable(),
  })
  .meta({ id: 'LevelAnswer' })
export type LevelAnswer = z.output<typeof LevelAnswer>
