/** Maximum coverage made small: what is decided already is taken out, equal regions are one, the least are folded. */
import type { CapacityRow } from './capacity.ts'
import type { Coverage, Milp } from './model.ts'

/** Choose among `fields`; region r, worth `weight[r]`, counts once one of its members (indices into `fields`) is in. */
export interface CoverModel {
  readonly fields: Uint32Array
  /** Where a candidate stands in `fields`; −1 where it is not up for choice. */
  readonly place: Int32Array
  /** What a field covers that no other does. */
  readonly own: Float64Array
  /** Regions of two fields and more, heaviest first. */
  readonly weight: Float64Array
  readonly offsets: Uint32Array
  readonly members: Uint32Array
  /** Covered whatever is chosen. */
  readonly constant: number
  /** Counted as covered although it need not be: too light for a row of its own. */
  readonly folded: number
}

const separator = ','

/**
 * @param kept candidates that are in whatever is chosen.
 * @param negligible regions that together weigh no more are folded in any case.
 * @param mostRows the lightest regions beyond so many are folded: into a heavier one seen by all of their fields and
 *   more, which is covered whenever they are; else they count as covered. Both can only raise what a choice seems to cover.
 */
export function coverModel(
  coverage: Coverage,
  free: readonly number[],
  kept: ReadonlySet<number>,
  mostRows: number,
  negligible = 0,
): CoverModel {
  const fields = Uint32Array.from(free)
  const place = new Int32Array(coverage.fieldWeight.length).fill(-1)
  fields.forEach((c, i) => (place[c] = i))
  const own = new Float64Array(fields.length)
  let constant = 0
  const groups = new Map<string, { members: number[]; weight: number }>()
  for (let region = 0; region < coverage.weight.length; region++) {
    const weight = coverage.weight[region]
    if (weight <= 0) continue
    const members: number[] = []
    let isKept = false
    for (let e = coverage.offsets[region]; e < coverage.offsets[region + 1]; e++) {
      const c = coverage.members[e]
      if (kept.has(c)) isKept = true
      else if (place[c] >= 0) members.push(place[c])
    }
    if (isKept) constant += weight
    else if (members.length === 1) own[members[0]] += weight
    else if (members.length > 1) {
      const key = members.join(separator)
      const group = groups.get(key)
      if (group) group.weight += weight
      else groups.set(key, { members, weight })
    }
  }
  const all = [...groups.values()].toSorted((a, b) => b.weight - a.weight)
  let count = all.length
  for (let rest = 0; count > 0; count--) {
    rest += all[count - 1].weight
    if (count <= mostRows && rest > negligible) break
  }
  const rows = all.slice(0, count)
  const folded = fold(rows, all.slice(count), fields.length)
  const offsets = new Uint32Array(rows.length + 1)
  rows.forEach(({ members }, r) => (offsets[r + 1] = offsets[r] + members.length))
  return {
    fields,
    place,
    own,
    weight: Float64Array.from(rows, ({ weight }) => weight),
    offsets,
    members: Uint32Array.from(rows.flatMap(({ members }) => members)),
    constant,
    folded,
  }
}

type Row = { members: number[]; weight: number }

/** Adds light rows to heavier ones that hold all of their members; returns the weight of those for which none does. */
function fold(rows: readonly Row[], light: readonly Row[], fields: number): number {
  if (light.length === 0) return 0
  const ofField = Array.from({ length: fields }, (): number[] => [])
  rows.forEach(({ members }, r) => members.forEach((i) => ofField[i].push(r)))
  const sets = rows.map(({ members }) => new Set(members))
  let folded = 0
  for (const { members, weight } of light) {
    const least = members.reduce((a, b) => (ofField[a].length <= ofField[b].length ? a : b))
    const into = ofField[least]
      .filter((r) => members.every((i) => sets[r].has(i)))
      .reduce((a, b) => (a < 0 || sets[b].size < sets[a].size ? b : a), -1)
    if (into >= 0) rows[into].weight += weight
    else folded += weight
  }
  return folded
}

/** Limits of the columns of fields: 0 out, 1 in, else free. */
export type Fixing = Int8Array

/**
 * The programme: columns are the fields, then the regions (which need not be whole: they follow). `kept` fields have
 * their part of a row's room already.
 */
export function coverMilp(
  model: CoverModel,
  rows: readonly CapacityRow[],
  kept: ReadonlySet<number>,
  integer: boolean,
  fixed?: Fixing,
): Milp {
  const fields = model.fields.length
  const regions = model.weight.length
  const columns = fields + regions
  const index: number[] = []
  const value: number[] = []
  const rowStart = [0]
  const rowUpper: number[] = []
  for (let r = 0; r < regions; r++) {
    for (let e = model.offsets[r]; e < model.offsets[r + 1]; e++) {
      index.push(model.members[e])
      value.push(-1)
    }
    index.push(fields + r)
    value.push(1)
    rowStart.push(index.length)
    rowUpper.push(0)
  }
  for (const { candidates, visits, most } of rows) {
    let room = most
    candidates.forEach((c, k) => {
      if (kept.has(c)) room -= visits[k]
      else if (model.place[c] >= 0) {
        index.push(model.place[c])
        value.push(visits[k])
      }
    })
    rowStart.push(index.length)
    // Kept fields that are too many leave no room, but do not make the rest impossible.
    rowUpper.push(Math.max(0, room))
  }
  const lower = new Float64Array(columns)
  const upper = new Float64Array(columns).fill(1)
  fixed?.forEach((value, i) => {
    if (value === 0) upper[i] = 0
    else if (value === 1) lower[i] = 1
  })
  const cost = new Float64Array(columns)
  cost.set(model.own)
  cost.set(model.weight, fields)
  return {
    columns,
    cost,
    lower,
    upper,
    integer: new Uint8Array(columns).fill(integer ? 1 : 0, 0, fields),
    rowLower: new Float64Array(rowUpper.length).fill(-Infinity),
    rowUpper: Float64Array.from(rowUpper),
    rowStart: Uint32Array.from(rowStart),
    index: Uint32Array.from(index),
    value: Float64Array.from(value),
  }
}

/** Columns of the programme for a choice of candidates. */
export function startOf(model: CoverModel, chosen: Iterable<number>): Float64Array {
  const fields = model.fields.length
  const values = new Float64Array(fields + model.weight.length)
  for (const c of chosen) if (model.place[c] >= 0) values[model.place[c]] = 1
  for (let r = 0; r < model.weight.length; r++) {
    for (let e = model.offsets[r]; e < model.offsets[r + 1]; e++) {
      if (values[model.members[e]] === 1) {
        values[fields + r] = 1
        break
      }
    }
  }
  return values
}
