/** The state of the kernel's fit on stars, which its steps share. */
import type { Workshop } from '#science/image/workshop.ts'
import type { Basis } from './basis.ts'
import { termPicture } from './basis.ts'
import { squaresOf, stampColumns, type Squares } from './columns.ts'
import { unknownsOf, type Orders, type Unknowns } from './equations.ts'
import type { KernelModel } from './model.ts'
import type { Frame } from './noise.ts'
import type { StampReport } from './options.ts'
import { polynomialCount } from './polynomial.ts'
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

/** What a kernel may be wrong by, as a share of the star, before a pixel or a star is thought to be odd. */
export const TOLERANCE = 0.02

export interface Work extends FitInput {
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

export function begin(input: FitInput, workshop: Workshop): Work {
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
export function chunksOf(n: number, { crew }: Workshop): [number, number][] {
  const pieces = crew.hands === 1 ? 1 : Math.min(n, 3 * crew.hands)
  return Array.from({ length: pieces }, (_, i): [number, number] => [
    Math.floor((i * n) / pieces),
    Math.floor(((i + 1) * n) / pieces),
  ]).filter(([from, to]) => to > from)
}

export function modelOf(work: Work, solution: Float64Array): KernelModel {
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
