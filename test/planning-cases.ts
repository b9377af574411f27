/** Telescopes, maps and printed figures that planning is tried on. Numbers of the telescopes: gwemopt's configurations. */
import type { Field, Footprint, PlanningProblem, TelescopeModel, Window } from '#science/planning/model.ts'
import { coverageOf } from '#science/planning/coverage.ts'
import { fieldWindows } from '#science/planning/visibility.ts'
import type { SkyMap } from '#science/skymap/map.ts'
import { sampledCoverage, sharedGrid } from './sampled-coverage.ts'

export const mapFiles = {
  'S241102br-update': 'grandma-gcn/notices/S241102br-update.json',
  'S250207bg-preliminary': 'grandma-gcn/notices/S250207bg-preliminary.json',
  MS181101ab: 'lvk-userguide/bayestar.multiorder.fits',
  'S250720j-preliminary': 'grandma-gcn/notices/S250720j-preliminary.json',
} as const
export type MapName = keyof typeof mapFiles

// Latitude, longitude, height, side or (negative) radius, degrees per second, readout, filter change, least altitude.
const numbers: Record<string, readonly number[]> = {
  TCA: [43.75203, 6.92353, 1320, 1.9, 20, 5, 60, 15],
  TCH: [-29.2608, -70.7322, 2347, 1.9, 20, 5, 0, 15],
  TRE: [-21.201387, 55.407463, 970, 4.2, 20, 10, 0, 20],
  OAJ: [40.0420111, -1.0161911, 1957, 1.4, 4, 12, 60, 30],
  ZTF: [33.3563, -116.8648, 1742, 6.86, 2.6, 10, 60, 30],
  'GOTO-4': [28.7134, -17.9058, 2396, 4.23, 4, 0, 0, 30],
  DECam: [-30.1691, -70.8062, 2241.4, -1.1, 0.3, 28, 8, 30],
  LSST: [-30.1716, -70.8009, 2207, -1.75, 6.3, 2, 0, 30],
  PS1: [20.7204, -156.1552, 3055, -1.4, 0.6, 3, 60, 30],
  ATLAS: [20.7204, -156.1552, 3055, 5.46, 15, 6, 60, 30],
}
export const telescopes: readonly string[] = Object.keys(numbers)

export function modelOf(slug: string): TelescopeModel {
  const [latitude, longitude, elevationM, size, rate, readoutS, filterChangeS, altitudeMinDeg] = numbers[slug]
  const footprint: Footprint =
    size < 0 ? { shape: 'circle', radiusDeg: -size } : { shape: 'box', widthDeg: size, heightDeg: size }
  return {
    slug,
    observer: { latitude, longitude, elevationM },
    limits: { sunAltitudeMaxDeg: -12, altitudeMinDeg, airmassMax: 2.5, moonSeparationMinDeg: 20 },
    footprint,
    slew: { mount: 'direct', axis: { rateDegPerS: rate }, settleS: 0 },
    readoutS,
    readoutBlocksSlew: false,
    overheadS: 0,
    filterChangeS,
  }
}

/** Fields of a telescope's grid that see anything of the densest part of a map, best first; null without the data. */
export function gridNear(map: SkyMap, slug: string, most = Infinity): Field[] | null {
  const grid = sharedGrid(slug)
  if (!grid) return null
  const { footprint } = modelOf(slug)
  const coarse = sampledCoverage(
    map,
    grid.map((field) => ({ footprint, field })),
    { order: 8, level: 0.995 },
  )
  return [...grid.keys()]
    .filter((i) => coarse.fieldWeight[i] > 1e-4)
    .toSorted((a, b) => coarse.fieldWeight[b] - coarse.fieldWeight[a] || a - b)
    .slice(0, most)
    .map((i) => grid[i])
}

export interface Asked {
  readonly exposureS: number
  readonly visits?: number
  readonly cadenceS?: number
  readonly maxFields?: number
  /** Left out: every field may be observed at any time of a long night. */
  readonly night?: Window
}

/** One joint problem for some telescopes over their fields. */
export function problemOf(
  map: SkyMap,
  slugs: readonly string[],
  fields: readonly (readonly Field[])[],
  { exposureS, visits = 1, cadenceS = 0, maxFields, night }: Asked,
): PlanningProblem {
  const always = [{ start: 60_000, end: 61_000 }]
  const models = slugs.map(modelOf)
  const candidates = models.flatMap((model, telescope) => {
    const seen = night && fieldWindows(model, fields[telescope], night)
    return fields[telescope]
      .map((field, i) => ({ telescope, field, windows: seen ? seen[i].windows : always }))
      .filter(({ windows }) => windows.length > 0)
  })
  return {
    tasks: models.map((telescope) => ({
      telescope,
      windows: night ? [night] : always,
      steps: [{ filter: 'r', exposureS, count: 1 }],
      visits,
      cadenceS,
      ...(maxFields === undefined ? {} : { maxFields }),
    })),
    candidates,
    coverage: coverageOf(
      map,
      candidates.map(({ telescope, field }) => ({ footprint: models[telescope].footprint, field })),
    ),
  }
}

/** Best reachable probability for 1, 2, 5, 10, 20, 50 fields without visibility limits, as printed with the data. */
export const reachable: readonly (readonly [MapName, string, readonly number[]])[] = [
  ['S241102br-update', 'TCA', [0.248, 0.442, 0.71, 0.888, 0.979, 0.99]],
  ['S241102br-update', 'TCH', [0.21, 0.4, 0.696, 0.894, 0.976, 0.99]],
  ['S241102br-update', 'TRE', [0.594, 0.766, 0.962, 0.988]],
  ['S241102br-update', 'OAJ', [0.133, 0.259, 0.526, 0.775, 0.925, 0.99]],
  ['S241102br-update', 'ZTF', [0.83, 0.895, 0.985, 0.99]],
  ['S241102br-update', 'GOTO-4', [0.532, 0.784, 0.968, 0.989]],
  ['S250207bg-preliminary', 'TCA', [0.05, 0.099, 0.23, 0.404, 0.668, 0.941]],
  ['S250207bg-preliminary', 'TCH', [0.052, 0.102, 0.233, 0.415, 0.67, 0.943]],
  ['S250207bg-preliminary', 'TRE', [0.128, 0.253, 0.556, 0.83, 0.977, 0.99]],
  ['S250207bg-preliminary', 'OAJ', [0.032, 0.063, 0.148, 0.275, 0.486, 0.816]],
  ['S250207bg-preliminary', 'ZTF', [0.175, 0.329, 0.691, 0.947, 0.989]],
  ['S250207bg-preliminary', 'DECam', [0.054, 0.105, 0.25, 0.445, 0.702, 0.898]],
  ['S250207bg-preliminary', 'LSST', [0.081, 0.156, 0.358, 0.616, 0.858, 0.958]],
  ['MS181101ab', 'TCA', [0.145, 0.289, 0.581, 0.844, 0.969, 0.99]],
  ['MS181101ab', 'TRE', [0.342, 0.576, 0.939, 0.986, 0.99]],
  ['MS181101ab', 'ZTF', [0.554, 0.83, 0.968, 0.99]],
  ['MS181101ab', 'DECam', [0.182, 0.349, 0.677, 0.883, 0.96, 0.99]],
]
export const counts: readonly number[] = [1, 2, 5, 10, 20, 50]

/** Least that counts as the printed figure: 4 % below for two fields and fewer, 2 % for more; null beyond .985. */
export function leastOf(printed: number, fields: number): number | null {
  return printed > 0.985 ? null : printed * (fields <= 2 ? 0.96 : 0.98)
}
