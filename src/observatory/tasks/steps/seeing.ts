import type { Objects } from './measure-work.ts'

/**
 * FWHM of the frame, pixels: the median of twice the half-light radius of what is unflagged and measured to 5 %; with too few
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
