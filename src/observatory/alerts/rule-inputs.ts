import type { MapSummary } from './localization.ts'
import type { EventKind, EventRole, ExternalCoincidence, NoticeType, Position } from './notice.ts'

/** Everything that rules may ask of a notice and its map; the names are what rule files use. */

export interface RuleFacts {
  name: string
  kind: EventKind
  role: EventRole
  type: NoticeType
  mission: string
  instrument: string | null
  significant: boolean | null
  farHz: number | null
  pAstro: number | null
  snr: number | null
  group: string | null
  search: string | null
  classification: Record<string, number>
  properties: Record<string, number>
  externalCoincidence: ExternalCoincidence | null
  position: Position | null
  statedDistanceMpc: number | null
  /** Summary of the notice's own map, and of the combined one where there is one. */
  map: MapSummary | null
  combinedMap: MapSummary | null
  /** `waiting`: a map is at an address and not here yet. */
  mapState: 'ready' | 'waiting' | 'failed' | 'none'
}

export type InputValue = number | string | boolean | null

export interface RuleInput {
  label: string
  /** Canonical unit; empty for none. */
  unit: string
  type: 'number' | 'text' | 'boolean'
  /** Value, and where it came from. */
  read: (f: RuleFacts) => InputValue
  source?: (f: RuleFacts) => string
}

const mapSource = (f: RuleFacts): string => (f.combinedMap ? 'combined map' : f.map ? 'map' : 'notice')
const best = (f: RuleFacts): MapSummary | null => f.combinedMap ?? f.map

/** Most probable class; null where there are none. The first of equals, as in the notice's own order. */
export function topClass(
  classification: Record<string, number>,
): { name: string; probability: number } | null {
  let top: { name: string; probability: number } | null = null
  for (const [name, probability] of Object.entries(classification)) {
    if (!top || probability > top.probability) top = { name, probability }
  }
  return top
}

const number = (
  label: string,
  unit: string,
  read: (f: RuleFacts) => number | null,
  source?: RuleInput['source'],
): RuleInput => ({
  label,
  unit,
  type: 'number',
  read: (f) => {
    const value = read(f)
    return value === null || !Number.isFinite(value) ? null : value
  },
  ...(source && { source }),
})
const text = (label: string, read: (f: RuleFacts) => string | null): RuleInput => ({
  label,
  unit: '',
  type: 'text',
  read,
})
const flag = (label: string, read: (f: RuleFacts) => boolean | null): RuleInput => ({
  label,
  unit: '',
  type: 'boolean',
  read,
})
const classP = (name: string) => number(`P(${name})`, '', (f) => f.classification[name] ?? null)
const property = (name: string) => number(name, '', (f) => f.properties[name] ?? null)

export const ruleInputs: Record<string, RuleInput> = {
  kind: text('Kind', (f) => f.kind),
  type: text('Notice type', (f) => f.type),
  mission: text('Mission', (f) => f.mission),
  instrument: text('Instrument', (f) => f.instrument),
  group: text('Group', (f) => f.group),
  search: text('Search', (f) => f.search),
  role: text('Role', (f) => f.role),
  mapState: text('Map', (f) => f.mapState),
  real: flag('Real observation', (f) => f.role === 'observation' || f.role === 'simulated'),
  // The convention of grandma-gcn: the id begins with S, and the alert says it is significant.
  grandmaReal: flag('Real observation (grandma)', (f) => f.name.startsWith('S') && f.significant === true),
  significant: flag('Significant', (f) => f.significant),
  coincidence: flag('External coincidence', (f) => f.externalCoincidence !== null),
  combined: flag('Combined map', (f) => f.combinedMap !== null),
  class: text('Most probable class', (f) => topClass(f.classification)?.name ?? null),
  classProbability: number('Its probability', '', (f) => topClass(f.classification)?.probability ?? null),
  'p.BNS': classP('BNS'),
  'p.NSBH': classP('NSBH'),
  'p.BBH': classP('BBH'),
  'p.MassGap': classP('MassGap'),
  'p.Terrestrial': classP('Terrestrial'),
  HasNS: property('HasNS'),
  HasRemnant: property('HasRemnant'),
  HasMassGap: property('HasMassGap'),
  HasSSM: property('HasSSM'),
  NotGRB: property('NotGRB'),
  far: number('False-alarm rate', 'Hz', (f) => f.farHz),
  jointFar: number('Joint false-alarm rate', 'Hz', (f) => {
    const c = f.externalCoincidence
    return c ? (c.timeSkyCoincidenceFarHz ?? c.timeCoincidenceFarHz) : null
  }),
  pAstro: number('Astrophysical probability', '', (f) => f.pAstro),
  snr: number('Significance', 'sigma', (f) => f.snr),
  errorRadius: number('Error radius', 'deg', (f) => f.position?.errorDeg || null),
  area50: number('50 % area', 'deg2', (f) => best(f)?.area50Deg2 ?? null, mapSource),
  area90: number('90 % area', 'deg2', (f) => best(f)?.area90Deg2 ?? null, mapSource),
  distance: number(
    'Distance (marginal)',
    'Mpc',
    (f) => best(f)?.distance?.meanMpc ?? f.statedDistanceMpc,
    mapSource,
  ),
  distanceSigma: number('Its error', 'Mpc', (f) => best(f)?.distance?.stdMpc ?? null, mapSource),
  'grandma.area50': number(
    '50 % area (grandma)',
    'deg2',
    (f) => f.map?.grandma.area50Deg2 ?? null,
    () => 'map',
  ),
  'grandma.area90': number(
    '90 % area (grandma)',
    'deg2',
    (f) => f.map?.grandma.area90Deg2 ?? null,
    () => 'map',
  ),
  'grandma.distance': number(
    'Distance (unweighted mean of DISTMU in the 90 % region)',
    'Mpc',
    (f) => f.map?.grandma.distanceMeanMpc ?? null,
    () => 'map',
  ),
}

/** Factors to the canonical unit, by canonical unit. */
export const unitFactors: Record<string, Record<string, number>> = {
  '': { '': 1, '%': 0.01 },
  Mpc: { Mpc: 1, kpc: 1e-3, Gpc: 1e3 },
  deg2: { deg2: 1, sr: (180 / Math.PI) ** 2, arcmin2: 1 / 3600 },
  deg: { deg: 1, arcmin: 1 / 60, arcsec: 1 / 3600 },
  Hz: {
    Hz: 1,
    '1/day': 1 / 86400,
    '1/month': 12 / (365.25 * 86400),
    '1/yr': 1 / (365.25 * 86400),
    '1/century': 0.01 / (365.25 * 86400),
  },
  sigma: { sigma: 1 },
}
