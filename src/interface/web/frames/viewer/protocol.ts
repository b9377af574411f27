import type { Interval, IntervalRule } from '#science/image/display/stretch.ts'
import type { Look, PlaneSource } from './model.ts'

/** What the page asks of the worker, and what it is told. */

interface Of {
  readonly id: number
  readonly source: PlaneSource
  readonly slice: number
}

export type Ask = Of &
  (
    | { readonly what: 'open' }
    | { readonly what: 'interval'; readonly rule: IntervalRule }
    | { readonly what: 'value'; readonly x: number; readonly y: number }
    | {
        readonly what: 'tile'
        readonly level: number
        readonly column: number
        readonly row: number
        readonly look: Pick<Look, 'stretch' | 'map' | 'inverted' | 'smooth'>
        readonly interval: Interval
      }
    | { readonly what: 'forget' }
  )

export type Told =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly wrong: string }
