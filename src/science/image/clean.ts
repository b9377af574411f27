/**
 * Detections that would not have been made without a brighter neighbour (Bertin & Arnouts 1996, §3.3): each is compared
 * with the wing of the neighbour, a Moffat profile that has its area above the threshold and its light.
 */
import type { Detections } from './detections.ts'

/** Neighbours are looked for within as many times the sum of both semi-axes. */
const zone = 10
const cell = 32

/**
 * For each detection the row of the one that absorbs it, or its own.
 * @param exponent of the profile: CLEAN_PARAM, 0.1 … 10; smaller absorbs more.
 */
export function absorbed(found: Detections, exponent: number, width: number, height: number): Int32Array {
  const { rows, x, y, a, b, cxx, cyy, cxy, light, area, correction, threshold, faintest } = found
  const into = Int32Array.from({ length: rows }, (_, i) => i)
  if (rows < 2) return into
  let least = Infinity
  let widest = 0
  for (let i = 0; i < rows; i++) {
    least = Math.min(least, Math.max(1e-3 * threshold[i], faintest[i] - threshold[i]))
    widest = Math.max(widest, a[i])
  }
  const columns = Math.ceil(width / cell)
  const lines = Math.ceil(height / cell)
  const { starts, members } = buckets(found, columns, lines)
  const wing = new Float64Array(rows)
  for (let j = 0; j < rows; j++) {
    const unit = Math.PI * a[j] * b[j]
    const height = light[j] / (2 * unit * correction[j])
    const alpha = ((height / threshold[j]) ** (1 / exponent) - 1) * (unit / area[j])
    if (!(alpha > 0 && least > 0)) continue
    // Beyond this the wing is below every detection.
    const far = a[j] * Math.sqrt(Math.max(0, (height / least) ** (1 / exponent) - 1) / alpha)
    const reach = Math.min(far, zone * (a[j] + widest))
    const left = Math.max(0, Math.floor((x[j] - reach) / cell))
    const right = Math.min(columns - 1, Math.floor((x[j] + reach) / cell))
    const bottom = Math.max(0, Math.floor((y[j] - reach) / cell))
    const top = Math.min(lines - 1, Math.floor((y[j] + reach) / cell))
    for (let v = bottom; v <= top; v++) {
      for (let k = starts[v * columns + left]; k < starts[v * columns + right + 1]; k++) {
        const i = members[k]
        if (light[i] >= light[j]) continue
        const dx = x[i] - x[j]
        const dy = y[i] - y[j]
        const most = zone * (a[i] + a[j])
        if (dx * dx + dy * dy > most * most) continue
        const value =
          height * (1 + alpha * (cxx[j] * dx * dx + cyy[j] * dy * dy + cxy[j] * dx * dy)) ** -exponent
        if (value > faintest[i] - threshold[i] && value > wing[i]) {
          wing[i] = value
          into[i] = j
        }
      }
    }
  }
  // What absorbs may be absorbed itself; light decreases along the way, so it ends.
  for (let i = 0; i < rows; i++) {
    let j = into[i]
    while (into[j] !== j) j = into[j]
    into[i] = j
  }
  return into
}

function buckets(
  { rows, x, y }: Detections,
  columns: number,
  lines: number,
): { starts: Int32Array; members: Int32Array } {
  const starts = new Int32Array(columns * lines + 1)
  const place = (i: number): number => {
    const u = Math.min(columns - 1, Math.max(0, Math.floor(x[i] / cell)))
    const v = Math.min(lines - 1, Math.max(0, Math.floor(y[i] / cell)))
    return v * columns + u
  }
  for (let i = 0; i < rows; i++) starts[place(i) + 1]++
  for (let c = 0; c < columns * lines; c++) starts[c + 1] += starts[c]
  const members = new Int32Array(rows)
  const next = starts.slice()
  for (let i = 0; i < rows; i++) members[next[place(i)]++] = i
  return { starts, members }
}
