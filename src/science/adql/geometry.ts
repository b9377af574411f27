/** POINT, CIRCLE, BOX, POLYGON and what is asked of them. Degrees, ICRS; edges belong to their region. */
import { isProblem } from '#problem.ts'
import type { Checker } from './check.ts'
import { constantOf } from './evaluate.ts'
import { shown } from './lexer.ts'
import { boxCorners, preparePolygon } from './polygon.ts'
import { printNode } from './tree.ts'
import type { Node } from './tree.ts'
import type { Point, Typed } from './typed.ts'

type Call = Extract<Node, { kind: 'call' }>

export const geometryNames: readonly string[] = [
  'POINT',
  'CIRCLE',
  'BOX',
  'POLYGON',
  'CONTAINS',
  'INTERSECTS',
  'DISTANCE',
]

const examples: Record<string, string> = {
  POINT: 'POINT(ra, dec)',
  CIRCLE: 'CIRCLE(10.7, 41.3, 0.5)',
  BOX: 'BOX(10.7, 41.3, 2, 1)',
  POLYGON: 'POLYGON(10, 41, 11, 41, 11, 42)',
  CONTAINS: 'CONTAINS(POINT(ra, dec), CIRCLE(10.7, 41.3, 0.5))',
  INTERSECTS: 'INTERSECTS(POINT(ra, dec), CIRCLE(10.7, 41.3, 0.5))',
  DISTANCE: 'DISTANCE(POINT(ra, dec), POINT(10.7, 41.3))',
}

const isCall = (node: Node, ...wanted: string[]): node is Call =>
  node.kind === 'call' && wanted.includes(node.name)

export function createGeometry(checker: Pick<Checker, 'number' | 'fault'>): { value(node: Call): Typed } {
  const wrong = (node: Node, name: string, why: string) =>
    checker.fault(node, `${why}; write it as ${examples[name]}`)

  /** Arguments without the coordinate system in front, which ADQL 2.1 keeps for old queries; ICRS alone is meant. */
  function argumentsOf(node: Call): readonly Node[] {
    const [first, ...rest] = node.args
    if (first?.kind !== 'string') return node.args
    if (/^\s*(ICRS|FK5|J2000|UNKNOWNFRAME)?\b/i.exec(first.value)?.[1] || first.value.trim() === '')
      return rest
    throw checker.fault(
      first,
      `the coordinate system '${shown(first.value)}' is not taken; give ICRS degrees and leave it out`,
      'adql.unsupported',
    )
  }

  function degrees(node: Node, what: string): Typed {
    const typed = checker.number(node, what)
    if (typed.unit === undefined || typed.unit === 'deg') return typed
    throw checker.fault(
      node,
      `${what} must be in deg, not ${typed.unit}; write IN_UNIT(…, 'deg')`,
      'adql.unit',
    )
  }

  function pointOf(lon: Node, lat: Node): Point {
    const point = { lon: degrees(lon, 'a right ascension'), lat: degrees(lat, 'a declination') }
    const [l, b] = [constantOf(point.lon), constantOf(point.lat)]
    if (l !== undefined && Math.abs(l) > 720)
      throw checker.fault(lon, `${l} is no right ascension (0 to 360 degrees)`)
    if (b !== undefined && Math.abs(b) > 90)
      throw checker.fault(lat, `${b} is no declination (-90 to 90 degrees)`)
    return point
  }

  function point(node: Node): Point {
    if (!isCall(node, 'POINT')) throw wrong(node, 'POINT', `"${shown(printNode(node))}" is no point`)
    const args = argumentsOf(node)
    if (args.length !== 2) throw wrong(node, 'POINT', 'a POINT has a right ascension and a declination')
    return pointOf(args[0], args[1])
  }

  /** The first argument or two as a point, and what is left. */
  function centre(node: Call, left: number): { at: Point; rest: readonly Node[] } {
    const args = argumentsOf(node)
    const byPoint = args.length === left + 1 && isCall(args[0], 'POINT')
    if (!byPoint && args.length !== left + 2)
      throw wrong(node, node.name, `${node.name} does not take ${args.length} arguments`)
    return byPoint
      ? { at: point(args[0]), rest: args.slice(1) }
      : { at: pointOf(args[0], args[1]), rest: args.slice(2) }
  }

  function fixed(typed: Typed, node: Node, name: string): number {
    const value = constantOf(typed)
    if (value !== undefined) return value
    throw checker.fault(node, `a ${name} in a condition takes numbers, not columns`, 'adql.unsupported')
  }

  function inside(node: Call): Typed {
    if (node.args.length !== 2) throw wrong(node, node.name, `${node.name} takes a point and a region`)
    const [first, second] = node.args
    const turned = node.name === 'INTERSECTS' && isCall(second, 'POINT')
    const [where, region] = turned ? [second, first] : [first, second]
    if (isCall(where, 'CIRCLE', 'BOX', 'POLYGON'))
      throw checker.fault(
        where,
        `${node.name} of two regions is not known; one must be a POINT`,
        'adql.unsupported',
      )
    const at = point(where)
    if (isCall(region, 'CIRCLE')) {
      const { at: middle, rest } = centre(region, 1)
      const radius = degrees(rest[0], 'a radius')
      const size = constantOf(radius)
      if (size !== undefined && !(size >= 0 && size <= 180))
        throw checker.fault(rest[0], `a radius is 0 to 180 degrees, not ${size}`)
      return { op: 'circle', type: 'boolean', a: at, b: middle, radius }
    }
    if (!isCall(region, 'BOX', 'POLYGON'))
      throw wrong(region, node.name, `"${shown(printNode(region))}" is no CIRCLE, BOX or POLYGON`)
    try {
      return { op: 'polygon', type: 'boolean', point: at, polygon: preparePolygon(verticesOf(region)) }
    } catch (error) {
      if (isProblem(error, 'region.invalid')) throw checker.fault(region, error.message.replace(/\.$/, ''))
      throw error
    }
  }

  function verticesOf(region: Call): (readonly [number, number])[] {
    if (region.name === 'BOX') {
      const { at, rest } = centre(region, 2)
      const [lon, lat] = [fixed(at.lon, region, 'BOX'), fixed(at.lat, region, 'BOX')]
      const size = rest.map((each) => fixed(degrees(each, 'a side of a BOX'), each, 'BOX'))
      return boxCorners(lon, lat, size[0], size[1])
    }
    const args = argumentsOf(region)
    const points = args.every((each) => isCall(each, 'POINT'))
      ? args.map(point)
      : Array.from({ length: Math.floor(args.length / 2) }, (_, i) => pointOf(args[2 * i], args[2 * i + 1]))
    if (points.length < 3 || (!args.some((each) => isCall(each, 'POINT')) && args.length % 2 === 1))
      throw wrong(
        region,
        'POLYGON',
        'a POLYGON has three vertices or more, each a right ascension and a declination',
      )
    return points.map(
      ({ lon, lat }) => [fixed(lon, region, 'POLYGON'), fixed(lat, region, 'POLYGON')] as const,
    )
  }

  function distance(node: Call): Typed {
    const args = argumentsOf(node)
    const [a, b] =
      args.length === 4
        ? [pointOf(args[0], args[1]), pointOf(args[2], args[3])]
        : args.length === 2
          ? args.map(point)
          : []
    if (!a || !b) throw wrong(node, 'DISTANCE', 'DISTANCE takes two points')
    return { op: 'distance', type: 'number', unit: 'deg', a, b }
  }

  return {
    value(node) {
      if (node.name === 'DISTANCE') return distance(node)
      if (node.name === 'CONTAINS' || node.name === 'INTERSECTS')
        return { op: 'flag', type: 'integer', condition: inside(node) }
      throw wrong(node, node.name, `a ${node.name} is no value by itself`)
    },
  }
}
