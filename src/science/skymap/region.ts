/** Probability inside a region of the sky: exact overlaps of ranges, nothing resampled. */
import type { Moc } from '#science/sky/moc.ts'
import { halvesOf } from '#science/sky/index64.ts'
import type { Ranges } from '#science/sky/ranges.ts'
import { cellAreasSr, cellLengths24, start24 } from './map.ts'
import type { SkyMap } from './map.ts'

/** A boundary of order 29 as whole pixels of order 24 and the rest in 1/1024 of one: exact, which one double is not. */
interface Boundaries {
  readonly whole: Float64Array
  readonly rest: Float64Array
}

function boundariesOf(ranges: Ranges): Boundaries {
  const halves = halvesOf(ranges)
  const whole = new Float64Array(ranges.length)
  const rest = new Float64Array(ranges.length)
  for (let i = 0; i < ranges.length; i++) {
    whole[i] = halves[2 * i + 1] * 2 ** 22 + (halves[2 * i] >>> 10)
    rest[i] = (halves[2 * i] & 1023) / 1024
  }
  return { whole, rest }
}

/**
 * Calls `part` with each cell that shares sky with the ranges and the fraction of the cell they share.
 * One merge over both: O(cells + ranges).
 */
function overlaps(map: SkyMap, ranges: Ranges, part: (cell: number, fraction: number) => void): void {
  const { whole, rest } = boundariesOf(ranges)
  const count = ranges.length / 2
  let first = 0
  for (let cell = 0; cell < map.order.length && first < count; cell++) {
    const start = start24(map, cell)
    const length = cellLengths24[map.order[cell]]
    const end = start + length
    while (
      first < count &&
      (whole[2 * first + 1] < start || (whole[2 * first + 1] === start && rest[2 * first + 1] === 0))
    )
      first++
    let shared = 0
    for (let r = first; r < count && whole[2 * r] < end; r++) {
      const from = whole[2 * r] < start ? 0 : whole[2 * r] - start + rest[2 * r]
      const to = whole[2 * r + 1] >= end ? length : whole[2 * r + 1] - start + rest[2 * r + 1]
      shared += to - from
    }
    if (shared > 0) part(cell, shared / length)
  }
}

/** Probability inside a MOC. A cone, an ellipse or a polygon is first made ranges by `#science/sky/cover.ts`. */
export function probabilityIn(map: SkyMap, moc: Moc | Ranges): number {
  const ranges = moc instanceof BigInt64Array ? moc : moc.ranges
  let sum = 0
  overlaps(map, ranges, (cell, fraction) => {
    sum += fraction * map.density[cell] * cellAreasSr[map.order[cell]]
  })
  return Math.min(1, sum)
}
