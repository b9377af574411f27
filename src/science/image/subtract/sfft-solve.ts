/**
 * The kernel of SFFT: normal equations of a basis of single pixels (Hu et al. 2022, ApJ 936, 157), from correlations of
 * shifted frames, smoothed and solved.
 */
import { Problem } from '#problem.ts'
import { factorise, solveFactored } from '#science/image/cholesky.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { transform } from '#science/kernels/fft.ts'
import { fastSize } from './fourier.ts'
import type { KernelModel } from './model.ts'
import { varianceOf, type Frame } from './noise.ts'
import { polynomialCount, polynomialsAt } from './polynomial.ts'
import { skyPolynomial } from './sky.ts'

export interface Solving {
  kernel: number
  scale: number
  background: number
  halfWidth: number
  smoothness: number
  /** How far the noise of the two frames is apart: 1 as usual, 0 where they share it. */
  apart: number
  /** By how much the reference frame is off where it changed, ADU; 0 elsewhere. */
  excess: Float32Array | null
}

/**
 * Normal equations by correlation. With weights w, the convolved frame R and polynomials P: a term is w P_p(x) R(x − α). As w is 0 or 1, sums over
 * x of w P_p P_q R(x − α) R(x − β) are not functions of α − β alone; they are taken as such with R cut to the neighbourhood of what is
 * fitted, which is exact but for the rims of the squares, where only sky is.
 */
export function solvePixelKernel(
  reference: Frame,
  convolved: Frame,
  weight: Uint8Array,
  { kernel, scale, background, halfWidth: h, smoothness, apart, excess }: Solving,
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
      own -= reference.level + (excess ? excess[y * width + x] : 0)
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
          matrix[Math.max(r, s) * all + Math.min(r, s)] = sum
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
        else matrix[(count + k - 1) * all + starts[a] + i] = sum
      })
    })
  }
  for (let i = 0; i < b; i++) {
    right[count + i] = lag(correlate(p + 1 + i, p), 0, 0)
    for (let j = i; j < b; j++) {
      matrix[(count + j) * all + count + i] = lag(correlate(p + 1 + i, p + 1 + j), 0, 0)
    }
  }
  smooth(matrix, all, offsets, starts, pk, smoothness)
  const factored = factorise(matrix, all, 0)
  const bare = right.slice()
  if (factored) solveFactored(matrix, right, all)
  if (!factored || !right.every((value) => Number.isFinite(value))) {
    throw new Problem(
      'subtract.no_fit',
      'What is fitted does not determine a kernel; give more stars, a smaller kernel or a larger smoothness.',
    )
  }
  if (apart > 0) {
    // The convolved frame's own noise is in its products, too, which makes the kernel too small: what it adds is given to the right hand side.
    const shares = noiseShares(convolved, weight, order)
    const at = (a: number, i: number) => (i < own(a) ? right[starts[a] + i] : 0)
    const middle = Float64Array.from({ length: p }, (_, i) =>
      offsets.reduce((sum, _, a) => sum + (a === 0 ? at(0, i) : -at(a, i)), 0),
    )
    offsets.forEach((_, a) => {
      for (let i = 0; i < own(a); i++) {
        for (let j = 0; j < p; j++) {
          const value = a === 0 ? middle[j] : at(a, j) - middle[j]
          bare[starts[a] + i] += shares[i * p + j] * value
        }
      }
    })
    solveFactored(matrix, bare, all)
    const rise = 1 + apart * (bare[0] / right[0] - 1)
    if (rise > 0.9 && rise < 1.1) for (let i = 0; i < count; i++) right[i] *= rise
  }
  const model = emptyModel(reference, convolved, h, order, background)
  const area = size * size
  const centre = h * size + h
  offsets.forEach(([u, v], a) => {
    for (let i = 0; i < own(a); i++) {
      model.planes[i * area + (v + h) * size + u + h] += right[starts[a] + i]
      if (a > 0) model.planes[i * area + centre] -= right[starts[a] + i]
    }
  })
  // A polynomial goes through a kernel all but unchanged, times its sum.
  for (let i = 0; i < b; i++) model.background[i] = right[count + i] + skies[1][i] - right[0] * skies[0][i]
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
        for (let i = 0; i < polynomials; i++) matrix[(starts[c] + i) * all + starts[a] + i] += lambda * x * y
      }
    }
  })
}

/** Σ over what is fitted of the convolved frame's variance times each pair of polynomials, ADU². */
function noiseShares(frame: Frame, weight: Uint8Array, order: number): Float64Array {
  const { width, height } = frame.plane
  const count = polynomialCount(order)
  const out = new Float64Array(count * count)
  const factors = new Float64Array(count)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (weight[y * width + x] === 0) continue
      const variance = varianceOf(frame, y * width + x)
      polynomialsAt(order, x, y, width, height, factors)
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < count; j++) out[i * count + j] += variance * factors[i] * factors[j]
      }
    }
  }
  return out
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
