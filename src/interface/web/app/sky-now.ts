/** What the bar and the timeline need of the sky; loaded after the first paint, for its tables are large. */
import { sunAndMoon as lightsAt } from '#science/chart/lights.ts'
import type { NightData } from '#science/chart/night-timeline.ts'
import { horizonAt } from '#science/sky/altaz.ts'
import { nightLabel, noonBefore } from '#science/sky/night.ts'
import { siderealTime } from '#science/sky/sidereal.ts'
import { sites as observatories } from '#science/sky/sites.ts'
import type { Site } from '#science/sky/sites.ts'
import { bodyAltAz, moonIllumination } from '#science/sky/sun-moon.ts'
import { dateOf, mjdUtcOf } from '#science/sky/time.ts'

/** Known sites by slug, in order of their names. */
export const sites: [slug: string, site: Site][] = observatories
  .map((site): [string, Site] => [site.slug, site])
  .toSorted(([, a], [, b]) => a.name.localeCompare(b.name))

export function siteOf(slug: string): Site | undefined {
  return observatories.find((site) => site.slug === slug)
}

/** Altitudes (deg) of Sun and Moon and the Moon's illuminated fraction at a moment (ms since 1970). */
export function skyNow(at: number, site: Site) {
  const mjd = mjdUtcOf(at)
  const horizon = horizonAt(mjd, site)
  return {
    sunAltitude: bodyAltAz(horizon, 'Sun').alt,
    moonAltitude: bodyAltAz(horizon, 'Moon').alt,
    moonIllumination: moonIllumination(mjd).fraction,
  }
}

/** Local apparent sidereal time as `19 40`. */
export function siderealText(at: number, site: Site): string {
  const minutes = Math.floor(siderealTime(mjdUtcOf(at), site.longitudeDeg) * 4)
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')} ${String(minutes % 60).padStart(2, '0')}`
}

/** Sun and Moon for a sky map at a moment (ms since 1970). */
export function sunAndMoon(at: number) {
  return lightsAt(mjdUtcOf(at))
}

/**
 * The night of a site around a moment, or by day the coming one: samples from an hour before sunset (or from a little
 * before now, by day) to an hour after sunrise, so that now is always inside.
 */
export function nightOf(at: number, site: Site): NightData & { label: string } {
  const mjd = mjdUtcOf(at)
  let label = nightLabel(mjd, site)
  let [from, to] = darkHours(label, site)
  if (mjd > to) {
    label = nightLabel(mjd + 1, site)
    ;[from, to] = darkHours(label, site)
  }
  from = Math.min(from, mjd - 3 / 24)
  const count = 120
  const horizons = Array.from({ length: count + 1 }, (_, i) =>
    horizonAt(from + ((to - from) * i) / count, site),
  )
  return {
    label,
    start: dateOf(from).getTime(),
    end: dateOf(to).getTime(),
    sunAltitude: horizons.map((horizon) => bodyAltAz(horizon, 'Sun').alt),
    moonAltitude: horizons.map((horizon) => bodyAltAz(horizon, 'Moon').alt),
    moonIllumination: moonIllumination((from + to) / 2).fraction,
  }
}

/** From an hour before sunset to an hour after sunrise (MJD); in polar day and night from noon to noon. */
function darkHours(label: string, site: Site): [from: number, to: number] {
  const noon = noonBefore(label, site)
  const steps = 144
  const dark = Array.from({ length: steps + 1 }, (_, i) => noon + i / steps).filter(
    (mjd) => bodyAltAz(horizonAt(mjd, site), 'Sun').alt < -0.833,
  )
  if (dark.length === 0 || dark.length > steps) return [noon, noon + 1]
  return [dark[0] - 1 / 24, dark[dark.length - 1] + 1 / 24]
}
