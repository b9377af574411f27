/**
 * One visit of a telescope to a field, and what lies between two visits.
 *
 * A visit runs from the beginning of the first exposure's overhead to the end of the last exposure; inside it the
 * exposures follow as
 *
 *     overhead, exposure, readout, [filter change], overhead, exposure, … , exposure
 *
 * and from one visit to the next
 *
 *     readout and slew (together, or one after the other where the readout blocks the slew), [filter change]
 *
 * A filter is changed after readout and slew. The last readout may end after the hours of the telescope.
 */
import type { TelescopeModel, TelescopeTask } from './model.ts'

/** An exposure of a visit. */
export interface VisitExposure {
  readonly filter: string
  readonly exposureS: number
  /** From the beginning of the visit to the opening of the shutter. */
  readonly offsetS: number
  /** Inside this visit, before this exposure; 0 for the first. */
  readonly filterChangeS: number
}

/** The exposures of one visit in their order. */
export function visitExposures(task: Pick<TelescopeTask, 'steps' | 'telescope'>): VisitExposure[] {
  const { overheadS, readoutS, filterChangeS } = task.telescope
  const exposures: VisitExposure[] = []
  let clock = 0
  for (const { filter, exposureS, count } of task.steps) {
    for (let n = 0; n < count; n++) {
      const before = exposures.at(-1)
      const change = before && before.filter !== filter ? filterChangeS : 0
      if (before) clock += readoutS + change
      clock += overheadS
      exposures.push({ filter, exposureS, offsetS: clock, filterChangeS: change })
      clock += exposureS
    }
  }
  return exposures
}

/** From the beginning of a visit to the end of its last exposure, s; 0 for a task without exposures. */
export function visitSeconds(task: Pick<TelescopeTask, 'steps' | 'telescope'>): number {
  const last = visitExposures(task).at(-1)
  return last ? last.offsetS + last.exposureS : 0
}

/** Least time from the end of an exposure to the beginning of the next visit, s. */
export function gapSeconds(
  telescope: Pick<TelescopeModel, 'readoutS' | 'readoutBlocksSlew' | 'filterChangeS'>,
  slewS: number,
  otherFilter: boolean,
): number {
  const { readoutS, readoutBlocksSlew, filterChangeS } = telescope
  const move = readoutBlocksSlew ? readoutS + slewS : Math.max(readoutS, slewS)
  return otherFilter ? move + filterChangeS : move
}
