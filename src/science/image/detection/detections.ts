/** What detection knows of its objects: struct of arrays, one element per object, in the order of their first pixels. */

/** Pixel positions are 0-based; lengths in pixels, areas in square pixels, fluxes in the plane's unit. */
export interface Detections {
  readonly rows: number
  /** Barycentre of the filtered pixels above the threshold, and its variances: ERRX2_IMAGE … */
  readonly x: Float64Array
  readonly y: Float64Array
  readonly x2Err: Float64Array
  readonly y2Err: Float64Array
  readonly xyErr: Float64Array
  /** Pixel with the largest filtered value. */
  readonly xPeak: Int32Array
  readonly yPeak: Int32Array
  readonly xMin: Int32Array
  readonly xMax: Int32Array
  readonly yMin: Int32Array
  readonly yMax: Int32Array
  /** Second moments. */
  readonly x2: Float64Array
  readonly y2: Float64Array
  readonly xy: Float64Array
  /** Semi-axes (1σ) and position angle, degrees from x towards y, −90 … 90. */
  readonly a: Float64Array
  readonly b: Float64Array
  readonly theta: Float64Array
  readonly cxx: Float64Array
  readonly cyy: Float64Array
  readonly cxy: Float64Array
  /** Sum of the unfiltered pixels above the threshold, and its error: FLUX_ISO. */
  readonly fluxIso: Float64Array
  readonly fluxIsoErr: Float64Array
  /** Sum of the filtered ones. */
  readonly light: Float64Array
  /** Largest unfiltered, and largest filtered value. */
  readonly peak: Float64Array
  readonly filteredPeak: Float64Array
  /** Pixels above the threshold: ISOAREA_IMAGE. */
  readonly area: Int32Array
  /** Of a Gaussian that has the slope of the core; 0 where there is none: FWHM_IMAGE. */
  readonly fwhm: Float64Array
  /** Value of about the `minArea`-th brightest filtered pixel, see `clean.ts`. */
  readonly faintest: Float64Array
  /** Threshold that the pixels are above. */
  readonly threshold: Float64Array
  /** See `Shape.correction`. */
  readonly correction: Float64Array
  /** `sourceFlags`. */
  readonly flags: Uint32Array
  /** Number by which the segmentation knows it, > 0. */
  readonly label: Int32Array
}

export type DetectionColumns = Omit<Detections, 'rows'>

const kinds: Record<keyof DetectionColumns, 'f' | 'i' | 'u'> = {
  x: 'f',
  y: 'f',
  x2Err: 'f',
  y2Err: 'f',
  xyErr: 'f',
  xPeak: 'i',
  yPeak: 'i',
  xMin: 'i',
  xMax: 'i',
  yMin: 'i',
  yMax: 'i',
  x2: 'f',
  y2: 'f',
  xy: 'f',
  a: 'f',
  b: 'f',
  theta: 'f',
  cxx: 'f',
  cyy: 'f',
  cxy: 'f',
  fluxIso: 'f',
  fluxIsoErr: 'f',
  light: 'f',
  peak: 'f',
  filteredPeak: 'f',
  area: 'i',
  fwhm: 'f',
  faintest: 'f',
  threshold: 'f',
  correction: 'f',
  flags: 'u',
  label: 'i',
}
const names = Object.keys(kinds) as (keyof DetectionColumns)[]
const arrays = { f: Float64Array, i: Int32Array, u: Uint32Array }

export function emptyDetections(rows: number): Detections {
  const columns = Object.fromEntries(names.map((name) => [name, new arrays[kinds[name]](rows)]))
  return { rows, ...(columns as unknown as DetectionColumns) }
}

/** The same rows with room for `rows`. */
export function grownDetections(from: Detections, rows: number): Detections {
  const grown = emptyDetections(rows)
  for (const name of names) grown[name].set(from[name])
  return grown
}

/** Rows of several tables one after another. */
export function joinDetections(parts: readonly Detections[]): Detections {
  const all = emptyDetections(parts.reduce((sum, { rows }) => sum + rows, 0))
  for (const name of names) {
    let at = 0
    for (const part of parts) {
      all[name].set(part[name].subarray(0, part.rows), at)
      at += part.rows
    }
  }
  return all
}

/** The rows of `order`, which ascends; the columns are written over. */
export function keptDetections(from: Detections, order: Int32Array): Detections {
  const rows = order.length
  const columns = names.map((name) => {
    const column = from[name]
    for (let i = 0; i < rows; i++) column[i] = column[order[i]]
    return [name, column.subarray(0, rows)]
  })
  return { rows, ...(Object.fromEntries(columns) as unknown as DetectionColumns) }
}
