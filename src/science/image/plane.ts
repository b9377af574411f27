/**
 * What imaging speaks of. A plane is a rectangle of pixels, rows one after another from the bottom as FITS stores them:
 * `data[y * width + x]`, x and y from 0, so that FITS pixel (1, 1) is x = y = 0 and a pixel's centre has whole coordinates.
 */

/** Float32 is what the kernels work on; float64 is for inputs that are so and small. NaN is a pixel without a value. */
export type Pixels = Float32Array | Float64Array

export interface Plane<P extends Pixels = Float32Array> {
  readonly width: number
  readonly height: number
  readonly data: P
}

/** One byte per pixel, bits of `maskBits`; 0 is a good pixel. */
export interface Mask {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** Why a pixel is not used. */
export const maskBits = {
  /** NaN, infinite, BLANK, or a stated fill value. */
  invalid: 1,
  saturated: 2,
  cosmic: 4,
  /** Drawn on the viewer or uploaded. */
  drawn: 8,
  /** Outside the data section, or not covered after resampling. */
  outside: 16,
  /** Of a difference: too much of the kernel fell on pixels that are not used. */
  spread: 32,
} as const

/** Of a measured source; the first six are SExtractor's. */
export const sourceFlags = {
  /** Neighbours bright and close enough to bias the flux, or more than 10 % of the area bad. */
  neighbours: 0x1,
  deblended: 0x2,
  saturated: 0x4,
  /** Cut by the frame's edge. */
  truncated: 0x8,
  apertureIncomplete: 0x10,
  isophotalIncomplete: 0x20,
  maskedInFootprint: 0x100,
  maskedInAperture: 0x200,
  /** Sky annulus without enough pixels, or position outside the frame. */
  badSky: 0x400,
  shapeOutlier: 0x800,
  badPsfFit: 0x1000,
  largePsfShift: 0x2000,
  /** Masked pixels where more than 2 % of a star's light would be. */
  maskedCore: 0x4000,
} as const
