/** Cells in the making: typed arrays that grow, and the merging of equal neighbours while a flat map is read. */
import { Problem } from '#problem.ts'
import { cellAreasSr } from './map.ts'
import type { SkyMap, SkyMapMeta } from './map.ts'

/** Layers of a cell in the order density, mu, sigma, norm; one or all four. */
export type LayerCount = 1 | 4

export interface CellList {
  readonly length: number
  add(order: number, ipix: number, values: ArrayLike<number>): void
  /** The cells as a map. The list must not be added to afterwards. */
  map(meta: SkyMapMeta): SkyMap
}

/** Cells a map may have unless the caller says otherwise: 24 million are 0.4 GB, with distances 1 GB. */
export const defaultCellLimit = 24_000_000

/** A growing list of cells. Throws `skymap.too_large` beyond `limit`. */
export function createCellList(layers: LayerCount, limit = defaultCellLimit): CellList {
  let capacity = 4096
  let length = 0
  let order = new Uint8Array(capacity)
  let ipix = new Float64Array(capacity)
  let columns = Array.from({ length: layers }, () => new Float64Array(capacity))
  const grow = (): void => {
    if (length >= limit) {
      throw new Problem(
        'skymap.too_large',
        `The sky map has more than ${limit} cells of different density; ask its maker for a multi-order map, or a lower resolution.`,
        { limit },
      )
    }
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
  return {
    get length() {
      return length
    },
    add(k, p, values) {
      if (length === capacity) grow()
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

/** Probability of cell `i`. */
export function probabilityOf(map: SkyMap, i: number): number {
  return map.density[i] * cellAreasSr[map.order[i]]
}
