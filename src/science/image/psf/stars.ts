import { sourceFlags } from '#science/image/plane.ts'

/** What is known of the sources that stars are chosen from. */
export interface StarCandidates {
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  readonly flux: ArrayLike<number>
  readonly fluxErr: ArrayLike<number>
  /** FWHM or 2 · half-light radius, pixels. */
  readonly fwhm: ArrayLike<number>
  /** Semi-axes. */
  readonly a: ArrayLike<number>
  readonly b: ArrayLike<number>
  readonly flags: ArrayLike<number>
}

export interface StarRule {
  /** Least signal to noise: 20. */
  readonly signalToNoise?: number
  /** Most 1 − b/a: 0.3. */
  readonly ellipticity?: number
  /** How far from the most frequent FWHM a star may be, as a fraction: 0.2. */
  readonly spread?: number
  /** No source of more than a tenth of its flux within so many FWHM: 2. */
  readonly isolation?: number
  /** Most stars, the brightest: 300. */
  readonly most?: number
}

const refused =
  sourceFlags.neighbours |
  sourceFlags.deblended |
  sourceFlags.saturated |
  sourceFlags.truncated |
  sourceFlags.apertureIncomplete |
  sourceFlags.maskedInFootprint |
  sourceFlags.maskedInAperture |
  sourceFlags.shapeOutlier

/**
 * Rows that look like single, whole, unsaturated stars, brightest first, and the FWHM most of them have (NaN where there
 * are none). In crowded fields, where fewer than 20 pass, deblended sources with neighbours are taken too.
 */
export function selectPsfStars(
  sources: StarCandidates,
  rule: StarRule = {},
): { rows: Int32Array; fwhm: number } {
  const strict = choose(sources, rule, refused)
  if (strict.rows.length >= 20) return strict
  const loose = choose(sources, rule, refused & ~(sourceFlags.neighbours | sourceFlags.deblended))
  return loose.rows.length > 2 * strict.rows.length ? loose : strict
}

function choose(sources: StarCandidates, rule: StarRule, flags: number): { rows: Int32Array; fwhm: number } {
  const { signalToNoise = 20, ellipticity = 0.3, spread = 0.2, isolation = 2, most = 300 } = rule
  const { x, y, flux, fluxErr, fwhm, a, b } = sources
  const good: number[] = []
  for (let i = 0; i < x.length; i++) {
    if (
      (sources.flags[i] & flags) === 0 &&
      flux[i] > signalToNoise * fluxErr[i] &&
      1 - b[i] / a[i] < ellipticity &&
      fwhm[i] > 0.7
    ) {
      good.push(i)
    }
  }
  const width = frequent(good.map((i) => fwhm[i]))
  const alike = good.filter((i) => Math.abs(fwhm[i] - width) < spread * width)
  alike.sort((i, j) => flux[j] - flux[i])
  const reach = isolation * width
  // Sources by rows of cells, so that each star looks at its surroundings only.
  const cells = new Map<number, number[]>()
  for (let i = 0; i < x.length; i++) {
    const cell = Math.floor(y[i] / reach)
    const list = cells.get(cell)
    if (list) list.push(i)
    else cells.set(cell, [i])
  }
  const chosen: number[] = []
  for (const i of alike) {
    if (chosen.length >= most) break
    const cell = Math.floor(y[i] / reach)
    let alone = true
    for (let c = cell - 1; alone && c <= cell + 1; c++) {
      alone = !(cells.get(c) ?? []).some(
        (j) => j !== i && flux[j] > 0.1 * flux[i] && Math.hypot(x[j] - x[i], y[j] - y[i]) < reach,
      )
    }
    if (alone) chosen.push(i)
  }
  return { rows: Int32Array.from(chosen), fwhm: width }
}

/** Mean of the narrowest quarter of the sorted values: about where most of them are. */
function frequent(values: number[]): number {
  if (values.length === 0) return NaN
  const sorted = values.toSorted((p, q) => p - q)
  const size = Math.max(1, Math.ceil(sorted.length / 4))
  let best = 0
  for (let i = 1; i + size <= sorted.length; i++) {
    if (sorted[i + size - 1] - sorted[i] < sorted[best + size - 1] - sorted[best]) best = i
  }
  return sorted.slice(best, best + size).reduce((sum, value) => sum + value, 0) / size
}
