/** Exposures with their times, out of timelines that hold the order only. */
import type { ScheduledExposure } from './model.ts'
import { firstStart, type Routes } from './routes.ts'
import { MARGIN } from './instance.ts'
import { gapSeconds, visitExposures } from './visit.ts'

const DAY = 86400

/** Exposures by start, and candidates that could not be kept because a slew at its very moment takes longer. */
export interface Timeline {
  readonly exposures: ScheduledExposure[]
  readonly late: number[]
}

/** Everything as early as possible, with slews at the moments at which they happen. */
export function timelineOf(routes: Routes): Timeline {
  const { instance } = routes
  const { problem } = instance
  const exposures: ScheduledExposure[] = []
  const late: number[] = []
  for (const t of problem.tasks.keys()) {
    const result = ofTask(routes, t)
    exposures.push(...result.exposures)
    late.push(...result.late)
  }
  exposures.sort((a, b) => a.start - b.start)
  return { exposures, late }
}

function ofTask({ instance, order }: Routes, t: number): Timeline {
  const { problem, node, local, epoch, starts } = instance
  const task = problem.tasks[t]
  const travel = instance.travel[t]
  const steps = visitExposures(task)
  const { readoutS, filterChangeS } = task.telescope
  const locked = [...(problem.locked ?? [])]
    .sort((a, b) => a.start - b.start)
    .filter((l) => problem.candidates[l.candidate].telescope === t)
  const taken = new Map<number, Set<number>>()
  for (const l of locked) taken.set(l.candidate, (taken.get(l.candidate) ?? new Set()).add(l.visit))
  const numberOf = (c: number, visit: number) => {
    for (let number = 0, free = 0; ; number++) {
      if (taken.get(c)?.has(number)) continue
      if (free++ === visit) return number
    }
  }
  // What blocks the slew is over before it.
  const waitS = task.telescope.readoutBlocksSlew ? readoutS : 0
  const begins = new Map<number, number>()
  const exposures: ScheduledExposure[] = []
  let lockedSeen = 0
  let before = -1
  let end = -Infinity
  for (const n of order[t]) {
    const c = node.candidate[n]
    const from = before < 0 ? c : node.candidate[before]
    const otherFilter = before >= 0 && node.lastFilter[before] !== node.firstFilter[n]
    const slewAt = (moment: number) => (before < 0 ? 0 : travel.exact(local[from], local[c], moment))
    let slewS = slewAt(end + waitS)
    let begin: number
    if (node.visit[n] < 0) {
      begin = node.start[n]
      const free = before >= 0 && node.visit[before] >= 0
      if (free && end + gapSeconds(task.telescope, slewS, otherFilter) > begin + 1e-6) {
        return { exposures, late: [node.candidate[before]] }
      }
      const { filter, start, exposureS } = locked[lockedSeen++]
      exposures.push({
        candidate: c,
        visit: locked[lockedSeen - 1].visit,
        filter,
        start,
        exposureS,
        slewS: Math.min(slewS, Math.max(0, begin - end)),
        filterChangeS: otherFilter ? filterChangeS : 0,
        readoutS,
      })
    } else {
      const cadence = node.visit[n] > 0 ? (begins.get(n - 1) ?? 0) + instance.cadenceS[t] : -Infinity
      const place = () => {
        const ready = before < 0 ? -Infinity : end + gapSeconds(task.telescope, slewS, otherFilter) + MARGIN
        return firstStart(starts[c], Math.max(ready, cadence))
      }
      begin = place()
      // A slew that waits for its window happens later than right after the exposure before it.
      for (let k = 0; k < 3 && begin < Infinity && !travel.timeless; k++) {
        const slower = Math.max(slewS, slewAt(begin - slewS))
        if (slower === slewS) break
        slewS = slower
        begin = place()
      }
      if (begin === Infinity) return { exposures, late: [c] }
      begins.set(n, begin)
      for (const [k, step] of steps.entries()) {
        exposures.push({
          candidate: c,
          visit: numberOf(c, node.visit[n]),
          filter: step.filter,
          start: epoch + (begin + step.offsetS) / DAY,
          exposureS: step.exposureS,
          slewS: k === 0 ? slewS : 0,
          filterChangeS: k === 0 ? (otherFilter ? filterChangeS : 0) : step.filterChangeS,
          readoutS,
        })
      }
    }
    before = n
    end = Math.max(end, begin + node.duration[n])
  }
  return { exposures, late: [] }
}
