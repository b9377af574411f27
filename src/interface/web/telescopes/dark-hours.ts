/** When it is dark enough for a telescope: near enough to choose by; plans reckon it exactly. */
import { sunAndMoon } from '#science/chart/lights.ts'
import { siderealTime } from '#science/sky/sidereal.ts'
import { mjdUtcOf } from '#science/sky/time.ts'
import type { Telescope } from '#observatory/telescopes/telescope.ts'

/** `in`: ms until it begins; `for`: ms that it lasts from now on. */
export type Darkness =
  { state: 'now'; for: number } | { state: 'later'; in: number } | { state: 'never' } | { state: 'space' }

const minute = 60_000
const step = 10 * minute
const day = 24 * 60 * minute
const radians = Math.PI / 180

/** A function that answers for any telescope at a moment (ms since 1970). The Sun moves 1° a day, which is let be. */
export function darknessAt(
  at: number,
): (telescope: Pick<Telescope, 'ground' | 'site' | 'limits'>) => Darkness {
  const mjd = mjdUtcOf(at)
  const { sun } = sunAndMoon(mjd)
  const greenwich = siderealTime(mjd, 0)
  return ({ ground, site, limits }) => {
    if (!ground) return { state: 'space' }
    const isDark = (since: number): boolean => {
      const hourAngle = greenwich + site.longitude + (since / day) * 360.98565 - sun.ra
      const sine =
        Math.sin(site.latitude * radians) * Math.sin(sun.dec * radians) +
        Math.cos(site.latitude * radians) * Math.cos(sun.dec * radians) * Math.cos(hourAngle * radians)
      return Math.asin(sine) / radians < limits.sunAltitudeMaxDeg
    }
    const now = isDark(0)
    for (let since = step; since <= day; since += step)
      if (isDark(since) !== now) return now ? { state: 'now', for: since } : { state: 'later', in: since }
    return now ? { state: 'now', for: day } : { state: 'never' }
  }
}
