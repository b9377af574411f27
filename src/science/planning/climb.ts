/** A field moved about until it catches no more. */
import { offsetBy } from '#science/sky/vectors.ts'
import type { Field } from './model.ts'

export interface ClimbOptions {
  /** First step, degrees. */
  readonly step: number
  /** Where to stop, degrees. */
  readonly least: number
  /** Most values asked for, default 80. */
  readonly tries?: number
}

/**
 * The place near `start` with the largest value found by a pattern search: the best of four (then eight) neighbours while
 * one is better, else half the step. Equal values never move the field.
 */
export function climb(
  start: Field,
  value: (field: Field) => number,
  { step, least, tries = 80 }: ClimbOptions,
): { field: Field; value: number } {
  let field = start
  let best = value(start)
  let left = tries
  let turn = 0
  for (let s = step; s >= least && left > 0;) {
    let better: Field | null = null
    for (let i = 0; i < 4; i++) {
      const [ra, dec] = offsetBy(field.ra, field.dec, turn + 90 * i, s)
      const there = { ...field, ra, dec }
      const v = value(there)
      left--
      // More than rounding.
      if (v > best + 1e-12 * Math.abs(best)) {
        best = v
        better = there
      }
    }
    if (better) field = better
    else {
      // Ridges that run askew are followed by the other four directions.
      turn = turn === 0 ? 45 : 0
      s /= 2
    }
  }
  return { field, value: best }
}
