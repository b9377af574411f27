/** The union of fields while they come and go, with what every other field would add to it kept up to date. */
import type { Coverage } from './model.ts'
import { fieldRegions } from './union.ts'

export interface Gains {
  /** 1 where a field is in. */
  readonly isIn: Uint8Array
  /** What a field that is not in would add. */
  readonly gain: Float64Array
  readonly weight: () => number
  /** What would be lost without this field, which is in. */
  readonly loss: (field: number) => number
  readonly add: (field: number) => void
  readonly remove: (field: number) => void
  /** Regions and members touched so far: what it has cost, the same on every machine. */
  readonly work: () => number
  /** Fields that share sky with this one, ascending, without itself. */
  readonly neighbours: (field: number) => readonly number[]
}

/** An empty union over a coverage. */
export function createGains(coverage: Coverage): Gains {
  const { weight, offsets, members } = coverage
  const fields = coverage.fieldWeight.length
  const regions = fieldRegions(coverage)
  const isIn = new Uint8Array(fields)
  const gain = new Float64Array(fields)
  const times = new Uint16Array(weight.length)
  const known: (readonly number[] | undefined)[] = []
  let covered = 0
  let work = 0
  for (let field = 0; field < fields; field++) {
    for (let e = regions.offsets[field]; e < regions.offsets[field + 1]; e++) {
      gain[field] += weight[regions.regions[e]]
    }
  }
  /** The gain of every field over a region changes by this much. */
  const shift = (region: number, by: number): void => {
    for (let m = offsets[region]; m < offsets[region + 1]; m++) gain[members[m]] += by
    work += offsets[region + 1] - offsets[region]
  }
  return {
    isIn,
    gain,
    weight: () => covered,
    work: () => work,
    loss(field) {
      let sum = 0
      for (let e = regions.offsets[field]; e < regions.offsets[field + 1]; e++) {
        if (times[regions.regions[e]] === 1) sum += weight[regions.regions[e]]
      }
      return sum
    },
    add(field) {
      isIn[field] = 1
      work += regions.offsets[field + 1] - regions.offsets[field]
      for (let e = regions.offsets[field]; e < regions.offsets[field + 1]; e++) {
        const region = regions.regions[e]
        if (times[region]++ > 0) continue
        covered += weight[region]
        shift(region, -weight[region])
      }
    },
    remove(field) {
      isIn[field] = 0
      work += regions.offsets[field + 1] - regions.offsets[field]
      for (let e = regions.offsets[field]; e < regions.offsets[field + 1]; e++) {
        const region = regions.regions[e]
        if (--times[region] > 0) continue
        covered -= weight[region]
        shift(region, weight[region])
      }
    },
    neighbours(field) {
      let list = known[field]
      if (!list) {
        const all = new Set<number>()
        for (let e = regions.offsets[field]; e < regions.offsets[field + 1]; e++) {
          const region = regions.regions[e]
          for (let m = offsets[region]; m < offsets[region + 1]; m++) all.add(members[m])
        }
        all.delete(field)
        list = known[field] = [...all].toSorted((a, b) => a - b)
      }
      return list
    },
  }
}
