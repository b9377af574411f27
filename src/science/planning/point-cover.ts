/** Which of many fields lie over each of many points, by quartering the sky until few points or no border are left. */
import { pixelOf } from '#science/sky/healpix.ts'
import { unitVector } from '#science/sky/vectors.ts'
import { cellLengths24 } from '#science/skymap/map.ts'
import { ascending } from '#science/skymap/sort.ts'
import type { Borders } from './borders.ts'
import { crossed, inside } from './borders.ts'
import { cellRadii, writePoint } from './cell-shape.ts'
import { createFieldSet } from './field-set.ts'
import type { FieldSet } from './field-set.ts'

/** Points tested one by one where this many or fewer share a cell. */
const FEW = 4

/** Calls `each` for every point that a field covers, with the fields over it; the set is valid during the call only. */
export function eachCoveredPoint(
  points: readonly { readonly ra: number; readonly dec: number }[],
  borders: Borders,
  each: (point: number, over: FieldSet) => void,
): void {
  const keys = Float64Array.from(points, ({ ra, dec }) => pixelOf(24, ra, dec))
  const sorted = ascending(keys)
  const over = createFieldSet(borders.count)
  let crossing = Int32Array.from({ length: Math.max(1024, 4 * borders.count) }, (_, i) => i)
  const v = new Float64Array(3)
  const firstAt = (start: number, from: number, to: number): number => {
    let low = from
    let high = to
    while (low < high) {
      const middle = (low + high) >> 1
      if (keys[sorted[middle]] < start) low = middle + 1
      else high = middle
    }
    return low
  }
  const visit = (
    k: number,
    f: number,
    x: number,
    y: number,
    start: number,
    a: number,
    b: number,
    from: number,
    to: number,
  ): void => {
    if (a === b) return
    writePoint(f, x + 0.5, y + 0.5, 2 ** k, v, 0)
    const before = over.count
    if (crossing.length < 2 * to - from) {
      const wider = new Int32Array(2 * (2 * to - from))
      wider.set(crossing)
      crossing = wider
    }
    let end = to
    for (let i = from; i < to; i++) {
      const side = borders.side(crossing[i], v[0], v[1], v[2], cellRadii[k])
      if (side === crossed) crossing[end++] = crossing[i]
      else if (side === inside) over.push(crossing[i])
    }
    if (end === to || b - a <= FEW || k === 24) {
      for (let n = a; n < b; n++) {
        const { ra, dec } = points[sorted[n]]
        const [px, py, pz] = unitVector(ra, dec)
        const here = over.count
        for (let i = to; i < end; i++) if (borders.holds(crossing[i], px, py, pz)) over.push(crossing[i])
        if (over.count > 0) each(sorted[n], over)
        over.popTo(here)
      }
    } else {
      let first = a
      for (let c = 0; c < 4; c++) {
        const at = start + c * cellLengths24[k + 1]
        const last = c === 3 ? b : firstAt(at + cellLengths24[k + 1], first, b)
        visit(k + 1, f, 2 * x + (c & 1), 2 * y + (c >> 1), at, first, last, to, end)
        first = last
      }
    }
    over.popTo(before)
  }
  for (let f = 0; f < 12; f++) {
    const start = f * cellLengths24[0]
    const a = firstAt(start, 0, points.length)
    visit(0, f, 0, 0, start, a, firstAt(start + cellLengths24[0], a, points.length), 0, borders.count)
  }
}
