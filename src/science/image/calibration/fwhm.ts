/** One number for how sharp a frame is. */
import { madSigma, medianOf } from '#science/image/median.ts'

export interface FwhmSources {
  /** Of each source, pixels. */
  readonly fwhm: ArrayLike<number>
  readonly snr: ArrayLike<number>
  readonly ellipticity?: ArrayLike<number>
  readonly flags?: ArrayLike<number>
}

export interface FwhmOptions {
  readonly leastSnr?: number
  readonly mostEllipticity?: number
}

export interface FrameFwhm {
  /** Pixels. */
  readonly fwhm: number
  /** Of sources about it, from their median deviation. */
  readonly scatter: number
  readonly sources: number
  /** 1 where the source was used. */
  readonly used: Uint8Array
  readonly warnings: readonly string[]
}

/**
 * FWHM of a frame: of round, unflagged sources of good S/N, the centre of the narrowest range that holds a quarter of them
 * (stars agree, galaxies and blends do not), or their median where they are fewer than 20 and it is more than a tenth above. Null where no source is of use.
 */
export function estimateFwhm(sources: FwhmSources, options: FwhmOptions = {}): FrameFwhm | null {
  const { leastSnr = 20, mostEllipticity = 0.3 } = options
  const used = new Uint8Array(sources.fwhm.length)
  const take = (least: number): number[] => {
    const chosen: number[] = []
    for (let i = 0; i < used.length; i++) {
      const value = sources.fwhm[i]
      const bad = (sources.flags?.[i] ?? 0) !== 0 || !(sources.snr[i] >= least) || !(value > 1 && value < 50)
      if (!bad && !((sources.ellipticity?.[i] ?? 0) > mostEllipticity)) chosen.push(i)
    }
    return chosen
  }
  const warnings: string[] = []
  let chosen = take(leastSnr)
  if (chosen.length < 10) {
    const more = take(leastSnr / 4)
    if (more.length > chosen.length) {
      warnings.push(
        `Only ${chosen.length} round, unflagged sources have S/N above ${leastSnr}; ${more.length} above ${leastSnr / 4} are used for the FWHM.`,
      )
      chosen = more
    }
  }
  if (chosen.length === 0) return null
  if (chosen.length < 5) warnings.push(`The FWHM rests on ${chosen.length} sources.`)
  const sorted = Float64Array.from(chosen, (i) => sources.fwhm[i]).sort()
  const mode = densest(sorted)
  const median = medianOf(sorted)
  const fwhm = median > 1.1 * mode && chosen.length < 20 ? median : mode
  // Around the mode: what is far from it is no star.
  const width = Math.max(
    0.05 * fwhm,
    madSigma(
      sorted.filter((each) => Math.abs(each - fwhm) < 0.5 * fwhm),
      fwhm,
    ),
  )
  const near = chosen.filter((i) => Math.abs(sources.fwhm[i] - fwhm) <= 3 * width)
  for (const i of near) used[i] = 1
  const values = Float64Array.from(near, (i) => sources.fwhm[i])
  return {
    fwhm: near.length === 0 ? fwhm : medianOf(values),
    scatter: near.length === 0 ? 0 : madSigma(values),
    sources: near.length,
    used,
    warnings,
  }
}

/** Mean of the narrowest run of a quarter of sorted numbers. */
function densest(sorted: Float64Array): number {
  const held = Math.max(1, Math.ceil(sorted.length / 4))
  let best = 0
  for (let k = 0; k + held <= sorted.length; k++)
    if (sorted[k + held - 1] - sorted[k] < sorted[best + held - 1] - sorted[best]) best = k
  return sorted.subarray(best, best + held).reduce((sum, each) => sum + each, 0) / held
}
