import { Problem } from '#problem.ts'
import { eclipticToIcrs, galacticToIcrs } from '#science/sky/frames.ts'
import { convertTime, momentOfUnix, unixOf } from '#science/sky/time.ts'
import { canonicalName } from '#observatory/alerts/aliases.ts'
import type { Position } from '#observatory/alerts/notice.ts'
import { blankNotice, type Format, type ParsedNotice } from './format.ts'
import { booleanOf, isoUtc, millisOf, numberOf, rateHz, stringOf } from './text.ts'
import { checkDirection, inTurn } from './unified.ts'
import { degreesPer, dialectOf, type Dialect, type Params } from './voevent-dialects.ts'
import { readLvk } from './voevent-lvk.ts'
import { attribute, child, children, parseXml, textIn, type Element } from './xml.ts'

/**
 * VOEvent 2.0 (IVOA Recommendation 2011-07-11): who, what (parameters with ucd and unit), where and when, why, what it
 * cites. What a mission means by its parameters is in `voevent-dialects.ts`.
 */
export const voevent: Format = {
  key: 'voevent',
  title: 'VOEvent 2.0',
  sniff: ({ text }) => text !== null && /^\s*<[\s\S]{0,4000}?VOEvent/.test(text),
  parse: ({ text }) => {
    const { name, root } = parseXml(text!)
    if (name !== 'VOEvent') {
      throw new Problem(
        'notice.unreadable',
        `The XML's root element is <${name.slice(0, 60)}>, not <VOEvent>.`,
      )
    }
    return parseVoevent(root)
  },
}

function parseVoevent(root: Element): ParsedNotice {
  const ivorn = attribute(root, 'ivorn')
  if (!ivorn)
    throw new Problem('notice.unreadable', 'The VOEvent has no ivorn, so it cannot be told from others.')
  const params = readParams(child(root, 'What'))
  const dialect = dialectOf(ivorn, params)
  const notice = blankNotice('voevent', dialect.mission, '')
  notice.kind = dialect.kind
  notice.instrument = dialect.instrument
  notice.makes = dialect.makes
  notice.createdAt = isoUtc(textIn(child(root, 'Who'), 'Date'))
  notice.cites = children(child(root, 'Citations'), 'EventIVORN').map((cite) => ({
    relation: attribute(cite, 'cite') ?? 'followup',
    id: textIn(cite) ?? '',
  }))
  notice.type = voeventType(params, notice.cites)
  notice.role = voeventRole(root, ivorn, params)
  // Tables of how a satellite moves, and what somebody expects: nothing was seen.
  if (/^(utility|prediction)$/.test(attribute(root, 'role') ?? '')) notice.makes = 'nothing'
  readWhereWhen(notice, root, dialect, params)
  if (dialect.lvk) readLvk(notice, params)
  else readMission(notice, root, dialect, params, ivorn)
  notice.unknownFields = Object.fromEntries(
    [...params.entries()]
      .filter(([key]) => !dialect.known.has(key.split('.').pop()!))
      .map(([key, p]) => [key, p.value]),
  )
  notice.unknownFields['ivorn'] = ivorn
  notice.title ||= titleOf(notice.mission, notice.instrument, dialect.title)
  return notice
}

/** Mission, instrument and stream in one line, no word twice. */
function titleOf(...parts: (string | null)[]): string {
  const words = parts.flatMap((part) => (part ?? '').split(/[\s-]+/)).filter(Boolean)
  const first = (word: string, i: number): boolean =>
    words.findIndex((w) => w.toLowerCase() === word.toLowerCase()) === i
  return words.filter(first).join(' ')
}

/** Parameters by name, those in groups as `Group.Name`. The first of a name wins. */
function readParams(what: Element): Params {
  const params: Params = new Map()
  const read = (element: Element, prefix: string): void => {
    for (const param of children(element, 'Param')) {
      const name = attribute(param, 'name')
      const value = attribute(param, 'value') ?? textIn(param, 'Value')
      if (!name || value === null || params.has(prefix + name) || params.size >= 2000) continue
      params.set(prefix + name, {
        value,
        unit: attribute(param, 'unit') ?? '',
        ucd: attribute(param, 'ucd') ?? '',
      })
    }
    for (const group of children(element, 'Group')) {
      const name = attribute(group, 'type') ?? attribute(group, 'name') ?? 'Group'
      read(group, `${name}.`)
    }
  }
  read(what, '')
  return params
}

function voeventType(params: Params, cites: ParsedNotice['cites']): ParsedNotice['type'] {
  if (cites.some((cite) => cite.relation === 'retraction')) return 'retraction'
  for (const name of [
    'Retraction',
    'Trigger_ID.Retraction',
    'Misc_flags.Retraction',
    'Misc_Flags.Retraction',
  ]) {
    if (booleanOf(params.get(name)?.value)) return 'retraction'
  }
  if (cites.some((cite) => cite.relation === 'supersedes')) return 'update'
  return cites.length > 0 ? 'subsequent' : 'initial'
}

const testFlags = /(^|\.)(Test_Submission|Test_Notice|Test|InternalTest|HardwareInj)$/

function voeventRole(root: Element, ivorn: string, params: Params): ParsedNotice['role'] {
  if (attribute(root, 'role') === 'test' || /[#_-]test([_-]|\d|$)/i.test(ivorn)) return 'test'
  for (const [name, { value }] of params) if (testFlags.test(name) && booleanOf(value)) return 'test'
  return 'observation'
}

function readWhereWhen(notice: ParsedNotice, root: Element, dialect: Dialect, params: Params): void {
  const location = child(root, 'WhereWhen', 'ObsDataLocation', 'ObservationLocation')
  const coords = child(location, 'AstroCoords')
  const system =
    attribute(coords, 'coord_system_id') ??
    attribute(child(location, 'AstroCoordSystem'), 'id') ??
    'UTC-FK5-GEO'
  if (!system.startsWith('UTC'))
    notice.details.push({ name: 'Time and frame as stated', value: system, unit: '' })
  const stated = textIn(child(coords, 'Time', 'TimeInstant'), 'ISOTime')
  notice.eventTime = utcOf(isoUtc(stated), system)
  // Fermi LAT prints a time like 2026-01--9130T00:00:00 where it has none; the position is worth having all the same.
  if (stated && !notice.eventTime) {
    notice.details.push({ name: 'Time as stated, not readable', value: stated.slice(0, 60), unit: '' })
  }
  if (dialect.place === 'none') return
  const position = readPosition(coords, system, dialect, params)
  if (!position) return
  notice.position = position
  notice.containmentStated = dialect.containmentStated(params)
  if (position.errorDeg !== null) {
    notice.region = { shape: 'circle', ra: position.ra, dec: position.dec, radiusDeg: position.errorDeg }
  }
}

/** The time in UTC where the coordinate system names another scale: `TDB-ICRS-BARY`. */
function utcOf(iso: string | null, system: string): string | null {
  const scale = timeScales.find((name) => system.toLowerCase().startsWith(`${name}-`))
  if (iso === null || scale === undefined) return iso
  const utc = convertTime(momentOfUnix(millisOf(iso) / 1000), scale, 'utc')
  return new Date(Math.round(unixOf(utc) * 1000)).toISOString()
}

const timeScales = ['tt', 'tdb', 'tai', 'gps'] as const

/**
 * ICRS position of two coordinates in the frame that the coordinate system or the names of the axes tell. FK5 and ICRS
 * agree to 0.02″, far below any error radius. Throws for frames that would need an equinox or an epoch.
 */
function icrsOf(first: number, second: number, system: string, axis: string): [number, number] {
  const galactic = /GALACTIC|(^|-)GAL(-|$)/i.test(system) || /^(g?lon\b|glon|gal.*l|l|l_?ii)$/i.test(axis)
  if (galactic) return galacticToIcrs(first, second)
  if (/ECLIPTIC/i.test(system)) return eclipticToIcrs(first, second)
  if (/FK4|B1950|ALT_?AZ|HORIZON|GEO_[CD]/i.test(system)) {
    throw new Problem(
      'notice.unreadable',
      `The VOEvent's position is in ${JSON.stringify(system.slice(0, 60))}; ICRS, FK5, Galactic and ecliptic are read.`,
    )
  }
  return [first, second]
}

function readPosition(coords: Element, system: string, dialect: Dialect, params: Params): Position | null {
  const place = coords['Position2D'] === undefined ? child(coords, 'Position3D') : child(coords, 'Position2D')
  const scale = degreesPer[(attribute(place, 'unit') ?? 'deg').toLowerCase().split('-')[0]!]
  const value = place['Value2'] === undefined ? child(place, 'Value3') : child(place, 'Value2')
  const first = numberOf(textIn(value, 'C1'))
  const second = numberOf(textIn(value, 'C2'))
  if (first === null || second === null) return null
  if (scale === undefined) {
    throw new Problem(
      'notice.unreadable',
      `The VOEvent's position is in ${JSON.stringify(attribute(place, 'unit'))}, a unit that is not known.`,
    )
  }
  // Some senders put declination first and say so by name.
  const axis = textIn(place, 'Name1') ?? ''
  const swapped = /^dec/i.test(axis)
  const lon = (swapped ? second : first) * scale
  const lat = (swapped ? first : second) * scale
  const printed = numberOf(textIn(place, 'Error2Radius'))
  const error = dialect.error(params) ?? (printed === null ? null : printed * scale)
  checkDirection(lon, lat)
  // Missions without a position yet fill in zeros.
  if (lon === 0 && lat === 0 && (error === null || error === 0 || error >= 180)) return null
  if (error !== null && (error < 0 || error > 360)) {
    throw new Problem(
      'notice.unreadable',
      `The VOEvent's Error2Radius is ${error}; it must lie between 0 and 180 deg.`,
    )
  }
  if (error !== null && error >= 180) return null
  const [ra, dec] = icrsOf(lon, lat, system, axis)
  return {
    ra: inTurn(ra),
    dec,
    errorDeg: error,
    containment: error === null ? null : dialect.containment,
    systematicIncluded: dialect.systematicIncluded,
  }
}

function readMission(
  notice: ParsedNotice,
  root: Element,
  dialect: Dialect,
  params: Params,
  ivorn: string,
): void {
  const add = (name: string, key: boolean): void => {
    if (!notice.names.some((n) => n.name === name)) notice.names.push({ name, source: dialect.mission, key })
  }
  for (const inference of children(child(root, 'Why'), 'Inference')) {
    for (const text of children(inference, 'Name').map((n) => textIn(n))) {
      if (!text) continue
      const name = canonicalName(text)
      add(name.name, name.key)
    }
  }
  for (const id of dialect.ids(params)) add(id, true)
  const given = params.get('event_name')?.value ?? params.get('SourceName')?.value
  if (given) {
    const name = canonicalName(given)
    add(name.name, name.key)
  }
  // Without a number of the event the message's own identifier, and those it replaces, tell it from others.
  if (!notice.names.some((n) => n.key)) {
    if (notice.eventTime) add(`${dialect.mission} ${notice.eventTime.slice(0, 19)}`, false)
    add(identifier(ivorn), true)
    for (const { relation, id } of notice.cites) {
      if (/^(retraction|supersedes)$/.test(relation) && id) add(identifier(id), true)
    }
  }
  const far = params.get('FAR')
  const rate = numberOf(far?.value)
  if (far && rate !== null) notice.farHz = rateHz(rate, far.unit)
  notice.pAstro = numberOf(params.get('signalness')?.value)
  const cited = notice.cites.find((cite) => cite.relation === 'retraction')
  if (cited) notice.type = 'retraction'
  for (const [name, label, unit, factor] of detailParams) {
    const param = params.get(name) ?? [...params].find(([key]) => key.endsWith(`.${name}`))?.[1]
    const value = numberOf(param?.value)
    if (value === null) continue
    const scaled = factor === 1 ? value : Number((value * factor).toPrecision(12))
    notice.details.push({ name: label, value: scaled, unit: unit || stringOf(param?.unit) || '' })
    if (/significance|Signal to noise/.test(label) && value > (notice.snr ?? 0)) notice.snr = value
  }
  for (const [name, { value, ucd }] of params) {
    if (!/^https?:/.test(value) || !(ucd.includes('meta.ref.url') || /URL$/i.test(name))) continue
    notice.links.push({ label: name.replace(/_/g, ' '), url: value })
    if (/\.fits?(\.gz)?($|[?#,])/i.test(value) && notice.maps.length === 0 && dialect.place !== 'none') {
      notice.maps.push({ role: 'event', at: 'address', url: value })
    }
  }
  if (
    /true/i.test(
      params.get('Solution_Status.Def_NOT_a_GRB')?.value ??
        params.get('Trigger_ID.Def_NOT_a_GRB')?.value ??
        '',
    )
  ) {
    notice.properties['NotGRB'] = 1
  }
}

function identifier(ivorn: string): string {
  return ivorn.replace(/^ivo:\/\//, '')
}

/** Parameters shown for people: name, label, unit, factor to it. UVOT prints magnitudes times 100. */
const detailParams: readonly [string, string, string, number][] = [
  ['Rate_Signif', 'Rate significance', 'sigma', 1],
  ['Image_Signif', 'Image significance', 'sigma', 1],
  ['Burst_Signif', 'Burst significance', 'sigma', 1],
  ['Data_Signif', 'Data significance', 'sigma', 1],
  ['Det_Signif', 'Detection significance', 'sigma', 1],
  ['Inten_Sigma', 'Intensity significance', 'sigma', 1],
  ['SNR', 'Signal to noise', 'sigma', 1],
  ['Integ_Time', 'Integration time', 's', 1],
  ['Data_Integ', 'Integration time', 's', 1],
  ['Timescale', 'Time scale', 's', 1],
  ['Trans_Duration', 'Duration', 's', 1],
  ['Burst_Mag', 'Magnitude', 'mag', 0.01],
  ['Mag_Error', 'Magnitude error', 'mag', 0.01],
  ['energy', 'Neutrino energy', '', 1],
  ['src_error_50', 'Error radius, 50 %', 'deg', 1],
  ['Hardness_Ratio', 'Hardness ratio', '', 1],
  ['Most_Likely_Prob', 'Probability of the likeliest class', '%', 1],
  ['Mean_Flux', 'Mean flux', '', 1],
]
