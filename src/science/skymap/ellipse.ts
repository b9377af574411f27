/** The ellipse that describes a map best, for people who want four numbers. */
import { centreOf } from '#science/sky/healpix.ts'
import { cross, degreesPerRadian, directionOf, dot, unitVector } from '#science/sky/vectors.ts'
import type { Vector } from '#science/sky/vectors.ts'
import { cellAreasSr, deg2PerSr } from './map.ts'
import type { SkyMap } from './map.ts'
import { areaAt } from './credible.ts'
import type { Ranking } from './rank.ts'
import { ascending } from './sort.ts'

export interface FittedEllipse {
  readonly ra: number
  readonly dec: number
  /** Semi-axes, degrees. */
  readonly majorDeg: number
  readonly minorDeg: number
  /** Of the major axis, north through east, degrees in [0, 180). */
  readonly positionAngleDeg: number
  readonly level: number
  readonly areaDeg2: number
  /** Ellipse area over credible area: near 1 the map is an ellipse. */
  readonly areaRatio: number
}

/** Cells farther than this many sigma are left out of the next round. */
const clip = 3
const rounds = 3

/** Cells that hold all but 10⁻⁶ of the probability: those with less cannot move an ellipse. */
function weightyCells(map: SkyMap): number[] {
  const least = 1e-6 / map.order.length
  const out: number[] = []
  for (let i = 0; i < map.order.length; i++)
    if (map.density[i] * cellAreasSr[map.order[i]] > least) out.push(i)
  return out
}

/**
 * Fits an ellipse that holds `level` of the probability: centre at the mean direction, shape from the covariance in the
 * plane that keeps angles from the centre (ARC), clipped at 3σ three times, size by the probability it must hold.
 * Null for maps without a middle (spread over the sky, or less than three cells).
 */
export function fitEllipse(map: SkyMap, level: number, ranking?: Ranking): FittedEllipse | null {
  const cells = weightyCells(map)
  const n = cells.length
  const x = new Float64Array(n)
  const y = new Float64Array(n)
  const p = new Float64Array(n)
  const vectors = new Float64Array(3 * n)
  const mean: [number, number, number] = [0, 0, 0]
  for (let c = 0; c < n; c++) {
    const k = map.order[cells[c]]
    p[c] = map.density[cells[c]] * cellAreasSr[k]
    const v = unitVector(...centreOf(k, map.ipix[cells[c]]))
    for (let axis = 0; axis < 3; axis++) {
      vectors[3 * c + axis] = v[axis]
      mean[axis] += p[c] * v[axis]
    }
  }
  if (n < 3 || !(Math.hypot(...mean) > 1e-3)) return null
  const [ra, dec] = directionOf(mean)
  const centre = unitVector(ra, dec)
  const east = unitVector(ra + 90, 0)
  const north = cross(centre, east)
  for (let c = 0; c < n; c++) {
    const v: Vector = [vectors[3 * c], vectors[3 * c + 1], vectors[3 * c + 2]]
    const [u, w] = [dot(v, east), dot(v, north)]
    const sine = Math.sqrt(u * u + w * w)
    const scale = sine > 0 ? (Math.atan2(sine, dot(v, centre)) * degreesPerRadian) / sine : 0
    x[c] = u * scale
    y[c] = w * scale
  }
  const far = new Float64Array(n)
  let [xx, xy, yy] = [0, 0, 0]
  for (let round = 0; round < rounds; round++) {
    let [weight, mx, my] = [0, 0, 0]
    for (let c = 0; c < n; c++) {
      if (far[c] >= clip) continue
      weight += p[c]
      mx += p[c] * x[c]
      my += p[c] * y[c]
    }
    if (!(weight > 0)) return null
    mx /= weight
    my /= weight
    ;[xx, xy, yy] = [0, 0, 0]
    for (let c = 0; c < n; c++) {
      if (far[c] >= clip) continue
      xx += (p[c] * (x[c] - mx) ** 2) / weight
      xy += (p[c] * (x[c] - mx) * (y[c] - my)) / weight
      yy += (p[c] * (y[c] - my) ** 2) / weight
    }
    const determinant = xx * yy - xy * xy
    if (!(determinant > 0)) return null
    for (let c = 0; c < n; c++) {
      const distance = Math.sqrt((yy * x[c] ** 2 - 2 * xy * x[c] * y[c] + xx * y[c] ** 2) / determinant)
      // Once out, a cell stays out.
      far[c] = far[c] >= clip ? Math.max(far[c], distance, clip) : distance
    }
  }
  const determinant = xx * yy - xy * xy
  for (let c = 0; c < n; c++)
    far[c] = Math.sqrt((yy * x[c] ** 2 - 2 * xy * x[c] * y[c] + xx * y[c] ** 2) / determinant)
  let held = 0
  let sigmas = 0
  for (const c of ascending(far)) {
    const before = held
    held += p[c]
    if (held >= level) {
      sigmas += ((far[c] - sigmas) * (level - before)) / p[c]
      break
    }
    sigmas = far[c]
  }
  const middle = (xx + yy) / 2
  const half = Math.hypot((xx - yy) / 2, xy)
  const majorDeg = sigmas * Math.sqrt(middle + half)
  const minorDeg = sigmas * Math.sqrt(Math.max(0, middle - half))
  const positionAngleDeg = ((0.5 * Math.atan2(2 * xy, yy - xx) * 180) / Math.PI + 180) % 180
  const areaDeg2 = ellipseAreaDeg2(majorDeg, minorDeg)
  return {
    ra,
    dec,
    majorDeg,
    minorDeg,
    positionAngleDeg,
    level,
    areaDeg2,
    areaRatio: areaDeg2 / areaAt(map, level, 'interpolated', ranking),
  }
}

/** Area on the sphere of an ellipse in the ARC plane, deg²: ∮ (1 − cos r) dθ over its border. */
function ellipseAreaDeg2(a: number, b: number): number {
  const steps = 720
  let sum = 0
  for (let n = 0; n < steps; n++) {
    const theta = (2 * Math.PI * (n + 0.5)) / steps
    // Border radius in a direction; the step is in eccentric anomaly, which follows the thin ends.
    const [u, v] = [a * Math.cos(theta), b * Math.sin(theta)]
    const r = Math.min(Math.PI, (Math.hypot(u, v) * Math.PI) / 180)
    const turn = (a * b) / (u * u + v * v || 1)
    sum += 2 * Math.sin(r / 2) ** 2 * turn
  }
  return ((sum * 2 * Math.PI) / steps) * deg2PerSr
}
