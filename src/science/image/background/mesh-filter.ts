import { medianOfFew } from '#science/image/median.ts'

/**
 * Gives cells that are NaN the mean of the nearest good ones (0 and 1 where none is good), in place.
 * @returns how many there were.
 */
export function withoutGaps(level: Float32Array, rms: Float32Array, columns: number, rows: number): number {
  const bad: number[] = []
  for (let i = 0; i < level.length; i++) if (Number.isNaN(level[i])) bad.push(i)
  if (bad.length === 0) return 0
  const good = bad.length < level.length
  const filled = bad.map((i) => (good ? nearest(level, rms, columns, rows, i) : { level: 0, rms: 1 }))
  bad.forEach((i, k) => {
    level[i] = filled[k].level
    rms[i] = filled[k].rms
  })
  return bad.length
}

/** Mean over the good cells that are nearest to cell `i`; rings around it until no nearer one can come. */
function nearest(
  level: Float32Array,
  rms: Float32Array,
  columns: number,
  rows: number,
  i: number,
): { level: number; rms: number } {
  const x = i % columns
  const y = (i - x) / columns
  let least = Infinity
  let count = 0
  let sum = 0
  let noise = 0
  const look = (u: number, v: number): void => {
    if (u < 0 || v < 0 || u >= columns || v >= rows || Number.isNaN(level[v * columns + u])) return
    const distance = (u - x) ** 2 + (v - y) ** 2
    if (distance > least) return
    if (distance < least) count = sum = noise = 0
    least = distance
    count++
    sum += level[v * columns + u]
    noise += rms[v * columns + u]
  }
  for (let r = 1; r * r <= least && r < Math.max(columns, rows); r++) {
    for (let u = x - r; u <= x + r; u++) {
      look(u, y - r)
      look(u, y + r)
    }
    for (let v = y - r + 1; v < y + r; v++) {
      look(x - r, v)
      look(x + r, v)
    }
  }
  return { level: sum / count, rms: noise / count }
}

/** Median filter of both maps where the level differs from its median by `threshold`; the window shrinks evenly at the edges. */
export function medianFiltered(
  level: Float32Array,
  rms: Float32Array,
  columns: number,
  rows: number,
  filterX: number,
  filterY: number,
  threshold: number,
): { level: Float32Array; rms: Float32Array } {
  const out = { level: level.slice(), rms: rms.slice() }
  const halfX = filterX >> 1
  const halfY = filterY >> 1
  const levels = new Float32Array((2 * halfX + 1) * (2 * halfY + 1))
  const noises = new Float32Array(levels.length)
  for (let y = 0; y < rows; y++) {
    const dy = Math.min(halfY, y, rows - 1 - y)
    for (let x = 0; x < columns; x++) {
      const dx = Math.min(halfX, x, columns - 1 - x)
      let n = 0
      for (let v = y - dy; v <= y + dy; v++) {
        for (let u = x - dx; u <= x + dx; u++) {
          levels[n] = level[v * columns + u]
          noises[n++] = rms[v * columns + u]
        }
      }
      const median = medianOfFew(levels, n)
      if (Math.abs(median - level[y * columns + x]) < threshold) continue
      out.level[y * columns + x] = median
      out.rms[y * columns + x] = medianOfFew(noises, n)
    }
  }
  return out
}
