import { cellArea, cellCentre, refine, type MapRow, type Vector } from './cells.ts'

/**
 * Where a network of interferometers would place a compact binary merger: arrival-time differences and amplitude
 * ratios against those of the true direction (Fairhurst 2009; Singer & Price 2016, in spirit: no waveform, no noise).
 */
interface Detector {
  /** Earth-fixed position, m. */
  position: Vector
  /** Earth-fixed unit vectors along the arms. */
  arms: readonly [Vector, Vector]
}

export const detectors = {
  H1: {
    position: [-2161414.926, -3834695.179, 4600350.227],
    arms: [
      [-0.22389266, 0.79983063, 0.55690488],
      [-0.91397819, 0.02609404, -0.40492342],
    ],
  },
  L1: {
    position: [-74276.045, -5496283.72, 3224257.017],
    arms: [
      [-0.95457412, -0.14158077, -0.26218911],
      [0.29774157, -0.48791034, -0.82054461],
    ],
  },
  V1: {
    position: [4546374.099, 842989.698, 4378576.962],
    arms: [
      [-0.70045821, 0.20848949, 0.68256166],
      [-0.05379255, -0.96908181, 0.24080452],
    ],
  },
} as const satisfies Record<string, Detector>

export type DetectorName = keyof typeof detectors

export interface Source {
  direction: Vector
  /** Mpc. */
  distance: number
  /** Of the arrival, Julian date (UT is precise enough here). */
  julianDate: number
}

/** How well the network did: one detector alone has no timing. */
export interface Skill {
  instruments: readonly DetectorName[]
  /** Timing error of one detector, s. */
  timing: number
  /** Fractional amplitude error. */
  amplitude: number
}

export interface SimulatedMap {
  rows: MapRow[]
  /** Marginal mean and standard deviation of the distance, Mpc. */
  distMean: number
  distStd: number
  /** Deg², to see in a log what was made. */
  area90: number
}

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
const speedOfLight = 299792458

/** Posterior over direction and distance as a multi-order map of 3072 + 2304 · 7 = 19,200 cells. */
export function localize(source: Source, skill: Skill): SimulatedMap {
  const sidereal = ((280.46061837 + 360.98564736629 * (source.julianDate - 2451545)) * Math.PI) / 180
  const [cos, sin] = [Math.cos(sidereal), Math.sin(sidereal)]
  const toEarth = ([x, y, z]: Vector): Vector => [cos * x + sin * y, -sin * x + cos * y, z]
  const network = skill.instruments.map((name): Detector => detectors[name])

  const respond = (direction: Vector) => {
    const n = toEarth(direction)
    const delays = network.map(({ position }) => -dot(n, position) / speedOfLight)
    const amplitudes = network.map(({ arms }) => response(arms, n))
    return { delays, amplitudes, total: Math.sqrt(amplitudes.reduce((sum, a) => sum + a * a, 0)) }
  }
  const truth = respond(source.direction)
  const density = (direction: Vector) => {
    const here = respond(direction)
    let chi2 = 0
    for (let i = 1; i < network.length; i++) {
      const lag = here.delays[i] - here.delays[0] - (truth.delays[i] - truth.delays[0])
      chi2 += (lag / (skill.timing * Math.SQRT2)) ** 2
    }
    for (let i = 0; i < network.length; i++) {
      const ratio = here.amplitudes[i] / here.total - truth.amplitudes[i] / truth.total
      chi2 += (ratio / skill.amplitude) ** 2
    }
    // Sources are uniform in volume: a direction that is heard farther holds more of them.
    return Math.exp(-chi2 / 2) * here.total ** 3
  }

  const cells = refine(density, 7)
  const sum = cells.reduce((total, cell) => total + cell.value * cellArea(cell.order), 0)
  // σ is the same fraction of μ everywhere, so the moments of one direction are those of all, scaled.
  const fractional = 0.16 + 0.5 * skill.amplitude
  const [second, third, fourth] = [0, 1, 2].map((k) => secondMoment(1, fractional, k))
  const rows = cells.map(({ order, ipix, value }): MapRow => {
    // Where the network hears better, the same signal comes from farther away.
    const heard = respond(cellCentre({ order, ipix })).total / truth.total
    const distmu = source.distance * (0.3 + 0.7 * heard)
    const distsigma = fractional * distmu
    return {
      order,
      ipix,
      density: value / sum,
      distmu,
      distsigma,
      distnorm: 1 / (second * distmu ** 2),
    }
  })
  rows.sort((a, b) => a.ipix * 4 ** (11 - a.order) - b.ipix * 4 ** (11 - b.order))

  let mean = 0
  let square = 0
  for (const row of rows) {
    const p = row.density * cellArea(row.order)
    mean += p * row.distmu * (third / second)
    square += p * row.distmu ** 2 * (fourth / second)
  }
  return { rows, distMean: mean, distStd: Math.sqrt(square - mean * mean), area90: credibleArea(rows, 0.9) }
}

/** √(F₊² + F×²) of an interferometer for a wave from Earth-fixed direction n. */
function response([x, y]: readonly [Vector, Vector], n: Vector): number {
  const horizontal = Math.sqrt(n[0] * n[0] + n[1] * n[1]) || 1e-12
  const east: Vector = [-n[1] / horizontal, n[0] / horizontal, 0]
  const north: Vector = [
    n[1] * east[2] - n[2] * east[1],
    n[2] * east[0] - n[0] * east[2],
    n[0] * east[1] - n[1] * east[0],
  ]
  const [xe, xn, ye, yn] = [dot(x, east), dot(x, north), dot(y, east), dot(y, north)]
  const plus = (xe * xe - xn * xn - ye * ye + yn * yn) / 2
  const cross = xe * xn - ye * yn
  return Math.sqrt(plus * plus + cross * cross)
}

/** ∫ r^(2+k) Normal(r; μ, σ) dr over r ≥ 0, by Simpson's rule. */
function secondMoment(mu: number, sigma: number, k: number): number {
  const [from, to, steps] = [Math.max(0, mu - 8 * sigma), mu + 8 * sigma, 64]
  const step = (to - from) / steps
  let sum = 0
  for (let i = 0; i <= steps; i++) {
    const r = from + i * step
    const weight = i === 0 || i === steps ? 1 : i % 2 ? 4 : 2
    sum += weight * r ** (2 + k) * Math.exp(-0.5 * ((r - mu) / sigma) ** 2)
  }
  return (sum * step) / 3 / (Math.sqrt(2 * Math.PI) * sigma)
}

/** Area of the smallest region that holds `level`, deg². */
function credibleArea(rows: readonly MapRow[], level: number): number {
  let held = 0
  let area = 0
  for (const row of [...rows].sort((a, b) => b.density - a.density)) {
    if (held >= level) break
    held += row.density * cellArea(row.order)
    area += cellArea(row.order)
  }
  return area * (180 / Math.PI) ** 2
}
