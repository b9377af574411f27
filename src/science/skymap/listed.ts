/** Sky maps whose rows name their cells: multi-order (UNIQ) and explicitly indexed ones. */
import { Problem } from '#problem.ts'
import { decodeColumn, plainValues } from '#science/fits/table.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { ringToNest } from '#science/sky/healpix-ring.ts'
import { pixelCount } from '#science/sky/healpix.ts'
import { halvesOf } from '#science/sky/index64.ts'
import { metaOf } from './layout.ts'
import type { MapLayout } from './layout.ts'
import { noted } from './map.ts'
import type { SkyMap } from './map.ts'

const finest = 24

/** Cells above order 24, by their order-24 parent: sums of density and of distance moments over area. */
interface Parent {
  weight: number
  values: number[]
}

function badIndex(row: number, name: string, value: unknown): Problem {
  return new Problem(
    'skymap.invalid',
    `Row ${row + 1} of the sky map says ${name} = ${String(value)}, which is no HEALPix cell; the file is damaged.`,
    { row },
  )
}

/** Order and pixel of each row; pixels above order 24 as their order-24 parent, with the true order. */
function cellsOfUniq(layout: MapLayout, bytes: Uint8Array): { order: Uint8Array; ipix: Float64Array } {
  const { table, index } = layout
  const { values, nulls } = decodeColumn(index!, table.rowBytes, bytes, table.rows)
  const order = new Uint8Array(table.rows)
  const ipix = new Float64Array(table.rows)
  const wide = values instanceof BigInt64Array || values instanceof BigUint64Array
  const halves = wide ? halvesOf(values as BigInt64Array) : undefined
  for (let row = 0; row < table.rows; row++) {
    const plain = halves ? 0 : Number(values[row])
    const high = halves ? halves[2 * row + 1] : Math.floor(plain / 2 ** 32)
    const low = halves ? halves[2 * row] : plain % 2 ** 32
    const bits = high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(low)
    const k = Math.floor((bits + 1) / 2) - 2
    if (bits < 3 || k > 29 || high < 0 || plain < 0 || nulls?.[row] || !Number.isInteger(plain)) {
      throw badIndex(row, index!.name, values[row])
    }
    order[row] = k
    // Above order 24 only the parent counts, which needs the number without its last bits.
    const drop = Math.max(0, k - finest)
    const parent =
      drop > 0 ? Math.floor((high * 2 ** 32) / 4 ** drop) + Math.floor(low / 4 ** drop) : high * 2 ** 32 + low
    ipix[row] = parent - 4 ** (k - drop + 1)
    if (ipix[row] >= pixelCount(k - drop)) throw badIndex(row, index!.name, values[row])
  }
  return { order, ipix }
}

function cellsOfPixels(layout: MapLayout, bytes: Uint8Array): { order: Uint8Array; ipix: Float64Array } {
  const { table, index, gridOrder, ordering } = layout
  if (gridOrder > finest)
    throw new Problem(
      'skymap.too_large',
      `Order ${gridOrder} of the sky map is beyond 24, the finest that is kept.`,
    )
  const ipix = plainValues(decodeColumn(index!, table.rowBytes, bytes, table.rows)).slice()
  for (let row = 0; row < ipix.length; row++) {
    if (!(ipix[row] >= 0 && ipix[row] < pixelCount(gridOrder))) throw badIndex(row, index!.name, ipix[row])
    if (ordering === 'ring') ipix[row] = ringToNest(gridOrder, ipix[row])
  }
  return { order: new Uint8Array(ipix.length).fill(gridOrder), ipix }
}

function valuesOf(form: MapLayout['value'], layout: MapLayout, bytes: Uint8Array): Float64Array {
  return plainValues(decodeColumn(form, layout.table.rowBytes, bytes, layout.table.rows))
}

/**
 * Reads the rows of a multi-order or explicitly indexed map: values as the column has them, cells in file order.
 * Cells finer than order 24 become their order-24 parent, densities averaged over area.
 */
export function readListed(bytes: Uint8Array, hdu: Hdu, layout: MapLayout): SkyMap {
  const rows = bytes.subarray(
    layout.table.dataStart,
    layout.table.dataStart + layout.table.rows * layout.table.rowBytes,
  )
  const { order, ipix } = layout.kind === 'explicit' ? cellsOfPixels(layout, rows) : cellsOfUniq(layout, rows)
  const density = valuesOf(layout.value, layout, rows)
  if (density.length !== order.length) {
    throw new Problem(
      'skymap.invalid',
      `Column ${layout.value.name} of the sky map has ${layout.value.repeat} values a row where one is expected.`,
    )
  }
  const layers = layout.distance?.map((form) => valuesOf(form, layout, rows))
  const meta = metaOf(hdu.header, layout)
  const map: SkyMap = {
    order,
    ipix,
    density,
    ...(layers ? { distance: { mu: layers[0], sigma: layers[1], norm: layers[2] } } : {}),
    meta,
  }
  return order.some((k) => k > finest) ? raised(map, layout) : map
}

function raised(map: SkyMap, layout: MapLayout): SkyMap {
  const parents = new Map<number, Parent>()
  const kept: number[] = []
  const { distance } = map
  const perCell = layout.unit === 'pix-1'
  let fine = 0
  for (let i = 0; i < map.order.length; i++) {
    if (map.order[i] <= finest) {
      kept.push(i)
      continue
    }
    fine++
    const weight = perCell ? 1 : 4 ** (finest - map.order[i])
    const parent = parents.get(map.ipix[i]) ?? { weight: 0, values: [0, Infinity, 1, 0] }
    parent.values[0] += weight * map.density[i]
    // Sub-pixels of 10 milliarcseconds share one distance: that of the densest.
    if (distance && weight * map.density[i] >= parent.weight) {
      parent.weight = weight * map.density[i]
      parent.values.splice(1, 3, distance.mu[i], distance.sigma[i], distance.norm[i])
    }
    parents.set(map.ipix[i], parent)
  }
  const added = [...parents]
  const layer = (values: Float64Array, which: number): Float64Array =>
    Float64Array.from([...kept.map((i) => values[i]), ...added.map(([, parent]) => parent.values[which])])
  const merged: SkyMap = {
    order: Uint8Array.from([...kept.map((i) => map.order[i]), ...added.map(() => finest)]),
    ipix: Float64Array.from([...kept.map((i) => map.ipix[i]), ...added.map(([pixel]) => pixel)]),
    density: layer(map.density, 0),
    ...(distance
      ? {
          distance: {
            mu: layer(distance.mu, 1),
            sigma: layer(distance.sigma, 2),
            norm: layer(distance.norm, 3),
          },
        }
      : {}),
    meta: map.meta,
  }
  return noted(merged, `${fine} cells finer than order 24 were merged into ${added.length} of that order.`)
}
