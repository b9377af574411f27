/**
 * How large the coefficients of a kernel's functions are, learnt from the stars themselves (empirical Bayes, MacKay 1992): functions are
 * put in groups that share one expected size, and the sizes are those under which the stars' counts are most probable. What the
 * stars do not ask for, such as a kernel's variation over a frame that has none, then adds no noise to the kernel.
 */
import { factorise, product, solveFactored } from '#science/image/cholesky.ts'

export interface Evidence {
  /** Lower triangle of the normal equations without any prior, n × n, and their right hand side. */
  matrix: Float64Array
  right: Float64Array
  /** Group of each unknown; −1: nothing is expected of it. */
  groups: Int32Array
  /** 1 / expected square of each unknown at first; 0 for those without a group. */
  prior: Float64Array
}

/** A group that is this much smaller than at first is as good as gone. */
const LEAST = 1e-10

/** The prior after `rounds` steps, or that given where the equations are singular. */
export function learntPrior({ matrix, right, groups, prior }: Evidence, rounds: number): Float64Array {
  const n = right.length
  const count = groups.reduce((most, g) => Math.max(most, g + 1), 0)
  const scale = Float64Array.from(right, (_, a) => 1 / Math.sqrt(matrix[a * n + a] + prior[a] || 1))
  let now = prior
  for (let round = 0; round < rounds; round++) {
    const factor = new Float64Array(n * n)
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < a; b++) factor[a * n + b] = matrix[a * n + b] * scale[a] * scale[b]
      factor[a * n + a] = (matrix[a * n + a] + now[a]) * scale[a] ** 2
    }
    if (!factorise(factor, n)) return now
    const solution = right.map((value, a) => value * scale[a])
    solveFactored(factor, solution, n)
    const spread = inverseDiagonal(factor, n)
    const [size, known] = [new Float64Array(count), new Float64Array(count)]
    for (let a = 0; a < n; a++) {
      if (groups[a] < 0) continue
      size[groups[a]] += (solution[a] * scale[a]) ** 2
      known[groups[a]] += 1 - now[a] * spread[a] * scale[a] ** 2
    }
    now = now.map((value, a) => {
      const g = groups[a]
      if (g < 0) return value
      return Math.min(prior[a] / LEAST, Math.max(prior[a] / 100, known[g] / Math.max(1e-300, size[g])))
    })
  }
  return now
}

/** Diagonal of the inverse of L·Lᵀ. */
function inverseDiagonal(factor: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n)
  const row = new Float64Array(n)
  // Columns of 1/L, by rows of its transpose: x with L x = e_k.
  for (let k = 0; k < n; k++) {
    row[k] = 1 / factor[k * n + k]
    let sum = row[k] ** 2
    for (let i = k + 1; i < n; i++) {
      row[i] = -product(factor, i * n + k, row, k, i - k) / factor[i * n + i]
      sum += row[i] ** 2
    }
    out[k] = sum
  }
  return out
}
