/** What a frame itself says about its detector: whether the stated gain can be true, and where pixels saturate. */
import { Problem } from '#problem.ts'
import type { Mask, Pixels, Plane } from '#science/image/plane.ts'
import { madSigma, medianOf } from '#science/image/median.ts'

export interface GainCheck {
  /** e⁻/ADU that the noise of the sky implies; null where the frame does not tell. */
  readonly implied: number | null
  /** `slope`: noise grows with the level from place to place; `level`: noise of the sky as a whole, an upper bound. */
  readonly from: 'slope' | 'level' | null
  readonly verdict: 'consistent' | 'too high' | 'too low' | 'cannot tell'
  /** For people. */
  readonly sentence: string
}

export interface GainFacts {
  /** Sky level and noise at places over the frame (cells of the background mesh), ADU. */
  readonly level: ArrayLike<number>
  readonly rms: ArrayLike<number>
  /** As stated, e⁻/ADU. */
  readonly gain: number
  /** e⁻; 0 where it is not known. */
  readonly readNoise?: number
}

/**
 * Photon transfer on one frame: variance = (level − pedestal) / gain + read noise². Where the sky varies by more than its
 * own scatter the slope tells the gain; otherwise noise and level bound it, because photons are at least as noisy as that.
 * Only what is wrong by more than a factor of two is called so: resampled, stacked and sky-subtracted frames differ by less
 * from what their headers say, or cannot be told.
 */
export function checkGain({ level, rms, gain, readNoise = 0 }: GainFacts): GainCheck {
  const levels: number[] = []
  const variances: number[] = []
  for (let i = 0; i < level.length; i++)
    if (Number.isFinite(level[i] + rms[i]) && rms[i] > 0) {
      levels.push(level[i])
      variances.push(rms[i] ** 2)
    }
  const none = (sentence: string): GainCheck => ({
    implied: null,
    from: null,
    verdict: 'cannot tell',
    sentence,
  })
  if (!(gain > 0)) return none(`A gain of ${gain} e⁻/ADU is none; give one.`)
  if (levels.length < 4) return none('Too few parts of the frame have a sky to test the gain by.')
  const slope = slopeOf(levels, variances)
  const middle = medianOf(levels)
  const variance = medianOf(variances)
  const said = (implied: number, from: 'slope' | 'level', verdict: GainCheck['verdict']): GainCheck => {
    const numbers = `The sky's noise implies a gain of ${implied.toPrecision(2)} e⁻/ADU, the one in use is ${gain.toPrecision(3)}`
    const sentence =
      verdict === 'consistent'
        ? `${numbers}: consistent.`
        : verdict === 'too high'
          ? `${numbers}: faint sources would be given errors that are too small. The image may have been rescaled or summed; state the right gain.`
          : verdict === 'too low'
            ? `${numbers}: errors of bright sources would be too large, and transients may be missed. The image may have been rescaled or averaged; state the right gain.`
            : numbers
    return { implied, from, verdict, sentence }
  }
  if (!(middle > 5 * Math.sqrt(variance)))
    return none(
      'The frame has no sky left (it was subtracted, or is faint), so that its noise does not tell the gain.',
    )
  // Sources in the sky's cells make noise too; only where the level explains a fifth of the variance is it photons.
  if (slope && slope.value > 3 * slope.error && slope.value * slope.range > 0.2 * variance) {
    const implied = 1 / slope.value
    const loose = 2 + slope.error / slope.value
    const verdict = gain > loose * implied ? 'too high' : gain < implied / loose ? 'too low' : 'consistent'
    return said(implied, 'slope', verdict)
  }
  // Without a slope a pedestal may be part of the level: the bound is then too large, never too small.
  const photons = variance - (readNoise / gain) ** 2
  const bound = middle / Math.max(photons, 0.05 * variance)
  if (gain < bound / 100) return said(bound, 'level', 'too low')
  if (gain < bound / 4)
    return none(
      `The sky's level and noise imply a gain of ${bound.toPrecision(2)} e⁻/ADU instead of ${gain.toPrecision(3)}, unless a pedestal is part of the level.`,
    )
  if (gain > 2 * bound) return said(bound, 'level', 'too high')
  return said(bound, 'level', 'consistent')
}

/** Robust line through variance against level: the median of slopes between lower and upper thirds, and its error. */
function slopeOf(
  levels: number[],
  variances: number[],
): { value: number; error: number; range: number } | null {
  if (levels.length < 12) return null
  const order = levels.map((_, k) => k).sort((a, b) => levels[a] - levels[b] || a - b)
  const third = Math.floor(order.length / 3)
  const slopes: number[] = []
  const ranges: number[] = []
  for (let k = 0; k < third; k++) {
    const a = order[k]
    const b = order[order.length - third + k]
    if (!(levels[b] > levels[a])) continue
    ranges.push(levels[b] - levels[a])
    slopes.push((variances[b] - variances[a]) / (levels[b] - levels[a]))
  }
  if (slopes.length < 4) return null
  return {
    value: medianOf(slopes),
    error: (1.25 * madSigma(slopes)) / Math.sqrt(slopes.length),
    range: medianOf(ranges),
  }
}

/**
 * Noise in cells of the background's mesh from differences of neighbours on a row, in which nebulae and faint sources
 * cancel; correlated noise does too, so that it is a lower bound. NaN for cells without fifty pairs.
 */
export function neighbourNoise(
  { data, width, height }: Plane<Pixels>,
  { columns, rows, cellWidth, cellHeight }: Cells,
): Float64Array {
  const out = new Float64Array(columns * rows).fill(Number.NaN)
  for (let cell = 0; cell < out.length; cell++) {
    const x0 = (cell % columns) * cellWidth
    const y0 = Math.floor(cell / columns) * cellHeight
    const steps: number[] = []
    for (let y = y0; y < Math.min(height, y0 + cellHeight); y += 2)
      for (let x = x0; x < Math.min(width, x0 + cellWidth) - 1; x += 2) {
        const step = data[y * width + x + 1] - data[y * width + x]
        if (step - step === 0) steps.push(step)
      }
    if (steps.length >= 50) out[cell] = madSigma(steps) / Math.SQRT2
  }
  return out
}

interface Cells {
  readonly columns: number
  readonly rows: number
  readonly cellWidth: number
  readonly cellHeight: number
}

export interface SaturationGuess {
  /** ADU. */
  readonly level: number
  /** `pile-up`: many pixels share the highest value; `maximum`: just below the highest, as a guess. */
  readonly from: 'pile-up' | 'maximum'
}

/**
 * Where pixels saturate, from the pixels alone: the highest value where at least four pixels (and more than one in a
 * million) lie within a part in a thousand of it and nothing is just below, else 95 % of the way from the median to the
 * highest. Throws `image.invalid` where no pixel is good.
 */
export function guessSaturation({ data }: Plane<Pixels>, mask?: Mask): SaturationGuess {
  let highest = -Infinity
  const sample: number[] = []
  const step = Math.max(1, Math.floor(data.length / 200_000))
  for (let i = 0; i < data.length; i++) {
    const value = data[i]
    if (value - value !== 0 || (mask && mask.data[i] !== 0)) continue
    if (value > highest) highest = value
    if (i % step === 0) sample.push(value)
  }
  if (highest === -Infinity)
    throw new Problem('image.invalid', 'The frame has no pixel with a value; its saturation cannot be told.')
  const median = sample.length === 0 ? highest : medianOf(sample)
  const span = highest - median
  let top = 0
  let below = 0
  for (let i = 0; i < data.length; i++) {
    const value = data[i]
    if (mask && mask.data[i] !== 0) continue
    if (value >= highest - 0.001 * span) top++
    else if (value >= highest - 0.01 * span) below++
  }
  if (span > 0 && top >= Math.max(4, data.length * 1e-6) && top > 2 * below)
    return { level: highest - 0.001 * span, from: 'pile-up' }
  return { level: median + 0.95 * span, from: 'maximum' }
}
