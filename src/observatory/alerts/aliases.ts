/**
 * Names of events: one table of patterns. A line says how a name is recognised in free text, how it is written, and
 * whether two notices that carry it are about the same event (`key`). A new family of events is a new line.
 */

export interface AliasPattern {
  family: string
  /** Matched anywhere in a text (subject of a circular); anchored by `canonicalName`. */
  pattern: RegExp
  /** Canonical form from the match. */
  write: (m: RegExpMatchArray) => string
  key: boolean
}

const upper = (s: string | undefined) => (s ?? '').toUpperCase()
const lower = (s: string | undefined) => (s ?? '').toLowerCase()

export const aliasPatterns: readonly AliasPattern[] = [
  {
    // Superevents: S240102ab, mock MS…, test TS…; a suffix that test suites add is not part of the name.
    family: 'superevent',
    pattern: /\b([MT]?)S(\d{6})([a-z]{1,6})(?![a-z0-9])/i,
    write: (m) => `${upper(m[1])}S${m[2]}${lower(m[3])}`,
    key: true,
  },
  {
    family: 'gw',
    pattern: /\bGW[ _-]?(\d{6})(?:[_-](\d{6}))?(?!\d)/i,
    write: (m) => `GW${m[1]}${m[2] ? `_${m[2]}` : ''}`,
    key: true,
  },
  { family: 'gracedb', pattern: /\b([GTM])(\d{5,7})\b/, write: (m) => `${m[1]}${m[2]}`, key: true },
  {
    // Several bursts may share a day, so a name without its letter joins nothing.
    family: 'grb',
    pattern: /\bGRB[ _-]?(\d{6})([A-Z])(?![a-z0-9])/i,
    write: (m) => `GRB ${m[1]}${upper(m[2])}`,
    key: true,
  },
  {
    family: 'grb-day',
    pattern: /\bGRB[ _-]?(\d{6})(?:\.(\d{2,3}))?(?![0-9a-z])/i,
    write: (m) => `GRB ${m[1]}${m[2] ? '.' + m[2] : ''}`,
    key: false,
  },
  { family: 'gbm-burst', pattern: /\bbn(\d{9})\b/i, write: (m) => `bn${m[1]}`, key: true },
  {
    family: 'icecube',
    pattern: /\bIceCube[ _-]?(?:Cascade[ _-]?)?(\d{6})([A-Z])(?![a-z0-9])/i,
    write: (m) => `IceCube-${m[1]}${upper(m[2])}`,
    key: true,
  },
  {
    family: 'km3net',
    pattern: /\bKM3(?:NeT)?[ _-]?(\d{6})([A-Z])(?![a-z0-9])/i,
    write: (m) => `KM3-${m[1]}${upper(m[2])}`,
    key: true,
  },
  {
    family: 'antares',
    pattern: /\bANTARES[ _-]?(\d{6})([A-Z])(?![a-z0-9])/i,
    write: (m) => `ANTARES-${m[1]}${upper(m[2])}`,
    key: true,
  },
  {
    family: 'ep',
    pattern: /\bEP[ _-]?(\d{6})([a-z])(?![a-z0-9])/i,
    write: (m) => `EP${m[1]}${lower(m[2])}`,
    key: true,
  },
  { family: 'svom', pattern: /\bsb(\d{8})\b/i, write: (m) => `sb${m[1]}`, key: true },
  {
    family: 'frb',
    pattern: /\bFRB[ _-]?(\d{8})([A-Z]{1,4})(?![a-z0-9])/i,
    write: (m) => `FRB ${m[1]}${upper(m[2])}`,
    key: true,
  },
  { family: 'frb-day', pattern: /\bFRB[ _-]?(\d{6})(?![0-9])/i, write: (m) => `FRB ${m[1]}`, key: false },
  {
    family: 'tns',
    pattern: /\b(AT|SN)[ _-]?(\d{4})([a-z]{1,5})(?![a-z0-9])/i,
    write: (m) => `${upper(m[1])} ${m[2]}${m[3]!.length === 1 ? upper(m[3]) : lower(m[3])}`,
    key: true,
  },
  {
    family: 'ztf',
    pattern: /\bZTF(\d{2})([a-z]{7})\b/i,
    write: (m) => `ZTF${m[1]}${lower(m[2])}`,
    key: true,
  },
  { family: 'glowbug', pattern: /\bBUG(\d{6}\.\d{1,3})\b/i, write: (m) => `BUG${m[1]}`, key: true },
  // Trigger numbers count within one mission only, so the mission is part of the name.
  {
    family: 'trigger',
    pattern:
      /\b(Swift-GUANO|Swift|Fermi-LAT|Fermi|INTEGRAL|MAXI|AGILE|CALET|GECAM|SVOM|EP|CHIME|DSA-110|IceCube|KM3NeT|HAWC|Super-Kamiokande|BurstCube|Glowbug)[ #]+(?:trigger[ #:=]*)?(\d[\w.]{2,40})\b/i,
    write: (m) => `${missionName(m[1]!)} ${m[2]}`,
    key: true,
  },
]

/** Missions as this program writes them. */
const missions = [
  'LVK', 'Swift', 'Swift-GUANO', 'Fermi', 'Fermi-LAT', 'INTEGRAL', 'MAXI', 'AGILE', 'CALET', 'GECAM', 'SVOM',
  'Einstein Probe', 'EP', 'CHIME', 'DSA-110', 'IceCube', 'KM3NeT', 'HAWC', 'Super-Kamiokande', 'BurstCube', 'Glowbug',
  'BOOM', 'HEASARC', 'SNEWS', 'AMON', 'Konus', 'IPN', 'GRANDMA',
] // prettier-ignore

/** The usual spelling of a mission, else the name as given. */
export function missionName(name: string): string {
  const found = missions.find((m) => m.toLowerCase() === name.trim().toLowerCase())
  return found ?? name.trim()
}

export interface KnownName {
  name: string
  family: string
  key: boolean
}

/**
 * Canonical form of one name: spaces and case as the field writes them; a name of no known family comes back trimmed,
 * and is no key.
 */
export function canonicalName(text: string): KnownName {
  const clean = text.slice(0, 400).trim().replace(/\s+/g, ' ')
  for (const { family, pattern, write, key } of aliasPatterns) {
    const m = clean.match(pattern)
    if (m && m.index === 0 && (m[0].length === clean.length || family === 'superevent')) {
      return { name: write(m), family, key }
    }
  }
  return { name: clean, family: 'other', key: false }
}

/** A name in a text, and where it stands. */
export interface FoundName extends KnownName {
  at: number
  end: number
}

/** Every known name in a text, in the order of the table, once each. Trigger numbers are left to `triggersIn`. */
export function namesIn(text: string): FoundName[] {
  const found = new Map<string, FoundName>()
  for (const { family, pattern, write, key } of aliasPatterns) {
    if (family === 'trigger' || family === 'gracedb') continue
    const every = new RegExp(
      pattern.source,
      pattern.flags.includes('g') ? pattern.flags : pattern.flags + 'g',
    )
    for (const m of text.matchAll(every)) {
      const name = write(m)
      if (!found.has(name)) found.set(name, { name, family, key, at: m.index, end: m.index + m[0].length })
    }
  }
  return [...found.values()]
}

/** How circulars quote trigger numbers, by mission. */
const triggerPhrases: readonly [RegExp, (m: RegExpMatchArray) => string][] = [
  [/\bFermi[\s\S]{0,200}?\btrigger\s+(?:number\s+)?(\d{9})(?:\.\d+)?\b/i, (m) => `Fermi ${m[1]}`],
  [/\btrigger\s*=\s*(\d{6,8})\b/i, (m) => `Swift ${m[1]}`],
  [/\(trigger\s+\d{9}(?:\.\d+)?\s*\/\s*(\d{9})\)/i, (m) => `bn${m[1]}`],
]

/** Trigger numbers that the text of a circular quotes, as canonical names. */
export function triggersIn(text: string): string[] {
  const found = triggerPhrases.map(([pattern, write]) => text.match(pattern) && write(text.match(pattern)!))
  return [...new Set(found.filter((name) => name !== null))]
}

/** True for the identifier of a message (`nasa.gsfc.gcn/AGILE#…`): it tells events apart, but nobody calls them so. */
export function isIdentifier(name: string): boolean {
  return /^[\w.-]+\/[^\s]*#/.test(name)
}

/** Key for looking names up: case and blanks do not count. */
export function aliasKey(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '')
}
