/**
 * What no schedule can exceed. The order of visits is forgotten, and of the slews only the least after each visit is
 * kept; what is left is a choice of fields under rows of bound-rows.ts. With a solver its integer programme is bounded, rows
 * being added as choices break them; without one, or for a first answer, the rows and the sharing of sky are priced
 * (Lagrangian relaxation), where every price gives a bound.
 */
import { findRows, hoursOf, isVisitable, type Hours, type Row } from './bound-rows.ts'
import type { Instance } from './instance.ts'
import type { Milp, MilpSolver } from './model.ts'

export interface BoundOptions {
  readonly seconds: number
  readonly gapTarget: number
  /** Weight and fields of a schedule that is known. */
  readonly known: { readonly objective: number; readonly fields: readonly number[] }
  readonly now: () => number
  readonly onProgress?: (bound: number) => boolean | void
}

export interface ScheduleBound {
  readonly bound: number
  /** Fields of the best choice found on the way; it may have no schedule. */
  readonly chosen: readonly number[]
}

/** Sky with the same fields that can come in. */
interface Relaxation {
  readonly instance: Instance
  /** Candidates that can come in but need not. */
  readonly open: Int32Array
  /** By candidate: index in `open`, −1 otherwise. */
  readonly index: Int32Array
  /** Weight that is in whatever happens (fields that are locked whole). */
  readonly base: number
  readonly weight: Float64Array
  /** Fields of region r, as indices in `open`: members[offsets[r] … offsets[r + 1]]. */
  readonly offsets: Uint32Array
  readonly members: Int32Array
  readonly hours: readonly Hours[]
  readonly fixedRows: readonly Row[]
}

const ROWS_AT_ONCE = 30
const PRICED_ROWS = 60

/** Makes the relaxation of an instance. */
export function relax(instance: Instance): Relaxation {
  const { candidates, coverage, tasks } = instance.problem
  const done = Uint8Array.from(candidates, (_, c) =>
    instance.locked[c] === 1 && instance.needed[c] === 0 ? 1 : 0,
  )
  const open = Int32Array.from(candidates.keys()).filter(
    (c) => instance.needed[c] > 0 && isVisitable(instance, c),
  )
  const index = new Int32Array(candidates.length).fill(-1)
  open.forEach((c, i) => (index[c] = i))
  const groups = new Map<string, { weight: number; members: number[] }>()
  let base = 0
  for (let r = 0; r < coverage.weight.length; r++) {
    const all = coverage.members.subarray(coverage.offsets[r], coverage.offsets[r + 1])
    if (all.some((c) => done[c] === 1)) {
      base += coverage.weight[r]
      continue
    }
    const members = Array.from(all, (c) => index[c]).filter((i) => i >= 0)
    if (members.length === 0 || coverage.weight[r] <= 0) continue
    const key = members.join()
    const group = groups.get(key)
    if (group) group.weight += coverage.weight[r]
    else groups.set(key, { weight: coverage.weight[r], members })
  }
  const regions = [...groups.values()]
  const offsets = new Uint32Array(regions.length + 1)
  regions.forEach(({ members }, r) => (offsets[r + 1] = offsets[r] + members.length))
  const fixedRows: Row[] = []
  for (const [t, { maxFields }] of tasks.entries()) {
    if (maxFields === undefined) continue
    const held = instance.ofTask[t].filter((c) => instance.locked[c] === 1).length
    const mine = open.filter((c) => candidates[c].telescope === t && instance.locked[c] === 0)
    fixedRows.push({
      candidates: mine,
      factors: new Float64Array(mine.length).fill(1),
      most: Math.max(0, maxFields - held),
    })
  }
  return {
    instance,
    open,
    index,
    base,
    weight: Float64Array.from(regions, (g) => g.weight),
    offsets,
    members: Int32Array.from(regions.flatMap((g) => g.members)),
    hours: hoursOf(instance),
    fixedRows,
  }
}

/** A bound from prices: quick, near that of the linear programme. `lower` is the weight of a schedule that is known. */
export function priceBound(relaxation: Relaxation, lower: number, rounds = 600): number {
  const { open, index, weight, offsets, members, base } = relaxation
  const rows = [
    ...relaxation.fixedRows,
    ...relaxation.hours.flatMap((h) => findRows(h, null, PRICED_ROWS, 12)),
  ]
  const target = lower - base
  // Of each region: the part of its weight that fields are paid for; the rest is given away.
  const paid = weight.slice()
  const price = new Float64Array(rows.length)
  const worth = new Float64Array(open.length)
  const taken = new Float64Array(open.length)
  const step = new Float64Array(weight.length)
  const rowStep = new Float64Array(rows.length)
  const scale = rows.map(({ most, factors }) => Math.max(most, factors[0] ?? 1, 1e-9))
  let best = Infinity
  let theta = 1
  let since = 0
  for (let round = 0; round < rounds; round++) {
    worth.fill(0)
    let value = 0
    for (let r = 0; r < weight.length; r++) {
      value += weight[r] - paid[r]
      for (let e = offsets[r]; e < offsets[r + 1]; e++) worth[members[e]] += paid[r]
    }
    for (const [k, row] of rows.entries()) {
      if (price[k] === 0) continue
      value += price[k] * row.most
      for (let e = 0; e < row.candidates.length; e++)
        worth[index[row.candidates[e]]] -= price[k] * row.factors[e]
    }
    for (let i = 0; i < worth.length; i++) {
      taken[i] = worth[i] > 0 ? 1 : 0
      if (worth[i] > 0) value += worth[i]
    }
    if (value < best - 1e-5 * Math.abs(best)) since = 0
    else if (++since > 12) {
      theta *= 0.7
      since = 0
    }
    best = Math.min(best, value)
    if (best <= target * (1 + 1e-7) || theta < 1e-4) break
    let norm = 0
    for (let r = 0; r < weight.length; r++) {
      let cover = -1
      for (let e = offsets[r]; e < offsets[r + 1]; e++) cover += taken[members[e]]
      // A price that stands at its end cannot go further.
      if ((paid[r] >= weight[r] && cover < 0) || (paid[r] <= 0 && cover > 0)) cover = 0
      step[r] = cover
      norm += cover * cover
    }
    for (const [k, row] of rows.entries()) {
      let over = -row.most
      for (let e = 0; e < row.candidates.length; e++) over += taken[index[row.candidates[e]]] * row.factors[e]
      over /= scale[k]
      if (price[k] <= 0 && over < 0) over = 0
      // Prices of rows are of the size of the whole weight, those of regions of single regions.
      rowStep[k] = over
      norm += over * over
    }
    if (norm === 0) break
    const length = (theta * Math.max(value - target, 1e-9 * value)) / norm
    for (let r = 0; r < weight.length; r++) {
      if (step[r] !== 0) paid[r] = Math.min(weight[r], Math.max(0, paid[r] - length * step[r]))
    }
    for (let k = 0; k < rows.length; k++) {
      if (rowStep[k] !== 0) price[k] = Math.max(0, price[k] + (length * rowStep[k]) / scale[k])
    }
  }
  const everything = weight.reduce((a, b) => a + b, 0)
  return base + Math.min(best * (1 + 1e-9), everything)
}

/** The bound of the integer programme, as far as `options.seconds` go. */
export function programmeBound(
  relaxation: Relaxation,
  solver: MilpSolver,
  options: BoundOptions,
): ScheduleBound {
  const { instance, open, hours, base } = relaxation
  const began = options.now()
  const left = () => options.seconds - (options.now() - began) / 1000
  const rows = [...relaxation.fixedRows, ...hours.flatMap((h) => findRows(h, null, ROWS_AT_ONCE, 8))]
  let bound = base + relaxation.weight.reduce((a, b) => a + b, 0)
  let chosen: readonly number[] = []
  const addRows = (values: Float64Array) => {
    const share = new Float64Array(instance.problem.candidates.length)
    open.forEach((c, i) => (share[c] = values[i]))
    const found = hours.flatMap((h) => findRows(h, share, ROWS_AT_ONCE))
    rows.push(...found)
    return found.length > 0
  }
  const enough = () => bound * (1 - options.gapTarget) <= options.known.objective || left() <= 0.01
  // First the linear programme: it is quick and finds nearly all rows that matter.
  for (let round = 0; round < 20 && !enough(); round++) {
    const result = solver(milpOf(relaxation, rows, false), { seconds: left(), gapTarget: 0 })
    if (result.status !== 'optimal' || !result.values) break
    bound = Math.min(bound, base + result.bound * (1 + 1e-9))
    if (options.onProgress?.(bound) === true) return { bound, chosen }
    if (!addRows(result.values)) break
  }
  const start = new Float64Array(open.length + relaxation.weight.length)
  for (const c of options.known.fields) if (relaxation.index[c] >= 0) start[relaxation.index[c]] = 1
  for (let r = 0; r < relaxation.weight.length; r++) {
    const { offsets, members } = relaxation
    for (let e = offsets[r]; e < offsets[r + 1]; e++) if (start[members[e]] === 1) start[open.length + r] = 1
  }
  while (!enough()) {
    const result = solver(milpOf(relaxation, rows, true), {
      seconds: left(),
      gapTarget: options.gapTarget / 2,
      start,
      onProgress: (state) => {
        bound = Math.min(bound, base + state.bound * (1 + 1e-9))
        return enough() || options.onProgress?.(bound) === true
      },
    })
    if (result.status !== 'infeasible') bound = Math.min(bound, base + result.bound * (1 + 1e-9))
    if (!result.values) break
    const { values } = result
    chosen = Array.from(open).filter((_, i) => values[i] > 0.5)
    if (result.status !== 'optimal' || !addRows(values)) break
  }
  return { bound, chosen }
}

/** Columns: fields, then regions (covered to what part). */
function milpOf(
  { open, index, weight, offsets, members }: Relaxation,
  rows: readonly Row[],
  integer: boolean,
): Milp {
  const columns = open.length + weight.length
  const cost = new Float64Array(columns)
  cost.set(weight, open.length)
  const whole = new Uint8Array(columns)
  if (integer) whole.fill(1, 0, open.length)
  const entries = members.length + weight.length + rows.reduce((sum, row) => sum + row.candidates.length, 0)
  const count = weight.length + rows.length
  const rowStart = new Uint32Array(count + 1)
  const columnOf = new Uint32Array(entries)
  const value = new Float64Array(entries)
  const rowUpper = new Float64Array(count)
  let e = 0
  for (let r = 0; r < weight.length; r++) {
    columnOf[e] = open.length + r
    value[e++] = 1
    for (let m = offsets[r]; m < offsets[r + 1]; m++) {
      columnOf[e] = members[m]
      value[e++] = -1
    }
    rowStart[r + 1] = e
  }
  for (const [k, row] of rows.entries()) {
    for (let m = 0; m < row.candidates.length; m++) {
      columnOf[e] = index[row.candidates[m]]
      value[e++] = row.factors[m]
    }
    rowUpper[weight.length + k] = row.most
    rowStart[weight.length + k + 1] = e
  }
  return {
    columns,
    cost,
    lower: new Float64Array(columns),
    upper: new Float64Array(columns).fill(1),
    integer: whole,
    rowLower: new Float64Array(count).fill(-Infinity),
    rowUpper,
    rowStart,
    index: columnOf,
    value,
  }
}
