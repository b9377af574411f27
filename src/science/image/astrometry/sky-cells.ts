/**
 * The whole sky in cells of one size, each with its stars in the order of the list: the cells say where stars are to be
 * chosen from, evenly over the sky, and which of them lie near a direction. (For pairs of positions within a radius see
 * sources/sky-cells.ts, whose cells follow the points.)
 */
import { sharedFloat64, sharedInt32 } from './shared.ts'

/** The stars of each cell that has any; plain arrays on shared memory, so that threads and files can have them. */
export interface CellStars {
  readonly bands: number
  /** Keys of the cells, growing; the stars of cell n are `members[starts[n]] … members[starts[n + 1] − 1]`. */
  readonly keys: Float64Array
  readonly starts: Int32Array
  readonly members: Int32Array
}

export interface SkyCells extends CellStars {
  /** Calls `visit` with every star that may lie within `radius` (radians) of the unit vector, and perhaps some beyond. */
  near(x: number, y: number, z: number, radius: number, visit: (star: number) => void): void
  /** Says of directions (not quite of unit length) whether they lie in cell n. */
  holder(n: number): (x: number, y: number, z: number) => boolean
}

/** Bands of the sky that cells about `size` radians wide lie in, fewer where keys and stars would not fit one number. */
export function bandsOf(size: number, stars: number): number {
  const most = Math.sqrt(2 ** 50 / Math.max(1, stars))
  return Math.max(1, Math.min(Math.floor(most), Math.round(Math.PI / size)))
}

/** Sorts unit vectors (three numbers each) into cells about `size` radians wide. */
export function skyCells(xyz: Float64Array, size: number): SkyCells {
  const count = xyz.length / 3
  const bands = bandsOf(size, count)
  const { keyOf } = gridOf(bands)
  // Cell and star in one number: the sort of plain numbers is much faster than one that asks.
  const order = new Float64Array(count)
  for (let i = 0; i < count; i++) order[i] = keyOf(xyz[3 * i], xyz[3 * i + 1], xyz[3 * i + 2]) * count + i
  order.sort()
  const members = sharedInt32(count)
  const keys: number[] = []
  const starts: number[] = []
  for (let k = 0; k < count; k++) {
    const key = Math.floor(order[k] / count)
    members[k] = order[k] - key * count
    if (key !== keys[keys.length - 1]) {
      keys.push(key)
      starts.push(k)
    }
  }
  starts.push(count)
  const kept = sharedFloat64(keys.length)
  kept.set(keys)
  const from = sharedInt32(starts.length)
  from.set(starts)
  return cellsOf({ bands, keys: kept, starts: from, members })
}

/** Cells that have been sorted before. */
export function cellsOf({ bands, keys, starts, members }: CellStars): SkyCells {
  const { height, across, offset } = gridOf(bands)
  return {
    bands,
    keys,
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
        const from = Math.floor((turn - reach) / width)
        const to = Math.floor((turn + reach) / width)
        if (whole || to - from >= columns - 1) run(offset[band], offset[band] + columns - 1, visit)
        else {
          const start = ((from % columns) + columns) % columns
          const end = start + to - from
          run(offset[band] + start, offset[band] + Math.min(end, columns - 1), visit)
          if (end >= columns) run(offset[band], offset[band] + end - columns, visit)
        }
      }
    },
    holder(n) {
      let band = 0
      for (let end = bands; end - band > 1;) {
        const middle = (band + end) >>> 1
        if (offset[middle] <= keys[n]) band = middle
        else end = middle
      }
      const low = Math.sin(-Math.PI / 2 + band * height)
      const high = band === bands - 1 ? 2 : Math.sin(-Math.PI / 2 + (band + 1) * height)
      const columns = across[band]
      const west = (2 * Math.PI * (keys[n] - offset[band])) / columns
      const east = west + (2 * Math.PI) / columns
      const [wx, wy, ex, ey] = [Math.cos(west), Math.sin(west), Math.cos(east), Math.sin(east)]
      return (x, y, z) => {
        const length = Math.sqrt(x * x + y * y + z * z)
        if (z < low * length || z >= high * length) return false
        // Up to half a turn wide, a cell lies to the left of its western meridian and to the right of the eastern one.
        if (columns === 1) return true
        if (columns === 2) return wx * y - wy * x >= 0
        return wx * y - wy * x >= 0 && ex * y - ey * x < 0
      }
    },
  }

  /** Visits the stars of the cells whose keys lie from `first` to `last`; they follow each other. */
  function run(first: number, last: number, visit: (star: number) => void): void {
    let [low, high] = [0, keys.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (keys[middle] < first) low = middle + 1
      else high = middle
    }
    for (let n = low; n < keys.length && keys[n] <= last; n++)
      for (let k = starts[n]; k < starts[n + 1]; k++) visit(members[k])
  }
}

/** Bands of equal height, each cut into columns about as wide; keys count them from the south. */
function gridOf(bands: number) {
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
  return { height, across, offset, keyOf }
}
