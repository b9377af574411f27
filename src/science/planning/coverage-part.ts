import type { Coverage } from './model.ts'

/**
 * The coverage of the first `count` candidates alone: members beyond are taken out, regions that come to have the same
 * candidates become one, regions without any are dropped. `total` stays.
 */
export function firstCandidates(coverage: Coverage, count: number): Coverage {
  const { offsets, members, weight, areaDeg2 } = coverage
  const indexOf = new Map<string, number>()
  const sets: Uint32Array[] = []
  const weights: number[] = []
  const areas: number[] = []
  for (let region = 0; region < weight.length; region++) {
    let to = offsets[region]
    // Members ascend.
    while (to < offsets[region + 1] && members[to] < count) to++
    if (to === offsets[region]) continue
    const set = members.subarray(offsets[region], to)
    const key = set.join()
    const known = indexOf.get(key)
    if (known === undefined) {
      indexOf.set(key, sets.length)
      sets.push(set)
      weights.push(weight[region])
      areas.push(areaDeg2[region])
    } else {
      weights[known] += weight[region]
      areas[known] += areaDeg2[region]
    }
  }
  const starts = new Uint32Array(sets.length + 1)
  sets.forEach((set, i) => (starts[i + 1] = starts[i] + set.length))
  const all = new Uint32Array(starts[sets.length])
  sets.forEach((set, i) => all.set(set, starts[i]))
  return {
    weight: Float64Array.from(weights),
    areaDeg2: Float64Array.from(areas),
    offsets: starts,
    members: all,
    fieldWeight: coverage.fieldWeight.slice(0, count),
    fieldAreaDeg2: coverage.fieldAreaDeg2.slice(0, count),
    total: coverage.total,
  }
}
