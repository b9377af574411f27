import { z } from 'zod'
import { Assessment, Decision } from './assessment.ts'
import { LocalizationSummary } from './localization.ts'
import { EventKind, EventRole, ExternalCoincidence, Link, NoticeDetail, NoticeType } from './notice.ts'

/** An event: one happening in the sky, collecting the notices about it. Identity: opaque id and aliases. */

export const eventStatuses = ['active', 'retracted'] as const
export const EventStatus = z.enum(eventStatuses)
export type EventStatus = z.output<typeof EventStatus>

/** A name and who gave it: `{ name: 'GRB 251214A', source: 'Swift' }`. */
export const Alias = z
  .object({ name: z.string(), source: z.string(), since: z.iso.datetime() })
  .meta({ id: 'Alias' })
export type Alias = z.output<typeof Alias>

/** What a list shows of where an event is. */
export const EventPlace = z
  .object({
    localizationId: z.string().nullable(),
    /** `none`: no notice states a place. `waiting`: map not yet fetched. */
    state: z.enum(['ready', 'waiting', 'failed', 'none']),
    ra: z.number().nullable().describe('Peak of the map or stated position, ICRS degrees'),
    dec: z.number().nullable(),
    errorDeg: z.number().nullable().describe('Stated error radius, degrees'),
    area50Deg2: z.number().nullable(),
    area90Deg2: z.number().nullable(),
    distanceMeanMpc: z.number().nullable(),
    distanceStdMpc: z.number().nullable(),
    combined: z.boolean(),
  })
  .meta({ id: 'EventPlace' })
export type EventPlace = z.output<typeof EventPlace>

/** What a list shows of the last assessment. */
export const EventVerdict = z
  .object({
    rules: z.string(),
    version: z.string(),
    score: z.number(),
    decision: Decision,
    reason: z.string(),
  })
  .meta({ id: 'EventVerdict' })
export type EventVerdict = z.output<typeof EventVerdict>

export const EventSummary = z
  .object({
    id: z.string(),
    /** The name people use: S241102br, GRB 251214A, IceCube-230416A, else the first alias. */
    name: z.string(),
    kind: EventKind,
    role: EventRole,
    status: EventStatus,
    /** A person asked to keep it; tests and mocks are removed after 30 days otherwise. */
    kept: z.boolean(),
    expiresAt: z.iso.datetime().nullable(),
    aliases: z.array(z.string()),
    /** Merger or trigger time. */
    eventTime: z.iso.datetime().nullable(),
    firstNoticeAt: z.iso.datetime(),
    lastNoticeAt: z.iso.datetime(),
    noticeCount: z.number().int(),
    latestType: NoticeType,
    mission: z.string().nullable(),
    significant: z.boolean().nullable(),
    farHz: z.number().nullable(),
    /** Most probable class and its probability. */
    topClass: z.object({ name: z.string(), probability: z.number() }).nullable(),
    classification: z.record(z.string(), z.number()),
    place: EventPlace,
    verdict: EventVerdict.nullable(),
    /** Opaque; changes whenever anything above does. Also the ETag. */
    revision: z.string(),
  })
  .meta({ id: 'EventSummary' })
export type EventSummary = z.output<typeof EventSummary>

export const EventDetail = EventSummary.extend({
  aliasList: z.array(Alias),
  properties: z.record(z.string(), z.number()),
  externalCoincidence: ExternalCoincidence.nullable(),
  instruments: z.array(z.string()),
  /** Oldest first; each with what changed since the one before. */
  notices: z.array(NoticeDetail),
  localizations: z.array(LocalizationSummary),
  assessments: z.array(Assessment),
  links: z.array(Link),
}).meta({ id: 'EventDetail' })
export type EventDetail = z.output<typeof EventDetail>

/** One line of what people and programs did to an event. */
export const EventHistoryEntry = z
  .object({
    at: z.iso.datetime(),
    by: z.string(),
    what: z.enum(['created', 'notice', 'retracted', 'revived', 'merged', 'split', 'kept', 'released']),
    text: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'EventHistoryEntry' })
export type EventHistoryEntry = z.output<typeof EventHistoryEntry>
