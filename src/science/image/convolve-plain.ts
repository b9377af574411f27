/** Convolution written down as it is defined, in double precision: the reference for the fast ones, and for small work. */
import { Problem } from '#problem.ts'
import type { Pixels, Plane } from './plane.ts'

export interface KernelImage {
  /** Odd. */
  readonly width: number
  readonly height: number
  /** Row by row; its middle is the origin. */
  readonly data: ArrayLike<number>
}

/**
 * out(x, y) = Σ k(u, v) · in(x − u, y − v). Beyond the edges pixels are those of the edge ('replicate') or 0 ('zero').
 * NaN spreads as far as the kernel reaches.
 * @throws Problem image.invalid for a kernel of even size
 */
export function convolvePlane(
  { width, height, data }: Plane<Pixels>,
  kernel: KernelImage,
  { edges = 'replicate' }: { edges?: 'replicate' | 'zero' } = {},
): Plane<Float64Array> {
  if (kernel.width % 2 === 0 || kernel.height % 2 === 0) {
    throw new Problem(
      'image.invalid',
      `A kernel of ${kernel.width} × ${kernel.height} pixels has no middle; both sizes must be odd.`,
    )
  }
  const [rx, ry] = [(kernel.width - 1) / 2, (kernel.height - 1) / 2]
  const wide = width + 2 * rx
  const framed = new Float64Array(wide * (height + 2 * ry))
  for (let y = -ry; y < height + ry; y++)
    for (let x = -rx; x < width + rx; x++) {
      const inside = x >= 0 && y >= 0 && x < width && y < height
      if (!inside && edges === 'zero') continue
      const from = Math.min(height - 1, Math.max(0, y)) * width + Math.min(width - 1, Math.max(0, x))
      framed[(y + ry) * wide + x + rx] = data[from]
    }
  const out = new Float64Array(width * height)
  for (let v = 0; v < kernel.height; v++)
    for (let u = 0; u < kernel.width; u++) {
      const weight = kernel.data[v * kernel.width + u]
      const shift = (kernel.height - 1 - v) * wide + (kernel.width - 1 - u)
      for (let y = 0; y < height; y++) {
        const [to, from] = [y * width, y * wide + shift]
        for (let x = 0; x < width; x++) out[to + x] += weight * framed[from + x]
      }
    }
  return { width, height, data: out }
}
