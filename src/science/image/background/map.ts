/** The full map of a background from its nodes, row by row: it is never held whole unless somebody asks for all rows. */
import { splineRow } from './spline.ts'

/** Nodes at the centres of the cells; `levelRows` and `rmsRows` give the full map, row by row. */
export interface Background {
  readonly width: number
  readonly height: number
  readonly cellWidth: number
  readonly cellHeight: number
  /** Cells across and up. */
  readonly columns: number
  readonly rows: number
  /** Filtered nodes, rows × columns, in the plane's unit. */
  readonly level: Float32Array
  readonly rms: Float32Array
  /** Second derivatives of the nodes along y, a sixth of them. */
  readonly levelCurve: Float32Array
  readonly rmsCurve: Float32Array
  /** Medians over the filtered nodes. */
  readonly globalLevel: number
  readonly globalRms: number
  /** Cells that had too few good pixels and took the nearest cells' values. */
  readonly badCells: number
}

/** Level of rows y0 … y1 − 1 into `out`, (y1 − y0) × width. */
export function levelRows(background: Background, y0: number, y1: number, out: Float32Array): Float32Array {
  return rowsOf(background, background.level, background.levelCurve, y0, y1, out)
}

/** Noise of a pixel, likewise. */
export function rmsRows(background: Background, y0: number, y1: number, out: Float32Array): Float32Array {
  return rowsOf(background, background.rms, background.rmsCurve, y0, y1, out)
}

/** Coefficients of one row, see `splineRow`. */
export function levelSpline(background: Background, y: number, out: Float64Array): Float64Array {
  const { columns, rows, cellHeight, level, levelCurve } = background
  return splineRow(level, levelCurve, columns, rows, y / cellHeight - 0.5, out)
}

function rowsOf(
  { columns, rows, width, cellWidth, cellHeight }: Background,
  nodes: Float32Array,
  curve: Float32Array,
  y0: number,
  y1: number,
  out: Float32Array,
): Float32Array {
  const spline = new Float64Array(2 * columns)
  for (let y = y0; y < y1; y++) {
    splineRow(nodes, curve, columns, rows, y / cellHeight - 0.5, spline)
    plainRow(spline, columns, cellWidth, width, out, (y - y0) * width)
  }
  return out
}

/** One row of `width` pixels from its spline along x: values at the cells, then a sixth of the second derivatives. */
export function plainRow(
  spline: Float64Array,
  columns: number,
  cellWidth: number,
  width: number,
  out: Float32Array,
  at: number,
): void {
  if (columns === 1) {
    out.fill(spline[0], at, at + width)
    return
  }
  for (let x = 0; x < width; x++) {
    const u = (x + 0.5) / cellWidth - 0.5
    const cell = Math.min(columns - 2, Math.max(0, Math.floor(u)))
    const b = u - cell
    const a = 1 - b
    out[at + x] =
      a * (spline[cell] + (a * a - 1) * spline[columns + cell]) +
      b * (spline[cell + 1] + (b * b - 1) * spline[columns + cell + 1])
  }
}
