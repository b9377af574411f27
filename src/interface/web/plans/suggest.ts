import type { Darkness } from '#interface/web/telescopes/dark-hours.ts'
import type { Telescope } from '#observatory/telescopes/telescope.ts'

/**
 * Telescopes to begin with where nobody has chosen yet: the widest fields on the ground, of which nothing is doubted,
 * that see the place at all (30° above the horizon) and have a night within a day.
 */
export function suggested(
  telescopes: readonly Telescope[],
  place: { dec: number | null },
  dark: ((telescope: Telescope) => Darkness) | undefined,
  count = 3,
): string[] {
  const sees = (one: Telescope): boolean => place.dec === null || Math.abs(one.site.latitude - place.dec) < 60
  return telescopes
    .filter(
      (one) =>
        one.ground &&
        one.alternativeTo === null &&
        one.doubts.length === 0 &&
        sees(one) &&
        dark?.(one).state !== 'never',
    )
    .toSorted((a, b) => b.fieldAreaDeg2 - a.fieldAreaDeg2)
    .slice(0, count)
    .map((one) => one.slug)
}
