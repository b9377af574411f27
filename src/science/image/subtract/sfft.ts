/**
 * Image subtraction on a basis of single pixels, SFFT (Hu et al. 2022, ApJ 936, 157): every pixel of the kernel is free and varies over the frame
 * as a polynomial. The equations are sums of products of shifted frames, which Fourier transforms give for all shifts at once, so
 * that their cost does not depend on the kernel's size. Offsets other than (0, 0) are taken less the middle, so that the middle's
 * coefficients are the flux scale.
 */
import { Problem } from '#problem.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { readyFrame, sameShape, seeingOf } from './al98.ts'
import { differenceStrip, stripsOf } from './apply.ts'
import { correlationFactor, kernelAt, kernelSumAt, type KernelModel } from './model.ts'
import { isGood, type Frame } from './noise.ts'
import type { MatchedDifference, Positions, SubtractInput } from './options.ts'
import { polynomialCount } from './polynomial.ts'
import { solvePixelKernel } from './sfft-solve.ts'
import { chooseStamps, findStars, type Stamp } from './stamps.ts'

export interface SfftOptions {
  /** Which frame is convolved: the one with the better seeing unless said. */
  direction?: 'auto' | 'template' | 'science'
  /** Half width of the kernel, pixels; 2.2 times the larger FWHM, 2 … 12, unless given: what lies beyond is missing from its sum. */
  halfWidth?: number
  /** Orders of the kernel's, the flux scale's and the background's variation. Default 0, 0, 1; lower where stars are few. Time grows with the cube of the kernel's unknowns. */
  kernelOrder?: number
  scaleOrder?: number
  backgroundOrder?: number
  /**
   * What is fitted. `sparse`: squares around stars that both frames show, but such in which something varies; `crowded`: all that is
   * not masked or saturated. Default: sparse.
   */
  preparation?: 'sparse' | 'crowded'
  /** Tikhonov's weight of the kernel's roughness (its Laplacian), relative to the equations. Default 1e-5. */
  smoothness?: number
  positions?: Positions
  noiseFor?: 'sources' | 'pixels'
  convolved?: boolean
}

/** Half width of the square around each star. */
const STAMP = 12

/** How often it is found anew what varies, and how far around such a pixel. */
const ROUNDS = 2
const AROUND = 5

/** How far a square's rim may lie above the sky, in units of the noise of a mean of nine pixels. */
const RIM = 6

/**
 * Science − template on the science frame's flux scale. Throws the Problems of `subtract`, and `subtract.too_small` where the frame has no room
 * for the kernel.
 */
export function sfft(
  science: SubtractInput,
  template: SubtractInput,
  options: SfftOptions,
  workshop: Workshop,
): MatchedDifference {
  const { arena, crew } = workshop
  const frames = { science: readyFrame('science', science), template: readyFrame('template', template) }
  sameShape(science, template)
  const notes: string[] = []
  const found = findStars(frames.science, frames.template, 300, options.positions)
  const fwhm = seeingOf(science, template, frames, found, notes)
  const wanted = options.direction ?? 'auto'
  const direction = wanted !== 'auto' ? wanted : fwhm.template <= fwhm.science ? 'template' : 'science'
  const reversed = direction === 'science'
  const [reference, convolved] = reversed
    ? [frames.template, frames.science]
    : [frames.science, frames.template]
  const { width, height } = reference.plane
  const halfWidth =
    options.halfWidth ?? Math.min(12, Math.max(2, Math.ceil(2.2 * Math.max(fwhm.science, fwhm.template))))
  if (Math.min(width, height) < 4 * halfWidth + 3) {
    throw new Problem(
      'subtract.too_small',
      `A frame of ${width} × ${height} pixels has no room for a kernel of half width ${halfWidth}; give a smaller one.`,
    )
  }
  const stars = chooseStamps(reference, convolved, found, { most: 300, halfWidth: STAMP, reach: halfWidth })
  const crowded = options.preparation === 'crowded'
  if (!crowded && stars.length === 0) {
    throw new Problem(
      'subtract.no_stars',
      'No star stands out in both frames; check that they are aligned, give positions of stars, or use the crowded preparation.',
    )
  }
  const orders = {
    kernel: fittingOrder(stars.length, options.kernelOrder ?? 0),
    scale: fittingOrder(stars.length, options.scaleOrder ?? 0),
    background: options.backgroundOrder ?? 1,
  }
  if (orders.kernel < (options.kernelOrder ?? 0)) {
    notes.push(`The kernel varies by order ${orders.kernel}: there are only ${stars.length} stars.`)
  }
  const weight = new Uint8Array(width * height)
  const plane = () => ({ width, height, data: arena.float32(width * height) })
  const difference = plane()
  const noise = plane()
  const mask = { width, height, data: arena.uint8(width * height) }
  const matched = options.convolved ? plane() : null
  const own = reversed ? fwhm.template : fwhm.science
  const solving = { ...orders, halfWidth, smoothness: options.smoothness ?? 1e-5 }
  let kept = stars
  let excess: Float32Array | null = null
  let apart = 0
  let correlation = 1
  let usable = 0
  let model: KernelModel
  for (let round = 0; ; round++) {
    paint(weight, kept, reference, convolved, halfWidth, crowded)
    if (!crowded) {
      kept = whole(weight, kept, convolved)
      paint(weight, kept, reference, convolved, halfWidth, false)
    }
    // Before it is known what varies, a kernel that does not is less easily led astray.
    const full = { ...solving, apart, excess }
    const now = round === 0 ? { ...full, kernel: 0, scale: 0 } : full
    model = arena.during(() => solvePixelKernel(reference, convolved, weight, now, workshop))
    if (options.noiseFor !== 'pixels') {
      const middle = kernelAt(model, (width - 1) / 2, (height - 1) / 2)
      correlation = correlationFactor(middle, halfWidth, own)
    }
    const strips = stripsOf({
      reference,
      convolved,
      model,
      reversed,
      difference: difference.data,
      noise: noise.data,
      mask: mask.data,
      correlation,
      matched: matched?.data ?? null,
    })
    usable = crew.each(differenceStrip, strips, workshop).reduce((total, n) => total + n, 0)
    if (round === ROUNDS) break
    const tolerance = round === 0 ? 0.1 : 0.03
    apart = Math.min(1, starChi2(kept, difference.data, noise.data, mask.data, width) || 0)
    if (crowded) {
      const factor = reversed ? -kernelSumAt(model, (width - 1) / 2, (height - 1) / 2) : 1
      excess = excessOf(reference, difference.data, noise.data, tolerance, factor)
    } else {
      const fits = unchanged(stars, reference, difference.data, noise.data, tolerance)
      kept = fits.length < 0.5 * stars.length ? kept : fits
    }
  }
  const middle = kernelAt(model, (width - 1) / 2, (height - 1) / 2)
  const sum = kernelSumAt(model, (width - 1) / 2, (height - 1) / 2)
  const corners = [0, width - 1].flatMap((x) => [0, height - 1].map((y) => kernelSumAt(model, x, y)))
  return {
    method: 'sfft',
    difference,
    noise,
    mask,
    convolved: matched,
    direction,
    fluxScale: reversed ? 1 / sum : sum,
    kernel: model,
    diagnostics: {
      kernelSum: {
        centre: sum,
        error: null,
        least: Math.min(sum, ...corners),
        greatest: Math.max(sum, ...corners),
      },
      noiseFactor: middle.reduce((total, k) => total + k * k, 0),
      correlation,
      chi2: { fit: starChi2(kept, difference.data, noise.data, mask.data, width), heldOut: null },
      stamps: { found: found.length, fit: kept.length, heldOut: 0, rejected: stars.length - kept.length },
      clippedPixels: 0,
      stars: [],
      fwhm,
      merit: null,
      usable: usable / (width * height),
      notes,
    },
  }
}

/** Every pixel of the kernel is free, so that it takes many stars to tell how each of them varies. */
function fittingOrder(stars: number, wanted: number): number {
  let order = wanted
  while (order > 0 && stars < 15 * polynomialCount(order)) order--
  return order
}

/** 1 where a pixel is fitted: it and all that the kernel reaches from it are good. */
function paint(
  weight: Uint8Array,
  stars: readonly Stamp[],
  reference: Frame,
  convolved: Frame,
  reach: number,
  crowded: boolean,
): void {
  const { width, height } = reference.plane
  weight.fill(crowded ? 1 : 0)
  for (const { x, y } of crowded ? [] : stars) {
    for (let v = Math.max(0, y - STAMP); v <= Math.min(height - 1, y + STAMP); v++) {
      weight.fill(1, v * width + Math.max(0, x - STAMP), v * width + Math.min(width, x + STAMP + 1))
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      if (!isGood(reference, i) || Math.min(x, y, width - 1 - x, height - 1 - y) < reach) weight[i] = 0
      if (isGood(convolved, i)) continue
      for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++) {
        weight.fill(0, v * width + Math.max(0, x - reach), v * width + Math.min(width, x + reach + 1))
      }
    }
  }
}

/** Stars in whose squares nothing varies: no more than a few pixels differ by more than noise and a little of the star. */
function unchanged(
  stars: readonly Stamp[],
  reference: Frame,
  difference: Float32Array,
  noise: Float32Array,
  tolerance: number,
): Stamp[] {
  const { width, data } = reference.plane
  return stars.filter(({ x, y }) => {
    let odd = 0
    for (let v = -STAMP; v <= STAMP; v++) {
      for (let u = -STAMP; u <= STAMP; u++) {
        const i = (y + v) * width + x + u
        const limit = 16 * (noise[i] ** 2 + (tolerance * (data[i] - reference.level)) ** 2)
        if (difference[i] ** 2 > limit) odd++
      }
    }
    return odd < 3
  })
}

/**
 * What changed: around pixels that differ by more than noise and a little of what is there, the difference, `factor` times; elsewhere 0. A hole
 * there would cut through the stars around.
 */
function excessOf(
  { plane: { width, height, data }, level }: Frame,
  difference: Float32Array,
  noise: Float32Array,
  tolerance: number,
  factor: number,
): Float32Array {
  const out = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      const limit = 25 * (noise[i] ** 2 + (tolerance * (data[i] - level)) ** 2)
      if (!(difference[i] ** 2 > limit)) continue
      for (let v = Math.max(0, y - AROUND); v <= Math.min(height - 1, y + AROUND); v++) {
        for (let u = Math.max(0, x - AROUND); u <= Math.min(width - 1, x + AROUND); u++) {
          const value = factor * difference[v * width + u]
          out[v * width + u] = value === value ? value : 0
        }
      }
    }
  }
  return out
}

/** Stars at whose squares' rims, or around holes in them, there is only sky; all of them where that leaves too few. */
function whole(weight: Uint8Array, stars: Stamp[], convolved: Frame): Stamp[] {
  const { width, height, data } = convolved.plane
  const cut = ({ x, y }: Stamp): boolean => {
    for (let v = Math.max(1, y - STAMP); v <= Math.min(height - 2, y + STAMP); v++) {
      for (let u = Math.max(1, x - STAMP); u <= Math.min(width - 2, x + STAMP); u++) {
        const i = v * width + u
        if (weight[i] === 0) continue
        if (
          weight[i - 1] === 1 &&
          weight[i + 1] === 1 &&
          weight[i - width] === 1 &&
          weight[i + width] === 1
        ) {
          continue
        }
        // The mean of nine pixels, in units of its noise.
        let sum = 0
        for (let k = -1; k <= 1; k++) for (let l = -1; l <= 1; l++) sum += data[i + k * width + l]
        if (!(sum / 9 - convolved.level < (RIM / 3) * convolved.rms)) return true
      }
    }
    return false
  }
  const kept = stars.filter((star) => !cut(star))
  return kept.length < 0.5 * stars.length ? stars : kept
}

function starChi2(
  stars: readonly Stamp[],
  difference: Float32Array,
  noise: Float32Array,
  mask: Uint8Array,
  width: number,
): number {
  let [sum, n] = [0, 0]
  for (const { x, y } of stars) {
    for (let v = -4; v <= 4; v++) {
      for (let u = -4; u <= 4; u++) {
        const i = (y + v) * width + x + u
        if (mask[i] !== 0) continue
        sum += (difference[i] / noise[i]) ** 2
        n++
      }
    }
  }
  return n > 0 ? sum / n : NaN
}
