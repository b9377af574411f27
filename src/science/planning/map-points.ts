/** A map as a few thousand weighted points, on which places for fields are looked for before they are judged exactly. */
import { faceOfPixel, pixelAreaSr } from '#science/sky/healpix.ts'
import { directionOf, radiansPerDegree } from '#science/sky/vectors.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { cellSides, writePoint } from './cell-shape.ts'
import { containsTest, footprintRadiusDeg } from './footprint.ts'
import type { Field, Footprint } from './model.ts'

const MOST_POINTS = 20_000

export interface MapPoints {
  /** Unit vectors. */
  readonly xyz: Float64Array
  readonly weight: Float64Array
  /** A field at each of them. */
  readonly seeds: readonly Field[]
}

/**
 * The cells counted in `region` (see `regionCounts`) as points, a fifth of `radiusDeg` apart or as far as keeps them few:
 * each the mean place of the probability in one HEALPix pixel.
 */
export function samplePoints(map: SkyMap, region: Uint32Array, radiusDeg: number): MapPoints {
  let order = 0
  while (order < 24 && cellSides[order] > (radiusDeg * radiansPerDegree) / 5) order++
  while (order > 0 && pointCount(map, region, order) > MOST_POINTS) order--
  const count = pointCount(map, region, order)
  const xyz = new Float64Array(3 * count)
  const weight = new Float64Array(count)
  const v = new Float64Array(3)
  let n = -1
  let last = -1
  const add = (pixel: number, k: number, p: number, w: number): void => {
    if (pixel !== last) n++
    last = pixel
    const { f, x, y } = faceOfPixel(k, p)
    writePoint(f, x + 0.5, y + 0.5, 2 ** k, v, 0)
    // A trace of the area, so that places in empty cells are places too.
    const mass = w + 1e-12 * pixelAreaSr(k)
    for (let i = 0; i < 3; i++) xyz[3 * n + i] += mass * v[i]
    weight[n] += w
  }
  eachPixel(map, region, order, (i, pixel, parts) => {
    const k = map.order[i]
    if (parts === 1) add(pixel, k, map.ipix[i], map.density[i] * pixelAreaSr(k))
    else for (let p = 0; p < parts; p++) add(pixel + p, order, pixel + p, map.density[i] * pixelAreaSr(order))
  })
  const seeds = Array.from(weight, (_, i): Field => {
    const l = Math.hypot(xyz[3 * i], xyz[3 * i + 1], xyz[3 * i + 2])
    for (let c = 0; c < 3; c++) xyz[3 * i + c] /= l
    const [ra, dec] = directionOf([xyz[3 * i], xyz[3 * i + 1], xyz[3 * i + 2]])
    return { id: '', ra, dec }
  })
  return { xyz, weight, seeds }
}

/** For each counted cell its (first) pixel at `order` and how many pixels it fills. */
function eachPixel(
  map: SkyMap,
  region: Uint32Array,
  order: number,
  each: (cell: number, pixel: number, parts: number) => void,
): void {
  for (let i = 0; i < map.order.length; i++) {
    if (region[i] === region[i + 1]) continue
    const k = map.order[i]
    if (k >= order) each(i, Math.floor(map.ipix[i] / 4 ** (k - order)), 1)
    else each(i, map.ipix[i] * 4 ** (order - k), 4 ** (order - k))
  }
}

function pointCount(map: SkyMap, region: Uint32Array, order: number): number {
  let count = 0
  let last = -1
  eachPixel(map, region, order, (_, pixel, parts) => {
    if (parts > 1 || pixel !== last) count += parts
    last = pixel
  })
  return count
}

/** Of candidate fields the ones that, one after the other, catch most of what is left; at most `count`. */
export function greedyPlaces(
  { xyz, weight }: MapPoints,
  footprint: Footprint,
  candidates: readonly Field[],
  count: number,
): Field[] {
  const near = createNear(
    xyz,
    Math.min(2, 2 * Math.sin((footprintRadiusDeg(footprint) * radiansPerDegree) / 2)),
  )
  const left = weight.slice()
  const caught = (field: Field, each: (point: number) => void): void => {
    const holds = containsTest(footprint, field)
    near(field, (p) => {
      if (left[p] > 0 && holds(xyz[3 * p], xyz[3 * p + 1], xyz[3 * p + 2])) each(p)
    })
  }
  const gainOf = (field: Field): number => {
    let sum = 0
    caught(field, (p) => void (sum += left[p]))
    return sum
  }
  // What a field catches only gets less: one that still leads after a fresh look is the best of all.
  const bound = Float64Array.from(candidates, gainOf)
  const chosen: Field[] = []
  let fresh = -1
  while (chosen.length < count) {
    let top = 0
    for (let i = 1; i < bound.length; i++) if (bound[i] > bound[top]) top = i
    if (!(bound[top] > 0)) break
    if (top === fresh) {
      chosen.push(candidates[top])
      caught(candidates[top], (p) => void (left[p] = 0))
      bound[top] = 0
      fresh = -1
    } else {
      bound[top] = gainOf(candidates[top])
      fresh = top
    }
  }
  return chosen
}

/** Points within about `chord` of a field, by a grid of cubes of that size around the sphere's centre. */
function createNear(xyz: Float64Array, chord: number): (field: Field, each: (point: number) => void) => void {
  const side = Math.max(chord, 1e-6)
  const key = (i: number, j: number, k: number): number =>
    ((i + 2e6) * 4e6 + (j + 2e6)) * 64 + ((k + 2e6) % 64)
  const cubes = new Map<number, number[]>()
  for (let p = 0; p < xyz.length / 3; p++) {
    const at = key(
      Math.floor(xyz[3 * p] / side),
      Math.floor(xyz[3 * p + 1] / side),
      Math.floor(xyz[3 * p + 2] / side),
    )
    const list = cubes.get(at)
    if (list) list.push(p)
    else cubes.set(at, [p])
  }
  return ({ ra, dec }, each) => {
    const c = Math.cos(dec * radiansPerDegree)
    const i = Math.floor((c * Math.cos(ra * radiansPerDegree)) / side)
    const j = Math.floor((c * Math.sin(ra * radiansPerDegree)) / side)
    const k = Math.floor(Math.sin(dec * radiansPerDegree) / side)
    for (let di = -1; di <= 1; di++) {
      for (let dj = -1; dj <= 1; dj++) {
        for (let dk = -1; dk <= 1; dk++) cubes.get(key(i + di, j + dj, k + dk))?.forEach(each)
      }
    }
  }
}
