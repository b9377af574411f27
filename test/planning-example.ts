/** Planning problems made up from a seed: fields and sky scattered over a patch, windows of every kind. */
import { seededRandom } from '#science/simulate/random.ts'
import type {
  Candidate,
  Coverage,
  PlanningProblem,
  Slew,
  TelescopeTask,
  Window,
} from '#science/planning/model.ts'

export interface ExampleSize {
  readonly telescopes: number
  readonly fields: number
  readonly hours: number
  readonly exposureS: number
  readonly visits?: number
  readonly cadenceS?: number
  readonly mount?: Slew['mount']
  readonly rateDegPerS?: number
  readonly filters?: readonly string[]
  readonly maxFields?: number
  readonly readoutBlocksSlew?: boolean
  /** Points of sky, each with the same weight. */
  readonly points?: number
}

/** `fields` candidates of each telescope. The same seed and size make the same problem. */
export function exampleProblem(seed: number, size: ExampleSize): PlanningProblem {
  const random = seededRandom(seed)
  const { uniform } = random
  const start = 60_000
  const night: Window = { start, end: start + size.hours / 24 }
  const tasks: TelescopeTask[] = []
  const candidates: Candidate[] = []
  for (let t = 0; t < size.telescopes; t++) {
    tasks.push({
      telescope: {
        slug: `example-${t}`,
        observer: { longitude: 10 * t, latitude: 30, elevationM: 0 },
        limits: { sunAltitudeMaxDeg: -12, altitudeMinDeg: 20 },
        footprint: { shape: 'circle', radiusDeg: 1.8 },
        slew: slewOf(size.mount ?? 'direct', size.rateDegPerS ?? 1),
        readoutS: 10,
        readoutBlocksSlew: size.readoutBlocksSlew ?? false,
        overheadS: 5,
        filterChangeS: 30,
      },
      windows: uniform() < 0.8 ? [night] : halves(night),
      steps: (size.filters ?? ['r']).map((filter, k) => ({
        filter,
        exposureS: size.exposureS + 10 * k,
        count: 1 + (k % 2),
      })),
      visits: size.visits ?? 1,
      cadenceS: size.cadenceS ?? 0,
      ...(size.maxFields === undefined ? {} : { maxFields: size.maxFields }),
    })
    for (let k = 0; k < size.fields; k++) {
      const length = night.end - night.start
      const from = night.start + (0.6 * uniform() - 0.1) * length
      const window = { start: from, end: from + (0.2 + 0.6 * uniform()) * length }
      const later = { start: window.end + 0.1 * length, end: window.end + 0.3 * length }
      candidates.push({
        telescope: t,
        field: { id: `${t}.${k}`, ra: 30 * uniform(), dec: 30 * uniform() },
        windows: uniform() < 0.8 ? [window] : [window, later],
      })
    }
  }
  return { tasks, candidates, coverage: exampleCoverage(candidates, size.points ?? 500, random) }
}

function slewOf(mount: Slew['mount'], rateDegPerS: number): Slew {
  const fast = { rateDegPerS, accelerationDegPerS2: rateDegPerS / 2 }
  const slow = { rateDegPerS: rateDegPerS / 2 }
  if (mount === 'direct') return { mount, axis: fast, settleS: 2 }
  if (mount === 'equatorial') return { mount, hourAngle: fast, declination: slow, settleS: 2 }
  return { mount, azimuth: fast, altitude: slow, settleS: 2 }
}

function halves({ start, end }: Window): Window[] {
  const length = end - start
  return [
    { start, end: start + 0.45 * length },
    { start: start + 0.5 * length, end },
  ]
}

/** Points around the middle of the patch, put together where the same candidates see them (flat sky, 1.8°). */
function exampleCoverage(
  candidates: readonly Candidate[],
  points: number,
  random: ReturnType<typeof seededRandom>,
): Coverage {
  const groups = new Map<string, { weight: number; members: number[] }>()
  for (let p = 0; p < points; p++) {
    const ra = 15 + 7 * random.normal()
    const dec = 15 + 7 * random.normal()
    const members = [...candidates.keys()].filter((c) => {
      const { field } = candidates[c]
      return Math.hypot((field.ra - ra) * Math.cos((dec * Math.PI) / 180), field.dec - dec) < 1.8
    })
    if (members.length === 0) continue
    const group = groups.get(members.join()) ?? { weight: 0, members }
    group.weight += (0.5 + random.uniform()) / points
    groups.set(members.join(), group)
  }
  const regions = [...groups.values()]
  const offsets = new Uint32Array(regions.length + 1)
  regions.forEach(({ members }, r) => (offsets[r + 1] = offsets[r] + members.length))
  const weight = Float64Array.from(regions, (g) => g.weight)
  const fieldWeight = new Float64Array(candidates.length)
  for (const g of regions) for (const c of g.members) fieldWeight[c] += g.weight
  return {
    weight,
    areaDeg2: weight.map((w) => 10 * w),
    offsets,
    members: Uint32Array.from(regions.flatMap((g) => g.members)),
    fieldWeight,
    fieldAreaDeg2: fieldWeight.map((w) => 10 * w),
    total: 1,
  }
}
