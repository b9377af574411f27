import { estimateFwhm } from '#science/image/calibration/fwhm.ts'
import { profileWidths } from '#science/image/photometry/profile.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import type { Objects } from './objects.ts'

export interface ProfileFwhm {
  /** Pixels: full width at half maximum of Moffat profiles fitted to stars. */
  readonly fwhm: number
  readonly scatter: number
  readonly stars: number
}

/** Most stars whose profiles are fitted. */
const mostProfiles = 300

/** How wide stars are at half their height; null where no star is good enough. The plane is without background. */
export function profileFwhm(plane: Plane, mask: Mask, objects: Objects, scale: number): ProfileFwhm | null {
  const snr = objects.flux.map((flux, i) => flux / objects.fluxErr[i]!)
  const order = [...snr.keys()]
    .filter((i) => objects.flags[i] === 0 && snr[i]! > 10 && objects.b[i]! > 0.7 * objects.a[i]!)
    .slice(0, mostProfiles)
  const pick = (column: Float64Array): Float64Array => Float64Array.from(order, (i) => column[i]!)
  const [x, y] = [pick(objects.x), pick(objects.y)]
  const fwhm = profileWidths(plane, x, y, { radius: Math.max(2.5, 1.2 * scale), mask })
  const found = estimateFwhm({ fwhm, snr: pick(snr) })
  return found && { fwhm: found.fwhm, scatter: found.scatter, stars: found.sources }
}

/**
 * The scale by which apertures go, pixels: the median of twice the half-light radius, which is the FWHM of a Gaussian and a fifth
 * more than that of a profile with wings, over what is unflagged and measured to 5 %; with too few
 * of those, of the best tenth that is there.
 */
export function fwhmOf(
  objects: Objects,
  flux: Float64Array,
  error: Float64Array,
  order: readonly number[],
): { fwhm: number; stars: number } {
  const good = order
    .map((from, i) => ({ i, sn: flux[from]! / error[from]! }))
    .filter(({ i }) => objects.fluxRadius[i]! > 0.3)
  const widths = (some: typeof good): number[] => some.map(({ i }) => 2 * objects.fluxRadius[i]!)
  for (const [flags, least] of [
    [0, 20 * 1.0857],
    [0, 10],
    [0x800 | 0x2, 5],
    [~0, 0],
  ] as const) {
    const some = good.filter(({ i, sn }) => (objects.flags[i]! & ~flags) === 0 && sn > least)
    if (some.length >= 3 || (flags === ~0 && some.length > 0))
      return { fwhm: median(widths(some)), stars: some.length }
  }
  return { fwhm: median(Array.from(objects.fwhm)), stars: 0 }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
