/** A condition whose names, types and units are judged: what becomes SQL or a test in memory without further faults. */
import type { PreparedPolygon } from './polygon.ts'
import type { SchemaColumn, SchemaFunction, ValueType } from './schema.ts'
import type { CompareSign } from './tree.ts'

export interface Point {
  readonly lon: Typed
  readonly lat: Typed
}

export interface Shared {
  readonly type: ValueType
  readonly unit?: string
}

export type Typed = Shared &
  (
    | { readonly op: 'literal'; readonly value: number | bigint | string | boolean }
    | { readonly op: 'column'; readonly column: SchemaColumn }
    | { readonly op: 'negative'; readonly arg: Typed }
    | {
        readonly op: 'arithmetic'
        readonly sign: '+' | '-' | '*' | '/'
        readonly left: Typed
        readonly right: Typed
      }
    | { readonly op: 'concat'; readonly left: Typed; readonly right: Typed }
    | { readonly op: 'math'; readonly name: string; readonly args: readonly Typed[] }
    | { readonly op: 'letters'; readonly name: 'lower' | 'upper'; readonly arg: Typed }
    | { readonly op: 'coalesce'; readonly args: readonly Typed[] }
    | { readonly op: 'scale'; readonly factor: number; readonly arg: Typed }
    | { readonly op: 'distance'; readonly a: Point; readonly b: Point }
    /** A condition as 1 or 0. */
    | { readonly op: 'flag'; readonly condition: Typed }
    | { readonly op: 'own'; readonly fn: SchemaFunction; readonly args: readonly Typed[] }
    | { readonly op: 'aggregate'; readonly name: string; readonly arg?: Typed }
    | {
        readonly op: 'compare'
        readonly sign: CompareSign
        readonly mode: ValueType
        readonly left: Typed
        readonly right: Typed
      }
    | { readonly op: 'in'; readonly mode: ValueType; readonly value: Typed; readonly list: readonly Typed[] }
    | { readonly op: 'like'; readonly anyCase: boolean; readonly value: Typed; readonly pattern: string }
    | { readonly op: 'null'; readonly value: Typed }
    | { readonly op: 'not'; readonly arg: Typed }
    | { readonly op: 'and' | 'or'; readonly terms: readonly Typed[] }
    | { readonly op: 'circle'; readonly a: Point; readonly b: Point; readonly radius: Typed }
    | { readonly op: 'polygon'; readonly point: Point; readonly polygon: PreparedPolygon }
  )

/**
 * Degrees by which a circle's edge belongs to it, so that a row given at exactly its radius is inside whatever the last
 * bit of a sine: 0.04 µas.
 */
export const edgeDegrees = 1e-11
