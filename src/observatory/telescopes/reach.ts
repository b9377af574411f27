import { horizonLine } from '#science/planning/horizon.ts'
import type { Limits } from '#science/planning/model.ts'
import type { Keys } from './keys.ts'

const radiansPerDegree = Math.PI / 180
/** How far the Sun comes from the equator, deg. */
const obliquity = 23.44

/** Notes limits that no direction can satisfy from a latitude (deg), and a darkness that never comes there. */
export function checkReach(limits: Limits, latitude: number, keys: Keys): void {
  const deepest = -Math.min(90, 90 + obliquity - Math.abs(latitude))
  if (limits.sunAltitudeMaxDeg < deepest)
    keys.wrong(
      'sun_altitude_max_deg',
      `is ${limits.sunAltitudeMaxDeg}, and at latitude ${latitude} the Sun never sinks below ${deepest.toFixed(1)}°: it is never dark`,
    )
  if (!reachable(limits, latitude))
    keys.wrong(
      null,
      `leaves nothing of the sky: at latitude ${latitude} no direction satisfies altitude, airmass, horizon, declination and hour angle together`,
    )
}

function reachable(limits: Limits, latitude: number): boolean {
  const horizon = horizonLine(limits.horizon ?? [])
  const lowest = Math.max(
    limits.altitudeMinDeg,
    limits.airmassMax === undefined ? -90 : Math.asin(Math.min(1, 1 / limits.airmassMax)) / radiansPerDegree,
  )
  const highest = limits.altitudeMaxDeg ?? 90
  const [decMin, decMax] = [limits.decMinDeg ?? -90, limits.decMaxDeg ?? 90]
  const [haMin, haMax] = [limits.hourAngleMinHours ?? -12, limits.hourAngleMaxHours ?? 12]
  // The zenith's own declination and the meridian are among the samples, or narrow limits round them would be missed.
  const decs = samples(decMin, decMax, 90, latitude)
  const hours = samples(haMin, haMax, 96, 0)
  const [sinLat, cosLat] = [Math.sin(latitude * radiansPerDegree), Math.cos(latitude * radiansPerDegree)]
  for (const dec of decs) {
    const [sinDec, cosDec] = [Math.sin(dec * radiansPerDegree), Math.cos(dec * radiansPerDegree)]
    let [least, most] = [90, -90]
    for (const hour of hours) {
      const [sinHa, cosHa] = [Math.sin(hour * 15 * radiansPerDegree), Math.cos(hour * 15 * radiansPerDegree)]
      const up = sinLat * sinDec + cosLat * cosDec * cosHa
      const altitude = Math.asin(Math.max(-1, Math.min(1, up))) / radiansPerDegree
      least = Math.min(least, altitude)
      most = Math.max(most, altitude)
      // A hair of tolerance: a limit may be met exactly.
      if (!horizon || altitude < lowest - 1e-9 || altitude > highest + 1e-9) continue
      const azimuth =
        Math.atan2(-cosDec * sinHa, sinDec * cosLat - cosDec * cosHa * sinLat) / radiansPerDegree
      if (altitude >= horizon.range(azimuth, azimuth)[0] - 1e-9) return true
    }
    // Between two hour angles every altitude between theirs comes by.
    if (!horizon && most >= lowest - 1e-9 && least <= highest + 1e-9) return true
  }
  return false
}

function samples(from: number, to: number, steps: number, and: number): number[] {
  const all = Array.from({ length: steps + 1 }, (_, i) => from + ((to - from) * i) / steps)
  return [Math.min(to, Math.max(from, and)), ...all]
}
