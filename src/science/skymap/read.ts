/**
 * Reads sky maps from FITS: LVK multi-order maps, flat RING and NESTED maps (implicit or explicit), gzip or not, in
 * whatever column, unit and frame they come.
 */
import { Problem } from '#problem.ts'
import { decodeColumn, plainValues } from '#science/fits/table.ts'
import { openFits, planHdu } from '#science/fits/file.ts'
import { inflateInto, isGzip } from '#science/fits/gzip.ts'
import { asciiOf, textOf } from '#science/fits/header.ts'
import { afterHdu } from '#science/fits/hdu.ts'
import type { Hdu } from '#science/fits/hdu.ts'
import { nestToRing } from '#science/sky/healpix-ring.ts'
import { createCellList, createRunMerger, defaultCellLimit } from './cells.ts'
import { readListed } from './listed.ts'
import { layoutOf, metaOf } from './layout.ts'
import type { MapLayout } from './layout.ts'
import {
  cellAreasSr,
  deg2PerSr,
  filled,
  noted,
  scaledBy,
  skyLength24,
  sortCells,
  totalOf,
  uncovered,
} from './map.ts'
import type { SkyMap } from './map.ts'
import { toIcrs } from './rotate.ts'

export interface ReadOptions {
  /** Take a map whose cells do not cover the sky: what they leave out holds no probability. */
  partial?: boolean
  /** Most bytes a gzip file may inflate to. */
  maxBytes?: number
  /** Most cells kept of a flat map; siblings that hardly differ are merged to stay within, and it is said. */
  maxCells?: number
}

/** Sums nearer to one than this are left as they are; farther ones are scaled and noted, up to `sumTolerance`. */
const sumRounding = 1e-6
/** Sums farther from one than this are no probability. */
const sumTolerance = 0.01
/** What HEALPix writers store in pixels that were never observed. */
const unseen = -1.6375e30
/** Flat NESTED tables longer than this are inflated and merged piece by piece. */
const streamFrom = 64 * 2 ** 20
/** What a streamed table may claim unless the caller says otherwise: NSIDE 2048 with distances takes 1.6 GB. */
const streamLimit = 2 ** 31
const chunkPixels = 65536

interface Opened {
  readonly hdu: Hdu
  readonly layout: MapLayout
  /** The file where it is in memory; undefined: inflate it piece by piece. */
  readonly bytes?: Uint8Array
}

/** Header of the first table of a gzip file, without inflating the rest. */
function peek(bytes: Uint8Array): Hdu | undefined {
  let head = new Uint8Array(0)
  let found: Hdu | undefined
  const step = 288_000
  inflateInto(
    bytes,
    (piece) => {
      const grown = new Uint8Array(head.length + piece.length)
      grown.set(head)
      grown.set(piece, head.length)
      head = grown
      return head.length >= step
    },
    2 ** 28,
  )
  let start = 0
  for (let index = 0; index < 2 && start + 2880 <= head.length; index++) {
    if (index > 0 && !asciiOf(head.subarray(start, start + 8)).startsWith('XTENSION')) break
    const plan = planHdu(index, start, Number.MAX_SAFE_INTEGER)
    let state = plan.next()
    while (!state.done) {
      if (state.value.start >= head.length) return undefined
      const { start: from, end } = state.value
      state = plan.next(head.subarray(from, end))
    }
    found = state.value
    if (!found) return undefined
    start = afterHdu(found)
  }
  return found?.index === 1 ? found : undefined
}

function open(bytes: Uint8Array, options: ReadOptions): Opened {
  if (isGzip(bytes)) {
    const hdu = peek(bytes)
    const layout = hdu && layoutOf(hdu)
    if (hdu && layout?.kind === 'flat' && layout.ordering === 'nested' && hdu.dataLength > streamFrom)
      return { hdu, layout }
  }
  const file = openFits(bytes, options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes })
  for (const hdu of file.hdus) {
    const layout = layoutOf(hdu)
    if (layout) return { hdu, layout, bytes: file.bytes }
  }
  throw new Problem(
    'skymap.not_a_map',
    `The FITS file holds no sky map: none of its ${file.hdus.length} HDUs is a HEALPix table.`,
  )
}

function columnsOf(layout: MapLayout): MapLayout['value'][] {
  return [layout.value, ...(layout.distance ?? [])]
}

/** Values of the layout's columns for whole rows. */
function decodeRows(layout: MapLayout, bytes: Uint8Array, rows: number): Float64Array[] {
  return columnsOf(layout).map((form) => plainValues(decodeColumn(form, layout.table.rowBytes, bytes, rows)))
}

function readFlat(bytes: Uint8Array, { layout, hdu, bytes: whole }: Opened, options: ReadOptions): SkyMap {
  const { table, gridOrder, value } = layout
  const layers = layout.distance ? 4 : 1
  const cells = createCellList(layers, options.maxCells ?? defaultCellLimit)
  const merger = createRunMerger(gridOrder, layers, cells)
  const uneven = columnsOf(layout).find((each) => each.repeat !== value.repeat)
  if (uneven)
    throw new Problem(
      'skymap.invalid',
      `Columns ${value.name} and ${uneven.name} of the sky map have cells of unlike length.`,
    )
  const rowsAtOnce = Math.max(1, Math.floor(chunkPixels / value.repeat))
  if (layout.ordering === 'ring') {
    // Kept in the type they are stored in: half the memory for the 50 million float32 of the largest maps.
    const columns = columnsOf(layout).map((form) => {
      const column = decodeColumn(form, table.rowBytes, whole!.subarray(table.dataStart), table.rows)
      return column.values instanceof Float32Array ? column.values : plainValues(column)
    })
    const pixels = columns[0].length
    const chunk = columns.map(() => new Float64Array(chunkPixels))
    for (let start = 0; start < pixels; start += chunkPixels) {
      const count = Math.min(chunkPixels, pixels - start)
      for (let i = 0; i < count; i++) {
        const ring = nestToRing(gridOrder, start + i)
        for (let layer = 0; layer < layers; layer++) chunk[layer][i] = columns[layer][ring]
      }
      merger.take(chunk, 0, count)
    }
  } else if (whole) {
    for (let row = 0; row < table.rows; row += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, table.rows - row)
      const columns = decodeRows(layout, whole.subarray(table.dataStart + row * table.rowBytes), rows)
      merger.take(columns, 0, columns[0].length)
    }
  } else readStreamed(bytes, hdu, layout, options, (columns) => merger.take(columns, 0, columns[0].length))
  merger.end()
  const { coarseness } = cells
  const map = cells.map(metaOf(hdu.header, layout))
  if (coarseness === 0) return map
  return noted(
    map,
    `The file has more pixels than are kept one by one; siblings whose densities differ by less than ${coarseness * 100} % were merged into their mean.`,
  )
}

/** Inflates a table piece by piece and hands on whole rows. */
function readStreamed(
  bytes: Uint8Array,
  hdu: Hdu,
  layout: MapLayout,
  options: ReadOptions,
  rows: (columns: Float64Array[]) => void,
): void {
  const { rowBytes } = layout.table
  const end = hdu.dataStart + layout.table.rows * rowBytes
  const most = options.maxBytes ?? streamLimit
  if (end > most) {
    throw new Problem(
      'skymap.too_large',
      `The sky map says it inflates to ${end} bytes, more than the limit of ${most}; ask its maker for a multi-order map, or a lower resolution.`,
      { bytes: end, maxBytes: most },
    )
  }
  let position = 0
  let rest = new Uint8Array(0)
  inflateInto(
    bytes,
    (piece) => {
      const from = Math.max(0, hdu.dataStart - position)
      const to = Math.min(piece.length, end - position)
      position += piece.length
      if (to <= from) return
      const joined = new Uint8Array(rest.length + to - from)
      joined.set(rest)
      joined.set(piece.subarray(from, to), rest.length)
      const count = Math.floor(joined.length / rowBytes)
      if (count > 0) rows(decodeRows(layout, joined, count))
      rest = joined.slice(count * rowBytes)
    },
    most,
  )
  if (position < end) {
    throw new Problem(
      'fits.truncated',
      `The sky map's table needs ${end - hdu.dataStart} bytes, but the file ends before; it is cut off.`,
    )
  }
}

/** Column values as density per steradian; an unstated unit is the one in which the map sums to one. */
function asDensity(map: SkyMap, layout: MapLayout): SkyMap {
  const density = map.density.slice()
  // Values of a merged pixel are still those of one pixel of the grid.
  const pixelArea = (i: number): number => cellAreasSr[map.meta.gridOrder ?? map.order[i]]
  let unit = layout.unit
  if (unit === 'unstated') {
    let [perPixel, perSr] = [0, 0]
    for (let i = 0; i < density.length; i++) {
      const area = cellAreasSr[map.order[i]]
      perSr += density[i] * area
      perPixel += (density[i] * area) / pixelArea(i)
    }
    unit =
      Math.abs(perSr - 1) < sumTolerance
        ? 'sr-1'
        : Math.abs(perSr * deg2PerSr - 1) < sumTolerance
          ? 'deg-2'
          : 'pix-1'
    if (Math.abs(perPixel - 1) < sumTolerance) unit = 'pix-1'
  }
  if (unit === 'deg-2') for (let i = 0; i < density.length; i++) density[i] *= deg2PerSr
  if (unit === 'pix-1') for (let i = 0; i < density.length; i++) density[i] /= pixelArea(i)
  return { ...map, density }
}

/** Refuses densities that are none; pixels marked as never observed become empty. */
function checkDensity(map: SkyMap): SkyMap {
  const { density } = map
  let blank = 0
  for (let i = 0; i < density.length; i++) {
    const value = density[i]
    if (value >= 0 && value < Infinity) continue
    if (Math.abs(value / unseen - 1) < 1e-5) {
      density[i] = 0
      blank++
      continue
    }
    const what = Number.isNaN(value) ? 'not a number' : value < 0 ? `negative (${value})` : 'infinite'
    throw new Problem(
      'skymap.bad_density',
      `The probability density of cell ${map.order[i]}/${map.ipix[i]} of the sky map is ${what}; the file is damaged.`,
      { cell: `${map.order[i]}/${map.ipix[i]}` },
    )
  }
  return blank > 0 ? noted(map, `${blank} cells marked as not observed (UNSEEN) hold no probability.`) : map
}

/** Cells with distance parameters that cannot be a distribution count as without information. */
function checkDistance(map: SkyMap): SkyMap {
  const { distance, density } = map
  if (!distance) return map
  let unusable = 0
  let some = false
  for (let i = 0; i < density.length; i++) {
    const [mu, sigma, norm] = [distance.mu[i], distance.sigma[i], distance.norm[i]]
    if (Number.isFinite(mu) && sigma > 0 && sigma < Infinity && norm > 0 && norm < Infinity) {
      some = true
      continue
    }
    if (!(mu === Infinity && norm === 0)) unusable++
    distance.mu[i] = Infinity
    distance.sigma[i] = 1
    distance.norm[i] = 0
  }
  if (!some) {
    const { distance: _, ...flat } = map
    return noted(flat, 'The distance columns hold no information and were left out.')
  }
  return unusable > 0
    ? noted(
        map,
        `${unusable} cells have distance parameters that are no distribution; they count as unknown.`,
      )
    : map
}

function checkSum(map: SkyMap, missing: number): SkyMap {
  const sum = totalOf(map)
  const off = Math.abs(sum - 1)
  if (!(off <= sumTolerance)) {
    if (missing > 0) throw incomplete(missing)
    throw new Problem(
      'skymap.bad_sum',
      `The sky map sums to ${Number(sum.toPrecision(6))} instead of 1, which is no probability; its column may be another quantity, or the file is damaged.`,
      { sum },
    )
  }
  const told = { ...map, meta: { ...map.meta, sum } }
  if (off <= sumRounding) return told
  return noted(
    scaledBy(told, 1 / sum),
    `The probability summed to ${sum.toPrecision(8)} and was scaled to 1.`,
  )
}

function incomplete(missing: number): Problem {
  const percent = Number(((100 * missing) / skyLength24).toPrecision(3))
  return new Problem(
    'skymap.incomplete',
    `The cells of the sky map leave out ${percent} % of the sky; the file is cut off or damaged (a map that is meant to be partial can be read as such).`,
    { missingFraction: missing / skyLength24 },
  )
}

/**
 * Reads a sky map from the bytes of a FITS file (gzip or not) into multi-order cells in ICRS.
 * Throws Problems `skymap.*` for what is no map or a damaged one, `fits.*` for what is no FITS file.
 */
export function readSkyMap(bytes: Uint8Array, options: ReadOptions = {}): SkyMap {
  const opened = open(bytes, options)
  const { layout, hdu } = opened
  const raw =
    layout.kind === 'flat' ? readFlat(bytes, opened, options) : readListed(opened.bytes!, hdu, layout)
  if (raw.order.length === 0)
    throw new Problem('skymap.incomplete', 'The sky map has no cells; the file is cut off.')
  const sorted = sortCells(checkDistance(asDensity(checkDensity(raw), layout)))
  const missing = uncovered(sorted)
  const meant =
    options.partial === true ||
    layout.kind === 'explicit' ||
    /PARTIAL/i.test(textOf(hdu.header, 'OBJECT') ?? '')
  if (missing > 0 && !meant) throw incomplete(missing)
  const whole = missing > 0 ? filled(sorted) : sorted
  const summed = checkSum(whole, missing)
  const map =
    missing > 0
      ? noted(
          summed,
          `The map covers ${((1 - missing / skyLength24) * 100).toPrecision(4)} % of the sky; the rest holds no probability.`,
        )
      : summed
  return layout.frame === 'icrs' ? map : toIcrs(map, layout.frame)
}
