/**
 * Is it this field? Bayesian odds that the detections are the reference stars seen through a proposed solution rather than
 * anything else (Lang et al. 2010, AJ 139, 1782, §2.3).
 */

export interface Evidence {
  /** Natural logarithm of the odds against "unrelated", at its best over the detections taken brightest first. */
  readonly logOdds: number
  /** Detection and reference of each pair that speaks for the solution. */
  readonly pairs: readonly (readonly [detection: number, reference: number])[]
}

/** Share of the detections that may be no reference star: fainter than the list, or knots of a nebula. */
const distractors = 0.5
const hopeless = -16

/**
 * @param detections places in pixels, in the order in which they count; those in `skip` (which made the proposal) do not.
 * @param references projected places in pixels and, for each, the square of its expected error (px²).
 * @param area of the field, px².
 */
export function weigh(
  detections: { readonly x: Float64Array; readonly y: Float64Array; readonly count: number },
  references: {
    readonly x: Float64Array
    readonly y: Float64Array
    readonly variance: Float64Array
    readonly count: number
  },
  area: number,
  skip: readonly number[] = [],
): Evidence {
  const n = references.count
  if (n === 0) return { logOdds: -Infinity, pairs: [] }
  const taken = new Uint8Array(n)
  const pairs: [number, number][] = []
  let sum = 0
  let best = 0
  let bestPairs = 0
  for (let i = 0; i < detections.count; i++) {
    if (skip.includes(i)) continue
    const x = detections.x[i]
    const y = detections.y[i]
    let nearest = -1
    let least = Infinity
    for (let j = 0; j < n; j++) {
      if (taken[j]) continue
      const dx = references.x[j] - x
      const dy = references.y[j] - y
      const chi2 = (dx * dx + dy * dy) / references.variance[j]
      if (chi2 < least) {
        least = chi2
        nearest = j
      }
    }
    let gain = Math.log(distractors)
    if (nearest >= 0 && least < 25) {
      const density = Math.exp(-least / 2) / (2 * Math.PI * references.variance[nearest])
      const withStar = Math.log(distractors + ((1 - distractors) * area * density) / n)
      if (withStar > gain) gain = withStar
      if (withStar > 0) {
        taken[nearest] = 1
        pairs.push([i, nearest])
      }
    }
    sum += gain
    if (sum > best) {
      best = sum
      bestPairs = pairs.length
    }
    if (sum < hopeless) break
  }
  return { logOdds: best, pairs: pairs.slice(0, bestPairs) }
}
