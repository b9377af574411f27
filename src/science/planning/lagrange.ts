/** A bound on what a choice can cover, without a solver. */
import type { CoverModel } from './cover-model.ts'

/**
 * No choice with at most `most[t]` fields of telescope t covers more. Lagrangian relaxation of "a region counts only if
 * one of its fields is in": each region pays its fields what they are said to be worth, the best fields of each
 * telescope are taken by that, and prices follow the subgradient (Held, Wolfe & Crowder 1974).
 * @param best covered by a choice that is known; steps are measured by it.
 */
export function lagrangianBound(
  model: CoverModel,
  telescopeOf: (field: number) => number,
  most: readonly number[],
  best: number,
  stop: (bound: number) => boolean,
): number {
  const { own, weight, offsets, members } = model
  const fields = own.length
  const byTelescope = most.map((): number[] => [])
  for (let i = 0; i < fields; i++) byTelescope[telescopeOf(model.fields[i])].push(i)
  const constant = model.constant + model.folded
  // Half a region's weight shared by its fields to begin with: near where the prices end.
  const price = weight.map((w) => w / 2)
  const worth = new Float64Array(fields)
  const isIn = new Uint8Array(fields)
  let bound = Infinity
  let step = 1
  let idle = 0
  for (let round = 0; round < 600 && step > 1e-3; round++) {
    worth.set(own)
    for (let r = 0; r < weight.length; r++) {
      for (let e = offsets[r]; e < offsets[r + 1]; e++) worth[members[e]] += price[r]
    }
    let value = constant
    isIn.fill(0)
    byTelescope.forEach((list, t) => {
      list.sort((a, b) => worth[b] - worth[a])
      for (let k = 0; k < list.length && k < most[t]; k++) {
        value += worth[list[k]]
        isIn[list[k]] = 1
      }
    })
    for (let r = 0; r < weight.length; r++) value += weight[r] - price[r]
    if (value < bound * (1 - 1e-6)) idle = 0
    else if (++idle > 15) {
      step /= 2
      idle = 0
    }
    bound = Math.min(bound, value)
    if (bound <= best || stop(bound)) break
    // A region with nobody in it asks for a higher price, one with several for a lower.
    let norm = 0
    for (let r = 0; r < weight.length; r++) {
      const slope = slopeOf(r)
      if ((slope > 0 && price[r] > 0) || (slope < 0 && price[r] < weight[r])) norm += slope * slope
    }
    if (norm === 0) break
    const move = (step * (value - best)) / norm
    for (let r = 0; r < weight.length; r++) {
      price[r] = Math.min(weight[r], Math.max(0, price[r] - move * slopeOf(r)))
    }
  }
  return bound

  function slopeOf(r: number): number {
    let sum = -1
    for (let e = offsets[r]; e < offsets[r + 1]; e++) sum += isIn[members[e]]
    return sum
  }
}
