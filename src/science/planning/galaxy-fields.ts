/** Fields over galaxies: each placed so that it holds as much of their weight as could be found, several galaxies at once. */
import { Problem } from '#problem.ts'
import {
  degreesPerRadian,
  directionOf,
  offsetBy,
  radiansPerDegree,
  unitVector,
} from '#science/sky/vectors.ts'
import { climb } from './climb.ts'
import { containsTest, footprintRadiusDeg } from './footprint.ts'
import type { Field, Footprint, Offset } from './model.ts'

export interface WeightedGalaxy {
  readonly name: string
  readonly ra: number
  readonly dec: number
  readonly weight: number
}

export interface GalaxyField extends Field {
  /** Weight that no field before it holds. */
  readonly weight: number
  /** Galaxies in it, by index, heaviest first; also those that a field before it holds. */
  readonly galaxies: readonly number[]
}

/** Pairs of near galaxies between which a field is tried, for each galaxy. */
const NEIGHBOURS = 12

/**
 * At most `count` fields, each the one found to hold most of the weight that is left, until every galaxy is in one: tried on
 * each galaxy and between near ones, moved until no move helps, then centred on what they hold. A field is named by its
 * heaviest galaxy that is new.
 * @throws Problem planning.invalid
 */
export function galaxyFields(
  galaxies: readonly WeightedGalaxy[],
  footprint: Footprint,
  { count = 400 }: { count?: number } = {},
): GalaxyField[] {
  if (!(Number.isInteger(count) && count > 0 && count <= 5000))
    throw new Problem('planning.invalid', `Between 1 and 5000 fields can be placed, not ${count}.`)
  const sky = createSky(galaxies, footprint)
  const left = Float64Array.from(galaxies, ({ weight }) => weight)
  const gainOf = (field: Field): number => sky.held(field).reduce((sum, i) => sum + left[i], 0)
  const seeds = seedsOf(galaxies, footprint, sky)
  // What a seed holds only gets less: one that still leads after a fresh look is the best of all.
  const bound = Float64Array.from(seeds, gainOf)
  const heap = createHeap(bound)
  const fields: GalaxyField[] = []
  const names = new Set<string>()
  while (fields.length < count) {
    const top = heap.best()
    if (!(bound[top] > 0)) break
    const now = gainOf(seeds[top])
    if (now < bound[top]) {
      heap.lower(top, now)
      continue
    }
    const step = footprintRadiusDeg(footprint, seeds[top]) / 4
    const moved = climb(seeds[top], gainOf, { step, least: step / 16, tries: 60 })
    const field = centred(moved.field, galaxies, sky, left, moved.value)
    const held = sky.held(field).toSorted((a, b) => galaxies[b].weight - galaxies[a].weight || a - b)
    const fresh = held.filter((i) => left[i] > 0)
    const name = uniqueName(galaxies[fresh[0]].name, names)
    fields.push({ ra: field.ra, dec: field.dec, id: name, weight: gainOf(field), galaxies: held })
    for (const i of fresh) left[i] = 0
  }
  return fields
}

function uniqueName(name: string, taken: Set<string>): string {
  let unique = name
  for (let n = 2; taken.has(unique); n++) unique = `${name} ${n}`
  taken.add(unique)
  return unique
}

interface Sky {
  /** Galaxies in a field. */
  held(this: void, field: Field): number[]
  /** Galaxies within an angle (degrees) of a direction. */
  near(this: void, ra: number, dec: number, radiusDeg: number): number[]
}

/** Galaxies found again by declination. */
function createSky(galaxies: readonly WeightedGalaxy[], footprint: Footprint): Sky {
  const order = galaxies.map((_, i) => i).sort((a, b) => galaxies[a].dec - galaxies[b].dec)
  const decs = Float64Array.from(order, (i) => galaxies[i].dec)
  const vectors = galaxies.map(({ ra, dec }) => unitVector(ra, dec))
  const from = (dec: number): number => {
    let low = 0
    let high = decs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (decs[middle] < dec) low = middle + 1
      else high = middle
    }
    return low
  }
  const near: Sky['near'] = (ra, dec, radiusDeg) => {
    const [x, y, z] = unitVector(ra, dec)
    const chord2 = 4 * Math.sin(Math.min(Math.PI / 2, (radiusDeg * radiansPerDegree) / 2)) ** 2 + 1e-14
    const found: number[] = []
    for (let n = from(dec - radiusDeg - 1e-9); n < decs.length && decs[n] <= dec + radiusDeg + 1e-9; n++) {
      const v = vectors[order[n]]
      if ((v[0] - x) ** 2 + (v[1] - y) ** 2 + (v[2] - z) ** 2 <= chord2) found.push(order[n])
    }
    return found
  }
  return {
    near,
    held(field) {
      const holds = containsTest(footprint, field)
      return near(field.ra, field.dec, footprintRadiusDeg(footprint, field)).filter((i) =>
        holds(...vectors[i]),
      )
    },
  }
}

/** Places to start from: each galaxy where a detector sees it, and the middle between it and its heaviest neighbours. */
function seedsOf(galaxies: readonly WeightedGalaxy[], footprint: Footprint, sky: Sky): Field[] {
  const seeds: Field[] = []
  const spots = spotsOf(footprint)
  galaxies.forEach(({ ra, dec, weight }, i) => {
    if (!(weight > 0)) return
    for (const [east, north] of spots) {
      const distance = Math.atan(Math.hypot(east, north) * radiansPerDegree) * degreesPerRadian
      const [r, d] =
        distance > 0 ? offsetBy(ra, dec, Math.atan2(-east, -north) * degreesPerRadian, distance) : [ra, dec]
      seeds.push({ id: '', ra: r, dec: d })
    }
    const others = sky
      .near(ra, dec, Math.min(180, 2 * footprintRadiusDeg(footprint, { dec })))
      .filter(
        (j) =>
          j !== i &&
          galaxies[j].weight > 0 &&
          (galaxies[j].weight < weight || (galaxies[j].weight === weight && j > i)),
      )
      .sort((a, b) => galaxies[b].weight - galaxies[a].weight || a - b)
    for (const j of others.slice(0, NEIGHBOURS)) {
      const [a, b] = [unitVector(ra, dec), unitVector(galaxies[j].ra, galaxies[j].dec)]
      const [r, d] = directionOf([a[0] + b[0], a[1] + b[1], a[2] + b[2]])
      seeds.push({ id: '', ra: r, dec: d })
    }
  })
  return seeds
}

/** Where in the field a galaxy is well seen, degrees east and north on the tangent plane. */
function spotsOf(footprint: Footprint): Offset[] {
  if (footprint.shape !== 'mosaic' && footprint.shape !== 'polygon') return [[0, 0]]
  const polygons = footprint.shape === 'mosaic' ? footprint.polygons : [footprint.vertices]
  const atCentre = containsTest(footprint, { id: '', ra: 0, dec: 0 })(1, 0, 0)
  return [
    ...(atCentre ? [[0, 0] as const] : []),
    ...polygons.map((corners): Offset => [
      corners.reduce((sum, [east]) => sum + east, 0) / corners.length,
      corners.reduce((sum, [, north]) => sum + north, 0) / corners.length,
    ]),
  ]
}

/** The field moved to the middle of what it holds (the weight's, else of their extent) where it holds as much there. */
function centred(
  field: Field,
  galaxies: readonly WeightedGalaxy[],
  sky: Sky,
  left: Float64Array,
  value: number,
): Field {
  const held = sky.held(field).filter((i) => left[i] > 0)
  const vectors = held.map((i) => unitVector(galaxies[i].ra, galaxies[i].dec))
  const extent = [0, 1, 2].map(
    (c) => (Math.min(...vectors.map((v) => v[c])) + Math.max(...vectors.map((v) => v[c]))) / 2,
  )
  const middle = [0, 1, 2].map((c) => held.reduce((sum, i, n) => sum + left[i] * vectors[n][c], 0))
  for (const [x, y, z] of [middle, extent]) {
    const [ra, dec] = directionOf([x, y, z])
    const there = { id: '', ra, dec }
    if (sky.held(there).reduce((sum, i) => sum + left[i], 0) >= value * (1 - 1e-12)) return there
  }
  return field
}

/** The largest of values that only ever get smaller. */
function createHeap(values: Float64Array): { best(): number; lower(at: number, value: number): void } {
  const heap = [...values.keys()].sort((a, b) => values[b] - values[a] || a - b)
  return {
    best: () => heap[0],
    // The one lowered is always the best.
    lower(at, value) {
      values[at] = value
      let i = 0
      for (;;) {
        let next = i
        for (const child of [2 * i + 1, 2 * i + 2])
          if (child < heap.length && values[heap[child]] > values[heap[next]]) next = child
        if (next === i) return
        ;[heap[i], heap[next]] = [heap[next], heap[i]]
        i = next
      }
    },
  }
}
