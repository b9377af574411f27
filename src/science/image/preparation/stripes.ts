/** Offsets of whole rows and columns, as read-out electronics leave them. */
import { Problem } from '#problem.ts'
import { checkSize } from './mask.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { lowerMedianOf } from '#science/image/median.ts'

export interface StripeOptions {
  /** `vertical` stripes are columns, `horizontal` ones rows; both are taken one after the other. */
  readonly direction: 'vertical' | 'horizontal' | 'both'
  /** Pixels that do not count for the medians; all are shifted. */
  readonly mask?: Mask
  /** Where given, only what departs from the running median of so many lines is removed: a gradient of the sky stays. */
  readonly trend?: number
}

export interface Stripes {
  /** What was added to each column and row, ADU; null where that direction was not asked for. */
  readonly columns: Float64Array | null
  readonly rows: Float64Array | null
}

/** Shifts each column and row so that its median is the frame's, in place. Lines without a good pixel stay as they are. */
export function removeStripes(plane: Plane, { direction, mask, trend }: StripeOptions): Stripes {
  if (mask) checkSize(mask, plane)
  const along = (columns: boolean) => shiftLines(plane, columns, mask, trend)
  return {
    columns: direction === 'horizontal' ? null : along(true),
    rows: direction === 'vertical' ? null : along(false),
  }
}

function shiftLines(
  { width, height, data }: Plane,
  columns: boolean,
  mask: Mask | undefined,
  trend?: number,
): Float64Array {
  const lines = columns ? width : height
  const length = columns ? height : width
  const step = columns ? width : 1
  const across = columns ? 1 : width
  const medians = new Float64Array(lines)
  const values = new Float64Array(length)
  for (let line = 0; line < lines; line++) {
    let n = 0
    for (let k = 0; k < length; k++) {
      const i = line * across + k * step
      if (data[i] - data[i] === 0 && (!mask || mask.data[i] === 0)) values[n++] = data[i]
    }
    medians[line] = n === 0 ? NaN : lowerMedianOf(values, n)
  }
  const known = medians.filter((each) => !Number.isNaN(each))
  if (known.length === 0)
    throw new Problem('image.invalid', 'No pixel of the frame is good; stripes cannot be told from it.')
  const level = lowerMedianOf(known, known.length)
  const shifts = new Float64Array(lines)
  for (let line = 0; line < lines; line++) {
    const expected = trend ? runningMedian(medians, line, trend) : level
    shifts[line] = Number.isNaN(medians[line]) ? 0 : expected - medians[line]
  }
  for (let line = 0; line < lines; line++)
    if (shifts[line] !== 0) for (let k = 0; k < length; k++) data[line * across + k * step] += shifts[line]
  return shifts
}

function runningMedian(values: Float64Array, at: number, width: number): number {
  const half = Math.floor(width / 2)
  const near = values.slice(Math.max(0, at - half), at + half + 1).filter((each) => !Number.isNaN(each))
  return lowerMedianOf(near, near.length)
}
