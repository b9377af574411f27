/** Rows of a filtered frame and the runs in them. The plain twins of the kernel `detect`. */
import type { Mask, Plane } from '#science/image/plane.ts'

/** A run is four numbers: row, first column, the column after its last, and where its filtered values begin. */
export const runLength = 4

/** Room for a row with `pad` zeros before it and at least as many behind, in whole vectors. */
export function paddedWidth(width: number, pad: number): number {
  return (width + 2 * pad + 7) & ~3
}

/** Row `y` with zeros for bad pixels, between zeros. Returns how many pixels are bad. */
export function cleanRow(plane: Plane, mask: Mask | null, y: number, pad: number, row: Float32Array): number {
  const { width, data } = plane
  row.fill(0, 0, pad)
  row.fill(0, pad + width)
  let bad = 0
  for (let x = 0, at = y * width; x < width; x++, at++) {
    const value = data[at]
    const good = value - value === 0 && !(mask && mask.data[at])
    row[pad + x] = good ? value : 0
    if (!good) bad++
  }
  return bad
}

/** One row of the filtered frame from `rows` padded rows in a ring of them that begins at row `first`. */
export function filterRow(
  ring: Float32Array,
  stride: number,
  first: number,
  taps: Float32Array,
  rows: number,
  width: number,
  out: Float32Array,
): void {
  const columns = taps.length / rows
  for (let x = 0; x < width; x++) {
    let sum = 0
    for (let j = 0; j < rows; j++) {
      const at = ((first + j) % rows) * stride + x
      for (let i = 0; i < columns; i++) sum += taps[j * columns + i] * ring[at + i]
    }
    out[x] = sum
  }
}

/**
 * Runs of a row above `threshold` (one value, or one for each pixel), written to `runs` from `runAt` and their values to
 * `values` from `valueAt`.
 */
export function runsOf(
  row: Float32Array,
  width: number,
  y: number,
  threshold: number | Float32Array,
  runs: Int32Array,
  runAt: number,
  values: Float32Array,
  valueAt: number,
): { runs: number; pixels: number } {
  const constant = typeof threshold === 'number' ? Math.fround(threshold) : 0
  const each = typeof threshold === 'number' ? null : threshold
  let run = runAt
  let at = valueAt
  let open = false
  for (let x = 0; x < width; x++) {
    if (row[x] > (each ? each[x] : constant)) {
      if (!open) {
        runs[run] = y
        runs[run + 1] = x
        runs[run + 3] = at
        open = true
      }
      values[at++] = row[x]
    } else if (open) {
      runs[run + 2] = x
      run += runLength
      open = false
    }
  }
  if (open) {
    runs[run + 2] = width
    run += runLength
  }
  return { runs: (run - runAt) / runLength, pixels: at - valueAt }
}
