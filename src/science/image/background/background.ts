/** Sky level and its noise over a frame: a mesh of cells, filtered, and natural bicubic splines between (SExtractor's way). */
import { Problem } from '#problem.ts'
import { backgroundKernel } from '#science/kernels/background.ts'
import type { Background } from './map.ts'
import { medianFiltered, withoutGaps } from './mesh-filter.ts'
import { medianOf } from '#science/image/median.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { verticalSpline } from './spline.ts'
import type { Part, Workshop } from '#science/image/workshop.ts'

export interface BackgroundOptions {
  /** Size of a cell, pixels: BACK_SIZE. Default 64. */
  readonly mesh?: number | readonly [number, number]
  /** Size of the median filter over cells, odd: BACK_FILTERSIZE. Default 3. */
  readonly filter?: number | readonly [number, number]
  /** A cell is replaced by its median only where it differs by as much: BACK_FILTTHRESH. Default 0. */
  readonly filterThreshold?: number
}

/**
 * Background and noise of a plane. Masked and non-finite pixels are left out; a cell with less than a half of its pixels
 * good takes the values of the nearest good ones, and where no cell is good level is 0 and rms 1, with `badCells` equal
 * to the number of cells.
 * @throws Problem `image.invalid` where the options do not fit.
 * Source: Bertin & Arnouts 1996, A&AS 117, 393, §2.1.
 */
export function measureBackground(
  plane: Plane,
  mask: Mask | null,
  options: BackgroundOptions,
  workshop: Workshop,
): Background {
  const { width, height } = plane
  if (mask && (mask.width !== width || mask.height !== height)) {
    const sizes = `${mask.width} × ${mask.height}, the plane ${width} × ${height}`
    throw new Problem('image.invalid', `The mask is ${sizes} pixels; give a mask of the plane's size.`)
  }
  const [meshX, meshY] = pair(options.mesh ?? 64, 'mesh', 1)
  const [filterX, filterY] = pair(options.filter ?? 3, 'filter', 1)
  const cellWidth = Math.min(meshX, width)
  const cellHeight = Math.min(meshY, height)
  const columns = Math.ceil(width / cellWidth)
  const rows = Math.ceil(height / cellHeight)
  const cells = columns * rows
  const [level, rms] = workshop.arena.during(() => {
    const nodes = workshop.arena.float32(2 * cells)
    // Several strips for each hand even out how busy the other core is.
    const strips = Math.min(rows, workshop.crew.hands > 1 ? 4 * workshop.crew.hands : 1)
    const inputs = Array.from({ length: strips }, (_, i) => ({
      plane,
      mask,
      nodes,
      cellWidth,
      cellHeight,
      from: Math.floor((i * rows) / strips),
      to: Math.floor(((i + 1) * rows) / strips),
    }))
    workshop.crew.each(meshStrip, inputs, workshop)
    return [Float32Array.from(nodes.subarray(0, cells)), Float32Array.from(nodes.subarray(cells))]
  })
  const badCells = withoutGaps(level, rms, columns, rows)
  const filtered = medianFiltered(level, rms, columns, rows, filterX, filterY, options.filterThreshold ?? 0)
  return {
    width,
    height,
    cellWidth,
    cellHeight,
    columns,
    rows,
    ...filtered,
    levelCurve: verticalSpline(filtered.level, columns, rows),
    rmsCurve: verticalSpline(filtered.rms, columns, rows),
    globalLevel: medianOf(filtered.level),
    globalRms: globalRms(filtered.rms),
    badCells,
  }
}

interface Strip {
  plane: Plane
  mask: Mask | null
  /** Levels, then σ, of all cells; NaN for a bad one. */
  nodes: Float32Array
  cellWidth: number
  cellHeight: number
  from: number
  to: number
}

/** The cells of some rows of the mesh. */
export const meshStrip: Part<Strip, void> = {
  module: import.meta.url,
  name: 'meshStrip',
  run({ plane, mask, nodes, cellWidth, cellHeight, from, to }, workshop) {
    const { width, height } = plane
    const columns = Math.ceil(width / cellWidth)
    const cells = nodes.length / 2
    const kernel = backgroundKernel(workshop)
    for (let row = from; row < to; row++) {
      const y0 = row * cellHeight
      const y1 = Math.min(height, y0 + cellHeight)
      for (let column = 0; column < columns; column++) {
        const x0 = column * cellWidth
        const found = kernel.cell(plane, mask, x0, y0, Math.min(width, x0 + cellWidth), y1)
        nodes[row * columns + column] = found.mode
        nodes[cells + row * columns + column] = found.sigma
      }
    }
  },
}

/** `plane` less its background into `out`, which may be `plane` itself. */
export function subtractBackground(
  plane: Plane,
  background: Background,
  out: Plane,
  workshop: Workshop,
): void {
  const { height } = plane
  const strips = workshop.crew.hands > 1 ? 4 * workshop.crew.hands : 1
  const inputs = Array.from({ length: strips }, (_, i) => ({
    plane,
    background,
    out,
    y0: Math.floor((i * height) / strips),
    y1: Math.floor(((i + 1) * height) / strips),
  }))
  workshop.crew.each(subtractStrip, inputs, workshop)
}

export const subtractStrip: Part<
  { plane: Plane; background: Background; out: Plane; y0: number; y1: number },
  void
> = {
  module: import.meta.url,
  name: 'subtractStrip',
  run({ plane, background, out, y0, y1 }, workshop) {
    const kernel = backgroundKernel(workshop)
    kernel.subtract(plane, background, out, y0, y1)
  },
}

function pair(value: number | readonly [number, number], name: string, least: number): [number, number] {
  const [x, y] = typeof value === 'number' ? [value, value] : value
  for (const side of [x, y]) {
    if (!Number.isInteger(side) || side < least) {
      throw new Problem('image.invalid', `${name} is ${side}; give a whole number of at least ${least}.`)
    }
  }
  return [x, y]
}

/** Median of σ; where that is 0 the median of those above 0, and 1 where none is. */
function globalRms(rms: Float32Array): number {
  const median = medianOf(rms)
  if (median > 0) return median
  const positive = rms.filter((value) => value > 0)
  return positive.length > 0 ? medianOf(positive) : 1
}
