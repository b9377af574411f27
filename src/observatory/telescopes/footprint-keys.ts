import type { Footprint, Offset } from '#science/planning/model.ts'
import { crossingSides, isLine, signedArea } from './corners.ts'
import { numberOf, shown, type Findings, type Keys } from './keys.ts'
import type { KeyPath } from './toml-lines.ts'

/** The table `[footprint]`: the sky that one exposure sees, in degrees, as the shapes of planning know it. */

const shapes = ['circle', 'box', 'rectangle', 'polygon', 'mosaic'] as const
const smallestDeg = 1 / 3_600
/** Corners lie on a tangent plane, which ends at 90°. */
const farthestDeg = 80
const mostDetectors = 400
const mostCorners = 400

/** Reads the shape; what is wrong with it is noted, and undefined comes back. */
export function footprintOf(keys: Keys, findings: Findings): Footprint | undefined {
  const shape = keys.oneOf('shape', shapes)
  if (!keys.has('shape')) keys.wrong('shape', `is missing; it is one of ${shapes.join(', ')}`)
  // Known to every shape, so that a slip of the pen is not answered with a list of unknown keys.
  keys.raw('field_deg2')
  if (shape === undefined) return undefined
  const before = findings.problems.length
  const made = readers[shape](keys, findings)
  keys.refuseOthers(advice(keys, shape))
  return findings.problems.length > before ? undefined : made
}

const side = { above: 0, min: smallestDeg, max: 180, unit: 'deg' }

const readers: Record<(typeof shapes)[number], (keys: Keys, findings: Findings) => Footprint | undefined> = {
  circle(keys) {
    const across = ['diameter_deg', 'diameter', 'fov_deg', 'fov'].find((key) => keys.has(key))
    const radiusDeg = across ? undefined : keys.needNumber('radius_deg', { ...side, max: 90 })
    if (across !== undefined) {
      const diameter = keys.raw(across)
      const half = typeof diameter === 'number' && diameter > 0 ? diameter / 2 : 'half of the diameter'
      keys.wrong(across, `is no key: a circle is given by its radius; write radius_deg = ${half}`)
    }
    return radiusDeg === undefined ? undefined : { shape: 'circle', radiusDeg }
  },
  box: (keys) => sided('box', keys),
  rectangle: (keys) => sided('rectangle', keys),
  polygon(keys, findings) {
    const list = keys.list('vertices')
    if (!keys.has('vertices')) keys.wrong('vertices', 'is missing: a list of [east, north] in deg')
    const vertices = list && cornersOf(list, [...keys.path, 'vertices'], findings)
    return vertices && { shape: 'polygon', vertices }
  },
  mosaic(keys, findings) {
    if (!keys.has('detectors')) return laidMosaic(keys, findings)
    const list = keys.list('detectors') ?? []
    const path = [...keys.path, 'detectors']
    if (list.length === 0) keys.wrong('detectors', 'is empty')
    if (list.length > mostDetectors)
      keys.wrong('detectors', `holds ${list.length} detectors; at most ${mostDetectors} are read`)
    const polygons = list.slice(0, mostDetectors).flatMap((each, i) => {
      if (!Array.isArray(each)) {
        findings.wrong([...path, i], `must be a list of corners [east, north], not ${shown(each)}`)
        return []
      }
      const corners = cornersOf(each, [...path, i], findings)
      return corners ? [corners] : []
    })
    return { shape: 'mosaic', polygons }
  },
}

function sided(shape: 'box' | 'rectangle', keys: Keys): Footprint | undefined {
  if (keys.has('side_deg')) {
    const length = keys.number('side_deg', side)
    for (const other of ['width_deg', 'height_deg'])
      if (keys.has(other)) keys.wrong(other, 'says again what side_deg says; leave one of them out')
    return length === undefined ? undefined : { shape, widthDeg: length, heightDeg: length }
  }
  const widthDeg = keys.needNumber('width_deg', side)
  const heightDeg = keys.needNumber('height_deg', side)
  return widthDeg === undefined || heightDeg === undefined ? undefined : { shape, widthDeg, heightDeg }
}

/** What a key of another shape most likely wanted. */
function advice(keys: Keys, shape: string): Record<string, string> {
  const round = `belongs to a circle, and the shape is ${shape}`
  return {
    radius_deg: round,
    diameter_deg: round,
    side_deg: `belongs to shape box or rectangle, and the shape is ${shape}`,
    width_deg: `belongs to shape box or rectangle, and the shape is ${shape}${shape === 'circle' ? '; a circle has radius_deg' : ''}`,
    height_deg: `belongs to shape box or rectangle, and the shape is ${shape}`,
    vertices: `belongs to shape polygon, and the shape is ${shape}`,
    detectors: `belongs to shape mosaic, and the shape is ${shape}`,
    ...(keys.has('detectors') && {
      rows: 'says again what detectors says; leave one of them out',
      columns: 'says again what detectors says; leave one of them out',
    }),
  }
}

/**
 * Detectors in rows, north to south, each row centred: `rows` × `columns`, or `row_lengths`; `missing` names those that
 * do not work as [row, column], from 1, columns from east to west.
 */
function laidMosaic(keys: Keys, findings: Findings): Footprint | undefined {
  const count = { min: 1, max: 64, whole: true }
  let lengths: number[] | undefined
  const rowLengths = keys.list('row_lengths')
  if (rowLengths) {
    if (rowLengths.length === 0 || rowLengths.length > 64) keys.wrong('row_lengths', 'must name 1 to 64 rows')
    const read = rowLengths
      .slice(0, 64)
      .map((each, i) => numberOf(each, [...keys.path, 'row_lengths', i], count, findings))
    lengths = read.every((each) => each !== undefined) ? read : undefined
    for (const other of ['rows', 'columns'])
      if (keys.has(other)) keys.wrong(other, 'says again what row_lengths says; leave one of them out')
  } else if (!keys.has('row_lengths')) {
    const rows = keys.needNumber('rows', count)
    const columns = keys.needNumber('columns', count)
    if (rows !== undefined && columns !== undefined) lengths = Array.from({ length: rows }, () => columns)
  }
  const width = keys.needNumber('detector_width_deg', side)
  const height = keys.needNumber('detector_height_deg', side)
  const gap = { min: 0, max: 20, unit: 'deg' }
  const both = keys.number('gap_deg', gap)
  const gapEast = keys.number('gap_east_deg', gap) ?? both ?? 0
  const gapNorth = keys.number('gap_north_deg', gap) ?? both ?? 0
  const split = splitOf(keys, width, height)
  const missing = new Set<string>()
  for (const [i, each] of (keys.list('missing') ?? []).slice(0, mostDetectors).entries()) {
    const path: KeyPath = [...keys.path, 'missing', i]
    const pair: readonly unknown[] = Array.isArray(each) ? each : []
    const [row, column] = pair
    const length = typeof row === 'number' ? lengths?.[row - 1] : undefined
    if (pair.length !== 2 || typeof row !== 'number' || typeof column !== 'number')
      findings.wrong(path, `must be [row, column], not ${shown(each)}`)
    else if (lengths && (length === undefined || !Number.isInteger(column) || column < 1 || column > length))
      findings.wrong(path, `names row ${row}, column ${column}, where there is no detector`)
    else missing.add(`${row} ${column}`)
  }
  if (lengths === undefined || width === undefined || height === undefined || split === undefined)
    return undefined
  const total = lengths.reduce((a, b) => a + b, 0) * split.length
  if (total > mostDetectors) {
    keys.wrong(null, `makes ${total} detectors; at most ${mostDetectors} are read`)
    return undefined
  }
  const widest = Math.max(...lengths) * (width + gapEast)
  if (Math.hypot(widest, lengths.length * (height + gapNorth)) / 2 > farthestDeg) {
    keys.wrong(null, `reaches farther than ${farthestDeg}° from its centre`)
    return undefined
  }
  const polygons = lengths.flatMap((length, row) => {
    const north = ((lengths.length - 1) / 2 - row) * (height + gapNorth)
    return Array.from({ length }, (_, column) => column + 1)
      .filter((column) => !missing.has(`${row + 1} ${column}`))
      .flatMap((column) => {
        const east = ((length + 1) / 2 - column) * (width + gapEast)
        return split.map(([e, n, w, h]): Offset[] => [
          [tidy(east + e - w), tidy(north + n - h)],
          [tidy(east + e + w), tidy(north + n - h)],
          [tidy(east + e + w), tidy(north + n + h)],
          [tidy(east + e - w), tidy(north + n + h)],
        ])
      })
  })
  if (polygons.length === 0) {
    keys.wrong('missing', 'leaves no detector')
    return undefined
  }
  return { shape: 'mosaic', polygons }
}

/** The parts of one detector as [east, north, half width, half height]: itself, or `split = { rows, columns, gaps }`. */
function splitOf(
  keys: Keys,
  width: number | undefined,
  height: number | undefined,
): [east: number, north: number, halfWidth: number, halfHeight: number][] | undefined {
  const table = keys.table('split')
  if (width === undefined || height === undefined) return undefined
  if (!table) return keys.has('split') ? undefined : [[0, 0, width / 2, height / 2]]
  const count = { min: 1, max: 16, whole: true }
  const rows = table.needNumber('rows', count)
  const columns = table.needNumber('columns', count)
  const gapEast = table.number('gap_east_deg', { min: 0, max: width, unit: 'deg' }) ?? 0
  const gapNorth = table.number('gap_north_deg', { min: 0, max: height, unit: 'deg' }) ?? 0
  table.refuseOthers()
  if (rows === undefined || columns === undefined) return undefined
  const [w, h] = [(width - (columns - 1) * gapEast) / columns, (height - (rows - 1) * gapNorth) / rows]
  if (w <= 0 || h <= 0) {
    table.wrong(null, 'leaves nothing between its gaps')
    return undefined
  }
  return Array.from({ length: rows * columns }, (_, i) => [
    ((columns - 1) / 2 - (i % columns)) * (w + gapEast),
    ((rows - 1) / 2 - Math.floor(i / columns)) * (h + gapNorth),
    w / 2,
    h / 2,
  ])
}

/** To 0.004 mas: sums of decimals keep their decimals. */
function tidy(value: number): number {
  return Math.round(value * 1e9) / 1e9 + 0
}

/** Corners in order round the detector; a last one that repeats the first is dropped. */
function cornersOf(list: readonly unknown[], path: KeyPath, findings: Findings): Offset[] | undefined {
  const before = findings.problems.length
  if (list.length > mostCorners) {
    findings.wrong(path, `has ${list.length} corners; at most ${mostCorners} are read`)
    return undefined
  }
  const corners = list.map((each, i): Offset | undefined => {
    const place = [...path, i]
    const pair: readonly unknown[] = Array.isArray(each) ? each : []
    if (pair.length !== 2) {
      findings.wrong(
        place,
        `must be [east, north] in deg, not ${Array.isArray(each) ? `a list of ${pair.length}` : shown(each)}`,
      )
      return undefined
    }
    const rule = { min: -farthestDeg, max: farthestDeg, unit: 'deg' }
    const east = numberOf(pair[0], [...place, 0], rule, findings)
    const north = numberOf(pair[1], [...place, 1], rule, findings)
    return east === undefined || north === undefined ? undefined : [east, north]
  })
  if (findings.problems.length > before) return undefined
  const ring = corners.filter((corner) => corner !== undefined)
  const [first, last] = [ring[0], ring.at(-1)]
  if (ring.length > 3 && first && last && first[0] === last[0] && first[1] === last[1]) ring.pop()
  if (ring.length < 3) {
    findings.wrong(path, `has ${ring.length} different corners; an area needs at least 3`)
    return undefined
  }
  if (isLine(ring)) {
    findings.wrong(path, 'has no area: its corners lie on a line')
    return undefined
  }
  const crossing = crossingSides(ring)
  if (crossing) {
    const [a, b] = crossing
    findings.wrong(
      [...path, b],
      `crosses itself: side ${a + 1} and side ${b + 1} meet; order the corners round the field`,
    )
    return undefined
  }
  if (Math.abs(signedArea(ring)) < smallestDeg ** 2) {
    findings.wrong(path, 'has an area of less than a square arcsecond')
    return undefined
  }
  return ring
}
