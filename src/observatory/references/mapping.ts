/** Which columns of a file are position, distance, magnitudes, mass and name; found by preset, by name and by UCD, or told. */
import { Problem } from '#problem.ts'
import {
  parts,
  type CatalogueColumn,
  type CatalogueKind,
  type ImportOptions,
  type Mapping,
  type Mappings,
  type Part,
} from './catalogue.ts'
import { knownCatalogues, usualNames, type KnownCatalogue } from './known.ts'

export interface Mapped {
  readonly mapping: Mappings
  readonly known: KnownCatalogue | undefined
  readonly kind: CatalogueKind
  /** What was not taken although it looks like something, in sentences. */
  readonly notes: readonly string[]
}

/** @throws Problem catalogue.invalid */
export function mapColumns(
  columns: readonly CatalogueColumn[],
  byLayout: KnownCatalogue | undefined,
  options: Pick<ImportOptions, 'map' | 'preset' | 'kind'>,
): Mapped {
  const has = (name: string): CatalogueColumn | undefined =>
    columns.find((column) => column.name === name) ??
    columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
  const known = options.preset === undefined ? (byLayout ?? detected(has)) : presetOf(options.preset, has)
  const notes: string[] = []
  const mapping: Mappings = {}
  for (const part of parts) {
    const told = options.map[part]
    const found = told
      ? toldMapping(part, told, columns, has)
      : known
        ? knownMapping(known.mapping[part], has)
        : usualMapping(part, columns, has, notes)
    if (found) mapping[part] = found
  }
  for (const part of ['ra', 'dec'] as const) {
    if (mapping[part]) continue
    throw new Problem(
      'catalogue.invalid',
      `No column for ${part} was found among ${names(columns)}; name it with --map ${part}=COLUMN.`,
      { part, columns: columns.map((column) => column.name) },
    )
  }
  const kind = options.kind ?? known?.kind ?? (mapping.distance || mapping.redshift ? 'galaxy' : 'generic')
  return { mapping, known, kind, notes }
}

function detected(has: (name: string) => CatalogueColumn | undefined): KnownCatalogue | undefined {
  return knownCatalogues.find(({ needs }) => needs.every((any) => any.some((name) => has(name))))
}

function presetOf(id: string, has: (name: string) => CatalogueColumn | undefined): KnownCatalogue {
  const known = knownCatalogues.find((each) => each.id === id)
  if (!known)
    throw new Problem(
      'catalogue.invalid',
      `There is no preset ${id}; there are ${knownCatalogues.map((each) => each.id).join(', ')}.`,
    )
  const missing = known.needs.filter((any) => !any.some((name) => has(name)))
  if (missing.length === 0) return known
  throw new Problem(
    'catalogue.invalid',
    `The file is not laid out as ${known.title}: it has no column ${missing.map((any) => any.join(' or ')).join(', ')}.`,
    { preset: id },
  )
}

function toldMapping(
  part: Part,
  told: Mapping,
  columns: readonly CatalogueColumn[],
  has: (name: string) => CatalogueColumn | undefined,
): Mapping {
  const found = told.columns.map((name) => {
    const column = has(name) ?? (/^\d+$/.test(name) ? columns[Number(name) - 1] : undefined)
    if (column) return column
    throw new Problem(
      'catalogue.invalid',
      `The file has no column "${name}", wanted for ${part}; it has ${names(columns)}.`,
      { part, column: name },
    )
  })
  return withUnit(found, told.unit)
}

function knownMapping(
  mapping: Mapping | undefined,
  has: (name: string) => CatalogueColumn | undefined,
): Mapping | undefined {
  const found = (mapping?.columns ?? []).flatMap((name) => has(name) ?? [])
  return mapping && found.length > 0 ? withUnit([...new Set(found)], mapping.unit) : undefined
}

const ucds: Partial<Record<Part, RegExp>> = {
  ra: /^pos\.eq\.ra(;meta\.main)?$/i,
  dec: /^pos\.eq\.dec(;meta\.main)?$/i,
  name: /^meta\.id;meta\.main$/i,
}

function usualMapping(
  part: Part,
  columns: readonly CatalogueColumn[],
  has: (name: string) => CatalogueColumn | undefined,
  notes: string[],
): Mapping | undefined {
  const byUcd = columns.filter((column) => column.ucd !== undefined && ucds[part]?.test(column.ucd))
  const main =
    byUcd.find((column) => /meta\.main/i.test(column.ucd ?? '')) ??
    (byUcd.length === 1 ? byUcd[0] : undefined)
  const column = main ?? usualNames[part]!.map(has).find((each) => each !== undefined)
  if (!column) return undefined
  if (part !== 'name' && column.type !== 'number' && column.type !== 'integer') {
    if (part !== 'ra' && part !== 'dec') return undefined
    return { columns: [column.name], unit: column.unit ?? 'sexagesimal' }
  }
  if (
    (part === 'distance' && !column.unit && !/mpc/i.test(column.name)) ||
    (part === 'mass' && !column.unit)
  ) {
    notes.push(
      `The column ${column.name} looks like ${part === 'mass' ? 'a mass' : 'a distance'} but says no unit, and was not taken as such; name it with --map ${part}=${column.name}:UNIT.`,
    )
    return undefined
  }
  return withUnit([column], part === 'distance' && !column.unit ? 'Mpc' : undefined)
}

function withUnit(columns: readonly CatalogueColumn[], unit: string | undefined): Mapping {
  const known = unit ?? columns.find((column) => column.unit !== undefined)?.unit
  return { columns: columns.map((column) => column.name), ...(known ? { unit: known } : {}) }
}

function names(columns: readonly CatalogueColumn[]): string {
  const shown = columns.slice(0, 25).map((column) => column.name)
  return `${shown.join(', ')}${columns.length > 25 ? ' …' : ''}`
}
