/**
 * Four stars as a shape: A and B are the two farthest apart, and the places of C and D in the square that has A and B at
 * opposite corners are four numbers that neither shift, turn nor scale changes (Lang et al. 2010, AJ 139, 1782, §2.1).
 */

/** Places of C and D in the frame in which A is (0, 0) and B is (1, 1). */
export function codeOf(
  out: Float64Array,
  ax: number,
  ay: number,
  bx: number,
  by: number,
  cx: number,
  cy: number,
  dx: number,
  dy: number,
): void {
  // Multiplying by (1 + i) / (B − A) takes A to 0 and B to 1 + i.
  const ux = bx - ax
  const uy = by - ay
  const norm = ux * ux + uy * uy
  const re = (ux + uy) / norm
  const im = (ux - uy) / norm
  out[0] = (cx - ax) * re - (cy - ay) * im
  out[1] = (cx - ax) * im + (cy - ay) * re
  out[2] = (dx - ax) * re - (dy - ay) * im
  out[3] = (dx - ax) * im + (dy - ay) * re
}

/**
 * Names A, B, C, D so that one shape has one code: xC ≤ xD and xC + xD ≤ 1. `code` is changed in place; the result's bits
 * say what was exchanged: 1 for A and B, 2 for C and D.
 */
export function canonical(code: Float64Array): number {
  let exchanged = 0
  if (code[0] + code[2] > 1) {
    for (let i = 0; i < 4; i++) code[i] = 1 - code[i]
    exchanged |= 1
  }
  if (code[0] > code[2]) {
    swap(code, 0, 2)
    swap(code, 1, 3)
    exchanged |= 2
  }
  return exchanged
}

function swap(values: Float64Array, a: number, b: number): void {
  const kept = values[a]
  values[a] = values[b]
  values[b] = kept
}

/** Codes of quads, sorted into bins so that those near a code are found at a glance. */
export interface CodeTable {
  /** Four numbers a quad, in steps of `codeStep` from `codeLeast`, bin by bin. */
  readonly codes: Uint16Array
  /** The quads of bin b are `starts[b] … starts[b + 1] − 1`. */
  readonly starts: Int32Array
}

// A code's numbers lie in the circle that has A and B as ends of a diameter.
const codeLeast = -0.21
const codeStep = 1.42 / 65_536
/** Bins are 0.05 wide in every dimension. */
const across = 28
export const bins = across ** 4

/** A number of a code in whole steps. */
export const stepOf = (value: number): number => {
  const step = Math.round((value - codeLeast) / codeStep)
  return step < 0 ? 0 : step > 65_535 ? 65_535 : step
}

const columnOf = (step: number): number => (step * across) >>> 16

/** Bin of the code that begins at `at`. */
export function binOf(codes: Uint16Array, at: number): number {
  return (
    ((columnOf(codes[at]) * across + columnOf(codes[at + 1])) * across + columnOf(codes[at + 2])) * across +
    columnOf(codes[at + 3])
  )
}

/** Where the bins begin among codes that are in the order of their bins. */
export function binStarts(codes: Uint16Array, starts: Int32Array): Int32Array {
  for (let at = 0; at < codes.length; at += 4) starts[binOf(codes, at) + 1]++
  for (let b = 0; b < bins; b++) starts[b + 1] += starts[b]
  return starts
}

/** Calls `visit` with each quad whose code lies within `tolerance` (Euclidean, in units of the code) of the four numbers. */
export function codesNear(
  { codes, starts }: CodeTable,
  code: Float64Array,
  tolerance: number,
  visit: (quad: number) => void,
): void {
  const reach = tolerance / codeStep
  const limit = reach * reach
  const c0 = (code[0] - codeLeast) / codeStep
  const c1 = (code[1] - codeLeast) / codeStep
  const c2 = (code[2] - codeLeast) / codeStep
  const c3 = (code[3] - codeLeast) / codeStep
  const low = (value: number) => columnOf(Math.min(65_535, Math.max(0, Math.floor(value - reach))))
  const high = (value: number) => columnOf(Math.min(65_535, Math.max(0, Math.ceil(value + reach))))
  const [a1, b0, b1, d0, d1] = [high(c0), low(c1), high(c1), low(c3), high(c3)]
  const [g0, g1] = [low(c2), high(c2)]
  for (let a = low(c0); a <= a1; a++)
    for (let b = b0; b <= b1; b++)
      for (let c = g0; c <= g1; c++) {
        const row = ((a * across + b) * across + c) * across
        const end = starts[row + d1 + 1]
        for (let q = starts[row + d0]; q < end; q++) {
          const e = codes[4 * q] - c0
          const f = codes[4 * q + 1] - c1
          const g = codes[4 * q + 2] - c2
          const h = codes[4 * q + 3] - c3
          if (e * e + f * f + g * g + h * h <= limit) visit(q)
        }
      }
}
