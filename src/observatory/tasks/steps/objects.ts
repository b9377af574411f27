import type { extract } from '#science/image/detection/extract.ts'
import { sourceFlags, type Mask } from '#science/image/plane.ts'
import { shapeOutliers } from '#science/image/calibration/shape-outliers.ts'
import type { Voice } from './voice.ts'

/** Objects as they are measured on a frame: columns of equal length, pixels 0-based, fluxes in ADU. */
export interface Objects {
  rows: number
  x: Float64Array
  y: Float64Array
  xErr: Float64Array
  yErr: Float64Array
  flux: Float64Array
  fluxErr: Float64Array
  flags: Uint32Array
  a: Float64Array
  b: Float64Array
  theta: Float64Array
  fwhm: Float64Array
  fluxRadius: Float64Array
  fluxAuto: Float64Array
  fluxMax: Float64Array
  isoArea: Int32Array
  /** Number in the segmentation. */
  number: Int32Array
  /** Level of the sky, what the annulus adds to it, and the error of a flux of nothing. */
  bg: Float64Array
  bgLocal: Float64Array
  bgFluxErr: Float64Array
}

const columnKinds: Record<Exclude<keyof Objects, 'rows'>, 'f' | 'i' | 'u'> = {
  x: 'f',
  y: 'f',
  xErr: 'f',
  yErr: 'f',
  flux: 'f',
  fluxErr: 'f',
  flags: 'u',
  a: 'f',
  b: 'f',
  theta: 'f',
  fwhm: 'f',
  fluxRadius: 'f',
  fluxAuto: 'f',
  fluxMax: 'f',
  isoArea: 'i',
  number: 'i',
  bg: 'f',
  bgLocal: 'f',
  bgFluxErr: 'f',
}
const columnNames = Object.keys(columnKinds) as Exclude<keyof Objects, 'rows'>[]
const arrays = { f: Float64Array, i: Int32Array, u: Uint32Array }

/** The rows of `order`. */
export function chosenObjects(from: Objects, order: ArrayLike<number>): Objects {
  const out = { rows: order.length } as Objects
  for (const name of columnNames) {
    const column = new arrays[columnKinds[name]](order.length)
    for (let i = 0; i < column.length; i++) column[i] = from[name][order[i]!]!
    ;(out as unknown as Record<string, unknown>)[name] = column
  }
  return out
}

/** Rows of which nothing is known yet: NaN, no flags. */
export function noObjects(rows: number): Objects {
  const out = { rows } as Objects
  for (const name of columnNames) {
    const column = new arrays[columnKinds[name]](rows)
    if (columnKinds[name] === 'f') column.fill(Number.NaN)
    ;(out as unknown as Record<string, unknown>)[name] = column
  }
  return out
}

/** What detection and measurement say of the rows of `order`. */
export function objectsOf(
  { detections: d, measures: m, flags }: ReturnType<typeof extract>,
  order: readonly number[],
): Objects {
  const f = (column: ArrayLike<number>): Float64Array => Float64Array.from(order, (i) => column[i]!)
  const root = (column: ArrayLike<number>): Float64Array =>
    Float64Array.from(order, (i) => Math.sqrt(Math.max(0, column[i]!)))
  return {
    ...noObjects(order.length),
    x: f(d.x),
    y: f(d.y),
    xErr: root(d.x2Err),
    yErr: root(d.y2Err),
    flux: f(m?.fluxAper[0] ?? d.fluxIso),
    fluxErr: f(m?.fluxAperErr[0] ?? d.fluxIsoErr),
    flags: Uint32Array.from(order, (i) => flags[i]!),
    a: f(d.a),
    b: f(d.b),
    theta: f(d.theta),
    fwhm: f(d.fwhm),
    ...(m ? { fluxRadius: f(m.fluxRadius[0]!), fluxAuto: f(m.fluxAuto) } : {}),
    fluxMax: f(d.peak),
    isoArea: Int32Array.from(order, (i) => d.area[i]!),
    number: Int32Array.from(order, (i) => i + 1),
  }
}

/** Objects with a masked pixel among or beside their own. */
export function markMasked(objects: Objects, segmentation: Int32Array, mask: Mask): void {
  const rowOf = new Map<number, number>()
  for (let i = 0; i < objects.rows; i++) rowOf.set(objects.number[i]!, i)
  const { width, height, data } = mask
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue
    const [px, py] = [i % width, Math.floor(i / width)]
    for (let y = Math.max(0, py - 1); y <= Math.min(height - 1, py + 1); y++) {
      for (let x = Math.max(0, px - 1); x <= Math.min(width - 1, px + 1); x++) {
        const row = rowOf.get(segmentation[y * width + x]!)
        if (row !== undefined) objects.flags[row]! |= sourceFlags.maskedInFootprint
      }
    }
  }
}

/** Error of a barycentre above a threshold, in widths of the object over its S/N: as simulated stars have it. */
const barycentreError = 1.75
/** Pixels; pixels and optics keep even bright stars from less. */
const leastPositionError = 0.015

/**
 * Errors of positions from the S/N and the width of each object: its own rms, at least that of a star of that FWHM, pixels.
 * The sum over the pixels above a threshold (ERRX2) leaves out that the threshold chooses them, and is two to three times
 * too small for faint objects.
 */
export function positionErrors({ rows, flux, fluxErr, a }: Objects, fwhm: number): Float64Array {
  const star = fwhm / 2.3548
  return Float64Array.from({ length: rows }, (_, i) => {
    const width = a[i]! > star ? a[i]! : star
    return Math.hypot((barycentreError * width * fluxErr[i]!) / Math.abs(flux[i]!), leastPositionError)
  })
}

/** Of a star's light, where masked pixels cover more of it. */
const mostMasked = 0.02

/** Flags objects whose core is masked: pixels where a Gaussian of that FWHM, pixels, would have more than 2 % of its light. */
export function markCores({ rows, x, y, flags }: Objects, mask: Mask, fwhm: number): void {
  const { width, height, data } = mask
  const reach = Math.ceil(1.5 * fwhm)
  const falloff = (4 * Math.LN2) / fwhm ** 2
  for (let i = 0; i < rows; i++) {
    const [cx, cy] = [x[i]!, y[i]!]
    const [column, row] = [Math.round(cx), Math.round(cy)]
    let [masked, all] = [0, 0]
    for (let v = row - reach; v <= row + reach; v++)
      for (let u = column - reach; u <= column + reach; u++) {
        const light = Math.exp(-falloff * ((u - cx) ** 2 + (v - cy) ** 2))
        all += light
        // What lies beyond the frame has flags of its own.
        const inside = u >= 0 && v >= 0 && u < width && v < height
        if (inside && data[v * width + u] !== 0) masked += light
      }
    if (masked > mostMasked * all) flags[i]! |= sourceFlags.maskedCore
  }
}

/** Flags what does not look like the sources around it; how many. */
export function flagOddShapes(objects: Objects, voice: Pick<Voice, 'warn'>): number {
  const { outlier, warnings } = shapeOutliers({
    x: objects.x,
    y: objects.y,
    // Of the aperture: in a crowded field that of Kron holds more of the neighbours than of the source.
    magnitude: objects.flux.map((flux) => -2.5 * Math.log10(flux)),
    halfLightRadius: objects.fluxRadius,
    fwhm: objects.fwhm,
    peak: objects.fluxMax,
    flux: objects.fluxAuto,
    flags: objects.flags,
  })
  for (const warning of warnings) voice.warn(warning)
  let odd = 0
  for (let i = 0; i < objects.rows; i++) {
    if (outlier[i] === 0) continue
    objects.flags[i]! |= sourceFlags.shapeOutlier
    odd++
  }
  return odd
}
