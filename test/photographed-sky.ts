/** A sky of made-up stars and a camera that photographs it: shares nothing with the solver but the type of its lists. */
import type { FieldDetections } from '#science/image/astrometry/solve.ts'
import { starList } from '#science/image/astrometry/stars.ts'
import type { StarList } from '#science/image/astrometry/stars.ts'
import { seededRandom } from '#science/simulate/random.ts'

/** Stars evenly over a cap, magnitudes as the sky has them: ten times as many for each two magnitudes. */
export function sky(seed: number, count: number, ra: number, dec: number, radiusDeg: number): StarList {
  const random = seededRandom(seed)
  const columns = { ra: [] as number[], dec: [] as number[], mag: [] as number[] }
  for (let i = 0; i < count; i++) {
    const away = Math.acos(1 - random.uniform() * (1 - Math.cos((radiusDeg * Math.PI) / 180)))
    const [lon, lat] = offset(ra, dec, random.uniform() * 2 * Math.PI, away)
    columns.ra.push(lon)
    columns.dec.push(lat)
    columns.mag.push(16 + 2 * Math.log10(random.uniform()))
  }
  return starList(columns.ra, columns.dec, columns.mag)
}

/** Direction at a distance and position angle, radians, from one in degrees. */
export function offset(ra: number, dec: number, angle: number, away: number): [number, number] {
  const lat = (dec * Math.PI) / 180
  const sin = Math.sin(lat) * Math.cos(away) + Math.cos(lat) * Math.sin(away) * Math.cos(angle)
  const turn = Math.atan2(
    Math.sin(angle) * Math.sin(away) * Math.cos(lat),
    Math.cos(away) - Math.sin(lat) * sin,
  )
  return [(((ra + (turn * 180) / Math.PI) % 360) + 360) % 360, (Math.asin(sin) * 180) / Math.PI]
}

export interface Camera {
  ra: number
  dec: number
  widthDeg: number
  angle: number
  mirrored?: boolean
  /** Third-order distortion, px at the corner. */
  barrel?: number
}

/** What a camera sees of a sky: stars with errors of 0.3 px, some missing, and false ones among them. */
export function photograph(stars: StarList, camera: Camera, seed: number): FieldDetections {
  const random = seededRandom(seed)
  const [width, height] = [1600, 1200]
  const scale = width / 2 / Math.tan((camera.widthDeg * Math.PI) / 360)
  const [sinA, cosA] = [Math.sin(camera.angle), Math.cos(camera.angle)]
  const [lon0, lat0] = [(camera.ra * Math.PI) / 180, (camera.dec * Math.PI) / 180]
  const seen: [number, number, number][] = []
  for (let i = 0; i < stars.rows && seen.length < 300; i++) {
    // Far off the frame, whose half diagonal is less than its width.
    if (Math.abs(stars.dec[i] - camera.dec) > camera.widthDeg) continue
    const [lon, lat] = [(stars.ra[i] * Math.PI) / 180 - lon0, (stars.dec[i] * Math.PI) / 180]
    const w = Math.sin(lat0) * Math.sin(lat) + Math.cos(lat0) * Math.cos(lat) * Math.cos(lon)
    if (w < 0.3) continue
    const xi = (Math.cos(lat) * Math.sin(lon)) / w
    const eta = (Math.cos(lat0) * Math.sin(lat) - Math.sin(lat0) * Math.cos(lat) * Math.cos(lon)) / w
    const u = (camera.mirrored ? 1 : -1) * xi
    let x = scale * (cosA * u - sinA * eta)
    let y = scale * (sinA * u + cosA * eta)
    const bend = 1 + (camera.barrel ?? 0) * ((x * x + y * y) / 1e6) * 1e-3
    x = x * bend + width / 2 - 0.5
    y = y * bend + height / 2 - 0.5
    if (x < 0 || y < 0 || x > width - 1 || y > height - 1 || random.uniform() < 0.15) continue
    const flux = 10 ** (-0.4 * (stars.mag[i] + 0.2 * random.normal()))
    seen.push([x + 0.3 * random.normal(), y + 0.3 * random.normal(), flux])
  }
  for (let n = Math.round(seen.length / 4); n > 0; n--)
    seen.push([random.uniform() * width, random.uniform() * height, seen[random.integer(seen.length)][2]])
  return {
    x: seen.map(([x]) => x),
    y: seen.map(([, y]) => y),
    flux: seen.map(([, , flux]) => flux),
    width,
    height,
  }
}
