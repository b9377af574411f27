import { isProblem, Problem } from '#problem.ts'
import { readSkyMap } from '#science/skymap/read.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { digestMap } from './digest.ts'
import { ruleFacts, type Place } from './facts.ts'
import type { MapSource, ParsedNotice } from './formats/format.ts'
import { parseNotice } from './formats/registry.ts'
import { base64Bytes, mapSentence } from './formats/text.ts'
import type { LocalizationKind, MapSummary } from './localization.ts'
import { kindOfRegion, summaryOfRegion } from './region.ts'
import type { Rules } from './rule-file.ts'
import { parseRules } from './rule-file.ts'
import { evaluate, shippedRuleNames, shippedRules, withParameters, type Verdict } from './rules.ts'

/**
 * The library: from the bytes of one notice to a score, without server or database (`urania/alerts`).
 *
 *     import { assess } from 'urania/alerts'
 *     const { score, decision } = assess(await readFile('S241102br-initial.json'), { bbhProbability: 0.5, distance: 500, area: 100 })
 */

export { parseNotice, parseRules, readSkyMap, shippedRules }
export type { ParsedNotice, Rules, SkyMap, Verdict }

export interface AssessOptions {
  /** Name of a shipped rule set, or rules of one's own. Left out: `urania`, or the shipped set that has the parameters. */
  rules?: string | Rules
  /** Kafka topic, where it helps to tell what the bytes are. */
  topic?: string
  /** Parameters of the rule set by name, in the parameter's unit; they may also stand beside `rules`. */
  parameters?: Readonly<Record<string, number>>
  [parameter: string]: unknown
}

/** A place that the notice states, as numbers. */
export interface AssessedPlace extends Place {
  kind: LocalizationKind
  /** Address of a map that is not in the notice. */
  url: string | null
  /** Why there are no numbers. */
  problem: string | null
}

export interface Assessed extends Verdict {
  notice: ParsedNotice
  /** Every place that the notice states, and of these the one that counts. */
  localizations: AssessedPlace[]
  localization: AssessedPlace | null
}

const own = new Set(['rules', 'topic', 'parameters'])

/**
 * Notice, localization and score of one message. Maps given by address are not fetched: what needs them says WAIT.
 * Throws a Problem whose sentence says what is wrong with the message, its map or the options.
 */
export function assess(bytes: Uint8Array, options: AssessOptions = {}): Assessed {
  const parameters = parametersOf(options)
  const rules = withParameters(rulesFor(options.rules, Object.keys(parameters)), parameters)
  const notice = parseNotice(bytes, options.topic)
  const localizations = placesOf(notice)
  const { maps: _maps, ...stored } = notice
  const verdict = evaluate(rules, ruleFacts(stored, localizations))
  const preference: LocalizationKind[] = ['combined', 'map', 'ellipse', 'polygon', 'circle', 'point']
  const [localization] = localizations.toSorted(
    (a, b) =>
      Number(a.state !== 'ready') - Number(b.state !== 'ready') ||
      preference.indexOf(a.kind) - preference.indexOf(b.kind),
  )
  return { ...verdict, notice, localizations, localization: localization ?? null }
}

function parametersOf(options: AssessOptions): Record<string, number> {
  const parameters: Record<string, number> = { ...options.parameters }
  for (const [name, value] of Object.entries(options)) {
    if (own.has(name) || value === undefined) continue
    if (typeof value !== 'number')
      throw new Problem('rules.invalid', `Parameter ${name} must be a number.`, { name })
    parameters[name] = value
  }
  return parameters
}

function rulesFor(rules: string | Rules | undefined, parameters: readonly string[]): Rules {
  if (typeof rules === 'string') return shippedRules(rules)
  if (rules) return rules
  const sets = shippedRuleNames.map(shippedRules)
  return (
    sets.find((set) => parameters.every((name) => set.parameters.some((p) => p.name === name))) ?? sets[0]!
  )
}

/** Places of a notice with their numbers. A map that the notice needs and that is broken is a Problem. */
export function placesOf(notice: ParsedNotice): AssessedPlace[] {
  const places = notice.maps.map((source): AssessedPlace => {
    const kind = source.role === 'combined' ? 'combined' : 'map'
    if (source.at === 'address')
      return { kind, state: 'waiting', summary: null, url: source.url, problem: null }
    try {
      return { kind, state: 'ready', summary: digestMap(mapBytes(source)), url: null, problem: null }
    } catch (error) {
      if (!isProblem(error)) throw error
      if (source.at === 'bytes' || source.essential)
        throw new Problem(error.code, mapSentence(kind, error.message), error.details, error)
      return { kind, state: 'failed', summary: null, url: null, problem: error.message }
    }
  })
  const { region, position } = notice
  if (region && position) {
    const summary: MapSummary = summaryOfRegion(region, position.containment ?? 0.9)
    places.push({ kind: kindOfRegion(region), state: 'ready', summary, url: null, problem: null })
  }
  return places
}

/** Bytes of a map that a notice carries. */
export function mapBytes(source: MapSource & { at: 'base64' | 'bytes' }): Uint8Array {
  const bytes =
    source.at === 'bytes'
      ? source.bytes
      : base64Bytes(source.text, source.role === 'combined' ? 'The combined sky map' : 'The sky map')
  if (bytes.length < 512) {
    throw new Problem(
      'notice.map_unreadable',
      `The sky map in the notice is ${bytes.length} bytes long; no FITS file is that short.`,
    )
  }
  return bytes
}
