/**
 * Stars whose light overlaps: chains of stars closer than `link` pixels, cut into pieces of at most `most` along their
 * longer side. Rows that are not `wanted` belong to no group.
 */
export function groupStars(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  wanted: Uint8Array,
  link: number,
  most: number,
): number[][] {
  const rows = x.length
  const cells = new Map<string, number[]>()
  const cellOf = (value: number) => Math.floor(value / link)
  for (let i = 0; i < rows; i++) {
    if (wanted[i] === 0) continue
    const key = `${cellOf(x[i])} ${cellOf(y[i])}`
    const cell = cells.get(key)
    if (cell) cell.push(i)
    else cells.set(key, [i])
  }
  const seen = new Uint8Array(rows)
  const groups: number[][] = []
  for (let i = 0; i < rows; i++) {
    if (wanted[i] === 0 || seen[i] === 1) continue
    const group = [i]
    seen[i] = 1
    for (let k = 0; k < group.length; k++) {
      const at = group[k]
      for (let v = -1; v <= 1; v++) {
        for (let u = -1; u <= 1; u++) {
          for (const other of cells.get(`${cellOf(x[at]) + u} ${cellOf(y[at]) + v}`) ?? []) {
            if (seen[other] === 1 || Math.hypot(x[other] - x[at], y[other] - y[at]) > link) continue
            seen[other] = 1
            group.push(other)
          }
        }
      }
    }
    groups.push(...halved(group, x, y, most))
  }
  return groups
}

function halved(group: number[], x: ArrayLike<number>, y: ArrayLike<number>, most: number): number[][] {
  if (group.length <= most) return [group]
  const extent = (of: ArrayLike<number>) => {
    let [low, high] = [Infinity, -Infinity]
    for (const i of group) {
      low = Math.min(low, of[i])
      high = Math.max(high, of[i])
    }
    return high - low
  }
  const along = extent(x) > extent(y) ? x : y
  const sorted = group.toSorted((a, b) => along[a] - along[b])
  const middle = sorted.length >> 1
  return [...halved(sorted.slice(0, middle), x, y, most), ...halved(sorted.slice(middle), x, y, most)]
}
