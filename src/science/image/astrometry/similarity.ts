/** A first solution from four stars: shift, turn and scale between a tangent plane and the image. */
import { tangentFrame } from './tangent.ts'

/** A similarity from the tangent plane at a direction to pixels. */
export interface StartSolution {
  /** Unit vector of the tangent point. */
  readonly centre: readonly [number, number, number]
  /** x + iy = a·(east·parity' + i·north) + b, tangent plane in radians; parity −1 is the sky's. */
  readonly parity: 1 | -1
  readonly a: readonly [number, number]
  readonly b: readonly [number, number]
  /** Middle and mean squared radius (px²) of the quad that made it. */
  readonly from: readonly [x: number, y: number, squaredRadius: number]
}

/** Fits a similarity to four stars. Null where a star is behind the tangent plane or the fit is none. */
export function similarity(
  xyz: Float64Array,
  named: readonly number[],
  x: Float64Array,
  y: Float64Array,
  stars: readonly number[],
  centre: readonly [number, number, number],
  parity: 1 | -1,
): StartSolution | null {
  const frame = tangentFrame(...centre)
  const u = [0, 0, 0, 0]
  const v = [0, 0, 0, 0]
  for (let k = 0; k < 4; k++) {
    const at = 3 * named[k]
    const w = xyz[at] * centre[0] + xyz[at + 1] * centre[1] + xyz[at + 2] * centre[2]
    if (w < 0.05) return null
    u[k] = (parity * (xyz[at] * frame[0] + xyz[at + 1] * frame[1] + xyz[at + 2] * frame[2])) / w
    v[k] = (xyz[at] * frame[3] + xyz[at + 1] * frame[4] + xyz[at + 2] * frame[5]) / w
  }
  const mean = (values: readonly number[]) => (values[0] + values[1] + values[2] + values[3]) / 4
  const px = stars.map((star) => x[star])
  const py = stars.map((star) => y[star])
  const [mu, mv, mx, my] = [mean(u), mean(v), mean(px), mean(py)]
  let [re, im, norm, spread] = [0, 0, 0, 0]
  for (let k = 0; k < 4; k++) {
    const [du, dv, dx, dy] = [u[k] - mu, v[k] - mv, px[k] - mx, py[k] - my]
    re += du * dx + dv * dy
    im += du * dy - dv * dx
    norm += du * du + dv * dv
    spread += dx * dx + dy * dy
  }
  if (norm === 0) return null
  const a = [re / norm, im / norm] as const
  return {
    centre,
    parity,
    a,
    b: [mx - (a[0] * mu - a[1] * mv), my - (a[0] * mv + a[1] * mu)],
    from: [mx, my, spread / 4],
  }
}

/** Projects stars to pixels; the place is in `place` after a call that returned true. */
export function projector(start: StartSolution): {
  (xyz: Float64Array, star: number): boolean
  readonly place: Float64Array
} {
  const { centre, parity, a, b } = start
  const frame = tangentFrame(...centre)
  const place = new Float64Array(2)
  const project = (xyz: Float64Array, star: number): boolean => {
    const [sx, sy, sz] = [xyz[3 * star], xyz[3 * star + 1], xyz[3 * star + 2]]
    const w = sx * centre[0] + sy * centre[1] + sz * centre[2]
    if (w < 0.05) return false
    const u = (parity * (sx * frame[0] + sy * frame[1] + sz * frame[2])) / w
    const v = (sx * frame[3] + sy * frame[4] + sz * frame[5]) / w
    place[0] = a[0] * u - a[1] * v + b[0]
    place[1] = a[0] * v + a[1] * u + b[1]
    return true
  }
  return Object.assign(project, { place })
}

/** Unit vector of a pixel. */
export function directionAt(start: StartSolution, x: number, y: number): [number, number, number] {
  const { centre, parity, a, b } = start
  const norm = a[0] * a[0] + a[1] * a[1]
  const u = (parity * ((x - b[0]) * a[0] + (y - b[1]) * a[1])) / norm
  const v = ((y - b[1]) * a[0] - (x - b[0]) * a[1]) / norm
  const frame = tangentFrame(...centre)
  const vector = [0, 1, 2].map((k) => centre[k] + u * frame[k] + v * frame[3 + k])
  const length = Math.hypot(...vector)
  return [vector[0] / length, vector[1] / length, vector[2] / length]
}
