import type { WcsTerms } from '#science/fits/wcs/terms.ts'
import type { Mask, Plane } from '#science/image/plane.ts'
import type { Workshop } from '#science/image/workshop.ts'
import type { TaskConfig } from '#observatory/tasks/config.ts'
import type { PictureMask } from '#observatory/tasks/sky/sources.ts'

export interface Box {
  readonly x0: number
  readonly y0: number
  readonly x1: number
  readonly y1: number
}

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
    gain: number
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

/** What a subtraction leaves, on the grid of its region. */
export interface Planes {
  readonly science: Plane
  readonly mask: Mask
  readonly template: Template
  readonly difference: Plane
  readonly noise: Plane
  readonly model: Plane
  readonly bad: Mask
}

/** A part of a mask, on the workshop's memory. */
export function croppedMask({ width, data }: Mask, { x0, y0, x1, y1 }: Box, workshop: Workshop): Mask {
  const out = workshop.arena.uint8((x1 - x0) * (y1 - y0))
  for (let y = y0; y < y1; y++) out.set(data.subarray(y * width + x0, y * width + x1), (y - y0) * (x1 - x0))
  return { width: x1 - x0, height: y1 - y0, data: out }
}
