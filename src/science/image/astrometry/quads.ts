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

/** Codes to be found by nearness. */
export interface CodeTable {
  readonly codes: Float32Array
  /** Calls `visit` with each code within `tolerance` (Euclidean, in units of the code) of the four numbers. */
  near(code: Float64Array, tolerance: number, visit: (quad: number) => void): void
}

// A code's numbers lie in the circle that has A and B as ends of a diameter.
const least = -0.21
const extent = 1.42
const across = 28

const binOf = (value: number): number =>
  Math.min(across - 1, Math.max(0, Math.floor(((value - least) / extent) * across)))

/** A table of codes, four numbers each: bins 0.05 wide in every dimension. */
export function codeTable(codes: Float32Array): CodeTable {
  const count = codes.length / 4
  const starts = new Int32Array(across ** 4 + 1)
  const bin = new Int32Array(count)
  for (let q = 0; q < count; q++) {
    let at = 0
    for (let d = 0; d < 4; d++) at = at * across + binOf(codes[4 * q + d])
    bin[q] = at
    starts[at + 1]++
  }
  for (let b = 0; b < across ** 4; b++) starts[b + 1] += starts[b]
  const next = starts.slice(0, across ** 4)
  const members = new Int32Array(count)
  for (let q = 0; q < count; q++) members[next[bin[q]]++] = q
  return {
    codes,
    near(code, tolerance, visit) {
      const limit = tolerance * tolerance
      const [a0, a1] = [binOf(code[0] - tolerance), binOf(code[0] + tolerance)]
      const [b0, b1] = [binOf(code[1] - tolerance), binOf(code[1] + tolerance)]
      const [c0, c1] = [binOf(code[2] - tolerance), binOf(code[2] + tolerance)]
      const [d0, d1] = [binOf(code[3] - tolerance), binOf(code[3] + tolerance)]
      for (let a = a0; a <= a1; a++)
        for (let b = b0; b <= b1; b++)
          for (let c = c0; c <= c1; c++) {
            const row = ((a * across + b) * across + c) * across
            for (let k = starts[row + d0]; k < starts[row + d1 + 1]; k++) {
              const q = members[k]
              const e = codes[4 * q] - code[0]
              const f = codes[4 * q + 1] - code[1]
              const g = codes[4 * q + 2] - code[2]
              const h = codes[4 * q + 3] - code[3]
              if (e * e + f * f + g * g + h * h <= limit) visit(q)
            }
          }
    },
  }
}
