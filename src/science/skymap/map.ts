/**
 * The one form in which Urania holds where an event may be: HEALPix cells of mixed order, each with a probability
 * density, none of them overlapping, together the whole sky. Nothing is ever flattened to one resolution.
 */
import { Problem } from '#problem.ts'
import { maxPlainOrder, pixelOf } from '#science/sky/healpix.ts'
import { ascending } from './sort.ts'

/** Distance along each cell: p(r) = norm/(√(2π) sigma) r² exp(−(r − mu)²/(2 sigma²)); no information is (+∞, 1, 0). */
export interface DistanceLayers {
  /** Mpc; not a distance by itself. */
  readonly mu: Float64Array
  /** Mpc. */
  readonly sigma: Float64Array
  /** Mpc⁻². */
  readonly norm: Float64Array
}

export interface SkyMapMeta {
  object?: string
  instruments?: string[]
  creator?: string
  /** DATE-OBS as the file has it. */
  dateObs?: string
  /** Marginal distance as the maker of the map states it, Mpc. */
  distMean?: number
  distStd?: number
  /** Order of the grid of a map that came flat: equal neighbours were merged, areas by whole pixels use this order. */
  gridOrder?: number
  /** Frame and layout of the file the map came from. */
  frame?: 'icrs' | 'galactic' | 'ecliptic'
  layout?: string
  /** Sum of the probability before it was scaled to one. */
  sum?: number
  /** What was done to the map on the way in, in sentences. */
  notes?: string[]
  [key: string]: unknown
}

export interface SkyMap {
  /** Order of each cell, at most 24; cells are sorted by position on the sky (NESTED). */
  readonly order: Uint8Array
  /** NESTED pixel number of each cell at its order. */
  readonly ipix: Float64Array
  /** Probability density, sr⁻¹; Σ density·area = 1. */
  readonly density: Float64Array
  readonly distance?: DistanceLayers
  readonly meta: SkyMapMeta
}

/** Area of a cell of each order, sr, by index. */
export const cellAreasSr: Float64Array = Float64Array.from(
  { length: 30 },
  (_, order) => Math.PI / 3 / 4 ** order,
)

/** Square degrees in a steradian. */
export const deg2PerSr: number = (180 / Math.PI) ** 2

/** Pixels of order 24 in the whole sky, and in a cell of each order. */
export const skyLength24: number = 12 * 4 ** maxPlainOrder
export const cellLengths24: Float64Array = Float64Array.from({ length: 25 }, (_, order) => 4 ** (24 - order))

/** First pixel of cell `i` at order 24. */
export function start24(map: Pick<SkyMap, 'order' | 'ipix'>, i: number): number {
  return map.ipix[i] * cellLengths24[map.order[i]]
}

/** Probability of each cell. */
export function probabilities(map: SkyMap): Float64Array {
  const out = new Float64Array(map.density.length)
  for (let i = 0; i < out.length; i++) out[i] = map.density[i] * cellAreasSr[map.order[i]]
  return out
}

/** Index of the cell that holds pixel `pixel24` of order 24. */
export function cellOfPixel24(map: SkyMap, pixel24: number): number {
  let low = 0
  let high = map.order.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (start24(map, middle) <= pixel24) low = middle
    else high = middle - 1
  }
  return low
}

/** Index of the cell that holds a direction (degrees, ICRS). Throws `skymap.invalid` for what is no direction. */
export function cellAt(map: SkyMap, ra: number, dec: number): number {
  if (!Number.isFinite(ra) || !(dec >= -90 && dec <= 90)) {
    throw new Problem(
      'skymap.invalid',
      `RA ${ra}, Dec ${dec} is no direction; give degrees, Dec between −90 and 90.`,
    )
  }
  return cellOfPixel24(map, pixelOf(maxPlainOrder, ra, dec))
}

/** Layers of a map brought into the order `index`. */
function reordered(layer: Float64Array, index: Uint32Array): Float64Array {
  const out = new Float64Array(index.length)
  for (let i = 0; i < out.length; i++) out[i] = layer[index[i]]
  return out
}

/** The cells sorted by position. Overlaps and gaps are left as they are; see `checkCover`. */
export function sortCells(map: SkyMap): SkyMap {
  const keys = new Float64Array(map.order.length)
  let sorted = true
  for (let i = 0; i < keys.length; i++) {
    keys[i] = start24(map, i)
    if (i > 0 && keys[i] < keys[i - 1]) sorted = false
  }
  if (sorted) return map
  const index = ascending(keys)
  const order = new Uint8Array(index.length)
  for (let i = 0; i < order.length; i++) order[i] = map.order[index[i]]
  const { distance } = map
  return {
    order,
    ipix: reordered(map.ipix, index),
    density: reordered(map.density, index),
    ...(distance
      ? {
          distance: {
            mu: reordered(distance.mu, index),
            sigma: reordered(distance.sigma, index),
            norm: reordered(distance.norm, index),
          },
        }
      : {}),
    meta: map.meta,
  }
}

/** A cell as sentences name it. */
function cellName(order: number, ipix: number): string {
  return `${order}/${ipix}`
}

/**
 * Solid angle (in order-24 pixels) that sorted cells leave out.
 * Throws `skymap.overlap` naming the two cells that share sky.
 */
export function uncovered(map: SkyMap): number {
  let end = 0
  let missing = 0
  for (let i = 0; i < map.order.length; i++) {
    const start = start24(map, i)
    if (start < end) {
      throw new Problem(
        'skymap.overlap',
        `The sky map counts part of the sky twice: cell ${cellName(map.order[i], map.ipix[i])} lies in cell ${cellName(map.order[i - 1], map.ipix[i - 1])}; the file is damaged.`,
        { cell: cellName(map.order[i], map.ipix[i]), other: cellName(map.order[i - 1], map.ipix[i - 1]) },
      )
    }
    missing += start - end
    end = start + cellLengths24[map.order[i]]
  }
  return missing + skyLength24 - end
}

/** Calls `cell` with the largest cells that make up the half-open range of order-24 pixels. */
function cellsOfRange24(start: number, end: number, cell: (order: number, ipix: number) => void): void {
  let at = start
  while (at < end) {
    let order = 24
    while (order > 0) {
      const length = cellLengths24[order - 1]
      if (at % length !== 0 || at + length > end) break
      order--
    }
    cell(order, at / cellLengths24[order])
    at += cellLengths24[order]
  }
}

/** The same map with the sky that its cells leave out filled by cells of density zero. */
export function filled(map: SkyMap): SkyMap {
  const order: number[] = []
  const ipix: number[] = []
  const from: number[] = []
  let end = 0
  const fill = (start: number): void =>
    cellsOfRange24(end, start, (k, p) => {
      order.push(k)
      ipix.push(p)
      from.push(-1)
    })
  for (let i = 0; i < map.order.length; i++) {
    const start = start24(map, i)
    if (start > end) fill(start)
    order.push(map.order[i])
    ipix.push(map.ipix[i])
    from.push(i)
    end = start + cellLengths24[map.order[i]]
  }
  fill(skyLength24)
  const layer = (values: Float64Array, empty: number): Float64Array =>
    Float64Array.from(from, (i) => (i < 0 ? empty : values[i]))
  const { distance } = map
  return {
    order: Uint8Array.from(order),
    ipix: Float64Array.from(ipix),
    density: layer(map.density, 0),
    ...(distance
      ? {
          distance: {
            mu: layer(distance.mu, Infinity),
            sigma: layer(distance.sigma, 1),
            norm: layer(distance.norm, 0),
          },
        }
      : {}),
    meta: map.meta,
  }
}

/** Sum of all probability, by a compensated sum: exact to the last digits however many cells there are. */
export function totalOf(map: Pick<SkyMap, 'order' | 'density'>): number {
  let sum = 0
  let carry = 0
  for (let i = 0; i < map.density.length; i++) {
    const term = map.density[i] * cellAreasSr[map.order[i]] - carry
    const next = sum + term
    carry = next - sum - term
    sum = next
  }
  return sum
}

/** The map with every density multiplied by `factor`. */
export function scaledBy(map: SkyMap, factor: number): SkyMap {
  return { ...map, density: map.density.map((each) => each * factor) }
}

/** The map with a sentence added to its notes. */
export function noted(map: SkyMap, note: string): SkyMap {
  return { ...map, meta: { ...map.meta, notes: [...(map.meta.notes ?? []), note] } }
}

/** Highest order among the cells. */
export function finestOrder(map: SkyMap): number {
  let most = 0
  for (const each of map.order) if (each > most) most = each
  return most
}
