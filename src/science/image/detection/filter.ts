/** Filters that are laid over a frame before detection. */
import { Problem } from '#problem.ts'

/** Odd sizes, rows from the bottom, the centre in the middle. */
export interface DetectionFilter {
  readonly width: number
  readonly height: number
  readonly weights: Float32Array
}

/** The 3 × 3 pyramid that is SExtractor's default.conv, its weights adding up to 1. */
export const pyramid: DetectionFilter = normalised(3, 3, [1, 2, 1, 2, 4, 2, 1, 2, 1])

/** A Gaussian of σ pixels, cut at 3σ. */
export function gaussianFilter(sigma: number): DetectionFilter {
  if (!(sigma > 0 && sigma <= 32)) {
    throw new Problem(
      'image.invalid',
      `A filter of σ = ${sigma} pixels is none; give more than 0, at most 32.`,
    )
  }
  const half = Math.max(1, Math.ceil(3 * sigma))
  const size = 2 * half + 1
  const weights = Array.from({ length: size * size }, (_, i) => {
    const x = (i % size) - half
    const y = Math.floor(i / size) - half
    return Math.exp(-(x * x + y * y) / (2 * sigma * sigma))
  })
  return normalised(size, size, weights)
}

/** Weights divided by the sum of their absolute values. */
export function normalised(width: number, height: number, weights: readonly number[]): DetectionFilter {
  const sum = weights.reduce((total, weight) => total + Math.abs(weight), 0)
  if (width % 2 === 0 || height % 2 === 0 || weights.length !== width * height) {
    const size = `${width} × ${height}, ${weights.length} weights`
    throw new Problem('image.invalid', `A detection filter of ${size} has no middle; both sizes must be odd.`)
  }
  if (!(sum > 0 && Number.isFinite(sum))) {
    throw new Problem('image.invalid', 'The weights of a detection filter are all 0, or not finite.')
  }
  return { width, height, weights: Float32Array.from(weights, (weight) => weight / sum) }
}

/**
 * Reads a filter as SExtractor writes them (.conv): a line `CONV NORM` or `CONV NONORM`, comments after #, then one line
 * per row. Weights of NONORM are taken as they are.
 * @throws Problem `image.invalid` naming the line.
 */
export function readFilter(text: string): DetectionFilter {
  const rows: number[][] = []
  let norm: boolean | undefined
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const content = line.replace(/#.*/, '').trim()
    if (!content) continue
    const head = /^CONV\s+(NORM|NONORM)$/i.exec(content)
    if (head) {
      norm = head[1].toUpperCase() === 'NORM'
      continue
    }
    const row = content.split(/\s+/).map(Number)
    if (norm === undefined || row.some((weight) => !Number.isFinite(weight))) {
      const wanted = 'a filter is "CONV NORM", then rows of numbers'
      throw new Problem(
        'image.invalid',
        `Line ${i + 1}, "${content.slice(0, 40)}", is not of a filter; ${wanted}.`,
      )
    }
    if (rows.length > 0 && row.length !== rows[0].length) {
      const sizes = `${row.length} numbers, the rows before ${rows[0].length}`
      throw new Problem('image.invalid', `Line ${i + 1} of the filter has ${sizes}.`)
    }
    rows.push(row)
  }
  const filter = normalised(rows[0]?.length ?? 0, rows.length, rows.flat())
  return norm ? filter : { ...filter, weights: Float32Array.from(rows.flat()) }
}
