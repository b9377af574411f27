/** The kernel that was found: pictures, each times a polynomial of the position. */
import { polynomialCount, polynomialsAt } from './polynomial.ts'

/** K(u, v; x, y) = Σ polynomial_p(x, y) · planes[p](u, v), and a background that goes with it. Plain data. */
export interface KernelModel {
  /** Size of the frame over which it varies. */
  width: number
  height: number
  halfWidth: number
  order: number
  /** One square of (2 halfWidth + 1)² after the other, rows from the bottom, for each polynomial of `order`. */
  planes: Float64Array
  backgroundOrder: number
  /** ADU, one coefficient per polynomial. */
  background: Float64Array
  /** ADU taken from each frame before: reference − referenceSky ≈ K ⊗ (convolved − convolvedSky) + background. */
  referenceSky: number
  convolvedSky: number
}

/** The kernel at a pixel: (2 halfWidth + 1)² values, K(u, v) at [(v + h)(2h + 1) + u + h]. */
export function kernelAt(model: KernelModel, x: number, y: number, out?: Float64Array): Float64Array {
  const size = (2 * model.halfWidth + 1) ** 2
  const kernel = out ?? new Float64Array(size)
  const factors = polynomialsAt(model.order, x, y, model.width, model.height)
  kernel.fill(0)
  factors.forEach((factor, p) => {
    const from = p * size
    for (let i = 0; i < size; i++) kernel[i] += factor * model.planes[from + i]
  })
  return kernel
}

/** Sum of the kernel at a pixel: the flux scale of the reference frame over the convolved one. */
export function kernelSumAt(model: KernelModel, x: number, y: number): number {
  return kernelAt(model, x, y).reduce((sum, value) => sum + value, 0)
}

/** How many polynomials the kernel has. */
export function planesOf(model: KernelModel): number {
  return polynomialCount(model.order)
}

/** Half width within which all but `share` of Σ K² lies. */
export function coreHalfWidth(kernel: Float64Array, halfWidth: number, share: number): number {
  const size = 2 * halfWidth + 1
  const rings = new Float64Array(halfWidth + 1)
  for (let v = 0; v < size; v++) {
    for (let u = 0; u < size; u++) {
      rings[Math.max(Math.abs(u - halfWidth), Math.abs(v - halfWidth))] += kernel[v * size + u] ** 2
    }
  }
  const total = rings.reduce((sum, value) => sum + value, 0)
  let beyond = 0
  for (let h = halfWidth; h > 0; h--) {
    beyond += rings[h]
    if (beyond > share * total) return h
  }
  return 0
}

/**
 * Noise that went through a kernel is correlated: the flux of a star, summed under its profile, is more uncertain than the noise of single
 * pixels tells. By this factor, for a Gaussian star: Σ (K ⊗ P)² / (Σ K² · Σ P²), the convolved frame's variance has to be raised.
 */
export function correlationFactor(kernel: Float64Array, halfWidth: number, fwhm: number): number {
  const size = 2 * halfWidth + 1
  const sigma = fwhm / 2.3548
  const h = Math.ceil(4 * sigma)
  const profile = Float64Array.from({ length: 2 * h + 1 }, (_, i) =>
    Math.exp(-((i - h) ** 2) / (2 * sigma * sigma)),
  )
  const full = size + 2 * h
  const rows = new Float64Array(size * full)
  for (let v = 0; v < size; v++) {
    for (let u = 0; u < size; u++) {
      const k = kernel[v * size + u]
      for (let p = 0; p <= 2 * h; p++) rows[v * full + u + p] += k * profile[p]
    }
  }
  let smeared = 0
  const column = new Float64Array(full)
  for (let u = 0; u < full; u++) {
    column.fill(0)
    for (let v = 0; v < size; v++) {
      for (let p = 0; p <= 2 * h; p++) column[v + p] += rows[v * full + u] * profile[p]
    }
    for (const value of column) smeared += value * value
  }
  const squares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0)
  return smeared / (squares(kernel) * squares(profile) ** 2)
}
