/** Natural cubic splines on evenly spaced nodes, as the background needs them: along y once, along x for each row. */

/** A sixth of the second derivatives along y of rows × columns nodes, 0 at both ends. */
export function verticalSpline(nodes: Float32Array, columns: number, rows: number): Float32Array {
  const curve = new Float32Array(nodes.length)
  const values = new Float64Array(2 * rows)
  for (let x = 0; x < columns; x++) {
    for (let y = 0; y < rows; y++) values[y] = nodes[y * columns + x]
    curvature(values, rows)
    for (let y = 0; y < rows; y++) curve[y * columns + x] = values[rows + y]
  }
  return curve
}

/**
 * Spline along x at height `v` (in cells, the centre of the first row of cells being 0): values at the columns, then a
 * sixth of the second derivatives; 2 × columns numbers. Beyond the outermost centres the last cubic goes on.
 */
export function splineRow(
  nodes: Float32Array,
  curve: Float32Array,
  columns: number,
  rows: number,
  v: number,
  out: Float64Array,
): Float64Array {
  if (rows === 1) {
    for (let x = 0; x < columns; x++) out[x] = nodes[x]
  } else {
    const row = Math.min(rows - 2, Math.max(0, Math.floor(v)))
    const b = v - row
    const a = 1 - b
    const low = row * columns
    const high = low + columns
    for (let x = 0; x < columns; x++) {
      out[x] =
        a * (nodes[low + x] + (a * a - 1) * curve[low + x]) +
        b * (nodes[high + x] + (b * b - 1) * curve[high + x])
    }
  }
  curvature(out, columns)
  return out
}

/** 1 / pivot of each row of the system 1, 4, 1; beyond a few they are all the same. */
const factors = new Float64Array(32)
for (let i = 1; i < factors.length; i++) factors[i] = 1 / (4 - factors[i - 1])
const factorOf = (i: number): number => factors[Math.min(i, factors.length - 1)]

/**
 * Of `n` values, then room for as many curvatures. The last step divides by 6 once more than a natural spline would: so
 * SExtractor has it, whose maps these are.
 */
function curvature(values: Float64Array, n: number): void {
  values[n] = values[2 * n - 1] = 0
  if (n < 3) return
  // c[i−1] + 4 c[i] + c[i+1] = second difference.
  for (let i = 1; i < n - 1; i++) {
    const bend = values[i - 1] - 2 * values[i] + values[i + 1]
    values[n + i] = (bend - values[n + i - 1]) * factorOf(i)
  }
  for (let i = n - 3; i > 0; i--) values[n + i] -= (factorOf(i) * values[n + i + 1]) / 6
}
