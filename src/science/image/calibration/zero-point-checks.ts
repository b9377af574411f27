/** Whether a calibration means anything: do the stars match the catalogue at all. */
import { seededRandom } from '#science/simulate/random.ts'

export interface ShuffleCheck {
  /** Pearson's, of calibrated and catalogue magnitudes. */
  readonly correlation: number
  /** Share of shuffled lists that correlate as well. */
  readonly probability: number
  readonly stars: number
  /** A sentence where chance explains the match, null otherwise. */
  readonly warning: string | null
}

const mostStars = 500

/**
 * Correlation of calibrated with catalogue magnitudes against that of shuffled lists. A wrong astrometric solution matches
 * stars to any others, and then brightness does not agree. Deterministic; with more than 500 stars an even sample of them.
 */
export function shuffleCheck(
  calibrated: ArrayLike<number>,
  catalogue: ArrayLike<number>,
  { shuffles = 10_000, seed = 1 }: { shuffles?: number; seed?: number } = {},
): ShuffleCheck {
  const pairs: [number, number][] = []
  for (let i = 0; i < calibrated.length; i++)
    if (Number.isFinite(calibrated[i] + catalogue[i])) pairs.push([calibrated[i], catalogue[i]])
  const step = Math.max(1, pairs.length / mostStars)
  const sample = Array.from(
    { length: Math.floor(pairs.length / step) },
    (_, k) => pairs[Math.floor(k * step)],
  )
  const n = sample.length
  if (n < 4)
    return {
      correlation: NaN,
      probability: NaN,
      stars: n,
      warning: `${n} stars are too few to tell whether they match the catalogue by more than chance.`,
    }
  const a = centred(sample.map(([first]) => first))
  const b = centred(sample.map(([, second]) => second))
  const product = () => a.reduce((sum, each, k) => sum + each * b[k], 0)
  const norm = Math.sqrt(
    a.reduce((sum, each) => sum + each * each, 0) * b.reduce((sum, each) => sum + each * each, 0),
  )
  const observed = product()
  const random = seededRandom(seed).uniform
  let asGood = 0
  for (let round = 0; round < shuffles; round++) {
    for (let k = n - 1; k > 0; k--) {
      const other = Math.floor(random() * (k + 1))
      const kept = b[k]
      b[k] = b[other]
      b[other] = kept
    }
    let sum = 0
    for (let k = 0; k < n; k++) sum += a[k] * b[k]
    if (sum >= observed) asGood++
  }
  // One more of each, so that nothing is said to be impossible.
  const probability = (asGood + 1) / (shuffles + 1)
  return {
    correlation: norm === 0 ? NaN : observed / norm,
    probability,
    stars: n,
    warning:
      probability > 0.05
        ? `The stars' brightness agrees with the catalogue no better than by chance (p = ${probability.toFixed(2)}); the astrometric solution is probably wrong.`
        : null,
  }
}

function centred(values: number[]): Float64Array {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length
  return Float64Array.from(values, (each) => each - mean)
}
