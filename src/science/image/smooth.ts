/** Planes smoothed with gaps left out, in two passes of running sums each: cost does not depend on the width. */
import type { Plane } from './plane.ts'

/** Mean over boxes, three times over: near to a Gaussian of `sigma` pixels. NaN is left out, and stays only where all is NaN. */
export function smoothed({ width, height, data }: Plane, sigma: number): Plane {
  const half = Math.max(1, Math.round((Math.sqrt(4 * sigma * sigma + 1) - 1) / 2))
  let sums = new Float32Array(data.length)
  let weights = new Float32Array(data.length)
  for (let i = 0; i < data.length; i++) {
    const here = data[i] - data[i] === 0
    sums[i] = here ? data[i] : 0
    weights[i] = here ? 1 : 0
  }
  for (let pass = 0; pass < 3; pass++) {
    sums = boxed(sums, width, height, half)
    weights = boxed(weights, width, height, half)
  }
  // Sums of nothing but rounding are no values.
  return { width, height, data: sums.map((sum, i) => (weights[i] > 1e-6 ? sum / weights[i] : NaN)) }
}

/** Mean over 2 half + 1 pixels along both axes; the frame is surrounded by zeros. */
function boxed(data: Float32Array, width: number, height: number, half: number): Float32Array<ArrayBuffer> {
  const across = new Float32Array(data.length)
  const n = 2 * half + 1
  for (let y = 0; y < height; y++) {
    const row = y * width
    let sum = 0
    for (let x = 0; x < Math.min(half, width); x++) sum += data[row + x]
    for (let x = 0; x < width; x++) {
      if (x + half < width) sum += data[row + x + half]
      if (x - half - 1 >= 0) sum -= data[row + x - half - 1]
      across[row + x] = sum / n
    }
  }
  const out = new Float32Array(data.length)
  const sums = new Float64Array(width)
  for (let y = 0; y < Math.min(half, height); y++)
    for (let x = 0; x < width; x++) sums[x] += across[y * width + x]
  for (let y = 0; y < height; y++) {
    if (y + half < height) for (let x = 0; x < width; x++) sums[x] += across[(y + half) * width + x]
    if (y - half - 1 >= 0) for (let x = 0; x < width; x++) sums[x] -= across[(y - half - 1) * width + x]
    for (let x = 0; x < width; x++) out[y * width + x] = sums[x] / n
  }
  return out
}
