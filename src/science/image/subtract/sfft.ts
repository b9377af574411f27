/**
 * Image subtraction on a basis of single pixels, SFFT (Hu et al. 2022, ApJ 936, 157): every pixel of the kernel is free and varies over the frame
 * as a polynomial. The equations are sums of products of shifted frames, which Fourier transforms give for all shifts at once, so
 * that their cost does not depend on the kernel's size. Offsets other than (0, 0) are taken less the middle, so that the middle's
 * coefficients are the flux scale.
 */
import { Problem } from '#problem.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { transform } from '#science/kernels/fft.ts'
import { readyFrame, sameShape, seeingOf } from './al98.ts'
import { differenceStrip, stripsOf } from './apply.ts'
import { choleskySolve } from './cholesky.ts'
import { fastSize } from './fourier.ts'
import { correlationFactor, kernelAt, kernelSumAt, type KernelModel } from './model.ts'
import { isGood, type Frame } from './noise.ts'
import type { MatchedDifference, Positions, SubtractInput } from './options.ts'
import { polynomialCount, polynomialsAt } from './polynomial.ts'
import { skyPolynomial } from './sky.ts'
import { chooseStamps, findStars, type Stamp } from './stamps.ts'

export interface SfftOptions {
  /** Which frame is convolved: the one with the better seeing unless said. */
  direction?: 'auto' | 'template' | 'science'
  /** Half width of the kernel, pixels; 1.5 times the larger FWHM, 2 … 12, unless given. */
  halfWidth?: number
  /** Orders of the kernel's, the flux scale's and the background's variation. Default 2, 0, 1; lower where stars are few. */
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
    options.halfWidth ?? Math.min(12, Math.max(2, Math.ceil(1.5 * Math.max(fwhm.science, fwhm.template))))
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
    kernel: fittingOrder(stars.length, options.kernelOrder ?? 2, crowded),
    scale: fittingOrder(stars.length, options.scaleOrder ?? 0, crowded),
    background: options.backgroundOrder ?? 1,
  }
  if (orders.kernel < (options.kernelOrder ?? 2)) {
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
  let correlation = 1
  let usable = 0
  let model: KernelModel
  for (let round = 0; ; round++) {
    paint(weight, kept, reference, convolved, halfWidth, crowded)
    model = arena.during(() => solve(reference, convolved, weight, solving, workshop))
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
    if (crowded || round === 2) break
    const fits = unchanged(kept, reference, difference.data, noise.data)
    if (fits.length === kept.length || fits.length < 0.6 * kept.length) break
    kept = fits
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
      kernelSum: { centre: sum, least: Math.min(sum, ...corners), greatest: Math.max(sum, ...corners) },
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

function fittingOrder(stars: number, wanted: number, crowded: boolean): number {
  let order = wanted
  while (!crowded && order > 0 && stars < 5 * polynomialCount(order)) order--
  return order
}

function emptyModel(
  reference: Frame,
  convolved: Frame,
  halfWidth: number,
  order: number,
  backgroundOrder: number,
): KernelModel {
  const { width, height } = reference.plane
  return {
    width,
    height,
    halfWidth,
    order,
    planes: new Float64Array(polynomialCount(order) * (2 * halfWidth + 1) ** 2),
    backgroundOrder,
    background: new Float64Array(polynomialCount(backgroundOrder)),
    referenceSky: reference.level,
    convolvedSky: convolved.level,
  }
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

interface Solving {
  kernel: number
  scale: number
  background: number
  halfWidth: number
  smoothness: number
}

/**
 * Normal equations by correlation. With weights w, the convolved frame R and polynomials P: a term is w P_p(x) R(x − α). As w is 0 or 1, sums over
 * x of w P_p P_q R(x − α) R(x − β) are not functions of α − β alone; they are taken as such with R cut to the neighbourhood of what is
 * fitted, which is exact but for the rims of the squares, where only sky is.
 */
function solve(
  reference: Frame,
  convolved: Frame,
  weight: Uint8Array,
  { kernel, scale, background, halfWidth: h, smoothness }: Solving,
  workshop: Workshop,
): KernelModel {
  const { width, height } = reference.plane
  const { arena } = workshop
  const [gridWidth, gridHeight] = [fastSize(width + 2 * h + 1), fastSize(height + 2 * h + 1)]
  const n = gridWidth * gridHeight
  const order = Math.max(kernel, scale)
  const [p, b] = [polynomialCount(order), polynomialCount(background)]
  const size = 2 * h + 1
  const spectra = Array.from({ length: p + 1 + b }, () => ({
    width: gridWidth,
    height: gridHeight,
    re: arena.float32(n).fill(0),
    im: arena.float32(n).fill(0),
  }))
  const factors = new Float64Array(Math.max(p, b))
  // The rims of the squares must lie at 0 in both frames.
  const skies = [convolved, reference].map((frame) => skyPolynomial(frame, background))
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (weight[y * width + x] === 0) continue
      const at = y * gridWidth + x
      polynomialsAt(background, x, y, width, height, factors)
      let [value, own] = [convolved.plane.data[y * width + x], reference.plane.data[y * width + x]]
      value -= convolved.level
      own -= reference.level
      for (let i = 0; i < b; i++) {
        value -= skies[0][i] * factors[i]
        own -= skies[1][i] * factors[i]
        spectra[p + 1 + i].re[at] = factors[i]
      }
      spectra[p].re[at] = own
      polynomialsAt(order, x, y, width, height, factors)
      for (let i = 0; i < p; i++) spectra[i].re[at] = factors[i] * value
    }
  }
  for (const each of spectra) transform(each, 'forward', workshop)

  // c[a][b](d) = Σ a(x) b(x + d) for all offsets d that a kernel, or two, can make.
  const far = 2 * h
  const wide = 2 * far + 1
  const correlate = (first: number, second: number): Float64Array =>
    arena.during(() => {
      const [f, s] = [spectra[first], spectra[second]]
      const out = { width: gridWidth, height: gridHeight, re: arena.float32(n), im: arena.float32(n) }
      for (let i = 0; i < n; i++) {
        out.re[i] = f.re[i] * s.re[i] + f.im[i] * s.im[i]
        out.im[i] = f.re[i] * s.im[i] - f.im[i] * s.re[i]
      }
      transform(out, 'backward', workshop)
      const lags = new Float64Array(wide * wide)
      for (let v = -far; v <= far; v++) {
        for (let u = -far; u <= far; u++) {
          lags[(v + far) * wide + u + far] =
            out.re[((v + gridHeight) % gridHeight) * gridWidth + ((u + gridWidth) % gridWidth)]
        }
      }
      return lags
    })
  const lag = (lags: Float64Array, u: number, v: number) => lags[(v + far) * wide + u + far]

  // Unknowns: for each offset (the middle first) its polynomials, then the background.
  const offsets: [number, number][] = [[0, 0]]
  for (let v = -h; v <= h; v++) for (let u = -h; u <= h; u++) if (u !== 0 || v !== 0) offsets.push([u, v])
  const [pk, ps] = [polynomialCount(kernel), polynomialCount(scale)]
  const starts = offsets.map((_, o) => (o === 0 ? 0 : ps + (o - 1) * pk))
  const count = ps + (offsets.length - 1) * pk
  const all = count + b
  const matrix = new Float64Array(all * all)
  const right = new Float64Array(all)
  const own = (o: number) => (o === 0 ? ps : pk)
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < p; j++) {
      const lags = correlate(i, j)
      // Σ P_i R(x − α) P_j R(x − β) is the correlation at the offset α − β.
      for (let a = 0; a < offsets.length; a++) {
        if (i >= own(a)) continue
        const [au, av] = offsets[a]
        for (let c = a; c < offsets.length; c++) {
          if (j >= own(c)) continue
          const [cu, cv] = offsets[c]
          let sum = lag(lags, au - cu, av - cv)
          if (a > 0) sum -= lag(lags, -cu, -cv)
          if (c > 0) sum -= lag(lags, au, av)
          if (a > 0 && c > 0) sum += lag(lags, 0, 0)
          const [r, s] = [starts[a] + i, starts[c] + j]
          if (r <= s) matrix[r * all + s] = sum
          else matrix[s * all + r] = sum
        }
      }
    }
    const sides = [correlate(i, p), ...Array.from({ length: b }, (_, k) => correlate(i, p + 1 + k))]
    offsets.forEach(([u, v], a) => {
      if (i >= own(a)) return
      // Σ P_i R(x − α) I(x): the correlation at α.
      sides.forEach((lags, k) => {
        const sum = lag(lags, u, v) - (a > 0 ? lag(lags, 0, 0) : 0)
        if (k === 0) right[starts[a] + i] = sum
        else matrix[(starts[a] + i) * all + count + k - 1] = sum
      })
    })
  }
  for (let i = 0; i < b; i++) {
    right[count + i] = lag(correlate(p + 1 + i, p), 0, 0)
    for (let j = i; j < b; j++) {
      matrix[(count + i) * all + count + j] = lag(correlate(p + 1 + i, p + 1 + j), 0, 0)
    }
  }
  smooth(matrix, all, offsets, starts, pk, smoothness)
  const solution = choleskySolve(matrix, right, all)
  if (!solution?.every((value) => Number.isFinite(value))) {
    throw new Problem(
      'subtract.no_fit',
      'What is fitted does not determine a kernel; give more stars, a smaller kernel or a larger smoothness.',
    )
  }
  const model = emptyModel(reference, convolved, h, order, background)
  const area = size * size
  const centre = h * size + h
  offsets.forEach(([u, v], a) => {
    for (let i = 0; i < own(a); i++) {
      model.planes[i * area + (v + h) * size + u + h] += solution[starts[a] + i]
      if (a > 0) model.planes[i * area + centre] -= solution[starts[a] + i]
    }
  })
  // A polynomial goes through a kernel all but unchanged, times its sum.
  for (let i = 0; i < b; i++)
    model.background[i] = solution[count + i] + skies[1][i] - solution[0] * skies[0][i]
  return model
}

/** Adds λ Σ (Laplacian of the kernel)² for each polynomial, λ relative to the mean diagonal; beyond its rim a kernel is 0. */
function smooth(
  matrix: Float64Array,
  all: number,
  offsets: readonly [number, number][],
  starts: readonly number[],
  polynomials: number,
  smoothness: number,
): void {
  let diagonal = 0
  for (let a = 1; a < offsets.length; a++) diagonal += matrix[starts[a] * all + starts[a]]
  const lambda = (smoothness * diagonal) / offsets.length
  const places = new Map(offsets.map(([u, v], a) => [`${u},${v}`, a]))
  offsets.forEach(([u, v]) => {
    const terms: [number, number][] = [
      [places.get(`${u},${v}`) ?? -1, 4],
      [places.get(`${u + 1},${v}`) ?? -1, -1],
      [places.get(`${u - 1},${v}`) ?? -1, -1],
      [places.get(`${u},${v + 1}`) ?? -1, -1],
      [places.get(`${u},${v - 1}`) ?? -1, -1],
    ]
    // The middle, which the others are taken less of, is left free: it is where a kernel is sharp.
    const free = terms.filter(([a]) => a > 0)
    for (const [a, x] of free) {
      for (const [c, y] of free) {
        if (c < a) continue
        for (let i = 0; i < polynomials; i++) matrix[(starts[a] + i) * all + starts[c] + i] += lambda * x * y
      }
    }
  })
}

/** Stars in whose squares nothing varies: no more than a few pixels differ by more than noise and a little of the star. */
function unchanged(
  stars: readonly Stamp[],
  reference: Frame,
  difference: Float32Array,
  noise: Float32Array,
): Stamp[] {
  const { width, data } = reference.plane
  return stars.filter(({ x, y }) => {
    let odd = 0
    for (let v = -STAMP; v <= STAMP; v++) {
      for (let u = -STAMP; u <= STAMP; u++) {
        const i = (y + v) * width + x + u
        const limit = 16 * (noise[i] ** 2 + (0.03 * (data[i] - reference.level)) ** 2)
        if (difference[i] ** 2 > limit) odd++
      }
    }
    return odd < 3
  })
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
