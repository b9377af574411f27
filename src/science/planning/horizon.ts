/** The lowest altitude by azimuth that a site's surroundings allow: straight lines between points, closed over north. */
import type { Limits } from './model.ts'

export interface HorizonLine {
  readonly lowest: number
  readonly highest: number
  /** Lowest and highest value between two azimuths, degrees; `from` ≤ `to`, anywhere within ±720. */
  readonly range: (from: number, to: number) => readonly [lowest: number, highest: number]
}

/** Null where there are no points. At an azimuth given twice the line is a wall. */
export function horizonLine(points: NonNullable<Limits['horizon']>): HorizonLine | null {
  if (points.length === 0) return null
  const once = points
    .map(({ azimuthDeg, altitudeDeg }, i) => ({
      azimuth: ((azimuthDeg % 360) + 360) % 360,
      altitude: altitudeDeg,
      given: azimuthDeg,
      i,
    }))
    // A point at 360 ends the line, one at 0 begins it; of two at one azimuth the first given lies before the wall.
    .sort((a, b) => a.azimuth - b.azimuth || b.given - a.given || a.i - b.i)
  // Five turns, so that no range has to be brought back into one.
  const turns = [-720, -360, 0, 360, 720].flatMap((turn) =>
    once.map(({ azimuth, altitude }) => [azimuth + turn, altitude] as const),
  )
  const azimuth = Float64Array.from(turns, ([value]) => value)
  const altitude = Float64Array.from(turns, ([, value]) => value)
  const lowest = Math.min(...once.map((point) => point.altitude))
  const highest = Math.max(...once.map((point) => point.altitude))
  /** First point whose azimuth is not below. */
  const first = (wanted: number): number => {
    let low = 0
    let high = azimuth.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (azimuth[middle] < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
  /** On the line from the point before `next` to it. */
  const between = (at: number, next: number): number => {
    if (next === 0) return altitude[0]
    if (next === azimuth.length) return altitude[next - 1]
    const width = azimuth[next] - azimuth[next - 1]
    if (width <= 0) return altitude[next]
    return altitude[next - 1] + ((altitude[next] - altitude[next - 1]) * (at - azimuth[next - 1])) / width
  }
  return {
    lowest,
    highest,
    range: (from, to) => {
      if (to - from >= 360) return [lowest, highest]
      let next = first(from)
      let [low, high] = [between(from, next), between(from, next)]
      for (; next < azimuth.length && azimuth[next] <= to; next++) {
        if (altitude[next] < low) low = altitude[next]
        if (altitude[next] > high) high = altitude[next]
      }
      const last = between(to, next)
      return [Math.min(low, last), Math.max(high, last)]
    },
  }
}
