/** Grey-scale morphology with square windows (van Herk 1992): three comparisons a pixel, whatever the window. */
import { Problem } from '#problem.ts'
import type { Plane } from '#science/image/plane.ts'
import { smoothed } from '#science/image/smooth.ts'

/** Lowest value within `half` pixels along both axes; NaN counts as nothing. */
export const eroded = (plane: Plane, half: number): Plane => extreme(plane, half, 1)
/** Highest value within `half` pixels along both axes. */
export const dilated = (plane: Plane, half: number): Plane => extreme(plane, half, -1)
/** Bright things narrower than the window taken away. */
export const opened = (plane: Plane, half: number): Plane => dilated(eroded(plane, half), half)
/** Dark things narrower than the window filled. */
export const closed = (plane: Plane, half: number): Plane => eroded(dilated(plane, half), half)

/**
 * A background without any source narrower than `size` pixels: the opening of the frame smoothed a little first (a minimum
 * of noisy pixels is far below their mean), smoothed again, and set right by the median difference to the frame.
 */
export function morphologicalBackground(plane: Plane, size: number): Plane {
  if (!(size >= 3))
    throw new Problem('image.invalid', `A background of ${size} pixels is none; 3 is the least.`)
  const calm = smoothed(plane, Math.max(1, size / 16))
  const base = smoothed(opened(calm, Math.floor(size / 2)), size / 4)
  const differences: number[] = []
  const step = Math.max(1, Math.floor(plane.data.length / 100_000))
  for (let i = 0; i < plane.data.length; i += step) {
    const difference = plane.data[i] - base.data[i]
    if (difference - difference === 0) differences.push(difference)
  }
  differences.sort((a, b) => a - b)
  const shift = differences[differences.length >> 1] ?? 0
  for (let i = 0; i < base.data.length; i++) base.data[i] += shift
  return base
}

function extreme({ width, height, data }: Plane, half: number, sign: 1 | -1): Plane {
  const out = new Float32Array(data.length)
  for (let i = 0; i < data.length; i++) out[i] = data[i] - data[i] === 0 ? sign * data[i] : Infinity
  const across = new Float32Array(Math.max(width, height))
  for (let y = 0; y < height; y++) least(out, y * width, 1, width, half, across)
  for (let x = 0; x < width; x++) least(out, x, width, height, half, across)
  for (let i = 0; i < out.length; i++) out[i] = out[i] === Infinity ? NaN : sign * out[i]
  return { width, height, data: out }
}

/** Running minimum over 2 half + 1 places of one line, in place. */
function least(
  data: Float32Array,
  from: number,
  step: number,
  length: number,
  half: number,
  line: Float32Array,
): void {
  const window = 2 * half + 1
  const padded = length + 2 * half
  const value = (k: number): number => {
    const at = k - half
    return at < 0 || at >= length ? Infinity : line[at]
  }
  for (let k = 0; k < length; k++) line[k] = data[from + k * step]
  // Minima from the start of each block of a window's length, and towards it from its end.
  const forward = new Float32Array(padded)
  const backward = new Float32Array(padded)
  for (let k = 0; k < padded; k++)
    forward[k] = k % window === 0 ? value(k) : Math.min(forward[k - 1], value(k))
  for (let k = padded - 1; k >= 0; k--)
    backward[k] = k === padded - 1 || (k + 1) % window === 0 ? value(k) : Math.min(backward[k + 1], value(k))
  for (let k = 0; k < length; k++) data[from + k * step] = Math.min(backward[k], forward[k + window - 1])
}
