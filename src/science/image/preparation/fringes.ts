/** Fringes of night-sky lines in thin chips: a pattern that stays and an amplitude that changes from frame to frame. */
import { Problem } from '#problem.ts'
import { levelRows } from '#science/image/background/map.ts'
import type { Background } from '#science/image/background/map.ts'
import { checkSize } from './mask.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { lowerMedianOf } from '#science/image/median.ts'
import { smoothed } from '#science/image/smooth.ts'

export interface FringedFrame {
  readonly plane: Plane
  readonly background: Background
  /** Sources and defects. */
  readonly mask?: Mask
}

const good = (value: number, mask: Mask | undefined, i: number): boolean =>
  value - value === 0 && (!mask || mask.data[i] === 0)

/**
 * The pattern, in units of the sky level: of three frames or more, dithered, the median of what each has beside its
 * background, divided by its sky; of fewer, that smoothed over `scale` pixels with sources left out. NaN where no frame
 * has a good pixel. Throws `image.invalid` for frames of different sizes or without sky.
 */
export function fringeModel(frames: readonly FringedFrame[], { scale = 4 }: { scale?: number } = {}): Plane {
  if (frames.length === 0) throw new Problem('image.invalid', 'A fringe model needs a frame.')
  const { width, height } = frames[0].plane
  for (const { plane, mask, background } of frames) {
    if (plane.width !== width || plane.height !== height)
      throw new Problem(
        'image.invalid',
        `A frame of ${plane.width} × ${plane.height} pixels is beside one of ${width} × ${height}.`,
      )
    if (mask) checkSize(mask, plane)
    if (!(background.globalLevel > 0))
      throw new Problem(
        'image.invalid',
        `A sky level of ${background.globalLevel} ADU gives fringes nothing to be measured by; use frames with their sky.`,
      )
  }
  const out = new Float32Array(width * height)
  const level = new Float32Array(width)
  const rows = frames.map(() => new Float32Array(width))
  const values = new Float64Array(frames.length)
  for (let y = 0; y < height; y++) {
    for (const [k, { plane, background, mask }] of frames.entries()) {
      levelRows(background, y, y + 1, level)
      for (let x = 0; x < width; x++) {
        const i = y * width + x
        rows[k][x] = good(plane.data[i], mask, i) ? (plane.data[i] - level[x]) / background.globalLevel : NaN
      }
    }
    for (let x = 0; x < width; x++) {
      let n = 0
      for (const row of rows) if (!Number.isNaN(row[x])) values[n++] = row[x]
      out[y * width + x] = n === 0 ? NaN : lowerMedianOf(values, n)
    }
  }
  const model = { width, height, data: out }
  return frames.length >= 3 ? model : smoothed(model, scale)
}

export interface FringesRemoved {
  /** How much of the pattern the frame had, in units of the pattern times its sky. */
  readonly amplitude: number
  readonly error: number
  readonly pixels: number
}

/**
 * Takes a pattern out of a frame, in place, with the amplitude that fits best where pixels are good (clipped at 3σ, five
 * rounds). An amplitude within its own error of zero is not taken out.
 */
export function removeFringes(frame: FringedFrame, model: Plane): FringesRemoved {
  const { plane, background, mask } = frame
  const { width, height, data } = plane
  if (model.width !== width || model.height !== height)
    throw new Problem(
      'image.invalid',
      `The fringe model is ${model.width} × ${model.height} pixels, the frame ${width} × ${height}.`,
    )
  const sky = background.globalLevel
  const level = new Float32Array(width)
  let amplitude = 0
  let sigma = Infinity
  let error = Infinity
  let used = 0
  for (let round = 0; round < 5; round++) {
    let xx = 0
    let xy = 0
    let squares = 0
    let count = 0
    for (let y = 0; y < height; y++) {
      levelRows(background, y, y + 1, level)
      for (let x = 0; x < width; x++) {
        const i = y * width + x
        const pattern = model.data[i] * sky
        if (pattern - pattern !== 0 || !good(data[i], mask, i)) continue
        const residual = data[i] - level[x] - amplitude * pattern
        if (Math.abs(residual) > 3 * (sigma === Infinity ? 3 * background.globalRms : sigma)) continue
        xx += pattern * pattern
        xy += pattern * residual
        squares += residual * residual
        count++
      }
    }
    if (count < 10 || xx === 0)
      throw new Problem(
        'image.invalid',
        'Too few good pixels are shared by the frame and the fringe model to fit it.',
      )
    const step = xy / xx
    amplitude += step
    sigma = Math.sqrt(squares / count)
    error = sigma / Math.sqrt(xx)
    used = count
    if (Math.abs(step) < 1e-4 * Math.max(Math.abs(amplitude), error)) break
  }
  if (Math.abs(amplitude) > error)
    for (let i = 0; i < data.length; i++) {
      const pattern = model.data[i]
      if (pattern - pattern === 0) data[i] -= amplitude * pattern * sky
    }
  return { amplitude, error, pixels: used }
}
