/** Cells in the making: typed arrays that grow, and the merging of equal neighbours while a flat map is read. */
import { Problem } from '#problem.ts'
import type { SkyMap, SkyMapMeta } from './map.ts'

/** Layers of a cell in the order density, mu, sigma, norm; one or all four. */
export type LayerCount = 1 | 4

export interface CellList {
  readonly length: number
  /** Largest relative difference within a cell that was merged to stay within the limit; 0: none was. */
  readonly coarseness: number
  add(order: number, ipix: number, values: ArrayLike<number>): void
  /** The cells as a map. The list must not be added to afterwards. */
  map(meta: SkyMapMeta): SkyMap
}

/**
 * Cells a flat map may have unless the caller says otherwise. Every flat map to nside 512 fits as it is; beyond,
 * neighbours that hardly differ are merged.
 */
export const defaultCellLimit = 4_000_000

/** Cells whose density lies this far below the densest hold nothing that a double sum could notice. */
const negligible = 1e-12

/**
 * A growing list of cells along the sky. When it reaches `limit`, siblings whose densities differ least are merged into
 * their mean (the distance is that of the densest), which keeps the sum; `coarseness` tells how far that went. Cells
 * that are no siblings cannot be merged: `skymap.too_large` where half the list cannot be saved.
 */
export function createCellList(layers: LayerCount, limit = Infinity): CellList {
  let capacity = 4096
  let length = 0
  let coarseness = 0
  let densest = 0
  let order = new Uint8Array(capacity)
  let ipix = new Float64Array(capacity)
  let columns = Array.from({ length: layers }, () => new Float64Array(capacity))
  const grow = (): void => {
    capacity = Math.min(limit, 2 * capacity)
    const wider = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(capacity)
      to.set(from)
      return to
    }
    const orders = new Uint8Array(capacity)
    orders.set(order)
    order = orders
    ipix = wider(ipix)
    columns = columns.map(wider)
  }
  /** Whether the four cells before `end` are siblings that differ by no more than `difference`. */
  const alike = (end: number, difference: number): boolean => {
    const last = end - 1
    let [low, high] = [columns[0][last], columns[0][last]]
    for (let back = 1; back < 4; back++) {
      const at = last - back
      if (order[at] !== order[last] || ipix[at] !== ipix[last] - back) return false
      low = Math.min(low, columns[0][at])
      high = Math.max(high, columns[0][at])
    }
    return high - low <= difference * high || high <= negligible * densest
  }
  const merge = (difference: number): void => {
    let top = 0
    for (let i = 0; i < length; i++) {
      order[top] = order[i]
      ipix[top] = ipix[i]
      for (const column of columns) column[top] = column[i]
      top++
      while (top >= 4 && order[top - 1] > 0 && ipix[top - 1] % 4 === 3 && alike(top, difference)) {
        const first = top - 4
        let best = first
        let sum = 0
        for (let n = first; n < top; n++) {
          sum += columns[0][n]
          if (columns[0][n] > columns[0][best]) best = n
        }
        for (let layer = 1; layer < layers; layer++) columns[layer][first] = columns[layer][best]
        columns[0][first] = sum / 4
        order[first]--
        ipix[first] = Math.floor(ipix[first] / 4)
        top = first + 1
      }
    }
    length = top
  }
  const shrink = (): void => {
    for (let difference = Math.max(coarseness, 2.5e-4); length > limit / 2; difference *= 2) {
      if (difference > 0.25) {
        throw new Problem(
          'skymap.too_large',
          `The sky map has more than ${limit} cells of different density; ask its maker for a multi-order map, or a lower resolution.`,
          { limit },
        )
      }
      merge(difference)
      coarseness = difference
    }
  }
  return {
    get length() {
      return length
    },
    get coarseness() {
      return coarseness
    },
    add(k, p, values) {
      if (length === limit) shrink()
      if (length === capacity) grow()
      if (values[0] > densest) densest = values[0]
      order[length] = k
      ipix[length] = p
      for (let layer = 0; layer < layers; layer++) columns[layer][length] = values[layer]
      length++
    },
    map(meta) {
      const [density, mu, sigma, norm] = columns.map((column) => column.slice(0, length))
      return {
        order: order.slice(0, length),
        ipix: ipix.slice(0, length),
        density,
        ...(layers === 4 ? { distance: { mu, sigma, norm } } : {}),
        meta,
      }
    },
  }
}

export interface RunMerger {
  /** Takes the next `count` pixels of the grid; `columns` hold their layers from `at` on. */
  take(columns: readonly Float64Array[], at: number, count: number): void
  /** Writes the last run. */
  end(): void
}

/**
 * Turns the pixels of a NESTED grid, given in order, into the largest cells of equal layers: a run of equal pixels is
 * cut into aligned cells as soon as it ends, so that memory holds cells only.
 */
export function createRunMerger(gridOrder: number, layers: LayerCount, cells: CellList): RunMerger {
  const current = new Float64Array(layers)
  let start = 0
  let position = 0
  const flush = (): void => {
    let at = start
    while (at < position) {
      let k = gridOrder
      let size = 1
      while (k > 0 && at % (4 * size) === 0 && at + 4 * size <= position) {
        k--
        size *= 4
      }
      cells.add(k, at / size, current)
      at += size
    }
    start = position
  }
  return {
    take(columns, at, count) {
      const [density] = columns
      for (let i = at; i < at + count; i++) {
        let same = position > start && density[i] === current[0]
        for (let layer = 1; same && layer < layers; layer++) same = columns[layer][i] === current[layer]
        if (!same) {
          flush()
          for (let layer = 0; layer < layers; layer++) current[layer] = columns[layer][i]
        }
        position++
      }
    },
    end: flush,
  }
}

/** Merges complete quadruples of equal siblings, again and again. Cells must be sorted. */
export function mergeEqual(map: SkyMap): SkyMap {
  const n = map.order.length
  const order = map.order.slice()
  const ipix = map.ipix.slice()
  const from = new Uint32Array(n)
  const { density, distance } = map
  const equal = (a: number, b: number): boolean =>
    density[a] === density[b] &&
    (!distance ||
      (distance.mu[a] === distance.mu[b] &&
        distance.sigma[a] === distance.sigma[b] &&
        distance.norm[a] === distance.norm[b]))
  let top = 0
  for (let i = 0; i < n; i++) {
    order[top] = map.order[i]
    ipix[top] = map.ipix[i]
    from[top] = i
    top++
    while (top >= 4 && order[top - 1] > 0 && ipix[top - 1] % 4 === 3) {
      const last = top - 1
      let whole = true
      for (let back = 1; back < 4 && whole; back++) {
        const other = last - back
        whole =
          order[other] === order[last] && ipix[other] === ipix[last] - back && equal(from[other], from[last])
      }
      if (!whole) break
      top -= 3
      order[top - 1]--
      ipix[top - 1] = Math.floor(ipix[top - 1] / 4)
    }
  }
  const layer = (values: Float64Array): Float64Array => {
    const out = new Float64Array(top)
    for (let i = 0; i < top; i++) out[i] = values[from[i]]
    return out
  }
  return {
    order: order.slice(0, top),
    ipix: ipix.slice(0, top),
    density: layer(density),
    ...(distance
      ? { distance: { mu: layer(distance.mu), sigma: layer(distance.sigma), norm: layer(distance.norm) } }
      : {}),
    meta: map.meta,
  }
}
