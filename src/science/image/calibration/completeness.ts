/** Completeness as a function of magnitude, from artificial sources that were or were not found. */
import { Problem } from '#problem.ts'

export interface CompletenessBin {
  readonly magnitude: number
  readonly injected: number
  readonly found: number
  /** Share found, and its 68 % range (Wilson 1927). */
  readonly share: number
  readonly low: number
  readonly high: number
}

export interface Completeness {
  readonly bins: readonly CompletenessBin[]
  /** Share found of bright sources; crowding and masks keep it below 1. */
  readonly most: number
  /** Magnitude at which half is found, and its 1σ error; null where the sources do not bracket it. */
  readonly limit50: { readonly magnitude: number; readonly error: number } | null
  /** The same for nine tenths; null too where not so many of the brightest are found. */
  readonly limit90: { readonly magnitude: number; readonly error: number } | null
  /** How fast completeness falls: over so many magnitudes from 73 to 27 % of the most. */
  readonly width: number | null
  readonly warnings: readonly string[]
}

/**
 * Bins, and the curve most / (1 + exp((m − m₀)/w)) with the best likelihood. Throws `photometry.too_few_stars` with fewer
 * than ten sources.
 */
export function completenessOf(
  magnitude: ArrayLike<number>,
  found: ArrayLike<number>,
  { binWidth = 0.5 }: { binWidth?: number } = {},
): Completeness {
  const n = magnitude.length
  if (n < 10)
    throw new Problem(
      'photometry.too_few_stars',
      `${n} artificial sources tell no completeness; inject ten at least.`,
    )
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => magnitude[a] - magnitude[b] || a - b)
  const low = magnitude[order[0]]
  const high = magnitude[order[n - 1]]
  const bins: CompletenessBin[] = []
  for (let from = Math.floor(low / binWidth) * binWidth; from <= high; from += binWidth) {
    const members = order.filter((i) => magnitude[i] >= from && magnitude[i] < from + binWidth)
    if (members.length === 0) continue
    const hits = members.filter((i) => found[i] !== 0).length
    bins.push({
      magnitude: from + binWidth / 2,
      injected: members.length,
      found: hits,
      ...wilson(hits, members.length),
    })
  }
  const bright = order.slice(0, Math.max(5, Math.floor(n / 4)))
  const most = Math.min(1, Math.max(0.01, bright.filter((i) => found[i] !== 0).length / bright.length))
  const warnings: string[] = []
  const brackets = bins.some(({ share }) => share > 0.6) && bins.some(({ share }) => share < 0.4)
  if (!brackets || most <= 0.5) {
    warnings.push(
      most <= 0.5
        ? `Only ${Math.round(100 * most)} % of the brightest artificial sources are found; half of them is no limit of brightness.`
        : 'The artificial sources are all found or all lost; inject over a wider range of magnitudes.',
    )
    return { bins, most, limit50: null, limit90: null, width: null, warnings }
  }
  const fit = logistic(
    order.map((i) => magnitude[i]),
    order.map((i) => (found[i] === 0 ? 0 : 1)),
    most,
  )
  // A share of all, where the curve starts at `most`.
  const limitAt = (share: number): { magnitude: number; error: number } => {
    const factor = Math.log(most / share - 1)
    const variance = fit.varianceMiddle + 2 * factor * fit.covariance + factor * factor * fit.varianceWidth
    return { magnitude: fit.middle + fit.width * factor, error: Math.sqrt(Math.max(0, variance)) }
  }
  return {
    bins,
    most,
    limit50: limitAt(0.5),
    limit90: most > 0.905 ? limitAt(0.9) : null,
    width: 2 * fit.width,
    warnings,
  }
}

/** Share and its 68 % range, right for few and for none. */
function wilson(hits: number, n: number): { share: number; low: number; high: number } {
  const share = hits / n
  const middle = (share + 1 / (2 * n)) / (1 + 1 / n)
  const half = Math.sqrt((share * (1 - share)) / n + 1 / (4 * n * n)) / (1 + 1 / n)
  return { share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}

interface Logistic {
  readonly middle: number
  readonly width: number
  readonly varianceMiddle: number
  readonly varianceWidth: number
  readonly covariance: number
}

/** Fisher scoring for middle and width, from several starts by halving steps that lower the likelihood. */
function logistic(magnitude: number[], found: number[], most: number): Logistic {
  const share = (m: number, middle: number, width: number) =>
    Math.min(1 - 1e-9, Math.max(1e-9, most / (1 + Math.exp((m - middle) / width))))
  const likelihood = (middle: number, width: number) => {
    let sum = 0
    for (let k = 0; k < magnitude.length; k++) {
      const p = share(magnitude[k], middle, width)
      sum += found[k] === 1 ? Math.log(p) : Math.log(1 - p)
    }
    return sum
  }
  let middle = magnitude[0]
  let width = 0.2
  let best = -Infinity
  const low = magnitude[0]
  const high = magnitude[magnitude.length - 1]
  for (let k = 0; k <= 40; k++)
    for (const w of [0.05, 0.15, 0.4]) {
      const value = likelihood(low + ((high - low) * k) / 40, w)
      if (value > best) {
        best = value
        middle = low + ((high - low) * k) / 40
        width = w
      }
    }
  let information: [number, number, number] = [1, 0, 1]
  for (let round = 0; round < 50; round++) {
    let a = 0
    let b = 0
    let aa = 0
    let ab = 0
    let bb = 0
    for (let k = 0; k < magnitude.length; k++) {
      const z = (magnitude[k] - middle) / width
      const p = share(magnitude[k], middle, width)
      const slope = p * (1 - Math.min(1, p / most))
      const byMiddle = slope / width
      // In the logarithm of the width, which keeps it above zero.
      const byWidth = slope * z
      const residual = (found[k] - p) / (p * (1 - p))
      a += residual * byMiddle
      b += residual * byWidth
      const weight = 1 / (p * (1 - p))
      aa += weight * byMiddle * byMiddle
      ab += weight * byMiddle * byWidth
      bb += weight * byWidth * byWidth
    }
    // So that a sharp edge between found and lost has a width at all.
    bb += 1e-3
    information = [aa, ab, bb]
    const determinant = aa * bb - ab * ab
    if (!(determinant > 0)) break
    let stepMiddle = (bb * a - ab * b) / determinant
    let stepWidth = (aa * b - ab * a) / determinant
    let moved = false
    for (let half = 0; half < 20; half++) {
      const value = likelihood(middle + stepMiddle, width * Math.exp(stepWidth))
      if (value > best) {
        moved = value - best > 1e-8
        best = value
        middle += stepMiddle
        width *= Math.exp(stepWidth)
        break
      }
      stepMiddle /= 2
      stepWidth /= 2
    }
    if (!moved) break
  }
  const [aa, ab, bb] = information
  const determinant = aa * bb - ab * ab
  return {
    middle,
    width,
    varianceMiddle: bb / determinant,
    varianceWidth: (aa / determinant) * width * width,
    covariance: (-ab / determinant) * width,
  }
}
