import { Problem } from '#problem.ts'
import { canonicalName } from '#observatory/alerts/aliases.ts'
import type { Detail, NoticeType } from '#observatory/alerts/notice.ts'
import { blankNotice, type Format, type ParsedNotice } from './format.ts'
import { gwRole } from './igwn.ts'
import { unifiedMission } from './missions.ts'
import { booleanOf, isoUtc, isRecord, numberOf, numbersOf, stringOf, stringsOf, trimmed } from './text.ts'

/**
 * The unified GCN schema family (`gcn.notices.*`, version 7.2.1): all missions share the core blocks, so a mission
 * nobody has heard of is read by them too. Defaults are the schema's: containment 0.9, systematic error not included.
 */

const types: Record<string, NoticeType> = {
  initial: 'initial',
  update: 'update',
  subsequent: 'subsequent',
  retraction: 'retraction',
}

/** Core fields that this format puts into a place of its own. */
const known = new Set(
  `$schema alert_datetime alert_tense alert_type trigger_time id event_name mission instrument messenger ra dec
   ra_dec_error containment_probability systematic_included healpix_url healpix_file far p_astro classification
   properties data_archive_page luminosity_distance luminosity_distance_error rectangular_error_corners t90 pipeline
   record_number rate_snr image_snr snr net_count_rate rate_duration image_duration trigger_type flux flux_unit dm
   dm_error redshift redshift_error nu_energy light_curve_url additional_info description update_message ref_ID
   follow_up_event follow_up_type known_source most_probable_direction pval_generic pval_bayesian
   n_events_coincident signalness observation_start observation_stop type hardness_ratio`.split(/\s+/),
)

export const unified: Format = {
  key: 'gcn.unified',
  title: 'Notice of the unified GCN schema',
  sniff: ({ topic }, json) =>
    json !== null &&
    (/\/gcn\/notices\//.test(stringOf(json['$schema']) ?? '') ||
      topic.startsWith('gcn.notices.') ||
      ['alert_datetime', 'trigger_time', 'alert_tense', 'ra_dec_error', 'containment_probability'].some(
        (field) => field in json,
      )),
  parse: (message, json) => parseUnified(json!, message.topic),
}

function parseUnified(json: Record<string, unknown>, topic: string): ParsedNotice {
  const schema = stringOf(json['$schema']) ?? ''
  const mission = unifiedMission(schema, topic, json)
  const notice = blankNotice('gcn.unified', mission.name, '')
  notice.kind = mission.kind
  notice.instrument = stringOf(json['instrument']) ?? mission.instrument
  notice.makes = mission.makes
  notice.type = noticeType(json['alert_type'])
  notice.role = noticeRole(json, schema, topic)
  notice.createdAt = timeOf(json, 'alert_datetime')
  notice.eventTime = timeOf(json, 'trigger_time')
  notice.farHz = firstNumber(json['far'])
  notice.pAstro = firstNumber(json['p_astro'] ?? json['signalness'])
  notice.classification = numbersOf(json['classification'])
  notice.properties = numbersOf(json['properties'])
  notice.pipeline = stringOf(json['pipeline'])
  notice.search = stringOf(json['type'])
  notice.durationSeconds = firstNumber(json['t90'])
  notice.snr = maxNumber(json['rate_snr'], json['image_snr'], json['snr'])
  notice.body =
    stringOf(json['update_message']) ?? stringOf(json['additional_info']) ?? stringOf(json['description'])
  const distance = firstNumber(json['luminosity_distance'])
  if (distance !== null)
    notice.distance = { meanMpc: distance, stdMpc: firstNumber(json['luminosity_distance_error']) }
  readPlace(notice, json)
  readNames(notice, json, mission.idPrefix)
  notice.details = detailsOf(json)
  for (const [field, label] of linkFields) {
    const url = stringOf(json[field])
    if (url && /^https?:/.test(url)) notice.links.push({ label, url })
  }
  for (const [field, value] of Object.entries(json)) {
    if (!known.has(field)) notice.unknownFields[field] = trimmed(value)
  }
  mission.adapt?.(notice, json)
  // What is planned has not happened.
  if (tenseOf(json) === 'planned') notice.makes = 'nothing'
  if (notice.makes === 'event' && notice.names.length === 0) notice.makes = 'nothing'
  notice.title ||= [notice.mission, notice.instrument, notice.type].filter(Boolean).join(' ')
  return notice
}

const linkFields = [
  ['data_archive_page', 'Data archive'],
  ['light_curve_url', 'Light curve'],
  ['healpix_url', 'Map'],
] as const

function noticeType(value: unknown): NoticeType {
  if (value === undefined || value === null) return 'initial'
  const word = stringOf(value) ?? ''
  const type = types[word.toLowerCase()]
  if (!type) {
    throw new Problem(
      'notice.unreadable',
      `The notice has the unknown alert_type ${JSON.stringify(word.slice(0, 40))}; the schema knows ${Object.keys(types).join(', ')}.`,
    )
  }
  return type
}

/** Test by tense, by topic or by the name of the schema; injections are mock data. */
function noticeRole(json: Record<string, unknown>, schema: string, topic: string): ParsedNotice['role'] {
  const tense = tenseOf(json)
  if (tense === 'injection') return 'mock'
  if (
    tense === 'test' ||
    tense === 'commanded' ||
    /(^|[./])test\./.test(topic) ||
    /\/test\.schema/.test(schema)
  )
    return 'test'
  const reference = stringOf(json['ref_ID'])
  return reference && /^[MT]S\d/.test(reference) ? gwRole(reference) : 'observation'
}

function tenseOf(json: Record<string, unknown>): string | undefined {
  return stringOf(json['alert_tense'])?.toLowerCase()
}

function timeOf(json: Record<string, unknown>, field: string): string | null {
  const value = json[field]
  if (value === undefined || value === null) return null
  const time = isoUtc(Array.isArray(value) ? value[0] : value)
  if (!time)
    throw new Problem(
      'notice.unreadable',
      `The notice's ${field} is no ISO 8601 time: ${JSON.stringify(value)?.slice(0, 60)}.`,
    )
  return time
}

function readPlace(notice: ParsedNotice, json: Record<string, unknown>): void {
  const ra = numberOf(json['ra'])
  const dec = numberOf(json['dec'])
  const stated = numberOf(json['containment_probability'])
  if (ra !== null && dec !== null) {
    checkDirection(ra, dec)
    const containment = stated ?? 0.9
    if (!(containment > 0 && containment < 1)) {
      throw new Problem(
        'notice.unreadable',
        `The notice's containment_probability is ${containment}; it must lie between 0 and 1.`,
      )
    }
    const errors = errorAxes(json['ra_dec_error'])
    const east = inTurn(ra)
    notice.position = {
      ra: east,
      dec,
      errorDeg: errors ? Math.max(errors[0], errors[1]) : null,
      containment: errors || json['rectangular_error_corners'] ? containment : stated,
      systematicIncluded: booleanOf(json['systematic_included']) ?? false,
    }
    notice.containmentStated = stated !== null
    const corners = cornersOf(json['rectangular_error_corners'])
    if (errors) notice.region = regionOf(east, dec, errors)
    else if (corners) notice.region = { shape: 'polygon', ra: east, dec, vertices: corners }
  }
  const file = json['healpix_file']
  const url = stringOf(json['healpix_url'])
  if (typeof file === 'string' && file !== '') {
    notice.maps.push({ role: 'event', at: 'base64', text: file, essential: file.length > 1000 })
  } else if (url && /\.fits?(\.gz)?($|[?#,])/i.test(url))
    notice.maps.push({ role: 'event', at: 'address', url })
}

/** Right ascension in [0, 360), untouched where it already is. */
export function inTurn(ra: number): number {
  return ra >= 0 && ra < 360 ? ra : ((ra % 360) + 360) % 360
}

export function checkDirection(ra: number, dec: number): void {
  if (dec < -90 || dec > 90 || ra < -360 || ra > 720) {
    throw new Problem(
      'notice.unreadable',
      `The notice's position (RA ${ra}, Dec ${dec} deg) is not on the sky.`,
      { ra, dec },
    )
  }
}

/** [major, minor, angle] of `ra_dec_error`: a radius or one to three numbers. */
function errorAxes(value: unknown): [number, number, number] | null {
  const numbers = (Array.isArray(value) ? value : [value]).map(numberOf)
  const [major, minor, angle] = numbers
  if (major === null || major === undefined) return null
  const axes: [number, number, number] = [major, minor ?? major, angle ?? 0]
  if (axes[0] < 0 || axes[1] < 0 || axes[0] > 180 || axes[1] > 180) {
    throw new Problem(
      'notice.unreadable',
      `The notice's ra_dec_error is ${JSON.stringify(value)}; it must lie between 0 and 180 deg.`,
    )
  }
  return axes
}

/** An ellipse with its axes in order: a longer "minor" axis turns the angle by 90°. */
function regionOf(ra: number, dec: number, [a, b, angle]: [number, number, number]): ParsedNotice['region'] {
  if (a === b) return { shape: 'circle', ra, dec, radiusDeg: a }
  return b > a
    ? { shape: 'ellipse', ra, dec, majorDeg: b, minorDeg: a, angleDeg: (angle + 90) % 180 }
    : { shape: 'ellipse', ra, dec, majorDeg: a, minorDeg: b, angleDeg: angle }
}

function cornersOf(value: unknown): [number, number][] | null {
  if (!Array.isArray(value) || value.length < 3 || value.length > 64) return null
  const corners = value.map((corner): [number, number] | null => {
    const [ra, dec] = Array.isArray(corner) ? corner.map(numberOf) : []
    return ra === null || dec === null || ra === undefined || dec === undefined ? null : [ra, dec]
  })
  return corners.every((corner) => corner !== null) ? corners : null
}

/** Ids count within their mission; event names join across missions where their family is known. */
function readNames(notice: ParsedNotice, json: Record<string, unknown>, prefix: string): void {
  const add = (name: string, key: boolean): void => {
    if (!notice.names.some((n) => n.name === name)) notice.names.push({ name, source: notice.mission, key })
  }
  for (const text of stringsOf(json['event_name'])) {
    const name = canonicalName(text)
    add(name.name, name.key)
  }
  for (const id of stringsOf(json['id'])) {
    const name = canonicalName(id)
    if (name.key && name.family !== 'gracedb') add(name.name, true)
    else add(`${prefix} ${name.name}`, true)
  }
  const related = stringOf(json['follow_up_event']) ?? stringOf(json['ref_ID'])
  if (related) notice.cites.push({ relation: 'followup', id: canonicalName(related).name })
}

const detailFields: readonly [string, string, string][] = [
  ['rate_snr', 'Rate significance', 'sigma'],
  ['image_snr', 'Image significance', 'sigma'],
  ['snr', 'Signal to noise', ''],
  ['rate_duration', 'Rate time scale', 's'],
  ['image_duration', 'Image time scale', 's'],
  ['net_count_rate', 'Net count rate', 'ct/s'],
  ['nu_energy', 'Neutrino energy', 'TeV'],
  ['dm', 'Dispersion measure', 'pc cm-3'],
  ['dm_error', 'Dispersion measure error', 'pc cm-3'],
  ['redshift', 'Redshift', ''],
  ['t90', 'T90', 's'],
  ['hardness_ratio', 'Hardness ratio', ''],
  ['pval_generic', 'p-value, generic search', ''],
  ['pval_bayesian', 'p-value, Bayesian search', ''],
  ['n_events_coincident', 'Coincident neutrinos', ''],
  ['trigger_type', 'Trigger', ''],
  ['known_source', 'Known source', ''],
  ['observation_start', 'Observation start', 'UTC'],
  ['observation_stop', 'Observation stop', 'UTC'],
  ['record_number', 'Record', ''],
]

function detailsOf(json: Record<string, unknown>): Detail[] {
  const details: Detail[] = []
  for (const [field, name, unit] of detailFields) {
    const value = json[field]
    const plain = Array.isArray(value) ? value[0] : value
    if (typeof plain === 'number' || typeof plain === 'string' || typeof plain === 'boolean') {
      details.push({ name, value: plain, unit })
    }
  }
  const flux = numberOf(json['flux'])
  if (flux !== null)
    details.push({ name: 'Flux', value: flux, unit: stringOf(json['flux_unit']) ?? 'erg/cm2/s' })
  const towards = json['most_probable_direction']
  if (isRecord(towards)) {
    details.push({
      name: 'Most probable direction',
      value: `${numberOf(towards['ra']) ?? '?'}, ${numberOf(towards['dec']) ?? '?'}`,
      unit: 'deg',
    })
  }
  return details
}

/** First number of a number or an asymmetric pair. */
function firstNumber(value: unknown): number | null {
  return numberOf(Array.isArray(value) ? value[0] : value)
}

function maxNumber(...values: unknown[]): number | null {
  const numbers = values.map(firstNumber).filter((n) => n !== null)
  return numbers.length ? Math.max(...numbers) : null
}
