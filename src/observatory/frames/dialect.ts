import type { FactName, FrameKind } from './frame.ts'

/**
 * How one instrument, program or archive writes its headers: which keyword means what, in which unit. Data, not code: a new
 * dialect is a record in `dialects/` and a line in its registry.
 */

/** One way in which a header may say a fact; of several the first that gives a value is taken. */
export interface Source {
  readonly keyword: string
  /** Together with `keyword`, joined by `combine`. */
  readonly with?: readonly string[]
  /** `wheels`: names of filters, those that say open or clear left out. */
  readonly combine?: 'mean' | 'least' | 'most' | 'product' | 'wheels' | 'pair'
  /** The header's value times this is in the unit of the fact. */
  readonly factor?: number
  /** A value that is not from here to there is no value of this fact; says why in words. */
  readonly between?: readonly [least: number, most: number, otherwise: string]
  /** Of times: how it is written, what part of the exposure it marks, and the scale where TIMESYS says none. */
  readonly form?: 'iso' | 'mjd' | 'jd'
  readonly place?: 'start' | 'middle' | 'end'
  readonly scale?: 'utc' | 'tai' | 'tt' | 'tdb'
  /** Keywords of the time of day that goes with a bare date. */
  readonly clock?: readonly string[]
  /** Of a right ascension that is a bare number. */
  readonly angle?: 'degrees' | 'hours'
  /** Of sites: a name of the built-in ones, or numbers in these keywords. */
  readonly site?: { readonly longitude: string; readonly latitude: string; readonly height?: string }
}

export interface Dialect {
  /** What the database stores. */
  readonly id: string
  readonly title: string
  /** Any of these, all of whose keywords match, is enough. */
  readonly recognise: readonly Readonly<Record<string, RegExp>>[]
  /** Written over what a camera wrote, by a program that made a product of frames: it goes before dialects of cameras. */
  readonly product?: boolean
  /** Facts that are named here are looked for nowhere else. */
  readonly facts: Partial<Record<FactName, readonly Source[]>>
  /** Meaning of the header's words for the kind of frame, tried in order, on the value without blanks around it. */
  readonly kinds?: readonly (readonly [words: RegExp, kind: FrameKind])[]
  /** What every header of this dialect means without saying it. */
  readonly always?: {
    readonly telescope?: string
    readonly instrument?: string
    /** Slug of a built-in site. */
    readonly site?: string
    readonly kind?: FrameKind
  }
  /** Keywords of an asinh compression of the pixels, present in those that are compressed so. */
  readonly asinh?: { readonly offset: string; readonly softening: string }
}
