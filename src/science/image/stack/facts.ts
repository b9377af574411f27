/**
 * What a stack inherits from its frames. With gᵢ the gain of a frame after scaling (e⁻ per ADU): a sum keeps the gain (harmonic mean
 * of gᵢ), a mean or median of N has N times it, a weighted mean (Σw)²/Σ(w²/gᵢ). Saturation sets in where the first frame
 * saturates: N times the lowest level in a sum, the lowest level otherwise. A sum has the exposure of all, the others
 * the mean one. Read noise adds in squares, in e⁻ of the stack's gain; mid-time is the mean of the frames' mid-times by exposure (and weight).
 */

export interface FrameFacts {
  /** e⁻ per ADU. */
  readonly gain?: number | null
  /** e⁻. */
  readonly readNoise?: number | null
  /** ADU. */
  readonly saturation?: number | null
  /** Seconds. */
  readonly exposure?: number | null
  /** Middle of the exposure, MJD UTC. */
  readonly midMjd?: number | null
  /** What the frame's pixels are multiplied with to have the common zero point; 1. */
  readonly fluxScale?: number
  /** Weight of the frame in a weighted mean; 1. See `frameWeight`. */
  readonly weight?: number
}

export type StackMethod = 'sum' | 'clipped_mean' | 'median' | 'weighted'

/** Null is what the frames do not all say. */
export interface StackFacts {
  readonly frames: number
  readonly gain: number | null
  /** e⁻ by the gain of the stack. */
  readonly readNoise: number | null
  readonly saturation: number | null
  /** Seconds for which the stack's counts stand. */
  readonly exposure: number | null
  /** Seconds of all frames. */
  readonly totalExposure: number | null
  readonly midMjd: number | null
  /** First and last moment of light, MJD UTC. */
  readonly startMjd: number | null
  readonly endMjd: number | null
}

/**
 * Weight of a frame for faint stars: inverse variance of the flux in the seeing disc after scaling, 1/(s² σ² FWHM²). What is not known of
 * every frame must be left out of all.
 */
export function frameWeight({
  fluxScale = 1,
  rms = 1,
  fwhm = 1,
}: {
  fluxScale?: number
  rms?: number
  fwhm?: number
}): number {
  return 1 / (fluxScale * rms * fwhm) ** 2
}

/** Facts of a stack. */
export function stackFacts(frames: readonly FrameFacts[], method: StackMethod): StackFacts {
  const n = frames.length
  const all = (pick: (frame: FrameFacts) => number | null | undefined): number[] | null => {
    const values = frames.map(pick)
    return values.every((value) => typeof value === 'number' && Number.isFinite(value))
      ? (values as number[])
      : null
  }
  const scale = frames.map(({ fluxScale = 1 }) => fluxScale)
  const weight = frames.map((frame) => (method === 'weighted' ? (frame.weight ?? 1) : 1))
  const gains = all(({ gain }) => gain)
  const readNoises = all(({ readNoise }) => readNoise)
  const levels = all(({ saturation }) => saturation)
  const exposures = all(({ exposure }) => exposure)
  const mids = all(({ midMjd }) => midMjd)
  const sumOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  // Variance of the result per ADU of one frame's signal, as photon noise has it.
  const noise = gains && sumOf(gains.map((gain, i) => (weight[i] ** 2 * scale[i]) / gain))
  const gain = noise && (method === 'sum' ? n / noise : sumOf(weight) ** 2 / noise)
  const readVariance =
    gains &&
    readNoises &&
    sumOf(readNoises.map((electrons, i) => ((weight[i] * scale[i] * electrons) / gains[i]) ** 2))
  const readNoise =
    gain && readVariance !== null
      ? (gain * Math.sqrt(readVariance)) / (method === 'sum' ? 1 : sumOf(weight))
      : null
  const lowest = levels && Math.min(...levels.map((level, i) => level * scale[i]))
  const total = exposures && sumOf(exposures)
  const times = mids && exposures ? exposures.map((exposure, i) => exposure * weight[i]) : null
  const timeSum = times && sumOf(times)
  return {
    frames: n,
    gain: gain === null || !Number.isFinite(gain) ? null : gain,
    readNoise: readNoise === null || !Number.isFinite(readNoise) ? null : readNoise,
    saturation: lowest === null ? null : method === 'sum' ? n * lowest : lowest,
    exposure: total === null ? null : method === 'sum' ? total : total / n,
    totalExposure: total,
    midMjd:
      mids && times && timeSum
        ? mids[0] + sumOf(mids.map((mid, i) => (mid - mids[0]) * times[i])) / timeSum
        : null,
    startMjd: mids && exposures && Math.min(...mids.map((mid, i) => mid - exposures[i] / 172_800)),
    endMjd: mids && exposures && Math.max(...mids.map((mid, i) => mid + exposures[i] / 172_800)),
  }
}
