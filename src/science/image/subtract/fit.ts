/**
 * The kernel's fit on stars: weighted by the noise of the difference that the kernel itself makes, pixels that stay out of it clipped,
 * stars that fit unlike the others left out, and fitted again.
 */
import { Problem } from '#problem.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { convolutionLoops } from '#science/kernels/convolve.ts'
import type { Basis } from './basis.ts'
import { overlapsOf, termPicture } from './basis.ts'
import { squaresOf, stampColumns, type Squares } from './columns.ts'
import {
  addStamp,
  columnFactors,
  solveSums,
  sumsLength,
  unknownsOf,
  type Orders,
  type Unknowns,
} from './equations.ts'
import { coreHalfWidth, kernelAt, type KernelModel } from './model.ts'
import { varianceOf, type Frame } from './noise.ts'
import { polynomialCount, polynomialsAt } from './polynomial.ts'
import type { StampReport } from './options.ts'
import { stampProducts } from './products.ts'
import type { Stamp } from './stamps.ts'

export interface FitInput {
  reference: Frame
  convolved: Frame
  basis: Basis
  stamps: Stamp[]
  orders: Orders
  backgroundOrder: number
  /** Half width of the squares. */
  halfWidth: number
  clip: number
  holdOut: number
  /** How often the pixels are weighed anew. */
  rounds: number
  /** Width of the Gaussian that is taken for the kernel before there is one. */
  sigma: number
}

export interface Fit {
  model: KernelModel
  stars: StampReport[]
  chi2: { fit: number; heldOut: number | null }
  clippedPixels: number
}

/** What a kernel may be wrong by, as a share of the star, before a pixel or a star is thought to be odd. */
const TOLERANCE = 0.02

/**
 * How large the coefficients of the kernel's functions, which have unit norm, may be expected to be, as a share of its sum. It holds down
 * combinations that the stars say nothing about, and weighs nothing against what they say.
 */
const PRIOR = 0.1

interface Work extends FitInput {
  squares: Squares
  unknowns: Unknowns
  /** Of each function of the basis. */
  pictures: Float64Array[]
  prior: Float64Array
  columns: Float32Array
  good: Uint8Array
  weights: Float32Array
  products: Float64Array
  /** Residual and star of each pixel, ADU, and its variance. */
  residual: Float32Array
  signal: Float32Array
  variance: Float32Array
  use: StampReport['use'][]
  chi2: Float64Array
  clipped: number
  workshop: Workshop
}

/** Fits the kernel. Throws Problem `subtract.no_fit` where the stars do not determine one. */
export function fitKernel(input: FitInput, workshop: Workshop): Fit {
  return workshop.arena.during(() => {
    const work = begin(input, workshop)
    guess(work)
    weigh(work, false)
    let sums = collect(work)
    let solution = solve(work, sums)
    for (let round = 0; round < input.rounds; round++) {
      judge(work, solution)
      if (reject(work, sums)) judge(work, (solution = solve(work, sums)))
      reweigh(work, solution)
      weigh(work, true)
      sums = collect(work)
      solution = solve(work, sums)
    }
    judge(work, solution)
    solution = undiluted(work, sums, solution)
    judge(work, solution)
    return finish(work, solution)
  })
}

function begin(input: FitInput, workshop: Workshop): Work {
  const { stamps, basis, halfWidth, backgroundOrder, orders } = input
  const squares = squaresOf(halfWidth, basis.terms.length, backgroundOrder)
  const { length, count, padded } = squares
  const n = stamps.length
  const { arena } = workshop
  const unknowns = unknownsOf(squares, orders)
  const columns = arena.float32(n * count * length)
  const good = arena.uint8(n * length)
  const chunks = chunksOf(n, workshop)
  workshop.crew.each(
    stampColumns,
    chunks.map(([from, to]) => ({
      reference: input.reference,
      convolved: input.convolved,
      basis,
      squares,
      backgroundOrder,
      stamps: stamps.slice(from, to),
      columns: columns.subarray(from * count * length, to * count * length),
      good: good.subarray(from * length, to * length),
    })),
    workshop,
  )
  // Every tenth star or so judges the fit without taking part.
  const every = input.holdOut > 0 && n >= 20 ? Math.max(2, Math.round(1 / input.holdOut)) : Infinity
  return {
    ...input,
    squares,
    unknowns,
    prior: new Float64Array(unknowns.column.length),
    pictures: basis.terms.map((_, n) => termPicture(basis, n)),
    columns,
    good,
    weights: arena.float32(n * length),
    products: arena.float64(n * padded * padded),
    residual: arena.float32(n * length),
    signal: arena.float32(n * length),
    variance: arena.float32(n * length),
    use: stamps.map((_, i) => (i % every === 4 ? 'held out' : 'fit')),
    chi2: new Float64Array(n),
    clipped: 0,
    workshop,
  }
}

/** Pieces of work: a few for each hand, so that the hands end together. */
function chunksOf(n: number, { crew }: Workshop): [number, number][] {
  const pieces = crew.hands === 1 ? 1 : Math.min(n, 3 * crew.hands)
  return Array.from({ length: pieces }, (_, i): [number, number] => [
    Math.floor((i * n) / pieces),
    Math.floor(((i + 1) * n) / pieces),
  ]).filter(([from, to]) => to > from)
}

/** Noise before there is a kernel: that of a Gaussian with the sum that the stars' counts ask for. */
function guess(work: Work): void {
  const { squares, stamps, columns, sigma } = work
  const { length, count } = squares
  const ratios: number[] = []
  stamps.forEach((_, s) => {
    const at = s * count * length
    let [sum, product] = [0, 0]
    for (let i = 0; i < length; i++) {
      sum += columns[at + i] ** 2
      product += columns[at + i] * columns[at + (count - 1) * length + i]
    }
    if (sum > 0) ratios.push(product / sum)
  })
  const scale = ratios.sort((a, b) => a - b)[ratios.length >> 1] || 1
  const { unknowns, prior } = work
  unknowns.column.forEach((column, a) => {
    prior[a] = column > 0 && column < squares.terms ? 1 / (PRIOR * scale) ** 2 : 0
  })
  const h = Math.max(1, Math.min(work.basis.halfWidth, Math.ceil(3 * sigma)))
  const size = 2 * h + 1
  const kernel = new Float64Array(size * size)
  let total = 0
  for (let v = -h; v <= h; v++) {
    for (let u = -h; u <= h; u++) {
      total += kernel[(v + h) * size + u + h] = Math.exp(-(u * u + v * v) / (2 * sigma * sigma))
    }
  }
  const made = kernel.map((value) => (scale * value) / total)
  stamps.forEach((stamp, s) => variances(work, s, stamp, made, h, null))
}

/** Variance of the difference at a star: the reference frame's as the model predicts it, and the convolved one's under K². */
function variances(
  work: Work,
  s: number,
  stamp: Stamp,
  kernel: Float64Array,
  halfWidth: number,
  residual: Float32Array | null,
): void {
  const { squares, reference, convolved, variance, workshop } = work
  const { halfWidth: h, stride, length } = squares
  const core = Math.min(halfWidth, coreHalfWidth(kernel, halfWidth, 1e-3))
  const size = 2 * h + 1
  const { width, height } = reference.plane
  const { arena } = workshop
  arena.during(() => {
    const wide = stride + 2 * core
    const rows = size + 1 + 2 * core
    const window = arena.float32(wide * rows)
    const taps = arena.float32((2 * core + 1) ** 2)
    const full = 2 * halfWidth + 1
    for (let v = 0; v <= 2 * core; v++) {
      for (let u = 0; u <= 2 * core; u++) {
        const k = kernel[(halfWidth + core - v) * full + halfWidth + core - u]
        taps[v * (2 * core + 1) + u] = k * k
      }
    }
    for (let v = 0; v < rows; v++) {
      const y = Math.min(height - 1, Math.max(0, stamp.y - h - core + v))
      for (let u = 0; u < wide; u++) {
        const x = Math.min(width - 1, Math.max(0, stamp.x - h - core + u))
        const value = varianceOf(convolved, y * width + x)
        window[v * wide + u] = value >= 0 ? value : convolved.rms ** 2
      }
    }
    const out = arena.float32(stride * (size + 1))
    convolutionLoops(workshop).convolve(window, wide, out, stride, stride, size + 1, taps, 2 * core + 1)
    const to = variance.subarray(s * length, (s + 1) * length)
    for (let v = 0; v < size; v++) {
      const y = Math.min(height - 1, Math.max(0, stamp.y - h + v))
      for (let u = 0; u < size; u++) {
        const x = Math.min(width - 1, Math.max(0, stamp.x - h + u))
        const at = v * stride + u
        let own = varianceOf(reference, y * width + x)
        // Noise in the counts must not decide how much they count: the model's counts do.
        if (residual && reference.photon > 0) {
          own = Math.max(reference.rms ** 2, own - residual[s * length + at] * reference.photon)
        }
        to[at] = Math.max(1e-20, own + out[at])
      }
    }
  })
}

function weigh(work: Work, clips: boolean): void {
  const { stamps, squares, good, weights, variance, residual, signal, clip } = work
  const { length } = squares
  work.clipped = 0
  for (let s = 0; s < stamps.length; s++) {
    for (let i = s * length, end = i + length; i < end; i++) {
      weights[i] = 0
      if (good[i] === 0) continue
      if (clips) {
        const allowed = variance[i] + (TOLERANCE * signal[i]) ** 2
        if (residual[i] ** 2 > clip * clip * allowed) {
          work.clipped++
          continue
        }
      }
      weights[i] = 1 / Math.sqrt(variance[i])
    }
  }
}

function collect(work: Work): Float64Array {
  const { stamps, squares, columns, weights, products, workshop, orders, unknowns, use } = work
  const { length, count, padded } = squares
  const { arena, crew } = workshop
  const { order } = unknowns
  const sums = new Float64Array(sumsLength(squares, order))
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
  return sums
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
  const better = solveSums(sums, squares, unknowns, work.prior, added)
  // Where the frames share their noise, as identical ones do, it dilutes nothing; then residuals are smaller than noise.
  const own = work.chi2.filter((value, s) => work.use[s] === 'fit' && value === value)
  const apart = Math.min(1, own.reduce((sum, value) => sum + value, 0) / Math.max(1, own.length))
  const rise = better ? 1 + apart * (better[0] / solution[0] - 1) : 1
  // Functions that the stars hardly determine would only gain noise; the sum is well determined.
  if (!(rise > 0.9 && rise < 1.1)) return solution
  return solution.map((value, a) => (unknowns.column[a] < terms ? value * rise : value))
}

/** Σ weight² · variance of the convolved frame: what its own noise adds to a star's products, times overlaps of the functions. */
function noiseShares(work: Work): Float64Array {
  const { stamps, squares, weights, convolved, use } = work
  const { length, halfWidth: h, stride } = squares
  const size = 2 * h + 1
  const { width } = convolved.plane
  return Float64Array.from(stamps, (stamp, s) => {
    if (use[s] !== 'fit') return 0
    let noise = 0
    for (let v = 0; v < size; v++) {
      for (let u = 0; u < size; u++) {
        const w = weights[s * length + v * stride + u]
        if (w > 0) noise += w * w * varianceOf(convolved, (stamp.y - h + v) * width + stamp.x - h + u)
      }
    }
    return noise
  })
}

function productsOf({ products, squares }: Work, s: number): Float64Array {
  const size = squares.padded ** 2
  return products.subarray(s * size, (s + 1) * size)
}

function solve(work: Work, sums: Float64Array): Float64Array {
  const solution = solveSums(sums, work.squares, work.unknowns, work.prior)
  if (solution) return solution
  throw new Problem(
    'subtract.no_fit',
    `The ${work.stamps.length} stars do not determine a kernel; give more positions or a lower kernel order.`,
  )
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

/** Leaves out stars whose χ² is unlike that of the others, to either side, and such as have lost too much. True if any. */
function reject(work: Work, sums: Float64Array): boolean {
  const { stamps, squares, chi2, use, good, weights, orders, unknowns } = work
  const { length } = squares
  const logs = Array.from(chi2, (value) => Math.log(Math.max(1e-9, value)))
  const fitted = logs.filter((value, s) => use[s] === 'fit' && value === value).sort((a, b) => a - b)
  const middle = fitted[fitted.length >> 1]
  const spread = fitted.map((value) => Math.abs(value - middle)).sort((a, b) => a - b)
  const limit = 3.5 * Math.max(0.05, 1.4826 * spread[spread.length >> 1])
  const odd: number[] = []
  stamps.forEach((_, s) => {
    if (use[s] !== 'fit') return
    let [usable, kept] = [0, 0]
    for (let i = s * length; i < (s + 1) * length; i++) {
      usable += good[i]
      kept += Number(weights[i] > 0)
    }
    if (!(Math.abs(logs[s] - middle) <= limit) || kept < 0.9 * usable) odd.push(s)
  })
  // Where most are odd, none is: then it is the model that is wrong, and leaving stars out does not mend it.
  if (odd.length === 0 || odd.length > 0.4 * fitted.length) return false
  for (const s of odd) {
    addStamp(sums, productsOf(work, s), squares, stamps[s], orders, unknowns.order, -1)
    use[s] = 'rejected'
  }
  return true
}

/** Variances under the kernel found. */
function reweigh(work: Work, solution: Float64Array): void {
  const { stamps, basis } = work
  const model = modelOf(work, solution)
  const kernel = new Float64Array((2 * basis.halfWidth + 1) ** 2)
  stamps.forEach((stamp, s) => {
    kernelAt(model, stamp.x, stamp.y, kernel)
    variances(work, s, stamp, kernel, basis.halfWidth, work.residual)
  })
}

function modelOf(work: Work, solution: Float64Array): KernelModel {
  const { basis, squares, unknowns, orders, reference, convolved, backgroundOrder, pictures } = work
  const area = (2 * basis.halfWidth + 1) ** 2
  const planes = new Float64Array(polynomialCount(unknowns.order) * area)
  const background = new Float64Array(squares.background)
  for (let a = 0; a < solution.length; a++) {
    const c = unknowns.column[a]
    if (c >= squares.terms) {
      background[c - squares.terms] = solution[a]
      continue
    }
    const to = unknowns.polynomial[a] * area
    const factor = solution[a]
    const picture = pictures[c]
    for (let i = 0; i < area; i++) planes[to + i] += factor * picture[i]
  }
  return {
    width: orders.width,
    height: orders.height,
    halfWidth: basis.halfWidth,
    order: unknowns.order,
    planes,
    backgroundOrder,
    background,
    referenceSky: reference.level,
    convolvedSky: convolved.level,
  }
}

function finish(work: Work, solution: Float64Array): Fit {
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
