/**
 * Maps made from what instruments without maps publish: circles, ellipses and annuli with a stated containment. Cells
 * are cut where the density changes most, so that an error of an arcsecond and one of half the sky both fit in 20,000.
 */
import { Problem } from '#problem.ts'
import { centreOf, maxPixelRadius, pixelAreaDeg2 } from '#science/sky/healpix.ts'
import { positionAngle, separation } from '#science/sky/vectors.ts'
import { createCellList, mergeEqual } from './cells.ts'
import { cellAreasSr, finestOrder, noted, scaledBy, sortCells, totalOf } from './map.ts'
import type { SkyMap, SkyMapMeta } from './map.ts'
import { normalWidth } from './normal.ts'

/** Used for an error of 0, which some instruments send for "small", degrees. */
const zeroErrorDeg = 0.001
/** Smallest error that order-24 cells (0.01″) can show, degrees. */
const leastErrorDeg = 2e-5
/** Above this Gaussian width the sphere is curved and von Mises–Fisher takes over, degrees. */
const flatLimitDeg = 5
/** A Gaussian is cut off here; 4·10⁻⁶ of it lies outside. */
const cutOff = 5
const maxCells = 20_000
const rad = Math.PI / 180

/** A density to be made a map of: its value at a direction, and bounds for a cell of a radius around it (degrees). */
interface Shape {
  valueAt(ra: number, dec: number): number
  boundsAt(ra: number, dec: number, radius: number): { low: number; high: number }
}

/** A density that falls with one argument m(direction); `steepness` is the most that m changes per degree. */
function fallingShape(
  argumentAt: (ra: number, dec: number) => number,
  steepness: number,
  value: (m: number) => number,
): Shape {
  return {
    valueAt: (ra, dec) => value(argumentAt(ra, dec)),
    boundsAt: (ra, dec, radius) => {
      const m = argumentAt(ra, dec)
      const step = radius * steepness
      return { low: value(m + step), high: value(Math.max(0, m - step)) }
    },
  }
}

const gaussian = (m: number): number => (m > cutOff ? 0 : Math.exp(-0.5 * m * m))

/** Refinement: cells that might still be cut, by how much probability they might hide. A binary heap. */
function createHeap(): {
  push(key: number, order: number, ipix: number): void
  pop(): [order: number, ipix: number] | undefined
  top(): number
} {
  const heap: { key: number; order: number; ipix: number }[] = []
  const swap = (i: number, j: number): void => {
    ;[heap[i], heap[j]] = [heap[j], heap[i]]
  }
  const before = (i: number, j: number): boolean =>
    heap[i].key > heap[j].key ||
    (heap[i].key === heap[j].key && heap[i].ipix / 4 ** heap[i].order < heap[j].ipix / 4 ** heap[j].order)
  return {
    top: () => heap[0]?.key ?? 0,
    push(key, order, ipix) {
      heap.push({ key, order, ipix })
      for (let i = heap.length - 1; i > 0;) {
        const parent = (i - 1) >> 1
        if (!before(i, parent)) break
        swap(i, parent)
        i = parent
      }
    },
    pop() {
      if (heap.length === 0) return undefined
      const { order, ipix } = heap[0]
      const last = heap.pop()!
      if (heap.length > 0) heap[0] = last
      for (let i = 0; ;) {
        let best = i
        for (const child of [2 * i + 1, 2 * i + 2])
          if (child < heap.length && before(child, best)) best = child
        if (best === i) break
        swap(i, best)
        i = best
      }
      return [order, ipix]
    },
  }
}

/** Mean density over a cell from the centres of its children. */
function meanOver(shape: Shape, order: number, ipix: number): number {
  const depth = Math.min(24, order + 1)
  const count = 4 ** (depth - order)
  let sum = 0
  for (let n = 0; n < count; n++) {
    const [ra, dec] = centreOf(depth, ipix * count + n)
    sum += shape.valueAt(ra, dec)
  }
  return sum / count
}

/**
 * Cuts the sky into at most `maxCells` cells, always the one next whose density is least certain, and gives each its
 * mean density. Where nothing may lie, cells stay large.
 */
function mapOfShape(shape: Shape, meta: SkyMapMeta): SkyMap {
  const radii = Array.from({ length: 25 }, (_, order) => maxPixelRadius(order) * 1.0001)
  const open = createHeap()
  const cells = createCellList(1)
  const offer = (order: number, ipix: number): void => {
    const [ra, dec] = centreOf(order, ipix)
    const { low, high } = shape.boundsAt(ra, dec, radii[order])
    open.push(order < 24 ? cellAreasSr[order] * (high - low) : 0, order, ipix)
  }
  for (let ipix = 0; ipix < 12; ipix++) offer(0, ipix)
  for (let count = 12; count + 3 <= maxCells && open.top() > 0; count += 3) {
    const [order, ipix] = open.pop()!
    for (let child = 0; child < 4; child++) offer(order + 1, 4 * ipix + child)
  }
  for (let next = open.pop(); next; next = open.pop()) cells.add(next[0], next[1], [meanOver(shape, ...next)])
  const map = sortCells(cells.map(meta))
  const total = totalOf(map)
  if (!(total > 0)) throw new Problem('skymap.invalid', 'The error region is too small to be made a map of.')
  return mergeEqual(scaledBy(map, 1 / total))
}

function checkDirection(ra: number, dec: number): void {
  if (!Number.isFinite(ra) || !(dec >= -90 && dec <= 90)) {
    throw new Problem(
      'skymap.invalid',
      `RA ${ra}, Dec ${dec} is no direction; give degrees, Dec between −90 and 90.`,
    )
  }
}

function checkContainment(containment: number): void {
  if (!(containment > 0 && containment < 1)) {
    throw new Problem(
      'skymap.invalid',
      `The containment ${containment} of the error region is not between 0 and 1; write 0.9 for 90 %.`,
      { containment },
    )
  }
}

/** An error as it is used, degrees, and what is to be said about it. */
function errorOf(error: number, what: string, notes: string[]): number {
  if (!(error >= 0 && error <= 180)) {
    throw new Problem(
      'skymap.invalid',
      `The ${what} ${error} of the error region is not between 0° and 180°.`,
      { [what]: error },
    )
  }
  if (error === 0) {
    notes.push(`A ${what} of 0 was taken as ${zeroErrorDeg}°.`)
    return zeroErrorDeg
  }
  if (error >= leastErrorDeg) return error
  notes.push(`A ${what} of ${error}° was taken as ${leastErrorDeg}°, the finest that is kept.`)
  return leastErrorDeg
}

/** σ of a two-dimensional Gaussian that holds `containment` within `radius`; in the unit of `radius`. */
function sigmaOfRadius(radius: number, containment: number): number {
  return radius / Math.sqrt(-2 * Math.log1p(-containment))
}

/** κ of a von Mises–Fisher distribution that holds `containment` within `radius` (degrees). */
function concentrationOf(radius: number, containment: number): number {
  const far = 2 * Math.sin((radius * rad) / 2) ** 2
  const within = (kappa: number): number =>
    kappa < 1e-9 ? far / 2 : Math.expm1(-kappa * far) / Math.expm1(-2 * kappa)
  if (within(1e-9) >= containment) return 0
  let low = 1e-9
  let high = 1e6
  for (let i = 0; i < 200 && high - low > 1e-14 * high; i++) {
    const middle = Math.sqrt(low * high)
    if (within(middle) < containment) low = middle
    else high = middle
  }
  return Math.sqrt(low * high)
}

/**
 * A circle of `radiusDeg` that holds `containment` of the probability: Gaussian in the angle for σ ≤ 5°, von
 * Mises–Fisher above. A radius of 0 is taken as 0.001° and said so. Throws `skymap.invalid`.
 */
export function circleMap(ra: number, dec: number, radiusDeg: number, containment: number): SkyMap {
  checkDirection(ra, dec)
  checkContainment(containment)
  const notes: string[] = []
  const radius = errorOf(radiusDeg, 'radius', notes)
  const sigma = sigmaOfRadius(radius, containment)
  const meta: SkyMapMeta = {
    creator: 'urania circle',
    region: { kind: 'circle', ra, dec, radiusDeg: radius, containment },
    ...(notes.length > 0 ? { notes } : {}),
  }
  const angle = (lon: number, lat: number): number => separation(ra, dec, lon, lat)
  if (sigma <= flatLimitDeg)
    return mapOfShape(
      fallingShape((lon, lat) => angle(lon, lat) / sigma, 1 / sigma, gaussian),
      meta,
    )
  const kappa = concentrationOf(radius, containment)
  return mapOfShape(
    fallingShape(angle, 1, (d) => Math.exp(-2 * kappa * Math.sin((Math.min(d, 180) * rad) / 2) ** 2)),
    meta,
  )
}

/**
 * An ellipse with the semi-axes and position angle (of the first axis, north through east) that hold `containment`:
 * Gaussian, in the plane that keeps angles from the centre. Throws `skymap.invalid`.
 */
export function ellipseMap(
  ra: number,
  dec: number,
  majorDeg: number,
  minorDeg: number,
  positionAngleDeg: number,
  containment: number,
): SkyMap {
  checkDirection(ra, dec)
  checkContainment(containment)
  const notes: string[] = []
  const a = errorOf(majorDeg, 'semi-major axis', notes)
  const b = errorOf(minorDeg, 'semi-minor axis', notes)
  if (!Number.isFinite(positionAngleDeg)) {
    throw new Problem(
      'skymap.invalid',
      `The position angle ${positionAngleDeg} of the error ellipse is not a number of degrees.`,
    )
  }
  const scale = sigmaOfRadius(1, containment)
  const argument = (lon: number, lat: number): number => {
    const d = separation(ra, dec, lon, lat)
    const turn = (positionAngle(ra, dec, lon, lat) - positionAngleDeg) * rad
    return Math.hypot((d * Math.cos(turn)) / a, (d * Math.sin(turn)) / b) / scale
  }
  const reach = Math.min(179, cutOff * scale * Math.max(a, b))
  // Away from the centre the plane stretches the sky by d/sin d.
  const stretch = Math.max(1, (reach * rad) / Math.sin(Math.min(reach, 120) * rad))
  const shape = fallingShape(argument, stretch / (scale * Math.min(a, b)), gaussian)
  const region = { kind: 'ellipse', ra, dec, majorDeg: a, minorDeg: b, positionAngleDeg, containment }
  return mapOfShape(shape, { creator: 'urania ellipse', region, ...(notes.length > 0 ? { notes } : {}) })
}

/**
 * An annulus (IPN) of `radiusDeg` around a direction: Gaussian in the distance to the circle, `containment` of it
 * within ±`halfWidthDeg`. Several annuli are combined with `combine`. Throws `skymap.invalid`.
 */
export function annulusMap(
  ra: number,
  dec: number,
  radiusDeg: number,
  halfWidthDeg: number,
  containment: number,
): SkyMap {
  checkDirection(ra, dec)
  checkContainment(containment)
  const notes: string[] = []
  const width = errorOf(halfWidthDeg, 'half-width', notes)
  if (!(radiusDeg >= 0 && radiusDeg <= 180)) {
    throw new Problem('skymap.invalid', `The radius ${radiusDeg} of the annulus is not between 0° and 180°.`)
  }
  const sigma = width / normalWidth(containment)
  const shape = fallingShape(
    (lon, lat) => Math.abs(separation(ra, dec, lon, lat) - radiusDeg) / sigma,
    1 / sigma,
    gaussian,
  )
  const region = { kind: 'annulus', ra, dec, radiusDeg, halfWidthDeg: width, containment }
  const map = mapOfShape(shape, { creator: 'urania annulus', region, ...(notes.length > 0 ? { notes } : {}) })
  const cell = Math.sqrt(pixelAreaDeg2(finestOrder(map)))
  if (cell < sigma) return map
  return noted(
    map,
    `The annulus is thinner than ${maxCells} cells can follow: its density is averaged over cells of ${cell.toPrecision(2)}°, which widens it.`,
  )
}

/**
 * The map with the part of the sky in a cone (the Earth, for satellites) emptied and the rest scaled to one: cells are
 * kept as they are, those cut by the edge keep the part outside. Throws `skymap.no_overlap` where nothing is left.
 */
export function withoutCone(map: SkyMap, ra: number, dec: number, radiusDeg: number): SkyMap {
  checkDirection(ra, dec)
  const density = Float64Array.from(map.density, (value, i) => {
    if (value === 0) return 0
    const k = map.order[i]
    const [lon, lat] = centreOf(k, map.ipix[i])
    const d = separation(ra, dec, lon, lat)
    if (d > radiusDeg + maxPixelRadius(k)) return value
    if (d < radiusDeg - maxPixelRadius(k)) return 0
    const depth = Math.min(24, k + 2)
    const count = 4 ** (depth - k)
    let outside = 0
    for (let n = 0; n < count; n++)
      if (separation(ra, dec, ...centreOf(depth, map.ipix[i] * count + n)) > radiusDeg) outside++
    return (value * outside) / count
  })
  const cut = { ...map, density }
  const left = totalOf(cut)
  if (!(left > 0)) {
    throw new Problem(
      'skymap.no_overlap',
      'Nothing of the sky map lies outside the cone that is to be taken out.',
    )
  }
  return noted(
    scaledBy(cut, 1 / left),
    `A cone of ${radiusDeg}° around RA ${ra}, Dec ${dec} was taken out; it held ${(1 - left).toPrecision(4)} of the probability.`,
  )
}
