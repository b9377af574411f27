import { canonicalName, missionName } from '#observatory/alerts/aliases.ts'
import type { EventKind } from '#observatory/alerts/notice.ts'
import type { ParsedNotice } from './format.ts'
import { isoUtc, isRecord, numberOf, numbersOf, stringOf, stringsOf } from './text.ts'

/** What the missions of the unified schema family have of their own; one line each, by the folder of their schema. */

export interface UnifiedMission {
  name: string
  instrument: string | null
  kind: EventKind
  makes: ParsedNotice['makes']
  /** Written before an id, which counts only within the mission. */
  idPrefix: string
  adapt?: (notice: ParsedNotice, json: Record<string, unknown>) => void
}

interface Line {
  schema: RegExp
  name: string
  kind: EventKind
  instrument?: string
  makes?: ParsedNotice['makes']
  idPrefix?: string
  adapt?: UnifiedMission['adapt']
}

const table: readonly Line[] = [
  { schema: /\bboom\b/, name: 'BOOM', kind: 'optical', adapt: adaptBoom },
  { schema: /\bburstcube\b/, name: 'BurstCube', kind: 'grb' },
  { schema: /\bchime\b/, name: 'CHIME', kind: 'frb' },
  { schema: /\bdsa110\b/, name: 'DSA-110', kind: 'frb' },
  { schema: /\beinstein_probe\b/, name: 'Einstein Probe', kind: 'xray', idPrefix: 'EP' },
  { schema: /\bfermi[/.]gbm\b/, name: 'Fermi', kind: 'grb', instrument: 'GBM' },
  { schema: /\bfermi[/.]lat\b/, name: 'Fermi', kind: 'gamma', instrument: 'LAT', idPrefix: 'Fermi-LAT', adapt: adaptFlare },
  { schema: /\bglowbug\b/i, name: 'Glowbug', kind: 'grb' },
  // An archive telling that data are public: nothing happened in the sky.
  { schema: /\bheasarc\b/, name: 'HEASARC', kind: 'unknown', makes: 'nothing' },
  // A search around a gravitational-wave event belongs to that event.
  { schema: /lvk_nu_track_search|lvknutracksearch/i, name: 'IceCube', kind: 'neutrino', makes: 'attachment', adapt: adaptSearch },
  { schema: /\bicecube\b/, name: 'IceCube', kind: 'neutrino' },
  { schema: /\bkm3net\b/, name: 'KM3NeT', kind: 'neutrino' },
  { schema: /\bmaxi\b/, name: 'MAXI', kind: 'xray' },
  { schema: /\bsuperk\b/, name: 'Super-Kamiokande', kind: 'neutrino' },
  { schema: /\bsvom\b/, name: 'SVOM', kind: 'grb' },
  { schema: /\bswift[/.]bat[/.]guano\b/i, name: 'Swift', kind: 'grb', instrument: 'BAT-GUANO', idPrefix: 'Swift-GUANO', adapt: adaptGuano },
  { schema: /\bswift\b/, name: 'Swift', kind: 'grb' },
] // prettier-ignore

/** Mission by schema address, else by topic, else by what the notice says of itself. */
export function unifiedMission(schema: string, topic: string, json: Record<string, unknown>): UnifiedMission {
  const path = schema.split('/notices/')[1] ?? topic.replace(/^gcn\.notices\./, '')
  const stated = stringOf(json['mission'])
  const named = stated ? table.filter((entry) => entry.name === missionName(stated)) : []
  const line =
    table.find((entry) => entry.schema.test(path)) ??
    named.find((entry) => entry.instrument === stringOf(json['instrument'])) ??
    named[0]
  const name = line?.name ?? (stated ? missionName(stated) : 'unknown mission')
  return {
    name,
    instrument: line?.instrument ?? null,
    kind: line?.kind ?? kindOf(json),
    makes: line?.makes ?? 'event',
    idPrefix: line?.idPrefix ?? name,
    ...(line?.adapt && { adapt: line.adapt }),
  }
}

function kindOf(json: Record<string, unknown>): EventKind {
  const names = stringsOf(json['event_name']).join(' ')
  const classes = Object.keys(numbersOf(json['classification'])).join(' ')
  if (json['messenger'] === 'Neutrino') return 'neutrino'
  if (json['messenger'] === 'GW') return 'gw'
  if (/\bGRB\b/.test(`${names} ${classes}`)) return 'grb'
  if (/\bFRB\b/.test(names) || 'dm' in json) return 'frb'
  if (/\b(AT|SN)\s?\d{4}|ZTF\d/.test(names) || 'mag' in json) return 'optical'
  return 'unknown'
}

/** An optical broker sends its candidates in a list; a notice is about the first, the others are kept beside. */
function adaptBoom(notice: ParsedNotice, json: Record<string, unknown>): void {
  const data = isRecord(json['data']) ? json['data'] : {}
  const targets = Array.isArray(data['targets']) ? data['targets'].filter(isRecord) : []
  const [first] = targets
  if (!first) return
  const ra = numberOf(first['ra'])
  const dec = numberOf(first['dec'])
  if (ra !== null && dec !== null && Math.abs(dec) <= 90) {
    notice.position = { ra, dec, errorDeg: null, containment: null, systematicIncluded: false }
  }
  notice.classification = numbersOf(first['classification_scores'])
  for (const target of targets) {
    for (const text of stringsOf(target['event_name'])) {
      const name = canonicalName(text)
      if (target === first) notice.names.push({ name: name.name, source: 'BOOM', key: name.key })
      else notice.details.push({ name: 'Further candidate', value: name.name, unit: '' })
    }
    const matches = Array.isArray(target['gcn_crossmatch']) ? target['gcn_crossmatch'].filter(isRecord) : []
    for (const match of matches) {
      const id = stringOf(match['ref_ID'])
      if (id) notice.cites.push({ relation: 'crossmatch', id: canonicalName(id).name })
    }
  }
}

/** A flaring source has a name but no trigger: the day of the flare tells one flare from the next. */
function adaptFlare(notice: ParsedNotice, json: Record<string, unknown>): void {
  const start = isoUtc(json['observation_start'])
  const source = stringsOf(json['event_name'])[0]
  if (start && source)
    notice.names.push({ name: `${source} flare ${start.slice(0, 10)}`, source: 'Fermi', key: true })
}

function adaptSearch(notice: ParsedNotice, json: Record<string, unknown>): void {
  notice.type = 'followup'
  notice.title = 'IceCube neutrino search'
  const id = stringOf(json['ref_ID'])
  if (id) notice.names = [{ name: canonicalName(id).name, source: 'IceCube', key: true }]
  const towards = json['most_probable_direction']
  if (!isRecord(towards)) return
  const ra = numberOf(towards['ra'])
  const dec = numberOf(towards['dec'])
  if (ra !== null && dec !== null && Math.abs(dec) <= 90) {
    notice.position = { ra, dec, errorDeg: null, containment: null, systematicIncluded: false }
  }
}

/** GUANO looks at other missions' triggers; a burst it follows is the same burst, a wave it follows is not. */
function adaptGuano(notice: ParsedNotice, json: Record<string, unknown>): void {
  notice.voice = 'Swift-GUANO'
  const followed = stringOf(json['follow_up_event'])
  if (followed && json['follow_up_type'] === 'GRB') {
    const name = canonicalName(followed)
    if (name.key) notice.names.push({ name: name.name, source: 'Swift', key: true })
  }
}
