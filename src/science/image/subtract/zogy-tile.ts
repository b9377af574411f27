/** ZOGY on one sub-image: everything that happens in Fourier space, two real pictures to each complex transform. */
import { Problem } from '#problem.ts'
import type { Workshop } from '#science/image/workshop.ts'
import { transform } from '#science/kernels/fft.ts'
import type { Kernel } from './decorrelate.ts'
import type { Spectrum } from './fourier.ts'
import { varianceOf, type Frame } from './noise.ts'

export interface Tile {
  /** What is kept of it, and where the transform begins and how large it is. */
  x: number
  y: number
  width: number
  height: number
  border: number
  gridWidth: number
  gridHeight: number
  /** By how much sources lie further along x and y in the first frame than in the second, pixels. */
  shift: readonly [number, number]
}

export interface TileFrame {
  frame: Frame
  /** Background taken away, bad pixels filled. */
  values: Float32Array
  psf: (x: number, y: number) => Kernel
}

export interface TileResult {
  /** Elements from one row to the next. */
  stride: number
  difference: Float32Array
  noise: Float32Array
  score: Float32Array
  flux: Float32Array
  fluxError: Float32Array
  psf: Kernel | null
}

export interface TileOptions extends Tile {
  fluxScale: number
  registration: readonly [number, number]
  wantsPsf: boolean
}

type Pair = Spectrum<Float32Array>

/** Both frames, each under the other's point spread. */
export function zogyTile(
  frames: readonly [TileFrame, TileFrame],
  tile: Tile & { crossed: true },
  workshop: Workshop,
): { first: Float32Array; second: Float32Array; stride: number }
/** The difference and what goes with it. */
export function zogyTile(
  frames: readonly [TileFrame, TileFrame],
  tile: TileOptions,
  workshop: Workshop,
): TileResult
export function zogyTile(
  frames: readonly [TileFrame, TileFrame],
  tile: TileOptions | (Tile & { crossed: true }),
  workshop: Workshop,
): TileResult | { first: Float32Array; second: Float32Array; stride: number } {
  const images = loaded(frames, tile, workshop, ({ values, frame }, x, y) => {
    const { width, height } = frame.plane
    return x < 0 || y < 0 || x >= width || y >= height ? 0 : values[y * width + x]
  })
  const spreads = spreadsOf(frames, tile, workshop)
  transform(images, 'forward', workshop)
  transform(spreads, 'forward', workshop)
  shiftSecond(images, tile.shift)
  if ('crossed' in tile) {
    const out = empty(tile, workshop)
    eachPair(images, spreads, (k, nr, ni, rr, ri, ar, ai, br, bi) => {
      // N̂ P̂_r + i R̂ P̂_n
      const [fr, fi] = [nr * br - ni * bi, nr * bi + ni * br]
      const [sr, si] = [rr * ar - ri * ai, rr * ai + ri * ar]
      out.re[k] = fr - si
      out.im[k] = fi + sr
    })
    transform(out, 'backward', workshop)
    return { first: out.re, second: out.im, stride: tile.gridWidth }
  }
  return differenceOf(frames, images, spreads, tile, workshop)
}

function differenceOf(
  frames: readonly [TileFrame, TileFrame],
  images: Pair,
  spreads: Pair,
  tile: TileOptions,
  workshop: Workshop,
): TileResult {
  // F_n = 1, so that fluxes are those of the science frame.
  const fr = 1 / tile.fluxScale
  const [vn, vr] = [frames[0].frame.rms ** 2, frames[1].frame.rms ** 2]
  const fd = fr / Math.sqrt(vn * fr * fr + vr)
  const detection = empty(tile, workshop)
  const parts = empty(tile, workshop)
  const filters = empty(tile, workshop)
  const whites = empty(tile, workshop)
  const point = tile.wantsPsf ? empty(tile, workshop) : null
  let fs = 0
  eachPair(images, spreads, (k, nr, ni, rr, ri, ar, ai, br, bi) => {
    const a2 = ar * ar + ai * ai
    const b2 = br * br + bi * bi
    const delta = Math.max(1e-30, vn * fr * fr * b2 + vr * a2)
    const root = Math.sqrt(delta)
    // g_n = F_r P̂_r / √Δ, g_r = P̂_n / √Δ: D̂ = g_n N̂ − g_r R̂.
    const [gnr, gni] = [(fr * br) / root, (fr * bi) / root]
    const [grr, gri] = [ar / root, ai / root]
    // k_n = F_r² conj(P̂_n) |P̂_r|² / Δ, k_r = F_r conj(P̂_r) |P̂_n|² / Δ: Ŝ = k_n N̂ − k_r R̂.
    const kn = (fr * fr * b2) / delta
    const kr = (fr * a2) / delta
    const [knr, kni, krr, kri] = [kn * ar, -kn * ai, kr * br, -kr * bi]
    const [snr, sni] = [knr * nr - kni * ni, knr * ni + kni * nr]
    const [srr, sri] = [krr * rr - kri * ri, krr * ri + kri * rr]
    const dr = gnr * nr - gni * ni - grr * rr + gri * ri
    const di = gnr * ni + gni * nr - grr * ri - gri * rr
    pack(detection, k, dr, di, snr - srr, sni - sri)
    pack(parts, k, snr, sni, srr, sri)
    pack(filters, k, knr, kni, krr, kri)
    pack(whites, k, gnr, gni, grr, gri)
    fs += (fr * fr * a2 * b2) / delta
    if (point) {
      const scale = fr / (fd * root)
      pack(point, k, scale * (ar * br - ai * bi), scale * (ar * bi + ai * br), 0, 0)
    }
  })
  fs /= tile.gridWidth * tile.gridHeight
  for (const each of [detection, parts, filters, whites]) transform(each, 'backward', workshop)
  const variances = loaded(frames, tile, workshop, varianceAt)
  transform(variances, 'forward', workshop)
  const forScore = convolvedVariance(variances, filters, workshop)
  const forDifference = convolvedVariance(variances, whites, workshop)
  const { gridWidth: w, gridHeight: h } = tile
  const n = w * h
  const { arena } = workshop
  const out: TileResult = {
    stride: w,
    difference: detection.re,
    noise: forDifference,
    score: arena.float32(n),
    flux: detection.im,
    fluxError: forScore,
    psf: null,
  }
  const [sx, sy] = tile.registration
  for (let y = 0; y < h; y++) {
    const [up, down] = [((y + 1) % h) * w, ((y + h - 1) % h) * w]
    for (let x = 0; x < w; x++) {
      const i = y * w + x
      const [right, left] = [y * w + ((x + 1) % w), y * w + ((x + w - 1) % w)]
      const slope = (part: Float32Array) =>
        (sx * 0.5 * (part[right] - part[left])) ** 2 + (sy * 0.5 * (part[up + x] - part[down + x])) ** 2
      const variance = Math.max(1e-30, forScore[i])
      out.score[i] = detection.im[i] / Math.sqrt(variance + slope(parts.re) + slope(parts.im))
      out.flux[i] = detection.im[i] / fs
      out.fluxError[i] = Math.sqrt(variance) / fs
      out.difference[i] /= fd
      out.noise[i] = Math.sqrt(Math.max(1e-30, forDifference[i])) / fd
    }
  }
  if (point) {
    transform(point, 'backward', workshop)
    out.psf = cut(point.re, w, h, Math.min(frames[0].psf(0, 0).size, w, h) | 1)
  }
  return out
}

/** Puts a and b, spectra of real pictures, into one: a + i b. */
function pack(out: Pair, k: number, ar: number, ai: number, br: number, bi: number): void {
  out.re[k] = ar - bi
  out.im[k] = ai + br
}

/** Σ variance ⊗ kernel² of both frames; `variances` is transformed, the kernels are not. */
function convolvedVariance(variances: Pair, kernels: Pair, workshop: Workshop): Float32Array {
  for (let i = 0; i < kernels.re.length; i++) {
    kernels.re[i] **= 2
    kernels.im[i] **= 2
  }
  transform(kernels, 'forward', workshop)
  const out = {
    ...variances,
    re: workshop.arena.float32(variances.re.length),
    im: workshop.arena.float32(variances.re.length),
  }
  eachPair(variances, kernels, (k, nr, ni, rr, ri, ar, ai, br, bi) => {
    out.re[k] = nr * ar - ni * ai + rr * br - ri * bi
    out.im[k] = nr * ai + ni * ar + rr * bi + ri * br
  })
  transform(out, 'backward', workshop)
  return out.re
}

/**
 * Goes through two spectra, each of a pair of real pictures packed as a + i b, and gives for each frequency the four spectra one by one: of the
 * first pair (re, im, re, im), then of the second.
 */
function eachPair(
  p: Pair,
  q: Pair,
  work: (
    k: number,
    ar: number,
    ai: number,
    br: number,
    bi: number,
    cr: number,
    ci: number,
    dr: number,
    di: number,
  ) => void,
): void {
  const { width, height } = p
  for (let y = 0; y < height; y++) {
    const other = ((height - y) % height) * width
    for (let x = 0; x < width; x++) {
      const k = y * width + x
      const m = other + ((width - x) % width)
      work(
        k,
        0.5 * (p.re[k] + p.re[m]),
        0.5 * (p.im[k] - p.im[m]),
        0.5 * (p.im[k] + p.im[m]),
        0.5 * (p.re[m] - p.re[k]),
        0.5 * (q.re[k] + q.re[m]),
        0.5 * (q.im[k] - q.im[m]),
        0.5 * (q.im[k] + q.im[m]),
        0.5 * (q.re[m] - q.re[k]),
      )
    }
  }
}

/** Moves the second of a pair of real pictures, packed as a + i b, by a fraction of a pixel. */
function shiftSecond(pair: Pair, [dx, dy]: readonly [number, number]): void {
  if (dx === 0 && dy === 0) return
  const { width, height, re, im } = pair
  const angles = (n: number, by: number) =>
    Float64Array.from({ length: n }, (_, k) => (-2 * Math.PI * by * (2 * k < n ? k : k - n)) / n)
  const [ax, ay] = [angles(width, dx), angles(height, dy)]
  for (let y = 0; y <= height >> 1; y++) {
    const mirrored = (height - y) % height
    for (let x = 0; x < width; x++) {
      const m = mirrored * width + ((width - x) % width)
      const k = y * width + x
      // Each frequency goes with its mirror image, once.
      if (m < k) continue
      const [ar, ai] = [0.5 * (re[k] + re[m]), 0.5 * (im[k] - im[m])]
      const [br, bi] = [0.5 * (im[k] + im[m]), 0.5 * (re[m] - re[k])]
      const [c, s] = [Math.cos(ax[x] + ay[y]), Math.sin(ax[x] + ay[y])]
      // A frequency that is its own mirror image stays real.
      const [cr, ci] = m === k ? [br * c, 0] : [br * c - bi * s, br * s + bi * c]
      re[k] = ar - ci
      im[k] = ai + cr
      re[m] = ar + ci
      im[m] = cr - ai
    }
  }
}

function empty(tile: Tile, { arena }: Workshop): Pair {
  const n = tile.gridWidth * tile.gridHeight
  return { width: tile.gridWidth, height: tile.gridHeight, re: arena.float32(n), im: arena.float32(n) }
}

function loaded(
  frames: readonly [TileFrame, TileFrame],
  tile: Tile,
  workshop: Workshop,
  value: (frame: TileFrame, x: number, y: number) => number,
): Pair {
  const out = empty(tile, workshop)
  for (let v = 0; v < tile.gridHeight; v++) {
    for (let u = 0; u < tile.gridWidth; u++) {
      const [x, y] = [tile.x - tile.border + u, tile.y - tile.border + v]
      out.re[v * tile.gridWidth + u] = value(frames[0], x, y)
      out.im[v * tile.gridWidth + u] = value(frames[1], x, y)
    }
  }
  return out
}

/** Point spreads at the tile's centre, around the grid's origin. */
function spreadsOf(frames: readonly [TileFrame, TileFrame], tile: Tile, workshop: Workshop): Pair {
  const out = empty(tile, workshop)
  out.re.fill(0)
  out.im.fill(0)
  const [x, y] = [tile.x + (tile.width - 1) / 2, tile.y + (tile.height - 1) / 2]
  for (const [i, to] of [out.re, out.im].entries()) {
    const { size, data } = frames[i].psf(x, y)
    const sum = data.reduce((total, value) => total + value, 0)
    if (!(sum > 0 && size % 2 === 1 && data.length === size * size)) {
      throw new Problem(
        'subtract.psf',
        `The point spread of the ${i === 0 ? 'science' : 'template'} frame is no square of odd size with a positive sum; give one from a PSF model.`,
      )
    }
    const half = (size - 1) / 2
    for (let v = -half; v <= half; v++) {
      for (let u = -half; u <= half; u++) {
        const at =
          ((v + tile.gridHeight) % tile.gridHeight) * tile.gridWidth + ((u + tile.gridWidth) % tile.gridWidth)
        to[at] += data[(v + half) * size + u + half] / sum
      }
    }
  }
  return out
}

/** The middle of a picture that lies around the origin. */
function cut(picture: Float32Array, width: number, height: number, size: number): Kernel {
  const half = (size - 1) / 2
  const data = new Float64Array(size * size)
  for (let v = -half; v <= half; v++) {
    for (let u = -half; u <= half; u++) {
      data[(v + half) * size + u + half] = picture[((v + height) % height) * width + ((u + width) % width)]
    }
  }
  return { size, data }
}

/** Variance of a tile's pixel, also beyond the frame. */
function varianceAt({ frame }: TileFrame, x: number, y: number): number {
  const { width, height } = frame.plane
  if (x < 0 || y < 0 || x >= width || y >= height) return frame.rms ** 2
  const i = y * width + x
  const value = varianceOf(frame, i)
  return value >= 0 && value < Infinity ? value : frame.rms ** 2
}
