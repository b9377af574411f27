/** Sums of products of each star's weighted columns, which is what the normal equations are made of. */
import type { Part } from '#science/image/workshop.ts'
import { convolutionLoops } from '#science/kernels/convolve.ts'
import type { Squares } from './columns.ts'
import { addStamps, type Orders } from './equations.ts'
import type { Stamp } from './stamps.ts'

export interface ProductsInput {
  squares: Squares
  stamps: Stamp[]
  /** Whether each takes part in the fit. */
  fits: boolean[]
  columns: Float32Array
  /** √(1/variance) of each pixel, 0 where it is not used. */
  weights: Float32Array
  /** `padded`² for each star. */
  products: Float64Array
  orders: Orders
  /** Of the polynomials. */
  order: number
  /** Of all stars that take part, for each pair of polynomials `padded`². */
  sums: Float64Array
}

/** Fills in the products of its stars and their sums. */
export const stampProducts: Part<ProductsInput, void> = {
  module: import.meta.url,
  name: 'stampProducts',
  run({ squares, stamps, fits, columns, weights, products, orders, order, sums }, workshop) {
    const { length, count, padded } = squares
    const { arena } = workshop
    const loops = convolutionLoops(workshop)
    sums.fill(0)
    arena.during(() => {
      const weighted = arena.float32(padded * length)
      weighted.fill(0, count * length)
      stamps.forEach((_, s) => {
        loops.weigh(
          columns.subarray(s * count * length, (s + 1) * count * length),
          length,
          count,
          weights.subarray(s * length, (s + 1) * length),
          weighted,
        )
        const own = products.subarray(s * padded * padded, (s + 1) * padded * padded)
        own.fill(0)
        loops.gram(weighted, length, padded, own)
      })
      const signs = fits.map(Number)
      addStamps({ sums, products, signs, stamps, squares, orders, order }, workshop)
    })
  },
}
