import type { WcsTerms } from '#science/fits/wcs/terms.ts'
import { wcsOf } from '#science/fits/wcs/wcs.ts'
import { refineWcs } from '#science/image/astrometry/plate-wcs.ts'
import type { PlateSolution } from '#science/image/astrometry/refine.ts'
import { starList } from '#science/image/astrometry/stars.ts'
import { computeTask } from '#platform/compute/compute.ts'

export interface RefineInput {
  readonly terms: WcsTerms
  /** Detections, 0-based pixels, the most trusted first. */
  readonly x: Float64Array
  readonly y: Float64Array
  readonly ra: Float64Array
  readonly dec: Float64Array
  readonly mag: Float64Array
  readonly width: number
  readonly height: number
  /** Error of a detection, and how far off the WCS may be, pixels. */
  readonly jitterPx: number
  readonly errorPx: number
  readonly order: number
}

/** Fits the plate anew to a catalogue, starting from a WCS that is about right; null where too few stars are found again. */
export const refinePlate = computeTask(
  import.meta.url,
  'refinePlate',
  ({ terms, x, y, ra, dec, mag, ...options }: RefineInput): PlateSolution | null =>
    refineWcs(wcsOf(terms), x, y, starList(ra, dec, mag), options),
)
