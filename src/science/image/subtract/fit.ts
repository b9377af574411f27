/**
 * The kernel's fit on stars: weighted by the noise of the difference that the kernel itself makes, pixels that stay out of it clipped,
 * stars that fit unlike the others left out, and fitted again.
 */
import { Problem } from '#problem.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { convolutionLoops } from '#science/kernels/convolve.ts'
import { overlapsOf } from './basis.ts'
import { addStamps, columnFactors, normalOf, solveNormal, sumsLength } from './equations.ts'
import { learntPrior } from './evidence.ts'
import { guess, noiseShares, reweigh, weigh } from './fit-noise.ts'
import { TOLERANCE, begin, chunksOf, modelOf, type FitInput, type Work } from './fit-work.ts'
import type { KernelModel } from './model.ts'
import type { StampReport } from './options.ts'
import { orderOf, polynomialsAt } from './polynomial.ts'
import { stampProducts } from './products.ts'

/** How often stars are left out and let in again before the pixels are weighed anew. */
const SIFTINGS = 4

/** Steps in which the prior is learnt. */
const LEARNING = 4

export interface Fit {
  model: KernelModel
  stars: StampReport[]
  chi2: { fit: number; heldOut: number | null }
  clippedPixels: number
  /** Standard error of the kernel's sum by the noise of the stars, as if their pixels were independent. */
  sumError: number
}

/** Fits the kernel. Throws Problem `subtract.no_fit` where the stars do not determine one. */
export function fitKernel(input: FitInput, workshop: Workshop): Fit {
  return workshop.arena.during(() => {
    const work = begin(input, workshop)
    guess(work)
    weigh(work, false)
    const sums = workshop.arena.float64(sumsLength(work.squares, work.unknowns.order))
    collect(work, sums)
    let solution = solve(work, sums)
    for (let round = 0; round < input.rounds; round++) {
      solution = sifted(work, sums, solution)
      reweigh(work, solution)
      weigh(work, true)
      collect(work, sums)
      solution = sifted(work, sums, solve(work, sums))
    }
    if (input.orders.kernel > 0) {
      work.prior = workshop.arena.during(() => {
        const normal = normalOf(sums, work.squares, work.unknowns, workshop)
        return learntPrior({ ...normal, groups: groupsOf(work), prior: work.prior }, LEARNING, workshop)
      })
      solution = solve(work, sums)
    }
    const sumError = errorOfSum(work, sums, solution)
    solution = undiluted(work, sums, solution)
    judge(work, solution)
    return { ...finish(work, solution), sumError }
  })
}

/** The solution for the stars that fit it. */
function sifted(work: Work, sums: Float64Array, solution: Float64Array): Float64Array {
  let now = solution
  judge(work, now)
  for (let round = 0; round < SIFTINGS && sift(work, sums); round++) judge(work, (now = solve(work, sums)))
  return now
}

/**
 * Terms of one Gaussian, one degree and one order of variation belong together. The part that does not vary is left alone: stars determine
 * it, and holding it down would make its sum too small.
 */
function groupsOf({ unknowns, basis, squares }: Work): Int32Array {
  const known = new Map<string, number>()
  return unknowns.column.map((column, a) => {
    if (column === 0 || column >= squares.terms || unknowns.polynomial[a] === 0) return -1
    const { family, degree } = basis.terms[column]
    const key = `${family} ${degree} ${orderOf(unknowns.polynomial[a])}`
    const group = known.get(key) ?? known.size
    known.set(key, group)
    return group
  })
}

/** Sums of products of all stars that take part. */
function collect(work: Work, sums: Float64Array): void {
  const { stamps, squares, columns, weights, products, workshop, orders, unknowns, use } = work
  const { length, count, padded } = squares
  const { arena, crew } = workshop
  const { order } = unknowns
  sums.fill(0)
  arena.during(() => {
    const inputs = chunksOf(stamps.length, workshop).map(([from, to]) => ({
      squares,
      stamps: stamps.slice(from, to),
      fits: use.slice(from, to).map((each) => each === 'fit'),
      columns: columns.subarray(from * count * length, to * count * length),
      weights: weights.subarray(from * length, to * length),
      products: products.subarray(from * padded * padded, to * padded * padded),
      orders,
      order,
      sums: arena.float64(sums.length),
    }))
    crew.each(stampProducts, inputs, workshop)
    for (const input of inputs) {
      for (let i = 0; i < sums.length; i++) sums[i] += input.sums[i]
    }
  })
}

/**
 * Noise of the convolved frame is in the products of its columns, too, which makes the kernel too small, by a tenth of a per cent or so. One
 * step towards the solution without it tells by how much: the equations are solved again with what that noise adds, on average,
 * given to the right hand side.
 */
function undiluted(work: Work, sums: Float64Array, solution: Float64Array): Float64Array {
  const { stamps, pictures, squares, unknowns, orders } = work
  const { terms } = squares
  const overlaps = overlapsOf(pictures)
  const added = new Float64Array(solution.length)
  const pulled = new Float64Array(terms)
  noiseShares(work).forEach((noise, s) => {
    if (noise === 0) return
    const factors = columnFactors(solution, unknowns, squares, stamps[s], orders)
    const { x, y } = stamps[s]
    const at = polynomialsAt(unknowns.order, x, y, orders.width, orders.height)
    for (let i = 0; i < terms; i++) {
      pulled[i] = 0
      for (let j = 0; j < terms; j++) pulled[i] += noise * overlaps[i * terms + j] * factors[j]
    }
    for (let a = 0; a < added.length; a++) {
      if (unknowns.column[a] < terms) added[a] += pulled[unknowns.column[a]] * at[unknowns.polynomial[a]]
    }
  })
  const better = solved(work, sums, added)
  // Where the frames share their noise, as identical ones do, it dilutes nothing; then residuals are smaller than noise.
  const own = work.chi2.filter((value, s) => work.use[s] === 'fit' && value === value)
  const apart = Math.min(1, own.reduce((sum, value) => sum + value, 0) / Math.max(1, own.length))
  const rise = better ? 1 + apart * (better[0] / solution[0] - 1) : 1
  // Functions that the stars hardly determine would only gain noise; the sum is well determined.
  if (!(rise > 0.9 && rise < 1.1)) return solution
  return solution.map((value, a) => (unknowns.column[a] < terms ? value * rise : value))
}

function solve(work: Work, sums: Float64Array): Float64Array {
  const solution = solved(work, sums)
  if (solution) return solution
  throw new Problem(
    'subtract.no_fit',
    `The ${work.stamps.length} stars do not determine a kernel; give more positions or a lower kernel order.`,
  )
}

function solved(work: Work, sums: Float64Array, added?: Float64Array): Float64Array | null {
  const { squares, unknowns, prior, workshop } = work
  return workshop.arena.during(() =>
    solveNormal(normalOf(sums, squares, unknowns, workshop), prior, workshop, added),
  )
}

/** From how far the first coefficient, the kernel's sum, moves when its own equation is pulled. */
function errorOfSum(work: Work, sums: Float64Array, solution: Float64Array): number {
  const pull = new Float64Array(solution.length)
  pull[0] = sums[0]
  const moved = solved(work, sums, pull)
  return moved ? Math.sqrt(Math.max(0, (moved[0] - solution[0]) / pull[0])) : NaN
}

/** Residuals and χ² of every star. */
function judge(work: Work, solution: Float64Array): void {
  const { stamps, squares, columns, residual, signal, variance, weights, workshop, orders, unknowns } = work
  const { length, count, terms } = squares
  const loops = convolutionLoops(workshop)
  workshop.arena.during(() => {
    const factors = workshop.arena.float32(count - 1)
    stamps.forEach((stamp, s) => {
      factors.set(columnFactors(solution, unknowns, squares, stamp, orders))
      const own = columns.subarray(s * count * length, (s + 1) * count * length)
      const star = signal.subarray(s * length, (s + 1) * length)
      const rest = residual.subarray(s * length, (s + 1) * length)
      loops.combine(own.subarray(0, terms * length), length, factors.subarray(0, terms), star)
      loops.combine(own.subarray(terms * length, (count - 1) * length), length, factors.subarray(terms), rest)
      const data = own.subarray((count - 1) * length)
      let [sum, n] = [0, 0]
      for (let i = 0; i < length; i++) {
        rest[i] = data[i] - star[i] - rest[i]
        if (weights[s * length + i] === 0) continue
        sum += rest[i] ** 2 / (variance[s * length + i] + (TOLERANCE * star[i]) ** 2)
        n++
      }
      work.chi2[s] = n > 0 ? sum / n : NaN
    })
  })
}

/**
 * Leaves out stars whose χ² is unlike that of the others, to either side, and such as have lost too much; lets those in again that fit
 * once the others are out, for one variable star spoils the kernel for all around it. True if anything changed.
 */
function sift(work: Work, sums: Float64Array): boolean {
  const { stamps, squares, products, chi2, use, good, weights, orders, unknowns } = work
  const { length } = squares
  const logs = Array.from(chi2, (value) => Math.log(Math.max(1e-9, value)))
  const fitted = logs.filter((value, s) => use[s] === 'fit' && value === value).sort((a, b) => a - b)
  const middle = fitted[fitted.length >> 1]
  const spread = fitted.map((value) => Math.abs(value - middle)).sort((a, b) => a - b)
  const limit = 3.5 * Math.max(0.05, 1.4826 * spread[spread.length >> 1])
  const odd = stamps.map((_, s) => {
    let [usable, kept] = [0, 0]
    for (let i = s * length; i < (s + 1) * length; i++) {
      usable += good[i]
      kept += Number(weights[i] > 0)
    }
    return !(Math.abs(logs[s] - middle) <= limit) || kept < 0.9 * usable
  })
  // Where most are odd, none is: then it is the model that is wrong, and leaving stars out does not mend it.
  const out = odd.filter((is, s) => is && use[s] !== 'held out').length
  if (out > 0.4 * use.filter((each) => each !== 'held out').length) return false
  const signs = stamps.map((_, s) => {
    const next = use[s] === 'held out' ? use[s] : odd[s] ? 'rejected' : 'fit'
    const sign = next === use[s] ? 0 : next === 'fit' ? 1 : -1
    use[s] = next
    return sign
  })
  addStamps({ sums, products, signs, stamps, squares, orders, order: unknowns.order }, work.workshop)
  return signs.some((sign) => sign !== 0)
}

function finish(work: Work, solution: Float64Array): Omit<Fit, 'sumError'> {
  const { squares, stamps, use, chi2 } = work
  const { length } = squares
  const stars = stamps.map((stamp, s): StampReport => {
    let [flux, residual] = [0, 0]
    for (let i = 0; i < length; i++) {
      if (work.weights[s * length + i] === 0) continue
      flux += work.signal[s * length + i]
      residual += work.residual[s * length + i]
    }
    return { x: stamp.x, y: stamp.y, flux, chi2: chi2[s], residual: residual / flux, use: use[s] }
  })
  const mean = (which: StampReport['use']) => {
    const values = stars.filter((star) => star.use === which && star.chi2 >= 0).map((star) => star.chi2)
    return values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : null
  }
  return {
    model: modelOf(work, solution),
    stars: stars.sort((a, b) => a.flux - b.flux),
    chi2: { fit: mean('fit') ?? NaN, heldOut: mean('held out') },
    clippedPixels: work.clipped,
  }
}
