/**
 * The whole sky in cells of one size, each with its stars in the order of the list: the cells say where stars are to be
 * chosen from, evenly over the sky, and which of them lie near a direction. (For pairs of positions within a radius see
 * sources/sky-cells.ts, whose cells follow the points.)
 */

export interface SkyCells {
  /** Calls `visit` with every star that may lie within `radius` (radians) of the unit vector, and perhaps some beyond. */
  near(x: number, y: number, z: number, radius: number, visit: (star: number) => void): void
  /** Key of the cell that holds a direction. */
  keyOf(x: number, y: number, z: number): number
  /** Keys of the cells that hold stars; those of cell n are `members[starts[n]] … members[starts[n + 1] − 1]`. */
  readonly keys: Float64Array
  readonly starts: Int32Array
  readonly members: Int32Array
}

/** Cells up to which their places are kept in a plain table. */
const dense = 2 ** 22

/** Sorts unit vectors (three numbers each) into cells about `size` radians wide. */
export function skyCells(xyz: Float64Array, size: number): SkyCells {
  const bands = Math.max(1, Math.min(2 ** 20, Math.round(Math.PI / size)))
  const height = Math.PI / bands
  const across = new Int32Array(bands)
  const offset = new Float64Array(bands + 1)
  for (let b = 0; b < bands; b++) {
    const low = -Math.PI / 2 + b * height
    const widest = low <= 0 && low + height >= 0 ? 1 : Math.max(Math.cos(low), Math.cos(low + height))
    across[b] = Math.max(1, Math.floor((2 * Math.PI * widest) / height))
    offset[b + 1] = offset[b] + across[b]
  }
  const keyOf = (x: number, y: number, z: number): number => {
    const angle = Math.asin(z > 1 ? 1 : z < -1 ? -1 : z) + Math.PI / 2
    const band = Math.min(bands - 1, Math.max(0, Math.floor(angle / height)))
    const turn = Math.atan2(y, x) / (2 * Math.PI)
    return offset[band] + Math.min(across[band] - 1, Math.floor((turn < 0 ? turn + 1 : turn) * across[band]))
  }
  const count = xyz.length / 3
  const keyOfStar = new Float64Array(count)
  for (let i = 0; i < count; i++) keyOfStar[i] = keyOf(xyz[3 * i], xyz[3 * i + 1], xyz[3 * i + 2])
  const keys = occupied(keyOfStar)
  const find = lookup(keys, offset[bands])
  const starts = new Int32Array(keys.length + 1)
  const cell = new Int32Array(count)
  for (let i = 0; i < count; i++) starts[(cell[i] = find(keyOfStar[i])) + 1]++
  for (let n = 0; n < keys.length; n++) starts[n + 1] += starts[n]
  const next = starts.slice(0, keys.length)
  const members = new Int32Array(count)
  for (let i = 0; i < count; i++) members[next[cell[i]]++] = i

  return {
    keys,
    keyOf,
    starts,
    members,
    near(x, y, z, radius, visit) {
      const latitude = Math.asin(Math.max(-1, Math.min(1, z)))
      const first = Math.max(0, Math.floor((latitude - radius + Math.PI / 2) / height))
      const last = Math.min(bands - 1, Math.floor((latitude + radius + Math.PI / 2) / height))
      // Largest difference of longitude within a cap; caps that hold a pole have all longitudes.
      const ratio = Math.sin(Math.min(Math.PI / 2, radius)) / Math.max(1e-12, Math.cos(latitude))
      const whole = radius >= Math.PI / 2 - Math.abs(latitude) || ratio >= 1
      const reach = whole ? Math.PI : Math.asin(ratio)
      const turn = Math.atan2(y, x)
      for (let band = first; band <= last; band++) {
        const columns = across[band]
        const width = (2 * Math.PI) / columns
        let from = 0
        let to = columns - 1
        if (!whole) {
          from = Math.floor((turn - reach) / width)
          to = Math.floor((turn + reach) / width)
          if (to - from >= columns - 1) {
            from = 0
            to = columns - 1
          }
        }
        for (let column = from; column <= to; column++) {
          const n = find(offset[band] + (((column % columns) + columns) % columns))
          if (n < 0) continue
          for (let k = starts[n]; k < starts[n + 1]; k++) visit(members[k])
        }
      }
    },
  }
}

function occupied(keyOfStar: Float64Array): Float64Array {
  const sorted = keyOfStar.slice().sort()
  let count = 0
  for (let i = 0; i < sorted.length; i++)
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i]
  return sorted.slice(0, count)
}

/** Place of a key among the occupied ones, −1 where it is not. */
function lookup(keys: Float64Array, cells: number): (key: number) => number {
  if (cells <= dense) {
    const place = new Int32Array(cells).fill(-1)
    keys.forEach((key, n) => (place[key] = n))
    return (key) => place[key]
  }
  const place = new Map<number, number>()
  keys.forEach((key, n) => place.set(key, n))
  return (key) => place.get(key) ?? -1
}
