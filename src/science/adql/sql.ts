/**
 * Typed tree → SQL with parameters, for PostgreSQL and DuckDB. Circles and polygons around the position of a table are
 * scans of its order-29 pixels first and exact after.
 */
import { coneRangesForIndex, polygonRanges } from '#science/sky/cover.ts'
import type { Ranges } from '#science/sky/ranges.ts'
import { radiansPerDegree } from '#science/sky/vectors.ts'
import type { Vector } from '#science/sky/regions.ts'
import { constantOf } from './evaluate.ts'
import { joined, parameter, quotedName, sql, text } from './fragment.ts'
import type { Fragment } from './fragment.ts'
import { mathFunctions } from './functions.ts'
import type { PreparedPolygon, Reference } from './polygon.ts'
import type { Dialect, Schema, SchemaColumn } from './schema.ts'
import { Problem } from '#problem.ts'
import { edgeDegrees } from './typed.ts'
import type { Point, Typed } from './typed.ts'

type Of<Op> = Extract<Typed, { op: Op }>

/** Ranges of pixels scanned for one region. */
const mostRanges = 32
const capitals = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

function polygonCover({ vertices }: PreparedPolygon): Ranges {
  let best = polygonRanges(vertices, { order: 0 })
  for (let order = 1; order <= 29; order++) {
    const finer = polygonRanges(vertices, { order })
    if (finer.length / 2 > mostRanges) break
    best = finer
  }
  return best
}

/** ISO 8601 with µs, without a zone. */
function isoOf(moment: number): string {
  const micros = Math.round((moment - Math.floor(moment)) * 1e3)
  return new Date(Math.floor(moment)).toISOString().replace('Z', String(micros).padStart(3, '0'))
}

/** Writes typed trees as SQL of one dialect. */
export function createSqlWriter(schema: Schema, dialect: Dialect): { write(typed: Typed): Fragment } {
  const postgres = dialect === 'postgres'
  const { position } = schema

  function columnSql(column: SchemaColumn): Fragment {
    const plain = text(column.sql ?? quotedName(column.name))
    if (!column.nan) return plain
    return postgres
      ? sql`case when (${plain})::float8 between -1.7976931348623157e308 and 1.7976931348623157e308 then ${plain} end`
      : sql`case when isfinite(${plain}) then ${plain} end`
  }

  function literal({ type, value }: Of<'literal'>): Fragment {
    if (type === 'integer') return sql`${parameter(String(value))}::int8`
    if (type === 'number') return sql`${parameter(Number(value))}::float8`
    if (type === 'boolean') return sql`${parameter(value === true)}::boolean`
    if (type === 'string') return sql`${parameter(String(value))}::text`
    const iso = isoOf(Number(value))
    return postgres ? sql`${parameter(`${iso}Z`)}::timestamptz` : sql`${parameter(iso)}::timestamp`
  }

  /** As a 64-bit float, whatever the column's own width. */
  function float(typed: Typed): Fragment {
    const constant = typed.op === 'literal' ? Number(typed.value) : undefined
    if (constant !== undefined) return sql`${parameter(constant)}::float8`
    const written = write(typed)
    return typed.op === 'column' || typed.type === 'integer' ? sql`(${written})::float8` : written
  }

  /** A side of a comparison: a float column stays bare, so that its index serves. */
  const side = (typed: Typed, mode: Typed['type']): Fragment =>
    mode === 'number' && !(typed.op === 'column' && typed.type === 'number') ? float(typed) : write(typed)

  function folded(name: 'lower' | 'upper', written: Fragment): Fragment {
    if (postgres) return sql`${text(name)}(${written} collate "C")`
    const [from, to] = [capitals, capitals.toLowerCase()]
    const [a, b] = name === 'lower' ? [from, to] : [to, from]
    return sql`translate(${written}, ${text(`'${a}'`)}, ${text(`'${b}'`)})`
  }

  const isPosition = ({ lon, lat }: Point) =>
    position !== undefined &&
    lon.op === 'column' &&
    lat.op === 'column' &&
    lon.column.name === position.ra &&
    lat.column.name === position.dec

  /** The constant one of two points where the other is the table's position. */
  function fixedBeside(a: Point, b: Point): [number, number] | undefined {
    const other = isPosition(a) ? b : isPosition(b) ? a : undefined
    if (!other) return undefined
    const [lon, lat] = [constantOf(other.lon), constantOf(other.lat)]
    return lon === undefined || lat === undefined ? undefined : [lon, lat]
  }

  function scan(ranges: Ranges): Fragment {
    const hpx = text(position?.hpx ?? '')
    const pieces = Array.from(
      { length: ranges.length / 2 },
      (_, i) =>
        sql`${hpx} between ${parameter(String(ranges[2 * i]))}::int8 and ${parameter(String(ranges[2 * i + 1] - 1n))}::int8`,
    )
    return pieces.length > 0 ? sql`(${joined(pieces, ' or ')})` : sql`(${hpx} is null and null)`
  }

  function within(a: Point, b: Point, radius: number | undefined, exact: Fragment): Fragment {
    const centre = radius === undefined ? undefined : fixedBeside(a, b)
    if (radius === undefined || !centre || radius >= 90 || radius < 0) return exact
    // A little more than asked for, so that rounding of either side loses no row.
    return sql`(${scan(coneRangesForIndex(centre[0], centre[1], radius + 1e-9, mostRanges))} and ${exact})`
  }

  function trig(typed: Typed): { sin: Fragment; cos: Fragment } {
    const constant = constantOf(typed)
    if (constant === undefined) {
      const angle = float(typed)
      return { sin: sql`sin(radians(${angle}))`, cos: sql`cos(radians(${angle}))` }
    }
    const angle = constant * radiansPerDegree
    return {
      sin: sql`${parameter(Math.sin(angle))}::float8`,
      cos: sql`${parameter(Math.cos(angle))}::float8`,
    }
  }

  /** The separation of vectors.ts (Vincenty's form), operation by operation. */
  function separation(a: Point, b: Point): Fragment {
    const [one, two] = [trig(a.lat), trig(b.lat)]
    const turn = sql`radians(${float(b.lon)} - ${float(a.lon)})`
    const u = sql`(${two.cos} * sin(${turn}))`
    const v = sql`(${one.cos} * ${two.sin} - ${one.sin} * ${two.cos} * cos(${turn}))`
    const w = sql`(${one.sin} * ${two.sin} + ${one.cos} * ${two.cos} * cos(${turn}))`
    return sql`degrees(atan2(sqrt(${u} * ${u} + ${v} * ${v}), ${w}))`
  }

  function form([x, y, z]: Vector): Fragment {
    const [a, b, c] = [x, y, z].map((each) => parameter(each))
    return sql`(adql_v.x * ${a}::float8 + adql_v.y * ${b}::float8 + adql_v.z * ${c}::float8)`
  }

  function crossings({ spokes, sides, inside }: Reference, normals: readonly Vector[]): Fragment {
    const each = spokes.map((spoke, i) => {
      const [here, there, edge] = [form(spoke), form(spokes[(i + 1) % spokes.length]), form(normals[i])]
      return sides[i]
        ? sql`(${here} < 0 and ${there} >= 0 and ${edge} < 0)::int`
        : sql`(${here} >= 0 and ${there} < 0 and ${edge} >= 0)::int`
    })
    return sql`(${joined(each, ' + ')}) % 2 = ${text(inside ? '0' : '1')}`
  }

  function polygon({ point, polygon: shape }: Of<'polygon'>): Fragment {
    const [lon, lat] = [trig(point.lon), trig(point.lat)]
    const [first, second] = shape.references
    const exact = sql`(select case when ${form(first.r)} >= ${form(second.r)} then ${crossings(first, shape.normals)} else ${crossings(second, shape.normals)} end from (select ${lat.cos} * ${lon.cos} as x, ${lat.cos} * ${lon.sin} as y, ${lat.sin} as z offset 0) as adql_v)`
    return isPosition(point) ? sql`(${scan(polygonCover(shape))} and ${exact})` : exact
  }

  function compare(typed: Of<'compare'>): Fragment {
    const { sign, mode, left, right } = typed
    const operator = text(` ${sign} `)
    if (mode === 'string' && sign !== '=' && sign !== '<>' && postgres)
      return sql`(${write(left)} collate "C"${operator}${write(right)} collate "C")`
    const exact = sql`(${side(left, mode)}${operator}${side(right, mode)})`
    if (left.op === 'distance' && (sign === '<' || sign === '<='))
      return within(left.a, left.b, constantOf(right), exact)
    if (right.op === 'distance' && (sign === '>' || sign === '>='))
      return within(right.a, right.b, constantOf(left), exact)
    return exact
  }

  function write(typed: Typed): Fragment {
    switch (typed.op) {
      case 'literal':
        return literal(typed)
      case 'column':
        return columnSql(typed.column)
      case 'negative':
        return sql`(- ${typed.type === 'integer' ? write(typed.arg) : float(typed.arg)})`
      case 'arithmetic': {
        const [left, right] = [float(typed.left), float(typed.right)]
        return typed.sign === '/'
          ? sql`(${left} / nullif(${right}, 0))`
          : sql`(${left} ${text(typed.sign)} ${right})`
      }
      case 'concat':
        return sql`(${write(typed.left)} || ${write(typed.right)})`
      case 'math': {
        const [x = text(''), y = text('1')] = typed.args.map(float)
        return sql`(${mathFunctions[typed.name].sql(x, y)})`
      }
      case 'letters':
        return folded(typed.name, write(typed.arg))
      case 'coalesce':
        return sql`coalesce(${joined(
          typed.args.map((each) => (typed.type === 'number' ? float(each) : write(each))),
          ', ',
        )})`
      case 'scale':
        return sql`(${float(typed.arg)} * ${parameter(typed.factor)}::float8)`
      case 'distance':
        return separation(typed.a, typed.b)
      case 'flag': {
        const condition = write(typed.condition)
        return sql`(case when ${condition} then 1 when not ${condition} then 0 end)`
      }
      case 'own': {
        if (!typed.fn.sql)
          throw new Problem(
            'adql.unsupported',
            `${typed.fn.name} cannot be asked of the database; it only tests what arrives.`,
          )
        const args = typed.args.map((each, i) =>
          typed.fn.parameters[i].type === 'number' ? float(each) : write(each),
        )
        return sql`(${typed.fn.sql(args, dialect)})`
      }
      case 'aggregate': {
        const arg = typed.arg
          ? typed.name === 'sum' || typed.name === 'avg'
            ? float(typed.arg)
            : write(typed.arg)
          : text('*')
        return sql`${text(typed.name)}(${arg})`
      }
      case 'compare':
        return compare(typed)
      case 'in': {
        const list = typed.list.map((each) => side(each, typed.mode))
        return sql`(${side(typed.value, typed.mode)} in (${joined(list, ', ')}))`
      }
      case 'like': {
        const value = write(typed.value)
        const pattern = (words: string) => sql`${parameter(words)}::text escape ''`
        const lowered = typed.pattern.replace(/[A-Z]/g, (each) => each.toLowerCase())
        return typed.anyCase
          ? sql`(${folded('lower', value)} like ${pattern(lowered)})`
          : sql`(${value} like ${pattern(typed.pattern)})`
      }
      case 'null':
        return sql`(${write(typed.value)} is null)`
      case 'not':
        return sql`(not ${write(typed.arg)})`
      case 'and':
      case 'or':
        return sql`(${joined(typed.terms.map(write), ` ${typed.op} `)})`
      case 'circle': {
        const { a, b, radius } = typed
        const exact = sql`(${separation(a, b)} <= ${float(radius)} + ${parameter(edgeDegrees)}::float8)`
        return within(a, b, constantOf(radius), exact)
      }
      case 'polygon':
        return polygon(typed)
    }
  }

  return { write }
}
