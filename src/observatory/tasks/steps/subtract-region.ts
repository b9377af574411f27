import type { WcsTerms } from '#science/fits/wcs/terms.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import type { Box } from '#science/image/preparation/crop.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import type { PictureMask } from '#observatory/tasks/sky/sources.ts'
import type { PlaneFile } from './plane-file.ts'

export interface SubtractWork {
  readonly folder: string
  readonly config: TaskConfig
  readonly hands: number
  /** Null where frame and template lie on the same pixels and at least one of them has no WCS. */
  readonly wcs: WcsTerms | null
  readonly gain: number
  readonly saturation: number
  readonly fwhm: number
  readonly bgSize: number
  readonly frameSize: readonly [width: number, height: number]
  /** The part of the frame that is subtracted, and the tiles that it is cut into. */
  readonly region: Box
  readonly tiles: readonly Box[]
  readonly pictures: readonly {
    image: string
    masks?: readonly PictureMask[]
    /** Its pixels times this are on one flux scale with the others'; 1 where left out. */
    scale?: number
    /** e⁻/ADU; null: that of its header, else as good as noiseless. */
    gain: number | null
    saturation: number | null
  }[]
  /** Drawn and uploaded masks of the template count. */
  readonly custom: boolean
  /** Unflagged objects of the frame, pixels of the frame. */
  readonly stars: { readonly x: Float64Array; readonly y: Float64Array }
  /** Places of targets, pixels of the frame. */
  readonly targets: { readonly x: readonly number[]; readonly y: readonly number[] }
  /** Look for what is new. */
  readonly detect: boolean
}

export interface Template {
  readonly plane: Plane
  readonly mask: Mask
  readonly gain: number
}

/** Names of the products of the region that are float32 planes. */
export const planeNames = {
  science: 'sub_image.fits',
  template: 'sub_template.fits',
  model: 'sub_conv.fits',
  difference: 'sub_diff.fits',
  noise: 'sub_ediff.fits',
  ratio: 'sub_sdiff.fits',
} as const

/** The region on disk: what is subtracted from what, what was taken away, what is left and its noise. */
export type RegionFiles = Readonly<Record<Exclude<keyof typeof planeNames, 'ratio'>, PlaneFile>>
