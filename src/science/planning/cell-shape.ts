/** Where a HEALPix cell lies, as vectors, for code that looks at millions of cells and may allocate for none. */
import { faceColumn, faceRow, maxOrder, maxPixelRadius } from '#science/sky/healpix.ts'

const QUARTER = Math.PI / 4
/** |z| up to which edges of cells are all but straight. */
const EQUATORIAL = 0.64

/** Least angle that surely reaches every corner of a cell from its centre, radians, by order. */
export const cellRadii: Float64Array = Float64Array.from(
  { length: maxOrder + 1 },
  (_, k) => ((maxPixelRadius(k) * Math.PI) / 180) * (1 + 1e-9) + 4e-16,
)

/** Side of a square as large as a cell, radians, by order. */
export const cellSides: Float64Array = Float64Array.from(
  { length: maxOrder + 1 },
  (_, k) => Math.sqrt(Math.PI / 3) / 2 ** k,
)

/**
 * Writes the unit vector of a point of face `f` at `out[at…]`. Column `x` and row `y` in cells of the order with `nside`
 * to a side: whole numbers are corners, halves centres.
 */
export function writePoint(
  f: number,
  x: number,
  y: number,
  nside: number,
  out: Float64Array,
  at: number,
): void {
  const v = faceRow(f) - (x + y) / nside
  let n = 1
  let z: number
  let sine: number
  if (v < 1 || v > 3) {
    n = v < 1 ? v : 4 - v
    const s = (n * n) / 3
    z = v < 1 ? 1 - s : s - 1
    // Not from z, which has lost the digits that matter near a pole.
    sine = Math.sqrt(s * (2 - s))
  } else {
    z = ((2 - v) * 2) / 3
    sine = Math.sqrt((1 - z) * (1 + z))
  }
  const phi = n < 1e-15 ? 0 : (QUARTER * (faceColumn(f) * n + (x - y) / nside)) / n
  out[at] = sine * Math.cos(phi)
  out[at + 1] = sine * Math.sin(phi)
  out[at + 2] = z
}

/**
 * Writes the corners of a cell, counter-clockwise from the southern one, as x and y on the plane that touches the sphere
 * in the cell's centre `c` (x east, y north, gnomonic, radians), and returns how many: in the polar caps, where edges
 * are bent, their middles too. `frame` receives the unit vectors east and north in the centre.
 */
export function writeCorners(
  f: number,
  x: number,
  y: number,
  nside: number,
  c: Float64Array,
  frame: Float64Array,
  out: Float64Array,
  scratch: Float64Array,
): number {
  const rho = Math.sqrt(c[0] * c[0] + c[1] * c[1])
  const ca = c[0] / rho
  const sa = c[1] / rho
  frame[0] = -sa
  frame[1] = ca
  frame[2] = 0
  frame[3] = -c[2] * ca
  frame[4] = -c[2] * sa
  frame[5] = rho
  const sides = Math.abs(c[2]) > EQUATORIAL ? 8 : 4
  for (let i = 0; i < sides; i++) {
    const at = (4 * i) / sides
    const px = x + Math.max(0, Math.min(1, at < 2 ? at : 3 - at))
    const py = y + Math.max(0, Math.min(1, at < 3 ? at - 1 : 4 - at))
    writePoint(f, px, py, nside, scratch, 0)
    // Differences keep the digits of small cells.
    const dx = scratch[0] - c[0]
    const dy = scratch[1] - c[1]
    const dz = scratch[2] - c[2]
    const d = 1 + dx * c[0] + dy * c[1] + dz * c[2]
    out[2 * i] = (dx * frame[0] + dy * frame[1]) / d
    out[2 * i + 1] = (dx * frame[3] + dy * frame[4] + dz * frame[5]) / d
  }
  return sides
}
