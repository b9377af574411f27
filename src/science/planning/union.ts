/** Weight of the union of fields while fields come and go: each part of the sky counts once, however many see it. */
import type { Coverage } from './model.ts'

/** Regions of each field: those of field c are `regions[offsets[c] … offsets[c + 1]]`. */
export interface FieldRegions {
  readonly offsets: Uint32Array
  readonly regions: Uint32Array
}

export interface Union {
  /** Weight of what is covered. */
  readonly weight: () => number
  /** What this field would add. */
  readonly gain: (field: number) => number
  /** What would be lost without this field, which is in. */
  readonly loss: (field: number) => number
  readonly add: (field: number) => void
  readonly remove: (field: number) => void
  readonly clear: () => void
}

/** The regions of a coverage by field. */
export function fieldRegions(coverage: Coverage): FieldRegions {
  const fields = coverage.fieldWeight.length
  const offsets = new Uint32Array(fields + 1)
  for (const field of coverage.members) offsets[field + 1]++
  for (let field = 0; field < fields; field++) offsets[field + 1] += offsets[field]
  const next = offsets.slice(0, fields)
  const regions = new Uint32Array(coverage.members.length)
  for (let region = 0; region + 1 < coverage.offsets.length; region++) {
    for (let e = coverage.offsets[region]; e < coverage.offsets[region + 1]; e++) {
      regions[next[coverage.members[e]]++] = region
    }
  }
  return { offsets, regions }
}

/** An empty union over the regions of a coverage. */
export function createUnion(weights: Float64Array, { offsets, regions }: FieldRegions): Union {
  const count = new Uint16Array(weights.length)
  let weight = 0
  const sumWhere = (field: number, times: number) => {
    let sum = 0
    for (let e = offsets[field]; e < offsets[field + 1]; e++) {
      if (count[regions[e]] === times) sum += weights[regions[e]]
    }
    return sum
  }
  return {
    weight: () => weight,
    gain: (field) => sumWhere(field, 0),
    loss: (field) => sumWhere(field, 1),
    add(field) {
      for (let e = offsets[field]; e < offsets[field + 1]; e++) {
        if (count[regions[e]]++ === 0) weight += weights[regions[e]]
      }
    },
    remove(field) {
      for (let e = offsets[field]; e < offsets[field + 1]; e++) {
        if (--count[regions[e]] === 0) weight -= weights[regions[e]]
      }
    },
    clear() {
      count.fill(0)
      weight = 0
    },
  }
}

/** Weight of the union of these fields, summed afresh. */
export function unionWeight(coverage: Coverage, regions: FieldRegions, fields: Iterable<number>): number {
  const seen = new Uint8Array(coverage.weight.length)
  for (const field of fields) {
    for (let e = regions.offsets[field]; e < regions.offsets[field + 1]; e++) seen[regions.regions[e]] = 1
  }
  let sum = 0
  for (let region = 0; region < seen.length; region++) if (seen[region]) sum += coverage.weight[region]
  return sum
}
