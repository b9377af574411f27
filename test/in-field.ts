/**
 * Whether a direction lies in a field, by the definitions alone and with no code of planning itself, and sums over
 * many points.
 */
import { seeded } from '#science/sky/seeded.ts'
import type { Field, Footprint, Offset } from '#science/planning/model.ts'

const RAD = Math.PI / 180

/** By definition: angles for circles, RA and Dec for boxes, standard coordinates and even–odd rule for the rest. */
export function inField(footprint: Footprint, field: Field, ra: number, dec: number): boolean {
  const turn = ((((ra - field.ra + 180) % 360) + 360) % 360) - 180
  const cosine =
    Math.sin(dec * RAD) * Math.sin(field.dec * RAD) +
    Math.cos(dec * RAD) * Math.cos(field.dec * RAD) * Math.cos(turn * RAD)
  switch (footprint.shape) {
    case 'circle':
      return Math.acos(Math.max(-1, Math.min(1, cosine))) <= footprint.radiusDeg * RAD
    case 'box':
      return (
        Math.abs(dec - field.dec) <= footprint.heightDeg / 2 &&
        Math.abs(turn * Math.cos(dec * RAD)) <= footprint.widthDeg / 2
      )
    default: {
      if (cosine <= 0) return false
      const east = (Math.cos(dec * RAD) * Math.sin(turn * RAD)) / cosine / RAD
      const north =
        (Math.sin(dec * RAD) * Math.cos(field.dec * RAD) -
          Math.cos(dec * RAD) * Math.sin(field.dec * RAD) * Math.cos(turn * RAD)) /
        cosine /
        RAD
      const p = (field.positionAngleDeg ?? 0) * RAD
      const x = east * Math.cos(p) - north * Math.sin(p)
      const y = east * Math.sin(p) + north * Math.cos(p)
      if (footprint.shape === 'rectangle') {
        return Math.abs(x) <= footprint.widthDeg / 2 && Math.abs(y) <= footprint.heightDeg / 2
      }
      const polygons = footprint.shape === 'polygon' ? [footprint.vertices] : footprint.polygons
      return polygons.some((polygon) => evenOdd(polygon, x, y))
    }
  }
}

function evenOdd(polygon: readonly Offset[], x: number, y: number): boolean {
  let odd = false
  for (let i = 0; i < polygon.length; i++) {
    const [x1, y1] = polygon[i]
    const [x2, y2] = polygon[(i + 1) % polygon.length]
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) * (x2 - x1)) / (y2 - y1)) odd = !odd
  }
  return odd
}

/** Directions evenly over the cap about a direction, by a seeded, shifted lattice: [ra, dec] of each; and its area, sr. */
export function capPoints(
  ra: number,
  dec: number,
  radiusDeg: number,
  count: number,
  seed: number,
): { points: [number, number][]; areaSr: number } {
  const random = seeded(seed)
  const [shiftU, shiftV] = [random(), random()]
  const areaSr = 2 * Math.PI * (1 - Math.cos(radiusDeg * RAD))
  const points = Array.from({ length: count }, (_, i): [number, number] => {
    // Rank-1 lattice of the plastic number: errors fall nearly as 1/n.
    const u = (shiftU + i * 0.7548776662466927) % 1
    const v = (shiftV + i * 0.5698402909980532) % 1
    const hav = (u * (1 - Math.cos(radiusDeg * RAD))) / 2
    const d = 2 * Math.asin(Math.sqrt(hav))
    const a = 2 * Math.PI * v
    const z = Math.sin(dec * RAD) * Math.cos(d) + Math.cos(dec * RAD) * Math.sin(d) * Math.cos(a)
    const y = Math.sin(a) * Math.sin(d)
    const x = Math.cos(d) * Math.cos(dec * RAD) - Math.sin(d) * Math.sin(dec * RAD) * Math.cos(a)
    return [
      (((ra + Math.atan2(y, x) / RAD) % 360) + 360) % 360,
      Math.asin(Math.max(-1, Math.min(1, z))) / RAD,
    ]
  })
  return { points, areaSr }
}

/** Fields of every shape from about `scale` degrees, seeded. */
export function randomFootprint(random: () => number, scale: number): Footprint {
  const size = scale * (0.5 + random())
  const square = (x: number, y: number, h: number): Offset[] => [
    [x - h, y - h],
    [x + h, y - h],
    [x + h, y + h],
    [x - h, y + h],
  ]
  switch (Math.floor(5 * random())) {
    case 0:
      return { shape: 'circle', radiusDeg: size / 2 }
    case 1:
      return { shape: 'rectangle', widthDeg: size, heightDeg: size * (0.3 + random()) }
    case 2:
      return { shape: 'box', widthDeg: size, heightDeg: size * (0.3 + random()) }
    case 3: {
      // A star with dents.
      const n = 5 + Math.floor(6 * random())
      const vertices = Array.from({ length: n }, (_, i): Offset => {
        const r = (size / 2) * (0.4 + 0.6 * random())
        return [r * Math.cos((2 * Math.PI * i) / n), r * Math.sin((2 * Math.PI * i) / n)]
      })
      return { shape: 'polygon', vertices: random() < 0.5 ? vertices : vertices.toReversed() }
    }
    default: {
      // Detectors with gaps, one of them over its neighbours.
      const n = 2 + Math.floor(3 * random())
      const pitch = size / n
      const polygons = Array.from({ length: n * n }, (_, i) =>
        square(
          ((i % n) - (n - 1) / 2) * pitch,
          (Math.floor(i / n) - (n - 1) / 2) * pitch,
          pitch * (i === 1 ? 0.7 : 0.44),
        ),
      )
      return { shape: 'mosaic', polygons }
    }
  }
}
