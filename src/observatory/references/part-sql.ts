/** Parts of a catalogue as SQL over the columns of a file: units converted, distances from redshifts where there is no other. */
import { isProblem, Problem } from '#problem.ts'
import { quotedName } from '#science/adql/fragment.ts'
import { lightSpeed, planck18, quadrature } from '#science/sky/cosmology.ts'
import { conversionFactor } from '#science/table/units.ts'
import {
  hpxColumn,
  partColumns,
  parts,
  type Catalogue,
  type CatalogueColumn,
  type Mapping,
  type Mappings,
  type Part,
} from './catalogue.ts'
import type { SourceColumn } from './source.ts'

export interface Selected {
  /** All columns of the catalogue; `_healpix_29` is null in rows without a position. */
  readonly sql: (from: string) => string
  readonly columns: readonly CatalogueColumn[]
  readonly distance: Catalogue['distance']
}

const finite = (value: string): string => `case when isfinite(${value}) then ${value} end`
const positive = (value: string): string => `case when isfinite(${value}) and ${value} > 0 then ${value} end`

/** @throws Problem catalogue.invalid for a unit that is none, or none for its part */
export function selectParts(columns: readonly SourceColumn[], mapping: Mappings): Selected {
  const byName = new Map(columns.map((column) => [column.name, column]))
  const values: Partial<Record<Part, string>> = {}
  for (const part of parts) {
    const mapped = mapping[part]
    if (mapped) values[part] = valueOf(part, mapped, byName)
  }
  const distance = distanceOf(values)
  if (distance.sql !== undefined) values.distance = distance.sql
  const present = parts.filter((part) => values[part] !== undefined)
  const kept = columns.filter((column) => !isPart(column, mapping))
  const taken = new Set<string>([hpxColumn, ...present])
  const named = kept.map((column) => {
    let name = column.name
    while (taken.has(name.toLowerCase())) name = `${name}_file`
    taken.add(name.toLowerCase())
    return { column, name }
  })
  // A row that says only one of the two has no position.
  const inner = present.map((part) => `${values[part]} as ${quotedName(`part ${part}`)}`)
  const placed = `"part ra" is not null and "part dec" between -90 and 90`
  const around = `("part ra" - 360 * floor("part ra" / 360))`
  const outer = present.map((part) => {
    if (part === 'ra')
      return `case when ${placed} then case when ${around} >= 360 then 0 else ${around} end end as ra`
    if (part === 'dec') return `case when ${placed} then "part dec" end as "dec"`
    return `${quotedName(`part ${part}`)} as ${quotedName(part)}`
  })
  const others = named.map(({ column, name }) => `${otherSql(column)} as ${quotedName(name)}`)
  return {
    distance: distance.how,
    sql: (from) =>
      `select healpix29(ra, "dec") as ${hpxColumn}, * from (select ${[...outer, ...others].join(', ')} from (select ${inner.join(', ')}, * from (${from})))`,
    columns: [
      ...present.map((part) => ({
        name: part,
        ...partColumns[part],
        ...(part === 'distance' && distance.how !== 'file'
          ? {
              description: `Luminosity distance; ${distance.how} (flat universe, H0 ${planck18.hubble}, Ωm ${planck18.matter})`,
            }
          : {}),
      })),
      ...named.map(({ column: { sqlType: _, ...column }, name }) => ({ ...column, name })),
    ],
  }
}

/** Of a column that is nothing but a part, unconverted, the part is enough. */
function isPart(column: CatalogueColumn, mapping: Mappings): boolean {
  return parts.some((part) => {
    const mapped = mapping[part]
    const same = mapped?.columns.length === 1 && mapped.columns[0] === column.name
    return (
      same &&
      column.name.toLowerCase() === part &&
      (part === 'name' || !mapped.unit || mapped.unit === partColumns[part].unit)
    )
  })
}

/** Types that engines elsewhere read too. */
function otherSql(column: SourceColumn): string {
  const name = quotedName(column.name)
  if (column.type === 'string') return `${name}::varchar`
  if (column.type === 'timestamp') return `${name}::timestamp`
  return /^(DECIMAL|HUGEINT|UHUGEINT|UBIGINT)/.test(column.sqlType) ? `${name}::double` : name
}

function valueOf(part: Part, mapped: Mapping, columns: ReadonlyMap<string, CatalogueColumn>): string {
  const each = mapped.columns.map((name) => {
    const column = quotedName(name)
    if (part === 'name') {
      const number = /^pgc$/i.test(name) && columns.get(name)?.type === 'integer'
      return number ? `'PGC ' || ${column}` : `nullif(trim(${column}::varchar), '')`
    }
    return numberOf(part, column, mapped.unit, columns.get(name)?.type === 'string')
  })
  return each.length === 1 ? each[0]! : `coalesce(${each.join(', ')})`
}

function numberOf(part: Part, column: string, unit: string | undefined, text: boolean): string {
  if (text && (part === 'ra' || part === 'dec')) return sexagesimal(column, part)
  const value = `${column}::double`
  const said = unit?.trim() || undefined
  try {
    switch (part) {
      case 'ra':
      case 'dec':
        if (said && /^(h|hour|hourangle)$/i.test(said)) return finite(`(${value} * 15)`)
        return finite(scaled(value, said, 'deg'))
      case 'distance':
        // A distance modulus.
        if (said && /^mag/i.test(said)) return finite(`pow(10, (${value} - 25) / 5)`)
        return positive(scaled(value, said, 'Mpc'))
      case 'redshift':
        return finite(said && /s/.test(said) ? `(${scaled(value, said, 'km/s')} / ${lightSpeed})` : value)
      case 'mass': {
        const inside = /^(?:log|log10|dex)\s*\(([^)]*)\)$/i.exec(said ?? '')?.[1]
        if (inside !== undefined) return positive(scaled(`pow(10, ${value})`, inside, 'solMass'))
        return positive(scaled(value, said, 'solMass'))
      }
      default:
        return finite(value)
    }
  } catch (error) {
    if (!isProblem(error)) throw error
    throw new Problem(
      'catalogue.invalid',
      `${part} cannot be had from ${column} in "${unit}": ${error.message}`,
      { part, unit },
      error,
    )
  }
}

function scaled(value: string, from: string | undefined, to: string): string {
  const factor = from === undefined ? 1 : conversionFactor(from, to)
  return factor === 1 ? value : `(${value} * ${factor}::double)`
}

/** Hours or degrees, minutes and seconds with anything between, as degrees. */
function sexagesimal(column: string, part: 'ra' | 'dec'): string {
  const text = `trim(${column})`
  const bare = `regexp_split_to_array(trim(regexp_replace(${text}, '^[-+−]', ''), ' hms°dm''"″′'), '[\\s:hmsd°''"″′]+')`
  const sum = `(${bare}[1]::double + coalesce(${bare}[2]::double, 0) / 60 + coalesce(${bare}[3]::double, 0) / 3600)`
  return part === 'ra'
    ? `(${sum} * 15)`
    : `(${sum} * case when starts_with(${text}, '-') or starts_with(${text}, '−') then -1 else 1 end)`
}

function distanceOf({ distance, redshift }: Partial<Record<Part, string>>): {
  sql: string | undefined
  how: Catalogue['distance']
} {
  if (redshift === undefined) return { sql: distance, how: distance === undefined ? null : 'file' }
  const { hubble, matter } = planck18
  const z = `(${redshift})`
  const terms = quadrature.map(([t, w]) => `${w} / sqrt(${matter} * pow(1 + ${z} * ${t}, 3) + ${1 - matter})`)
  const derived = `case when ${z} > 0 then (1 + ${z}) * ${lightSpeed / hubble} * ${z} * (${terms.join(' + ')}) end`
  return distance === undefined
    ? { sql: derived, how: 'redshift' }
    : { sql: `coalesce(${distance}, ${derived})`, how: 'file, else redshift' }
}
