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
  const columns = Math.ceil(width / cell)
  const lines = Math.ceil(height / cell)
  const classes = bySize(found, columns, lines)
  const wing = new Float64Array(rows)
  for (let j = 0; j < rows; j++) {
    const unit = Math.PI * a[j] * b[j]
    const top = light[j] / (2 * unit * correction[j])
    const alpha = ((top / threshold[j]) ** (1 / exponent) - 1) * (unit / area[j])
    if (!(alpha > 0 && alpha < Infinity)) continue
    for (const { least, widest, starts, members } of classes) {
      // Beyond this the wing is below every detection of the class.
      const far = a[j] * Math.sqrt(Math.max(0, (top / least) ** (1 / exponent) - 1) / alpha)
      const reach = Math.min(far, zone * (a[j] + widest))
      const left = Math.max(0, Math.floor((x[j] - reach) / cell))
      const right = Math.min(columns - 1, Math.floor((x[j] + reach) / cell))
      const highest = Math.min(lines - 1, Math.floor((y[j] + reach) / cell))
      for (let v = Math.max(0, Math.floor((y[j] - reach) / cell)); v <= highest; v++) {
        for (let k = starts[v * columns + left]; k < starts[v * columns + right + 1]; k++) {
          const i = members[k]
          if (light[i] >= light[j]) continue
          const dx = x[i] - x[j]
          const dy = y[i] - y[j]
          const most = zone * (a[i] + a[j])
          if (dx * dx + dy * dy > most * most) continue
          const base = 1 + alpha * (cxx[j] * dx * dx + cyy[j] * dy * dy + cxy[j] * dx * dy)
          const value = exponent === 1 ? top / base : top * base ** -exponent
          if (value > faintest[i] - threshold[i] && value > wing[i]) {
            wing[i] = value
            into[i] = j
          }
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

/** Detections of about the same size, in cells. */
interface SizeClass {
  /** By how little one of them stands above its threshold (at least 0.1 %), and the largest semi-axis. */
  least: number
  widest: number
  starts: Int32Array
  members: Int32Array
}

/** How far one has to look depends on the size of both, and a few large ones should not make it far for all. */
function bySize(found: Detections, columns: number, lines: number): SizeClass[] {
  const { rows, x, y, a, faintest, threshold } = found
  const classes = new Map<number, number[]>()
  for (let i = 0; i < rows; i++) {
    const size = Math.max(0, Math.ceil(Math.log2(a[i])))
    const known = classes.get(size)
    if (known) known.push(i)
    else classes.set(size, [i])
  }
  const place = (i: number): number => {
    const u = Math.min(columns - 1, Math.max(0, Math.floor(x[i] / cell)))
    const v = Math.min(lines - 1, Math.max(0, Math.floor(y[i] / cell)))
    return v * columns + u
  }
  return [...classes.values()].map((list) => {
    let least = Infinity
    let widest = 0
    const starts = new Int32Array(columns * lines + 1)
    for (const i of list) {
      least = Math.min(least, Math.max(1e-3 * threshold[i], faintest[i] - threshold[i]))
      widest = Math.max(widest, a[i])
      starts[place(i) + 1]++
    }
    for (let c = 0; c < columns * lines; c++) starts[c + 1] += starts[c]
    const members = new Int32Array(list.length)
    const next = starts.slice()
    for (const i of list) members[next[place(i)]++] = i
    return { least, widest, starts, members }
  })
}
