import { Problem } from '#problem.ts'
import { canonicalName } from '#observatory/alerts/aliases.ts'
import type { ExternalCoincidence, NoticeType } from '#observatory/alerts/notice.ts'
import { blankNotice, type Format, type MapSource, type ParsedNotice } from './format.ts'
import { booleanOf, isoUtc, isRecord, numberOf, numbersOf, stringOf, stringsOf, trimmed } from './text.ts'

/**
 * Alerts of the LIGO–Virgo–KAGRA network (topic `igwn.gwalert`), alert schema 1.0 and later. In JSON the sky map is
 * base64 text, in Avro it is bytes; the rest is the same.
 */

export const igwnTypes: Record<string, NoticeType> = {
  EARLYWARNING: 'earlywarning',
  EARLY_WARNING: 'earlywarning',
  PRELIMINARY: 'preliminary',
  INITIAL: 'initial',
  UPDATE: 'update',
  RETRACTION: 'retraction',
}

const known = new Set([
  'alert_type',
  'time_created',
  'superevent_id',
  'urls',
  'event',
  'external_coinc',
  '$schema',
])
const knownEvent = new Set(
  'significant time far instruments group pipeline search properties classification duration central_frequency skymap'.split(
    ' ',
  ),
)

export const igwnJson: Format = {
  key: 'igwn.json',
  title: 'LVK alert (IGWN JSON)',
  sniff: (_message, json) => json !== null && isIgwn(json),
  parse: (_message, json) => igwnNotice('igwn.json', json!),
}

/** True for the record of an alert, false for other things that carry a superevent id. */
export function isIgwn(record: Record<string, unknown>): boolean {
  return (
    typeof record['superevent_id'] === 'string' &&
    typeof record['alert_type'] === 'string' &&
    ('event' in record || 'time_created' in record)
  )
}

/** Notice of the alert record, whichever encoding it came in. */
export function igwnNotice(format: string, record: Record<string, unknown>): ParsedNotice {
  const id = stringOf(record['superevent_id'])
  const word = stringOf(record['alert_type'])?.toUpperCase() ?? ''
  const type = igwnTypes[word]
  if (!id) throw new Problem('notice.unreadable', 'The LVK alert has an empty superevent_id.')
  if (!type) {
    throw new Problem(
      'notice.unreadable',
      `The LVK alert of ${id} has the unknown alert_type ${JSON.stringify(word)}.`,
    )
  }
  const notice = blankNotice(format, 'LVK', `LVK ${typeTitle(type)}`)
  const name = canonicalName(id)
  notice.kind = 'gw'
  notice.type = type
  notice.role = gwRole(name.name)
  notice.names = [{ name: name.name, source: 'LVK', key: true }]
  notice.createdAt = isoUtc(record['time_created'])
  for (const [label, url] of Object.entries(isRecord(record['urls']) ? record['urls'] : {})) {
    if (typeof url === 'string') notice.links.push({ label: label === 'gracedb' ? 'GraceDB' : label, url })
  }
  const event = record['event']
  if (event !== null && event !== undefined && !isRecord(event)) {
    throw new Problem(
      'notice.unreadable',
      `The LVK alert of ${id} has an "event" that is neither an object nor null.`,
    )
  }
  if (isRecord(event)) readEvent(notice, event, id)
  else if (type !== 'retraction') {
    throw new Problem('notice.unreadable', `The LVK alert of ${id} is ${word} but carries no "event".`)
  }
  readCoincidence(notice, record['external_coinc'])
  for (const [key, value] of Object.entries(record)) {
    if (!known.has(key)) notice.unknownFields[key] = trimmed(value)
  }
  return notice
}

function readEvent(notice: ParsedNotice, event: Record<string, unknown>, id: string): void {
  notice.eventTime = isoUtc(event['time'])
  if (!notice.eventTime)
    throw new Problem('notice.unreadable', `The LVK alert of ${id} has no readable event.time.`)
  notice.significant = booleanOf(event['significant'])
  notice.farHz = numberOf(event['far'])
  notice.instruments = stringsOf(event['instruments'])
  notice.group = stringOf(event['group'])
  notice.pipeline = stringOf(event['pipeline'])
  notice.search = stringOf(event['search'])
  notice.durationSeconds = numberOf(event['duration'])
  notice.centralFrequencyHz = numberOf(event['central_frequency'])
  notice.classification = numbersOf(event['classification'])
  notice.properties = numbersOf(event['properties'])
  if (notice.search === 'MDC' && notice.role === 'observation') notice.role = 'mock'
  const map = mapSource(event['skymap'], 'event', id)
  if (map) notice.maps.push(map)
  for (const [key, value] of Object.entries(event)) {
    if (!knownEvent.has(key)) notice.unknownFields[`event.${key}`] = trimmed(value)
  }
}

function readCoincidence(notice: ParsedNotice, value: unknown): void {
  if (!isRecord(value)) return
  const combined = mapSource(value['combined_skymap'], 'combined', notice.names[0]!.name)
  if (combined) notice.maps.push(combined)
  notice.externalCoincidence = {
    observatory: stringOf(value['observatory']) ?? 'unknown',
    search: stringOf(value['search']),
    triggerId: stringOf(value['gcn_notice_id']),
    ivorn: stringOf(value['ivorn']),
    timeDifferenceSeconds: numberOf(value['time_difference']),
    timeCoincidenceFarHz: numberOf(value['time_coincidence_far']),
    timeSkyCoincidenceFarHz: numberOf(value['time_sky_position_coincidence_far']),
    hasCombinedMap: combined !== null,
  } satisfies ExternalCoincidence
}

function mapSource(value: unknown, role: MapSource['role'], id: string): MapSource | null {
  if (value === null || value === undefined || value === '') return null
  if (typeof value === 'string') return { role, at: 'base64', text: value, essential: true }
  if (value instanceof Uint8Array) return { role, at: 'bytes', bytes: value }
  throw new Problem(
    'notice.unreadable',
    `The LVK alert of ${id} has a sky map that is neither base64 text nor null.`,
  )
}

/** Role by the first letters of a superevent: M… is mock data, T… a test. */
export function gwRole(id: string): 'observation' | 'test' | 'mock' {
  return /^M/i.test(id) ? 'mock' : /^T/i.test(id) ? 'test' : 'observation'
}

const titles: Partial<Record<NoticeType, string>> = { earlywarning: 'early warning' }
export function typeTitle(type: NoticeType): string {
  return titles[type] ?? type
}
