import { coverageOf } from '#science/planning/coverage.ts'
import type { PlanDocument } from './document.ts'
import { aimOf, fieldsOf } from './document.ts'
import { ofWhat, percent } from './figures.ts'
import type { PlanComparison } from './plan.ts'

/** A plan to be compared: what it takes, and what it covers. */
export interface Side {
  document: PlanDocument
  probability: number
}

type Fields = Pick<PlanComparison, 'onlyA' | 'onlyB' | 'both' | 'moved' | 'text'>

/**
 * Fields that two plans share, those that only one has, those whose begin moved; and all that in words, from A to B.
 * @param of what the figures of the sides are shares of: `aim`, what each plan aims at; `sky`, the map.
 */
export function compareDocuments(a: Side, b: Side, of: 'aim' | 'sky' = 'aim'): Fields {
  const [before, after] = [fieldsOf(a.document), fieldsOf(b.document)]
  const [inA, inB] = [new Map(before.map((f) => [f.key, f])), new Map(after.map((f) => [f.key, f]))]
  const onlyA = before.filter((f) => !inB.has(f.key)).map((f) => f.key)
  const onlyB = after.filter((f) => !inA.has(f.key)).map((f) => f.key)
  const both = after.filter((f) => inA.has(f.key)).map((f) => f.key)
  const moved = both.flatMap((key) => {
    const [was, is] = [inA.get(key)!.exposures[0]!, inB.get(key)!.exposures[0]!]
    const seconds = (Date.parse(is.start) - Date.parse(was.start)) / 1000
    return Math.abs(seconds) >= 1 ? [{ field: key, seconds }] : []
  })
  const text = [coverText(a, b, of)]
  if (onlyB.length > 0) text.push(`${counted(onlyB.length, 'field is', 'fields are')} new: ${some(onlyB)}.`)
  if (onlyA.length > 0) text.push(`${counted(onlyA.length, 'field is', 'fields are')} gone: ${some(onlyA)}.`)
  if (both.length > 0) {
    const shifts = moved.map((m) => Math.abs(m.seconds)).toSorted((x, y) => x - y)
    const middle = shifts[Math.floor(shifts.length / 2)]
    text.push(
      middle === undefined
        ? `${counted(both.length, 'field stays', 'fields stay')} as before.`
        : `${counted(both.length, 'field stays', 'fields stay')}, ${moved.length} of them at another time (by ${duration(middle)} in the middle).`,
    )
  }
  if (onlyA.length + onlyB.length + moved.length === 0 && text.length === 2)
    text[1] = 'It takes the same fields at the same times.'
  return { onlyA, onlyB, both, moved, text }
}

/** Figures of what differs are told, and no difference made of them. */
function coverText(a: Side, b: Side, of: 'aim' | 'sky'): string {
  const [was, is] = of === 'sky' ? (['sky', 'sky'] as const) : [aimOf(a.document), aimOf(b.document)]
  if (was !== is)
    return `It covers ${percent(b.probability)} ${ofWhat(is)}; the other covers ${percent(a.probability)} ${ofWhat(was)}.`
  const points = 100 * (b.probability - a.probability)
  return `It covers ${percent(b.probability)} ${ofWhat(is)} instead of ${percent(a.probability)} (${points >= 0 ? '+' : '−'}${Math.abs(points).toFixed(1)} points).`
}

function counted(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`
}

function some(keys: readonly string[]): string {
  const shown = keys.slice(0, 6).join(', ')
  return keys.length > 6 ? `${shown} and ${keys.length - 6} more` : shown
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}

/** Probability of two plans on one map: of each, of the sky that both cover, of all that they cover together. */
export function comparedSky(
  map: Parameters<typeof coverageOf>[0],
  a: PlanDocument,
  b: PlanDocument,
): PlanComparison['probability'] {
  const [first, second] = [fieldsOf(a), fieldsOf(b)]
  const coverage = coverageOf(map, [...first, ...second])
  let [inA, inB, shared, together] = [0, 0, 0, 0]
  for (let region = 0; region < coverage.weight.length; region++) {
    const members = coverage.members.subarray(coverage.offsets[region], coverage.offsets[region + 1])
    if (members.length === 0) continue
    const weight = coverage.weight[region]!
    const isA = members[0]! < first.length
    const isB = members[members.length - 1]! >= first.length
    together += weight
    if (isA) inA += weight
    if (isB) inB += weight
    if (isA && isB) shared += weight
  }
  return { a: inA, b: inB, shared, together }
}
