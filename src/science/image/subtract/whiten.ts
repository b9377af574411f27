/** A difference whose noise is white: each pixel's error stands for itself (Reiss & Lupton 2016). */
import { Problem } from '#problem.ts'
import { maskBits } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { convolutionLoops } from '#science/kernels/convolve.ts'
import { decorrelationKernel, type Kernel } from './decorrelate.ts'
import { kernelAt, kernelSumAt } from './model.ts'
import { frameOf, varianceOf } from './noise.ts'
import type { Difference, MatchedDifference, SubtractInput } from './options.ts'

/** Most of Σ |F| that may fall on pixels that are not used. */
const mostLost = 0.05
/** Rows that are convolved at once. */
const stripRows = 64

/**
 * The difference by a further convolution with unit sum, made for the kernel at the middle: noise of neighbours is no longer
 * correlated, fluxes stay, point spreads get wings. The noise plane is that of single pixels and of sources alike. Changes
 * the planes of `result` in place and returns the kernel.
 * @throws Problem `subtract.no_kernel` where the method tells no kernel, `subtract.noise` without noise
 */
export function whiten(
  science: SubtractInput,
  template: SubtractInput,
  result: Difference | MatchedDifference,
  workshop: Workshop,
): Kernel {
  if (!('kernel' in result))
    throw new Problem(
      'subtract.no_kernel',
      `The difference by ${result.method} comes without its kernel and cannot be decorrelated; choose the built-in subtraction by al98 or sfft, or set sub_decorrelate=false.`,
    )
  const { difference, noise, mask, kernel: model, direction } = result
  const { width, height } = difference
  const [own, other] = [frameOf(science), frameOf(template)]
  const [reference, convolved] = direction === 'template' ? [own, other] : [other, own]
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2]
  const filter = decorrelationKernel({
    reference: [{ sigma: reference.rms }],
    convolved: [{ sigma: convolved.rms }],
    kernel: { size: 2 * model.halfWidth + 1, data: kernelAt(model, cx, cy) },
  })
  const scale = kernelSumAt(model, cx, cy)
  // On the flux scale of the science frame: with the frame convolved, the whole was divided by the kernel's sum.
  const [weight, share] = direction === 'template' ? [1, scale ** 2] : [1 / scale ** 2, 1]
  workshop.arena.during(() => {
    convolveInPlace(difference, mask.data, filter, workshop)
    spread(mask.data, width, height, filter, workshop)
  })
  for (let i = 0; i < noise.data.length; i++) {
    noise.data[i] = Math.sqrt(weight * varianceOf(reference, i) + share * varianceOf(convolved, i))
    if (Number.isNaN(difference.data[i])) noise.data[i] = NaN
  }
  return filter
}

/** Pixels that are not used count as 0, and those without a value stay so. */
export function convolveInPlace(
  { width, height, data }: Difference['difference'],
  mask: Uint8Array,
  { size, data: taps }: Kernel,
  workshop: Workshop,
): void {
  const { arena } = workshop
  const loops = convolutionLoops(workshop)
  const half = (size - 1) / 2
  const wide = Math.ceil(width / 16) * 16
  const stride = wide + 2 * half
  // Rows above are needed as they were when those below are convolved.
  const before = arena.float32(stride * (height + 2 * half + stripRows)).fill(0)
  for (let y = 0; y < height; y++) {
    const to = (y + half) * stride + half
    for (let x = 0; x < width; x++) {
      const value = data[y * width + x]
      before[to + x] = mask[y * width + x] === 0 && Number.isFinite(value) ? value : 0
    }
  }
  const kernel = arena.float32(taps.length)
  kernel.set(taps)
  const out = arena.float32(wide * stripRows)
  for (let y = 0; y < height; y += stripRows) {
    loops.convolve(before.subarray(y * stride), stride, out, wide, wide, stripRows, kernel, size)
    for (let v = 0; v < Math.min(stripRows, height - y); v++) {
      const at = (y + v) * width
      for (let x = 0; x < width; x++) data[at + x] = Number.isNaN(data[at + x]) ? NaN : out[v * wide + x]
    }
  }
}

/** Marks pixels of which too much came from pixels that are not used. */
function spread(
  mask: Uint8Array,
  width: number,
  height: number,
  { size, data: taps }: Kernel,
  { arena }: Workshop,
): void {
  const half = (size - 1) / 2
  const lost = arena.float32(width * height).fill(0)
  const total = taps.reduce((sum, each) => sum + Math.abs(each), 0)
  const weights = taps.map((each) => Math.abs(each) / total)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x] === 0) continue
      for (let v = Math.max(-half, -y); v <= Math.min(half, height - 1 - y); v++)
        for (let u = Math.max(-half, -x); u <= Math.min(half, width - 1 - x); u++)
          lost[(y + v) * width + x + u] += weights[(v + half) * size + u + half]
    }
  for (let i = 0; i < mask.length; i++) if (lost[i] > mostLost) mask[i] |= maskBits.spread
}
