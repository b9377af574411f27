import { separation } from '#science/sky/vectors.ts'
import type { Cone } from './sources.ts'

/**
 * A cone that holds another, with its centre and radius on a grid: frames of one field, which differ a little, ask the same
 * question. Its radius is up to a quarter larger.
 */
export function roundedCone({ ra, dec, radiusDeg }: Cone): Cone {
  const radius = 2 ** (Math.ceil(4 * Math.log2(radiusDeg)) / 4)
  const step = radius / 20
  const d = Math.max(-90, Math.min(90, Math.round(dec / step) * step))
  const across = step / Math.max(0.01, Math.cos((d * Math.PI) / 180))
  return {
    ra: (((Math.round(ra / across) * across) % 360) + 360) % 360,
    dec: d,
    radiusDeg: radius * 1.05,
  }
}

/** Places of a cone, in rows of a declination, at most `step` degrees from each other; the centre is among them. */
export function placesIn(cone: Cone, step: number): [ra: number, dec: number][] {
  const { ra, dec, radiusDeg } = cone
  const rows = Math.ceil(radiusDeg / step)
  const found: [number, number][] = []
  for (let j = -rows; j <= rows; j++) {
    const d = dec + j * step
    if (Math.abs(d) > 90) continue
    const apart = step / Math.max(Math.cos((d * Math.PI) / 180), step / 360)
    const most = Math.floor(180 / apart)
    for (let i = -most; i <= most; i++) {
      const a = (((ra + i * apart) % 360) + 360) % 360
      if (separation(ra, dec, a, d) <= radiusDeg + step / 2) found.push([a, d])
    }
  }
  return found
}
