/** How many artificial sources are found again, by magnitude: a frame's completeness, and the limit that it means. */
import { Problem } from '#problem.ts'
import { seededRandom } from '#science/simulate/random.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import { injectStars } from '#science/image/psf/inject.ts'
import type { Psf } from '#science/image/psf/psf.ts'

export interface InjectedStar {
  /** 0-based pixels. */
  readonly x: number
  readonly y: number
  /** ADU. */
  readonly flux: number
}

export interface InjectionPlan {
  /** Sets of stars, each to be put into its own copy of the frame, so that they do not disturb each other. */
  readonly rounds: readonly (readonly (InjectedStar & { readonly magnitude: number })[])[]
}

export interface InjectionOptions {
  readonly width: number
  readonly height: number
  /** Calibrated magnitudes between which they are drawn evenly. */
  readonly brightest: number
  readonly faintest: number
  /** mag of 1 ADU, of the frame or at a place. */
  readonly zeroPoint: number | ((x: number, y: number) => number)
  readonly count: number
  readonly seed: number
  /** Pixels from the edge, and between two of one round; four FWHM are enough. */
  readonly apart: number
  /** No star is put on a masked pixel. */
  readonly mask?: Mask
}

/** Draws positions and magnitudes, seeded. Throws `image.invalid` where the frame has no room for them. */
export function planInjection(options: InjectionOptions): InjectionPlan {
  const { width, height, brightest, faintest, zeroPoint, count, apart, mask } = options
  if (!(faintest > brightest))
    throw new Problem(
      'image.invalid',
      `Magnitudes from ${brightest} to ${faintest} are no range; the faint end comes last.`,
    )
  if (width <= 2 * apart || height <= 2 * apart)
    throw new Problem(
      'image.invalid',
      `A frame of ${width} × ${height} pixels has no room ${apart} pixels from its edges.`,
    )
  const zeroAt = typeof zeroPoint === 'number' ? () => zeroPoint : zeroPoint
  const random = seededRandom(options.seed)
  const rounds: (InjectedStar & { magnitude: number })[][] = []
  const perRound = Math.max(1, Math.min(count, Math.floor((width * height) / (25 * apart * apart))))
  let drawn = 0
  for (let tries = 0; drawn < count; tries++) {
    if (tries > 200 * count)
      throw new Problem('image.invalid', `The mask leaves no room for ${count} artificial stars.`)
    let round = rounds.at(-1)
    if (!round || round.length >= perRound) {
      round = []
      rounds.push(round)
    }
    const x = apart + random.uniform() * (width - 1 - 2 * apart)
    const y = apart + random.uniform() * (height - 1 - 2 * apart)
    if (mask && mask.data[Math.round(y) * width + Math.round(x)] !== 0) continue
    if (round.some((each) => (each.x - x) ** 2 + (each.y - y) ** 2 < apart * apart)) continue
    const magnitude = brightest + (faintest - brightest) * random.uniform()
    round.push({ x, y, magnitude, flux: 10 ** (-0.4 * (magnitude - zeroAt(x, y))) })
    drawn++
  }
  return { rounds }
}

/** What a search found in a frame: positions, and fluxes where they are to be compared. */
export interface Recovered {
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  readonly flux?: ArrayLike<number>
}

export interface RecoveryOptions {
  /** Within so many pixels a source is the star that was put there. */
  readonly radius: number
  readonly psf: Psf
  /** e⁻ per ADU. */
  readonly gain?: number
  readonly seed?: number
}

export interface InjectionResult {
  readonly magnitude: Float64Array
  readonly found: Uint8Array
  /** Recovered over injected flux; NaN where it was not found or has none. */
  readonly ratio: Float64Array
}

/**
 * Puts each round of stars into a copy of the frame, searches it, and says which were found within `radius` pixels. What is
 * there without them does not count: a search of the frame as it is tells that. With a gain stars bring their photon noise.
 */
export async function recoverInjected(
  plane: Plane,
  plan: InjectionPlan,
  { radius, psf, gain, seed = 1 }: RecoveryOptions,
  search: (copy: Plane) => Recovered | Promise<Recovered>,
): Promise<InjectionResult> {
  const before = await search(plane)
  const copy: Plane = { width: plane.width, height: plane.height, data: new Float32Array(plane.data.length) }
  const magnitude: number[] = []
  const found: number[] = []
  const ratio: number[] = []
  for (const [turn, round] of plan.rounds.entries()) {
    copy.data.set(plane.data)
    const stars = {
      x: round.map((each) => each.x),
      y: round.map((each) => each.y),
      flux: round.map((each) => each.flux),
    }
    injectStars(copy, psf, stars, { seed: seed + turn, ...(gain === undefined ? {} : { gain }) })
    const after = await search(copy)
    for (const star of round) {
      const nearest = nearestOf(after, star, radius)
      const old = nearestOf(before, star, radius)
      // A source that was there before and has not become brighter by half of what was added is not the star.
      const gained =
        nearest >= 0 &&
        (old < 0 || !before.flux || !after.flux || after.flux[nearest] - before.flux[old] > 0.5 * star.flux)
      magnitude.push(star.magnitude)
      found.push(gained ? 1 : 0)
      ratio.push(
        gained && after.flux
          ? (after.flux[nearest] - (old < 0 ? 0 : (before.flux?.[old] ?? 0))) / star.flux
          : NaN,
      )
    }
  }
  return {
    magnitude: Float64Array.from(magnitude),
    found: Uint8Array.from(found),
    ratio: Float64Array.from(ratio),
  }
}

function nearestOf({ x, y }: Recovered, star: InjectedStar, radius: number): number {
  let best = -1
  let least = radius * radius
  for (let k = 0; k < x.length; k++) {
    const distance = (x[k] - star.x) ** 2 + (y[k] - star.y) ** 2
    if (distance <= least) {
      least = distance
      best = k
    }
  }
  return best
}
