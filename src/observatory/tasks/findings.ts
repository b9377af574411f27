import type { MaskCounts } from '#science/image/preparation/mask.ts'
import type { TaskConfig } from './config.ts'
import type { StepName, Target } from './task.ts'

/**
 * What the steps found out about a frame. Each step writes its part to `<step>.json` in the work folder, so that what a step
 * found goes with its products.
 */

/** A number and where it is from: a keyword, the configuration, the pixels. */
export interface Found<T> {
  readonly value: T
  readonly from: string
}

export interface InspectFindings {
  readonly width: number
  readonly height: number
  readonly hdu: number
  readonly gain: Found<number>
  readonly saturation: Found<number>
  readonly filter: Found<string>
  /** Middle of the exposure, UTC; null where nothing says it. */
  readonly time: Found<string> | null
  readonly mjd: number | null
  readonly exposure: number | null
  readonly instrument: string | null
  readonly object: string | null
  readonly bgSize: number
  /** Pixels by why they are masked, and all of them together. */
  readonly masked: MaskCounts
  readonly fills: number
  readonly median: number | null
  readonly sigma: number | null
  /** What the WCS of the header gives; null where there is none that can be used, and why. */
  readonly field: Field | null
  readonly noWcs: string | null
  readonly moc: string | null
  readonly targets: readonly Target[]
  readonly catName: string
  readonly template: string
}

/** Where a frame lies. */
export interface Field {
  readonly ra: number
  readonly dec: number
  /** Of the circle around the centre that holds all of it. */
  readonly radiusDeg: number
  readonly areaDeg2: number
  readonly pixelScaleArcsec: number
  readonly projection: string
  readonly polygon: readonly (readonly [number, number])[]
}

export interface Limit {
  readonly sn: number
  readonly mag: number | null
}

/** How much of what is there is found, by artificial stars. */
export interface CompletenessFindings {
  readonly stars: number
  readonly seed: number
  /** Magnitudes at which half and nine tenths are found. */
  readonly limit50: { readonly magnitude: number; readonly error: number } | null
  readonly limit90: { readonly magnitude: number; readonly error: number } | null
  /** Share of the brightest that is found. */
  readonly most: number
  readonly bins: readonly {
    readonly magnitude: number
    readonly injected: number
    readonly found: number
    readonly share: number
    readonly low: number
    readonly high: number
  }[]
}

export interface PhotometryFindings {
  readonly field: Field
  readonly moc: string | null
  readonly wcs: 'header' | 'solved' | 'refined'
  /** Scale of the apertures, pixels: twice the half-light radius, or as configured. */
  readonly fwhm: number
  readonly fwhmFrom: string
  /** Full width at half maximum of the stars' profiles, pixels. */
  readonly profileFwhm?: number | null
  readonly detected: number
  readonly objects: number
  readonly unflagged: number
  readonly aperture: number
  readonly catalogue: string
  readonly stars: number
  readonly matched: number
  readonly used: number
  readonly filter: string
  readonly color: readonly [string, string] | null
  readonly colorTerm: number | null
  /** Zero point at the centre of the frame and its error, mag for 1 ADU. */
  readonly zeroPoint: number
  readonly zeroPointErr: number
  readonly scatter: number
  readonly binnedScatter: number | null
  /** Coefficients as `zeroPointAt` of science/image takes them. */
  readonly solution: unknown
  readonly limits: readonly Limit[]
  readonly backgroundLimit: { readonly mag: number; readonly scatter: number } | null
  readonly completeness?: CompletenessFindings | null
  readonly targets: readonly Measured[]
  readonly warnings: readonly string[]
}

/** A target as it was measured. */
export interface Measured {
  readonly name: string
  readonly ra: number | null
  readonly dec: number | null
  /** 0-based. */
  readonly x: number
  readonly y: number
  readonly flux: number
  readonly fluxErr: number
  readonly sn: number | null
  readonly mag: number | null
  readonly magErr: number | null
  readonly limit: number | null
  readonly flags: number
}

export interface TransientFindings {
  readonly considered: number
  readonly candidates: number
  readonly kept: number
  readonly without: readonly string[]
}

export interface SubtractionFindings {
  readonly template: string
  readonly templateFwhm: number | null
  readonly mode: 'detection' | 'target'
  readonly method: string
  readonly tiles: readonly {
    x: number
    y: number
    width: number
    height: number
    kernelSum: number | null
    direction: string
    failed: string | null
  }[]
  readonly targets: readonly Measured[]
  readonly detections: number
  readonly candidates: number
  readonly negative: number
  /** Checks that could not be made. */
  readonly without?: readonly string[]
}

export interface StackFindings {
  readonly frames: number
  readonly method: string
  readonly gain: number | null
  readonly exposure: number | null
  readonly mjd: number | null
  /** Frames that have no value on the grid of the first. */
  readonly leftOut?: readonly string[]
  /** Indices among stack_filenames of those in it; where stars aligned it, (x, y, 1) of the stack → pixels of the frame. */
  readonly used?: readonly { readonly frame: number; readonly matrix: readonly number[] | null }[]
  /** Part of the pixels that have a value, 0–1. */
  readonly covered?: number
}

export interface StepFindings {
  stack: StackFindings
  inspect: InspectFindings
  photometry: PhotometryFindings
  transients: TransientFindings
  subtraction: SubtractionFindings
}

/** What is kept with the findings of every step. */
export interface Recorded {
  /** The keys by which it worked, as they were. */
  readonly given?: Partial<TaskConfig>
}

export type Findings = { readonly [S in StepName]?: StepFindings[S] & Recorded }
