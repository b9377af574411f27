import { parse, TomlError } from 'smol-toml'
import { Problem } from '#problem.ts'
import { footprintAreaDeg2 } from '#science/planning/footprint.ts'
import type { Footprint } from '#science/planning/model.ts'
import { gridRuleOf, maxLaidFields, ruleFields } from './grid-rule.ts'
import { footprintOf } from './footprint-keys.ts'
import { createFindings, keysOf, type Findings, type Keys } from './keys.ts'
import { limitsOf } from './limit-keys.ts'
import { siteNamed } from './places.ts'
import { checkReach } from './reach.ts'
import { slewOf } from './slew-keys.ts'
import type { DefinitionProblem, Doubt, Pointing, TelescopeDefinition } from './telescope.ts'
import { linesOf, type KeyPath } from './toml-lines.ts'

/**
 * The definition of a telescope in TOML (docs/guide/telescopes.md), read into the nouns of `telescope.ts`. What can't be
 * true is refused, all of it at once, each with its line.
 */

export interface Read {
  /** Null where anything is wrong. */
  definition: TelescopeDefinition | null
  problems: DefinitionProblem[]
  /** Where a key stands. */
  lineOf: (path: KeyPath) => number
}

/** Longest definition, bytes of UTF-8: it is kept in a column. */
export const maxDefinitionBytes = 60_000

/** More are counted, not listed. */
const mostProblems = 100

const slugPattern = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/
/** Words that stand where a slug does in addresses. */
const reserved = ['check', 'convert']

/** Reads a definition; never throws for what stands in it. */
export function readDefinition(source: string | Uint8Array): Read {
  const refuse = (line: number | null, text: string): Read => ({
    definition: null,
    problems: [{ line, key: null, text }],
    lineOf: () => 1,
  })
  const bytes = typeof source === 'string' ? Buffer.byteLength(source) : source.byteLength
  if (bytes > maxDefinitionBytes)
    return refuse(null, `The definition has ${bytes} bytes; at most ${maxDefinitionBytes} are read.`)
  let text: string
  try {
    text = typeof source === 'string' ? source : new TextDecoder('utf-8', { fatal: true }).decode(source)
  } catch {
    return refuse(null, 'The definition is not text in UTF-8.')
  }
  if (text.includes('\0'))
    return refuse(text.slice(0, text.indexOf('\0')).split('\n').length, 'A NUL stands here.')
  text = text.replace(/^\uFEFF/, '')
  let data: Record<string, unknown>
  try {
    data = parse(text, { maxDepth: 20 })
  } catch (error) {
    if (error instanceof TomlError)
      return refuse(
        error.line,
        `${error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, 'TOML: ')}.`,
      )
    // Deeper than anything that a definition could mean.
    if (error instanceof RangeError || error instanceof Error) return refuse(null, `TOML: ${error.message}`)
    throw error
  }
  const lineOf = linesOf(text)
  const findings = createFindings(lineOf)
  const definition = read(keysOf(data, [], findings), findings)
  const all = findings.problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
  const problems = all.slice(0, mostProblems)
  if (all.length > mostProblems)
    problems.push({ line: null, key: null, text: `There are ${all.length - mostProblems} more mistakes.` })
  return { definition: problems.length === 0 ? definition : null, problems, lineOf }
}

/** One sentence for a definition that is refused, the list in `details.problems`. */
export function refusal(problems: readonly DefinitionProblem[], file: string): Problem {
  const lines = problems.map((problem) => problemLine(problem, file))
  const more = lines.length > 1 ? ` (and ${lines.length - 1} more)` : ''
  return new Problem('telescope.invalid', `${lines[0] ?? file}${more}`, { problems, file })
}

/** `tch.toml:12: site.latitude is 129.3 deg; it can't be more than 90 deg.` */
export function problemLine({ line, key, text }: DefinitionProblem, file: string): string {
  const place = line === null ? file : `${file}:${line}`
  const sentence = `${key === null ? '' : `${key} `}${text}`
  return `${place}: ${sentence}${/[.!?]$/.test(sentence) ? '' : '.'}`
}

function read(keys: Keys, findings: Findings): TelescopeDefinition | null {
  const name = keys.text('name', 100)
  if (!keys.has('name')) keys.wrong('name', 'is missing')
  const slug = keys.text('slug', 100) ?? (name === undefined ? undefined : slugOf(name))
  if (slug !== undefined && !slugPattern.test(slug))
    keys.wrong(
      keys.has('slug') ? 'slug' : 'name',
      keys.has('slug')
        ? 'must be 1 to 40 lower-case letters a–z, digits and inner dashes'
        : `makes no slug of letters, digits and dashes; give one: slug = "…"`,
    )
  else if (slug !== undefined && reserved.includes(slug))
    keys.wrong('slug', `is a word of the program; take another`)
  const ground = keys.flag('ground') ?? true
  const { observatory, site } = siteOf(keys, ground)
  const limitKeys = keys.table('limits')
  if (!keys.has('limits') && ground) keys.wrong('limits', 'is missing: write [limits] with altitude_min_deg')
  const limits = limitsOf(
    limitKeys ?? keysOf(ground ? { altitude_min_deg: 0 } : {}, ['limits'], findings),
    ground,
    findings,
  )
  const footprintKeys = keys.table('footprint')
  if (!keys.has('footprint')) keys.wrong('footprint', 'is missing: write [footprint] with a shape')
  const footprint = footprintKeys && footprintOf(footprintKeys, findings)
  const fieldAreaDeg2 = footprint && footprintKeys ? areaOf(footprint, footprintKeys) : undefined
  const timing = timingOf(keys)
  const filters = filtersOf(keys)
  const slewKeys = keys.table('slew')
  if (!keys.has('slew')) keys.wrong('slew', 'is missing: write [slew] with mount and rate_deg_per_s')
  const slew = slewKeys && slewOf(slewKeys)
  const pointing = pointingOf(keys, footprint, fieldAreaDeg2)
  const definition = {
    slug,
    name,
    instrument: keys.text('instrument', 100) ?? null,
    observatory,
    site,
    timeZone: timeZoneOf(keys),
    ground,
    limits,
    footprint,
    fieldAreaDeg2,
    filters,
    slew,
    ...timing,
    pointing,
    alternativeTo: keys.text('alternative_to', 40) ?? null,
    note: keys.text('note', 1_000) ?? null,
    sources: keys.texts('sources', 30),
    doubts: statedDoubts(keys),
  }
  keys.refuseOthers({
    latitude: 'belongs under [site]',
    longitude: 'belongs under [site]',
    elevation_m: 'belongs under [site]',
    filters: 'is written as [[filter]], one for each',
    filt: 'is a key of another program; here filters are [[filter]] tables ("urania telescopes convert" turns such files into ours)',
    FOV: 'is a key of another program; here it is [footprint] ("urania telescopes convert" turns such files into ours)',
  })
  if (ground && site && findings.problems.length === 0) checkReach(limits, site.latitude, limitKeys ?? keys)
  if (
    slug === undefined ||
    name === undefined ||
    site === undefined ||
    footprint === undefined ||
    fieldAreaDeg2 === undefined ||
    slew === undefined ||
    pointing === undefined
  )
    return null
  return {
    ...definition,
    slug,
    name,
    site,
    footprint: mutable(footprint),
    fieldAreaDeg2,
    slew,
    pointing,
    limits: { ...limits, horizon: limits.horizon?.map((point) => ({ ...point })) },
  }
}

/** The noun's types come from Zod, which knows no readonly. */
function mutable(footprint: Footprint): TelescopeDefinition['footprint'] {
  if (footprint.shape === 'polygon')
    return { shape: 'polygon', vertices: footprint.vertices.map(([e, n]) => [e, n]) }
  if (footprint.shape === 'mosaic')
    return { shape: 'mosaic', polygons: footprint.polygons.map((ring) => ring.map(([e, n]) => [e, n])) }
  return { ...footprint }
}

function slugOf(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40)
}

interface Place {
  observatory: string | null
  site: TelescopeDefinition['site'] | undefined
}

function siteOf(all: Keys, ground: boolean): Place {
  const keys = all.table('site')
  if (!keys) {
    if (!ground && !all.has('site'))
      return { observatory: null, site: { latitude: 0, longitude: 0, elevationM: 0 } }
    if (!all.has('site')) all.wrong('site', 'is missing: write [site] with latitude, longitude, elevation_m')
    return { observatory: null, site: undefined }
  }
  const observatory = keys.text('observatory', 100) ?? null
  const known = observatory === null ? undefined : siteNamed(observatory)
  const need: Keys['number'] = (key, rule) =>
    ground && !known ? keys.needNumber(key, rule) : keys.number(key, rule)
  const latitude = need('latitude', { min: -90, max: 90, unit: 'deg' }) ?? known?.latitudeDeg
  const longitude = need('longitude', { min: -180, max: 360, unit: 'deg east' }) ?? known?.longitudeDeg
  const height = ground ? { min: -450, max: 6_000, unit: 'm' } : { unit: 'm' }
  const elevationM = need('elevation_m', height) ?? known?.heightM
  keys.refuseOthers({
    lat: 'is written latitude, deg',
    lon: 'is written longitude, deg east',
    lng: 'is written longitude, deg east',
    elevation: 'is written elevation_m, metres',
    altitude: 'is written elevation_m, metres',
    height: 'is written elevation_m, metres',
  })
  if (!ground)
    return {
      observatory,
      site: { latitude: latitude ?? 0, longitude: east(longitude ?? 0), elevationM: elevationM ?? 0 },
    }
  const complete = latitude !== undefined && longitude !== undefined && elevationM !== undefined
  return { observatory, site: complete ? { latitude, longitude: east(longitude), elevationM } : undefined }
}

/** −180 … 180. */
function east(longitude: number): number {
  return longitude > 180 ? longitude - 360 : longitude
}

function timeZoneOf(keys: Keys): string | null {
  const zone = keys.text('time_zone', 60)
  if (zone === undefined) return null
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone && zone
  } catch {
    keys.wrong(
      'time_zone',
      `is ${JSON.stringify(zone)}, which is no zone of the IANA list, like "America/Santiago"`,
    )
    return null
  }
}

/** The area on the sky, compared with the one that is stated, if one is. */
function areaOf(footprint: Footprint, keys: Keys): number {
  const area = footprintAreaDeg2(footprint)
  const stated = keys.number('field_deg2', { above: 0, max: 41_253, unit: 'deg2' })
  if (stated === undefined) return area
  const ratio = area / stated
  if (footprint.shape === 'circle' && ratio > 3.4 && ratio < 4.6)
    keys.wrong(
      'radius_deg',
      `is ${footprint.radiusDeg}, a field of ${figure(area)} deg2 and four times the ${figure(stated)} deg2 of field_deg2: that is the diameter; write radius_deg = ${figure(footprint.radiusDeg / 2)}`,
    )
  else if (ratio > 1.15 || ratio < 1 / 1.15)
    keys.wrong('field_deg2', `is ${figure(stated)} deg2, but the shape covers ${figure(area)} deg2`)
  return area
}

function figure(value: number): string {
  return String(Number(value.toPrecision(4)))
}

const seconds = (max: number) => ({ min: 0, max, unit: 's' })

function timingOf(all: Keys) {
  const keys = all.table('timing')
  const made = {
    readoutS: keys?.number('readout_s', seconds(3_600)) ?? 0,
    readoutBlocksSlew: keys?.flag('readout_blocks_slew') ?? false,
    overheadS: keys?.number('overhead_s', seconds(3_600)) ?? 0,
    filterChangeS: keys?.number('filter_change_s', seconds(3_600)) ?? 0,
    maxExposureS: keys?.number('max_exposure_s', { above: 0, max: 86_400, unit: 's' }) ?? null,
  }
  keys?.refuseOthers()
  return made
}

function filtersOf(all: Keys): TelescopeDefinition['filters'] {
  const tables = all.tables('filter')
  if (!all.has('filter'))
    all.wrong('filter', 'is missing: write at least one [[filter]] with name and exposure_s')
  else if (tables.length === 0 && Array.isArray(all.raw('filter')))
    all.wrong('filter', 'is an empty list; one filter at least')
  if (tables.length > 100) all.wrong('filter', `names ${tables.length} filters; at most 100 are read`)
  const seen = new Map<string, number>()
  const filters: TelescopeDefinition['filters'] = []
  for (const [i, keys] of tables.slice(0, 100).entries()) {
    const name = keys.text('name', 40)
    if (!keys.has('name')) keys.wrong('name', 'is missing')
    if (name !== undefined) {
      const before = seen.get(name)
      if (before !== undefined)
        keys.wrong('name', `is ${JSON.stringify(name)}, as that of filter ${before + 1}`)
      else seen.set(name, i)
    }
    const depthMag = keys.number('depth_mag', { min: -5, max: 35, unit: 'mag' }) ?? null
    const exposureS = keys.needNumber('exposure_s', { above: 0, max: 86_400, unit: 's' })
    keys.refuseOthers({
      magnitude: 'is written depth_mag',
      exposuretime: 'is written exposure_s, seconds',
      exposure: 'is written exposure_s, seconds',
    })
    if (name !== undefined && exposureS !== undefined) filters.push({ name, depthMag, exposureS })
  }
  return filters
}

/** `[pointing] grid`: "free", the name of a grid to be uploaded, or a rule by which one is computed. */
function pointingOf(all: Keys, footprint: Footprint | undefined, fieldAreaDeg2 = 0): Pointing | undefined {
  const keys = all.table('pointing')
  if (!keys) return { how: 'free' }
  const value = keys.raw('grid')
  let pointing: Pointing | undefined
  if (value === undefined)
    keys.wrong('grid', 'is missing: "free", the name of a grid, or { kind = "rows", spacing_deg = … }')
  else if (typeof value === 'string') {
    const name = keys.text('grid', 60)
    if (name === 'free') pointing = { how: 'free' }
    else if (name !== undefined) pointing = { how: 'free', wants: name }
  } else {
    const table = keys.table('grid')
    const rule = table && gridRuleOf(table)
    const fields = rule && footprint && ruleFields(rule, footprint, fieldAreaDeg2)
    if (rule && fields !== undefined) pointing = { how: 'grid', grid: rule.kind, fields, rule }
    else if (rule && footprint)
      keys.wrong('grid', `makes more than ${maxLaidFields} fields; take grid = "free" for so small a field`)
  }
  keys.refuseOthers()
  return pointing
}

/** `[[doubt]]`: what whoever wrote the definition does not trust. */
function statedDoubts(all: Keys): Doubt[] {
  return all
    .tables('doubt')
    .slice(0, 50)
    .flatMap((keys) => {
      const key = keys.text('key', 60)
      const text = keys.text('text', 500)
      for (const each of ['key', 'text']) if (!keys.has(each)) keys.wrong(each, 'is missing')
      keys.refuseOthers()
      return key === undefined || text === undefined ? [] : [{ key, text, stated: true }]
    })
}
