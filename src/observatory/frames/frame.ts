import { z } from 'zod'
import { filterNames } from '#science/image/calibration/filters.ts'

/**
 * A frame: one FITS file, known by the SHA-256 of its bytes wherever it lies and whatever it is called. What its header says
 * is kept with the keyword that said it; what it does not say is null, with the reason.
 */

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256: 64 small hexadecimal digits')

export const frameKinds = [
  'bias',
  'dark',
  'flat',
  'arc',
  'object',
  'stack',
  'difference',
  'mask',
  'other',
] as const
export const FrameKind = z.enum(frameKinds)
export type FrameKind = z.output<typeof FrameKind>

/** Names of what a header may say. */
export const factNames = [
  'telescope',
  'instrument',
  'site',
  'filter',
  'kind',
  'object',
  'time',
  'exposure',
  'gain',
  'saturation',
  'readNoise',
  'airmass',
  'pointing',
  'binning',
  'dataSection',
  'unit',
] as const
export const FactName = z.enum(factNames)
export type FactName = z.output<typeof FactName>

const text = z.string().nullable()
const number = z.number().nullable()

export const FrameTime = z
  .object({
    /** As the header has it. */
    text: z.string(),
    place: z
      .enum(['start', 'middle', 'end', 'unknown'])
      .describe('Where in the exposure the header’s time lies'),
    scale: z.enum(['utc', 'tai', 'tt', 'tdb', 'gps', 'unknown']),
    /** The header's time itself. */
    mjd: number.describe('MJD, UTC; null where the scale is unknown'),
    middle: number.describe('MJD of the middle of the exposure, UTC; null where it is not known'),
  })
  .meta({ id: 'FrameTime' })
export type FrameTime = z.output<typeof FrameTime>

export const FrameSite = z
  .object({
    name: text,
    longitudeDeg: z.number().describe('East is positive'),
    latitudeDeg: z.number(),
    heightM: number,
  })
  .meta({ id: 'FrameSite' })
export type FrameSite = z.output<typeof FrameSite>

/** Stored values of Pan-STARRS stacks are an asinh of the flux; whoever reads pixels undoes it. */
export const PixelScale = z
  .discriminatedUnion('form', [
    z.object({ form: z.literal('linear') }),
    z.object({ form: z.literal('asinh'), offset: z.number(), softening: z.number() }),
  ])
  .meta({ id: 'FramePixelScale' })
export type PixelScale = z.output<typeof PixelScale>

/** What the header of one image says. */
export const Facts = z
  .object({
    /** Dialects that the header is written in, the most telling first; `generic` where none is recognised. */
    profiles: z.array(z.string()),
    telescope: text,
    instrument: text,
    site: FrameSite.nullable(),
    filter: z.enum(filterNames).nullable().describe('Band, by the aliases of its names'),
    filterName: text.describe('As the header has it'),
    kind: FrameKind.nullable(),
    object: text,
    time: FrameTime.nullable(),
    exposure: number.describe('s'),
    gain: number.describe('electron/adu'),
    saturation: number.describe('Values of this and above are saturated; adu'),
    readNoise: number.describe('electron'),
    airmass: number,
    /** Where the telescope pointed as the header says in words, not the WCS. */
    pointing: z.object({ ra: z.number(), dec: z.number() }).nullable().describe('deg'),
    binning: z.tuple([z.number(), z.number()]).nullable(),
    dataSection: z
      .object({ x0: z.number(), x1: z.number(), y0: z.number(), y1: z.number() })
      .nullable()
      .describe('Pixels exposed to light, from 0, ends not included'),
    unit: text.describe('Of the pixels, as BUNIT has it'),
    pixels: PixelScale,
    from: z.partialRecord(FactName, z.string()).describe('Keyword that said it'),
    missing: z.partialRecord(FactName, z.string()).describe('Why a value is null, one sentence'),
    doubts: z.array(z.string()),
  })
  .meta({ id: 'FrameFacts' })
export type Facts = z.output<typeof Facts>

const direction = z.tuple([z.number(), z.number()])

/** The part of the sky that an image shows, by its WCS. ICRS, degrees. */
export const Footprint = z
  .object({
    polygon: z
      .array(direction)
      .describe('Outline through the outer edges; empty where it is wider than a hemisphere'),
    centre: direction,
    radiusDeg: z.number().describe('Of the circle around the centre that holds it all'),
    areaDeg2: z.number(),
    pixelScaleArcsec: z.number().describe('Of one pixel at the centre'),
    projection: z.string().describe('As the WCS names it: TAN, TPV, SIN …'),
  })
  .meta({ id: 'FrameFootprint' })
export type Footprint = z.output<typeof Footprint>

/** One image of the file. */
export const FrameImage = z
  .object({
    hdu: z.number().int(),
    name: z.string().describe('EXTNAME'),
    shape: z.array(z.number().int()).describe('In FITS order: the first axis varies fastest'),
    bitpix: z.number().int(),
    compressed: z.string().nullable().describe('ZCMPTYPE of a compressed image'),
    role: z.enum(['image', 'mask', 'noise', 'weight', 'spectrum', 'other']),
    footprint: Footprint.nullable(),
    noFootprint: z.string().nullable().describe('Why it has none'),
    gain: number,
    saturation: number,
    readNoise: number,
  })
  .meta({ id: 'FrameImage' })
export type FrameImage = z.output<typeof FrameImage>

export const Frame = z
  .object({
    sha256: Sha256,
    name: z.string().describe('Name of the file'),
    byteLength: z.number().int(),
    packing: z
      .enum(['none', 'gzip'])
      .describe('Of the whole file; compressed images are said image by image'),
    images: z.array(FrameImage),
    /** Index in `images` of what the facts speak of: the first image that is no mask and has pixels. */
    main: z.number().int(),
    facts: Facts,
    /** All images together. */
    footprint: Footprint.omit({ polygon: true, projection: true }).nullable(),
    inPlace: z.boolean().describe('The bytes stay in a registered folder; otherwise they are in the storage'),
    origin: z.string().describe('Where it came from: file name, address, or folder and path'),
    owner: z.string().nullable(),
    groups: z.array(z.string()),
    publicAt: z.iso.datetime().nullable(),
    note: z.string().nullable(),
    addedAt: z.iso.datetime(),
    addedBy: z.string(),
    thumbnail: z.boolean().describe('One is there; otherwise it is being made, or could not be'),
  })
  .meta({ id: 'Frame' })
export type Frame = z.output<typeof Frame>

/** To whom a frame belongs; what is left out is nobody but the owner. */
export const FrameRights = z
  .object({
    groups: z.array(z.string().max(64)).max(50).default([]),
    publicAt: z.iso.datetime().nullable().default(null),
  })
  .meta({ id: 'FrameRights' })
export type FrameRights = z.output<typeof FrameRights>

/** A file that became no frame. */
export const FrameFailure = z
  .object({
    id: z.string(),
    origin: z.string(),
    byteLength: z.number().int().nullable(),
    code: z.string(),
    reason: z.string(),
    at: z.iso.datetime(),
    by: z.string(),
  })
  .meta({ id: 'FrameFailure' })
export type FrameFailure = z.output<typeof FrameFailure>
