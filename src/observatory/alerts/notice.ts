import { z } from 'zod'

/**
 * A notice: one message as it came in. Its bytes are stored before anything else is done with it; everything here but
 * `receivedAt`, `sha256` and the stream coordinates comes from parsing them later.
 */

/** What kind of thing in the sky a notice or an event is about. */
export const eventKinds = ['gw', 'grb', 'xray', 'gamma', 'neutrino', 'frb', 'optical', 'unknown'] as const
export const EventKind = z.enum(eventKinds)
export type EventKind = z.output<typeof EventKind>

/**
 * How real it is. `observation`: the sky. `test` and `mock` are never announced as real, hidden by default and
 * expire. `simulated`: made by this program for its demonstration; shown, always marked.
 */
export const eventRoles = ['observation', 'test', 'mock', 'simulated'] as const
export const EventRole = z.enum(eventRoles)
export type EventRole = z.output<typeof EventRole>

/** What a notice says about its event. `circular` is prose, `followup` another instrument's look at it. */
export const noticeTypes = [
  'earlywarning',
  'preliminary',
  'initial',
  'update',
  'subsequent',
  'retraction',
  'followup',
  'circular',
  'other',
] as const
export const NoticeType = z.enum(noticeTypes)
export type NoticeType = z.output<typeof NoticeType>

/**
 * `received`: bytes are safe, not yet looked at. `parsed`: understood. `other`: recognised, kept, makes no event (an
 * observing request, a message internal to another system). `dead`: could not be understood; `problem` says why.
 */
export const noticeStates = ['received', 'parsed', 'other', 'dead'] as const
export const NoticeState = z.enum(noticeStates)
export type NoticeState = z.output<typeof NoticeState>

const time = z.iso.datetime({ offset: false })
const problem = z.object({ code: z.string(), message: z.string() })

/** Stated position and error, as printed in the notice; ICRS degrees. */
export const Position = z
  .object({
    ra: z.number().describe('Right ascension, ICRS degrees in [0, 360)'),
    dec: z.number().describe('Declination, ICRS degrees'),
    /** Radius of the error circle, or the semi-major axis of the ellipse. Null: none was stated. */
    errorDeg: z.number().nullable().describe('Error radius (or semi-major axis), degrees'),
    /** Probability inside that radius; null where neither the notice nor its mission's documents say. */
    containment: z.number().nullable().describe('Probability inside the error, 0 to 1'),
    systematicIncluded: z.boolean(),
  })
  .meta({ id: 'Position' })
export type Position = z.output<typeof Position>

/** A detection by another observatory that the senders found coincident with this event. */
export const ExternalCoincidence = z
  .object({
    observatory: z.string(),
    search: z.string().nullable(),
    /** Trigger number or notice id at the other observatory. */
    triggerId: z.string().nullable(),
    ivorn: z.string().nullable(),
    timeDifferenceSeconds: z.number().nullable(),
    timeCoincidenceFarHz: z.number().nullable(),
    timeSkyCoincidenceFarHz: z.number().nullable(),
    hasCombinedMap: z.boolean(),
  })
  .meta({ id: 'ExternalCoincidence' })
export type ExternalCoincidence = z.output<typeof ExternalCoincidence>

/** One difference to the notice before it. `sense`: does it make the event more (`up`) or less interesting. */
export const Change = z
  .object({
    field: z.string().describe('What changed, e.g. area90Deg2 or classification.BBH'),
    label: z.string().describe('The same for people, e.g. "90 % area"'),
    unit: z.string().describe('Unit of both values, empty for none'),
    before: z.union([z.string(), z.number(), z.boolean()]).nullable(),
    after: z.union([z.string(), z.number(), z.boolean()]).nullable(),
    /** One phrase: "90 % area 165.3 → 44.9 deg²". */
    text: z.string(),
    sense: z.enum(['up', 'down', 'neutral']),
  })
  .meta({ id: 'Change' })
export type Change = z.output<typeof Change>

export const NoticeSummary = z
  .object({
    id: z.string(),
    state: NoticeState,
    type: NoticeType.nullable(),
    kind: EventKind.nullable(),
    role: EventRole,
    format: z.string().nullable().describe('Key in the registry of formats, e.g. igwn.json, voevent'),
    mission: z.string().nullable().describe('LVK, Swift, Fermi, …'),
    instrument: z.string().nullable(),
    title: z.string().describe('One line for lists: "Swift XRT position", "LVK initial"'),
    eventId: z.string().nullable(),
    eventName: z.string().nullable(),
    topic: z.string().describe('Kafka topic, or post, file, gracedb'),
    partition: z.number().int().nullable(),
    offset: z.string().nullable().describe('Kafka offset, a decimal string'),
    receivedAt: time,
    createdAt: time.nullable().describe('When the sender wrote it'),
    sha256: z.string(),
    byteLength: z.number().int(),
    problem: problem.nullable(),
    /** How many times the same message came in. */
    receptions: z.number().int(),
  })
  .meta({ id: 'NoticeSummary' })
export type NoticeSummary = z.output<typeof NoticeSummary>

/** A value a mission states beside the common ones, with its unit. */
export const Detail = z
  .object({ name: z.string(), value: z.union([z.string(), z.number(), z.boolean()]), unit: z.string() })
  .meta({ id: 'Detail' })
export type Detail = z.output<typeof Detail>

export const Link = z.object({ label: z.string(), url: z.string() }).meta({ id: 'Link' })
export type Link = z.output<typeof Link>

export const NoticeDetail = NoticeSummary.extend({
  /** Time of the event itself (merger, trigger), which the notice states. */
  eventTime: time.nullable(),
  position: Position.nullable(),
  significant: z.boolean().nullable(),
  farHz: z.number().nullable().describe('False-alarm rate, Hz'),
  pAstro: z.number().nullable(),
  instruments: z.array(z.string()).describe('Detectors: H1, L1, V1, K1'),
  group: z.string().nullable(),
  pipeline: z.string().nullable(),
  search: z.string().nullable(),
  durationSeconds: z.number().nullable(),
  centralFrequencyHz: z.number().nullable(),
  classification: z.record(z.string(), z.number()).describe('Probability by class'),
  properties: z.record(z.string(), z.number()).describe('HasNS, HasRemnant, HasMassGap, HasSSM, …'),
  externalCoincidence: ExternalCoincidence.nullable(),
  aliases: z.array(z.string()),
  details: z.array(Detail).describe('What the mission says beside, with units'),
  links: z.array(Link),
  localizationId: z.string().nullable().describe('The localization preferred for this notice'),
  /** Differences to the notice before it; empty for the first. */
  changes: z.array(Change),
  /** Fields that no part of this program reads, kept as they came (long ones cut; the bytes have them whole). */
  unknownFields: z.record(z.string(), z.unknown()),
  /** Text of a circular. */
  body: z.string().nullable(),
}).meta({ id: 'NoticeDetail' })
export type NoticeDetail = z.output<typeof NoticeDetail>

/** Answer to a POST of raw bytes: they are durable now. `duplicate`: they already were. */
export const NoticeReceipt = z
  .object({ id: z.string(), sha256: z.string(), duplicate: z.boolean() })
  .meta({ id: 'NoticeReceipt' })
export type NoticeReceipt = z.output<typeof NoticeReceipt>
