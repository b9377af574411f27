/** Stretches of time as sorted lists of windows that do not touch. */
import type { Window } from './model.ts'

/** Windows this close are one: 0.1 ms, more than rounding of an MJD and less than anything observes. */
const seam = 1e-9

/** Appends a window to a sorted list, joined to the last where they touch. */
export function append(list: Window[], start: number, end: number): void {
  if (!(end > start)) return
  const last = list.at(-1)
  if (last && start <= last.end + seam) {
    if (end > last.end) list[list.length - 1] = { start: last.start, end }
  } else list.push({ start, end })
}

/** What lies in both lists. */
export function intersection(a: readonly Window[], b: readonly Window[]): Window[] {
  const both: Window[] = []
  for (let i = 0, k = 0; i < a.length && k < b.length;) {
    append(both, Math.max(a[i].start, b[k].start), Math.min(a[i].end, b[k].end))
    if (a[i].end < b[k].end) i++
    else k++
  }
  return both
}

/** 1: the condition holds from `start` to `end` throughout, −1: nowhere, 0: cannot be said of so long a stretch. */
export type Verdict = (start: number, end: number) => -1 | 0 | 1

/**
 * The parts of windows where a condition holds, by halving until each part is decided. A verdict that rests on a bound
 * of the rate of change overlooks no dip, however short; a part of `grain` (days) that is still undecided counts as lost.
 */
export function keepWhere(windows: readonly Window[], holds: Verdict, grain: number): Window[] {
  const kept: Window[] = []
  const halve = (start: number, end: number): void => {
    const verdict = holds(start, end)
    if (verdict > 0) append(kept, start, end)
    else if (verdict === 0 && end - start > grain) {
      const middle = (start + end) / 2
      halve(start, middle)
      halve(middle, end)
    }
  }
  for (const { start, end } of windows) halve(start, end)
  return kept
}
