/** Noise of a frame as the subtraction needs it, and which of its pixels are good. */
import type { Mask, Plane } from '#science/image/plane.ts'
import type { SubtractInput } from './options.ts'

/** A frame made ready: plain data that can be handed to another thread. */
export interface Frame {
  plane: Plane
  mask: Mask | null
  saturation: number
  /** Sky, ADU, and its noise per pixel. */
  level: number
  rms: number
  /** 1 / gain; 0: no photon noise. */
  photon: number
  /** σ of each pixel; then `rms` and `photon` are only used for what a model predicts. */
  sigma: Plane | null
}

/** Measures what is not given. NaN where the frame has no good pixel at all. */
export function frameOf(input: SubtractInput): Frame {
  const { plane, mask = null, saturation = Infinity, noise = {} } = input
  const sky = skyOf(plane, mask, saturation)
  if ('data' in noise) {
    const rms = medianSigma(noise, mask)
    return {
      plane,
      mask,
      saturation,
      level: sky.level,
      rms,
      photon: photonSlope(plane, noise, sky.level, rms),
      sigma: noise,
    }
  }
  const photon = noise.gain && Number.isFinite(noise.gain) ? 1 / noise.gain : 0
  const level = noise.level ?? sky.level
  const read = noise.readNoise === undefined ? undefined : noise.readNoise * photon
  const rms =
    noise.rms ??
    (read !== undefined && photon > 0 ? Math.sqrt(read * read + Math.max(0, level) * photon) : sky.rms)
  return { plane, mask, saturation, level, rms, photon, sigma: null }
}

/** True where pixel `i` may be used. */
export function isGood(frame: Frame, i: number): boolean {
  const value = frame.plane.data[i]
  return value < frame.saturation && value > -Infinity && (frame.mask === null || frame.mask.data[i] === 0)
}

/** Variance of pixel `i`, ADU². */
export function varianceOf(frame: Frame, i: number): number {
  if (frame.sigma) {
    const sigma = frame.sigma.data[i]
    return sigma > 0 && sigma < Infinity ? sigma * sigma : frame.rms * frame.rms
  }
  const over = frame.plane.data[i] - frame.level
  return frame.rms * frame.rms + (over > 0 ? over * frame.photon : 0)
}

/** Level and noise of the sky: median and scatter below it of a sample of the good pixels, clipped. */
function skyOf(plane: Plane, mask: Mask | null, saturation: number): { level: number; rms: number } {
  const { data } = plane
  const step = Math.max(1, Math.floor(data.length / 40_000)) | 1
  let sample: Float64Array = new Float64Array(Math.ceil(data.length / step))
  let n = 0
  for (let i = 0; i < data.length; i += step) {
    const value = data[i]
    if (value < saturation && value > -Infinity && (mask === null || mask.data[i] === 0)) sample[n++] = value
  }
  sample = sample.subarray(0, n).sort()
  if (n === 0) return { level: NaN, rms: NaN }
  let low = 0
  let high = n
  let level = sample[n >> 1]
  let rms = 0
  for (let round = 0; round < 8; round++) {
    level = sample[(low + high) >> 1]
    // Stars only add, so that the lower half tells the noise.
    rms = level - sample[low + Math.floor(0.1587 * (high - low))] || rms
    const top = level + 2.5 * rms
    let end = high
    while (end > low + 1 && sample[end - 1] > top) end--
    if (end === high) break
    high = end
  }
  return { level, rms }
}

function medianSigma(noise: Plane, mask: Mask | null): number {
  const { data } = noise
  const step = Math.max(1, Math.floor(data.length / 20_000)) | 1
  const sample: number[] = []
  for (let i = 0; i < data.length; i += step) {
    if (data[i] > 0 && data[i] < Infinity && (mask === null || mask.data[i] === 0)) sample.push(data[i])
  }
  return sample.sort((a, b) => a - b)[sample.length >> 1] ?? NaN
}

/** How much variance grows with counts, from pixels well above the sky: median of (σ² − rms²) / (value − level). */
function photonSlope(plane: Plane, noise: Plane, level: number, rms: number): number {
  const slopes: number[] = []
  const step = Math.max(1, Math.floor(plane.data.length / 400_000)) | 1
  for (let i = 0; i < plane.data.length; i += step) {
    const over = plane.data[i] - level
    const sigma = noise.data[i]
    if (over > 10 * rms && sigma < Infinity) slopes.push((sigma * sigma - rms * rms) / over)
  }
  return Math.max(0, slopes.sort((a, b) => a - b)[slopes.length >> 1] ?? 0)
}
