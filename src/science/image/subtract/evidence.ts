/**
 * How large the coefficients of a kernel's functions are, learnt from the stars themselves (empirical Bayes, MacKay 1992): functions are
 * put in groups that share one expected size, and the sizes are those under which the stars' counts are most probable. What the
 * stars do not ask for, such as a kernel's variation over a frame that has none, then adds no noise to the kernel.
 */
import { solveFactored } from '#science/image/cholesky.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { convolutionLoops } from '#science/kernels/convolve.ts'
import { loadScaled, scalesOf } from './equations.ts'

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
export function learntPrior(
  { matrix, right, groups, prior }: Evidence,
  rounds: number,
  workshop: Workshop,
): Float64Array {
  const n = right.length
  const count = groups.reduce((most, g) => Math.max(most, g + 1), 0)
  const loops = convolutionLoops(workshop)
  let now = prior
  return workshop.arena.during(() => {
    const even = n + (n & 1)
    const factor = workshop.arena.float64(even * even)
    const spread = workshop.arena.float64(even)
    const solution = new Float64Array(even)
    for (let round = 0; round < rounds; round++) {
      const scale = scalesOf({ matrix, right }, now)
      loadScaled(factor, matrix, scale, 1)
      if (!loops.factorise(factor, even, 1e-13)) return now
      for (let a = 0; a < n; a++) solution[a] = right[a] * scale[a]
      solveFactored(factor, solution, n, even)
      loops.inverseDiagonal(factor, even, spread)
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
  })
}
