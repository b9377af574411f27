/**
 * The sky under a map cut along the borders of many fields.
 *
 * Base cells are quartered as long as a border runs through them; what no border crosses is taken whole, so the cost
 * grows with the length of the borders and not with the number of cells of the map. Once the map is constant in a cell
 * and the cell is small against the fields that cross it, it is cut by the straight lines that stand for their borders.
 */
import { cellAreasSr, cellLengths24, start24 } from '#science/skymap/map.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import type { Borders, Leaf, LineList } from './borders.ts'
import { crossed, inside } from './borders.ts'
import { cellRadii, cellSides, writeCorners, writePoint } from './cell-shape.ts'
import { createFieldSet } from './field-set.ts'
import type { FieldSet } from './field-set.ts'
import { createPolygonStack, cutPolygon, polygonArea } from './clip.ts'

export interface CutOptions {
  /** Fields from this number on are candidates; sky under those before is handed to `taken` and not cut further. */
  readonly candidatesFrom?: number
  /** How many of the map's cells before each matter, one entry more than cells; the others weigh nothing and are not cut. */
  readonly only?: Uint32Array
  /** Cells of this order are not cut but belong to the fields that hold their centre. */
  readonly coarsest?: number
  /** Map cells within one of this order are taken for one of their mean density, where borders are fine enough. */
  readonly lump?: number
  /** Weight of all map cells before each (those that matter), n + 1 numbers: quicker than adding, to 1e-15 of the whole. */
  readonly cumulative?: Float64Array
  /** Sky outside of this field is passed over. */
  readonly within?: number
  /** Largest error (in weight) that one cut cell may bring to each field; smaller cells are made until it is kept. */
  readonly tolerance?: Float64Array
  /** Receives for each cut cell and each field that crosses it the error that straight lines may bring. */
  readonly doubt?: (field: number, weight: number) => void
}

/** A piece of sky with the fields over it, at least one. Valid during the call only. */
export type PieceSink = (over: FieldSet, weight: number, areaSr: number) => void

const DEEPEST = 28

/** Calls `piece` for all the sky that a candidate covers and `taken` for what fields before `candidatesFrom` cover. */
export function cutSky(
  map: Pick<SkyMap, 'order' | 'ipix' | 'density'>,
  borders: Borders,
  piece: PieceSink,
  taken: (weight: number, areaSr: number) => void,
  options: CutOptions = {},
): void {
  const {
    candidatesFrom = 0,
    only,
    within = -1,
    coarsest = DEEPEST + 1,
    lump = DEEPEST + 1,
    cumulative,
    tolerance,
    doubt,
  } = options
  const over = createFieldSet(borders.count)
  const { push, popTo } = over
  let crossing = Int32Array.from({ length: Math.max(1024, 4 * borders.count) }, (_, i) => i)
  const v = new Float64Array(3)
  const scratch = new Float64Array(3)
  const leaf: Leaf = {
    k: 0,
    radius: 0,
    centre: new Float64Array(3),
    frame: new Float64Array(6),
    corners: new Float64Array(16),
    sides: 4,
  }
  const lines: LineList = { values: [], lineEnd: [], partEnd: [] }
  const stack = createPolygonStack()
  let leafFields = 0
  let leafCount = 0
  let perArea = 0
  let cellArea = 0
  let cellWeight = 0
  let sliver = 0

  const firstAt = (start: number, from: number, to: number): number => {
    let low = from
    let high = to
    while (low < high) {
      const middle = (low + high) >> 1
      if (start24(map, middle) < start) low = middle + 1
      else high = middle
    }
    return low
  }
  /** Weight of a node: of a part of one map cell, or the sum of all map cells in it. */
  const weightOf = (k: number, a: number, b: number, uniform: boolean): number => {
    if (uniform) return a < b && !(only && only[a] === only[a + 1]) ? map.density[a] * cellAreasSr[k] : 0
    if (cumulative) return cumulative[b] - cumulative[a]
    let sum = 0
    for (let i = a; i < b; i++) {
      if (!only || only[i] !== only[i + 1]) sum += map.density[i] * cellAreasSr[map.order[i]]
    }
    return sum
  }

  const emit = (start: number, count: number): void => {
    if (over.count === 0) return
    const share = polygonArea(stack.points, start, count) * perArea
    piece(over, share * cellWeight, share * cellArea)
  }
  /** The polygon against part `part` of the i-th field that crosses the leaf, and all that follow. */
  const cut = (i: number, part: number, start: number, count: number): void => {
    if (part === lines.partEnd[i]) return next(i + 1, start, count)
    const top = stack.top
    let at = start
    let corners = count
    const end = lines.lineEnd[part]
    const { values } = lines
    for (let n = part === 0 ? 0 : lines.lineEnd[part - 1]; n < end; n++) {
      cutPolygon(stack, at, corners, values[3 * n], values[3 * n + 1], values[3 * n + 2], sliver)
      const { inStart, inCount } = stack
      if (stack.outCount > 0) cut(i, part + 1, stack.outStart, stack.outCount)
      if (inCount === 0) {
        stack.top = top
        return
      }
      at = inStart
      corners = inCount
    }
    const field = crossing[leafFields + i]
    if (field < candidatesFrom) {
      const share = polygonArea(stack.points, at, corners) * perArea
      taken(share * cellWeight, share * cellArea)
    } else {
      const before = over.count
      push(field)
      next(i + 1, at, corners)
      popTo(before)
    }
    stack.top = top
  }
  const next = (i: number, start: number, count: number): void => {
    if (i === leafCount) emit(start, count)
    else cut(i, i === 0 ? 0 : lines.partEnd[i - 1], start, count)
  }

  const cutLeaf = (
    k: number,
    f: number,
    x: number,
    y: number,
    weight: number,
    from: number,
    to: number,
  ): void => {
    leaf.k = k
    leaf.radius = cellRadii[k]
    leaf.centre.set(v)
    leaf.sides = writeCorners(f, x, y, 2 ** k, leaf.centre, leaf.frame, leaf.corners, scratch)
    lines.values.length = 0
    lines.lineEnd.length = 0
    lines.partEnd.length = 0
    for (let i = from; i < to; i++) borders.addLines(crossing[i], leaf, lines)
    leafFields = from
    leafCount = to - from
    stack.points.set(leaf.corners)
    stack.top = leaf.sides
    perArea = 1 / polygonArea(stack.points, 0, leaf.sides)
    cellArea = cellAreasSr[k]
    cellWeight = weight
    sliver = 1e-7 * cellSides[k]
    if (doubt && weight > 0) {
      for (let i = from; i < to; i++) doubt(crossing[i], weight * doubtOf(crossing[i], k))
    }
    next(0, 0, leaf.sides)
  }

  /** Part of a cut cell's weight by which lines may err: its own edges are bent, and the field's beyond second order. */
  const doubtOf = (field: number, k: number): number => {
    const bend = cellSides[k] * borders.curvature[field]
    return 0.05 * cellSides[k] + 0.02 * bend * bend
  }
  /** Whether lines may stand for every border that crosses a cell with its centre in `v`. */
  const resolved = (k: number, weight: number, from: number, to: number): boolean => {
    if (k >= DEEPEST) return true
    const bent = 400 * cellSides[k] * cellSides[k] > v[0] * v[0] + v[1] * v[1]
    for (let i = from; i < to; i++) {
      const field = crossing[i]
      if (k < borders.order[field]) return false
      if (bent && cellSides[k] > borders.finest[field]) return false
      if (tolerance && weight * doubtOf(field, k) > tolerance[field]) return false
    }
    return true
  }

  const atCentre = (k: number, weight: number, from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      if (!borders.holds(crossing[i], v[0], v[1], v[2])) continue
      if (crossing[i] < candidatesFrom) {
        taken(weight, cellAreasSr[k])
        return
      }
      push(crossing[i])
    }
    if (over.count > 0) piece(over, weight, cellAreasSr[k])
  }

  /** A cell with the fields that may cross it in crossing[from … to]; map cells a … b, one larger than it if `uniform`. */
  const visit = (
    k: number,
    f: number,
    x: number,
    y: number,
    start: number,
    a: number,
    b: number,
    uniform: boolean,
    from: number,
    to: number,
  ): void => {
    if (only && only[a] === only[b]) return
    writePoint(f, x + 0.5, y + 0.5, 2 ** k, v, 0)
    const radius = cellRadii[k]
    const before = over.count
    if (crossing.length < 2 * to - from) {
      const wider = new Int32Array(2 * (2 * to - from))
      wider.set(crossing)
      crossing = wider
    }
    let end = to
    for (let i = from; i < to; i++) {
      const field = crossing[i]
      const side = borders.side(field, v[0], v[1], v[2], radius)
      if (side === crossed) crossing[end++] = field
      else if (side === inside) {
        if (field < candidatesFrom) {
          taken(weightOf(k, a, b, uniform), cellAreasSr[k])
          popTo(before)
          return
        }
        push(field)
      } else if (field === within) {
        popTo(before)
        return
      }
    }
    if (end === to) {
      if (over.count > 0) piece(over, weightOf(k, a, b, uniform), cellAreasSr[k])
    } else {
      if (k >= coarsest) {
        atCentre(k, weightOf(k, a, b, uniform), to, end)
        popTo(before)
        return
      }
      const same = uniform || b === a || (b === a + 1 && map.order[a] === k)
      const whole = same || k >= lump
      const weight = whole ? weightOf(k, a, b, same) : 0
      if (whole && resolved(k, weight, to, end)) cutLeaf(k, f, x, y, weight, to, end)
      else quarter(k, f, x, y, start, a, b, same, to, end)
    }
    popTo(before)
  }

  const quarter = (
    k: number,
    f: number,
    x: number,
    y: number,
    start: number,
    a: number,
    b: number,
    uniform: boolean,
    from: number,
    to: number,
  ): void => {
    let first = a
    for (let c = 0; c < 4; c++) {
      const at = uniform ? 0 : start + c * cellLengths24[k + 1]
      const last = uniform || c === 3 ? b : firstAt(at + cellLengths24[k + 1], first, b)
      visit(k + 1, f, 2 * x + (c & 1), 2 * y + (c >> 1), at, first, last, uniform, from, to)
      if (!uniform) first = last
    }
  }

  for (let f = 0; f < 12; f++) {
    const start = f * cellLengths24[0]
    const a = firstAt(start, 0, map.order.length)
    const b = firstAt(start + cellLengths24[0], a, map.order.length)
    visit(0, f, 0, 0, start, a, b, false, 0, borders.count)
  }
}
