/** Where the pixels of a section lie in an image that is stored row by row. */
import type { ByteRange, ReadPlan } from './source.ts'

/** Half-open ranges, one for each axis in FITS order. */
type Ranges = readonly (readonly [start: number, end: number])[]

/** Runs nearer than this many bytes are fetched as one range. */
const gapWorthKeeping = 65536

/** Positions of the first pixels of runs that are contiguous in the file, and their length; axes wanted whole are folded into it. */
function runsOf(image: readonly number[], section: Ranges): { starts: number[]; length: number } {
  const shape = section.map(([start, end]) => end - start)
  const strides = image.map((_, axis) => image.slice(0, axis).reduce((a, b) => a * b, 1))
  let folded = 0
  let length = 1
  while (folded < shape.length && length === strides[folded]) length *= shape[folded++]
  const index = section.map(([start]) => start)
  const starts: number[] = []
  for (let count = shape.reduce((a, b) => a * b, 1) / length; count > 0; count--) {
    starts.push(index.reduce((sum, at, axis) => sum + at * strides[axis], 0))
    for (let axis = folded; axis < shape.length && ++index[axis] === section[axis][1]; axis++)
      index[axis] = section[axis][0]
  }
  return { starts, length }
}

/**
 * Plan that fetches the section of an image whose first pixel is at byte `dataStart`, with near runs merged and at most
 * about `most` bytes at a time. `take(bytes, offset, to, count)` is given each stretch of pixels: `count` of them from byte
 * `offset` on, the first being number `to` of the section.
 */
export function* planRuns(
  { dataStart, shape }: { dataStart: number; shape: readonly number[] },
  size: number,
  section: Ranges,
  most: number,
  take: (bytes: Uint8Array, offset: number, to: number, count: number) => void,
): ReadPlan<void> {
  const { starts, length } = runsOf(shape, section)
  const step = Math.max(1, Math.floor(most / size))
  if (length > step) {
    for (let n = 0; n < starts.length; n++) {
      for (let done = 0; done < length; done += step) {
        const count = Math.min(step, length - done)
        const start = dataStart + size * (starts[n] + done)
        take(yield { start, end: start + count * size }, 0, n * length + done, count)
      }
    }
    return
  }
  const rangeOf = (first: number, last: number): ByteRange => ({
    start: dataStart + size * starts[first],
    end: dataStart + size * (starts[last] + length),
  })
  for (let first = 0; first < starts.length;) {
    let last = first
    while (
      last + 1 < starts.length &&
      (starts[last + 1] - starts[last] - length) * size < gapWorthKeeping &&
      (starts[last + 1] + length - starts[first]) * size <= most
    )
      last++
    const bytes = yield rangeOf(first, last)
    for (let n = first; n <= last; n++) take(bytes, (starts[n] - starts[first]) * size, n * length, length)
    first = last + 1
  }
}
